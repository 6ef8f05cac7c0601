"""What is in a point cloud, and what about it should make one think before computing with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.tables.headers import note
from tanhui.kernel.wording import Lang, say
from tanhui.sensing.lidar.points import GROUND, Header
from tanhui.sensing.lidar.reading import opened, raw_chunks, read_header, usable
from tanhui.sensing.lidar.settings import limit
from tanhui.sensing.lidar.tiles import PointTiles, frame_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["describe"]

#: Points that are compared with each other at a time, about.
_COMPARED = 500_000
#: Cells in which density is counted. [m]
_CELL = 1.0


def describe(path: Path, lang: Lang = "en", progress: Progress = silent) -> dict[str, Any]:
    """The facts of a file's header and points, and notes on what is suspicious.

    Every point is read once. What the other commands would refuse is listed under ``faults``.

    Raises
    ------
    RefusedInput
        If the file is no point cloud or ends before its last point.
    """
    header = read_header(path)
    counted = _count(header, progress)
    area = counted.pop("cells") * _CELL**2
    shown = {
        "file": path.name,
        "version": header.version,
        "point_format": header.point_format,
        "compressed": header.compressed,
        "points": header.points,
        "bounds": {"min": header.mins, "max": header.maxs},
        "scales": header.scales,
        "crs": header.crs_name,
        "metres_per_unit": header.metres_per_unit,
        "covered_area": area,
        "density": header.points / area if area else 0.0,
        **counted,
    }
    shown["faults"] = [fault.to_dict(lang) for fault in usable(header)]
    shown["notes"] = [
        {**found, "text": say(f"note.{found['code']}", lang, **{**found, **found["facts"]})}
        for found in _notes(header, shown)
    ]
    return shown


def _count(header: Header, progress: Progress) -> dict[str, Any]:
    """Classes, returns, noise, extra dimensions, duplicates and covered cells, in one pass over the points."""
    classes, returns = np.zeros(256, np.int64), np.zeros(256, np.int64)
    withheld = read = 0
    extra: dict[str, dict[str, Any]] = {}
    finite = np.isfinite((*header.mins, *header.maxs)).all() and header.points > 0
    with tempfile.TemporaryDirectory(prefix="tanhui-lidar-") as folder, opened(header.path) as reader:
        tiles = _tiles(header, Path(folder)) if finite else None
        for record in raw_chunks(reader, header.path):
            classes += np.bincount(np.asarray(record.classification), minlength=256)
            returns += np.bincount(np.asarray(record.return_number), minlength=256)
            withheld += int(np.asarray(record.withheld).sum())
            for name in header.extra_dims:
                _add_extra(extra.setdefault(name, {"min": None, "max": None, "missing": 0}), np.asarray(record[name]))
            if tiles is not None:
                x, y, z = (np.asarray(axis, dtype=np.float64) for axis in (record.x, record.y, record.z))
                inside = _inside(x, header, 0) & _inside(y, header, 1)
                tiles.add(x[inside], y[inside], z[inside])
            read += len(record)
            progress("lidar_points", read, header.points)
        cells, duplicates = _compare(tiles) if tiles is not None else (0, 0)
    return {
        "classes": _counts(classes),
        "returns": _counts(returns),
        "withheld": withheld,
        "extra_dims": extra,
        "duplicates": duplicates,
        "outside_bounds": read - (tiles.points if tiles is not None else read),
        "cells": cells,
    }


def _inside(values: NDArray[np.float64], header: Header, axis: int) -> NDArray[np.bool_]:
    step = header.scales[axis]
    return np.asarray((values >= header.mins[axis] - step) & (values <= header.maxs[axis] + step))


def _counts(found: NDArray[np.int64]) -> dict[str, int]:
    return {str(key): int(found[key]) for key in np.flatnonzero(found)}


def _add_extra(known: dict[str, Any], values: NDArray[Any]) -> None:
    if values.ndim > 1 or values.dtype.kind not in "fiu":
        return
    there = np.isfinite(values) & (np.abs(values.astype(float)) < limit("missing_from"))
    known["missing"] += int((~there).sum())
    if there.any():
        low, high = float(values[there].min()), float(values[there].max())
        known["min"] = low if known["min"] is None else min(known["min"], low)
        known["max"] = high if known["max"] is None else max(known["max"], high)


def _tiles(header: Header, folder: Path) -> PointTiles:
    """Tiles of about as many points as are compared at a time."""
    edge = max(header.scales[:2])
    frame = frame_of(
        (header.mins[0] - edge, header.mins[1] - edge), (header.maxs[0] + edge, header.maxs[1] + edge), _CELL
    )
    side = max(1, int((frame.height * frame.width * _COMPARED / header.points) ** 0.5))
    return PointTiles(frame, side, folder)


def _compare(tiles: PointTiles) -> tuple[int, int]:
    """How many cells hold points, and how many points lie exactly where another does."""
    cells = duplicates = 0
    for strip in tiles.frame.tiles(tiles.side):
        for tile in strip:
            points = np.concatenate([np.empty((0, 3)), *tiles.read(tile)])
            if not len(points):
                continue
            ordered = points[np.lexsort(points.T)]
            duplicates += int((np.diff(ordered, axis=0) == 0).all(axis=1).sum())
            place = np.floor((points[:, :2] - (tiles.frame.west, tiles.frame.south)) / _CELL).astype(np.int64)
            cells += len(np.unique(place[:, 0] * tiles.frame.height + place[:, 1]))
    return cells, duplicates


def _notes(header: Header, shown: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What is suspicious, in the shape of the notes that readers of tables give."""
    file = header.path.name
    if not header.crs:
        yield note("lidar.no_crs", file)
    largest = max(map(abs, (*header.mins[:2], *header.maxs[:2])), default=0.0)
    if np.isfinite(largest) and (gap := float(np.spacing(np.float32(largest)))) > min(header.scales[:2]):
        yield note("lidar.float32", file, value=f"{largest:,.0f}", gap=f"{gap:g}")
    if shown["duplicates"]:
        yield note("lidar.duplicates", file, count=shown["duplicates"])
    if shown["outside_bounds"]:
        yield note("lidar.outside_bounds", file, count=shown["outside_bounds"])
    for name, extra in shown["extra_dims"].items():
        if extra["missing"]:
            yield note("lidar.missing_values", file, column=name, count=extra["missing"])
    if header.points and not any(header.by_return):
        yield note("lidar.no_returns", file)
    if header.points and str(GROUND) not in shown["classes"]:
        yield note("lidar.no_ground_class", file)
    if header.points and abs(header.mins[2]) < limit("normalised_within"):
        yield note("lidar.looks_normalised", file, value=f"{header.mins[2]:g}")
