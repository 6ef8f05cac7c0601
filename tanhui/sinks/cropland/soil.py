"""Soil carbon of fields by Tier 1: the stock each practice leads to, and how fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.parameters import Leaf
from tanhui.sinks.frame import Factors
from tanhui.sinks.soil.checks import limit
from tanhui.sinks.soil.tier1 import Condition
from tanhui.sinks.soil.tier1_leaves import stock_t_ha

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["passed_share", "rate_pct_yr", "stocks_t_ha"]

Rows = Mapping[str, "NDArray[Any]"]
USUAL_USE = "annual_crops"
PER_CENT = 100
#: What a table of fields calls an input class, and what Tier 1 calls it.
INPUTS = {
    "low": "cropland_low",
    "medium": "medium",
    "high without manure": "cropland_high_without_manure",
    "high with manure": "cropland_high_with_manure",
}


def stocks_t_ha(fields: Rows, when: str, edition: str, factors: Factors) -> Array:
    """The stock, 0-30 cm, that each field comes to under its practice ``before`` or ``after``. [t C/ha] shape (n,)"""
    use = np.where(fields["land_use"] == "", USUAL_USE, fields["land_use"])
    columns = (fields["soil"], fields["climate"], use, fields[f"tillage_{when}"], fields[f"input_{when}"])
    conditions = [
        Condition(str(soil), str(zone), str(land), str(tillage), INPUTS[str(inputs)])
        for soil, zone, land, tillage, inputs in zip(*columns, strict=True)
    ]
    take = _taking(factors)
    known = {condition: stock_t_ha(condition, edition, take) for condition in dict.fromkeys(conditions)}
    return np.array([known[condition] for condition in conditions])


def _taking(factors: Factors) -> Callable[[Leaf], float]:
    """Takes a number of Tier 1, or the user's own: ``[factors]`` may name ``f_mg/no_tillage`` or ``soc_ref/<soil>``."""

    def take(leaf: Leaf) -> float:
        _, name, kind, _ = leaf.id.split("/")
        own = factors.own.get(f"{name}/{kind}")
        return factors.take(leaf if own is None else replace(own, unit=leaf.unit))

    return take


def passed_share(years: float) -> float:
    """Share of the way to the new stock that is passed after some years: a line that ends with the transition. [1]"""
    return min(years / limit("transition_yr"), 1.0)


def rate_pct_yr(before_t: float, after_t: float) -> float:
    """Mean gain over the transition, in per cent of the first stock a year. [%/yr]"""
    return PER_CENT * (after_t / before_t - 1.0) / limit("transition_yr")
