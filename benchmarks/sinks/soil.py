"""Soils: RothC site-months a second beside NumPy over sites, plain Python and a peer; Tier 2 site-years a second.

20,000 sites x 240 months of made-up weather, fixed seed; yearly results. "modifiers" is weather to rate modifiers,
"run" the pools, "both" the sum; "spin-up" counts the sites whose steady state is solved in a second. Checks of the
input and copies into the compiled loops' layout are part of the time.

Run: ``python -m benchmarks.sinks.soil [--peer PYTHON]``; PYTHON is the interpreter of an environment with pyRothC.
Results are in the README of this folder.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tanhui.sinks.soil import tier2
from tanhui.sinks.soil.rothc import Inputs, Soil, Weather, modifiers, run, spin_up

SITES, MONTHS = 20_000, 240
REPEATS = 5


def best_s(work: Callable[[], object]) -> float:
    """The shortest of a few runs; the first one also compiles and is left out. [s]"""
    work()
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def case() -> tuple[Soil, Weather, Inputs]:
    """Weather with seasons, plants that cover the soil from April to October."""
    draw = np.random.default_rng(20261124)
    month = np.arange(MONTHS) % 12
    season = np.sin((month - 3) / 12 * 2 * np.pi)
    temperature = 9 + 9 * season + draw.normal(0, 2, (SITES, MONTHS))
    rain = draw.gamma(2, 30, (SITES, MONTHS))
    evaporation = np.maximum(65 + 60 * season + draw.normal(0, 5, (SITES, MONTHS)), 0)
    soil = Soil(draw.uniform(0.05, 0.5, SITES), 23)
    covered = np.broadcast_to((month >= 3) & (month <= 9), (SITES, MONTHS))
    return soil, Weather(temperature, rain, evaporation, covered), Inputs(draw.uniform(0, 0.4, (SITES, MONTHS)), 0.59)


def plain_numpy(soil: Soil, factor: np.ndarray, plant: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The pools with one NumPy expression a month, sites side by side."""
    pools, kept = start[:, :4].copy(), soil.kept
    rates = np.array([10, 0.3, 0.66, 0.02]) / 12
    for m in range(factor.shape[1]):
        left = pools * np.exp(-factor[:, m, None] * rates)
        turned = (pools - left).sum(axis=1)
        pools = left
        pools[:, 2:] += kept * turned[:, None]
        pools[:, 0] += 0.59 * plant[:, m]
        pools[:, 1] += 0.41 * plant[:, m]
    return pools


def plain_python(months: int = 20_000) -> float:
    """One site, month by month in Python, as the authors' own script goes about it. [s]"""
    rates = (10, 0.3, 0.66, 0.02)
    pools, deficit, deepest = [0.1, 5.0, 0.7, 25.0], 0.0, -44.0
    started = time.perf_counter()
    for month in range(months):
        warm = 9 + 9 * math.sin((month - 3) / 12 * 2 * math.pi)
        deficit = max(deepest, min(0.0, deficit + 60 - 0.75 * 65))
        dry = 1.0 if deficit > 0.444 * deepest else 0.2 + 0.8 * (deepest - deficit) / (deepest - 0.444 * deepest)
        factor = 47.91 / (1 + math.exp(106.06 / (warm + 18.27))) * dry * 0.6
        left = [pool * math.exp(-factor * k / 12) for pool, k in zip(pools, rates, strict=True)]
        turned = sum(pools) - sum(left)
        pools = [left[0] + 0.1, left[1] + 0.05, left[2] + 0.1 * turned, left[3] + 0.12 * turned]
    return time.perf_counter() - started


def tier2_work() -> Callable[[], object]:
    """Weather to pools by the steady-state method, as many sites for 20 years."""
    draw = np.random.default_rng(7)
    years = (SITES, MONTHS // 12)
    temperature = draw.uniform(-5, 30, (*years, 12))
    rain, pet = draw.uniform(0, 150, (2, *years, 12))
    inputs = tier2.CarbonInput(draw.uniform(1, 6, years), 0.111, 0.021)
    sand = draw.uniform(0.1, 0.8, (SITES, 1))

    def work() -> object:
        climate = tier2.temperature_factor(temperature), tier2.water_factor(rain, pet)
        aims = tier2.targets(inputs, tier2.Conditions(sand, *climate, "reduced_tillage"))
        return tier2.run(aims.pools[:, 0], aims)

    return work


def main() -> None:
    """Print a line for each piece of work."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--peer", help="interpreter of an environment with pyRothC")
    peer = parser.parse_args().peer
    soil, weather, inputs = case()
    start = np.tile([0.1, 5.0, 0.7, 25.0, 3.0], (SITES, 1))
    factor = modifiers(soil, weather).factor
    months = SITES * MONTHS
    for workers in (1, 2):
        first = best_s(lambda: modifiers(soil, weather, workers=workers))  # noqa: B023
        second = best_s(lambda: run(soil, factor, inputs, start, every=12, workers=workers))  # noqa: B023
        for name, seconds in (("modifiers", first), ("run", second), ("both", first + second)):
            print(f"{name:10} {workers} worker(s): {months / seconds / 1e6:6.1f} million site-months/s")
    reference = plain_numpy(soil, factor, inputs.plant_t_ha, start)
    last = run(soil, factor, inputs, start, every=12).pools[:, -1, :4]
    print(f"largest difference to plain NumPy: {np.abs(last - reference).max():.1e} t C/ha")
    plain = best_s(lambda: plain_numpy(soil, factor, inputs.plant_t_ha, start))
    print(f"plain NumPy, pools only: {months / plain / 1e6:6.1f} million site-months/s")
    year = Inputs(inputs.plant_t_ha[:, :12], 0.59)
    print(f"spin-up: {SITES / best_s(lambda: spin_up(soil, factor[:, :12], year)):,.0f} sites/s")
    print(f"plain Python, one site: {20_000 / plain_python():,.0f} site-months/s")
    print(f"Tier 2: {SITES * MONTHS / 12 / best_s(tier2_work()) / 1e6:.2f} million site-years/s")
    if peer:
        subprocess.run([peer, str(Path(__file__).with_name("peer_rothc.py"))], check=True)


if __name__ == "__main__":
    main()
