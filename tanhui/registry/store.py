"""The registry's database: SQLite in a file, or PostgreSQL by its address. Every commit is on disk before it counts.

Acts are decided one after the other: in SQLite under ``BEGIN IMMEDIATE``, in PostgreSQL under a lock on the one row of
``head``. So two processes never decide on the same state. The tables and what they refuse are in
:mod:`tanhui.registry.tables`; this module reads and writes rows.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.signing import TrustedKey
from tanhui.kernel.time import Period
from tanhui.registry import questions as q
from tanhui.registry import tables as t
from tanhui.registry.acts import Order
from tanhui.registry.commitments import Opening
from tanhui.registry.compiled import Compiled
from tanhui.registry.engines import postgresql_engine, sqlite_engine, translated
from tanhui.registry.entries import decode_entry, from_document, leaf_json, to_document
from tanhui.registry.errors import RegistryError
from tanhui.registry.log.tiles import (
    TILE_WIDTH,
    KeptTiles,
    TileNodes,
    completed_tiles,
    entries_between,
    entry_bundle,
    read_bundle,
)
from tanhui.registry.log.tree import HASH_BYTES, Frontier, ReadNode, leaf_hash
from tanhui.registry.model import (
    Account,
    Approval,
    Asset,
    Batch,
    Cancellation,
    Encumbrance,
    Holding,
    Interval,
    Issuance,
    IssuedClaim,
    JournalEntry,
    Key,
    Origin,
    Person,
    Place,
    Record,
    Retirement,
    place,
)
from tanhui.registry.state import AmountKey, Change

__all__ = ["Head", "Reader", "Store", "Writer"]

N = TypeVar("N")
#: Holdings read at a time where an owner has many pieces.
PIECES_AT_A_TIME = 256


@dataclass(frozen=True, slots=True)
class Head:
    """What an act needs of all that came before."""

    frontier: Frontier
    at: str
    state_sum: bytes
    next_serial: int
    batch_count: int

    @property
    def size(self) -> int:
        """Leaves in the log."""
        return self.frontier.size


class Store:
    """One database."""

    def __init__(self, url: sa.URL | str, *, create: bool = False) -> None:
        self.url = sa.make_url(url)
        self.dialect = self.url.get_backend_name()
        if self.dialect not in ("sqlite", "postgresql"):
            raise InputError("registry.database_unsupported", database=self.dialect)
        self._engine = sqlite_engine(self.url, create) if self.dialect == "sqlite" else postgresql_engine(self.url)
        tiles = KeptTiles()
        sa.event.listen(self._engine, "connect", lambda _, record: record.info.update(tiles=tiles))

    def create(self, head: Head) -> None:
        """Lay out an empty registry."""
        with translated(), self._engine.begin() as connection:
            t.create(connection)
            connection.execute(t.head.insert(), {"id": 1, **_head_row(head)})

    def close(self) -> None:
        """Give the database back; SQLite's write-ahead log is folded into its file."""
        self._engine.dispose()

    def scrub(self) -> None:
        """Overwrite what was erased where the database keeps old rows for a while."""
        with translated(), self._engine.connect() as connection:
            raw: Any = connection.connection.driver_connection  # outside a transaction, which SQLAlchemy would begin
            if self.dialect == "postgresql":
                raw.autocommit = True
                raw.execute("VACUUM openings")
                raw.autocommit = False
                return
            busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise RegistryError("registry.erase_pending")

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """One unmoving view of the database."""
        with translated(), self._engine.connect() as connection:
            if self.dialect == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield Reader(connection)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """One transaction under the write lock: all of it is on disk when the block ends, or none."""
        with translated(), self._engine.connect() as connection:
            connection = connection.execution_options(tanhui_writes=True)
            with connection.begin():
                yield Writer(connection)


class Reader:
    """What can be asked of one view of the database. It is also a :class:`tanhui.registry.state.Source`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    # The log ----------------------------------------------------------------------------------------------------------

    def head(self) -> Head:
        """What an act needs of all that came before."""
        ((_, _, *columns),) = READ_HEAD.rows(self.connection)
        return _head(*columns)

    def size(self) -> int:
        """Leaves in the log."""
        ((size,),) = q.SIZE.rows(self.connection)
        return int(size)

    def leaf(self, position: int) -> bytes:
        """The bytes of a leaf."""
        for first, width, leaves in q.SEGMENT_OF.rows(self.connection, position=position):
            place = position - first
            if 0 <= place < width:
                return entries_between(leaves, place, place + 1)[0]
        raise IntegrityError("registry.database_damaged", detail=f"leaf {position} is missing")

    def entry(self, position: int) -> JournalEntry:
        """The entry in a leaf."""
        return decode_entry(self.leaf(position))

    def leaves(self, first: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Leaves with their positions, in order, from ``first`` up to but not including ``end``."""
        begin = sa.select(sa.func.max(t.segments.c.first)).where(t.segments.c.first <= first).scalar_subquery()
        wanted = sa.select(t.segments).where(t.segments.c.first >= begin).order_by(t.segments.c.first)
        if end is not None:
            wanted = wanted.where(t.segments.c.first < end)
        for row in self.connection.execute(wanted.execution_options(yield_per=64)):
            place = max(first - row.first, 0)
            last = row.width if end is None else min(end - row.first, row.width)
            yield from enumerate(_of_segment(bytes(row.leaves), row.width, place, last), row.first + place)

    def nodes(self, size: int) -> ReadNode:
        """The nodes of the tree of the first ``size`` leaves."""
        return TileNodes(self.tile, size, kept=self._kept_tiles()).node

    def _kept_tiles(self) -> KeptTiles | None:
        """What readers of this database keep of its tiles; what a writer reads may not come to stay."""
        writes = self.connection.get_execution_options().get("tanhui_writes", False)
        return None if writes else self.connection.info.get("tiles")

    def tile(self, level: int, index: int, width: int) -> bytes:
        """The first ``width`` hashes of a tile, joined; one at the right edge is made from what is below it."""
        for (hashes,) in q.ONE_TILE.rows(self.connection, level=level, position=index):
            return bytes(hashes)[: width * HASH_BYTES]
        first, end = index * TILE_WIDTH, index * TILE_WIDTH + width
        if level == 0:
            return b"".join(leaf_hash(leaf) for _, leaf in self.leaves(first, end))
        below = q.ROOTS.rows(self.connection, level=level - 1, first=first, last=end - 1)
        return b"".join(bytes(root) for (root,) in below)

    def checkpoint(self, at_least: int = 0) -> str:
        """The newest signed checkpoint, which must cover ``at_least`` so many leaves."""
        newest = self.newest_checkpoint()
        if newest is None or newest[0] < at_least:
            raise RegistryError("registry.not_yet_published", size=at_least)
        return newest[1]

    def newest_checkpoint(self) -> tuple[int, str] | None:
        """Size and note of the newest signed checkpoint."""
        for size, note in q.NEWEST_CHECKPOINT.rows(self.connection):
            return size, note
        return None

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Every signed checkpoint, in order of size."""
        for row in self.connection.execute(sa.select(t.checkpoints).order_by(t.checkpoints.c.size)):
            yield row.size, row.note

    def requests(self, ids: Sequence[str]) -> dict[str, tuple[bytes, int]]:
        """Fingerprints and leaves of acts by their request ids."""
        rows: Iterable[Any]
        if len(ids) == 1:
            rows = ONE_REQUEST.rows(self.connection, wanted=ids[0])
        else:
            rows = self.connection.execute(sa.select(t.requests).where(t.requests.c.id.in_(ids)))
        return {id_: (bytes(mark), position) for id_, mark, position in rows}

    def order(self, key: str) -> int | None:
        """The leaf that a signed order was good for."""
        return self.orders([key]).get(key)

    def orders(self, hashes: Sequence[str]) -> dict[str, int]:
        """The leaves that signed orders were good for."""
        wanted = sa.select(t.used_orders).where(t.used_orders.c.hash.in_(hashes))
        return {row.hash: row.position for row in self.connection.execute(wanted)} if hashes else {}

    # Rows of the state ------------------------------------------------------------------------------------------------

    def account(self, key: str) -> Account | None:
        """An account."""
        return self._noun(Account, t.accounts, key)

    def person(self, key: str) -> Person | None:
        """Somebody who acts for an account."""
        return self._noun(Person, t.people, key)

    def key(self, key: str) -> Key | None:
        """A person's key."""
        return self._noun(Key, t.keys, key)

    def asset(self, key: str) -> Asset | None:
        """A kind of amount."""
        return self._noun(Asset, t.assets, key)

    def encumbrance(self, key: str) -> Encumbrance | None:
        """An encumbrance, resolved or not."""
        return self._noun(Encumbrance, t.encumbrances, key)

    def claim(self, key: str) -> IssuedClaim | None:
        """An issued claim by its hash."""
        document = self.connection.execute(sa.select(t.claims.c.document).where(t.claims.c.id == key)).scalar()
        return _claim(document) if document else None

    def periods(self, key: str) -> tuple[Period, ...] | None:
        """For which days a project was issued."""
        wanted = sa.select(t.claims.c.first_day, t.claims.c.last_day).where(
            t.claims.c.project == key, ~t.claims.c.imported
        )
        rows = self.connection.execute(wanted.order_by(t.claims.c.first_day))
        return tuple(from_document(Period, list(row)) for row in rows) or None

    def imports(self, key: tuple[str, str]) -> Origin | None:
        """Units that came from another registry under its name for the export."""
        return next((origin for origin in self.foreign(key[0]) or () if origin.id == key[1]), None)

    def foreign(self, key: str | None = None) -> tuple[Origin, ...] | None:
        """Everything that came from another registry, or from all."""
        wanted = sa.select(t.imports).order_by(t.imports.c.registry, t.imports.c.first)
        if key is not None:
            wanted = wanted.where(t.imports.c.registry == key)
        found = [
            Origin(r.registry, r.id, Interval(r.first, r.end), r.document) for r in self.connection.execute(wanted)
        ]
        return tuple(found) or None

    def batch(self, key: str) -> Batch | None:
        """A batch with its claim."""
        for id_, vintage, first, end, document in q.ONE_BATCH.rows(self.connection, key=key):
            return Batch(id_, vintage, Interval(first, end), _claim(document))
        return None

    def batches(self) -> list[Batch]:
        """Every batch, lowest serial first."""
        rows = self.connection.execute(q.EVERY_BATCH.order_by(t.batches.c.first))
        return [Batch(r.id, r.vintage, Interval(r.first, r.end), _claim(r.document)) for r in rows]

    def amount(self, key: AmountKey) -> int | None:
        """How much of an asset is in a place."""
        asset, where = key
        c = t.amounts.c
        wanted = sa.select(c.amount).where(c.asset == asset, c.owner == where.owner, c.locks == _locks(where))
        found: int | None = self.connection.execute(wanted).scalar_one_or_none()
        return found

    def purse(self, key: str) -> tuple[AmountKey, ...] | None:
        """The places of an owner in which amounts lie under encumbrances."""
        return tuple((asset, where) for asset, where, _ in self.amounts(key) if not where.free) or None

    def staff(self, key: str) -> tuple[str, ...] | None:
        """Who is active for an account."""
        wanted = sa.select(t.people.c.id).where(t.people.c.account == key, t.people.c.active)
        return tuple(sorted(self.connection.execute(wanted).scalars())) or None

    def near(self, serials: Interval) -> list[Holding]:
        """Every holding that overlaps or touches an interval."""
        c = t.holdings.c
        begin = sa.select(sa.func.max(c.first)).where(c.first < serials.first).scalar_subquery()
        wanted = sa.select(t.holdings).where(c.first >= sa.func.coalesce(begin, 0), c.first <= serials.end)
        rows = self.connection.execute(wanted.order_by(c.first))
        return [holding for holding in map(_holding, rows) if holding.serials.end >= serials.first]

    def free(self, owner: str, batch: str, after: int) -> list[Holding]:
        """Some unencumbered holdings of an owner beyond a serial, lowest first."""
        c = t.holdings.c
        wanted = sa.select(t.holdings).where(c.owner == owner, c.batch == batch, c.locks == "", c.first > after)
        rows = self.connection.execute(wanted.order_by(c.first).limit(PIECES_AT_A_TIME))
        return [_holding(row) for row in rows]

    def owned(self, owner: str, after: int) -> list[Holding]:
        """Some holdings of an owner beyond a serial, lowest first."""
        c = t.holdings.c
        wanted = sa.select(t.holdings).where(c.owner == owner, c.first > after)
        return [_holding(row) for row in self.connection.execute(wanted.order_by(c.first).limit(PIECES_AT_A_TIME))]

    def under(self, lock: str) -> list[Holding]:
        """Every holding that an encumbrance lies on."""
        wanted = sa.select(t.holdings).join(t.locked, t.locked.c.first == t.holdings.c.first)
        rows = self.connection.execute(wanted.where(t.locked.c.lock == lock).order_by(t.holdings.c.first))
        return [_holding(row) for row in rows]

    # What faces ask for -----------------------------------------------------------------------------------------------

    def accounts(self) -> list[Account]:
        """Every account."""
        return self._nouns(Account, sa.select(t.accounts).order_by(t.accounts.c.id))

    def people(self, account: str | None = None) -> list[Person]:
        """Everybody, or those who act for an account."""
        wanted = sa.select(t.people).order_by(t.people.c.id)
        return self._nouns(Person, wanted if account is None else wanted.where(t.people.c.account == account))

    def keys(self, person: str | None = None) -> list[Key]:
        """Every key, or a person's."""
        wanted = sa.select(t.keys).order_by(t.keys.c.id)
        return self._nouns(Key, wanted if person is None else wanted.where(t.keys.c.person == person))

    def verifiers(self) -> dict[str, TrustedKey]:
        """The keys, by their ids, of people who act for verifiers."""
        wanted = sa.select(t.keys, t.accounts.c.roles).join(t.people, t.people.c.id == t.keys.c.person).join(t.accounts)
        rows = self.connection.execute(wanted.where(t.keys.c.active, t.people.c.active))
        return {
            row.id: TrustedKey(row.person, base64.b64decode(row.public), ("verifier",))
            for row in rows
            if "verifier" in row.roles.split()
        }

    def assets(self) -> list[Asset]:
        """Every kind of amount."""
        return self._nouns(Asset, sa.select(t.assets).order_by(t.assets.c.id))

    def encumbrances(self, account: str | None = None) -> list[Encumbrance]:
        """Encumbrances in order, those resolved too."""
        wanted = sa.select(t.encumbrances).order_by(t.encumbrances.c.id)
        return self._nouns(
            Encumbrance, wanted if account is None else wanted.where(t.encumbrances.c.account == account)
        )

    def due(self, at: str) -> list[str]:
        """Encumbrances that lie on something and whose time has run out."""
        c, money = t.encumbrances.c, t.amounts.c
        over = sa.select(c.id).where(c.expires != "", c.expires <= at)
        on_units = over.where(c.id.in_(sa.select(t.locked.c.lock)))
        locks = self.connection.execute(sa.select(money.locks).where(money.locks != "").distinct()).scalars()
        on_money = {lock for stack in locks for lock in stack.split("/")}
        candidates = self.connection.execute(over.where(c.assets != "")).scalars() if on_money else ()
        return sorted({*self.connection.execute(on_units).scalars(), *(on_money & {*candidates})})

    def proposals(self) -> list[Order]:
        """Orders that wait for another pair of eyes, oldest first."""
        rows = self.connection.execute(sa.select(t.proposals).order_by(t.proposals.c.at, t.proposals.c.request))
        return [_order(row) for row in rows]

    def opening(self, commitment: str) -> Opening | None:
        """What a commitment hides, unless it was erased."""
        for salt, value in q.ONE_OPENING.rows(self.connection, key=commitment):
            return Opening(bytes(salt), value)
        return None

    def claims(self) -> list[IssuedClaim]:
        """Every issued claim, in the order of issue."""
        wanted = sa.select(t.claims.c.document).order_by(t.claims.c.position)
        return [_claim(document) for document in self.connection.execute(wanted).scalars()]

    def openings(self) -> Iterator[tuple[str, Opening]]:
        """What commitments hide, as far as it is kept."""
        for row in self.connection.execute(sa.select(t.openings)):
            yield row.commitment, Opening(bytes(row.salt), row.value)

    def batch_position(self, batch: str) -> int:
        """The leaf that issued a batch."""
        return self._found(q.BATCH_AT, batch, RegistryError("registry.unknown_batch", batch=batch))

    def ending_position(self, ending: str) -> int:
        """The leaf of a retirement or cancellation."""
        return self._found(q.ENDING_AT, ending, RegistryError("registry.unknown_retirement", retirement=ending))

    def ending_positions(self, kind: str) -> list[int]:
        """The leaves of all retirements or cancellations, in order."""
        wanted = sa.select(t.endings.c.position).where(t.endings.c.kind == kind).order_by(t.endings.c.position)
        return list(self.connection.execute(wanted).scalars())

    def holdings(self, owner: str | None = None, batch: str | None = None) -> Iterator[Holding]:
        """Holdings, lowest serial first, read row by row."""
        wanted = sa.select(t.holdings).order_by(t.holdings.c.first)
        if owner is not None:
            wanted = wanted.where(t.holdings.c.owner == owner)
        if batch is not None:
            wanted = wanted.where(t.holdings.c.batch == batch)
        return map(_holding, self.connection.execute(wanted))

    def amounts(self, owner: str | None = None) -> list[tuple[str, Place, int]]:
        """Amounts by asset and place."""
        wanted = sa.select(t.amounts).order_by(t.amounts.c.asset, t.amounts.c.owner, t.amounts.c.locks)
        if owner is not None:
            wanted = wanted.where(t.amounts.c.owner == owner)
        return [(row.asset, _place(row), row.amount) for row in self.connection.execute(wanted)]

    def balances(self, owner: str) -> list[tuple[str, Place, int]]:
        """Units by batch and place, from the view ``balances``."""
        rows = q.BALANCES.rows(self.connection, owner=owner)
        return [(batch, _place_of(owner, locks), int(units)) for locks, batch, units in rows]

    def _noun(self, kind: type[N], table: sa.Table, key: str) -> N | None:
        for row in q.NOUN[table.name].rows(self.connection, key=key):
            return _from_row(kind, dict(zip(table.c.keys(), row, strict=True)))
        return None

    def _nouns(self, kind: type[N], wanted: sa.Select[Any]) -> list[N]:
        return [_from_row(kind, row._mapping) for row in self.connection.execute(wanted)]

    def _found(self, wanted: Compiled, key: str, missing: Exception) -> int:
        for (position,) in wanted.rows(self.connection, key=key):
            return int(position)
        raise missing


class Writer(Reader):
    """A view under the write lock, which may also write."""

    def head(self) -> Head:
        """As :meth:`Reader.head`; in PostgreSQL this takes the write lock."""
        ((_, _, *columns),) = LOCK_HEAD.rows(self.connection)
        return _head(*columns)

    def append(self, leaves: Sequence[bytes], old: Frontier) -> Frontier:
        """Add leaves to the log and its tiles; the frontier after them."""
        hashes = [leaf_hash(leaf) for leaf in leaves]
        rows = [
            {"level": tile.level, "position": tile.index, "hashes": tile.hashes, "root": tile.root}
            for tile in completed_tiles(old.size, hashes, self.tile)
        ]
        segment = {"first": old.size, "width": len(leaves), "leaves": entry_bundle(leaves)}
        ADD_SEGMENT.write(self.connection, [segment])
        ADD_TILE.write(self.connection, rows)
        return old.extend(hashes)

    def write(self, changes: Iterable[Change]) -> None:
        """Bring the rows of the state to where they are now."""
        by_table: dict[str, list[Change]] = {}
        for change in changes:
            by_table.setdefault(change.table, []).append(change)
        for name, found in by_table.items():
            if name == "holdings":
                self._write_holdings(found)
            elif name == "amounts":
                self._write_amounts(found)
            elif name in NOUN_TABLES:
                self._write_nouns(NOUN_TABLES[name], found)

    def index(self, entries: Iterable[JournalEntry]) -> None:
        """Note where in the log the nouns are that somebody will ask for, and which signed orders are used up."""
        used: list[dict[str, Any]] = []
        for entry in entries:
            if isinstance(entry.noun, Issuance):
                origin = entry.noun.origin
                row = {**_claim_row(entry.noun.claim, entry.index), "imported": origin is not None}
                self.connection.execute(t.claims.insert(), row)
                if origin is not None:
                    line = {"first": origin.serials.first, "end": origin.serials.end, "document": origin.document}
                    self.connection.execute(t.imports.insert(), {"registry": origin.registry, "id": origin.id, **line})
                claim = entry.noun.claim.claim_sha256
                pieces = [
                    {"id": p.id, "claim": claim, "vintage": p.vintage, "first": p.serials.first, "end": p.serials.end}
                    for p in entry.noun.pieces
                ]
                self.connection.execute(t.batches.insert(), pieces)
            elif isinstance(entry.noun, (Retirement, Cancellation)):
                leg = entry.legs[0]
                row = {"id": entry.noun.id, "kind": entry.kind, "account": leg.source.owner, "batch": leg.batch}
                self.connection.execute(t.endings.insert(), {**row, "units": entry.units, "position": entry.index})
            elif isinstance(entry.noun, Record):
                self.connection.execute(t.records.insert(), {"position": entry.index, **_row(entry.noun)})
            used += [{"hash": order, "position": entry.index} for order in entry.orders()]
        USE_ORDER.write(self.connection, used)

    def set_head(self, head: Head) -> None:
        """Remember what the next act needs."""
        SET_HEAD.write(self.connection, [_head_row(head)])

    def remember(self, rows: Sequence[tuple[str, bytes, int]]) -> None:
        """Bind request ids to what they did."""
        ADD_REQUEST.write(self.connection, [{"id": id_, "fingerprint": m, "position": at} for id_, m, at in rows])

    def keep_openings(self, openings: Iterable[Opening]) -> None:
        """Keep what commitments hide."""
        rows = [{"commitment": o.commitment, "salt": o.salt, "value": o.value} for o in openings]
        if rows:
            self.connection.execute(t.openings.insert(), rows)

    def keep_proposal(self, order: Order, at: str) -> None:
        """Keep an order until enough people agree, in place of what it was before."""
        self.drop_proposal(order.request)
        people = " ".join(approval.person for approval in order.by)
        row = {"request": order.request, "act": order.act, "arguments": leaf_json(order.arguments).decode()}
        self.connection.execute(t.proposals.insert(), {**row, "people": people, "at": at})

    def drop_proposal(self, request: str) -> bool:
        """Forget an order; whether there was one."""
        return self.connection.execute(t.proposals.delete().where(t.proposals.c.request == request)).rowcount > 0

    def erase_opening(self, commitment: str) -> bool:
        """Forget what a commitment hides; whether there was something to forget."""
        return self.connection.execute(t.openings.delete().where(t.openings.c.commitment == commitment)).rowcount > 0

    def keep_checkpoint(self, size: int, note: str) -> None:
        """Keep a signed checkpoint."""
        self.connection.execute(t.checkpoints.insert(), {"size": size, "note": note})

    def _write_holdings(self, changes: list[Change]) -> None:
        """What goes first, then what comes, for the two may overlap."""
        gone = [change.old for change in changes if change.old is not None]
        come = [change.new for change in changes if change.new is not None]
        DROP_HOLDING.write(self.connection, [{"at": holding.serials.first} for holding in gone])
        DROP_LOCKED.write(self.connection, [{"at": h.serials.first} for h in gone if h.place.locks])
        ADD_HOLDING.write(self.connection, [_holding_row(holding) for holding in come])
        marks = [{"lock": lock, "first": h.serials.first} for h in come for lock in h.place.locks]
        ADD_LOCKED.write(self.connection, marks)

    def _write_amounts(self, changes: list[Change]) -> None:
        keys = [{"a": c.key[0], "o": c.key[1].owner, "l": _locks(c.key[1])} for c in changes if c.old is not None]
        if keys:
            self.connection.execute(DROP_AMOUNT, keys)
        rows = [
            {"asset": c.key[0], "owner": c.key[1].owner, "locks": _locks(c.key[1]), "amount": c.new}
            for c in changes
            if c.new is not None
        ]
        if rows:
            self.connection.execute(t.amounts.insert(), rows)

    def _write_nouns(self, table: sa.Table, changes: list[Change]) -> None:
        new = [_row(change.new) for change in changes if change.old is None]
        if new:
            self.connection.execute(table.insert(), new)
        for change in changes:
            if change.old is not None:
                self.connection.execute(table.update().where(table.c.id == change.key), _row(change.new))


READ_HEAD = Compiled(sa.select(t.head))
LOCK_HEAD = Compiled(sa.select(t.head).with_for_update())
SET_HEAD = Compiled(t.head.update().values({c.name: sa.bindparam(c.name) for c in t.head.c if c.name != "id"}))
ONE_REQUEST = Compiled(sa.select(t.requests).where(t.requests.c.id == sa.bindparam("wanted")))
ADD_REQUEST, ADD_SEGMENT, ADD_TILE = (Compiled(table.insert()) for table in (t.requests, t.segments, t.tiles))
USE_ORDER = Compiled(t.used_orders.insert())
ADD_HOLDING, ADD_LOCKED = Compiled(t.holdings.insert()), Compiled(t.locked.insert())
DROP_HOLDING = Compiled(t.holdings.delete().where(t.holdings.c.first == sa.bindparam("at")))
DROP_LOCKED = Compiled(t.locked.delete().where(t.locked.c.first == sa.bindparam("at")))
NOUN_TABLES = {
    "accounts": t.accounts,
    "people": t.people,
    "keys": t.keys,
    "assets": t.assets,
    "encumbrances": t.encumbrances,
}
DROP_AMOUNT = t.amounts.delete().where(
    t.amounts.c.asset == sa.bindparam("a"),
    t.amounts.c.owner == sa.bindparam("o"),
    t.amounts.c.locks == sa.bindparam("l"),
)


def _head(at: str, frontier: bytes, state_sum: bytes, next_serial: int, batch_count: int) -> Head:
    return Head(Frontier.from_bytes(bytes(frontier)), at, bytes(state_sum), next_serial, batch_count)


def _head_row(head: Head) -> dict[str, Any]:
    return {
        "size": head.size,
        "at": head.at,
        "frontier": head.frontier.to_bytes(),
        "state_sum": head.state_sum,
        "next_serial": head.next_serial,
        "batch_count": head.batch_count,
    }


def _locks(where: Place) -> str:
    return "/".join(where.locks)


def _of_segment(leaves: bytes, width: int, first: int, end: int) -> list[bytes]:
    """Some leaves of a segment by their places in it; where it is all of them, nothing else may be there."""
    if (first, end) == (0, width):
        return read_bundle(leaves, width)
    return entries_between(leaves, first, end) if first < end else []


def _place(row: Any) -> Place:
    return _place_of(row.owner, row.locks)


def _place_of(owner: str, locks: str) -> Place:
    return place(f"{owner}/{locks}" if locks else owner)


def _holding(row: Any) -> Holding:
    return Holding(Interval(row.first, row.end), row.batch, _place(row))


def _holding_row(holding: Holding) -> dict[str, Any]:
    serials, where = holding.serials, holding.place
    line = {"first": serials.first, "end": serials.end}
    return {**line, "batch": holding.batch, "owner": where.owner, "locks": _locks(where)}


def _row(noun: Any) -> dict[str, Any]:
    """A noun as a row: lists of words become one text."""
    values = {field.name: getattr(noun, field.name) for field in fields(noun)}
    return {name: " ".join(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _from_row(kind: type[N], row: sa.RowMapping | dict[str, Any]) -> N:
    """The inverse of :func:`_row`."""
    return kind(**{name: read(row[name]) for name, read in _reading(kind)})  # type: ignore[arg-type]


@cache
def _reading(kind: Any) -> list[tuple[str, Callable[[Any], Any]]]:
    """How the columns of a noun are read."""
    special: dict[str, Callable[[Any], Any]] = {"tuple": lambda words: tuple(words.split()), "bool": bool}
    return [(field.name, special.get(str(field.type).split("[")[0], lambda value: value)) for field in fields(kind)]


def _claim(document: str) -> IssuedClaim:
    claim: IssuedClaim = from_document(IssuedClaim, json.loads(document))
    return claim


def _claim_row(claim: IssuedClaim, position: int) -> dict[str, Any]:
    first_day, last_day = claim.period.to_list()
    return {
        "id": claim.claim_sha256,
        "project": claim.project,
        "first_day": first_day,
        "last_day": last_day,
        "document": leaf_json(to_document(claim)).decode(),
        "position": position,
    }


def _order(row: Any) -> Order:
    by = tuple(Approval(person) for person in row.people.split())
    return Order(row.request, row.act, json.loads(row.arguments), by)
