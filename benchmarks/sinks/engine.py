"""Stand-years a second: 10,050 stands for 100 years, with 20 pools and 6 operations.

Two cores of an AMD EPYC that other work was using (load 3.5 to 4), 2026-11-24; the lowest and the highest of
three runs, each the best of three tries. libcbm 2.10.2 ran in the same process with its own pools and parameters.

=================================================  ==========  =====================
work                                               reach       stand-years a second
=================================================  ==========  =====================
stepping, one thread                                           6.3 to 15.8 million
stepping, two threads                              1,090,000   6.0 to 17.9 million
spin-up over 125 years and stepping                220,000     1.4 to 1.5 million
libcbm, stepping                                               92,000 to 107,000
libcbm, spin-up and stepping                                   48,000 to 52,000
dense matrix, one an operation, for all stands                 3.4 to 5.7 million
dense matrix, one an operation, for each stand                 1.2 to 1.3 million
=================================================  ==========  =====================

So the sparse list is used. The dense ways move the pools and nothing else; they keep no fluxes, know no age and no
event. The first sparse loop went stand by stand and made 0.6 million with one thread; what helped is a block of 32
stands that lies pool by pool, on which the processor works several at once.

Run it with ``python -m benchmarks.sinks.engine``; libcbm is measured where it is installed.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable

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


def peer(years: int) -> Callable[[], object]:
    """libcbm on as many stands, as its examples run it: spin-up and stepping together."""
    import pandas as pd
    from libcbm.model.cbm import cbm_simulator
    from libcbm.model.cbm.cbm_output import CBMOutput
    from libcbm.model.cbm.stand_cbm_factory import StandCBMFactory
    from libcbm.storage import dataframe

    volumes = [{"species": "Spruce", "age_volume_pairs": [[0, 0], [50, 100], [100, 150], [150, 200]]}]
    factory = StandCBMFactory({"c": ["v"]}, [{"classifier_set": ["v"], "merch_volumes": volumes}])
    row = {"c": "v", "admin_boundary": "Ontario", "eco_boundary": "Mixedwood Plains", "age": 15, "area": 1.0}
    row |= {"delay": 0, "land_class": "UNFCCC_FL_R_FL", "afforestation_pre_type": "None"}
    row |= {"historic_disturbance_type": "Wildfire", "last_pass_disturbance_type": "Wildfire"}
    table = dataframe.from_pandas(pd.DataFrame([row] * STANDS))

    def simulate() -> object:
        sets, stands = factory.prepare_inventory(table)
        with factory.initialize_cbm() as cbm:
            output = CBMOutput()
            cbm_simulator.simulate(
                cbm,
                n_steps=years,
                classifiers=sets,
                inventory=stands,
                pre_dynamics_func=lambda time_step, variables: variables,
                reporting_func=output.append_simulation_result,
            )
            return output

    return simulate


def main() -> None:
    """Measure, and print a line for each way."""
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
    if importlib.util.find_spec("libcbm"):
        whole = stand_years(peer(YEARS), repeats=1)
        stepping = (YEARS - 1) / (YEARS / whole - 1 / stand_years(peer(1), 1, repeats=1))
        print(f"libcbm, stepping: {stepping:,.0f}; spin-up and stepping: {whole:,.0f} stand-years/s")


if __name__ == "__main__":
    main()
