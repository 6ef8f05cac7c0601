"""Grids: where the pixels of a raster lie, and whether several rasters share them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.units import M2_PER_HA

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

__all__ = ["Grid", "Layer", "read_layers"]

#: Corners that differ by less than this share of a pixel are the same: files round their numbers.
SAME = 1e-3


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
        a, b, _, d, e, _ = self.transform
        return abs(a * e - b * d) / M2_PER_HA

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
        With every file that cannot be read, has no coordinate system or one in degrees, too few bands or another grid.
    """
    import rasterio

    faults: list[Fault] = []
    grid: Grid | None = None
    layers = []
    for name, path in files.items():
        try:
            with rasterio.open(path) as dataset:
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


def _own_faults(dataset: DatasetReader, name: str, path: Path, wanted: int) -> list[Fault]:
    """What is wrong with a raster by itself."""
    faults = []
    if dataset.crs is None:
        faults.append(Fault("raster.no_crs", path.name, column=name))
    elif not dataset.crs.is_projected:
        faults.append(Fault("raster.degrees", path.name, column=name, value=str(dataset.crs)[:80]))
    if dataset.count != wanted:
        faults.append(Fault("raster.bands", path.name, column=name, value=str(dataset.count), facts={"wanted": wanted}))
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
