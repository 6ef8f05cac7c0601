"""Ground: the simple morphological filter of Pingel et al. (2013) on a grid, and the terrain it leaves.

Two methods were weighed. Cloth simulation (Zhang et al. 2016) lowers a cloth on the upturned cloud: a cell of it
depends on all others, so tiles would have to agree on it first, and it took half to four fifths of the time of the
programs that use it. Morphological filters (Zhang et al. 2003; Pingel et al. 2013) look at a cell and at what lies
within their largest window, so that their reach is bounded and a tile with a margin gives what the whole area gives.

1. The lowest point of each cell. A cell far below its neighbours is noise and is emptied.
2. Openings with squares of growing size. What an opening lowers by more than the slope allows is an object. Squares,
   not disks: the opening by a larger square of what a smaller one left is the opening of the original, so that the
   whole series reaches no further than its last window.
3. Cells without ground are filled along the four lines through them: between two ends in proportion, so that a plane is
   filled with itself. This is the provisional terrain.
4. Points near it, nearer where it is flat, are ground. The terrain goes through the lowest of each cell: what is
   averaged is the height above the provisional surface, so that a slope does not lower it.

Nothing depends on the order of points: only lowest values are taken.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from tanhui.sensing.lidar.settings import GroundSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "correct",
    "fill_gaps",
    "height_above",
    "lowest",
    "lowest_residual",
    "median_around",
    "provisional_terrain",
    "reach",
    "thresholds",
]

#: Rounds of averaging over filled cells, which take away the stripes of their lines.
_ROUNDS = 2


def reach(settings: GroundSettings, cell: float) -> int:
    """How many cells away something can still change the provisional terrain of a cell."""
    radius = round(settings.window_m / cell)
    gap = math.ceil(settings.gap_m / cell)
    # Noise is looked for within two cells, then come the openings, then the gaps; a point looks one cell further.
    return 2 + 2 * radius + gap + _ROUNDS + 1


@njit(cache=True, nogil=True)
def lowest(points: Any, west: Any, south: Any, top: Any, cell: Any, low: Any) -> None:  # pragma: no cover - compiled
    """Lower each cell of ``low`` (NaN while empty) to its lowest point."""
    for i in range(points.shape[0]):
        column = int(np.floor((points[i, 0] - west) / cell))
        row = top - 1 - int(np.floor((points[i, 1] - south) / cell))
        z = points[i, 2]
        if not low[row, column] <= z:
            low[row, column] = z


def provisional_terrain(low: NDArray[np.float64], cell: float, settings: GroundSettings) -> NDArray[np.float64]:
    """Terrain from the lowest point of each cell; NaN where no ground lies within ``gap_m``.

    Parameters
    ----------
    low : ndarray of float, shape (rows, columns)
        Height of the lowest point of each cell, NaN where there is none. [m]
    cell : float
        Size of a cell. [m]
    """
    gap = math.ceil(settings.gap_m / cell)
    closed = _slide(_slide(low, 1, np.fmax), 1, np.fmin)
    clean = np.where(closed - low > settings.low_noise_slope * cell, np.nan, low)
    objects = np.isnan(clean)
    # A square is a smaller one widened by one cell, so that each erosion begins with the last.
    before: NDArray[Any] = clean.astype(np.float32)
    eroded = before
    for radius in range(1, round(settings.window_m / cell) + 1):
        eroded = _slide(eroded, 1, np.fmin)
        after = _slide(eroded, radius, np.fmax)
        with np.errstate(invalid="ignore"):
            objects |= before - after > settings.slope * radius * cell
        before = after
    return fill_gaps(np.where(objects, np.nan, clean), gap)


def _slide(values: NDArray[Any], radius: int, best: Any) -> NDArray[Any]:
    """The lowest (``fmin``) or highest (``fmax``) value in the square around each cell; NaN is passed over.

    Windows of doubled length are made of two of the last; two that overlap make any length.
    """
    for _ in range(2):
        values = _slide_rows(np.ascontiguousarray(values.T), radius, best)
    return values


def _slide_rows(values: NDArray[np.float64], radius: int, best: Any) -> NDArray[np.float64]:
    length = 2 * radius + 1
    edge = np.full((radius, values.shape[1]), np.nan, values.dtype)
    run, size = np.concatenate([edge, values, edge]), 1
    while 2 * size <= length:
        run, size = best(run[: len(run) - size], run[size:]), 2 * size
    return np.asarray(best(run[: len(values)], run[length - size : length - size + len(values)]))


def fill_gaps(values: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    """Fill NaN along the four lines through a cell, as far as ``cells`` away.

    A line with a value on both sides gives what lies between them in proportion, and counts the more the nearer they
    are; only where no line has two does the nearest on each line count. Filled cells are then averaged with their
    neighbours.
    """
    known = ~np.isnan(values)
    if known.all():
        return values
    return np.asarray(_smooth(_fill(values, cells), known, _ROUNDS))


@njit(cache=True, nogil=True)
def _sweep(
    values: Any, dr: Any, dc: Any, cells: Any, forward: Any, distance: Any, ends: Any
) -> None:  # pragma: no cover - compiled
    """For each cell the nearest value behind it on a line, and how far it is; -1 where there is none near enough."""
    rows, columns = values.shape
    for a in range(rows):
        r = a if forward else rows - 1 - a
        for b in range(columns):
            c = b if forward else columns - 1 - b
            if not np.isnan(values[r, c]):
                distance[r, c], ends[r, c] = 0, values[r, c]
                continue
            pr, pc = r - dr, c - dc
            distance[r, c] = -1
            if 0 <= pr < rows and 0 <= pc < columns and 0 <= distance[pr, pc] < cells:
                distance[r, c], ends[r, c] = distance[pr, pc] + 1, ends[pr, pc]


@njit(cache=True, nogil=True)
def _fill(values: Any, cells: Any) -> Any:  # pragma: no cover - compiled
    shape = values.shape
    both, both_weight = np.zeros(shape), np.zeros(shape)
    single, single_weight = np.zeros(shape), np.zeros(shape)
    d1, d2 = np.empty(shape, np.int32), np.empty(shape, np.int32)
    v1, v2 = np.empty(shape), np.empty(shape)
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        _sweep(values, dr, dc, cells, True, d1, v1)
        _sweep(values, -dr, -dc, cells, False, d2, v2)
        step = dr * dr + dc * dc
        for r in range(shape[0]):
            for c in range(shape[1]):
                if not np.isnan(values[r, c]):
                    continue
                a, b = d1[r, c], d2[r, c]
                if a > 0 and b > 0:
                    weight = 1.0 / (step * a * b)
                    both[r, c] += weight * (v1[r, c] * b + v2[r, c] * a) / (a + b)
                    both_weight[r, c] += weight
                elif a > 0 or b > 0:
                    d, v = (a, v1[r, c]) if a > 0 else (b, v2[r, c])
                    single[r, c] += v / (step * d * d)
                    single_weight[r, c] += 1.0 / (step * d * d)
    out = values.copy()
    for r in range(shape[0]):
        for c in range(shape[1]):
            if np.isnan(values[r, c]):
                if both_weight[r, c] > 0:
                    out[r, c] = both[r, c] / both_weight[r, c]
                elif single_weight[r, c] > 0:
                    out[r, c] = single[r, c] / single_weight[r, c]
    return out


@njit(cache=True, nogil=True)
def _smooth(values: Any, fixed: Any, rounds: Any) -> Any:  # pragma: no cover - compiled
    """Averages over 3 by 3 cells where a cell is not fixed and has a value; only among whole neighbourhoods."""
    rows, columns = values.shape
    for _ in range(rounds):
        out = values.copy()
        for r in range(1, rows - 1):
            for c in range(1, columns - 1):
                if fixed[r, c] or np.isnan(values[r, c]):
                    continue
                total = 0.0
                for i in range(r - 1, r + 2):
                    for j in range(c - 1, c + 2):
                        total += values[i, j]
                if not np.isnan(total):
                    out[r, c] = total / 9.0
        values = out
    return values


def thresholds(terrain: NDArray[np.float64], cell: float, settings: GroundSettings) -> NDArray[np.float64]:
    """How far from the provisional terrain a point of each cell may lie and still be ground. [m]"""
    padded = np.pad(terrain, 1, constant_values=np.nan)
    slopes = []
    for before, after in (
        (padded[:-2, 1:-1], padded[2:, 1:-1]),
        (padded[1:-1, :-2], padded[1:-1, 2:]),
    ):
        central = (after - before) / (2 * cell)
        aside = np.fmax(np.abs(after - terrain), np.abs(terrain - before)) / cell
        slopes.append(np.where(np.isnan(central), np.where(np.isnan(aside), 0.0, aside), central))
    return np.asarray(settings.threshold_m + settings.scalar * np.hypot(*slopes))


@njit(cache=True, nogil=True)
def _bilinear(terrain: Any, row: Any, column: Any) -> Any:  # pragma: no cover - compiled
    """The terrain between the centres of cells; what is NaN or outside does not count."""
    r0, c0 = int(np.floor(row)), int(np.floor(column))
    total, weight = 0.0, 0.0
    for r in range(r0, r0 + 2):
        for c in range(c0, c0 + 2):
            if 0 <= r < terrain.shape[0] and 0 <= c < terrain.shape[1] and not np.isnan(terrain[r, c]):
                w = (1.0 - abs(row - r)) * (1.0 - abs(column - c))
                total += w * terrain[r, c]
                weight += w
    return total / weight if weight > 0 else np.nan


@njit(cache=True, nogil=True)
def height_above(
    terrain: Any, points: Any, west: Any, south: Any, top: Any, cell: Any
) -> Any:  # pragma: no cover - compiled
    """Height of points above a terrain; NaN where there is none. Rectangle and terrain as in :func:`lowest`."""
    out = np.empty(points.shape[0])
    for i in range(points.shape[0]):
        row = top - (points[i, 1] - south) / cell - 0.5
        column = (points[i, 0] - west) / cell - 0.5
        out[i] = points[i, 2] - _bilinear(terrain, row, column)
    return out


@njit(cache=True, nogil=True)
def lowest_residual(
    terrain: Any, limits: Any, points: Any, west: Any, south: Any, top: Any, cell: Any, residual: Any
) -> None:  # pragma: no cover - compiled
    """Lower each cell of ``residual`` (NaN while empty) to its lowest ground point above the provisional terrain."""
    for i in range(points.shape[0]):
        place = top - (points[i, 1] - south) / cell
        across = (points[i, 0] - west) / cell
        row, column = top - 1 - int(np.floor((points[i, 1] - south) / cell)), int(np.floor(across))
        above = points[i, 2] - _bilinear(terrain, place - 0.5, across - 0.5)
        if abs(above) <= limits[row, column] and not residual[row, column] <= above:
            residual[row, column] = above


def correct(
    terrain: NDArray[np.float64], residual: NDArray[np.float64], settings: GroundSettings
) -> NDArray[np.float64]:
    """The terrain: provisional, plus the mean of what ground points around each cell lie above it.

    A residual further than ``smoothed_m`` from the median of its neighbours is a bush and does not count.
    """
    return np.asarray(terrain + _mean_of_neighbours(residual, settings.smoothed_m))


@njit(cache=True, nogil=True)
def _mean_of_neighbours(values: Any, near: Any) -> Any:  # pragma: no cover - compiled
    """Mean of each cell and its neighbours, without those further than ``near`` from their median; 0 without any."""
    rows, columns = values.shape
    out = np.zeros((rows, columns))
    found = np.empty(9)
    for r in range(rows):
        for c in range(columns):
            middle = median_around(values, r, c, True, found)
            if np.isnan(middle):
                continue
            total, count = 0.0, 0
            for i in range(max(r - 1, 0), min(r + 2, rows)):
                for j in range(max(c - 1, 0), min(c + 2, columns)):
                    if abs(values[i, j] - middle) <= near:
                        total += values[i, j]
                        count += 1
            if count:
                out[r, c] = total / count
    return out


@njit(cache=True, nogil=True)
def median_around(values: Any, r: Any, c: Any, itself: Any, found: Any) -> Any:  # pragma: no cover - compiled
    """Median of the values around a cell, the lower one of two; NaN where there is none. ``found`` is room for nine."""
    n = 0
    for i in range(max(r - 1, 0), min(r + 2, values.shape[0])):
        for j in range(max(c - 1, 0), min(c + 2, values.shape[1])):
            value = values[i, j]
            if np.isnan(value) or (not itself and i == r and j == c):
                continue
            at = n
            while at > 0 and found[at - 1] > value:
                found[at] = found[at - 1]
                at -= 1
            found[at] = value
            n += 1
    return found[(n - 1) // 2] if n else np.nan
