"""A map of stock as the checks use it: its value at each plot and the rank of that in the stratum, and per parcel.

Any single-band GeoTIFF whose values rise with the stock: only order, ratios within a stratum, and land without trees
are made use of, so its unit does not matter.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.projects.audit.rules import audit_limit

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray
    from rasterio import Affine

__all__ = ["with_map"]

#: More pixels about the parcels than this are read at a coarser step.
PIXELS_MOST = 25_000_000


def with_map(
    path: Path, plots: pd.DataFrame, parcels: pd.DataFrame, frame: gpd.GeoDataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Plots with ``map_t_ha`` and ``map_rank``, parcels with ``map_t_ha`` and ``map_bare_share``.

    Raises
    ------
    RefusedInput
        If it is no GeoTIFF with a coordinate system, or does not meet the parcels.
    """
    import rasterio
    from rasterio.features import rasterize
    from rasterio.windows import from_bounds

    try:
        data = rasterio.open(path, driver="GTiff")
    except (rasterio.errors.RasterioIOError, OSError):
        raise RefusedInput([Fault("audit.map_unreadable", path.name)]) from None
    with data:
        if data.crs is None:
            raise RefusedInput([Fault("audit.map_without_crs", path.name)])
        land = frame.to_crs(data.crs)
        window = from_bounds(*land.total_bounds, data.transform).round_offsets().round_lengths(op="ceil")
        try:
            window = window.intersection(rasterio.windows.Window(0, 0, data.width, data.height))
        except rasterio.errors.WindowError:
            raise RefusedInput([Fault("audit.map_elsewhere", path.name)]) from None
        step = max(1, int(np.ceil(np.sqrt(window.width * window.height / PIXELS_MOST))))
        shape = (max(1, int(window.height // step)), max(1, int(window.width // step)))
        values = data.read(1, window=window, out_shape=shape, masked=True).astype(float).filled(np.nan)
        fine, across, down = data.window_transform(window), window.width / shape[1], window.height / shape[0]
        transform = rasterio.Affine(fine.a * across, fine.b * down, fine.c, fine.d * across, fine.e * down, fine.f)
        label = rasterize(
            zip(land.geometry, range(1, len(land) + 1), strict=True),
            out_shape=shape,
            transform=transform,
            dtype="int32",
        )
        at = _at_plots(plots, values, transform, data.crs)
    good = (label > 0) & np.isfinite(values)
    if not good.any():
        raise RefusedInput([Fault("audit.map_elsewhere", path.name)])
    return _plots(plots, at, parcels, label, values, good), _parcels(parcels, label, values, good)


def _at_plots(plots: pd.DataFrame, values: NDArray[np.float64], transform: Affine, crs: Any) -> NDArray[np.float64]:
    """The value under each plot, NaN where it has no position or the map no value."""
    import geopandas

    points = geopandas.GeoSeries.from_xy(plots["lon"], plots["lat"], crs=4490).to_crs(crs)
    found = np.full(len(plots), np.nan)
    given = np.flatnonzero(plots["lon"].notna().to_numpy() & plots["lat"].notna().to_numpy())
    back = ~transform
    x, y = points.x.to_numpy()[given], points.y.to_numpy()[given]
    row = np.floor(back.d * x + back.e * y + back.f).astype(int)
    column = np.floor(back.a * x + back.b * y + back.c).astype(int)
    inside = (row >= 0) & (row < values.shape[0]) & (column >= 0) & (column < values.shape[1])
    found[given[inside]] = values[row[inside], column[inside]]
    return found


def _plots(
    plots: pd.DataFrame,
    at: NDArray[np.float64],
    parcels: pd.DataFrame,
    label: NDArray[np.int32],
    values: NDArray[np.float64],
    good: NDArray[np.bool_],
) -> pd.DataFrame:
    """Where each plot stands among the pixels of its stratum, ties by half."""
    rank = np.full(len(plots), np.nan)
    strata = parcels["stratum"].to_numpy(object)
    of_pixel = strata[label[good] - 1]
    for name in sorted(set(strata)):
        pixels = np.sort(values[good][of_pixel == name])
        mine = np.flatnonzero((plots["stratum"] == name).to_numpy() & np.isfinite(at))
        if len(pixels):
            low, high = (np.searchsorted(pixels, at[mine], side) for side in ("left", "right"))
            rank[mine] = (low + high) / 2 / len(pixels)
    return plots.assign(map_t_ha=at, map_rank=rank)


def _parcels(
    parcels: pd.DataFrame, label: NDArray[np.int32], values: NDArray[np.float64], good: NDArray[np.bool_]
) -> pd.DataFrame:
    """Mean of each parcel, and the share of it that is bare for its stratum; NaN where no pixel lies in it."""
    number, value = label[good] - 1, values[good]
    count = np.bincount(number, minlength=len(parcels)).astype(float)
    strata = parcels["stratum"].to_numpy(object)
    usual = np.full(len(parcels), np.nan)
    for name in sorted(set(strata)):
        mine = strata[number] == name
        if mine.any():
            usual[strata == name] = np.median(value[mine])
    bare = np.bincount(number, value < audit_limit("bare_level") * usual[number], minlength=len(parcels))
    with np.errstate(invalid="ignore", divide="ignore"):
        return parcels.assign(
            map_t_ha=np.bincount(number, value, minlength=len(parcels)) / count, map_bare_share=bare / count
        )
