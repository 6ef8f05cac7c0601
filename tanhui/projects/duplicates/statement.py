"""What is declared and signed: which sources were checked, what was found, and a page and maps to print.

The signed document is the JSON; the pages show it. Its wording is ours, no official form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.signing import SigningKey, TrustedKey, sign_document, verify_document
from tanhui.kernel.wording import LANGS, Lang, say
from tanhui.projects.duplicates.model import Pair, limits

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["FORMAT", "PURPOSE", "ROLE", "map_page", "signed", "signers", "statement_body", "statement_page"]

FORMAT, PURPOSE, ROLE = "tanhui-double-registration-1", "tanhui-double-registration", "owner"


def statement_body(
    day: str,
    declarant: str,
    projects: Sequence[Mapping[str, Any]],
    sources: Sequence[Mapping[str, Any]],
    pairs: Sequence[Pair],
) -> dict[str, Any]:
    """The document that is signed. Areas are text, so that every program signs the same digits."""
    return {
        "format": FORMAT,
        "day": day,
        "declarant": declarant,
        "projects": [dict(project) for project in projects],
        "sources": [dict(source) for source in sources],
        "limits": [{**leaf.to_dict(), "zh": leaf.zh, "en": leaf.en} for leaf in limits().leaves()],
        "pairs": [pair.to_dict() for pair in pairs],
        "counts": counts(pairs),
    }


def counts(pairs: Sequence[Pair]) -> dict[str, int]:
    """How many pairs are certain, possible, and no conflict."""
    conflicts = [pair for pair in pairs if pair.conflict]
    certain = sum(pair.certainty == "certain" for pair in conflicts)
    return {"certain": certain, "possible": len(conflicts) - certain, "no_conflict": len(pairs) - len(conflicts)}


def signed(body: Mapping[str, Any], keys: Sequence[SigningKey]) -> dict[str, Any]:
    """The statement with a signature of each key; without keys it waits for them."""
    return sign_document(PURPOSE, dict(body), *keys)


def signers(document: Mapping[str, Any], trust: Mapping[str, TrustedKey], role: str = ROLE) -> list[TrustedKey]:
    """Who signed a statement, of those whom the trust file names for the role.

    Raises
    ------
    IntegrityError
        If it is no statement of ours, or a trusted key's signature is wrong.
    """
    body = document.get("body")
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise IntegrityError("duplicates.no_statement")
    return verify_document(PURPOSE, document, trust, role)


def statement_page(document: Mapping[str, Any], pairs: Sequence[Pair], maps: Mapping[int, str], lang: Lang) -> str:
    """The statement as one page to print and sign; ``maps`` names the page of each pair's map."""
    rows = [
        {"number": number, "pair": pair, "map": maps.get(number, ""), "texts": {x: pair.texts(x) for x in LANGS}}
        for number, pair in enumerate(pairs, start=1)
    ]
    body = document["body"]
    clear = not (body["counts"]["certain"] or body["counts"]["possible"])
    return (
        environment()
        .get_template("statement.html")
        .render(lang=lang, body=body, rows=rows, signatures=document["signatures"], clear=clear, style=style())
    )


def map_page(number: int, pair: Pair, body: Mapping[str, Any], lang: Lang) -> str:
    """Both outlines of a pair and the ground they share, as one page."""
    from tanhui.projects.report.canvas import draw_all
    from tanhui.projects.report.map import map_figure

    names = [f"{mark}: {site.called}" for mark, site in (("A", pair.one), ("B", pair.other))]
    outlines = [*parts(names[0], pair.one.wkb), *parts(names[1], pair.other.wkb), *parts("A ∩ B", pair.shared)]
    figure = draw_all(map_figure, outlines, [])
    texts = {x: pair.texts(x) for x in LANGS}
    return (
        environment()
        .get_template("map.html")
        .render(lang=lang, number=number, pair=pair, texts=texts, figure=figure, body=body, style=style())
    )


def parts(name: str, wkb: bytes | None) -> list[dict[str, Any]]:
    """The polygons of an outline as a map draws them."""
    import shapely

    from tanhui.projects.land.area import polygons_of

    if wkb is None:
        return []
    polygons, _ = polygons_of([shapely.from_wkb(wkb)])
    rings = ([polygon.exterior, *polygon.interiors] for polygon in polygons)
    return [
        {"stratum": name, "rings": [[list(corner[:2]) for corner in ring.coords] for ring in some]} for some in rings
    ]


@cache
def style() -> str:
    """The style of the report's pages."""
    from tanhui.projects import report

    return (Path(report.__file__).parent / "style.css").read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """Templates of this room; everything from files is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from tanhui.projects.report.page import spans, switchable_figure

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def in_both(key: str, **facts: Any) -> Markup:
        """The sentence ``duplicates.<key>`` in both languages."""
        return spans({lang: say(f"duplicates.{key}", lang, **facts) for lang in LANGS})

    made.globals |= {"t": in_both, "both": spans}
    made.filters |= {"figure": switchable_figure, "figures": lambda value, digits: f"{value:,.{digits}f}"}
    return made
