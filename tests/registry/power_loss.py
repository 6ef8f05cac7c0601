"""A machine whose power fails: acts on a registry, on the disk of ``power_loss.c``, until it is cut off in a write.

A program of its own, because that disk must be there before the first file is opened. Each line it reads is a seed,
after how many writes the power fails, and the group of orders to begin with; it forks, says what the fork tries and
what was acknowledged, and that it has gone dark. So the registry is imported once for many cuts.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import tanhui
from tanhui.registry.acts import Order
from tanhui.registry.service import Registry
from tests.registry.evidence import order

DISK = Path(__file__).with_suffix(".c")
#: After so many pages of the write-ahead log it is folded into the database, so that cuts fall into that, too.
PAGES_BETWEEN_CHECKPOINTS = 60


@dataclass(frozen=True)
class Work:
    """On which units of which registry the machine acts."""

    folder: Path
    owner: str
    buyer: str
    batch: str

    def group(self, registry: Registry, number: int) -> list[Order]:
        """Orders that are submitted together: mostly one, sometimes many; transfers, and some retirements."""
        return [
            self._retirement(registry, request) if place % 5 == 4 else self._transfer(registry, request)
            for place, request in enumerate(requests(number))
        ]

    def _transfer(self, registry: Registry, request: str) -> Order:
        return order(registry, request, "transfer", source=self.owner, target=self.buyer, batch=self.batch, units=2)

    def _retirement(self, registry: Registry, request: str) -> Order:
        what = {"beneficiary_name": request, "purpose": "event"}
        return order(registry, request, "retire", account=self.owner, batch=self.batch, units=2, **what)


def requests(number: int) -> list[str]:
    """The names of a group's orders."""
    return [f"group {number} {place}" for place in range(30 if number % 4 == 0 else 1)]


def start_machine(work: Work, library: Path, *, lies: bool = False) -> subprocess.Popen[str]:
    """A machine with such a disk; ``lies`` for one that says of writes that they are done when they are not."""
    disk = {"LD_PRELOAD": str(library), "TANHUI_DISK": str(work.folder), **({"TANHUI_DISK_LIES": "1"} if lies else {})}
    command = [sys.executable, "-m", __name__, str(work.folder), work.owner, work.buyer, work.batch]
    here = {**os.environ, **disk, "PYTHONPATH": str(Path(tanhui.__file__).parents[1])}
    return subprocess.Popen(command, env=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def act_until_dark(work: Work, seed: int, operations: int, start: int) -> None:
    """Say what is tried, do it, say that it is done."""
    ctypes.CDLL(None).power_cut_after(ctypes.c_long(operations), ctypes.c_long(seed))
    with Registry(work.folder) as registry:
        with registry._store.reading() as view:  # the one connection of this thread keeps it
            view.connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {PAGES_BETWEEN_CHECKPOINTS}")
        for number in itertools.count(start):
            say(f"try {number}")
            for outcome in registry.submit(work.group(registry, number)):
                outcome.done()
            say(f"done {number}")


def say(line: str) -> None:
    """On a pipe and at once: what was said stays said."""
    os.write(1, f"{line}\n".encode())


def main() -> None:
    folder, *names = sys.argv[1:]
    work = Work(Path(folder), *names)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                act_until_dark(work, *map(int, line.split()))
            finally:
                sys.stderr.flush()
                os._exit(1)  # only where something else went wrong than the power
        _, status = os.waitpid(child, 0)
        say(f"dark {os.WTERMSIG(status) if os.WIFSIGNALED(status) else 'no'}")


if __name__ == "__main__":
    main()
