"""Subscriptions, and those deliveries that are not yet done. A delivered one leaves no row."""

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

__all__ = ["create", "deliveries", "metadata", "subscriptions"]

metadata = MetaData()

#: ``cursor`` is the first leaf that was not looked at yet for this subscription.
subscriptions = Table(
    "webhook_subscriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
)
#: ``due_at`` is when it is tried next; while it is being tried, when somebody else may. Dead ones wait for a person.
deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("subscription", Text, ForeignKey("webhook_subscriptions.id"), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("state", Text, CheckConstraint("state IN ('due', 'dead')"), nullable=False),
    Column("failure", Text, nullable=False),
    PrimaryKeyConstraint("subscription", "position"),
    Index("webhook_deliveries_by_time", "state", "due_at"),
)


def create(connection: Connection) -> None:
    """Lay out the tables in a database that has none of them."""
    metadata.create_all(connection)
