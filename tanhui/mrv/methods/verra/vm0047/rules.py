"""The clauses of ``verra/vm0047`` that make tonnes, in the order of the standard. No rule holds a number.

Emissions, leakage, deductions and buffer are positive here, as the standard prints them; :mod:`.account` turns their
sign.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from tanhui.kernel.gwp import gwp_name
from tanhui.kernel.parameters import Dated
from tanhui.kernel.units import CO2_PER_C, N2O_PER_N, conversion_factor
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verra.vm0047.benchmark import Comparison, compare_trends
from tanhui.mrv.methods.verra.vm0047.benchmark import performance_benchmark as share_of_growth
from tanhui.mrv.methods.verra.vm0047.inputs import (
    Average,
    Before,
    Benchmark,
    Burn,
    Census,
    Commodity,
    Displacement,
    Fertiliser,
    Pool,
    Stratum,
    Survey,
)
from tanhui.mrv.methods.verra.vm0047.matching import control_weights, standardised_differences
from tanhui.mrv.methods.verra.vm0047.model import Component, correlation, mean, standard_error
from tanhui.mrv.sampling.student import t_two_sided


def _gwp(gas: str, day: date, p: Mapping[str, Dated]) -> float:
    return p[gwp_name(str(p["gwp_edition"].at(day).value), gas)].at(day).number()


def _survey_mean(survey: Survey) -> float:
    return survey.mean if survey.mean is not None else mean(survey.plots)


# 8.2.1 Stock change, area-based


@rule(
    "eq. 4, 6, 8, 10",
    zh="每公顷碳储量：木本为地上生物量 × CF ×（1 + 根茎比），草本、枯死木、枯落物为干物质 × CF；土壤直接以碳计。"
    "样木到样地、样地到每公顷的步骤方法学未写，由样地均值给出。",
    en="Carbon of a hectare: woody biomass above ground x CF x (1 + root ratio); dry matter of herbs, dead wood and "
    "litter x CF; soil is given as carbon. How trees become plots is not written: the mean of plots is given.",
)
def carbon_per_unit(pool: Pool, stratum: Stratum, *, day: date, p: Mapping[str, Dated]) -> float:
    """What a value of a survey is multiplied with to be carbon. [t C/t]"""
    if pool.pool == "soil":
        return 1.0
    roots = stratum.root_shoot_ratio or 0.0
    return p["carbon_fraction"].at(day).number() * (1 + roots if pool.pool == "woody" else 1)


@rule(
    "eq. 1-3, 5, 7, 9, 11",
    zh="碳储量变化 = 面积 ×（t 时 − t = 0 时每公顷碳储量），各碳库相加，× 44/12；自开始至 t 年累计。",
    en="Stock change = area x (carbon of a hectare at t less that at t = 0), summed over pools, x 44/12; cumulative "
    "since the start.",
)
def change_co2e_t(strata: Sequence[Stratum], *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of the stocks of a cohort since t = 0. [t CO2e]"""
    return CO2_PER_C * math.fsum(
        stratum.area_ha
        * carbon_per_unit(pool, stratum, day=day, p=p)
        * (_survey_mean(pool.end) - _survey_mean(pool.start))
        for stratum in strata
        for pool in stratum.pools
    )


# 8.2.2, 8.3.2 Project emissions


@rule(
    "eq. 14",
    zh="火烧前的地上生物量 = t − x 时木本地上、草本、枯死木、枯落物之和。",
    en="Biomass subject to burning is that above ground at t - x: woody, herbs, dead wood and litter.",
)
def burnt_biomass_t(burn: Burn, *, day: date, p: Mapping[str, Dated]) -> float:
    """Dry matter in a fire's way. [t d.m.]"""
    return burn.area_ha * math.fsum((burn.woody_t_ha, burn.herbs_t_ha, burn.dead_wood_t_ha, burn.litter_t_ha))


@rule(
    "eq. 27",
    zh="普查法火烧生物量 = N × 样本中火烧株比例 × 上次活株平均地上生物量。",
    en="Biomass subject to burning under the census = N x share of sampled units burnt x mean of live units before.",
)
def burnt_units_t(census: Census, *, day: date, p: Mapping[str, Dated]) -> float:
    """Dry matter of units that burnt. [t d.m.]"""
    share = census.sample.burned / census.sample.units
    return census.units * share * (census.before_live_kg or 0.0) * conversion_factor("kg d.m.", "t d.m.")


@rule(
    "eq. 13, 26",
    zh="火烧排放 = 生物量 × COMF × Σ（GWP × EF）/ 1000；普查法 COMF = 1。",
    en="Emissions of burning = biomass x COMF x sum of (warming potential x factor) / 1000; COMF is 1 for the census.",
)
def burning_t(
    biomass_t: float, combustion: float | None, vegetation: str, *, day: date, p: Mapping[str, Dated]
) -> float:
    """Methane and nitrous oxide of a fire. [t CO2e]"""
    rows = p["ef_burning"].at(day).value
    assert isinstance(rows, list)
    ch4, n2o = next((float(a), float(b)) for name, a, b in rows if name == vegetation)
    burnt_t = biomass_t * (p["combustion_census"].at(day).number() if combustion is None else combustion)
    # Grams of gas for each kilogram of dry matter are kilograms for each tonne.
    return burnt_t * conversion_factor("kg", "t") * (ch4 * _gwp("CH4", day, p) + n2o * _gwp("N2O", day, p))


@rule(
    "eq. 16-18",
    zh="氮肥直接 N2O = 施氮量（质量 × 含氮率）× 0.01 × 44/28 × GWP。",
    en="Direct N2O of fertiliser = nitrogen (mass x content) x 0.01 x 44/28 x warming potential.",
)
def fertiliser_direct_t(x: Fertiliser, *, day: date, p: Mapping[str, Dated]) -> float:
    """Direct emission. [t CO2e]"""
    return x.mass_t * x.n_fraction * p["ef_direct"].at(day).number() * N2O_PER_N * _gwp("N2O", day, p)


@rule(
    "eq. 19-21",
    zh="氮肥间接 N2O：挥发沉降（化肥 0.11、有机肥 0.21，× 0.01）与淋溶径流（0.24 × 0.011，仅发生淋溶处）。",
    en="Indirect N2O of fertiliser: what volatilises (0.11 of synthetic, 0.21 of organic, x 0.01) and what leaches "
    "(0.24 x 0.011, where leaching occurs).",
)
def fertiliser_indirect_t(x: Fertiliser, *, day: date, p: Mapping[str, Dated]) -> float:
    """Emissions where the nitrogen goes to. [t CO2e]"""
    lost = p["frac_gasf" if x.kind == "synthetic" else "frac_gasm"].at(day).number()
    emitted = lost * p["ef_volatilised"].at(day).number()
    if x.leaches:
        emitted += p["frac_leach"].at(day).number() * p["ef_leached"].at(day).number()
    return x.mass_t * x.n_fraction * emitted * N2O_PER_N * _gwp("N2O", day, p)


# 8.3.1 Stock, census-based


@rule(
    "eq. 22-25",
    zh="普查法碳储量 = N ×（1 − 死亡率）× 活株平均地上生物量 ×（1 + 根茎比）× CF × 44/12；找不到的按死亡计，"
    "低于起测尺寸的活株计零；基准线为零。",
    en="Stock under the census = N x (1 - mortality) x mean biomass above ground of live units x (1 + root ratio) x CF "
    "x 44/12. What is not found is dead; a live unit below the threshold is zero; the baseline is zero.",
)
def census_stock_t(census: Census, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon dioxide in the living units. [t CO2e]"""
    sample = census.sample
    alive = 1 - sample.dead / sample.units
    if not alive:
        return 0.0
    per_unit_t = mean(sample.live_kg) * conversion_factor("kg d.m.", "t d.m.") * (1 + census.root_shoot_ratio)
    return census.units * alive * per_unit_t * p["carbon_fraction"].at(day).number() * CO2_PER_C


# 8.4 Leakage: VMD0054


@rule(
    "VMD0054 eq. 1, 3",
    zh="每种产品的减产 = 参照期平均产量 ×（1 + 增产率，缺省 2.5%）^t − 监测期年均产量；t 至多 5 年。"
    "项目引入的产品以前产量为零。",
    en="Lost production of a product = mean of the reference years x (1 + growth, 2.5 % unless shown)^t - yearly "
    "production now; t is 5 years at most. A product that the project brings in had none.",
)
def lost_production(commodity: Commodity, years: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Yearly production that the land no longer gives; negative where it gives more. [units/yr]"""
    if not commodity.history:
        return -commodity.monitored
    default = p["yield_growth"].at(day).number()
    growth = default if commodity.growth_fraction is None else commodity.growth_fraction
    grown: float = (1 + growth) ** min(years, p["leakage_years"].at(day).number())
    return mean(commodity.history) * grown - commodity.monitored


@rule(
    "VMD0054 eq. 6, 9, 10",
    zh="新增用地 = Σ（减产 − 减缓地增产）× IS × NL / 单产，不小于零。农产品 IS 75%、NL 40%；"
    "薪材及跨产品核算（有产品增产时）均为 100%。",
    en="New land = sum of (lost production - what mitigation adds) x IS x NL / yield, not below zero: 75 % and 40 % "
    "for farm products, 100 % for fuelwood and for all products once any of them grows (cross-commodity).",
)
def new_land_ha(displacement: Displacement, *, day: date, p: Mapping[str, Dated]) -> float:
    """Land that others bring into use. [ha]"""
    lost = [lost_production(x, displacement.years_elapsed, day=day, p=p) for x in displacement.commodities]
    farm = p["increased_supply"].at(day).number() * p["new_land"].at(day).number()
    cross = any(x < 0 for x in lost)
    areas = [
        (amount - commodity.mitigated) * (1 if cross or commodity.kind == "fuelwood" else farm) / commodity.yield_ha
        for commodity, amount in zip(displacement.commodities, lost, strict=True)
    ]
    return max(0.0, math.fsum(areas))


@rule(
    "VMD0054 5.4",
    zh="新增用地按森林计，除非该国森林不足 10%，或近十年年毁林率低于 0.1%；后两者按生态区自身植被计。",
    en="New land is forest, unless forest covers less than 10 % of the country or less than 0.1 % of it was lost a "
    "year over ten years: then it is the ecoregion's own cover.",
)
def converted_biomass_t_ha(displacement: Displacement, *, day: date, p: Mapping[str, Dated]) -> float:
    """Tree biomass of the land that is converted, roots included. [t d.m./ha]"""
    share, lost = displacement.forest_share_fraction, displacement.deforestation_yr_fraction
    rare = share is not None and share < p["forest_share_min"].at(day).number()
    safe = lost is not None and lost < p["deforestation_min"].at(day).number()
    own = displacement.ecoregion_biomass_t_ha
    return own if (rare or safe) and own is not None else displacement.forest_biomass_t_ha


@rule(
    "VMD0054 eq. 11-13",
    zh="泄漏（累计）= 新增用地 ×（生物量 × 1.1 × 0.47 + 土壤参考储量 ×（1 − 变化因子之积））× 44/12 + 减缓排放；"
    "1.1 为枯死木与枯落物。十年内未曾农用、薪用且有证明者为零。",
    en="Leakage, cumulative = new land x (biomass x 1.1 for dead wood and litter x 0.47 + reference soil carbon x (1 - "
    "product of its factors)) x 44/12 + emissions of mitigation. None where a document shows ten years without use.",
)
def cumulative_leakage_t(displacement: Displacement, *, day: date, p: Mapping[str, Dated]) -> float:
    """Leakage since the start. [t CO2e]"""
    if displacement.unused_proof:
        return 0.0
    biomass = converted_biomass_t_ha(displacement, day=day, p=p)
    dead = p["dead_multiplier"].at(day).number()
    trees = biomass * dead * p["carbon_fraction"].at(day).number()
    soil = displacement.soil_reference_c_t_ha * (1 - displacement.soil_factor)
    area = new_land_ha(displacement, day=day, p=p)
    return area * (trees + soil) * CO2_PER_C + displacement.mitigation_co2e_t


@rule(
    "VMD0054 5",
    zh="本期泄漏 = 累计泄漏 − 以前已扣除的，不小于零：移位只发生一次，已扣的不退（本产品的保守处理）。",
    en="Leakage of the period = cumulative less what was deducted before, not below zero: displacement happens once, "
    "and what was deducted is not given back (our conservative reading).",
)
def leakage_t(cumulative_t: float, before_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Leakage of the period. [t CO2e]"""
    return max(0.0, cumulative_t - before_t)


# 8.5 Uncertainty


@rule(
    "eq. 28 SE",
    zh="每个碳库的方差 = SE_0² + SE_t² − 2ρ·SE_0·SE_t，ρ 只用于固定样地；遥感上限值不计误差；"
    "中途更换抽样方式时各段方差相加（附录 3，式 A11–A13）。",
    en="Variance of a pool = SE_0^2 + SE_t^2 - 2 rho SE_0 SE_t, rho for permanent plots only; an upper bound from "
    "remote sensing bears no error. Where the design was switched the spans add up (Appendix 3, eq. A11 to A13).",
)
def pool_components(pool: Pool, scale: float, *, day: date, p: Mapping[str, Dated]) -> tuple[Component, ...]:
    """Variances of a pool's change; ``scale`` turns values of a survey into t CO2e."""
    first = [] if pool.between is None else [_difference(pool.start, pool.between, False, None)]
    last = pool.start if pool.between is None else pool.between
    spans = [*first, _difference(last, pool.end, pool.permanent, pool.rho)]
    return tuple(Component(x.variance * scale * scale, x.df) for span in spans for x in span)


def _difference(early: Survey, late: Survey, permanent: bool, rho: float | None) -> tuple[Component, ...]:
    (a, a_df), (b, b_df) = _error(early), _error(late)
    if permanent and early.plots and late.plots:
        rho = correlation(early.plots, late.plots)
    if rho is None:
        return Component(a * a, a_df), Component(b * b, b_df)
    # Of the same plots: the error of the mean of their differences.
    return (Component(max(0.0, a * a + b * b - rho * (a * b + a * b)), min(a_df, b_df)),)


def _error(survey: Survey) -> tuple[float, float]:
    """Standard error of a survey's mean and its degrees of freedom."""
    if survey.upper_bound:
        return 0.0, math.inf
    if survey.mean is not None:
        return survey.se, survey.n - 1 if survey.n > 1 else math.inf
    return standard_error(survey.plots), len(survey.plots) - 1


@rule(
    "eq. 28 T",
    zh="90% 置信区间半宽 / 变化量：T × √方差之和 / ΔC，T 为双侧学生 t（α = 0.1），"
    "自由度按 Welch–Satterthwaite（本产品的选择）；ΔC 不大于零时无意义，取零，损失不因误差缩小。",
    en="Half-width of the 90 % interval over the change: T x root of the summed variances / change, T two-sided at "
    "0.1, degrees of freedom by Welch and Satterthwaite (our choice). Where the change is not above zero it "
    "means nothing: zero is taken, so that a loss is not made smaller.",
)
def half_width_rel(components: Iterable[Component], change_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Half-width of the interval of the change, relative to it. [1]"""
    parts = list(components)
    variance = math.fsum(x.variance for x in parts)
    if change_t <= 0 or not variance:
        return 0.0
    spread = math.fsum(x.variance * x.variance / x.df for x in parts)
    df = variance * variance / spread if spread else math.inf
    t = t_two_sided(p["confidence"].at(day).number(), max(df, 1.0))
    return t * math.sqrt(variance) / change_t


@rule(
    "eq. 31",
    zh="死亡率的相对半宽 U_M = T × √(M(1 − M)/(n − 1)) / (1 − M)。",
    en="Relative half-width of mortality: U_M = T x root of M (1 - M) / (n - 1), over 1 - M.",
)
def mortality_half_width_rel(census: Census, *, day: date, p: Mapping[str, Dated]) -> float:
    """Half-width of the number of living units, relative to it. [1]"""
    n, dead = census.sample.units, census.sample.dead / census.sample.units
    t = t_two_sided(p["confidence"].at(day).number(), n - 1)
    return t * math.sqrt(dead * (1 - dead) / (n - 1)) / (1 - dead)


@rule(
    "eq. 29, 30",
    zh="普查法相对半宽 = √((T·SE/均值)² + U_M²)。v1.1 文字重建式会把 T 乘两次；此处按量纲与 v1.0 第 28 页图像解读。",
    en="Relative half-width under the census = root of ((T SE / mean)^2 + U_M^2). The rebuilt line of v1.1 would take "
    "T twice; this reading follows its units and the page of v1.0.",
)
def census_half_width_rel(census: Census, *, day: date, p: Mapping[str, Dated]) -> float:
    """Half-width of a census's stock, relative to it. [1]"""
    live = census.sample.live_kg
    if census.sample.dead == census.sample.units or not mean(live):
        return 0.0
    t = t_two_sided(p["confidence"].at(day).number(), len(live) - 1)
    biomass = t * standard_error(live) / mean(live)
    return math.hypot(biomass, mortality_half_width_rel(census, day=day, p=p))


@rule(
    "eq. 28, 29 UNC",
    zh="不确定性扣减 UNC = min(1, max(0, 相对半宽 − 0.10))，以份额计。",
    en="Deduction UNC = min(1, max(0, relative half-width - 0.10)), as a share.",
)
def uncertainty_share(half_width: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """The share that is deducted. [1]"""
    return min(1.0, max(0.0, half_width - p["allowance"].at(day).number()))


@rule(
    "8.5.2",
    zh="90% 置信区间半宽超过清除量估计的 100% 时，本期清除量为零。",
    en="No removals are credited where the half-width of the 90 % interval exceeds 100 % of the estimate.",
)
def precise_enough(half_width: float, *, day: date, p: Mapping[str, Dated]) -> bool:
    """Whether removals may be credited."""
    return half_width <= p["half_width_max"].at(day).number()


# Appendix 1 Performance benchmark


@rule(
    "eq. A2",
    zh="每个协变量的标准化均值差 SDM = |项目均值 − 对照加权均值| / √((两组方差之和)/2)，均不得超过 0.25；"
    "否则匹配无效。",
    en="Standardised difference of means of each covariate = |mean of project plots - mean of weighted controls| over "
    "the root of the mean of both variances: 0.25 at most for every one, or the match is not valid.",
)
def covariate_differences(benchmark: Benchmark, *, day: date, p: Mapping[str, Dated]) -> tuple[float, ...]:
    """Standardised differences of means, in the order of the covariates. [1]"""
    controls = [[control.covariates for control in plot.controls] for plot in benchmark.plots]
    weights = weights_of_controls(benchmark, day=day, p=p)
    own = [plot.covariates for plot in benchmark.plots]
    return tuple(float(x) for x in standardised_differences(own, controls, weights))


@rule(
    "eq. A1",
    zh="对照权重 = exp(−距离)/Σ exp(−距离)，每个项目样地合计为 1（正文写“与距离成反比”，以公式为准）。",
    en="Weight of a control = exp(-distance) / sum of exp(-distance), adding up to 1 for each project plot (the prose "
    "says inverse distance; the equation wins).",
)
def weights_of_controls(benchmark: Benchmark, *, day: date, p: Mapping[str, Dated]) -> list[list[float]]:
    """Weights of the controls of each project plot. [1]"""
    distances = [[control.distance for control in plot.controls] for plot in benchmark.plots]
    weights: list[list[float]] = control_weights(distances).tolist()
    return weights


@rule(
    "eq. A3-A7",
    zh="项目与对照的蓄积指数对时间作加权最小二乘回归，取斜率；缺任一值的配对组该年整组剔除，每年至少 30 组；"
    "Z = 斜率差 / √(两标准误平方和)。标准误方法学未规定，取加权最小二乘的。",
    en="Slopes of the stocking index over time by weighted least squares, for project plots and controls. A match set "
    "with a value missing is left out of that year; a year needs 30 sets. Z = difference of slopes over the root of "
    "the summed squares of their errors, by weighted least squares, as the document names no other way.",
)
def comparison(benchmark: Benchmark, *, day: date, p: Mapping[str, Dated]) -> Comparison | None:
    """Project plots against controls; nothing where the year 0 or the last year lacks sets."""
    years = sorted({float(year) for plot in benchmark.plots for year in plot.si})
    if not years or years[0] > 0:
        return None
    own = [_series(plot.si, years) for plot in benchmark.plots]
    other = [[_series(control.si, years) for control in plot.controls] for plot in benchmark.plots]
    fewest = int(p["plots_min"].at(day).number())
    return compare_trends(years, own, other, weights_of_controls(benchmark, day=day, p=p), fewest=fewest)


def _series(index: Mapping[str, float], years: Sequence[float]) -> list[float]:
    at = {float(year): value for year, value in index.items()}
    return [at.get(year, math.nan) for year in years]


@rule(
    "eq. A8",
    zh="|Z| ≥ 1.96 时 PB = 对照斜率 / 项目斜率，对照斜率为负或不显著（P > 0.05）取零；"
    "差异不显著、匹配无效、项目斜率不为正时 PB = 1。PB 可大于 1。",
    en="Where |Z| is 1.96 or more, PB = slope of controls over slope of the project; a slope of controls that is "
    "negative or insignificant (P above 0.05) is zero. PB = 1 where slopes do not differ, the match is not valid or "
    "the project does not grow. It may exceed 1.",
)
def performance_benchmark(
    found: Comparison | None, differences: Sequence[float], *, day: date, p: Mapping[str, Dated]
) -> float:
    """Share of the project's growth that would have come anyway. [1]"""
    most = p["difference_max"].at(day).number()
    valid = found if all(x <= most for x in differences) else None
    return share_of_growth(valid, least_z=p["z_min"].at(day).number(), most_p=p["p_max"].at(day).number())


# 8.6 Removals


@rule(
    "eq. 32",
    zh="扣除基准后 = min(ΔC, ΔC × (1 − PB))：损失不因基准而缩小。",
    en="After the benchmark: min(change, change x (1 - PB)), so that a loss is not made smaller.",
)
def benchmarked_t(change_t: float, benchmark: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Cumulative change that the benchmark leaves. [t CO2e]"""
    return min(change_t, change_t * (1 - benchmark))


@rule(
    "eq. 32, 33 UNC",
    zh="不确定性扣减 = 正的累计变化 × UNC；为负时不扣，以免缩小损失（本产品的保守处理）。",
    en="What uncertainty takes = a cumulative change above zero x UNC; nothing off a negative one, which would make it "
    "smaller (our conservative reading).",
)
def uncertainty_deduction_t(change_t: float, share: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Deduction from a cumulative change. [t CO2e]"""
    return max(0.0, change_t) * share


@rule(
    "8.6 long-term average",
    zh="有采伐时，累计清除量以长期平均碳效益为上限；以前超出的部分不在此追回。",
    en="Where the project harvests, removals of all claims together are at most the long-term average benefit; what "
    "went beyond before is not called back here.",
)
def beyond_average_t(
    removals_t: float, average: Average, before: Before, *, day: date, p: Mapping[str, Dated]
) -> float:
    """Removals of the period that the average does not leave room for. [t CO2e]"""
    room_t = max(0.0, mean(average.benefit_co2e_t) - before.credited_co2e_t)
    return max(0.0, removals_t - room_t)


# VCS Standard: buffer


@rule(
    "NPRT 2.5",
    zh="非持久性风险评级进位为整数，最低 12%。",
    en="The rating of non-permanence is rounded up to a whole percentage, 12 at least.",
)
def risk_rating(npr_percent: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Rating that counts. [%]"""
    return max(p["rating_min"].at(day).number(), math.ceil(npr_percent))


@rule(
    "VCS 3.14.15",
    zh="缓冲 = 评级 × 本期碳储量变化（仅储量，不小于零），不超过本期清除量。储量变化取基准与不确定性扣减之前或之后，"
    "原文未述：缺省取之前（较大）。",
    en="Buffer = rating x stock change of the period (stocks only, not below zero), at most the removals of the "
    "period. Whether before or after benchmark and uncertainty is not said: before, the larger, unless told otherwise.",
)
def buffer_t(stock_t: float, removals_t: float, rating: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Credits held back for the risk of reversal. [t CO2e]"""
    held = max(0.0, stock_t) * rating * conversion_factor("%", "1")
    return min(held, max(0.0, removals_t))
