"""A database as files, at one moment and while others write; and back into an empty one.

SQLite: its own backup interface, from a connection that holds one view of the file. PostgreSQL: ``COPY`` of every
table in one ``REPEATABLE READ`` transaction, rows in the order of their keys, so that the tables' own triggers judge
them again on their way back in. What tables there are the database says: rooms above this one have theirs in it too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tanhui.kernel.progress import Progress
from tanhui.registry.store import Reader

__all__ = ["copy_in", "copy_out", "driver_cursor", "row_counts", "schema_revision"]

#: Pages of SQLite copied between two reports. [pages of 4 kB]
PAGES = 2048
#: Where the migrations note the layout of a database.
REVISION = sa.table("alembic_version", sa.column("version_num"))


def schema_revision(connection: sa.Connection) -> str:
    """The migration that laid the database out; empty where none did."""
    if not sa.inspect(connection).has_table(REVISION.name):
        return ""
    return str(connection.execute(sa.select(REVISION.c.version_num)).scalar() or "")


def copy_out(view: Reader, folder: Path, progress: Progress) -> None:
    """Write the database as one view of it shows it into a folder: ``registry.db``, or one file a table."""
    if view.connection.dialect.name == "sqlite":
        _copy_sqlite(view, folder / "registry.db", progress)
        return
    tables = _tables(view.connection)
    for number, table in enumerate(tables):
        progress("backup", number, len(tables))
        with (folder / f"{table.name}.copy").open("wb") as stream:
            for data in _rows_out(view.connection, table):
                stream.write(data)
    progress("backup", len(tables), len(tables))


def copy_in(connection: sa.Connection, folder: Path, progress: Progress) -> None:
    """Fill the tables of an empty PostgreSQL database that is laid out already, in the caller's transaction.

    A table of which the copy knows nothing, for it is younger, stays as it was laid out.
    """
    files = {path.stem: path for path in folder.glob("*.copy")}
    tables = [table for table in _tables(connection) if table.name in files]
    for number, table in enumerate(tables):
        progress("restore", number, len(tables))
        if _count(connection, table):  # rows that laying out has put there; some triggers refuse to delete even none
            connection.execute(table.delete())
        wanted = f"COPY {_named(table)} FROM STDIN (FORMAT binary)"
        with (
            files[table.name].open("rb") as stream,
            driver_cursor(connection) as cursor,
            cursor.copy(wanted) as copy,
        ):
            while data := stream.read(1 << 20):
                copy.write(data)
        _set_counters(connection, table)
    progress("restore", len(tables), len(tables))


def driver_cursor(connection: sa.Connection) -> Any:
    """A cursor of the database's own driver, in the transaction of a connection: what SQLAlchemy has no words for."""
    raw: Any = connection.connection.driver_connection
    return raw.cursor()


def row_counts(connection: sa.Connection) -> dict[str, int]:
    """Rows of every table."""
    return {table.name: _count(connection, table) for table in _tables(connection)}


def _copy_sqlite(view: Reader, path: Path, progress: Progress) -> None:
    view.size()  # opens the view: what others commit from here on is not in the copy
    source: Any = view.connection.connection.driver_connection
    target = sqlite3.connect(path)
    try:
        source.backup(
            target, pages=PAGES, progress=lambda _, left, total: progress("backup", total - left, max(total, 1))
        )
    finally:
        target.close()


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """Every table of the database, those that others refer to first."""
    there = sa.MetaData()
    there.reflect(connection)
    return there.sorted_tables


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _rows_out(connection: sa.Connection, table: sa.Table) -> Iterator[bytes]:
    keys = [str(_quoted(column.name)) for column in table.primary_key] or ["1"]
    columns = ", ".join(_quoted(column.name) for column in table.columns)
    rows = f"SELECT {columns} FROM {_quoted(table.name)} ORDER BY {', '.join(keys)}"
    with driver_cursor(connection) as cursor, cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT binary)") as copy:
        for data in copy:
            yield bytes(data)


def _set_counters(connection: sa.Connection, table: sa.Table) -> None:
    """Columns that count by themselves go on after the last row."""
    for column in table.columns:
        if "nextval" in str(getattr(column.server_default, "arg", "")):
            top = f"(SELECT max({_quoted(column.name)}) FROM {_quoted(table.name)})"
            counter = f"pg_get_serial_sequence('{_quoted(table.name)}', '{column.name}')"
            connection.exec_driver_sql(f"SELECT setval({counter}, coalesce({top}, 1), {top} IS NOT NULL)")


def _named(table: sa.Table) -> str:
    return f"{_quoted(table.name)} ({', '.join(_quoted(column.name) for column in table.columns)})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
