"""The printable page of a first look: both languages, no outside request, A4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.wording import LANGS, say
from tanhui.projects.report.canvas import draw_all, plain_number, unit_text
from tanhui.projects.report.page import any_unread, clause_mark, spans, switchable_figure
from tanhui.projects.scout.document import irr_text
from tanhui.projects.scout.figures import COLOURS, fan_figure, map_svg, tornado_figure
from tanhui.projects.scout.model import STANDINGS

if TYPE_CHECKING:
    import geopandas as gpd
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["render"]

#: Parcels named on the page; all are in the workbook.
NAMED = 24
#: Drivers with less than this share of the strongest one's swing are not drawn.
SEEN = 0.03


def render(result: Mapping[str, Any], frame: gpd.GeoDataFrame, inputs: Sequence[Mapping[str, Any]]) -> str:
    """The page as HTML.

    Parameters
    ----------
    result : mapping
        The document of ``scout.json``.
    frame : GeoDataFrame
        The parcels in its order.
    inputs : sequence of mapping
        Files that were read, by name and hash.
    """
    standing = [parcel["standing"] for parcel in result["parcels"]]
    excluded = [parcel for parcel in result["parcels"] if parcel["standing"] == "excluded"]
    return (
        environment()
        .get_template("template.html")
        .render(
            result=result,
            inputs=inputs,
            map=map_svg(frame, standing),
            colours=COLOURS,
            standings=STANDINGS,
            excluded=excluded,
            named=NAMED,
            fan=fan(result),
            tornado=tornado(result),
            years=table_years(result),
            shares=seen_shares(result),
        )
    )


@cache
def environment() -> Environment:
    """Jinja2 with our words and the report's style."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    here = Path(__file__).parent
    made = Environment(
        loader=FileSystemLoader([here, here.parent / "report"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "t": in_both,
        "both": spans,
        "irr": lambda part: spans(irr_text(part)),
        "any_unread": any_unread,
        "raw": Markup,
    }
    made.filters |= {"figure": switchable_figure, "num": figure, "clause": clause_mark, "unit": unit_text}
    return made


def in_both(key: str, **facts: Any) -> Markup:
    """The sentence ``scout.<key>`` in both languages."""
    return spans({lang: say(f"scout.{key}", lang, **facts) for lang in LANGS})


def figure(value: float | None, digits: int = 0) -> str:
    """A figure with thousands apart; a dash where there is none."""
    return "\u2013" if value is None else plain_number(value, digits)


def fan(result: Mapping[str, Any]) -> Any:
    """The fan of the tonnes, where there are some."""
    if result["tonnes"] is None:
        return None
    rows = result["tonnes"]["by_year"]
    columns = ([row[name] for row in rows] for name in ("year", "cumulative_t", "cumulative_se_t"))
    return draw_all(fan_figure, *columns)


def tornado(result: Mapping[str, Any]) -> Any:
    """The drivers of the project with carbon; those that move next to nothing are in the workbook's cells only."""
    if result["money"] is None:
        return None
    case = result["money"]["with_carbon"]
    swings = [abs(row["npv_high_cny"] - row["npv_low_cny"]) for row in case["sensitivity"]]
    rows = [
        (row["name"], row["npv_low_cny"], row["npv_high_cny"])
        for row, swing in zip(case["sensitivity"], swings, strict=True)
        if swing > SEEN * max(swings)
    ]
    return draw_all(tornado_figure, rows, case["npv_cny"]) if rows else None


def table_years(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The years of the table: those with a verification, each with the flows since the one before."""
    if result["money"] is None:
        return []
    rows, start = [], 0
    lines = result["money"]["with_carbon"]["lines"]
    for n, row in enumerate(result["tonnes"]["by_year"]):
        if not row["verified"]:
            continue
        income = sum(sum(line["cny"][start : n + 1]) for line in lines if line["id"] == "carbon_income")
        net = sum(result["money"]["with_carbon"]["flows_cny"][start : n + 1])
        first = result["tonnes"]["by_year"][start]["year"]
        rows.append({**row, "from": first, "income_cny": income, "net_cny": net})
        start = n + 1
    return rows


def seen_shares(result: Mapping[str, Any]) -> list[tuple[str, float]]:
    """What the interval comes from, the largest first; less than half a per cent is not said."""
    shares = result["tonnes"]["variance_shares"] if result["tonnes"] else {}
    return sorted(((name, share) for name, share in shares.items() if share >= 0.005), key=lambda x: -x[1])
