"""The tables, and what the database itself refuses whoever writes to it; one layout for SQLite and PostgreSQL.

The log, its tiles and its checkpoints only grow. Holdings never overlap and stay inside their batch, batches continue
the line, a claim is issued once and a project's periods never overlap. The message of a refusal is its code. SQLite
keeps these rules by triggers, PostgreSQL by an exclusion constraint and the same triggers in its own language.
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

__all__ = ["create", "metadata"]

metadata = MetaData()

#: Leaves that were committed together, each after its length in two bytes (an entry bundle of c2sp.org/tlog-tiles).
segments = Table(
    "segments",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("width", Integer, CheckConstraint("width > 0"), nullable=False),
    Column("leaves", LargeBinary, nullable=False),
)
#: Complete tiles of 256 hashes; those at the right edge follow from the leaves.
tiles = Table(
    "tiles",
    metadata,
    Column("level", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("hashes", LargeBinary, CheckConstraint("length(hashes) = 8192"), nullable=False),
    Column("root", LargeBinary, CheckConstraint("length(root) = 32"), nullable=False),
    PrimaryKeyConstraint("level", "position"),
)
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)
#: One row: what an act needs of all that came before. All of it follows from the log.
head = Table(
    "head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("at", Text, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("state_sum", LargeBinary, nullable=False),
    Column("next_serial", BigInteger, nullable=False),
    Column("batch_count", BigInteger, nullable=False),
)
requests = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("position", BigInteger, nullable=False, unique=True),
)
accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("commitment", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("region", Text, nullable=False),
)
people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("commitment", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)
keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, ForeignKey("people.id"), nullable=False),
    Column("public", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)
assets = Table(
    "assets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("issuer", Text, ForeignKey("accounts.id"), nullable=False),
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
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    Column("imported", Boolean, nullable=False),
    Column("document", Text, nullable=False),
    Column("position", BigInteger, nullable=False, unique=True),
    CheckConstraint("first_day <= last_day"),
    Index("claims_by_project", "project", "first_day"),
)
batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("claim", Text, ForeignKey("claims.id"), nullable=False),
    Column("vintage", Integer, nullable=False),
    Column("first", BigInteger, nullable=False, unique=True),
    Column("end", BigInteger, nullable=False, unique=True),
    CheckConstraint('"end" > "first"'),
    UniqueConstraint("claim", "vintage"),
)
#: Units that came from another registry, by its name for the export and its own serials.
imports = Table(
    "imports",
    metadata,
    Column("registry", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    PrimaryKeyConstraint("registry", "id"),
    CheckConstraint('"end" > "first"'),
)
encumbrances = Table(
    "encumbrances",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("beneficiary", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("expires", Text, nullable=False),
    Column("terms", Text, nullable=False),
    Column("assets", Text, nullable=False),
    Index("encumbrances_by_account", "account"),
    Index("encumbrances_by_expiry", "expires"),
)
holdings = Table(
    "holdings",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("end", BigInteger, nullable=False, unique=True),
    Column("batch", Text, ForeignKey("batches.id"), nullable=False),
    Column("owner", Text, nullable=False),
    Column("locks", Text, nullable=False),
    CheckConstraint('"end" > "first"'),
    Index("holdings_by_owner", "owner", "batch", "locks", "first"),
)
#: Which holdings an encumbrance lies on; a view of ``holdings.locks`` that can be asked from the other side.
locked = Table(
    "locked",
    metadata,
    Column("lock", Text, ForeignKey("encumbrances.id"), nullable=False),
    Column("first", BigInteger, nullable=False),
    PrimaryKeyConstraint("lock", "first"),
)
amounts = Table(
    "amounts",
    metadata,
    Column("asset", Text, ForeignKey("assets.id"), nullable=False),
    Column("owner", Text, nullable=False),
    Column("locks", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    PrimaryKeyConstraint("asset", "owner", "locks"),
    CheckConstraint("amount > 0 OR owner = '@issuance'"),
)
#: Retirements and cancellations, and where they are in the log.
endings = Table(
    "endings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("batch", Text, ForeignKey("batches.id"), nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False, unique=True),
    Index("endings_by_batch", "batch"),
)
records = Table(
    "records",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("topic", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Index("records_by_subject", "topic", "subject"),
)
#: Signed orders by their hash, and the leaf that each was good for.
used_orders = Table(
    "used_orders",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

#: Orders that wait for another pair of eyes. Private: they may hold names.
proposals = Table(
    "proposals",
    metadata,
    Column("request", Text, primary_key=True),
    Column("act", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("people", Text, nullable=False),
    Column("at", Text, nullable=False),
)

#: Tables that only grow.
APPEND_ONLY = (
    "segments",
    "tiles",
    "checkpoints",
    "requests",
    "claims",
    "batches",
    "imports",
    "endings",
    "records",
    "used_orders",
    "encumbrances",
)
BALANCES = """
CREATE VIEW balances AS
SELECT owner, locks, batch, sum("end" - "first") AS units, count(*) AS intervals
FROM holdings GROUP BY owner, locks, batch"""

#: What may not be, by table: the condition, for SQLite and PostgreSQL alike, and the code of the refusal. The overlap
#: test of holdings needs only the neighbours, for the rows already there are disjoint.
REFUSED_INSERTS: dict[str, list[tuple[str, str]]] = {
    "segments": [
        (
            'NEW."first" <> coalesce((SELECT "first" + width FROM segments ORDER BY "first" DESC LIMIT 1), 0)',
            "registry.append_only",
        )
    ],
    "batches": [('NEW."first" <> coalesce((SELECT max("end") FROM batches), 1)', "registry.overlap")],
    "claims": [
        (
            "NOT NEW.imported AND EXISTS (SELECT 1 FROM claims WHERE project = NEW.project AND NOT imported"
            " AND first_day <= NEW.last_day AND NEW.first_day <= last_day)",
            "registry.period_issued",
        )
    ],
    "imports": [
        (
            "EXISTS (SELECT 1 FROM imports WHERE registry = NEW.registry"
            ' AND "first" < NEW."end" AND NEW."first" < "end")',
            "registry.overlap",
        )
    ],
    "holdings": [
        (
            'coalesce((SELECT "end" FROM holdings WHERE "first" < NEW."first" ORDER BY "first" DESC LIMIT 1), 0)'
            ' > NEW."first" OR EXISTS (SELECT 1 FROM holdings WHERE "first" > NEW."first" AND "first" < NEW."end")',
            "registry.overlap",
        ),
        (
            'NOT EXISTS (SELECT 1 FROM batches WHERE id = NEW.batch AND "first" <= NEW."first" AND NEW."end" <= "end")',
            "registry.outside_batch",
        ),
    ],
}


def create(connection: Connection) -> None:
    """Lay out an empty registry in the caller's transaction."""
    metadata.create_all(connection)
    connection.exec_driver_sql(BALANCES)
    statements = _postgresql_rules() if connection.dialect.name == "postgresql" else _sqlite_rules()
    for statement in statements:
        connection.exec_driver_sql(statement)


def _sqlite_rules() -> list[str]:
    kept = [
        f"CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END"
        for table in APPEND_ONLY
        for act in ("UPDATE", "DELETE")
    ]
    # Holdings are replaced, never edited: an update could hide an overlap from a trigger that sees one row at a time.
    kept.append(
        "CREATE TRIGGER holdings_no_UPDATE BEFORE UPDATE ON holdings "
        "BEGIN SELECT RAISE(ABORT, 'registry.append_only'); END"
    )
    for table, rules in REFUSED_INSERTS.items():
        checks = " ".join(f"SELECT RAISE(ABORT, '{code}') WHERE {wrong};" for wrong, code in rules)
        kept.append(f"CREATE TRIGGER {table}_insert BEFORE INSERT ON {table} BEGIN {checks} END")
    return kept


def _postgresql_rules() -> list[str]:
    kept = [
        "CREATE FUNCTION registry_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'registry.append_only' USING ERRCODE = '23514'; END $$",
        'ALTER TABLE holdings ADD CONSTRAINT registry_overlap EXCLUDE USING gist (int8range("first", "end") WITH &&)',
    ]
    kept += [
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION registry_append_only()"
        for table in APPEND_ONLY
    ]
    kept.append(
        "CREATE TRIGGER holdings_kept BEFORE UPDATE ON holdings FOR EACH ROW EXECUTE FUNCTION registry_append_only()"
    )
    for table, rules in REFUSED_INSERTS.items():
        checks = " ".join(
            f"IF {wrong} THEN RAISE EXCEPTION '{code}' USING ERRCODE = '23514'; END IF;"
            for wrong, code in rules
            if (table, code) != ("holdings", "registry.overlap")  # the exclusion constraint sees to it
        )
        kept.append(
            f"CREATE FUNCTION registry_{table}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {checks} RETURN NEW; END $$"
        )
        kept.append(
            f"CREATE TRIGGER {table}_insert BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION registry_{table}()"
        )
    return kept
