"""How often chance alone gives what a check saw, beyond what the field room has. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["P_SHOWN", "centred", "fisher", "standing_out", "student"]

#: A normal sample's median absolute deviation times this is its standard deviation.
MAD_TO_SD = 1.4826
#: Efficiency of that estimate: as sure as the standard deviation of so many of the values.
MAD_EFFICIENCY = 0.37
#: Below this scatter [log] nobody's plots differ; above this p nothing is said.
SD_FLOOR, P_SHOWN = 0.05, 0.05


def centred(values: NDArray[np.float64], groups: NDArray[np.object_]) -> NDArray[np.float64]:
    """Values less the median of their group."""
    found = values.copy()
    for name in set(groups):
        mine = groups == name
        found[mine] -= np.median(values[mine])
    return found


def standing_out(residuals: NDArray[np.float64], strata: int = 1) -> tuple[NDArray[np.intp], float]:
    """Which of centred values lie above what the scatter of the others explains, and the chance of the largest.

    Scatter by the median absolute deviation, which outliers do not move; tails of Student's t with the degrees of
    freedom that estimate is worth; all values looked at together (Bonferroni).
    """
    from scipy import special

    n = len(residuals)
    if n - strata < 6:
        return np.array([], np.intp), 1.0
    sd = max(MAD_TO_SD * float(np.median(np.abs(residuals))) * np.sqrt(n / (n - strata)), SD_FLOOR)
    p = np.minimum(special.stdtr(MAD_EFFICIENCY * (n - strata), -residuals / sd) * n, 1.0)
    at = np.flatnonzero(p <= P_SHOWN)
    return at[np.argsort(p[at], kind="stable")], float(p.min())


def student(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """One-sided p that the mean of the first is no larger than that of the second, of one variance (Student)."""
    from scipy import special

    n, m = len(first), len(second)
    if min(n, m) < 2:
        return 1.0
    variance = (first.var() * n + second.var() * m) / (n + m - 2)
    difference = float(first.mean() - second.mean())
    if variance == 0:
        return float(difference <= 0)
    return float(special.stdtr(n + m - 2, -difference / np.sqrt(variance * (1 / n + 1 / m))))


def fisher(*p: float) -> float:
    """Chance of several independent chances together: -2 sum ln p is chi-square (R. A. Fisher 1932)."""
    from scipy import special

    return float(special.chdtrc(2 * len(p), -2 * float(np.log(np.maximum(p, 1e-300)).sum())))
