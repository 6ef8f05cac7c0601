"""Statements on paper: an HTML file for each village, two households on a sheet of A4, in large type.

A page proves nothing by itself: its code holds the leaf and the statement's hash, which the table of shares gives
again. It asks for nothing from outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.units import M2_PER_HA, MU_PER_HA
from tanhui.kernel.wording import Lang, say
from tanhui.projects.tenure.share_table import Sheet
from tanhui.projects.tenure.sharing import yuan

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["village_page"]


def village_page(document: Mapping[str, Any], found: Sequence[Sheet], village: str, lang: Lang) -> str:
    """The statements of one village as one page of HTML.

    Parameters
    ----------
    document : mapping
        A filed table of shares.
    found : sequence of Sheet
        The village's sheets.
    """
    table = document["table"]
    deducted = [(name, int(fen)) for name, fen in table["deducted"]]
    return (
        environment()
        .get_template("statement.html")
        .render(
            lang=lang,
            say=partial(on_sheet, lang),
            pot=lambda name: say(f"tenure.pot.{name}", lang),
            scenario=say("tenure.scenario", lang) if table["status"] == "scenario" else "",
            village=village or on_sheet(lang, "no_village"),
            sheets=found,
            period=table["period"],
            days=table["days"],
            many_pots=len(table["pots"]) > 1,
            deducted=deducted,
            amount_fen=int(table["amount_fen"]),
            gross_fen=int(table["amount_fen"]) + sum(fen for _, fen in deducted),
            source=table["source"],
            log=document["log"],
        )
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
        "style": Markup((folder / "statement.css").read_text(encoding="utf-8")),
        "money": yuan,
        "mu": mu,
        "price": lambda cny: f"{Decimal(cny):.4f}",
        "percent": lambda share: f"{(Decimal(share) * 100).normalize():f}%",
        "code": code,
    }
    return made


def on_sheet(lang: Lang, key: str, **facts: Any) -> str:
    """A sentence of the statement."""
    return say(f"tenure.sheet.{key}", lang, **facts)


def mu(area_m2: int) -> str:
    """An area as farmers count it. [mu]"""
    return f"{area_m2 * MU_PER_HA / M2_PER_HA:.2f}"


def code(index: int, sha256: str) -> Markup:
    """A QR code of leaf and hash. In capitals it is a third smaller; one mask for all, for thousands are drawn."""
    import segno
    from markupsafe import Markup

    made = segno.make(f"TANHUI:{index}:{sha256.upper()}", error="m", micro=False, mode="alphanumeric", mask=3)
    return Markup(made.svg_inline(omitsize=True, border=2, dark="#17231f", svgclass="qr", lineclass=None))
