"""The tables an outline may name: rows of words and facts. Figures are facts, so that each can be traced."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tanhui.kernel.bibliography import references
from tanhui.kernel.wording import Lang, say
from tanhui.projects.documents.catalogue import species_text
from tanhui.projects.documents.material import Material
from tanhui.projects.documents.model import Fact, Table
from tanhui.projects.report.canvas import unit_text
from tanhui.projects.report.rows import both, grouped_reasons

__all__ = ["COLUMNS", "TABLES", "make_tables"]

Facts = Mapping[str, Fact]
Cell = str | Fact
Rows = Sequence[tuple[Cell, ...]]
Maker = Callable[[Facts, Material, Lang], Rows]


def make_tables(facts: Facts, material: Material, lang: Lang) -> dict[str, Table]:
    """Every table that has rows, by its name."""
    rows = {name: tuple(make(facts, material, lang)) for name, make in TABLES.items()}
    return {name: Table(COLUMNS[name], found, WIDTHS.get(name, ())) for name, found in rows.items() if found}


def kind(facts: Facts, beginning: str) -> Iterator[tuple[str, Fact]]:
    """Facts whose key begins so, with what comes after."""
    for key, fact in facts.items():
        if key.startswith(beginning):
            yield key.removeprefix(beginning), fact


def text(value: Any) -> str:
    """A cell of a data frame as words; nothing where there is none."""
    return "" if value is None or value != value else str(value)


def strata(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Carbon strata with species, planting day and area."""
    names = [key.removesuffix(".area_ha") for key, _ in kind(facts, "land.stratum.") if key.endswith(".area_ha")]
    names = names or [key.removesuffix(".species") for key, _ in kind(facts, "project.stratum.") if ".species" in key]
    wanted = (
        "project.stratum.{}.species",
        "project.stratum.{}.planted",
        "land.stratum.{}.parcels",
        "land.stratum.{}.area_ha",
    )
    rows = tuple((name, *(facts.get(key.format(name), "") for key in wanted)) for name in names)
    return rows


def parcels(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Every parcel with its place, stratum and areas."""
    frame = material.tables.get("parcels")
    if frame is None:
        return ()
    empty = [""] * len(frame)
    said = [frame.get(name, empty) for name in ("town", "village", "stratum", "species")]
    said[-1] = [species_text(text(species))[lang] if text(species) else "" for species in said[-1]]
    rows: Rows = tuple(
        (
            str(name),
            *map(text, words),
            facts[f"land.parcel.{name}.declared_ha"],
            facts[f"land.parcel.{name}.area_ha"],
        )
        for name, *words in zip(frame["parcel_id"], *said, strict=True)
    )
    return rows


def plots(facts: Facts, material: Material, lang: Lang) -> Rows:
    """The plots of the last monitoring."""
    frame = material.tables.get("plots")
    if frame is None:
        return ()
    last = frame[frame["year"] == frame["year"].max()]
    wanted = ("lon", "lat", "area_m2", "slope_deg")
    rows = tuple(
        (
            name,
            *map(text, words),
            f"{day:%Y-%m-%d}",
            *(facts.get(f"plot.{name}.{figure}", "") for figure in wanted),
        )
        for name, *words, day in zip(
            last["location_id"].astype(str), last["stratum"], last["parcel_id"], last["visited"], strict=True
        )
    )
    return rows


def surveys(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Each monitoring: plots and tree rows."""
    years = [key.removesuffix(".plots") for key, _ in kind(facts, "monitoring.") if key.endswith(".plots")]
    rows = tuple((year, facts[f"monitoring.{year}.plots"], facts[f"monitoring.{year}.trees"]) for year in years)
    return rows


def estimates(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Every estimate with its 90 % interval."""
    rows = []
    for key, fact in kind(facts, "estimate."):
        if f"estimate.{key}.low" in facts:
            ends = (facts[f"estimate.{key}.low"], facts[f"estimate.{key}.high"])
            rows.append((fact.name[lang], fact, *ends, unit_word(fact.unit)))
    return rows


def shares(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Where the uncertainty of the last estimates comes from."""
    quantities: dict[str, dict[str, Fact]] = {}
    for key, fact in kind(facts, "share."):
        quantity, _, source = key.partition(".")
        quantities.setdefault(quantity, {})[source] = fact
    rows = [
        (both(f"report.error.{source}")[lang], fact, found.get(source, ""))
        for first in list(quantities.values())[:1]
        for found in [list(quantities.values())[-1]]
        for source, fact in first.items()
        if fact.value or getattr(found.get(source), "value", 0)
    ]
    return rows


def plan_years(facts: Facts, material: Material, lang: Lang) -> Rows:
    """The plan year by year."""
    stock = (material.result["plan"] or {}).get("stock", ())
    years = [str(math.floor(before["year"])) for before, _ in pairwise(stock)]
    wanted = ("removal_co2e_t", "stock_co2e_t", "low_co2e_t", "high_co2e_t")
    return [(year, *(facts[f"plan.{year}.{name}"] for name in wanted)) for year in years]


def comparison(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Measurement against the plan."""
    rows = []
    for row in (material.result["plan"] or {}).get("comparison", ()):
        wanted = ("measured_co2e_t", "planned_co2e_t", "difference")
        figures = (facts[f"comparison.{row['date']}.{name}"] for name in wanted)
        rows.append((row["date"], *figures, row["reason"]))
    return rows


def claim_lines(facts: Facts, material: Material, lang: Lang) -> Rows:
    """The signed lines of the claim down to its net."""
    rows = []
    for line in (material.claim or {}).get("lines", ()):
        name = line["line"]
        fact = facts["claim.net" if name == "net" else f"claim.line.{name}"]
        rows.append((fact.name[lang], fact, clause_text(line["clause"], lang)))
    return rows


def clause_text(clause: str, lang: Lang) -> str:
    """A clause; one whose number nobody has read says so."""
    words = [word for word in clause.split() if word != "?"]
    unread = len(words) < len(clause.split())
    return " ".join(words) + (say("documents.unread", lang) if unread else "")


def claim_years(facts: Facts, material: Material, lang: Lang) -> Rows:
    """The claim by calendar year."""
    years = [str(row["year"]) for row in (material.claim or {}).get("by_year", ())]
    rows: list[tuple[Cell, ...]] = [
        (year, facts[f"claim.year.{year}.co2e_t"], facts[f"claim.year.{year}.credits_t"]) for year in years
    ]
    if rows:
        rows.append((say("documents.sum", lang), facts["claim.net"], facts["claim.credits_t"]))
    return rows


def excluded(facts: Facts, material: Material, lang: Lang) -> Rows:
    """What was measured and is not claimed."""
    rows = [(fact.name[lang], fact) for _, fact in kind(facts, "claim.excluded.")]
    return rows


def eligibility(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Every condition with its verdict and what shows it."""
    rows = [
        (
            clause_text(row["clause"], lang),
            row["text"][lang],
            say(f"report.verdict.{row['verdict']}", lang),
            row["detail"][lang],
        )
        for row in material.result["eligibility"]
    ]
    return rows


def findings(facts: Facts, material: Material, lang: Lang) -> Rows:
    """The conditions that are not met or not shown, for whoever validates or verifies."""
    mark = say("documents.to_write", lang)
    rows = [
        (str(number), clause_text(row["clause"], lang), row["detail"][lang], mark)
        for number, row in enumerate((r for r in material.result["eligibility"] if r["verdict"] != "met"), start=1)
    ]
    return rows


def audit(facts: Facts, material: Material, lang: Lang) -> Rows:
    """The audit in a few figures; nothing where there is none."""
    return listed(facts, "audit.", lang)


def investment(facts: Facts, material: Material, lang: Lang) -> Rows:
    """The investment analysis; nothing where there is none."""
    return listed(facts, "investment.", lang)


def listed(facts: Facts, beginning: str, lang: Lang) -> Rows:
    """Facts of a kind, each with its name and unit; those of single findings have a table of their own."""
    found = [fact for key, fact in kind(facts, beginning) if not key.startswith("finding.")]
    return tuple((fact.name[lang], fact, unit_word(fact.unit)) for fact in found)


def audit_findings(facts: Facts, material: Material, lang: Lang) -> Rows:
    """What the auditor found, as it stands now."""
    found = material.audit.findings if material.audit else ()
    rows: Rows = tuple(
        (
            one.number,
            one.clause,
            one.text,
            say(f"audit.page.standing.{one.standing}", lang),
            facts.get(f"audit.finding.{one.number}.misstatement_co2e_t", ""),
        )
        for one in found
    )
    return rows


def parameters(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Every parameter that is a number, with its source and how far that was checked."""
    rows = []
    for row in material.result["parameters"]:
        if row["unit"] != "text":
            fact = facts[f"parameter.{row['id']}"]
            source = " ".join(filter(None, (cited(row["reference"]), clause_text(row["place"], lang))))
            status = say(f"report.status.{row['status']}", lang)
            rows.append((fact.name[lang], fact, unit_word(row["unit"]), source, status))
    return rows


def unit_word(unit: str) -> str:
    """A unit as a table prints it; nothing for a bare number."""
    plain = {"1": "", "text": "", "date": ""}.get(unit, unit)
    return unit_text(plain)


def cited(reference: str) -> str:
    """A reference by its title."""
    known = references().get(reference)
    return known.title if known else reference


def equations(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Tree equations as printed, and how many trees each was used for."""
    rows = [
        (
            row["id"],
            row["printed"],
            facts[f"equation.{row['id']}.trees"],
            facts[f"equation.{row['id']}.out_of_range"],
            cited(row["reference"]),
            say(f"report.status.{row['status']}", lang),
        )
        for row in material.result["equations"]
    ]
    return rows


def quality(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Plots measured again by another crew."""
    rows = []
    for survey in material.result["quality"]:
        wanted = ("share", "dbh_sd_cm", "height_sd_m")
        figures = (facts[f"quality.{survey['survey']}.{name}"] for name in wanted)
        verdict = say("report.quality.passed" if survey["passed"] else "report.quality.failed", lang)
        rows.append((survey["survey"], *figures, verdict))
    return rows


def reasons(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Why the result is indicative, reasons of one kind together."""
    rows: Sequence[tuple[str, ...]] = [
        (group["text"][lang], subjects_text(group["subjects"], lang)) for group in grouped_reasons(material.result)
    ]
    return rows


def subjects_text(subjects: Sequence[Mapping[str, Any]], lang: Lang) -> str:
    """What a reason concerns."""
    mark = "；" if lang == "zh" else "; "
    return mark.join(s["words"][lang] if s["words"] else clause_text(s["code"], lang) for s in subjects)


def inputs(facts: Facts, material: Material, lang: Lang) -> Rows:
    """The files that went into the run."""
    rows = [(row["name"], facts[f"input.{row['name']}.bytes"], row["sha256"]) for row in material.manifest["inputs"]]
    return rows


def steps(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Acts of the project's life with their days."""
    if material.filed is None:
        return ()
    book = material.filed.book
    rows = [(book.word(f"act.{act}", lang), fact) for act, fact in kind(facts, "registry.done.")]
    return rows


def filed(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Documents on file by their hashes."""
    if material.filed is None:
        return ()
    book = material.filed.book
    rows = [(book.word(f"evidence.{code}", lang), fact) for code, fact in kind(facts, "registry.filed.")]
    return rows


def parties(facts: Facts, material: Material, lang: Lang) -> Rows:
    """Who has which role, by their accounts; their names are for people to write."""
    if material.filed is None:
        return ()
    book, mark = material.filed.book, say("documents.to_write", lang)
    rows = [(book.word(f"role.{role}", lang), fact, mark) for role, fact in kind(facts, "registry.party.")]
    return rows


def areas(facts: Facts, material: Material, lang: Lang) -> Rows:
    """The three areas of each parcel whose tenure was checked, and which of them counts."""
    found = material.filed.areas if material.filed else ()
    rows = [
        (
            area.parcel,
            facts[f"tenure.parcel.{area.parcel}.credited_m2"],
            say(f"tenure.area.{area.decided_by}", lang),
        )
        for area in found
    ]
    return rows


#: Every table by the name that outlines and templates use.
TABLES: Mapping[str, Maker] = {
    "strata": strata,
    "parcels": parcels,
    "plots": plots,
    "surveys": surveys,
    "estimates": estimates,
    "shares": shares,
    "plan_years": plan_years,
    "comparison": comparison,
    "claim_lines": claim_lines,
    "claim_years": claim_years,
    "excluded": excluded,
    "eligibility": eligibility,
    "findings": findings,
    "audit": audit,
    "investment": investment,
    "audit_findings": audit_findings,
    "parameters": parameters,
    "equations": equations,
    "quality": quality,
    "reasons": reasons,
    "inputs": inputs,
    "steps": steps,
    "filed": filed,
    "parties": parties,
    "areas": areas,
}
#: Their columns, by the names of the words above them.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "strata": ("stratum", "species", "planted", "parcels", "area_ha"),
    "parcels": ("parcel", "township", "village", "stratum", "species", "declared_ha", "area_ha"),
    "plots": ("plot", "stratum", "parcel", "visited", "longitude", "latitude", "plot_area_m2", "slope_deg"),
    "surveys": ("year", "plots", "trees"),
    "estimates": ("quantity", "value", "low90", "high90", "unit"),
    "shares": ("error_source", "share_stock", "share_change"),
    "plan_years": ("year", "removal", "stock", "low90", "high90"),
    "comparison": ("day", "measured", "planned", "difference", "reason"),
    "claim_lines": ("line", "co2e_t", "clause"),
    "claim_years": ("year", "co2e_t", "credits_t"),
    "excluded": ("why", "co2e_t"),
    "eligibility": ("clause", "requirement", "verdict", "evidence"),
    "findings": ("number", "clause", "finding", "response"),
    "audit": ("quantity", "value", "unit"),
    "investment": ("quantity", "value", "unit"),
    "audit_findings": ("number", "clause", "finding", "standing", "misstatement"),
    "parameters": ("parameter", "value", "unit", "source", "status"),
    "equations": ("equation", "printed", "trees", "outside", "source", "status"),
    "quality": ("survey", "remeasured", "dbh_sd_cm", "height_sd_m", "verdict"),
    "reasons": ("reason", "concerns"),
    "inputs": ("file", "bytes", "sha256"),
    "steps": ("act", "day"),
    "filed": ("document", "sha256"),
    "parties": ("role", "account", "name"),
    "areas": ("parcel", "credited_m2", "decided_by"),
}
#: How wide the columns are, one to another, where they are not alike.
WIDTHS: Mapping[str, tuple[int, ...]] = {
    "strata": (2, 3, 3, 2, 2),
    "parcels": (3, 3, 3, 3, 2, 3, 3),
    "plots": (2, 3, 2, 3, 3, 3, 2, 2),
    "estimates": (7, 2, 2, 2, 2),
    "comparison": (2, 2, 2, 2, 5),
    "claim_lines": (4, 3, 4),
    "excluded": (5, 2),
    "eligibility": (2, 5, 2, 5),
    "findings": (1, 2, 5, 4),
    "audit_findings": (2, 2, 6, 2, 2),
    "parameters": (4, 2, 2, 5, 2),
    "equations": (4, 5, 2, 2, 4, 2),
    "reasons": (4, 6),
    "inputs": (3, 2, 7),
    "steps": (4, 3),
    "filed": (3, 8),
}
