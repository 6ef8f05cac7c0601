"""The pages of the book: an index, and pages of parcels with their strip of pictures."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.wording import LANGS, say
from tanhui.projects.history.model import Glance, History
from tanhui.projects.report.canvas import plain_number, unit_text
from tanhui.projects.report.numbers import compact
from tanhui.projects.report.page import spans

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from tanhui.projects.history.service import Book

__all__ = ["page_name", "write_index", "write_page"]


def page_name(number: int) -> str:
    """The file of a page."""
    return f"parcels-{number:03d}.html"


def write_page(folder: Path, number: int, parcels: Sequence[History], book: Book) -> None:
    """One page of parcels."""
    days = {"first": book.first.isoformat(), "start": book.start.isoformat(), "years": book.years}
    html = (
        environment().get_template("parcels.html").render(number=number, parcels=parcels, project=book.project, **days)
    )
    (folder / page_name(number)).write_text(html, encoding="utf-8")


def write_index(folder: Path, result: Mapping[str, Any]) -> None:
    """The index: the answer, the sources with their hashes, and on which page each parcel is."""
    pages: dict[int, list[Mapping[str, Any]]] = {}
    for parcel in result["parcels"]:
        pages.setdefault(parcel["page"], []).append(parcel)
    html = environment().get_template("index.html").render(result=result, pages=pages)
    (folder / "index.html").write_text(html, encoding="utf-8")


@cache
def environment() -> Environment:
    """Jinja2 with our words and the report's style."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    here = Path(__file__).parent
    made = Environment(
        loader=FileSystemLoader([here, here.parent / "report"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"t": in_both, "both": spans, "page_name": page_name, "strip": strip}
    made.filters |= {"num": plain_number, "percent": percent, "unit": unit_text, "compact": compact}
    return made


def in_both(key: str, **facts: Any) -> Markup:
    """The sentence ``history.<key>`` in both languages."""
    return spans({lang: say(f"history.{key}", lang, **facts) for lang in LANGS})


def percent(share: float | None) -> str:
    """A share as per cent; a dash where it is not known."""
    return "\u2013" if share is None else f"{100 * share:.0f} %"


def strip(glance: Glance) -> Markup:
    """A picture with the parcel's outline drawn over it, white under red so that it shows on any ground."""
    from markupsafe import Markup

    width, height = glance.size
    data = base64.b64encode(glance.picture).decode()
    path = "".join("M" + " ".join(f"{x:g},{y:g}" for x, y in ring) + "z" for ring in glance.outline)
    # Letters and lines are as large on a window of few pixels as on one of many.
    line = max(width, height) / 120
    return Markup(
        '<svg viewBox="0 0 {w} {h}" class="window">'
        '<image href="data:image/jpeg;base64,{data}" width="{w}" height="{h}"/>'
        '<path d="{path}" fill="none" stroke="#fff" stroke-width="{wide}"/>'
        '<path d="{path}" fill="none" stroke="#d02a1e" stroke-width="{thin}"/></svg>'
    ).format(w=width, h=height, data=data, path=path, wide=f"{3 * line:.2f}", thin=f"{1.4 * line:.2f}")
