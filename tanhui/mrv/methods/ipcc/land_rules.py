"""The equations of Volume 4, Chapter 2 that both editions share, in their order. No rule holds a number.

An edition makes them its own with :func:`adopt`: it lists them with its own status, and its own parameters answer.
Signs are those of stocks: what a pool gains is positive. Only :func:`fire_gas_t` gives an emission, as a positive mass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date
from math import fsum
from typing import ParamSpec, TypeVar

from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import Period, years_later
from tanhui.kernel.units import CO2_PER_C, conversion_factor
from tanhui.mrv.methods.ipcc.land_inputs import Disturbance, Fire, Fuel, GainLoss, Harvest, Stocks
from tanhui.mrv.methods.rule import Rule, rule

__all__ = [
    "adopt",
    "biomass_stock_change_c_t",
    "combusted_fraction",
    "dead_matter_change_c_t",
    "disturbance_loss_c_t",
    "fire_gas_t",
    "gain_loss_c_t",
    "growth_c_t",
    "harvest_loss_c_t",
    "mineral_soil_change_c_t",
    "removal_co2_t",
]

P = ParamSpec("P")
R = TypeVar("R")

#: The class of the table of emission factors that a fuel belongs to.
EMISSION_CLASS: dict[Fuel, str] = {
    "tropical_forest": "tropical_forest",
    "temperate_forest": "other_forest",
    "boreal_forest": "other_forest",
    "grassland": "grassland",
    "rice_residue": "residue",
    "wheat_residue": "residue",
    "maize_residue": "residue",
    "sugarcane_residue": "residue",
}
#: Fuels without a default of what burns: it depends on age, season or use, and the user has to know.
NO_DEFAULT: tuple[Fuel, ...] = ("tropical_forest", "grassland")


def adopt(shared: Rule[P, R], module: str) -> Rule[P, R]:
    """A shared rule as one of an edition's own."""
    own = copy(shared)
    own.module = module
    return own


@rule(
    "eq. 2.7",
    zh="增减法：生物量碳变化 = 生长增加 − 损失合计。",
    en="Gain-loss: the change of biomass carbon is what growth adds less the sum of the losses.",
)
def gain_loss_c_t(growth_c_t: float, losses_c_t: Sequence[float], *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of biomass carbon from its flows. [t C]"""
    return growth_c_t - fsum(losses_c_t)


@rule(
    "eq. 2.8",
    zh="储量差法：生物量碳变化 =（末期储量 − 初期储量）× 面积。",
    en="Stock-difference: the change of biomass carbon is the later stock less the earlier one, times the area.",
)
def biomass_stock_change_c_t(x: Stocks, area_ha: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of biomass carbon between two dates. [t C]"""
    return (x.end_c_t_ha - x.start_c_t_ha) * area_ha


@rule(
    "eq. 2.9, 2.10",
    zh="生长增加 = 面积 × 年均总生长 × 含碳率 × 年数；总生长 = 地上生长 ×（1 + 根茎比），已含根者不再乘。",
    en="Growth adds area x yearly growth x carbon fraction x years; growth above ground is multiplied by 1 + R, growth "
    "that has the roots in it is not.",
)
def growth_c_t(x: GainLoss, area_ha: float, period: Period, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon that growth added in the period. [t C]"""
    with_roots = x.total_growth_t_ha_yr
    if with_roots is None:
        with_roots = (x.growth_t_ha_yr or 0) * (1 + x.root_ratio)
    return area_ha * with_roots * _carbon_fraction(x, day, p) * period.years


@rule(
    "eq. 2.12",
    zh="采伐损失 = 采伐蓄积 × BCEF ×（1 + R）× 含碳率；没有 BCEF 时以 BEF × 木材密度代之，二者不得同用。",
    en="Wood removal takes volume x BCEF x (1 + R) x carbon fraction; without a BCEF, BEF x wood density stands for "
    "it, never both.",
)
def harvest_loss_c_t(x: Harvest, flows: GainLoss, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon that a harvest took, roots included. [t C]"""
    per_m3 = x.bcef_t_m3 if x.bcef_t_m3 is not None else (x.bef or 0) * (x.density_t_m3 or 0)
    return x.volume_m3 * per_m3 * (1 + flows.root_ratio) * _carbon_fraction(flows, day, p)


@rule(
    "eq. 2.14",
    zh="干扰损失 = 面积 × 地上生物量 ×（1 + R）× 含碳率 × 损失份额。",
    en="A disturbance takes area x aboveground biomass x (1 + R) x carbon fraction x the share lost.",
)
def disturbance_loss_c_t(x: Disturbance, flows: GainLoss, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon that a disturbance took, roots included. [t C]"""
    carbon_t_ha = x.biomass_t_ha * (1 + flows.root_ratio) * _carbon_fraction(flows, day, p)
    return x.area_ha * carbon_t_ha * x.lost_fraction


@rule(
    "eq. 2.19",
    zh="枯死有机质变化 =（末期储量 − 初期储量）× 面积；未给出时按 Tier 1 视为不变。",
    en="The change of dead organic matter is the later stock less the earlier one, times the area; where none is "
    "given, it is steady, as in Tier 1.",
)
def dead_matter_change_c_t(x: Stocks, area_ha: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of dead wood and litter. [t C]"""
    return (x.end_c_t_ha - x.start_c_t_ha) * area_ha


@rule(
    "eq. 2.25",
    zh="矿质土壤碳由变化前的稳态储量直线变到变化后的，历时 D 年；计入核算期内的部分。",
    en="Carbon of mineral soil goes from the stock before to the stock after in a straight line over D years; the days "
    "within the period count.",
)
def mineral_soil_change_c_t(
    before_t_ha: float,
    after_t_ha: float,
    area_ha: float,
    changed_on: date,
    period: Period,
    *,
    day: date,
    p: Mapping[str, Dated],
) -> float:
    """Change of the carbon of 0-30 cm in the period. [t C]"""
    transition = Period(changed_on, years_later(changed_on, int(p["transition_yr"].at(day).number())))
    counted = transition.overlap(period)
    return 0 if counted is None else (after_t_ha - before_t_ha) * area_ha * counted.days / transition.days


@rule(
    "Table 2.6",
    zh="燃烧的份额按燃料取值；实测者优先，没有缺省值的须由用户给出。",
    en="The share that burns is that of the fuel; a measured one comes first, and where there is no default the user "
    "has to give one.",
)
def combusted_fraction(fire: Fire, *, day: date, p: Mapping[str, Dated]) -> float:
    """Share of the fuel that burnt. [1]"""
    if fire.combusted_fraction is not None:
        return fire.combusted_fraction
    return p[f"combustion_{fire.fuel}"].at(day).number()


@rule(
    "eq. 2.27",
    zh="火灾气体 = 面积 × 可燃物量 × 燃烧份额 × 排放因子。",
    en="A gas of a fire is area x fuel x the share that burns x emission factor.",
)
def fire_gas_t(fire: Fire, gas: str, *, day: date, p: Mapping[str, Dated]) -> float:
    """Mass of a gas, an emission. [t of the gas]"""
    burnt_t = fire.area_ha * fire.fuel_t_ha * combusted_fraction(fire, day=day, p=p)
    # g per kg of dry matter is kg per t
    kg_t = p[f"ef_{gas.lower()}_{EMISSION_CLASS[fire.fuel]}"].at(day).number()
    return burnt_t * kg_t * conversion_factor("kg", "t")


@rule(
    "eq. 2.2, 2.3, 44/12",
    zh="各地块、各碳库变化之和乘以 44/12；储量增加记为清除（本产品取正号，清单表格取负号）。",
    en="The changes of all land and pools are added up and multiplied by 44/12; a growing stock is a removal (positive "
    "here, negative in inventory tables).",
)
def removal_co2_t(changes_c_t: Sequence[float], *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon dioxide taken up, as a positive number. [t CO2]"""
    return fsum(changes_c_t) * CO2_PER_C


def _carbon_fraction(x: GainLoss, day: date, p: Mapping[str, Dated]) -> float:
    return x.carbon_fraction if x.carbon_fraction is not None else p["carbon_fraction"].at(day).number()
