"""Figures of time, of a claim and of its uncertainty: plain data from ``result.json`` in, SVG out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tanhui.kernel.wording import Lang
from tanhui.projects.report.canvas import (
    INK,
    MUTED,
    SERIES,
    Finish,
    Width,
    folded,
    headed,
    legend_below,
    new_figure,
    plain_number,
    to_svg,
    unit_text,
    word,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Series", "Step", "plan_figure", "shares_figure", "time_figure", "waterfall"]

GAIN, LOSS, TOTAL, LEFT_OUT = "#1b7f5c", "#c2563a", "#2f4a54", "#b9c3c5"
SOURCE_COLOURS = {
    "sampling": "#2f4a54",
    "measurement": "#4f9db3",
    "density": "#8a7f3b",
    "allometry": "#1b7f5c",
    "growth": "#5b9a3c",
    "expansion": "#3a6fb0",
    "site": "#7fb89b",
    "residual": "#a8c9bb",
    "root_ratio": "#d1892b",
    "carbon_fraction": "#e6c48a",
    "area": "#a5507f",
    "survival": "#c98bb0",
}
#: Colours on which dark letters read better than white ones.
PALE = {"site", "residual", "carbon_fraction", "survival"}
Row = Mapping[str, Any]


class Series(NamedTuple):
    """Estimates of one kind over the years, with their name and colour."""

    name: Mapping[str, str]
    colour: str
    rows: Sequence[Row]


class Step(NamedTuple):
    """One bar of a waterfall: ``kind`` is ``total`` (from zero), ``step`` or ``left_out``. [t CO2e]"""

    name: Mapping[str, str]
    value: float
    kind: str


def with_interval(axes: Axes, years: Sequence[float], rows: Sequence[Row], colour: str, *, line: bool = True) -> Any:
    """Values over time as points, joined where they are one series, with their 90 % intervals as bars."""
    values = [row["value"] for row in rows]
    low = [row["value"] - row["ci90"][0] for row in rows]
    high = [row["ci90"][1] - row["value"] for row in rows]
    style: dict[str, Any] = {
        "marker": "o",
        "markersize": 6,
        "linewidth": 1.8 if line else 0,
        "elinewidth": 1.6,
        "capsize": 3.5,
    }
    return axes.errorbar(years, values, yerr=[low, high], color=colour, **style)


def time_figure(
    series: Sequence[Series],
    *,
    lang: Lang,
    width: Width,
    title: Mapping[str, str],
    unit: str,
    floor: bool = False,
    finish: Finish = to_svg,
) -> Any:
    """Estimates over the years with 90 % intervals, one line per series, a little beside each other.

    ``floor`` starts the scale at zero; otherwise zero is marked where it is in sight.
    """
    figure, axes = new_figure(width, 280 if not width.narrow else 240)
    years = sorted({row["year"] for one in series for row in one.rows})
    shift = 0.018 * (years[-1] - years[0] + 1)
    handles = {}
    for place, one in enumerate(series):
        beside = shift * (place - (len(series) - 1) / 2)
        handles[one.name[lang]] = with_interval(axes, [r["year"] + beside for r in one.rows], one.rows, one.colour)
    axes.set_xticks(years)
    margin = 0.08 * (years[-1] - years[0] + 1)
    axes.set_xlim(years[0] - margin, years[-1] + margin)
    headed(figure, f"{title[lang]}, {unit_text(unit)}", width)
    if floor:
        axes.set_ylim(bottom=0)
    else:
        axes.axhline(0, color=INK, linewidth=0.8)
    if len(handles) > 1:
        legend_below(figure, handles, width)
    return finish(figure, title[lang])


def plan_figure(plan: Row, measured: Sequence[Row], *, lang: Lang, width: Width, finish: Finish = to_svg) -> Any:
    """The planned stock with its band, and the measured stocks with their intervals on top of it."""
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    figure, axes = new_figure(width, 320 if not width.narrow else 270)
    stock = plan["stock"]
    years = [point["year"] for point in stock]
    low, high = ([point["ci90"][side] for point in stock] for side in (0, 1))
    axes.fill_between(years, low, high, color=SERIES[2], alpha=0.16, linewidth=0)
    (line,) = axes.plot(years, [point["value"] for point in stock], color=SERIES[2], linewidth=1.8)
    points = with_interval(axes, [row["at"] for row in measured], measured, SERIES[0], line=False)
    headed(figure, f"{word('plan_axis', lang)}, {unit_text('t CO2e')}", width)
    axes.set_ylim(bottom=0)
    axes.set_xlim(years[0], years[-1])
    axes.yaxis.set_major_formatter(lambda value, _: plain_number(value))
    axes.xaxis.set_major_locator(MaxNLocator(5 if width.narrow else 10, integer=True, steps=[1, 2, 5, 10]))
    handles = {word("plan", lang): line, word("plan_band", lang): Patch(color=SERIES[2], alpha=0.16, linewidth=0)}
    if measured:
        handles[word("measured", lang)] = points
    legend_below(figure, handles, width)
    return finish(figure, word("figure.plan", lang))


def waterfall(steps: Sequence[Step], *, lang: Lang, width: Width, finish: Finish = to_svg) -> Any:
    """From what was measured to the net: each signed line of a claim as a step, read from the top."""
    figure, axes = new_figure(width, 34 + (36 if width.narrow else 32) * len(steps))
    level, tops = 0.0, [0.0]
    for place, step in enumerate(steps):
        start = 0.0 if step.kind == "total" else level
        end = start + step.value
        colour = {"total": TOTAL, "left_out": LEFT_OUT}.get(step.kind, GAIN if step.value >= 0 else LOSS)
        axes.barh(place, end - start, left=start, color=colour, height=0.62)
        if place + 1 < len(steps):
            axes.plot([end, end], [place - 0.31, place + 1.31], color=MUTED, linewidth=0.8, zorder=0)
        write(axes, max(start, end), place, plain_number(step.value), width, xytext=(6, 0), va="center")
        level = end
        tops += [start, end]
    axes.set_yticks(range(len(steps)), [folded(step.name[lang], width, 0.47 * width.px) for step in steps])
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelcolor=INK)
    room = (max(tops) - min(tops) or 1.0) * (0.30 if width.narrow else 0.10)
    axes.set_xlim(min(tops), max(tops) + room)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.spines["bottom"].set_visible(False)
    return finish(figure, word("figure.waterfall", lang))


def shares_figure(estimates: Sequence[Row], *, lang: Lang, width: Width, finish: Finish = to_svg) -> Any:
    """Where the uncertainty comes from: shares of the variance, one bar per estimate under its name."""
    from matplotlib.patches import Patch

    shares = [row["variance_shares"] for row in estimates]
    # A part that no bar is wide enough to show stands in the table below the figure only.
    present = [source for source in SOURCE_COLOURS if any(share.get(source, 0) >= 0.004 for share in shares)]
    rows = (len(present) + 1) // 2 if width.narrow else 1
    labels = [folded(row["label"][lang], width, width.px) for row in estimates]
    lines = 1 + max(label.count("\n") for label in labels)
    figure, axes = new_figure(width, 20 + (32 + 20 * lines) * len(estimates) + 19 * rows)
    # Half a bar, and where the bars end, in steps from one estimate to the next.
    half = 0.25 if lines == 1 else 0.18
    for place, row in enumerate(estimates):
        write(axes, 0, place - half, labels[place], width, xytext=(0, 3), va="bottom")
        left = 0.0
        for source in present:
            share = row["variance_shares"].get(source, 0.0)
            axes.barh(place, share, left=left, color=SOURCE_COLOURS[source], height=2 * half)
            if share * width.px >= 40:
                colour = INK if source in PALE else "white"
                middle: dict[str, Any] = {"xytext": (0, 0), "ha": "center", "va": "center", "color": colour}
                write(axes, left + share / 2, place, f"{share:.0%}", width, **middle)
            left += share
    axes.set_yticks([])
    axes.set_xticks([])
    axes.set_xlim(0, 1)
    axes.set_ylim(len(estimates) - 1 + 1.4 * half, -1 + 0.8 * half)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    legend_below(figure, {word(f"error.{s}", lang): Patch(color=SOURCE_COLOURS[s]) for s in present}, width)
    return finish(figure, word("figure.shares", lang))
