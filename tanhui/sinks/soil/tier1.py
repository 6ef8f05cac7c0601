"""Tier 1 of the IPCC for mineral soils: a reference stock to 30 cm, times factors of use, management and input.

An edition is always named and never mixed with another: its reference stocks and its factors were fitted together.
Tables are carried for the 2006 Guidelines and the 2019 Refinement; a caller can bring numbers of another edition as a
:class:`Tier1Stock`. Organic soils are outside the method.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import date
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status, worst
from tanhui.sinks.soil import checks

__all__ = ["Condition", "Factor", "Tier1Stock", "annual_change_t_ha", "is_sandy", "stock_after_t_ha", "tier1_stock"]

EDITIONS = ("ipcc2006", "ipcc2019")
ANY_CLIMATE = "any"


@dataclass(frozen=True, slots=True)
class Condition:
    """What the table is asked for; each name is one of its classes."""

    soil: str
    climate: str
    land_use: str
    management: str
    inputs: str


@dataclass(frozen=True, slots=True)
class Factor:
    """A reference stock or a factor, with half its 95 % interval as a share of it. [t C/ha] or [1]

    The value and its interval can come from different hands, so each has a status of its own.
    """

    value: float
    half_width_share: float = 0.0
    reference: str = ""
    place: str = ""
    status: Status = Status.SCENARIO
    half_width_status: Status = Status.SCENARIO
    checked_on: date | None = None


@dataclass(frozen=True, slots=True)
class Tier1Stock:
    """The stock a soil comes to under a condition that lasts, to 30 cm. ``cautions`` are wording keys."""

    edition: str
    soc_ref: Factor
    factors: tuple[Factor, ...]
    cautions: tuple[str, ...] = ()

    @property
    def t_ha(self) -> float:
        """Reference stock times all factors. [t C/ha]"""
        return self.soc_ref.value * math.prod(factor.value for factor in self.factors)

    @property
    def half_width_share(self) -> float:
        """Half the 95 % interval as a share of the stock; errors taken as independent and added in quadrature. [1]"""
        return math.hypot(*(factor.half_width_share for factor in (self.soc_ref, *self.factors)))

    @property
    def status(self) -> Status:
        """The worst status of the values that went in."""
        return worst(factor.status for factor in (self.soc_ref, *self.factors))

    @property
    def half_width_status(self) -> Status:
        """The worst status of their intervals."""
        return worst(factor.half_width_status for factor in (self.soc_ref, *self.factors))


def tier1_stock(condition: Condition, edition: str) -> Tier1Stock:
    """The stock of a condition, from the table of one edition."""
    if edition not in EDITIONS:
        raise DomainError("soil.no_edition", edition=edition, known=", ".join(EDITIONS))
    asked = {"f_lu": condition.land_use, "f_mg": condition.management, "f_i": condition.inputs}
    factors = tuple(_factor(edition, quantity, name, condition.climate) for quantity, name in asked.items())
    cautions = ("soil.note.no_till",) if condition.management == "no_tillage" else ()
    return Tier1Stock(edition, _factor(edition, "soc_ref", condition.soil, condition.climate), factors, cautions)


def annual_change_t_ha(first: Tier1Stock, last: Tier1Stock, inventory_yr: float = 0.0) -> float:
    """Mean yearly change over the transition, or over the inventory's years where these are more. [t C/ha/yr]"""
    _refuse_mixing(first, last)
    years = max(checks.limit("transition_yr"), float(checks.not_negative("inventory_yr", inventory_yr)))
    return (last.t_ha - first.t_ha) / years


def stock_after_t_ha(first: Tier1Stock, last: Tier1Stock, years: float) -> float:
    """Stock some years after the change: a straight line that ends with the transition. [t C/ha]"""
    _refuse_mixing(first, last)
    passed = float(checks.not_negative("years", years)) / checks.limit("transition_yr")
    return first.t_ha + (last.t_ha - first.t_ha) * min(passed, 1.0)


def is_sandy(sand_share: float, clay_share: float) -> bool:
    """Whether the method takes a mineral soil as sandy, whatever its other properties."""
    checks.check_texture(sand_share, clay_share)
    return sand_share > checks.limit("sandy_sand_above") and clay_share < checks.limit("sandy_clay_below")


def _refuse_mixing(first: Tier1Stock, last: Tier1Stock) -> None:
    if first.edition != last.edition:
        raise DomainError("soil.editions_mixed", first=first.edition, second=last.edition)
    if first.soc_ref.value != last.soc_ref.value:
        raise DomainError("soil.other_reference", first=first.soc_ref.value, second=last.soc_ref.value)


def _factor(edition: str, quantity: str, name: str, climate: str) -> Factor:
    table = _table(edition)
    for place in (climate, ANY_CLIMATE):
        if (quantity, name, place) in table:
            return table[quantity, name, place]
    known = sorted({key[1] for key in table if key[0] == quantity and key[2] in (climate, ANY_CLIMATE)})
    raise DomainError(
        "soil.no_factor", edition=edition, quantity=quantity, asked=name, climate=climate, known=", ".join(known)
    )


@cache
def _table(edition: str) -> dict[tuple[str, str, str], Factor]:
    with data_path("soil", f"tier1_{edition}.csv").open(encoding="utf-8", newline="") as table:
        return {
            (row["quantity"], row["class"], row["climate"]): Factor(
                float(row["value"]),
                float(row["half_width_pct"]) / 100,
                row["reference"],
                row["place"],
                Status.parse(row["status"]),
                Status.parse(row.get("half_width_status", row["status"])),
                date.fromisoformat(row["checked_on"]),
            )
            for row in csv.DictReader(table)
        }
