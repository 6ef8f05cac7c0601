"""How a cloud is taken apart: the settings of each step, with the published defaults, which are data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.parameters import Parameters, load_parameters

__all__ = ["CrownSettings", "GroundSettings", "Settings", "SurfaceSettings", "Window", "limit", "parameters"]

#: Terrain cells along a tile. Memory grows with its square; results do not depend on it.
TILE_CELLS = 512


@cache
def parameters() -> Parameters:
    """The room's numbers."""
    return load_parameters(data_path("lidar", "parameters.toml"), "lidar")


def limit(name: str) -> float:
    """A number of the room by its name."""
    return parameters()[name].at(date.max).number()


def default(name: str) -> float:
    """A field whose value is data."""
    made: float = field(default_factory=lambda: limit(name))
    return made


@dataclass(frozen=True, slots=True)
class GroundSettings:
    """The simple morphological filter and the terrain made of what it leaves."""

    slope: float = default("ground_slope")
    window_m: float = default("ground_window")
    threshold_m: float = default("ground_threshold")
    scalar: float = default("ground_scalar")
    low_noise_slope: float = default("ground_low_noise_slope")
    gap_m: float = default("ground_gap")
    smoothed_m: float = default("ground_smoothed")


@dataclass(frozen=True, slots=True)
class SurfaceSettings:
    """The canopy height model."""

    gap_cells: int = field(default_factory=lambda: int(limit("chm_gap")))
    pit_m: float = default("chm_pit")


@dataclass(frozen=True, slots=True)
class Window:
    """Diameter of the circle in which a tree top is the highest point: ``fixed_m + per_metre * height``."""

    fixed_m: float = default("window_fixed")
    per_metre: float = default("window_per_metre")
    height_min_m: float = default("tree_height_min")


@dataclass(frozen=True, slots=True)
class CrownSettings:
    """What belongs to a crown."""

    height_min_m: float = default("tree_height_min")
    share: float = default("crown_share")
    above: float = default("crown_above")
    radius_m: float = default("crown_radius")


@dataclass(frozen=True, slots=True)
class Settings:
    """All steps, and the grid that they share."""

    cell_m: float = default("chm_cell")
    terrain_factor: int = field(default_factory=lambda: int(limit("terrain_factor")))
    normalised: bool = False
    tile_cells: int = TILE_CELLS
    ground: GroundSettings = field(default_factory=GroundSettings)
    surface: SurfaceSettings = field(default_factory=SurfaceSettings)
    window: Window = field(default_factory=Window)
    crowns: CrownSettings = field(default_factory=CrownSettings)

    def __post_init__(self) -> None:
        radius = (self.window.fixed_m + self.window.per_metre * self.window.height_min_m) / 2
        faults = []
        if not self.cell_m > 0 or not self.tile_cells > 0:
            faults.append(Fault("lidar.cell", value=f"{self.cell_m:g}"))
        elif not (radius >= self.cell_m * 2**0.5 and self.window.per_metre >= 0):
            # Only the highest point of a cell can then be a top, so that one is all that has to be kept.
            smallest = f"{2 * self.cell_m * 2**0.5:.2f}"
            faults.append(Fault("lidar.window", value=f"{2 * radius:g}", facts={"smallest": smallest}))
        if faults:
            raise RefusedInput(faults)
