"""What was measured and paid under a contract, in the database. Every function works in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from tanhui.kernel.canonical import canonical_bytes
from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.projects.compensation.account import Entry, Paid
from tanhui.projects.compensation.measured import Measured
from tanhui.projects.compensation.model import Contract
from tanhui.projects.compensation.tables import payments

__all__ = ["History", "history_of", "record_payment"]


@dataclass(frozen=True, slots=True)
class History:
    """What a contract rests on so far: the newest measurement of each period, those it replaced, and the payments."""

    entries: Mapping[Period, Entry]
    superseded: frozenset[str]
    paid: tuple[Paid, ...]

    def with_entry(self, entry: Entry, correct: bool) -> History:
        """The same with one more measurement.

        Raises
        ------
        DomainError
            If the period was measured already by another run and nobody says that this one corrects it.
        """
        measured = entry.measured
        known = self.entries.get(measured.period)
        if known is not None and known.measured.run != measured.run and not correct:
            code = "run_superseded" if measured.run in self.superseded else "period_settled"
            raise DomainError(f"compensation.{code}", run=measured.run[:12], other=known.measured.run[:12])
        if known is not None and known.measured.run == measured.run and not entry.cause:
            entry = known  # the cause was said when it was recorded
        return History({**self.entries, measured.period: entry}, self.superseded, self.paid)


def history_of(connection: Connection, contract: Contract, *, before: str = "") -> History:
    """What was measured and paid under a contract, all of it or what came before a request.

    Raises
    ------
    DomainError
        If the contract is not the one that was paid under, and no amendment of it.
    """
    c = payments.c
    if not sa.inspect(connection).has_table(payments.name):
        return History({}, frozenset(), ())
    number = connection.scalar(sa.select(c.number).where(c.request == before, c.contract == contract.id))
    wanted = sa.select(payments).where(c.contract == contract.id).order_by(c.number)
    rows = connection.execute(wanted if number is None else wanted.where(c.number < number)).all()
    for row in rows:
        if row.amendment > contract.amendment:
            raise DomainError("compensation.older_amendment", given=contract.amendment, known=row.amendment)
        if row.amendment == contract.amendment and row.contract_sha256 != contract.sha256:
            raise DomainError("compensation.contract_changed", contract=contract.id, amendment=contract.amendment)
    entries: dict[Period, Entry] = {}
    replaced: set[str] = set()
    for row in rows:
        if row.measured:
            measured = Measured.from_dict(json.loads(row.measured))
            known = entries.get(measured.period)
            if known is not None and known.measured.run != measured.run:
                replaced.add(known.measured.run)
            replaced.discard(measured.run)
            entries[measured.period] = Entry(measured, row.cause)
    paid = tuple(Paid(row.request, date.fromisoformat(row.day), tuple(json.loads(row.items)), row.fen) for row in rows)
    return History(entries, frozenset(replaced), paid)


def record_payment(connection: Connection, contract: Contract, row: Mapping[str, Any], new: Entry | None) -> None:
    """Add a payment, with the measurement that it brought."""
    numbers = sa.select(sa.func.coalesce(sa.func.max(payments.c.number), 0) + 1)
    number = connection.scalar(numbers.where(payments.c.contract == contract.id))
    measured = canonical_bytes(new.measured.to_dict()).decode() if new else ""
    values = {
        **row,
        "contract": contract.id,
        "number": number,
        "amendment": contract.amendment,
        "contract_sha256": contract.sha256,
        "run": new.measured.run if new else "",
        "cause": new.cause if new else "",
        "measured": measured,
    }
    connection.execute(sa.insert(payments), values)
