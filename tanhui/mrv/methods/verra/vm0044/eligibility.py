"""The conditions of ``verra/vm0044`` that concern the project; those of a batch are rules of accounting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Finding, Verdict, judge
from tanhui.mrv.methods.verra.vm0044.inputs import BiocharInputs

__all__ = ["eligibility"]


def _all(*answers: bool | None) -> bool | None:
    """No if one is no; unknown if one is unknown."""
    return False if False in answers else None if None in answers else True


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _within(value: float | None, most: float, otherwise: bool | None) -> bool | None:
    """Whether a share keeps its limit, or what stands in for that."""
    return None if value is None else True if value <= most else otherwise


@rule("1", zh="生产设施为新建。", en="The production facilities are new.")
def new_facilities(inputs: BiocharInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Greenfield only."""
    return Finding(inputs.conduct.new_facilities, "vm0044.new_facilities", ("commissioning",))


@rule(
    "4 (4)",
    zh="原料为纯生物质废弃物，否则会腐解或无能源利用地焚烧；非专门种植、非进口；"
    "田间残体未证明不损失土壤碳时移除不超过 50%。",
    en="Feedstock is biogenic waste that would decay or be burnt without use of its energy, neither grown for it nor "
    "imported. At most 50 % of residues leave the field unless soil carbon is shown not to fall.",
)
def feedstock(inputs: BiocharInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What may be charred."""
    most, conduct = p["residue_removed_max"].at(day).number(), inputs.conduct
    kept = _within(conduct.residue_removed_fraction, most, conduct.soil_carbon_kept)
    answer = _all(conduct.biogenic_waste, conduct.would_decay_or_burn, _not(conduct.imported), kept)
    facts = {"found": conduct.residue_removed_fraction, "most": most}
    return Finding(answer, "vm0044.feedstock", ("feedstock_records",), facts)


@rule(
    "4 (5), (7)",
    zh="符合 IBI 或 EBC 指南；矿物添加超过 10%（干基）时须检测合格。",
    en="The biochar meets the guideline of IBI or EBC; with more than 10 % of mineral additives tests must show it.",
)
def quality(inputs: BiocharInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What the biochar is."""
    most, conduct = p["additive_max"].at(day).number(), inputs.conduct
    additives = _within(conduct.additive_fraction, most, conduct.additives_tested)
    facts = {"found": conduct.additive_fraction, "most": most}
    return Finding(_all(conduct.meets_guideline, additives), "vm0044.quality", ("laboratory_reports",), facts)


@rule(
    "7",
    zh="额外性：非法定要求；符合正面清单；投资分析（v1.2 新增）。",
    en="Additional: no legal duty, on the positive list, with an investment analysis (new in v1.2).",
)
def additionality(inputs: BiocharInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Law and money. The steps of the analysis are unread."""
    answer = _all(_not(inputs.conduct.legal_duty), inputs.conduct.investment_analysis)
    return Finding(answer, "vm0044.additionality", ("additionality_analysis",), unread=True)


@rule(
    "9 places",
    zh="记录每次施用的坐标，以免与土壤碳项目重复计算。",
    en="The place of each use is recorded, so that no soil carbon project counts it again.",
)
def places(inputs: BiocharInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Where the biochar is."""
    return Finding(inputs.conduct.places_recorded, "vm0044.places", ("use_records",))


CONDITIONS = (new_facilities, feedstock, quality, additionality, places)


def eligibility(inputs: BiocharInputs, parameters: Mapping[str, Dated]) -> tuple[Verdict, ...]:
    """Every condition with its verdict."""
    day = inputs.application
    return tuple(
        judge(condition, condition(inputs, day=day, p=parameters), day=day, evidence=inputs.evidence)
        for condition in CONDITIONS
    )
