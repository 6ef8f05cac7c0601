"""The conditions of ``ccer/14-002-v01`` that were read, and those that were not, one function per clause."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import years_later
from tanhui.mrv.methods.ccer.m14_001_v01.eligibility import mark
from tanhui.mrv.methods.ccer.m14_002_v01.inputs import MangroveInputs, Plot
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Finding, Verdict, judge

__all__ = ["eligibility"]


@rule(
    "2 a)",
    zh="位于生境适宜或修复后适宜红树林生长的无植被潮滩或退养的养殖塘。",
    en="On unvegetated tidal flats or decommissioned aquaculture ponds, suitable for mangrove or so after restoration.",
)
def site(inputs: MangroveInputs, plot: Plot, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What was there before, and whether mangrove can grow."""
    allowed = p["sites"].at(day).value
    assert isinstance(allowed, list)
    answers = (None if plot.site is None else plot.site in allowed, plot.suitable)
    answer = False if False in answers else None if None in answers else True
    facts = {"site": plot.site or "?", "suitable": mark(plot.suitable)}
    return Finding(answer, "methods.ccer_14_002_site", ("site_survey",), facts)


@rule("2 a) 种植", zh="通过人工种植构建红树林植被。", en="Mangrove vegetation is built by planting.")
def planted(inputs: MangroveInputs, plot: Plot, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Planted, not grown by itself."""
    return Finding(plot.planted, "methods.ccer_14_002_planted", ("planting_design",))


@rule(
    "2 b)",
    zh="海域和土地权属清晰，有县（含）级以上人民政府或自然资源（海洋）主管部门核发或出具的权属证明。",
    en="Rights to sea area and land are clear, certified by a county government or above, or the natural-resource or "
    "ocean authority.",
)
def tenure(inputs: MangroveInputs, plot: Plot, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Whose sea and land it is."""
    return Finding(plot.tenure_clear, "methods.ccer_14_002_tenure", ("tenure",))


@rule("? 2 其他条件", zh="适用条件中未读到的其余各项。", en="Any further conditions of section 2 that were not read.")
def further_conditions(inputs: MangroveInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Nobody can say."""
    return Finding(None, "methods.unread", unread=True)


@rule(
    "? 计入期",
    zh="计入期最短 20 年、最长 40 年，不早于项目开始。",
    en="The crediting period lasts 20 to 40 years and does not begin before the project.",
)
def crediting_period(inputs: MangroveInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Long enough, not too long, not too early."""
    start, end = inputs.crediting.start, inputs.crediting.end
    shortest = years_later(start, int(p["crediting_years_min"].at(day).number()))
    longest = years_later(start, int(p["crediting_years_max"].at(day).number()))
    first, last = inputs.crediting.to_list()
    answer = shortest <= end <= longest and start >= inputs.project_start
    facts = {"first": first, "last": last}
    return Finding(answer, "methods.ccer_14_002_crediting", ("design_document",), facts)


@rule("? 额外性", zh="额外性论证。", en="Additionality.")
def additionality(inputs: MangroveInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Unread, so nobody can say."""
    return Finding(None, "methods.unread", ("additionality_analysis",), unread=True)


@rule(
    "? 监测与数据质量",
    zh="监测计划、抽样精度和核查间隔的要求。",
    en="What is asked of the monitoring plan, sampling precision and verification.",
)
def monitoring(inputs: MangroveInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Unread, so nobody can say."""
    return Finding(None, "methods.unread", ("monitoring_plan",), unread=True)


PLOT_RULES = (site, planted, tenure)
PROJECT_RULES = (further_conditions, crediting_period, additionality, monitoring)


def eligibility(inputs: MangroveInputs, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """Every condition with its verdict, plot by plot where the clause is about one; unanswered without plots."""
    day, p = inputs.application, parameters
    found: list[Verdict] = []
    for ask in PLOT_RULES:
        for plot in inputs.plots:
            evidence = {**inputs.evidence, **plot.evidence}
            found.append(judge(ask, ask(inputs, plot, day=day, p=p), day=day, evidence=evidence, subject=plot.id))
        if not inputs.plots:
            found.append(judge(ask, Finding(None, "methods.not_answered"), day=day, evidence={}))
    for ask_project in PROJECT_RULES:
        finding = ask_project(inputs, day=day, p=p)
        found.append(judge(ask_project, finding, day=day, evidence=inputs.evidence))
    return tuple(found)
