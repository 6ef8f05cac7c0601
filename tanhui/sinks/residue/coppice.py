"""Shrubs that are cut and grow back: the stock that counts is the average over the cycle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["average_t_ha", "change_t", "grown_t_yr"]

Rows = Mapping[str, "NDArray[Any]"]


def average_t_ha(stands: Rows) -> Array:
    """Average over the cycle: as measured, else of growth along a line from stump to peak. [t d.m./ha] shape (n,)"""
    line = (stands["peak_t_ha"] + stands["stump_t_ha"]) / 2
    return np.where(np.isnan(stands["average_t_ha"]), line, stands["average_t_ha"])


def change_t(stands: Rows) -> float:
    """How much more stands on average than without the project, all stands. [t d.m.]"""
    return float((average_t_ha(stands) - stands["before_t_ha"]) @ stands["area_ha"])


def grown_t_yr(stands: Rows) -> float:
    """What the stands can give in a year without being cut shorter each time. [t d.m./yr]"""
    grown = (stands["peak_t_ha"] - stands["stump_t_ha"]) / stands["cycle_yr"]
    return float(grown @ stands["area_ha"])
