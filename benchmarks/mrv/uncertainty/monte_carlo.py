"""CPU, wall and memory of the Monte Carlo and of the analytic interval, beside plain numpy in the same run.

65,889 synthetic trees in 96 plots (as many as the Karnataka data of the R package BIOMASS has), fixed seed, all
sources: diameter mixture, height, density, parameters, residual, root ratio, carbon fraction. ``--million`` times a
slice of the large case, 1,000,000 trees x 10,000 draws, and scales it by the number of draws; ``--whole`` runs it.

Run: ``python -m benchmarks.mrv.uncertainty.monte_carlo [--million]``. Each repeat is a new process, so that CPU and
memory are those of a whole warm process; the compiled code is in the cache after the first.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time

TREES, PLOTS, DRAWS = 65_889, 96, 1000


def cpu_s() -> float:
    """CPU of this process so far, all threads. [s]"""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """Largest memory this process had. [MB]"""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def synthetic(n: int, plots: int):  # type: ignore[no-untyped-def]
    """Trees with many small and few large ones, fixed seed, and the error model."""
    import numpy as np

    from tanhui.mrv.uncertainty.model import Trees
    from tanhui.mrv.uncertainty.parameters import default_error_model
    from tanhui.sinks.forest.equations import equation
    from tanhui.sinks.forest.model import TreeMatch

    rng = np.random.default_rng(20261122)
    dbh = np.clip(5 + rng.exponential(14, n), 5, 200)
    trees = Trees(
        dbh_cm=dbh,
        match=TreeMatch((equation("chave2014"),), np.zeros(n, np.intp), np.zeros(n, bool)),
        height_m=1.3 + 40 * (1 - np.exp(-0.03 * dbh)),
        height_sd_m=np.full(n, 4.0),
        density_g_cm3=np.clip(rng.normal(0.6, 0.12, n), 0.2, 1.0),
        density_sd_g_cm3=np.full(n, 0.07),
        group=np.sort(rng.integers(0, plots, n)),
        groups=plots,
    )
    return trees, default_error_model()


def whole_process(draws: int, n: int, plots: int, scale_to: int) -> dict[str, float]:
    """One run from import to the summary of every plot and of the total."""
    from tanhui.mrv.uncertainty.batches import draw_groups
    from tanhui.mrv.uncertainty.monte_carlo import monte_carlo, summarise

    trees, model = synthetic(n, plots)
    imported_cpu, imported_mb = cpu_s(), peak_mb()
    start = cpu_s()
    monte_carlo(trees.take(*_first(trees)), model, draws=2, seed=1)
    loaded = cpu_s() - start
    start, wall = cpu_s(), time.perf_counter()
    found = draw_groups(trees, model, draws=draws, seed=1)
    kernel_cpu, kernel_wall = cpu_s() - start, time.perf_counter() - wall
    total = summarise(found.total.agb_t)
    factor = scale_to / draws
    return {
        "import and inputs, CPU s": imported_cpu,
        "loading compiled code, CPU s": loaded,
        "drawing and summing, CPU s": kernel_cpu * factor,
        "drawing and summing, wall s": kernel_wall * factor,
        "whole process, CPU s": cpu_s() + kernel_cpu * (factor - 1),
        "peak above import and inputs, MB": peak_mb() - imported_mb,
        "peak, MB": peak_mb(),
        "ns per tree and draw": 1e9 * kernel_cpu / (len(trees) * draws),
        "mean, t": float(total.mean[0]),
        "sd, t": float(total.sd[0]),
    }


def _first(trees):  # type: ignore[no-untyped-def]
    import numpy as np

    return np.arange(10), np.zeros(10, np.intp), 1


def analytic_only() -> dict[str, float]:
    """The analytic interval of the same trees, the best of ten."""
    from tanhui.mrv.uncertainty.analytic import analytic

    trees, model = synthetic(TREES, PLOTS)
    analytic(trees, model)
    best_cpu = best_wall = 1e9
    for _ in range(10):
        start, wall = cpu_s(), time.perf_counter()
        found = analytic(trees, model)
        best_cpu, best_wall = min(best_cpu, cpu_s() - start), min(best_wall, time.perf_counter() - wall)
    sd = sum(found.agb_t.variance().values()) ** 0.5
    return {"analytic, CPU ms": 1e3 * best_cpu, "analytic, wall ms": 1e3 * best_wall, "sd, t": sd}


def plain_numpy(draws: int = DRAWS) -> dict[str, float]:
    """The same model as anybody would write it in numpy, draw by draw; truncation by clipping, which is cheaper."""
    import numpy as np

    trees, model = synthetic(TREES, PLOTS)
    start, wall = cpu_s(), time.perf_counter()
    rng = np.random.default_rng(1)
    equation = trees.match.equations[0]
    term, n = equation.terms[0], len(trees)
    moved = rng.multivariate_normal(np.zeros(5), equation.covariance, size=draws)
    tallest = trees.height_m.max() + 15
    sums = np.empty((3, PLOTS, draws))
    for j in range(draws):
        gross = rng.random(n) < model.diameter.gross_share
        small = model.diameter.slope * trees.dbh_cm + model.diameter.intercept_cm
        sd = np.where(gross, model.diameter.gross_sd_cm, small)
        d = np.clip(trees.dbh_cm + sd * rng.standard_normal(n), 0.1, 500)
        h = np.clip(trees.height_m + trees.height_sd_m * rng.standard_normal(n), 1.3, tallest)
        r = np.clip(trees.density_g_cm3 + trees.density_sd_g_cm3 * rng.standard_normal(n), 0.08, 1.39)
        a, bd, bh, br = np.array([term.intercept, term.d, term.h, term.r]) + moved[j, :4]
        sigma = equation.sigma + moved[j, 4]
        ln_w = a + bd * np.log(d) + bh * np.log(h) + br * np.log(r) + sigma * rng.standard_normal(n)
        agb = np.bincount(trees.group, np.exp(ln_w), minlength=PLOTS) / 1000
        root = model.root_ratios[0].value + model.root_ratios[0].sd * rng.standard_normal()
        carbon = model.carbon_fractions[0].value + model.carbon_fractions[0].sd * rng.standard_normal()
        sums[:, :, j] = agb, agb * root, agb * (1 + root) * carbon
    total = sums[0].sum(axis=0)
    return {
        "drawing and summing, CPU s": cpu_s() - start,
        "drawing and summing, wall s": time.perf_counter() - wall,
        "peak, MB": peak_mb(),
        "mean, t": float(total.mean()),
        "sd, t": float(total.std(ddof=1)),
    }


def in_new_process(what: str, *numbers: int) -> dict[str, float]:
    """Run one measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.mrv.uncertainty.monte_carlo", "--one", what, *map(str, numbers)]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return dict(json.loads(done.stdout))


def show(title: str, runs: list[dict[str, float]]) -> dict[str, float]:
    """Print the least of the repeats of every figure: the machine is shared, the least is nearest to it alone."""
    least = {name: min(run[name] for run in runs) for name in runs[0]}
    print(f"\n{title}, least of {len(runs)}")
    for name, value in least.items():
        print(f"  {name:36s} {value:12.2f}")
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--million", action="store_true", help="a slice of 1,000,000 trees x 10,000 draws, scaled")
    parser.add_argument("--whole", action="store_true", help="all of 1,000,000 trees x 10,000 draws (minutes)")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.one:
        what, *numbers = a.one
        jobs = {"process": whole_process, "analytic": analytic_only, "numpy": plain_numpy}
        print(json.dumps(jobs[what](*map(int, numbers))))
        return
    in_new_process("process", 10, TREES, PLOTS, 10)  # fills the caches of bytecode and compiled code
    runs = [in_new_process("process", DRAWS, TREES, PLOTS, DRAWS) for _ in range(a.repeats)]
    ours = show(f"{TREES} trees x {DRAWS} draws", runs)
    show("analytic interval, same trees", [in_new_process("analytic") for _ in range(a.repeats)])
    peer = show("plain numpy, same trees", [in_new_process("numpy")])
    name = "drawing and summing, CPU s"
    print(f"\nplain numpy / ours, CPU: {peer[name] / ours[name]:.1f}")
    if a.million or a.whole:
        draws = 10_000 if a.whole else 512
        title = f"1,000,000 trees x 10,000 draws in 1000 plots, {draws} draws measured"
        show(title, [in_new_process("process", draws, 1_000_000, 1000, 10_000)])


if __name__ == "__main__":
    main()
