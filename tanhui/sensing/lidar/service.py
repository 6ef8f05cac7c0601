"""From point clouds to terrain, canopy, trees and crowns: tile after tile, in memory that does not grow with the area.

The points are decoded once and sorted into tiles. Every step then reads from rasters on disk a tile and the margin that
it can depend on, and writes the tile; tiles of a step are shared between threads. Trees are numbered from north to
south and west to east by the cell of their top, so that a number is the same for any tile size and order of points.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.progress import Progress, silent
from tanhui.sensing.lidar import chm, crowns, ground, trees
from tanhui.sensing.lidar.points import Chunk, Header
from tanhui.sensing.lidar.reading import chunks, read_headers
from tanhui.sensing.lidar.settings import Settings
from tanhui.sensing.lidar.tiles import Frame, Plane, PointTiles, Rect, frame_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Cloud", "Forest", "Tops", "analysed", "analysed_files"]

T = TypeVar("T")
#: Steps in order. Each needs those before it.
STEPS = ("ground", "chm", "trees", "crowns")


@dataclass(frozen=True, slots=True)
class Cloud:
    """Points to be taken apart, with the rectangle they lie in."""

    mins: tuple[float, float]
    maxs: tuple[float, float]
    points: int
    chunks: Iterable[Chunk]
    crs: str = ""


@dataclass(frozen=True, slots=True)
class Tops:
    """Some trees, in the order of their numbers: position and height of each top. [m]"""

    tree: NDArray[np.int32]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    height: NDArray[np.float64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tree)

    def of(self, chosen: NDArray[np.bool_]) -> Tops:
        """Some of these."""
        return Tops(*(getattr(self, name)[chosen] for name in ("tree", "x", "y", "height", "row", "column")))


@dataclass(slots=True)
class Forest:
    """What was made of a cloud, on disk until the run's folder goes: rasters, and the trees of each strip of tiles."""

    crs: str
    settings: Settings
    frame: Frame
    points: int
    folder: Path
    planes: dict[str, Plane] = field(default_factory=dict)
    strips: list[Path] = field(default_factory=list)
    trees: int = 0
    lost: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def fine(self) -> Frame:
        """The grid of the canopy."""
        return self.frame.finer(self.settings.terrain_factor)

    def tiles(self) -> list[list[Rect]]:
        """Tiles of the terrain grid, by strips."""
        return self.frame.tiles(self.settings.tile_cells)

    def tops(self) -> Iterator[Tops]:
        """All trees, strip by strip in the order of their numbers."""
        for path in self.strips:
            with np.load(path) as packed:
                yield Tops(**{name: packed[name] for name in packed.files})


@contextmanager
def analysed_files(
    paths: Sequence[Path], settings: Settings, last: str, progress: Progress = silent, workers: int | None = None
) -> Iterator[Forest]:
    """Take apart the cloud that one or several files make.

    Raises
    ------
    RefusedInput
        With everything that is wrong with any file, before a point is read; or where a file breaks off.
    """
    headers = read_headers(paths)
    with analysed(_cloud(headers), settings, last, progress, workers) as forest:
        yield forest


def _cloud(headers: Sequence[Header]) -> Cloud:
    def every() -> Iterator[Chunk]:
        for header in headers:
            yield from _within(header)

    mins = min(h.mins[0] for h in headers), min(h.mins[1] for h in headers)
    maxs = max(h.maxs[0] for h in headers), max(h.maxs[1] for h in headers)
    return Cloud(mins, maxs, sum(h.points for h in headers), every(), headers[0].crs)


def _within(header: Header) -> Iterator[Chunk]:
    """The points of a file; one outside the bounds of its header is refused: they are what tiles are laid out by."""
    for chunk in chunks(header):
        for axis, values in enumerate((chunk.x, chunk.y)):
            low, high, step = header.mins[axis], header.maxs[axis], header.scales[axis]
            if len(values) and (values.min() < low - step or values.max() > high + step):
                raise RefusedInput([Fault("lidar.bounds", header.path.name)])
        yield chunk


@contextmanager
def analysed(
    cloud: Cloud, settings: Settings, last: str, progress: Progress = silent, workers: int | None = None
) -> Iterator[Forest]:
    """Take a cloud apart up to the step ``last``: ground, chm, trees or crowns.

    Parameters
    ----------
    workers : int, optional
        Threads; one for each processor where none is given. They do not change a result.

    Yields
    ------
    forest : Forest
        Valid until the block ends.
    """
    cell = settings.cell_m * settings.terrain_factor
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tanhui-lidar-")))
        forest = Forest(cloud.crs, settings, _roomy(cloud, cell), 0, folder)
        pool = stack.enter_context(ThreadPoolExecutor(workers or os.cpu_count() or 1))
        run = _Run(forest, PointTiles(forest.frame, settings.tile_cells, folder), pool, progress)
        stack.callback(_close, forest)
        run.sort(cloud)
        steps = {"ground": run.ground, "chm": run.chm, "trees": run.trees, "crowns": run.crowns}
        for name in STEPS[: STEPS.index(last) + 1]:
            begun = time.perf_counter()
            steps[name]()
            forest.seconds[name] = time.perf_counter() - begun
        yield forest


def _close(forest: Forest) -> None:
    for plane in forest.planes.values():
        plane.close()


def _roomy(cloud: Cloud, cell: float) -> Frame:
    """The grid of a cloud; headers round their bounds, so that a point may lie a step outside."""
    edge = cell * 1e-3
    return frame_of((cloud.mins[0] - edge, cloud.mins[1] - edge), (cloud.maxs[0] + edge, cloud.maxs[1] + edge), cell)


@dataclass(slots=True)
class _Run:
    """The steps of one run, each over all tiles."""

    forest: Forest
    points: PointTiles
    pool: ThreadPoolExecutor
    progress: Progress
    highest_m: float = 0.0

    def sort(self, cloud: Cloud) -> None:
        """Decode the points and sort them into tiles, one chunk behind the other."""
        begun = time.perf_counter()
        waiting = None
        for chunk in cloud.chunks:
            if waiting is not None:
                waiting.result()
            waiting = self.pool.submit(self.points.add, chunk.x, chunk.y, chunk.z)
            self.progress("lidar_points", min(self.points.points, cloud.points), cloud.points)
        if waiting is not None:
            waiting.result()
        self.progress("lidar_points", cloud.points, cloud.points)
        self.forest.points = self.points.points
        if not self.points.points:
            raise RefusedInput([Fault("lidar.nothing_left")])
        self.forest.seconds["points"] = time.perf_counter() - begun

    def ground(self) -> None:
        """Terrain: the lowest points of all tiles first, then the filter on each tile with its margin."""
        settings, frame = self.forest.settings, self.forest.frame
        if settings.normalised:
            return
        low, rough, residual = (self._plane(name, frame) for name in ("low", "rough", "residual"))
        margin = ground.reach(settings.ground, frame.cell)

        def lowest(tile: Rect) -> None:
            values = np.full((tile.height, tile.width), np.nan)
            for points in self.points.read(tile):
                ground.lowest(points, *frame.origin(tile), values)
            low.write(tile, values)

        def filtered(tile: Rect) -> None:
            around = low.read(tile.grown(margin)).astype(float)
            # In single precision from here on: what a neighbour reads from disk is what was used here.
            wide = ground.provisional_terrain(around, frame.cell, settings.ground).astype(np.float32).astype(float)
            near = wide[margin - 2 : -(margin - 2), margin - 2 : -(margin - 2)]
            limits = ground.thresholds(near, frame.cell, settings.ground)
            above = np.full((tile.height + 4, tile.width + 4), np.nan)
            for points in self.points.read(tile):
                ground.lowest_residual(near, limits, points, *frame.origin(tile.grown(2)), above)
            rough.write(tile, near[2:-2, 2:-2])
            residual.write(tile, above[2:-2, 2:-2])

        self._each("lidar_lowest", lowest)
        self._each("lidar_ground", filtered)
        terrain = self._plane("terrain", frame)
        self._each("lidar_terrain", lambda tile: terrain.write(tile, self._terrain(tile, 0)))

    def _terrain(self, tile: Rect, margin: int) -> NDArray[np.float64]:
        """The terrain of a tile and some cells around it."""
        wide = tile.grown(margin + 1)
        rough, residual = (self.forest.planes[name].read(wide).astype(float) for name in ("rough", "residual"))
        return ground.correct(rough, residual, self.forest.settings.ground)[1:-1, 1:-1]

    def chm(self) -> None:
        """The highest point of each cell of all tiles first, then gaps and pits of each tile with its margin."""
        settings, frame, fine = self.forest.settings, self.forest.frame, self.forest.fine
        crest = [self._plane(name, fine, "float64") for name in ("top_x", "top_y", "top_h")]
        made = self._plane("chm", fine)
        margin = chm.reach(settings.surface)

        def highest(tile: Rect) -> tuple[int, float]:
            rect = tile.finer(settings.terrain_factor)
            terrain = None if settings.normalised else self._terrain(tile, 1)
            best = np.full((3, rect.height, rect.width), np.nan)
            lost = 0
            for points in self.points.read(tile):
                above = points[:, 2].copy()
                if terrain is not None:
                    above = ground.height_above(terrain, points, *frame.origin(tile.grown(1)))
                lost += chm.highest(points, above, *fine.origin(rect), best)
            for plane, values in zip(crest, best, strict=True):
                plane.write(rect, values)
            return lost, float(np.nanmax(best[2], initial=0.0))

        def smoothed(tile: Rect) -> None:
            rect = tile.finer(settings.terrain_factor)
            wide = crest[2].read(rect.grown(margin))
            made.write(rect, _core(chm.canopy_height(wide, settings.surface), margin))

        found = self._each("lidar_highest", highest)
        self.forest.lost = sum(lost for lost, _ in found)
        self.highest_m = max(top for _, top in found)
        self._each("lidar_chm", smoothed)

    def trees(self) -> None:
        """Tops of each tile with its margin, numbered strip by strip.

        They are first looked for among the highest points of the cells. Only where the circle of one crosses a cell
        that is higher can another point stand against it; those points are then added.
        """
        settings, fine = self.forest.settings, self.forest.fine
        numbers = self._plane("tops", fine, "int32")
        others = PointTiles(self.forest.frame, settings.tile_cells, self.forest.folder, "others")
        candidates = PointTiles(self.forest.frame, settings.tile_cells, self.forest.folder, "candidates")
        for found, more in self._each("lidar_others", self._candidates):
            candidates.add(*found)
            others.add(*more)

        strips = self.forest.tiles()
        for number, strip in enumerate(strips):
            parts = self.pool.map(lambda tile: self._tops(tile, candidates, others), strip)
            x, y, height = np.concatenate(list(parts), axis=1)
            row = fine.height - 1 - np.floor((y - fine.south) / fine.cell).astype(np.int64)
            column = np.floor((x - fine.west) / fine.cell).astype(np.int64)
            order = np.lexsort((column, row))
            tree = np.arange(self.forest.trees + 1, self.forest.trees + 1 + len(row), dtype=np.int32)
            tops = Tops(tree, *(values[order] for values in (x, y, height, row, column)))
            self._keep(number, tops, numbers, strip)
            self.progress("lidar_trees", number + 1, len(strips))

    def _crest(self, tile: Rect) -> tuple[Rect, NDArray[np.float64]]:
        """The highest points in a tile and as far around it as a circle reaches."""
        settings, fine = self.forest.settings, self.forest.fine
        margin = math.ceil(trees.reach_m(settings.window, self.highest_m) / fine.cell) + 1
        wide = tile.finer(settings.terrain_factor).grown(margin)
        return wide, np.stack([self.forest.planes[name].read(wide) for name in ("top_x", "top_y", "top_h")])

    def _candidates(self, tile: Rect) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Tops among the highest points of a tile, and its other points that may stand against a top. shape (3, n)"""
        settings, fine, window = self.forest.settings, self.forest.fine, self.forest.settings.window
        wide, crest = self._crest(tile)
        places = trees.cell_tops(crest, fine.cell, window.fixed_m, window.per_metre, window.height_min_m)
        crossed = trees.crossed_cells(crest, places, *fine.origin(wide), window.fixed_m, window.per_metre)
        rect = tile.finer(settings.terrain_factor)
        row, column = np.divmod(places, wide.width)
        row, column = row - (rect.row - wide.row), column - (rect.column - wide.column)
        own = places[(row >= 0) & (row < rect.height) & (column >= 0) & (column < rect.width)]
        terrain = None if settings.normalised else self._terrain(tile, 1)
        others = [np.empty((0, 3))]
        for points in self.points.read(tile):
            more = points[trees.in_cells(points, *fine.origin(wide), crossed)]
            if terrain is not None:
                more[:, 2] = ground.height_above(terrain, more, *self.forest.frame.origin(tile.grown(1)))
            others.append(more[more[:, 2] >= window.height_min_m])
        return crest.reshape(3, -1)[:, own], np.ascontiguousarray(np.concatenate(others).T)

    def _tops(self, tile: Rect, candidates: PointTiles, others: PointTiles) -> NDArray[np.float64]:
        """The candidates of a tile that no other point stands against. shape (3, n)"""
        window = self.forest.settings.window
        own = np.concatenate([np.empty((0, 3)), *candidates.read(tile)])
        margin = math.ceil(trees.reach_m(window, self.highest_m) / self.forest.frame.cell) + 1
        x, y, height = np.concatenate([own, others.near(tile.grown(margin))]).T
        place = trees.tree_tops(x, y, height, window)
        return np.asarray(own[place[place < len(own)]].T)

    def _keep(self, number: int, tops: Tops, numbers: Plane, strip: list[Rect]) -> None:
        path = self.forest.folder / f"tops-{number}.npz"
        names = ("tree", "x", "y", "height", "row", "column")
        np.savez(path, **{name: getattr(tops, name) for name in names})
        self.forest.strips.append(path)
        self.forest.trees += len(tops)
        for tile in strip:
            rect = tile.finer(self.forest.settings.terrain_factor)
            values = np.zeros((rect.height, rect.width), np.int32)
            own = tops.of((tops.column >= rect.column) & (tops.column < rect.column + rect.width))
            values[own.row - rect.row, own.column - rect.column] = own.tree
            numbers.write(rect, values)

    def crowns(self) -> None:
        """Crowns of each tile with its margin."""
        settings, fine = self.forest.settings, self.forest.fine
        made = self._plane("crowns", fine, "int32")
        margin = crowns.reach(settings.crowns, fine.cell)
        canopy, numbers, heights = (self.forest.planes[name] for name in ("chm", "tops", "top_h"))

        def grown(tile: Rect) -> None:
            rect = tile.finer(settings.terrain_factor)
            wide = rect.grown(margin)
            of = crowns.grow_crowns(
                canopy.read(wide).astype(float), numbers.read(wide), heights.read(wide), fine.cell, settings.crowns
            )
            made.write(rect, _core(of, margin))

        self._each("lidar_crowns", grown)

    def _plane(self, name: str, frame: Frame, dtype: str = "float32") -> Plane:
        plane = Plane(self.forest.folder, name, frame, dtype)
        self.forest.planes[name] = plane
        return plane

    def _each(self, step: str, work: Callable[[Rect], T]) -> list[T]:
        """Do one thing for every tile, on all threads."""
        tiles = [tile for strip in self.forest.tiles() for tile in strip]
        done = []
        for result in self.pool.map(work, tiles):
            done.append(result)
            self.progress(step, len(done), len(tiles))
        return done


def _core(values: NDArray[Any], margin: int) -> NDArray[Any]:
    return values[margin:-margin, margin:-margin]
