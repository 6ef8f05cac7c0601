"""From biochar made and used in one monitoring period to its claim.

A tonne belongs to the year in which it was used. Batches that may not be credited are shown under ``excluded`` and
bear no emissions. The lines: gross_removal, baseline, project_emissions, kiln_methane_unsold, application_emissions,
leakage, carried_deficit (only where there is one), net.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Claim, Exclusion
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.mrv.methods.claims import KG_PER_T, claim_lines, kg_down, leaf_reasons, year_shares
from tanhui.mrv.methods.verdict import verdict_reasons
from tanhui.mrv.methods.verra.vm0044 import rules
from tanhui.mrv.methods.verra.vm0044.eligibility import eligibility
from tanhui.mrv.methods.verra.vm0044.inputs import BiocharInputs, Facility, Production, Use, refuse_impossible

__all__ = ["ID", "account"]

ID = "verra/vm0044"
CLAUSES = {
    "gross_removal": "eq. 1, 2, 6",
    "baseline": "eq. 14",
    "project_emissions": "eq. 3-5, 7-10",
    "kiln_methane_unsold": "eq. 7, 9",
    "application_emissions": "eq. 11, 12",
    "leakage": "eq. 13",
}


@dataclass(frozen=True, slots=True)
class Batch:
    """A use with the facility and the year's record behind it, what it keeps, and why it does not count if so."""

    use: Use
    facility: Facility
    made: Production
    high: bool
    kept_t: float
    why_not: str


def account(inputs: BiocharInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The claim of one monitoring period.

    Raises
    ------
    RefusedInput
        If the inputs cannot be; every fault is named.
    DomainError
        If another GWP edition is asked for.
    """
    refuse_impossible(inputs)
    p = parameters if isinstance(parameters, Recorder) else Recorder(parameters)
    day = inputs.application
    edition = one_gwp_edition({str(p["gwp_edition"].at(day).value), *filter(None, [inputs.gwp_edition])})
    verdicts = eligibility(inputs, p)
    batches = [_batch(inputs, use, day, p) for use in inputs.uses]
    years = {year: _year(inputs, year, batches, day, p) for year, _ in inputs.period.by_year()}
    parts = [(name, math.fsum(x[name] for x in years.values()), clause) for name, clause in CLAUSES.items()]
    if inputs.carried_deficit_t:
        parts.append(("carried_deficit", -inputs.carried_deficit_t, ""))
    # -0.0 reads badly on paper
    lines, net_kg = claim_lines([(name, co2e_t + 0.0, clause) for name, co2e_t, clause in parts])
    by_year_t = {year: math.fsum(x.values()) for year, x in years.items()}
    return Claim(
        method=ID,
        kind="removal",
        period=inputs.period,
        lines=lines,
        by_year=year_shares(by_year_t, net_kg, inputs.carried_deficit_t),
        credits_t=max(net_kg, 0) // KG_PER_T,
        gwp=edition,
        deficit_t=max(-net_kg, 0) / KG_PER_T,
        excluded=tuple(Exclusion(x.why_not, kg_down(x.kept_t) / KG_PER_T) for x in batches if x.why_not),
        indicative_reasons=(*verdict_reasons(verdicts), *leaf_reasons(p.used.values())),
    )


def _batch(inputs: BiocharInputs, use: Use, day: date, p: Mapping[str, Dated]) -> Batch:
    facility = next(x for x in inputs.facilities if x.id == use.facility)
    made = next(x for x in inputs.production if (x.facility, x.year) == (use.facility, use.made_on.year))
    high = rules.high_technology(facility, made, day=day, p=p)
    why_not = _why_not(use, high, day, p)
    if why_not == "excluded.vm0044.no_laboratory":
        return Batch(use, facility, made, high, 0.0, why_not)
    carbon = rules.organic_carbon(use, facility, day=day, p=p)
    lasting = rules.permanence(use, made, high, day=day, p=p)
    return Batch(use, facility, made, high, rules.kept_t(use, carbon, lasting, day=day, p=p), why_not)


def _why_not(use: Use, high: bool, day: date, p: Mapping[str, Dated]) -> str:
    """Why a batch cannot be credited, a wording key; empty where it can."""
    if not rules.carbon_known(use, high, day=day, p=p):
        return "excluded.vm0044.no_laboratory"
    if not rules.used_in_time(use, day=day, p=p):
        return "excluded.vm0044.too_late"
    if use.kind == "soil":
        return "" if rules.fit_for_soil(use, day=day, p=p) else "excluded.vm0044.soil"
    return "" if rules.fit_for_products(use, high, day=day, p=p) else "excluded.vm0044.product"


def _year(
    inputs: BiocharInputs, year: int, batches: Sequence[Batch], day: date, p: Mapping[str, Dated]
) -> dict[str, float]:
    """The signed lines of a calendar year. Here the standard's positive emissions turn their sign. [t CO2e]"""
    credited = [x for x in batches if x.use.used_on.year == year and not x.why_not]
    runs: dict[tuple[str, int], list[Batch]] = defaultdict(list)
    for batch in credited:
        runs[batch.facility.id, batch.made.year].append(batch)
    production = [_production_t(run, day, p) for run in runs.values()]
    return {
        "gross_removal": math.fsum(x.kept_t for x in credited),
        "baseline": rules.sourcing_t(day=day, p=p),
        "project_emissions": -math.fsum(printed for printed, _ in production),
        "kiln_methane_unsold": -math.fsum(unsold for _, unsold in production),
        "application_emissions": -math.fsum(rules.application_t(x.use, day=day, p=p) for x in credited),
        "leakage": -math.fsum(rules.transport_t(x, day=day, p=p) for x in inputs.legs if x.year == year),
    }


def _production_t(run: Sequence[Batch], day: date, p: Mapping[str, Dated]) -> tuple[float, float]:
    """Emissions of making the batches of one facility and production year: as printed, and what that leaves out."""
    first = run[0]
    used_t = math.fsum(x.use.dry_t for x in run)
    methane_t = rules.kiln_methane_t(first.facility, used_t, first.high, day=day, p=p)
    printed = rules.production_emissions_t(first.made, methane_t, used_t, day=day, p=p)
    return printed, rules.unsold_methane_t(first.made, methane_t, used_t, day=day, p=p)
