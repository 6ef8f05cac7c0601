"""Power cuts at the file layer: what was not yet synced is lost or torn, and what was acknowledged is there.

A killed process loses nothing that the operating system has; so killing never tests whether the registry waits for the
disk. Here the disk forgets (``power_loss.c``).
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tanhui.kernel.errors import TanhuiError
from tanhui.registry.service import Registry
from tests.registry.conftest import World
from tests.registry.evidence import holds
from tests.registry.power_loss import DISK, Work, requests, start_machine
from tests.registry.test_disasters import acts, big_batch

Machine = Callable[..., subprocess.Popen[str]]
#: Writes, truncations, removals and syncs after which the power fails: from the first one after a restart on.
MOST_OPERATIONS = 400


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk, made with the system's C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    made = tmp_path_factory.mktemp("disk") / "power_loss.so"
    subprocess.run([compiler, "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", made, DISK, "-lpthread"], check=True)
    return made


@pytest.fixture
def work(world: World) -> Work:
    """Ten million units, in a registry that nobody has open."""
    batch = big_batch(world)
    world.registry.close()
    return Work(world.folder, world.owner, world.buyer, batch)


def run_until_dark(machine: subprocess.Popen[str], seed: int, operations: int, start: int) -> tuple[int, int]:
    """One life of the machine: up to which group it tried, and up to which it was told that all is well."""
    assert machine.stdin is not None
    assert machine.stdout is not None
    machine.stdin.write(f"{seed} {operations} {start}\n")
    machine.stdin.flush()
    tried = done = start
    for line in machine.stdout:
        word, number = line.split()
        if word == "dark":
            assert number == str(int(signal.SIGKILL))
            return tried, done
        tried, done = (int(number) + 1, done) if word == "try" else (tried, int(number) + 1)
    raise AssertionError("the machine itself ended")


def look(folder: Path, copy: Path, tried: int, done: int) -> None:
    """What a restart finds: groups that were acknowledged, of the last one all or nothing, and a registry that holds.

    On a copy, so that the machine's next life begins with what the disk left and is cut off in its recovery, too.
    """
    shutil.copytree(folder, copy)
    with Registry(copy) as registry:
        found = acts(registry)
        for number in range(tried):
            there = [request in found for request in requests(number)]
            assert all(there) or (number >= done and not any(there)), f"group {number} of {done}"
        assert holds(registry)
    shutil.rmtree(copy)


def fail_often(work: Work, library: Path, cuts: int, dice: random.Random) -> None:
    start, copy = 0, work.folder.with_name("copy")
    with start_machine(work, library) as machine:
        for _ in range(cuts):
            tried, done = run_until_dark(machine, dice.getrandbits(31), dice.randint(1, MOST_OPERATIONS), start)
            look(work.folder, copy, tried, done)
            start = done
        assert machine.stdin is not None
        machine.stdin.close()
    assert start > cuts  # the machine got some work done between the cuts
    with Registry(work.folder) as registry:
        for number in range(start + 1):  # asked once more, each is there once
            assert all(outcome.entry for outcome in registry.submit(work.group(registry, number)))
        moved = sum(2 * len(requests(number)) for number in range(start + 1))
        assert sum(h.serials.units for h in registry.holdings(work.owner, work.batch)) == 10_000_000 - moved
        assert holds(registry)


def test_the_power_fails_while_groups_are_written(work: Work, library: Path):
    fail_often(work, library, 20, random.Random(9))


@pytest.mark.long
def test_the_power_fails_many_times(work: Work, library: Path):
    fail_often(work, library, 1000, random.Random(10))


def test_a_disk_that_lies_is_noticed(work: Work, library: Path):
    """The same test on a disk whose syncs do nothing must fail, or it would prove nothing."""
    with pytest.raises((AssertionError, TanhuiError)):
        fail_from_the_start(work, library, random.Random(11))


def fail_from_the_start(work: Work, library: Path, dice: random.Random) -> None:
    """Cuts on a disk that lies, each from the same sound beginning."""
    with start_machine(work, library, lies=True) as machine:
        for number in range(20):
            kept = shutil.copytree(work.folder, work.folder.with_name(f"kept {number}"))
            tried, done = run_until_dark(machine, dice.getrandbits(31), dice.randint(100, MOST_OPERATIONS), 0)
            look(work.folder, work.folder.with_name("copy"), tried, done)
            shutil.rmtree(work.folder)
            kept.rename(work.folder)
