"""The conditions (a) to (g) of AR-CM-003-V01, as a developer copied them for land owners, and what is recalled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.ccer2014.ar_cm_003.inputs import ManagedForest
from tanhui.mrv.methods.ccer2014.project import asked, disturbed, long_enough
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Finding

__all__ = ["CONDITIONS"]


@rule(
    "适用条件 (a)",
    zh="土地为乔木林地：郁闭度不小于 0.20，连续面积不小于 0.0667 公顷，树高不低于 2 米。",
    en="The land is tree forest: a crown cover of 0.20, 0.0667 ha of continuous land, a height of 2 m at least.",
)
def tree_forest(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Forest of trees."""
    return asked(x, "tree_forest", "forest_survey")


@rule(
    "适用条件 (b)",
    zh="项目开始时为人工幼、中龄林。",
    en="At the start it is planted forest, young or middle-aged.",
)
def planted_and_young(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Origin and age class."""
    return asked(x, "planted_and_young", "forest_survey")


@rule(
    "适用条件 (c)",
    zh="符合有关森林经营的法律、法规、政策和技术标准。",
    en="The project follows the laws, policies and standards of forest management.",
)
def lawful(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Lawful."""
    return asked(x, "lawful", "approvals")


@rule("适用条件 (d)", zh="项目地土壤为矿质土壤。", en="The soil is mineral.")
def mineral_soil(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Not organic."""
    return asked(x, "mineral_soil", "soil_map")


@rule(
    "适用条件 (e)",
    zh="不涉及全面清林和炼山等有控制火烧。",
    en="The forest is not cleared all over, nor burnt under control.",
)
def no_clearing(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """No clearing or burning."""
    return asked(x, "no_clearing", "management_log")


@rule(
    "适用条件 (f)",
    zh="除改善林分卫生状况外，不移除枯死木和地表枯落物。",
    en="Dead wood and litter are not removed, but for the health of the stand.",
)
def dead_matter_left(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What is dead stays."""
    return asked(x, "dead_matter_left", "management_log")


@rule(
    "适用条件 (g)",
    zh="土壤扰动符合水土保持（如沿等高线），面积不超过地表的 10%，每 20 年不超过一次。",
    en="Soil is disturbed with care for erosion (along the contour, say), on at most 10 % of the surface and once in "
    "20 years at most.",
)
def soil_care(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """How the soil was treated."""
    return disturbed(x, "soil_care", p["disturbed_max"].at(day).number(), "management_log")


@rule(
    "? 经营措施",
    zh="经营措施为补植补造、树种更替、林分抚育、复壮或综合措施。",
    en="The forest is replanted, changed in species, tended, rejuvenated, or several of these.",
)
def known_measures(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What was done."""
    known = p["measures"].at(day).value
    assert isinstance(known, list)
    facts = {"measures": ", ".join(x.measures) or "?"}
    answer = all(measure in known for measure in x.measures) if x.measures else None
    return Finding(answer, "methods.ccer2014_measures", ("management_log",), facts)


@rule("? 计入期", zh="计入期最短 20 年，最长 60 年。", en="Crediting lasts 20 to 60 years.")
def crediting_length(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Length of crediting."""
    return long_enough(x, p["crediting_years_min"].at(day).number(), p["crediting_years_max"].at(day).number())


CONDITIONS = (
    tree_forest,
    planted_and_young,
    lawful,
    mineral_soil,
    no_clearing,
    dead_matter_left,
    soil_care,
    known_measures,
    crediting_length,
)
