"""What a farm gives off in a year: nitrous oxide of nitrogen, carbon dioxide of lime and fuel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.units import CO2_PER_C, N2O_PER_N
from tanhui.sinks.frame import Factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["AMOUNTS", "amounts", "emissions_t_yr", "is_wet", "n2o_kg"]

Rows = Mapping[str, "NDArray[Any]"]
KG_PER_T = 1000
#: What is brought to a field in a year, per hectare; each has a column ``before_<name>`` too.
AMOUNTS = ("synthetic_n_kg_ha", "organic_n_kg_ha", "limestone_t_ha", "dolomite_t_ha", "diesel_l_ha", "petrol_l_ha")
BEFORE = "before_"


def amounts(fields: Rows, *, before: bool) -> dict[str, Array]:
    """What each field is brought in a year, whole fields; where nothing is said of before, it was as now."""
    found = {}
    for name in AMOUNTS:
        now, then = np.nan_to_num(fields[name]), fields[f"{BEFORE}{name}"]
        found[name] = np.where(np.isnan(then) | (not before), now, then) * fields["area_ha"]
    return found


def is_wet(fields: Rows) -> NDArray[np.bool_]:
    """Whether each field lies in a wet climate: as it says itself, else by the name of its climate region."""
    dry = np.array([str(zone).endswith("_dry") for zone in fields["climate"]], dtype=bool)
    return np.where(fields["moisture"] == "", ~dry, fields["moisture"] == "wet").astype(bool)


def emissions_t_yr(fields: Rows, factors: Factors, *, before: bool = False) -> dict[str, float]:
    """What all fields give off in a year, by line. [t CO2e/yr]"""
    brought = amounts(fields, before=before)
    direct, indirect = n2o_kg(brought, is_wet(fields), fields["irrigated"] == "yes", factors)
    warming = factors.gwp("N2O") / KG_PER_T
    lime = sum(_total(brought, f"{kind}_t_ha", "lime_carbon", kind, factors) for kind in ("limestone", "dolomite"))
    fuel = sum(_total(brought, f"{kind}_l_ha", "fuel", kind, factors) for kind in ("diesel", "petrol"))
    return {
        "n2o_direct": direct * warming,
        "n2o_indirect": indirect * warming,
        "lime": lime * CO2_PER_C,
        "fuel": fuel / KG_PER_T,
    }


def n2o_kg(
    brought: Mapping[str, Array], wet: NDArray[np.bool_], irrigated: NDArray[np.bool_], factors: Factors
) -> tuple[float, float]:
    """Direct and indirect nitrous oxide of the nitrogen of a year. [kg N2O]"""
    synthetic, organic = brought["synthetic_n_kg_ha"], brought["organic_n_kg_ha"]
    climate = np.where(wet, "wet", "dry")
    direct = _weighed(synthetic, "ef1", np.where(wet, "synthetic, wet", "dry"), factors)
    direct = direct + _weighed(organic, "ef1", np.where(wet, "other, wet", "dry"), factors)
    volatile = _weighed(synthetic, "volatilised", np.full(len(wet), "synthetic"), factors)
    volatile = volatile + _weighed(organic, "volatilised", np.full(len(wet), "organic"), factors)
    all_n = np.where(wet | irrigated, synthetic + organic, 0.0)
    leached = _weighed(all_n, "leached", np.full(len(wet), ""), factors)
    indirect = _weighed(volatile, "ef4", climate, factors) + _weighed(leached, "ef5", np.full(len(wet), ""), factors)
    return float(direct.sum()) * N2O_PER_N, float(indirect.sum()) * N2O_PER_N


def _weighed(amount: Array, name: str, keys: NDArray[Any], factors: Factors) -> Array:
    """Amounts times their factor; a factor that nothing needs is not asked for."""
    there = amount > 0
    result = np.zeros(len(amount))
    if there.any():
        result[there] = amount[there] * factors.many(name, keys[there])
    return result


def _total(brought: Mapping[str, Array], column: str, name: str, key: str, factors: Factors) -> float:
    amount = float(brought[column].sum())
    return amount * factors(name, key) if amount > 0 else 0.0
