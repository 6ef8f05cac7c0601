"""The river of an afforestation project: parcels and monitored plots to a claim, with the plan beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.nouns import Claim, Observation
from tanhui.kernel.parameters import Leaf, Recorder, Value
from tanhui.kernel.progress import Progress
from tanhui.kernel.units import M2_PER_HA
from tanhui.kernel.wording import LANGS, say
from tanhui.mrv.methods import Method, Verdict, method
from tanhui.mrv.methods.frame import Document
from tanhui.mrv.sampling import Band, advice
from tanhui.projects.choices import choice
from tanhui.projects.forecast import Forecast, forecast
from tanhui.projects.model import Afforestation
from tanhui.projects.monitoring import Change, Measured, measure
from tanhui.projects.result import head, parameter_rows, reason_texts, whole_result
from tanhui.projects.river import River
from tanhui.projects.site import Site, read_site
from tanhui.projects.tree_carbon import POOLS, equation_reasons, equation_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["afforestation_river", "plan_document", "read_afforestation"]

read_afforestation = read_site


def plan_document(project: Afforestation, folder: Path) -> dict[str, Any]:
    """The plan of a project as a document."""
    from tanhui.kernel.errors import InputError

    site = read_site(project, folder)
    planned = forecast(project, site.area_ha)
    if planned is None:
        raise InputError("project.no_plan")
    return {"project": project.id, "illustrative": project.illustrative, **planned.document()}


def afforestation_river(
    project: Afforestation, folder: Path, confirmed: Sequence[tuple[str, Value]], progress: Progress
) -> River:
    """Everything an afforestation project delivers: estimates, plan, claim, eligibility and the rows behind them."""
    progress("read", 0, 1)
    site = read_site(project, folder)
    progress("read", 1, 1)
    planned = forecast(project, site.area_ha)
    progress("measure", 0, 1)
    measured = measure(project, folder, site) if site.surveys else None
    progress("measure", 1, 1)
    rules = method(project.method)
    recorder = Recorder(rules.parameters.confirmed(confirmed))
    claim: Claim | None = None
    verdicts: tuple[Verdict, ...] = ()
    if measured is not None:
        claim, verdicts = account(project, site, measured, rules, recorder)
    leaves = all_leaves(project, recorder, measured, planned)
    reasons = [*(claim.indicative_reasons if claim else ()), *own_reasons(project)]
    result = whole_result(
        **head(project),
        domain="project",
        headline=["tree_co2e_t", "tree_change_co2e_t"],
        shares=["tree_co2e_t", "tree_change_co2e_t"],
        charts={"stock": "tree_t_ha"},
        estimates=[estimate.to_dict() for estimate in measured.estimates] if measured else [],
        claims=[claim_document(claim)] if claim else [],
        indicative_reasons=reasons,
        reason_texts=reason_texts(reasons),
        map=parcel_map(site),
        plan=plan_part(project, planned, measured),
        eligibility=eligibility_rows(verdicts, rules.documents),
        advice=advice_texts(project, measured, recorder) if measured else [],
        quality=[{"survey": s.file, **s.quality.to_dict()} for s in site.surveys if s.quality],
        equations=equation_rows(measured.trees.match) if measured else [],
        parameters=parameter_rows(leaves),
        notes=[*(measured.notes if measured else ())],
    )
    return River(
        result=result,
        inputs=inputs_of(site),
        parameters=leaves,
        methods={project.method: rules.version},
        tables=tables(site, measured),
    )


def account(
    project: Afforestation, site: Site, measured: Measured, rules: Method, recorder: Recorder
) -> tuple[Claim, tuple[Verdict, ...]]:
    """The claim of the last accounting period and the verdict on every condition."""
    said, change = project.conditions, measured.change
    parcels = [
        {
            "id": str(parcel["parcel_id"]),
            "area_m2": float(parcel["area_credited_ha"]) * M2_PER_HA,
            **said.get("parcels", {}),
            **said.get("parcel", {}).get(str(parcel["parcel_id"]), {}),
        }
        for _, parcel in site.parcels.frame.iterrows()
    ]
    inputs = rules.inputs(
        {
            "project_start": project.dates.started,
            "crediting": project.dates.crediting.to_list(),
            "application": project.dates.applied,
            "period": change.period.to_list(),
            "tree_change_co2e_t": change.both.value,
            "tree_change_half_width90_rel": relative_half_width(project, change),
            "baseline_removal_co2e_t": project.baseline_removal_co2e_t,
            "pool_change_co2e_t": project.pool_change_co2e_t,
            "carried_deficit_t": project.carried_deficit_t,
            "fires": [dict(fire) for fire in said.get("fires", ())],
            "parcels": parcels,
            "equation_reasons": equation_reasons(measured.trees.match, project.trees.region),
            **{key: said[key] for key in ("conduct", "additionality", "evidence") if key in said},
        },
        file="project.toml",
    )
    return rules.account(inputs, recorder), rules.eligibility(inputs, recorder)


def relative_half_width(project: Afforestation, change: Change) -> float:
    """The U of the deduction table, by what it is to hold: the sampling error, or all errors. [1]"""
    if change.both.value == 0:
        return 0.0
    basis = choice("uncertainty_basis", project.dates.applied).value
    if basis == "combined":
        low, high = change.both.ci90
        return (high - low) / 2 / abs(change.both.value)
    return float(change.sample.relative_half_width(0.90))


def own_reasons(project: Afforestation) -> list[str]:
    """Reasons that are the run's own, beside the method's and the equations'."""
    basis = choice("uncertainty_basis", project.dates.applied)
    found = [f"reason.projects.parameter_{basis.status.word}:{basis.id}"]
    if project.illustrative:
        found.append("reason.projects.illustrative:")
    return found


def all_leaves(
    project: Afforestation, recorder: Recorder, measured: Measured | None, planned: Forecast | None
) -> tuple[Leaf, ...]:
    """Every parameter the run used."""
    found = [*recorder.used.values(), choice("uncertainty_basis", project.dates.applied)]
    if measured:
        found += measured.trees.leaves()
    if planned:
        found += planned.leaves()
    return tuple(found)


def claim_document(claim: Claim) -> dict[str, Any]:
    """A claim with the words of what it leaves out."""
    document = claim.to_dict()
    for item in document["excluded"]:
        item["text"] = {lang: say(item["why"], lang) for lang in LANGS}
    return document


def plan_part(project: Afforestation, planned: Forecast | None, measured: Measured | None) -> dict[str, Any] | None:
    """Plan against measurement, as the report shows it."""
    if planned is None:
        return None
    reasons = {visit.date: visit.reason for visit in project.monitoring}
    return planned.for_report(measured.stocks if measured else (), project.plan_difference_limit, reasons)


#: Outcomes of a clause as the report colours them.
VERDICTS = {"met": "met", "not_met": "not_met", "evidence_missing": "open", "unread": "open"}


def eligibility_rows(verdicts: Sequence[Verdict], documents: Sequence[Document]) -> list[dict[str, Any]]:
    """One row per clause: parcels that agree are counted, those that do not are named."""
    titles = {d.key: {"zh": d.zh, "en": d.en} for d in documents}
    by_clause: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_clause.setdefault(verdict.clause, []).append(verdict)
    return [clause_row(clause, found, titles) for clause, found in by_clause.items()]


def clause_row(clause: str, found: Sequence[Verdict], titles: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The worst outcome of a clause and what decided it."""
    worst = min(found, key=lambda v: ("not_met", "unread", "evidence_missing", "met").index(v.outcome))
    failing = [v.subject for v in found if v.outcome != "met" and v.subject]
    detail = {}
    for lang in LANGS:
        wanted = ("；" if lang == "zh" else "; ").join(titles[key][lang] for key in worst.missing if key in titles)
        parts = [replace(worst, facts={**worst.facts, "missing": wanted}).reason(lang)]
        if worst.evidence:
            parts.append("; ".join(worst.evidence))
        if failing:
            shown = ", ".join(failing[:5]) + (" …" if len(failing) > 5 else "")
            parts.append(say("report.parcels_failing", lang, count=len(failing), of=len(found), names=shown))
        detail[lang] = " ".join(parts)
    return {
        "clause": clause,
        "text": {lang: worst.words(lang) for lang in LANGS},
        "verdict": VERDICTS[worst.outcome],
        "outcome": worst.outcome,
        "detail": detail,
        "failing": failing,
    }


def advice_texts(project: Afforestation, measured: Measured, recorder: Recorder) -> list[dict[str, str]]:
    """What more plots would bring, in words, and how wide the interval with all errors is."""
    change = measured.change
    if change.both.value == 0:
        return []
    table = recorder["uncertainty_bands"].at(project.dates.applied).value
    assert isinstance(table, list)
    bands = [Band(upper, share) for upper, share in table] + [Band(None, None)]
    told = advice(change.both.value, float(change.sample.variance), change.sample.n, bands, strata=len(project.strata))
    low, high = change.both.ci90
    every = f"{(high - low) / 2 / abs(change.both.value):.0%}"
    sampling = f"{float(change.sample.relative_half_width(0.90)):.1%}"
    return [
        {lang: told.text(lang) for lang in LANGS},
        {lang: say("report.both_widths", lang, sampling=sampling, every=every) for lang in LANGS},
    ]


def parcel_map(site: Site) -> dict[str, Any]:
    """Parcels by stratum and plots, as coordinates for the report."""
    parcels = []
    for _, parcel in site.parcels.frame.iterrows():
        for part in getattr(parcel.geometry, "geoms", [parcel.geometry]):
            rings = [part.exterior, *part.interiors]
            parcels.append(
                {
                    "id": str(parcel["parcel_id"]),
                    "stratum": parcel["stratum"],
                    "rings": [[[round(x, 7), round(y, 7)] for x, y, *_ in ring.coords] for ring in rings],
                }
            )
    plots = site.surveys[-1].inventory.plots if site.surveys else None
    shown = [] if plots is None else plots.dropna(subset=["lon", "lat"]).to_dict("records")
    return {
        "parcels": parcels,
        "plots": [
            {"id": p["location_id"], "lon": p["lon"], "lat": p["lat"], "stratum": p["stratum"], "weight": 1.0}
            for p in shown
        ],
        "caption": {
            "zh": f"CGCS2000；文件坐标系 {site.parcels.system}；小班按碳层着色。",
            "en": f"CGCS2000; the file is in {site.parcels.system}; parcels are coloured by stratum.",
        },
    }


def inputs_of(site: Site) -> tuple[Observation, ...]:
    """Every file that was read."""
    return site.observations


def tables(site: Site, measured: Measured | None) -> Mapping[str, pd.DataFrame]:
    """The rows behind the figures."""
    import numpy as np

    parcels = site.parcels.frame.drop(columns="geometry").reset_index(drop=True)
    if site.inventory is None or measured is None:
        return {"parcels": parcels}
    trees = measured.trees
    count = len(site.inventory.trees)
    named = np.full(count, "", object)
    named[trees.rows] = np.array([item.id for item in trees.match.equations], object)[trees.match.equation]
    filled = np.full(count, np.nan)
    filled[trees.rows] = trees.height_m
    sd = np.full(count, np.nan)
    sd[trees.rows] = trees.height_sd_m
    rows = site.inventory.trees.assign(
        equation=named,
        height_used_m=filled,
        height_used_sd_m=sd,
        **{f"{pool}_kg": trees.carbon_kg(pool, count) for pool in POOLS},
    )
    return {"trees": rows, "plots": site.inventory.plots, "parcels": parcels}
