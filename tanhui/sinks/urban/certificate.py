"""The answer for a town's trees as one page to hand on: what was estimated, how sure it is, and that it is no credit.

The page asks for nothing from outside, fits a phone and a sheet of A4, and holds nothing that the result does not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.wording import Lang, say

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["certificate"]

#: Species and sources of error that are named one by one.
SPECIES_NAMED, SOURCES_NAMED = 12, 5
#: Reasons that stand as a sentence of their own; the others are gathered by kind.
WHOLE = ("reason.sinks.research_only", "reason.sinks.needs_method")
AREA_QUANTITIES = {"stock": "urban_stock_kg_m2", "gross": "urban_gross_kg_m2_yr", "net": "urban_net_kg_m2_yr"}


def certificate(result: Mapping[str, Any], lang: Lang) -> str:
    """A run of the sink ``urban`` as one page of HTML.

    Parameters
    ----------
    result : mapping
        From :func:`tanhui.sinks.frame.run_sink`, run in the same language: its cautions are taken as they stand.
    lang : {"zh", "en"}
        Language of the page.
    """
    estimates = {(x["quantity"], x["year"] - result["year"], x["domain"]): x for x in result["estimates"]}
    net = estimates["urban_net_t_yr", 0, ""]
    return (
        environment()
        .get_template("certificate.html")
        .render(
            lang=lang,
            say=partial(_words, lang),
            result=result,
            years=round(result["years"]),
            found=lambda quantity: estimates.get((quantity, 0, "")),
            net=net,
            areas=_areas(result["estimates"]),
            lines=_bars(result["lines"]),
            species=_species(result["rows"]),
            sources=_sources(net["variance_shares"], lang),
            reasons=_reasons(result["indicative_reasons"], lang),
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
        "style": Markup((folder / "certificate.css").read_text(encoding="utf-8")),
        "figure": figure,
        "low": lambda x: number(x["ci90"][0], x["se"]),
        "high": lambda x: number(x["ci90"][1], x["se"]),
        "plain": number,
    }
    return made


def figure(x: Mapping[str, Any]) -> str:
    """An estimate or a line with the digits that its error leaves sure."""
    return number(x["value"] if "value" in x else x["co2e_t"], x["se"])


def number(value: float, se: float = 0.0) -> str:
    """A number with two digits of its standard error, or three of its own, and a real minus sign."""
    scale = se or abs(value) / 10
    digits = 0 if not scale else max(0, 1 - math.floor(math.log10(scale)))
    return f"{value:,.{min(digits, 6)}f}".replace("-", "\u2212")


def _words(lang: Lang, key: str, **facts: Any) -> str:
    return say(f"urban.certificate.{key}", lang, **facts)


def _areas(estimates: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each area with what is stated on it."""
    domains = dict.fromkeys(x["domain"] for x in estimates if x["quantity"] in AREA_QUANTITIES.values())
    by_key = {(x["quantity"], x["domain"]): x for x in estimates}
    return [
        {"domain": domain} | {name: by_key[quantity, domain] for name, quantity in AREA_QUANTITIES.items()}
        for domain in domains
    ]


def _bars(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lines of the balance with the place of their bar and of their interval, in per cent of the width."""
    ends: list[float] = [end for line in lines for end in (*line["ci90"], line["co2e_t"])]
    least, most = min(0.0, *ends), max(0.0, *ends)
    span = most - least or 1.0

    def place(value: float) -> float:
        """How far from the left edge."""
        return round(100 * (value - least) / span, 2)

    return [
        {
            "line": line,
            "zero": place(0.0),
            "bar": (place(min(0.0, line["co2e_t"])), place(least + abs(line["co2e_t"]))),
            "interval": (place(line["ci90"][0]), place(least + line["ci90"][1] - line["ci90"][0])),
        }
        for line in lines
    ]


def _species(rows: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The species that hold most, and the rest together."""
    listed = [dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)]
    rest = listed[SPECIES_NAMED:]
    return {
        "listed": listed[:SPECIES_NAMED],
        "others": len(rest),
        "trees": sum(row["trees"] for row in rest),
        "stock_t_c": math.fsum(row["stock_t_c"] for row in rest),
    }


def _sources(shares: Mapping[str, float], lang: Lang) -> list[tuple[str, float]]:
    """The largest sources of the error with their shares, and the rest together. [%]"""
    known = sorted(shares.items(), key=lambda x: -x[1])
    named = [(_words(lang, f"source.{name}"), 100 * share) for name, share in known[:SOURCES_NAMED]]
    rest = math.fsum(share for _, share in known[SOURCES_NAMED:])
    return [*named, (_words(lang, "source.other"), 100 * rest)] if rest > 0 else named


def _reasons(keys: Sequence[str], lang: Lang) -> list[tuple[str, list[str]]]:
    """Why it is no credit: sentences, and the numbers that each kind of weakness is about."""
    gathered: dict[str, list[str]] = {}
    for key in keys:
        name, _, subject = key.partition(":")
        whole = name in WHOLE
        title = say(name, lang, subject=subject) if whole else _words(lang, f"reason.{name.rsplit('.', 1)[1]}")
        gathered.setdefault(title, []).extend([] if whole else [subject.removeprefix("urban/")])
    return list(gathered.items())
