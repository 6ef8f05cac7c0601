"""The conditions of ``ccer/14-001-v01`` and of the rules around it, one function per clause.

A function says whether its clause holds (or that nobody has answered), what decided and which documents must show it;
:func:`eligibility` asks them all, per parcel where the clause is per parcel, and adds the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import years_later
from tanhui.mrv.methods.ccer.m14_001_v01.inputs import AfforestationInputs, Parcel
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Finding, Verdict, judge

__all__ = ["eligibility"]


def negated(answer: bool | None) -> bool | None:
    """No for yes, yes for no, and no answer for none."""
    return None if answer is None else not answer


def mark(answer: bool | None) -> str:
    """An answer as a table shows it."""
    return "?" if answer is None else "✓" if answer else "✗"


@rule(
    "2",
    zh="适用于乔木、竹子和灌木造林，包括防护林、特种用途林、用材林；不包括经济林、非林地上的通道绿化和城镇村及工矿用地绿化。",
    en="For planting trees, bamboo or shrubs as protection, special-use or timber forest; not for economic forest, "
    "roadside greening on non-forest land, or greening of urban, village and industrial land.",
)
def purpose(inputs: AfforestationInputs, parcel: Parcel, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Scope, by what a parcel is planted for."""
    excluded = p["excluded_purposes"].at(day).value
    assert isinstance(excluded, list)
    return Finding(parcel.purpose not in excluded, "methods.purpose", ("planting_design",), {"purpose": parcel.purpose})


@rule(
    "? 灌木",
    zh="灌木造林指国家特别规定的灌木林地。",
    en="Planting shrubs means shrubland that the state specially provides for.",
)
def shrubland(inputs: AfforestationInputs, parcel: Parcel, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Shrubs count only where the state says so."""
    if parcel.cover != "shrub":
        return Finding(True, "methods.no_shrubs")
    return Finding(parcel.special_shrubland, "methods.special_shrubland", ("shrubland_proof",))


@rule(
    "2 a)",
    zh="项目土地在项目开始前至少三年为不符合森林定义的规划造林地。",
    en="The land is planned for afforestation and did not meet the forest definition for at least three years "
    "before the project started.",
)
def land_history(inputs: AfforestationInputs, parcel: Parcel, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No forest for long enough, on land planned for planting."""
    years = int(p["not_forest_years"].at(day).number())
    wants = ("land_history", "planning_map")
    since = parcel.no_forest_since
    latest = years_later(inputs.project_start, -years)
    answers = (parcel.planned_for_afforestation, None if since is None else since <= latest)
    facts = {"since": since or "?", "latest": latest, "planned": mark(parcel.planned_for_afforestation)}
    return Finding(
        False if False in answers else None if None in answers else True, "methods.land_history", wants, facts
    )


@rule(
    "2 b)",
    zh="土地权属清晰，有不动产权属证书、土地承包或流转合同，或有权机关核发的土地证、林权证。",
    en="Tenure is clear: a title, a land contract or transfer, or a land or forest certificate of the authority.",
)
def tenure(inputs: AfforestationInputs, parcel: Parcel, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Whose land it is."""
    return Finding(parcel.tenure_clear, "methods.tenure", ("tenure",))


@rule(
    "2 c)",
    zh="单个地块连续面积不小于 400 m²；2019 年（含）之前开始的项目不小于 667 m²。",
    en="Each parcel covers at least 400 m2 without a break; at least 667 m2 where the project started in or "
    "before 2019.",
)
def parcel_area(inputs: AfforestationInputs, parcel: Parcel, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Large enough, by the limit of the day the project started."""
    least = p["min_parcel_m2"].at(inputs.project_start).number()
    facts = {"area_m2": f"{parcel.area_m2:.0f}", "least_m2": f"{least:.0f}"}
    return Finding(parcel.area_m2 >= least, "methods.parcel_area", ("boundary",), facts)


@rule("2 d)", zh="项目土地不属于湿地。", en="The land is not wetland.")
def not_wetland(inputs: AfforestationInputs, parcel: Parcel, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No wetland."""
    return Finding(negated(parcel.wetland), "methods.wetland", ("land_use_map",))


@rule("2 e)", zh="不移除原有散生乔木和竹子。", en="Scattered trees and bamboo that stand there are not removed.")
def scattered_trees(inputs: AfforestationInputs, parcel: Parcel, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What stands there stays."""
    return Finding(negated(parcel.scattered_trees_removed), "methods.scattered_trees", ("site_survey",))


@rule(
    "2 e) 灌木",
    zh="原有灌木和胸径小于 2 cm 的竹子，移除比例总计不超过项目边界内地表面积的 20%。",
    en="Shrubs, and bamboo thinner than 2 cm, are removed from at most 20 % of the surface within the boundary.",
)
def shrub_removal(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Share of the whole project's surface that was cleared."""
    limit = p["shrub_removal_max"].at(day).number()
    removed = [x.shrub_removed_m2 for x in inputs.parcels]
    known = [m2 for m2 in removed if m2 is not None]
    if not removed or len(known) < len(removed):
        return Finding(None, "methods.shrub_removal", ("site_survey",))
    share = math.fsum(known) / math.fsum(x.area_m2 for x in inputs.parcels)
    facts = {"share": f"{share:.1%}", "limit": f"{limit:.0%}"}
    return Finding(share <= limit, "methods.shrub_removal", ("site_survey",), facts)


@rule(
    "2 f)",
    zh="除项目开始时的整地和造林外，计入期内不对土壤进行重复扰动。",
    en="Apart from site preparation and planting at the start, the soil is not disturbed again during crediting.",
)
def soil(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """The soil is left alone."""
    return Finding(negated(inputs.conduct.soil_disturbed_again), "methods.soil", ("management_log",))


@rule(
    "? 2 火烧",
    zh="除病（疫）木处理外，不进行人为火烧。",
    en="There is no burning by people, other than of diseased wood.",
)
def burning(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No fire to clear land."""
    answer = negated(inputs.conduct.burning_other_than_diseased_wood)
    return Finding(answer, "methods.burning", ("management_log",))


@rule(
    "? 2 农业活动转移",
    zh="不造成种植、放牧等农业活动的转移。",
    en="No farming or grazing is moved elsewhere.",
)
def displacement(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Nothing displaced, so no leakage."""
    answer = negated(inputs.conduct.farming_or_grazing_displaced)
    return Finding(answer, "methods.displacement", ("former_use_proof",))


@rule(
    "? 2 合法",
    zh="符合法律法规和用地、林业规划。",
    en="It is lawful and in line with land-use and forestry plans.",
)
def lawful(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Within the law."""
    return Finding(inputs.conduct.lawful, "methods.lawful", ("approvals",))


@rule(
    "? 2 其他条件",
    zh="适用条件中未读到的其余各项。",
    en="Any further conditions of section 2 that were not read.",
)
def further_conditions(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Nobody can say."""
    return Finding(None, "methods.unread", unread=True)


@rule(
    "? 项目边界",
    zh="项目边界由各地块边界组成，以规定精度测定。",
    en="The boundary is made of the parcels' boundaries, measured as exactly as is asked.",
)
def boundary(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """The accuracy asked for is unread."""
    return Finding(bool(inputs.parcels) or None, "methods.unread", ("boundary",), unread=True)


@rule(
    "? 计入期",
    zh="计入期最短 20 年、最长 40 年，不早于项目开始，且在项目寿命期限内。",
    en="The crediting period lasts 20 to 40 years, does not begin before the project, and lies within its life.",
)
def crediting_period(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Long enough, not too long, not too early, not past the project's life."""
    start, end = inputs.crediting.start, inputs.crediting.end
    shortest = years_later(start, int(p["crediting_years_min"].at(day).number()))
    longest = years_later(start, int(p["crediting_years_max"].at(day).number()))
    within_life = inputs.tenure_until is None or inputs.crediting.last_day <= inputs.tenure_until
    answer = shortest <= end <= longest and start >= inputs.project_start and within_life
    first, last = inputs.crediting.to_list()
    return Finding(answer, "methods.crediting", ("design_document",), {"first": first, "last": last})


@rule(
    "办法 ? 项目开工",
    zh="项目于 2012 年 11 月 8 日之后开工。",
    en="The project started after 8 November 2012.",
)
def earliest_start(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Not an old project."""
    earliest = date.fromisoformat(str(p["project_start_earliest"].at(day).value))
    facts = {"start": inputs.project_start, "earliest": earliest}
    return Finding(inputs.project_start >= earliest, "methods.earliest_start", ("start_proof",), facts)


@rule(
    "办法 ? 额外性 法定义务",
    zh="法律法规或强制性配额要求的造林（占补平衡、异地恢复、矿山修复等）不具额外性。",
    en="Planting that the law or a mandatory quota demands (land balance, off-site restoration, mine reclamation) "
    "is not additional.",
)
def no_legal_duty(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Not what had to be done anyway."""
    return Finding(negated(inputs.additionality.legal_duty), "methods.legal_duty", ("no_duty_proof",))


@rule(
    "? 额外性",
    zh="年均降水量小于 400 mm 的地区、国家重点生态功能区或生态公益林造林，免予论证；其他项目须论证。",
    en="Need not be argued where yearly rain is below 400 mm, in a national key ecological function zone, or for "
    "public-welfare forest; other projects must argue it.",
)
def additionality(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Exempt with proof, or argued by a text we have not read."""
    claim = inputs.additionality
    facts = {"ground": claim.exemption or claim.analysis or "-"}
    if claim.exemption == "arid":
        limit = p["arid_rain_mm"].at(day).number()
        dry = None if claim.annual_rain_mm is None else claim.annual_rain_mm < limit
        return Finding(dry, "methods.arid", ("rain_proof",), {"rain": claim.annual_rain_mm, "limit": f"{limit:.0f}"})
    if claim.exemption is not None:
        return Finding(True, "methods.exempt", (f"{claim.exemption}_proof",), facts)
    if claim.analysis is not None:
        return Finding(True, "methods.analysis_unread", ("additionality_analysis",), facts, unread=True)
    return Finding(None, "methods.exempt", ("additionality_analysis",), facts)


@rule(
    "办法 ? 唯一性",
    zh="同一项目不在其他减排交易机制重复登记，减排量不重复认定。",
    en="The project is not registered in another mechanism and its removals are counted once.",
)
def uniqueness(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Counted once."""
    answer = negated(inputs.conduct.registered_elsewhere)
    return Finding(answer, "methods.uniqueness", ("uniqueness_statement",))


@rule(
    "? 监测与数据质量",
    zh="监测计划、抽样精度、数据质量控制和首次及后续核查间隔的要求。",
    en="What is asked of the monitoring plan, sampling precision, data quality, and the first and later verifications.",
)
def monitoring(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Unread, so nobody can say."""
    return Finding(None, "methods.unread", ("monitoring_plan",), unread=True)


#: In the order of the standard: what is asked of each parcel, then of the project.
PARCEL_RULES = (purpose, shrubland, land_history, tenure, parcel_area, not_wetland, scattered_trees)
PROJECT_RULES = (
    shrub_removal,
    soil,
    burning,
    displacement,
    lawful,
    further_conditions,
    boundary,
    crediting_period,
    earliest_start,
    no_legal_duty,
    additionality,
    uniqueness,
    monitoring,
)


def eligibility(inputs: AfforestationInputs, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """Every condition with its verdict, clause by clause, parcel by parcel where the clause is per parcel.

    Without parcels the clauses about land are unanswered, never met.
    """
    day, p = inputs.application, parameters
    found: list[Verdict] = []
    for ask in PARCEL_RULES:
        for parcel in inputs.parcels:
            finding = ask(inputs, parcel, day=day, p=p)
            evidence = {**inputs.evidence, **parcel.evidence}
            found.append(judge(ask, finding, day=day, evidence=evidence, subject=parcel.id))
        if not inputs.parcels:
            found.append(judge(ask, Finding(None, "methods.not_answered"), day=day, evidence={}))
    for ask_project in PROJECT_RULES:
        finding = ask_project(inputs, day=day, p=p)
        found.append(judge(ask_project, finding, day=day, evidence=inputs.evidence))
    return tuple(found)
