"""From one verification period of a project to its claim.

Each cohort (area-based) and each census is counted on its own, cumulative since its start, and what the claim before
had counted is taken off; their sum is the project's. The lines: gross_removal, performance_benchmark,
uncertainty_deduction, imprecise (only where an estimate is too uncertain to be credited), project_emissions,
long_term_average (only where there is harvest), leakage, permanence, carried_deficit (only where there is one), net.

Benchmark and uncertainty are deductions of cumulative sums: where they have become smaller since the claim before,
their line gives back what was deducted then.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.methods.claims import KG_PER_T, claim_lines, leaf_reasons, share_by_days, year_shares
from tanhui.mrv.methods.verdict import verdict_reasons
from tanhui.mrv.methods.verra.vm0047 import rules
from tanhui.mrv.methods.verra.vm0047.checks import refuse_impossible
from tanhui.mrv.methods.verra.vm0047.eligibility import eligibility
from tanhui.mrv.methods.verra.vm0047.inputs import Average, Before, Census, Cohort, RevegetationInputs

__all__ = ["ID", "account", "state"]

ID = "verra/vm0047"
CLAUSES = {
    "gross_removal": "eq. 1-11, 22-25",
    "performance_benchmark": "eq. 32, A8",
    "uncertainty_deduction": "eq. 28-31",
    "imprecise": "8.5.2",
    "project_emissions": "eq. 12-21, 26, 27",
    "long_term_average": "8.6",
    "leakage": "8.4, VMD0054",
    "permanence": "VCS 3.14.15",
}
#: Lines that are shown only where they are not nothing.
RARE = ("imprecise", "long_term_average")


@dataclass(frozen=True, slots=True)
class Part:
    """A cohort or census: its signed lines, and what the next claim has to know of it."""

    id: str
    lines: Mapping[str, float]
    after: Before
    reasons: tuple[str, ...] = ()


def account(inputs: RevegetationInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The claim of one verification period.

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
    parts = _parts(inputs, day, p)
    totals = _project(inputs, parts, day, p)
    printed = [(name, totals[name] + 0.0, clause) for name, clause in CLAUSES.items() if name in totals]
    if inputs.carried_deficit_t:
        printed.append(("carried_deficit", -inputs.carried_deficit_t, ""))
    lines, net_kg = claim_lines(printed)
    total_t = math.fsum(totals.values())
    by_year_t = {year: share_by_days(total_t, inputs.period, span) for year, span in inputs.period.by_year()}
    reasons = [reason for part in parts for reason in part.reasons]
    return Claim(
        method=ID,
        kind="removal",
        period=inputs.period,
        lines=lines,
        by_year=year_shares(by_year_t, net_kg, inputs.carried_deficit_t),
        credits_t=max(net_kg, 0) // KG_PER_T,
        gwp=edition,
        deficit_t=max(-net_kg, 0) / KG_PER_T,
        indicative_reasons=(*reasons, *verdict_reasons(verdicts), *leaf_reasons(p.used.values())),
    )


def state(inputs: RevegetationInputs, parameters: Mapping[str, Dated]) -> dict[str, Before]:
    """What the next claim has to be given as ``before`` of each cohort and census, by id."""
    refuse_impossible(inputs)
    return {part.id: part.after for part in _parts(inputs, inputs.application, parameters)}


def _parts(inputs: RevegetationInputs, day: date, p: Mapping[str, Dated]) -> list[Part]:
    return [
        *(_cohort(x, day, p) for x in inputs.cohorts),
        *(_census(x, day, p) for x in inputs.censuses),
    ]


def _project(inputs: RevegetationInputs, parts: Sequence[Part], day: date, p: Mapping[str, Dated]) -> dict[str, float]:
    """Lines of all parts together, with leakage and buffer. [t CO2e]"""
    totals = {name: math.fsum(part.lines[name] for part in parts) for name in CLAUSES if name in parts[0].lines}
    for name in RARE:
        if not totals[name]:
            del totals[name]
    stock_t = totals["gross_removal"]
    if inputs.buffer_on_adjusted:
        stock_t += totals["performance_benchmark"] + totals["uncertainty_deduction"]
    totals["leakage"] = 0.0
    if inputs.displacement is not None and inputs.cohorts:
        cumulative_t = rules.cumulative_leakage_t(inputs.displacement, day=day, p=p)
        totals["leakage"] = -rules.leakage_t(cumulative_t, inputs.displacement.before_co2e_t, day=day, p=p)
    rating = rules.risk_rating(inputs.npr_percent, day=day, p=p)
    totals["permanence"] = -rules.buffer_t(stock_t, math.fsum(totals.values()), rating, day=day, p=p)
    return totals


def _cohort(cohort: Cohort, day: date, p: Mapping[str, Dated]) -> Part:
    change_t = rules.change_co2e_t(cohort.strata, day=day, p=p)
    components = [
        component
        for stratum in cohort.strata
        for pool in stratum.pools
        for component in rules.pool_components(
            pool, CO2_PER_C * stratum.area_ha * rules.carbon_per_unit(pool, stratum, day=day, p=p), day=day, p=p
        )
    ]
    half_width = rules.half_width_rel(components, change_t, day=day, p=p)
    differences = rules.covariate_differences(cohort.benchmark, day=day, p=p)
    found = rules.comparison(cohort.benchmark, day=day, p=p)
    benchmark = rules.performance_benchmark(found, differences, day=day, p=p)
    emissions = [
        rules.burning_t(
            rules.burnt_biomass_t(burn, day=day, p=p), burn.combustion_fraction, burn.vegetation, day=day, p=p
        )
        for burn in cohort.burns
    ]
    least = p["z_min"].at(day).number()
    doubtful = found is not None and abs(found.z) >= least > abs(found.z_clustered)
    reasons = (f"reason.vm0047.clustered:{cohort.id}",) if doubtful and benchmark < 1 else ()
    now = Before(change_t, benchmark, rules.uncertainty_share(half_width, day=day, p=p))
    return _part(cohort, now, half_width, emissions, reasons, day, p)


def _census(census: Census, day: date, p: Mapping[str, Dated]) -> Part:
    half_width = rules.census_half_width_rel(census, day=day, p=p)
    stock_t = rules.census_stock_t(census, day=day, p=p)
    emissions = []
    if census.sample.burned:
        burnt_t = rules.burnt_units_t(census, day=day, p=p)
        emissions.append(rules.burning_t(burnt_t, None, census.vegetation, day=day, p=p))
    now = Before(stock_t, 0.0, rules.uncertainty_share(half_width, day=day, p=p))
    return _part(census, now, half_width, emissions, (), day, p)


def _part(
    x: Cohort | Census,
    now: Before,
    half_width: float,
    fires: Sequence[float],
    reasons: tuple[str, ...],
    day: date,
    p: Mapping[str, Dated],
) -> Part:
    """Lines of a cohort or census: cumulative now less cumulative before."""
    before = x.before or Before()
    (left, unsure), (left_before, unsure_before) = (_deductions(state, day, p) for state in (now, before))
    fertilisers = [
        rule(y, day=day, p=p)
        for y in x.fertilisers
        for rule in (rules.fertiliser_direct_t, rules.fertiliser_indirect_t)
    ]
    lines = {
        "gross_removal": now.change_co2e_t - before.change_co2e_t,
        "performance_benchmark": (left - now.change_co2e_t) - (left_before - before.change_co2e_t),
        "uncertainty_deduction": unsure_before - unsure,
        "project_emissions": -math.fsum([*fires, *fertilisers]),
    }
    removals_t = math.fsum(lines.values())
    precise = rules.precise_enough(half_width, day=day, p=p)
    lines["imprecise"] = 0.0 if precise else -max(0.0, removals_t)
    removals_t += lines["imprecise"]
    lines["long_term_average"] = -_beyond_t(removals_t, x.average, before, day, p)
    credited_t = before.credited_co2e_t + removals_t + lines["long_term_average"]
    after = Before(now.change_co2e_t, now.performance_benchmark, now.uncertainty_fraction, credited_t)
    return Part(x.id, lines, after, reasons)


def _deductions(state: Before, day: date, p: Mapping[str, Dated]) -> tuple[float, float]:
    """Of a cumulative change: what the benchmark leaves, and what uncertainty takes from that. [t CO2e]"""
    left_t = rules.benchmarked_t(state.change_co2e_t, state.performance_benchmark, day=day, p=p)
    return left_t, rules.uncertainty_deduction_t(left_t, state.uncertainty_fraction, day=day, p=p)


def _beyond_t(removals_t: float, average: Average | None, before: Before, day: date, p: Mapping[str, Dated]) -> float:
    return 0.0 if average is None else rules.beyond_average_t(removals_t, average, before, day=day, p=p)
