"""The conditions of AR-CM-002-V01, as a third party summed them up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.ccer2014.ar_cm_002.inputs import BambooPlanting
from tanhui.mrv.methods.ccer2014.project import asked, disturbed
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Finding

__all__ = ["CONDITIONS"]


@rule("? 适用条件 1", zh="项目地不属于湿地。", en="The land is no wetland.")
def no_wetland(x: BambooPlanting, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Dry land."""
    return asked(x, "no_wetland", "soil_map")


@rule(
    "? 适用条件 2",
    zh="有机土或方法学所列草地、农地上，土壤扰动不超过地表面积的 10%。（本产品对全部土地要求。）",
    en="On organic soil, and on grassland or farmland that the methodology lists, at most 10 % of the surface is "
    "disturbed. (Asked of all land here.)",
)
def little_disturbed(x: BambooPlanting, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """How much soil was disturbed."""
    return disturbed(x, "little_disturbed", p["disturbed_max"].at(day).number(), "planting_design")


@rule(
    "? 适用条件 3",
    zh="竹子最低高度能达 2 米、竹秆胸径（或眉径）至少 2 厘米，地块连续面积不小于 1 亩，郁闭度不小于 0.20。",
    en="The bamboo can reach 2 m in height and 2 cm in diameter, on at least one mu of continuous land and with a "
    "crown cover of 0.20.",
)
def becomes_forest(x: BambooPlanting, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Bamboo that is forest."""
    return asked(x, "becomes_forest", "planting_design")


@rule(
    "? 适用条件 4",
    zh="不炼山，整地符合水土保持要求（如沿等高线），不采用全垦整地。",
    en="The land is not burnt to clear it, is prepared with care for erosion (along the contour, say) and not ploughed "
    "all over.",
)
def gentle_preparation(x: BambooPlanting, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """How the land was prepared."""
    return asked(x, "gentle_preparation", "planting_design")


@rule("? 适用条件 5", zh="不清除原有的散生林木。", en="Scattered trees are not removed.")
def trees_left(x: BambooPlanting, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Trees stay."""
    return asked(x, "trees_left", "site_survey")


@rule(
    "? 不确定性",
    zh="不确定性要求的原文未读，无法判定；不作扣减。",
    en="What is asked of uncertainty is unread; nobody can say, and nothing is deducted.",
)
def certain_enough(x: BambooPlanting, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Unread."""
    return Finding(None, "methods.unread", unread=True)


CONDITIONS = (no_wetland, little_disturbed, becomes_forest, gentle_preparation, trees_left, certain_enough)
