"""RothC: site-months per second, beside plain NumPy over sites in the same run.

20,000 sites x 240 months of made-up weather, fixed seed; yearly results. "modifiers" is weather to rate modifiers,
"run" the pools, "both" the sum; "spin-up" counts the sites whose steady state is solved in a second. Checks of the
input and copies into the compiled loops' layout are part of the time.

Run: ``python -m benchmarks.sinks.soil``.

Result of 2026-11-24, two cores shared with other work (load 2), million site-months/s with one and with two workers:
modifiers 86 and 89, run 69 and 108, both 38 and 49; plain NumPy, pools only, 28. Spin-up: 515,000 sites/s. A run under
heavier load gave 30 and 27 for both. What is the same for all sites or months is read in place; filling every table to
sites x months first needs three more tables of that size.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

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


def main() -> None:
    """Print a line for each piece of work."""
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


if __name__ == "__main__":
    main()
