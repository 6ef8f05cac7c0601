"""A million transfers, published as files and replayed by a stranger from those files alone.

``python -m benchmarks.registry.replay [--transfers N] [--folder DIR]`` makes the log (once, where a folder is named),
publishes it and replays it. The reach is 1,000,000 transactions in five minutes on two cores, and the same root.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path

from tanhui.registry.acts import Order
from tanhui.registry.anchors import load_log_keys
from tanhui.registry.checkpoint import parse_checkpoint
from tanhui.registry.log.note import parse_note
from tanhui.registry.model import Approval
from tanhui.registry.operations.publish import publish_log
from tanhui.registry.operations.replay_public import replay_log
from tanhui.registry.service import Registry
from tests.registry.documents import run_documents

ACCOUNTS = 1000
#: Transfers that are committed together.
GROUP = 1000
#: Units that each account begins with.
UNITS = 100_000


def make_log(folder: Path, transfers: int) -> float:
    """A registry with so many transfers; how many a second were written."""
    dice = random.Random(0)
    with Registry.init(folder, "registry.example/replay") as first:
        operator = first.declaration.person
        by = (Approval(operator),)
        names = [Order(f"open-{n}", "open_account", {"name": f"account {n}"}, by) for n in range(ACCOUNTS)]
        accounts = [outcome.done().noun.id for outcome in first.submit(names)]  # type: ignore[union-attr]
        documents = run_documents("big", {2026: ACCOUNTS * UNITS})
        (batch,) = first.issue_from_claim(*documents, owner=accounts[0], region="CN-HN", request="issue")
        spread = [
            Order(f"spread-{n}", "transfer", transfer(accounts[0], to, batch.id, UNITS), by)
            for n, to in enumerate(accounts[1:])
        ]
        for outcome in first.submit(spread):
            outcome.done()
    start, done = time.perf_counter(), 0
    with Registry(folder, publish_each=False) as registry:
        while done < transfers:
            orders = []
            for number in range(done, min(done + GROUP, transfers)):
                source, target = dice.sample(accounts, 2)
                orders.append(Order(f"t-{number}", "transfer", transfer(source, target, batch.id, 1), by))
            done += sum(outcome.refused is None for outcome in registry.submit(orders))
        registry.publish()
    return transfers / (time.perf_counter() - start)


def transfer(source: str, target: str, batch: str, units: int) -> dict[str, object]:
    """The arguments of a transfer."""
    return {"source": source, "target": target, "batch": batch, "units": units}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--transfers", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = wanted.folder or Path(name)
        folder, log = base / "registry", base / "log"
        written = None if folder.exists() else make_log(folder, wanted.transfers)
        start = time.perf_counter()
        published = publish_log(folder, log)
        publishing_s = time.perf_counter() - start
        start = time.perf_counter()
        verdict = replay_log(log, load_log_keys(folder / "trust.json"))
        replay_s = time.perf_counter() - start
        assert verdict.holds, verdict.lines()
        note = parse_checkpoint(parse_note((log / "checkpoint").read_text())[0])
        assert note.state is not None
        assert verdict.facts["state"] == note.state.hex()
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print("| work | |")
        print("|---|---|")
        print(f"| leaves | {published.size:,} |")
        if written:
            print(f"| transfers written, in groups of {GROUP:,}, each on disk | {written:,.0f} /s |")
        print(f"| log published as files | {publishing_s:,.1f} s |")
        print(f"| replayed from the files, same root | {replay_s:,.1f} s, {published.size / replay_s:,.0f} /s |")
        print(f"| most memory | {memory_mb:,.0f} MB |")


if __name__ == "__main__":
    main()
