"""How long it takes to see that a plot is not sold twice: ``python -m benchmarks.projects.land [--million] [URL]``.

The registered land is a map without gaps: cells of about 300 m, each with four wavy borders of 25 edges that it shares,
point for point, with its neighbours; 100 vertices a parcel. In the middle a window is left out, every other cell of it,
like the black squares of a chess board. Three questions are asked of it:

* one parcel against 100,000, on free land and on taken land;
* a project that fills the free squares: touches its neighbours everywhere, shares nothing;
* the same project moved out of its window by half a cell more: every parcel lies on four others.

Checks are of :func:`find_overlaps`, so the reading of candidates from the database is in them. Without a URL an SQLite
file in a temporary folder is used; ``postgresql`` starts a private server that waits for the disk.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection, Engine

from tanhui.kernel.time import Period
from tanhui.projects.land import service, store, tables
from tanhui.projects.land.area import area_m2
from tanhui.projects.land.model import Parcel
from tanhui.projects.land.outlines import parcels_from

PERIOD = Period(date(2025, 1, 1), date(2065, 1, 1))
WEST, SOUTH, CELL = 105.0, 25.0, 0.003
EDGES = 25
#: Cells on a side of the window, of which every other one is free: 3,000 parcels.
WINDOW = 78
WANTED = 3000


def borders(row: int, columns: int, upright: bool) -> NDArray[np.float64]:
    """Wavy borders of a row of cells: those below them, or those to the left of each and right of the last."""
    random = np.random.default_rng([row, upright])
    count = columns + 1 if upright else columns
    along = np.linspace(0, 1, EDGES + 1)
    aside = np.zeros((count, EDGES + 1))
    # Less near the corners, so that borders that meet there do not cross.
    room = np.minimum(0.08, np.minimum(along, 1 - along) / 2)[1:-1]
    aside[:, 1:-1] = random.uniform(-1, 1, (count, EDGES - 1)) * room
    at = np.arange(count)[:, None]
    x, y = (at + aside, row + along + 0 * at) if upright else (at + along, row + aside)
    return np.stack([x, y], axis=-1)


def cells(row: int, columns: int) -> NDArray[np.float64]:
    """Rings of a row of cells, in cells. Shape (columns, 4 * EDGES + 1, 2)."""
    south, north = borders(row, columns, False), borders(row + 1, columns, False)
    sides = borders(row, columns, True)
    west, east = sides[:-1], sides[1:]
    return np.concatenate([south[:, :-1], east[:, :-1], north[:, :0:-1], west[:, ::-1]], axis=1)


def outlines(row: int, columns: int, moved: float = 0.0) -> NDArray[Any]:
    """A row of cells as polygons in degrees."""
    return shapely.polygons((cells(row, columns) + moved) * CELL + [WEST, SOUTH])


def free(row: int, columns: int, side: int) -> NDArray[np.bool_]:
    """Which cells of a row are left out for the project."""
    first = (side - WINDOW) // 2
    column = np.arange(columns)
    inside = (column >= first) & (column < first + WINDOW) & (first <= row < first + WINDOW)
    return inside & ((column + row) % 2 == 0)


def rows_of_parcels(side: int) -> Iterator[list[Parcel]]:
    """The registered land row by row; thirty rows are one project of another registry."""
    for row in range(side):
        shapes = outlines(row, side)[~free(row, side, side)]
        written = shapely.to_wkb(shapely.normalize(shapes), byte_order=1)
        sizes = area_m2(shapes)
        yield [
            Parcel(f"{row}/{n}", f"imported-{row // 30}", bytes(wkb), PERIOD, float(size), "elsewhere")
            for n, (wkb, size) in enumerate(zip(written, sizes, strict=True))
        ]


def project(side: int, moved: float = 0.0) -> Sequence[Parcel]:
    """The new project: the free cells of the window, where they are or moved by a part of a cell."""
    shapes = np.concatenate([outlines(row, side, moved)[free(row, side, side)] for row in range(side)])[:WANTED]
    return parcels_from([str(n) for n in range(len(shapes))], list(shapes), project="new", period=PERIOD)


def engine_of(url: str) -> Engine:
    """An engine as the registry's: every commit is on the disk."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def durable(raw: Any, _record: object) -> None:
            raw.isolation_level = None
            raw.execute("PRAGMA journal_mode = WAL")
            raw.execute("PRAGMA synchronous = FULL")

        @sa.event.listens_for(engine, "begin")
        def begin_immediate(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def load(engine: Engine, side: int) -> tuple[int, float, float]:
    """Import the registered land, a row of cells a transaction; parcels, seconds in all, seconds of making them up."""
    count, making, start = 0, 0.0, time.perf_counter()
    with engine.begin() as connection:
        tables.create(connection)
    land = rows_of_parcels(side)
    while True:
        before = time.perf_counter()
        parcels = next(land, None)
        making += time.perf_counter() - before
        if parcels is None:
            return count, time.perf_counter() - start, making
        with engine.begin() as connection:
            service.import_parcels(connection, parcels)
        count += len(parcels)


def ask(engine: Engine, what: str, parcels: Sequence[Parcel], times: int) -> None:
    """Print how long a check takes, the best and the worst of several, and how many candidates it met."""
    taken = []
    with engine.begin() as connection:
        shapes = shapely.from_wkb([parcel.wkb for parcel in parcels])
        numbers, rows = store.candidates(connection, parcels, shapes, ())
    for _ in range(times):
        with engine.begin() as connection:
            start = time.perf_counter()
            overlaps = service.find_overlaps(connection, parcels)
            taken.append(time.perf_counter() - start)
    vertices = int(shapely.get_num_coordinates(shapes).sum())
    print(
        f"  {what}: {len(parcels):,} parcels ({vertices:,} points), {len(numbers):,} pairs of boxes with "
        f"{len(set(rows.tolist())):,} parcels, {len(overlaps):,} overlaps; "
        f"{min(taken) * 1e3:,.1f} to {max(taken) * 1e3:,.1f} ms of {times}",
        flush=True,
    )


def measure(url: str, side: int) -> None:
    """Load the land and ask the questions."""
    engine = engine_of(url)
    count, seconds, making = load(engine, side)
    print(
        f"{engine.dialect.name}: {count:,} parcels loaded in {seconds:.0f} s, of which {making:.0f} s made them up "
        f"({count / (seconds - making):,.0f} /s)",
        flush=True,
    )
    fitting, moved = project(side), project(side, WINDOW + 0.5)
    ask(engine, "one parcel, free land", fitting[1500:1501], 20)
    ask(engine, "one parcel, taken land", moved[1500:1501], 20)
    ask(engine, "project, free land", fitting, 3)
    ask(engine, "project, taken land", moved, 3)
    with engine.begin() as connection:
        start = time.perf_counter()
        service.register_parcels(connection, fitting)
    print(f"  project, free land, registered and committed: {time.perf_counter() - start:.2f} s")
    engine.dispose()


@contextlib.contextmanager
def database(url: str) -> Iterator[str]:
    """A fresh database: an SQLite file, a private PostgreSQL, or the one that is named."""
    if url == "postgresql":
        from tests.postgres import running

        with running(durable=True) as server:
            yield server.create_database()
    elif url == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "land.db")
            yield f"sqlite:///{path}"
            print(f"  file of {path.stat().st_size / 1e9:.2f} GB")
    else:
        yield url


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", default="sqlite")
    parser.add_argument("--million", action="store_true", help="against 1,000,000 parcels instead of 100,000")
    asked = parser.parse_args()
    # The squares of these less the 3,042 free cells.
    with database(asked.url) as url:
        measure(url, 1002 if asked.million else 322)


if __name__ == "__main__":
    main()
