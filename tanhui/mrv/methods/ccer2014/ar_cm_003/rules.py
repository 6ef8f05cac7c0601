"""The accounting clauses of AR-CM-003-V01; removals positive. No rule holds a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.mrv.methods.ccer2014.ar_cm_003.inputs import ManagedForest
from tanhui.mrv.methods.ccer2014.project import band_share, fires_co2e_t
from tanhui.mrv.methods.rule import rule

__all__ = ["baseline_t", "fire_t", "gross_removal_t", "leakage_t", "uncertainty_t"]


@rule(
    "? 碳库选择",
    zh="林木生物质必须计入；枯死木、枯落物、木质林产品可选；土壤有机碳不计。",
    en="Trees are always counted; dead wood, litter and harvested wood products may be chosen; soil is left out.",
)
def gross_removal_t(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of the trees and of the chosen pools. [t CO2e]"""
    allowed: Any = p["optional_pools"].at(day).value
    for pool in x.pool_change_co2e_t:
        if pool not in allowed:
            raise DomainError("methods.unknown_pool", pool=pool, allowed=", ".join(allowed))
    return math.fsum([x.tree_change_co2e_t, *x.pool_change_co2e_t.values()])


@rule(
    "? 基线碳汇量",
    zh="基线为照常经营下的林分生长，从项目碳汇量中扣除；基线损失不增加减排量（本产品的保守处理）。",
    en="The baseline is how the stand grows as usual; it is subtracted, and a loss there adds nothing (our "
    "conservative reading).",
)
def baseline_t(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> float:
    """The baseline, as a number that is not positive. [t CO2e]"""
    return -max(x.baseline_removal_co2e_t, 0.0)


@rule(
    "? 项目排放",
    zh="森林火灾的 CH4 与 N2O 按 AR-TOOL08 式 (7)、(8) 计算，全部火灾计入。",
    en="CH4 and N2O of forest fires by eq. (7) and (8) of AR-TOOL08; every fire counts.",
)
def fire_t(x: ManagedForest, edition: str, *, day: date, p: Recorder) -> float:
    """Emissions of fires, as a number that is not positive. [t CO2e]"""
    return fires_co2e_t(x, edition, p)


@rule(
    "? 泄漏",
    zh="泄漏从减排量中扣除；是否可取零未读，由使用者给出。",
    en="Leakage is subtracted; whether it may be zero is unread, and the user gives it.",
)
def leakage_t(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> float:
    """Leakage, as a number that is not positive. [t CO2e]"""
    return -x.leakage_co2e_t


@rule(
    "? 不确定性",
    zh="林木碳储量变化的相对误差 U（90% 置信水平）不超过 10% 不扣减，20% 以内扣 6%，30% 以内扣 11%，损失则加大；"
    "超过 30% 须增加样地。",
    en="The relative error U (90 % confidence) of the trees' change takes nothing up to 10 %, 6 % of it up to 20 % and "
    "11 % up to 30 %, and enlarges a loss by as much; above 30 % more plots are needed.",
)
def uncertainty_t(x: ManagedForest, *, day: date, p: Mapping[str, Dated]) -> float:
    """What is deducted, as a number that is not positive; trees that did not change have no relative error. [t CO2e]"""
    bands: Any = p["uncertainty_bands"].at(day).value
    if x.tree_change_co2e_t == 0:
        return 0.0
    return -band_share(x.tree_change_half_width90_rel, bands) * abs(x.tree_change_co2e_t)
