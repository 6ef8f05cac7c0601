"""Statements that every act runs: compiled once for each database, so that running one costs the driver alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

__all__ = ["Compiled"]


class Compiled:
    """A statement of the expression language, run past it.

    Values go to the driver and come from it as they are, so it is for columns of numbers, texts and bytes only. It runs
    in the transaction that the connection is in.
    """

    def __init__(self, clause: sa.ClauseElement) -> None:
        self._clause = clause
        self._texts: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def rows(self, connection: sa.Connection, **values: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        return self._run(connection, values).fetchall()  # type: ignore[no-any-return]

    def write(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Carry out a change for each row of values; with none, nothing."""
        if len(rows) == 1:
            self._run(connection, rows[0])
        elif rows:
            self._run(connection, rows)

    def _run(self, connection: sa.Connection, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Any:
        text, order, fixed = self._compiled(connection.dialect)
        cursor = connection.connection.cursor()
        assert connection.dialect.dbapi is not None
        try:
            if isinstance(values, Mapping):
                cursor.execute(text, _arranged(values, order, fixed))
            else:
                cursor.executemany(text, [_arranged(row, order, fixed) for row in values])
        except connection.dialect.dbapi.Error as error:
            kind = connection.dialect.dbapi.Error
            raise DBAPIError.instance(text, None, error, kind, dialect=connection.dialect) from error
        return cursor

    def _compiled(self, dialect: sa.Dialect) -> tuple[str, list[str] | None, dict[str, Any]]:
        """Text, the order of its parameters where they have no names, and the values that stand in the clause."""
        if dialect.name not in self._texts:
            made: Any = self._clause.compile(dialect=dialect)
            order = list(made.positiontup or ()) if made.positional else None
            fixed = {name: value for name, value in made.params.items() if value is not None}
            self._texts[dialect.name] = str(made), order, fixed
        return self._texts[dialect.name]


def _arranged(values: Mapping[str, Any], order: list[str] | None, fixed: Mapping[str, Any]) -> Any:
    """Values as the driver wants them."""
    if fixed:
        values = {**fixed, **values}
    return values if order is None else [values[name] for name in order]
