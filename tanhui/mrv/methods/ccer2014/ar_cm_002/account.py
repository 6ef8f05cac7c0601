"""The claim of one accounting period as AR-CM-002-V01 would have had it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from tanhui.kernel.errors import Fault
from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.mrv.methods.ccer2014.ar_cm_002 import rules
from tanhui.mrv.methods.ccer2014.ar_cm_002.eligibility import CONDITIONS
from tanhui.mrv.methods.ccer2014.ar_cm_002.inputs import BambooPlanting
from tanhui.mrv.methods.ccer2014.project import history_claim, refuse_impossible, verdicts_of
from tanhui.mrv.methods.cdm.ar_tool16.account import soil_faults
from tanhui.mrv.methods.checks import twice
from tanhui.mrv.methods.claims import recording
from tanhui.mrv.methods.verdict import Verdict

__all__ = ["ID", "account", "eligibility"]

ID = "ccer-2014/ar-cm-002"


def eligibility(inputs: BambooPlanting, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """Every condition with its verdict."""
    return verdicts_of(inputs, CONDITIONS, parameters)


def account(inputs: BambooPlanting, parameters: Mapping[str, Dated]) -> Claim:
    """The claim, never issued.

    Raises
    ------
    DomainError
        If the methodology was not in force, a pool is not allowed, or the soil tables have no value.
    RefusedInput
        If dates, numbers or stands cannot be; every fault is named.
    """
    p, day = recording(parameters), inputs.application
    refuse_impossible(inputs, ID, CONDITIONS, p, tuple(_faults(inputs, p)))
    edition = one_gwp_edition({inputs.gwp_edition})
    bamboo = math.fsum(rules.bamboo_t(x, inputs.period, day=day, p=p) for x in inputs.stands)
    parts = [
        ("bamboo", bamboo, rules.bamboo_t.at(day).clause),
        ("dead_matter", rules.pools_t(inputs, day=day, p=p), rules.pools_t.at(day).clause),
        ("soil", rules.soil_t(inputs, day=day, p=p), rules.soil_t.at(day).clause),
        ("baseline", rules.baseline_t(inputs, day=day, p=p), rules.baseline_t.at(day).clause),
        ("project_emissions", rules.fire_t(inputs, edition, day=day, p=p), rules.fire_t.at(day).clause),
        ("leakage", rules.leakage_t(inputs, day=day, p=p), rules.leakage_t.at(day).clause),
    ]
    return history_claim(inputs, ID, parts, eligibility(inputs, p), edition, p)


def _faults(inputs: BambooPlanting, p: Recorder) -> Iterator[Fault]:
    yield from twice([x.name for x in inputs.stands], "stands")
    if inputs.soil:
        yield from soil_faults(inputs.soil, "soil")
    for i, x in enumerate(inputs.stands):
        least, most = rules.maturity_range_yr(x.form, day=inputs.application, p=p)
        if not least <= x.mature_after_yr <= most:
            yield Fault(
                "methods.ccer2014_maturity",
                column=f"stands[{i}].mature_after_yr",
                value=str(x.mature_after_yr),
                facts={"form": x.form, "least": f"{least:g}", "most": f"{most:g}"},
            )
        if x.planted_on >= inputs.period.end:
            yield Fault("methods.ccer2014_planted_later", column=f"stands[{i}].planted_on", value=x.name)
