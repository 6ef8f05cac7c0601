"""Who gets the units of an issuance: the owner, and what the rule book takes at issuance."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_CEILING, Decimal

from tanhui.kernel.errors import DomainError
from tanhui.projects.lifecycle.rulebook import RuleBook

__all__ = ["OWNER", "issue_split"]

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
    taken = {}
    for taker, name in book.units.items():
        share = Decimal(str(book.at(name, on).number()))
        taken[taker] = int((units * share).to_integral_value(ROUND_CEILING))
    if units < 0 or sum(taken.values()) > units:
        raise DomainError("rulebook.shares_too_large", units=units, taken=sum(taken.values()))
    return {**taken, OWNER: units - sum(taken.values())}
