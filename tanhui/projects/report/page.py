"""The page: what of a run goes where, then one template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.bibliography import glossary, references
from tanhui.kernel.wording import LANGS, Lang, say
from tanhui.projects.report import figures

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["render_report"]

Document = Mapping[str, Any]
FIGURES = ("map", "stock", "change", "plan", "waterfall", "shares")


def render_report(result: Document, manifest: Document, lang: Lang) -> str:
    """The report of a run as one self-contained HTML page in both languages.

    Parameters
    ----------
    result, manifest : mapping
        The contents of ``result.json`` and ``manifest.json``.
    lang : {"zh", "en"}
        The language shown first; the reader can switch.
    """
    template = environment().get_template("template.html")
    return template.render(
        result=result,
        manifest=manifest,
        lang=lang,
        figures=make_figures(result),
        headline=headline(result),
        table=estimate_table(result["estimates"]),
        cited=cited_references(result),
    )


@cache
def environment() -> Environment:
    """Jinja2 with our filters; everything is escaped unless a figure says otherwise."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["t"] = in_both
    made.globals["both"] = spans
    made.filters["figure"] = switchable_figure
    made.filters["number"] = number
    made.filters["signed"] = signed
    made.filters["percent"] = percent
    made.filters["compact"] = compact
    return made


def spans(texts: Mapping[str, str]) -> Markup:
    """A text in both languages, of which the page shows one."""
    from markupsafe import Markup, escape

    return Markup("").join(Markup('<span lang="{}">{}</span>').format(lang, escape(texts[lang])) for lang in LANGS)


def in_both(key: str, **facts: Any) -> Markup:
    """The sentence ``report.<key>`` in both languages."""
    return spans({lang: say(f"report.{key}", lang, **facts) for lang in LANGS})


def switchable_figure(svgs: Mapping[str, str]) -> Markup:
    """A figure in both languages, of which the page shows one."""
    from markupsafe import Markup

    return Markup("").join(
        Markup('<div lang="{}" class="figure">{}</div>').format(lang, Markup(svgs[lang])) for lang in LANGS
    )


def number(value: float | None, digits: int | None = None) -> str:
    """A figure for a table: four significant digits, thousands apart, a true minus."""
    if value is None:
        return "—"
    if digits is None:
        size = abs(value)
        digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    return f"{value:,.{digits}f}".replace("-", "\u2212")


def signed(value: float) -> str:
    """A figure with its sign always shown, two decimals."""
    return f"{value:+,.2f}".replace("-", "\u2212")


def percent(value: float) -> str:
    """A share as per cent with one decimal."""
    return f"{100 * value:.1f} %".replace("-", "\u2212")


def compact(value: object) -> str:
    """A parameter's value on little room: a table of values as ``a: b; c: d``."""
    if isinstance(value, (list, tuple)):
        nested = any(isinstance(part, (list, tuple)) for part in value)
        return ("; " if nested else ": ").join(compact(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def quantity_name(quantity: str, lang: Lang) -> str:
    """What the glossary calls a quantity."""
    term = glossary().get(quantity)
    return (term.zh if lang == "zh" else term.en) if term else quantity


def headline(result: Document) -> list[dict[str, Any]]:
    """The figures that stand at the top: the latest estimate of each headline quantity, then the credits."""
    cards = []
    for quantity in result["headline"]:
        rows = [e for e in result["estimates"] if e["quantity"] == quantity and e["source"] == "tanhui"]
        if rows:
            latest = max(rows, key=lambda e: e["year"])
            cards.append({**latest, "name": {lang: quantity_name(quantity, lang) for lang in LANGS}})
    return cards


def estimate_table(estimates: Sequence[Document]) -> dict[str, Any]:
    """All estimates as one row per quantity, domain and source, with a column per year."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for e in estimates:
        key = (e["quantity"], e["domain"], e["source"])
        row = rows.setdefault(
            key,
            {
                "name": {lang: quantity_name(e["quantity"], lang) for lang in LANGS},
                "domain": {lang: say(f"report.domain.{e['domain']}", lang, default=e["domain"]) for lang in LANGS},
                "source": e["source"],
                "unit": e["unit"],
                "cells": {},
            },
        )
        row["cells"][e["year"]] = e
    return {"years": sorted({e["year"] for e in estimates}), "rows": list(rows.values())}


def make_figures(result: Document) -> dict[str, dict[Lang, str] | None]:
    """Every figure; None where the run has no data for it."""
    drawn: dict[str, dict[Lang, str] | None] = dict.fromkeys(FIGURES)
    place = result.get("map")
    if place and (place["parcels"] or place["plots"]):
        drawn["map"] = figures.both_languages(figures.map_figure, place["parcels"], place["plots"])
    shown = result["charts"]
    for name, draw in (("stock", figures.stock_figure), ("change", figures.change_figure)):
        domain = shown.get(f"{name}_domain", result["domain"])
        rows = [e for e in result["estimates"] if e["quantity"] == shown.get(name) and e["domain"] == domain]
        if len(rows) > 1:
            drawn[name] = figures.both_languages(draw, rows)
    plan = result.get("plan")
    if plan:
        drawn["plan"] = figures.both_languages(figures.plan_figure, plan, plan["measured"])
    for claim in result["claims"]:
        if claim["credits_t"]:
            drawn["waterfall"] = figures.both_languages(figures.waterfall, claim["lines"])
    shares = labelled(result)
    if shares:
        drawn["shares"] = figures.both_languages(figures.shares_figure, shares)
    return drawn


def labelled(result: Document) -> list[dict[str, Any]]:
    """The headline estimates of the last year with a label in each language, for the figure of shares."""
    rows = [
        e
        for e in result["estimates"]
        if e["quantity"] in result["shares"] and e["source"] == "tanhui" and e["variance_shares"]
    ]
    last: dict[str, Document] = {e["quantity"]: e for e in sorted(rows, key=lambda e: e["year"])}
    return [
        {
            **last[quantity],
            "label": {lang: f"{quantity_name(quantity, lang)}, {last[quantity]['year']}" for lang in LANGS},
        }
        for quantity in result["shares"]
        if quantity in last
    ]


def cited_references(result: Document) -> list[dict[str, str]]:
    """The references of all parameters and equations used, by key."""
    keys = {p["reference"] for p in result["parameters"]} | {e["reference"] for e in result["equations"]}
    known = references()
    return [{"key": key, "text": known[key].cite()} for key in sorted(keys) if key in known]
