"""Yearly fluxes of organic soils by climate, use and nutrients: Tier 1 of the IPCC, or measured.

Everything is an emission here, positive to the air. Of rewetted soils former ditches are a part, and their nitrous
oxide is negligible under Tier 1, so neither has a factor.

References
----------
.. [1] IPCC, 2013 Supplement to the 2006 Guidelines: Wetlands, chapters 2 (drained) and 3 (rewetted).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.units import CH4_PER_C, CO2_PER_C, N2O_PER_N
from tanhui.sinks.frame import Factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Parcels = Mapping[str, NDArray[Any]]

__all__ = ["MEASURED", "REWETTED", "Fluxes", "factor_key", "fluxes", "needs_nutrient"]

REWETTED = "rewetted"
MEASURED = "measured"
#: Uses whose factors differ between poor and rich sites.
BY_NUTRIENT = {("boreal", "forest"), ("boreal", REWETTED), ("temperate", REWETTED)}
#: How deep ditches are, by use; everything else is drained deep.
DITCHES = {"forest": "forest", "grassland shallow": "shallow", "extraction": "extraction"}


@dataclass(frozen=True, slots=True, eq=False)
class Fluxes:
    """Emissions of each parcel. ``doc_t`` is dissolved carbon that leaves the site and becomes CO2 elsewhere.

    Attributes
    ----------
    co2_t, doc_t : ndarray of float, shape (n,)
        [t CO2/ha/yr]
    ch4_kg, ditch_ch4_kg, n2o_kg : ndarray of float, shape (n,)
        From the land and from its ditches, each per hectare of the parcel. [kg/ha/yr]
    """

    co2_t: Array
    doc_t: Array
    ch4_kg: Array
    ditch_ch4_kg: Array
    n2o_kg: Array

    @property
    def carbon_t(self) -> Array:
        """Carbon that leaves the peat as CO2, here and in the water. [t C/ha/yr]"""
        return (self.co2_t + self.doc_t) / CO2_PER_C


def needs_nutrient(climate: str, use: str) -> bool:
    """Whether the factors of a use differ between nutrient-poor and nutrient-rich sites."""
    return (climate, use) in BY_NUTRIENT


def factor_key(climate: str, use: str, nutrient: str) -> str:
    """Key of the factors of a use, such as ``boreal forest poor``."""
    return f"{climate} {use} {nutrient}" if needs_nutrient(climate, use) else f"{climate} {use}"


def fluxes(parcels: Parcels, use: NDArray[Any], factors: Factors) -> Fluxes:
    """Emissions of parcels under a use each; each kind of parcel is looked up once."""
    kinds = list(zip(parcels["climate"], use, parcels["nutrient"], strict=True))

    def each(flux: Callable[[str, str, str], float]) -> Array:
        found = {kind: flux(*kind) for kind in sorted(set(kinds)) if kind[1] != MEASURED}
        return np.array([found.get(kind, 0.0) for kind in kinds])

    measured = use == MEASURED
    share, ditch_kg = _ditches(parcels, each, factors)
    land = each(lambda climate, use, nutrient: _land_ch4(factors, climate, use, nutrient))
    co2 = each(lambda *kind: factors("co2_onsite", factor_key(*kind)))
    doc = each(lambda climate, use, _: factors("doc", f"{climate} {REWETTED if use == REWETTED else 'drained'}"))
    n2o = each(lambda *kind: 0.0 if kind[1] == REWETTED else factors("n2o", factor_key(*kind)))
    return Fluxes(
        np.where(measured, -parcels["uptake_t_c_ha_yr"], co2) * CO2_PER_C,
        doc * CO2_PER_C,
        np.where(measured, parcels["ch4_kg_ha_yr"], (1 - share) * land),
        share * ditch_kg,
        np.where(measured, np.nan_to_num(parcels["n2o_kg_ha_yr"]), n2o * N2O_PER_N),
    )


def _land_ch4(factors: Factors, climate: str, use: str, nutrient: str) -> float:
    """Methane of the land between the ditches; the tables of rewetted soils give it as carbon. [kg CH4/ha/yr]"""
    key = factor_key(climate, use, nutrient)
    return factors("ch4_rewetted", key) * CH4_PER_C if use == REWETTED else factors("ch4_land", key)


def _ditches(
    parcels: Parcels, each: Callable[[Callable[[str, str, str], float]], Array], factors: Factors
) -> tuple[Array, Array]:
    """Share of ditches in the area, the parcel's own where it is known, and their methane. [1] [kg CH4/ha/yr]"""

    def ditch(name: str) -> Callable[[str, str, str], float]:
        def factor(climate: str, use: str, _: str) -> float:
            if use == REWETTED:
                return 0.0
            return factors(name, "tropical" if climate == "tropical" else DITCHES.get(use, "deep"))

        return factor

    own = parcels["ditch_share"]
    if np.isnan(own).any():
        return np.where(np.isnan(own), each(ditch("ditch_share")), own), each(ditch("ch4_ditch"))
    return own, each(ditch("ch4_ditch"))
