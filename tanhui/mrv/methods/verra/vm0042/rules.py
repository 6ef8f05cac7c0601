"""The clauses of ``verra/vm0042`` that make tonnes, in the order of the standard. No rule holds a number.

Emissions, leakage and buffer are positive here, as the standard prints them; :mod:`.account` turns their sign.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

from tanhui.kernel.gwp import gwp_name
from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import Period
from tanhui.kernel.units import CO2_PER_C, N2O_PER_N
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verra.vm0042.inputs import (
    Amendment,
    Commodity,
    Core,
    Displacement,
    Field,
    Herd,
    Modelled,
    ModelledFlux,
    Practice,
    Woody,
)
from tanhui.mrv.methods.verra.vm0042.model import Component, Emission, Factor, mean
from tanhui.mrv.sampling.student import t_two_sided
from tanhui.sinks.soil.measured import Profile, Way, core_mass_t_ha, stock_at_mass

T_PER_KG = 1e-3
T_PER_G = 1e-6


def _factor(name: str, day: date, p: Mapping[str, Dated]) -> Factor:
    """A factor of the table: ``[central, low, high]``, or one number where the source prints no range."""
    leaf = p[name].at(day)
    central, low, high = leaf.value if isinstance(leaf.value, list) else (leaf.number(),) * 3
    return Factor(name, central, low, high)


def _own(name: str, value: float) -> Factor:
    """A factor the project brought."""
    return Factor(name, value, value, value)


def _gwp(gas: str, day: date, p: Mapping[str, Dated]) -> float:
    return p[gwp_name(str(p["gwp_edition"].at(day).value), gas)].at(day).number()


def _n2o_co2e(day: date, p: Mapping[str, Dated]) -> float:
    """Tonnes of CO2e of a kilogram of nitrogen that leaves as N2O."""
    return N2O_PER_N * _gwp("N2O", day, p) * T_PER_KG


@rule(
    "eq. 3",
    zh="每一深度段：细土质量 = 样品干重 /（钻口面积 × 钻数）× 10 000（t/ha）；有机碳 = 细土质量 × 含量。",
    en="In each increment: fine earth = dry mass of the sample / (area of the probe x number of cores) x 10,000 "
    "[t/ha], and carbon = that mass x its content.",
)
def profile(core: Core, *, day: date, p: Mapping[str, Dated]) -> Profile:
    """Mass and carbon of the increments of a sample, from the surface down."""
    mass = [float(core_mass_t_ha(layer.sample_g, core.diameter_mm, core.cores)) for layer in core.layers]
    thickness = [layer.thickness_cm for layer in core.layers]
    return Profile("sample", thickness, mass, [layer.soc_g_kg for layer in core.layers])


@rule(
    "8.2.1.6 reference mass",
    zh="参考土壤质量 = 关联对照点首次采样时 30 cm 内的平均土壤质量；同点复测时为各点自身首次采样的质量。",
    en="The reference mass of soil is the mean mass to 30 cm at the linked control sites in their first campaign; "
    "where points are revisited, each point's own mass in its first campaign.",
)
def reference_mass_t_ha(profiles: Sequence[Profile], mineral: bool, *, day: date, p: Mapping[str, Dated]) -> float:
    """Mean soil mass from the surface to the reporting depth. [t/ha]"""
    depth = p["report_depth_cm"].at(day).number()
    return mean([x.mass_to(depth, mineral=mineral) for x in profiles])


@rule(
    "8.2.1.6 ESM",
    zh="土壤有机碳储量按等效土壤质量报告：累计碳随累计土壤质量插值，整个计入期用同一函数。",
    en="Stocks are reported at equivalent soil mass: carbon cumulated over soil mass is read at the reference mass, "
    "by one function during the whole crediting period.",
)
def stock_c_t_ha(
    profile: Profile, mass_t_ha: float, way: Way, mineral: bool, *, day: date, p: Mapping[str, Dated]
) -> float:
    """Carbon down to the reference mass. [t C/ha]"""
    return stock_at_mass(profile, mass_t_ha, way=way, mineral=mineral)


@rule("eq. 6, 7", zh="化石燃料：升数 × 排放因子。", en="Fossil fuel: litres times the factor of the fuel.")
def fuel(practice: Practice, *, day: date, p: Mapping[str, Dated]) -> tuple[Emission, ...]:
    """CO2e of fuel."""
    burnt = (("ef_diesel", practice.diesel_l), ("ef_gasoline", practice.gasoline_l))
    return tuple(Emission("fossil_fuel", _factor(name, day, p), litres * T_PER_KG) for name, litres in burnt if litres)


@rule(
    "eq. 8, 9",
    zh="石灰：（石灰石 × 0.12 + 白云石 × 0.13）× 44/12。",
    en="Lime: (limestone x 0.12 + dolomite x 0.13) x 44/12.",
)
def liming(practice: Practice, *, day: date, p: Mapping[str, Dated]) -> tuple[Emission, ...]:
    """CO2 of lime."""
    spread = (("ef_limestone", practice.limestone_t), ("ef_dolomite", practice.dolomite_t))
    return tuple(Emission("liming", _factor(name, day, p), mass * CO2_PER_C) for name, mass in spread if mass)


@rule(
    "eq. 10, 15",
    zh="模型给出的土壤 CH4、N2O 量 × GWP。",
    en="Modelled methane and nitrous oxide of the soil times their warming potential.",
)
def modelled_reduction_t(flux: ModelledFlux, *, day: date, p: Mapping[str, Dated]) -> float:
    """Baseline less project over the period. [t CO2e]"""
    return (flux.baseline_t - flux.project_t) * _gwp(flux.gas, day, p)


@rule(
    "eq. 11",
    zh="肠道发酵 CH4：头数 × 每头排放因子 × GWP / 1000。",
    en="Methane of digestion: heads x factor x warming potential / 1000.",
)
def enteric(herd: Herd, heads: float, *, day: date, p: Mapping[str, Dated]) -> Emission:
    """CH4 of digestion."""
    factor = _own(f"{herd.id} enteric", herd.enteric_kg_head_yr)
    return Emission("enteric_ch4", factor, heads * _gwp("CH4", day, p) * T_PER_KG)


@rule(
    "eq. 12, 13",
    zh="粪便沉积 CH4：头数 × 挥发性固体（每 1000 kg 体重每日 × 体重 / 1000 × 365）× 管理系统份额 × 因子 × GWP / 10⁶。",
    en="Methane of manure: heads x volatile solids (per 1000 kg and day x weight / 1000 x 365) x share of the system "
    "x factor x warming potential / 10^6.",
)
def manure_ch4(herd: Herd, heads: float, *, day: date, p: Mapping[str, Dated]) -> Emission:
    """CH4 of manure on the field."""
    days = p["days_per_year"].at(day).number()
    solids_kg = herd.vs_kg_1000kg_d * herd.weight_kg * T_PER_KG * days
    amount = heads * solids_kg * herd.system_fraction * _gwp("CH4", day, p) * T_PER_G
    return Emission("manure_ch4", _own(f"{herd.id} manure", herd.manure_g_kg_vs), amount)


@rule(
    "eq. 14, 32",
    zh="秸秆焚烧 CH4、N2O：干物质量 × 燃烧系数 × 因子（g/kg）× GWP / 10⁶。",
    en="Burnt residue: dry mass x combustion factor x g/kg x warming potential / 10^6, for methane and nitrous oxide.",
)
def burning(practice: Practice, *, day: date, p: Mapping[str, Dated]) -> tuple[Emission, ...]:
    """CH4 and N2O of residue burnt on the field; its CO2 is a change of stock."""
    if not practice.burnt:
        return ()
    shares = dict(p["combustion_factor"].at(day).value)  # type: ignore[arg-type]
    amount = math.fsum(x.mass_kg * shares[x.crop] for x in practice.burnt) * T_PER_G
    factors = (("burning_ch4", "CH4", "ef_burning_ch4"), ("burning_n2o", "N2O", "ef_burning_n2o"))
    return tuple(Emission(source, _factor(name, day, p), amount * _gwp(gas, day, p)) for source, gas, name in factors)


@rule(
    "eq. 16-20",
    zh="氮肥直接 N2O：化学氮 × EF1 + 有机氮 × EF1（其他氮），× 44/28 × GWP；湿润与干燥气候分列。",
    en="Direct N2O of fertiliser: (synthetic N x its EF1 + organic N x its EF1) x 44/28 x warming potential, by wet "
    "and dry climate.",
)
def fertiliser_direct(practice: Practice, field: Field, *, day: date, p: Mapping[str, Dated]) -> tuple[Emission, ...]:
    """N2O of the field itself."""
    wet = field.climate == "wet"
    inputs = (
        ("ef1_synthetic_wet" if wet else "ef1_dry", practice.synthetic_n_kg),
        ("ef1_other_wet" if wet else "ef1_dry", practice.organic_n_kg),
    )
    return tuple(
        Emission("fertiliser_n2o", _factor(name, day, p), n_kg * _n2o_co2e(day, p)) for name, n_kg in inputs if n_kg
    )


@rule(
    "eq. 21, 22",
    zh="氮肥挥发再沉降 N2O：（化学氮 × FracGASF + 有机氮 × FracGASM）× EF4 × 44/28 × GWP。",
    en="N2O of what volatilises from fertiliser: (synthetic N x FracGASF + organic N x FracGASM) x EF4 x 44/28 x "
    "warming potential.",
)
def fertiliser_volatilised(
    practice: Practice, field: Field, *, day: date, p: Mapping[str, Dated]
) -> tuple[Emission, ...]:
    """N2O where the nitrogen falls down again."""
    parts = (("frac_gasf", practice.synthetic_n_kg), ("frac_gasm", practice.organic_n_kg))
    n_kg = math.fsum(mass * p[name].at(day).number() for name, mass in parts if mass)
    return _volatilised("fertiliser_n2o", n_kg, field, day, p)


@rule(
    "eq. 23",
    zh="氮肥淋溶 N2O：（化学氮 + 有机氮）× FracLEACH × EF5 × 44/28 × GWP；干燥气候且无滴灌以外的灌溉时为零。",
    en="N2O of what leaches from fertiliser: (synthetic N + organic N) x FracLEACH x EF5 x 44/28 x warming potential; "
    "zero in dry climates without irrigation other than drip.",
)
def fertiliser_leached(practice: Practice, field: Field, *, day: date, p: Mapping[str, Dated]) -> tuple[Emission, ...]:
    """N2O of waters that the nitrogen runs into."""
    return _leached("fertiliser_n2o", practice.synthetic_n_kg + practice.organic_n_kg, field, day, p)


def _volatilised(source: str, n_kg: float, field: Field, day: date, p: Mapping[str, Dated]) -> tuple[Emission, ...]:
    """N2O of nitrogen that has become gas."""
    name = "ef4_wet" if field.climate == "wet" else "ef4_dry"
    return (Emission(source, _factor(name, day, p), n_kg * _n2o_co2e(day, p)),) if n_kg else ()


def _leached(source: str, n_kg: float, field: Field, day: date, p: Mapping[str, Dated]) -> tuple[Emission, ...]:
    """N2O of nitrogen on the field, where any of it leaches."""
    if not n_kg or (field.climate == "dry" and field.irrigation != "other"):
        return ()
    lost_kg = n_kg * p["frac_leach"].at(day).number()
    return (Emission(source, _factor("ef5", day, p), lost_kg * _n2o_co2e(day, p)),)


@rule(
    "eq. 24, 25",
    zh="固氮作物残体 N2O：还田干物质 × 含氮率 × EF1 × 44/28 × GWP。",
    en="N2O of nitrogen-fixing crops: dry matter returned x nitrogen in it x EF1 x 44/28 x warming potential.",
)
def n_fixing(practice: Practice, field: Field, *, day: date, p: Mapping[str, Dated]) -> tuple[Emission, ...]:
    """N2O of the residue of N-fixers."""
    n_kg = math.fsum(x.dry_matter_t * x.n_content_fraction for x in practice.n_fixers) / T_PER_KG
    name = "ef1_other_wet" if field.climate == "wet" else "ef1_dry"
    return (Emission("n_fixing_n2o", _factor(name, day, p), n_kg * _n2o_co2e(day, p)),) if n_kg else ()


@rule(
    "eq. 26-31",
    zh="粪尿 N2O：头数 × 年排氮 × 管理系统份额 × 落地份额 × 因子 × 44/28 × GWP / 1000，加挥发与淋溶；"
    "式 30、31 漏印的 1/1000 照加。",
    en="N2O of dung and urine: heads x nitrogen excreted x share of the system x share on the field x factor x 44/28 x "
    "warming potential / 1000, with volatilisation and leaching; the /1000 missing in eq. 30 and 31 is applied.",
)
def manure_n2o(herd: Herd, heads: float, field: Field, *, day: date, p: Mapping[str, Dated]) -> tuple[Emission, ...]:
    """Direct and indirect N2O of what animals leave on the field."""
    n_kg = heads * herd.n_kg_head_yr * herd.system_fraction * herd.deposited_fraction
    name = "ef3_sheep_other" if herd.n2o_group == "sheep_other" else f"ef3_cattle_poultry_pigs_{field.climate}"
    gas_kg = n_kg * p["frac_gasm"].at(day).number()
    return (
        Emission("manure_n2o", _factor(name, day, p), n_kg * _n2o_co2e(day, p)),
        *_volatilised("manure_n2o", gas_kg, field, day, p),
        *_leached("manure_n2o", n_kg, field, day, p),
    )


@rule(
    "8.4.2",
    zh="牲畜减少时，项目排放仍按基准线头数计算，除非证明产品没有减少且牲畜是屠宰而非转移。",
    en="Where animals became fewer, the project's emissions keep the baseline's herd, unless it is shown that products "
    "did not fall and animals were slaughtered rather than moved.",
)
def counted_heads(project: float, baseline: float, proven: bool, *, day: date, p: Mapping[str, Dated]) -> float:
    """Heads that the project's emissions are computed with."""
    return project if proven else max(project, baseline)


@rule(
    "eq. 33",
    zh="新施外来有机物料：质量 × 含碳率 × 12% × 44/12 计为泄漏；就地产生、来自露天厌氧塘或原本不用于土壤的除外。",
    en="Organic amendments new to the land: mass x carbon x 12 % x 44/12 is leakage, unless made on site, diverted "
    "from an open anaerobic lagoon, or shown not to have gone to soil before.",
)
def amendment_t(amendment: Amendment, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon that would have stayed in other soils. [t CO2e]"""
    kept = p["amendment_retained"].at(day).number()
    return 0.0 if amendment.exempt else amendment.mass_t * amendment.c_fraction * kept * CO2_PER_C


@rule(
    "VMD0054 eq. 1-4",
    zh="放弃的产量 = 参考期平均产量 ×（1 + 增长率）^年数 − 现产量；缓解量同式计算，取增产。",
    en="Foregone production is the mean of the reference years x (1 + growth)^years less production now; mitigation is "
    "what other areas produce above the same projection of theirs.",
)
def production_change(commodity: Commodity, years: float, *, day: date, p: Mapping[str, Dated]) -> tuple[float, float]:
    """Foregone production and mitigation, in units of the product."""
    growth = p["yield_growth"].at(day).number() if commodity.growth is None else commodity.growth
    grown = math.pow(1 + growth, years)
    foregone = mean(commodity.before) * grown - commodity.now
    if not commodity.mitigation_before:
        return foregone, 0.0
    return foregone, commodity.mitigation_now - mean(commodity.mitigation_before) * grown


@rule(
    "eq. 34, VMD0054 eq. 6",
    zh="产量变化 = 放弃 − 缓解，单项可为负；新垦面积 = 变化 × 增供份额 × 新地份额 / 单产。",
    en="Change of production is foregone less mitigation, with no floor for one product; new land is that change x "
    "share made up elsewhere x share from new land / yield.",
)
def new_land_ha(
    commodity: Commodity, foregone: float, mitigation: float, *, day: date, p: Mapping[str, Dated]
) -> float:
    """Land brought into production elsewhere. [ha]"""
    share = p["supply_share"].at(day).number() * p["new_land_share"].at(day).number()
    return (foregone - mitigation) * share / commodity.yield_ha


@rule(
    "eq. 35, VMD0054 eq. 8-10",
    zh="各产品新垦面积之和不小于零；累计泄漏 = 面积 ×（森林碳 + 土壤碳 ×（1 − 因子））× 44/12；开始满五年后不再累计。",
    en="New land of all products together is not below zero; cumulative leakage is that area x (forest carbon + soil "
    "carbon x (1 - factor)) x 44/12; it grows for five years from the start.",
)
def cumulative_displacement_t(displacement: Displacement, *, day: date, p: Mapping[str, Dated]) -> float:
    """Leakage of displaced production up to this verification. [t CO2e]"""
    years = min(displacement.years_elapsed, p["leakage_years"].at(day).number())
    areas = []
    for commodity in displacement.commodities:
        foregone, mitigation = production_change(commodity, years, day=day, p=p)
        areas.append(new_land_ha(commodity, foregone, mitigation, day=day, p=p))
    soil_c_t_ha = displacement.soil_reference_c_t_ha * (1 - displacement.soil_factor)
    return max(math.fsum(areas), 0.0) * (displacement.forest_c_t_ha + soil_c_t_ha) * CO2_PER_C


@rule(
    "eq. 36",
    zh="每年的位移泄漏 = max(0, 累计 − 上次核查累计) / 核查期年数。",
    en="Displacement of a year is max(0, cumulative now less cumulative before) over the years of the period.",
)
def displacement_t_yr(
    cumulative_t: float, before_t: float, period: Period, *, day: date, p: Mapping[str, Dated]
) -> float:
    """Leakage of displaced production. [t CO2e/yr]"""
    return max(0.0, cumulative_t - before_t) / period.years


@rule(
    "eq. 37, 40",
    zh="自开始起累计项目碳储量变化大于零时，增储部分计为清除，少失部分计为减排；否则全部计为减排。",
    en="While the project's cumulative stock change since the start is above zero, what was gained is a removal and "
    "what was not lost is a reduction; otherwise both are reductions.",
)
def split_stock_change(
    project_t: float, baseline_t: float, cumulative_t: float, *, day: date, p: Mapping[str, Dated]
) -> tuple[float, float]:
    """Reduction and removal out of the stock changes of a year. [t CO2e]"""
    kept = min(0.0, project_t) - min(0.0, baseline_t)
    gained = max(0.0, project_t) - max(0.0, baseline_t)
    return (kept, gained) if cumulative_t > 0 else (kept + gained, 0.0)


@rule(
    "eq. 39, 42",
    zh="泄漏按减排与清除的比例分摊；其中一项不为正时全部由另一项承担，两项都不为正时由减排承担。",
    en="Leakage is shared in proportion to reductions and removals. Where one is not positive the other bears all of "
    "it, where both are not, the reductions do.",
)
def leakage_shares_t(
    leakage_t: float, reduction_t: float, removal_t: float, *, day: date, p: Mapping[str, Dated]
) -> tuple[float, float]:
    """Leakage of the reductions and of the removals. [t CO2e]"""
    total = max(reduction_t, 0.0) + max(removal_t, 0.0)
    of_removals = leakage_t * max(removal_t, 0.0) / total if total > 0 else 0.0
    return leakage_t - of_removals, of_removals


@rule(
    "eq. 44, 45",
    zh="碳储量变化 = 土壤变化 ×（1 − UNC × I）+ 乔木 + 灌木；项目不优于基准线时 I = −1，损失被放大而不是缩小。",
    en="Stock change = soil change x (1 - UNC x I) + trees + shrubs; I is -1 where the project's soil did worse than "
    "the baseline's, so that a loss is enlarged and never shrunk.",
)
def stock_change_t(
    soil_t: float, woody_t: float, unc: float, net_soil_t: float, *, day: date, p: Mapping[str, Dated]
) -> float:
    """Change of one side after the uncertainty deduction. [t CO2e]"""
    sign = 1 if net_soil_t >= 0 else -1
    return soil_t * (1 - unc * sign) + woody_t


@rule(
    "eq. 46, 47",
    zh="土壤有机碳年变化 = Σ（期末均值 − 期初均值）/ 核查期年数 × 面积 × 44/12；基准线取关联对照点。",
    en="Yearly change of soil carbon = sum of (mean at the end less mean at the start) / years of the period x area x "
    "44/12; the baseline's is that of the linked control sites.",
)
def soil_change_t_yr(
    start_c_t_ha: Sequence[float],
    end_c_t_ha: Sequence[float],
    area_ha: float,
    period: Period,
    *,
    day: date,
    p: Mapping[str, Dated],
) -> float:
    """Change of one stratum on one side. [t CO2e/yr]"""
    return (mean(end_c_t_ha) - mean(start_c_t_ha)) / period.years * area_ha * CO2_PER_C


@rule(
    "4 (7)",
    zh="生物炭不是本方法学的项目活动；施入土壤的生物炭有机碳须从项目土壤碳变化中扣除。",
    en="Biochar is no activity of this methodology: its organic carbon is taken off the project's soil change.",
)
def without_biochar_t(soil_t: float, biochar_c_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """The project's soil change without the biochar that was put there. [t CO2e]"""
    return soil_t - biochar_c_t * CO2_PER_C


@rule(
    "eq. 48-51",
    zh="乔木、灌木年变化 =（期末 − 期初）/ 核查期年数 × 面积；采伐的项目林木以长期平均储量为上限。",
    en="Yearly change of trees and shrubs = (end less start) / years of the period x area; where the project harvests, "
    "a stock counts up to its long-term average.",
)
def woody_change_t_yr(wood: Woody, period: Period, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of trees or shrubs of one unit. [t CO2e/yr]"""
    most = math.inf
    if wood.harvested and wood.side == "project" and wood.long_term_average_co2e_t_ha is not None:
        most = wood.long_term_average_co2e_t_ha
    return (min(wood.end_co2e_t_ha, most) - min(wood.start_co2e_t_ha, most)) / period.years * wood.area_ha


@rule(
    "eq. 52-59",
    zh="各排放源减排量 = Σ（基准线排放 − 项目排放）。",
    en="The reduction of a source is the sum of baseline less project emissions.",
)
def source_reduction_t(factor: Factor, difference: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Reduction at the factor's central value; ``difference`` is baseline less project amounts. [t CO2e]"""
    return difference * factor.central


@rule(
    "8.6.3",
    zh="缺省因子取其不确定范围内最保守的一端：排放减少取下限，排放增加取上限，两侧用同一值。",
    en="Of a default factor's range the end that claims least is used on both sides: the lowest where emissions fall, "
    "the highest where they rise.",
)
def conservative_reduction_t(factor: Factor, difference: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Reduction at the conservative end. [t CO2e]"""
    return difference * (factor.low if difference > 0 else factor.high)


@rule(
    "eq. 60-64",
    zh="途径 1：方差 = Σ A_h²/(n(n−1)) Σ(x − 均值)² / A² + Σ A_h² × 模型方差 / A²；层内逐点差值为项目减基准线。",
    en="Approach 1: the variance is that of sampling, A_h^2/(n(n-1)) x sum of squares of project less baseline at the "
    "points, plus A_h^2 times the model's, both over A^2.",
)
def modelled_components(model: Modelled, area_ha: float, *, day: date, p: Mapping[str, Dated]) -> tuple[Component, ...]:
    """Sampling and model error of a modelled stratum."""
    pairs = zip(model.project_change_co2e_t_ha, model.baseline_change_co2e_t_ha, strict=True)
    net = [project - baseline for project, baseline in pairs]
    return (
        Component(_variance_of_mean(net) * area_ha * area_ha, len(net) - 1),
        Component(model.model_variance * area_ha * area_ha, math.inf),
    )


def _variance_of_mean(values: Sequence[float]) -> float:
    """Sum of squares about the mean over n (n - 1)."""
    middle, n = mean(values), len(values)
    return math.fsum((x - middle) * (x - middle) for x in values) / (n * (n - 1))


@rule(
    "eq. 70",
    zh="全项目平均变化的方差 = Σ 各层方差 / A²，项目与对照视为独立；"
    "几层共用对照点时其误差相加而不相消（本产品的保守处理）。",
    en="Variance of the project's mean change = sum over strata / A^2, project and controls taken as independent. "
    "Where strata share a control site its errors add up instead of averaging out (our conservative reading).",
)
def mean_variance(
    components: Sequence[Component], area_ha: float, *, day: date, p: Mapping[str, Dated]
) -> tuple[float, float]:
    """Variance of the mean net change, and its degrees of freedom by Welch and Satterthwaite. [(t CO2e/ha)^2]"""
    own = [x for x in components if not x.shared]
    for key in sorted({x.shared for x in components} - {""}):
        together = [x for x in components if x.shared == key]
        errors = math.fsum(math.sqrt(x.variance) for x in together)
        own.append(Component(errors * errors, min(x.df for x in together)))
    total = math.fsum(x.variance for x in own)
    spread = math.fsum(x.variance * x.variance / x.df for x in own)
    return total / (area_ha * area_ha), total * total / spread if spread > 0 else math.inf


@rule(
    "eq. 71",
    zh="层内变化的方差 = 期末方差 + 期初方差 − 2 × 协方差，各为 A_h²/(n(n−1)) Σ(x − 均值)²；每次重新布点时协方差为零；"
    "对照点同式，用项目层面积。",
    en="Variance of a stratum's change = that at the end + that at the start - 2 covariances, each A_h^2/(n(n-1)) x "
    "sum of squares; the covariance is zero where new points are drawn. Controls likewise, with the project's area.",
)
def change_components(
    start_c_t_ha: Sequence[float],
    end_c_t_ha: Sequence[float],
    area_ha: float,
    paired: bool,
    shared: str = "",
    *,
    day: date,
    p: Mapping[str, Dated],
) -> tuple[Component, ...]:
    """Sampling error of one side of a stratum: of the differences where paired, else of both dates."""
    scale = area_ha * CO2_PER_C * area_ha * CO2_PER_C
    parts = {"start": start_c_t_ha, "end": end_c_t_ha}
    if paired:
        # Summing squares of the differences is V_f + V_s - 2 Cov.
        parts = {"change": [end - start for start, end in zip(start_c_t_ha, end_c_t_ha, strict=True)]}
    return tuple(
        Component(_variance_of_mean(values) * scale, len(values) - 1, f"{shared} {when}" if shared else "")
        for when, values in parts.items()
    )


@rule(
    "eq. 72, 73",
    zh="光谱法另加预测误差的方差：A²/(m−1) Σ(误差 − 平均误差)²，两侧、两次采样各加一次；"
    "各层共用同一模型，不因分层而减小。",
    en="Spectroscopy adds the variance of its prediction error, A^2/(m-1) x sum of squares about the mean error, once "
    "for each side and date; strata share the model, so it does not shrink with their number.",
)
def spectroscopy_component(
    errors_c_t_ha: Sequence[float], area_ha: float, *, day: date, p: Mapping[str, Dated]
) -> Component:
    """Error of the spectrometer's model at one date on one side."""
    n, scale = len(errors_c_t_ha), area_ha * CO2_PER_C
    return Component(_variance_of_mean(errors_c_t_ha) * n * scale * scale, n - 1)


@rule(
    "eq. 74",
    zh="不确定性扣减 UNC = √方差 / |平均变化| × t（单侧学生 t，三分之二概率），"
    "以份额计，最大为 1；平均变化为零时为 1。",
    en="UNC = root of the variance / |mean change| x t, one-sided Student's t at two thirds, as a share of at most 1; "
    "1 where the mean change is zero.",
)
def uncertainty_share(variance: float, df: float, mean_t_ha: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """The share that is deducted. [1]"""
    if variance == 0:
        return 0.0
    if mean_t_ha == 0:
        return 1.0
    one_sided = p["exceedance_probability"].at(day).number()
    # Two-sided at 2p - 1 is one-sided at p. Rounding must not push one degree of freedom below one.
    t = t_two_sided(one_sided + one_sided - 1, max(df, 1.0))
    return min(1.0, math.sqrt(variance) / abs(mean_t_ha) * t)


@rule(
    "eq. 37 UNC",
    zh="途径 1 的土壤 CH4、N2O 减排量各乘（1 − UNC）；为负时乘（1 + UNC），不缩小增排（本产品的保守处理）。",
    en="Modelled reductions of soil CH4 and N2O are each multiplied by 1 - UNC; a negative one by 1 + UNC, so that an "
    "increase is not made smaller (our conservative reading).",
)
def modelled_deduction_t(reduction_t: float, unc: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """What uncertainty takes off a modelled reduction, not positive. [t CO2e]"""
    return -abs(reduction_t) * unc


@rule(
    "eq. 75, 76",
    zh="缓冲 = 净碳储量变化 × 非持久性风险评级，不小于零；燃料、CH4、N2O 减排不提缓冲。",
    en="Buffer = net stock change x risk rating, not below zero; reductions of fuel, CH4 and N2O bear none.",
)
def buffer_t(net_stock_t: float, npr: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Credits held back for the risk of reversal. [t CO2e]"""
    return max(0.0, net_stock_t) * npr


@rule(
    "eq. 77-79",
    zh="签发量 = 减排净额 + 清除净额；一项为负时由另一项抵扣，使两项之和不变。",
    en="Credits are the sum of net reductions and net removals: where one is negative the other makes up for it, so "
    "that the sum stays what it is.",
)
def offset_t(own_t: float, other_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """What a claim gives to the other's loss (negative), or gets for its own (positive). [t CO2e]"""
    if own_t > 0 > other_t:
        return -min(own_t, -other_t)
    if own_t < 0 < other_t:
        return min(-own_t, other_t)
    return 0.0
