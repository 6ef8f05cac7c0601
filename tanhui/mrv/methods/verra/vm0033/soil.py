"""One stratum over one period: its pools and gases by VM0033's rules, in the standard's sign (emission positive)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from tanhui.kernel.gwp import gwp_name
from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import Period, years_later
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.methods.verra.vm0033 import rules
from tanhui.mrv.methods.verra.vm0033.inputs import Eroded, Exposure, Herbs, Stratum, Woody

__all__ = ["Emissions", "calendar_years", "stratum_emissions", "unconnected_percent"]


@dataclass(frozen=True, slots=True)
class Emissions:
    """What one or more strata emitted over the period; removals are negative. [t CO2e]

    ``deduction`` is what eq. 38 subtracts from ``soil``: not positive, so subtracting it makes a removal smaller.
    """

    trees: float = 0.0
    shrubs: float = 0.0
    herbs: float = 0.0
    soil: float = 0.0
    deduction: float = 0.0
    ch4: float = 0.0
    n2o: float = 0.0
    errors: tuple[tuple[float, float], ...] = field(default=(), compare=False)

    @property
    def biomass(self) -> float:
        """Trees, shrubs and herbs."""
        return math.fsum([self.trees, self.shrubs, self.herbs])

    @property
    def stock(self) -> float:
        """What changed carbon stocks: biomass, and soil less what is allochthonous."""
        return math.fsum([self.biomass, self.soil, -self.deduction])

    @property
    def total(self) -> float:
        """Eq. 18 and 69 without fuel and burning."""
        return math.fsum([self.stock, self.ch4, self.n2o])


def calendar_years(period: Period | None) -> float:
    """Length of a period with every calendar year counting as one. [yr]"""
    if period is None:
        return 0.0
    whole = {year: (date(year + 1, 1, 1) - date(year, 1, 1)).days for year, _ in period.by_year()}
    return math.fsum(part.days / whole[year] for year, part in period.by_year())


def stratum_emissions(
    x: Stratum, period: Period, start: date, unconnected: float, *, day: date, p: Mapping[str, Dated]
) -> Emissions:
    """Emissions of a stratum.

    Parameters
    ----------
    start : date
        The project's start, from which depletion is counted.
    unconnected : float
        Share of eroded carbon oxidised where it goes nowhere. [%]
    """
    years = calendar_years(period)
    in_place = _in_place_co2_t_ha(x, period, years, day, p) * x.area_ha
    moved = _moved_co2_t_ha(x, period, years, unconnected, day, p) * x.area_ha
    percent = 0.0 if x.allochthonous is None else rules.alloch_percent(x.allochthonous, x.system, day=day, p=p)
    gas = {
        "CH4": rules.ch4_t_ha_yr(x.ch4, x.salinity, day=day, p=p),
        "N2O": rules.n2o_t_ha_yr(x.n2o, x.salinity, x.system, day=day, p=p),
    }
    edition = str(p["gwp_edition"].at(day).value)
    ch4, n2o = (
        gas[name] * years * x.area_ha * p[gwp_name(edition, name)].at(day).number() if gas[name] else 0.0
        for name in ("CH4", "N2O")
    )
    found = Emissions(
        trees=_woody_co2_t(x.trees, day, p),
        shrubs=_woody_co2_t(x.shrubs, day, p),
        herbs=_herbs_co2_t_ha(x.herbs, day, p) * x.area_ha,
        soil=in_place + moved,
        deduction=rules.alloch_deduction_co2_t(in_place, percent, x.soil, day=day, p=p),
        ch4=ch4,
        n2o=n2o,
    )
    found = _until_depleted(found, x, period, start, day, p)
    sizes = {"soil": found.soil - found.deduction} | {
        name: getattr(found, name) for name in ("trees", "shrubs", "herbs", "ch4", "n2o")
    }
    return replace(found, errors=tuple((x.half_width_rel.get(name, 0.0), size) for name, size in sizes.items()))


def _until_depleted(
    found: Emissions, x: Stratum, period: Period, start: date, day: date, p: Mapping[str, Dated]
) -> Emissions:
    """Soil emissions of a baseline count until its carbon is gone (eq. 26); a removal is not cut."""
    if x.depletion is None or found.soil + found.ch4 + found.n2o <= 0:
        return found
    peat = (x.depletion.peat_depth_m, x.depletion.peat_loss_m_yr)
    years = rules.soil_depletion_years(x.depletion, day=day, p=p)
    if peat[0] is not None and peat[1]:
        years += rules.peat_depletion_years(peat[0], peat[1], day=day, p=p)
    before = _elapsed_years(start, period.start)
    share = min(max((years - before) / (_elapsed_years(start, period.end) - before), 0.0), 1.0)
    return replace(found, soil=found.soil * share, ch4=found.ch4 * share, n2o=found.n2o * share)


def _elapsed_years(since: date, until: date) -> float:
    """Mean years between two days; none where the first is not before the second. [yr]"""
    return Period(since, until).years if since < until else 0.0


def _woody_co2_t(x: Woody | None, day: date, p: Mapping[str, Dated]) -> float:
    if x is None:
        return 0.0
    if x.change_co2e_t is not None:
        return rules.woody_co2_t(0.0, x.change_co2e_t, day=day, p=p)
    assert x.start_co2e_t is not None
    assert x.end_co2e_t is not None
    most = math.inf
    if x.stock_by_year_co2e_t:
        most = rules.long_term_average_t(x.stock_by_year_co2e_t, day=day, p=p)
    return rules.woody_co2_t(min(x.start_co2e_t, most), min(x.end_co2e_t, most), day=day, p=p)


def _herbs_co2_t_ha(x: Herbs | None, day: date, p: Mapping[str, Dated]) -> float:
    if x is None:
        return 0.0
    start, end = x.start_c_t_ha, x.end_c_t_ha
    if x.start_cover is not None and x.end_cover is not None:
        start, end = (rules.herb_default_c_t_ha(cover, day=day, p=p) for cover in (x.start_cover, x.end_cover))
    assert start is not None
    assert end is not None
    return -CO2_PER_C * (end - start)


def _in_place_co2_t_ha(x: Stratum, period: Period, years: float, day: date, p: Mapping[str, Dated]) -> float:
    """CO2 of the soil in place over the period, by the approach chosen. [t CO2/ha]"""
    if x.cores is not None:
        start, end = (rules.soil_stock_c_t_ha(y, day=day, p=p) for y in (x.cores.start, x.cores.end))
        return rules.cored_co2_t_ha(start, end, day=day, p=p)
    if x.exposure is not None:
        return _exposed_co2_t_ha(x.exposure, period, day, p)
    if x.rate is not None:
        return years * rules.rated_co2_t_ha_yr(x.rate.gain_c_t_ha_yr, day=day, p=p)
    if x.oxidation is not None:
        return years * rules.oxidised_co2_t_ha_yr(x.oxidation.layers, x.oxidation.emitted_percent_yr, day=day, p=p)
    if x.accumulation is not None:
        return years * rules.accumulation_co2_t_ha_yr(x.accumulation.vegetation_cover, day=day, p=p)
    if x.subsidence is not None:
        return years * rules.subsidence_co2_t_ha_yr(x.subsidence, day=day, p=p)
    return 0.0


def _moved_co2_t_ha(
    x: Stratum, period: Period, years: float, unconnected: float, day: date, p: Mapping[str, Dated]
) -> float:
    """CO2 of eroded and of piled-up soil over the period. [t CO2/ha]"""
    total = 0.0
    if x.eroded is not None and not x.eroded.by_sea_level_rise:
        percent = rules.eroded_percent(x.eroded, unconnected, day=day, p=p)
        yearly = rules.eroded_co2_t_ha_yr(x.eroded.layers, percent, day=day, p=p)
        total += yearly * calendar_years(_counted(x.eroded, period, day, p))
    if x.excavated is not None and x.excavated.exposure is not None:
        total += _exposed_co2_t_ha(x.excavated.exposure, period, day, p)
    if x.excavated is not None and x.excavated.oxidation is not None:
        piled = x.excavated.oxidation
        total += years * rules.oxidised_co2_t_ha_yr(piled.layers, piled.emitted_percent_yr, day=day, p=p)
    return total


def _counted(x: Eroded, period: Period, day: date, p: Mapping[str, Dated]) -> Period | None:
    """The days of the period on which an erosion counts."""
    years = int(p["erosion_years"].at(day).number())
    return period.overlap(Period(x.since, years_later(x.since, years)))


def _exposed_co2_t_ha(x: Exposure, period: Period, day: date, p: Mapping[str, Dated]) -> float:
    """CO2 of soil on its way to the steady state after exposure. [t CO2/ha]"""
    stocks = [
        rules.soil_stock_c_t_ha(
            (
                replace(
                    x.layer,
                    carbon_percent=rules.exposed_carbon_percent(
                        x.layer.carbon_percent, _elapsed_years(x.since, until), x.steady_percent, day=day, p=p
                    ),
                ),
            ),
            day=day,
            p=p,
        )
        for until in (period.start, period.end)
    ]
    return CO2_PER_C * (stocks[0] - stocks[1])


def unconnected_percent(
    baseline: Sequence[Stratum], project: Sequence[Stratum], *, day: date, p: Mapping[str, Dated]
) -> float:
    """Share oxidised in both scenarios where eroded soil goes nowhere, whichever is conservative. [%]

    None where the baseline erodes more soil than the project, everything otherwise.
    """

    def mass_t(strata: Sequence[Stratum]) -> float:
        return math.fsum(
            layer.thickness_m * layer.bulk_density_kg_m3 * x.area_ha
            for x in strata
            if x.eroded is not None and not x.eroded.connected
            for layer in x.eroded.layers
        )

    return 0.0 if mass_t(baseline) > mass_t(project) else 100.0
