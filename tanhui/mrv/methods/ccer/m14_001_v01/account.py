"""From one accounting period of an afforestation project to its claim.

Order: what cannot be is refused; days that cannot be claimed are taken out *before* any line (so the lines, the
period and the years of the claim are those of the claimed days, and ``excluded`` shows the rest); then the lines in
the order gross_removal, baseline, project_emissions, leakage, uncertainty_deduction, permanence, carried_deficit (only
where there is one), net.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tanhui.kernel.errors import DomainError
from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Claim, Exclusion
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.kernel.time import Period
from tanhui.mrv.methods.ccer.m14_001_v01 import rules
from tanhui.mrv.methods.ccer.m14_001_v01.eligibility import eligibility
from tanhui.mrv.methods.ccer.m14_001_v01.inputs import AfforestationInputs, refuse_impossible
from tanhui.mrv.methods.claims import KG_PER_T, claim_lines, kg_down, leaf_reasons, share_by_days, year_shares
from tanhui.mrv.methods.verdict import verdict_reasons

__all__ = ["ID", "BandStep", "account", "uncertainty_advice"]

ID = "ccer/14-001-v01"


@dataclass(frozen=True, slots=True)
class Parts:
    """The signed parts of a claim on some days, before the non-permanence deduction. [t CO2e]"""

    gross_t: float
    baseline_t: float
    emissions_t: float
    leakage_t: float
    deduction_t: float

    @property
    def before_t(self) -> float:
        """Their sum."""
        return math.fsum([self.gross_t, self.baseline_t, self.emissions_t, self.leakage_t, self.deduction_t])


def account(inputs: AfforestationInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The claim of one accounting period.

    Raises
    ------
    RefusedInput
        If dates or numbers cannot be; every fault is named.
    DomainError
        If U is above the last band, a pool is not allowed, or another GWP edition is asked for.
    """
    refuse_impossible(inputs)
    p = parameters if isinstance(parameters, Recorder) else Recorder(parameters)
    day = inputs.application
    edition = one_gwp_edition({str(p["gwp_edition"].at(day).value), *filter(None, [inputs.gwp_edition])})
    verdicts = eligibility(inputs, p)
    share = _deducted_share(inputs, day, p)
    claimed, excluded = rules.claimable_period(inputs, day=day, p=p)

    whole = _parts(inputs, claimed, share, day, p)
    permanence_t = rules.permanence_t(whole.before_t, day=day, p=p)
    lines, net_kg = claim_lines(_printed(whole, permanence_t, inputs.carried_deficit_t, day))
    held_back = permanence_t / whole.before_t if whole.before_t > 0 else 0.0
    by_year_t = {
        year: _parts(inputs, span, share, day, p).before_t * (1 + held_back)
        for year, span in (claimed.by_year() if claimed else ())
    }
    return Claim(
        method=ID,
        kind="removal",
        period=claimed or inputs.period,
        lines=lines,
        by_year=year_shares(by_year_t, net_kg, inputs.carried_deficit_t),
        credits_t=max(net_kg, 0) // KG_PER_T,
        gwp=edition,
        deficit_t=max(-net_kg, 0) / KG_PER_T,
        excluded=tuple(_exclusion(inputs, why, span, day, p) for why, span in excluded),
        indicative_reasons=(*verdict_reasons(verdicts), *leaf_reasons(p.used.values()), *inputs.equation_reasons),
    )


def _deducted_share(inputs: AfforestationInputs, day: date, p: Mapping[str, Dated]) -> float:
    """The deducted share of the trees' change; trees that did not change have no relative error."""
    if inputs.tree_change_co2e_t == 0:
        return 0.0
    return rules.uncertainty_share(inputs.tree_change_half_width90_rel, day=day, p=p)


def _parts(inputs: AfforestationInputs, span: Period | None, share: float, day: date, p: Mapping[str, Dated]) -> Parts:
    """What falls on the days of ``span``: stock changes by days, fires by their date."""
    trees_t = share_by_days(inputs.tree_change_co2e_t, inputs.period, span)
    fires = [fire for fire in inputs.fires if span is not None and span.start <= fire.day < span.end]
    return Parts(
        gross_t=share_by_days(rules.gross_removal_t(inputs, day=day, p=p), inputs.period, span),
        baseline_t=share_by_days(rules.baseline_t(inputs, day=day, p=p), inputs.period, span),
        emissions_t=math.fsum(rules.fire_t(fire, day=day, p=p) for fire in fires),
        leakage_t=share_by_days(rules.leakage_t(day=day, p=p), inputs.period, span),
        deduction_t=-share * abs(trees_t),
    )


def _printed(parts: Parts, permanence_t: float, carried_t: float, day: date) -> list[tuple[str, float, str]]:
    """The lines above ``net`` in their printed order, each with its clause."""
    lines = [
        ("gross_removal", parts.gross_t, rules.gross_removal_t.at(day).clause),
        ("baseline", parts.baseline_t, rules.baseline_t.at(day).clause),
        ("project_emissions", parts.emissions_t, rules.fire_t.at(day).clause),
        ("leakage", parts.leakage_t, rules.leakage_t.at(day).clause),
        ("uncertainty_deduction", parts.deduction_t, rules.uncertainty_share.at(day).clause),
        ("permanence", permanence_t, rules.permanence_t.at(day).clause),
    ]
    if carried_t:
        lines.append(("carried_deficit", -carried_t, ""))
    # -0.0 reads badly on paper
    return [(line, co2e_t + 0.0, clause) for line, co2e_t, clause in lines]


def _exclusion(inputs: AfforestationInputs, why: str, span: Period, day: date, p: Mapping[str, Dated]) -> Exclusion:
    """What lies on days that cannot be claimed, before any deduction: removals less baseline and fires."""
    parts = _parts(inputs, span, 0.0, day, p)
    return Exclusion(why, kg_down(parts.before_t) / KG_PER_T)


@dataclass(frozen=True, slots=True)
class BandStep:
    """What reaching a better uncertainty band would take and bring.

    Attributes
    ----------
    u_needed_rel : float
        The largest U of the band. [1]
    share : float
        What is deducted there. [1]
    plots_factor : float
        How many times today's plots that takes if the sampling error alone falls, with the root of their number.
    gain_t : float
        Tonnes gained over today's band, after the non-permanence deduction. [t CO2e]
    """

    u_needed_rel: float
    share: float
    plots_factor: float
    gain_t: float


def uncertainty_advice(inputs: AfforestationInputs, parameters: Mapping[str, Dated]) -> tuple[BandStep, ...]:
    """The better bands within reach, nearest first; empty where nothing more can be gained.

    Above the last band today's claim is nothing, so the gain counts the whole trees' change.
    """
    day, u_rel, p = inputs.application, inputs.tree_change_half_width90_rel, parameters
    claimed, _ = rules.claimable_period(inputs, day=day, p=p)
    trees_t = share_by_days(abs(inputs.tree_change_co2e_t), inputs.period, claimed)
    try:
        today = _deducted_share(inputs, day, p)
    except DomainError:
        today = 1.0
    kept = 1 - p["k_risk"].at(day).number()
    bands = p["uncertainty_bands"].at(day).value
    assert isinstance(bands, list)
    return tuple(
        BandStep(u_max, share, (u_rel / u_max) ** 2, (today - share) * trees_t * kept)
        for u_max, share in reversed(bands)
        if u_max < u_rel and share < today
    )
