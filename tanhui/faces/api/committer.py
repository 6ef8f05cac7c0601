"""Many requests, one transaction: whoever comes while one is being written goes into the next.

A durable transaction costs a wait for the disk whatever is in it. One thread takes all that waits, carries it out in
one transaction and answers each. Nobody waits for a group to fill, so a lone request is as fast as without.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from tanhui.kernel.errors import TanhuiError
from tanhui.registry.access.service import Ask, Gate
from tanhui.registry.errors import RegistryError
from tanhui.registry.writing import Outcome

__all__ = ["Committer"]

log = logging.getLogger("tanhui.api")
#: Orders in one transaction: beyond this the first would wait for long.
MOST_TOGETHER = 2000
#: Orders that may wait; beyond this the registry is busy.
MOST_WAITING = 50_000


@dataclass(frozen=True, slots=True)
class _Job:
    asks: Sequence[Ask]
    answer: Future[list[Outcome]]


class Committer:
    """The one place of a server where acts are carried out."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting, self._lock = 0, threading.Lock()
        self._thread = threading.Thread(target=self._run, name="tanhui-committer", daemon=True)
        self._running = False

    def start(self) -> None:
        """Begin to carry out."""
        self._running = True
        self._thread.start()

    def stop(self) -> None:
        """Carry out what waits, and end."""
        with self._lock:
            self._running = False
            self._jobs.put(None)
        self._thread.join()

    def submit(self, asks: Sequence[Ask]) -> Future[list[Outcome]]:
        """What becomes of some asks: an answer once it is on disk.

        Raises
        ------
        RegistryError
            ``registry.busy`` if too many wait, or the server is ending.
        """
        job = _Job(asks, Future())
        with self._lock:
            if not self._running or self._waiting > MOST_WAITING:
                raise RegistryError("registry.busy")
            self._waiting += len(asks)
            self._jobs.put(job)
        return job.answer

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            group, last = self._group(first)
            self._carry_out([job for job in group if job.answer.set_running_or_notify_cancel()])
            with self._lock:
                self._waiting -= sum(len(job.asks) for job in group)
            if last:
                return

    def _group(self, first: _Job) -> tuple[list[_Job], bool]:
        """All that waits, up to a size; whether it was the last of all."""
        group, size = [first], len(first.asks)
        while size < MOST_TOGETHER:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return group, True
            group.append(job)
            size += len(job.asks)
        return group, False

    def _carry_out(self, group: list[_Job]) -> None:
        try:
            outcomes = iter(self._gate.perform([ask for job in group for ask in job.asks]))
        except Exception as error:
            self._one_by_one(group, error)
            return
        for job in group:
            job.answer.set_result([next(outcomes) for _ in job.asks])

    def _one_by_one(self, group: list[_Job], error: Exception) -> None:
        """A transaction that failed as a whole did nothing. One request must not spoil it for the others."""
        if len(group) == 1 or (isinstance(error, RegistryError) and error.code == "registry.busy"):
            for job in group:
                job.answer.set_exception(error)
            return
        log.warning("a group of %d failed with %s; one by one", len(group), _name(error))
        for job in group:
            self._carry_out([job])


def _name(error: Exception) -> str:
    return error.code if isinstance(error, TanhuiError) else type(error).__name__
