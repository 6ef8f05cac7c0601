"""What the database refuses whoever writes to it, and what a transaction leaves behind; in SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.signing import SigningKey
from tanhui.registry import tables as t
from tanhui.registry.acts import Order
from tanhui.registry.engines import sqlite_url
from tanhui.registry.entries import to_document
from tanhui.registry.errors import RegistryError
from tanhui.registry.folder import open_store
from tanhui.registry.issuance import issuable
from tanhui.registry.log.tiles import TILE_WIDTH
from tanhui.registry.log.tree import HASH_BYTES, MemoryTree, inclusion_proof, leaf_hash
from tanhui.registry.model import Interval
from tanhui.registry.service import Registry
from tanhui.registry.store import Store
from tests.registry.conftest import World
from tests.registry.documents import run_documents
from tests.registry.evidence import add_key, add_person, approval, holds, lock, log_of, order

Sql = Callable[[str], list[Any]]
SHA = "ab" * 32


@pytest.fixture
def sql(worlds: World) -> Iterator[Sql]:
    """A bare connection, as somebody with the database and no respect for our code would have it."""
    store = worlds.registry._store
    bare = sa.URL.create("sqlite", database=str(worlds.folder / "registry.db"))
    engine = sa.create_engine(bare if store.dialect == "sqlite" else store.url, isolation_level="AUTOCOMMIT")

    def execute(statement: str) -> list[Any]:
        with engine.connect() as connection:
            done = connection.exec_driver_sql(statement)
            return list(map(tuple, done)) if done.returns_rows else []

    yield execute
    engine.dispose()


def test_durable_settings(world: World):
    with Store(sqlite_url(world.folder / "registry.db", "rw")).reading() as view:
        pragma = {
            name: view.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "secure_delete")
        }
    assert pragma == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "secure_delete": 1,
    }


def test_the_database_refuses_an_overlap(worlds: World, sql: Sql):
    # Units 1-60 are one holding; take 1-20 out of it so that there is a seam.
    worlds.registry.transfer(worlds.owner, worlds.buyer, worlds.batch, 20, request="t")
    for first, end in [(1, 2), (30, 40), (60, 62), (1, 61), (59, 60), (20, 22), (21, 22), (10, 30)]:
        with pytest.raises(DBAPIError, match=r"overlap|outside_batch|UNIQUE|unique"):
            sql(f"INSERT INTO holdings VALUES ({first}, {end}, '{worlds.batch}', '{worlds.buyer}', '')")


def test_the_database_refuses_serials_outside_their_batch(worlds: World, sql: Sql):
    sql("DELETE FROM holdings")
    for first, end, batch in [(50, 62, "B000001"), (60, 70, "B000002"), (101, 102, "B000002"), (1, 2, "B000009")]:
        with pytest.raises(DBAPIError, match="outside_batch"):
            sql(f"INSERT INTO holdings VALUES ({first}, {end}, '{batch}', 'x', '')")
    sql("INSERT INTO holdings VALUES (1, 61, 'B000001', 'x', '')")
    with pytest.raises(DBAPIError):
        sql("INSERT INTO holdings VALUES (7, 7, 'B000001', 'x', '')")


def fill_every_table(world: World) -> None:
    r = world.registry
    secret, person = SigningKey("k", bytes(32)), add_person(r, world.owner, "signer")
    signed = approval(person, add_key(r, person, secret), secret, "order")
    r.submit([Order("s", "record", {"topic": "t", "subject": "s", "sha256": SHA}, (signed,))])[0].done()
    r.retire(world.owner, world.batch, 1, beneficiary="x", purpose="event", request="r")
    r.do("record", "n", topic="notice", subject="hunan-1", sha256=SHA)
    lock(r, "l", "pledge", world.owner, batch=world.batch, units=5, beneficiary=world.buyer)
    r.do("define_asset", "d", asset="CNY", unit="fen", issuer=world.buyer)
    r.do("mint", "m", asset="CNY", target=world.owner, amount=5)
    claim, units = issuable(*run_documents("abroad", {2041: 100}), region="SG", product="", unit_kg=1000, sandbox=True)
    what = {"claim": to_document(claim), "units": {str(year): count for year, count in units.items()}}
    origin = {"registry": "other.example", "export": "X1", "first": 501, "last": 600}
    r.do("take_in", "i", owner=world.owner, **what, **origin)
    with r._store.writing() as tx:
        hashes = bytes(TILE_WIDTH * HASH_BYTES)
        tx.connection.execute(
            t.tiles.insert(), {"level": 9, "position": 0, "hashes": hashes, "root": bytes(HASH_BYTES)}
        )


def test_history_only_grows(worlds: World, sql: Sql):
    fill_every_table(worlds)
    for table in t.APPEND_ONLY:
        column = t.metadata.tables[table].columns.keys()[-1]
        before = sql(f"SELECT * FROM {table}")
        assert before
        for statement in (f'UPDATE {table} SET "{column}" = "{column}"', f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="append_only"):
                sql(statement)
        assert sql(f"SELECT * FROM {table}") == before


def test_every_table_of_history_is_kept():
    """All that is not a view of the present: what an act may take back must be none of these."""
    present = {"head", "accounts", "people", "keys", "assets", "openings", "holdings", "locked", "amounts", "proposals"}
    assert {table.name for table in t.metadata.sorted_tables} - present == {*t.APPEND_ONLY}


def test_holdings_are_replaced_never_edited(sql: Sql):
    with pytest.raises(DBAPIError, match="append_only"):
        sql("UPDATE holdings SET owner = 'mallory'")


def test_replacing_history_is_no_way_around(worlds: World, sql: Sql):
    fill_every_table(worlds)
    before = log_of(worlds.registry)
    size = len(before)
    statements = [
        "INSERT INTO segments VALUES (1, 1, {blob})",
        f"INSERT INTO segments VALUES ({size + 1}, 1, {{blob}})",
        f"INSERT INTO segments VALUES ({size - 1}, 1, {{blob}})",
        f"INSERT INTO segments VALUES ({size}, 0, {{blob}})",
        "INSERT INTO tiles VALUES (0, 0, {blob}, {blob})",
        "INSERT INTO checkpoints VALUES (1, 'x')",
        "INSERT INTO batches SELECT 'B9', claim, 1999, 500, 600 FROM batches LIMIT 1",
        "INSERT INTO amounts VALUES ('nothing', 'x', '', 1)",
        "INSERT INTO head SELECT 2, size, at, frontier, state_sum, next_serial, batch_count FROM head",
        "INSERT INTO locked VALUES ('E9', 1)",
        "INSERT INTO imports VALUES ('other.example', 'X1', 1, 2)",
        "INSERT INTO imports VALUES ('other.example', 'X2', 600, 601)",
    ]
    sqlite = worlds.registry._store.dialect == "sqlite"
    for pragma in ("foreign_keys", "recursive_triggers") if sqlite else ():
        sql(f"PRAGMA {pragma} = ON")
    for statement in statements:
        replacing = statement.replace("INSERT", "INSERT OR REPLACE")
        for way in (statement, replacing) if sqlite and "segments" not in statement else (statement,):
            with pytest.raises(DBAPIError):
                sql(way.format(blob="x'00'" if sqlite else "'\\x00'"))
    assert log_of(worlds.registry) == before


def test_a_claim_once_and_a_project_day_once(sql: Sql):
    row = "SELECT {}, project, '{}', '{}', imported, document, 999 FROM claims"
    for sha, first, last in [("id", "1990-01-01", "1990-12-31"), ("'new'", "2022-12-31", "2023-12-31")]:
        with pytest.raises(DBAPIError):
            sql("INSERT INTO claims " + row.format(sha, first, last))
    with pytest.raises(DBAPIError):
        sql("INSERT INTO claims " + row.format("'new'", "2030-12-31", "2030-01-01"))
    sql("INSERT INTO claims " + row.format("'new'", "2023-01-01", "2023-12-31"))  # the day after is free


def test_an_amount_is_never_owed_but_by_its_issuer(worlds: World, sql: Sql):
    fill_every_table(worlds)
    for owner, amount in (("x", 0), ("x", -1)):
        with pytest.raises(DBAPIError):
            sql(f"INSERT INTO amounts VALUES ('CNY', '{owner}', '', {amount})")
    assert ("CNY", "@issuance", "", -5) in sql("SELECT * FROM amounts")


def test_a_refusal_rolls_everything_back(worlds: World):
    def act() -> None:
        with worlds.registry._store.writing() as tx:
            tx.connection.exec_driver_sql("DELETE FROM openings")
            tx.connection.exec_driver_sql("DELETE FROM segments")

    with pytest.raises(RegistryError) as refused:
        act()
    assert refused.value.code == "registry.append_only"
    assert {view.name for view in worlds.registry.accounts()} == {"湘林合作社", "Buyer Ltd"}


def test_an_overlap_that_our_code_would_write_is_refused_by_the_database(worlds: World):
    def act() -> None:
        with worlds.registry._store.writing() as tx:
            rows = [{"first": 10, "end": 20, "batch": worlds.batch, "owner": worlds.buyer, "locks": ""}]
            tx.connection.execute(t.holdings.insert(), rows)

    with pytest.raises(RegistryError) as refused:
        act()
    assert refused.value.code == "registry.overlap"
    assert holds(worlds.registry)


def test_near_finds_what_overlaps_and_what_touches(worlds: World):
    with worlds.registry._store.writing() as tx:
        tx.connection.exec_driver_sql("DELETE FROM holdings WHERE batch = 'B000001'")
        for first in (1, 11, 21, 31):
            owner = "even" if first % 20 == 1 else "odd"
            tx.connection.exec_driver_sql(
                f"INSERT INTO holdings VALUES ({first}, {first + 10}, 'B000001', '{owner}', '')"
            )
    with worlds.registry._store.reading() as view:
        assert [str(h.serials) for h in view.near(Interval(11, 21))] == ["1-10", "11-20", "21-30"]
        assert [str(h.serials) for h in view.near(Interval(13, 14))] == ["11-20"]
        assert [str(h.serials) for h in view.near(Interval(20, 22))] == ["11-20", "21-30"]
        assert [str(h.serials) for h in view.near(Interval(1, 2))] == ["1-10"]
        assert [str(h.serials) for h in view.near(Interval(100, 101))] == ["61-100"]


def test_free_pieces_come_a_few_at_a_time_and_lowest_first(worlds: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tanhui.registry.store.PIECES_AT_A_TIME", 3)
    r = worlds.registry
    e = lock(r, "l", "pledge", worlds.owner, batch=worlds.batch, units=20, beneficiary=worlds.buyer)
    for number in range(10):  # 1, 3, 5 ... for the owner, 2, 4, 6 ... for the buyer
        r.do("release", f"free {number}", lock=e.id, units=1)
        r.do("post", f"post {number}", locks=[e.id], target=worlds.buyer, units=1, document=SHA)
    again = Registry(worlds.folder, now=worlds.clock)
    assert [str(h.serials) for h in again.holdings(worlds.buyer)] == [str(n) + f"-{n}" for n in range(2, 21, 2)]
    moved = again.transfer(worlds.owner, worlds.buyer, worlds.batch, 9, request="t")
    assert [str(h.serials) for h in moved] == [f"{n}-{n}" for n in range(1, 18, 2)]
    assert holds(again)
    again.close()


def test_leaves_and_tiles_across_segments(worlds: World):
    """Groups of all sizes: every leaf is read back from any place, and every node is the memory tree's."""
    r, before = worlds.registry, log_of(worlds.registry)
    for size in (1, 2, 255, 3, 256, 1, 257):
        r.submit(
            [
                order(r, f"g{size}-{n}-{len(before)}", "record", topic="t", subject=f"{n}", sha256=SHA)
                for n in range(size)
            ]
        )
        before = log_of(r)
    tree = MemoryTree()
    tree.extend(map(leaf_hash, before))
    with r._store.reading() as view:
        for first, end in ((0, 1), (5, 9), (255, 258), (len(before) - 1, None), (300, 300), (700, 702)):
            assert [leaf for _, leaf in view.leaves(first, end)] == before[first:end]
        assert [view.leaf(n) for n in (0, 7, 256, 512)] == [before[n] for n in (0, 7, 256, 512)]
        assert view.head().frontier.root() == tree.root()
        assert view.size() == len(before)
        for size in (1, 2, 255, 256, 257, 600, len(before)):
            read = view.nodes(size)
            for index in {0, 1, 254, 255, 256, size - 1} & set(range(size)):
                assert r.inclusion(index, size) == inclusion_proof(index, size, tree.node)
                assert read(0, index) == leaf_hash(before[index])
        with pytest.raises(IntegrityError):
            view.leaf(len(before))
    assert holds(r)


def test_what_was_rolled_back_is_not_remembered(worlds: World):
    """Readers share tiles in memory. A writer that has read its own leaves and fails must not leave them there."""
    r, size = worlds.registry, len(log_of(worlds.registry))
    with suppress(KeyError), r._store.writing() as tx:
        tx.append([b"never", b"happened"], tx.head().frontier)
        assert tx.nodes(size + 2)(0, size) == leaf_hash(b"never")
        raise KeyError
    r.submit([order(r, f"g{n}", "record", topic="t", subject=f"{n}", sha256=SHA) for n in range(2)])
    with r._store.reading() as view, r._store.reading() as other:
        assert view.nodes(size + 2)(0, size) == leaf_hash(view.leaf(size)) == other.nodes(size + 2)(0, size)


def test_a_busy_or_damaged_file_says_so(world: World):
    path = world.folder / "registry.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = Store(sqlite_url(path, "rw"))

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
    with pytest.raises(IntegrityError), Store(sqlite_url(path, "rw")).reading() as view:
        view.size()


def test_a_busy_server_says_so(worlds: World, monkeypatch: pytest.MonkeyPatch):
    if worlds.registry._store.dialect != "postgresql":
        pytest.skip("SQLite's half is above")
    monkeypatch.setattr("tanhui.registry.engines.BUSY_TIMEOUT_MS", 100)
    with worlds.registry._store.writing() as tx:
        assert tx.head().size  # holds the lock
        with Registry(worlds.folder) as other, pytest.raises(RegistryError) as refused:
            other.open_account("x", request="x")
        assert refused.value.code == "registry.busy"
    assert holds(worlds.registry)


def test_a_server_that_is_not_there_says_so(tmp_path: Path):
    (tmp_path / "database.url").write_text("postgresql+psycopg://nobody@/nothing?host=/nowhere")
    with pytest.raises(RegistryError) as refused:
        Registry(tmp_path)
    assert refused.value.code == "registry.storage_failed"


def test_other_databases_are_not_supported():
    with pytest.raises(InputError) as refused:
        Store("mysql://localhost/x")
    assert refused.value.code == "registry.database_unsupported"


def test_reading_needs_no_right_to_write(world: World):
    world.registry.close()
    before = {path.name: path.stat().st_mtime_ns for path in world.folder.iterdir()}
    store = open_store(world.folder, read_only=True)
    with store.reading() as view:
        assert view.size() == 7
        with pytest.raises(DBAPIError):
            view.connection.exec_driver_sql("DELETE FROM openings")
    store.close()
    assert {path.name: path.stat().st_mtime_ns for path in world.folder.iterdir()} == before
