"""More stands than memory holds: seconds, memory and bytes of a streamed run, and what going on after a stop costs.

Stands are made up block by block from their number, so nothing of the whole is ever in memory. The model is that of
:mod:`benchmarks.sinks.engine`. The run is broken off half way and begun again.

Run: ``python -m benchmarks.sinks.streaming [--stands N] [--folder DIR]``. Results are in the README of this folder.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.sinks.engine import POOLS, YEARS, inventory, model
from tanhui.sinks.engine import Events, Stands, run, stream


class Stopped(Exception):
    """The run is broken off."""


@dataclass
class MadeUp:
    """Stands that follow from their number."""

    n: int
    sample: Stands
    left: int | None = None

    def stands(self, part: slice) -> Stands:
        """A block, made by repeating the sample."""
        if self.left is not None:
            if self.left == 0:
                raise Stopped
            self.left -= 1
        rows = np.arange(part.start, part.stop) % len(np.asarray(self.sample.state))
        shares = {name: np.asarray(values)[rows] for name, values in self.sample.shares.items()}
        age, curve = np.asarray(self.sample.age)[rows], np.asarray(self.sample.curve)[rows]
        return Stands(np.asarray(self.sample.state)[rows], age, shares, self.sample.curves, curve)

    def events(self, part: slice) -> Events:
        """Each stand burns or is felled once."""
        draw = np.random.default_rng(part.start)
        count = part.stop - part.start
        kinds = np.where(draw.random(count) < 0.5, "fire", "clearcut")
        return Events(np.arange(count), draw.integers(0, YEARS, count), kinds.tolist())


def megabytes() -> float:
    """The most memory this process has had. [MB]"""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--stands", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    forest, sample = model(), inventory()
    run(forest, sample, 1)  # compile
    print(f"{asked.stands:,} stands x {YEARS} years, {len(POOLS)} pools; {megabytes():.0f} MB before")
    with tempfile.TemporaryDirectory(dir=asked.folder) as scratch:
        folder = Path(scratch) / "run"
        blocks = -(-asked.stands // 32_768)
        started = time.perf_counter()
        try:
            stream(forest, MadeUp(asked.stands, sample, blocks + blocks // 2), YEARS, folder, data="made up")
        except Stopped:
            stopped = time.perf_counter()
            print(f"stopped half way after {stopped - started:.1f} s")
        streamed = stream(forest, MadeUp(asked.stands, sample), YEARS, folder, data="made up")
        ended = time.perf_counter()
        print(f"the other half: {ended - stopped:.1f} s; {asked.stands * YEARS / (ended - started):,.0f} stand-years/s")
        total = streamed.total()
        size = sum(path.stat().st_size for path in folder.iterdir())
        read_s = time.perf_counter() - ended
        print(f"sum of all pools {total.sum():.6g} t C, read in {read_s:.1f} s; {size / 1e6:,.0f} MB on disk")
        print(f"{megabytes():.0f} MB of memory at most; {asked.stands * len(POOLS) * 8 / 1e6:,.0f} MB of pools alone")


if __name__ == "__main__":
    main()
