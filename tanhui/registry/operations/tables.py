"""What operating a registry keeps in its database beside the ledger: cosignatures of witnesses, and erasures."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, MetaData, PrimaryKeyConstraint, Table, Text

__all__ = ["cosignatures", "create", "erasures", "metadata"]

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
#: Names that were forgotten or are to be: by their commitments, never by themselves.
erasures = Table(
    "name_erasures",
    metadata,
    Column("commitment", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("agreed_by", Text, nullable=False),
    Column("erased_at", BigInteger),
)


def create(connection: Connection) -> None:
    """Lay out the tables in a database that has none of them."""
    metadata.create_all(connection)
