"""What the rules of ``verra/vm0047`` hand to each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Component", "correlation", "mean", "standard_error"]


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a variance and its degrees of freedom. [(t CO2e)^2; 1]"""

    variance: float
    df: float


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean."""
    return math.fsum(values) / len(values)


def _squares(a: Sequence[float], b: Sequence[float]) -> float:
    at, bt = mean(a), mean(b)
    return math.fsum((x - at) * (y - bt) for x, y in zip(a, b, strict=True))


def standard_error(values: Sequence[float]) -> float:
    """Standard deviation over the root of the number."""
    n = len(values)
    return math.sqrt(_squares(values, values) / (n - 1) / n)


def correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Pearson's; 0 where one does not vary."""
    spread = math.sqrt(_squares(a, a) * _squares(b, b))
    return _squares(a, b) / spread if spread > 0 else 0.0
