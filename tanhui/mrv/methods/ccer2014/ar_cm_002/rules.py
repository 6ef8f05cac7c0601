"""The accounting clauses of AR-CM-002-V01; removals positive. No rule holds a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Dated, Recorder
from tanhui.kernel.time import Period, years_later
from tanhui.mrv.methods.ccer2014.ar_cm_002.inputs import BambooPlanting, BambooStand
from tanhui.mrv.methods.ccer2014.project import fires_co2e_t
from tanhui.mrv.methods.cdm.ar_tool16.rules import soil_change_co2_t
from tanhui.mrv.methods.cdm.tool import tool_parameters
from tanhui.mrv.methods.claims import share_by_days
from tanhui.mrv.methods.rule import rule

__all__ = ["bamboo_t", "baseline_t", "fire_t", "leakage_t", "maturity_range_yr", "pools_t", "soil_t"]

SOIL = "cdm/ar-tool16"


@rule(
    "? 竹林稳定",
    zh="毛竹造林 5 至 9 年、丛生竹约 6 年达到稳定。",
    en="Moso is stable 5 to 9 years after planting, clumping bamboo after about 6.",
)
def maturity_range_yr(form: str, *, day: date, p: Mapping[str, Dated]) -> tuple[float, float]:
    """Least and most years until a form is mature. [yr]"""
    rows: Any = p["maturity_years"].at(day).value
    return {name: (float(least), float(most)) for name, least, most in rows}[form]


@rule(
    "? 竹子碳储量",
    zh="竹子碳储量只计到竹林稳定为止，此后变化为零；稳定后的损失仍计（本产品的保守处理）。",
    en="Bamboo counts until the stand is stable, then its change is zero; a loss counts even after that (our "
    "conservative reading).",
)
def bamboo_t(x: BambooStand, period: Period, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of a stand that counts; a gain is spread over the days of the period. [t CO2e]"""
    if x.change_co2e_t <= 0:
        return x.change_co2e_t
    growing = Period(x.planted_on, years_later(x.planted_on, x.mature_after_yr))
    return share_by_days(x.change_co2e_t, period, growing)


@rule(
    "? 碳库选择",
    zh="枯死木、枯落物可选。",
    en="Dead wood and litter may be chosen.",
)
def pools_t(x: BambooPlanting, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of the chosen pools. [t CO2e]"""
    allowed: Any = p["optional_pools"].at(day).value
    for pool in x.pool_change_co2e_t:
        if pool not in allowed:
            raise DomainError("methods.unknown_pool", pool=pool, allowed=", ".join(allowed))
    return math.fsum(x.pool_change_co2e_t.values())


@rule(
    "规范性引用 AR-TOOL16",
    zh="土壤有机碳按 AR-TOOL16（V01.1.0）计算。",
    en="Soil carbon by AR-TOOL16 (V01.1.0), which the methodology refers to.",
)
def soil_t(x: BambooPlanting, *, day: date, p: Recorder) -> float:
    """Change of the soil. [t CO2e]"""
    tool = tool_parameters(SOIL, p)
    return math.fsum(soil_change_co2_t(stratum, x.period, day=day, p=tool) for stratum in x.soil)


@rule(
    "? 基线碳汇量",
    zh="扣除基线碳汇量；基线损失不增加减排量（本产品的保守处理）。",
    en="What the baseline takes up is subtracted; a loss there adds nothing (our conservative reading).",
)
def baseline_t(x: BambooPlanting, *, day: date, p: Mapping[str, Dated]) -> float:
    """The baseline, as a number that is not positive. [t CO2e]"""
    return -max(x.baseline_removal_co2e_t, 0.0)


@rule(
    "规范性引用 AR-TOOL08",
    zh="火灾的 CH4 与 N2O 按 AR-TOOL08（V04.0.0）计算，全部火灾计入。",
    en="CH4 and N2O of fires by AR-TOOL08 (V04.0.0), which the methodology refers to; every fire counts.",
)
def fire_t(x: BambooPlanting, edition: str, *, day: date, p: Recorder) -> float:
    """Emissions of fires, as a number that is not positive. [t CO2e]"""
    return fires_co2e_t(x, edition, p)


@rule(
    "? 泄漏",
    zh="泄漏从减排量中扣除；是否可取零未读，由使用者给出。",
    en="Leakage is subtracted; whether it may be zero is unread, and the user gives it.",
)
def leakage_t(x: BambooPlanting, *, day: date, p: Mapping[str, Dated]) -> float:
    """Leakage, as a number that is not positive. [t CO2e]"""
    return -x.leakage_co2e_t
