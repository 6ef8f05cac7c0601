"""How many plots, and where: CDM AR-TOOL03 sample size and Neyman allocation.

AR-TOOL03 v2.1.0, as read in a transcription of EB 58 Annex 15::

    (1)  n   = N t^2 (sum w_i s_i)^2 / (N E^2 + t^2 sum w_i s_i^2)
    (2)  n   = (t / E)^2 (sum w_i s_i)^2            where the sampled area is below 5 % of the project
    (3)  n_a = n / (1 + n / N)                      where it is above
    (4)  n_i = n w_i s_i / sum w s

E is the allowed half-width in the unit of s_i. t is first taken at infinite degrees of freedom; if the first n is
below 30 it is taken once more with n - 1. The tool applies (3) on top of (1), which holds a finite correction
already: both figures are reported and the tool's own rule is the caller's choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.student import t_two_sided

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["SampleSize", "TRule", "allocation", "sample_size"]

TRule: TypeAlias = Literal["one_pass", "iterated", "normal"]
#: AR-TOOL03: a first n of this many or more needs no second pass.
ENOUGH_PLOTS = 30
#: AR-TOOL03: below this sampled share of the area eq. (2) serves.
SMALL_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class SampleSize:
    """The number of plots a precision asks for.

    Attributes
    ----------
    n : int
        Plots to lay out: eq. (1) or (2), rounded up.
    exact : float
        The same before rounding.
    t : float
        The t value last used.
    rule : str
        Which t rule.
    n_finite : int or None
        Eq. (3) on top, rounded up, where it applies; None elsewhere.
    """

    n: int
    exact: float
    t: float
    rule: TRule
    n_finite: int | None = None


def sample_size(
    weights: ArrayLike,
    sds: ArrayLike,
    half_width: float,
    *,
    population: float | None = None,
    confidence: float = 0.90,
    rule: TRule = "one_pass",
) -> SampleSize:
    """Plots needed so that the half-width of the stratified mean is at most ``half_width``.

    Parameters
    ----------
    weights : array_like of float, shape (M,)
        Areas of the strata, or their shares; scaled to add to 1.
    sds : array_like of float, shape (M,)
        Standard deviation between plots in each stratum.
    half_width : float
        Allowed half-width, in the unit of ``sds`` (10 % of the expected mean in the tool).
    population : float, optional
        N, the number of plots that the whole area could hold; None for an area without end.
    confidence : float
        Of the two-sided interval.
    rule : {"one_pass", "iterated", "normal"}
        ``one_pass`` is AR-TOOL03; ``iterated`` finds the smallest n that satisfies its own t with n - M degrees of
        freedom; ``normal`` stops at infinite degrees of freedom.

    Returns
    -------
    SampleSize

    Raises
    ------
    DomainError
        If weights, deviations, half-width or population are not positive (deviations may be zero).
    """
    w, s = _shares(weights, sds)
    if not half_width > 0 or (population is not None and not population > 0):
        raise DomainError("sampling.half_width_not_positive", half_width=half_width)

    def needed(df: float) -> tuple[float, float]:
        t = t_two_sided(confidence, df)
        return _needed(t, w, s, half_width, population), t

    exact, t = needed(math.inf)
    if rule == "one_pass" and exact < ENOUGH_PLOTS and math.ceil(exact) > 1:
        exact, t = needed(math.ceil(exact) - 1)
    elif rule == "iterated":
        strata = len(w)
        n = max(math.ceil(exact), strata + 1)
        while needed(n - strata)[0] > n:
            n += 1
        exact, t = needed(n - strata)
        exact = max(exact, float(strata + 1))
    n = max(_ceiling(exact), 1)
    finite = None
    if population is not None and exact / population > SMALL_SHARE:
        finite = _ceiling(exact / (1 + exact / population))
    return SampleSize(n, exact, t, rule, finite)


def _needed(
    t: float, w: NDArray[np.float64], s: NDArray[np.float64], half_width: float, population: float | None
) -> float:
    """Eq. (1), or eq. (2) where the area is large against the sample."""
    spread = float(w @ s)
    large = (t / half_width) ** 2 * spread**2
    if population is None:
        return large
    full = population * t**2 * spread**2 / (population * half_width**2 + t**2 * float(w @ s**2))
    return large if full / population < SMALL_SHARE else full


def allocation(
    n: int,
    weights: ArrayLike,
    sds: ArrayLike,
    *,
    minimum: int = 2,
    population: ArrayLike | None = None,
) -> NDArray[np.intp]:
    """Plots per stratum by Neyman's rule, n_i proportional to w_i s_i, each rounded up.

    Rounding up keeps the precision asked for; the sum may therefore exceed ``n``.

    Parameters
    ----------
    n : int
        Plots to share out.
    weights, sds : array_like of float, shape (M,)
        As in :func:`sample_size`. Where all deviations are zero the areas alone decide.
    minimum : int
        Least number of plots in a stratum; two let a variance be computed.
    population : array_like of float, shape (M,), optional
        Plots that each stratum could hold; none gets more, and the rest goes to the others.

    Returns
    -------
    ndarray of int, shape (M,)

    Raises
    ------
    DomainError
        If ``n`` or ``minimum`` is below 1, or the strata cannot hold ``n`` plots.
    """
    w, s = _shares(weights, sds)
    if n < 1 or minimum < 1:
        raise DomainError("sampling.too_few_plots", df=n)
    score = w * s if (w * s).any() else w
    room = np.full(len(w), np.inf) if population is None else np.floor(np.asarray(population, float))
    if room.sum() < n or (room < minimum).any():
        raise DomainError("sampling.population_too_small")
    plots = np.zeros(len(w))
    open_ = np.ones(len(w), bool)
    while True:
        left = n - plots[~open_].sum()
        share = np.zeros(len(w))
        if score[open_].sum() > 0:
            share[open_] = left * score[open_] / score[open_].sum()
        wanted = np.maximum([_ceiling(value) for value in share], minimum)
        full = open_ & (wanted > room)
        plots[open_] = wanted[open_]
        if not full.any():
            return plots.astype(np.intp)
        plots[full] = room[full]
        open_ &= ~full
        if not open_.any():
            return plots.astype(np.intp)


def _shares(weights: ArrayLike, sds: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    w, s = np.atleast_1d(np.asarray(weights, float)), np.atleast_1d(np.asarray(sds, float))
    if w.shape != s.shape or w.ndim != 1:
        raise DomainError("sampling.wrong_length", found=len(s), wanted=len(w))
    if not (w > 0).all() or not (s >= 0).all() or not np.isfinite(w).all() or not np.isfinite(s).all():
        raise DomainError("sampling.weights_not_positive")
    return w / w.sum(), s


def _ceiling(value: float) -> int:
    """Rounded up, forgiving the last bits of a float that means a whole number."""
    return math.ceil(value - 1e-9 * max(1.0, abs(value)))
