"""How long a large workbook takes: ``python -m benchmarks.projects.workbook [PLOTS] [TREES]``.

The illustrative run, its plots repeated to the number asked for, each with so many trees: build the book, write it, let
LibreOffice compute it, and compare it with the run. 500 plots of 40 trees are 20,000 rows of trees with formulas.

2026-11-24, one core of an AMD EPYC with a load of 8 on two: 504 plots, 20,083 rows, 285,465 cells in 1.65 MB; build
2.7 s, write 12.7 s (target for both: 30 s), read and compare 8.8 s, LibreOffice 8.4 s.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd

from tanhui.faces.demo import ILLUSTRATIVE, example_folder
from tanhui.kernel.progress import silent
from tanhui.projects.run import run_project
from tanhui.projects.workbook.compare import changes, read_workbook
from tanhui.projects.workbook.pages import make_book
from tanhui.projects.workbook.source import Run, read_source
from tanhui.projects.workbook.write import book_bytes, cells_of


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("plots", type=int, nargs="?", default=500)
    arguments.add_argument("trees", type=int, nargs="?", default=40)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = larger(
            read_source(run_project(example_folder(ILLUSTRATIVE), folder / "out").out), asked.plots, asked.trees
        )
        print(f"{len(run.plots):,} plots, {len(run.trees):,} rows of trees")
        measure(run, folder / "er_calculation.xlsx")


def larger(run: Run, plots: int, trees: int) -> Run:
    """The run with its plots repeated, each with the first of its trees."""
    copies = -(-plots // len(run.plots))
    parts, rows = [], []
    for k in range(copies):
        suffix = f"-{k}" if k else ""
        parts.append(
            run.plots.assign(location_id=run.plots["location_id"] + suffix, plot_id=run.plots["plot_id"] + suffix)
        )
        kept = run.trees[run.trees.groupby("plot").cumcount() < trees]
        rows.append(kept.assign(plot_id=kept["plot_id"] + suffix, plot=kept["plot"] + k * len(run.plots)))
    every = pd.concat(parts, ignore_index=True)
    order = every.assign(rank=every["stratum"].map({s: n for n, s in enumerate(run.strata)}), old=range(len(every)))
    order = order.sort_values(["monitoring", "rank"], kind="stable").reset_index(drop=True)
    place = {int(old): new for new, old in enumerate(order["old"])}
    visits = {(r.monitoring, r.location_id): n for n, r in enumerate(order.itertuples())}
    before = [visits.get((r.monitoring - 1, r.location_id)) if r.monitoring else None for r in order.itertuples()]
    table = pd.concat(rows, ignore_index=True)
    table = table.assign(plot=table["plot"].map(place)).sort_values("plot", kind="stable").reset_index(drop=True)
    laid_out = order.drop(columns=["rank", "old"]).assign(before=pd.array(before, dtype="Int64"))
    return replace(run, plots=laid_out, trees=table)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long something took."""
    start = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - start:.1f} s", flush=True)


def measure(run: Run, path: Path) -> None:
    """Build, write, compute and compare one workbook."""
    with timed("build"):
        book = make_book(run, "zh")
    with timed("write"):
        path.write_bytes(book_bytes(book, silent))
    print(f"{path.stat().st_size / 1e6:.2f} MB, {sum(1 for _ in cells_of(book)):,} cells")
    with timed("read and compare"):
        assert not changes(book, read_workbook(path))
    if program := shutil.which("soffice"):
        profile = f"-env:UserInstallation=file://{path.parent / 'profile'}"
        asked = [program, profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
        with timed("LibreOffice: load, compute, save"):
            subprocess.run([*asked, str(path.parent / "office"), str(path)], check=True, capture_output=True)


if __name__ == "__main__":
    main()
