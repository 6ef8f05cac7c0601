"""One Cloud-optimised GeoTIFF out of the blocks of a run."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tanhui.sensing.raster.grids import Grid
from tanhui.sensing.raster.stack import Block

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["write_cog"]

TILE = 256


def write_cog(
    path: Path, grid: Grid, cut: Iterable[Block], pixels: Callable[[Block], NDArray[np.float32]], description: str
) -> None:
    """Write a raster of one band with overviews; NaN is no data.

    Parameters
    ----------
    pixels : callable
        The values of a block, shape (height, width).

    Raises
    ------
    OSError
        If the disk takes no more.
    """
    from rasterio._err import CPLE_BaseError  # the only name of what GDAL says when a write fails
    from rasterio.errors import RasterioIOError
    from rasterio.shutil import copy

    plain = path.with_suffix(".plain.tif")
    try:
        _write_plain(plain, grid, cut, pixels, description)
        copy(plain, path, driver="COG", compress="DEFLATE", predictor=3, blocksize=TILE, resampling="average")
    except (CPLE_BaseError, RasterioIOError) as error:
        raise OSError(errno.EIO, str(error.__cause__ or error), str(path)) from None
    finally:
        plain.unlink(missing_ok=True)


def _write_plain(
    path: Path, grid: Grid, cut: Iterable[Block], pixels: Callable[[Block], NDArray[np.float32]], description: str
) -> None:
    """The raster without overviews, which a COG is copied from."""
    import rasterio
    from rasterio.crs import CRS
    from rasterio.windows import Window

    shape = {"width": grid.width, "height": grid.height, "count": 1, "dtype": "float32", "nodata": float("nan")}
    tiles = {"tiled": True, "blockxsize": TILE, "blockysize": TILE, "BIGTIFF": "IF_SAFER"}
    with rasterio.open(
        path, "w", driver="GTiff", crs=CRS.from_wkt(grid.crs), transform=grid.affine, **shape, **tiles
    ) as made:
        made.set_band_description(1, description)
        for block in cut:
            made.write(pixels(block), 1, window=Window(block.column, block.row, block.width, block.height))
