"""What operating a registry keeps in its database beside the ledger: the cosignatures of witnesses."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, MetaData, PrimaryKeyConstraint, Table, Text

__all__ = ["cosignatures", "create", "metadata"]

metadata = MetaData()

#: A witness's signature line on the checkpoint of a size; ``witness`` is its verifier key.
cosignatures = Table(
    "log_cosignatures",
    metadata,
    Column("size", BigInteger, nullable=False, autoincrement=False),
    Column("witness", Text, nullable=False),
    Column("line", Text, nullable=False),
    PrimaryKeyConstraint("size", "witness"),
)


def create(connection: Connection) -> None:
    """Lay out the tables in a database that has none of them."""
    metadata.create_all(connection)
