"""The bridge at work: each step of an export or import is on disk together with what the ledger does for it.

A process may die before or after any transaction here: :meth:`BridgeDesk.pending` says which messages to send again,
and a message that comes twice changes nothing. Whoever carries the messages has verified who sent them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tanhui.kernel.canonical import canonical_bytes, digest
from tanhui.kernel.errors import DomainError
from tanhui.registry.acts import Order
from tanhui.registry.entries import leaf_json
from tanhui.registry.foreign import tables as t
from tanhui.registry.foreign.bridge import (
    Export,
    ExportCancel,
    Exporter,
    ExportOffer,
    Import,
    Importer,
    ImportReceipt,
    ImportRefused,
    Message,
)
from tanhui.registry.model import Encumbrance
from tanhui.registry.service import Registry

__all__ = ["BridgeDesk"]

#: What the ledger does for a step that resolves an export's lock.
RESOLVES = {"export": "post", "release": "release"}


class BridgeDesk:
    """The exports and imports of one registry."""

    def __init__(self, registry: Registry, by: Sequence[str] | None = None) -> None:
        self._registry, self._by = registry, by
        with registry.transaction() as (connection, _):
            t.create(connection)

    def offer(self, id: str, account: str, batch: str, units: int, *, target: str) -> tuple[Message, ...]:
        """Lock units of an account and offer them to another registry.

        Raises
        ------
        DomainError
            If the units are not one piece of serials: an export has one interval.
        """
        order = self._order("lock", f"export-{id}", kind="export", account=account, batch=batch, units=units)
        with self._registry.transaction() as (connection, submit):
            entry = submit([order])[0].done()
            if len(entry.legs) != 1:
                raise DomainError("foreign.not_one_piece", units=units, first=entry.legs[0].serials.units)
            offer = ExportOffer(self._registry.origin, id, target, batch, entry.legs[0].serials, account)
            lock = entry.as_kind(Encumbrance).id
            known = _export(connection, id)
            step = self._exporter(known).offer(offer)
            if known is None:
                _keep_export(connection, step.state.exports[id], lock)
        return step.messages

    def withdraw(self, id: str) -> tuple[Message, ...]:
        """Ask for units back; they stay locked until the other side has answered."""
        with self._registry.transaction() as (connection, _):
            step = self._exporter(_need_export(connection, id)).withdraw(id)
            _keep_export(connection, step.state.exports[id], _lock_of(connection, id))
        return step.messages

    def answer(self, message: ImportReceipt | ImportRefused) -> None:
        """The other side's answer: the units leave for good, or are free again."""
        with self._registry.transaction() as (connection, submit):
            exporter = self._exporter(_need_export(connection, message.id))
            step = exporter.on_receipt(message) if isinstance(message, ImportReceipt) else exporter.on_refused(message)
            if step.act in RESOLVES:
                lock, act = _lock_of(connection, message.id), RESOLVES[step.act]
                what: dict[str, Any] = {"locks": [lock]} if act == "post" else {"lock": lock}
                submit([self._order(act, f"export-{message.id}-{act}", **what)])[0].done()
            _keep_export(connection, step.state.exports[message.id], _lock_of(connection, message.id))

    def receive(
        self,
        offer: ExportOffer,
        claim: Mapping[str, Any],
        vintage: int,
        owner: str,
        *,
        objections: Sequence[str] = (),
    ) -> tuple[Message, ...]:
        """Take in an offer, or refuse it for ever, and say which.

        Parameters
        ----------
        offer : ExportOffer
            From another registry.
        claim : mapping
            What the units are, as the log will carry it; its hash is set from the export, which is issued once.
        vintage : int
            Their year.
        owner : str
            The account here that receives them.
        objections : sequence of str
            Why they are not wanted, such as a programme that is not recognised on this day.
        """
        with self._registry.transaction() as (connection, submit):
            importer = self._importer(connection, offer.source, offer.id)
            step = importer.on_offer(offer, f"{self._registry.origin}:{offer.source}:{offer.id}", objections)
            if step.act == "mint":
                terms = {"claim": dict(claim), "units": {str(vintage): offer.serials.units}, "owner": owner}
                line: dict[str, Any] = {"first": offer.serials.first, "last": offer.serials.end - 1}
                line["document"] = digest(canonical_bytes(offer.to_dict()))
                origin = {"registry": offer.source, "export": offer.id, **line}
                submit([self._order("take_in", f"import-{offer.source}-{offer.id}", **terms, **origin)])[0].done()
            _keep_import(connection, offer.origin, step.state.imports[offer.origin])
        return step.messages

    def cancelled(self, cancel: ExportCancel) -> tuple[Message, ...]:
        """The other side wants its units back: say whether they were taken in; if not, they never will be."""
        origin = (cancel.source, cancel.id)
        with self._registry.transaction() as (connection, _):
            step = self._importer(connection, *origin).on_cancel(cancel)
            _keep_import(connection, origin, step.state.imports[origin])
        return step.messages

    def pending(self) -> tuple[Message, ...]:
        """What to send again after a restart, or when no answer came."""
        with self._registry.reading() as connection:
            rows = connection.execute(sa.select(t.exports).where(t.exports.c.phase.in_(("locked", "withdrawing"))))
            found = [_read_export(row) for row in rows]
        return Exporter(self._registry.origin, {export.offer.id: export for export in found}).pending()

    def _exporter(self, known: Export | None) -> Exporter:
        """The side that gives, as far as one export concerns it; the ledger's lock keeps the others apart."""
        return Exporter(self._registry.origin, {known.offer.id: known} if known else {})

    def _importer(self, connection: sa.Connection, source: str, id: str) -> Importer:
        """The side that takes, as far as one source concerns it."""
        wanted = sa.select(t.imports).where(t.imports.c.source == source)
        rows = {(row.source, row.id): _read_import(row) for row in connection.execute(wanted)}
        return Importer(self._registry.origin, rows)

    def _order(self, act: str, request: str, **what: Any) -> Order:
        return self._registry.order(act, request, self._by, **what)


def _export(connection: sa.Connection, id: str) -> Export | None:
    row = connection.execute(sa.select(t.exports).where(t.exports.c.id == id)).one_or_none()
    return _read_export(row) if row else None


def _need_export(connection: sa.Connection, id: str) -> Export:
    found = _export(connection, id)
    if found is None:
        raise DomainError("foreign.unknown_export", id=id)
    return found


def _lock_of(connection: sa.Connection, id: str) -> str:
    return str(connection.execute(sa.select(t.exports.c.lock).where(t.exports.c.id == id)).scalar_one())


def _read_export(row: sa.Row[Any]) -> Export:
    return Export(ExportOffer.from_dict(json.loads(row.offer)), row.phase, row.minted)


def _read_import(row: sa.Row[Any]) -> Import:
    offer = ExportOffer.from_dict(json.loads(row.offer)) if row.offer else None
    return Import(offer, row.minted, tuple(json.loads(row.reasons)))


def _keep_export(connection: sa.Connection, export: Export, lock: str) -> None:
    id, offer = export.offer.id, leaf_json(export.offer.to_dict()).decode()
    connection.execute(t.exports.delete().where(t.exports.c.id == id))
    row = {"id": id, "offer": offer, "lock": lock, "phase": export.phase, "minted": export.minted}
    connection.execute(t.exports.insert(), row)


def _keep_import(connection: sa.Connection, origin: tuple[str, str], decided: Import) -> None:
    source, id = origin
    c = t.imports.c
    connection.execute(t.imports.delete().where(c.source == source, c.id == id))
    offer = leaf_json(decided.offer.to_dict()).decode() if decided.offer else ""
    row = {"source": source, "id": id, "offer": offer, "minted": decided.minted}
    connection.execute(t.imports.insert(), {**row, "reasons": json.dumps(list(decided.reasons))})
