"""The REST API from outside: one server process on the loopback address, the load from another process.

``python -m benchmarks.faces.api [--seconds S] [--connections N]`` prints requests a second and their 50th and 99th
percentiles. The server is uvicorn with the application as ``tanhui serve`` runs it, without limits on rates.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PASSWORD = "benchmark benchmark"
RETIREMENTS, TRANSFERS, GROUP = 1_000, 20_000, 1_000


def serve(folder: str, listener: socket.socket, ready: Any) -> None:
    """The server process."""
    import uvicorn

    from tanhui.faces.api.app import create_app
    from tanhui.registry.access.service import Gate
    from tanhui.registry.service import Registry

    with Registry(Path(folder), publish_each=False) as registry:
        gate = Gate(registry)
        person = registry.declaration.person
        code = gate.begin()
        gate.enrol(code.read_text() if code else "", password=PASSWORD)
        ready.put(gate.log_in(person, PASSWORD).reveal())
        app = create_app(registry, gate=gate, allowed={})
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])


def filled(folder: Path) -> dict[str, Any]:
    """A registry with a history: two accounts, a large batch, transfers and retirements."""
    from tanhui.registry.access.service import Gate
    from tanhui.registry.acts import Order
    from tanhui.registry.model import Approval
    from tanhui.registry.service import Registry
    from tests.registry.documents import run_documents

    Registry.init(folder, "registry.example/benchmark").close()
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
    return {"owner": owner, "buyer": buyer, "batch": batch.id, "retirements": ids, "size": TRANSFERS + RETIREMENTS}


class Wire:
    """One kept connection that says little, so that the load is not what is measured."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._token, self._rest = token, b""

    def ask(self, method: str, path: str, body: bytes = b"", request: str = "", known: bool = False) -> int:
        """Send a request and read its answer to the end; its status."""
        lines = [f"{method} /v1{path} HTTP/1.1", "Host: 127.0.0.1"]
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


def load(port: int, token: str, ask: Ask, connections: int, seconds: float) -> tuple[float, list[float]]:
    """Requests a second over some connections, and how long each took. [s]"""
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
    return len(times) / (time.perf_counter() - start), sorted(times)


def later(ask: Ask) -> Ask:
    """The same with other numbers than the warm-up had, so that request ids are new."""
    return lambda wire, number: ask(wire, number + 10**9)


def cases(world: dict[str, Any]) -> Iterator[tuple[str, Ask]]:
    """What is measured."""
    ids, size = world["retirements"], world["size"]
    move = {"source": world["owner"], "target": world["buyer"], "batch": world["batch"], "units": 1}
    text = json.dumps(move).encode()

    def group(number: int) -> bytes:
        orders = [{"request": f"g{number}-{n}", "act": "transfer", "arguments": move} for n in range(GROUP)]
        return json.dumps({"orders": orders}).encode()

    yield "one batch", lambda wire, _: wire.ask("GET", f"/batches/{world['batch']}")
    yield "one retirement, each time another", lambda wire, n: wire.ask("GET", f"/retirements/{ids[n % len(ids)]}")
    yield "inclusion proof, each time another", lambda wire, n: wire.ask("GET", f"/proofs/inclusion?index={n % size}")
    yield "tile of hashes", lambda wire, n: wire.ask("GET", f"/tile/0/{n % (size // 256):03}")
    yield "checkpoint", lambda wire, _: wire.ask("GET", "/checkpoint")
    yield "certificates, one after the other", lambda wire, n: wire.ask("GET", f"/certificates/{ids[n % len(ids)]}")
    yield "one certificate", lambda wire, _: wire.ask("GET", f"/certificates/{ids[0]}")
    yield "page of 100 retirements", lambda wire, _: wire.ask("GET", "/retirements")
    yield "account with balances, session", lambda wire, _: wire.ask("GET", f"/accounts/{world['owner']}", known=True)
    yield "single transfers", lambda wire, n: wire.ask("POST", "/transfers", text, f"s{n}-{id(wire)}", known=True)
    yield f"orders in groups of {GROUP:,}", lambda wire, n: wire.ask("POST", "/orders", group(n), known=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=8)
    given = parser.parse_args()
    from tanhui.faces.cli.serve import listening

    with tempfile.TemporaryDirectory() as folder:
        world = filled(Path(folder) / "registry")
        listener = listening("127.0.0.1", 0)
        context = multiprocessing.get_context("spawn")
        ready = context.Queue()
        server = context.Process(target=serve, args=(str(Path(folder) / "registry"), listener, ready))
        server.start()
        token, port = ready.get(), listener.getsockname()[1]
        print(f"| {given.connections} connections, {given.seconds:g} s each | a second | p50 ms | p99 ms |")
        print("|---|---|---|---|")
        for name, ask in cases(world):
            load(port, token, ask, given.connections, given.seconds / 5)
            for connections in (given.connections, 1) if name == "single transfers" else (given.connections,):
                rate, times = load(port, token, later(ask), connections, given.seconds)
                middle, late = (1000 * times[int(len(times) * share)] for share in (0.5, 0.99))
                label = name if connections > 1 else f"{name}, one connection"
                rate = rate * GROUP if "groups" in name else rate
                print(f"| {label} | {rate:,.0f} | {middle:.1f} | {late:.1f} |", flush=True)
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
