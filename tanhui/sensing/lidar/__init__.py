"""Point clouds: terrain, canopy, trees and crowns from LAS and LAZ, in memory that does not grow with the cloud.

:mod:`.reading` decodes chunk by chunk and refuses what cannot be used, :mod:`.info` says what is in a file,
:mod:`.ground`, :mod:`.chm`, :mod:`.trees` and :mod:`.crowns` are pure functions of arrays, :mod:`.service` runs them
over tiles and :mod:`.writing` makes files. Biomass is not made here: geometry ends at height and crown.
"""

from tanhui.sensing.lidar.info import describe
from tanhui.sensing.lidar.reading import chunks, read_header
from tanhui.sensing.lidar.service import analysed, analysed_files
from tanhui.sensing.lidar.settings import Settings, Window
from tanhui.sensing.lidar.trees import raster_tops, tree_tops
from tanhui.sensing.lidar.writing import write_classified, write_raster, write_trees

__all__ = [
    "Settings",
    "Window",
    "analysed",
    "analysed_files",
    "chunks",
    "describe",
    "raster_tops",
    "read_header",
    "tree_tops",
    "write_classified",
    "write_raster",
    "write_trees",
]
