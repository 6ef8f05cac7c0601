"""A small piece of land for the tests: the example project with images and surveys made about its parcels."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas
import numpy as np
import rasterio
import shapely
from rasterio.enums import ColorInterp, Resampling
from rasterio.transform import from_bounds, from_origin

import tanhui
from tanhui.projects.model import load_project
from tanhui.projects.site import read_parcels

EXAMPLE = Path(tanhui.__file__).parent.parent / "examples" / "afforestation-hunan"


def project(folder: Path) -> Path:
    """A copy of the example project; it starts on 2014-03-10."""
    target = folder / "project"
    shutil.copytree(EXAMPLE, target)
    return target


def parcels(folder: Path) -> geopandas.GeoDataFrame:
    """Its parcels in CGCS2000."""
    loaded = load_project(folder)
    return read_parcels(loaded, folder).frame  # type: ignore[arg-type]


def raster(
    path: Path,
    frame: geopandas.GeoDataFrame,
    *,
    crs: str = "EPSG:32649",
    pixel: float = 10.0,
    bands: int = 4,
    dtype: str = "uint16",
    value: tuple[float, ...] | None = None,
    nodata: float | None = None,
    share: float = 1.0,
    turned_deg: float = 0.0,
    overviews: bool = False,
    **profile: object,
) -> Path:
    """An image over the parcels: noise about a value for each band; ``share`` of the land from the west is covered."""
    west, south, east, north = frame.to_crs(crs).total_bounds
    room = 0.05 * max(east - west, north - south)
    west, south, east, north = west - room, south - room, west - room + share * (east - west + 2 * room), north + room
    width, height = int((east - west) / pixel) + 1, int((north - south) / pixel) + 1
    transform = from_origin(west, north, pixel, pixel)
    if turned_deg:
        transform = transform @ rasterio.Affine.rotation(turned_deg)
    random = np.random.default_rng(3)
    means = value or tuple(300.0 * (n + 1) for n in range(bands))
    data = np.stack([random.normal(mean, 0.08 * mean, (height, width)) for mean in means])
    if dtype.startswith("uint"):
        data = np.clip(data, 1, np.iinfo(dtype).max)
    options = {"driver": "GTiff", "width": width, "height": height, "count": len(means), "dtype": dtype, "crs": crs}
    with rasterio.open(path, "w", **options, transform=transform, nodata=nodata, **profile) as out:  # type: ignore[arg-type]
        out.write(data.astype(dtype))
        if len(means) == 4:
            out.descriptions = ("blue", "green", "red", "nir")
        if overviews:
            out.build_overviews([2, 4, 8], Resampling.average)
    return path


def rgb(path: Path, frame: geopandas.GeoDataFrame, colour: tuple[int, int, int], *, crs: str = "EPSG:4326") -> Path:
    """An 8-bit colour image in degrees."""
    west, south, east, north = frame.to_crs(crs).total_bounds
    size = 600
    data = np.clip(np.random.default_rng(1).normal(np.array(colour)[:, None, None], 12, (3, size, size)), 0, 255)
    transform = from_bounds(west - 0.002, south - 0.002, east + 0.002, north + 0.002, size, size)
    options = {"driver": "GTiff", "width": size, "height": size, "count": 3, "dtype": "uint8", "crs": crs}
    with rasterio.open(path, "w", **options, transform=transform, photometric="RGB") as out:  # type: ignore[arg-type]
        out.write(data.astype("uint8"))
        out.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
    return path


def survey(
    path: Path, frame: geopandas.GeoDataFrame, classes: dict[int, str], *, forest: set[str] = frozenset()
) -> Path:  # type: ignore[assignment]
    """A survey of one class a year over everything; parcels in ``forest`` are cut out as 乔木林地 in the last year."""
    whole = shapely.box(*frame.total_bounds).buffer(0.01)
    rows = []
    for year, word in classes.items():
        woods = frame[frame["parcel_id"].isin(forest)].geometry if year == max(classes) else frame.iloc[:0].geometry
        rest = whole.difference(shapely.union_all(list(woods))) if len(woods) else whole
        rows.append({"地类": word, "年份": year, "geometry": rest})
        rows += [{"地类": "乔木林地", "年份": year, "geometry": shape} for shape in woods]
    geopandas.GeoDataFrame(rows, crs="EPSG:4490").to_file(path, driver="GPKG")
    return path
