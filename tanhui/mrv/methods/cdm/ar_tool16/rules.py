"""Conditions and equations of AR-TOOL16 v01.1.0. No rule holds a number; a gain of carbon is positive."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import Period, years_later
from tanhui.kernel.units import CO2_PER_C
from tanhui.mrv.methods.cdm.ar_tool16.inputs import Land, SoilInputs, SoilStratum
from tanhui.mrv.methods.rule import rule
from tanhui.mrv.methods.verdict import Finding

__all__ = [
    "baseline_listed",
    "disturbance",
    "initial_stock_c_t_ha",
    "land_kind",
    "litter",
    "preparation_loss_c_t_ha",
    "reference_stock_c_t_ha",
    "soil_change_co2_t",
    "yearly_gain_c_t_ha",
]


@rule(
    "applicability, land",
    zh="不用于湿地和有机土。",
    en="Not for wetland or organic soil.",
)
def land_kind(inputs: SoilInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Mineral soil on dry land."""
    return Finding(_negated(inputs.wetland_or_organic), "methods.cdm_land_kind", ("soil_map",))


@rule(
    "applicability, litter",
    zh="枯落物留在林地。",
    en="Litter stays on the site.",
)
def litter(inputs: SoilInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Litter is not removed."""
    return Finding(inputs.litter_stays, "methods.cdm_litter", ("management_log",))


@rule(
    "applicability, disturbance",
    zh="土壤扰动仅限整地时，20 年内不再扰动。",
    en="The soil is disturbed at site preparation only, and not again within 20 years.",
)
def disturbance(inputs: SoilInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """Disturbed once."""
    facts = {"years": f"{p['transition_years'].at(day).number():g}"}
    return Finding(_negated(inputs.disturbed_again), "methods.cdm_disturbance", ("management_log",), facts)


@rule(
    "applicability, tables 1-2",
    zh="不用于表 1、表 2 所列的基线土地利用。",
    en="Not for the baseline land uses that tables 1 and 2 list.",
)
def baseline_listed(inputs: SoilInputs, *, day: date, p: Mapping[str, Dated]) -> Finding:
    """The tables themselves are unread."""
    return Finding(None, "methods.unread", unread=True)


@rule(
    "table 3",
    zh="参考储量 SOC_REF 按土壤和气候取值，深度 0 至 30 cm（2006 版）。",
    en="The reference stock SOC_REF by soil and climate, 0 to 30 cm, of the 2006 edition.",
)
def reference_stock_c_t_ha(land: Land, *, day: date, p: Mapping[str, Dated]) -> float:
    """SOC_REF. [t C/ha]

    Raises
    ------
    DomainError
        If the table has no value for that soil in that climate.
    """
    rows: Any = p["soc_ref"].at(day).value
    for climate, soil, value in rows:
        if (climate, soil) == (land.climate, land.soil):
            return float(value)
    raise DomainError("methods.cdm_no_reference_stock", soil=land.soil, climate=land.climate)


@rule(
    "eq. (1)",
    zh="初始储量 = SOC_REF × f_LU × f_MG × f_IN（表 4 至 6）。",
    en="The initial stock is SOC_REF x f_LU x f_MG x f_IN, of tables 4 to 6.",
)
def initial_stock_c_t_ha(land: Land, *, day: date, p: Mapping[str, Dated]) -> float:
    """Stock of land under its use. [t C/ha]

    Raises
    ------
    DomainError
        If the tables have no such management or input for that use.
    """
    reference = reference_stock_c_t_ha(land, day=day, p=p)
    if land.use == "native":
        return reference
    regimes: Any = p["factor_climate"].at(day).value
    regime = dict(regimes)[land.climate]
    asked = {"f_lu": land.use, "f_mg": land.management, "f_in": land.inputs}
    factors = [_factor(p[name].at(day).value, land.use, wanted, regime, name) for name, wanted in asked.items()]
    return reference * math.prod(factors)


def _factor(rows: Any, use: str, wanted: str, regime: str, name: str) -> float:
    for of_use, of_class, of_regime, value in rows:
        if (of_use, of_class) == (use, wanted) and of_regime in (regime, "any"):
            return float(value)
    raise DomainError("methods.cdm_no_soil_factor", factor=name, use=use, wanted=wanted, climate=regime)


@rule(
    "eq. (2), (3)",
    zh="超出基线的土壤扰动面积大于层面积的 10% 时，损失初始储量的 10%，否则为零。",
    en="Where more than 10 % of the stratum is disturbed beyond the baseline, a tenth of the initial stock is lost; "
    "otherwise nothing.",
)
def preparation_loss_c_t_ha(
    initial_c_t_ha: float, disturbed_fraction: float, *, day: date, p: Mapping[str, Dated]
) -> float:
    """What site preparation costs. [t C/ha]"""
    if disturbed_fraction > p["disturbed_max"].at(day).number():
        return p["loss_share"].at(day).number() * initial_c_t_ha
    return 0.0


@rule(
    "eq. (4)-(7)",
    zh="整地后 20 年内每年增加（SOC_REF −（初始 − 损失））/ 20，每公顷每年不超过 0.8 t C。",
    en="In the 20 years after site preparation the soil gains (SOC_REF - (initial - loss)) / 20 a year, at most 0.8 "
    "t C per hectare and year.",
)
def yearly_gain_c_t_ha(
    reference_c_t_ha: float, initial_c_t_ha: float, loss_c_t_ha: float, *, day: date, p: Mapping[str, Dated]
) -> float:
    """Gain per year after the year of preparation. [t C/ha/yr]"""
    rate = (reference_c_t_ha - (initial_c_t_ha - loss_c_t_ha)) / p["transition_years"].at(day).number()
    return min(rate, p["rate_max"].at(day).number())


@rule(
    "eq. (4), (8)",
    zh="整地前为零，整地当年损失，其后 20 年增加；核算期按天数计入，44/12 换算。",
    en="Nothing before site preparation, the loss in its year, the gain in the 20 years after; a period counts by its "
    "days, times 44/12.",
)
def soil_change_co2_t(x: SoilStratum, period: Period, *, day: date, p: Mapping[str, Dated]) -> float:
    """Change of a stratum's soil over a period. [t CO2]

    The year of preparation is the twelve months from its first day.
    """
    initial = initial_stock_c_t_ha(x.land, day=day, p=p)
    loss = preparation_loss_c_t_ha(initial, x.disturbed_fraction, day=day, p=p)
    gain = yearly_gain_c_t_ha(reference_stock_c_t_ha(x.land, day=day, p=p), initial, loss, day=day, p=p)
    after = years_later(x.prepared_on, 1)
    years = int(p["transition_years"].at(day).number())
    lost = _share(period, Period(x.prepared_on, after))
    gained = _share(period, Period(after, years_later(after, years))) * years
    return CO2_PER_C * x.area_ha * (gain * gained - loss * lost)


def _negated(answer: bool | None) -> bool | None:
    """No for yes, yes for no, and no answer for none."""
    return None if answer is None else not answer


def _share(period: Period, span: Period) -> float:
    """What of a span lies in the period. [1]"""
    common = period.overlap(span)
    return 0.0 if common is None else common.days / span.days
