"""What cannot be meant: everything wrong with the parcels together, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.sinks.frame import Factors, Given
from tanhui.sinks.peatland.fluxes import MEASURED, REWETTED, factor_key, needs_nutrient

__all__ = ["check"]

TABLE = "parcels"


def check(given: Given, factors: Factors) -> None:
    """Refuse parcels that no factor answers for, or that contradict themselves.

    Raises
    ------
    RefusedInput
        With everything that is wrong.
    """
    rows = given.rows(TABLE)
    faults = []
    for row in range(len(rows["parcel"])):
        parcel = {name: column[row] for name, column in rows.items()}
        for code, column in (*_measured(parcel), *_depth(parcel)):
            faults.append(Fault(code, sheet=TABLE, row=row + 1, column=column, value=str(parcel["parcel"])))
        for code, column, value in _uses(parcel, factors):
            faults.append(Fault(code, sheet=TABLE, row=row + 1, column=column, value=value))
    compared = rows["baseline_use"] != ""
    if compared.any() and not compared.all():
        faults.append(Fault("peatland.baseline_for_some", sheet=TABLE, column="baseline_use"))
    if len(set(rows["parcel"])) < len(rows["parcel"]):
        faults.append(Fault("peatland.parcel_twice", sheet=TABLE, column="parcel"))
    if given.has("surge_factor") != given.has("surge_yr"):
        faults.append(Fault("peatland.surge_incomplete", column="surge_factor, surge_yr"))
    if faults:
        raise RefusedInput(faults)


def _uses(parcel: Mapping[str, Any], factors: Factors) -> Iterator[tuple[str, str, str]]:
    climate, nutrient = parcel["climate"], parcel["nutrient"]
    for column in ("use", "baseline_use"):
        use = parcel[column]
        if use in ("", MEASURED):
            continue
        if needs_nutrient(climate, use) and nutrient == "":
            yield "peatland.nutrient_wanted", "nutrient", f"{climate} {use}"
        elif not factors.has("co2_onsite", key := factor_key(climate, use, nutrient)):
            yield "peatland.no_such_use", column, key
    if parcel["use"] == REWETTED and parcel["baseline_use"] == "" and not np.isnan(parcel["ditch_share"]):
        yield "peatland.ditches_of_rewetted", "ditch_share", f"{parcel['ditch_share']:g}"


def _measured(parcel: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("uptake_t_c_ha_yr", "ch4_kg_ha_yr"):
        if (parcel["use"] == MEASURED) == bool(np.isnan(parcel[name])):
            yield ("peatland.measured_wanted" if parcel["use"] == MEASURED else "peatland.not_measured"), name
    if parcel["use"] != MEASURED and not np.isnan(parcel["n2o_kg_ha_yr"]):
        yield "peatland.not_measured", "n2o_kg_ha_yr"


def _depth(parcel: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known = {name: not np.isnan(parcel[name]) for name in ("subsidence_cm_yr", "oxidised_share")}
    if len(set(known.values())) > 1:
        yield "peatland.subsidence_and_share", "subsidence_cm_yr, oxidised_share"
    carbon = not (np.isnan(parcel["bulk_density_g_cm3"]) or np.isnan(parcel["carbon_percent"]))
    if not np.isnan(parcel["peat_depth_m"]) and not carbon and not all(known.values()):
        yield "peatland.depth_without_loss", "peat_depth_m"
