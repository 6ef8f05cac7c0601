"""Rows of registered parcels: written, found again by box and days, and read. Nothing is decided here.

All functions work inside the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from tanhui.kernel.time import Period
from tanhui.projects.land.model import Parcel
from tanhui.projects.land.tables import BOXES_THAT_MEET, parcels, turn

__all__ = ["Registered", "add", "candidates", "held", "registered", "take_turn", "withdraw"]

#: Registered parcels read at a time: bounds the memory of one check, whatever it meets.
READ_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Registered:
    """A row: the parcel and the days for which it still stands."""

    row: int
    parcel: Parcel
    held: Period


def take_turn(connection: Connection) -> None:
    """Wait until no other transaction writes land, and keep others out until this one ends.

    A row is rewritten, not only locked: a transaction that began with an older view of the database (SQLite's
    snapshot, PostgreSQL's REPEATABLE READ) is refused by the database instead of deciding on that view.
    """
    connection.execute(turn.update().values(taken=turn.c.taken + 1))


def add(connection: Connection, new: Sequence[Parcel]) -> None:
    """Write parcels; the index of boxes follows by itself."""
    import shapely

    if not new:
        return
    bounds = shapely.bounds(shapely.from_wkb([parcel.wkb for parcel in new])).tolist()
    rows = [
        {
            "source": parcel.source,
            "project": parcel.project,
            "parcel": parcel.id,
            "first_day": parcel.period.start.isoformat(),
            "last_day": parcel.period.last_day.isoformat(),
            "held_until": parcel.period.last_day.isoformat(),
            "area_m2": parcel.area_m2,
            **dict(zip(("west", "south", "east", "north"), box, strict=True)),
            "wkb": parcel.wkb,
        }
        for parcel, box in zip(new, bounds, strict=True)
    ]
    connection.execute(parcels.insert(), rows)


def candidates(
    connection: Connection, asked: Sequence[Parcel], outlines: NDArray[Any], family: Iterable[tuple[str, str]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which registered parcels of projects outside the family have a box that meets an asked one's, on a common day.

    Returns
    -------
    number : ndarray of int, shape (n,)
        Place of the asked parcel in the sequence, in order.
    row : ndarray of int, shape (n,)
        Row of the registered parcel.
    """
    import shapely

    boxes = [
        [number, *box, parcel.period.start.isoformat(), parcel.period.last_day.isoformat()]
        for number, (parcel, box) in enumerate(zip(asked, shapely.bounds(outlines).tolist(), strict=True))
    ]
    if connection.dialect.name == "postgresql":
        # The planner cannot know how few boxes are asked for; compiling the query would take longer than answering it.
        connection.exec_driver_sql("SET LOCAL jit = off")
    found = connection.execute(sa.text(BOXES_THAT_MEET[connection.dialect.name]), {"boxes": json.dumps(boxes)})
    ours = set(family)
    pairs = sorted((number, row) for number, row, source, project in found if (source, project) not in ours)
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def registered(connection: Connection, rows: NDArray[np.int64]) -> Iterator[list[Registered]]:
    """The parcels of some rows in order, a bounded number at a time."""
    for start in range(0, len(rows), READ_AT_ONCE):
        wanted = rows[start : start + READ_AT_ONCE].tolist()
        yield _read(connection, parcels.c.id.in_(wanted))


def held(
    connection: Connection, project: str, source: str = "", names: Sequence[str] | None = None
) -> list[Registered]:
    """The parcels that a project still claims for some day, all or those of some names, in order of registration."""
    standing = _of(project, source) & (parcels.c.held_until >= parcels.c.first_day)
    if names is None:
        return _read(connection, standing)
    parts = [names[start : start + READ_AT_ONCE] for start in range(0, len(names), READ_AT_ONCE)]
    return [found for part in parts for found in _read(connection, standing & parcels.c.parcel.in_(part))]


def withdraw(connection: Connection, project: str, source: str, from_days: dict[int, date]) -> None:
    """Let rows of a project stand only until the day before the one given for each."""
    until = [{"b_row": row, "b_until": (day - timedelta(days=1)).isoformat()} for row, day in from_days.items()]
    if until:
        change = parcels.update().where(parcels.c.id == sa.bindparam("b_row"), _of(project, source))
        connection.execute(change.values(held_until=sa.bindparam("b_until")), until)


def _of(project: str, source: str) -> sa.ColumnElement[bool]:
    return (parcels.c.project == project) & (parcels.c.source == source)


def _read(connection: Connection, where: sa.ColumnElement[bool]) -> list[Registered]:
    found = connection.execute(sa.select(parcels).where(where).order_by(parcels.c.id))
    return [_registered(row) for row in found]


def _registered(row: sa.Row[Any]) -> Registered:
    period = _days(row.first_day, row.last_day)
    parcel = Parcel(row.parcel, row.project, bytes(row.wkb), period, row.area_m2, row.source)
    return Registered(row.id, parcel, _days(row.first_day, row.held_until))


def _days(first: str, last: str) -> Period:
    return Period.inclusive(date.fromisoformat(first), date.fromisoformat(last))
