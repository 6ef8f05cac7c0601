"""The conditions of AR-CM-004-V01, as a third party summed up the most important ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.ccer2014.ar_cm_004.inputs import ManagedGrassland
from tanhui.mrv.methods.ccer2014.project import asked
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Finding

__all__ = ["CONDITIONS"]


@rule(
    "? 适用条件 利用",
    zh="项目开始前草地用于放牧或多年生牧草生产。",
    en="Before the project the grassland was grazed or grew perennial forage.",
)
def grassland_in_use(x: ManagedGrassland, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Former use."""
    return asked(x, "grassland_in_use", "former_use_proof")


@rule(
    "? 适用条件 草畜平衡",
    zh="项目区在政府划定的草畜平衡区内，牧户均已签订草畜平衡责任书。",
    en="The area is one that the government set for the balance of grass and animals, and all herders signed for it.",
)
def balance_signed(x: ManagedGrassland, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Grass and animals in balance."""
    return asked(x, "balance_signed", "balance_contract")


@rule(
    "? 适用条件 措施",
    zh="有增加草地生产力的管理措施（如减牧、轮牧、补播）。",
    en="Measures raise the productivity of the grassland (fewer animals, rotation, reseeding).",
)
def better_management(x: ManagedGrassland, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """What was done."""
    return asked(x, "better_management", "management_log")


@rule(
    "? 适用条件 其余",
    zh="其余适用条件（退化草地、土壤、火烧等）的原文未读，无法判定。",
    en="The other conditions (degraded land, soil, burning) are unread; nobody can say.",
)
def other_conditions(x: ManagedGrassland, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Unread."""
    return Finding(None, "methods.unread", unread=True)


CONDITIONS = (grassland_in_use, balance_signed, better_management, other_conditions)
