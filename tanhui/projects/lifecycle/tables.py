"""The tables of project life cycles: events only grow, a project's row is a view of them.

The tables live in the registry's database beside the ledger, so that an event commits with the entry it belongs to.
Triggers refuse an edited or deleted event in both dialects.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.engine import Connection

__all__ = ["APPEND_ONLY", "create_tables", "designs", "events", "metadata", "projects"]

metadata = MetaData()

projects = Table(
    "lifecycle_projects",
    metadata,
    Column("id", Text, primary_key=True),
    Column("book", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("events", Integer, nullable=False),
    CheckConstraint("events > 0"),
)
events = Table(
    "lifecycle_events",
    metadata,
    Column("project", Text, ForeignKey("lifecycle_projects.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("day", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("event", Text, nullable=False),  # canonical JSON: the very bytes that go into the log
    PrimaryKeyConstraint("project", "number"),
)
#: Whose a design document is: the database itself refuses a second project with the same one.
designs = Table(
    "lifecycle_designs",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("project", Text, ForeignKey("lifecycle_projects.id"), nullable=False),
)

#: What each dialect lays over a table that only grows; the message is the code of the refusal.
APPEND_ONLY = {
    "sqlite": (
        "create trigger {table}_no_update before update on {table} "
        "begin select raise(abort, 'lifecycle.append_only'); end",
        "create trigger {table}_no_delete before delete on {table} "
        "begin select raise(abort, 'lifecycle.append_only'); end",
    ),
    "postgresql": (
        "create function {table}_append_only() returns trigger language plpgsql as "
        "$$ begin raise exception 'lifecycle.append_only'; end $$",
        "create trigger {table}_append_only before update or delete or truncate on {table} "
        "for each statement execute function {table}_append_only()",
    ),
}


def create_tables(connection: Connection) -> None:
    """Lay out the tables and triggers in a database that has none of them."""
    metadata.create_all(connection)
    for table in (events, designs):
        for statement in APPEND_ONLY[connection.dialect.name]:
            connection.exec_driver_sql(statement.format(table=table.name))
