"""Subscriptions, what is to be delivered and what became of it, and whose turn it is to deliver."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

__all__ = ["create", "deliveries", "metadata", "subscriptions", "turn"]

metadata = MetaData()

#: ``cursor`` is the first leaf that was not looked at yet for this subscription. ``generation`` counts its secrets.
subscriptions = Table(
    "webhook_subscriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("rotated_at", BigInteger),
    Column("made_at", BigInteger, nullable=False),
    Column("paused_at", BigInteger),
    Column("closed_at", BigInteger),
)
#: ``due_at`` is when it is tried next; while it is being tried, when somebody else may; once done, when it was. Dead
#: ones wait for a person. ``outcome`` is what the last attempt came to: a status, or a word where there was none.
deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("subscription", Text, ForeignKey("webhook_subscriptions.id"), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("state", Text, CheckConstraint("state IN ('due', 'done', 'dead')"), nullable=False),
    Column("outcome", Text, nullable=False),
    PrimaryKeyConstraint("subscription", "position"),
    Index("webhook_deliveries_by_time", "state", "due_at"),
)
#: One row: who delivers, and until when nobody else does.
turn = Table(
    "webhook_turn",
    metadata,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("holder", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)


def create(connection: Connection) -> None:
    """Lay out the tables in a database that has none of them."""
    metadata.create_all(connection)
    connection.execute(turn.insert(), {"one": 1, "holder": 0, "until": 0})
