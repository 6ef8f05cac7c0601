"""The accounting clauses of VM0033 v2.1, in the order of the standard. No rule holds a number.

Signs are the standard's in this file: an emission is positive, a removal negative. :func:`as_removal` is the one door
through which a figure leaves it; behind it removals are positive, as everywhere in this product.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tanhui.kernel.gwp import gwp_name
from tanhui.kernel.parameters import Dated
from tanhui.kernel.units import CO2_PER_C, conversion_factor
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verra.vm0033.conversions import carbon_from_om, om_from_carbon
from tanhui.mrv.methods.verra.vm0033.inputs import (
    Allochthonous,
    Burn,
    Depletion,
    Eroded,
    Gas,
    HundredYears,
    Layer,
    Salinity,
    Subsidence,
)

__all__ = ["as_removal"]


def as_removal(emission_co2e_t: float) -> float:
    """The standard's sign (emission positive) turned into ours (removal positive). [t CO2e]"""
    return -emission_co2e_t


@rule(
    "5.1.1, eq. 1",
    zh="泥炭耗竭时间 = 排水界限以上的有机土深度 / 年损失速率；此后基准线土壤排放为零。",
    en="Peat depletion time is the depth of organic soil above the drainage limit over its yearly loss; after it the "
    "baseline soil emits nothing.",
)
def peat_depletion_years(depth_m: float, loss_m_yr: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Years from the project's start until the peat is gone. [yr]"""
    return depth_m / loss_m_yr


@rule(
    "5.1.2, eq. 2",
    zh="土壤有机碳耗竭时间 = 初始碳储量 / 年损失速率；项目开始前排水超过 20 年或侵蚀显著时为零。",
    en="Soil carbon depletion time is the stock at the start over its yearly loss; zero where the site had been "
    "drained for more than 20 years, or where erosion is significant.",
)
def soil_depletion_years(x: Depletion, *, day: date, p: Mapping[str, Dated]) -> float:
    """Years from the project's start until the mineral soil has no more to lose. [yr]"""
    drained = x.drained_years_before_start > p["drained_years_max"].at(day).number()
    if drained or x.significant_erosion or x.soil_c_t_ha is None or x.soil_loss_c_t_ha_yr is None:
        return 0.0
    return x.soil_c_t_ha / x.soil_loss_c_t_ha_yr


@rule(
    "5.2.4, eq. 3-17",
    zh="可申请的土壤减排量不超过 100 年时两情景土壤有机碳储量之差（总储量法）或累计损失之差（损失法）；"
    "项目储量不足基准线的 1.05 倍时不得申请。",
    en="What may be claimed from the soil is at most the difference of both scenarios' stocks after 100 years (total "
    "stock) or of their losses (stock loss); nothing where the project's stock is below 1.05 times the baseline's.",
)
def soil_limit_co2_t(strata: Sequence[HundredYears], approach: str, *, day: date, p: Mapping[str, Dated]) -> float:
    """The most that may be claimed from the soil at any time, as a removal. [t CO2]

    Losses of mineral soil are summed as rates in t C/ha/yr: equations 16 and 17 multiply such a rate by VC and 10,
    which has the unit of nothing.
    """
    years = p["horizon_years"].at(day).number()
    least = p["significant_ratio"].at(day).number()

    def stock(x: HundredYears, loss: float) -> float:
        return max(x.start_c_t_ha - loss * years, 0.0)

    baseline = math.fsum(stock(x, x.baseline_loss_c_t_ha_yr) * x.baseline_area_ha for x in strata)
    project = math.fsum(stock(x, x.project_loss_c_t_ha_yr) * x.project_area_ha for x in strata)
    if project < least * baseline:
        return 0.0
    if approach == "stock_loss":
        # A soil cannot lose more than it has.
        lost = [min(x.baseline_loss_c_t_ha_yr * years, x.start_c_t_ha) * x.baseline_area_ha for x in strata]
        kept = [min(x.project_loss_c_t_ha_yr * years, x.start_c_t_ha) * x.project_area_ha for x in strata]
        return CO2_PER_C * max(math.fsum(lost) - math.fsum(kept), 0.0)
    return CO2_PER_C * max(project - baseline, 0.0)


@rule(
    "8.1.3, 8.2.3, eq. 19, 24, 70, 75",
    zh="乔木和灌木的碳储量变化由 AR-TOOL14 得出；排放为其负值。",
    en="The change of trees and shrubs comes from AR-TOOL14; its negative is the emission.",
)
def woody_co2_t(start_co2e_t: float, end_co2e_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Emission of trees or shrubs over the period. [t CO2]"""
    return start_co2e_t - end_co2e_t


@rule(
    "8.2.3, eq. 76, 77",
    zh="有采伐时，乔木、灌木储量以完整周期的长期平均储量为上限。",
    en="Where harvesting occurs, a stock of trees or shrubs counts at most with its long-term average over the whole "
    "cycle.",
)
def long_term_average_t(stock_by_year_co2e_t: Sequence[float], *, day: date, p: Mapping[str, Dated]) -> float:
    """Mean stock over the cycle. [t CO2e]"""
    return math.fsum(stock_by_year_co2e_t) / len(stock_by_year_co2e_t)


@rule(
    "8.1.3, 8.2.3, eq. 25, 78",
    zh="草本碳储量按两期之差；缺省值 3 t C/ha 按盖度折算，仅计入期首年可用。",
    en="Herbs count by the difference of their stocks; the default of 3 t C/ha, scaled by cover, holds in the first "
    "year of crediting only.",
)
def herb_default_c_t_ha(cover: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Default carbon of herbs at a cover. [t C/ha]"""
    return p["herb_stock"].at(day).number() * cover


@rule(
    "8.1.4.2, eq. 29, 49, 57, 99",
    zh="土壤碳储量 = Σ 含碳率 × 容重 × 厚度。",
    en="Carbon of a soil is the sum over its layers of carbon content times bulk density times thickness.",
)
def soil_stock_c_t_ha(layers: Sequence[Layer], *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon of a soil. [t C/ha]

    The equations print a percentage of carbon and leave out its hundredth; the units ask for the fraction.
    """
    share, per_ha = conversion_factor("%", "1"), conversion_factor("kg/m2", "t/ha")
    return per_ha * math.fsum(x.carbon_percent * share * x.bulk_density_kg_m3 * x.thickness_m for x in layers)


@rule(
    "8.1.4.2, eq. 28, 56",
    zh="暴露或堆积土壤的 CO2 排放 = 44/12 × 碳储量 × 年损失百分比。",
    en="CO2 of exposed or piled-up soil is 44/12 times its carbon times the percentage lost in a year.",
)
def oxidised_co2_t_ha_yr(
    layers: Sequence[Layer], emitted_percent_yr: float, *, day: date, p: Mapping[str, Dated]
) -> float:
    """CO2 of exposed soil. [t CO2/ha/yr]"""
    stock = soil_stock_c_t_ha(layers, day=day, p=p)
    return CO2_PER_C * stock * emitted_percent_yr * conversion_factor("%", "1")


@rule(
    "8.1.4.2.1, eq. 31, 32",
    zh="以沉降作代用指标：碳损失 = 10 × 沉降速率 × 体积含碳量。",
    en="By subsidence: carbon lost is 10 times the rate of subsidence times the volumetric carbon.",
)
def subsidence_co2_t_ha_yr(x: Subsidence, *, day: date, p: Mapping[str, Dated]) -> float:
    """CO2 of subsiding organic soil. [t CO2/ha/yr]"""
    return CO2_PER_C * conversion_factor("kg C/m2/yr", "t C/ha/yr") * x.rate_m_yr * x.carbon_kg_m3


@rule(
    "8.1.4.2.3, eq. 33",
    zh="盐沼和红树林缺省积累 1.46 t C/ha/yr：盖度不低于 50% 全额，低于 15% 为零，其间线性；须扣异源碳。",
    en="Default accumulation of marsh and mangrove, 1.46 t C/ha/yr: whole from 50 % cover, none below 15 %, in a "
    "straight line between; allochthonous carbon must be deducted.",
)
def accumulation_co2_t_ha_yr(cover: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """CO2 by the default accumulation; negative, a removal. [t CO2/ha/yr]"""
    none, full = p["cover_none"].at(day).number(), p["cover_full"].at(day).number()
    share = min(max((cover - none) / (full - none), 0.0), 1.0)
    return -CO2_PER_C * p["soc_accumulation"].at(day).number() * share


@rule(
    "8.1.4.2.3, eq. 34, 35",
    zh="矿质土好氧暴露后，含碳率在 20 年内线性降至稳态 1.6%。",
    en="After mineral soil is exposed to air its carbon falls in a straight line over 20 years to a steady 1.6 %.",
)
def exposed_carbon_percent(
    start_percent: float, years: float, steady_percent: float | None, *, day: date, p: Mapping[str, Dated]
) -> float:
    """Carbon of exposed soil some years after exposure; a soil at or below the steady state stays. [%]"""
    default = p["exposure_end_percent"].at(day).number()
    steady = min(default if steady_percent is None else steady_percent, start_percent)
    passed = min(years / p["exposure_years"].at(day).number(), 1.0)
    return start_percent + (steady - start_percent) * passed


@rule(
    "8.1.4.2.5, eq. 36",
    zh="实测土芯：CO2 = −44/12 × 两期碳储量之差。",
    en="From cores: CO2 is minus 44/12 times the difference of two stocks above one reference plane.",
)
def cored_co2_t_ha(start_c_t_ha: float, end_c_t_ha: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """CO2 of a cored soil over the period. [t CO2/ha]"""
    return -CO2_PER_C * (end_c_t_ha - start_c_t_ha)


@rule(
    "8.1.4.2.6, eq. 37",
    zh="文献、模型或时间序列给出的土壤碳变化速率乘以 44/12。",
    en="A rate of change from publications, models or chronosequences, times 44/12.",
)
def rated_co2_t_ha_yr(gain_c_t_ha_yr: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """CO2 by a rate of change; negative where the soil gains. [t CO2/ha/yr]"""
    return -CO2_PER_C * gain_c_t_ha_yr


@rule(
    "8.1.4.2.7, 8.2.4.2.2, eq. 38",
    zh="异源碳扣减 = 原位 CO2 × 异源百分比，仅在原位为清除时；有机土为零。",
    en="The deduction for allochthonous carbon is CO2 in place times its percentage, only where that is a removal; "
    "none for organic soil.",
)
def alloch_deduction_co2_t(
    in_place_co2_t: float, percent: float, soil: str, *, day: date, p: Mapping[str, Dated]
) -> float:
    """What is subtracted from CO2 in place; not positive. [t CO2, as ``in_place_co2_t``]"""
    if soil == "organic":
        return 0.0
    return min(in_place_co2_t, 0.0) * percent * conversion_factor("%", "1")


@rule(
    "8.1.4.2.7, eq. 39-47",
    zh="异源百分比由土壤与沉积物的有机质推算：OM_auto = (OM_soil − OM_dep)/(1 − OM_dep/100)，"
    "%C_alloch = 100 × (C_soil − C_auto)/C_soil；沉积物有机质缺省 1.5%。",
    en="The allochthonous percentage from organic matter of soil and sediment: OM_auto = (OM_soil - OM_dep)/(1 - "
    "OM_dep/100), %C_alloch = 100 (C_soil - C_auto)/C_soil; sediment has 1.5 % by default.",
)
def alloch_percent(a: Allochthonous, system: str, *, day: date, p: Mapping[str, Dated]) -> float:
    """Share of the soil's carbon that came from elsewhere, within 0 and 100. [%]"""
    if a.percent is not None or a.exempt is not None:
        return a.percent or 0.0
    share, percent = conversion_factor("%", "1"), conversion_factor("1", "%")
    deposited = _deposited_om(a, system, day, p)
    if a.soil_om_percent is not None:
        om = a.soil_om_percent
        carbon = carbon_from_om(om, system, day=day, p=p)
    else:
        assert a.soil_carbon_percent is not None
        carbon = a.soil_carbon_percent
        om = om_from_carbon(carbon, system, day=day, p=p)
    if om <= deposited or carbon <= 0:
        return percent
    autochthonous = carbon_from_om((om - deposited) / (1 - deposited * share), system, day=day, p=p)
    return percent * min(max((carbon - autochthonous) / carbon, 0.0), 1.0)


def _deposited_om(a: Allochthonous, system: str, day: date, p: Mapping[str, Dated]) -> float:
    """Organic matter of the deposited sediment, from what is known of it. [%]"""
    carbon = a.deposited_carbon_percent
    if a.sediment_surface_m2_g is not None:
        slope, start = p["deposited_carbon_slope"].at(day).number(), p["deposited_carbon_start"].at(day).number()
        carbon = slope * a.sediment_surface_m2_g + start
    if carbon is not None:
        return om_from_carbon(carbon, system, day=day, p=p)
    return p["deposited_om_percent"].at(day).number() if a.deposited_om_percent is None else a.deposited_om_percent


@rule(
    "8.1.4.3.3, eq. 51-55",
    zh="侵蚀碳氧化比例按沉积环境取值；不连通时，基准线侵蚀量大于项目则两情景均为 0%，否则均为 100%。",
    en="The share of eroded carbon that is oxidised goes by depositional environment; without connection it is 0 % in "
    "both scenarios where the baseline erodes more than the project, else 100 % in both.",
)
def eroded_percent(x: Eroded, unconnected: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Share of eroded carbon that becomes CO2. [%]

    Parameters
    ----------
    unconnected : float
        What holds in both scenarios for areas without connection. [%]
    """
    if x.emitted_percent is not None:
        return x.emitted_percent
    if not x.connected:
        return unconnected
    pace = x.sediment_accumulation_g_cm2_yr
    slow = pace is not None and pace < p["slow_accumulation"].at(day).number()
    if slow and x.environment == "normal_marine":
        return p["eroded_oxidised_slow"].at(day).number()
    rows: Any = p["eroded_oxidised"].at(day).value
    return float(dict(rows)[x.environment])


@rule(
    "8.1.4.3, eq. 48, 1",
    zh="侵蚀土壤 CO2 = 44/12 × 侵蚀碳 × 氧化比例，只计侵蚀发生后 5 年。",
    en="CO2 of eroded soil is 44/12 times its carbon times the share oxidised, for five years from the erosion.",
)
def eroded_co2_t_ha_yr(layers: Sequence[Layer], percent: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """CO2 of the soil that one year erodes. [t CO2/ha/yr]"""
    stock = soil_stock_c_t_ha(layers, day=day, p=p)
    return CO2_PER_C * stock * percent * conversion_factor("%", "1")


@rule(
    "8.1.4.5, eq. 60, 61, 100",
    zh="CH4 缺省：盐度大于 18 ppt 为 0.011，不小于 20 ppt 为 0.0056 t/ha/yr；更低盐度无缺省值；"
    "不得以二者之差申请减排。",
    en="CH4 default: 0.011 t/ha/yr above 18 ppt, 0.0056 from 20 ppt; none below; the difference between the two must "
    "not be claimed.",
)
def ch4_t_ha_yr(gas: Gas, salinity: Salinity | None, *, day: date, p: Mapping[str, Dated]) -> float:
    """CH4 of a stratum's soil. [t CH4/ha/yr]"""
    if gas.approach != "default":
        return _measured_t_ha_yr(gas, day, p)
    assert salinity is not None
    marine = salinity.value >= p["salinity_marine_ppt"].at(day).number()
    return p["ch4_default_marine" if marine else "ch4_default_high"].at(day).number()


@rule(
    "8.1.4.6, eq. 63-68, 101",
    zh="N2O 缺省按水域或非海草湿地和盐度取值；直接接收氮输入时不得使用；海草修复不计 N2O。",
    en="N2O defaults go by open water or non-seagrass wetland and by salinity; not where nitrogen flows in; seagrass "
    "restoration counts no N2O.",
)
def n2o_t_ha_yr(gas: Gas, salinity: Salinity | None, system: str, *, day: date, p: Mapping[str, Dated]) -> float:
    """N2O of a stratum's soil. [t N2O/ha/yr]"""
    if gas.approach != "default":
        return _measured_t_ha_yr(gas, day, p)
    assert salinity is not None
    rows: Any = p["n2o_default"].at(day).value
    high, middle, other = {row[0]: row[1:] for row in rows}["open_water" if system == "open_water" else "wetland"]
    if salinity.value > p["salinity_high_ppt"].at(day).number():
        return float(high)
    return float(middle if salinity.value > p["salinity_low_ppt"].at(day).number() else other)


def _measured_t_ha_yr(gas: Gas, day: date, p: Mapping[str, Dated]) -> float:
    """A measured flux, or none where the gas is left out. [t/ha/yr]"""
    if gas.daily_mg_m2 is not None:
        return gas.daily_mg_m2 * p["daily_flux_factor"].at(day).number()
    return gas.t_ha_yr or 0.0


@rule(
    "8.2.5, eq. 81-83",
    zh="计划烧除的非 CO2 排放 = 面积 × 地上生物量 ×（N2O 因子 × GWP + CH4 因子 × GWP）。",
    en="Non-CO2 of a prescribed burn is area times biomass times (N2O factor x GWP + CH4 factor x GWP).",
)
def burn_co2e_t(burn: Burn, *, day: date, p: Mapping[str, Dated]) -> float:
    """CH4 and N2O of one burn. [t CO2e]"""
    edition = str(p["gwp_edition"].at(day).value)
    gases = (("CH4", burn.ch4_g_kg), ("N2O", burn.n2o_g_kg))
    co2e_g_kg = math.fsum(factor * p[gwp_name(edition, gas)].at(day).number() for gas, factor in gases)
    return burn.area_ha * burn.biomass_kg_ha * co2e_g_kg * conversion_factor("g", "t")


@rule(
    "8.4",
    zh="符合适用条件的项目，活动转移、市场和生态泄漏均为零。",
    en="A project that meets the conditions has no activity-shifting, market or ecological leakage.",
)
def leakage_t(*, day: date, p: Mapping[str, Dated]) -> float:
    """Leakage. [t CO2e]"""
    return p["leakage_co2e_t"].at(day).number()


@rule(
    "8.5.1, eq. 85",
    zh="NER = 基准线排放 − 项目排放 + 火灾减排溢价 − 泄漏，自项目开始累计。",
    en="NER is baseline emissions less project emissions plus fire reduction premium less leakage, added up from the "
    "project's start.",
)
def ner_t(
    baseline_co2e_t: float,
    project_co2e_t: float,
    premium_co2e_t: float,
    leakage_co2e_t: float,
    *,
    day: date,
    p: Mapping[str, Dated],
) -> float:
    """Net emission reductions from emissions of both scenarios. [t CO2e]"""
    return math.fsum([baseline_co2e_t, -project_co2e_t, premium_co2e_t, -leakage_co2e_t])


@rule(
    "8.5.1, eq. 86",
    zh="申请基准线减排，或海平面上升可致损失的项目，任何时点累计不超过第 100 年的 NER。",
    en="Where baseline reductions are claimed, or sea-level rise may take the wetland, no claim goes beyond NER at 100 "
    "years.",
)
def limited_ner_t(ner_co2e_t: float, at_100_co2e_t: float | None, *, day: date, p: Mapping[str, Dated]) -> float:
    """NER within its limit. [t CO2e]"""
    return ner_co2e_t if at_100_co2e_t is None else min(ner_co2e_t, at_100_co2e_t)


@rule(
    "8.5.2, eq. 87, 89",
    zh="分层不确定性 = √Σ(U×E)² / Σ|E|。",
    en="Uncertainty of a stratum is the root of the sum of (U E) squared over the sum of the sizes of E.",
)
def stratum_error(parts: Sequence[tuple[float, float]], *, day: date, p: Mapping[str, Dated]) -> float:
    """Relative half width of a stratum from ``(half width, tonnes)`` of its pools and gases. [1]"""
    total = math.fsum(abs(co2e_t) for _, co2e_t in parts)
    return math.hypot(*(half * co2e_t for half, co2e_t in parts)) / total if total else 0.0


@rule(
    "8.5.2, eq. 88, 90",
    zh="各层不确定性按面积合并：√Σ(U×A)² / ΣA。",
    en="Strata are combined by area: the root of the sum of (U A) squared over the sum of A.",
)
def scenario_error(strata: Sequence[tuple[float, float]], *, day: date, p: Mapping[str, Dated]) -> float:
    """Relative half width of a scenario from ``(half width, hectares)`` of its strata. [1]"""
    return math.hypot(*(half * area for half, area in strata)) / math.fsum(area for _, area in strata)


@rule(
    "8.5.2, eq. 91",
    zh="项目总误差 = √[(U_BSL×GHG_BSL)² + (U_WPS×GHG_WPS)²] / (|GHG_BSL| + |GHG_WPS|)。",
    en="The project's error is the root of (U_BSL GHG_BSL) squared plus (U_WPS GHG_WPS) squared over the sum of both "
    "sizes.",
)
def total_error(
    baseline: tuple[float, float], project: tuple[float, float], *, day: date, p: Mapping[str, Dated]
) -> float:
    """Relative half width of NER from ``(half width, tonnes)`` of both scenarios. [1]"""
    total = abs(baseline[1]) + abs(project[1])
    return math.hypot(*(half * co2e_t for half, co2e_t in (baseline, project))) / total if total else 0.0


@rule(
    "8.5.2, eq. 92",
    zh="误差超过允许值（90% 置信 20%，95% 置信 30%）时，按超出部分扣减 NER；负值不因此缩小（本产品的保守处理）。",
    en="Where the error is above what is allowed (20 % at 90 % confidence, 30 % at 95 %), the excess share of NER is "
    "deducted; a loss is made larger by it (our conservative reading).",
)
def adjusted_ner_t(ner_co2e_t: float, error: float, confidence: int, *, day: date, p: Mapping[str, Dated]) -> float:
    """NER after the deduction for uncertainty. [t CO2e]"""
    rows: Any = p["allowed_uncertainty"].at(day).value
    allowed: float = dict(rows)[confidence]
    excess = max(error - allowed, 0.0)
    return ner_co2e_t - excess * abs(ner_co2e_t)


@rule(
    "8.5.3, eq. 93, 94",
    zh="VCU = 本期与上期调整后 NER 之差 − 缓冲；缓冲 = 碳储量部分的增量 × 缓冲比例（不含非 CO2 和燃料）。",
    en="VCUs are the rise of the adjusted NER less the buffer, which is the rise of its carbon stocks (no non-CO2, no "
    "fuel) times the buffer percentage.",
)
def buffer_t(stock_co2e_t: float, buffer_share: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """What goes to the buffer, as a number that is not negative. [t CO2e]

    Equation 93 prints a product; the sentence beside it and the programme's buffer say a difference.
    """
    return max(stock_co2e_t, 0.0) * buffer_share
