"""The conditions of ``verra/vm0042``, one function per clause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Finding, Verdict, judge
from tanhui.mrv.methods.verra.vm0042.inputs import ImprovedLandInputs

__all__ = ["eligibility"]


def _all(*answers: bool | None) -> bool | None:
    """No if one is no; unknown if one is unknown."""
    return False if False in answers else None if None in answers else True


def _compare(value: float | None, holds: Callable[[float], bool]) -> bool | None:
    return None if value is None else holds(value)


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _shown(value: float | None) -> str:
    return "?" if value is None else f"{value:g}"


@rule(
    "4 (1), (2)",
    zh="项目引入新的农作措施或改变原有措施（施肥、水分、耕作与残体、作物、放牧）；数量性调整须超过回顾期均值的 5%。",
    en="A practice is new or changed: fertiliser, water, tillage and residue, crops or grazing. A change of amount "
    "exceeds 5 % of the mean of the look-back period.",
)
def practice_change(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Something is done otherwise than before."""
    least = p["change_min"].at(day).number()
    changed, smallest = inputs.conduct.practice_changed, inputs.conduct.smallest_change_fraction
    answer = _all(changed, True if smallest is None else smallest > least)
    facts = {"found": _shown(smallest), "least": _shown(least)}
    return Finding(answer, "vm0042.practice_change", ("practice_records",), facts)


@rule("4 (3)", zh="项目开始时为农地或草地。", en="The land is cropland or grassland when the project starts.")
def land(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What the land is."""
    kind = inputs.conduct.land
    return Finding(None if kind is None else kind != "other", "vm0042.land", ("land_history",), {"land": kind or "?"})


@rule(
    "4 (4), Table 6",
    zh="途径 1 的模型须按 VMD0053 验证并经独立建模专家评估，两侧用同一版本；气象站在 50 km 内或用合成站。",
    en="Under approach 1 the model is validated by VMD0053 and assessed by an independent expert, in one version on "
    "both sides; the weather station is within 50 km, or synthetic.",
)
def model(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Whether what was modelled may be."""
    most = p["weather_km_max"].at(day).number()
    if not inputs.modelled_fluxes and all(x.modelled is None for x in inputs.strata):
        return Finding(True, "vm0042.no_model")
    conduct = inputs.conduct
    answer = _all(conduct.model_validated, _compare(conduct.weather_station_km, lambda km: km <= most))
    facts = {"km": _shown(conduct.weather_station_km), "most": _shown(most)}
    return Finding(answer, "vm0042.model", ("model_validation_report", "expert_assessment"), facts)


@rule(
    "4 (5)",
    zh="开始前 10 年内未清除原生生态系统。",
    en="No native ecosystem was cleared within ten years before the start.",
)
def not_cleared(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Years since native vegetation was cleared."""
    least, years = p["cleared_years_min"].at(day).number(), inputs.conduct.cleared_years_before
    facts = {"found": _shown(years), "least": _shown(least)}
    return Finding(_compare(years, lambda x: x >= least), "vm0042.cleared", ("land_history",), facts)


@rule(
    "4 (6)",
    zh="项目预计不造成超过 5% 的持续减产。",
    en="The project is not expected to lower productivity for good by more than 5 %.",
)
def productivity(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Expected loss of yield."""
    most, loss = p["productivity_loss_max"].at(day).number(), inputs.conduct.productivity_loss_fraction
    facts = {"found": _shown(loss), "most": _shown(most)}
    return Finding(_compare(loss, lambda x: x <= most), "vm0042.productivity", ("yield_study",), facts)


@rule(
    "4 (7), (8)",
    zh="项目活动不是施用生物炭，也不在湿地上。",
    en="The activity is neither the use of biochar nor on a wetland.",
)
def excluded_activities(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What other methodologies are for."""
    conduct = inputs.conduct
    answer = _all(_not(conduct.biochar_is_the_activity), _not(conduct.wetland))
    return Finding(answer, "vm0042.excluded_activities", ("land_history",))


@rule(
    "6",
    zh="基准线为项目前做法的延续，回顾期至少三年且含一个完整轮作。",
    en="The baseline continues the practice before the project, seen over at least three years and one full rotation.",
)
def lookback(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """How far back the records go."""
    least, conduct = p["lookback_years_min"].at(day).number(), inputs.conduct
    needed = max(least, conduct.rotation_years or 0)
    facts = {"found": _shown(conduct.lookback_years), "least": _shown(needed)}
    answer = _all(_compare(conduct.lookback_years, lambda x: x >= needed), _compare(conduct.rotation_years, bool))
    return Finding(answer, "vm0042.lookback", ("practice_records",), facts)


@rule(
    "7",
    zh="额外性：障碍分析成立，且所采用的措施在当地不是普遍做法。",
    en="Additional: barriers are shown, and the change is not common practice in the region.",
)
def additionality(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Barriers, and what neighbours do. The steps themselves are unread."""
    answer = _all(inputs.conduct.additional, _not(inputs.conduct.common_practice))
    return Finding(answer, "vm0042.additionality", ("additionality_analysis",), unread=True)


@rule(
    "8.2 QA2",
    zh="途径 2 的对照点至少 3 个、每层至少 1 个、在 250 km 内、位置固定，并符合表 7 的相似条件。",
    en="Under approach 2 there are at least three control sites, one for each stratum, within 250 km, fixed in place "
    "and alike by Table 7.",
)
def control_sites(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Number, distance and likeness of control sites."""
    least, most = p["controls_min"].at(day).number(), p["control_km_max"].at(day).number()
    if all(x.measured is None for x in inputs.strata):
        return Finding(True, "vm0042.no_controls_needed")
    far = [x.distance_km for x in inputs.controls]
    answers = (
        len(inputs.controls) >= least,
        *(_compare(km, lambda x: x <= most) for km in far),
        *(x.similar for x in inputs.controls),
        *(x.fixed for x in inputs.controls),
    )
    known = [km for km in far if km is not None]
    facts = {"n": len(inputs.controls), "least": _shown(least), "km": _shown(max(known, default=None)), "most": most}
    return Finding(_all(*answers), "vm0042.controls", ("control_sites",), facts)


@rule(
    "8.2.1",
    zh="每层至少 3 个混合样，复测时至少两个深度段、总深不小于 30 cm，同季节、同实验室，有机碳用干烧法。",
    en="At least three composite samples in each stratum; at resampling at least two increments to 30 cm or deeper; "
    "the same season and laboratory; carbon by dry combustion.",
)
def sampling(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """How the soil was sampled and analysed."""
    points, increments = p["points_min"].at(day).number(), p["increments_min"].at(day).number()
    depth = p["report_depth_cm"].at(day).number()
    places = [x.measured for x in inputs.strata if x.measured is not None] + [x.measured for x in inputs.controls]
    campaigns = [x for place in places for x in (place.start, place.end)]
    resampled = [core for place in places for core in place.end.samples]
    answers = (
        all(x.n >= points for x in campaigns),
        all(len(core.layers) >= increments for core in resampled),
        all(sum(layer.thickness_cm for layer in core.layers) >= depth for core in resampled),
        inputs.conduct.same_season_and_laboratory,
        True if inputs.spectroscopy_errors_c_t_ha else inputs.conduct.dry_combustion,
    )
    fewest = min((x.n for x in campaigns), default=None)
    facts = {"n": _shown(fewest), "least": _shown(points)}
    return Finding(_all(*answers), "vm0042.sampling", ("sampling_design", "laboratory_reports"), facts)


@rule(
    "8.2.1 interval",
    zh="项目与对照至少每五年复测一次。",
    en="Project and control sites are measured again within five years.",
)
def interval(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Years between the two campaigns."""
    most = p["interval_years_max"].at(day).number()
    start, end = inputs.period.start, inputs.period.end
    # Calendar years, not mean ones: the same day so many years on is not too late.
    within = (end.year, end.month, end.day) <= (start.year + most, start.month, start.day)
    facts = {"found": f"{inputs.period.years:.1f}", "most": _shown(most)}
    return Finding(within, "vm0042.interval", (), facts)


@rule(
    "8.3 woody",
    zh="项目可能显著减少木本生物量时必须计入。",
    en="Woody biomass is counted where the project may lower it significantly.",
)
def woody(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Whether trees and shrubs may be left out."""
    fall = inputs.conduct.woody_may_fall
    return Finding(None if fall is None else bool(inputs.woody) or not fall, "vm0042.woody", ("land_history",))


@rule(
    "8.6.3 Box 1",
    zh="全部地块都有管理记录；否则须另计抽样误差（未实现）。",
    en="There are records of management on every field; otherwise sampling error counts, which is not built.",
)
def records(inputs: ImprovedLandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Whether default factors stand on records of all fields."""
    if not inputs.practices:
        return Finding(True, "vm0042.no_practices")
    return Finding(inputs.conduct.all_fields_recorded, "vm0042.records", ("practice_records", "attestations"))


CONDITIONS = (
    practice_change, land, model, not_cleared, productivity, excluded_activities, lookback, additionality,
    control_sites, sampling, interval, woody, records,
)  # fmt: skip


def eligibility(inputs: ImprovedLandInputs, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """Every condition with its verdict."""
    day = inputs.application
    return tuple(
        judge(condition, condition(inputs, day=day, p=parameters), day=day, evidence=inputs.evidence)
        for condition in CONDITIONS
    )
