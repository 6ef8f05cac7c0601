"""Limits that outlines and overlaps are judged by, from ``data/projects_land/limits.toml``.

What a sliver of a parcel is, the readers of parcel files have decided already: ``sensing.inventory.limits``.
"""

from __future__ import annotations

from datetime import date
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.parameters import Parameters, load_parameters

__all__ = ["land_limit", "land_limits"]


@cache
def land_limits() -> Parameters:
    """Every limit, dated and with its source."""
    return load_parameters(data_path("projects_land", "limits.toml"), "land")


def land_limit(name: str) -> float:
    """The limit in force, in the unit its name ends with."""
    return land_limits()[name].at(date.max).number()
