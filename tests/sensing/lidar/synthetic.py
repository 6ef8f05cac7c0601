"""Plots whose trees and terrain are known: pulses from above meet crowns, brushwood and the ground below them.

A pulse comes straight down and is reflected by the first crown it meets, or, with some chance at each, goes on to the
next; what stands below dense crowns is therefore seen seldom. Crowns are cones or half ellipsoids. Nothing here is used
by the product.
"""

from dataclasses import dataclass
from pathlib import Path

import laspy
import numpy as np


@dataclass(frozen=True)
class Stand:
    """Trees of a plot: place of the top, height, radius and depth of the crown. [m]"""

    x: np.ndarray
    y: np.ndarray
    height: np.ndarray
    radius: np.ndarray
    depth: np.ndarray
    cone: np.ndarray


def terrain(x: np.ndarray, y: np.ndarray, slope: float = 0.3) -> np.ndarray:
    """A slope with hills 4 m high and 60 m apart. [m]"""
    return 500.0 + slope * x + 2.0 * np.sin(x * 2 * np.pi / 60) * np.cos(y * 2 * np.pi / 60)


def stand(side: float, spacing: float, seed: int) -> Stand:
    """Trees about ``spacing`` apart, none so near the edge that its crown leaves the plot."""
    rng = np.random.default_rng(seed)
    at = np.arange(spacing, side - spacing / 2, spacing)
    x, y = (a.ravel() + rng.uniform(-0.15, 0.15, a.size) * spacing for a in np.meshgrid(at, at))
    height = rng.uniform(8, 28, x.size)
    radius = spacing * rng.uniform(0.35, 0.5, x.size)
    return Stand(x, y, height, radius, height * rng.uniform(0.4, 0.7, x.size), rng.random(x.size) < 0.5)


def crown_height(trees: Stand, number: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of a tree's crown above the foot of the tree; NaN beside it. [m]"""
    part = np.hypot(x - trees.x[number], y - trees.y[number]) / trees.radius[number]
    shape = 1 - part if trees.cone[number] else np.sqrt(np.clip(1 - part**2, 0, None))
    surface = trees.height[number] - trees.depth[number] * (1 - shape)
    return np.where(part <= 1, surface, np.nan)


def scan(
    trees: Stand,
    side: float,
    density: float,
    seed: int,
    *,
    slope: float = 0.3,
    through: float = 0.3,
    noise: float = 0.02,
    brushwood: float = 0.1,
    low_noise: int = 0,
) -> np.ndarray:
    """Points of a plot; each tree's top is hit by one pulse of its own. shape (n, 4): x, y, z, 1 for ground.

    Parameters
    ----------
    through : float
        Chance that a pulse goes through a crown.
    brushwood : float
        Share of the pulses near the ground that are reflected up to 1.5 m above it.
    low_noise : int
        Points some metres below the ground.
    """
    rng = np.random.default_rng(seed)
    count = int(density * side**2)
    x, y = np.concatenate([rng.uniform(0, side, (2, count)), [trees.x, trees.y]], axis=1)
    own = np.r_[np.full(count, -1), np.arange(trees.x.size)]
    ground = terrain(x, y, slope)
    feet = terrain(trees.x, trees.y, slope)
    surfaces = np.array([feet[k] + crown_height(trees, k, x, y) for k in range(trees.x.size)]).reshape(-1, x.size)
    stopped = rng.random(surfaces.shape) > through
    stopped |= own == np.arange(trees.x.size)[:, None]
    hit = np.where(stopped & (surfaces > ground), surfaces, -np.inf).max(axis=0, initial=-np.inf)
    z = np.maximum(hit, ground)
    is_ground = ~(hit > ground)
    bush = is_ground & (rng.random(x.size) < brushwood)
    z += np.where(bush, rng.uniform(0.3, 1.5, x.size), 0.0)
    z += np.where(own < 0, rng.normal(0, noise, x.size), 0.0)
    points = np.column_stack([x, y, z, is_ground & ~bush])
    if low_noise:
        lx, ly = rng.uniform(0, side, (2, low_noise))
        deep = terrain(lx, ly, slope) - rng.uniform(8, 20, low_noise)
        points = np.vstack([points, np.column_stack([lx, ly, deep, np.zeros(low_noise)])])
    points[:, :3] = np.round(points[:, :3], 3)
    return points


def write(
    path: Path, points: np.ndarray, *, crs: str | None = "EPSG:32650", shift: tuple[float, float] = (0.0, 0.0), **dims
) -> Path:
    """A LAS or LAZ file of points; ``dims`` are more of their dimensions."""
    header = laspy.LasHeader(point_format=dims.pop("point_format", 6), version="1.4")
    header.scales, header.offsets = (0.001, 0.001, 0.001), (*shift, 0.0)
    if crs:
        from pyproj import CRS

        header.add_crs(CRS.from_user_input(crs))
    for name, values in dims.items():
        if name not in header.point_format.dimension_names:
            header.add_extra_dim(laspy.ExtraBytesParams(name=name, type=np.asarray(values).dtype))
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = points[:, 0] + shift[0], points[:, 1] + shift[1], points[:, 2]
    for name, values in dims.items():
        setattr(cloud, name, values)
    cloud.write(str(path))
    return path
