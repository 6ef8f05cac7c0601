"""The clauses of ``ipcc/stock-difference``: 2006 IPCC Guidelines, Volume 4, Chapter 2. No rule holds a number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import Period
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.methods.rule import rule

__all__ = ["annual_change_c_t", "removal_co2_t", "stratum_change_c_t"]


@rule(
    "eq. 2.5, 2.8",
    zh="某碳库的年变化 =（末期储量 − 初期储量）/ 两期相隔年数。",
    en="The yearly change of a pool is its stock at the later date less that at the earlier one, over the years "
    "between.",
)
def annual_change_c_t(start_c_t: float, end_c_t: float, period: Period, *, day: date, p: Mapping[str, Dated]) -> float:
    """Yearly stock change of a pool; positive where the stock grew. [t C/yr]"""
    return (end_c_t - start_c_t) / period.years


@rule(
    "eq. 2.2, 2.3",
    zh="土地利用类别的变化为各层、各碳库变化之和。",
    en="The change of a land use is the sum over its strata and pools.",
)
def stratum_change_c_t(changes_c_t: Sequence[float], *, day: date, p: Mapping[str, Dated]) -> float:
    """Sum of the changes of all pools. [t C]"""
    return math.fsum(changes_c_t)


@rule(
    "eq. 2.8, 44/12",
    zh="碳储量变化乘以 44/12 为二氧化碳；储量增加记为清除（本产品取正号，清单表格取负号）。",
    en="A stock change times 44/12 is carbon dioxide; a growing stock is a removal (positive here, negative in "
    "inventory tables).",
)
def removal_co2_t(change_c_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon dioxide taken up, as a positive number. [t CO2]"""
    return change_c_t * CO2_PER_C
