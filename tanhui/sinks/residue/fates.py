"""What becomes of a tonne of dry residue, line by line."""

from __future__ import annotations

import math
from collections.abc import Callable

from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.frame import Factors, Given

__all__ = ["FATES", "burnt_co2_t_t", "carbon_t_t", "effect_t_t"]

KG_PER_T = 1000
Effect = dict[str, float]


def carbon_t_t(given: Given, factors: Factors) -> float:
    """Carbon in a tonne of dry residue. [t C/t d.m.]"""
    return factors("carbon_fraction", given["kind"])


def effect_t_t(fate: str, given: Given, factors: Factors) -> Effect:
    """Lasting carbon and gases of a tonne that meets this fate, removals positive. [t CO2e/t d.m.]"""
    return FATES[fate](given, factors)


def _leave(given: Given, factors: Factors) -> Effect:
    """What is still there after the horizon."""
    left = math.exp(-factors("leave_rate") * given["horizon_yr"])
    return {"left": carbon_t_t(given, factors) * left * CO2_PER_C}


def _burn(given: Given, factors: Factors) -> Effect:
    """Methane and nitrous oxide; the carbon dioxide grows back."""
    consumed = factors("combustion", given["kind"])
    return {
        f"burn_{gas.lower()}": -consumed * factors(f"burn_{gas.lower()}", given["kind"]) / KG_PER_T * factors.gwp(gas)
        for gas in ("CH4", "N2O")
    }


def burnt_co2_t_t(given: Given, factors: Factors) -> float:
    """Biogenic carbon dioxide of burning a tonne in the open. [t CO2/t d.m.]"""
    return factors("combustion", given["kind"]) * factors("burn_co2", given["kind"]) / KG_PER_T


def _energy(given: Given, factors: Factors) -> Effect:
    """The fuel replaced, less the gases of burning residue in a plant."""
    heat = given["heating_value"]
    return {
        "substitution": heat * given["efficiency_ratio"] * given["fuel_ef"] / KG_PER_T,
        "energy_ch4": -heat * factors("energy_ch4") / KG_PER_T * factors.gwp("CH4"),
        "energy_n2o": -heat * factors("energy_n2o") / KG_PER_T * factors.gwp("N2O"),
    }


def _biochar(given: Given, factors: Factors) -> Effect:
    """Carbon that becomes biochar and is kept, less the methane of the kiln."""
    char = carbon_t_t(given, factors) * factors("char_carbon")
    return {
        "biochar": char * given["biochar_permanence_share"] * CO2_PER_C,
        "kiln_ch4": -factors("char_yield") * given["kiln_ch4_kg_kg"] * factors.gwp("CH4"),
    }


FATES: dict[str, Callable[[Given, Factors], Effect]] = {
    "leave": _leave,
    "burn": _burn,
    "energy": _energy,
    "biochar": _biochar,
}
