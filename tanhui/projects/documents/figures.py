"""The figures of the report once more, as PNG for paper.

The drawing is the report's own; only its last step differs: there a figure becomes SVG for a page, here pixels for a
sheet of A4.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tanhui.kernel.wording import Lang
from tanhui.projects.documents.material import Material
from tanhui.projects.documents.model import Picture
from tanhui.projects.report import figures
from tanhui.projects.report import map as maps
from tanhui.projects.report.canvas import Width
from tanhui.projects.report.page import claim_steps, time_series
from tanhui.projects.report.rows import quantity_names, share_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FIGURES", "draw_figures"]

#: Every figure by the name that outlines and templates use.
FIGURES = ("map", "stock", "plan", "waterfall", "shares")

#: Room for drawing, and how wide it is printed: the text of an A4 page. [units, mm]
PAPER = Width("paper", 866, 13.5)
WIDTH_MM, MM_PER_INCH = 160.0, 25.4
DOTS_PER_INCH = 200
#: Fonts with Chinese letters, the first that is there is used.
CHINESE = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "WenQuanYi Zen Hei",
    "Noto Sans CJK JP",
)
LATIN = "DejaVu Sans"
Draw = Callable[..., Any]


def draw_figures(material: Material, lang: Lang) -> dict[str, Picture]:
    """Every figure that the run has data for, by its name."""
    found = {}
    with paper_fonts(lang) as spoken:
        for name, draw, arguments, options in drawings(material):
            found[name] = draw(*arguments, lang=spoken, width=PAPER, finish=to_png, **options)
    return found


def drawings(material: Material) -> Iterator[tuple[str, Draw, tuple[Any, ...], dict[str, Any]]]:
    """Name, drawing function and what it is given, of every figure with data."""
    result = material.result
    place = result["map"]
    if place and place["parcels"]:
        yield "map", maps.map_figure, (place["parcels"], place["plots"]), {}
    series, unit = time_series(result, "stock")
    if series:
        title = quantity_names(result["charts"]["stock"])
        yield "stock", figures.time_figure, (series,), {"title": title, "unit": unit, "floor": True}
    if result["plan"]:
        yield "plan", figures.plan_figure, (result["plan"], result["plan"]["measured"]), {}
    if material.claim and material.claim["credits_t"]:
        yield "waterfall", figures.waterfall, (claim_steps(material.claim),), {}
    shares = share_rows(result)
    if shares:
        yield "shares", figures.shares_figure, (shares,), {}


@contextmanager
def paper_fonts(lang: Lang) -> Iterator[Lang]:
    """Fonts that can be drawn here, and the language they suffice for: without Chinese letters, English."""
    from matplotlib import font_manager, rc_context

    there = {font.name for font in font_manager.fontManager.ttflist}
    chinese = [name for name in CHINESE if name in there][:1]
    with rc_context({"font.family": [LATIN, *chinese]}):
        yield lang if chinese else "en"


def to_png(figure: Figure, title: str) -> Picture:
    """A figure as PNG, the same bytes for the same drawing."""
    stream = io.BytesIO()
    width_in, height_in = figure.get_size_inches()
    scale = WIDTH_MM / MM_PER_INCH / width_in
    figure.savefig(stream, format="png", dpi=DOTS_PER_INCH * scale, metadata={"Software": None}, facecolor="white")
    return Picture(stream.getvalue(), WIDTH_MM, WIDTH_MM * height_in / width_in)
