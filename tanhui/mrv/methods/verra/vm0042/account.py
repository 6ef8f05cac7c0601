"""From one verification period of improved land to its two claims: removals and reductions.

The standard computes both year by year and adds them up (eq. 79). Here each is a claim of its own whose lines add up to
its net; where one of them is a loss, the line ``offset`` lets the other make up for it, so that the two nets together
are what the standard prints.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.kernel.time import Period
from tanhui.mrv.methods.claims import KG_PER_T, claim_lines, leaf_reasons, year_shares
from tanhui.mrv.methods.verdict import verdict_reasons
from tanhui.mrv.methods.verra.vm0042 import rules
from tanhui.mrv.methods.verra.vm0042.checks import refuse_impossible
from tanhui.mrv.methods.verra.vm0042.eligibility import eligibility
from tanhui.mrv.methods.verra.vm0042.inputs import Herd, ImprovedLandInputs, Practice
from tanhui.mrv.methods.verra.vm0042.model import Emission, Factor, YearParts
from tanhui.mrv.methods.verra.vm0042.soil import soil_change, soil_uncertainty

__all__ = ["ID", "account", "claims", "emissions"]

ID = "verra/vm0042"
CLAUSES = {
    "gross_removal": "eq. 40",
    "baseline": "eq. 40",
    "stock_loss_avoided": "eq. 37",
    "factor_range": "8.6.3",
    "uncertainty_deduction": "eq. 44, 45, 74",
    "leakage": "eq. 39, 42",
    "permanence": "eq. 75, 76",
    "offset": "eq. 79",
}
SOURCE_CLAUSE = "eq. 52-59"


def account(inputs: ImprovedLandInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The claim that the inputs ask for, removals or reductions."""
    removal, reduction = claims(inputs, parameters)
    return removal if inputs.claim == "removal" else reduction


def claims(inputs: ImprovedLandInputs, parameters: Mapping[str, Dated]) -> tuple[Claim, Claim]:
    """Both claims of one verification period: removals, reductions.

    Raises
    ------
    RefusedInput
        If the inputs cannot be; every fault is named.
    DomainError
        If a profile does not reach the reference mass, or another GWP edition is asked for.
    """
    refuse_impossible(inputs)
    p = parameters if isinstance(parameters, Recorder) else Recorder(parameters)
    day = inputs.application
    edition = one_gwp_edition({str(p["gwp_edition"].at(day).value), *filter(None, [inputs.gwp_edition])})
    verdicts = eligibility(inputs, p)
    years = _years(inputs, day, p)
    reasons = [*verdict_reasons(verdicts), *leaf_reasons(p.used.values())]
    lost_t = math.fsum(year.lost_t for year in years.values())
    if lost_t < 0:
        reasons.insert(0, f"reason.vm0042.reversal:{-lost_t:.3f}")
    removal = _claim(inputs, "removal", {y: x.removal for y, x in years.items()}, edition, reasons)
    reduction = _claim(inputs, "reduction", {y: x.reduction for y, x in years.items()}, edition, reasons)
    return removal, reduction


def _claim(
    inputs: ImprovedLandInputs, kind: str, years: Mapping[int, Mapping[str, float]], edition: str, reasons: list[str]
) -> Claim:
    """Lines, years and credits of one claim; a deficit carried in belongs to the claim that was asked for."""
    names = {name: None for year in years.values() for name in year}
    parts = [
        (name, math.fsum(year.get(name, 0.0) for year in years.values()) + 0.0, CLAUSES.get(name, SOURCE_CLAUSE))
        for name in names
    ]
    carried_t = inputs.carried_deficit_t if kind == inputs.claim else 0.0
    if carried_t:
        parts.append(("carried_deficit", -carried_t, ""))
    lines, net_kg = claim_lines(parts)
    by_year_t = {year: math.fsum(part.values()) for year, part in years.items()}
    return Claim(
        method=ID,
        kind="removal" if kind == "removal" else "reduction",
        period=inputs.period,
        lines=lines,
        by_year=year_shares(by_year_t, net_kg, carried_t),
        credits_t=max(net_kg, 0) // KG_PER_T,
        gwp=edition,
        deficit_t=max(-net_kg, 0) / KG_PER_T,
        indicative_reasons=tuple(reasons),
    )


def emissions(inputs: ImprovedLandInputs, practice: Practice, day: date, p: Mapping[str, Dated]) -> list[Emission]:
    """Every source of default factors on one field in one year under one scenario."""
    field = next(x for x in inputs.fields if x.id == practice.field)
    found = [
        *rules.fuel(practice, day=day, p=p),
        *rules.liming(practice, day=day, p=p),
        *rules.burning(practice, day=day, p=p),
        *rules.fertiliser_direct(practice, field, day=day, p=p),
        *rules.fertiliser_volatilised(practice, field, day=day, p=p),
        *rules.fertiliser_leached(practice, field, day=day, p=p),
        *rules.n_fixing(practice, field, day=day, p=p),
    ]
    for herd, heads in _heads(inputs, practice, day, p):
        found += [rules.enteric(herd, heads, day=day, p=p), rules.manure_ch4(herd, heads, day=day, p=p)]
        found += rules.manure_n2o(herd, heads, field, day=day, p=p)
    return found


def _heads(
    inputs: ImprovedLandInputs, practice: Practice, day: date, p: Mapping[str, Dated]
) -> list[tuple[Herd, float]]:
    """Herds with the heads that count: on the project's side not fewer than the baseline's, unless proven."""
    if practice.side == "baseline":
        return [(herd, herd.heads) for herd in practice.herds]
    place = (practice.field, practice.year, "baseline")
    same = next(x for x in inputs.practices if (x.field, x.year, x.side) == place)
    own, before = ({herd.id: herd for herd in x.herds} for x in (practice, same))
    proven, found = inputs.slaughter_proven, []
    for name, herd in (before | own).items():
        heads, kept = (herds[name].heads if name in herds else 0.0 for herds in (own, before))
        found.append((herd, rules.counted_heads(heads, kept, proven, day=day, p=p)))
    return found


def _reductions(
    inputs: ImprovedLandInputs, year: int, day: date, p: Mapping[str, Dated]
) -> tuple[dict[str, float], float]:
    """Reduction of each source in a year at central factors, and what their ranges take off. [t CO2e]"""
    amounts: dict[tuple[str, Factor], list[float]] = defaultdict(list)
    for practice in inputs.practices:
        if practice.year == year:
            sign = 1 if practice.side == "baseline" else -1
            for x in emissions(inputs, practice, day, p):
                amounts[x.source, x.factor].append(sign * x.amount)
    by_source: dict[str, list[float]] = defaultdict(list)
    lowered = []
    for (source, factor), signed in amounts.items():
        difference = math.fsum(signed)
        central = rules.source_reduction_t(factor, difference, day=day, p=p)
        by_source[source].append(central)
        lowered.append(rules.conservative_reduction_t(factor, difference, day=day, p=p) - central)
    return {f"source.{source}": math.fsum(parts) for source, parts in sorted(by_source.items())}, math.fsum(lowered)


def _years(inputs: ImprovedLandInputs, day: date, p: Mapping[str, Dated]) -> dict[int, YearParts]:
    """The lines of both claims, year by year; the cumulative stock change decides year by year what is a removal."""
    soil = soil_change(inputs, day=day, p=p)
    unc = soil_uncertainty(inputs, soil, day=day, p=p)
    net_soil_t = soil.project_t - soil.baseline_t
    displaced_t_yr = _displaced_t_yr(inputs, day, p)
    cumulative_t, found = inputs.change_before_co2e_t, {}
    for year, span in inputs.period.by_year():
        share = span.days / inputs.period.days
        woody = {side: _woody_t(inputs, side, day, p) * share for side in ("project", "baseline")}
        whole = {"project": soil.project_t * share, "baseline": soil.baseline_t * share}
        stocks = {side: rules.stock_change_t(whole[side], woody[side], unc, net_soil_t, day=day, p=p) for side in whole}
        cumulative_t += stocks["project"]
        before = rules.split_stock_change(
            whole["project"] + woody["project"], whole["baseline"] + woody["baseline"], cumulative_t, day=day, p=p
        )
        after = rules.split_stock_change(stocks["project"], stocks["baseline"], cumulative_t, day=day, p=p)
        reduction = _reduction_lines(inputs, year, share, before[0], after[0], day, p)
        removal = _removal_lines(whole["project"] + woody["project"], before[1], after[1])
        leakage_t = _leakage_t(inputs, year, span, displaced_t_yr, day, p)
        _close(inputs, reduction, removal, after, leakage_t, day, p)
        found[year] = YearParts(removal, reduction, stocks["project"] - stocks["baseline"])
    return found


def _removal_lines(project_t: float, before_t: float, after_t: float) -> dict[str, float]:
    """Gross removal, baseline and uncertainty of a year; all nothing while the cumulative change is not positive."""
    gross_t = max(project_t, 0.0) if before_t or after_t else 0.0
    return {"gross_removal": gross_t, "baseline": before_t - gross_t, "uncertainty_deduction": after_t - before_t}


def _reduction_lines(
    inputs: ImprovedLandInputs,
    year: int,
    share: float,
    before_t: float,
    after_t: float,
    day: date,
    p: Mapping[str, Dated],
) -> dict[str, float]:
    """Every source, the losses of stock that were avoided, ranges and uncertainty of a year."""
    sources, lowered_t = _reductions(inputs, year, day, p)
    deducted = [after_t - before_t]
    for flux in inputs.modelled_fluxes:
        whole_t = rules.modelled_reduction_t(flux, day=day, p=p)
        difference_t, se_t = flux.baseline_t - flux.project_t, flux.reduction_se_t
        unc = rules.uncertainty_share(se_t * se_t, math.inf, difference_t, day=day, p=p)
        sources[f"source.soil_{flux.gas.lower()}"] = whole_t * share
        deducted.append(rules.modelled_deduction_t(whole_t, unc, day=day, p=p) * share)
    return {
        **sources,
        "factor_range": lowered_t,
        "stock_loss_avoided": before_t,
        "uncertainty_deduction": math.fsum(deducted),
    }


def _close(
    inputs: ImprovedLandInputs,
    reduction: dict[str, float],
    removal: dict[str, float],
    stocks: tuple[float, float],
    leakage_t: float,
    day: date,
    p: Mapping[str, Dated],
) -> None:
    """Add leakage, buffer and offset to the lines of a year. Here the standard's positive amounts turn their sign."""
    sides = (reduction, removal)
    leaked = rules.leakage_shares_t(leakage_t, *(math.fsum(x.values()) for x in sides), day=day, p=p)
    for lines, leak_t, stock_t in zip(sides, leaked, stocks, strict=True):
        lines["leakage"] = -leak_t
        lines["permanence"] = -rules.buffer_t(stock_t, inputs.npr_fraction, day=day, p=p)
    nets = [math.fsum(x.values()) for x in sides]
    reduction["offset"] = rules.offset_t(*nets, day=day, p=p)
    removal["offset"] = rules.offset_t(*reversed(nets), day=day, p=p)


def _woody_t(inputs: ImprovedLandInputs, side: str, day: date, p: Mapping[str, Dated]) -> float:
    """Trees and shrubs of one side over the whole period. [t CO2e]"""
    found: Iterable[float] = (
        rules.woody_change_t_yr(x, inputs.period, day=day, p=p) for x in inputs.woody if x.side == side
    )
    return math.fsum(found) * inputs.period.years


def _displaced_t_yr(inputs: ImprovedLandInputs, day: date, p: Mapping[str, Dated]) -> float:
    """Leakage of displaced production for each year of the period. [t CO2e/yr]"""
    if inputs.displacement is None:
        return 0.0
    cumulative_t = rules.cumulative_displacement_t(inputs.displacement, day=day, p=p)
    return rules.displacement_t_yr(cumulative_t, inputs.displacement.before_co2e_t, inputs.period, day=day, p=p)


def _leakage_t(
    inputs: ImprovedLandInputs, year: int, span: Period, displaced_t_yr: float, day: date, p: Mapping[str, Dated]
) -> float:
    """All leakage of a calendar year, positive. [t CO2e]"""
    amendments = [rules.amendment_t(x, day=day, p=p) for x in inputs.amendments if x.year == year]
    residues_t = inputs.residue_energy_co2e_t * span.days / inputs.period.days
    return math.fsum([*amendments, displaced_t_yr * span.years, residues_t])
