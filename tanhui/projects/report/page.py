"""The page: what of a run goes where, then one template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.wording import LANGS, Lang
from tanhui.projects.report import figures, rows
from tanhui.projects.report.canvas import SERIES, Drawing, draw_all, unit_text
from tanhui.projects.report.map import map_figure, stratum_colours
from tanhui.projects.report.numbers import compact, digits_for, number, percent, signed
from tanhui.projects.report.rows import Both, Document, both, headline, quantity_names, share_rows

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["headline", "number", "render_report"]

FIGURES = ("map", "stock", "change", "plan", "waterfall", "shares")
#: How a clause begins whose number nobody has read.
UNREAD = "?"


def render_report(result: Document, manifest: Document, lang: Lang) -> str:
    """The report of a run as one self-contained HTML page in both languages.

    Parameters
    ----------
    result, manifest : mapping
        The contents of ``result.json`` and ``manifest.json``.
    lang : {"zh", "en"}
        The language shown first; the reader can switch.
    """
    shares = share_rows(result)
    return (
        environment()
        .get_template("template.html")
        .render(
            result=result,
            manifest=manifest,
            lang=lang,
            figures=make_figures(result),
            headline=headline(result),
            reasons=rows.grouped_reasons(result),
            shares=shares,
            sources=rows.share_table(shares),
            table=rows.estimate_table(result["estimates"]),
            verdicts=verdict_counts(result),
            groups=rows.parameter_groups(result),
            places={p["id"].removeprefix("equation/"): p["place"] for p in result["parameters"]},
            missing=rows.missing_parts(result),
            cited=rows.cited_references(result),
        )
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
    made.globals |= {"t": in_both, "both": spans, "digits": digits_for, "any_unread": any_unread}
    made.filters |= {
        "figure": switchable_figure,
        "number": number,
        "signed": signed,
        "percent": percent,
        "compact": compact,
        "unit": unit_text,
        "clause": clause_mark,
    }
    return made


def spans(texts: Mapping[str, str]) -> Markup:
    """A text in both languages, of which the page shows one."""
    from markupsafe import Markup, escape

    return Markup("").join(Markup('<span lang="{}">{}</span>').format(lang, escape(texts[lang])) for lang in LANGS)


def in_both(key: str, **facts: Any) -> Markup:
    """The sentence ``report.<key>`` in both languages."""
    return spans(both(f"report.{key}", **facts))


def switchable_figure(drawing: Drawing) -> Markup:
    """A figure in both languages and widths, of which the page shows one."""
    from markupsafe import Markup

    return Markup("").join(
        Markup('<div lang="{}" class="figure {}">{}</div>').format(lang, width, Markup(svg))
        for lang, widths in drawing.items()
        for width, svg in widths.items()
    )


def clause_mark(place: str) -> Markup:
    """A clause without its question mark; a dagger says that its number was not read."""
    from markupsafe import Markup, escape

    words = [word for word in place.split(" ") if word != UNREAD]
    mark = Markup('<sup class="unread">†</sup>') if len(words) < len(place.split(" ")) else Markup("")
    return escape(" ".join(words)) + mark


def any_unread(listed: Sequence[Document]) -> bool:
    """Whether a table has a clause whose number was not read."""
    return any(UNREAD in row["clause"].split(" ") for row in listed)


def verdict_counts(result: Document) -> dict[str, int]:
    """How many clauses are met, open or not met."""
    found = [row["verdict"] for row in result["eligibility"]]
    return {verdict: found.count(verdict) for verdict in ("met", "open", "not_met")}


def make_figures(result: Document) -> dict[str, Drawing | None]:
    """Every figure; None where the run has no data for it."""
    drawn: dict[str, Drawing | None] = dict.fromkeys(FIGURES)
    place = result.get("map")
    if place and (place["parcels"] or place["plots"]):
        drawn["map"] = draw_all(map_figure, place["parcels"], place["plots"], weight=place.get("weight"))
    for name in ("stock", "change"):
        series, unit = time_series(result, name)
        if series and max(len(one.rows) for one in series) > 1:
            title = quantity_names(result["charts"][name])
            drawn[name] = draw_all(figures.time_figure, series, title=title, unit=unit, floor=name == "stock")
    plan = result.get("plan")
    if plan:
        drawn["plan"] = draw_all(figures.plan_figure, plan, plan["measured"])
    for claim in result["claims"]:
        if claim["credits_t"]:
            drawn["waterfall"] = draw_all(figures.waterfall, claim_steps(claim))
    shares = share_rows(result)
    if shares:
        drawn["shares"] = draw_all(figures.shares_figure, shares)
    return drawn


def time_series(result: Document, name: str) -> tuple[list[figures.Series], str]:
    """What a figure over the years shows: each stratum where there are some, else each source of tree values."""
    quantity = result["charts"].get(name)
    found = [e for e in result["estimates"] if e["quantity"] == quantity]
    place = result.get("map")
    colours = stratum_colours([parcel["stratum"] for parcel in place["parcels"]] if place else [])
    if any(e["domain"] in colours for e in found):
        groups = {domain: [e for e in found if e["domain"] == domain] for domain in colours}
        series = [figures.Series(dict.fromkeys(LANGS, d), colours[d], es) for d, es in groups.items() if es]
    else:
        domain = result["charts"].get(f"{name}_domain", result["domain"])
        found = [e for e in found if e["domain"] == domain]
        sources = sorted({e["source"] for e in found}, key=lambda source: source != "tanhui")
        series = [
            figures.Series(both(f"report.source.{source}"), SERIES[k], [e for e in found if e["source"] == source])
            for k, source in enumerate(sources)
        ]
    return series, found[0]["unit"] if found else ""


def claim_steps(claim: Document) -> list[figures.Step]:
    """A claim's lines as steps, after what was measured and what of it is shown but not claimed."""
    lines = claim["lines"]
    steps = []
    if claim["excluded"]:
        gross = next(line["co2e_t"] for line in lines if line["line"] == "gross_removal")
        measured = gross + sum(item["co2e_t"] for item in claim["excluded"])
        steps.append(figures.Step(both("report.line.measured_change"), measured, "total"))
        steps += [figures.Step(item["text"], -item["co2e_t"], "left_out") for item in claim["excluded"]]
    for line in lines:
        kind = "total" if line["line"] in ("gross_removal", "net") else "step"
        steps.append(figures.Step(line_name(line["line"]), line["co2e_t"], kind))
    return steps


def line_name(line: str) -> Both:
    """What a line of a claim is called."""
    return both(f"report.line.{line}")
