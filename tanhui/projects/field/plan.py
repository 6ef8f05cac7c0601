"""``tanhui field plan``: from parcels to a folder that a crew can leave with, whole or not at all.

The folder holds ``plan.json`` (the design: seed, hash of the frame, numbers, chances and weights), the points as GPX,
KMZ and GeoJSON, a survey workbook for each plot or team, a sheet to print, and ``manifest.json`` with the hash of every
file. By those hashes a plan made again knows whether somebody has written into a workbook, and then refuses.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import digest, file_digest, hash_json, readable_bytes, rounded
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.files import staged_folder, write_whole
from tanhui.kernel.manifest import software
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.wording import LANGS, Lang, say
from tanhui.projects.choices import choice
from tanhui.projects.field.design import Numbers, Precision, StratumNeed, plot_numbers
from tanhui.projects.field.exchange import geojson_bytes, gpx_bytes, kmz_bytes
from tanhui.projects.field.land import Land, Spread, read_land, spread_of
from tanhui.projects.field.limits import leaf, limit
from tanhui.projects.field.model import PlannedPlot, PlotSize
from tanhui.projects.field.points import DrawnStratum, Layout, draw_stratum
from tanhui.projects.field.route import metres, with_stops
from tanhui.projects.field.sheet import field_sheet
from tanhui.projects.field.workbooks import workbooks
from tanhui.sensing.inventory.parcel_attributes import Options

__all__ = ["FORMAT", "Wishes", "plan_field", "refuse_written"]

FORMAT = "tanhui-field-1"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person may ask of a plan; None is our default, from ``data/projects_field/limits.toml``.

    Attributes
    ----------
    precision, confidence : float, optional
        Half-width over mean, and the confidence of its interval. [1]
    spread : Path, optional
        A table of the spread in each stratum.
    layout : {"random", "systematic"}
    seed : int, optional
        The project's own otherwise.
    size : PlotSize, optional
    most : int, optional
        No more plots than this.
    teams : int
        Teams that the walk is shared out to, each with a workbook.
    per_plot : bool
        A workbook for each plot instead.
    anew : bool
        Draw all plots, whatever permanent plots there are.
    margin_m : float, optional
        Least distance of a centre to the edge; the reach of a plot otherwise. [m]
    """

    precision: float | None = None
    confidence: float | None = None
    spread: Path | None = None
    layout: Layout = "random"
    seed: int | None = None
    size: PlotSize | None = None
    most: int | None = None
    teams: int = 1
    per_plot: bool = False
    anew: bool = False
    margin_m: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A plan before it is written."""

    plots: tuple[PlannedPlot, ...]
    document: dict[str, Any]


def plan_field(
    path: Path,
    out: Path | None = None,
    wishes: Wishes | None = None,
    *,
    options: Options | None = None,
    lang: Lang = "zh",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Plan a survey and write its folder.

    Parameters
    ----------
    path : Path
        A project folder or a parcel file.
    out : Path, optional
        ``out/<name>-field`` otherwise.
    wishes : Wishes, optional
    options : Options, optional
        What a parcel file does not say itself.

    Returns
    -------
    dict
        ``plan.json``, and ``out``.

    Raises
    ------
    RefusedInput
        With every fault of the input; or naming the files of an earlier plan that somebody has changed.
    """
    asked, report = wishes or Wishes(), progress or silent
    report("field_read", 0, 1)
    land = read_land(path, lang, options)
    report("field_read", 1, 1)
    target = out or Path("out") / f"{land.name}-field"
    refuse_written(target, FORMAT)
    planned = plan_land(land, asked, lang)
    size = plot_size(asked)
    with staged_folder(target) as stage:
        files = {
            "plan.json": readable_bytes(planned.document),
            "points.gpx": gpx_bytes(planned.plots, land.title, lang),
            "points.kmz": kmz_bytes(planned.plots, land.parcels, land.title, lang),
            "points.geojson": geojson_bytes(planned.plots, land.parcels, lang),
            "sheet.html": field_sheet(planned.document, planned.plots, land.parcels, lang).encode(),
        }
        for name, data in files.items():
            write_whole(stage / name, data)
        count = len(planned.plots) if asked.per_plot else asked.teams
        books = workbooks(planned.plots, size, land.before, by_team=not asked.per_plot, lang=lang)
        for done, (name, data) in enumerate(books, start=1):
            write_whole(stage / "workbooks" / name, data)
            files[f"workbooks/{name}"] = data
            report("field_workbooks", done, count)
        hashes = {name: digest(data) for name, data in files.items()}
        manifest = {"format": FORMAT, "files": hashes, "software": software()}
        write_whole(stage / "manifest.json", readable_bytes(manifest))
    return {**planned.document, "out": str(target)}


def plot_size(asked: Wishes) -> PlotSize:
    """The size of new plots."""
    return asked.size or PlotSize.parse(f"{limit('plot_area_m2'):g}m2")


def plan_land(land: Land, asked: Wishes, lang: Lang) -> Planned:
    """How many, where, in which order, and the document that says so. No files are written."""
    size, seed = plot_size(asked), land.seed if asked.seed is None else asked.seed
    margin = size.reach_m if asked.margin_m is None else asked.margin_m
    precision = Precision(
        limit("precision") if asked.precision is None else asked.precision,
        limit("confidence") if asked.confidence is None else asked.confidence,
    )
    spread = spread_of(land, asked.spread)
    minimum = int(choice("plots_per_stratum_min", date.max).number())
    numbers = plot_numbers(spread.needs, size.area_m2, precision, minimum=minimum, most=asked.most)
    kept = () if asked.anew else land.permanent
    taken = frozenset(plot.id for plot in land.permanent)
    drawn = {}
    for name, parcels in land.parcels.items():
        new = max(numbers.plots[name] - sum(plot.stratum == name for plot in kept), 0)
        spare = max(math.ceil(limit("reserve_share") * numbers.plots[name]), int(limit("reserve_least")))
        drawn[name] = draw_stratum(
            name,
            parcels,
            new,
            spare,
            margin_m=margin,
            layout=asked.layout,
            seed=seed,
            minimum=min(minimum, new),
            taken=taken,
        )
    found = [*kept, *(plot for one in drawn.values() for plot in one.plots)]
    plots, way_m = with_stops(found, asked.teams)
    document = {
        "format": FORMAT,
        "project": land.name,
        "title": land.title,
        "illustrative": land.illustrative,
        "seed": seed,
        "layout": asked.layout,
        "precision": precision.relative,
        "confidence": precision.confidence,
        "plot": {**size.columns(), "area_m2": size.area_m2, "margin_m": margin},
        "teams": asked.teams,
        "way_km": way_m / 1000,
        "frame_sha256": frame_hash(land),
        "spread": {"source": spread.source, "quantity": "agc_t_ha" if spread.source == "survey" else ""},
        "numbers": numbers.to_dict(),
        "strata": [stratum_row(need, numbers, drawn[need.label], kept) for need in spread.needs],
        "plots": [plot.to_dict() for plot in plots],
        "parameters": [leaf(f"projects_field/{name}").to_dict() for name in used(spread, asked)],
        "notes": notes(drawn, plots, size, numbers, precision, kept),
    }
    return Planned(plots, rounded(document))


def used(spread: Spread, asked: Wishes) -> list[str]:
    """Numbers of ours that the plan rests on."""
    defaults = {"precision": asked.precision, "confidence": asked.confidence, "plot_area_m2": asked.size}
    names = [name for name, given in defaults.items() if given is None]
    return [*names, "reserve_share", "reserve_least", *(["cv_assumed"] if spread.source == "assumed" else [])]


def stratum_row(
    need: StratumNeed, numbers: Numbers, drawn: DrawnStratum, kept: Sequence[PlannedPlot]
) -> dict[str, Any]:
    """One stratum of the design: numbers, what each plot stands for, and with what chance a place was drawn."""
    new = sum(plot.kind == "new" for plot in drawn.plots)
    old = sum(plot.stratum == need.label for plot in kept)
    return {
        "stratum": need.label,
        "area_ha": need.area_ha,
        "mean": need.mean,
        "sd": need.sd,
        "cv": need.sd / need.mean,
        "cost": need.cost,
        "wanted": numbers.plots[need.label],
        "revisit": old,
        "new": new,
        "plots": old + new,
        "reserve": sum(plot.kind == "reserve" for plot in drawn.plots),
        "weight_ha": need.area_ha / (old + new),
        "inclusion_per_ha": drawn.density_per_ha if new else None,
        "frame_ha": drawn.frame_ha if new else None,
        "frame_share": drawn.frame_ha / drawn.outline_ha if new else None,
        "parcels_without_room": list(drawn.without_room) if new else [],
        "spacing_m": drawn.spacing_m,
        "angle_deg": drawn.angle_deg,
    }


def frame_hash(land: Land) -> str:
    """The hash of what was drawn from: every parcel with its stratum and outline."""
    rows = [
        [stratum, number, digest(shape.wkb)]
        for stratum, parcels in land.parcels.items()
        for number, shape in sorted(parcels, key=lambda parcel: parcel[0])
    ]
    return hash_json(rows)


def notes(
    drawn: Mapping[str, DrawnStratum],
    plots: Sequence[PlannedPlot],
    size: PlotSize,
    numbers: Numbers,
    precision: Precision,
    kept: Sequence[PlannedPlot],
) -> list[dict[str, str]]:
    """What a reader of the plan must know."""
    found: list[tuple[str, dict[str, Any]]] = []
    if numbers.expected > precision.relative * (1 + 1e-9):
        facts = {"expected": f"{100 * numbers.expected:.1f}", "wanted": f"{100 * precision.relative:g}"}
        found.append(("field.note.too_few", facts))
    if kept:
        found.append(("field.note.revisit", {"count": len(kept)}))
    for name, one in drawn.items():
        if any(plot.kind == "new" for plot in one.plots):
            share = one.frame_ha / one.outline_ha
            if share < limit("frame_share_least"):
                found.append(("field.note.edge", {"stratum": name, "share": f"{100 * share:.0f}"}))
            if one.without_room:
                names = ", ".join(one.without_room[:8]) + (" …" if len(one.without_room) > 8 else "")
                found.append(("field.note.no_room", {"stratum": name, "count": len(one.without_room), "names": names}))
    found += [("field.note.near", {"plots": f"{a} / {b}", "m": f"{m:.0f}"}) for a, b, m in near_pairs(plots, size)]
    return [{lang: say(key, lang, **facts) for lang in LANGS} for key, facts in found]


def near_pairs(plots: Sequence[PlannedPlot], size: PlotSize) -> list[tuple[str, str, float]]:
    """Plots that may overlap: nearer than twice the reach of one. Reserves are looked at when they are used."""
    import numpy as np

    going = [plot for plot in plots if plot.kind != "reserve"]
    xy = metres(going)
    apart = np.linalg.norm(xy[:, None] - xy, axis=-1)
    pairs = zip(*np.nonzero(np.triu(apart < 2 * size.reach_m, 1)), strict=True)
    return [(going[a].id, going[b].id, float(apart[a, b])) for a, b in pairs if "new" in (going[a].kind, going[b].kind)]


def refuse_written(target: Path, made: str) -> None:
    """An earlier folder of the format ``made`` may be made again only where nobody has written into its files.

    Raises
    ------
    InputError
        If the folder holds something else.
    RefusedInput
        With every file there that is changed, gone, or not of ours.
    """
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    try:
        manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
        files = dict(manifest["files"]) if manifest.get("format") == made else None
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        files = None
    if files is None:
        raise InputError("out.not_empty", path=str(target))
    there = {path.relative_to(target).as_posix(): path for path in target.rglob("*") if path.is_file()}
    there.pop("manifest.json")
    changed = sorted(name for name in there if name not in files or file_digest(there[name]) != files[name])
    if changed:
        raise RefusedInput([Fault("field.written", name) for name in changed])
