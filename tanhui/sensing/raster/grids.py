"""Grids: where the pixels of a raster lie, and whether several rasters share them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.parameters import Parameters, load_parameters
from tanhui.kernel.units import M2_PER_HA

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

__all__ = ["Grid", "Layer", "opened", "read_layers"]

#: Corners that differ by less than this share of a pixel are the same: files round their numbers.
SAME = 1e-3
#: A GeoTIFF says everything itself. Files beside it may say otherwise and are in no digest; other formats may name
#: files, or hosts, of their own.
FORMAT = "GTiff"
ALONE = {"GDAL_PAM_ENABLED": "NO", "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}


@dataclass(frozen=True, slots=True)
class Grid:
    """Coordinate system, position and size of the pixels of a raster."""

    crs: str
    transform: tuple[float, ...]
    width: int
    height: int

    @classmethod
    def of(cls, dataset: DatasetReader) -> Grid:
        """The grid of an open raster."""
        crs = dataset.crs.to_wkt() if dataset.crs else ""
        return cls(crs, tuple(dataset.transform)[:6], dataset.width, dataset.height)

    @property
    def pixel_ha(self) -> float:
        """Area of a pixel in the plane of its coordinate system. [ha]"""
        from rasterio.crs import CRS

        metres = CRS.from_wkt(self.crs).linear_units_factor[1] if self.crs else 1.0
        a, b, _, d, e, _ = self.transform
        return abs(a * e - b * d) * metres**2 / M2_PER_HA

    def areal_scales(self) -> list[float]:
        """Area in the plane over area on the ground, at the middle and the corners; infinite off the Earth."""
        from pyproj import CRS, Proj, Transformer

        plane = CRS.from_wkt(self.crs)
        to_degrees = Transformer.from_crs(plane, plane.geodetic_crs, always_xy=True)
        places: list[tuple[float, float]] = [(0, 0), (self.width, 0), (0, self.height), (self.width, self.height)]
        places.append((self.width / 2, self.height / 2))
        a, b, c, d, e, f = self.transform
        degrees = [to_degrees.transform(a * x + b * y + c, d * x + e * y + f) for x, y in places]
        projection = Proj(plane)
        return [
            abs(float(projection.get_factors(*place).areal_scale)) if all(map(math.isfinite, place)) else math.inf
            for place in degrees
        ]

    @property
    def affine(self) -> Any:
        """The transform as rasterio wants it."""
        from rasterio import Affine

        return Affine(*self.transform)

    def same_place(self, other: Grid) -> bool:
        """Whether pixels fall on pixels."""
        step = max(abs(self.transform[0]), abs(self.transform[4]))
        near = all(abs(x - y) <= SAME * step for x, y in zip(self.transform, other.transform, strict=True))
        return near and (self.width, self.height) == (other.width, other.height)


@dataclass(frozen=True, slots=True)
class Layer:
    """A raster file that holds one quantity, in one or more bands."""

    name: str
    path: Path
    bands: int
    aligned: bool = True


def read_layers(
    files: Mapping[str, Path], bands: Mapping[str, int], *, align: bool = False
) -> tuple[Grid, list[Layer]]:
    """The grid of the first file, and every file as a layer on it.

    Parameters
    ----------
    files : mapping of str to Path
        Raster files by the name of what they hold; the first one's grid is that of the run.
    bands : mapping of str to int
        Bands that each must have.
    align : bool
        Whether a file on another grid is brought to the first one's (nearest pixel); refused otherwise.

    Raises
    ------
    RefusedInput
        With every file that cannot be read, lies nowhere, has pixels of no known area, numbers that are none, other
        bands or another grid, or promises more than a run can take.
    """
    import rasterio

    faults: list[Fault] = []
    grid: Grid | None = None
    layers = []
    for name, path in files.items():
        if not path.is_file():
            faults.append(Fault("file.missing", path.name, column=name))
            continue
        try:
            with opened(path) as dataset:
                own = Grid.of(dataset)
                faults += _own_faults(dataset, name, path, bands[name])
        except rasterio.RasterioIOError as error:
            faults.append(Fault("raster.unreadable", path.name, column=name, facts={"detail": str(error)[:200]}))
            continue
        grid = grid or own
        other = _other_grid(own, grid, name, path)
        if other is not None and not align:
            faults.append(other)
        layers.append(Layer(name, path, bands[name], other is None))
    if faults:
        raise RefusedInput(faults)
    assert grid is not None
    return grid, layers


@contextmanager
def opened(path: Path) -> Iterator[DatasetReader]:
    """A GeoTIFF as it stands, without what lies beside it."""
    import rasterio

    with rasterio.Env(**ALONE), rasterio.open(path, driver=FORMAT) as dataset:
        yield dataset


@cache
def _limits() -> Parameters:
    return load_parameters(data_path("raster", "limits.toml"), "raster")


def _limit(name: str) -> float:
    return _limits()[name].at(date.max).number()


def _own_faults(dataset: DatasetReader, name: str, path: Path, wanted: int) -> list[Fault]:
    """What is wrong with a raster by itself."""
    faults = _place_faults(dataset, name, path)
    if dataset.count != wanted:
        faults.append(Fault("raster.bands", path.name, column=name, value=str(dataset.count), facts={"wanted": wanted}))
    if complex_types := sorted({kind for kind in dataset.dtypes if kind.startswith("complex")}):
        faults.append(Fault("raster.complex", path.name, column=name, value=complex_types[0]))
    return faults + _size_faults(dataset, name, path)


def _place_faults(dataset: DatasetReader, name: str, path: Path) -> list[Fault]:
    """Whether it is known where the pixels lie, and how large they are on the ground."""
    if dataset.crs is None or not (dataset.crs.is_projected or dataset.crs.is_geographic):
        return [Fault("raster.no_crs", path.name, column=name)]
    if dataset.crs.is_geographic:
        return [Fault("raster.degrees", path.name, column=name, value=str(dataset.crs)[:80])]
    if dataset.transform.is_identity or dataset.transform.is_degenerate:
        return [Fault("raster.no_place", path.name, column=name)]
    scales = Grid.of(dataset).areal_scales()
    worst = max(scales, key=lambda scale: abs(scale - 1.0))
    if not abs(worst - 1.0) <= _limit("areal_distortion"):
        return [Fault("raster.not_equal_area", path.name, column=name, value=f"{worst:.3g}")]
    return []


def _size_faults(dataset: DatasetReader, name: str, path: Path) -> list[Fault]:
    """A file of a few bytes can promise any number of pixels, and one tile that fills the memory."""
    faults = []
    if (pixels := dataset.width * dataset.height) > (most := _limit("pixels")):
        facts = {"limit": f"{most:g}"}
        faults.append(Fault("raster.too_many_pixels", path.name, column=name, value=f"{pixels:g}", facts=facts))
    if (tile := max(high * wide for high, wide in dataset.block_shapes)) > (most := _limit("tile_pixels")):
        facts = {"limit": f"{most:g}"}
        faults.append(Fault("raster.tile_too_large", path.name, column=name, value=f"{tile:g}", facts=facts))
    return faults


def _other_grid(own: Grid, grid: Grid, name: str, path: Path) -> Fault | None:
    """The fault of lying on another grid, or nothing."""
    from rasterio.crs import CRS

    if own.crs and grid.crs and CRS.from_wkt(own.crs) != CRS.from_wkt(grid.crs):
        return Fault("raster.other_crs", path.name, column=name)
    if not own.same_place(grid):
        size, wanted = (f"{x.width} x {x.height}" for x in (own, grid))
        return Fault("raster.other_grid", path.name, column=name, value=size, facts={"wanted": wanted})
    return None
