"""What a point cloud is: the facts of its header, and a chunk of its points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


__all__ = ["GROUND", "NOISE", "Chunk", "Header"]

#: Classes of the LAS specification: ground, and noise below and above.
GROUND, NOISE = 2, (7, 18)


@dataclass(frozen=True, slots=True)
class Header:
    """What a LAS or LAZ file says about itself, before a point is read."""

    path: Path
    version: str
    point_format: int
    compressed: bool
    points: int
    mins: tuple[float, float, float]
    maxs: tuple[float, float, float]
    scales: tuple[float, float, float]
    crs: str
    crs_name: str
    metres_per_unit: float | None
    degrees: bool
    extra_dims: tuple[str, ...]
    by_return: tuple[int, ...]

    @property
    def area_m2(self) -> float:
        """Area of the rectangle around the points, in the units of the file, squared."""
        return (self.maxs[0] - self.mins[0]) * (self.maxs[1] - self.mins[1])


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some points, in the order of the file. Coordinates are double precision: float32 has 0.5 m at five million."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    z: NDArray[np.float64]
    classes: NDArray[np.uint8]
    withheld: NDArray[np.bool_]
