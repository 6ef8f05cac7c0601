"""Many requests in one transaction: nobody is answered before the disk, and nobody spoils it for the others."""

from __future__ import annotations

import threading
from concurrent.futures import wait
from dataclasses import replace

import pytest

from tanhui.faces.api.committer import Committer
from tanhui.registry.access.service import Ask, Gate
from tanhui.registry.errors import RegistryError
from tests.faces.api.conftest import World


@pytest.fixture
def committer(world: World):
    made = Committer(world.gate)
    made.start()
    yield made
    made.stop()


def ask(world: World, request: str) -> list[Ask]:
    given = {"source": world.accounts["owner"], "target": world.accounts["trader"], "batch": world.batch}
    caller = world.gate.caller(world.tokens["owner"])
    return world.gate.asks(caller, [(request, "transfer", {**given, "units": 1})])


def held_back(world: World, committer: Committer, jobs: list) -> list:
    """Jobs that come while one is being written, so that they go into the next transaction together."""
    begun, go = threading.Event(), threading.Event()
    perform = Gate.perform

    def slow(asks):
        begun.set()
        go.wait()
        return perform(world.gate, asks)

    world.gate.perform = slow  # type: ignore[method-assign]
    first = committer.submit(ask(world, "first"))
    begun.wait()
    futures = [committer.submit(job) for job in jobs]
    go.set()
    wait([first, *futures])
    return futures


def test_what_waits_goes_into_one_transaction(world: World, committer: Committer):
    jobs = [ask(world, f"r{n}") for n in range(10)]
    transactions: list[int] = []
    transaction = world.registry.transaction
    world.registry.transaction = lambda: transactions.append(1) or transaction()  # type: ignore[method-assign]
    futures = held_back(world, committer, jobs)
    places = [future.result()[0].done().index for future in futures]
    assert places == sorted(places)
    assert len(transactions) <= 3  # what came first, what waited, and perhaps the server's own second


def test_one_that_breaks_the_transaction_breaks_it_for_itself_only(world: World, committer: Committer):
    # What no checked request can bring: not even an order.
    broken = [replace(ask(world, "broken")[0], order=None)]  # type: ignore[arg-type]
    good = [ask(world, f"r{n}") for n in range(3)]
    futures = held_back(world, committer, [good[0], broken, good[1], good[2]])
    assert [future.exception() is None for future in futures] == [True, False, True, True]
    assert all(future.result()[0].done() for number, future in enumerate(futures) if number != 1)
    assert world.registry.audit().failures() == []


def test_when_it_ends_what_waits_is_done_and_nothing_more_is_taken(world: World):
    committer = Committer(world.gate)
    committer.start()
    futures = [committer.submit(ask(world, f"r{n}")) for n in range(5)]
    committer.stop()
    assert all(future.result(timeout=0)[0].done() for future in futures)
    with pytest.raises(RegistryError) as error:
        committer.submit(ask(world, "late"))
    assert error.value.code == "registry.busy"
