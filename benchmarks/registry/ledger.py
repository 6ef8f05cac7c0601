"""How fast acts become durable: one at a time, in groups, signed one by one, and a hundred million credits at once.

    python -m benchmarks.registry.ledger

Everything is measured in one run on one disk with one durability, floors beside it: what SQLite needs to commit one
row, how many rows it inserts in groups, and what PostgreSQL's own ``pgbench`` (TPC-B, 8 clients) reaches on a server
that is started for this run and waits for the disk. Each figure is the median of several rounds.
"""

from __future__ import annotations

import base64
import resource
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tanhui.kernel.signing import SigningKey, key_id
from tanhui.registry.acts import Order
from tanhui.registry.entries import leaf_json
from tanhui.registry.model import Approval
from tanhui.registry.permissions import order_message
from tanhui.registry.service import Registry
from tests.postgres import Server, programs, running
from tests.registry.documents import run_documents

ROUNDS = 5
SINGLES = 300
GROUP = 1000
GROUPS = 10
ROW = b"x" * 300


def median(measure: Callable[[int], float]) -> float:
    """The median of several rounds."""
    return statistics.median(measure(round_) for round_ in range(ROUNDS))


def sqlite_floor(folder: Path) -> tuple[float, float]:
    """Commits of one row a second, and rows a second in groups, under the same pragmas as ours."""
    connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")

    def singles(_: int) -> float:
        start = time.perf_counter()
        for _ in range(SINGLES):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t (b) VALUES (?)", (ROW,))
            connection.execute("COMMIT")
        return SINGLES / (time.perf_counter() - start)

    def groups(_: int) -> float:
        start = time.perf_counter()
        for _ in range(GROUPS):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO t (b) VALUES (?)", [(ROW,)] * GROUP)
            connection.execute("COMMIT")
        return GROUPS * GROUP / (time.perf_counter() - start)

    return median(singles), median(groups)


class Market:
    """A registry with a seller, a hundred buyers, and a signing key."""

    def __init__(self, folder: Path, database: str | None = None) -> None:
        self.registry = Registry.init(folder, "registry.example/bench", database=database, eyes=2)
        self.registry._publish_each = False
        people = [self.registry.declaration.person]
        operator = self.registry.declaration.account
        people.append(self.registry.do("add_person", "second", None, account=operator, name="second").noun.id)
        self.seller = self.registry.open_account("seller", request="seller").id
        self.person = self.registry.do("add_person", "seller-1", people, account=self.seller, name="s").noun.id
        self.buyers = [self.registry.open_account(f"b{n}", request=f"b{n}").id for n in range(100)]
        self.key = SigningKey.generate("seller")
        public = base64.b64encode(self.key.public).decode()
        self.registry.do("add_key", "key", [self.person], person=self.person, public=public)
        documents = run_documents(by_year={2021: 100_000_000})
        start = time.perf_counter()
        terms = {"owner": self.seller, "region": "CN-HN", "by": people}
        (batch,) = self.registry.issue_from_claim(*documents, request="issue", **terms)
        self.issue_ms = (time.perf_counter() - start) * 1e3
        self.batch, self.serial = batch.id, 0

    def orders(self, count: int, *, signed: bool = False) -> list[Order]:
        """Transfers of a few units to one buyer after the other."""
        made = []
        for _ in range(count):
            self.serial += 1
            what = {"source": self.seller, "target": self.buyers[self.serial % 100], "batch": self.batch}
            order = Order(f"t{self.serial}", "transfer", {**what, "units": 1 + self.serial % 3})
            made.append(Order(order.request, order.act, order.arguments, (self.approval(order, signed),)))
        return made

    def approval(self, order: Order, signed: bool) -> Approval:
        """The seller's person, by a session or by the key."""
        if not signed:
            return Approval(self.person)
        import hashlib

        digest = hashlib.sha256(leaf_json([order.request, order.act, order.arguments])).hexdigest()
        signature = base64.b64encode(self.key.sign(order_message(digest))).decode()
        return Approval(self.person, key_id(self.key.public), digest, signature)

    def rate(self, size: int, count: int, *, signed: bool = False) -> float:
        """Transfers a second in groups of a size, a checkpoint signed after each group of many."""

        def measure(_: int) -> float:
            groups = [self.orders(size, signed=signed) for _ in range(count)]
            start = time.perf_counter()
            for group in groups:
                outcomes = self.registry.submit(group)
                assert all(outcome.refused is None for outcome in outcomes)
                if size > 1:
                    self.registry.publish()
            return size * count / (time.perf_counter() - start)

        return median(measure)

    def overhead_us(self) -> float:
        """Processor time of one single transfer. [us]"""

        def measure(_: int) -> float:
            orders, start = self.orders(SINGLES), time.process_time()
            for order in orders:
                self.registry.submit([order])
            return (time.process_time() - start) / SINGLES * 1e6

        return median(measure)


def pgbench(server: Server) -> float:
    """Transactions a second of pgbench with 8 clients."""
    name = server.create_database().split("@/")[1].split("?")[0]
    call = [f"{programs()}/pgbench", "-h", str(server.folder), "-U", "postgres"]
    subprocess.run([*call, "-i", "-q", "-s", "10", name], check=True, capture_output=True)
    done = subprocess.run([*call, "-c", "8", "-j", "2", "-T", "10", name], check=True, capture_output=True, text=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("tps")]
    return float(line.split("=")[1].split()[0])


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        single_floor, group_floor = sqlite_floor(folder)
        market = Market(folder / "registry")
        singles, grouped = market.rate(1, SINGLES), market.rate(GROUP, GROUPS)
        signed, overhead = market.rate(GROUP, GROUPS, signed=True), market.overhead_us()
        rows = [
            ("SQLite: one row, one commit", f"{single_floor:,.0f}/s", "floor"),
            ("single transfers, ungrouped", f"{singles:,.0f}/s", f"{singles / single_floor:.2f} of the floor"),
            ("  processor time of one", f"{overhead:.0f} us", disk_of_260(overhead)),
            ("SQLite: rows in groups of 1,000", f"{group_floor:,.0f}/s", "floor"),
            ("transfers in groups of 1,000", f"{grouped:,.0f}/s", f"{GROUP / grouped * 1e3:.0f} ms a group"),
            ("  each signed by its own key", f"{signed:,.0f}/s", ""),
            ("issue 100,000,000 credits", f"{market.issue_ms:.1f} ms", f"{memory_mb():.0f} MB resident at most"),
        ]
        assert market.registry.audit().holds
        if programs():
            with running(durable=True) as server:
                rows += postgresql_rows(folder, server)
    for row in rows:
        print(f"| {row[0]:<32} | {row[1]:>11} | {row[2]:<27} |")


def postgresql_rows(folder: Path, server: Server) -> list[tuple[str, str, str]]:
    """The same on PostgreSQL, beside pgbench on the same server."""
    tps = pgbench(server)
    market = Market(folder / "on-postgresql", server.create_database())
    singles, grouped = market.rate(1, SINGLES), market.rate(GROUP, GROUPS)
    return [
        ("pgbench, 8 clients", f"{tps:,.0f}/s", ""),
        ("PostgreSQL: single transfers", f"{singles:,.0f}/s", ""),
        ("PostgreSQL: groups of 1,000", f"{grouped:,.0f}/s", f"{grouped / tps:.1f} x pgbench"),
    ]


def disk_of_260(overhead_us: float) -> str:
    """What share of the floor that is on a disk that does 260 commits a second."""
    floor_us = 1e6 / 260
    return f"{floor_us / (floor_us + overhead_us):.2f} of the floor at 260/s"


def memory_mb() -> float:
    """The largest resident size so far. [MB]"""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
