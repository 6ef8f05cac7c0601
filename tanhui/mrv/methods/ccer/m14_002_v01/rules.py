"""The accounting clauses of ``ccer/14-002-v01``, all recalled. No rule holds a number.

Signs: a removal is positive, an emission or a deduction negative; every function returns signed tonnes of CO2e.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.mrv.methods.ccer.m14_002_v01.inputs import MangroveInputs
from tanhui.mrv.methods.rule import rule

__all__ = ["baseline_t", "emissions_t", "gross_removal_t", "permanence_t"]


@rule(
    "? 碳库选择",
    zh="计入地上和地下生物质、土壤有机碳的变化；枯落物和枯死木不计。",
    en="Above- and belowground biomass and soil organic carbon count; litter and dead wood do not.",
)
def gross_removal_t(inputs: MangroveInputs, *, day: date, p: Mapping[str, Dated]) -> float:
    """Measured change of biomass and soil. [t CO2e]"""
    return math.fsum([inputs.biomass_change_co2e_t, inputs.soil_change_co2e_t])


@rule(
    "? 基准线",
    zh="扣除基准线清除量；基准线排放不增加项目减排量（本产品的保守处理）。",
    en="The baseline's removal is subtracted; its emissions add nothing (our conservative reading).",
)
def baseline_t(inputs: MangroveInputs, *, day: date, p: Mapping[str, Dated]) -> float:
    """What would have been taken up anyway, as a number that is not positive. [t CO2e]"""
    return -max(inputs.baseline_removal_co2e_t, 0.0)


@rule(
    "? 温室气体排放",
    zh="扣除项目边界内土壤 CH4、N2O 等排放。",
    en="CH4 and N2O of the soil, and other emissions within the boundary, are subtracted.",
)
def emissions_t(inputs: MangroveInputs, *, day: date, p: Mapping[str, Dated]) -> float:
    """Measured emissions, as a number that is not positive. [t CO2e]"""
    return -inputs.emissions_co2e_t


@rule(
    "? 项目减排量",
    zh="项目减排量 =（生物质变化 + 土壤变化 − 排放 − 基准线）×（1 − K_RISK）；合计为负时不作扣减，以免缩小损失。",
    en="The net is (biomass + soil - emissions - baseline) x (1 - K_RISK); a negative sum is not made smaller by it.",
)
def permanence_t(before_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """What is held back for the risk of reversal, as a number that is not positive. [t CO2e]"""
    return -p["k_risk"].at(day).number() * max(before_t, 0.0)
