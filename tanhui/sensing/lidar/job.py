"""One command's work: take a cloud apart, write what was asked for, and say what came out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.tables.headers import note
from tanhui.kernel.wording import Lang, say
from tanhui.sensing.lidar.service import Forest, analysed_files
from tanhui.sensing.lidar.settings import Settings
from tanhui.sensing.lidar.writing import write_classified, write_raster, write_trees

__all__ = ["Product", "produce"]

Product = Literal["terrain", "points", "chm", "trees", "crowns"]
#: The step that makes each product, and how a file of it may end.
_STEP: dict[Product, str] = {
    "terrain": "ground",
    "points": "ground",
    "chm": "chm",
    "trees": "trees",
    "crowns": "crowns",
}
_ENDINGS: dict[Product, tuple[str, ...]] = {
    "terrain": (".tif", ".tiff"),
    "points": (".laz", ".las"),
    "chm": (".tif", ".tiff"),
    "trees": (".parquet",),
    "crowns": (".parquet",),
}
_ORDER = ("ground", "chm", "trees", "crowns")


def produce(
    sources: Sequence[Path],
    out: Mapping[Product, Path],
    settings: Settings,
    *,
    lang: Lang = "en",
    progress: Progress = silent,
    workers: int | None = None,
) -> dict[str, Any]:
    """Make files of a cloud: terrain, classified points, canopy height, trees, crowns.

    Parameters
    ----------
    sources : sequence of Path
        LAS or LAZ files that make one cloud.
    out : mapping of product to Path
        Which products are wanted, and where.

    Returns
    -------
    result : dict
        Counts, where things are, notes, and seconds by step.

    Raises
    ------
    RefusedInput
        With everything that is wrong with files and settings; no file is written.
    """
    _look_at_names(sources, out, settings)
    begun = time.perf_counter()
    last = max((_STEP[product] for product in out), key=_ORDER.index)
    with analysed_files(sources, settings, last, progress, workers) as forest:
        seconds = dict(forest.seconds)
        written = time.perf_counter()
        ground_points = _write(forest, sources, out, progress)
        seconds["written"] = time.perf_counter() - written
        total = time.perf_counter() - begun
        notes = [
            {**found, "text": say(f"note.{found['code']}", lang, **{**found, **found["facts"]})}
            for found in _notes(forest)
        ]
        return {
            "files": [path.name for path in sources],
            "out": {product: str(path) for product, path in out.items()},
            "crs": forest.crs,
            "points": forest.points,
            **({"trees": forest.trees} if last in ("trees", "crowns") else {}),
            **({"ground_points": ground_points} if ground_points is not None else {}),
            "points_without_terrain": forest.lost,
            "settings": asdict(settings),
            "notes": notes,
            "seconds": {**seconds, "total": total},
            "points_per_s": forest.points / total,
        }


def _look_at_names(sources: Sequence[Path], out: Mapping[Product, Path], settings: Settings) -> None:
    """A result never takes the place of its input, and a name says what is in the file."""
    faults = []
    inputs = {path.resolve() for path in sources}
    for product, path in out.items():
        if path.suffix.lower() not in _ENDINGS[product]:
            wanted = ", ".join(_ENDINGS[product])
            faults.append(Fault("lidar.ending", path.name, value=path.suffix, facts={"wanted": wanted}))
        if path.resolve() in inputs:
            faults.append(Fault("lidar.over_input", path.name))
    if settings.normalised and {"terrain", "points"} & set(out):
        faults.append(Fault("lidar.no_terrain"))
    if "points" in out and len(sources) > 1:
        faults.append(Fault("lidar.one_file", value=str(len(sources))))
    if faults:
        raise RefusedInput(faults)


def _write(forest: Forest, sources: Sequence[Path], out: Mapping[Product, Path], progress: Progress) -> int | None:
    ground_points = None
    for product, path in out.items():
        if product == "points":
            ground_points = write_classified(forest, sources[0], path, progress)
        elif product in ("trees", "crowns"):
            write_trees(forest, path, crowns=product == "crowns", progress=progress)
        else:
            write_raster(forest, product, path)
    return ground_points


def _notes(forest: Forest) -> list[dict[str, Any]]:
    notes = []
    if not forest.crs:
        notes.append(note("lidar.no_crs"))
    if forest.lost:
        notes.append(note("lidar.lost", count=forest.lost))
    return notes
