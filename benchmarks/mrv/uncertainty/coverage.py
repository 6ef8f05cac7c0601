"""Coverage: how often the 90 % interval of a site holds its true biomass, when places differ.

Nobody's equation was made at the site it is used on. So each round simulates the whole chain:

1. A harvest campaign: trees felled and weighed at ``--harvest-sites`` places that differ (sd ``--tau`` of ln W), each
   tree with its own residual. The equation is fitted to them, once with the places (REML), once as if all trees were
   independent, which is what most published equations did.
2. New sites of five sizes, each with an effect of its own, trees with true and with measured sizes. The interval is
   computed from the measured sizes and the fitted equation, by Monte Carlo and by the analytic formulas, and compared
   with the true biomass of the site's trees.

Run: ``python -m benchmarks.mrv.uncertainty.coverage`` (writes results.md beside this file).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tanhui.mrv.uncertainty.analytic import analytic
from tanhui.mrv.uncertainty.combine import interval
from tanhui.mrv.uncertainty.model import Sharing, Trees
from tanhui.mrv.uncertainty.monte_carlo import monte_carlo
from tanhui.mrv.uncertainty.parameters import default_error_model
from tanhui.mrv.uncertainty.site_effect import equation_from_harvest
from tanhui.sinks.forest.model import TreeMatch

LEVEL = 0.90
#: Trees of a site, by class.
SIZES = {"10 trees": 10, "30 trees": 30, "100 trees": 100, "300 trees": 300, "1000 trees": 1000}
TRUE = {"intercept": -2.7, "slope": 0.976}
HEIGHT_SD_M = 1.5
DENSITY_SD = 0.05


def stand(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """True sizes of n trees: many small ones, a few large."""
    dbh = np.clip(8 + rng.exponential(12, n), 8, 120)
    height = (1.3 + 35 * (1 - np.exp(-0.035 * dbh))) * np.exp(rng.normal(0, 0.1, n))
    return {"dbh_cm": dbh, "height_m": height, "density_g_cm3": np.clip(rng.normal(0.58, 0.1, n), 0.25, 1.0)}


def measured(rng: np.random.Generator, true: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same trees with the errors of the field."""
    n = len(true["dbh_cm"])
    gross = rng.random(n) < 0.05
    dbh = true["dbh_cm"] + rng.normal(0, np.where(gross, 4.64, 0.0062 * true["dbh_cm"] + 0.0904))
    height = true["height_m"] + rng.normal(0, HEIGHT_SD_M, n)
    density = true["density_g_cm3"] + rng.normal(0, DENSITY_SD, n)
    return {
        "dbh_cm": np.maximum(dbh, 1.0),
        "height_m": np.maximum(height, 1.4),
        "density_g_cm3": np.clip(density, 0.1, 1.3),
    }


def biomass_kg(rng: np.random.Generator, true: dict[str, np.ndarray], effect: float, sigma: float) -> np.ndarray:
    """True biomass of every tree of a site."""
    x = np.log(true["density_g_cm3"] * true["dbh_cm"] ** 2 * true["height_m"])
    return np.exp(TRUE["intercept"] + TRUE["slope"] * x + effect + rng.normal(0, sigma, len(x)))


def campaign(rng: np.random.Generator, sites: int, tau: float, sigma: float) -> list[np.ndarray]:
    """A harvest: 20 to 120 trees at each site, sizes known well (they are felled)."""
    rows: list[list[np.ndarray]] = [[], [], [], [], []]
    for site in range(sites):
        true = stand(rng, int(rng.integers(20, 121)))
        agb = biomass_kg(rng, true, rng.normal(0, tau), sigma)
        for kept, values in zip(rows, (*true.values(), agb, np.full(len(agb), site)), strict=True):
            kept.append(values)
    return [np.concatenate(kept) for kept in rows]


def as_trees(seen: dict[str, np.ndarray], equation: object, number: int) -> Trees:
    n = len(seen["dbh_cm"])
    match = TreeMatch((equation,), np.zeros(n, np.intp), np.zeros(n, bool))  # type: ignore[arg-type]
    sd = {"height_sd_m": np.full(n, HEIGHT_SD_M), "density_sd_g_cm3": np.full(n, DENSITY_SD)}
    site = Sharing(np.zeros(n, np.intp), (f"site {number}",))
    return Trees(**seen, match=match, **sd, site=site)  # type: ignore[arg-type]


def outcomes(rounds: int, per_class: int, harvest_sites: int, tau: float, sigma: float, draws: int) -> Iterator[tuple]:
    """(size class, method, hit, width / truth, estimate, truth) of every simulated site."""
    model = default_error_model()
    number = 0
    for turn in range(rounds):
        rng = np.random.default_rng([2026, turn])
        felled = campaign(rng, harvest_sites, tau, sigma)
        fits = {
            "with site effect": equation_from_harvest(*felled),
            "without site effect": equation_from_harvest(*felled, with_site_effect=False),
        }
        for name, size in SIZES.items():
            for _ in range(per_class):
                number += 1
                true = stand(rng, size)
                truth = biomass_kg(rng, true, rng.normal(0, tau), sigma).sum() / 1000
                seen = measured(rng, true)
                for fit, equation in fits.items():
                    trees = as_trees(seen, equation, number)
                    drawn = monte_carlo(trees, model, draws=draws, seed=turn, threads=1).agb_t[0]
                    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
                    yield name, f"Monte Carlo, {fit}", low <= truth <= high, (high - low) / truth, drawn.mean(), truth
                    totals = analytic(trees, model).agb_t
                    value = float(totals.value[0])
                    low, high = interval(value, float(totals.sd()[0]), LEVEL, shape="lognormal")
                    yield name, f"analytic, {fit}", low <= truth <= high, (high - low) / truth, value, truth


def table(rows: list[tuple], methods: list[str]) -> list[str]:
    """Markdown: coverage and median width by method and size class."""
    lines = ["| interval | " + " | ".join([*SIZES, "all"]) + " |", "|---|" + "---|" * (len(SIZES) + 1)]
    for method in methods:
        cells = []
        for name in [*SIZES, None]:
            mine = [r for r in rows if r[1] == method and name in (None, r[0])]
            hit, width = np.mean([r[2] for r in mine]), np.median([r[3] for r in mine])
            cells.append(f"{100 * hit:.1f} % ({100 * width:.0f} %)")
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=250)
    parser.add_argument("--per-class", type=int, default=4)
    parser.add_argument("--harvest-sites", type=int, default=50)
    parser.add_argument("--tau", type=float, default=0.20)
    parser.add_argument("--sigma", type=float, default=0.30)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.md"))
    a = parser.parse_args()
    start = time.process_time()
    rows = list(outcomes(a.rounds, a.per_class, a.harvest_sites, a.tau, a.sigma, a.draws))
    methods = sorted({r[1] for r in rows}, key=lambda m: ("without" in m, m))
    sites = a.rounds * a.per_class * len(SIZES)
    error = 100 * np.sqrt(LEVEL * (1 - LEVEL) / sites)
    mine = [r for r in rows if r[1] == "Monte Carlo, with site effect"]
    bias = sum(r[4] for r in mine) / sum(r[5] for r in mine) - 1
    text = [
        "# Coverage of the 90 % interval of a site's biomass",
        "",
        f"Command: `python -m benchmarks.mrv.uncertainty.coverage {' '.join(sys.argv[1:])}`".rstrip("` ") + "`",
        "",
        f"{sites} simulated sites in {a.rounds} rounds; each round fits its equation to a new harvest of "
        f"{a.harvest_sites} places. Between places sd {a.tau} of ln W, single trees {a.sigma}; {a.draws} draws. "
        f"Cells: coverage (median width as a share of the truth). Standard error of an overall coverage of 90 %: "
        f"{error:.1f} points (more within a round, whose sites share one fit). Sum of estimates over sum of truths "
        f"- 1: {100 * bias:+.1f} %: errors of measured sizes lift a convex equation once as they are measured and once "
        "more as they are drawn.",
        "",
        *table(rows, methods),
        "",
        f"CPU {time.process_time() - start:.0f} s.",
        "",
    ]
    a.out.write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
