"""Layers read block by block, so that a raster of any size needs the memory of one block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.sensing.raster.grids import Grid, Layer, opened

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Block", "Stack", "blocks"]


#: Decoded tiles that GDAL keeps; left alone it takes a twentieth of the machine. [MB]
CACHE_MB = 64


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of pixels, counted row by row."""

    number: int
    row: int
    column: int
    height: int
    width: int


def blocks(grid: Grid, side: int) -> Iterator[Block]:
    """Squares that cover a grid, the last of each row and column cut at its edge."""
    number = 0
    for row in range(0, grid.height, side):
        for column in range(0, grid.width, side):
            yield Block(number, row, column, min(side, grid.height - row), min(side, grid.width - column))
            number += 1


class Stack:
    """Open layers on one grid. One stack belongs to one thread."""

    def __init__(self, grid: Grid, layers: Sequence[Layer]) -> None:
        self._grid, self._layers = grid, layers
        self._open = ExitStack()
        self._sources: dict[str, Any] = {}

    def __enter__(self) -> Stack:
        import rasterio
        from rasterio.crs import CRS
        from rasterio.enums import Resampling
        from rasterio.vrt import WarpedVRT

        self._open.enter_context(rasterio.Env(GDAL_CACHEMAX=CACHE_MB))
        for layer in self._layers:
            source = self._open.enter_context(opened(layer.path))
            if not layer.aligned:
                # NaN where the source has nothing, whether it marks no data or merely ends there.
                warped = WarpedVRT(
                    source,
                    crs=CRS.from_wkt(self._grid.crs),
                    transform=self._grid.affine,
                    width=self._grid.width,
                    height=self._grid.height,
                    resampling=Resampling.nearest,
                    dtype="float64",
                    nodata=float("nan"),
                )
                source = self._open.enter_context(warped)
            self._sources[layer.name] = source
        return self

    def __exit__(self, *args: object) -> None:
        self._open.close()

    def read(self, block: Block) -> dict[str, NDArray[np.float64]]:
        """Each layer in a block, by its scale and offset, NaN where it has no data. shape (pixels, bands)

        Raises
        ------
        RefusedInput
            If a file is damaged there.
        """
        import numpy as np
        import rasterio
        from rasterio.windows import Window

        window = Window(block.column, block.row, block.width, block.height)
        found = {}
        for layer in self._layers:
            source = self._sources[layer.name]
            try:
                read = source.read(window=window, masked=True)
            except rasterio.RasterioIOError as error:
                facts = {"detail": str(error.__cause__ or error)[:200]}
                raise RefusedInput(
                    [Fault("raster.unreadable", layer.path.name, column=layer.name, facts=facts)]
                ) from None
            plain = np.ma.filled(read.astype(float), np.nan).reshape(source.count, -1).T
            found[layer.name] = np.ascontiguousarray(plain * source.scales + source.offsets)
        return found
