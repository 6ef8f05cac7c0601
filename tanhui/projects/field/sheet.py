"""The sheet that is printed: a map with the walk, a table of plots, and what to take and to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.wording import Lang, say
from tanhui.projects.field.model import PlannedPlot
from tanhui.projects.report.canvas import INK, PAGE, PHONE, SERIES, Width, legend_below, new_figure, to_svg
from tanhui.projects.report.map import draw_parcels, frame, graticule, local_projection, scale_bar

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["environment", "field_sheet", "walk_map"]

#: Kinds of plots as the map colours them, reserves apart from those that are walked.
COLOURS = {"revisit": SERIES[2], "new": INK, "reserve": SERIES[1]}
#: Steps that a crew ticks off.
CHECKLIST = 8


def field_sheet(
    plan: Mapping[str, Any], plots: Sequence[PlannedPlot], parcels: Mapping[str, Sequence[tuple[str, Any]]], lang: Lang
) -> str:
    """The sheet as one self-contained HTML page for A4 and telephones."""
    maps = {width.name: walk_map(plots, parcels, lang=lang, width=width) for width in (PAGE, PHONE)}
    return (
        environment(lang)
        .get_template("sheet.html")
        .render(
            plan=plan,
            maps=maps,
            walked=sorted((plot for plot in plots if plot.stop), key=lambda plot: plot.stop),
            reserves=[plot for plot in plots if plot.kind == "reserve"],
            steps=[say(f"field.step.{number}", lang) for number in range(1, CHECKLIST + 1)],
            lang=lang,
        )
    )


@cache
def environment(lang: Lang) -> Environment:
    """Jinja2 with our words in one language, and the style of the run's report."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    import tanhui.projects.report as report

    here = Path(__file__).parent
    made = Environment(
        loader=FileSystemLoader([here, Path(report.__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["t"] = lambda key, **facts: say(f"field.{key}", lang, **facts)
    made.filters["degrees"] = lambda value: f"{value:.6f}"
    made.filters["number"] = lambda value, digits=0: "" if value is None else f"{value:,.{digits}f}"
    made.filters["short"] = lambda value: "" if value is None else f"{value:.3g}"
    return made


def walk_map(
    plots: Sequence[PlannedPlot], parcels: Mapping[str, Sequence[tuple[str, Any]]], *, lang: Lang, width: Width
) -> str:
    """Parcels by stratum, plots with their stop, and the way between them, each team's apart."""
    rows = [
        {"stratum": stratum, "rings": [[*ring.coords] for ring in (part.exterior, *part.interiors)]}
        for stratum, outlines in parcels.items()
        for _, shape in outlines
        for part in getattr(shape, "geoms", [shape])
    ]
    corners = [corner[:2] for row in rows for ring in row["rings"] for corner in ring]
    project = local_projection(corners)
    rows = [{**row, "rings": [[c[:2] for c in ring] for ring in row["rings"]]} for row in rows]
    window, height_px = frame(project(corners), width)
    figure, axes = new_figure(width, height_px + 40)
    axes.grid(visible=False)
    axes.set_aspect("equal")
    handles = draw_parcels(axes, rows, project)
    for patch in axes.patches:
        patch.set_alpha(0.35)
    places = dict(zip((p.id for p in plots), project([[p.lon_deg, p.lat_deg] for p in plots]), strict=True))
    walked = sorted((plot for plot in plots if plot.stop), key=lambda plot: plot.stop)
    for team in sorted({plot.team for plot in walked}):
        way = [places[plot.id] for plot in walked if plot.team == team]
        axes.plot([x for x, _ in way], [y for _, y in way], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=2)
    for kind, colour in COLOURS.items():
        mine = [plot for plot in plots if plot.kind == kind]
        if not mine:
            continue
        size = 40 if kind == "reserve" else 260 if not width.narrow else 150
        xs, ys = zip(*(places[plot.id] for plot in mine), strict=True)
        dots = axes.scatter(xs, ys, s=size, color=colour, edgecolor="white", linewidth=1, zorder=3)
        handles[say(f"field.kind.{kind}", lang)] = dots
    for plot in walked:
        small = 10 if not width.narrow else 8
        axes.annotate(
            str(plot.stop),
            places[plot.id],
            color="white",
            fontsize=small if plot.stop < 100 else small - 3,
            ha="center",
            va="center_baseline",
            fontweight="bold",
            in_layout=False,
            zorder=4,
        )
    axes.set_xlim(window[0], window[1])
    axes.set_ylim(window[2], window[3])
    graticule(axes, corners, project, width)
    scale_bar(axes, width)
    legend_below(figure, handles, width)
    return to_svg(figure, say("field.sheet.map", lang))
