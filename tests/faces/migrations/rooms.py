"""Every room with tables in a registry's database, and a recorder of what their ``create`` functions do.

``python -m tests.faces.migrations.rooms`` writes the statements of the first revision anew. That is allowed as long as
it was never released; afterwards a change of a room's tables is a new revision.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import tanhui.faces.migrations
from tanhui.projects.compensation import tables as compensation
from tanhui.projects.land import tables as land
from tanhui.projects.lifecycle import tables as lifecycle
from tanhui.projects.permanence import tables as permanence
from tanhui.projects.tenure import tables as tenure
from tanhui.registry import tables as ledger
from tanhui.registry.access import tables as access
from tanhui.registry.engines import sqlite_url
from tanhui.registry.foreign import tables as foreign
from tanhui.registry.operations import tables as operations
from tanhui.registry.store import Store
from tanhui.registry.webhooks import tables as webhooks
from tests.postgres import running

VERSIONS = Path(tanhui.faces.migrations.__file__).parent / "versions"
#: The first table by which a room is known, and how it lays out all of them.
ROOMS: dict[str, Callable[[sa.Connection], None]] = {
    "segments": ledger.create,
    "access_people": access.metadata.create_all,
    "bridge_exports": foreign.create,
    "log_cosignatures": operations.create,
    "webhook_subscriptions": webhooks.create,
    "land_parcels": land.create,
    "lifecycle_projects": lifecycle.create_tables,
    "tenure_rights": tenure.create_tables,
    "permanence_settlements": permanence.create_tables,
    "compensation_payments": compensation.create_tables,
}


def create_all(connection: sa.Connection) -> None:
    """Lay out every room by its own function."""
    for create in ROOMS.values():
        create(connection)


def recorded(connection: sa.Connection) -> str:
    """What the rooms do to lay themselves out, as the file of a revision."""
    statements: list[str] = []

    def note(_c: Any, _k: Any, statement: str, parameters: Any, *_: Any) -> None:
        if re.match(r"\s*(CREATE|ALTER|INSERT)", statement, re.IGNORECASE):
            statements.append(filled(statement, parameters).strip().replace("\t", "  "))

    text = "Made by tests.faces.migrations.rooms; see 0001_beginning.py.\n"
    sa.event.listen(connection, "before_cursor_execute", note)
    for first, create in ROOMS.items():
        create(connection)
        text += f"-- room {first}\n" + "\n--\n".join(statements) + "\n--\n"
        statements.clear()
    sa.event.remove(connection, "before_cursor_execute", note)
    return f"-- {text}"


def filled(statement: str, parameters: Any) -> str:
    """A statement with its parameters written out; only whole numbers occur."""
    values = parameters if isinstance(parameters, dict) else dict(enumerate(parameters))
    assert all(type(value) is int for value in values.values())
    for name, value in values.items():
        pattern = r"\?" if isinstance(name, int) else rf"%\({name}\)s(::\w+)?"
        statement = re.sub(pattern, str(value), statement, count=1)
    return "\n".join(line.rstrip() for line in statement.splitlines())


def main() -> None:
    """Write the files."""
    with tempfile.TemporaryDirectory() as folder, running() as server:
        urls = {"sqlite": sqlite_url(Path(folder) / "db", "rwc"), "postgresql": server.create_database()}
        for dialect, url in urls.items():
            store = Store(url, create=True)
            with store.writing() as tx:
                text = recorded(tx.connection)
            store.close()
            (VERSIONS / f"0001.{dialect}.sql").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
