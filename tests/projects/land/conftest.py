"""A database with the tables of land, in a transaction, once of each kind."""

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa
from shapely import box
from sqlalchemy.engine import Connection, Engine

from tanhui.kernel.time import Period
from tanhui.projects.land import tables
from tanhui.projects.land.model import Parcel
from tanhui.projects.land.outlines import parcels_from

DECADE = Period(date(2025, 1, 1), date(2035, 1, 1))


def engine_of(url: str) -> Engine:
    """An engine whose transactions take SQLite's write lock first, as the registry's do."""
    engine = sa.create_engine(url, connect_args={"timeout": 30} if url.startswith("sqlite") else {})
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def no_silent_begin(raw: object, _record: object) -> None:
            raw.isolation_level = None  # type: ignore[attr-defined]

        @sa.event.listens_for(engine, "begin")
        def begin_immediate(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = engine_of(database_url)
    with engine.begin() as connection:
        tables.create(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection, connection.begin():
        yield connection


def square(
    name: str, west: float, south: float, size: float = 0.01, *, project: str, period: Period = DECADE
) -> Parcel:
    """One square parcel, its size in degrees."""
    outline = box(west, south, west + size, south + size)
    return parcels_from([name], [outline], project=project, period=period)[0]
