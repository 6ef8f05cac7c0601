"""How honest are the intervals on your own harvest data?

Reads a CSV of felled and weighed trees with the columns ``dbh_cm``, ``height_m``, ``wood_density``, ``site`` and
``agb_kg``, and leaves out one site after another: the equation is fitted to the others, the total of the one left out
is predicted with its interval, and the interval is compared with what the balance said. Sizes of felled trees are
taken as exact.

Prints the spread between your sites (REML), and coverage and width of the 90 % intervals with and without it.

Run: ``python -m benchmarks.mrv.uncertainty.user_harvest FILE.csv`` or ``--demo`` for simulated data.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from pathlib import Path

import numpy as np

from benchmarks.mrv.uncertainty.coverage import LEVEL, campaign
from tanhui.kernel.errors import Fault, RefusedInput, TanhuiError
from tanhui.mrv.uncertainty.model import Sharing, Trees
from tanhui.mrv.uncertainty.monte_carlo import monte_carlo
from tanhui.mrv.uncertainty.parameters import default_error_model
from tanhui.mrv.uncertainty.site_effect import equation_from_harvest
from tanhui.sinks.forest.model import TreeMatch

COLUMNS = ("dbh_cm", "height_m", "wood_density", "agb_kg")
#: Fewer sites than this say little about how places differ.
SITES_WANTED = 8
#: Upper edges of the classes by trees of a site.
CLASSES = (10, 30, 100, 10**9)


def read_harvest(text: str, file: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Numbers and sites of a harvest table, refused with every fault."""
    rows = list(csv.DictReader(io.StringIO(text)))
    faults = [Fault("table.no_rows", file)] if not rows else []
    faults += [
        Fault("table.missing_column", file, row=1, column=column, facts={"zh": column, "en": column})
        for column in (*COLUMNS, "site")
        if rows and column not in rows[0]
    ]
    if faults:
        raise RefusedInput(faults)
    numbers = {column: np.full(len(rows), np.nan) for column in COLUMNS}
    for k, row in enumerate(rows):
        for column in COLUMNS:
            try:
                numbers[column][k] = float(row[column])
            except (TypeError, ValueError):
                faults.append(Fault("table.not_a_number", file, row=k + 2, column=column, value=str(row[column])))
                continue
            if not numbers[column][k] > 0:
                facts = {"limit": 0, "unit": ""}
                faults.append(Fault("table.not_above", file, "", k + 2, column, str(row[column]), facts))
        if not row["site"]:
            faults.append(Fault("table.empty_cell", file, row=k + 2, column="site"))
    if faults:
        raise RefusedInput(faults)
    return numbers, np.array([row["site"] for row in rows])


def leave_one_out(numbers: dict[str, np.ndarray], site: np.ndarray, *, with_site: bool, draws: int) -> list[tuple]:
    """(trees, hit, width / truth) of every site predicted from the others."""
    model = default_error_model()
    found = []
    for place in np.unique(site):
        out = site == place
        fitted = [numbers[column][~out] for column in COLUMNS]
        equation = equation_from_harvest(*fitted, site[~out], with_site_effect=with_site)
        n = int(out.sum())
        trees = Trees(
            numbers["dbh_cm"][out],
            TreeMatch((equation,), np.zeros(n, np.intp), np.zeros(n, bool)),
            numbers["height_m"][out],
            density_g_cm3=numbers["wood_density"][out],
            site=Sharing(np.zeros(n, np.intp), (str(place),)),
        )
        drawn = monte_carlo(trees, model, draws=draws, seed=1, sources=("allometry", "site", "residual")).agb_t[0]
        low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        truth = numbers["agb_kg"][out].sum() / 1000
        found.append((n, low <= truth <= high, (high - low) / truth))
    return found


def report(numbers: dict[str, np.ndarray], site: np.ndarray, draws: int) -> list[str]:
    """Lines of the report."""
    equation = equation_from_harvest(*[numbers[column] for column in COLUMNS], site)
    tau = equation.site_sigma or 0.0
    lines = [
        f"{len(site)} trees, {len(np.unique(site))} sites; {equation.printed}",
        f"between sites sd {tau:.3f}, single trees sd {np.sqrt(equation.sigma**2 - tau**2):.3f} of ln W",
        f"{100 * LEVEL:.0f} % intervals of a site left out: coverage (median width as a share of the truth)",
    ]
    if len(np.unique(site)) < SITES_WANTED:
        lines.append(f"fewer than {SITES_WANTED} sites: take these figures as a hint")
    for name, with_site in (("with site effect", True), ("without", False)):
        rows = leave_one_out(numbers, site, with_site=with_site, draws=draws)
        lines.append(f"{name}: all {_cell(rows)}")
        low = 0
        for high in CLASSES:
            mine = [row for row in rows if low < row[0] <= high]
            if mine:
                lines.append(f"  {low + 1} to {high if high < 10**9 else 'more'} trees: {_cell(mine)}")
            low = high
    return lines


def _cell(rows: list[tuple]) -> str:
    hit = sum(row[1] for row in rows)
    share, width = 100 * hit / len(rows), 100 * float(np.median([r[2] for r in rows]))
    return f"{share:.1f} % of {len(rows)} sites ({width:.0f} %)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--demo", action="store_true", help="simulated harvest instead of a file")
    parser.add_argument("--draws", type=int, default=2000)
    a = parser.parse_args()
    try:
        if a.demo:
            dbh, height, density, agb, site = campaign(np.random.default_rng(7), 60, 0.20, 0.30)
            numbers = {"dbh_cm": dbh, "height_m": height, "wood_density": density, "agb_kg": agb}
        elif a.file:
            numbers, site = read_harvest(a.file.read_text(encoding="utf-8-sig"), a.file.name)
        else:
            parser.error("a file, or --demo")
        print("\n".join(report(numbers, site, a.draws)))
    except TanhuiError as error:
        print(error.text("en"), file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
