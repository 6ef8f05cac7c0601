"""Tables of compensation: what was measured and paid under each contract. They only grow."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Text, UniqueConstraint

__all__ = ["DDL", "create_tables", "metadata", "payments"]

metadata = MetaData()

payments = Table(
    "compensation_payments",
    metadata,
    Column("request", Text, primary_key=True),
    Column("contract", Text, nullable=False),
    # Counted from 1 in each contract: two payments at once would both pay what is due.
    Column("number", Integer, nullable=False),
    Column("amendment", Integer, nullable=False),
    Column("contract_sha256", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("run", Text, nullable=False),  # empty where nothing new was measured
    Column("cause", Text, nullable=False),
    Column("evidence_sha256", Text, nullable=False),
    Column("measured", Text, nullable=False),  # canonical JSON; empty as the run
    Column("items", Text, nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("document_sha256", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    UniqueConstraint("contract", "number"),
)

#: What each database refuses by itself, to be run after the table is made.
DDL: dict[str, list[str]] = {
    "sqlite": [
        f"CREATE TRIGGER {payments.name}_no_{act} BEFORE {act} ON {payments.name} "
        "BEGIN SELECT RAISE(ABORT, 'compensation.append_only'); END"
        for act in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION compensation_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'compensation.append_only'; END $$",
        f"CREATE TRIGGER {payments.name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {payments.name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION compensation_append_only()",
    ],
}


def create_tables(connection: Connection) -> None:
    """Make the table and its triggers, in the caller's transaction."""
    metadata.create_all(connection)
    for statement in DDL[connection.dialect.name]:
        connection.exec_driver_sql(statement)
