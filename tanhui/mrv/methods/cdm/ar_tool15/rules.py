"""The equations of AR-TOOL15 v02.0. No rule holds a number; leakage is positive here, as in the tool."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.methods.cdm.ar_tool15.inputs import Displacement
from tanhui.mrv.methods.rule import rule

__all__ = ["biomass_c_t", "is_zero", "leakage_co2_t", "soil_c_t"]


@rule(
    "zero leakage",
    zh="放牧移到载畜量有余的草地、种植移到撂荒不超过 5 年的耕地、移到林地而不清除林木、舍饲，泄漏为零。",
    en="Nothing leaks where grazing moves to land that can carry it, crops to cropland abandoned for five years or "
    "less, into forest without clearing, or animals are fed in stalls.",
)
def is_zero(x: Displacement, *, day: date, p: Mapping[str, Dated]) -> bool:
    """Whether a displacement costs nothing, on a ground the tool names."""
    return x.zero_ground is not None


@rule(
    "eq. (2)",
    zh="生物量损失 =［1.1 × 乔木地上生物量 ×（1 + R）+ 灌木生物量 ×（1 + R_s）］× CF × 面积。",
    en="Biomass lost: (1.1 x tree biomass x (1 + R) + shrub biomass x (1 + R_s)) x CF x area.",
)
def biomass_c_t(x: Displacement, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon of the biomass of the receiving land. [t C] (The tool's list of units prints t d.m.)"""
    assert x.tree_agb_t_ha is not None
    trees = p["tree_factor"].at(day).number() * x.tree_agb_t_ha * (1 + p["root_ratio_tree"].at(day).number())
    shrubs = x.shrub_biomass_t_ha * (1 + p["root_ratio_shrub"].at(day).number())
    return (trees + shrubs) * p["carbon_fraction"].at(day).number() * x.area_ha


@rule(
    "eq. (3)",
    zh="土壤损失 = SOC_REF ×（接收前因子之积 − 接收后因子之积）× 面积；仅为放牧或结果为负时取零。",
    en="Soil lost: SOC_REF x (factors before - factors after) x area; nothing for grazing alone, or where it is "
    "negative.",
)
def soil_c_t(x: Displacement, before_c_t_ha: float, after_c_t_ha: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon that the soil of the receiving land loses, from its stocks before and after. [t C]"""
    return 0.0 if x.activity == "grazing" else max(before_c_t_ha - after_c_t_ha, 0.0) * x.area_ha


@rule(
    "eq. (1)",
    zh="泄漏 = 44/12 ×（生物量损失 + 土壤损失），对各类接收地求和。",
    en="Leakage is 44/12 x (biomass lost + soil lost), summed over the kinds of receiving land.",
)
def leakage_co2_t(lost_c_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon lost as carbon dioxide. [t CO2]"""
    return CO2_PER_C * lost_c_t
