"""A first look as plain data: what ``scout.json`` holds and the page, the workbook and the command show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tanhui.kernel.bibliography import references
from tanhui.kernel.wording import LANGS, say
from tanhui.mrv.methods import method
from tanhui.mrv.methods.verdict import Verdict
from tanhui.projects.afforestation import eligibility_rows
from tanhui.projects.investment import Case, CashLine, InvestmentAnalysis, Irr, break_even
from tanhui.projects.plan import Plan, interval90
from tanhui.projects.scout.growth import Choice
from tanhui.projects.scout.model import METHOD, STANDINGS, Judged, Question, Tonnes
from tanhui.projects.scout.money import CarbonSales, Costs

__all__ = ["Found", "document", "irr_text", "item_name"]

Both = dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Everything a first look found, before it is written down."""

    file: str
    system: str
    question: Question
    parcels: tuple[Judged, ...]
    project: tuple[Verdict, ...]
    choices: tuple[Choice, ...]
    tonnes: Tonnes | None
    plan: Plan | None
    kept_share: float
    costs: Costs
    price_cny_t: float
    carbon: CarbonSales | None
    analysis: InvestmentAnalysis | None
    notes: tuple[Mapping[str, Any], ...]


def both(key: str, **facts: Any) -> Both:
    """A sentence in both languages."""
    return {lang: say(key, lang, **facts) for lang in LANGS}


def document(found: Found) -> dict[str, Any]:
    """The first look as JSON can carry it."""
    question = found.question
    return {
        "format": "tanhui-scout-1",
        "method": METHOD,
        "file": found.file,
        "system": found.system,
        "day": question.day.isoformat(),
        "crediting": question.crediting.to_list(),
        "years": question.years,
        "region": question.region,
        "indicative": True,
        "standing": standing(found.parcels),
        "clauses": clause_rows(found),
        "missing": missing(found),
        "growth": [growth_row(choice) for choice in found.choices],
        "without_species_ha": sum(p.area_ha for p in found.parcels if not p.species and p.standing != "excluded"),
        "tonnes": tonnes_part(found),
        "money": money_part(found),
        "costs": [cost_row(found, item) for item in found.costs.items or ()],
        "parcels": [parcel_row(found, parcel) for parcel in found.parcels],
        "notes": [dict(note) for note in found.notes],
    }


def standing(parcels: Sequence[Judged]) -> dict[str, Any]:
    """Number and area of parcels by standing."""
    counts, areas = Counter(p.standing for p in parcels), Counter[str]()
    for parcel in parcels:
        areas[parcel.standing] += parcel.area_ha  # type: ignore[assignment]
    return {name: {"count": counts[name], "area_ha": float(areas[name])} for name in STANDINGS}


def clause_rows(found: Found) -> list[dict[str, Any]]:
    """One row per clause: how many parcels meet it, lack evidence or fail; project clauses without numbers."""
    documents = method(METHOD).documents
    every = [verdict for parcel in found.parcels for verdict in parcel.verdicts]
    counts: dict[str, Counter[str]] = {}
    for verdict in every:
        counts.setdefault(verdict.clause, Counter())[verdict.outcome] += 1
    rows = []
    for row in [*eligibility_rows(every, documents), *eligibility_rows(found.project, documents)]:
        counted = counts.get(row["clause"])
        rows.append({**row, "counts": dict(counted) if counted else None, "failing": row["failing"][:50]})
    return rows


def missing(found: Found) -> list[dict[str, Any]]:
    """Documents that are wanted and not named, in the order of the methodology, with clauses and number of parcels."""
    clauses: dict[str, list[str]] = {}
    parcels: Counter[str] = Counter()
    for parcel in found.parcels:
        if parcel.standing == "excluded":
            continue
        lacking = {key for verdict in parcel.verdicts for key in verdict.missing}
        parcels.update(lacking)
        for verdict in parcel.verdicts:
            for key in verdict.missing:
                clauses.setdefault(key, []).append(verdict.clause)
    for verdict in found.project:
        for key in verdict.missing:
            clauses.setdefault(key, []).append(verdict.clause)
    return [
        {
            "document": one.key,
            "title": {"zh": one.zh, "en": one.en},
            "clauses": list(dict.fromkeys(clauses[one.key])),
            "parcels": parcels[one.key] if one.per_parcel and parcels[one.key] else None,
        }
        for one in method(METHOD).documents
        if one.key in clauses
    ]


def growth_row(choice: Choice) -> dict[str, Any]:
    """A species and the curves that stand for it."""
    known = references()
    curves = [
        {
            "id": curve.id,
            "form": curve.form,
            "parameters": list(curve.parameters),
            "unit": curve.unit,
            "relative_se": curve.relative_se,
            "age_max_yr": curve.age_max_yr,
            "gross": curve.gross,
            "status": curve.status,
            "reference": known[curve.reference].cite() if curve.reference in known else curve.reference,
        }
        for curve in choice.curves
    ]
    return {
        "species": choice.species.id,
        "name": {"zh": choice.species.zh or choice.species.latin, "en": choice.species.latin or choice.species.en},
        "source": choice.source,
        "why": both(f"scout.growth.{choice.source}", **{"count": len(curves), **choice.facts}),
        "curves": curves,
    }


def tonnes_part(found: Found) -> dict[str, Any] | None:
    """Removals year by year with their 90 % intervals, and what they rest on; None without a growth curve."""
    tonnes, plan = found.tonnes, found.plan
    if tonnes is None or plan is None or found.carbon is None:
        return None
    rows = [
        {
            "year": year,
            "removal_t": float(tonnes.removal_t[n]),
            "removal_ci90": list(interval90(float(tonnes.removal_t[n]), float(tonnes.removal_se_t[n]))),
            "cumulative_t": float(tonnes.cumulative_t[n]),
            "cumulative_se_t": float(tonnes.cumulative_se_t[n]),
            "cumulative_ci90": list(interval90(float(tonnes.cumulative_t[n]), float(tonnes.cumulative_se_t[n]))),
            "sold_t": found.carbon.sold_t[n],
            "verified": found.carbon.verified[n],
        }
        for n, year in enumerate(tonnes.years)
    ]
    return {
        "area_ha": tonnes.area_ha,
        "without_curve_ha": tonnes.without_curve_ha,
        "kept_share": found.kept_share,
        "sold_t": sum(found.carbon.sold_t),
        "by_year": rows,
        "variance_shares": dict(sorted(tonnes.shares.items())),
        "parameters": [leaf.to_dict() for leaf in plan.leaves()],
        "reasons": [{lang: reason.text(lang) for lang in LANGS} for reason in plan.reasons],
    }


def money_part(found: Found) -> dict[str, Any] | None:
    """The investment analysis as data."""
    analysis, tonnes = found.analysis, found.tonnes
    if analysis is None or tonnes is None:
        return None
    price = analysis.break_even("price")
    area = analysis.break_even("area")
    return {
        "price_cny_t": found.price_cny_t,
        "benchmark": analysis.benchmark,
        "change": analysis.change,
        "with_carbon": case_part(found, analysis.with_carbon),
        "without_carbon": case_part(found, analysis.without_carbon),
        "needs_carbon": analysis.needs_carbon,
        "robust": analysis.robust,
        "break_even_price": {
            "case": price.case,
            "cny_t": None if price.factor is None else price.factor * found.price_cny_t,
            "ci90": price_interval(found),
        },
        "break_even_area": {
            "case": area.case,
            "ha": None if area.factor is None else area.factor * tonnes.area_ha,
        },
    }


def price_interval(found: Found) -> list[float] | None:
    """The break-even price with the tonnes at either end of their 90 % interval, lower price first."""
    tonnes, analysis = found.tonnes, found.analysis
    assert tonnes is not None
    assert analysis is not None
    value, se = float(tonnes.cumulative_t[-1]), float(tonnes.cumulative_se_t[-1])
    ends = []
    for bound in interval90(value, se, floor=0.0):
        lines = [
            CashLine(line.id, tuple(line.flows({"tonnes": bound / value}).tolist()), line.drivers, line.carbon)
            for line in analysis.with_carbon.lines
        ]
        even = break_even(lines, "price", analysis.benchmark)
        if even.factor is None:
            return None
        ends.append(even.factor * found.price_cny_t)
    return sorted(ends)


def case_part(found: Found, case: Case) -> dict[str, Any]:
    """One case: flows by year and line, worth, return and sensitivity, the strongest driver first."""
    return {
        "npv_cny": case.npv,
        "irr": irr_part(case.irr),
        "payback_years": case.payback_years,
        "discounted_payback_years": case.discounted_payback_years,
        "flows_cny": list(case.flows),
        "lines": [
            {"id": line.id, "name": item_name(found.costs, line.id), "cny": list(line.amounts)} for line in case.lines
        ],
        "sensitivity": [
            {
                "driver": one.driver,
                "name": item_name(found.costs, one.driver),
                "npv_low_cny": one.npv_low,
                "npv_high_cny": one.npv_high,
                "irr_low": irr_part(one.irr_low),
                "irr_high": irr_part(one.irr_high),
                "break_even_factor": one.break_even,
            }
            for one in sorted(case.sensitivity, key=lambda s: (-s.swing, s.driver))
        ],
    }


def irr_part(found: Irr) -> dict[str, Any]:
    """A return and its case."""
    return {"case": found.case, "value": found.value, "roots": list(found.roots)}


def irr_text(part: Mapping[str, Any]) -> Both:
    """A return as people read it, or why there is none."""
    if part["value"] is not None:
        return dict.fromkeys(LANGS, f"{100 * part['value']:.1f} %".replace("-", "\u2212"))
    roots = ", ".join(f"{100 * root:.1f} %" for root in part["roots"])
    return both(f"scout.irr.{part['case']}", roots=roots)


def item_name(costs: Costs, line: str) -> Both:
    """What a line or driver is called: an item's own words, or ours."""
    for item in costs.items or ():
        if item.id == line:
            return {lang: item.title(lang) for lang in LANGS}
    return both(f"scout.driver.{line}")


def cost_row(found: Found, item: Any) -> dict[str, Any]:
    """An item of the costs, as the table shows it, with what it comes to over the whole project."""
    lines = found.analysis.with_carbon.lines if found.analysis else ()
    whole = next((sum(line.amounts) for line in lines if line.id == item.id), None)
    return {
        "id": item.id,
        "name": {lang: item.title(lang) for lang in LANGS},
        "kind": item.kind,
        "carbon": item.carbon or item.on_sale,
        "value": item.value,
        "per": item.per,
        "years": list(item.years) if item.years else None,
        "every": item.every,
        "total_cny": whole,
        "reference": item.reference,
        "status": item.status,
    }


def parcel_row(found: Found, parcel: Judged) -> dict[str, Any]:
    """A parcel, its standing and clauses, and its expected tonnes."""
    per_ha = found.tonnes.per_ha if found.tonnes and parcel.standing != "excluded" else {}
    species = next((c.species.id for c in found.choices if parcel.species in (c.species.id, *c.species.names)), "")
    tonnes = per_ha.get((species, parcel.planted))
    return {
        "id": parcel.id,
        "area_ha": parcel.area_ha,
        "species": parcel.species,
        "standing": parcel.standing,
        "not_met": list(parcel.excluded_by),
        "evidence_missing": list(parcel.open_clauses),
        "expected_t": None if tonnes is None else tonnes * parcel.area_ha,
    }
