"""How often honest surveys are suspected, and how surely faults are found: ``python -m benchmarks.projects.field [N]``.

Made-up surveys of 60 plots with 30 trees each, in four strata, visited twice five years apart by three crews; a second
team measures six plots again. Honest readings scatter as the inventory's tolerance allows (95 % of the differences of
two readings within it). N honest surveys (1,000) give the rate of false alarms of each check; N / 20 with one fault
each give its power. With 1,000 the tables are written into ``docs/how-to/field.md`` between its marks.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from tanhui.kernel.randoms import stream
from tanhui.projects.field.limits import checks
from tanhui.projects.field.model import PlannedPlot
from tanhui.projects.field.positions import Places
from tanhui.projects.field.quality import Context, quality
from tanhui.projects.field.survey import FieldSurvey
from tanhui.sensing.inventory.map_offsets import gcj02_from_wgs84
from tanhui.sensing.inventory.remeasurement import dbh_tolerance_cm, height_tolerance_m

PLOTS, TREES, AGAIN, HEIGHTS = 60, 30, 6, 5
STRATA = ("A", "B", "C", "D")
SPECIES = ("杉木", "马尾松")
CREWS = ("甲", "乙", "丙")
WEST, SOUTH, CELL = 110.0, 27.0, 0.004
#: Standard deviation of one reading, as a share of the tolerance: two readings differ by more than it in 5 of 100.
ONE_READING = 1 / 1.959964 / np.sqrt(2)
GNSS_DEG = 5.0 / 111_320
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "field.md"
BEGIN, END = "<!-- table: benchmarks/projects/field.py -->", "<!-- end of table -->"

Case = tuple[FieldSurvey, Context]
Fault = Callable[[FieldSurvey, FieldSurvey, np.random.Generator], FieldSurvey]


def honest(seed: int) -> Case:
    """A survey in which nothing is wrong, with its plan and the visit before."""
    random = stream(seed, "honest survey")
    names = [f"P{k:02d}" for k in range(PLOTS)]
    strata = [STRATA[k * len(STRATA) // PLOTS] for k in range(PLOTS)]
    outlines = {
        s: [shapely.box(WEST + 10 * CELL * k, SOUTH, WEST + 10 * CELL * (k + 1), SOUTH + 20 * CELL)]
        for k, s in enumerate(STRATA)
    }
    lon, lat = np.zeros(PLOTS), np.zeros(PLOTS)
    for k, stratum in enumerate(strata):
        west, south, east, north = shapely.bounds(outlines[stratum][0])
        lon[k], lat[k] = random.uniform(west + 3e-4, east - 3e-4), random.uniform(south + 3e-4, north - 3e-4)
    plan = tuple(PlannedPlot(n, s, "1", x, y, "revisit", 1) for n, s, x, y in zip(names, strata, lon, lat, strict=True))
    true = trees(names, strata, random)
    then = survey("before.xlsx", names, strata, lon, lat, true, 0, random)
    now = survey("now.xlsx", names, strata, lon, lat, true, 1, random)
    return now, Context(then, Places(plan, outlines))


def trees(names: list[str], strata: list[str], random: np.random.Generator) -> pd.DataFrame:
    """True sizes at both visits: of one stand a stratum, plots of different sites, growth that is never negative."""
    n = PLOTS * TREES
    stand = np.repeat([9 + 2 * STRATA.index(s) for s in strata], TREES)
    site = np.repeat(np.exp(random.normal(0, 0.08, PLOTS)), TREES)
    first = np.maximum(stand * site * np.exp(random.normal(0, 0.2, n)), 6.0)
    growth = np.maximum(random.normal(2.5, 0.9, n) * site, 0.05)
    tall = np.exp(random.normal(0, 0.06, n))
    heights = [1.3 + 0.95 * d**0.85 * tall for d in (first, first + growth)]
    return pd.DataFrame(
        {
            "location_id": np.repeat(names, TREES),
            "tree_id": np.tile([str(k) for k in range(1, TREES + 1)], PLOTS),
            "species": random.choice(SPECIES, n, p=(0.9, 0.1)),
            "dbh_0": first,
            "dbh_1": first + growth,
            "height_0": heights[0],
            "height_1": heights[1],
            "dead": random.random(n) < 0.02,
        }
    )


def reading(true: np.ndarray, tolerance: Callable, random: np.random.Generator) -> np.ndarray:
    """What a careful crew reads, to a tenth."""
    return np.round(true + random.normal(0, 1, len(true)) * tolerance(true) * ONE_READING, 1)


def survey(
    file: str,
    names: list[str],
    strata: list[str],
    lon: np.ndarray,
    lat: np.ndarray,
    true: pd.DataFrame,
    visit: int,
    random: np.random.Generator,
) -> FieldSurvey:
    """What crews bring back from one visit."""
    day = pd.Timestamp("2020-08-03") if visit == 0 else pd.Timestamp("2025-08-04")
    crew = [CREWS[k % len(CREWS)] for k in range(PLOTS)]
    plots = pd.DataFrame(
        {
            "location_id": names,
            "stratum": strata,
            "parcel_id": "1",
            "visited": [day + pd.Timedelta(days=k // (4 * len(CREWS))) for k in range(PLOTS)],
            "crew": crew,
            "lon": np.round(lon + random.normal(0, GNSS_DEG, PLOTS) / np.cos(np.radians(SOUTH)), 6),
            "lat": np.round(lat + random.normal(0, GNSS_DEG, PLOTS), 6),
            "plot_status": "measured",
        }
    )
    height = reading(true[f"height_{visit}"].to_numpy(), height_tolerance_m, random)
    order = np.tile(np.arange(TREES), PLOTS)
    tally = pd.DataFrame(
        {
            **{name: true[name] for name in ("location_id", "tree_id", "species")},
            "dbh_cm": reading(true[f"dbh_{visit}"].to_numpy(), dbh_tolerance_cm, random),
            "height_m": np.where(order < HEIGHTS, height, np.nan),
            "status": np.where(true["dead"] & (visit == 1), "dead", "live"),
        }
    )
    again = true[true["location_id"].isin(random.choice(names, AGAIN, replace=False))]
    tall = reading(again[f"height_{visit}"].to_numpy(), height_tolerance_m, random)
    second = pd.DataFrame(
        {
            "location_id": again["location_id"],
            "tree_id": again["tree_id"],
            "dbh_cm": reading(again[f"dbh_{visit}"].to_numpy(), dbh_tolerance_cm, random),
            "height_m": np.where(again["tree_id"].astype(int) <= HEIGHTS, tall, np.nan),
            "remeasured_on": day + pd.Timedelta(days=14),
            "crew": "复测组",
        }
    )
    return FieldSurvey(file, plots, tally.reset_index(drop=True), second.reset_index(drop=True))


# --- faults: each with the check that should find it


def with_trees(survey: FieldSurvey, **columns: np.ndarray) -> FieldSurvey:
    return replace(survey, trees=survey.trees.assign(**columns))


def rounded_to_half(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """One crew of three writes down half centimetres."""
    mine = now.trees["location_id"].isin(now.plots.loc[now.plots["crew"] == CREWS[0], "location_id"])
    return with_trees(now, dbh_cm=np.where(mine, np.round(now.trees["dbh_cm"] * 2) / 2, now.trees["dbh_cm"]))


def rounded_sometimes(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """One crew of three rounds a quarter of its readings to half centimetres."""
    mine = now.trees["location_id"].isin(now.plots.loc[now.plots["crew"] == CREWS[0], "location_id"])
    some = mine & (random.random(len(mine)) < 0.25)
    return with_trees(now, dbh_cm=np.where(some, np.round(now.trees["dbh_cm"] * 2) / 2, now.trees["dbh_cm"]))


def copy_of(now: FieldSurvey, sizes: np.ndarray, place: str) -> FieldSurvey:
    dbh = now.trees["dbh_cm"].to_numpy().copy()
    dbh[(now.trees["location_id"] == place).to_numpy()] = np.round(sizes, 1)
    return with_trees(now, dbh_cm=dbh)


def sizes_of(survey: FieldSurvey, place: str) -> np.ndarray:
    return survey.trees.loc[survey.trees["location_id"] == place, "dbh_cm"].to_numpy().copy()


def copied(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """One plot is another, in another order."""
    return copy_of(now, random.permutation(sizes_of(now, "P10")), "P11")


def copied_with_changes(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """One plot is another with every diameter changed by up to 0.3 cm."""
    return copy_of(now, sizes_of(now, "P10") + random.uniform(-0.3, 0.3, TREES), "P11")


def copied_in_part(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """Two thirds of one plot are another's, in another order."""
    sizes = sizes_of(now, "P11")
    sizes[:20] = random.permutation(sizes_of(now, "P10"))[:20]
    return copy_of(now, random.permutation(sizes), "P11")


def not_visited(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """One plot is its own list of the visit before, with 2.5 cm added to each and 0.1 here and there."""
    return copy_of(now, sizes_of(then, "P20") + 2.5 + 0.1 * (random.random(TREES) < 0.2), "P20")


def inflated(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """Every diameter is 2 % too large."""
    return with_trees(now, dbh_cm=np.round(now.trees["dbh_cm"] * 1.02, 1))


def careless(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """Readings scatter half as much again as they may."""
    more = random.normal(0, 1, len(now.trees)) * dbh_tolerance_cm(now.trees["dbh_cm"]) * ONE_READING * 1.6
    return with_trees(now, dbh_cm=np.round(now.trees["dbh_cm"] + more, 1))


def shrunk(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """One tree is 1 cm thinner than before."""
    dbh = now.trees["dbh_cm"].to_numpy().copy()
    dbh[100] = then.trees["dbh_cm"].iloc[100] - 1.0
    return with_trees(now, dbh_cm=dbh, status=np.where(np.arange(len(dbh)) == 100, "live", now.trees["status"]))


def grown(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """One tree is 25 cm thicker than five years ago."""
    dbh = now.trees["dbh_cm"].to_numpy().copy()
    dbh[100] = then.trees["dbh_cm"].iloc[100] + 25
    return with_trees(now, dbh_cm=dbh, status=np.where(np.arange(len(dbh)) == 100, "live", now.trees["status"]))


def moved(now: FieldSurvey, **columns: np.ndarray) -> FieldSurvey:
    return replace(now, plots=now.plots.assign(**columns))


def elsewhere(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """One plot was laid 40 m from where it was planned."""
    turn = random.uniform(0, 2 * np.pi)
    one = np.arange(PLOTS) == 30
    east = one * 40 * np.cos(turn) / 111_320 / np.cos(np.radians(SOUTH))
    return moved(now, lon=now.plots["lon"] + east, lat=now.plots["lat"] + one * 40 * np.sin(turn) / 111_320)


def web_map(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """Positions of one crew come from a telephone's map (GCJ-02)."""
    mine = (now.plots["crew"] == CREWS[1]).to_numpy()
    lon, lat = gcj02_from_wgs84(now.plots["lon"], now.plots["lat"])
    return moved(now, lon=np.where(mine, lon, now.plots["lon"]), lat=np.where(mine, lat, now.plots["lat"]))


def swapped(now: FieldSurvey, then: FieldSurvey, random: np.random.Generator) -> FieldSurvey:
    """Longitude and latitude of one plot change places."""
    one = np.arange(PLOTS) == 7
    return moved(
        now,
        lon=np.where(one, now.plots["lat"], now.plots["lon"]),
        lat=np.where(one, now.plots["lon"], now.plots["lat"]),
    )


FAULTS: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "one crew of three writes half centimetres": (rounded_to_half, ("digits_dbh", "heaping_dbh")),
    "one crew rounds a quarter of its readings to halves": (rounded_sometimes, ("digits_dbh", "heaping_dbh")),
    "a plot copied, in another order": (copied, ("copied_sizes",)),
    "a plot copied, every size changed by up to 0.3 cm": (copied_with_changes, ("copied_order",)),
    "two thirds of a plot copied, in another order": (copied_in_part, ("copied_sizes",)),
    "a plot not visited: the old list plus 2.5 cm": (not_visited, ("grown_alike",)),
    "all diameters 2 % too large": (inflated, ("bias_dbh",)),
    "readings that scatter 1.9 times as much as they may": (careless, ("spread_dbh", "inspected")),
    "one tree 1 cm thinner": (shrunk, ("shrunk",)),
    "one tree 25 cm thicker in five years": (grown, ("grown",)),
    "one plot 40 m from its point": (elsewhere, ("off_plan",)),
    "positions of one crew from a web map": (web_map, ("map_shift",)),
    "longitude and latitude of a plot swapped": (swapped, ("swapped",)),
}


def measure(n: int) -> Iterator[str]:
    """The two tables, line by line."""
    alarms: Counter[str] = Counter()
    made: Counter[str] = Counter()
    took = []
    for seed in range(n):
        now, context = honest(seed)
        start = time.process_time()
        report = quality(now, context)
        took.append(time.process_time() - start)
        alarms.update({finding.check for finding in report.findings})
        made.update(tested.check for tested in report.tested if tested.n)
    yield f"Honest surveys: {n:,}. Surveys in which a check found anything:\n"
    yield "| Check | By | False alarms | At most |"
    yield "|---|---|---|---|"
    for check, entry in checks().items():
        if made[check]:
            most = "1 %" if entry["test"] else "0"
            rate = f"{alarms[check]} ({100 * alarms[check] / n:.1f} %)"
            yield f"| {entry['en']} | {entry['test'] or 'rule'} | {rate} | {most} |"
    yield f"\nOne fault each, {max(n // 20, 10)} surveys a line:\n"
    yield "| Fault | Found by | Found |"
    yield "|---|---|---|"
    for name, (fault, wanted) in FAULTS.items():
        hits = 0
        for seed in range(max(n // 20, 10)):
            now, context = honest(100_000 + seed)
            assert context.before is not None
            report = quality(fault(now, context.before, stream(seed, "fault", name)), context)
            hits += any(finding.check in wanted for finding in report.findings)
        found = " or ".join(checks()[check]["en"].lower() for check in wanted)
        yield f"| {name} | {found} | {100 * hits / max(n // 20, 10):.0f} % |"
    print(
        f"one survey, processor time: median {1000 * np.median(took):.0f} ms, longest {1000 * max(took):.0f} ms",
        file=sys.stderr,
    )


def main() -> None:
    """Print the tables, and put them into the page where all of them were asked for."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    text = "\n".join(measure(n))
    print(text)
    if n >= 1000:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
