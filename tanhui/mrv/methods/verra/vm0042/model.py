"""What the rules of ``verra/vm0042`` hand to each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Component", "Emission", "Factor", "SoilChange", "YearParts", "mean"]


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean."""
    return math.fsum(values) / len(values)


@dataclass(frozen=True, slots=True)
class Factor:
    """An emission factor with the ends of its range; all three alike where no range is known."""

    name: str
    central: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Emission:
    """A source on one field in one year: an amount times a factor, so that the factor can be chosen later.

    ``amount`` is in t CO2e for each unit of the factor, and so positive for an emission.
    """

    source: str
    factor: Factor
    amount: float


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the variance of the net change of soil carbon. [(t CO2e)^2, degrees of freedom]

    ``shared`` names what the part has in common with parts of other strata; empty where it is its own.
    """

    variance: float
    df: float
    shared: str = ""


@dataclass(frozen=True, slots=True)
class SoilChange:
    """Change of soil carbon on both sides over the period, and the parts of its variance. [t CO2e]"""

    project_t: float
    baseline_t: float
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class YearParts:
    """The signed lines of both claims in one calendar year, before a deficit that was carried in. [t CO2e]"""

    removal: dict[str, float]
    reduction: dict[str, float]
    lost_t: float
