"""``tanhui lidar``: what is in a point cloud, and terrain, canopy, trees and crowns from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanhui.faces.cli.language import LANG, t
from tanhui.faces.cli.show import JsonOption, progress_bar, say_line, show_json, show_table

if TYPE_CHECKING:
    from tanhui.sensing.lidar.job import Product

__all__ = ["add_to"]

commands = typer.Typer(no_args_is_help=True, help=t("lidar.help"), rich_markup_mode=None)

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help=t("lidar.files"))]
Raster = Annotated[Path, typer.Option("--out", metavar="FILE.tif", help=t("lidar.out.raster"))]
Table = Annotated[Path, typer.Option("--out", metavar="FILE.parquet", help=t("lidar.out.table"))]
Canopy = Annotated[Path | None, typer.Option("--chm", metavar="FILE.tif", help=t("lidar.out.chm"))]
Terrain = Annotated[Path | None, typer.Option("--terrain", metavar="FILE.tif", help=t("lidar.out.terrain"))]
Normalised = Annotated[bool, typer.Option("--normalised", help=t("lidar.normalised"))]
Cell = Annotated[float | None, typer.Option("--cell", metavar="M", help=t("lidar.cell"))]
Fixed = Annotated[float | None, typer.Option("--window", metavar="M", help=t("lidar.window"))]
PerMetre = Annotated[float | None, typer.Option("--window-per-metre", metavar="X", help=t("lidar.per_metre"))]
HeightMin = Annotated[float | None, typer.Option("--height-min", metavar="M", help=t("lidar.height_min"))]
Radius = Annotated[float | None, typer.Option("--radius", metavar="M", help=t("lidar.radius"))]
Tile = Annotated[int | None, typer.Option("--tile", metavar="CELLS", min=16, help=t("lidar.tile"))]
Workers = Annotated[int | None, typer.Option("--workers", metavar="N", min=1, help=t("lidar.workers"))]


def add_to(app: typer.Typer) -> None:
    """Put these commands into the tree."""
    app.add_typer(commands, name="lidar")


@commands.command("info", help=t("lidar.info.help"))
def info(
    source: Annotated[Path, typer.Argument(metavar="FILE", help=t("lidar.file"))], as_json: JsonOption = False
) -> None:
    """Header facts, counts, and what is suspicious."""
    from tanhui.kernel.progress import silent
    from tanhui.sensing.lidar import describe

    with progress_bar() as progress:
        shown = describe(source, LANG, progress or silent)
    if as_json:
        show_json(shown)
        return
    low, high = shown["bounds"]["min"], shown["bounds"]["max"]
    rows = [
        ("LAS", f"{shown['version']}, {shown['point_format']}"),
        (t("lidar.info.points"), shown["points"]),
        (t("lidar.info.crs"), shown["crs"] or "-"),
        *((axis, f"{low[at]:,.2f} .. {high[at]:,.2f}") for at, axis in enumerate("xyz")),
        (t("lidar.info.area"), round(shown["covered_area"])),
        (t("lidar.info.density"), shown["density"]),
        (t("lidar.info.returns"), _counts(shown["returns"])),
        (t("lidar.info.classes"), _counts(shown["classes"])),
        (t("lidar.info.extra"), ", ".join(shown["extra_dims"]) or "-"),
    ]
    show_table([t("column.what"), t("column.value")], rows)
    for fault in shown["faults"]:
        say_line(f"! {fault['reason']} {fault['todo']}".rstrip())
    for found in shown["notes"]:
        say_line(f"- {found['text']}")


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{key}: {count:,}" for key, count in found.items())


@commands.command("ground", help=t("lidar.ground.help"))
def ground(
    sources: Files,
    out: Raster,
    points: Annotated[Path | None, typer.Option("--points", metavar="FILE.laz", help=t("lidar.out.points"))] = None,
    cell: Cell = None,
    tile: Tile = None,
    workers: Workers = None,
    as_json: JsonOption = False,
) -> None:
    """Terrain raster, and the points classed."""
    _run(sources, {"terrain": out, "points": points}, {"cell_m": cell, "tile_cells": tile}, {}, {}, workers, as_json)


@commands.command("chm", help=t("lidar.chm.help"))
def chm(
    sources: Files,
    out: Raster,
    terrain: Terrain = None,
    normalised: Normalised = False,
    cell: Cell = None,
    tile: Tile = None,
    workers: Workers = None,
    as_json: JsonOption = False,
) -> None:
    """Canopy height model."""
    given = {"cell_m": cell, "tile_cells": tile, "normalised": normalised}
    _run(sources, {"chm": out, "terrain": terrain}, given, {}, {}, workers, as_json)


@commands.command("trees", help=t("lidar.trees.help"))
def trees(
    sources: Files,
    out: Table,
    terrain: Terrain = None,
    canopy: Canopy = None,
    normalised: Normalised = False,
    window: Fixed = None,
    per_metre: PerMetre = None,
    height_min: HeightMin = None,
    cell: Cell = None,
    tile: Tile = None,
    workers: Workers = None,
    as_json: JsonOption = False,
) -> None:
    """Tree tops."""
    given = {"cell_m": cell, "tile_cells": tile, "normalised": normalised}
    circle = _window(window, per_metre, height_min)
    _run(sources, {"trees": out, "terrain": terrain, "chm": canopy}, given, circle, {}, workers, as_json)


@commands.command("crowns", help=t("lidar.crowns.help"))
def crowns(
    sources: Files,
    out: Table,
    terrain: Terrain = None,
    canopy: Canopy = None,
    normalised: Normalised = False,
    window: Fixed = None,
    per_metre: PerMetre = None,
    height_min: HeightMin = None,
    radius: Radius = None,
    cell: Cell = None,
    tile: Tile = None,
    workers: Workers = None,
    as_json: JsonOption = False,
) -> None:
    """Tree tops with their crowns."""
    given = {"cell_m": cell, "tile_cells": tile, "normalised": normalised}
    limits = {"radius_m": radius, "height_min_m": height_min}
    circle = _window(window, per_metre, height_min)
    _run(sources, {"crowns": out, "terrain": terrain, "chm": canopy}, given, circle, limits, workers, as_json)


def _window(fixed: float | None, per_metre: float | None, height_min: float | None) -> dict[str, float | None]:
    """A window of one size is given by one number: it does not grow."""
    grows = 0.0 if fixed is not None and per_metre is None else per_metre
    return {"fixed_m": fixed, "per_metre": grows, "height_min_m": height_min}


def _run(
    sources: list[Path],
    out: Mapping[Product, Path | None],
    given: Mapping[str, Any],
    window: Mapping[str, float | None],
    limits: Mapping[str, float | None],
    workers: int | None,
    as_json: bool,
) -> None:
    from tanhui.kernel.progress import silent
    from tanhui.sensing.lidar.job import produce
    from tanhui.sensing.lidar.settings import CrownSettings, Settings, Window

    def said(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value is not None}

    settings = Settings(**said(given), window=Window(**said(window)), crowns=CrownSettings(**said(limits)))
    wanted = {product: path for product, path in out.items() if path is not None}
    with progress_bar() as progress:
        result = produce(sources, wanted, settings, lang=LANG, progress=progress or silent, workers=workers)
    if as_json:
        show_json(result)
        return
    say_line(t("lidar.done", points=f"{result['points']:,}", seconds=f"{result['seconds']['total']:.1f}"))
    if "trees" in result:
        say_line(t("lidar.trees.count", count=f"{result['trees']:,}"))
    for path in result["out"].values():
        say_line(str(path))
    for found in result["notes"]:
        say_line(f"! {found['text']}")
