"""The layout with which the history begins: ledger, access, imports, operations, webhooks, land, life cycle, tenure.

A room that laid out its tables before there was a history keeps them; the others get theirs.
"""

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

#: A part begins with ``-- room <first table>``; ``--`` on a line of its own ends a statement, for some hold semicolons.
PART, END = "-- room ", "\n--\n"


def upgrade() -> None:
    """Lay out every room that is not there yet."""
    connection = op.get_bind()
    there = set(sa.inspect(connection).get_table_names())
    for first, statements in parts(connection.dialect.name):
        if first not in there:
            for statement in statements:
                connection.exec_driver_sql(statement)


def parts(dialect: str) -> Iterator[tuple[str, list[str]]]:
    """For each room the table by which it is known and its statements."""
    text = Path(__file__).with_name(f"0001.{dialect}.sql").read_text(encoding="utf-8")
    for part in text.split(PART)[1:]:
        first, _, body = part.partition("\n")
        yield first, [statement for statement in body.split(END) if statement.strip()]
