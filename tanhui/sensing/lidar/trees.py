"""Tree tops: points that are the highest within a circle around them, and cells of a canopy model likewise.

The window is the diameter of the circle, fixed or growing with the height of the point (Popescu & Wynne 2004). Of
points equally high the western, then the southern comes first, so that the order of points does not matter and every
crown with a flat top has one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numba import njit

from tanhui.kernel.errors import DomainError
from tanhui.sensing.lidar.settings import Window

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["cell_tops", "crossed_cells", "in_cells", "raster_tops", "reach_m", "tree_tops"]


def reach_m(window: Window, height_max_m: float) -> float:
    """Radius of the largest circle that is looked at. [m]"""
    return (window.fixed_m + window.per_metre * height_max_m) / 2


def tree_tops(x: ArrayLike, y: ArrayLike, height: ArrayLike, window: Window) -> NDArray[np.int64]:
    """Local maximum filter on points with a circular window.

    Parameters
    ----------
    x, y, height : array_like of float, shape (n,)
        Position and height above ground; points whose height is NaN are passed over. [m]
    window : Window
        Diameter of the circle, and the least height of a top.

    Returns
    -------
    index : ndarray of int, shape (m,)
        Which points are tops, in their own order.

    Raises
    ------
    DomainError
        If the window of the lowest top is not positive.
    """
    if not reach_m(window, window.height_min_m) > 0 or window.per_metre < 0:
        raise DomainError("lidar.window_size", window=2 * reach_m(window, window.height_min_m))
    px, py, h = (np.ascontiguousarray(values, np.float64).ravel() for values in (x, y, height))
    used = np.flatnonzero(np.isfinite(h))
    if not used.size:
        return np.empty(0, np.int64)
    px, py, h = px[used], py[used], h[used]
    cell = max(reach_m(window, window.height_min_m), math.sqrt(np.ptp(px) * np.ptp(py) / px.size), 1e-9)
    west, south = px.min(), py.min()
    columns, rows = (int((values.max() - low) // cell) + 1 for values, low in ((px, west), (py, south)))
    begin, order = _index(px, py, west, south, cell, rows, columns)
    found = _tops(
        px[order], py[order], h[order], begin, west, south, cell, rows, columns,
        window.fixed_m, window.per_metre, window.height_min_m,
    )  # fmt: skip
    return np.asarray(np.sort(used[order[found]]))


@njit(cache=True, nogil=True)
def _index(
    x: Any, y: Any, west: Any, south: Any, cell: Any, rows: Any, columns: Any
) -> Any:  # pragma: no cover - compiled
    """Points by cell: where each cell begins, and the order."""
    begin = np.zeros(rows * columns + 1, np.int64)
    which = np.empty(x.size, np.int64)
    for i in range(x.size):
        which[i] = int((y[i] - south) // cell) * columns + int((x[i] - west) // cell)
        begin[which[i] + 1] += 1
    for k in range(rows * columns):
        begin[k + 1] += begin[k]
    at, order = begin.copy(), np.empty(x.size, np.int64)
    for i in range(x.size):
        order[at[which[i]]] = i
        at[which[i]] += 1
    return begin, order


@njit(cache=True, nogil=True)
def _comes_first(x: Any, y: Any, h: Any, i: Any, j: Any) -> Any:  # pragma: no cover - compiled
    """Whether point j is higher than i, or as high and further west or south, or the same and earlier."""
    if h[j] != h[i]:
        return h[j] > h[i]
    if x[j] != x[i]:
        return x[j] < x[i]
    if y[j] != y[i]:
        return y[j] < y[i]
    return j < i


@njit(cache=True, nogil=True)
def _tops(
    x: Any, y: Any, h: Any, begin: Any, west: Any, south: Any, cell: Any, rows: Any, columns: Any,
    fixed: Any, per_metre: Any, height_min: Any,
) -> Any:  # fmt: skip  # pragma: no cover - compiled
    """Only the first point of a cell can be a top, as far as its circle holds the cell: it is tried before others."""
    best = np.full(rows * columns, -1, np.int64)
    for k in range(rows * columns):
        for i in range(begin[k], begin[k + 1]):
            if best[k] < 0 or _comes_first(x, y, h, best[k], i):
                best[k] = i
    found = np.empty(x.size, np.int64)
    n = 0
    for k in range(rows * columns):
        for i in range(begin[k], begin[k + 1]):
            if h[i] < height_min:
                continue
            radius = (fixed + per_metre * h[i]) / 2
            if _is_top(x, y, h, i, radius, begin, best, k, west, south, cell, rows, columns):
                found[n] = i
                n += 1
    return found[:n]


@njit(cache=True, nogil=True)
def _is_top(
    x: Any, y: Any, h: Any, i: Any, radius: Any, begin: Any, best: Any, home: Any,
    west: Any, south: Any, cell: Any, rows: Any, columns: Any,
) -> Any:  # fmt: skip  # pragma: no cover - compiled
    b = best[home]
    limit = radius * radius
    if b != i and (x[b] - x[i]) ** 2 + (y[b] - y[i]) ** 2 <= limit:
        return False
    # One cell more on each side: rounding must not hide a neighbour.
    first_row = max(int((y[i] - radius - south) // cell) - 1, 0)
    last_row = min(int((y[i] + radius - south) // cell) + 1, rows - 1)
    first_column = max(int((x[i] - radius - west) // cell) - 1, 0)
    last_column = min(int((x[i] + radius - west) // cell) + 1, columns - 1)
    for r in range(first_row, last_row + 1):
        for c in range(first_column, last_column + 1):
            k = r * columns + c
            if best[k] < 0 or best[k] == i or not _comes_first(x, y, h, i, best[k]):
                continue
            for j in range(begin[k], begin[k + 1]):
                if (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2 <= limit and j != i and _comes_first(x, y, h, i, j):
                    return False
    return True


@njit(cache=True, nogil=True)
def cell_tops(crest: Any, cell: Any, fixed: Any, per_metre: Any, height_min: Any) -> Any:  # pragma: no cover - compiled
    """:func:`tree_tops` among the highest points of cells, straight from their raster: places, counted row by row.

    Neighbouring cells are asked first: they rule out nearly all.
    """
    rows, columns = crest.shape[1], crest.shape[2]
    found = np.empty(rows * columns, np.int64)
    n = 0
    for r in range(rows):
        for c in range(columns):
            h = crest[2, r, c]
            if not h >= height_min:
                continue
            radius = (fixed + per_metre * h) / 2
            if _stands(crest, r, c, radius, 1) and _stands(crest, r, c, radius, int(np.ceil(radius / cell)) + 1):
                found[n] = r * columns + c
                n += 1
    return found[:n]


@njit(cache=True, nogil=True)
def _stands(crest: Any, r: Any, c: Any, radius: Any, cells: Any) -> Any:  # pragma: no cover - compiled
    """Whether no highest point of a cell some cells around comes before that of this cell, within the radius."""
    x, y, h = crest[0, r, c], crest[1, r, c], crest[2, r, c]
    for i in range(max(r - cells, 0), min(r + cells + 1, crest.shape[1])):
        for j in range(max(c - cells, 0), min(c + cells + 1, crest.shape[2])):
            if not crest[2, i, j] >= h or (i == r and j == c):
                continue
            dx, dy = crest[0, i, j] - x, crest[1, i, j] - y
            first = crest[2, i, j] > h or dx < 0 or (dx == 0 and dy < 0)
            if first and dx * dx + dy * dy <= radius * radius:
                return False
    return True


@njit(cache=True, nogil=True)
def crossed_cells(
    crest: Any, places: Any, west: Any, south: Any, top: Any, cell: Any, fixed: Any, per_metre: Any
) -> Any:  # pragma: no cover - compiled
    """Cells in which a point that is not the highest may still stand against a top that was found among the highest.

    The highest point of such a cell is higher than the top and lies outside its circle, which crosses the cell.

    Parameters
    ----------
    crest : ndarray of float, shape (3, rows, columns)
        Highest point of each cell: x, y, height.
    places : ndarray of int
        Cells of the tops, counted row by row.
    """
    rows, columns = crest.shape[1], crest.shape[2]
    crossed = np.zeros((rows, columns), np.bool_)
    for place in places:
        r, c = place // columns, place % columns
        x, y, h = crest[0, r, c], crest[1, r, c], crest[2, r, c]
        radius = (fixed + per_metre * h) / 2
        around = int(np.ceil(radius / cell)) + 1
        for i in range(max(r - around, 0), min(r + around + 1, rows)):
            for j in range(max(c - around, 0), min(c + around + 1, columns)):
                if not crest[2, i, j] >= h or (i == r and j == c):
                    continue
                left, below = west + j * cell, south + (top - i - 1) * cell
                dx = max(left - x, x - left - cell, 0.0)
                dy = max(below - y, y - below - cell, 0.0)
                # A little more than the circle: rounding must not hide a point.
                if dx * dx + dy * dy <= (radius + 1e-6) ** 2:
                    crossed[i, j] = True
    return crossed


@njit(cache=True, nogil=True)
def in_cells(
    points: Any, west: Any, south: Any, top: Any, cell: Any, chosen: Any
) -> Any:  # pragma: no cover - compiled
    """Whether each point lies in one of the chosen cells."""
    out = np.empty(points.shape[0], np.bool_)
    for i in range(points.shape[0]):
        column = int(np.floor((points[i, 0] - west) / cell))
        row = top - 1 - int(np.floor((points[i, 1] - south) / cell))
        out[i] = chosen[row, column]
    return out


def raster_tops(
    chm: NDArray[np.floating[Any]],
    window_cells: int,
    height_min_m: float,
    shape: Literal["square", "circular"] = "circular",
) -> NDArray[np.int64]:
    """Cells of a canopy height model that are the highest in their window, one for each plateau.

    Parameters
    ----------
    chm : ndarray, shape (rows, columns)
        Canopy height; NaN is passed over. [m]
    window_cells : int
        Width of the window, an odd number of cells; a circle holds the cells whose centres are no further than half
        of it, rounded down.
    shape : {"square", "circular"}
        Of the window.

    Returns
    -------
    place : ndarray of int, shape (m, 2)
        Row and column: of a plateau the cell nearest to its centre. In reading order.
    """
    from scipy import ndimage

    if window_cells < 3 or window_cells % 2 == 0:
        raise DomainError("lidar.window_cells", window=window_cells)
    radius = window_cells // 2
    down, across = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    window = down**2 + across**2 <= radius**2 if shape == "circular" else np.ones((window_cells, window_cells), bool)
    values = np.where(np.isnan(chm), -np.inf, chm)
    top = (values == ndimage.maximum_filter(values, footprint=window, mode="constant", cval=-np.inf)) & (
        values >= height_min_m
    )
    plateaus, count = ndimage.label(top)
    cells = np.argwhere(top)
    of = plateaus[top] - 1
    size = np.bincount(of, minlength=count)
    centres = np.stack([np.bincount(of, cells[:, axis], count) / size for axis in (0, 1)], axis=1)
    away = ((cells - centres[of]) ** 2).sum(axis=1)
    order = np.lexsort((cells[:, 1], cells[:, 0], away, of))
    first = order[np.searchsorted(of[order], np.arange(count))]
    return np.asarray(cells[np.sort(first)])
