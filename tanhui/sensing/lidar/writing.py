"""Results as files: rasters as COG, trees and crowns as GeoParquet, points with their classes as LAZ.

A file is there whole or not at all. Trees are written strip by strip, so that their number does not matter.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.progress import Progress, silent
from tanhui.sensing.lidar import ground
from tanhui.sensing.lidar.crowns import reach
from tanhui.sensing.lidar.points import GROUND, NOISE
from tanhui.sensing.lidar.reading import opened, raw_chunks
from tanhui.sensing.lidar.service import Forest, Tops
from tanhui.sensing.lidar.tiles import Rect
from tanhui.sensing.raster import blocks, write_cog
from tanhui.sensing.raster.stack import Block

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["write_classified", "write_raster", "write_trees"]

#: Pixels along a block of a raster that is written.
_SIDE = 1024
#: Class of a point that has been looked at and is not ground.
_UNCLASSIFIED = 1


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A hidden file beside the target, which takes its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        hidden = Path(folder) / path.name
        yield hidden
        os.replace(hidden, path)


def write_raster(forest: Forest, name: str, path: Path) -> None:
    """Write the ``terrain`` or the ``chm`` as a Cloud-optimised GeoTIFF; NaN where there is none."""
    plane = forest.planes[name]
    grid = plane.frame.grid(forest.crs)

    def pixels(block: Block) -> NDArray[np.float32]:
        return plane.read(Rect(block.row, block.column, block.height, block.width))

    with _whole(path) as hidden:
        write_cog(hidden, grid, blocks(grid, _SIDE), pixels, name)


def write_trees(forest: Forest, path: Path, *, crowns: bool, progress: Progress = silent) -> None:
    """Write trees as GeoParquet: tops as points, or crowns as polygons with their area."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [pa.field("tree", pa.int32()), *(pa.field(name, pa.float64()) for name in ("x", "y", "height_m"))]
    if crowns:
        columns.append(pa.field("crown_area_m2", pa.float64()))
    kinds = ["Polygon", "MultiPolygon"] if crowns else ["Point"]
    schema = pa.schema([*columns, pa.field("geometry", pa.binary())]).with_metadata(_geo(forest.crs, kinds))
    strips = forest.tiles()
    with _whole(path) as hidden, pq.ParquetWriter(hidden, schema, compression="zstd") as writer:
        for number, (strip, tops) in enumerate(zip(strips, forest.tops(), strict=True), 1):
            table: dict[str, Any] = {"tree": tops.tree, "x": tops.x, "y": tops.y, "height_m": tops.height}
            if crowns:
                table["geometry"], table["crown_area_m2"] = _crowns(forest, strip, tops)
            else:
                table["geometry"] = _points(tops)
            if len(tops):
                writer.write_table(pa.table(table, schema=schema))
            progress("lidar_written", number, len(strips))


def _geo(crs: str, kinds: list[str]) -> dict[bytes, bytes]:
    """What GeoParquet 1.0 says about its geometry."""
    from pyproj import CRS

    column = {
        "encoding": "WKB",
        "geometry_types": kinds,
        "crs": CRS.from_wkt(crs).to_json_dict() if crs else None,
    }
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    return {b"geo": json.dumps(geo, sort_keys=True).encode()}


def _points(tops: Tops) -> list[bytes]:
    import shapely

    return list(shapely.to_wkb(shapely.points(tops.x, tops.y)))


def _crowns(forest: Forest, strip: list[Rect], tops: Tops) -> tuple[list[bytes], NDArray[np.float64]]:
    """Outline and area of each crown of a strip: a crown lies within reach of the tile that holds its top."""
    import shapely

    fine, settings = forest.fine, forest.settings
    shapes: dict[int, Any] = {}
    area = np.zeros(len(tops))
    for tile in strip:
        rect = tile.finer(settings.terrain_factor)
        own = tops.tree[(tops.column >= rect.column) & (tops.column < rect.column + rect.width)]
        wide = rect.grown(reach(settings.crowns, fine.cell))
        of = forest.planes["crowns"].read(wide)
        of[~np.isin(of, own)] = 0
        shapes |= _outlines(forest, wide, of)
        cells = np.bincount(of[of > 0] - tops.tree[0], minlength=len(tops)) if len(tops) else area
        area += cells * fine.cell**2
    return list(shapely.to_wkb(np.array([shapes[int(tree)] for tree in tops.tree], object))), area


def _outlines(forest: Forest, wide: Rect, of: NDArray[np.int32]) -> dict[int, Any]:
    """The outline of each number in a raster; parts that touch only at a corner are one crown."""
    import shapely
    from rasterio.features import shapes
    from rasterio.transform import from_origin

    fine = forest.fine
    north = fine.south + (fine.height - wide.row) * fine.cell
    transform = from_origin(fine.west + wide.column * fine.cell, north, fine.cell, fine.cell)
    parts: dict[int, list[Any]] = {}
    for outline, tree in shapes(of, mask=of > 0, connectivity=4, transform=transform):
        parts.setdefault(int(tree), []).append(shapely.geometry.shape(outline))
    return {
        tree: shapely.normalize(found[0] if len(found) == 1 else shapely.union_all(found))
        for tree, found in parts.items()
    }


def write_classified(forest: Forest, source: Path, path: Path, progress: Progress = silent) -> int:
    """Copy a file with all that is in it, its points classed as ground or not; noise stays noise.

    A point is ground if it lies within the threshold of the filter from the finished terrain, not more for a slope:
    the terrain goes through the ground there, where the provisional one did not.

    Returns
    -------
    ground : int
        Points that are ground.
    """
    import laspy

    found = read = 0
    with (
        _whole(path) as hidden,
        opened(source) as reader,
        laspy.open(hidden, mode="w", header=reader.header) as writer,
    ):
        for record in raw_chunks(reader, source):
            is_ground = _near_ground(forest, record)
            classes = np.asarray(record.classification).copy()
            looked_at = ~np.isin(classes, NOISE)
            classes[looked_at] = np.where(is_ground[looked_at], GROUND, _UNCLASSIFIED)
            record.classification = classes
            writer.write_points(record)
            found += int((is_ground & looked_at).sum())
            read += len(record)
            progress("lidar_classes", read, int(reader.header.point_count))
    return found


def _near_ground(forest: Forest, record: Any) -> NDArray[np.bool_]:
    """Whether points are near the terrain, tile by tile: a chunk may lie anywhere."""
    points = np.stack([np.asarray(axis, dtype=np.float64) for axis in (record.x, record.y, record.z)], axis=1)
    frame, side = forest.frame, forest.settings.tile_cells
    column = np.floor((points[:, 0] - frame.west) / frame.cell).astype(np.int64) // side
    row = (frame.height - 1 - np.floor((points[:, 1] - frame.south) / frame.cell).astype(np.int64)) // side
    tile = row * (frame.width // side + 1) + column
    near = np.zeros(len(points), bool)
    for one in np.unique(tile):
        chosen = np.flatnonzero(tile == one)
        r, c = int(row[chosen[0]]), int(column[chosen[0]])
        around = Rect(r * side, c * side, side, side).grown(1)
        terrain = forest.planes["terrain"].read(around).astype(float)
        above = ground.height_above(terrain, points[chosen], *frame.origin(around))
        near[chosen] = np.abs(above) <= forest.settings.ground.threshold_m
    return near
