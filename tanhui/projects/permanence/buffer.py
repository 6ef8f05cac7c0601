"""The buffer: whether a rule book has one, and how much a project puts in."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.projects.lifecycle.rulebook import RuleBook

__all__ = ["NaturalRisk", "buffer_contribution", "check_buffer", "natural_risk_score", "natural_risk_table"]


@dataclass(frozen=True, slots=True)
class NaturalRisk:
    """One natural risk: what it takes, how often it comes, and what is done against it.

    ``severity`` and ``recurrence`` are classes of ``data/rulebooks/natural_risk.csv``; ``mitigation`` is ``none``,
    ``one`` or ``both`` of prevention and proven history.
    """

    name: str
    severity: str
    recurrence: str
    mitigation: str = "none"


def check_buffer(book: RuleBook) -> None:
    """Refuse to move a buffer under a rule book that has none."""
    if book.permanence.kind != "buffer":
        raise DomainError("permanence.no_buffer", book=book.id)


@cache
def natural_risk_table() -> Mapping[tuple[str, str], Decimal | None]:
    """Score of a natural risk by severity and recurrence; nothing where the project fails."""
    with data_path("rulebooks", "natural_risk.csv").open(encoding="utf-8", newline="") as table:
        return {
            (row["severity"], row["recurrence"]): Decimal(row["score"]) if row["score"] else None
            for row in csv.DictReader(table)
        }


def natural_risk_score(book: RuleBook, risks: list[NaturalRisk], on: date) -> Decimal:
    """The rating for natural risks: the sum over them of score times mitigation.

    Raises
    ------
    DomainError
        If a class is unknown, or a risk is one that no project may have.
    """
    total = Decimal(0)
    for risk in risks:
        known, scores = book.permanence.rates, natural_risk_table()
        mitigation = known.get(f"mitigation_{risk.mitigation}")
        facts = {"severity": risk.severity, "recurrence": risk.recurrence}
        if (risk.severity, risk.recurrence) not in scores or mitigation is None:
            raise DomainError("permanence.unknown_risk", mitigation=risk.mitigation, **facts)
        score = scores[risk.severity, risk.recurrence]
        if score is None:
            raise DomainError("permanence.risk_fails", risk=risk.name, **facts)
        total += score * Decimal(str(book.at(mitigation, on).number()))
    return total


def buffer_contribution(book: RuleBook, stock_change_t: int, rating: Decimal | int, on: date) -> int:
    """Units of an issuance that go into the buffer, rounded up.

    Parameters
    ----------
    book : RuleBook
        With a buffer, and its lowest and highest rating.
    stock_change_t : int
        Change in carbon stock that is credited; emissions avoided otherwise carry no risk of reversal. [t CO2e]
    rating : Decimal or int
        Overall risk rating: internal, external and natural risks together. A fraction is rounded up first. [%]

    Raises
    ------
    DomainError
        If the book has no buffer, an amount is negative, or the rating is too high.
    """
    check_buffer(book)
    for name, value in (("stock_change_t", stock_change_t), ("rating", rating)):
        if value < 0:
            raise DomainError("permanence.negative", name=name, value=value)
    lowest, highest = (Decimal(str(book.at(book.permanence.rates[key], on).number())) for key in ("min", "max"))
    percent = max(Decimal(rating).to_integral_value(ROUND_CEILING), lowest)
    if percent > highest:
        raise DomainError("permanence.rating_fails", rating=percent, limit=highest)
    return int((stock_change_t * percent / 100).to_integral_value(ROUND_CEILING))
