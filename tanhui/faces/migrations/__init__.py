"""One history of the database's layout, of all rooms that have tables in it, for SQLite and PostgreSQL (Alembic).

``versions/0001.<dialect>.sql`` is what the rooms' own ``create`` functions did when the history began, statement by
statement; a test shows that the history and those functions still lead to one and the same layout. So a room changes
its ``tables.py`` *and* adds a revision, or the test is red. A revision is never edited once it is released, and never
taken back: to go back is to restore a backup.

A whole upgrade is one transaction on both databases: it happens or it does not. Revisions are named by their files, so
whoever only asks which one there is does not wait for Alembic.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tanhui.kernel.errors import InputError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

    from tanhui.registry.store import Store

__all__ = ["checked", "current", "lay_out", "newest", "upgrade"]

HERE = Path(__file__).parent
#: Any number: whoever upgrades a PostgreSQL database holds the lock of this name.
UPGRADING = 7_219_040_316


def newest() -> str:
    """The revision that this version of the product works with."""
    return _known()[-1]


def current(registry: Path) -> str:
    """The revision of a registry's database; empty where none is noted."""
    from tanhui.registry.operations.copy import schema_revision

    with _opened(registry) as store, store.reading() as view:
        return schema_revision(view.connection)


def upgrade(registry: Path) -> tuple[str, str]:
    """Bring a registry's database to the newest layout; the revision before and after.

    Raises
    ------
    InputError
        If the layout is of a newer version of the product.
    """
    from tanhui.registry.operations.copy import schema_revision

    with _opened(registry) as store, store.writing() as tx:
        connection = tx.connection
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADING})")
        before = schema_revision(connection)
        if before not in ("", *_known()):
            raise InputError("migrations.newer", revision=before, newest=newest())
        _run(connection, "head")
        return before, schema_revision(connection)


def lay_out(connection: Connection, revision: str = "") -> None:
    """Lay out an empty database as a revision says, the newest by default, in the caller's transaction."""
    if revision not in ("", *_known()):
        raise InputError("migrations.newer", revision=revision, newest=newest())
    _run(connection, revision or "head")


def checked(registry: Path) -> Path:
    """A registry's folder, if this version of the product may open it.

    Raises
    ------
    InputError
        If its layout is older (and must be upgraded first) or newer than what this version works with.
    """
    there = current(registry)
    if there == newest():
        return registry
    if there == "" or there in _known():
        raise InputError("migrations.older", path=str(registry), revision=there or "–", newest=newest())
    raise InputError("migrations.newer", revision=there, newest=newest())


@contextmanager
def _opened(registry: Path) -> Iterator[Store]:
    from tanhui.registry.folder import open_store

    store = open_store(registry)
    try:
        yield store
    finally:
        store.close()


def _run(connection: Connection, revision: str) -> None:
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    return config


@cache
def _known() -> tuple[str, ...]:
    """Every revision, oldest first."""
    return tuple(sorted(path.name.partition("_")[0] for path in (HERE / "versions").glob("*_*.py")))
