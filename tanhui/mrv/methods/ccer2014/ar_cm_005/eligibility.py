"""The conditions of AR-CM-005-V01, as a third party summed them up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.ccer2014.ar_cm_005.inputs import ManagedBamboo
from tanhui.mrv.methods.ccer2014.project import asked
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Finding

__all__ = ["CONDITIONS"]


@rule(
    "? 适用条件 1",
    zh="土地为竹林：郁闭度不小于 0.20，连续面积不小于 0.0667 公顷，成竹竹秆高不低于 2 米、胸径不小于 2 厘米；"
    "散生乔木郁闭度小于 0.2。",
    en="The land is bamboo forest: a crown cover of 0.20, 0.0667 ha of continuous land, culms of 2 m and 2 cm at "
    "least; trees among it cover less than 0.2.",
)
def bamboo_forest(x: ManagedBamboo, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Forest of bamboo."""
    return asked(x, "bamboo_forest", "forest_survey")


@rule("? 适用条件 2", zh="不属于湿地和有机土壤。", en="The land is neither wetland nor organic soil.")
def dry_mineral_land(x: ManagedBamboo, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Mineral soil on dry land."""
    return asked(x, "dry_mineral_land", "soil_map")


@rule(
    "? 适用条件 3",
    zh="不违反有关森林经营的法律、法规和强制性技术标准。",
    en="The project breaks no law or binding standard of forest management.",
)
def lawful(x: ManagedBamboo, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Lawful."""
    return asked(x, "lawful", "approvals")


@rule(
    "? 适用条件 4",
    zh="采伐只收集竹秆、竹枝，不移除枯落物，不清除原有散生林木。",
    en="Only culms and branches are harvested; litter stays, and scattered trees are not removed.",
)
def culms_only(x: ManagedBamboo, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What leaves the stand."""
    return asked(x, "culms_only", "management_log")


@rule(
    "? 适用条件 5",
    zh="松土除草沿等高线带状进行，不深翻垦复；施肥采用沟施、蔸施并覆土。",
    en="Soil is loosened in strips along the contour and not dug over deeply; fertiliser goes into furrows or holes "
    "and is covered.",
)
def soil_care(x: ManagedBamboo, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """How the soil was treated."""
    return asked(x, "soil_care", "management_log")


@rule(
    "? 适用条件 6",
    zh="采用方法学附录 1 所列的一项或多项科学经营措施（附录未读）。",
    en="One or more of the measures of its appendix 1 are taken (the appendix is unread).",
)
def listed_measure(x: ManagedBamboo, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What was done."""
    return asked(x, "listed_measure", "management_log")


@rule(
    "? 不确定性",
    zh="不确定性要求的原文未读，无法判定；不作扣减。",
    en="What is asked of uncertainty is unread; nobody can say, and nothing is deducted.",
)
def certain_enough(x: ManagedBamboo, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Unread."""
    return Finding(None, "methods.unread", unread=True)


CONDITIONS = (bamboo_forest, dry_mineral_land, lawful, culms_only, soil_care, listed_measure, certain_enough)
