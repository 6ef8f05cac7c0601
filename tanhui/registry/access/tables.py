"""The tables of access. They know no ledger, and ledger tables know none of them: ``who`` is an id and no more.

Of a secret only what cannot be turned back into it is stored. The trail of acts grows only, on both databases: a
trigger refuses to change or remove a line of it.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    event,
)

__all__ = [
    "TRIGGERS",
    "account_kinds",
    "api_keys",
    "enrolments",
    "metadata",
    "orders",
    "orders_forgotten",
    "people",
    "sessions",
    "trail",
    "turnover",
    "turnover_read",
]

metadata = MetaData()
#: SQLite numbers rows by itself only where the type is INTEGER.
Counter = BigInteger().with_variant(Integer, "sqlite")

people = Table(
    "access_people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("password", Text),
    Column("made_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
)
enrolments = Table(
    "access_enrolments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("grants", Text, nullable=False),
    Column("stored", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)
sessions = Table(
    "access_sessions",
    metadata,
    Column("digest", Text, CheckConstraint("length(digest) = 64"), primary_key=True),
    Column("who", Text, ForeignKey("access_people.id"), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("idle_s", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Index("access_sessions_by_person", "who"),
)
api_keys = Table(
    "access_api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("who", Text, ForeignKey("access_people.id"), nullable=False),
    Column("digest", Text, CheckConstraint("length(digest) = 64"), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index("access_api_keys_by_person", "who"),
)
#: Orders that were carried out, for as long as they could come again.
orders = Table(
    "access_orders",
    metadata,
    Column("key_id", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("digest", Text, CheckConstraint("length(digest) = 64"), nullable=False),
    Column("not_after", BigInteger, nullable=False),
    PrimaryKeyConstraint("key_id", "request"),
    Index("access_orders_by_end", "not_after"),
)
#: One row: orders that ended by then are forgotten, so none of them counts again, whatever the clock says.
orders_forgotten = Table(
    "access_orders_forgotten",
    metadata,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True),
    Column("until", BigInteger, nullable=False),
)
#: Every act, done or refused. ``outcome`` is ``done`` or the code of the refusal; ``address`` is a keyed hash.
trail = Table(
    "access_trail",
    metadata,
    Column("position", Counter, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("address", Text, nullable=False),
    Index("access_trail_by_person", "who", "position"),
)

#: Whether an account is a natural or a legal person's, for the rules that ask.
account_kinds = Table(
    "access_account_kinds",
    metadata,
    Column("account", Text, primary_key=True),
    Column("kind", Text, CheckConstraint("kind IN ('natural', 'legal')"), nullable=False),
)
#: An index of the log: the money that went with units, by account and calendar year; and how many leaves are in it.
turnover = Table(
    "access_turnover",
    metadata,
    Column("account", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("fen", BigInteger, nullable=False),
    PrimaryKeyConstraint("account", "year"),
)
turnover_read = Table(
    "access_turnover_read",
    metadata,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)
event.listen(turnover_read, "after_create", DDL("INSERT INTO access_turnover_read VALUES (1, 0)"))  # type: ignore[no-untyped-call]

#: What makes the trail append-only, by dialect; a migration runs the same statements as ``create_all``.
TRIGGERS: dict[str, list[str]] = {
    "sqlite": [
        f"CREATE TRIGGER access_trail_no_{act} BEFORE {act} ON access_trail "
        "BEGIN SELECT RAISE(ABORT, 'access.append_only'); END"
        for act in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION access_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'access.append_only'; END $$",
        "CREATE TRIGGER access_trail_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON access_trail "
        "FOR EACH STATEMENT EXECUTE FUNCTION access_append_only()",
    ],
}

for _dialect, _statements in TRIGGERS.items():
    for _statement in _statements:
        event.listen(trail, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
