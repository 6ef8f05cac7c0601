"""The tables, and what the database itself refuses whoever writes to it.

The log, its tree and its checkpoints only grow. Holdings never overlap and stay inside their batch, batches continue
the line, a claim is issued once and a project's periods never overlap. A trigger's message is the code of the refusal.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
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

__all__ = [
    "DDL",
    "accounts",
    "batches",
    "checkpoints",
    "claims",
    "holdings",
    "log",
    "metadata",
    "nodes",
    "openings",
    "requests",
    "retirements",
]

metadata = MetaData()

log = Table(
    "log",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("leaf", LargeBinary, nullable=False),
)
nodes = Table(
    "nodes",
    metadata,
    Column("level", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("hash", LargeBinary, CheckConstraint("length(hash) = 32"), nullable=False),
    PrimaryKeyConstraint("level", "position"),
    sqlite_with_rowid=False,
)
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", Integer, primary_key=True),
    Column("note", Text, nullable=False),
)
requests = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("position", Integer, ForeignKey("log.position"), nullable=False, unique=True),
)
accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("commitment", Text, nullable=False, unique=True),
)
openings = Table(
    "openings",
    metadata,
    Column("commitment", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("value", Text, nullable=False),
)
claims = Table(
    "claims",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    Column("position", Integer, ForeignKey("log.position"), nullable=False, unique=True),
    CheckConstraint("first_day <= last_day"),
    Index("claims_by_project", "project", "first_day"),
)
batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("claim", Text, ForeignKey("claims.sha256"), nullable=False),
    Column("vintage", Integer, nullable=False),
    Column("first", Integer, nullable=False, unique=True),
    Column("end", Integer, nullable=False, unique=True),
    CheckConstraint('"end" > "first"'),
    UniqueConstraint("claim", "vintage"),
)
holdings = Table(
    "holdings",
    metadata,
    Column("first", Integer, primary_key=True),
    Column("end", Integer, nullable=False),
    Column("batch", Text, ForeignKey("batches.id"), nullable=False),
    Column("owner", Text, nullable=False),
    CheckConstraint('"end" > "first"'),
    Index("holdings_by_owner", "owner", "batch", "first"),
)
retirements = Table(
    "retirements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("batch", Text, ForeignKey("batches.id"), nullable=False),
    Column("position", Integer, ForeignKey("log.position"), nullable=False, unique=True),
)


def _append_only(table: str) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END"
        for act in ("UPDATE", "DELETE")
    ]


_APPEND_ONLY = ("log", "nodes", "checkpoints", "requests", "accounts", "claims", "batches", "retirements")

#: The overlap test needs only the neighbours, for the rows already there are disjoint.
_NO_OVERLAP = """
CREATE TRIGGER holdings_disjoint BEFORE INSERT ON holdings BEGIN
  SELECT RAISE(ABORT, 'registry.overlap') WHERE
    (SELECT "end" FROM holdings WHERE "first" < NEW."first" ORDER BY "first" DESC LIMIT 1) > NEW."first"
    OR EXISTS (SELECT 1 FROM holdings WHERE "first" > NEW."first" AND "first" < NEW."end");
  SELECT RAISE(ABORT, 'registry.outside_batch') WHERE NOT EXISTS
    (SELECT 1 FROM batches WHERE id = NEW.batch AND "first" <= NEW."first" AND NEW."end" <= "end");
END"""

DDL: list[str] = [
    *(statement for table in _APPEND_ONLY for statement in _append_only(table)),
    """
CREATE TRIGGER log_in_order BEFORE INSERT ON log
WHEN NEW.position <> (SELECT coalesce(max(position) + 1, 0) FROM log)
BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END""",
    """
CREATE TRIGGER batches_in_line BEFORE INSERT ON batches
WHEN NEW."first" <> (SELECT coalesce(max("end"), 1) FROM batches)
BEGIN SELECT RAISE(ABORT, 'registry.overlap'); END""",
    """
CREATE TRIGGER claims_disjoint BEFORE INSERT ON claims
WHEN EXISTS (SELECT 1 FROM claims WHERE project = NEW.project
             AND first_day <= NEW.last_day AND NEW.first_day <= last_day)
BEGIN SELECT RAISE(ABORT, 'registry.period_issued'); END""",
    _NO_OVERLAP,
    # Holdings are replaced, never edited: an update could hide an overlap from a trigger that sees one row at a time.
    """
CREATE TRIGGER holdings_no_update BEFORE UPDATE ON holdings
BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END""",
    """
CREATE VIEW balances AS
SELECT owner, batch, sum("end" - "first") AS units, count(*) AS intervals FROM holdings GROUP BY owner, batch""",
]
