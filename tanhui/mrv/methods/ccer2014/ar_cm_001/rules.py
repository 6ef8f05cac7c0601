"""The accounting clauses of AR-CM-001-V01; removals positive. No rule holds a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.mrv.methods.ccer2014.ar_cm_001.inputs import AfforestationProject
from tanhui.mrv.methods.ccer2014.project import band_share, fires_co2e_t
from tanhui.mrv.methods.rule import rule

__all__ = ["baseline_t", "fire_t", "gross_removal_t", "leakage_t", "uncertainty_t"]


@rule(
    "? 碳库选择",
    zh="林木生物质必须计入；灌木、枯死木、枯落物、土壤有机碳可选。",
    en="Trees are always counted; shrubs, dead wood, litter and soil may be chosen.",
)
def gross_removal_t(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of the trees and of the chosen pools. [t CO2e]"""
    allowed: Any = p["optional_pools"].at(day).value
    for pool in x.pool_change_co2e_t:
        if pool not in allowed:
            raise DomainError("methods.unknown_pool", pool=pool, allowed=", ".join(allowed))
    return math.fsum([x.tree_change_co2e_t, *x.pool_change_co2e_t.values()])


@rule(
    "? 基线碳汇量",
    zh="扣除基线碳汇量；基线损失不增加减排量（本产品的保守处理）。",
    en="What the baseline takes up is subtracted; a loss there adds nothing (our conservative reading).",
)
def baseline_t(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> float:
    """The baseline, as a number that is not positive. [t CO2e]"""
    return -max(x.baseline_removal_co2e_t, 0.0)


@rule(
    "? 项目排放",
    zh="森林火灾的 CH4 与 N2O 按 AR-TOOL08 式 (7)、(8) 计算，全部火灾计入。",
    en="CH4 and N2O of forest fires by eq. (7) and (8) of AR-TOOL08; every fire counts.",
)
def fire_t(x: AfforestationProject, edition: str, *, day: date, p: Recorder) -> float:
    """Emissions of fires, as a number that is not positive. [t CO2e]"""
    return fires_co2e_t(x, edition, p)


@rule("? 泄漏", zh="泄漏为零。", en="There is no leakage.")
def leakage_t(*, day: date, p: Mapping[str, Dated]) -> float:
    """Leakage, as a number that is not positive. [t CO2e]"""
    return -p["leakage_co2e_t"].at(day).number()


@rule(
    "? 不确定性",
    zh="林木碳储量变化的相对误差 U（90% 置信水平）不超过 10% 不扣减，20% 以内扣 6%，30% 以内扣 11%，损失则加大；"
    "超过 30% 须增加样地。",
    en="The relative error U (90 % confidence) of the trees' change takes nothing up to 10 %, 6 % of it up to 20 % and "
    "11 % up to 30 %, and enlarges a loss by as much; above 30 % more plots are needed.",
)
def uncertainty_t(x: AfforestationProject, *, day: date, p: Mapping[str, Dated]) -> float:
    """What is deducted, as a number that is not positive; trees that did not change have no relative error. [t CO2e]"""
    bands: Any = p["uncertainty_bands"].at(day).value
    if x.tree_change_co2e_t == 0:
        return 0.0
    return -band_share(x.tree_change_half_width90_rel, bands) * abs(x.tree_change_co2e_t)
