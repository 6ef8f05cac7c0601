"""The registry's database: SQLite, write-ahead log, every commit on disk before it is acknowledged.

One act is one transaction that takes the write lock first (``BEGIN IMMEDIATE``), so two processes never decide on the
same state. The tables and what they refuse are in :mod:`tanhui.registry.tables`; this module reads and writes rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.exc import IntegrityError as ConstraintError

from tanhui.kernel.errors import IntegrityError
from tanhui.registry import tables as t
from tanhui.registry.commitments import Opening
from tanhui.registry.entries import decode_entry, encode_entry
from tanhui.registry.errors import RegistryError
from tanhui.registry.ledger import Change, settle
from tanhui.registry.log import completed_nodes, leaf_hash
from tanhui.registry.model import Account, Batch, Holding, Interval, JournalEntry, Leg

__all__ = ["Reader", "Store", "Writer"]

#: How long a writer waits for another one before it gives up. [ms]
BUSY_TIMEOUT_MS = 30_000
#: Every commit reaches the disk; foreign keys hold; INSERT OR REPLACE does not slip past the triggers; what is erased
#: is overwritten, not just forgotten.
PRAGMAS = (
    "synchronous = FULL",
    "foreign_keys = ON",
    "recursive_triggers = ON",
    "secure_delete = ON",
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
)


class Store:
    """One database file."""

    def __init__(self, path: Path, *, mode: Literal["ro", "rw", "rwc"] = "rw") -> None:
        self.path = path
        self._engine = _engine(path, mode)

    def create(self) -> None:
        """Lay out an empty database."""
        with self._engine.connect() as connection:
            t.metadata.create_all(connection)
            for statement in t.DDL:
                connection.exec_driver_sql(statement)
            connection.commit()

    def close(self) -> None:
        """Give the file back; the write-ahead log is folded into it."""
        self._engine.dispose()

    def scrub(self) -> None:
        """Fold the write-ahead log into the file and cut it, so that erased rows are in neither."""
        with _translated(), self._engine.connect() as connection:
            raw: Any = connection.connection.driver_connection  # outside a transaction, which SQLAlchemy would begin
            busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise RegistryError("registry.erase_pending")

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """One unmoving view of the database."""
        with _translated(), self._engine.connect() as connection, connection.begin():
            yield Reader(connection)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """One transaction under the write lock: all of it is on disk when the block ends, or none."""
        with _translated(), self._engine.connect() as connection:
            connection = connection.execution_options(tanhui_writes=True)
            with connection.begin():
                yield Writer(connection)


@dataclass(frozen=True, slots=True)
class Reader:
    """What can be asked of one view of the database."""

    connection: Connection

    def size(self) -> int:
        """Leaves in the log."""
        return int(self._scalar(sa.select(sa.func.coalesce(sa.func.max(t.log.c.position) + 1, 0))))

    def leaf(self, position: int) -> bytes:
        """The bytes of a leaf."""
        return bytes(self._scalar(sa.select(t.log.c.leaf).where(t.log.c.position == position)))

    def entry(self, position: int) -> JournalEntry:
        """The entry in a leaf."""
        return decode_entry(self.leaf(position))

    def leaves(self) -> Iterator[tuple[int, bytes]]:
        """Every leaf in order."""
        for row in self.connection.execute(sa.select(t.log.c.position, t.log.c.leaf).order_by(t.log.c.position)):
            yield row[0], bytes(row[1])

    def node(self, level: int, position: int) -> bytes:
        """A complete node of the tree."""
        where = (t.nodes.c.level == level) & (t.nodes.c.position == position)
        return bytes(self._scalar(sa.select(t.nodes.c.hash).where(where)))

    def checkpoint(self) -> str:
        """The newest signed checkpoint."""
        return str(self._scalar(sa.select(t.checkpoints.c.note).order_by(t.checkpoints.c.size.desc()).limit(1)))

    def request(self, request: str) -> tuple[str, int] | None:
        """Fingerprint and leaf of an act by its request id."""
        wanted = sa.select(t.requests.c.fingerprint, t.requests.c.position).where(t.requests.c.id == request)
        row = self.connection.execute(wanted).one_or_none()
        return (row[0], row[1]) if row else None

    def accounts(self) -> list[Account]:
        """Every account."""
        return [Account(*row) for row in self.connection.execute(sa.select(t.accounts).order_by(t.accounts.c.id))]

    def has_account(self, account: str) -> bool:
        """Whether the account exists."""
        return self._exists(t.accounts.c.id == account)

    def opening(self, commitment: str) -> Opening | None:
        """What a commitment hides, unless it was erased."""
        wanted = sa.select(t.openings.c.salt, t.openings.c.value).where(t.openings.c.commitment == commitment)
        row = self.connection.execute(wanted).one_or_none()
        return Opening(bytes(row[0]), row[1]) if row else None

    def claim_position(self, sha256: str) -> int | None:
        """The leaf that issued a claim."""
        row = self.connection.execute(sa.select(t.claims.c.position).where(t.claims.c.sha256 == sha256)).one_or_none()
        return row[0] if row else None

    def batch_position(self, batch: str) -> int:
        """The leaf that issued a batch."""
        wanted = sa.select(t.claims.c.position).join(t.batches).where(t.batches.c.id == batch)
        return int(self._scalar(wanted, RegistryError("registry.unknown_batch", batch=batch)))

    def retirement_position(self, retirement: str) -> int:
        """The leaf of a retirement."""
        wanted = sa.select(t.retirements.c.position).where(t.retirements.c.id == retirement)
        return int(self._scalar(wanted, RegistryError("registry.unknown_retirement", retirement=retirement)))

    def positions(self, table: sa.Table) -> list[int]:
        """The leaves that a table of claims or retirements points to, in order."""
        return list(self.connection.execute(sa.select(table.c.position).order_by(table.c.position)).scalars())

    def next_serial(self) -> tuple[int, int]:
        """Number of batches, and the first serial not yet issued."""
        row = self.connection.execute(sa.select(sa.func.count(), sa.func.coalesce(sa.func.max(t.batches.c.end), 1)))
        count, serial = row.one()
        return count, serial

    def holdings(self, owner: str | None = None, batch: str | None = None) -> Iterator[Holding]:
        """Holdings, lowest serial first, read row by row."""
        wanted = sa.select(t.holdings).order_by(t.holdings.c.first)
        if owner is not None:
            wanted = wanted.where(t.holdings.c.owner == owner)
        if batch is not None:
            wanted = wanted.where(t.holdings.c.batch == batch)
        for row in self.connection.execute(wanted):
            yield Holding(Interval(row.first, row.end), row.batch, row.owner)

    def near(self, serials: Interval) -> list[Holding]:
        """Holdings that overlap or touch an interval."""
        table = t.holdings
        before = sa.select(table).where(table.c.first < serials.first).order_by(table.c.first.desc()).limit(1)
        inside = sa.select(table).where(table.c.first.between(serials.first, serials.end)).order_by(table.c.first)
        rows = [*self.connection.execute(before), *self.connection.execute(inside)]
        return [Holding(Interval(r.first, r.end), r.batch, r.owner) for r in rows if r.end >= serials.first]

    def balances(self, owner: str) -> list[tuple[str, int]]:
        """Units by batch, from the view ``balances``."""
        wanted = sa.text("SELECT batch, units FROM balances WHERE owner = :owner ORDER BY batch")
        return [(row[0], row[1]) for row in self.connection.execute(wanted, {"owner": owner})]

    def _exists(self, where: sa.ColumnElement[bool]) -> bool:
        return bool(self.connection.execute(sa.select(sa.exists().where(where))).scalar_one())

    def _scalar(self, query: sa.Select[Any], missing: Exception | None = None) -> Any:
        row = self.connection.execute(query).one_or_none()
        if row is None:
            raise missing or IntegrityError("registry.database_damaged", detail="a row is missing")
        return row[0]


class Writer(Reader):
    """A view that may also write."""

    __slots__ = ()

    def append(self, entry: JournalEntry) -> None:
        """Add an entry to the log and to its tree."""
        leaf = encode_entry(entry)
        self.connection.execute(t.log.insert(), {"position": entry.index, "leaf": leaf})
        new = completed_nodes(entry.index, leaf_hash(leaf), self.node)
        rows = [{"level": level, "position": position, "hash": value} for level, position, value in new]
        self.connection.execute(t.nodes.insert(), rows)

    def carry_out(self, entry: JournalEntry) -> None:
        """Bring the tables to where the entry says they are."""
        if entry.account:
            self.connection.execute(t.accounts.insert(), entry.account.to_dict())
        if entry.claim:
            first_day, last_day = entry.claim.period.to_list()
            claim = entry.claim.claim_sha256
            days = {"first_day": first_day, "last_day": last_day}
            row = {"sha256": claim, "project": entry.claim.project, "position": entry.index}
            self.connection.execute(t.claims.insert(), {**row, **days})
            self.connection.execute(t.batches.insert(), [_batch_row(batch) for batch in entry.batches])
        for leg in entry.legs:
            self._settle(leg)
        if (retired := entry.retirement) is not None:
            row = {"id": retired.id, "account": retired.account, "batch": retired.batch, "position": entry.index}
            self.connection.execute(t.retirements.insert(), row)

    def remember(self, request: str, fingerprint: str, position: int) -> None:
        """Bind a request id to what it did."""
        self.connection.execute(t.requests.insert(), {"id": request, "fingerprint": fingerprint, "position": position})

    def keep_opening(self, opening: Opening) -> None:
        """Keep what a commitment hides."""
        row = {"commitment": opening.commitment, "salt": opening.salt, "value": opening.value}
        self.connection.execute(t.openings.insert(), row)

    def erase_opening(self, commitment: str) -> bool:
        """Forget what a commitment hides; whether there was something to forget."""
        return self.connection.execute(t.openings.delete().where(t.openings.c.commitment == commitment)).rowcount > 0

    def keep_checkpoint(self, size: int, note: str) -> None:
        """Keep a signed checkpoint."""
        self.connection.execute(t.checkpoints.insert(), {"size": size, "note": note})

    def _settle(self, leg: Leg) -> None:
        change: Change = settle(leg, self.near(leg.serials))
        firsts = [holding.serials.first for holding in change.removed]
        if firsts:
            self.connection.execute(t.holdings.delete().where(t.holdings.c.first.in_(firsts)))
        self.connection.execute(t.holdings.insert(), [_holding_row(holding) for holding in change.added])


def _batch_row(batch: Batch) -> dict[str, Any]:
    line = {"first": batch.serials.first, "end": batch.serials.end}
    return {"id": batch.id, "claim": batch.claim.claim_sha256, "vintage": batch.vintage, **line}


def _holding_row(holding: Holding) -> dict[str, Any]:
    serials = holding.serials
    return {"first": serials.first, "end": serials.end, "batch": holding.batch, "owner": holding.owner}


def _engine(path: Path, mode: str) -> Engine:
    """An engine whose transactions are SQLite's own, begun as the caller asks."""
    query = {"mode": mode, "uri": "true"}
    if mode == "ro" and not path.with_name(f"{path.name}-wal").exists():
        # Nobody has it open. Without this, SQLite makes side files even to read, and fails on read-only media.
        query["immutable"] = "1"
    url = sa.URL.create("sqlite", database=path.absolute().as_uri(), query=query)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        # The journal mode is a property of the file, set once when it is made.
        for pragma in ("journal_mode = WAL", *PRAGMAS) if mode == "rwc" else PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("tanhui_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _translated() -> Iterator[None]:
    """The database's refusals in the registry's words."""
    try:
        yield
    except ConstraintError as error:
        detail = str(error.orig)
        code = detail if detail.startswith("registry.") else "registry.refused_by_database"
        raise RegistryError(code, detail=detail) from error
    except OperationalError as error:
        detail = str(error.orig)
        code = "registry.busy" if "locked" in detail or "busy" in detail else "registry.storage_failed"
        raise RegistryError(code, detail=detail) from error
    except (DatabaseError, sqlite3.DatabaseError) as error:
        raise IntegrityError("registry.database_damaged", detail=str(getattr(error, "orig", error))) from error
