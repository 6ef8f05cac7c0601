"""Pages of what is claimed: the lines of the method, net and vintages, uncertainty, and the run beside the workbook.

The formulas follow ``mrv.methods.ccer.m14_001_v01``: whole kilograms downwards line by line, the net their exact sum,
credits its floor, and the credits of a year what the smallest running total from that year on adds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tanhui.kernel.time import Period
from tanhui.kernel.wording import Lang, say
from tanhui.projects.workbook.measured import FIRST, Measured, heads
from tanhui.projects.workbook.model import Cell, Content, Page, Role, word
from tanhui.projects.workbook.source import METHOD, Run

__all__ = ["Claimed", "claimed_pages"]

TONNES, KILOGRAMS, FIGURE, SHARE, DAY = "#,##0.000", "#,##0", "#,##0.0000", "0.000000", "yyyy-mm-dd"
#: How near a figure must come to the run's: relative; for tonnes of the claim half a kilogram, or some kilograms where
#: a line is known in whole kilograms only.
RELATIVE, HALF_KG, SOME_KG = "1E-9", 0.0005, 0.005
#: The lines that the permanence deduction is taken from.
BEFORE_PERMANENCE = ("gross_removal", "baseline", "project_emissions", "leakage", "uncertainty_deduction")


@dataclass(frozen=True, slots=True)
class Check:
    """A figure of the run beside the workbook's: what it is called on both sides, and how near they must be."""

    name: str
    key: str
    unit: str
    told: float
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    """The pages."""

    lines: Page
    claim: Page
    uncertainty: Page
    checks: Page


def claimed_pages(run: Run, measured: Measured, lang: Lang) -> Claimed:
    """All pages from the lines to the checks."""
    checks = check_page(run, measured, lang)
    return Claimed(line_page(run, lang), claim_page(run, lang), uncertainty_page(run, measured, lang), checks)


def line_page(run: Run, lang: Lang) -> Page:
    """The days that are claimed, what the lines start from, and the lines."""
    page = Page("lines", word("sheet.lines", lang), (30, 46, 20, 18, 18, 34))
    page.heading(word("about.lines", lang), heads(lang, "name", "meaning", "value", "unit", "clause", "value_source"))
    add_days(page, run, lang)
    add_basis(page, run, lang)
    page.add()
    page.head(heads(lang, "line", "meaning", "unrounded", "kilograms", "tonnes", "clause"))
    first = page.next_row
    for key, formula in line_formulas(run).items():
        if key == "permanence":
            before = Cell(f"=SUM(C{first}:C{page.next_row - 1})", "formula", TONNES, "before_permanence_t")
            page.add(None, Cell(word("figure.before_permanence_t", lang), "label"), before)
        row = page.next_row
        page.add(
            Cell(key, "label"),
            Cell(say(f"report.line.{key}", lang)),
            Cell(formula, "formula", "#,##0.000000"),
            Cell(f"=INT(ROUND(C{row}*1000,3))", "formula", KILOGRAMS),
            Cell(f"=D{row}/1000", "formula", TONNES, f"line_{key}"),
            Cell(clause_of(run, key)),
        )
    total = Cell(f"=SUM(D{first}:D{page.next_row - 1})", "formula", KILOGRAMS, "net_kg")
    net = Cell("=net_kg/1000", "formula", TONNES, "line_net")
    page.add(Cell("net", "label"), Cell(say("report.line.net", lang)), None, total, net)
    return page


def line_formulas(run: Run) -> dict[str, str]:
    """Every line above the net as a formula, before it is brought to whole kilograms. [t CO2e]"""
    found = {
        "gross_removal": "=tree_change_co2e_t*claimed_share+other_pools_t",
        "baseline": "=baseline_claimed_t",
        "project_emissions": "=emissions_claimed_t",
        "leakage": "=-leakage_co2e_t*claimed_share",
        "uncertainty_deduction": "=-deducted_share*ABS(tree_change_co2e_t*claimed_share)",
        "permanence": "=-k_risk*MAX(before_permanence_t,0)",
    }
    return found | ({"carried_deficit": "=-carried_deficit_t"} if run.line("carried_deficit") else {})


def clause_of(run: Run, line: str) -> str:
    """The clause behind a line."""
    return str((run.line(line) or {}).get("clause", ""))


def add_start(
    page: Page, name: str, content: Content, role: Role, shown: str, unit: str, lang: Lang, source: str = ""
) -> None:
    """One figure that the lines start from, with what it is and where it is from."""
    words = (Cell(name, "label"), Cell(word(f"figure.{name}", lang)))
    page.add(*words, Cell(content, role, shown, name), Cell(unit), None, Cell(source))


def add_days(page: Page, run: Run, lang: Lang) -> None:
    """The period of the change, the days of it that are claimed, and their share."""
    (start, end), (first, stop) = run.change_period, run.claimed_period
    days = {"change_start": start, "change_end": end, "claimed_start": first, "claimed_end": stop}
    for name, day in days.items():
        add_start(page, name, day, "value", DAY, "", lang, word("source.run", lang))
    add_start(page, "change_days", "=change_end-change_start", "formula", "0", "d", lang)
    add_start(page, "claimed_days", "=claimed_end-claimed_start", "formula", "0", "d", lang)
    add_start(page, "claimed_share", "=claimed_days/change_days", "formula", SHARE, "1", lang)


def add_basis(page: Page, run: Run, lang: Lang) -> None:
    """U and the share it deducts, and what else the lines start from, on the claimed days."""
    u_rel = relative_error(run)
    told, source = ("formula", "") if isinstance(u_rel, str) else ("value", word("source.interval", lang))
    add_start(page, "u_rel", u_rel, told, SHARE, "1", lang, source)  # type: ignore[arg-type]
    add_start(page, "deducted_share", deducted_share(run), "formula", SHARE, "1", lang)
    source = word("source.project" if run.said else "source.line", lang)
    for name, content in other_lines(run).items():
        role: Role = "formula" if isinstance(content, str) else "input"
        add_start(page, name, content, role, TONNES, "t CO2e", lang, "" if role == "formula" else source)


def relative_error(run: Run) -> str | float:
    """Half the 90 % interval of the change over its size: by Student's t, or the run's where it holds all errors."""
    estimate = run.estimate("tree_change_co2e_t")
    basis = run.parameter("projects/choices/uncertainty_basis") or {"value": "sampling"}
    if basis["value"] == "combined" and estimate["value"]:
        low, high = estimate["ci90"]
        return float((high - low) / 2 / abs(estimate["value"]))
    half = "TINV(1-confidence,change_df)*SQRT(change_variance)"
    return f"=IF(tree_change_co2e_t=0,0,{half}/ABS(tree_change_co2e_t))"


def deducted_share(run: Run) -> str:
    """The share of the first band whose upper end is not below U; beyond the last there is none."""
    bands = run.parameter(f"{METHOD}/uncertainty_bands")
    formula = "NA()"
    for number in range(len(bands["value"]) if bands else 0, 0, -1):
        formula = f"IF(u_rel<=band_{number}_u,band_{number}_share,{formula})"
    return f"=IF(tree_change_co2e_t=0,0,{formula})"


def other_lines(run: Run) -> dict[str, float | str]:
    """What stands beside the trees: from the project file, or from the lines of the claim where there is none.

    Those are whole kilograms, rounded down, of the claimed days; less than one is the rounding and no pool. [t CO2e]
    """
    told = {line["line"]: line["co2e_t"] for line in run.claim["lines"]}
    fires: dict[str, float | str] = {"emissions_claimed_t": "=fires_t" if run.claim["by_year"] else 0.0}
    if run.said:
        whole = {"other_pools_whole_t": run.said.pools_t, "baseline_whole_t": run.said.baseline_t}
        shares = {
            "other_pools_t": "=other_pools_whole_t*claimed_share",
            "baseline_claimed_t": "=baseline_whole_t*claimed_share",
        }
        return {**whole, **shares, **fires, **({"carried_deficit_t": run.said.deficit_t} if run.said.deficit_t else {})}
    (start, end), (first, stop) = run.change_period, run.claimed_period
    trees_t = run.estimate("tree_change_co2e_t")["value"] * ((stop - first) / (end - start))
    pools_t = told["gross_removal"] - trees_t
    found = {"other_pools_t": pools_t if abs(pools_t) > 2 * HALF_KG else 0.0, "baseline_claimed_t": told["baseline"]}
    deficit = {"carried_deficit_t": -told["carried_deficit"]} if "carried_deficit" in told else {}
    return {**found, **fires, **deficit}


def claim_page(run: Run, lang: Lang) -> Page:
    """Net, whole credits, and their vintages."""
    page = Page("claim", word("sheet.claim", lang), (28, 14, 14, 10, 18, 18, 18, 18, 18, 18, 14))
    page.heading(word("about.claim", lang), heads(lang, "name", "value", "unit"))
    for name, formula, unit, shown in (
        ("net_t", "=line_net", "t CO2e", TONNES),
        ("credits_t", "=MAX(0,INT(net_kg/1000))", "t CO2e", KILOGRAMS),
        ("deficit_t", "=MAX(-net_kg,0)/1000", "t CO2e", TONNES),
        ("held_back_share", "=IF(before_permanence_t>0,k_risk,0)", "1", SHARE),
    ):
        value = Cell(formula, "formula", shown, name)
        page.add(Cell(name, "label"), value, Cell(unit), Cell(word(f"figure.{name}", lang), "note"))
    add_vintages(page, run, lang)
    if run.claim["excluded"]:
        page.add()
        page.head(heads(lang, "excluded", "tonnes", "value_source"))
        for item in run.claim["excluded"]:
            source = word("source.excluded", lang)
            page.add(Cell(item["text"][lang], "label"), Cell(item["co2e_t"], "value", TONNES), Cell(source, "note"))
    return page


def add_vintages(page: Page, run: Run, lang: Lang) -> None:
    """Calendar years: their days, what falls on them, the running total, and what of it no later loss takes back."""
    first_day, stop = run.claimed_period
    years = list(Period(first_day, stop).by_year()) if first_day < stop else []
    page.add()
    columns = ("year", "first_day", "day_after", "days", "by_days", "emissions_year", "after_permanence")
    page.head(heads(lang, *columns, "running_kg", "tonnes", "secure", "credits"))
    first, last = page.next_row, page.next_row + len(years) - 1
    emissions = year_emissions(run, [span for _, span in years])
    for (year, span), fires_t in zip(years, emissions, strict=True):
        row = page.next_row
        by_days = "(before_permanence_t-emissions_claimed_t)"
        deficit = "-carried_deficit_t" if run.line("carried_deficit") else ""
        running = f"=INT(ROUND((SUM(G${first}:G{row}){deficit})*1000,3))" if row < last else "=net_kg"
        page.add(
            Cell(year, "label"),
            Cell(span.start, "value", DAY),
            Cell(span.end, "value", DAY),
            Cell(f"=C{row}-B{row}", "formula", "0"),
            Cell(f"={by_days}*D{row}/claimed_days", "formula", TONNES),
            Cell(fires_t, "input", TONNES),
            Cell(f"=(E{row}+F{row})*(1-held_back_share)", "formula", TONNES),
            Cell(running, "formula", KILOGRAMS),
            Cell(f"=(H{row}{'' if row == first else f'-H{row - 1}'})/1000", "formula", TONNES, f"vintage_{year}"),
            Cell(f"=INT(MAX(0,MIN(H{row}:H${last}))/1000)", "formula", KILOGRAMS),
            Cell(f"=J{row}{'' if row == first else f'-J{row - 1}'}", "formula", KILOGRAMS, f"credits_{year}"),
        )
    if years:
        sums = [Cell(f"=SUM({x}{first}:{x}{last})", "formula", shown) for x, shown in (("I", TONNES), ("K", KILOGRAMS))]
        fires = Cell(f"=SUM(F{first}:F{last})", "formula", TONNES, "fires_t")
        page.add(Cell(word("total", lang), "label"), *[None] * 4, fires, None, None, sums[0], None, sums[1])


def year_emissions(run: Run, spans: Sequence[Period]) -> list[float]:
    """Fires of each year: by their days, or as the years of the run hold them beside what falls on them by days.

    The latter comes from whole kilograms, so what is a few of them is none. [t CO2e]
    """
    if run.said:
        return [math.fsum(t for day, t in run.said.fires_t if s.start <= day < s.end) for s in spans]
    told = {line["line"]: line["co2e_t"] for line in run.claim["lines"]}
    if not told["project_emissions"]:
        return [0.0] * len(spans)
    before_t = math.fsum(told[name] for name in BEFORE_PERMANENCE)
    kept = 1 + told["permanence"] / before_t if before_t > 0 else 1.0
    by_day_t = (before_t - told["project_emissions"]) / sum(span.days for span in spans)
    booked = [row["co2e_t"] for row in run.claim["by_year"]]
    booked[0] -= told.get("carried_deficit", 0.0)
    beside = [year_t / kept - by_day_t * span.days for year_t, span in zip(booked, spans, strict=True)]
    found = [value if abs(value) > SOME_KG else 0.0 for value in beside]
    worst = found.index(min(found))
    found[worst] += told["project_emissions"] - math.fsum(found)
    return found


def uncertainty_page(run: Run, measured: Measured, lang: Lang) -> Page:
    """The variance of each figure: sampling by formula, every other source as the run's simulation gives it."""
    page = Page("uncertainty", word("sheet.uncertainty", lang), (30, 18, 24, 22, 14, 20, 20))
    columns = ("name", "error_source", "standard_error", "variance", "share", "low90", "high90")
    page.heading(word("about.uncertainty", lang), heads(lang, *columns))
    for place, (name, key) in enumerate(measured.figures.items()):
        # The first row of the sheet of years is the area.
        sampling = measured.years.place(6, FIRST + 1 + place)
        add_variance(page, name, run.estimate(*key), f"={sampling}", lang)
    return page


def add_variance(page: Page, name: str, told: Mapping[str, Any], sampling: str, lang: Lang) -> None:
    """One figure: a row of its total, and a row for each source of its error."""
    row = page.next_row
    sources = [source for source, share in told["variance_shares"].items() if share or source == "sampling"]
    last = row + len(sources)
    low, high = told["ci90"]
    total = Cell(f"=SUM(D{row + 1}:D{last})", "formula", FIGURE) if sources else Cell(0, "value", FIGURE)
    page.add(
        Cell(name, "label"),
        Cell(word("total", lang), "label"),
        Cell(f"=SQRT(D{row})", "formula", FIGURE, f"se_{name}"),
        total,
        None,
        Cell(low, "value", FIGURE),
        Cell(high, "value", FIGURE),
    )
    for source in sources:
        here = page.next_row
        told_variance = Cell(told["variance_shares"][source] * told["se"] ** 2, "value", FIGURE)
        page.add(
            Cell(f"{name} · {source}", "label"),
            Cell(say(f"report.error.{source}", lang)),
            Cell(f"=SQRT(D{here})", "formula", FIGURE),
            Cell(sampling, "formula", FIGURE) if source == "sampling" else told_variance,
            Cell(f"=IF(D${row}=0,0,D{here}/D${row})", "formula", "0.0%"),
        )


def check_page(run: Run, measured: Measured, lang: Lang) -> Page:
    """Every figure of the run beside the workbook's."""
    page = Page("checks", word("sheet.checks", lang), (34, 26, 12, 22, 22, 18, 12))
    columns = ("name", "explain", "unit", "of_run", "of_workbook", "difference", "equal")
    page.heading(word("about.checks", lang), heads(lang, *columns))
    checks = checks_of(run, measured)
    other = {"baseline", "project_emissions", "carried_deficit"}
    rough = run.said is None and any(line["co2e_t"] for line in run.claim["lines"] if line["line"] in other)
    first, last = FIRST + 1, FIRST + len(checks)
    count = Cell(f'=COUNTIF(G{first}:G{last},"≠")', "check", "0", "checks_unequal")
    page.add(Cell(word("unequal", lang), "label"), None, None, None, None, None, count)
    for check in checks:
        row = page.next_row
        near = str(SOME_KG if rough else HALF_KG) if check.exact else f"{RELATIVE}*ABS(D{row})"
        page.add(
            Cell(check.name, "label"),
            Cell(check.key),
            Cell(check.unit),
            Cell(check.told, "value", "#,##0.000000"),
            Cell(f"={check.name}", "formula", "#,##0.000000"),
            Cell(f"=E{row}-D{row}", "formula", "0.00E+00"),
            # An error in a formula is no equality either.
            Cell(f'=IF(ISNUMBER(F{row}),IF(ABS(F{row})<={near},"=","≠"),"≠")', "check"),
        )
    return page


def checks_of(run: Run, measured: Measured) -> list[Check]:
    """Everything that is compared, in the order of the calculation."""
    figures = {name: run.estimate(*key) for name, key in measured.figures.items()}
    strata = {name: run.estimate(*key) for name, key in measured.stratum_figures.items()}
    found = [Check(name, e["quantity"], e["unit"], e["value"]) for name, e in (strata | figures).items()]
    found += [Check(f"se_{name}", e["quantity"], e["unit"], e["se"]) for name, e in figures.items()]
    claim = {f"line_{line['line']}": (line["line"], line["co2e_t"]) for line in run.claim["lines"]}
    claim |= {name: ("claim", run.claim[name]) for name in ("credits_t", "deficit_t")}
    for year in run.claim["by_year"]:
        claim[f"vintage_{year['year']}"] = ("claim", year["co2e_t"])
        claim[f"credits_{year['year']}"] = ("claim", year["credits_t"])
    return found + [Check(name, key, "t CO2e", told, exact=True) for name, (key, told) in claim.items()]
