"""What burnt in a period as signed lines: eq. (1) is their sum."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tanhui.kernel.errors import Fault
from tanhui.kernel.gwp import one_gwp_edition
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.cdm.ar_tool08 import rules
from tanhui.mrv.methods.cdm.ar_tool08.inputs import BurningInputs, Fire, Residue, SitePreparation
from tanhui.mrv.methods.cdm.tool import tool_claim
from tanhui.mrv.methods.checks import number_faults, refuse
from tanhui.mrv.methods.claims import as_removal, recording

if TYPE_CHECKING:
    from tanhui.kernel.time import Period

__all__ = ["ID", "account", "fire_faults"]

ID = "cdm/ar-tool08"


def account(inputs: BurningInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The emissions of a period as negative lines.

    Raises
    ------
    RefusedInput
        If a day lies outside the period, a number cannot be, or what is left out has no evidence.
    DomainError
        If the edition of warming potentials is unknown.
    """
    _refuse_impossible(inputs)
    p = recording(parameters)
    day = inputs.day or inputs.period.last_day
    edition = one_gwp_edition({inputs.gwp_edition})
    fires = rules.counted_fires(inputs.fires, inputs.least_forest_ha, inputs.project_area_ha, day=day, p=p)
    clearing = [rules.site_preparation_t(x, day=day, p=p) for x in inputs.site_preparation]
    felled = [rules.residue_t(rules.harvested_t(x, day=day, p=p), x.climate, day=day, p=p) for x in inputs.residues]
    burnt = [rules.forest_fire_t(x, edition, day=day, p=p) for x in fires]
    dead = [rules.dead_matter_t(x, day=day, p=p) for x in fires]
    parts = [
        ("site_preparation", as_removal(math.fsum(clearing)), rules.site_preparation_t.at(day).clause),
        ("harvest_residue", as_removal(math.fsum(felled)), rules.residue_t.at(day).clause),
        ("forest_fire", as_removal(math.fsum(burnt)), rules.forest_fire_t.at(day).clause),
        ("dead_matter", as_removal(math.fsum(dead)), rules.dead_matter_t.at(day).clause),
    ]
    return tool_claim(ID, inputs.period, parts, p, gwp=edition)


def fire_faults(fires: Sequence[Fire | Residue | SitePreparation], period: Period, column: str) -> Iterator[Fault]:
    """A fault for each fire whose day is not in the period."""
    first, last = period.to_list()
    for i, fire in enumerate(fires):
        if not period.start <= fire.day < period.end:
            yield Fault(
                "methods.cdm_outside_period",
                column=f"{column}[{i}].day",
                value=str(fire.day),
                facts={"first": first, "last": last},
            )


def _refuse_impossible(inputs: BurningInputs) -> None:
    faults = list(number_faults(inputs, positive={"project_area_ha", "least_forest_ha", "area_ha"}))
    for column in ("fires", "site_preparation", "residues"):
        faults += fire_faults(getattr(inputs, column), inputs.period, column)
    for i, clearing in enumerate(inputs.site_preparation):
        if clearing.slash_and_burn and not clearing.evidence:
            faults.append(
                Fault("methods.cdm_no_evidence", column=f"site_preparation[{i}].evidence", value="slash_and_burn")
            )
    faults += [
        Fault("methods.cdm_no_residue_share", column=f"residues[{i}].climate", value=x.climate)
        for i, x in enumerate(inputs.residues)
        if x.climate == "boreal"
    ]
    refuse(faults)
