"""Costs and prices as data, and the cash lines they make of tonnes and hectares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.units import MU_PER_HA
from tanhui.projects.investment import CashLine, InvestmentAnalysis, analyse
from tanhui.projects.model import Part

__all__ = ["CarbonSales", "CostItem", "Costs", "cash_lines", "money", "read_costs", "sales"]

StatusWord = Literal["primary", "secondary", "recalled", "scenario"]


class Sourced(Part):
    """A number with where it is from."""

    zh: str = ""
    en: str = ""
    unit: Literal["CNY", "1"] = "CNY"
    value: float = Field(ge=0)
    reference: str = ""
    status: StatusWord = "recalled"
    checked_on: date | None = None
    per: str = ""


class CostItem(Sourced):
    """A cost or an income, per hectare, project, tonne or share of the carbon income, and when it falls due."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    kind: Literal["cost", "income"] = "cost"
    #: Whether it is there only because carbon is sold.
    carbon: bool = False
    per: Literal["ha", "mu", "project", "t", "income"]
    #: First and last year, 0 the year of the start, -1 the last; without them, at each verification.
    years: tuple[int, int] | None = None
    every: Annotated[int, Field(ge=1)] = 1

    @property
    def on_sale(self) -> bool:
        """Whether it is proportional to what is sold, and so falls due when it is."""
        return self.per in ("t", "income")

    def title(self, lang: str) -> str:
        """What it is called."""
        return (self.zh if lang == "zh" else self.en) or self.zh or self.en or self.id


class Costs(Part):
    """Everything a cost file says; its items replace ours as a whole."""

    price: Sourced | None = None
    benchmark: Sourced | None = None
    items: tuple[CostItem, ...] | None = None

    @model_validator(mode="after")
    def once_each(self) -> Costs:
        """Each item once; names of drivers of our own are taken."""
        ids = [item.id for item in self.items or ()]
        doubled = sorted({i for i in ids if ids.count(i) > 1} | {i for i in ids if i in RESERVED})
        if doubled:
            raise ValueError("scout.item_twice", {"ids": ", ".join(doubled)})
        return self


#: Drivers beside the items.
RESERVED = ("price", "tonnes", "area", "rate", "carbon_income")


@dataclass(frozen=True, slots=True)
class CarbonSales:
    """Tonnes sold in each year of the cash flow, and which years have a verification."""

    first_year: int
    sold_t: tuple[float, ...]
    verified: tuple[bool, ...]


def read_costs(path: Path | None) -> Costs:
    """Our costs, or the person's in their place: items as a whole, price and benchmark each."""
    ours = Costs.model_validate(read_toml(data_path("projects_scout", "costs.toml")))
    if path is None:
        return ours
    from tanhui.projects.scout.files import read_shape

    said = read_shape(path, Costs)
    return Costs(
        price=said.price or ours.price,
        benchmark=said.benchmark or ours.benchmark,
        items=ours.items if said.items is None else said.items,
    )


def sales(years: Sequence[int], cumulative_t: Sequence[float], kept_share: float, every_yr: int) -> CarbonSales:
    """What each verification brings to market: all removals since the one before, less what is held back.

    A verification closes every so many calendar years and at the end of crediting. Between two of them a loss lowers
    what the later one brings, never below nothing.
    """
    count = len(years)
    verified = tuple((n + 1) % every_yr == 0 or n == count - 1 for n in range(count))
    sold, done = [], 0.0
    for n in range(count):
        step = max(cumulative_t[n] - done, 0.0) if verified[n] else 0.0
        done += step
        sold.append(kept_share * step)
    return CarbonSales(years[0], tuple(sold), verified)


def cash_lines(costs: Costs, area_ha: float, carbon: CarbonSales, price_cny_t: float) -> tuple[CashLine, ...]:
    """Cash lines by year. [CNY]"""
    sold = np.array(carbon.sold_t)
    income = price_cny_t * sold
    lines = [CashLine("carbon_income", tuple(income.tolist()), ("price", "tonnes", "area"), carbon=True)]
    for item in costs.items or ():
        sign = 1.0 if item.kind == "income" else -1.0
        base: Any = {"t": sold, "income": income}.get(item.per)
        if base is None:
            size = {"ha": area_ha, "mu": area_ha * MU_PER_HA, "project": 1.0}[item.per]
            base = size * due(item, carbon.verified)
        drivers: Mapping[str, tuple[str, ...]] = {
            "t": ("tonnes", "area"),
            "income": ("price", "tonnes", "area"),
            "project": (),
        }
        named = (item.id, *drivers.get(item.per, ("area",)))
        # What is proportional to sales is there for carbon only.
        lines.append(CashLine(item.id, tuple((sign * item.value * base).tolist()), named, item.carbon or item.on_sale))
    return tuple(lines)


def due(item: CostItem, verified: Sequence[bool]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """1 in the years in which an item falls due."""
    count = len(verified)
    if item.years is None:
        return np.array(verified, float)
    first, last = (year + count if year < 0 else year for year in item.years)
    years = np.arange(count)
    falls = (years >= first) & (years <= last) & ((years - first) % item.every == 0)
    return np.asarray(falls, float)


def money(costs: Costs, area_ha: float, carbon: CarbonSales, price_cny_t: float) -> InvestmentAnalysis:
    """The investment analysis of a first look."""
    assert costs.benchmark is not None
    return analyse(cash_lines(costs, area_ha, carbon, price_cny_t), benchmark=costs.benchmark.value)
