"""The clauses of ``verra/vm0044`` that make tonnes, in the order of the standard. No rule holds a number.

Emissions and leakage are positive here, as the standard prints them; :mod:`.account` turns their sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.gwp import gwp_name
from tanhui.kernel.parameters import Dated
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verra.vm0044.inputs import Facility, Leg, Production, Use


@rule(
    "3 high technology",
    zh="高技术：热解气回收或燃烧、热量利用不低于 70%、排放受控、温度有测量，四项全满足；缺一即为低技术。",
    en="Technology is high where gases are recovered or burnt, at least 70 % of the heat is used, emissions are "
    "controlled and the temperature is measured; one of them missing makes it low.",
)
def high_technology(facility: Facility, made: Production, *, day: date, p: Mapping[str, Dated]) -> bool:
    """Whether a facility's technology was high in a year."""
    heat = facility.heat_used_fraction
    used = heat is not None and heat >= p["heat_used_min"].at(day).number()
    return bool(facility.gases_recovered and used and facility.emissions_controlled) and made.temperature_c is not None


@rule(
    "4 (9)",
    zh="生物炭须在生产后一年内使用。",
    en="Biochar is used within one year of its production.",
)
def used_in_time(use: Use, *, day: date, p: Mapping[str, Dated]) -> bool:
    """Whether a batch was used early enough."""
    years = int(p["use_within_years"].at(day).number())
    made, used = use.made_on, use.used_on
    return (used.year, used.month, used.day) <= (made.year + years, made.month, made.day)


@rule(
    "4 (10)",
    zh="土壤施用：不在湿地，表施须与堆肥、粪肥或沼渣混合，每批 H:C_org 不大于 0.7。",
    en="On soil: no wetland; spread on the surface it is mixed with compost, manure or digestate; H:C_org of each "
    "batch is at most 0.7.",
)
def fit_for_soil(use: Use, *, day: date, p: Mapping[str, Dated]) -> bool:
    """Whether a batch may go to soil; what nobody answered or measured is no."""
    placed = use.wetland is False and (use.on_surface is False or bool(use.on_surface and use.mixed))
    return placed and use.h_c_org is not None and use.h_c_org <= p["h_c_org_max"].at(day).number()


@rule(
    "4 (11)-(15)",
    zh="非土壤用途：仅限高技术设施，干基含碳不低于 50%，产品长寿命且不焚烧，有证据。",
    en="Other uses: of high technology only, with at least 50 % carbon, in products that last and are not burnt, as a "
    "document shows.",
)
def fit_for_products(use: Use, high: bool, *, day: date, p: Mapping[str, Dated]) -> bool:
    """Whether a batch may go into products."""
    carbon = use.total_c_fraction
    rich = carbon is not None and carbon >= p["product_c_min"].at(day).number()
    return high and rich and bool(use.long_lived and use.product_proof)


@rule(
    "8.2.2.1",
    zh="高技术设施事后必须用实验室测得的有机碳含量。",
    en="After the event, high technology needs organic carbon from the laboratory.",
)
def carbon_known(use: Use, high: bool, *, day: date, p: Mapping[str, Dated]) -> bool:
    """Whether the carbon content is known as the standard wants it."""
    return use.c_org_fraction is not None or not high


@rule(
    "eq. 2, 6 F_Cp",
    zh="有机碳含量：实验室值；低技术无实验室值时按原料和工艺取表 4，混合原料取最低。",
    en="Organic carbon: of the laboratory; without it, for low technology, of Table 4 by feedstock and process, the "
    "lowest of a mixture.",
)
def organic_carbon(use: Use, facility: Facility, *, day: date, p: Mapping[str, Dated]) -> float:
    """Organic carbon of the dry biochar. [1]"""
    if use.c_org_fraction is not None:
        return use.c_org_fraction
    rows = p["carbon_table"].at(day).value
    assert isinstance(rows, list)
    pyrolysis = facility.process == "pyrolysis"
    return float(min(slow if pyrolysis else gas for feedstock, slow, gas in rows if feedstock in use.feedstocks))


@rule(
    "Table 3 PR_de",
    zh="百年留存系数按生产温度取表 3，450 °C 归低档；未测温或低技术取 0.56；非土壤用途有同行评议证据时取其最低值。",
    en="Permanence over 100 years by temperature of Table 3, 450 degrees in the lower row; 0.56 where it is not "
    "measured or technology is low. For other uses the lowest of peer-reviewed evidence.",
)
def permanence(use: Use, made: Production, high: bool, *, day: date, p: Mapping[str, Dated]) -> float:
    """What of the carbon is left after 100 years. [1]"""
    if use.kind == "non_soil" and use.permanence_fractions:
        return min(use.permanence_fractions)
    rows, temperature = p["permanence_table"].at(day).value, made.temperature_c
    assert isinstance(rows, list)
    if high and temperature is not None:
        for above, share in rows:
            if temperature > above:
                return float(share)
        if temperature >= p["pyrolysis_from_c"].at(day).number():
            return p["permanence_low"].at(day).number()
    return p["permanence_unknown"].at(day).number()


@rule(
    "eq. 1, 2, 6",
    zh="储存的二氧化碳 = 干质量 × 有机碳含量 × 留存系数 × 44/12；只计已使用的生物炭。",
    en="Carbon dioxide kept = dry mass x organic carbon x permanence x 44/12, of biochar that was used.",
)
def kept_t(use: Use, carbon: float, lasting: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon dioxide that a batch keeps out of the air. [t CO2e]"""
    return use.dry_t * carbon * lasting * CO2_PER_C


@rule(
    "eq. 9",
    zh="低技术窑的 CH4 = 因子（缺省 0.049 t/t）× GWP × 生物炭质量；高技术为零。",
    en="Methane of low technology = factor (0.049 t/t unless shown otherwise) x warming potential x mass of biochar; "
    "nothing for high technology.",
)
def kiln_methane_t(facility: Facility, mass_t: float, high: bool, *, day: date, p: Mapping[str, Dated]) -> float:
    """Methane of the process. [t CO2e]"""
    if high:
        return 0.0
    gwp = p[gwp_name(str(p["gwp_edition"].at(day).value), "CH4")].at(day).number()
    own = facility.kiln_ch4_t_t
    return (p["kiln_ch4"].at(day).number() if own is None else own) * gwp * mass_t


@rule(
    "eq. 3-5, 7, 8, 10",
    zh="生产阶段排放 =（预处理 + 热解 + 辅助能源）× 已用质量 / 当年全部产量，每个设施只扣一次。",
    en="Emissions of production = (pre-treatment + process + auxiliary energy) x mass used / all made in the year, "
    "taken off once for each facility.",
)
def production_emissions_t(
    made: Production, methane_t: float, used_t: float, *, day: date, p: Mapping[str, Dated]
) -> float:
    """What making the used biochar gave off. [t CO2e]"""
    return (made.pretreatment_co2e_t + methane_t + made.auxiliary_co2e_t) * used_t / made.made_dry_t


@rule(
    "eq. 7, 9 unsold",
    zh="式 9 以已用质量计，式 7 再乘已用份额，CH4 被减两次；差额作为保守项另列扣除（本产品的处理）。",
    en="Eq. 9 counts the mass used and eq. 7 scales it by the share used again, so methane is lowered twice; the "
    "difference is deducted as a line of its own (our conservative reading).",
)
def unsold_methane_t(made: Production, methane_t: float, used_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Methane that the printed equations leave out. [t CO2e]"""
    return methane_t * (1 - used_t / made.made_dry_t)


@rule(
    "eq. 11, 12",
    zh="应用阶段排放 = 使用前加工的电与燃料；使用本身为零。",
    en="Emissions of use = electricity and fuel of processing before it; use itself gives off nothing.",
)
def application_t(use: Use, *, day: date, p: Mapping[str, Dated]) -> float:
    """Energy of processing. [t CO2e]"""
    return use.processing_co2e_t


@rule(
    "eq. 13",
    zh="泄漏 = 原料与生物炭运输；往返不足 200 km 的不计；活动转移与分流为零。",
    en="Leakage is transport of feedstock and biochar; round trips below 200 km do not count; shifting and diversion "
    "are nothing.",
)
def transport_t(leg: Leg, *, day: date, p: Mapping[str, Dated]) -> float:
    """Emissions of a leg that counts. [t CO2e]"""
    return leg.co2e_t if leg.round_trip_km >= p["round_trip_km_min"].at(day).number() else 0.0


@rule(
    "eq. 14",
    zh="原料阶段的基准线与项目排放均取零（保守）。",
    en="At sourcing, baseline and project are nothing (conservative).",
)
def sourcing_t(*, day: date, p: Mapping[str, Dated]) -> float:
    """Reductions at sourcing. [t CO2e]"""
    return 0.0
