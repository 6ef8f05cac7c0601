"""Leakage of a period as two negative lines: biomass and soil of the land that took up what was displaced."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date

from tanhui.kernel.errors import Fault
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.mrv.methods.cdm.ar_tool15 import rules
from tanhui.mrv.methods.cdm.ar_tool15.inputs import Displacement, DisplacementInputs
from tanhui.mrv.methods.cdm.ar_tool16.account import land_faults
from tanhui.mrv.methods.cdm.ar_tool16.rules import initial_stock_c_t_ha
from tanhui.mrv.methods.cdm.tool import tool_claim, tool_parameters
from tanhui.mrv.methods.checks import number_faults, refuse, twice
from tanhui.mrv.methods.claims import as_removal, recording

__all__ = ["ID", "account"]

ID = "cdm/ar-tool15"
SOIL_TABLES = "cdm/ar-tool16"


def account(inputs: DisplacementInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The leakage of a period; never positive.

    Raises
    ------
    RefusedInput
        If wetland is drained, a number cannot be, a zero has no evidence, or land is not described.
    DomainError
        If the soil tables have no value for the land.
    """
    _refuse_impossible(inputs)
    p = recording(parameters)
    day = inputs.day or inputs.period.last_day
    moved = [x for x in inputs.displacements if not rules.is_zero(x, day=day, p=p)]
    biomass = math.fsum(rules.biomass_c_t(x, day=day, p=p) for x in moved)
    soil = math.fsum(rules.soil_c_t(x, *_stocks(x, day, p), day=day, p=p) for x in moved)
    parts = [
        (line, as_removal(rules.leakage_co2_t(lost, day=day, p=p)), clause)
        for line, lost, clause in (
            ("leakage_biomass", biomass, rules.biomass_c_t.at(day).clause),
            ("leakage_soil", soil, rules.soil_c_t.at(day).clause),
        )
    ]
    return tool_claim(ID, inputs.period, parts, p)


def _stocks(x: Displacement, day: date, p: Recorder) -> tuple[float, float]:
    """Soil stock of the receiving land before and after, by the tables of AR-TOOL16. [t C/ha]"""
    if x.before is None or x.after is None:
        return 0.0, 0.0
    soil = tool_parameters(SOIL_TABLES, p)
    return initial_stock_c_t_ha(x.before, day=day, p=soil), initial_stock_c_t_ha(x.after, day=day, p=soil)


def _refuse_impossible(inputs: DisplacementInputs) -> None:
    faults = list(number_faults(inputs, positive={"area_ha"}))
    faults += twice([x.name for x in inputs.displacements], "displacements")
    first, last = inputs.period.to_list()
    for i, x in enumerate(inputs.displacements):
        column = f"displacements[{i}]"
        if not inputs.period.start <= x.day < inputs.period.end:
            facts = {"first": first, "last": last}
            faults.append(Fault("methods.cdm_outside_period", column=f"{column}.day", value=str(x.day), facts=facts))
        faults += _land_faults(x, column)
    refuse(faults)


def _land_faults(x: Displacement, column: str) -> Iterator[Fault]:
    if x.drains_wetland:
        yield Fault("methods.cdm_drains_wetland", column=f"{column}.drains_wetland", value=x.name)
    if x.zero_ground is not None:
        if not x.evidence:
            yield Fault("methods.cdm_no_evidence", column=f"{column}.evidence", value=x.zero_ground)
        return
    if x.tree_agb_t_ha is None:
        yield Fault("methods.missing_key", column=f"{column}.tree_agb_t_ha")
    for name, land in (("before", x.before), ("after", x.after)):
        if land is not None:
            yield from land_faults(land, f"{column}.{name}")
        elif x.activity == "crops":
            yield Fault("methods.missing_key", column=f"{column}.{name}")
    if x.before and x.after and (x.before.soil, x.before.climate) != (x.after.soil, x.after.climate):
        yield Fault("methods.cdm_other_land", column=f"{column}.after", value=x.name)
