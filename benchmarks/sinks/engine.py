"""Stand-years a second: 10,050 stands for 100 years, with 20 pools and 6 operations.

Run: ``python -m benchmarks.sinks.engine [--peer PYTHON]``; PYTHON is the interpreter of an environment with libcbm, and
measures it right after ours on the same machine. Results are in the README of this folder.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tanhui.sinks.engine import Disturbance, Events, Flux, Model, Operation, Pool, Stands, run, spin_up

STANDS, YEARS, INTERVAL = 10_050, 100, 125
LIVE = ("merch", "foliage", "other", "coarse_roots", "fine_roots")
FAST = ("ag_very_fast", "bg_very_fast", "ag_fast", "bg_fast", "medium", "stem_snag", "branch_snag")
SLOW = ("ag_slow", "bg_slow")
PRODUCTS = ("sawnwood", "panels", "paper", "landfill")
POOLS = ("atmosphere", *LIVE, *FAST, *SLOW, *PRODUCTS, "export")
SHED = {
    "merch": {"stem_snag": 0.007},
    "foliage": {"ag_very_fast": 0.2},
    "other": {"branch_snag": 0.01, "ag_fast": 0.03},
    "coarse_roots": {"ag_fast": 0.01, "bg_fast": 0.01},
    "fine_roots": {"ag_very_fast": 0.32, "bg_very_fast": 0.32},
}
RATE = dict(zip(FAST, (0.355, 0.5, 0.1435, 0.1435, 0.0374, 0.0187, 0.0718), strict=True))


def model() -> Model:
    """The pools and the transfers that the Carbon Budget Model describes in public, with products behind them."""
    decay = [
        flux
        for pool in FAST
        for flux in (
            Flux(pool, "atmosphere", f"{pool}_air"),
            Flux(pool, "bg_slow" if pool.startswith("bg") else "ag_slow", f"{pool}_slow"),
        )
    ]
    decay += [Flux(pool, "atmosphere", f"{pool}_air") for pool in SLOW]
    burnt = {pool: {"atmosphere": 0.1, "medium": 0.6, "stem_snag": 0.3} for pool in LIVE}
    cut = {pool: {"ag_fast": 1.0} for pool in LIVE[1:]} | {"merch": {"sawnwood": 0.5, "panels": 0.2, "paper": 0.3}}
    return Model(
        "benchmark",
        tuple(Pool(name, outside=name in ("atmosphere", "export")) for name in POOLS),
        (
            Operation("disturbance", kind="events"),
            Operation("growth", tuple(Flux("atmosphere", pool, pool) for pool in LIVE), "growth"),
            Operation("turnover", tuple(Flux(a, b, share) for a, row in SHED.items() for b, share in row.items())),
            Operation("snags fall", (Flux("stem_snag", "medium", 0.032), Flux("branch_snag", "ag_fast", 0.1))),
            Operation("decay", (*decay, Flux("ag_slow", "bg_slow", 0.006))),
            Operation("products", tuple(Flux(name, "atmosphere", 0.02) for name in PRODUCTS)),
        ),
        (Disturbance("fire", burnt), Disturbance("clearcut", cut)),
    )


def inventory() -> Stands:
    """Stands of every age, each in a climate of its own."""
    draw = np.random.default_rng(5)
    shares = {}
    for pool, rate in {**RATE, "ag_slow": 0.015, "bg_slow": 0.0033}.items():
        total = np.minimum(rate * 2.0 ** ((draw.uniform(-2, 12, STANDS) - 10) / 10), 1.0)
        kept = 1.0 if pool in SLOW else 0.82
        shares |= {f"{pool}_air": kept * total, f"{pool}_slow": (1 - kept) * total}
    growth = {pool: np.linspace(3 - number / 3, 0, 200) * np.ones((20, 1)) for number, pool in enumerate(LIVE)}
    state = draw.uniform(0, 50, (STANDS, len(POOLS)))
    return Stands(state, draw.integers(0, 150, STANDS), shares, growth, draw.integers(0, 20, STANDS))


def events() -> Events:
    """A disturbance for each stand, in some year."""
    draw = np.random.default_rng(6)
    kinds = np.where(draw.random(STANDS) < 0.5, "fire", "clearcut")
    return Events(np.arange(STANDS), draw.integers(0, YEARS, STANDS), kinds.tolist())


def dense(pools: int, matrices: int, operations: int) -> Callable[[], object]:
    """The alternative: a dense matrix for each operation, one for all stands or one for each, applied by matmul."""
    draw = np.random.default_rng(7)
    shape = (operations, pools, pools) if matrices == 1 else (operations, matrices, pools, pools)
    matrix = draw.dirichlet(np.ones(pools), shape[:-1])
    state: NDArray[np.float64] = draw.uniform(0, 50, (STANDS, pools))
    years = YEARS if matrices == 1 else 5  # the slower one is timed on five years

    def step() -> object:
        x = state
        for _ in range(years):
            for operation in matrix:
                x = x @ operation if matrices == 1 else np.matmul(x[:, None, :], operation)[:, 0, :]
        return x

    step.years = years  # type: ignore[attr-defined]
    return step


def stand_years(work: Callable[[], object], years: int = YEARS, repeats: int = 3) -> float:
    """The best of some runs, in stand-years a second."""
    best = np.inf
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return STANDS * years / best


def main() -> None:
    """Measure, and print a line for each way."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--peer", help="interpreter of an environment with libcbm")
    peer = parser.parse_args().peer
    forest, stands, table = model(), inventory(), events()
    fluxes = sum(len(operation.fluxes) for operation in forest.operations)
    print(f"{len(POOLS)} pools, {len(forest.operations)} operations, {fluxes} fluxes, {os.cpu_count()} cores")
    run(forest, stands, 1)  # compile
    result = run(forest, stands, YEARS, table)
    print(f"closure {result.closure_t_ha:.1e} t C/ha")
    for workers in (1, 2):
        speed = stand_years(lambda workers=workers: run(forest, stands, YEARS, table, workers=workers))
        print(f"stepping, {workers} threads: {speed:,.0f} stand-years/s")

    def spin_up_and_step() -> object:
        ready = spin_up(forest, stands, INTERVAL, "fire", "clearcut")
        start = Stands(ready.state, ready.age, stands.shares, stands.curves, stands.curve)
        return run(forest, start, YEARS, table)

    print(f"spin-up and stepping: {stand_years(spin_up_and_step):,.0f} stand-years/s")
    for matrices, name in ((1, "one for all stands"), (STANDS, "one for each stand")):
        work = dense(len(POOLS), matrices, len(forest.operations))
        print(f"dense matrices, {name}: {stand_years(work, work.years, 2):,.0f} stand-years/s")  # type: ignore[attr-defined]
    if peer:
        script = Path(__file__).with_name("peer_libcbm.py")
        subprocess.run([peer, str(script), str(STANDS), str(YEARS)], check=True)


if __name__ == "__main__":
    main()
