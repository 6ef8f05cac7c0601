"""Limits the inventory readers go by, from ``data/inventory/limits.toml``."""

from __future__ import annotations

from datetime import date
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.parameters import Parameters, load_parameters

__all__ = ["limit", "limits"]


@cache
def limits() -> Parameters:
    """Every limit, dated and with its source."""
    return load_parameters(data_path("inventory", "limits.toml"), "inventory")


def limit(name: str, day: date | None = None) -> float:
    """One limit as a number, in the unit its name ends with; today's where no day is asked for."""
    return limits()[name].at(day or date.max).number()
