"""How long the first look at a parcel file takes: ``python -m benchmarks.projects.scout [COUNT] [--profile]``.

A synthetic county: parcels of 12 to 40 vertices on a loose grid, in mu, in a GBK Shapefile of CGCS2000 3-degree zone
37, with land classes and species mixed, some forest, some wetland. Everything runs as a person would run it, files,
page and workbook; with ``--profile`` the dearest functions are printed.

On 2026-11-24 on two cores of an AMD EPYC that others used at the same time (load 10): 10,000 parcels in 18.7 s, of it
4.6 s to read and check them (half of that areas and perimeters by GeographicLib), 1.8 s for the clauses, 12.3 s to
write (most of it importing and drawing with Matplotlib, whatever the number of parcels); 500 parcels in 8.0 s.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

CLASSES = ("宜林地", "规划造林地", "其他草地", "疏林地", "乔木林地", "沼泽地")
SHARES = (0.4, 0.3, 0.15, 0.1, 0.04, 0.01)
SPECIES = ("杉木", "马尾松", "")
#: South-west corner [m, zone 37], spacing and greatest radius of the parcels. [m]
CORNER, SPACING, RADIUS = (37_500_000.0, 3_200_000.0), 260.0, 120.0


def parcel_file(folder: Path, count: int, seed: int = 7) -> Path:
    """Write the synthetic parcels and return the Shapefile."""
    import geopandas
    import shapely

    random = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(count)))
    outlines = []
    for n in range(count):
        angles = np.linspace(0, 2 * np.pi, int(random.integers(12, 41)), endpoint=False)
        radius = RADIUS * random.uniform(0.45, 1.0, len(angles))
        x, y = CORNER[0] + SPACING * (n % side), CORNER[1] + SPACING * (n // side)
        outlines.append(shapely.Polygon(np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)])))
    frame = geopandas.GeoDataFrame(
        {
            "XIAO_BAN": [f"{n + 1:05d}" for n in range(count)],
            "DI_LEI": random.choice(CLASSES, count, p=SHARES),
            "YOU_SHI_SZ": random.choice(SPECIES, count),
            "MIAN_JI": [round(outline.area / 10_000 * 15, 2) for outline in outlines],
        },
        geometry=outlines,
        crs="EPSG:4525",
    )
    path = folder / "parcels.shp"
    frame.to_file(path, encoding="GBK", engine="pyogrio")
    return path


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("count", type=int, nargs="?", default=10_000)
    arguments.add_argument("--profile", action="store_true")
    asked = arguments.parse_args()
    from tanhui.projects.scout import Question, scout
    from tanhui.sensing.inventory.parcel_attributes import Options

    with tempfile.TemporaryDirectory() as folder:
        path = parcel_file(Path(folder), asked.count)
        options = Options(area_unit="mu")
        day = date(2026, 11, 24)
        question = Question(
            day=day, start=date(2027, 1, 1), years=20, species="杉木", region="cn/hunan", parcels=options
        )
        marks: list[tuple[str, float]] = []

        def mark(step: str, done: int, total: int) -> None:
            if done == total:
                marks.append((step, time.perf_counter()))

        profile = cProfile.Profile()
        start = time.perf_counter()
        if asked.profile:
            profile.enable()
        scout(path, question, Path(folder) / "out", mark)
        profile.disable()
        before = start
        for step, at in marks:
            print(f"{step}: {at - before:.2f} s")
            before = at
        print(f"{asked.count} parcels: {time.perf_counter() - start:.2f} s")
        for file in sorted((Path(folder) / "out").iterdir()):
            print(f"{file.name}: {file.stat().st_size:,} bytes")
        if asked.profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(40)


if __name__ == "__main__":
    main()
