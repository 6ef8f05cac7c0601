"""Time and memory of matching controls: ``python -m benchmarks.mrv.methods.vm0047 [--dense]``.

1,000 project plots with five controls each are chosen out of 100,000 donors by three past indices. Three landscapes:
project plots like the donors; at their edge, so that plots compete for the same donors; and at the far end of it, where
nearly every plot wants the same few thousand. ``--dense`` runs SciPy's ``linear_sum_assignment`` beside it, on the
distances to the 16 or 3,000 nearest donors of every plot, each plot written five times (the whole matrix would be 4
GB). Each measurement is a process of its own; compiled code is in the cache after the first.

Measured on 2026-11-24, two shared cores of an AMD EPYC, least of three:

| landscape | optimal | above inputs | nearest | linear_sum_assignment |
|---|---|---|---|---|
| alike | 0.08 s | 14 MB | 0.09 s | 2.5 s, 750 MB |
| at the edge | 2.5 s | 290 MB | 4.4 s | 155 s, 1.4 GB |
| at the far end | 5.7 s | 290 MB | 4.2 s | 114 s, 470 MB |

The sums of distances are the same in the first two. In the third, 3,000 nearest donors are too few for SciPy's: its sum
is 15,913.835, the optimum 15,913.777.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

PLOTS, DONORS, K = 1000, 100_000, 5
#: How far below the mean of the donors the project plots lie, in standard deviations.
LANDSCAPES = {"alike": 0.0, "at the edge": -1.5, "at the far end": -3.0}


def peak_mb() -> float:
    """Largest memory this process had. [MB]"""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def landscape(shift: float):  # type: ignore[no-untyped-def]
    """Project plots and donors, always the same."""
    from tanhui.mrv.methods.verra.vm0047.matching import Plots

    random = np.random.default_rng(20261124)
    tables = (shift + 0.5 * random.normal(size=(PLOTS, 3)), random.normal(size=(DONORS, 3)))
    ids = (np.array([f"{letter}{i:06d}" for i in range(len(x))]) for letter, x in zip("pd", tables, strict=True))
    return [Plots(i, x) for i, x in zip(ids, tables, strict=True)]


def ours(shift: float, choice: str) -> dict[str, float]:
    """One match."""
    from tanhui.mrv.methods.verra.vm0047.matching import match_controls

    project, donors = landscape(shift)
    match_controls(project.take(range(5)), donors.take(range(50)), 2)
    before, start = peak_mb(), time.perf_counter()
    match = match_controls(project, donors, K, choice=choice, metric="euclidean")
    return {
        "s": time.perf_counter() - start,
        "MB": peak_mb() - before,
        "sum": float(match.distances.sum()),
    }


def dense(shift: float) -> dict[str, float]:
    """SciPy on the donors that are among the nearest of some plot."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial import cKDTree

    project, donors = landscape(shift)
    before, start = peak_mb(), time.perf_counter()
    _, near = cKDTree(donors.covariates).query(project.covariates, 16 if shift == 0 else 3000)
    some = donors.covariates[np.unique(near)]
    away = np.linalg.norm(project.covariates[:, None] - some[None], axis=2)
    table = np.repeat(away, K, axis=0)
    rows, columns = linear_sum_assignment(table)
    return {
        "s": time.perf_counter() - start,
        "MB": peak_mb() - before,
        "sum": float(table[rows, columns].sum()),
        "donors": float(len(some)),
    }


def in_new_process(what: str, shift: float) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.mrv.methods.vm0047", "--one", what, str(shift)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--dense", action="store_true", help="SciPy's dense solver beside it (minutes, 1.5 GB)")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.one:
        what, shift = a.one[0], float(a.one[1])
        print(json.dumps(dense(shift) if what == "dense" else ours(shift, what)))
        return
    in_new_process("optimal", 0.0)
    for name, shift in LANDSCAPES.items():
        for what in ("optimal", "nearest", *(["dense"] if a.dense else [])):
            runs = [in_new_process(what, shift) for _ in range(1 if what == "dense" else a.repeats)]
            least = {key: min(run[key] for run in runs) for key in runs[0]}
            print(f"{name:15s} {what:8s} " + "  ".join(f"{key} {value:.3f}" for key, value in least.items()))


if __name__ == "__main__":
    main()
