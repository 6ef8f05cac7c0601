"""Methane and nitrous oxide of rice fields, IPCC 2019 Tier 1 (Volume 4, equations 5.1 to 5.3 and 11.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.kernel.units import N2O_PER_N
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["account", "amendment_factor", "ch4_kg", "n2o_kg"]

KG_PER_T = 1000
#: Column of the field table -> key of its conversion factor.
AMENDMENTS = {
    "straw_late_t_ha": "straw late",
    "straw_early_t_ha": "straw early",
    "compost_t_ha": "compost",
    "manure_t_ha": "manure",
    "green_manure_t_ha": "green manure",
}
USUAL_PRE_SEASON = "non-flooded <180 d"
NOT_FLOODED = {"upland": "upland", "continuously flooded": "continuously flooded"}

Fields = Mapping[str, "NDArray[Any]"]


def account(given: Given, factors: Factors) -> Outcome:
    """Gases of all fields in a season, and what is avoided where a baseline is named."""
    if given.has("fish_factor") and not given.has("fish_evidence"):
        raise DomainError("rice.fish_without_evidence")
    fields = given.rows("fields")
    fish = given["fish_factor"] if given.has("fish_factor") else 1.0
    ch4 = fish * ch4_kg(fields, fields["water"], factors)
    n2o = n2o_kg(fields, fields["water"], factors)
    values = [Value("ch4_emission_t", ch4.sum() / KG_PER_T), Value("n2o_emission_t", n2o.sum() / KG_PER_T)]
    lines = [_line("ch4", -ch4.sum(), "CH4", factors), _line("n2o", -n2o.sum(), "N2O", factors)]
    notes: list[str] = []
    compared = fields["baseline_water"] != ""
    if compared.any():
        water = np.where(compared, fields["baseline_water"], fields["water"])
        before = ch4_kg(fields, water, factors)
        lines = [
            _line("baseline_ch4", before.sum(), "CH4", factors),
            _line("baseline_n2o", n2o_kg(fields, water, factors).sum(), "N2O", factors),
            *lines,
        ]
        values.append(Value("ch4_avoided_t", (before - ch4).sum() / KG_PER_T))
        notes.append("note.rice.trade_off")
    rows = {"field": list(fields["field"]), "ch4_kg": ch4.tolist(), "n2o_kg": n2o.tolist()}
    return Outcome(values, lines, notes=notes, rows=rows)


def ch4_kg(fields: Fields, water: NDArray[Any], factors: Factors) -> NDArray[np.float64]:
    """Methane of each field in a season, without fish: equations 5.1 and 5.2. [kg CH4] shape (n,)"""
    before = np.where(fields["pre_season"] == "", USUAL_PRE_SEASON, fields["pre_season"])
    days = np.where(np.isnan(fields["days"]), _usual_days(fields, factors), fields["days"])
    daily = (
        factors.many("ch4_baseline", fields["region"])
        * factors.many("sf_water", water)
        * factors.many("sf_pre_season", before)
        * amendment_factor(fields, factors)
    )
    return np.asarray(daily * days * fields["area_ha"], dtype=float)


def _usual_days(fields: Fields, factors: Factors) -> NDArray[np.float64]:
    """The regional mean where a field names no days; a factor that no field needs is not asked for."""
    missing = np.isnan(fields["days"])
    days = np.zeros(len(missing))
    days[missing] = factors.many("cultivation_days", fields["region"][missing])
    return days


def amendment_factor(fields: Fields, factors: Factors) -> NDArray[np.float64]:
    """How much organic amendments raise methane: equation 5.3. [1] shape (n,)"""
    weighted = np.zeros(len(fields["area_ha"]))
    for column, key in AMENDMENTS.items():
        rate = np.nan_to_num(fields[column])
        if rate.any():
            weighted += rate * factors("cf_amendment", key)
    return np.asarray((1 + weighted) ** factors("amendment_exponent"), dtype=float)


def n2o_kg(fields: Fields, water: NDArray[Any], factors: Factors) -> NDArray[np.float64]:
    """Direct nitrous oxide of the nitrogen on each field. [kg N2O] shape (n,)"""
    nitrogen = np.nan_to_num(fields["n_kg_ha"]) * fields["area_ha"]
    if not nitrogen.any():
        return nitrogen
    kinds = np.array([NOT_FLOODED.get(regime, "drained") for regime in water])
    return np.asarray(nitrogen * factors.many("n2o_flooded", kinds) * N2O_PER_N, dtype=float)


def _line(name: str, gas_kg: float, gas: str, factors: Factors) -> Line:
    return Line(name, gas_kg * factors.gwp(gas) / KG_PER_T)
