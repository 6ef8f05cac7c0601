"""Point clouds to ground, canopy, tops and crowns: points a second from LAZ, from LAS and from memory, and peak memory.

``python -m benchmarks.sensing.lidar [MILLION] [FOLDER]`` writes a synthetic forest of that many points at 10 per square
metre (seeded), decodes it once for the floor, and runs each way in a process of its own after one small run that
compiles and warms.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import laspy
import numpy as np
from pyproj import CRS

DENSITY, SPACING = 10.0, 7.0
#: Width of the area; it grows to the north. [m]
WIDTH = 1000.0


def strip(number: int, rows_m: float, seed: int = 6) -> np.ndarray:
    """Points of one strip of the area: hills, cone crowns that let a third of the pulses through. shape (n, 3)"""
    rng = np.random.default_rng([seed, number])
    x, y = rng.uniform(0, WIDTH, int(DENSITY * WIDTH * rows_m)), None
    y = number * rows_m + rng.uniform(0, rows_m, x.size)
    ground = 300 + 0.2 * x + 5 * np.sin(x / 40) * np.cos(y / 55)
    i, j = np.floor(x / SPACING), np.floor(y / SPACING)
    mixed = np.sin(i * 12.9898 + j * 78.233) * 43758.5453
    part = mixed - np.floor(mixed)
    away = np.hypot(x - (i + 0.35 + 0.3 * part) * SPACING, y - (j + 0.65 - 0.3 * part) * SPACING)
    crown = (10 + 18 * part) * (1 - 0.6 * away / (SPACING / 2))
    hit = (away < SPACING / 2) & (rng.random(x.size) > 0.33)
    z = ground + np.where(hit, crown, 0) + rng.normal(0, 0.03, x.size)
    return np.column_stack([x + 500_000, y + 3_300_000, z])


def write(path: Path, millions: float) -> None:
    """The forest as LAZ or LAS."""
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales, header.offsets = (0.01, 0.01, 0.01), (500_000, 3_300_000, 0)
    header.add_crs(CRS.from_epsg(32650))
    rows_m = 50.0
    with laspy.open(path, "w", header=header) as made:
        for number in range(max(1, round(millions * 1e6 / (DENSITY * WIDTH * rows_m)))):
            points = strip(number, rows_m)
            record = laspy.ScaleAwarePointRecord.zeros(len(points), header=header)
            record.x, record.y, record.z = points.T
            record.return_number = record.number_of_returns = np.ones(len(points), np.uint8)
            made.write_points(record)


def measured(path: Path, way: str) -> None:
    """Run one way and print what it took; called in a process of its own."""
    from tanhui.sensing.lidar import Settings, analysed, analysed_files, chunks, read_header
    from tanhui.sensing.lidar.service import Cloud

    header = read_header(path)
    if way == "decode":
        begun = time.perf_counter()
        for _ in chunks(header):
            pass
        seconds, rest = time.perf_counter() - begun, ""
    else:
        from_memory = way == "memory"
        held = list(chunks(header)) if from_memory else []
        small = path.with_name("small.laz")
        with analysed_files([small], Settings(), "crowns"):
            pass
        begun = time.perf_counter()
        cloud = Cloud(header.mins[:2], header.maxs[:2], header.points, held, header.crs)
        run = analysed(cloud, Settings(), "crowns") if from_memory else analysed_files([path], Settings(), "crowns")
        with run as forest:
            seconds = time.perf_counter() - begun
            steps = ", ".join(f"{name} {took:.2f}" for name, took in forest.seconds.items())
            rest = f"; {forest.trees:,} trees; s: {steps}"
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{way:7} {header.points / seconds / 1e6:5.2f} million points/s, {peak_mb:.0f} MB{rest}", flush=True)


def main() -> None:
    """Prepare, run each way, print."""
    if len(sys.argv) == 4 and sys.argv[1] == "--way":
        measured(Path(sys.argv[3]), sys.argv[2])
        return
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    laz, las = folder / f"{millions:g}.laz", folder / f"{millions:g}.las"
    for path, size in ((folder / "small.laz", 0.5), (laz, millions), (las, millions)):
        if not path.exists():
            write(path, size)
    print(f"{millions:g} million points, {laz.stat().st_size / 1e6:.0f} MB as LAZ")
    for way, path in (("decode", laz), ("laz", laz), ("las", las), ("memory", las)):
        subprocess.run([sys.executable, "-m", "benchmarks.sensing.lidar", "--way", way, str(path)], check=True)


if __name__ == "__main__":
    main()
