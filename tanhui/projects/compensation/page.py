"""An account on paper: what is payable, the formula of every line with its numbers, the schedule and its sources."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.wording import Lang, say

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["account_page", "item_name", "signed_yuan"]


def account_page(document: Mapping[str, Any], lang: Lang) -> str:
    """The account of a contract as one page of HTML, for A4 paper and for a phone.

    Parameters
    ----------
    document : mapping
        From :func:`tanhui.projects.compensation.document.account_document`.
    """
    return (
        environment()
        .get_template("due.html")
        .render(account=document, lang=lang, say=partial(words, lang), item_name=partial(item_name, lang=lang))
    )


@cache
def environment() -> Environment:
    """Templates of this folder, everything escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    folder = Path(__file__).parent
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "style": Markup((folder / "due.css").read_text(encoding="utf-8")),
        "money": signed_yuan,
        "tonnes": lambda number: minus(f"{number:,.1f}"),
        "kilograms": lambda number: minus(f"{number:,.3f}"),
        "area": lambda number: f"{number:,.2f}",
        "price": lambda number: f"{number:,.4f}".rstrip("0").rstrip("."),
        "part": lambda number: f"{number:.6f}".rstrip("0").rstrip("."),
    }
    return made


def words(lang: Lang, key: str, **facts: Any) -> str:
    """A sentence of the page."""
    return say(f"compensation.{key}", lang, **facts)


def item_name(item: Mapping[str, Any], lang: Lang) -> str:
    """What falls due, in words."""
    if not item["number"]:
        return say("compensation.prepayment", lang)
    return say("compensation.instalment", lang, period=item["period"], number=item["number"])


def signed_yuan(fen: str | int) -> str:
    """An amount as people read it: 1,234.56 or -1,234.56, with the sign that is a minus."""
    amount = int(fen)
    return minus(f"{'-' if amount < 0 else ''}{abs(amount) // 100:,}.{abs(amount) % 100:02d}")


def minus(text: str) -> str:
    """A number with a real minus sign."""
    return text.replace("-", "\u2212")
