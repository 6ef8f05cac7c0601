"""The proof of assisted verification: ``python -m benchmarks.projects.audit [--honest N] [--each N] [--write]``.

Scans N honest made-up projects, then as many of each of thirty kinds of fault, and prints the confusion table; with
``--write`` it replaces the tables of ``docs/how-to/audit.md``. The same projects give the hours: what a full
re-measurement, samples of plots, and scan and risk-based sample find, and how long each takes by
``data/projects_audit/effort.toml``. Thresholds were set on projects of another stream (``dev``) than these.
"""

from __future__ import annotations

import argparse
import os
import re
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.projects.audit_faults import honest_twin, kinds, overstated, project
from tanhui.kernel.data import data_path
from tanhui.kernel.parameters import load_parameters
from tanhui.kernel.randoms import stream
from tanhui.mrv.sampling import t_two_sided
from tanhui.projects.audit.case import Case
from tanhui.projects.audit.checks import scan
from tanhui.projects.audit.rules import audit_limit
from tanhui.projects.audit.sample import draw_sites, extrapolate, sites_wanted
from tanhui.projects.audit.service import sites_of

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "audit.md"
#: Shares of the plots measured again without a scan.
SHARES = (0.1, 0.25, 0.5, 1.0)
#: A difference found on site counts where its interval of this confidence leaves out zero. Reading error of a plot. [1]
SURE, PLOT_ERROR = 0.99, 0.01


@dataclass(frozen=True)
class Outcome:
    """What was seen of one project."""

    kind: str
    overstated: float
    alarms: tuple[str, ...]
    largest: str
    estimate: float
    hours: tuple[float, ...]
    found: tuple[bool, ...]
    suspicions: int


def look(task: tuple[int, str, str]) -> Outcome:
    """Scan one project, and visit plots of it in five ways."""
    seed, kind, salt = task
    case = project(seed, kind, salt=salt)
    net = case.claim.net_co2e_t
    found = scan(case)
    alarms = [one for one in found if one.is_alarm(net)]
    expected = kinds()[kind]["expected"] if kind else ()
    named = [one.misstatement_co2e_t for one in alarms if one.check in expected and one.misstatement_co2e_t is not None]
    honest = honest_twin(seed, kind, salt=salt) if kind else case
    hours, seen = visits(seed, case, honest, kind, found) if kind and kinds()[kind].get("plots") else ((), ())
    return Outcome(
        kind=kind,
        overstated=overstated(honest, case, kind) if kind else 0.0,
        alarms=tuple(one.check for one in alarms),
        largest=alarms[0].check if alarms else "",
        estimate=max(named, key=abs) / net if named else float("nan"),
        hours=hours,
        found=seen,
        suspicions=len(found),
    )


def visits(seed: int, case: Case, honest: Case, kind: str, found: tuple) -> tuple[tuple[float, ...], tuple[bool, ...]]:  # type: ignore[type-arg]
    """Hours and outcome of each way to audit: random samples of plots, then scan with a risk-based sample."""
    wrong = differences(seed, case, honest)
    names = list(wrong)
    random = stream(seed, "audit-visits", kind)
    hours, seen = [], []
    for share in SHARES:
        count = max(2, round(share * len(names)))
        chosen = random.choice(len(names), count, replace=False)
        values = np.array([wrong[names[k]] for k in chosen])
        seen.append(differs(values, np.full(count, count / len(names)), [""] * count))
        hours.append(field_hours(case, count) + desk_hours(case))
    sites = [one for one in sites_of(case, found, parcels=False) if one.id in wrong]
    draw = draw_sites(sites, sites_wanted(len(sites), len({one.stratum for one in sites})), seed, "benchmark")
    values = np.array([wrong[one.id] for one in draw.sites])
    on_site = differs(values, np.array([one.probability for one in draw.sites]), [one.stratum for one in draw.sites])
    by_scan = any(one.is_alarm(case.claim.net_co2e_t) for one in found)
    hours.append(field_hours(case, len(draw.sites)) + scan_hours(len(found)))
    seen.append(on_site or by_scan)
    return tuple(hours), tuple(seen)


def differences(seed: int, case: Case, honest: Case) -> dict[str, float]:
    """Tonnes of the claim by which each plot is too high; the honest twin with a reading error is what is there."""
    random = stream(seed, "audit-verifier")
    said = dict(zip(case.pairs.index, case.stock_t_ha[case.pairs["now"]], strict=True))
    there = dict(zip(honest.pairs.index, honest.stock_t_ha[honest.pairs["now"]], strict=True))
    weight = case.pairs["weight_ha"]
    both = [name for name in said if name in there]
    noise = 1 + PLOT_ERROR * random.standard_normal(len(both))
    return {n: (said[n] - there[n] * e) * float(weight[n]) * case.claim.share for n, e in zip(both, noise, strict=True)}


def differs(values: np.ndarray, probability: np.ndarray, strata: list[str]) -> bool:
    """Whether the differences on drawn plots say that the claim is wrong."""
    if len(values) == 0 or not np.any(values):
        return False
    if (probability > 1 - 1e-9).all():  # all were visited: what is left is the reading error
        se = float(np.sqrt(np.sum((PLOT_ERROR * np.abs(values).mean()) ** 2 * len(values)))) + 1e-9
        return abs(float(values.sum())) > t_two_sided(SURE, len(values) - 1) * se
    found = extrapolate(values, probability, strata)
    return abs(float(found.value)) > t_two_sided(SURE, found.df) * float(found.se)


@cache
def effort(name: str) -> float:
    """Minutes, or people, of an auditor."""
    return load_parameters(data_path("projects_audit", "effort.toml"), "audit/effort")[name].at(date.max).number()


def field_hours(case: Case, plots: int) -> float:
    """Hours of people for plots visited. [h]"""
    live = case.trees["status"].eq("live") & (case.plots["visit"].to_numpy()[case.tree_plot] == case.last)
    trees = float(live.sum()) / max(len(case.pairs), 1)
    minutes = effort("travel_min_per_plot") + effort("set_up_min_per_plot") + trees * effort("measure_min_per_tree")
    return plots * minutes * effort("people_per_team") / 60


def desk_hours(case: Case) -> float:
    """Hours at the desk without a scan: papers of every parcel, every plot worked out again. [h]"""
    parcels, plots = len(case.parcels), len(case.plots)
    return (parcels * effort("papers_min_per_parcel") + plots * effort("recalculate_min_per_plot")) / 60


def scan_hours(suspicions: int) -> float:
    """Hours at the desk with one. [h]"""
    return (effort("prepare_min") + suspicions * effort("look_min_per_suspicion")) / 60


# Tables


def confusion(outcomes: list[Outcome]) -> str:
    """One row per kind."""
    trifle = audit_limit("trifle_share")
    columns = ("seeded fault", "overstates by, median (10 – 90 %)", "material", "found", "by the check meant for it")
    head = [*columns, "other alarms", "estimated / seeded, median"]
    lines = [row(*head), "|---" * len(head) + "|"]
    total = found_total = 0
    for kind, record in kinds().items():
        mine = [one for one in outcomes if one.kind == kind]
        big = [one for one in mine if abs(one.overstated) >= trifle]
        size = np.array([one.overstated for one in mine])
        found = sum(bool(one.alarms) for one in big)
        meant = sum(bool(set(one.alarms) & set(record["expected"])) for one in big)
        others = Counter(a for one in mine for a in set(one.alarms) - set(record["expected"]))
        ratio = np.array([one.estimate / one.overstated for one in big if np.isfinite(one.estimate)])
        total, found_total = total + len(big), found_total + found
        low, middle, high = (f"{100 * q:+.1f} %" for q in np.quantile(size, [0.1, 0.5, 0.9]))
        shown = ", ".join(f"{name} {count}" for name, count in others.most_common(3)) or "–"
        middle_ratio = f"{np.median(ratio):.2f}" if len(ratio) else "–"
        rate = f"{found} ({100 * found / len(big):.0f} %)" if big else "–"
        name, sizes = f"{record['zh']} {record['en']}", f"{middle} ({low} – {high})"
        lines.append(row(name, sizes, f"{len(big)} of {len(mine)}", rate, meant, shown, middle_ratio))
    lines.append(f"| **all** | | {total} | **{found_total} ({100 * found_total / total:.1f} %)** | | | |")
    return "\n".join(lines)


def row(*cells: object) -> str:
    """A row of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def false_alarms(honest: list[Outcome]) -> str:
    """The share of honest projects with any alarm, and which."""
    wrong = [one for one in honest if one.alarms]
    kinds_ = Counter(name for one in wrong for name in set(one.alarms))
    shown = ", ".join(f"{name} {count}" for name, count in kinds_.most_common()) or "none"
    share = 100 * len(wrong) / len(honest)
    return (
        f"Honest projects scanned: {len(honest):,}. With any alarm: {len(wrong)} ({share:.1f} %). Which: {shown}. "
        f"Hints and alarms on an honest project: {np.mean([one.suspicions for one in honest]):.1f} on the average."
    )


def hours_table(outcomes: list[Outcome]) -> str:
    """Ways to audit: hours and what they find of the faults that plots show."""
    rows = [one for one in outcomes if one.hours and abs(one.overstated) >= audit_limit("trifle_share")]
    names = [f"{100 * share:.0f} % of the plots at random, papers by hand" for share in SHARES]
    names[-1] = "every plot, papers by hand (full)"
    names.append("scan, and a risk-based sample of 10 % (5 at least)")
    full = np.mean([one.hours[len(SHARES) - 1] for one in rows])
    lines = ["| way | hours a project | of the full audit | faults found |", "|---|---|---|---|"]
    for k, name in enumerate(names):
        hours = np.mean([one.hours[k] for one in rows])
        found = np.mean([one.found[k] for one in rows])
        lines.append(f"| {name} | {hours:.0f} | {100 * hours / full:.0f} % | {100 * found:.1f} % |")
    return "\n".join(lines)


def put(text: str, name: str, table: str) -> str:
    """A page with what stands between two marks replaced."""
    return re.sub(
        f"(<!-- made: {name} -->\n).*?(\n<!-- end -->)", lambda m: f"{m[1]}\n{table}\n{m[2]}", text, flags=re.DOTALL
    )


def main() -> None:
    """Run, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--honest", type=int, default=1000)
    parser.add_argument("--each", type=int, default=34)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--salt", default="audit-proof-2")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    start = time.perf_counter()
    with ProcessPoolExecutor(asked.jobs) as pool:
        tasks = [(seed, "", asked.salt) for seed in range(asked.honest)]
        honest = list(pool.map(look, tasks, chunksize=8))
        middle = time.perf_counter()
        order = [(seed, kind) for seed in range(asked.each) for kind in kinds()]
        tasks = [(seed % max(asked.honest, 1), kind, asked.salt) for seed, kind in order]
        outcomes = list(pool.map(look, tasks, chunksize=8))
    end = time.perf_counter()
    alarms = false_alarms(honest) + (
        f" Scanned on {asked.jobs} cores: {asked.honest:,} honest projects in {middle - start:.0f} s, making them up "
        f"included, {len(outcomes):,} with a fault and their visits in {end - middle:.0f} s."
    )
    tables = {"false alarms": alarms, "confusion": confusion(outcomes), "hours": hours_table(outcomes)}
    for name, table in tables.items():
        print(f"\n## {name}\n{table}")
    if asked.write:
        text = PAGE.read_text(encoding="utf-8")
        for name, table in tables.items():
            text = put(text, name, table)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
