"""A loss as it was settled: what there was to answer it with, and the measures that were taken. Pure.

The ledger counts units, the rules count tonnes. Of a batch whose unit is a kilogram only whole tonnes can answer for a
loss, so a stake is never more than what can be cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from tanhui.kernel.canonical import canonical_bytes, digest
from tanhui.projects.lifecycle.rulebook import rule_book
from tanhui.projects.permanence.loss import Loss
from tanhui.projects.permanence.response import MEASURES, Measure, ReversalEvent, Stakes

__all__ = ["Pile", "Settlement", "loss_report", "stakes_of", "whole_tonnes"]

KG_PER_T = 1000


def loss_report(
    project: str, day: date, cause: str, loss: Loss, basis: Mapping[str, Any] | None = None
) -> tuple[ReversalEvent, bytes]:
    """The event that a computed loss is, and the report whose hash it names: tonnes, interval and burnt hectares.

    ``basis`` says from what it was computed: files by their hashes, the run, and what was assumed.
    """
    document = {
        "format": "tanhui-loss-1",
        "project": project,
        "day": day.isoformat(),
        "cause": cause,
        "lost_t": loss.whole_t,
        "co2_t": loss.co2_t,
        "se_co2_t": loss.se_co2_t,
        "ci90_co2_t": list(loss.ci90_co2_t),
        "burnt_ha": dict(loss.burnt_ha),
        **({"basis": dict(basis)} if basis else {}),
    }
    report = canonical_bytes(document)
    return ReversalEvent(project, day, cause, loss.whole_t, digest(report)), report


@dataclass(frozen=True, slots=True)
class Pile:
    """Units of one batch of a project in one place; ``locks`` is empty where they are free."""

    batch: str
    unit_kg: int
    owner: str
    locks: str
    units: int

    @property
    def tonnes(self) -> int:
        """The whole tonnes in it."""
        return self.units * self.unit_kg // KG_PER_T


def stakes_of(
    piles: Sequence[Pile], *, owner: str, buffer: str, gone: str, next_period_t: int = 0, deducted_t: int = 0
) -> Stakes:
    """What there is to answer a loss with, from all units of the project.

    Parameters
    ----------
    piles : sequence of Pile
        Every unit that was issued for the project, wherever it is.
    owner, buffer : str
        The accounts of the project's owner and of the buffer. What they hold free can be cancelled.
    gone : str
        Where cancelled units are; they are nobody's stake. All other units are others', pledged ones among them.
    """
    mine, pool = (sum(pile.tonnes for pile in free(piles, account)) for account in (owner, buffer))
    standing_kg = sum(pile.units * pile.unit_kg for pile in piles if pile.owner != gone)
    return Stakes(next_period_t, pool, mine, standing_kg // KG_PER_T - mine - pool, deducted_t)


def free(piles: Iterable[Pile], account: str) -> Iterator[Pile]:
    """What an account holds without any encumbrance."""
    return (pile for pile in piles if account and pile.owner == account and not pile.locks)


def whole_tonnes(piles: Iterable[Pile], account: str, tonnes: int) -> Iterator[tuple[str, int]]:
    """Batches and units that make up some tonnes of an account, the oldest batch first."""
    for pile in free(piles, account):
        part = min(tonnes, pile.tonnes)
        if part:
            yield pile.batch, part * KG_PER_T // pile.unit_kg
        tonnes -= part
    assert not tonnes  # a measure takes no more than its stake


@dataclass(frozen=True, slots=True)
class Settlement:
    """One loss and what was done about it. Its document is made public, and its hash is in the log."""

    book: str
    on: date
    loss: ReversalEvent
    stakes: Stakes
    measures: tuple[Measure, ...]

    def tonnes(self, measure: str) -> int:
        """The amount of a measure; nothing where it was not taken. [t CO2e]"""
        return sum(taken.amount_t for taken in self.measures if taken.id == measure)

    def to_dict(self) -> dict[str, Any]:
        """As it is made public: texts only, so that one settlement has one spelling."""
        loss = {**self.loss.facts(), "project": self.loss.project, "report_sha256": self.loss.report_sha256}
        return {
            "format": "tanhui-settlement-1",
            "book": self.book,
            "on": self.on.isoformat(),
            "loss": loss,
            "stakes": {name: str(value) for name, value in asdict(self.stakes).items()},
            "measures": [measure.to_dict() for measure in self.measures],
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Settlement:
        """The inverse of :meth:`to_dict`."""
        told, source = entry["loss"], rule_book(entry["book"]).permanence.source
        day = date.fromisoformat(told["event_day"])
        loss = ReversalEvent(told["project"], day, told["cause"], int(told["lost_t"]), told["report_sha256"])
        stakes = Stakes(**{name: int(value) for name, value in entry["stakes"].items()})
        measures = tuple(
            Measure(m["measure"], m["who"], int(m["amount_t"]), MEASURES[m["measure"]].counts, source)
            for m in entry["measures"]
        )
        return cls(entry["book"], date.fromisoformat(entry["on"]), loss, stakes, measures)
