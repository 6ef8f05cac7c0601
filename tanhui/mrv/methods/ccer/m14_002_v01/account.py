"""From one accounting period of a mangrove planting to its claim, which is always indicative: no coefficient was read.

Lines: gross_removal, baseline, project_emissions, permanence, carried_deficit (only where there is one), net.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.mrv.methods.ccer.m14_002_v01 import rules
from tanhui.mrv.methods.ccer.m14_002_v01.eligibility import eligibility
from tanhui.mrv.methods.ccer.m14_002_v01.inputs import MangroveInputs, refuse_impossible
from tanhui.mrv.methods.claims import KG_PER_T, claim_lines, leaf_reasons, share_by_days, year_shares
from tanhui.mrv.methods.verdict import verdict_reasons

__all__ = ["ID", "account"]

ID = "ccer/14-002-v01"


def account(inputs: MangroveInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The claim of one accounting period.

    Raises
    ------
    RefusedInput
        If dates or numbers cannot be, or shells are given as a sink; every fault is named.
    DomainError
        If another GWP edition is asked for.
    """
    refuse_impossible(inputs)
    p = parameters if isinstance(parameters, Recorder) else Recorder(parameters)
    day = inputs.application
    edition = one_gwp_edition({str(p["gwp_edition"].at(day).value), *filter(None, [inputs.gwp_edition])})
    verdicts = eligibility(inputs, p)
    parts = [
        ("gross_removal", rules.gross_removal_t(inputs, day=day, p=p), rules.gross_removal_t.at(day).clause),
        ("baseline", rules.baseline_t(inputs, day=day, p=p), rules.baseline_t.at(day).clause),
        ("project_emissions", rules.emissions_t(inputs, day=day, p=p), rules.emissions_t.at(day).clause),
    ]
    before_t = math.fsum(co2e_t for _, co2e_t, _ in parts)
    permanence_t = rules.permanence_t(before_t, day=day, p=p)
    parts.append(("permanence", permanence_t, rules.permanence_t.at(day).clause))
    if inputs.carried_deficit_t:
        parts.append(("carried_deficit", -inputs.carried_deficit_t, ""))
    # -0.0 reads badly on paper
    lines, net_kg = claim_lines([(line, co2e_t + 0.0, clause) for line, co2e_t, clause in parts])
    by_year_t = {
        year: share_by_days(before_t + permanence_t, inputs.period, span) for year, span in inputs.period.by_year()
    }
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
