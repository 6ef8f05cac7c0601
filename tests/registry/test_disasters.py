"""Killed processes, full disks, servers that go away: no act is lost that was acknowledged, and none is done twice."""

from __future__ import annotations

import itertools
import os
import random
import resource
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import sqlalchemy as sa

from tanhui.kernel.errors import TanhuiError
from tanhui.registry import tables as t
from tanhui.registry.acts import Order
from tanhui.registry.errors import RegistryError
from tanhui.registry.service import Registry
from tests.postgres import Server, programs, running
from tests.registry.conftest import World, make_world
from tests.registry.documents import run_documents
from tests.registry.evidence import holds, order
from tests.registry.test_processes import read_all, spawn

GROUP = 50


def big_batch(world: World) -> str:
    """Ten million units of the owner's."""
    documents = run_documents("big", by_year={2031: 10_000_000})
    (batch,) = world.registry.issue_from_claim(*documents, owner=world.owner, region="CN-HN", request="big")
    return batch.id


def a_group(registry: Registry, number: int, owner: str, buyer: str, batch: str) -> list[Order]:
    """Fifty orders: transfers, and every tenth a retirement."""
    orders = []
    for place in range(GROUP):
        request, move = f"group {number} {place}", {"batch": batch, "units": 1 + place % 3}
        if place % 10 == 9:
            what = {"account": owner, **move, "beneficiary_name": request, "purpose": "event"}
            orders.append(order(registry, request, "retire", **what))
        else:
            orders.append(order(registry, request, "transfer", source=owner, target=buyer, **move))
    return orders


def units_of(group: int) -> int:
    """What a group takes from the owner."""
    return group * sum(1 + place % 3 for place in range(GROUP))


def submit_for_ever(report: Connection, folder: Path, start: int, owner: str, buyer: str, batch: str) -> None:
    """Say what is tried, do it, say that it is done; until killed. What fails is tried again under the same names."""
    with Registry(folder) as registry:
        for number in itertools.count(start):
            report.send(("try", number))
            orders = a_group(registry, number, owner, buyer, batch)
            while True:
                try:
                    for outcome in registry.submit(orders):
                        outcome.done()
                    break
                except RegistryError as error:
                    if error.code not in ("registry.storage_failed", "registry.busy"):
                        raise
                    time.sleep(0.02)
            report.send(("done", number))


def acts(registry: Registry) -> dict[str, int]:
    """Every request with its leaf."""
    with registry._store.reading() as view:
        return {row.id: row.position for row in view.connection.execute(sa.select(t.requests))}


def all_or_nothing(world: World, tried: int, done: int) -> None:
    """Groups that were acknowledged are whole; one that was not is whole or not there."""
    found = acts(world.registry)
    for number in range(tried):
        there = sum(f"group {number} {place}" in found for place in range(GROUP))
        assert there == GROUP or (number >= done and there == 0)


def all_in_the_end(world: World, groups: int, batch: str) -> None:
    """After every group was sent once more, each was done exactly once."""
    for number in range(groups):
        outcomes = world.registry.submit(a_group(world.registry, number, world.owner, world.buyer, batch))
        assert all(outcome.entry for outcome in outcomes)
    held = sum(h.serials.units for h in world.registry.holdings(world.owner, batch))
    assert held == 10_000_000 - units_of(groups)
    assert sum(name.startswith("group") for name in acts(world.registry)) == groups * GROUP
    assert holds(world.registry)


def kill_groups(world: World, kills: int, dice: random.Random) -> None:
    batch, start = big_batch(world), 0
    for _ in range(kills):
        process, reports = spawn(submit_for_ever, world.folder, start, world.owner, world.buyer, batch)
        assert reports.poll(60)
        time.sleep(dice.uniform(0, 0.12))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        tried, done = read_all(reports, start)
        all_or_nothing(world, tried, done)
        for number in range(done, tried):  # the client does not know, and asks again
            world.registry.submit(a_group(world.registry, number, world.owner, world.buyer, batch))
        start = tried
    assert start > kills  # some of them got through
    all_in_the_end(world, start, batch)


def test_killed_while_groups_are_written(world: World):
    kill_groups(world, 20, random.Random(5))


@pytest.mark.long
def test_killed_while_groups_are_written_many_times(world: World):
    kill_groups(world, 1000, random.Random(6))


# Full disks -----------------------------------------------------------------------------------------------------------


def submit_until_full(report: Connection, folder: Path, owner: str, buyer: str, batch: str) -> None:
    """Groups until no file may grow any more; then say what was acknowledged and how the last one was refused."""
    with Registry(folder) as registry:
        room = max(path.stat().st_size for path in folder.iterdir()) + 400_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        for number in itertools.count():
            try:
                for outcome in registry.submit(a_group(registry, number, owner, buyer, batch)):
                    outcome.done()
            except TanhuiError as error:
                report.send((number, error.code))
                os._exit(0)  # as a crash would: no last writes on the way out


def test_a_full_disk_refuses_a_group_whole(world: World):
    batch = big_batch(world)
    process, reports = spawn(submit_until_full, world.folder, world.owner, world.buyer, batch)
    assert reports.poll(120)
    done, code = reports.recv()
    process.join()
    assert (done > 0, code) == (True, "registry.storage_failed")
    all_or_nothing(world, done + 1, done)
    assert f"group {done} 0" not in acts(world.registry)
    all_in_the_end(world, done + 1, batch)  # there is room again: the same requests go through


def set_most_pages(registry: Registry, more: int | None) -> None:
    """How many pages the database may still grow by; the one connection of this thread keeps it."""
    with registry._store.reading() as view:
        pages = int(view.connection.exec_driver_sql("PRAGMA page_count").scalar_one())
        most = 2**30 if more is None else pages + more
        view.connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")


def submitted(world: World, number: int, batch: str) -> bool:
    """Whether there was room for a group."""
    try:
        outcomes = world.registry.submit(a_group(world.registry, number, world.owner, world.buyer, batch))
    except RegistryError as error:
        if error.code != "registry.storage_failed":
            raise
        return False
    return all(outcome.entry for outcome in outcomes)


@pytest.mark.parametrize("more", [0, 3, 11])
def test_a_database_that_may_not_grow(world: World, more: int):
    """Refused in the middle of a transaction, the registry goes on from what is on disk, not from what it had begun."""
    batch = big_batch(world)
    set_most_pages(world.registry, more)
    done = 0
    while submitted(world, done, batch):
        done += 1
    all_or_nothing(world, done + 1, done)
    for _ in range(3):  # again and again, it is as it was
        assert not submitted(world, done, batch)
    assert holds(world.registry)
    set_most_pages(world.registry, None)
    all_in_the_end(world, done + 1, batch)


# A server that goes away ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def durable() -> Iterator[Server]:
    """A server that waits for the disk, as in earnest."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with running(durable=True) as server:
        yield server


def restart_under_load(server: Server, folder: Path, restarts: int, dice: random.Random) -> None:
    world = make_world(folder / "r", server.create_database())
    batch = big_batch(world)
    process, reports = spawn(submit_for_ever, world.folder, 0, world.owner, world.buyer, batch)
    assert reports.poll(60)
    for number in range(restarts):
        time.sleep(dice.uniform(0.05, 0.4))
        server.stop("immediate" if number % 2 == 0 else "fast")
        time.sleep(dice.uniform(0, 0.1))
        server.start()
    time.sleep(0.5)  # long enough to show that the worker goes on
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    tried, done = read_all(reports, 0)
    assert done > restarts
    all_or_nothing(world, tried, done)
    all_in_the_end(world, tried, batch)
    world.registry.close()


def test_a_server_restarted_under_load(durable: Server, tmp_path: Path):
    restart_under_load(durable, tmp_path, 4, random.Random(7))


@pytest.mark.long
def test_a_server_restarted_under_load_many_times(durable: Server, tmp_path: Path):
    restart_under_load(durable, tmp_path, 100, random.Random(8))


def test_a_connection_cut_in_the_middle_of_an_act(worlds: World):
    """The server ends the session between two statements of one transaction: refused, nothing done, and on it goes."""
    if worlds.registry._store.dialect != "postgresql":
        pytest.skip("SQLite has no server")
    registry = worlds.registry

    def cut_off() -> None:
        with registry.transaction() as (connection, submit):
            move = {"source": worlds.owner, "target": worlds.buyer, "batch": worlds.batch, "units": 5}
            submit([order(registry, "t", "transfer", **move)])
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with registry._store.reading() as view:
                view.connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
            time.sleep(0.05)

    with pytest.raises(RegistryError) as refused:
        cut_off()
    assert refused.value.code == "registry.storage_failed"
    assert "t" not in acts(registry)
    registry.transfer(worlds.owner, worlds.buyer, worlds.batch, 5, request="t")
    assert holds(registry)
