"""The first pages: how to read the workbook, and every parameter with its source; and the book of all pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tanhui.kernel.bibliography import reference
from tanhui.kernel.parameters import Leaf
from tanhui.kernel.units import CO2_PER_C
from tanhui.kernel.wording import Lang, say
from tanhui.projects.workbook.claimed import Claimed, claimed_pages
from tanhui.projects.workbook.formulas import Model, Models, models_of
from tanhui.projects.workbook.measured import Measured, heads, measured_pages
from tanhui.projects.workbook.model import Book, Cell, Page, Role, word
from tanhui.projects.workbook.source import METHOD, Run

__all__ = ["make_book"]

#: Mean Gregorian year, as :attr:`tanhui.kernel.time.Period.years` counts. [d]
DAYS_PER_YEAR = 365.2425
#: The level of the interval that the deduction table speaks of. [1]
CONFIDENCE = 0.90
#: Parameters that formulas use, by the name they are called by.
CALLED = {"k_risk": f"{METHOD}/k_risk", "leakage_co2e_t": f"{METHOD}/leakage_co2e_t"}
BANDS = f"{METHOD}/uncertainty_bands"
#: A table that the run had no reason to ask for: nothing changed, so there was nothing to deduct from.
UNASKED: Mapping[str, Any] = {"id": BANDS, "value": [], "unit": "1", "status": "recalled", "reference": "", "place": ""}
ROLES: tuple[Role, ...] = ("input", "filled", "parameter", "formula", "value", "check")


def make_book(run: Run, lang: Lang) -> Book:
    """The whole workbook of a run, ready to be written."""
    models = models_of(run)
    measured = measured_pages(run, models, lang)
    claimed = claimed_pages(run, measured, lang)
    parameters = parameter_page(run, models, lang)
    first = readme_page(run, models, measured, claimed, lang)
    middle = (measured.parcels, measured.trees, measured.plots, measured.strata, measured.years)
    last = (claimed.lines, claimed.claim, claimed.uncertainty, claimed.checks)
    title = run.result["title"][lang]
    return Book(
        (first, parameters, *middle, *last),
        run.manifest["run"],
        run.result["project"],
        lang,
        title,
        run.said is not None,
    )


def readme_page(run: Run, models: Models, measured: Measured, claimed: Claimed, lang: Lang) -> Page:
    """What this is, how to read it, whether it agrees with the run, and where it comes from."""
    page = Page("readme", word("sheet.readme", lang), (26, 100), portrait=True, head_rows=0)
    page.add(Cell(run.result["title"][lang], "title"))
    page.add(Cell(word("readme.what", lang), "note"))
    if run.result["illustrative"]:
        page.add(Cell(say("report.illustrative", lang), "check"))
    page.add()
    add_facts(page, run, lang)
    page.add()
    page.head([word("readme.how", lang), ""])
    for number in range(1, 6):
        page.add(Cell(f"{number}.", "label"), Cell(word(f"readme.step{number}", lang)))
    carbon = run.trees["agc_kg"].notna().to_numpy(bool)
    facts = {"of": int(carbon.sum()), "count": int((carbon & ~models.follows).sum())}
    page.add(Cell("6.", "label"), Cell(word("readme.trees", lang, **facts)))
    page.add()
    page.head([word("readme.colours", lang), ""])
    for role in ROLES:
        page.add(Cell(word(f"role.{role}", lang), role), Cell(word(f"role.{role}.about", lang)))
    page.add()
    page.head([word("readme.pages", lang), ""])
    others = (measured.parcels, measured.trees, measured.plots, measured.strata, measured.years)
    for other in (*others, claimed.lines, claimed.claim, claimed.uncertainty, claimed.checks):
        page.add(Cell(other.title, "label"), Cell(word(f"about.{other.key}", lang)))
    page.add()
    page.head([word("readme.inputs", lang), "SHA-256"])
    for entry in run.manifest["inputs"]:
        page.add(Cell(entry["name"], "label"), Cell(entry["sha256"]))
    return page


def add_facts(page: Page, run: Run, lang: Lang) -> None:
    """Whether the workbook agrees with its run, the credits, and which run it is."""
    verdict = f'=IF(checks_unequal=0,"{word("readme.equal", lang)}","{word("readme.unequal", lang)}")'
    page.add(Cell(word("readme.agrees", lang), "label"), Cell(verdict, "check", "", "workbook_agrees"))
    page.add(Cell(word("figure.credits_t", lang), "label"), Cell('=TEXT(credits_t,"#,##0")&" t CO2e"', "check"))
    facts = {"project": run.result["project"], "run": run.manifest["run"], "seed": str(run.manifest["seed"])}
    facts["software"] = f"tanhui {run.manifest['software']['tanhui']}"
    if reasons := run.claim["indicative_reasons"]:
        facts["indicative"] = word("readme.reasons", lang, count=len(reasons))
    for key, value in facts.items():
        page.add(Cell(word(f"readme.{key}", lang), "label"), Cell(value))


def parameter_page(run: Run, models: Models, lang: Lang) -> Page:
    """Every parameter: those that formulas call first, then the others of the run."""
    page = Page("parameters", word("sheet.parameters", lang), (22, 46, 18, 14, 12, 34, 44, 12, 44))
    columns = ("name", "meaning", "value", "unit", "status", "place", "source", "checked_on", "id")
    page.heading(word("about.parameters", lang), heads(lang, *columns))
    used: set[str] = set()
    for name, leaf in called(run, models, lang):
        used.add(leaf["id"])
        add_parameter(page, name, leaf, lang)
    page.add()
    page.head([word("parameters.others", lang), *[""] * (len(columns) - 1)])
    for leaf in run.result["parameters"]:
        if leaf["id"] not in used and "/clause/" not in leaf["id"] and not leaf["id"].startswith("equation/"):
            add_parameter(page, "", leaf, lang)
    return page


def called(run: Run, models: Models, lang: Lang) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every parameter that a formula calls, with its name."""
    both = {"status": "primary", "checked_on": "", "reference": "", "place": word("place.definition", lang)}
    definitions = {"co2_per_c": (CO2_PER_C, "t CO2/t C"), "days_per_year": (DAYS_PER_YEAR, "d/yr")}
    for name, (value, unit) in definitions.items():
        text = word(f"figure.{name}", lang)
        yield name, {**both, "id": name, "value": value, "unit": unit, "zh": text, "en": text}
    bands = run.parameter(BANDS) or UNASKED
    text = word("figure.confidence", lang)
    yield "confidence", {**bands, "value": CONFIDENCE, "unit": "1", "zh": text, "en": text}
    for number, (upper, share) in enumerate(bands["value"], start=1):
        for part, value in (("u", upper), ("share", share)):
            text = word(f"figure.band_{part}", lang, number=number)
            yield f"band_{number}_{part}", {**bands, "value": value, "zh": text, "en": text}
    for name, parameter_id in CALLED.items():
        leaf = run.parameter(parameter_id)
        # A parameter that the run had no reason to ask for changed nothing.
        yield name, leaf or {**bands, "id": parameter_id, "value": 0.0}
    used = set(models.factors())
    for group in models.groups:
        yield from ((name, as_row(leaf)) for name, leaf in group.leaves().items() if name in used)
    for model in models.models:
        yield from coefficients(run, model)


def as_row(leaf: Leaf) -> dict[str, Any]:
    """A parameter as ``result.json`` has them."""
    return {**leaf.to_dict(), "zh": leaf.zh, "en": leaf.en}


def coefficients(run: Run, model: Model) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The numbers of an equation, each under the equation's own source."""
    leaf = run.parameter(f"equation/{model.id}") or {"id": model.id, "status": "recalled", "reference": "", "place": ""}
    for name, value in model.coefficients().items():
        text = f"{model.label}: {model.item.printed}"
        yield name, {**leaf, "value": value, "unit": "1", "zh": text, "en": text}


def add_parameter(page: Page, name: str, leaf: Mapping[str, Any], lang: Lang) -> None:
    """One parameter; a table of values is shown and not called."""
    value = leaf["value"]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    shown = value if number else say_value(value)
    page.add(
        Cell(name, "label"),
        Cell(leaf.get(lang, "")),
        Cell(shown, "parameter" if name else "value", "General", name),
        Cell("" if leaf["unit"] == "text" else leaf["unit"]),
        Cell(say(f"report.status.{leaf['status']}", lang)),
        Cell(leaf.get("place", "")),
        Cell(reference(leaf["reference"]).cite() if leaf.get("reference") else ""),
        Cell(str(leaf.get("checked_on", ""))),
        Cell(leaf["id"]),
    )


def say_value(value: Any) -> str:
    """A value that is no number, as text."""
    return "; ".join(say_value(part) for part in value) if isinstance(value, list) else str(value)
