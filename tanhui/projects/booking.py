"""One request of the project office: rows of several rooms and entries of the ledger, all on disk or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tanhui.registry.acts import Order
from tanhui.registry.model import JournalEntry
from tanhui.registry.service import Registry
from tanhui.registry.writing import Outcome

__all__ = ["Booking", "booking"]


@dataclass(frozen=True, slots=True)
class Booking:
    """A transaction under one request id. Its orders are named after the request, so that a retry acts once."""

    registry: Registry
    connection: Connection
    submit: Callable[[Sequence[Order]], list[Outcome]]
    request: str
    by: Sequence[str] | None

    def order(self, act: str, part: str = "", /, **arguments: Any) -> Order:
        """One order of the request; ``part`` tells it from the others."""
        name = f"{self.request}/{part}" if part else self.request
        return self.registry.order(act, name, self.by, **arguments)

    def enter(self, orders: Sequence[Order]) -> list[Outcome]:
        """Carry out orders; the first that is refused undoes the whole transaction."""
        outcomes = self.submit(orders)
        for outcome in outcomes:
            outcome.done()
        return outcomes

    def do(self, act: str, part: str, /, **arguments: Any) -> JournalEntry:
        """One order, done."""
        return self.enter([self.order(act, part, **arguments)])[0].done()

    def record(self, topic: str, subject: str, sha256: str, part: str = "") -> Outcome:
        """The hash of a document in the public log; the outcome says whether it was there already."""
        return self.enter([self.order("record", part, topic=topic, subject=subject, sha256=sha256)])[0]


@contextmanager
def booking(registry: Registry, request: str, by: Sequence[str] | None) -> Iterator[Booking]:
    """The transaction of one request; it commits at the end and is undone by whatever is raised."""
    with registry.transaction() as (connection, submit):
        yield Booking(registry, connection, submit, request, by)
