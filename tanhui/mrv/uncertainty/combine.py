"""One interval: sampling error and model errors put together, each counted once.

A design-based estimate is a sum of plot values, V = sum_g c_g T_g / per, where T_g is the sum of group (plot) g and
``c_g`` says how much of the area the plot stands for. Its sampling variance is computed from how the *estimated*
plot values differ. What is already inside those differences must not be added again:

- **Diameters and heights that were measured** differ from the true ones on every tree, and these errors are in the
  plot values, hence in their variance. An estimator of the form s2/n holds their full share for a small sample. Only
  the finite population correction would shrink it, although a census is no cure for a bad tape: the fraction
  ``sampling_fraction`` of their variance is added back (all of it in a census).
- **The residual** of a tree about its equation, and **a density taken from a table**, are not in the data: the plot
  value uses the mean of the equation. They are not in the variance between plots. But they belong to every tree of the
  *population*, most of which were never measured, and average out over all of them: with ``w`` the trees that a row
  stands for and v the variance of one tree, the population's variance is estimated by sum(c w v), not by
  sum(c^2 w^2 v), which would treat all trees behind a plot as copies of one. It is tiny for a forest and matters for a
  list of a few trees.
- **Shared errors** (allometry, site, root ratio, carbon fraction, density of a species) move all plots together. They
  are invisible in the variance between plots and are added in full, by their loadings. (A site effect of each plot's
  own *would* be partly visible; a site here is the whole project or one of a few places.)

The total variance is the sum of the parts; shares add to 1. Degrees of freedom follow Satterthwaite: only the sampling
part has few. Where the interval is wide for a positive quantity it is lognormal, so that its lower end stays positive.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.uncertainty.totals import difference_variance, shares

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tanhui.mrv.uncertainty.totals import Totals

__all__ = ["Combined", "Shape", "combine", "interval", "model_variance", "model_variance_of_change"]

Shape = Literal["auto", "symmetric", "lognormal"]
#: Tree-level sources that are in the plot values as measured. Imputed heights are not: name them out of it.
IN_THE_DATA = ("measurement",)


@dataclass(frozen=True, slots=True)
class Combined:
    """An estimate with its one interval.

    ``variance`` and ``variance_shares`` are by source, ``sampling`` among them; ``shape`` says which interval it is.
    """

    value: float
    se: float
    df: float
    ci90: tuple[float, float]
    ci95: tuple[float, float]
    shape: Shape
    variance: Mapping[str, float]
    variance_shares: Mapping[str, float]


def model_variance(
    totals: Totals,
    coefficients: ArrayLike,
    *,
    per: float = 1.0,
    sampling_fraction: float = 0.0,
    in_the_data: Collection[str] = IN_THE_DATA,
) -> dict[str, float]:
    """Variance by source that goes on top of the sampling variance of sum_g c_g T_g / per.

    Parameters
    ----------
    totals : Totals
        Sums by group.
    coefficients : array_like, shape (groups,)
        Expansion of each group: how many of it the population holds. 1 for a list of all trees.
    per : float
        What the total is divided by, for example the area in hectares of a mean per hectare.
    sampling_fraction : float
        Part of the population that was measured: 0 for a small sample, 1 for a list of all trees.
    in_the_data : collection of str
        Tree-level sources whose errors are in the plot values.

    Raises
    ------
    DomainError
        If the sampling fraction is outside 0 to 1.
    """
    if not 0 <= sampling_fraction <= 1:
        raise DomainError("uncertainty.bad_sampling")
    c = np.asarray(coefficients, float)
    found: dict[str, float] = {}
    for source, own in totals.own.items():
        if source in in_the_data:
            found[source] = sampling_fraction * float(c**2 @ own)
        else:
            found[source] = float(np.abs(c) @ totals.own_once[source])
    for source, shared in totals.shared.items():
        found[source] = found.get(source, 0.0) + sum(x * x for x in shared.of(c).values())
    return {source: variance / per**2 for source, variance in found.items()}


def model_variance_of_change(
    later: Totals,
    earlier: Totals,
    later_coefficients: ArrayLike,
    earlier_coefficients: ArrayLike,
    *,
    per: float = 1.0,
    sampling_fraction: float = 0.0,
    in_the_data: Collection[str] = IN_THE_DATA,
) -> dict[str, float]:
    """As :func:`model_variance` for (later - earlier): what both dates share cancels as far as it is alike."""
    c2, c1 = np.asarray(later_coefficients, float), np.asarray(earlier_coefficients, float)
    options = {"per": per, "sampling_fraction": sampling_fraction, "in_the_data": in_the_data}
    after = model_variance(_own_only(later), c2, **options)  # type: ignore[arg-type]
    before = model_variance(_own_only(earlier), c1, **options)  # type: ignore[arg-type]
    shared = difference_variance(_shared_only(later), _shared_only(earlier), c2, c1)
    names = [*after, *(s for s in (*before, *shared) if s not in after)]
    return {s: after.get(s, 0.0) + before.get(s, 0.0) + shared.get(s, 0.0) / per**2 for s in dict.fromkeys(names)}


def combine(
    value: float,
    sampling_variance: float,
    model: Mapping[str, float],
    *,
    df: float = math.inf,
    shape: Shape = "auto",
    skew_limit: float | None = None,
) -> Combined:
    """One interval from the sampling variance and the model variances that go on top of it.

    Parameters
    ----------
    value : float
        The estimate.
    sampling_variance, df : float
        Design-based variance and its degrees of freedom; 0 for a list of all trees.
    model : mapping of source -> variance
        From :func:`model_variance`; other sources (``area``) may be added to it.
    shape : {"auto", "symmetric", "lognormal"}
        ``auto`` takes the lognormal form for a positive value whose 90 % half-width is more than ``skew_limit`` of it.
        A change may truly be negative: use ``symmetric``.
    skew_limit : float, optional
        ``interval_skew_limit`` of the data where absent.

    Raises
    ------
    DomainError
        If a variance is negative or ``df`` below 1.
    """
    if sampling_variance < 0 or df < 1 or any(v < 0 for v in model.values()):
        raise DomainError("uncertainty.bad_sampling")
    variance = {"sampling": sampling_variance, **model} if sampling_variance > 0 else dict(model)
    total = math.fsum(variance.values())
    se = math.sqrt(total)
    joint_df = _satterthwaite(total, sampling_variance, df)
    if shape == "auto":
        if skew_limit is None:
            from tanhui.mrv.uncertainty.parameters import interval_skew_limit

            skew_limit = interval_skew_limit()
        wide = value > 0 and quantile(0.90, joint_df) * se > skew_limit * value
        shape = "lognormal" if wide else "symmetric"
    ci90, ci95 = (interval(value, se, level, df=joint_df, shape=shape) for level in (0.90, 0.95))
    return Combined(value, se, joint_df, ci90, ci95, shape, variance, shares(variance))


def interval(
    value: float, se: float, level: float, *, df: float = math.inf, shape: Shape = "symmetric"
) -> tuple[float, float]:
    """Two-sided interval: value -+ t se, or the lognormal one with the same mean and standard deviation."""
    t = quantile(level, df)
    if shape != "lognormal" or value <= 0 or se == 0:
        return value - t * se, value + t * se
    spread = math.sqrt(math.log1p((se / value) ** 2))
    middle = math.log(value) - spread**2 / 2
    return math.exp(middle - t * spread), math.exp(middle + t * spread)


def quantile(level: float, df: float) -> float:
    """Two-sided quantile of Student's t, of the normal distribution where df is infinite."""
    from scipy.special import ndtri, stdtrit

    p = (1 + level) / 2
    return float(ndtri(p)) if math.isinf(df) or df > 1e6 else float(stdtrit(df, p))


def _satterthwaite(total: float, sampling: float, df: float) -> float:
    """Degrees of freedom of a variance of which only the sampling part is estimated from few plots."""
    if sampling <= 0 or total / sampling > 1e6:
        return math.inf
    return df * (total / sampling) ** 2


def _own_only(totals: Totals) -> Totals:
    from dataclasses import replace

    return replace(totals, shared={})


def _shared_only(totals: Totals) -> Totals:
    from dataclasses import replace

    return replace(totals, own={}, own_once={})
