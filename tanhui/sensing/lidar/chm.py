"""Canopy height model: the highest point of each cell above the terrain, with small gaps and pits filled.

A cell without a point takes the median of its neighbours, for ``gap_cells`` rounds; what is then still empty has no
canopy height and stays so. A pit is a cell far below the median of its neighbours: a pulse that went through the crown.
It takes that median; a crown's own edge has half of its neighbours below it and keeps its height.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from tanhui.sensing.lidar.ground import median_around
from tanhui.sensing.lidar.settings import SurfaceSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["canopy_height", "highest", "reach"]


def reach(settings: SurfaceSettings) -> int:
    """How many cells away something can still change the canopy height of a cell."""
    return settings.gap_cells + 1


@njit(cache=True, nogil=True)
def highest(
    points: Any, heights: Any, west: Any, south: Any, top: Any, cell: Any, crest: Any
) -> Any:  # pragma: no cover - compiled
    """Put the highest point of each cell into ``crest``: x, y, height. shape (3, rows, columns)

    Of two equally high ones the western, then the southern stands. Points without height are counted and returned.
    """
    lost = 0
    for i in range(points.shape[0]):
        x, y, h = points[i, 0], points[i, 1], heights[i]
        if np.isnan(h):
            lost += 1
            continue
        row, column = top - 1 - int(np.floor((y - south) / cell)), int(np.floor((x - west) / cell))
        now = crest[2, row, column]
        if not h <= now or (h == now and (x, y) < (crest[0, row, column], crest[1, row, column])):
            crest[0, row, column], crest[1, row, column], crest[2, row, column] = x, y, h
    return lost


def canopy_height(highest_m: NDArray[np.float64], settings: SurfaceSettings) -> NDArray[np.float64]:
    """The canopy height model from the highest point of each cell, NaN where there is none. [m]"""
    values = np.maximum(highest_m, 0.0)
    for _ in range(settings.gap_cells):
        values = _fill_empty(values)
    return np.asarray(_fill_pits(values, settings.pit_m))


@njit(cache=True, nogil=True)
def _fill_empty(values: Any) -> Any:  # pragma: no cover - compiled
    out, found = values.copy(), np.empty(9)
    for r in range(values.shape[0]):
        for c in range(values.shape[1]):
            if np.isnan(values[r, c]):
                out[r, c] = median_around(values, r, c, False, found)
    return out


@njit(cache=True, nogil=True)
def _fill_pits(values: Any, depth: Any) -> Any:  # pragma: no cover - compiled
    out, found = values.copy(), np.empty(9)
    for r in range(values.shape[0]):
        for c in range(values.shape[1]):
            above = 0
            for i in range(max(r - 1, 0), min(r + 2, values.shape[0])):
                for j in range(max(c - 1, 0), min(c + 2, values.shape[1])):
                    above += values[i, j] - values[r, c] > depth
            if above == 0:
                continue
            middle = median_around(values, r, c, False, found)
            if middle - values[r, c] > depth:
                out[r, c] = middle
    return out
