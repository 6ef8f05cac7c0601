"""The conditions of ``verra/vm0047``: of the project, of each cohort (area-based), of each census (census-based)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.rule import Rule, rule
from tanhui.mrv.methods.verdict import Finding, Verdict, judge
from tanhui.mrv.methods.verra.vm0047 import rules
from tanhui.mrv.methods.verra.vm0047.inputs import Census, Cohort, RevegetationInputs

__all__ = ["eligibility"]


def _all(*answers: bool | None) -> bool | None:
    """No if one is no; unknown if one is unknown."""
    return False if False in answers else None if None in answers else True


def _any(*answers: bool | None) -> bool | None:
    """Yes if one is yes; unknown if one is unknown."""
    return True if True in answers else None if None in answers else False


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _holds(value: float | None, test: Callable[[float], bool]) -> bool | None:
    return None if value is None else test(value)


def _shown(value: float | None) -> str:
    return "?" if value is None else f"{value:g}"


def _by(last: date, start: date, years: float) -> bool:
    """Whether a day is no later than some anniversary of another, before it where ``years`` is negative."""
    return (last.year, last.month, last.day) <= (start.year + int(years), start.month, start.day)


def _whole_years(start: date, until: date) -> int:
    """Anniversaries of a day up to another."""
    return until.year - start.year - ((until.month, until.day) < (start.month, start.day))


# The project


@rule(
    "4.1",
    zh="活动增加植被覆盖；两种方法在开始时选定、用于整个计入期，不同方法的地块相距至少 10 m；"
    "有机土或湿地另用湿地方法学核算其他碳库。",
    en="Vegetative cover increases. The approach is chosen at the start for the whole crediting period; instances of "
    "different approach lie at least 10 m apart. On organic soil or wetland a wetland methodology counts other pools.",
)
def general(inputs: RevegetationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What every project must meet."""
    least, conduct = p["separation_m"].at(day).number(), inputs.conduct
    both = bool(inputs.cohorts and inputs.censuses)
    apart = _holds(conduct.separation_m, lambda x: x >= least) if both else True
    wet = _any(_not(conduct.organic_or_wetland), conduct.wetland_methodology)
    answer = _all(conduct.cover_increases, conduct.approach_fixed, apart, wet)
    facts = {"found": _shown(conduct.separation_m), "least": _shown(least)}
    return Finding(answer, "vm0047.general", ("design_document",), facts)


@rule(
    "7.3.1, 7.3.3",
    zh="额外性：非法定要求；投资分析（面积法且除碳收入外无其他收益者免）。投资分析步骤见 VT0008，未读。",
    en="Additional: no legal duty; investment analysis, waived for area-based projects without other income than "
    "carbon. Its steps are those of VT0008, unread.",
)
def additionality(inputs: RevegetationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Law and money."""
    waived = False if inputs.censuses else _not(inputs.conduct.other_income)
    analysis = True if waived else inputs.conduct.investment_analysis
    answer = _all(_not(inputs.conduct.legal_duty), analysis)
    return Finding(answer, "vm0047.additionality", ("additionality_analysis",), unread=True)


@rule(
    "9.2",
    zh="监测与基准更新至少每五年一次。",
    en="Monitoring and the benchmark are at most five years apart.",
)
def interval(inputs: RevegetationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """How long the period is."""
    most, period = p["interval_years"].at(day).number(), inputs.period
    facts = {"found": f"{period.years:.2f}", "most": _shown(most)}
    return Finding(_by(period.end, period.start, most), "vm0047.interval", ("monitoring_report",), facts)


@rule(
    "NPRT 2.5.3",
    zh="非持久性风险评级不超过 60。",
    en="The rating of non-permanence is 60 at most.",
)
def risk(inputs: RevegetationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Whether the risk analysis is passed."""
    most, found = p["rating_max"].at(day).number(), rules.risk_rating(inputs.npr_percent, day=day, p=p)
    return Finding(found <= most, "vm0047.risk", ("risk_report",), {"found": _shown(found), "most": _shown(most)})


@rule(
    "Appendix 2",
    zh="可选碳库与排放源：合计低于清除量 5% 者可全部略去；否则由大到小累计至 95% 的必须计入，"
    "其余合计须低于清除量 5%。泄漏不参加。",
    en="Optional pools and sources may all be left out where together they are below 5 % of removals. Otherwise the "
    "largest are kept until they are 95 % of the sum, and the rest is below 5 % of removals. Leakage is not tested.",
)
def left_out(inputs: RevegetationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Whether nothing was left out that counts."""
    tested = inputs.significance
    if tested is None or not tested.left_out:
        return Finding(True, "vm0047.nothing_left_out")
    small, large = p["significance"].at(day).number(), p["significance_sum"].at(day).number()
    total = math.fsum(tested.sources_co2e_t.values())
    may: list[str] = []
    if total < small * tested.removals_co2e_t:
        may = list(tested.sources_co2e_t)
    else:
        kept = 0.0
        for name, amount in sorted(tested.sources_co2e_t.items(), key=lambda x: (-x[1], x[0])):
            if kept >= large * total and total - kept < small * tested.removals_co2e_t:
                may.append(name)
            else:
                kept += amount
    answer = set(tested.left_out) <= set(may)
    return Finding(answer, "vm0047.left_out", ("significance_test",), {"names": ", ".join(tested.left_out)})


# Area-based


@rule(
    "4.2 (2)",
    zh="t = 0 储量：整地使储量下降的，须在整地前、且不早于开始日前 2 年测定（木本可用遥感上限）；"
    "否则开始后 2 年内测定。",
    en="Stocks of t = 0: where site preparation lowers them, measured before it and at most 2 years before the start "
    "(woody biomass may be an upper bound from remote sensing); otherwise within 2 years of the start.",
)
def first_survey(cohort: Cohort, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """When the stocks of t = 0 were measured."""
    most, start, found = p["first_survey_years"].at(day).number(), cohort.start, cohort.surveyed_on
    bound = any(x.start.upper_bound for stratum in cohort.strata for x in stratum.pools)
    if bound or found is None or cohort.prepared is None:
        answer = True if bound else None
    else:
        answer = _by(start, found, most) and (found < start if cohort.prepared else _by(found, start, most))
    facts = {"found": str(found or "?"), "start": str(start)}
    return Finding(answer, "vm0047.first_survey", ("first_inventory",), facts)


@rule(
    "4.4.1",
    zh="开始前 10 年内未曾为经营性森林；清理原有植被不采伐木材、不破坏原生生态系统；"
    "可用普查法且每公顷少于 50 株的不得用面积法；翻土超过 25 cm 须计土壤碳。",
    en="No managed forest within 10 years before the start; clearing neither harvested timber nor harmed native "
    "ecosystems; not below 50 units a hectare where a census could be used; soil turned deeper than 25 cm is counted.",
)
def area_exclusions(cohort: Cohort, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What the area-based approach is not for."""
    dense, deep = p["density_max"].at(day).number(), p["inversion_max_cm"].at(day).number()
    longest = p["lookback_years"].at(day).number()
    unmanaged = _holds(cohort.managed_forest_years_ago, lambda x: x >= longest)
    many = _any(_not(cohort.could_be_census), _holds(cohort.units_per_ha, lambda x: x >= dense))
    soil = all("soil" in [x.pool for x in stratum.pools] for stratum in cohort.strata)
    turned = True if soil else _holds(cohort.inversion_cm, lambda x: x <= deep)
    answer = _all(unmanaged, _not(cohort.native_or_timber_cleared), many, turned)
    facts = {"years": _shown(cohort.managed_forest_years_ago), "density": _shown(cohort.units_per_ha)}
    return Finding(answer, "vm0047.area_exclusions", ("land_history",), facts)


@rule(
    "A1 step 1, 2 (2)",
    zh="项目样地 0.01–10 ha、至少 75% 在边界内、随机抽取、不少于 30 个；对照样地面积在其均值 ±20% 内。",
    en="Project plots of 0.01 to 10 ha, at least 75 % inside the boundary, drawn at random, 30 at least; control plots "
    "within 20 % of their mean size.",
)
def plots(cohort: Cohort, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What plots the benchmark rests on."""
    x, n = cohort.benchmark, len(cohort.benchmark.plots)
    small, large, fewest, inside, off = (
        p[name].at(day).number()
        for name in ("plot_min_ha", "plot_max_ha", "plots_min", "inside_min", "control_size_off")
    )
    sizes = x.control_size_min_ha >= (1 - off) * x.plot_size_ha and x.control_size_max_ha <= (1 + off) * x.plot_size_ha
    fits = small <= x.plot_size_ha <= large and x.inside_min_fraction >= inside and n >= fewest
    facts = {"n": n, "least": _shown(fewest), "size": _shown(x.plot_size_ha)}
    return Finding(_all(x.random_plots, sizes and fits), "vm0047.plots", ("benchmark_data",), facts)


@rule(
    "Table A1",
    zh="供体池：同辖区、同生态区、同造林激励政策、同权属；距项目样地不超过 100 km（匹配无效时按 100 km 扩大）；"
    "图层不粗于 30 m，时间在 t = 0 前后 5 年内。",
    en="Donor pool: same jurisdiction, ecoregion, incentives for planting and tenure; within 100 km of the project "
    "plot, widened by 100 km where no match was valid; layers no coarser than 30 m and within 5 years of t = 0.",
)
def donor_pool(cohort: Cohort, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Where controls come from."""
    pool = cohort.benchmark.donor_pool
    far, coarse, old = (p[x].at(day).number() for x in ("radius_km", "layer_max_m", "layer_years_max"))
    near = True if pool.widened else _holds(pool.farthest_km, lambda x: x <= far)
    layers = _all(
        _holds(pool.layer_resolution_m, lambda x: x <= coarse), _holds(pool.layer_years_off, lambda x: x <= old)
    )
    same = _all(pool.same_jurisdiction, pool.same_ecoregion, pool.same_policy, pool.same_tenure)
    facts = {"found": _shown(pool.farthest_km), "most": _shown(far)}
    return Finding(_all(near, layers, same), "vm0047.donor_pool", ("benchmark_data",), facts)


@rule(
    "Table A2, eq. A2",
    zh="匹配协变量至少含三个时点的蓄积指数：开始前 10–8 年、8–1 年、0 年各一；各协变量标准化均值差不超过 0.25。",
    en="Controls are matched on the stocking index at three times at least: 10 to 8 years, 8 to 1 years before the "
    "start, and at the start; no standardised difference of means exceeds 0.25.",
)
def match_quality(cohort: Cohort, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Whether the match is valid."""
    benchmark, most = cohort.benchmark, p["difference_max"].at(day).number()
    windows = p["index_windows"].at(day).value
    assert isinstance(windows, list)
    seen = all(any(first <= year <= last for year in benchmark.index_years) for first, last in windows)
    largest = max(rules.covariate_differences(benchmark, day=day, p=p))
    facts = {"found": f"{largest:.3f}", "most": _shown(most)}
    answer = seen and len(benchmark.index_years) >= len(windows) and largest <= most
    return Finding(answer, "vm0047.match_quality", ("benchmark_data",), facts)


@rule(
    "A1.5",
    zh="蓄积指数与地上生物量显著相关（文献或生态区内实测），季节窗口固定，每年至少一期，直至核查期末。",
    en="The stocking index goes with biomass above ground, by published studies or measurements of the ecoregion; it "
    "is taken in one season, every year, up to the end of the period.",
)
def stocking_index(cohort: Cohort, until: date, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What the index is and when it was taken."""
    benchmark = cohort.benchmark
    years = {math.floor(float(year)) for plot in benchmark.plots for year in plot.si}
    last = _whole_years(cohort.start, until)
    yearly = years >= set(range(last + 1))
    answer = _all(benchmark.correlates_with_biomass, benchmark.same_season, yearly)
    facts = {"index": benchmark.index, "found": len(years), "wanted": last + 1}
    return Finding(answer, "vm0047.stocking_index", ("benchmark_data",), facts)


@rule(
    "7.3.2, eq. A7",
    zh="项目与对照斜率差异显著（|Z| ≥ 1.96）且项目更快，即通过绩效基准额外性。",
    en="Additional by the benchmark where both slopes differ, |Z| of 1.96 or more, and the project's is the larger.",
)
def faster_than_controls(cohort: Cohort, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Whether the project does better than land like it."""
    found, least = rules.comparison(cohort.benchmark, day=day, p=p), p["z_min"].at(day).number()
    if found is None:
        return Finding(False, "vm0047.no_comparison", ("benchmark_data",))
    facts = {"z": f"{found.z:.2f}", "clustered": f"{found.z_clustered:.2f}", "least": _shown(least)}
    return Finding(found.z >= least, "vm0047.faster", ("benchmark_data",), facts)


# Census-based


@rule(
    "4.3, 4.4.2",
    zh="仅直接种植；原有土地利用继续；每公顷不超过 50 株，按面积折算且分散；逐株可辨识；"
    "10 年内未清除同类木本；翻土不超过 25 cm。",
    en="Direct planting only; land use goes on; at most 50 units a hectare, pro rata and dispersed; each unit can be "
    "found; no similar woody biomass removed within 10 years; soil turned 25 cm deep at most.",
)
def census_conditions(census: Census, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What the census-based approach is for."""
    dense, deep, longest = (p[x].at(day).number() for x in ("density_max", "inversion_max_cm", "lookback_years"))
    answer = _all(
        census.direct_planting,
        census.land_use_kept,
        census.units <= dense * census.area_ha,
        census.dispersed,
        census.identified,
        _holds(census.similar_removed_years_ago, lambda x: x >= longest),
        _holds(census.inversion_cm, lambda x: x <= deep),
    )
    facts = {"found": _shown(census.units / census.area_ha), "most": _shown(dense)}
    return Finding(answer, "vm0047.census_conditions", ("census_list",), facts)


@rule(
    "6.2",
    zh="原有木本盖度低于 10%，且为连续耕作地、建设用地或其他土地：基准线为零。",
    en="Woody cover was below 10 %, and the land is continuously cropped, settlement or other land: the baseline is "
    "zero.",
)
def zero_baseline(census: Census, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Whether nothing would have been planted anyway."""
    most, cover = p["woody_cover_max"].at(day).number(), census.woody_cover_fraction
    answer = _all(_holds(cover, lambda x: x < most), census.cropland_or_settlement)
    return Finding(answer, "vm0047.zero_baseline", ("land_history",), {"found": _shown(cover), "most": _shown(most)})


@rule(
    "7.3.4",
    zh="普查法：同类土地所有者的采用率低于 15%，即非普遍做法。",
    en="Under the census: fewer than 15 % of similar owners do it, so it is not common practice.",
)
def common_practice(inputs: RevegetationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """How many do it anyway."""
    most, found = p["adoption_max"].at(day).number(), inputs.conduct.adoption_fraction
    facts = {"found": _shown(found), "most": _shown(most)}
    return Finding(_holds(found, lambda x: x < most), "vm0047.common_practice", ("adoption_survey",), facts)


OF_PROJECT = (general, additionality, interval, risk, left_out)
OF_COHORT = (
    first_survey, area_exclusions, plots, donor_pool, match_quality, faster_than_controls,
)  # fmt: skip
OF_CENSUS = (census_conditions, zero_baseline)


def eligibility(inputs: RevegetationInputs, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """Every condition with its verdict; those of cohorts and censuses once for each."""
    day, p = inputs.application, parameters
    found: list[tuple[Rule[..., Finding], Finding, str]] = [(x, x(inputs, day=day, p=p), "") for x in OF_PROJECT]
    for cohort in inputs.cohorts:
        found += [(x, x(cohort, day=day, p=p), cohort.id) for x in OF_COHORT]
        found.append((stocking_index, stocking_index(cohort, inputs.period.last_day, day=day, p=p), cohort.id))
    for census in inputs.censuses:
        found += [(x, x(census, day=day, p=p), census.id) for x in OF_CENSUS]
    if inputs.censuses:
        found.append((common_practice, common_practice(inputs, day=day, p=p), ""))
    return tuple(
        judge(condition, finding, day=day, evidence=inputs.evidence, subject=subject)
        for condition, finding, subject in found
    )
