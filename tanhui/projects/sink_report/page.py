"""The page of an answer: what came out with its interval, the balance, and everything it rests on. Both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.bibliography import glossary, references
from tanhui.kernel.wording import LANGS, say
from tanhui.projects.report import figures
from tanhui.projects.report.canvas import SERIES, Drawing, draw_all, unit_text
from tanhui.projects.report.numbers import digits_for, number, percent
from tanhui.projects.report.page import spans, switchable_figure

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["render"]

Result = Mapping[str, Any]
#: Rows of the details that are printed; all are in ``rows.csv``.
ROWS_SHOWN = 40
#: Figures in large letters at the top.
CARDS = 4
#: Lines that a figure of time can tell apart.
LINES_SHOWN = len(SERIES)


def render(told: Mapping[str, Result]) -> str:
    """The page as HTML.

    Parameters
    ----------
    told : mapping of str to mapping
        The same answer in each language, as :func:`tanhui.sinks.frame.run_sink` gives it.
    """
    result = told["en"]
    return (
        environment()
        .get_template("template.html")
        .render(
            result=result,
            title=_both(told, "title"),
            estimates=result["estimates"],
            lines=[_both_words(told, i) for i in range(len(result["lines"]))],
            balance=_balance(told),
            series=_series(result),
            headline=_headline(result),
            reasons=_reasons(told),
            notes=_pairs(told, "notes"),
            rows=_rows(result),
            sources=_sources(result),
        )
    )


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
    made.globals |= {"t": _words, "both": spans, "name": _name, "digits": digits_for}
    made.filters |= {"figure": switchable_figure, "number": number, "unit": unit_text, "percent": percent}
    return made


def _words(key: str, **facts: Any) -> Markup:
    """The sentence ``sink_report.<key>`` in both languages."""
    return spans({lang: say(f"sink_report.{key}", lang, **facts) for lang in LANGS})


def _name(quantity: str) -> Markup:
    term = glossary()[quantity]
    return spans({"zh": term.zh, "en": term.en})


def _both(told: Mapping[str, Result], key: str) -> dict[str, str]:
    return {lang: str(told[lang][key]) for lang in LANGS}


def _both_words(told: Mapping[str, Result], place: int) -> dict[str, str]:
    return {lang: str(told[lang]["lines"][place]["words"]) for lang in LANGS}


def _pairs(told: Mapping[str, Result], key: str) -> list[dict[str, str]]:
    """Sentences of both languages side by side, each once."""
    pairs = [dict(zip(LANGS, pair, strict=True)) for pair in zip(*(told[lang][key] for lang in LANGS), strict=True)]
    return list({pair["en"]: pair for pair in pairs}.values())


def _headline(result: Result) -> list[Mapping[str, Any]]:
    """The last year of each quantity that is of the whole."""
    last: dict[str, Mapping[str, Any]] = {}
    for x in result["estimates"]:
        if not x["domain"] and x["year"] >= last.get(x["quantity"], x)["year"]:
            last[x["quantity"]] = x
    return list(last.values())[:CARDS] or result["estimates"][:CARDS]


def _reasons(told: Mapping[str, Result]) -> list[dict[str, Any]]:
    """Reasons of one kind as one sentence, with what it is about; the first, about methodologies, as it stands."""
    first = {lang: told[lang]["reasons"][0] for lang in LANGS}
    kinds: dict[str, list[str]] = {}
    for code in told["en"]["indicative_reasons"][1:]:
        key, _, subject = code.partition(":")
        kinds.setdefault(key.rsplit(".", 1)[1], []).append(subject)
    grouped = [
        {"words": {lang: say(f"sink_report.reason.{kind}", lang, count=len(about)) for lang in LANGS}, "about": about}
        for kind, about in kinds.items()
    ]
    return [{"words": first, "about": []}, *grouped]


def _balance(told: Mapping[str, Result]) -> Drawing | None:
    """The lines as steps down to the net, where there are at least two."""
    lines = told["en"]["lines"]
    if len(lines) < 3:
        return None
    steps = [
        figures.Step(_both_words(told, i), line["co2e_t"], "total" if line["line"] == "net" else "step")
        for i, line in enumerate(lines)
    ]
    return draw_all(figures.waterfall, steps)


def _series(result: Result) -> list[Drawing]:
    """A figure for each quantity that is there for several years."""
    drawn = []
    for quantity in dict.fromkeys(x["quantity"] for x in result["estimates"]):
        rows = [x for x in result["estimates"] if x["quantity"] == quantity]
        domains = list(dict.fromkeys(x["domain"] for x in rows))[:LINES_SHOWN]
        if len({x["year"] for x in rows}) < 2:
            continue
        term = glossary()[quantity]
        named = {"zh": term.zh, "en": term.en}
        lines = [
            figures.Series(
                {"zh": domain, "en": domain} if domain else named, colour, [x for x in rows if x["domain"] == domain]
            )
            for domain, colour in zip(domains, SERIES, strict=False)
        ]
        drawn.append(draw_all(figures.time_figure, lines, title=named, unit=term.unit))
    return drawn


def _rows(result: Result) -> dict[str, Any] | None:
    columns: Mapping[str, Sequence[Any]] | None = result.get("rows")
    if not columns:
        return None
    listed = list(zip(*columns.values(), strict=True))
    return {"head": list(columns), "body": listed[:ROWS_SHOWN], "more": len(listed) - ROWS_SHOWN}


def _sources(result: Result) -> list[dict[str, str]]:
    keys = dict.fromkeys(x["reference"] for x in result["parameters"] if x["reference"])
    return [{"key": key, "cite": references()[key].cite()} for key in keys]
