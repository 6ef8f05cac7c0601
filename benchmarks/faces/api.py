"""The REST API from outside: one server process on the loopback address, the load from another process.

``python -m benchmarks.faces.api [--seconds S] [--connections N]`` prints requests a second, their 50th and 99th
percentiles, and what part of the floor that is: of an answer that the server gives without our application. With
``--groups`` it measures instead what group commit does to the wait, against the same load with a transaction for each
request. The server is uvicorn with the application as ``tanhui serve`` runs it, without limits on rates.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PASSWORD = "benchmark benchmark"
RETIREMENTS, TRANSFERS, GROUP = 10_000, 20_000, 1_000
FLOOR = "/v1/floor"
#: Connections and orders a request.
GROUPS = ((1, 1), (8, 1), (1, 100), (2, 100), (8, 100), (1, 1000), (2, 1000), (8, 1000))
ROUNDS = 3


def serve(folder: str, listener: socket.socket, ready: Any, together: int) -> None:
    """The server process; ``together``: orders in one transaction."""
    import uvicorn

    from tanhui.faces.api import committer
    from tanhui.faces.api.app import create_app
    from tanhui.registry.access.service import Gate
    from tanhui.registry.service import Registry

    committer.MOST_TOGETHER = together or committer.MOST_TOGETHER
    with Registry(Path(folder), publish_each=False) as registry:
        gate = Gate(registry)
        person = registry.declaration.person
        code = gate.begin()
        if code:
            gate.enrol(code.read_text(), password=PASSWORD)
        app = create_app(registry, gate=gate, allowed={})

        async def with_floor(scope: Any, receive: Any, send: Any) -> None:
            if scope.get("path") != FLOOR:
                await app(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"{}"})

        ready.put(gate.log_in(person, PASSWORD).reveal())
        config = uvicorn.Config(with_floor, log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def running(folder: Path, together: int = 0) -> Iterator[tuple[int, str]]:
    """Port and token of a server process."""
    from tanhui.faces.cli.serve import listening

    listener = listening("127.0.0.1", 0)
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    server = context.Process(target=serve, args=(str(folder), listener, ready, together))
    server.start()
    try:
        yield listener.getsockname()[1], ready.get()
    finally:
        server.terminate()
        server.join()
        listener.close()


def filled(folder: Path) -> dict[str, Any]:
    """A registry with a history: two accounts, a large batch, transfers and retirements."""
    from tanhui.faces.api.rows import LISTINGS, PAGE
    from tanhui.faces.opening import make_registry
    from tanhui.registry.access.service import Gate
    from tanhui.registry.acts import Order
    from tanhui.registry.model import Approval
    from tanhui.registry.service import Registry
    from tests.registry.documents import run_documents

    make_registry(folder, "registry.example/benchmark").close()
    with Registry(folder, publish_each=False) as registry:
        Gate(registry)
        owner, buyer = (registry.open_account(name, request=name).id for name in ("owner", "buyer"))
        documents = run_documents("benchmark", {2021: 10_000_000})
        (batch,) = registry.issue_from_claim(*documents, owner=owner, region="CN-HN", request="issue")
        by = (Approval(registry.declaration.person),)
        move = {"source": owner, "target": buyer, "batch": batch.id, "units": 1}
        used = {"account": owner, "batch": batch.id, "units": 1, "beneficiary_name": "x", "purpose": "voluntary"}
        wanted = [("transfer", move)] * TRANSFERS + [("retire", used)] * RETIREMENTS
        for first in range(0, len(wanted), GROUP):
            part = wanted[first : first + GROUP]
            registry.submit([Order(f"fill-{first + n}", act, given, by) for n, (act, given) in enumerate(part)])
        registry.publish()
        ids = [ending.id for ending in registry.retirements()]
    # A retirement's id names its leaf. Pages follow one another, and the next time around begin one row further.
    rounds = len(ids) // PAGE - 1
    starts = [(n * PAGE + n // rounds) % (rounds * PAGE) for n in range(len(ids))]
    pages = [LISTINGS["retirements"].cursor(int(ids[start][1:])) for start in starts]
    size = TRANSFERS + RETIREMENTS
    return {"owner": owner, "buyer": buyer, "batch": batch.id, "retirements": ids, "pages": pages, "size": size}


class Wire:
    """One kept connection that says little, so that the load is not what is measured."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._token, self._rest = token, b""

    def ask(self, method: str, path: str, body: bytes = b"", request: str = "", known: bool = False) -> int:
        """Send a request and read its answer to the end; its status."""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
        if known:
            lines.append(f"Authorization: Bearer {self._token}")
        if request:
            lines.append(f"Idempotency-Key: {request}")
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        while b"\r\n\r\n" not in self._rest:
            self._rest += self._socket.recv(1 << 18)
        head, _, rest = self._rest.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        while len(rest) < length:
            rest += self._socket.recv(1 << 18)
        self._rest = rest[length:]
        return int(head.split(b" ")[1])


Ask = Callable[[Wire, int], int]


def load(port: int, token: str, ask: Ask, connections: int, seconds: float) -> tuple[float, float, float]:
    """Requests a second over some connections, and the 50th and 99th percentile of how long they took. [ms]"""
    numbers, times, wrong = itertools.count(), list[float](), list[int]()

    def work() -> None:
        wire = Wire(port, token)
        while time.perf_counter() < end:
            start = time.perf_counter()
            status = ask(wire, next(numbers))
            times.append(time.perf_counter() - start)
            if status not in (200, 201):
                wrong.append(status)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    start = time.perf_counter()
    end = start + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, f"answers with {set(wrong)}"
    taken = time.perf_counter() - start
    times.sort()
    middle, late = (1000 * times[int(len(times) * share)] for share in (0.5, 0.99))
    return len(times) / taken, middle, late


def later(ask: Ask, by: int = 10**9) -> Ask:
    """The same with other numbers than the warm-up had, so that request ids are new."""
    return lambda wire, number: ask(wire, number + by)


def cases(world: dict[str, Any]) -> Iterator[tuple[str, Ask]]:
    """What is measured."""
    ids, pages, size = world["retirements"], world["pages"], world["size"]
    text = json.dumps(transfer(world)).encode()

    def get(path: Callable[[int], str], known: bool = False) -> Ask:
        return lambda wire, n: wire.ask("GET", f"/v1{path(n)}", known=known)

    yield "the server's floor", lambda wire, _: wire.ask("GET", FLOOR)
    yield "one batch", get(lambda _: f"/batches/{world['batch']}")
    yield "one retirement, each time another", get(lambda n: f"/retirements/{ids[n % len(ids)]}")
    yield "inclusion proof, each time another", get(lambda n: f"/proofs/inclusion?index={n * 7919 % size}")
    yield "tile of hashes", get(lambda n: f"/tile/0/{n % (size // 256):03}")
    yield "checkpoint", get(lambda _: "/checkpoint")
    yield "certificate, each time another", get(lambda n: f"/certificates/{ids[n % len(ids)]}")
    yield "one certificate", get(lambda _: f"/certificates/{ids[0]}")
    yield "page of 100 retirements", get(lambda _: "/retirements")
    yield "page of 100 retirements, each time another", get(lambda n: f"/retirements?cursor={pages[n % len(pages)]}")
    yield "account with balances, session", get(lambda _: f"/accounts/{world['owner']}", known=True)
    yield "single transfers", lambda wire, n: wire.ask("POST", "/v1/transfers", text, f"s{n}-{id(wire)}", known=True)


def transfer(world: dict[str, Any]) -> dict[str, Any]:
    """One unit from the owner to the buyer."""
    return {"source": world["owner"], "target": world["buyer"], "batch": world["batch"], "units": 1}


def group(world: dict[str, Any], size: int, name: str) -> Ask:
    """A request with many transfers."""

    def ask(wire: Wire, number: int) -> int:
        orders = [
            {"request": f"{name}-{number}-{n}", "act": "transfer", "arguments": transfer(world)} for n in range(size)
        ]
        return wire.ask("POST", "/v1/orders", json.dumps({"orders": orders}).encode(), known=True)

    return ask


def print_reads(folder: Path, world: dict[str, Any], connections: int, seconds: float) -> None:
    """The table of single requests."""
    print(f"| {connections} connections, {seconds:g} s each | a second | of the floor | p50 ms | p99 ms |")
    print("|---|---|---|---|---|")
    floor = 0.0
    with running(folder) as (port, token):
        for name, ask in cases(world):
            load(port, token, ask, connections, seconds / 5)
            # Far enough from what the warm-up asked for, and not a multiple of how many there are of anything.
            rate, middle, late = load(port, token, later(ask, 10**9 + 4999), connections, seconds)
            floor = floor or rate
            print(f"| {name} | {rate:,.0f} | {rate / floor:.2f} | {middle:.1f} | {late:.1f} |", flush=True)


def print_groups(folder: Path, world: dict[str, Any], seconds: float) -> None:
    """The table of group commit; each case in turn with and without, the best of some rounds."""
    twin = folder.with_name("twin")
    shutil.copytree(folder, twin)
    found: dict[tuple[int, int, bool], list[tuple[float, float]]] = {}
    with running(folder, 1) as alone, running(twin) as grouped:
        for turn, (connections, size), (together, server) in itertools.product(
            range(ROUNDS), GROUPS, enumerate((alone, grouped))
        ):
            ask = group(world, size, f"{turn}-{connections}")
            rate, _, late = load(*server, ask, connections, seconds)
            found.setdefault((connections, size, bool(together)), []).append((rate * size, late))
    print("| connections x orders | orders a second, alone | grouped | p99 ms, alone | grouped | added |")
    print("|---|---|---|---|---|---|")
    for connections, size in GROUPS:
        one, many = (found[connections, size, together] for together in (False, True))
        rates = f"{max(rate for rate, _ in one):,.0f} | {max(rate for rate, _ in many):,.0f}"
        late, grouped_late = (min(late for _, late in each) for each in (one, many))
        print(f"| {connections} x {size:,} | {rates} | {late:.1f} | {grouped_late:.1f} | {grouped_late - late:+.1f} |")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--groups", action="store_true")
    given = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "registry"
        world = filled(folder)
        if given.groups:
            print_groups(folder, world, given.seconds)
        else:
            print_reads(folder, world, given.connections, given.seconds)


if __name__ == "__main__":
    main()
