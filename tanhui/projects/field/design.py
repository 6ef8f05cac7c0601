"""How many plots in each stratum for the precision asked for, at the least cost. Pure.

AR-TOOL03 with the cost of a plot in each stratum: the sampled mean has the half-width E with

    n = (t / E)^2 (sum w s sqrt(c)) (sum w s / sqrt(c)),    n_i proportional to w_i s_i / sqrt(c_i),

which for equal costs is the tool's own n and Neyman's allocation (Cochran 1977, chapter 5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tanhui.kernel.units import M2_PER_HA
from tanhui.mrv.sampling import allocation, sample_size, t_two_sided

__all__ = ["Numbers", "Precision", "StratumNeed", "plot_numbers"]


@dataclass(frozen=True, slots=True)
class Precision:
    """What is wanted: half-width over mean, and the confidence of the interval. [1]"""

    relative: float
    confidence: float


@dataclass(frozen=True, slots=True)
class StratumNeed:
    """What is known of a stratum before the survey.

    Attributes
    ----------
    label : str
    area_ha : float
        [ha]
    mean, sd : float
        Of the quantity between plots, in one unit for all strata, for example tree carbon. [t C/ha]
    cost : float
        Of one plot, in any one unit for all strata.
    """

    label: str
    area_ha: float
    mean: float
    sd: float
    cost: float = 1.0


@dataclass(frozen=True, slots=True)
class Numbers:
    """Plots in each stratum, and what they will do.

    Attributes
    ----------
    plots : dict of str to int
    wanted : int
        What the precision asks for before rounding up in the strata and the least number in each.
    t : float
        Student's t used.
    expected : float
        Half-width over mean that these plots should give. [1]
    cost : float
        Of all plots, in the unit of the strata's costs.
    """

    plots: dict[str, int]
    wanted: int
    t: float
    expected: float
    cost: float

    def to_dict(self) -> dict[str, Any]:
        """As the plan keeps it."""
        return {
            "plots": self.plots,
            "wanted": self.wanted,
            "t": self.t,
            "expected_half_width": self.expected,
            "cost": self.cost,
        }


def plot_numbers(
    strata: Sequence[StratumNeed], plot_m2: float, precision: Precision, *, minimum: int = 2, most: int | None = None
) -> Numbers:
    """Plots for a precision.

    Parameters
    ----------
    strata : sequence of StratumNeed
    plot_m2 : float
        Area of a plot, which bounds how many a stratum holds. [m2]
    precision : Precision
    minimum : int
        Least number in a stratum: a variance needs two.
    most : int, optional
        No more than this many in all; the precision is then what they give.

    Raises
    ------
    DomainError
        If areas, deviations or the precision cannot be, or strata are too small for their plots.
    """
    area, mean, sd, cost = (np.array([getattr(s, name) for s in strata]) for name in ("area_ha", "mean", "sd", "cost"))
    weight = area / area.sum()
    whole_mean = float(weight @ mean)
    room = np.floor(area * M2_PER_HA / plot_m2)
    size = sample_size(
        area, sd, precision.relative * whole_mean, population=float(room.sum()), confidence=precision.confidence
    )
    root = np.sqrt(cost)
    even = float(weight @ sd) ** 2
    dearer = float(weight @ (sd * root)) * float(weight @ (sd / root)) / even if even else 1.0
    wanted = max(math.ceil(size.exact * dearer - 1e-9), minimum * len(strata))
    if most is not None:
        wanted = min(wanted, max(most, minimum * len(strata)))
    plots = allocation(min(wanted, int(room.sum())), area, sd / root, minimum=minimum, population=room)
    if most is not None:
        plots = _fewer(plots, weight * sd / root, max(most, minimum * len(strata)), minimum)
    counts = {stratum.label: int(n) for stratum, n in zip(strata, plots, strict=True)}
    numbers = Numbers(counts, wanted, size.t, 0.0, float(plots @ cost))
    return replace(numbers, expected=expected_half_width(strata, counts, plot_m2, precision.confidence))


def _fewer(plots: np.ndarray[Any, Any], score: np.ndarray[Any, Any], most: int, minimum: int) -> np.ndarray[Any, Any]:
    """Rounding up may have gone beyond the most: take back where a plot does least."""
    plots = plots.copy()
    while plots.sum() > most:
        spare = plots > minimum
        loss = np.where(spare, score**2 / np.maximum(plots * (plots - 1), 1), np.inf)
        plots[int(np.argmin(loss))] -= 1
    return plots


def expected_half_width(
    strata: Sequence[StratumNeed], plots: dict[str, int], plot_m2: float, confidence: float
) -> float:
    """Half-width over mean that numbers of plots should give. [1]"""
    total = math.fsum(s.area_ha for s in strata)
    mean = math.fsum(s.area_ha * s.mean for s in strata) / total
    variance = math.fsum(
        (s.area_ha / total * s.sd) ** 2
        / plots[s.label]
        * max(1 - plots[s.label] * plot_m2 / (s.area_ha * M2_PER_HA), 0)
        for s in strata
    )
    t = t_two_sided(confidence, max(sum(plots.values()) - len(strata), 1))
    return t * math.sqrt(variance) / mean
