"""The ledger's arithmetic: what legs do to holdings and amounts. Pure.

Every unit of a registry is a number on one line, every holding an interval of it. Acts only cut intervals and change
their places, so nothing can be created or lost on the way: the holdings tile the issued line before and after. Amounts
only move between places, the issuer's among them, so that those of an asset always add up to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tanhui.registry.errors import InsufficientUnits, RegistryError
from tanhui.registry.model import FINAL, ISSUANCE, SERIAL_LIMIT, AmountLeg, Batch, Holding, Interval, Leg, Place
from tanhui.registry.shelves import Book
from tanhui.registry.state import AmountKey, State, in_order

__all__ = ["ledger_faults", "move", "move_amount", "settle", "take"]


def take(held: Iterable[Holding], batch: str, source: str, units: int) -> Iterator[tuple[Interval, Place]]:
    """Pieces of what is held, lowest serial first, that make up ``units``.

    Parameters
    ----------
    held : iterable of Holding
        What ``source`` may give of ``batch``, in order of serials; read only as far as needed.

    Raises
    ------
    RegistryError
        If nothing would move.
    InsufficientUnits
        If less is held than asked for; some pieces were given by then.
    """
    if units < 1:
        raise RegistryError("registry.nothing_to_move", units=units)
    missing = units
    for holding in held:
        first = holding.serials.first
        end = min(holding.serials.end, first + missing)
        yield Interval(first, end), holding.place
        missing -= end - first
        if not missing:
            return
    raise InsufficientUnits(account=source, batch=batch, asked=units, held=units - missing)


def move(state: State, legs: Iterable[Leg], amounts: Iterable[AmountLeg] = ()) -> None:
    """Carry out legs, one after the other."""
    for leg in legs:
        settle(state.book, leg)
    for amount in amounts:
        move_amount(state, amount)


def settle(book: Book, leg: Leg) -> None:
    """Carry out one leg.

    Raises
    ------
    RegistryError
        If the source does not hold all of the serials, they are used up, or already issued.
    """
    if leg.source.owner in FINAL:
        raise RegistryError("registry.final", serials=str(leg.serials))
    near = book.near(leg.serials)
    met = [holding for holding in near if holding.serials.overlaps(leg.serials)]
    rest: list[Holding] = []
    if leg.source.owner == ISSUANCE:
        if met:
            raise RegistryError("registry.already_issued", serials=str(leg.serials))
    else:
        if len(met) != 1 or not _holds(met[0], leg):
            raise RegistryError("registry.not_held", account=str(leg.source), serials=str(leg.serials))
        rest = _around(met[0], leg.serials)
    joined = [holding for holding in near if _joins(holding, leg)]
    first = min([leg.serials.first, *(holding.serials.first for holding in joined)])
    end = max([leg.serials.end, *(holding.serials.end for holding in joined)])
    book.replace((*met, *joined), (*rest, Holding(Interval(first, end), leg.batch, leg.target)))


def move_amount(state: State, leg: AmountLeg) -> None:
    """Carry out one leg of an amount. Only an asset's issuer may owe."""
    if leg.amount < 1:
        raise RegistryError("registry.nothing_to_move", units=leg.amount)
    source, target = (leg.asset, leg.source), (leg.asset, leg.target)
    held, there = state.amounts.get(source) or 0, state.amounts.get(target) or 0
    if max(leg.amount, there + leg.amount, leg.amount - held) > SERIAL_LIMIT:
        raise RegistryError("registry.amount_too_large", amount=leg.amount)
    if held < leg.amount and leg.source.owner != ISSUANCE:
        raise InsufficientUnits(account=str(leg.source), batch=leg.asset, asked=leg.amount, held=held)
    for key, much in ((source, held - leg.amount), (target, there + leg.amount)):
        state.amounts.put(key, much or None)
        if not key[1].free:
            _note_locked(state, key, much)


def _note_locked(state: State, key: AmountKey, much: int) -> None:
    """Keep the list of places under each of the encumbrances on one."""
    for lock in key[1].locks:
        listed = {*(state.purses.get(lock) or ())} - {key}
        state.purses.put(lock, in_order(listed | {key} if much else listed) or None)


def _holds(holding: Holding, leg: Leg) -> bool:
    return holding.batch == leg.batch and holding.place == leg.source and holding.serials.contains(leg.serials)


def _joins(holding: Holding, leg: Leg) -> bool:
    """Whether a neighbour becomes one piece with what comes beside it."""
    return (
        holding.batch == leg.batch
        and holding.place == leg.target
        and (holding.serials.end == leg.serials.first or holding.serials.first == leg.serials.end)
    )


def _around(holding: Holding, taken: Interval) -> list[Holding]:
    """What stays of a holding when an interval is taken out of it."""
    whole = holding.serials
    rest = [(whole.first, taken.first), (taken.end, whole.end)]
    return [Holding(Interval(first, end), holding.batch, holding.place) for first, end in rest if first < end]


def ledger_faults(batches: Sequence[Batch], holdings: Sequence[Holding]) -> list[str]:
    """What is wrong with a set of batches and holdings, both in order of serials; empty where they tile the line.

    Parameters
    ----------
    batches, holdings : sequence
        All of a registry's.
    """
    faults = _line_faults([batch.serials for batch in batches]) + _line_faults([row.serials for row in holdings])
    issued = {batch.id: batch.serials for batch in batches}
    if sum(interval.units for interval in issued.values()) != sum(row.serials.units for row in holdings):
        faults.append("units held are not the units issued")
    faults += [
        f"holding {holding.serials}: not of batch {holding.batch}"
        for holding in holdings
        if holding.batch not in issued or not issued[holding.batch].contains(holding.serials)
    ]
    faults += [
        f"holding {left.serials}: not joined with {right.serials}"
        for left, right in pairwise(holdings)
        if (left.batch, left.place, left.serials.end) == (right.batch, right.place, right.serials.first)
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
