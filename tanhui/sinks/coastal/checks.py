"""What cannot be meant: everything wrong with the inputs together, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.sinks.frame import Given

__all__ = ["LOST", "check"]

#: Areas that are lost, each its own way.
LOST = ("extracted_ha", "drained_ha", "eroded_ha")


def check(given: Given) -> None:
    """Refuse inputs that contradict each other or that count what is no sink.

    Raises
    ------
    RefusedInput
        With everything that is wrong.
    """
    faults = [*_carbonate(given), *_needs(given), *_comparison(given)]
    lost = sum(given[name] or 0.0 for name in LOST)
    if lost > given["area_ha"]:
        faults.append(Fault("coastal.more_lost_than_there_is", column=", ".join(LOST), value=f"{lost:g}"))
    if given.has("cores"):
        faults += _cores(given)
    if given.has("trees"):
        faults += _trees(given)
    if faults:
        raise RefusedInput(faults)


def _carbonate(given: Given) -> Iterator[Fault]:
    if given.has("shell_carbon_t"):
        yield Fault("coastal.shell_carbon", column="shell_carbon_t", value=f"{given['shell_carbon_t']:g}")


def _needs(given: Given) -> Iterator[Fault]:
    ecosystem = given["ecosystem"]
    if ecosystem == "mangrove" and not given.has("climate"):
        yield Fault("coastal.climate_wanted", column="climate")
    if ecosystem != "mangrove" and (given.has("trees") or given.has("agb_t_ha")):
        yield Fault("coastal.no_trees_here", column="trees, agb_t_ha", value=ecosystem)
    if given.has("trees") and given.has("agb_t_ha"):
        yield Fault("coastal.biomass_twice", column="trees, agb_t_ha")
    if ecosystem != "tidal marsh" and given.has("cover"):
        yield Fault("coastal.cover_of_marsh", column="cover", value=ecosystem)
    if ecosystem != "seagrass" and not given.has("salinity"):
        yield Fault("coastal.salinity_wanted", column="salinity")
    if given.has("cores") and given.has("soil_stock_t_ha"):
        yield Fault("coastal.soil_twice", column="cores, soil_stock_t_ha")
    if given.has("accretion_cm_yr") != given.has("dated_depth_m"):
        yield Fault("coastal.accretion_and_depth", column="accretion_cm_yr, dated_depth_m")
    if given.has("accretion_cm_yr") and not given.has("cores"):
        yield Fault("coastal.accretion_needs_cores", column="cores")
    if given.has("accretion_cm_yr") and given.has("burial_t_ha_yr"):
        yield Fault("coastal.burial_twice", column="accretion_cm_yr, burial_t_ha_yr")
    eroding = [given.has(name) for name in ("eroded_ha", "eroded_depth_m", "erosion_setting")]
    if any(eroding) and not all(eroding):
        yield Fault("coastal.erosion_incomplete", column="eroded_ha, eroded_depth_m, erosion_setting")


def _comparison(given: Given) -> Iterator[Fault]:
    compared = given.has("forest_stock_t_ha") or given.has("forest_rate_t_ha_yr")
    if compared and not given.has("forest_name"):
        yield Fault("coastal.denominator_wanted", column="forest_name")
    if given.has("forest_stock_t_ha") and not given.has("forest_pools"):
        yield Fault("coastal.pools_wanted", column="forest_pools")


def _cores(given: Given) -> Iterator[Fault]:
    rows = given.rows("cores")
    names = rows["core"].astype(str)
    for row in range(len(names)):
        for code, column, value in _layer({name: column[row] for name, column in rows.items()}):
            shown = "" if np.isnan(value) else f"{value:g}"
            yield Fault(code, sheet="cores", row=row + 1, column=column, value=shown)
    for name in dict.fromkeys(names):
        here = np.flatnonzero(names == name)
        here = here[np.argsort(rows["top_cm"][here], kind="stable")]
        if (rows["top_cm"][here][1:] < rows["bottom_cm"][here][:-1]).any():
            yield Fault("coastal.layers_overlap", sheet="cores", column="top_cm", value=name)


def _layer(layer: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Code, column and value of everything wrong with one layer."""
    total, inorganic = layer["carbon_percent"], layer["inorganic_c_percent"]
    if layer["bottom_cm"] <= layer["top_cm"]:
        yield "coastal.layer_upside_down", "bottom_cm", layer["bottom_cm"]
    if np.isnan(total) and np.isnan(layer["om_percent"]):
        yield "coastal.no_carbon", "carbon_percent, om_percent", total
    if not np.isnan(total) and layer["carbon_kind"] == "":
        yield "coastal.carbon_kind_wanted", "carbon_kind", total
    if layer["carbon_kind"] == "total" and np.isnan(inorganic):
        yield "coastal.carbonate_unknown", "inorganic_c_percent", total
    if layer["carbon_kind"] == "organic" and not np.isnan(inorganic):
        yield "coastal.carbonate_twice", "inorganic_c_percent", inorganic
    if inorganic > total:
        yield "coastal.carbonate_above_total", "inorganic_c_percent", inorganic


def _trees(given: Given) -> Iterator[Fault]:
    rows = given.rows("trees")
    plots = rows["plot"].astype(str)
    for plot in dict.fromkeys(plots):
        if len(set(rows["plot_area_m2"][plots == plot])) > 1:
            yield Fault("coastal.plot_of_two_sizes", sheet="trees", column="plot_area_m2", value=plot)
