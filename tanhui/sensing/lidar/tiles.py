"""The area cut into tiles, points sorted into them, and rasters on disk that are read with a margin.

Every step works on one tile and as much around it as its result can depend on. All steps have a bounded reach, so the
size of the tiles changes memory and never a result.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from tanhui.sensing.raster import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Frame", "Plane", "PointTiles", "Rect", "frame_of"]

#: Points that wait in memory before they are written to their tiles. [bytes]
HELD = 64 * 2**20
POINT_BYTES = 24


@dataclass(frozen=True, slots=True)
class Rect:
    """Rows and columns of a grid; the first row is the northernmost."""

    row: int
    column: int
    height: int
    width: int

    def grown(self, cells: int) -> Rect:
        """With a margin on all sides, which may leave the grid."""
        return Rect(self.row - cells, self.column - cells, self.height + 2 * cells, self.width + 2 * cells)

    def finer(self, factor: int) -> Rect:
        """The same place on a grid of smaller cells."""
        return Rect(*(factor * x for x in (self.row, self.column, self.height, self.width)))


@dataclass(frozen=True, slots=True)
class Frame:
    """A north-up grid of square cells over the area. [m]"""

    west: float
    south: float
    cell: float
    height: int
    width: int

    def grid(self, crs: str) -> Grid:
        """As rasters are written."""
        north = self.south + self.height * self.cell
        return Grid(crs, (self.cell, 0.0, self.west, 0.0, -self.cell, north), self.width, self.height)

    def finer(self, factor: int) -> Frame:
        """The same area in smaller cells."""
        return Frame(self.west, self.south, self.cell / factor, self.height * factor, self.width * factor)

    def tiles(self, side: int) -> list[list[Rect]]:
        """Tiles by strips from north to south, each from west to east."""
        return [
            [
                Rect(row, column, min(side, self.height - row), min(side, self.width - column))
                for column in range(0, self.width, side)
            ]
            for row in range(0, self.height, side)
        ]

    def overlap(self, rect: Rect) -> Rect:
        """The part of a rectangle that lies on the grid."""
        row, column = max(rect.row, 0), max(rect.column, 0)
        height = min(rect.row + rect.height, self.height) - row
        return Rect(row, column, height, min(rect.column + rect.width, self.width) - column)

    def origin(self, rect: Rect) -> tuple[float, float, int, float]:
        """What compiled loops need to place a point in a rectangle: ``column = (x - west) / cell - rect.column`` and
        ``row = height - (y - south) / cell - rect.row``."""
        return self.west + rect.column * self.cell, self.south, self.height - rect.row, self.cell


def frame_of(mins: tuple[float, float], maxs: tuple[float, float], cell: float) -> Frame:
    """The grid whose lines are at multiples of the cell and that holds all points."""
    west, south = (float(np.floor(low / cell)) * cell for low in mins)
    width, height = (int(np.floor((high - low) / cell)) + 1 for low, high in zip((west, south), maxs, strict=True))
    return Frame(west, south, cell, height, width)


@njit(cache=True, nogil=True)
def _sort(
    x: Any, y: Any, z: Any, west: Any, south: Any, step: Any, rows: Any, across: Any, side: Any
) -> Any:  # pragma: no cover - compiled
    """Points ordered by tile, and where each tile begins (one more than there are tiles)."""
    n = x.size
    down = (rows + side - 1) // side
    begin = np.zeros(down * across + 1, np.int64)
    which = np.empty(n, np.int32)
    for i in range(n):
        column = int(np.floor((x[i] - west) / step))
        row = rows - 1 - int(np.floor((y[i] - south) / step))
        which[i] = (row // side) * across + column // side
        begin[which[i] + 1] += 1
    for t in range(down * across):
        begin[t + 1] += begin[t]
    at = begin.copy()
    out = np.empty((n, 3), np.float64)
    for i in range(n):
        j = at[which[i]]
        at[which[i]] = j + 1
        out[j, 0] = x[i]
        out[j, 1] = y[i]
        out[j, 2] = z[i]
    return out, begin


class PointTiles:
    """Points by tile: in memory while they are few, in a file for each tile from then on."""

    def __init__(self, frame: Frame, side: int, folder: Path, name: str = "all") -> None:
        self.frame, self.side, self._folder, self._name = frame, side, folder, name
        self._across = -(-frame.width // side)
        self._held: dict[int, list[NDArray[np.float64]]] = {}
        self._bytes = 0
        self.points = 0

    def add(self, x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]) -> None:
        """Sort points into their tiles. One thread at a time."""
        f = self.frame
        ordered, begin = _sort(x, y, z, f.west, f.south, f.cell, f.height, self._across, self.side)
        for tile in np.flatnonzero(np.diff(begin)):
            self._held.setdefault(int(tile), []).append(ordered[begin[tile] : begin[tile + 1]])
        self._bytes += ordered.nbytes
        self.points += len(ordered)
        if self._bytes > HELD:
            self._write()

    def _path(self, tile: int) -> Path:
        return self._folder / f"{self._name}-{tile}.points"

    def _write(self) -> None:
        for tile, pieces in self._held.items():
            with self._path(tile).open("ab") as stream:
                for piece in pieces:
                    stream.write(piece.data)
        self._held, self._bytes = {}, 0

    def near(self, rect: Rect) -> NDArray[np.float64]:
        """All points of all tiles that a rectangle touches. shape (n, 3)"""
        side, rect = self.side, self.frame.overlap(rect)
        rows = range(rect.row // side, (rect.row + rect.height - 1) // side + 1)
        columns = range(rect.column // side, (rect.column + rect.width - 1) // side + 1)
        found = [x for r in rows for c in columns for x in self.read(Rect(r * side, c * side, side, side))]
        return np.concatenate([np.empty((0, 3)), *found])

    def read(self, rect: Rect, points: int = 1_000_000) -> Iterator[NDArray[np.float64]]:
        """The points of a tile, some at a time. shape (n, 3)"""
        tile = (rect.row // self.side) * self._across + rect.column // self.side
        path = self._path(tile)
        if path.exists():
            with path.open("rb") as stream:
                while raw := stream.read(points * POINT_BYTES):
                    yield np.frombuffer(raw, np.float64).reshape(-1, 3)
        yield from self._held.get(tile, ())


class Plane:
    """A raster in a plain file, from which any rectangle is read and to which any is written, by any thread."""

    def __init__(self, folder: Path, name: str, frame: Frame, dtype: str = "float32") -> None:
        self.frame, self.dtype = frame, np.dtype(dtype)
        self._empty = np.nan if self.dtype.kind == "f" else 0
        self._file = os.open(folder / f"{name}.plane", os.O_RDWR | os.O_CREAT)

    def write(self, rect: Rect, values: NDArray[Any]) -> None:
        """Put the values of a rectangle that lies on the grid."""
        values = np.ascontiguousarray(values, self.dtype)
        assert values.shape == (rect.height, rect.width)
        if rect.width == self.frame.width:
            os.pwrite(self._file, values.data, rect.row * self.frame.width * self.dtype.itemsize)
            return
        for number in range(rect.height):
            os.pwrite(self._file, values[number], self._place(rect.row + number, rect.column))

    def read(self, rect: Rect) -> NDArray[Any]:
        """The values of a rectangle; NaN, or 0 in a plane of integers, outside the grid."""
        out = np.full((rect.height, rect.width), self._empty, self.dtype)
        there = self.frame.overlap(rect)
        first = there.column - rect.column
        for row in range(there.row, there.row + there.height):
            raw = os.pread(self._file, there.width * self.dtype.itemsize, self._place(row, there.column))
            out[row - rect.row, first : first + there.width] = np.frombuffer(raw, self.dtype)
        return out

    def _place(self, row: int, column: int) -> int:
        return (row * self.frame.width + column) * self.dtype.itemsize

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)
