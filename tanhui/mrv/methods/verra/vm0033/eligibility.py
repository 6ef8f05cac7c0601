"""The conditions of VM0033 v2.1, one function per clause; :func:`eligibility` asks them all and adds the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import years_later
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Finding, Verdict, judge
from tanhui.mrv.methods.verra.vm0033.inputs import TidalWetlandInputs

__all__ = ["eligibility"]

ACTIVITIES = ("hydrology", "sediment", "salinity", "water_quality", "planting", "management")


def negated(answer: bool | None) -> bool | None:
    """No for yes, yes for no, and no answer for none."""
    return None if answer is None else not answer


@rule(
    "4 (1), (2)",
    zh="恢复潮汐湿地（含海草床）的活动：水文、沉积物供给、盐度、水质、引种本地植物或改善管理，可组合。",
    en="Activities that restore tidal wetland, seagrass included: hydrology, sediment supply, salinity, water quality, "
    "native plants or better management, or several of these.",
)
def activities(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What the project does."""
    done = inputs.conduct.activities
    answer = all(x in ACTIVITIES for x in done) if done else None
    return Finding(answer, "methods.vm0033_activities", ("design_document",), {"activities": ", ".join(done) or "?"})


@rule(
    "4 (3)",
    zh="项目开始前无可被转移的土地利用（弃置两年以上、无利可图或全国禁止湿地退化），或该利用的基准线排放不计，"
    "或原有利用将以相近水平持续。",
    en="No land use can be displaced (abandoned for two years or more, unprofitable, or no further wetland will be "
    "degraded), or its baseline emissions are left out, or it goes on at a similar level.",
)
def no_displacement(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Nothing moves elsewhere, so leakage is zero."""
    use, years = inputs.conduct.land_use, inputs.conduct.abandoned_years
    answer = None if use is None else True
    if use == "abandoned":
        answer = None if years is None else years >= p["abandoned_years_min"].at(day).number()
    return Finding(answer, "methods.vm0033_land_use", ("land_use_proof",), {"use": use or "?"})


@rule(
    "4 (6), (7)",
    zh="申请泥炭火减排的项目须同时再湿润和防火，并证明火源主要为人为。",
    en="Where fewer peat fires are claimed, the project rewets, manages fire, and shows that people cause the fires.",
)
def peat_fires(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Fires only with rewetting."""
    if not inputs.fire_premium_co2e_t:
        return Finding(True, "methods.vm0033_not_claimed")
    both = (inputs.conduct.rewetting, inputs.conduct.fire_management)
    return Finding(all(both), "methods.vm0033_fires", ("fire_history",))


@rule(
    "4 (8)",
    zh="有机土上的造林、再造林和植被恢复须与再湿润结合。",
    en="On organic soil, planting goes with rewetting.",
)
def planting_on_peat(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No planting on drained peat."""
    if inputs.conduct.planted_on_organic_soil is False:
        return Finding(True, "methods.vm0033_no_peat_planting")
    answer = None if inputs.conduct.planted_on_organic_soil is None else inputs.conduct.rewetting
    return Finding(answer, "methods.vm0033_peat_planting", ("design_document",))


@rule(
    "4 not (1)",
    zh="不适用于改进森林管理（IFM）或减少毁林（REDD）。",
    en="Not for improved forest management or REDD.",
)
def not_ifm_or_redd(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Another kind of project."""
    return Finding(negated(inputs.conduct.ifm_or_redd), "methods.vm0033_ifm_redd", ("design_document",))


@rule("4 not (2)", zh="基准线不含商业林业。", en="The baseline has no commercial forestry.")
def no_commercial_forestry(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No timber business displaced."""
    answer = negated(inputs.conduct.baseline_commercial_forestry)
    return Finding(answer, "methods.vm0033_forestry", ("land_use_proof",))


@rule(
    "4 not (3)",
    zh="不降低水位，除非把开阔水域变为潮汐湿地，或改善与蓄水体的水文连通。",
    en="The water table is not lowered, unless open water becomes tidal wetland or impounded water is connected.",
)
def water_table(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No draining."""
    lowered = inputs.conduct.water_table_lowered
    answer = True if lowered and inputs.conduct.from_open_water_or_impounded else negated(lowered)
    return Finding(answer, "methods.vm0033_water_table", ("hydrology_study",))


@rule(
    "4 not (4), 8.4.2",
    zh="与周边的水文连通不显著增加项目区外的排放。",
    en="Connection with neighbouring areas does not raise emissions outside the project much.",
)
def no_harm_outside(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No ecological leakage."""
    return Finding(negated(inputs.conduct.harms_outside), "methods.vm0033_outside", ("hydrology_study",))


@rule("4 not (5)", zh="不焚烧有机土。", en="Organic soil is not burnt.")
def no_soil_burning(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Peat stays."""
    return Finding(negated(inputs.conduct.organic_soil_burnt), "methods.vm0033_soil_burning", ("management_log",))


@rule("4 not (6)", zh="计入期内项目区不施氮肥。", en="No nitrogen fertiliser is applied during crediting.")
def no_nitrogen(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No fertiliser."""
    return Finding(negated(inputs.conduct.nitrogen_applied), "methods.vm0033_nitrogen", ("management_log",))


@rule(
    "5.2.2",
    zh="项目区未为获取碳信用而清除原生生态系统；开始前 10 年以前的清除不在此限。",
    en="No native ecosystem was cleared to create credits; what was cleared ten years before the start does not count.",
)
def native_ecosystem(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Nothing cleared for it."""
    cleared, on = inputs.conduct.native_cleared, inputs.conduct.native_cleared_on
    answer = negated(cleared)
    if cleared:
        latest = years_later(inputs.project_start, -int(p["clearing_years"].at(day).number()))
        answer = None if on is None else on < latest
    return Finding(answer, "methods.vm0033_native", ("land_history",), {"day": on or "-"})


@rule(
    "6.2, 8.1.1",
    zh="基准线每 10 年重新评估。",
    en="The baseline is assessed again every ten years.",
)
def baseline_reassessed(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """The period ends before the last assessment is too old."""
    valid = years_later(inputs.baseline_assessed_on, int(p["baseline_years"].at(day).number()))
    facts = {"assessed": inputs.baseline_assessed_on, "until": valid}
    return Finding(inputs.period.end <= valid, "methods.vm0033_baseline", ("baseline_assessment",), facts)


@rule(
    "8.1.4.2.5",
    zh="基准线土芯在项目开始前 2 年内采集；参照面至少在基准线测定前 4 年安装。",
    en="Baseline cores are taken within two years before the start; a reference plane was installed four years before "
    "the measurement.",
)
def baseline_cores(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Cores neither too old nor above too young a plane."""
    if not any(x.cores for x in inputs.baseline):
        return Finding(True, "methods.vm0033_no_cores")
    taken, plane, start = inputs.baseline_cores_on, inputs.reference_plane_on, inputs.project_start
    if taken is None:
        return Finding(None, "methods.not_answered", ("core_record",))
    earliest = years_later(start, -int(p["core_years_max"].at(day).number()))
    answer = earliest <= taken <= start
    if plane is not None:
        answer = answer and plane <= years_later(taken, -int(p["plane_years_min"].at(day).number()))
    facts = {"taken": taken, "plane": plane or "-"}
    return Finding(answer, "methods.vm0033_cores", ("core_record",), facts)


@rule(
    "7",
    zh="额外性按 VMD0052 论证。",
    en="Additionality is shown by module VMD0052.",
)
def additionality(inputs: TidalWetlandInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """The module is unread."""
    return Finding(None, "methods.unread", ("additionality_analysis",), unread=True)


RULES = (
    activities,
    no_displacement,
    peat_fires,
    planting_on_peat,
    not_ifm_or_redd,
    no_commercial_forestry,
    water_table,
    no_harm_outside,
    no_soil_burning,
    no_nitrogen,
    native_ecosystem,
    baseline_reassessed,
    baseline_cores,
    additionality,
)


def eligibility(inputs: TidalWetlandInputs, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """Every condition with its verdict, in the order of the standard."""
    day = inputs.application
    return tuple(judge(ask, ask(inputs, day=day, p=parameters), day=day, evidence=inputs.evidence) for ask in RULES)
