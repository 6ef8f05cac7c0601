"""From files to all documents of a rule book: 10,000 parcels and 500 plots, surveyed twice.

``python -m benchmarks.projects.documents [PARCELS] [PLOTS] [--profile]``. The project is made up here from a fixed
seed: parcels on a grid without gaps, 4 strata, 100 trees a plot, of which heights of 5.

On 2026-11-24, two idle cores of an AMD EPYC, target 180 s:

==============================  =============
step                            on the clock
==============================  =============
``tanhui run``                  22.5 s
six documents on that run       3.5 s
files to all documents          23.2 s
==============================  =============

Before, the run took 42 s of processor time: 43 % of it was the report's map, drawn four times with one patch a parcel.
Now all parcels of a stratum are one shape.
"""

from __future__ import annotations

import cProfile
import pstats
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import geopandas
import numpy as np
from shapely.geometry import box

from tanhui.projects.documents.service import write_documents
from tanhui.projects.run import run_project
from tanhui.projects.template import workbook_bytes

TARGET_S = 180
SIDE_M = 220.0
STRATA = [("CL-2014", "杉木", "2014-03-10"), ("CL-2015", "杉木", "2015-03-12")]
STRATA += [("PM-2014", "马尾松", "2014-03-20"), ("PM-2015", "马尾松", "2015-03-25")]
DAYS = (date(2020, 8, 15), date(2025, 8, 20))
TREES_PER_PLOT, HEIGHTS_PER_PLOT = 100, 5
PROJECT = """
id = "synthetic"
method = "ccer/14-001-v01"
seed = 1
illustrative = true
owner = "benchmark"
title = { zh = "合成项目", en = "Synthetic project" }
lead = { zh = "为测速编造。", en = "Made up to measure speed." }
dates = { started = 2014-03-10, crediting_start = 2014-03-10, crediting_end = 2034-03-09, applied = 2026-03-02 }
parcels = { file = "parcels.gpkg", area_unit = "mu" }
trees = { region = "cn/hunan", route = "volume" }
monitoring = [{ file = "survey-2020.xlsx", date = 2020-08-15 }, { file = "survey-2025.xlsx", date = 2025-08-20 }]
"""
STRATUM = """
[[strata]]
id = "{}"
species = "{}"
planted = {}

[strata.growth]
form = "richards"
parameters = [300.0, 0.1, 3.4]
relative_se = 0.15
reference = "synthetic"
status = "scenario"
"""


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long a block takes on the clock, and how much of a processor it used."""
    start, used = time.perf_counter(), time.process_time()
    yield
    print(f"{what}: {time.perf_counter() - start:.1f} s, processor {time.process_time() - used:.1f} s", flush=True)


def synthetic_project(folder: Path, parcels: int, plots: int) -> Path:
    """A project folder with as many parcels and plots."""
    folder.mkdir(parents=True)
    strata = "".join(STRATUM.format(*stratum) for stratum in STRATA)
    (folder / "project.toml").write_text(PROJECT + strata, encoding="utf-8")
    frame = parcel_frame(parcels)
    frame.to_file(folder / "parcels.gpkg")
    places = frame.to_crs("EPSG:4490").geometry.representative_point()
    for visit, day in enumerate(DAYS):
        tables = survey(frame, places, plots, visit, day)
        (folder / f"survey-{day.year}.xlsx").write_bytes(workbook_bytes(tables, lang="zh"))
    return folder


def parcel_frame(count: int) -> geopandas.GeoDataFrame:
    """Squares on a grid, each with the stratum it lies in."""
    across = int(np.ceil(np.sqrt(count)))
    rows, shapes = [], []
    for number in range(count):
        name, species, planted = STRATA[number * len(STRATA) // count]
        x, y = 37585000 + SIDE_M * (number % across), 2976000 + SIDE_M * (number // across)
        shapes.append(box(x, y, x + SIDE_M, y + SIDE_M))
        rows.append({"小班号": f"{number + 1:05d}", "碳层": name, "树种": species, "造林年度": int(planted[:4])})
    frame = geopandas.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4525")
    frame["面积"] = (frame.area / 10_000 * 15).round(1)
    return frame


def survey(frame: geopandas.GeoDataFrame, places: geopandas.GeoSeries, plots: int, visit: int, day: date) -> dict:
    """A survey workbook's sheets."""
    chosen = np.linspace(0, len(frame) - 1, plots).astype(int)
    sheets: dict[str, list[dict]] = {"plots": [], "trees": [], "heights": []}
    for number, at in enumerate(chosen, start=1):
        parcel, place = frame.iloc[at], f"P{number:04d}"
        sheets["plots"].append(
            {
                "location_id": place,
                "stratum": parcel["碳层"],
                "parcel_id": parcel["小班号"],
                "visited": day,
                "plot_status": "measured",
                "plot_shape": "rectangle",
                "laid": "horizontal",
                "length_m": 30,
                "width_m": 20,
                "slope_deg": 15,
                "lon": round(places.iloc[at].x, 6),
                "lat": round(places.iloc[at].y, 6),
            }
        )
        random = np.random.default_rng([number])
        sizes = random.normal(9.0, 1.8, TREES_PER_PLOT).clip(5.1) + 4.0 * visit
        for tree, dbh in enumerate(sizes, start=1):
            row = {"location_id": place, "tree_id": str(tree), "species": parcel["树种"]}
            sheets["trees"].append({**row, "dbh_cm": round(float(dbh), 1), "status": "live"})
        sheets["heights"] += [
            {
                "location_id": place,
                "tree_id": str(tree + 1),
                "dbh_cm": round(float(sizes[tree]), 1),
                "species": parcel["树种"],
                "height_m": round(1.3 + 0.62 * float(sizes[tree]), 1),
            }
            for tree in range(HEIGHTS_PER_PLOT)
        ]
    return sheets


def main() -> None:
    """The run alone, then the documents on that run, then everything from files in one call."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    parcels, plots = numbers if len(numbers) == 2 else (10_000, 500)
    base = Path(tempfile.mkdtemp(prefix="documents-"))
    try:
        with timed(f"making {parcels:,} parcels and {plots} plots up"):
            folder = synthetic_project(base / "project", parcels, plots)
        if "--profile" in sys.argv:
            profile = cProfile.Profile()
            profile.runcall(run_project, folder, base / "run")
            pstats.Stats(profile).sort_stats("cumulative").print_stats(60)
        else:
            with timed("tanhui run"):
                run_project(folder, base / "run")
        with timed("documents on that run"):
            write_documents(folder, base / "first", run=base / "run")
        with timed(f"files to all documents, target {TARGET_S} s"):
            write_documents(folder, base / "documents")
        for path in sorted((base / "documents").iterdir()):
            print(f"  {path.name} {path.stat().st_size / 1e6:.1f} MB" if path.is_file() else f"  {path.name}/")
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
