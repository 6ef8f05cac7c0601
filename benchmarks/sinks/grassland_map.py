"""Three million hectares of grassland at 100 m for 20 years: streamed from and to Cloud-optimised GeoTIFF.

``python benchmarks/sinks/grassland_map.py [FOLDER]`` makes the rasters (seeded) where they are missing, runs
``tanhui sinks map`` in a process of its own and prints wall time, peak memory and the floor: reading the rasters.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from rasterio.shutil import copy
from rasterio.transform import from_origin

SIDE = 1733  # 1733 x 1733 hectares are 3.003 million
MONTHS_C = np.array([-17, -13, -5, 4, 11, 17, 19, 17, 11, 3, -7, -14.0])
MONTHS_RAIN = np.array([3, 4, 7, 14, 30, 55, 95, 75, 35, 14, 6, 4.0])
MONTHS_PET = np.array([6, 12, 35, 75, 125, 145, 140, 115, 75, 40, 14, 6.0])


def smooth(seed: int, low: float, high: float) -> np.ndarray:
    """A field with hills of some tens of kilometres, between two values."""
    coarse = np.random.default_rng(seed).uniform(0, 1, (24, 24))
    at = np.linspace(0, 22.999, SIDE)
    i, f = at.astype(int), at % 1
    rows = coarse[i] * (1 - f)[:, None] + coarse[i + 1] * f[:, None]
    return low + (high - low) * (rows[:, i] * (1 - f) + rows[:, i + 1] * f)


def write(path: Path, bands: list[np.ndarray]) -> None:
    """One COG in the Albers system of northern China."""
    crs = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +datum=WGS84 +units=m"
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": len(bands), "dtype": "float32", "crs": crs}
    plain = path.with_suffix(".plain.tif")
    with rasterio.open(
        plain, "w", transform=from_origin(400_000, 4_900_000, 100, 100), nodata=-9999, **profile
    ) as made:
        for number, band in enumerate(bands, 1):
            made.write(band.astype("float32"), number)
    copy(plain, path, driver="COG", compress="DEFLATE", predictor=3, blocksize=256)
    plain.unlink()


def prepare(folder: Path) -> Path:
    """The rasters and the plan."""
    plan = folder / "map.toml"
    if plan.exists():
        return plan
    cold, wet = smooth(1, -6, 3), smooth(2, 0.6, 1.5)
    write(folder / "soc.tif", [smooth(3, 25, 110)])
    write(folder / "soc_se.tif", [smooth(4, 3, 12)])
    write(folder / "clay.tif", [smooth(5, 0.08, 0.35)])
    write(folder / "ratio.tif", [smooth(6, 0.85, 1.35)])
    write(folder / "t.tif", [cold + month for month in MONTHS_C])
    write(folder / "rain.tif", [wet * month for month in MONTHS_RAIN])
    write(folder / "pet.tif", [smooth(7, 0.8, 1.2) * month for month in MONTHS_PET])
    plan.write_text(
        "years = 20\n[layers]\n"
        + "".join(
            f'{name} = "{file}.tif"\n'
            for name, file in {
                "soc_t_ha": "soc", "soc_se_t_ha": "soc_se", "clay_share": "clay", "input_ratio": "ratio",
                "temperature_c": "t", "rain_mm": "rain", "pet_mm": "pet",
            }.items()
        ),
        encoding="utf-8",
    )  # fmt: skip
    return plan


def floor_s(folder: Path) -> float:
    """Seconds to decode every raster once."""
    start = time.perf_counter()
    for path in folder.glob("*.tif"):
        with rasterio.open(path) as dataset:
            for _, window in dataset.block_windows(1):
                dataset.read(window=window)
    return time.perf_counter() - start


def main() -> None:
    """Prepare, run, print."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    plan = prepare(folder)
    start = time.perf_counter()
    run = [sys.executable, "-m", "tanhui", "sinks", "map", "grassland", str(plan), "--out", str(folder / "out")]
    subprocess.run(run, check=True)
    wall = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    pixels = SIDE * SIDE
    print(f"{pixels * 1e-6:.3f} million ha, 20 years: {wall:.1f} s, {peak_mb:.0f} MB at most")
    print(f"{pixels * 240 / wall / 1e6:.1f} million pixel-months/s")
    print(f"decoding the rasters alone: {floor_s(folder):.1f} s")


if __name__ == "__main__":
    main()
