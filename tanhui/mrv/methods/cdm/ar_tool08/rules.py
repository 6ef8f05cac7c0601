"""The equations of AR-TOOL08 v04.0.0, in its order. No rule holds a number.

Signs are the tool's: an emission is positive. :func:`tanhui.mrv.methods.claims.as_removal` turns what leaves here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tanhui.kernel.gwp import gwp_name
from tanhui.kernel.parameters import Dated
from tanhui.kernel.units import CO2_PER_C, conversion_factor
from tanhui.mrv.methods.cdm.ar_tool08.inputs import Climate, Fire, Residue, SitePreparation
from tanhui.mrv.methods.rule import rule

__all__ = [
    "combustion_factor",
    "counted_fires",
    "dead_matter_t",
    "forest_fire_t",
    "harvested_t",
    "residue_t",
    "site_preparation_t",
]


@rule(
    "applicability, fires",
    zh="面积大于森林定义最小面积的火灾，且其年内累计面积不小于项目面积的 5% 时计入。",
    en="Fires larger than the least area of the forest definition count, in years in which they together burnt 5 % of "
    "the project or more.",
)
def counted_fires(
    fires: Sequence[Fire], least_forest_ha: float, project_area_ha: float, *, day: date, p: Mapping[str, Dated]
) -> tuple[Fire, ...]:
    """The fires that count, in the order given."""
    large = [fire for fire in fires if fire.area_ha > least_forest_ha]
    burnt_ha: dict[int, float] = defaultdict(float)
    for fire in large:
        burnt_ha[fire.day.year] += fire.area_ha
    least_ha = p["burnt_share_min"].at(day).number() * project_area_ha
    return tuple(fire for fire in large if burnt_ha[fire.day.year] >= least_ha)


@rule(
    "eq. (3)",
    zh="整地用火的非 CO2 排放 = 0.07 × 44/12 × Σ 面积 ×（乔木生物量 × CF + CF_s × BDR_SF × 森林生物量 × 灌木盖度）；"
    "刀耕火种为当地常见做法且前十年内曾烧过的土地取零。",
    en="Site preparation by fire: 0.07 x 44/12 x the sum of area x (tree biomass x CF + CF_s x BDR_SF x forest biomass "
    "x shrub cover); zero on land that burnt within ten years where slash and burn is common practice.",
)
def site_preparation_t(x: SitePreparation, *, day: date, p: Mapping[str, Dated]) -> float:
    """Emission of clearing one place. [t CO2e]"""
    if x.slash_and_burn:
        return 0.0
    trees_c_t_ha = x.tree_biomass_t_ha * p["carbon_fraction_tree"].at(day).number()
    shrubs_t_ha = p["shrub_to_forest"].at(day).number() * x.forest_agb_t_ha * x.shrub_cover_fraction
    carbon_t = x.area_ha * (trees_c_t_ha + p["carbon_fraction_shrub"].at(day).number() * shrubs_t_ha)
    return p["non_co2_share"].at(day).number() * CO2_PER_C * carbon_t


@rule(
    "eq. (5)",
    zh="采伐生物量 = 森林地上生物量 / BEF2 × 面积。",
    en="The biomass harvested is the stand's aboveground biomass over BEF2, times the area.",
)
def harvested_t(x: Residue, *, day: date, p: Mapping[str, Dated]) -> float:
    """Stem biomass felled. [t d.m.]"""
    return x.forest_agb_t_ha / p["bef2"].at(day).number() * x.area_ha


@rule(
    "eq. (4)",
    zh="采伐剩余物燃烧 = 采伐生物量 × f_BL × CF × 44/12 × 0.07。",
    en="Residue burnt: biomass harvested x f_BL x CF x 44/12 x 0.07.",
)
def residue_t(harvest_t: float, climate: Climate, *, day: date, p: Mapping[str, Dated]) -> float:
    """Emission of burning the residue of a harvest. [t CO2e]"""
    shares: Any = p["residue_share"].at(day).value
    carbon_t = harvest_t * float(dict(shares)[climate]) * p["carbon_fraction_tree"].at(day).number()
    return p["non_co2_share"].at(day).number() * CO2_PER_C * carbon_t


@rule(
    "default table, COMF",
    zh="燃烧指数按气候带取值；仅热带林按林龄分档。低于最小林龄时取该带最大值（本产品的保守处理）。",
    en="The combustion factor is that of the climate; age steps hold in tropical forest only. A stand younger than the "
    "youngest step takes the largest factor of its climate (our conservative choice).",
)
def combustion_factor(climate: Climate, age_yr: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """COMF. [1]"""
    rows: Any = p["combustion_factor"].at(day).value
    steps = [(age_from, factor) for place, age_from, factor in rows if place == climate]
    reached = [factor for age_from, factor in steps if age_from <= age_yr]
    return float(reached[-1] if reached else max(factor for _, factor in steps))


@rule(
    "eq. (7)",
    zh="森林火灾 = 0.001 × 过火面积 × 上次核查的地上生物量 × COMF ×（EF_CH4 × GWP + EF_N2O × GWP）；"
    "林冠未烧及首次核查前为零。",
    en="Forest fire: 0.001 x area burnt x aboveground biomass at the last verification x COMF x (EF_CH4 x GWP + "
    "EF_N2O x GWP); zero where the crowns did not burn and before the first verification.",
)
def forest_fire_t(fire: Fire, edition: str, *, day: date, p: Mapping[str, Dated]) -> float:
    """CH4 and N2O of the trees of one fire. [t CO2e]"""
    factor = combustion_factor(fire.climate, fire.age_yr, day=day, p=p)
    burnt_t = 0.0 if fire.crown_untouched else fire.area_ha * fire.agb_last_verified_t_ha * factor
    co2e_kg = 0.0
    for gas in ("CH4", "N2O"):
        factors: Any = p[f"ef_{gas.lower()}"].at(day).value
        # g per kg is kg per t of dry matter
        co2e_kg += burnt_t * dict(factors)[fire.climate] * p[gwp_name(edition, gas)].at(day).number()
    return co2e_kg * conversion_factor("kg", "t")


@rule(
    "eq. (8)",
    zh="火灾中的枯死木与枯落物 = 0.07 × 过火面积 × 每公顷枯死木与枯落物碳储量（t CO2e/ha）。",
    en="Dead wood and litter in a fire: 0.07 x area burnt x their stock per hectare in t CO2e.",
)
def dead_matter_t(fire: Fire, *, day: date, p: Mapping[str, Dated]) -> float:
    """Emission of the dead matter of one fire. [t CO2e]"""
    return p["non_co2_share"].at(day).number() * fire.area_ha * fire.dead_matter_co2e_t_ha
