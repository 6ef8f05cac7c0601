"""The conditions of AR-CM-001-V01, as a third party summed them up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.ccer2014.ar_cm_001.inputs import AfforestationProject
from tanhui.mrv.methods.ccer2014.project import asked, disturbed, long_enough
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Finding

__all__ = ["CONDITIONS"]


@rule(
    "? 适用条件 土地",
    zh="项目活动的土地是 2005 年 2 月 16 日以来的无林地。",
    en="The land has been without forest since 16 February 2005.",
)
def no_forest(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No forest for long enough."""
    latest = date.fromisoformat(str(p["no_forest_since"].at(day).value))
    since = x.no_forest_since
    facts = {"since": since or "?", "latest": latest}
    return Finding(None if since is None else since <= latest, "methods.ccer2014_since", ("land_history",), facts)


@rule("? 适用条件 权属", zh="造林地权属清晰。", en="Tenure of the land is clear.")
def clear_tenure(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Whose land it is."""
    return asked(x, "clear_tenure", "tenure")


@rule("? 适用条件 湿地", zh="不属于湿地和有机土。", en="The land is neither wetland nor organic soil.")
def dry_mineral_land(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Mineral soil on dry land."""
    return asked(x, "dry_mineral_land", "soil_map")


@rule(
    "? 适用条件 法规",
    zh="不违反国家法律、法规和政策措施，符合造林技术规程。",
    en="The project breaks no law or policy and follows the technical rules for planting.",
)
def lawful(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Lawful."""
    return asked(x, "lawful", "approvals")


@rule(
    "? 适用条件 土壤",
    zh="土壤扰动符合水土保持要求（如沿等高线整地），面积不超过地表的 10%，20 年内不重复扰动。",
    en="Soil is disturbed with care for erosion (along the contour, say), on at most 10 % of the surface, and not "
    "again within 20 years.",
)
def soil_care(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """How the soil was treated."""
    return disturbed(x, "soil_care", p["disturbed_max"].at(day).number(), "planting_design")


@rule(
    "? 适用条件 火烧",
    zh="不采取炼山等人为火烧活动。",
    en="Nothing is burnt to clear the land, nor set on fire otherwise.",
)
def no_burning(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No fire by people."""
    return asked(x, "no_burning", "management_log")


@rule(
    "? 适用条件 枯落物",
    zh="不移除地表枯落物、树根、枯死木及采伐剩余物。",
    en="Litter, roots, dead wood and residue of harvests are left.",
)
def dead_matter_left(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What is dead stays."""
    return asked(x, "dead_matter_left", "management_log")


@rule(
    "? 适用条件 转移",
    zh="不造成项目开始前农业活动（种植和放牧）的转移。",
    en="No farming or grazing is displaced.",
)
def nothing_displaced(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No displacement."""
    return asked(x, "nothing_displaced", "former_use_proof")


@rule("? 计入期", zh="计入期最短 20 年，最长 60 年。", en="Crediting lasts 20 to 60 years.")
def crediting_length(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Length of crediting."""
    return long_enough(x, p["crediting_years_min"].at(day).number(), p["crediting_years_max"].at(day).number())


CONDITIONS = (
    no_forest,
    clear_tenure,
    dry_mineral_land,
    lawful,
    soil_care,
    no_burning,
    dead_matter_left,
    nothing_displaced,
    crediting_length,
)
