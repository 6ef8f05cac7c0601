"""The balance of peat parcels over the years, against a drained baseline where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value
from tanhui.sinks.peatland.checks import check
from tanhui.sinks.peatland.depletion import carbon_t_ha_m, depletion_yr, emitting_yr
from tanhui.sinks.peatland.fluxes import MEASURED, REWETTED, Fluxes, fluxes
from tanhui.sinks.peatland.forcing import HORIZON_YR, crossing_yr, cumulated_forcing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanhui.sinks.peatland.fluxes import Array, Parcels

__all__ = ["account"]

KG_PER_T = 1000
#: Years after which the forcing summed is compared.
SHOWN_YR = (20, 50, 100)
#: Names of the lines of one side.
GASES = ("co2", "doc", "ch4", "ditch_ch4", "n2o")


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What parcels give off under their uses: fluxes, how long the peat lasts, and methane that is high at first."""

    parcels: Parcels
    use: NDArray[Any]
    flux: Fluxes
    depletion_yr: Array
    surge_factor: float
    surge_yr: float

    @property
    def drained(self) -> NDArray[np.bool_]:
        """Parcels whose peat is being lost."""
        return np.asarray((self.use != REWETTED) & (self.use != MEASURED), dtype=bool)

    def lasting(self, years: float) -> Array:
        """Years of an account in which each parcel goes on as it does."""
        return np.where(self.drained, emitting_yr(years, self.depletion_yr), years)

    def methane_yr(self, years: float) -> Array:
        """The same for methane of the land, the first years after rewetting counted as often as they are higher."""
        extra = (self.surge_factor - 1) * min(self.surge_yr, years)
        return self.lasting(years) + np.where(self.use == REWETTED, extra, 0.0)

    def emitted(self, years: float) -> dict[str, Array]:
        """Tonnes of each gas from each parcel over years."""
        area, lasting = self.parcels["area_ha"], self.lasting(years)
        return {
            "co2": self.flux.co2_t * area * lasting,
            "doc": self.flux.doc_t * area * lasting,
            "ch4": self.flux.ch4_kg * area * self.methane_yr(years) / KG_PER_T,
            "ditch_ch4": self.flux.ditch_ch4_kg * area * lasting / KG_PER_T,
            "n2o": self.flux.n2o_kg * area * lasting / KG_PER_T,
        }

    def yearly_kg(self) -> dict[str, Array]:
        """Kilograms of each gas from all parcels in each year that is looked ahead."""
        years = np.arange(HORIZON_YR)
        lasts = np.where(self.drained & ~np.isnan(self.depletion_yr), self.depletion_yr, HORIZON_YR)
        going = np.clip(lasts[:, None] - years, 0.0, 1.0)
        area, high = self.parcels["area_ha"], (self.surge_factor - 1) * np.clip(self.surge_yr - years, 0.0, 1.0)
        rewetted = self.flux.ch4_kg * area @ (self.use == REWETTED)
        return {
            "CO2": ((self.flux.co2_t + self.flux.doc_t) * area * KG_PER_T) @ going,
            "CH4": ((self.flux.ch4_kg + self.flux.ditch_ch4_kg) * area) @ going + rewetted * high,
            "N2O": (self.flux.n2o_kg * area) @ going,
        }


def account(given: Given, factors: Factors) -> Outcome:
    """Emissions of all parcels; against a drained baseline what is avoided, and when rewetting pays."""
    check(given, factors)
    parcels, years = given.rows("parcels"), given["years"]
    project = _side(given, parcels, parcels["use"], factors)
    gwp = {
        "co2": 1.0,
        "doc": 1.0,
        "ch4": factors.gwp("CH4"),
        "ditch_ch4": factors.gwp("CH4"),
        "n2o": factors.gwp("N2O"),
    }
    after = {gas: x * gwp[gas] for gas, x in project.emitted(years).items()}
    lines = [Line(gas, -float(after[gas].sum())) for gas in GASES]
    values = [Value("peatland_emission_t_yr", _total(after) / years)]
    rows = {"parcel": list(parcels["parcel"]), "co2e_t": _by_parcel(after)}
    lost, notes = project, []
    if (parcels["baseline_use"] != "").all():
        lost = _side(given, parcels, parcels["baseline_use"], factors)
        before = _co2e(lost, years, factors)
        lines = [*(Line(f"baseline_{gas}", float(before[gas].sum())) for gas in GASES), *lines]
        values.append(Value("peatland_baseline_t_yr", _total(before) / years))
        values.append(Value("peatland_avoided_t_yr", (_total(before) - _total(after)) / years))
        ratios, paid = _payback(project, lost)
        values += ratios
        notes.append(paid)
        rows["baseline_co2e_t"] = _by_parcel(before)
        notes.append("note.peatland.avoided_is_no_sink")
    values += [*_peat(lost), *_reed(parcels, factors), *_break_even(parcels, factors)]
    return Outcome(values, lines, years=years, notes=[*notes, *_notes(lost, parcels, years)], rows=rows)


def _side(given: Given, parcels: Parcels, use: NDArray[Any], factors: Factors) -> Side:
    flux = fluxes(parcels, use, factors)
    metre = carbon_t_ha_m(parcels["bulk_density_g_cm3"], parcels["carbon_percent"])
    lasts = depletion_yr(
        parcels["peat_depth_m"], parcels["subsidence_cm_yr"], parcels["oxidised_share"], flux.carbon_t, metre
    )
    return Side(parcels, use, flux, lasts, given["surge_factor"] or 1.0, given["surge_yr"] or 0.0)


def _co2e(side: Side, years: float, factors: Factors) -> dict[str, Array]:
    """Tonnes of CO2e of each gas from each parcel."""
    weights = {"ch4": factors.gwp("CH4"), "ditch_ch4": factors.gwp("CH4"), "n2o": factors.gwp("N2O")}
    return {gas: x * weights.get(gas, 1.0) for gas, x in side.emitted(years).items()}


def _by_parcel(by_gas: dict[str, Array]) -> list[float]:
    return [float(x) for x in np.sum(list(by_gas.values()), axis=0)]


def _total(by_gas: dict[str, Array]) -> float:
    return float(sum(x.sum() for x in by_gas.values()))


def _payback(project: Side, baseline: Side) -> tuple[list[Value], str]:
    """Forcing summed over some years as a share of the baseline's, and the year from which it is less.

    The year itself is told in words: it jumps with the factors, and a standard error of it would say nothing.
    """
    after, before = project.yearly_kg(), baseline.yearly_kg()
    ratio = cumulated_forcing(after) / cumulated_forcing(before)
    values = [Value("peatland_forcing_ratio", float(ratio[year - 1]), domain=f"{year} yr") for year in SHOWN_YR]
    year = crossing_yr(cumulated_forcing({gas: after[gas] - before[gas] for gas in after}))
    if 0 < year < HORIZON_YR:
        return values, f"note.peatland.pays_after:{year:.1f}"
    return values, "note.peatland.never_pays" if year else "note.peatland.pays_at_once"


def _peat(side: Side) -> list[Value]:
    """How long the peat of each drained parcel of known depth lasts."""
    known = side.drained & ~np.isnan(side.depletion_yr)
    named = zip(side.parcels["parcel"][known], side.depletion_yr[known], strict=True)
    return [Value("peatland_depletion_yr", float(years), domain=str(name)) for name, years in named]


def _reed(parcels: Parcels, factors: Factors) -> list[Value]:
    """Carbon in standing reed: a stock of the season, and no line of the balance."""
    standing = np.nan_to_num(parcels["reed_t_ha"]) * parcels["area_ha"]
    return [Value("peatland_reed_c_t", float(standing.sum()) * factors("reed_carbon"))] if standing.any() else []


def _break_even(parcels: Parcels, factors: Factors) -> list[Value]:
    """Methane that would cancel the measured uptake of a parcel."""
    found = []
    for row in np.flatnonzero(parcels["use"] == MEASURED):
        uptake = max(float(parcels["uptake_t_c_ha_yr"][row]), 0.0)
        kg = uptake * CO2_PER_C * KG_PER_T / factors.gwp("CH4")
        found.append(Value("peatland_break_even_ch4_kg_ha_yr", kg, domain=str(parcels["parcel"][row])))
    return found


def _notes(lost: Side, parcels: Parcels, years: float) -> list[str]:
    notes = []
    if (np.isnan(lost.depletion_yr) & lost.drained).any():
        notes.append("note.peatland.depth_unknown")
    gone = lost.drained & (lost.depletion_yr < years)
    notes += [f"note.peatland.peat_gone:{name}" for name in parcels["parcel"][gone]]
    if np.nan_to_num(parcels["reed_t_ha"]).any():
        notes.append("note.peatland.reed_is_transient")
    if (parcels["use"] == MEASURED).any():
        notes.append("note.peatland.measured_over_the_year")
    return notes
