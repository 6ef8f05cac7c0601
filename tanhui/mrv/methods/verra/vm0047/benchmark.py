"""The dynamic performance benchmark: Appendix 1, steps 5 and 6, of VM0047.

Pure: time series of the stocking index of project plots and of their controls in; slopes, test and benchmark out. The
document does not say how the standard error of a slope is found. Here it is that of weighted least squares, each value
counted as independent. Values of one plot are not: beside it stands a test in which each project plot with its
controls is one cluster.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Comparison", "Trend", "compare_trends", "performance_benchmark", "weighted_trend"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trend:
    """Slope of the stocking index over time. [index/yr; 1]"""

    slope: float
    se: float
    p_value: float
    observations: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Project plots against their controls.

    Attributes
    ----------
    z : float
        Difference of the slopes over its standard error (eq. A7). [1]
    z_clustered : float
        The same with each project plot and its controls as one cluster: a diagnostic, not the rule. [1]
    years : tuple of float
        Times that were used. [yr since the start]
    sets : tuple of int
        Complete match sets at each of them.
    """

    project: Trend
    control: Trend
    z: float
    z_clustered: float
    years: tuple[float, ...]
    sets: tuple[int, ...]


def weighted_trend(years: ArrayLike, index: ArrayLike, weights: ArrayLike) -> Trend:
    """Weighted least squares slope with its standard error and two-sided P value (eq. A5, A6).

    Parameters
    ----------
    years, index, weights : array_like of float, shape (n,)
        Times, values, and weights up to a common factor. At least two different times.
    """
    t, y, w = (np.asarray(x, float) for x in (years, index, weights))
    off, spread = _centred(t, w)
    slope = float((w * off * y).sum() / spread)
    left = y - np.average(y, weights=w) - slope * off
    freedom = t.size - 2
    se = math.sqrt((w * left**2).sum() / freedom / spread) if freedom > 0 else math.inf
    return Trend(slope, se, _p_value(slope, se, freedom), t.size)


def compare_trends(
    years: ArrayLike, project: ArrayLike, control: ArrayLike, weights: ArrayLike, *, fewest: int
) -> Comparison | None:
    """Slopes of project plots and of their controls, and whether they differ (eq. A3 to A7).

    A match set counts at a time only where the project plot and all its controls have a value, and a time only where
    enough sets do.

    Parameters
    ----------
    years : array_like of float, shape (T,)
        Since the start of the project, ascending.
    project : array_like of float, shape (n, T)
        Stocking index of the project plots, NaN where there is none.
    control : array_like of float, shape (n, k, T)
        That of their controls.
    weights : array_like of float, shape (n, k)
        Weights of the controls, adding up to 1 for each project plot.
    fewest : int
        Complete match sets that a time needs.

    Returns
    -------
    comparison : Comparison or None
        None where the first or the last time lacks sets, or there is only one.
    """
    t, own, other = np.asarray(years, float), np.asarray(project, float), np.asarray(control, float)
    complete = np.isfinite(own) & np.isfinite(other).all(axis=1)
    used = complete.sum(axis=0) >= fewest
    if used.sum() < 2 or not (used[0] and used[-1]):
        return None
    complete &= used
    # eq. A3, A4: one over all complete sets so far. It cancels in every quotient.
    share = complete / complete.sum()
    own, other = np.where(complete, own, 0.0), np.where(complete[:, None, :], other, 0.0)
    w_other = np.asarray(weights, float)[:, :, None] * share[:, None, :]
    ours = weighted_trend(*_kept(t, own, share))
    theirs = weighted_trend(*_kept(t, other, w_other))
    pull = _pull(t, own, share, ours.slope) - _pull(t, other, w_other, theirs.slope).sum(axis=1)
    clusters = int(complete.any(axis=1).sum())
    clustered = math.sqrt((pull**2).sum() * clusters / (clusters - 1)) if clusters > 1 else math.inf
    apart = ours.slope - theirs.slope
    return Comparison(
        ours,
        theirs,
        _ratio(apart, math.hypot(ours.se, theirs.se)),
        _ratio(apart, clustered),
        tuple(t[used].tolist()),
        tuple(complete.sum(axis=0)[used].tolist()),
    )


def performance_benchmark(comparison: Comparison | None, *, least_z: float, most_p: float) -> float:
    """Share of the project's growth that would have come anyway (eq. A8). [1]

    1 where there is no valid comparison, where the slopes do not differ, or where the project does not grow. Above 1
    where controls grow faster: then the credit is negative, and nothing is cut off.
    """
    if comparison is None or abs(comparison.z) < least_z or comparison.project.slope <= 0:
        return 1.0
    control = comparison.control
    counts = control.slope > 0 and control.p_value <= most_p
    return control.slope / comparison.project.slope if counts else 0.0


def _kept(t: Floats, index: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Values that have a weight, in one row each."""
    at = np.broadcast_to(t, index.shape)
    has = weights > 0
    return at[has], index[has], weights[has]


def _centred(t: Floats, w: Floats) -> tuple[Floats, float]:
    """Times from their weighted mean, and the weighted sum of their squares."""
    off = t - np.average(t, weights=w)
    return off, float((w * off**2).sum())


def _pull(t: Floats, index: Floats, weights: Floats, slope: float) -> Floats:
    """What the residuals of each series pull at the slope."""
    at = np.broadcast_to(t, index.shape)
    middle = (weights * index).sum() / weights.sum()
    off, spread = _centred(at, weights)
    pulls: Floats = (weights * off * (index - middle - slope * off)).sum(axis=-1) / spread
    return pulls


def _ratio(difference: float, se: float) -> float:
    if se > 0:
        return difference / se
    return 0.0 if difference == 0 else math.copysign(math.inf, difference)


def _p_value(slope: float, se: float, freedom: int) -> float:
    """Two-sided, by Student's t."""
    from scipy import special

    if se == 0 or freedom < 1:
        return 0.0 if se == 0 and slope != 0 else 1.0
    return float(2 * special.stdtr(freedom, -abs(slope) / se))
