"""How a database is opened, and its refusals in the registry's words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.exc import IntegrityError as ConstraintError

from tanhui.kernel.errors import IntegrityError
from tanhui.registry.errors import RegistryError

__all__ = ["postgresql_engine", "sqlite_engine", "sqlite_url", "translated"]

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


def sqlite_url(path: Path, mode: Literal["ro", "rw", "rwc"]) -> sa.URL:
    """The address of a database file."""
    query = {"mode": mode, "uri": "true"}
    if mode == "ro" and not path.with_name(f"{path.name}-wal").exists():
        # Nobody has it open. Without this, SQLite makes side files even to read, and fails on read-only media.
        query["immutable"] = "1"
    return sa.URL.create("sqlite", database=path.absolute().as_uri(), query=query)


def sqlite_engine(url: sa.URL, create: bool) -> Engine:
    """An engine whose transactions are SQLite's own, begun as the caller asks."""
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        # The journal mode is a property of the file, set once when it is made.
        for pragma in ("journal_mode = WAL", *PRAGMAS) if create else PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("tanhui_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def postgresql_engine(url: sa.URL) -> Engine:
    """An engine that does not wait for ever, neither for a server nor for a lock."""
    options = f"-c lock_timeout={BUSY_TIMEOUT_MS} -c timezone=UTC"
    settings = {"options": options, "connect_timeout": 10}
    engine = sa.create_engine(url, connect_args=settings, pool_pre_ping=True, hide_parameters=True)

    @sa.event.listens_for(engine, "handle_error")
    def _shorten(context: sa.ExceptionContext) -> None:
        # Below its first line PostgreSQL quotes the row it refused, and there may be a name or a secret in it.
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None and error.args:
                error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])

    return engine


@contextmanager
def translated() -> Iterator[None]:
    """The database's refusals in the registry's words."""
    try:
        yield
    except ConstraintError as error:
        raise RegistryError(_code(error), detail=str(error.orig)) from error
    except OperationalError as error:
        detail = str(error.orig)
        busy = any(word in detail for word in ("locked", "busy", "lock timeout", "deadlock"))
        raise RegistryError("registry.busy" if busy else "registry.storage_failed", detail=detail) from error
    except (DatabaseError, DBAPIError, sqlite3.DatabaseError) as error:
        raise IntegrityError("registry.database_damaged", detail=str(getattr(error, "orig", error))) from error


def _code(error: ConstraintError) -> str:
    """The code in a refusal: a trigger's whole message, or the name of PostgreSQL's constraint."""
    first = str(error.orig).split("\n")[0]
    if first.startswith("registry."):
        return first
    constraint = str(getattr(getattr(error.orig, "diag", None), "constraint_name", "") or "")
    return "registry.overlap" if constraint == "registry_overlap" else "registry.refused_by_database"
