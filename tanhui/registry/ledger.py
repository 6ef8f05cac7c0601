"""The ledger's arithmetic: which serials an act moves, and what that does to the holdings. Pure.

Every unit of a registry is a number on one line, every holding an interval of it. Acts only cut intervals and change
their owners, so nothing can be created or lost on the way: the holdings tile the issued line before and after.
:func:`settle` is that one step; :class:`Book` takes it in memory, :mod:`tanhui.registry.store` in a database.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tanhui.registry.errors import InsufficientUnits, RegistryError
from tanhui.registry.model import ISSUANCE, RETIRED, Batch, Holding, Interval, Leg

__all__ = ["Book", "Change", "issue", "ledger_faults", "retire", "settle", "transfer"]


@dataclass(frozen=True, slots=True)
class Change:
    """Holdings that go and holdings that come; both cover the same serials (an issue covers new ones)."""

    removed: tuple[Holding, ...]
    added: tuple[Holding, ...]


def issue(batches: Iterable[Batch], owner: str) -> tuple[Leg, ...]:
    """Legs that bring new batches to their first owner."""
    return tuple(Leg(batch.id, batch.serials, ISSUANCE, owner) for batch in batches)


def transfer(held: Iterable[Holding], batch: str, source: str, target: str, units: int) -> tuple[Leg, ...]:
    """Legs that move ``units`` of a batch to another account, lowest serial first.

    Parameters
    ----------
    held : iterable of Holding
        What ``source`` holds of ``batch``, in order of serials; read only as far as needed.

    Raises
    ------
    RegistryError
        If nothing would move, or the target is the source or no ordinary account.
    InsufficientUnits
        If less is held than asked for.
    """
    if target == source or target.startswith("@"):
        raise RegistryError("registry.target_wrong", account=target)
    return _move(held, batch, source, target, units)


def retire(held: Iterable[Holding], batch: str, account: str, units: int) -> tuple[Leg, ...]:
    """Legs that retire ``units`` of a batch for ever, lowest serial first. Refuses as :func:`transfer` does."""
    return _move(held, batch, account, RETIRED, units)


def _move(held: Iterable[Holding], batch: str, source: str, target: str, units: int) -> tuple[Leg, ...]:
    if units < 1:
        raise RegistryError("registry.nothing_to_move", units=units)
    legs: list[Leg] = []
    missing = units
    for holding in held:
        first = holding.serials.first
        end = min(holding.serials.end, first + missing)
        legs.append(Leg(batch, Interval(first, end), source, target))
        missing -= end - first
        if not missing:
            return tuple(legs)
    raise InsufficientUnits(account=source, batch=batch, asked=units, held=units - missing)


def settle(leg: Leg, near: Sequence[Holding]) -> Change:
    """What one leg does to the holdings.

    Parameters
    ----------
    leg : Leg
        Serials and their old and new owner.
    near : sequence of Holding
        Every holding that overlaps or touches the leg's serials.

    Raises
    ------
    RegistryError
        If the source does not hold all of the serials, they are retired, or already issued.
    """
    if leg.source == RETIRED:
        raise RegistryError("registry.final", serials=str(leg.serials))
    met = [holding for holding in near if holding.serials.overlaps(leg.serials)]
    rest: list[Holding] = []
    if leg.source == ISSUANCE:
        if met:
            raise RegistryError("registry.already_issued", serials=str(leg.serials))
    else:
        if len(met) != 1 or not _holds(met[0], leg):
            raise RegistryError("registry.not_held", account=leg.source, serials=str(leg.serials))
        rest = _around(met[0], leg.serials)
    joined = [
        holding
        for holding in near
        if (holding.batch, holding.owner) == (leg.batch, leg.target)
        and (holding.serials.end == leg.serials.first or holding.serials.first == leg.serials.end)
    ]
    first = min([leg.serials.first, *(holding.serials.first for holding in joined)])
    end = max([leg.serials.end, *(holding.serials.end for holding in joined)])
    return Change((*met, *joined), (*rest, Holding(Interval(first, end), leg.batch, leg.target)))


def _holds(holding: Holding, leg: Leg) -> bool:
    return (holding.batch, holding.owner) == (leg.batch, leg.source) and holding.serials.contains(leg.serials)


def _around(holding: Holding, taken: Interval) -> list[Holding]:
    """What stays of a holding when an interval is taken out of it."""
    whole = holding.serials
    rest = [(whole.first, taken.first), (taken.end, whole.end)]
    return [Holding(Interval(first, end), holding.batch, holding.owner) for first, end in rest if first < end]


class Book:
    """All holdings in memory, in order of serials."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._holdings: list[Holding] = []

    @property
    def holdings(self) -> tuple[Holding, ...]:
        """Every holding, lowest serial first."""
        return tuple(self._holdings)

    def held(self, owner: str, batch: str) -> list[Holding]:
        """What an account holds of a batch, lowest serial first."""
        return [holding for holding in self._holdings if (holding.owner, holding.batch) == (owner, batch)]

    def apply(self, legs: Iterable[Leg]) -> None:
        """Settle all legs, or, where one is refused, none."""
        done: list[Change] = []
        try:
            for leg in legs:
                change = settle(leg, self._near(leg.serials))
                self._replace(change.removed, change.added)
                done.append(change)
        except RegistryError:
            for change in reversed(done):
                self._replace(change.added, change.removed)
            raise

    def _near(self, serials: Interval) -> list[Holding]:
        start = max(bisect_left(self._firsts, serials.first) - 1, 0)
        end = bisect_right(self._firsts, serials.end)
        return [holding for holding in self._holdings[start:end] if holding.serials.end >= serials.first]

    def _replace(self, removed: Iterable[Holding], added: Iterable[Holding]) -> None:
        for holding in removed:
            at = bisect_left(self._firsts, holding.serials.first)
            del self._firsts[at], self._holdings[at]
        for holding in added:
            at = bisect_left(self._firsts, holding.serials.first)
            self._firsts.insert(at, holding.serials.first)
            self._holdings.insert(at, holding)


def ledger_faults(batches: Sequence[Batch], holdings: Sequence[Holding]) -> list[str]:
    """What is wrong with a ledger, in a few words each; empty where it is whole.

    Tiling: batches, and holdings, cover the line from 1 without gap or overlap. Conservation: the units of a batch's
    holdings, retired ones included, are the units issued. Order: no two neighbours could be one.
    """
    faults = [f"batches: {word}" for word in _line_faults([batch.serials for batch in batches])]
    faults += [f"holdings: {word}" for word in _line_faults([holding.serials for holding in holdings])]
    units: dict[str, int] = {}
    for holding in holdings:
        units[holding.batch] = units.get(holding.batch, 0) + holding.serials.units
    issued = {batch.id: batch.serials for batch in batches}
    faults += [
        f"batch {name}: {units.get(name, 0)} units held, {serials.units} issued"
        for name, serials in issued.items()
        if units.get(name, 0) != serials.units
    ]
    faults += [
        f"holding {holding.serials}: outside its batch {holding.batch}"
        for holding in holdings
        if holding.batch not in issued or not issued[holding.batch].contains(holding.serials)
    ]
    faults += [
        f"holding {left.serials}: not joined with {right.serials}"
        for left, right in pairwise(holdings)
        if (left.batch, left.owner, left.serials.end) == (right.batch, right.owner, right.serials.first)
    ]
    return faults


def _line_faults(intervals: Sequence[Interval]) -> list[str]:
    """Gaps and overlaps of intervals that should cover the line from 1 on, in order."""
    faults, expected = [], 1
    for interval in intervals:
        if interval.first != expected:
            word = "gap" if interval.first > expected else "overlap"
            faults.append(f"{word} before {interval}")
        expected = interval.end
    return faults
