"""What the bridge remembers, in the registry's own database: exports under way, and what was decided about offers."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["create", "metadata"]

metadata = sa.MetaData()

exports = sa.Table(
    "bridge_exports",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("offer", sa.Text, nullable=False),
    sa.Column("lock", sa.Text, nullable=False),
    sa.Column("phase", sa.Text, nullable=False),
    sa.Column("minted", sa.Text, nullable=False),
)
imports = sa.Table(
    "bridge_imports",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("offer", sa.Text, nullable=False),
    sa.Column("minted", sa.Text, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
)


def create(connection: sa.Connection) -> None:
    """Lay out the bridge's tables in the caller's transaction, where they are not there yet."""
    metadata.create_all(connection)
