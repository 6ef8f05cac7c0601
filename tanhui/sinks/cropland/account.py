"""The account of a farm: soil carbon, gases, and what carbon is worth beside the crops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.cropland.checks import check
from tanhui.sinks.cropland.emissions import AMOUNTS, BEFORE, emissions_t_yr
from tanhui.sinks.cropland.income import carbon_income, carbon_share, price_for_share
from tanhui.sinks.cropland.soil import PER_CENT, passed_share, rate_pct_yr, stocks_t_ha
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value
from tanhui.sinks.soil.no_till import NO_TILLAGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["account"]

Rows = Mapping[str, "NDArray[Any]"]
#: Against what a claim is held: quantity domains, in this order.
TIER1, TRIALS = "Tier 1", "trials, northeast China"


def account(given: Given, factors: Factors) -> Outcome:
    """Soil, nitrous oxide, lime and fuel of all fields over the years, against the practice before where it is told."""
    check(given)
    fields, years = given.rows("fields"), int(given["years"])
    area = fields["area_ha"]
    before, after = (stocks_t_ha(fields, when, given["edition"], factors) for when in ("before", "after"))
    gained = (after - before) * passed_share(years)
    total = float(gained @ area)
    rate = rate_pct_yr(float(before @ area), float(after @ area))
    lines = [*_soil_lines(fields, total), *_gas_lines(fields, years, factors)]
    values = [
        Value("soc_stock_change_t", total, years),
        Value("soc_stock_change_t_ha", total / float(area.sum()), years),
        Value("cropland_soc_rate_pct_yr", rate, years),
        *_claim(given, rate, factors),
    ]
    notes = _notes(given, fields, rate, years)
    if given.has("carbon_price") or given.has("income_share_wanted"):
        removal = _removal_t_yr(fields, lines, years, factors)
        values += _money(given, fields, removal)
        notes.append("note.cropland.change_is_paid")
    rows = {"field": list(fields["field"]), "soc_before_t_ha": before.tolist(), "soc_change_t_ha": gained.tolist()}
    return Outcome(values, lines, years, notes, rows)


def _soil_lines(fields: Rows, total_t: float) -> list[Line]:
    """Topsoil by Tier 1, and below it what was measured."""
    lines = [Line("soil", total_t * CO2_PER_C)]
    below = fields["subsoil_change_t_ha"]
    if not np.isnan(below).all():
        lines.append(Line("subsoil", float(np.nan_to_num(below) @ fields["area_ha"]) * CO2_PER_C))
    return lines


def _gas_lines(fields: Rows, years: int, factors: Factors) -> list[Line]:
    """Gases of the practice now, and as one line those that the practice before would have given off."""
    now = emissions_t_yr(fields, factors)
    lines = [Line(name, -t * years) for name, t in now.items()]
    if _compared(fields):
        lines.append(Line("baseline", sum(emissions_t_yr(fields, factors, before=True).values()) * years))
    return lines


def _compared(fields: Rows) -> bool:
    return any(not np.isnan(fields[f"{BEFORE}{name}"]).all() for name in AMOUNTS)


def _removal_t_yr(fields: Rows, lines: list[Line], years: int, factors: Factors) -> float:
    """Net change of a year that could be paid for; gases of which no change is told cancel. [t CO2e/yr]"""
    net = sum(line.co2e_t for line in lines)
    if not _compared(fields):
        net += sum(emissions_t_yr(fields, factors).values()) * years
    return net / years


def _claim(given: Given, rate: float, factors: Factors) -> list[Value]:
    """What a claim says beyond Tier 1 and beyond field trials, in per cent of the stock a year."""
    if not given.has("claim_pct_yr"):
        return []
    trials = PER_CENT * factors("no_till_response") / factors("no_till_peak_years")
    claimed, years = given["claim_pct_yr"], int(given["years"])
    return [
        Value("cropland_soc_rate_pct_yr", trials, years, TRIALS),
        Value("cropland_claim_gap_pct_yr", claimed - rate, years, TIER1),
        Value("cropland_claim_gap_pct_yr", claimed - trials, years, TRIALS),
    ]


def _money(given: Given, fields: Rows, removal_t_yr: float) -> list[Value]:
    crops = float(fields["crop_income_ha_yr"] @ fields["area_ha"])
    deducted = given["deducted_share"]
    values = [Value("cropland_crop_income_yr", crops)]
    if given.has("carbon_price"):
        carbon = carbon_income(given["carbon_price"], removal_t_yr, deducted)
        values += [
            Value("cropland_carbon_income_yr", carbon),
            Value("cropland_carbon_income_share", carbon_share(carbon, crops)),
        ]
    if given.has("income_share_wanted"):
        if removal_t_yr <= 0 or deducted >= 1:
            raise DomainError("cropland.nothing_to_sell", t=f"{removal_t_yr:.3g}")
        price = price_for_share(given["income_share_wanted"], crops, removal_t_yr, deducted)
        values.append(Value("cropland_carbon_price_wanted", price))
    return values


def _notes(given: Given, fields: Rows, rate: float, years: int) -> list[str]:
    notes = []
    new = (fields["tillage_after"] == NO_TILLAGE) & (fields["tillage_before"] != NO_TILLAGE)
    if new.any() and np.isnan(fields["subsoil_change_t_ha"][new]).any():
        notes.append("note.cropland.topsoil_only")
    if passed_share(years) == 1:
        notes.append("note.cropland.at_rest")
    if given.has("claim_pct_yr") and given["claim_pct_yr"] > rate:
        times = f"{given['claim_pct_yr'] / rate:.1f}" if rate > 0 else "∞"
        notes.append(f"note.cropland.claim_beyond:{times}")
    return notes
