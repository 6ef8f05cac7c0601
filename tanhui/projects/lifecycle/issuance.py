"""Who gets the units of an issuance: the owner, and what the rule book takes at issuance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_CEILING, Decimal

from tanhui.kernel.errors import DomainError
from tanhui.projects.lifecycle.rulebook import RuleBook

__all__ = ["OWNER", "issue_shares", "issue_split"]

OWNER = "owner"


def issue_split(book: RuleBook, units: int, on: date) -> dict[str, int]:
    """The units of an issuance by who gets them.

    What is taken is rounded up to a whole unit, and the owner has the rest, so that the parts add up exactly.

    Parameters
    ----------
    book : RuleBook
        Its table ``units`` names a share for each taker, for example ``share_of_proceeds``.
    units : int
        Units issued.
    on : date
        The day whose shares are in force.

    Raises
    ------
    DomainError
        If the shares take more than there is.
    """
    taken = {taker: _ceiling(units * share) for taker, share in _shares(book, on).items()}
    if units < 0 or sum(taken.values()) > units:
        raise DomainError("rulebook.shares_too_large", units=units, taken=sum(taken.values()))
    return {**taken, OWNER: units - sum(taken.values())}


def issue_shares(
    book: RuleBook, units: Mapping[str, int], targets: Mapping[str, str], on: date
) -> list[tuple[str, dict[str, int]]]:
    """The ``shares`` of an issue order: what the rule book takes, as pairs of a place and its units of each vintage.

    Parameters
    ----------
    units : mapping of str to int
        What is to be issued of each vintage, in the units of the batches.
    targets : mapping of str to str
        Where each taker's units go: an account, or ``@cancelled`` for what is taken out of the world at once.

    Raises
    ------
    DomainError
        If a taker has no target.
    """
    missing = sorted(book.units.keys() - targets.keys())
    if missing:
        raise DomainError("rulebook.taker_without_target", book=book.id, takers=", ".join(missing))
    splits = {vintage: issue_split(book, count, on) for vintage, count in units.items()}
    return [(targets[taker], {vintage: split[taker] for vintage, split in splits.items()}) for taker in book.units]


def _shares(book: RuleBook, on: date) -> dict[str, Decimal]:
    return {taker: Decimal(str(book.at(name, on).number())) for taker, name in book.units.items()}


def _ceiling(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))
