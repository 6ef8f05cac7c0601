"""The map: parcels by stratum, plots, meridians and parallels, and a scale bar, in a local map projection."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tanhui.kernel.wording import Lang
from tanhui.projects.report.canvas import (
    GRID,
    INK,
    MUTED,
    SERIES,
    Finish,
    Width,
    legend_below,
    new_figure,
    to_svg,
    word,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["map_figure", "stratum_colours"]

Row = Mapping[str, Any]
Points = Sequence[Sequence[float]]
Projection = Callable[[Points], list[tuple[float, float]]]
#: A map may be this much higher or lower than wide.
FLATTEST, STEEPEST = 0.45, 1.15
#: Room around the land, as a share of its larger side.
MARGIN = 0.05
#: Steps between meridians or parallels. [degrees]
STEPS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
#: Lengths of a scale bar. [m]
BARS = (20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5)
#: Classes of plots by size of the dot.
CLASSES = 4


#: From here on parcels are drawn with thin edges.
MANY = 500


def stratum_colours(strata: Sequence[str]) -> dict[str, str]:
    """The colour of each stratum, the same in every figure."""
    return {name: SERIES[place % len(SERIES)] for place, name in enumerate(sorted(set(strata)))}


def map_figure(
    parcels: Sequence[Row],
    plots: Sequence[Row],
    *,
    lang: Lang,
    width: Width,
    weight: Mapping[str, str] | None = None,
    finish: Finish = to_svg,
) -> Any:
    """Parcels by stratum and plots; where ``weight`` names a quantity, larger dots stand for more of it.

    ``parcels``: ``{"stratum", "rings": [[[lon, lat], …], …]}``; ``plots``: ``{"lon", "lat", "weight"}``.
    """
    corners = [corner for parcel in parcels for ring in parcel["rings"] for corner in ring]
    corners += [[plot["lon"], plot["lat"]] for plot in plots]
    project = local_projection(corners)
    window, height_px = frame(project(corners), width)
    figure, axes = new_figure(width, height_px + 26)
    axes.grid(visible=False)
    axes.set_aspect("equal")
    handles = draw_parcels(axes, parcels, project)
    if plots:
        handles |= draw_plots(axes, plots, project, lang, weight)
    axes.set_xlim(window[0], window[1])
    axes.set_ylim(window[2], window[3])
    graticule(axes, corners, project, width)
    scale_bar(axes, width)
    legend_below(figure, handles, width)
    return finish(figure, word("figure.map", lang))


def frame(points: Points, width: Width) -> tuple[tuple[float, float, float, float], float]:
    """West, east, south and north of what is shown, and the height of the figure, so that the land fills it."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    room = MARGIN * max(max(xs) - min(xs), max(ys) - min(ys), 1.0)
    across, up = max(xs) - min(xs) + 2 * room, max(ys) - min(ys) + 2 * room
    ratio = min(max(up / across, FLATTEST), 0.75 if not width.narrow else STEEPEST)
    across, up = max(across, up / ratio), max(up, across * ratio)
    x, y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    return (x - across / 2, x + across / 2, y - up / 2, y + up / 2), width.px * ratio


def draw_parcels(axes: Axes, parcels: Sequence[Row], project: Projection) -> dict[str, Any]:
    """Outlines filled by stratum, all of one as one shape; returns what the legend shows."""
    from matplotlib.patches import Patch, PathPatch
    from matplotlib.path import Path as Outline

    colours = stratum_colours([parcel["stratum"] for parcel in parcels])
    for stratum, colour in colours.items():
        rings = [project(ring) for parcel in parcels if parcel["stratum"] == stratum for ring in parcel["rings"]]
        outline = Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))
        edge = 1.0 if len(parcels) < MANY else 0.2  # of many small parcels the edges would be all there is to see
        axes.add_patch(PathPatch(outline, facecolor=colour, edgecolor="white", linewidth=edge, alpha=0.8))
    return {name: Patch(color=colour, alpha=0.8) for name, colour in colours.items()}


def draw_plots(
    axes: Axes, plots: Sequence[Row], project: Projection, lang: Lang, weight: Mapping[str, str] | None
) -> dict[str, Any]:
    """Dots, in classes of size where they have weights; returns what the legend shows."""
    points = project([[plot["lon"], plot["lat"]] for plot in plots])
    weights = [plot["weight"] for plot in plots]
    if weight is None:
        xs, ys = zip(*points, strict=True)
        dots = axes.scatter(xs, ys, s=60, color=INK, edgecolor="white", linewidth=1, zorder=3)
        return {word("plots", lang): dots}
    step = round_up(max(weights) / CLASSES)
    handles: dict[str, Any] = {}
    for k in range(CLASSES):
        inside = [p for p, w in zip(points, weights, strict=True) if k * step < w <= (k + 1) * step]
        xs, ys = zip(*inside, strict=True) if inside else ((), ())
        size = 16 + 56 * k
        name = f"{k * step:g}\u2013{(k + 1) * step:g} {weight[lang] if k == CLASSES - 1 else ''}".strip()
        handles[name] = axes.scatter(xs, ys, s=size, color=SERIES[0], alpha=0.75, edgecolor="white", linewidth=0.8)
    empty = [p for p, w in zip(points, weights, strict=True) if w <= 0]
    if empty:
        xs, ys = zip(*empty, strict=True)
        shown = axes.scatter(xs, ys, s=16, facecolor="none", edgecolor=MUTED, linewidth=0.8)
        handles = {word("plots_empty", lang): shown, **handles}
    return handles


def round_up(value: float) -> float:
    """The next number that people count in: 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value)


def local_projection(corners: Points) -> Projection:
    """A transverse Mercator projection about the middle of the area: lon, lat to metres."""
    from pyproj import Transformer

    lon = sum(corner[0] for corner in corners) / len(corners)
    lat = sum(corner[1] for corner in corners) / len(corners)
    local = f"+proj=tmerc +lat_0={lat} +lon_0={lon} +ellps=GRS80 +units=m"
    transformer = Transformer.from_crs("EPSG:4490", local, always_xy=True)

    def project(points: Points) -> list[tuple[float, float]]:
        xs, ys = transformer.transform([p[0] for p in points], [p[1] for p in points])
        return list(zip(xs, ys, strict=True))

    return project


def graticule(axes: Axes, corners: Points, project: Projection, width: Width) -> None:
    """Meridians and parallels at round steps, labelled at the left and bottom edge."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    west, east = min(c[0] for c in corners), max(c[0] for c in corners)
    south, north = min(c[1] for c in corners), max(c[1] for c in corners)
    # Degrees that the frame spans, from the degrees that the land spans.
    places = project([[west, south], [east, north]])
    per_x = max(east - west, 1e-6) / max(places[1][0] - places[0][0], 1.0)
    per_y = max(north - south, 1e-6) / max(places[1][1] - places[0][1], 1.0)
    spans = ((right - left) * per_x, (high - low) * per_y)
    step = next((s for s in STEPS if max(spans) / s <= (4 if width.narrow else 8)), STEPS[-1])
    digits = len(f"{step:g}".partition(".")[2])
    style: dict[str, Any] = {"color": GRID, "linewidth": 0.8, "zorder": 0}
    xticks, yticks = [], []
    for k in range(round((west - spans[0]) / step), round((east + spans[0]) / step) + 1):
        line = project([[k * step, south - spans[1]], [k * step, south], [k * step, north + spans[1]]])
        axes.plot([x for x, _ in line], [y for _, y in line], **style)
        xticks.append((line[1][0], f"{abs(k * step):.{digits}f}°{'E' if k > 0 else 'W'}"))
    for k in range(round((south - spans[1]) / step), round((north + spans[1]) / step) + 1):
        line = project([[west - spans[0], k * step], [west, k * step], [east + spans[0], k * step]])
        axes.plot([x for x, _ in line], [y for _, y in line], **style)
        yticks.append((line[1][1], f"{abs(k * step):.{digits}f}°{'N' if k > 0 else 'S'}"))
    axes.set_xticks([x for x, _ in xticks], [name for _, name in xticks])
    axes.set_yticks([y for y, _ in yticks], [name for _, name in yticks], rotation=90, va="center")
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    axes.spines["bottom"].set_visible(False)


def scale_bar(axes: Axes, width: Width) -> None:
    """A bar of a round length at the lower right."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    across = right - left
    length = max((x for x in BARS if x <= across / 5), default=BARS[0])
    end, base = right - 0.015 * across, low + 0.02 * (high - low)
    axes.plot([end - length, end], [base, base], color=INK, linewidth=3, solid_capstyle="butt", zorder=4)
    name = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    write(axes, end - length / 2, base, name, width, xytext=(0, 4), ha="center", va="bottom")
