"""What every figure shares: two widths, two languages, quiet axes, and SVG with live text.

A figure is drawn for a page and again for a phone, so that its letters are as large as the text beside them on both;
the page shows one of the four drawings. One unit of a figure is one pixel of the page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from tanhui.kernel.wording import LANGS, Lang, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "GRID",
    "INK",
    "MUTED",
    "PAGE",
    "PHONE",
    "SERIES",
    "Drawing",
    "Finish",
    "Width",
    "draw_all",
    "headed",
    "legend_below",
    "new_figure",
    "to_svg",
    "unit_text",
    "word",
    "write",
]

INK, MUTED, GRID = "#1f2a2e", "#66757a", "#d9e0e1"
#: Colours that stay apart for colour-blind readers and in grey print (after Okabe and Ito).
SERIES = ("#1b7f5c", "#d1892b", "#3a6fb0", "#a5507f", "#6f6a2a", "#4f9db3")
#: Units of a figure per inch, so that a unit is a pixel and a point.
UNITS_PER_INCH = 72


@dataclass(frozen=True, slots=True)
class Width:
    """A place to draw for. Lengths in pixels."""

    name: str
    px: int
    font_px: float

    @property
    def narrow(self) -> bool:
        """Whether things go below each other rather than beside."""
        return self.px < 500


PAGE = Width("page", 866, 13.5)
PHONE = Width("phone", 358, 12.0)

#: A figure by language and width: SVG elements.
Drawing = dict[str, dict[str, str]]


def draw_all(draw: Callable[..., str], *args: Any, **options: Any) -> Drawing:
    """The same figure in Chinese and English, for a page and for a phone."""
    return {
        lang: {width.name: draw(*args, lang=lang, width=width, **options) for width in (PAGE, PHONE)} for lang in LANGS
    }


def word(key: str, lang: Lang, **facts: Any) -> str:
    """The sentence ``report.<key>``."""
    return say(f"report.{key}", lang, **facts)


def unit_text(unit: str) -> str:
    """A unit as a reader writes it: indices below, powers above."""
    for plain, shown in {"CO2": "CO₂", "m2": "m²", "m3": "m³"}.items():
        unit = unit.replace(plain, shown)
    return {"1": "", "text": ""}.get(unit, unit)


def plain_number(value: float, digits: int = 0) -> str:
    """A figure with its thousands apart and a true minus."""
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if not float(text.replace(",", "")) else text.replace("-", "\u2212")


def new_figure(width: Width, height_px: float) -> tuple[Figure, Axes]:
    """An empty figure with one pair of quiet axes."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"font.size": width.font_px}):
        figure = Figure(figsize=(width.px / UNITS_PER_INCH, height_px / UNITS_PER_INCH), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.02, h_pad=0.04)  # type: ignore[union-attr, call-arg]
        axes = figure.add_subplot()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(colors=MUTED, length=0)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def write(axes: Axes, x: float, y: float, text: str, width: Width, **style: Any) -> None:
    """Letters at a place of the data, as large as all others; they take no room from the data."""
    axes.annotate(
        text, (x, y), textcoords="offset points", fontsize=width.font_px, in_layout=False, **{"color": INK, **style}
    )


def folded(text: str, width: Width, room_px: float) -> str:
    """A text in as many lines as it needs in its room; Chinese is left in one, it is short."""
    import textwrap

    return "\n".join(textwrap.wrap(text, max(8, int(room_px / (0.6 * width.font_px)))))


def headed(figure: Figure, title: str, width: Width) -> None:
    """What the vertical scale is, above the figure at its left edge."""
    figure.suptitle(folded(title, width, width.px), x=0.0, ha="left", color=INK, fontsize=width.font_px)


def legend_below(figure: Figure, handles: Mapping[str, Any], width: Width) -> None:
    """The names of what is drawn, below it, in as many columns as the width holds."""
    longest = max(len(name.encode("gb18030")) for name in handles)
    columns = max(1, min(len(handles), int(width.px / (width.font_px * (0.6 * longest + 4)))))
    # A legend is filled column by column; people read it row by row.
    names = [name for column in range(columns) for name in list(handles)[column::columns]]
    figure.legend(
        [handles[name] for name in names],
        names,
        frameon=False,
        loc="outside lower left",
        ncols=columns,
        fontsize=width.font_px,
        labelcolor=INK,
        handlelength=1.4,
        columnspacing=1.6,
        borderaxespad=0.2,
    )


#: How a drawn figure is handed over: as SVG text, as a picture.
Finish = Callable[["Figure", str], Any]


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
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r"font: (?:\w+ )?([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)
