"""What a rule book does about a loss, measure by measure, in its own order.

Each measure takes what it can of the loss and leaves the rest to the next; the last one that counts is the owner's
debt, which takes all. So *lost = netted + cancelled from the buffer + cancelled by the owner + debt*, always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tanhui.kernel.errors import DomainError
from tanhui.kernel.wording import Lang, say
from tanhui.projects.lifecycle.rulebook import RuleBook, Source
from tanhui.projects.permanence.buffer import check_buffer

__all__ = ["MEASURES", "Measure", "ReversalEvent", "Stakes", "respond"]


@dataclass(frozen=True, slots=True)
class ReversalEvent:
    """Tonnes that were credited and are gone, or never were.

    ``cause`` is ``unavoidable`` (a natural event), ``avoidable`` (the owner could have prevented it) or ``over_issue``
    (issued for removals that never were). ``report_sha256`` names the loss report.
    """

    project: str
    day: date
    cause: str
    lost_t: int
    report_sha256: str

    def facts(self) -> dict[str, str]:
        """As the life cycle's event ``report_reversal`` carries it."""
        return {"cause": self.cause, "event_day": self.day.isoformat(), "lost_t": str(self.lost_t)}


@dataclass(frozen=True, slots=True)
class Stakes:
    """What there is to answer a loss with. All in whole tonnes.

    Parameters
    ----------
    next_period_t : int
        Net removal of the running period, not registered yet.
    buffer_t : int
        Units in the buffer that may be cancelled for this project.
    owner_t : int
        Free units of this project in the owner's own account.
    others_t : int
        Units of this project that others hold or have retired.
    deducted_t : int
        What was deducted for the risk of reversal at past issuances.
    """

    next_period_t: int = 0
    buffer_t: int = 0
    owner_t: int = 0
    others_t: int = 0
    deducted_t: int = 0


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing to be done: by whom, how many tonnes, and whether they make good part of the loss."""

    id: str
    who: str
    amount_t: int
    counts: bool
    source: Source

    def text(self, lang: Lang = "en") -> str:
        """The measure in words."""
        return say(f"permanence.measure.{self.id}", lang, amount=self.amount_t)

    def to_dict(self) -> dict[str, Any]:
        """As the log carries it."""
        return {"measure": self.id, "who": self.who, "amount_t": str(self.amount_t)}


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a measure decides its amount from the loss, what is left of it, and what there is.

    ``counts``: it makes good part of the loss. ``of_buffer``: it moves units of the buffer.
    """

    who: str
    amount: Callable[[int, int, Stakes, Mapping[str, int]], int]
    counts: bool = False
    of_buffer: bool = False


MEASURES: dict[str, _Kind] = {
    "deduction_taken": _Kind("registry_operator", lambda lost, rest, has, done: has.deducted_t),
    "net_next_period": _Kind("owner", lambda lost, rest, has, done: min(rest, has.next_period_t), counts=True),
    "cancel_buffer": _Kind(
        "registry_operator", lambda lost, rest, has, done: min(rest, has.buffer_t), counts=True, of_buffer=True
    ),
    "owner_cancels": _Kind("owner", lambda lost, rest, has, done: min(rest, has.owner_t), counts=True),
    "owner_debt": _Kind("owner", lambda lost, rest, has, done: rest, counts=True),
    "replenish_buffer": _Kind("owner", lambda lost, rest, has, done: done.get("cancel_buffer", 0), of_buffer=True),
    "holders_untouched": _Kind("registry_operator", lambda lost, rest, has, done: has.others_t),
    "hold_issuance": _Kind("registry_operator", lambda lost, rest, has, done: 0),
    "hold_trading": _Kind("registry_operator", lambda lost, rest, has, done: has.owner_t),
    "public_notice": _Kind("registry_operator", lambda lost, rest, has, done: lost),
}


def respond(book: RuleBook, event: ReversalEvent, stakes: Stakes) -> list[Measure]:
    """The measures for a loss, in the order of the rule book.

    Parameters
    ----------
    book : RuleBook
        Its table ``permanence.order`` lists the measures for each cause.
    event : ReversalEvent
        What was lost, and why.
    stakes : Stakes
        What there is to answer it with.

    Returns
    -------
    list of Measure
        Those that count add up to ``event.lost_t`` exactly. A measure with nothing to do is left out, unless it is a
        hold or a notice.

    Raises
    ------
    DomainError
        For a negative amount, a cause the book does not know, an unknown measure, or a buffer where there is none.
    """
    amounts = {"lost_t": event.lost_t, **{name: getattr(stakes, name) for name in Stakes.__slots__}}
    for name, value in amounts.items():
        if value < 0:
            raise DomainError("permanence.negative", name=name, value=value)
    if event.cause not in book.permanence.order:
        raise DomainError("permanence.unknown_cause", book=book.id, cause=event.cause)
    order = book.permanence.order[event.cause]
    _check_order(book, order)
    rest, done, measures = event.lost_t, dict[str, int](), list[Measure]()
    for name in order:
        kind = MEASURES[name]
        amount = kind.amount(event.lost_t, rest, stakes, done)
        rest -= amount if kind.counts else 0
        done[name] = amount
        if amount or name in ("hold_issuance", "public_notice"):
            measures.append(Measure(name, kind.who, amount, kind.counts, book.permanence.source))
    return measures


def _check_order(book: RuleBook, order: tuple[str, ...]) -> None:
    """Every measure is known, a buffer is there if one moves it, and the debt takes what the others leave."""
    for name in order:
        if name not in MEASURES:
            raise DomainError("permanence.unknown_measure", book=book.id, measure=name)
        if MEASURES[name].of_buffer:
            check_buffer(book)
    counting = [name for name in order if MEASURES[name].counts]
    if not counting or counting[-1] != "owner_debt":
        raise DomainError("permanence.unknown_measure", book=book.id, measure=", ".join(counting))
