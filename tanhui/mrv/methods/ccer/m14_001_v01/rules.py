"""The accounting clauses of ``ccer/14-001-v01``, in the order of the calculation. No rule holds a number.

Signs: a removal is positive, an emission or a deduction negative; every function returns signed tonnes of CO2e.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from tanhui.kernel.errors import DomainError
from tanhui.kernel.gwp import gwp_name
from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import Period, years_later
from tanhui.kernel.units import conversion_factor
from tanhui.mrv.methods.ccer.m14_001_v01.inputs import AfforestationInputs, Fire
from tanhui.mrv.methods.rule import rule

__all__ = [
    "baseline_t",
    "claimable_period",
    "fire_t",
    "gross_removal_t",
    "leakage_t",
    "permanence_t",
    "uncertainty_share",
]


@rule(
    "办法 ? 减排量登记",
    zh="可登记的减排量产生于计入期内、2020 年 9 月 22 日之后，且申请登记时距产生不超过五年。"
    "碳储量净损失不因过期而免除（本产品的保守处理）。",
    en="Removals can be registered that arose within the crediting period, after 22 September 2020 and at most five "
    "years before the application. A net loss of carbon is never too old (our conservative reading).",
)
def claimable_period(
    inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]
) -> tuple[Period | None, tuple[tuple[str, Period], ...]]:
    """The days that can be claimed, and the others with the reason (a wording key) that takes each away."""
    cutoff = date.fromisoformat(str(p["removal_earliest"].at(day).value))
    oldest = years_later(day, -int(p["removal_age_years_max"].at(day).number()))
    gained = inputs.tree_change_co2e_t + math.fsum(inputs.pool_change_co2e_t.values()) >= 0
    limits = [
        ("excluded.methods.before_crediting", inputs.crediting.start),
        ("excluded.methods.before_cutoff", cutoff),
        *([("excluded.methods.too_old", oldest)] if gained else []),
    ]
    excluded: list[tuple[str, Period]] = []
    start, stop = inputs.period.start, inputs.period.end
    for why, first in limits:
        if start < first and start < stop:
            excluded.append((why, Period(start, min(first, stop))))
        start = max(start, first)
    end = min(stop, inputs.crediting.end)
    if max(start, end) < stop:
        excluded.append(("excluded.methods.after_crediting", Period(max(start, end), stop)))
    return (Period(start, end) if start < end else None), tuple(excluded)


@rule(
    "? 碳库选择",
    zh="地上和地下生物质必须计入；灌木、枯死木、枯落物、土壤有机碳可选，不选视为保守忽略。",
    en="Above- and belowground biomass are always counted; shrubs, dead wood, litter and soil may be chosen, and are "
    "conservatively left out otherwise.",
)
def gross_removal_t(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of the project's trees and of the chosen pools over the whole period. [t CO2e]"""
    allowed = p["optional_pools"].at(day).value
    assert isinstance(allowed, list)
    for pool in inputs.pool_change_co2e_t:
        if pool not in allowed:
            raise DomainError("methods.unknown_pool", pool=pool, allowed=", ".join(map(str, allowed)))
    return math.fsum([inputs.tree_change_co2e_t, *inputs.pool_change_co2e_t.values()])


@rule(
    "? 基准线",
    zh="基准线为继续原有土地利用；原有散生林木的清除量从项目清除量中扣除，基准线损失不增加项目减排量。",
    en="The baseline is the former land use going on; what woody plants there would have taken up is subtracted, and "
    "a loss in the baseline adds nothing.",
)
def baseline_t(inputs: AfforestationInputs, *, day: date, p: Mapping[str, Dated]) -> float:
    """What would have been taken up anyway over the whole period, as a negative number. [t CO2e]"""
    return -max(inputs.baseline_removal_co2e_t, 0.0)


@rule(
    "? 森林火灾",
    zh="火灾非 CO2 排放 = 过火面积 × 上次核查的地上生物量 × COMF ×（CH4 排放因子 × GWP + N2O 排放因子 × GWP）；"
    "首次核查前为零；火灾 CO2 已含在碳储量变化中。",
    en="Non-CO2 of a fire = area burnt x aboveground biomass at the last verification x COMF x (EF CH4 x GWP + EF N2O "
    "x GWP); none before the first verification; its CO2 is in the stock change already.",
)
def fire_t(fire: Fire, *, day: date, p: Mapping[str, Dated]) -> float:
    """CH4 and N2O of one fire, as a negative number. [t CO2e]

    A stand younger than the youngest row of its climate takes the largest factor of that climate.
    """
    rows: Any = p["combustion_factor"].at(day).value
    steps = [(age_from, factor) for climate, age_from, factor in rows if climate == fire.climate]
    reached = [factor for age_from, factor in steps if age_from <= fire.age_yr]
    factor = reached[-1] if reached else max(factor for _, factor in steps)
    edition = str(p["gwp_edition"].at(day).value)
    burnt_t = 0.0 if fire.crown_untouched else fire.area_ha * fire.agb_last_verified_t_ha * factor
    co2e_kg = 0.0
    for gas, name in (("CH4", "ef_ch4"), ("N2O", "ef_n2o")):
        factors: Any = p[name].at(day).value
        # g per kg is kg per t of dry matter
        gas_kg = burnt_t * dict(factors)[fire.climate]
        co2e_kg += gas_kg * p[gwp_name(edition, gas)].at(day).number()
    return -co2e_kg * conversion_factor("kg", "t")


@rule(
    "? 泄漏",
    zh="符合适用条件的项目泄漏为零。",
    en="A project that meets the conditions has no leakage.",
)
def leakage_t(*, day: date, p: Mapping[str, Dated]) -> float:
    """Leakage, as a number that is not positive. [t CO2e]"""
    return -p["leakage_co2e_t"].at(day).number()


@rule(
    "? 不确定性",
    zh="项目林木碳储量变化的相对误差 U（90% 置信水平）按分档扣减，无论变化正负均使减排量减少；超过最高档须增加样地。",
    en="The relative error U (90 % confidence) of the change of the project's trees sets a share of that change that "
    "is deducted, lowering the claim whether the change is positive or negative; beyond the last band more plots are "
    "needed.",
)
def uncertainty_share(u_rel: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """Share of the size of the trees' change that is deducted. [1]

    Raises
    ------
    DomainError
        If U is above the last band; the facts say how far it must fall and how many times the plots that takes.
    """
    bands: Any = p["uncertainty_bands"].at(day).value
    for u_max, share in bands:
        if u_rel <= u_max:
            return float(share)
    last = bands[-1][0]
    # A sampling error falls with the square root of the number of plots.
    plots = (u_rel / last) * (u_rel / last)
    raise DomainError("methods.too_uncertain", u=f"{u_rel:.1%}", u_max=f"{last:.0%}", plots=f"{plots:.2f}")


@rule(
    "? 项目减排量",
    zh="项目减排量 =（项目清除量 − 排放 − 基准线 − 泄漏）×（1 − K_RISK）；合计为负时不作非持久性扣减，以免缩小损失。",
    en="The net is (project change - emissions - baseline - leakage) x (1 - K_RISK); a negative sum is not made "
    "smaller by it.",
)
def permanence_t(before_t: float, *, day: date, p: Mapping[str, Dated]) -> float:
    """What is held back for the risk of reversal, as a number that is not positive. [t CO2e]"""
    return -p["k_risk"].at(day).number() * max(before_t, 0.0)
