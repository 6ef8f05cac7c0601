"""What the database refuses whoever writes to it, and what a transaction leaves behind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from tanhui.kernel.errors import IntegrityError
from tanhui.registry.errors import RegistryError
from tanhui.registry.model import Interval
from tanhui.registry.store import Store
from tests.registry.conftest import World


@pytest.fixture
def sql(world: World) -> Iterator[sqlite3.Connection]:
    """A bare connection, as somebody with the file and no respect for our code would have it."""
    connection = sqlite3.connect(world.folder / "registry.db", isolation_level=None)
    yield connection
    connection.close()


def test_durable_settings(world: World):
    with Store(world.folder / "registry.db").reading() as view:
        pragma = {
            name: view.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}


@pytest.mark.parametrize(
    ("first", "end"),
    [(1, 2), (30, 40), (60, 62), (1, 61), (59, 60)],
)
def test_the_database_refuses_an_overlap(world: World, sql: sqlite3.Connection, first: int, end: int):
    # Units 1-60 are one holding; take 20-29 out of it so that there is a gap with neighbours.
    world.registry.transfer(world.owner, world.buyer, world.batch, 20, request="t")
    with pytest.raises(sqlite3.IntegrityError, match=r"overlap|outside_batch|UNIQUE"):
        sql.execute(
            'INSERT INTO holdings("first", "end", batch, owner) VALUES (?, ?, ?, ?)',
            (first, end, world.batch, world.buyer),
        )


def test_the_database_refuses_serials_outside_their_batch(world: World, sql: sqlite3.Connection):
    sql.execute("DELETE FROM holdings")
    for first, end, batch in [(50, 62, "B000001"), (60, 70, "B000002"), (101, 102, "B000002"), (1, 2, "B000009")]:
        with pytest.raises(sqlite3.IntegrityError, match="outside_batch"):
            sql.execute("INSERT INTO holdings VALUES (?, ?, ?, ?)", (first, end, batch, world.buyer))
    sql.execute("INSERT INTO holdings VALUES (1, 61, 'B000001', 'x')")
    with pytest.raises(sqlite3.IntegrityError):
        sql.execute("INSERT INTO holdings VALUES (7, 7, 'B000001', 'x')")


@pytest.mark.parametrize(
    "table", ["log", "nodes", "checkpoints", "requests", "accounts", "claims", "batches", "retirements"]
)
def test_history_only_grows(world: World, sql: sqlite3.Connection, table: str):
    world.registry.retire(world.owner, world.batch, 1, beneficiary="x", purpose="event", request="r")
    column = sql.execute(f"PRAGMA table_info({table})").fetchall()[-1][1]
    before = sql.execute(f"SELECT * FROM {table}").fetchall()
    assert before
    with pytest.raises(sqlite3.IntegrityError, match="append_only"):
        sql.execute(f'UPDATE {table} SET "{column}" = "{column}"')
    with pytest.raises(sqlite3.IntegrityError, match="append_only"):
        sql.execute(f"DELETE FROM {table}")
    assert sql.execute(f"SELECT * FROM {table}").fetchall() == before


def test_holdings_are_replaced_never_edited(sql: sqlite3.Connection):
    with pytest.raises(sqlite3.IntegrityError, match="append_only"):
        sql.execute("UPDATE holdings SET owner = 'mallory'")


def test_replacing_history_is_no_way_around(world: World, sql: sqlite3.Connection):
    sql.execute("PRAGMA recursive_triggers = ON")
    for statement in (
        "INSERT OR REPLACE INTO log VALUES (1, x'00')",
        "INSERT INTO log VALUES (99, x'00')",
        "INSERT OR REPLACE INTO checkpoints VALUES (1, 'x')",
        f"INSERT OR REPLACE INTO accounts VALUES ('{world.owner}', 'x')",
        "INSERT INTO batches SELECT 'B9', claim, 1999, 500, 600 FROM batches LIMIT 1",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            sql.execute(statement)


def test_a_claim_once_and_a_project_year_once(sql: sqlite3.Connection):
    row = "SELECT {}, project, '{}', '{}', 1 FROM claims"
    for sha, first, last in [("sha256", "1990-01-01", "1990-12-31"), ("'new'", "2022-12-31", "2023-12-31")]:
        with pytest.raises(sqlite3.IntegrityError):
            sql.execute("INSERT INTO claims " + row.format(sha, first, last))


def test_a_refusal_rolls_everything_back(world: World):
    def act() -> None:
        with Store(world.folder / "registry.db").writing() as tx:
            tx.connection.exec_driver_sql("DELETE FROM openings")
            tx.connection.exec_driver_sql("INSERT INTO log VALUES (99, x'00')")

    with pytest.raises(RegistryError) as refused:
        act()
    assert refused.value.code == "registry.append_only"
    assert {view.name for view in world.registry.accounts()} == {"湘林合作社", "Buyer Ltd"}


def test_near_finds_what_overlaps_and_what_touches(world: World):
    for number in range(6):  # 1-10 for the buyer, 11-20 for the owner again and so on
        world.registry.transfer(world.owner, world.buyer, world.batch, 10, request=f"a{number}")
    with Store(world.folder / "registry.db").writing() as tx:
        tx.connection.exec_driver_sql("DELETE FROM holdings WHERE batch = 'B000001'")
        for first in (1, 11, 21, 31):
            owner = "even" if first % 20 == 1 else "odd"
            tx.connection.exec_driver_sql(f"INSERT INTO holdings VALUES ({first}, {first + 10}, 'B000001', '{owner}')")
    with Store(world.folder / "registry.db").reading() as view:
        assert [str(h.serials) for h in view.near(Interval(11, 21))] == ["1-10", "11-20", "21-30"]
        assert [str(h.serials) for h in view.near(Interval(13, 14))] == ["11-20"]
        assert [str(h.serials) for h in view.near(Interval(20, 22))] == ["11-20", "21-30"]
        assert [str(h.serials) for h in view.near(Interval(1, 2))] == ["1-10"]


def test_a_busy_or_damaged_file_says_so(world: World):
    path = world.folder / "registry.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = Store(path)

    def act() -> None:
        with store.reading() as view:
            view.connection.exec_driver_sql("PRAGMA busy_timeout = 1")
            view.connection.exec_driver_sql("DELETE FROM openings")

    with pytest.raises(RegistryError) as refused:
        act()
    assert refused.value.code == "registry.busy"
    other.close()
    world.registry.close()
    store.close()
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(IntegrityError), Store(path).reading() as view:
        view.size()
