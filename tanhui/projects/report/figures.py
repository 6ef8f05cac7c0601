"""Figures for a reader: SVG with live text, one per language, no network and no fonts inside.

Each function takes plain data from ``result.json`` and returns SVG. Sizes are in inches at 100 units an inch; the
page scales them to its width.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tanhui.kernel.wording import Lang, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["both_languages", "change_figure", "map_figure", "plan_figure", "shares_figure", "stock_figure", "waterfall"]

INK, MUTED, GRID = "#1f2a2e", "#66757a", "#d9e0e1"
#: Colours that stay apart for colour-blind readers and in grey print (after Okabe and Ito).
SERIES = ("#1b7f5c", "#d1892b", "#3a6fb0", "#a5507f", "#6f6a2a", "#4f9db3")
GAIN, LOSS, TOTAL = "#1b7f5c", "#c2563a", "#2f4a54"
SOURCE_COLOURS = {
    "sampling": "#2f4a54",
    "measurement": "#4f9db3",
    "density": "#8a7f3b",
    "allometry": "#1b7f5c",
    "site": "#7fb89b",
    "residual": "#a8c9bb",
    "root_ratio": "#d1892b",
    "carbon_fraction": "#e6c48a",
    "area": "#a5507f",
}


def word(key: str, lang: Lang, **facts: Any) -> str:
    """The sentence ``report.<key>``."""
    return say(f"report.{key}", lang, **facts)


def both_languages(draw: Callable[..., str], *args: Any, **options: Any) -> dict[Lang, str]:
    """The same figure in Chinese and English."""
    return {"zh": draw(*args, lang="zh", **options), "en": draw(*args, lang="en", **options)}


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure with one pair of quiet axes."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"font.size": 9}):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
    quiet(axes)
    return figure, axes


def quiet(axes: Axes) -> None:
    """Axes that stay behind the data."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(colors=MUTED, length=0)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def to_svg(figure: Figure, title: str) -> str:
    """The figure as an inline ``<svg>`` element with a title, the page's fonts and no fixed size."""
    import logging
    import warnings

    from matplotlib import rc_context

    stream = io.StringIO()
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "tanhui"}), warnings.catch_warnings():
        # Chinese glyphs are drawn by the reader's browser; matplotlib need not have them.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)


def with_interval(
    axes: Axes, years: Sequence[float], rows: Sequence[Mapping[str, Any]], colour: str, name: str
) -> None:
    """Values over time as a line with points and their 90 % intervals as bars."""
    values = [row["value"] for row in rows]
    low = [row["value"] - row["ci90"][0] for row in rows]
    high = [row["ci90"][1] - row["value"] for row in rows]
    axes.errorbar(
        years,
        values,
        yerr=[low, high],
        color=colour,
        marker="o",
        markersize=5,
        linewidth=1.6,
        elinewidth=1.4,
        capsize=3,
        label=name,
    )


def stock_figure(estimates: Sequence[Mapping[str, Any]], *, lang: Lang) -> str:
    """Carbon stock over the years with 90 % intervals, one line per source of the tree values."""
    figure, axes = new_figure(7, 3.2)
    sources = sorted({row["source"] for row in estimates}, key=lambda name: name != "tanhui")
    for place, source in enumerate(sources):
        rows = [row for row in estimates if row["source"] == source]
        shift = 0.12 * (place - (len(sources) - 1) / 2)
        with_interval(axes, [row["year"] + shift for row in rows], rows, SERIES[place], word(f"source.{source}", lang))
    years = sorted({row["year"] for row in estimates})
    axes.set_xticks(years)
    axes.set_xlim(years[0] - 0.5, years[-1] + 0.5)
    axes.set_ylabel(f"{word('stock', lang)} [{estimates[0]['unit']}]", color=INK)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="lower left", labelcolor=INK)
    return to_svg(figure, word("figure.stock", lang))


def change_figure(estimates: Sequence[Mapping[str, Any]], *, lang: Lang) -> str:
    """Yearly change with 90 % intervals, one line per source of the tree values."""
    figure, axes = new_figure(7, 2.6)
    sources = sorted({row["source"] for row in estimates}, key=lambda name: name != "tanhui")
    for place, source in enumerate(sources):
        rows = [row for row in estimates if row["source"] == source]
        shift = 0.12 * (place - (len(sources) - 1) / 2)
        with_interval(axes, [row["year"] + shift for row in rows], rows, SERIES[place], word(f"source.{source}", lang))
    years = sorted({row["year"] for row in estimates})
    axes.set_xticks(years)
    axes.set_xlim(years[0] - 0.5, years[-1] + 0.5)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_ylabel(f"{word('change', lang)} [{estimates[0]['unit']}]", color=INK)
    axes.legend(frameon=False, loc="lower left", labelcolor=INK)
    return to_svg(figure, word("figure.change", lang))


def plan_figure(plan: Mapping[str, Any], measured: Sequence[Mapping[str, Any]], *, lang: Lang) -> str:
    """The planned stock with its band, and the measured stocks with their intervals on top of it."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = new_figure(7, 3.4)
    years = [point["year"] for point in plan["stock"]]
    axes.fill_between(
        years,
        [point["ci90"][0] for point in plan["stock"]],
        [point["ci90"][1] for point in plan["stock"]],
        color=SERIES[2],
        alpha=0.15,
        linewidth=0,
    )
    axes.plot(years, [p["value"] for p in plan["stock"]], color=SERIES[2], linewidth=1.4, label=word("plan", lang))
    with_interval(axes, [row["at"] for row in measured], measured, SERIES[0], word("measured", lang))
    axes.set_ylabel(f"{word('stock', lang)} [t CO2e]", color=INK)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, loc="upper left", labelcolor=INK)
    return to_svg(figure, word("figure.plan", lang))


def waterfall(lines: Sequence[Mapping[str, Any]], *, lang: Lang) -> str:
    """From gross to net: each signed line of a claim as a step."""
    figure, axes = new_figure(7, 3.2)
    level = 0.0
    top = max(abs(line["co2e_t"]) for line in lines) or 1.0
    for place, line in enumerate(lines):
        value = line["co2e_t"]
        start = 0.0 if line["line"] in ("gross_removal", "net") else level
        colour = TOTAL if line["line"] in ("gross_removal", "net") else GAIN if value >= 0 else LOSS
        axes.bar(place, value, bottom=start, color=colour, width=0.62)
        upper = max(start, start + value)
        axes.text(place, upper + 0.02 * top, f"{value:,.0f}", ha="center", va="bottom", color=INK, fontsize=9)
        level = start + value
    axes.set_xticks(range(len(lines)), [word(f"line.{line['line']}", lang) for line in lines])
    axes.tick_params(axis="x", labelcolor=INK)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_ylabel("t CO2e", color=INK)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.margins(y=0.12)
    return to_svg(figure, word("figure.waterfall", lang))


def shares_figure(estimates: Sequence[Mapping[str, Any]], *, lang: Lang) -> str:
    """Where the uncertainty comes from: shares of the variance, one bar per estimate."""
    from matplotlib.patches import Patch

    rows = [row for row in estimates if row["variance_shares"]]
    figure, axes = new_figure(7, 0.9 + 0.42 * len(rows))
    present = [source for source in SOURCE_COLOURS if any(row["variance_shares"].get(source, 0) > 0 for row in rows)]
    for place, row in enumerate(rows):
        left = 0.0
        for source in present:
            share = row["variance_shares"].get(source, 0.0)
            axes.barh(place, share, left=left, color=SOURCE_COLOURS[source], height=0.62)
            if share >= 0.06:
                dark = source in ("residual", "carbon_fraction", "site")
                label_colour = INK if dark else "white"
                axes.text(
                    left + share / 2, place, f"{share:.0%}", ha="center", va="center", color=label_colour, fontsize=8
                )
            left += share
    axes.set_yticks(range(len(rows)), [row["label"][lang] for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", labelcolor=INK)
    handles = [Patch(color=SOURCE_COLOURS[source]) for source in present]
    names = [word(f"error.{source}", lang) for source in present]
    figure.legend(handles, names, frameon=False, loc="outside lower left", ncols=4, fontsize=8.5, labelcolor=INK)
    return to_svg(figure, word("figure.shares", lang))


def map_figure(parcels: Sequence[Mapping[str, Any]], plots: Sequence[Mapping[str, Any]], *, lang: Lang) -> str:
    """Parcels by stratum and plots, with graticule and scale bar, in a local map projection.

    ``parcels``: ``{"stratum", "rings": [[[lon, lat], …], …]}``; ``plots``: ``{"lon", "lat", "weight"}``.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    figure, axes = new_figure(7, 4.6)
    corners = [corner for parcel in parcels for ring in parcel["rings"] for corner in ring]
    corners += [[plot["lon"], plot["lat"]] for plot in plots]
    project = local_projection(corners)
    strata = sorted({parcel["stratum"] for parcel in parcels})
    for parcel in parcels:
        rings = [project(ring) for ring in parcel["rings"]]
        outline = Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))
        colour = SERIES[strata.index(parcel["stratum"]) % len(SERIES)]
        axes.add_patch(PathPatch(outline, facecolor=colour, edgecolor="white", linewidth=0.6, alpha=0.85))
    for stratum in strata:
        axes.plot([], [], "s", color=SERIES[strata.index(stratum) % len(SERIES)], markersize=8, label=stratum)
    if plots:
        points = project([[plot["lon"], plot["lat"]] for plot in plots])
        sizes = [plot.get("weight", 1.0) for plot in plots]
        largest = max(sizes) or 1.0
        axes.scatter(
            [x for x, _ in points],
            [y for _, y in points],
            s=[6 + 34 * size / largest for size in sizes],
            color=INK if parcels else SERIES[0],
            alpha=0.9 if parcels else 0.55,
            edgecolor="white",
            linewidth=0.5,
            label=word("plots", lang),
            zorder=3,
        )
    graticule(axes, corners, project)
    scale_bar(axes)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), labelcolor=INK, fontsize=8.5)
    return to_svg(figure, word("figure.map", lang))


def local_projection(
    corners: Sequence[Sequence[float]],
) -> Callable[[Sequence[Sequence[float]]], list[tuple[float, float]]]:
    """A transverse Mercator projection about the middle of the area: lon, lat to metres."""
    from pyproj import Transformer

    lon = sum(corner[0] for corner in corners) / len(corners)
    lat = sum(corner[1] for corner in corners) / len(corners)
    local = f"+proj=tmerc +lat_0={lat} +lon_0={lon} +ellps=GRS80 +units=m"
    transformer = Transformer.from_crs("EPSG:4490", local, always_xy=True)

    def project(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
        xs, ys = transformer.transform([p[0] for p in points], [p[1] for p in points])
        return list(zip(xs, ys, strict=True))

    return project


def graticule(
    axes: Axes, corners: Sequence[Sequence[float]], project: Callable[..., list[tuple[float, float]]]
) -> None:
    """Meridians and parallels at round steps, labelled at the left and bottom edge."""
    axes.set_aspect("equal")
    axes.grid(visible=False)
    axes.margins(0.06)
    axes.autoscale_view()
    x_limits, y_limits = axes.get_xlim(), axes.get_ylim()
    west, east = min(c[0] for c in corners), max(c[0] for c in corners)
    south, north = min(c[1] for c in corners), max(c[1] for c in corners)
    step = next(
        s for s in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10) if max(east - west, north - south) / s <= 6
    )
    digits = max(0, len(f"{step:g}".partition(".")[2]))
    xticks, yticks = [], []
    for k in range(int(west / step) - 1, int(east / step) + 2):
        line = project([[k * step, south - step], [k * step, north + step]])
        axes.plot(*zip(*line, strict=True), color=GRID, linewidth=0.6, zorder=0)
        xticks.append((line[0][0], f"{k * step:.{digits}f}°"))
    for k in range(int(south / step) - 1, int(north / step) + 2):
        line = project([[west - step, k * step], [east + step, k * step]])
        axes.plot(*zip(*line, strict=True), color=GRID, linewidth=0.6, zorder=0)
        yticks.append((line[0][1], f"{k * step:.{digits}f}°"))
    axes.set_xticks([x for x, _ in xticks], [name for _, name in xticks])
    axes.set_yticks([y for y, _ in yticks], [name for _, name in yticks])
    axes.set_xlim(x_limits)
    axes.set_ylim(y_limits)
    axes.spines["bottom"].set_visible(False)


def scale_bar(axes: Axes) -> None:
    """A bar of a round length at the lower right."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    width = right - left
    length = max(x for x in (50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5) if x <= max(width / 4, 50))
    end, base = right - 0.03 * width, low + 0.04 * (high - low)
    axes.plot([end - length, end], [base, base], color=INK, linewidth=2.5, solid_capstyle="butt")
    name = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(end - length / 2, base + 0.015 * (high - low), name, ha="center", va="bottom", color=INK, fontsize=8.5)
