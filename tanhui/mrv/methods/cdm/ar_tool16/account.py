"""Soil of planted land over a period, stratum by stratum."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from tanhui.kernel.errors import Fault
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.cdm.ar_tool16 import rules
from tanhui.mrv.methods.cdm.ar_tool16.inputs import Land, SoilInputs, SoilStratum
from tanhui.mrv.methods.cdm.tool import tool_claim
from tanhui.mrv.methods.checks import number_faults, refuse, twice
from tanhui.mrv.methods.claims import recording
from tanhui.mrv.methods.verdict import Verdict, judge, verdict_reasons

__all__ = ["ID", "account", "eligibility", "land_faults", "soil_faults"]

ID = "cdm/ar-tool16"
MANAGEMENT = {
    "long_term_crop": ("full", "reduced"),
    "short_term_crop": ("full", "reduced"),
    "grassland": ("non_degraded", "moderately_degraded", "severely_degraded"),
    "native": ("none",),
}


def account(inputs: SoilInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The change of the soil of all strata; a gain is positive.

    Raises
    ------
    RefusedInput
        If there is no stratum, a number cannot be, or a management does not belong to its use.
    DomainError
        If the tables have no value for a soil in its climate.
    """
    refuse([*number_faults(inputs, positive={"area_ha"}), *soil_faults(inputs.strata, "strata")])
    p = recording(parameters)
    day = inputs.day or inputs.period.last_day
    verdicts = eligibility(inputs, p)
    changes = [rules.soil_change_co2_t(x, inputs.period, day=day, p=p) for x in inputs.strata]
    parts = [("soil", math.fsum(changes), rules.soil_change_co2_t.at(day).clause)]
    return tool_claim(ID, inputs.period, parts, p, reasons=verdict_reasons(verdicts))


def eligibility(inputs: SoilInputs, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """The tool's conditions with what was answered."""
    day, p = inputs.day or inputs.period.last_day, parameters
    asked = (rules.land_kind, rules.litter, rules.disturbance, rules.baseline_listed)
    return tuple(judge(rule, rule(inputs, day=day, p=p), day=day, evidence=inputs.evidence) for rule in asked)


def soil_faults(strata: Sequence[SoilStratum], column: str) -> Iterator[Fault]:
    """What cannot be of strata: none, one twice, a management that is not of its use."""
    if not strata:
        yield Fault("methods.cdm_no_strata", column=column)
    yield from twice([x.name for x in strata], column)
    for i, x in enumerate(strata):
        yield from land_faults(x.land, f"{column}[{i}].land")


def land_faults(land: Land, column: str) -> Iterator[Fault]:
    """A management that does not belong to its use."""
    known = MANAGEMENT[land.use]
    if land.management not in known:
        yield Fault(
            "methods.cdm_management",
            column=f"{column}.management",
            value=land.management,
            facts={"use": land.use, "known": ", ".join(known)},
        )
