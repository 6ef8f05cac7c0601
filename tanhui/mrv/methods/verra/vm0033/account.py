"""From one monitoring period of a tidal wetland restoration to its claim.

The standard adds NER up from the project's start, applies its limits and the deduction for uncertainty to the sum, and
issues the rise since the last claim. So the lines of a claim are those of the period, then what the limits and the
uncertainty take from the sum, then what earlier claims had already given up, then the buffer. Lines are in the order
gross_removal, allochthonous, project_emissions, baseline, fire_reduction_premium, leakage, long_term_limit,
uncertainty_deduction, deducted_before, permanence, carried_deficit (only where there is one), net.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.mrv.methods.claims import KG_PER_T, claim_lines, leaf_reasons, share_by_days, year_shares
from tanhui.mrv.methods.verdict import verdict_reasons
from tanhui.mrv.methods.verra.vm0033 import rules
from tanhui.mrv.methods.verra.vm0033.checks import refuse_impossible
from tanhui.mrv.methods.verra.vm0033.eligibility import eligibility
from tanhui.mrv.methods.verra.vm0033.inputs import Stratum, TidalWetlandInputs
from tanhui.mrv.methods.verra.vm0033.rules import as_removal
from tanhui.mrv.methods.verra.vm0033.soil import Emissions, stratum_emissions, unconnected_percent

__all__ = ["ID", "account"]

ID = "verra/vm0033"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario over the period, in the standard's sign. [t CO2e]"""

    strata: tuple[tuple[Stratum, Emissions], ...]
    fuel: float
    burn: float = 0.0

    def sum(self, part: str) -> float:
        """A part of :class:`Emissions` over all strata."""
        return math.fsum(getattr(x, part) for _, x in self.strata)

    @property
    def total(self) -> float:
        """Eq. 18 or 69."""
        return math.fsum([self.sum("total"), self.fuel, self.burn])

    def error(self, day: date, p: Mapping[str, Dated]) -> float:
        """Relative half width, eq. 87 to 90. [1]"""
        rows = [(rules.stratum_error(x.errors, day=day, p=p), stratum.area_ha) for stratum, x in self.strata]
        return rules.scenario_error(rows, day=day, p=p)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken from the sum of NER since the project's start, and what it comes to; removals positive. [t CO2e]"""

    long_term_t: float
    uncertainty_t: float
    deducted_before_t: float


def account(inputs: TidalWetlandInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The claim of one monitoring period.

    Raises
    ------
    RefusedInput
        If inputs cannot be, or go together in a way the standard bars; every fault is named.
    DomainError
        If another edition of warming potentials is asked for, or a conversion is outside its range.
    """
    p = parameters if isinstance(parameters, Recorder) else Recorder(parameters)
    refuse_impossible(inputs, p)
    day = inputs.application
    edition = one_gwp_edition({str(p["gwp_edition"].at(day).value), *filter(None, [inputs.gwp_edition])})
    verdicts = eligibility(inputs, p)
    unconnected = unconnected_percent(inputs.baseline, inputs.project, day=day, p=p)
    baseline = Scenario(_scenario(inputs.baseline, inputs, unconnected, day, p), inputs.baseline_fuel_co2_t)
    burn = math.fsum(rules.burn_co2e_t(x, day=day, p=p) for x in inputs.burns)
    project = Scenario(_scenario(inputs.project, inputs, unconnected, day, p), inputs.project_fuel_co2_t, burn)

    limits = _limits(inputs, baseline, project, day, p)
    stock_t = baseline.sum("stock") - project.sum("stock")
    buffer_t = rules.buffer_t(stock_t, inputs.buffer_share, day=day, p=p)
    printed = _printed(inputs, baseline, project, limits, buffer_t, day, p)
    lines, net_kg = claim_lines(printed)
    earned_t = math.fsum(co2e_t for line, co2e_t, _ in printed if line != "carried_deficit")
    by_year_t = {year: share_by_days(earned_t, inputs.period, span) for year, span in inputs.period.by_year()}
    return Claim(
        method=ID,
        kind="removal",
        period=inputs.period,
        lines=lines,
        by_year=year_shares(by_year_t, net_kg, inputs.carried_deficit_t),
        credits_t=max(net_kg, 0) // KG_PER_T,
        gwp=edition,
        deficit_t=max(-net_kg, 0) / KG_PER_T,
        indicative_reasons=(*verdict_reasons(verdicts), *leaf_reasons(p.used.values()), *inputs.equation_reasons),
    )


def _scenario(
    strata: Sequence[Stratum], inputs: TidalWetlandInputs, unconnected: float, day: date, p: Mapping[str, Dated]
) -> tuple[tuple[Stratum, Emissions], ...]:
    start = inputs.project_start
    return tuple((x, stratum_emissions(x, inputs.period, start, unconnected, day=day, p=p)) for x in strata)


def _limits(
    inputs: TidalWetlandInputs, baseline: Scenario, project: Scenario, day: date, p: Mapping[str, Dated]
) -> Limits:
    """Eq. 3 to 17, 86 to 92, on the sums since the project's start."""
    before = inputs.before
    leakage = rules.leakage_t(day=day, p=p)
    # Before holds removals: turned back into the standard's emissions for its own equations.
    since_start = (as_removal(before.baseline_co2e_t), as_removal(before.project_co2e_t))
    before_t = rules.ner_t(*since_start, before.premium_co2e_t, 0.0, day=day, p=p)
    sums = (since_start[0] + baseline.total, since_start[1] + project.total)
    premium = before.premium_co2e_t + inputs.fire_premium_co2e_t
    whole_t = rules.ner_t(*sums, premium, leakage, day=day, p=p)
    over_t = 0.0
    if inputs.hundred_years:
        most = rules.soil_limit_co2_t(inputs.hundred_years, inputs.soil_limit, day=day, p=p)
        soil = [x.sum("soil") - x.sum("deduction") for x in (baseline, project)]
        over_t = max(before.soil_co2e_t + soil[0] - soil[1] - most, 0.0)
    limited_t = rules.limited_ner_t(whole_t - over_t, inputs.ner_at_100_co2e_t, day=day, p=p)
    halves = (baseline.error(day, p), project.error(day, p))
    error = rules.total_error((halves[0], sums[0]), (halves[1], sums[1]), day=day, p=p)
    adjusted_t = rules.adjusted_ner_t(limited_t, error, inputs.confidence, day=day, p=p)
    return Limits(limited_t - whole_t, adjusted_t - limited_t, before_t - before.adjusted_co2e_t)


def _printed(
    inputs: TidalWetlandInputs,
    baseline: Scenario,
    project: Scenario,
    limits: Limits,
    buffer_t: float,
    day: date,
    p: Mapping[str, Dated],
) -> list[tuple[str, float, str]]:
    """The lines above ``net`` in their printed order, each with its clause; removals positive."""
    gases = math.fsum([project.sum("ch4"), project.sum("n2o"), project.burn, project.fuel])
    parts = [
        ("gross_removal", as_removal(project.sum("biomass") + project.sum("soil")), "8.2.1, eq. 69-75"),
        ("allochthonous", project.sum("deduction"), rules.alloch_deduction_co2_t.at(day).clause),
        ("project_emissions", as_removal(gases), "8.2.4.3, 8.2.4.4, 8.2.5, 8.2.6"),
        # A baseline that emits is avoided: what the project is better by.
        ("baseline", baseline.total, "8.1.1, eq. 18-21"),
        ("fire_reduction_premium", inputs.fire_premium_co2e_t, "8.3"),
        ("leakage", as_removal(rules.leakage_t(day=day, p=p)), rules.leakage_t.at(day).clause),
        ("long_term_limit", limits.long_term_t, rules.limited_ner_t.at(day).clause),
        ("uncertainty_deduction", limits.uncertainty_t, rules.adjusted_ner_t.at(day).clause),
        ("deducted_before", limits.deducted_before_t, rules.buffer_t.at(day).clause),
        ("permanence", -buffer_t, rules.buffer_t.at(day).clause),
    ]
    if inputs.carried_deficit_t:
        parts.append(("carried_deficit", -inputs.carried_deficit_t, ""))
    # -0.0 reads badly on paper
    return [(line, co2e_t + 0.0, clause) for line, co2e_t, clause in parts]
