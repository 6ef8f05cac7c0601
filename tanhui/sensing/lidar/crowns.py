"""Crowns: each tree top grows over the canopy height model until it meets another, the ground or its limits.

Marker-controlled growing with the limits of Dalponte & Coomes (2016): a cell belongs to a crown only if it is higher
than a share of the tree and not much higher than its top. Their limit by the mean height of the crown so far is left
out: it makes a cell depend on the far side of the crown, and so on trees without end.

All crowns grow at the same speed, a step up being as much longer as it is steeper, so that two meet in the valley
between them. Growth ends after ``radius_m``. A step takes at least the width of a cell: what lies further than the
radius away cannot matter, and a tile with this margin gives what the whole area gives.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from tanhui.sensing.lidar.settings import CrownSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A diagonal in sides, and the length of a round in steps: less than one, whatever rounding does.
_DIAGONAL, _ROUND = math.sqrt(2.0), 0.999

__all__ = ["grow_crowns", "reach"]


def reach(settings: CrownSettings, cell: float) -> int:
    """How many cells away something can still change the crown of a cell."""
    return math.ceil(settings.radius_m / cell) + 1


def grow_crowns(
    chm: NDArray[np.float64],
    tops: NDArray[np.int32],
    heights: NDArray[np.float64],
    cell: float,
    settings: CrownSettings,
) -> NDArray[np.int32]:
    """The tree that each cell belongs to, 0 for none.

    Parameters
    ----------
    chm : ndarray of float, shape (rows, columns)
        Canopy height, NaN where there is none. [m]
    tops : ndarray of int, shape (rows, columns)
        Number of the tree whose top lies in the cell, 0 for none. Of two crowns that reach a cell at once the smaller
        number has it.
    heights : ndarray of float, shape (rows, columns)
        Height of the tree where a top lies. [m]
    cell : float
        Size of a cell. [m]
    """
    return np.asarray(
        _grow(chm, tops, heights, cell, settings.radius_m, settings.height_min_m, settings.share, settings.above)
    )


@njit(cache=True, nogil=True)
def _grow(
    chm: Any, tops: Any, heights: Any, cell: Any, radius: Any, height_min: Any, share: Any, above: Any
) -> Any:  # pragma: no cover - compiled
    """Shortest ways from all tops at once, in rounds a little shorter than a step (Dial 1969).

    What is reached in a round cannot be reached by a shorter way from the same round, so its order does not matter.
    """
    rows, columns = chm.shape
    width = cell * _ROUND
    of, top = np.zeros((rows, columns), np.int32), np.zeros((rows, columns), np.int64)
    way = np.full((rows, columns), np.inf)
    head = np.full(int(radius / width) + 2, -1, np.int64)
    place, behind = np.empty(1024, np.int64), np.empty(1024, np.int64)
    n = 0
    for r in range(rows):
        for c in range(columns):
            if tops[r, c] > 0:
                of[r, c], top[r, c], way[r, c] = tops[r, c], r * columns + c, 0.0
                place, behind = _room(place, n), _room(behind, n)
                place[n], behind[n], head[0] = r * columns + c, head[0], n
                n += 1
    for number in range(head.size):
        entry = head[number]
        while entry >= 0:
            r, c = place[entry] // columns, place[entry] % columns
            entry = behind[entry]
            if int(way[r, c] / width) != number:  # a shorter way was found since
                continue
            height = heights[top[r, c] // columns, top[r, c] % columns]
            for i in range(max(r - 1, 0), min(r + 2, rows)):
                for j in range(max(c - 1, 0), min(c + 2, columns)):
                    h = chm[i, j]
                    if way[i, j] <= way[r, c] or not h >= height_min or h < share * height or h > above * height:
                        continue
                    straight = cell * (1.0 if i == r or j == c else _DIAGONAL)
                    rise = h - chm[r, c]
                    length = way[r, c] + (math.sqrt(straight * straight + rise * rise) if rise > 0 else straight)
                    shorter = length < way[i, j] or (length == way[i, j] and of[r, c] < of[i, j])
                    if length <= radius and shorter:
                        of[i, j], top[i, j], way[i, j] = of[r, c], top[r, c], length
                        later = int(length / width)
                        place, behind = _room(place, n), _room(behind, n)
                        place[n], behind[n], head[later] = i * columns + j, head[later], n
                        n += 1
    return of


@njit(cache=True, nogil=True)
def _room(values: Any, n: Any) -> Any:  # pragma: no cover - compiled
    """The same values with room for one more."""
    if n < values.size:
        return values
    wider = np.empty(2 * values.size, values.dtype)
    wider[:n] = values
    return wider
