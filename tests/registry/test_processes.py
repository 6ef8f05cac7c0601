"""Real processes: killed at any point, racing for one interval, writing at the same time."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from tanhui.registry.audit import verify_log
from tanhui.registry.errors import RegistryError
from tanhui.registry.model import RETIRED
from tanhui.registry.service import Registry
from tests.registry.conftest import World
from tests.registry.documents import run_documents

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.registry.test_processes"])


def spawn(work: Callable[..., None], *arguments: Any) -> tuple[Any, Connection]:
    """A process of its own, and the end of the pipe on which it reports."""
    mine, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=work, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    return process, mine


def act(registry: Registry, number: int, owner: str, buyer: str, batch: str) -> None:
    """The act that belongs to a number: two steps forward, one step back, now and then a retirement."""
    request = f"act-{number}"
    if number % 7 == 3:
        registry.retire(buyer, batch, 1, beneficiary="b", purpose="event", request=request)
    elif number % 3 == 2:
        registry.transfer(buyer, owner, batch, 1, request=request)
    else:
        registry.transfer(owner, buyer, batch, 2, request=request)


def act_for_ever(report: Connection, folder: Path, start: int, owner: str, buyer: str, batch: str) -> None:
    """Say what is tried, do it, say that it is done; until killed."""
    with Registry(folder) as registry:
        for number in range(start, 10**9):
            report.send(("try", number))
            act(registry, number, owner, buyer, batch)
            report.send(("done", number))


def kill_at_random(world: World, kills: int, dice: random.Random) -> None:
    """Kill a worker many times; every acknowledged act is there, none twice, and the last one can be retried."""
    registry = world.registry
    owner = registry.open_account("holder", request="holder").id
    documents = run_documents("big", by_year={2031: 10_000_000})
    (batch,) = registry.issue_from_claim(*documents, owner=owner, region="CN-HN", request="big")
    start, base = 0, leaves(registry)
    for _ in range(kills):
        process, reports = spawn(act_for_ever, world.folder, start, owner, world.buyer, batch.id)
        assert reports.poll(60)
        time.sleep(dice.uniform(0, 0.06))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        tried, done = read_all(reports, start)
        # Every acknowledged act is in the log; of those tried, at most the last is not.
        assert base + done <= leaves(registry) <= base + tried
        for number in range(start, tried):
            act(registry, number, owner, world.buyer, batch.id)
        assert leaves(registry) == base + tried
        start = tried
    numbers = range(start)
    retired = sum(number % 7 == 3 for number in numbers)
    back = sum(number % 3 == 2 and number % 7 != 3 for number in numbers)
    forth = start - retired - back
    units = {row.owner: 0 for row in registry.holdings(batch=batch.id)}
    for row in registry.holdings(batch=batch.id):
        units[row.owner] += row.serials.units
    expected = {owner: 10_000_000 - 2 * forth + back, world.buyer: 2 * forth - back - retired, RETIRED: retired}
    assert units == {name: count for name, count in expected.items() if count}
    assert verify_log(world.folder, world.trust).holds


def leaves(registry: Registry) -> int:
    """Acts in the log; each stands there with the seal that follows it."""
    size = int(registry.checkpoint().split("\n")[1])
    assert size % 2 == 1
    return size // 2


def read_all(reports: Connection, start: int) -> tuple[int, int]:
    """How many acts were tried and how many acknowledged, from what is left in a dead worker's pipe."""
    counts = {"try": start, "done": start}
    try:
        while True:
            word, number = reports.recv()
            counts[word] = number + 1
    except (EOFError, OSError):
        return counts["try"], counts["done"]


def test_killed_at_random_points(world: World):
    kill_at_random(world, 20, random.Random(1))


@pytest.mark.long
def test_killed_many_times(world: World):
    kill_at_random(world, 10_000, random.Random(2))


def act_on_a_full_disk(report: Connection, folder: Path, owner: str, buyer: str, batch: str) -> None:
    """Act until no file may grow any more; then say what was acknowledged and how the last act was refused."""
    with Registry(folder) as registry:
        room = sum(path.stat().st_size for path in folder.iterdir()) + 200_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        for number in range(10**6):
            try:
                act(registry, number, owner, buyer, batch)
            except RegistryError as error:
                report.send((number, error.code))
                os._exit(0)  # as a crash would: no last writes on the way out


def test_a_full_disk_refuses_and_loses_nothing(world: World):
    owner = world.registry.open_account("holder", request="holder").id
    documents = run_documents("big", by_year={2031: 10_000_000})
    (batch,) = world.registry.issue_from_claim(*documents, owner=owner, region="CN-HN", request="big")
    base = leaves(world.registry)
    process, reports = spawn(act_on_a_full_disk, world.folder, owner, world.buyer, batch.id)
    assert reports.poll(120)
    done, code = reports.recv()
    process.join()
    assert (done > 0, code) == (True, "registry.storage_failed")
    assert leaves(world.registry) == base + done
    act(world.registry, done, owner, world.buyer, batch.id)  # there is room again: the same request goes through
    assert leaves(world.registry) == base + done + 1
    assert verify_log(world.folder, world.trust).holds


def init_for_ever(report: Connection, folder: Path) -> None:
    for number in range(10**6):
        Registry.init(folder / str(number), "registry.example/new").close()
        report.send(number)


def test_a_killed_init_leaves_no_half_registry(tmp_path: Path):
    process, reports = spawn(init_for_ever, tmp_path)
    assert reports.poll(60)
    time.sleep(random.Random(3).uniform(0.02, 0.1))
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    finished = [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert finished
    for folder in finished:
        with Registry(folder) as registry:
            assert registry.audit().holds


def race(report: Connection, gate: Any, folder: Path, what: str, arguments: dict[str, Any]) -> None:
    """One act the moment the gate opens."""
    with Registry(folder) as registry:
        registry.accounts()
        gate.wait()
        try:
            getattr(registry, what)(*arguments.pop("args"), **arguments)
        except RegistryError as error:
            report.send(error.code)
        else:
            report.send("done")


def run_race(world: World, what: str, racers: list[dict[str, Any]]) -> list[str]:
    gate = CONTEXT.Barrier(len(racers))
    started = [spawn(race, gate, world.folder, what, arguments) for arguments in racers]
    answers = []
    for process, reports in started:
        assert reports.poll(60)
        answers.append(reports.recv())
        process.join()
    assert world.registry.audit().holds
    return sorted(answers)


def test_two_processes_race_for_one_interval(worlds: World):
    act = {"args": (worlds.owner, worlds.batch, 60), "beneficiary": "x", "purpose": "event"}
    answers = run_race(worlds, "retire", [{**act, "request": "one"}, {**act, "request": "two"}])
    assert answers == ["done", "registry.insufficient_units"]
    assert sum(h.serials.units for h in worlds.registry.holdings(RETIRED)) == 60


def test_two_processes_race_with_one_request_id(worlds: World):
    act = {"args": (worlds.owner, worlds.buyer, worlds.batch, 60), "request": "same"}
    before = leaves(worlds.registry)
    assert run_race(worlds, "transfer", [dict(act), dict(act)]) == ["done", "done"]
    assert leaves(worlds.registry) == before + 1


def test_two_processes_race_to_issue_one_claim(worlds: World):
    act = {"args": run_documents("other", by_year={2030: 8}), "owner": worlds.owner, "region": "CN-HN"}
    answers = run_race(worlds, "issue_from_claim", [{**act, "request": "one"}, {**act, "request": "two"}])
    assert answers == ["done", "registry.claim_issued"]


def transfer_singly(report: Connection, gate: Any, folder: Path, name: str, arguments: tuple[str, str, str]) -> None:
    with Registry(folder) as registry:
        gate.wait()
        for number in range(10):
            registry.transfer(*arguments, 1, request=f"{name}-{number}")
    report.send("done")


def test_many_processes_write_at_once(worlds: World):
    gate, before = CONTEXT.Barrier(4), leaves(worlds.registry)
    started = [
        spawn(transfer_singly, gate, worlds.folder, f"p{n}", (worlds.owner, worlds.buyer, worlds.batch))
        for n in range(4)
    ]
    for process, reports in started:
        assert reports.poll(60)
        assert reports.recv() == "done"
        process.join()
    assert leaves(worlds.registry) == before + 40
    assert [str(h.serials) for h in worlds.registry.holdings(worlds.buyer)] == ["1-40"]
    assert worlds.registry.audit().holds


def test_threads_share_one_registry(worlds: World):
    def transfer(number: int) -> None:
        worlds.registry.transfer(worlds.owner, worlds.buyer, worlds.batch, 1, request=f"thread-{number}")
        assert sum(row.units for row in worlds.registry.balance(worlds.buyer)) >= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(transfer, range(40)))
    assert [str(h.serials) for h in worlds.registry.holdings(worlds.buyer)] == ["1-40"]
    assert worlds.registry.audit().holds


def test_what_another_one_wrote_is_not_forgotten(worlds: World):
    """Two open registries on one database: each has warm rows in memory that the other one changes."""
    one, two = worlds.registry, Registry(worlds.folder, now=worlds.clock)
    owner, buyer, batch = worlds.owner, worlds.buyer, worlds.batch
    one.transfer(owner, buyer, batch, 10, request="a")
    two.transfer(owner, buyer, batch, 10, request="b")  # 11-20, though one has just read what was left
    pledge = one.lock("pledge", owner, request="c", batch=batch, units=10, beneficiary=buyer)
    with pytest.raises(RegistryError):
        two.transfer(owner, buyer, batch, 31, request="d")  # 30 are left
    two.do("release", "e", lock=pledge.id)
    one.transfer(owner, buyer, batch, 40, request="f")
    for registry in (one, two):
        with pytest.raises(RegistryError):
            registry.transfer(owner, buyer, batch, 1, request="g")
        assert [str(h.serials) for h in registry.holdings(buyer, batch)] == ["1-60"]
    two.do("set_standing", "h", account=buyer, roles=[])
    with pytest.raises(RegistryError) as closed:
        one.transfer(owner, buyer, worlds.batches[1].id, 1, request="i")
    assert closed.value.code == "registry.target_wrong"
    later = run_documents(by_year={2023: 5})
    (third,) = two.issue_from_claim(*later, owner=owner, region="CN-HN", request="j")
    assert one.issue_from_claim(*later, owner=owner, region="CN-HN", request="j") == (third,)
    with pytest.raises(RegistryError):
        one.issue_from_claim(*later, owner=owner, region="CN-HN", request="k")
    assert one.transfer(owner, one.open_account("x", request="x").id, third.id, 5, request="l")
    two.close()
    assert one.audit().holds


def lock_and_release(report: Connection, gate: Any, folder: Path, name: str, arguments: tuple[str, str, str]) -> None:
    """Encumber, post and release what the others are after, too; who comes too late is refused and goes on."""
    owner, buyer, batch = arguments
    done = 0
    with Registry(folder) as registry:
        gate.wait()
        for number in range(12):
            try:
                terms = {"batch": batch, "units": 6 + number % 3, "beneficiary": buyer, "target": buyer}
                made = registry.lock("escrow", owner, request=f"{name} lock {number}", **terms)
                if number % 3 == 0:
                    registry.do("post", f"{name} post {number}", locks=[made.id], units=1)
                else:
                    registry.do("release", f"{name} release {number}", lock=made.id)
                done += number % 3 == 0
            except RegistryError as error:
                if error.code != "registry.insufficient_units":
                    raise
    report.send(done)


def test_many_processes_encumber_the_same_units(worlds: World):
    gate, arguments = CONTEXT.Barrier(3), (worlds.owner, worlds.buyer, worlds.batch)
    started = [spawn(lock_and_release, gate, worlds.folder, f"p{n}", arguments) for n in range(3)]
    posted = 0
    for process, reports in started:
        assert reports.poll(60)
        posted += reports.recv()
        process.join()
    assert posted == 12
    assert sum(h.serials.units for h in worlds.registry.holdings(worlds.buyer)) == posted
    assert not [h for h in worlds.registry.holdings() if h.place.locks]
    assert worlds.registry.audit().holds
