"""The table of settled losses: it only grows, for what was made public cannot be taken back."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.engine import Connection

__all__ = ["DDL", "create_tables", "metadata", "settlements"]

metadata = MetaData()

settlements = Table(
    "permanence_settlements",
    metadata,
    Column("report", Text, primary_key=True),  # a loss report is settled once
    Column("project", Text, nullable=False, index=True),
    Column("day", Text, nullable=False),
    Column("document", Text, nullable=False),  # canonical JSON: its hash is in the log
)

#: What each database refuses by itself, to be run after the table is made.
DDL: dict[str, list[str]] = {
    "sqlite": [
        f"CREATE TRIGGER {settlements.name}_no_{act} BEFORE {act} ON {settlements.name} "
        "BEGIN SELECT RAISE(ABORT, 'permanence.append_only'); END"
        for act in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION permanence_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'permanence.append_only'; END $$",
        f"CREATE TRIGGER {settlements.name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {settlements.name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION permanence_append_only()",
    ],
}


def create_tables(connection: Connection) -> None:
    """Make the table and its triggers, in the caller's transaction."""
    metadata.create_all(connection)
    for statement in DDL[connection.dialect.name]:
        connection.exec_driver_sql(statement)
