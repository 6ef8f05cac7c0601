"""Sinks by pixel: rasters in, rasters with their standard error and a total out, streamed and restartable.

A sink that can be mapped has ``maps.toml`` (which rasters it takes, what it gives) and a function ``pixels``; this room
composes them with the rasters of :mod:`tanhui.sensing.raster`.
"""

from tanhui.mrv.maps.model import MapPlan, mapped_sinks, read_plan
from tanhui.mrv.maps.service import run_map

__all__ = ["MapPlan", "mapped_sinks", "read_plan", "run_map"]
