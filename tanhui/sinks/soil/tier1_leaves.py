"""Tier 1 of the IPCC as leaves that a sink can take: each reference stock and factor with its error and source."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

from tanhui.kernel.parameters import Leaf
from tanhui.sinks.soil.tier1 import Condition, Factor, Tier1Stock, tier1_stock

__all__ = ["stock_t_ha", "tier1_leaves"]

#: Standard errors in half the interval that the tables print: 95 % of a stock, two standard deviations of a factor.
HALF_95, HALF_FACTOR = NormalDist().inv_cdf(0.975), 2.0
NAMES = ("f_lu", "f_mg", "f_i")


def tier1_leaves(condition: Condition, edition: str) -> tuple[Leaf, ...]:
    """Reference stock and the three factors of a condition; the cautions are those of :func:`tier1_stock`."""
    stock = tier1_stock(condition, edition)
    return _leaves(stock, condition)


def stock_t_ha(condition: Condition, edition: str, take: Callable[[Leaf], float]) -> float:
    """The stock of a condition, each number taken through ``take``, so that a run knows it and can move it. [t C/ha]"""
    product = 1.0
    for leaf in tier1_leaves(condition, edition):
        product *= take(leaf)
    return product


def _leaves(stock: Tier1Stock, asked: Condition) -> tuple[Leaf, ...]:
    classes = (asked.soil, asked.land_use, asked.management, asked.inputs)
    numbers = (stock.soc_ref, *stock.factors)
    return tuple(
        _leaf(stock.edition, name, kind, asked.climate, number)
        for name, kind, number in zip(("soc_ref", *NAMES), classes, numbers, strict=True)
    )


def _leaf(edition: str, name: str, kind: str, climate: str, number: Factor) -> Leaf:
    assert number.checked_on is not None, "a row of a table says when it was checked"
    return Leaf(
        id=f"soil_{edition}/{name}/{kind}/{climate}",
        value=number.value,
        unit="t C/ha" if name == "soc_ref" else "1",
        reference=number.reference,
        status=number.status,
        checked_on=number.checked_on,
        place=number.place,
        se=number.value * number.half_width_share / (HALF_95 if name == "soc_ref" else HALF_FACTOR),
    )
