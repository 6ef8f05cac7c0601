"""Article 6 of the Paris Agreement: the fields of a first transfer, and corresponding adjustments made exactly once.

The party that first transfers mitigation outcomes adds them to its emissions; the party that uses them subtracts them.
A unit is added once however often it changes hands afterwards, and subtracted at most once, after it was added.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from tanhui.kernel.errors import DomainError, InputError
from tanhui.registry.foreign.serials import UndpSerial
from tanhui.registry.model import Interval

__all__ = ["Adjustment", "AdjustmentBook", "FirstTransfer", "ItmoUse"]

Purpose = Literal["ndc", "international", "other"]
#: What mitigation outcomes may be authorised for: a party's NDC, international mitigation purposes, other purposes.
PURPOSES: tuple[Purpose, ...] = ("ndc", "international", "other")


@dataclass(frozen=True, slots=True)
class FirstTransfer:
    """The first transfer of authorised mitigation outcomes, with what the agreed electronic format asks for.

    ``itmo`` is the identifier: cooperative approach, originating party, first transferring party, project, first and
    last unit, vintage.
    """

    id: str
    itmo: UndpSerial
    authorisation: str
    acquiring_party: str
    purpose: Purpose
    transferred_on: date

    def __post_init__(self) -> None:
        if self.purpose not in PURPOSES:
            raise InputError("foreign.purpose_unknown", purpose=self.purpose, known=", ".join(PURPOSES))

    def to_dict(self) -> dict[str, str]:
        """As messages carry it."""
        return {
            "id": self.id,
            "itmo": self.itmo.format(),
            "authorisation": self.authorisation,
            "acquiring_party": self.acquiring_party,
            "purpose": self.purpose,
            "transferred_on": self.transferred_on.isoformat(),
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> FirstTransfer:
        """The inverse of :meth:`to_dict`."""
        fields = dict(entry)
        itmo = UndpSerial.parse(fields.pop("itmo"))
        day = date.fromisoformat(fields.pop("transferred_on"))
        return cls(itmo=itmo, transferred_on=day, **fields)


@dataclass(frozen=True, slots=True)
class ItmoUse:
    """Mitigation outcomes used by a party towards its NDC, or cancelled for another purpose it accounts for."""

    id: str
    itmo: UndpSerial
    party: str


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a party adds to its emissions balance, or, where negative, subtracts. [t CO2e]"""

    id: str
    party: str
    vintage: int
    tonnes: int


@dataclass(frozen=True, slots=True)
class AdjustmentBook:
    """Every adjustment made, and for each number line the units that were added and subtracted. Never edited."""

    adjustments: tuple[Adjustment, ...] = ()
    added: Mapping[str, Sequence[tuple[Interval, str]]] = field(default_factory=dict)
    subtracted: Mapping[str, Sequence[tuple[Interval, str]]] = field(default_factory=dict)

    def first_transfer(self, transfer: FirstTransfer) -> AdjustmentBook:
        """The book after a first transfer; the same transfer again changes nothing.

        Raises
        ------
        DomainError
            If any of the units was first transferred before, or the id stands for something else.
        """
        party, units = transfer.itmo.first_transferring, transfer.itmo.units
        adjustment = Adjustment(transfer.id, party, transfer.itmo.vintage, units.units)
        marks = _marked(self.added, transfer.itmo.line, units, transfer.id, "foreign.adjusted_twice")
        if marks is None:
            return self._again(adjustment)
        return AdjustmentBook((*self.adjustments, self._new(adjustment)), marks, self.subtracted)

    def use(self, use: ItmoUse) -> AdjustmentBook:
        """The book after a use; the same use again changes nothing.

        Raises
        ------
        DomainError
            If any of the units was never first transferred, was used before, or the id stands for something else.
        """
        units, line = use.itmo.units, use.itmo.line
        adjustment = Adjustment(use.id, use.party, use.itmo.vintage, -units.units)
        marks = _marked(self.subtracted, line, units, use.id, "foreign.used_twice")
        if marks is None:
            return self._again(adjustment)
        if not _covered(units, self.added.get(line, ())):
            raise DomainError("foreign.used_before_transfer", units=str(units), line=line)
        return AdjustmentBook((*self.adjustments, self._new(adjustment)), self.added, marks)

    def balance(self, party: str) -> int:
        """What a party's adjustments add up to. [t CO2e]"""
        return sum(adjustment.tonnes for adjustment in self.adjustments if adjustment.party == party)

    def _new(self, adjustment: Adjustment) -> Adjustment:
        if any(known.id == adjustment.id for known in self.adjustments):
            raise DomainError("foreign.id_reused", id=adjustment.id)
        return adjustment

    def _again(self, adjustment: Adjustment) -> AdjustmentBook:
        if adjustment not in self.adjustments:
            raise DomainError("foreign.id_reused", id=adjustment.id)
        return self


Marks = Mapping[str, Sequence[tuple[Interval, str]]]


def _marked(marks: Marks, line: str, units: Interval, id: str, code: str) -> Marks | None:
    """The marks with one more; nothing where exactly this one is there already."""
    known = list(marks.get(line, ()))
    if (units, id) in known:
        return None
    if any(units.overlaps(other) for other, _ in known):
        raise DomainError(code, units=str(units), line=line)
    insort(known, (units, id))
    return {**marks, line: tuple(known)}


def _covered(units: Interval, marks: Sequence[tuple[Interval, str]]) -> bool:
    """Whether every unit is marked; marks are disjoint and in order."""
    reached = units.first
    for other, _ in marks:
        if other.first <= reached < other.end:
            reached = other.end
    return reached >= units.end
