"""The three figures of the page: parcels by standing, tonnes with their bands, and the tornado of the drivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.wording import Lang, say
from tanhui.projects.report.canvas import (
    GRID,
    INK,
    MUTED,
    SERIES,
    Width,
    headed,
    legend_below,
    new_figure,
    plain_number,
    to_svg,
    write,
)
from tanhui.projects.report.map import BARS
from tanhui.projects.scout.model import STANDINGS

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["COLOURS", "fan_figure", "map_svg", "tornado_figure"]

#: Apart for colour-blind readers, and in grey print by their lightness.
COLOURS = {"eligible": "#1b7f5c", "doubtful": "#e0a63c", "excluded": "#8d2f23"}
#: Bands of the fan, widest first, and how dark each is.
BANDS = ((0.90, 0.14), (0.50, 0.20))
#: Size of the map. [px]
MAP_WIDTH, MAP_LEAST, MAP_MOST, MARGIN = 866.0, 240.0, 520.0, 10.0
#: Bends smaller than this are not drawn. [px]
FINEST = 0.3


def map_svg(frame: gpd.GeoDataFrame, standing: Sequence[str]) -> str:
    """Parcels coloured by standing as one SVG for both languages: one path per colour, however many parcels."""
    import shapely

    outlines, metres_per_px, size = _on_paper(frame)
    simple = shapely.simplify(outlines, FINEST)
    found = np.asarray(standing)
    paths = []
    for name in STANDINGS:
        drawn = "".join(_path(shape) for shape in simple[found == name])
        if drawn:
            paths.append(
                f'<path d="{drawn}" fill="{COLOURS[name]}" stroke="{COLOURS[name]}" stroke-width=".6" '
                'fill-rule="evenodd"/>'
            )
    width, height = size
    body = "".join(paths) + _scale_bar(metres_per_px, width, height) + _north(width)
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" class="map">{body}</svg>'


def _on_paper(frame: gpd.GeoDataFrame) -> tuple[np.ndarray[Any, Any], float, tuple[float, float]]:
    """Outlines in pixels of the page, metres per pixel, and the size of the drawing."""
    import shapely
    from pyproj import Transformer

    west, south, east, north = (float(x) for x in frame.total_bounds)
    local = f"+proj=tmerc +lat_0={(south + north) / 2} +lon_0={(west + east) / 2} +ellps=GRS80 +units=m"
    transformer = Transformer.from_crs("EPSG:4490", local, always_xy=True)

    def to_metres(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    metres = shapely.transform(frame.geometry.to_numpy(), to_metres)
    left, low, right, high = shapely.total_bounds(metres)
    room = MAP_WIDTH - 2 * MARGIN
    per_px = max((right - left) / room, (high - low) / (MAP_MOST - 2 * MARGIN), 1e-6)
    height = max((high - low) / per_px + 2 * MARGIN, MAP_LEAST)
    middle = ((left + right) / 2, (low + high) / 2)

    def to_px(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        x = MAP_WIDTH / 2 + (points[:, 0] - middle[0]) / per_px
        return np.column_stack([x, height / 2 - (points[:, 1] - middle[1]) / per_px])

    return shapely.transform(metres, to_px), per_px, (MAP_WIDTH, height)


def _path(shape: Any) -> str:
    """An outline with its holes in the short form of SVG."""
    parts = []
    for polygon in getattr(shape, "geoms", [shape]):
        for ring in (polygon.exterior, *polygon.interiors):
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in list(ring.coords)[:-1])
            parts.append(f"M{points}z")
    return "".join(parts)


def _scale_bar(metres_per_px: float, width: float, height: float) -> str:
    length = max((x for x in BARS if x <= width * metres_per_px / 5), default=BARS[0])
    px, name = length / metres_per_px, f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    end, base = width - MARGIN, height - MARGIN
    return (
        f'<path d="M{end - px:.1f},{base:.1f}H{end:.1f}" stroke="{INK}" stroke-width="3"/>'
        f'<text x="{end - px / 2:.1f}" y="{base - 6:.1f}" text-anchor="middle" font-size="13" fill="{INK}">'
        f"{name}</text>"
    )


def _north(width: float) -> str:
    """An arrow to the north, upper right."""
    x = width - 16
    return (
        f'<path d="M{x},6l5,16l-5,-4l-5,4z" fill="{INK}"/>'
        f'<text x="{x}" y="36" text-anchor="middle" font-size="12" fill="{INK}">N</text>'
    )


def fan_figure(years: Sequence[int], value: Sequence[float], se: Sequence[float], *, lang: Lang, width: Width) -> str:
    """Expected removals since the start with their 50 % and 90 % bands."""
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    figure, axes = new_figure(width, 250 if not width.narrow else 230)
    at = [years[0] - 1, *years]
    mid, error = np.array([0.0, *value]), np.array([0.0, *se])
    handles: dict[str, Any] = {}
    (line,) = axes.plot([x + 1 for x in at], mid, color=SERIES[0], linewidth=1.8)
    handles[say("scout.fan.line", lang)] = line
    for share, alpha in BANDS:
        z = NormalDist().inv_cdf((1 + share) / 2)
        axes.fill_between(
            [x + 1 for x in at],
            np.maximum(mid - z * error, 0),
            mid + z * error,
            color=SERIES[0],
            alpha=alpha,
            linewidth=0,
        )
        handles[f"{share:.0%}"] = Patch(color=SERIES[0], alpha=alpha + (0.14 if share < 0.9 else 0), linewidth=0)
    headed(figure, say("scout.fan.axis", lang), width)
    axes.set_ylim(bottom=0)
    axes.set_xlim(at[0] + 1, at[-1] + 1)
    axes.yaxis.set_major_formatter(lambda x, _: plain_number(x))
    axes.xaxis.set_major_locator(MaxNLocator(4 if width.narrow else 10, integer=True, steps=[1, 2, 5, 10]))
    legend_below(figure, handles, width)
    return to_svg(figure, say("scout.fan.axis", lang))


def tornado_figure(
    rows: Sequence[tuple[Mapping[str, str], float, float]], base: float, *, lang: Lang, width: Width
) -> str:
    """The present value with each driver low and high, the strongest on top. Rows: name, value low, value high."""
    from matplotlib.patches import Patch

    figure, axes = new_figure(width, 70 + 25 * len(rows))
    unit = 1e4 if lang == "zh" else 1e3
    for place, (_, low, high) in enumerate(rows):
        for value, colour in ((low, SERIES[2]), (high, SERIES[1])):
            axes.barh(place, (value - base) / unit, left=base / unit, color=colour, height=0.6)
        ends = sorted([low, high])
        label: dict[str, Any] = {"va": "center", "color": MUTED}
        write(axes, ends[1] / unit, place, plain_number(ends[1] / unit), width, xytext=(4, 0), **label)
        write(axes, ends[0] / unit, place, plain_number(ends[0] / unit), width, xytext=(-4, 0), ha="right", **label)
    axes.set_yticks(range(len(rows)), [name[lang] for name, _, _ in rows])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.invert_yaxis()
    axes.axvline(base / unit, color=INK, linewidth=1)
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    least, most = min(min(r[1:]) for r in rows), max(max(r[1:]) for r in rows)
    room = (most - least or 1.0) * (0.45 if width.narrow else 0.12)
    axes.set_xlim((least - room) / unit, (most + room) / unit)
    if least < 0 < most:
        axes.axvline(0, color=GRID, linewidth=1, zorder=0)
    headed(figure, say("scout.tornado.axis", lang, base=plain_number(base / unit)), width)
    handles = {
        say(f"scout.tornado.{side}", lang): Patch(color=c) for side, c in (("low", SERIES[2]), ("high", SERIES[1]))
    }
    legend_below(figure, handles, width)
    return to_svg(figure, say("scout.tornado.title", lang))
