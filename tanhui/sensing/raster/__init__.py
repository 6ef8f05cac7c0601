"""Rasters: many files on one grid, read block by block, and results that survive a kill until they become a COG.

:mod:`.grids` says whether files lie on one grid and what is wrong where they do not, :mod:`.stack` reads blocks,
:mod:`.parts` keeps the finished blocks of a run, :mod:`.cog` makes one Cloud-optimised GeoTIFF of them.
"""

from tanhui.sensing.raster.cog import write_cog
from tanhui.sensing.raster.grids import Grid, Layer, read_layers
from tanhui.sensing.raster.parts import Parts
from tanhui.sensing.raster.stack import Stack, blocks

__all__ = ["Grid", "Layer", "Parts", "Stack", "blocks", "read_layers", "write_cog"]
