"""Tables of tenure. Rights and distributions only grow; what names people lies apart and can be erased.

The public part of a right is in ``tenure_rights`` under its salted commitment; the whole right, names and certificate
number included, is the opening in ``tenure_openings``.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = ["DDL", "carried", "create_tables", "credited", "distributions", "metadata", "openings", "rights"]

metadata = MetaData()

rights = Table(
    "tenure_rights",
    metadata,
    Column("commitment", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("parcel", Text, nullable=False),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    Column("certified_m2", BigInteger, CheckConstraint("certified_m2 >= 0"), nullable=False),
    Column("carbon_authorised", Boolean(create_constraint=True, name="tenure_rights_authorised"), nullable=False),
    Column("minutes_sha256", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    # Each right has at most one successor: two corrections of one right would be two truths.
    Column("supersedes", Text, ForeignKey("tenure_rights.commitment"), unique=True),
    CheckConstraint("first_day <= last_day", name="tenure_rights_term"),
    Index("tenure_rights_by_project", "project", "parcel"),
)
openings = Table(
    "tenure_openings",
    metadata,
    Column("commitment", Text, ForeignKey("tenure_rights.commitment"), primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("value", Text, nullable=False),
)
distributions = Table(
    "tenure_distributions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    # Counted from 1 in each project: two distributions at once would both pay what was carried.
    Column("number", Integer, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("paid_fen", BigInteger, nullable=False),
    Column("payments_sha256", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    UniqueConstraint("project", "number"),
)
carried = Table(
    "tenure_carried",
    metadata,
    Column("distribution", Text, ForeignKey("tenure_distributions.id"), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("fen", BigInteger, CheckConstraint("fen > 0"), nullable=False),
)
#: The three areas of a parcel when a step of its project brought it; the newest row of a parcel counts.
credited = Table(
    "tenure_credited",
    metadata,
    Column("project", Text, nullable=False),
    Column("parcel", Text, nullable=False),
    Column("event", Integer, nullable=False),
    Column("certified_m2", BigInteger, nullable=False),
    Column("measured_m2", BigInteger, nullable=False),
    Column("planted_m2", BigInteger, nullable=False),
    Column("beyond", Text, nullable=False),
    PrimaryKeyConstraint("project", "parcel", "event"),
    CheckConstraint("certified_m2 >= 0 AND measured_m2 >= 0 AND planted_m2 >= 0", name="tenure_credited_areas"),
)

_APPEND_ONLY = (rights.name, distributions.name, carried.name, credited.name)

#: What each database refuses by itself, to be run after the tables are made.
DDL: dict[str, list[str]] = {
    "sqlite": [
        f"CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, 'tenure.append_only'); END"
        for table in _APPEND_ONLY
        for act in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION tenure_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'tenure.append_only'; END $$",
        *(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tenure_append_only()"
            for table in _APPEND_ONLY
        ),
    ],
}


def create_tables(connection: Connection) -> None:
    """Make the tables and their triggers, in the caller's transaction."""
    metadata.create_all(connection)
    for statement in DDL[connection.dialect.name]:
        connection.exec_driver_sql(statement)
