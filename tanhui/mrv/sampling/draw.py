"""Where the plots lie: points drawn in polygons so that every place has the same chance.

Outlines and points are in metres of an equal-area projection. A plot must lie inside its polygon, so points are drawn
in the polygon less a margin, the *frame*; what the margin takes away has no chance, and :attr:`PointFrame.share` says
how much that is. Two layouts:

==========  =====================================================================================================
random      points independent of each other, each uniform over the frame. The list has no end: the first n are
            the sample, the next the reserves, and a larger sample later begins with the smaller one.
grid        a square grid with random start and direction: how many of its points lie in the frame is random, its
            expectation is n. No point is nearer to another than the spacing.
==========  =====================================================================================================

Either way a piece of frame of the area a holds, on the average over draws, ``n a / A`` points: the first-order
inclusion that the estimators of :mod:`tanhui.mrv.sampling.estimators` rest on. Independent points may lie closer than
the size of a plot; to reject those would give the edges of the frame a higher chance than its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["DrawnPoints", "PointFrame", "grid_points", "grid_spacing", "point_frame", "random_points"]

#: Segments of a quarter circle: the margin around an inner corner is off by less than 1e-4 of itself.
ARC_SEGMENTS = 64
#: Starts and directions that a spacing is tried with before one is drawn: along each side of a cell, and turned.
TRIAL_STARTS, TRIAL_TURNS = 6, 4
#: How much denser a grid becomes while one of the trials leaves too few points, and the most times.
DENSER, MOST_TIMES = 1.15, 40


@dataclass(frozen=True, slots=True, eq=False)
class PointFrame:
    """Where points may lie.

    Attributes
    ----------
    inner : ndarray of shapely geometry, shape (m,)
        Each outline less the margin; empty where a plot has no room.
    area_m2, outline_m2 : ndarray of float, shape (m,)
        Area of each with and without the margin. [m2]
    triangles : ndarray of float, shape (k, 3, 2)
        The inner polygons cut into triangles. [m]
    piece : ndarray of int, shape (k,)
        Which outline each triangle is of.
    """

    inner: NDArray[Any]
    area_m2: NDArray[np.float64]
    outline_m2: NDArray[np.float64]
    triangles: NDArray[np.float64]
    piece: NDArray[np.intp]

    @property
    def total_m2(self) -> float:
        """Area in which points may lie. [m2]"""
        return float(self.area_m2.sum())

    @property
    def share(self) -> float:
        """Share of the outlines' area in which points may lie. [1]"""
        return self.total_m2 / float(self.outline_m2.sum())


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPoints:
    """Points of one draw.

    Attributes
    ----------
    xy_m : ndarray of float, shape (n, 2)
        [m]
    piece : ndarray of int, shape (n,)
        Outline that each lies in.
    density_per_m2 : float
        Expected points per area of the frame, the same everywhere. [1/m2]
    spacing_m, angle_rad : float
        Of a grid; NaN for independent points.
    """

    xy_m: NDArray[np.float64]
    piece: NDArray[np.intp]
    density_per_m2: float
    spacing_m: float = float("nan")
    angle_rad: float = float("nan")


def point_frame(outlines: Sequence[Any], margin_m: float) -> PointFrame:
    """The frame of some outlines.

    Parameters
    ----------
    outlines : sequence of shapely polygons or multipolygons
        In metres of an equal-area projection; they do not overlap.
    margin_m : float
        Least distance of a point to the edge: the radius of a plot, or half the diagonal of a square one. [m]

    Raises
    ------
    DomainError
        If the margin is negative, or leaves room nowhere.
    """
    import shapely

    if not margin_m >= 0:
        raise DomainError("sampling.margin_negative", margin=margin_m)
    shapes = np.array(outlines, object)
    inner = shapely.buffer(shapes, -margin_m, quad_segs=ARC_SEGMENTS) if margin_m else shapes
    # A corner that the margin reached leaves a polygon of next to no area, which has no inside to cut.
    cut = shapely.constrained_delaunay_triangles(inner)
    parts, piece = shapely.get_parts(cut, return_index=True)
    if not len(parts):
        raise DomainError("sampling.no_room", margin=f"{margin_m:g}")
    corners = shapely.get_coordinates(parts).reshape(len(parts), 4, 2)[:, :3]
    return PointFrame(inner, shapely.area(inner), shapely.area(shapes), corners, piece.astype(np.intp))


def random_points(frame: PointFrame, n: int, random: np.random.Generator) -> DrawnPoints:
    """Independent points, each uniform over the frame; the first of them are the same for any ``n``.

    A triangle by its area, then a place in it: the corner A and two sides, (u, v) folded into the lower half of the
    unit square.
    """
    u = random.random((n, 3))  # one row a point, so that a longer list begins with the shorter one
    a, b, c = (frame.triangles[:, corner] for corner in range(3))
    area = np.abs(np.cross(np.c_[b - a, np.zeros(len(a))], np.c_[c - a, np.zeros(len(a))])[:, 2]) / 2
    ends = np.cumsum(area)
    at = np.minimum(np.searchsorted(ends, u[:, 0] * ends[-1], side="right"), len(ends) - 1)
    fold = u[:, 1] + u[:, 2] > 1
    s, t = np.where(fold, 1 - u[:, 1], u[:, 1])[:, None], np.where(fold, 1 - u[:, 2], u[:, 2])[:, None]
    xy = a[at] + s * (b - a)[at] + t * (c - a)[at]
    return DrawnPoints(xy, frame.piece[at], n / frame.total_m2)


def grid_spacing(frame: PointFrame, n: float, *, minimum: int = 2) -> float:
    """The spacing of a square grid of which ``n`` points are expected in the frame. [m]

    The root of frame area over n; while one of a fixed set of trial starts leaves fewer than ``minimum`` points, the
    grid is made denser. No start is drawn for it, so every place keeps the same chance.
    """
    spacing = float(np.sqrt(frame.total_m2 / n))
    for _ in range(MOST_TIMES):
        if all(len(_inside(frame, spacing, turn, start)[1]) >= minimum for turn, start in _trials()):
            break
        spacing /= float(np.sqrt(DENSER))
    return spacing


def grid_points(frame: PointFrame, spacing_m: float, random: np.random.Generator, *, minimum: int = 1) -> DrawnPoints:
    """A square grid with random start and direction, in rows from one side to the other and back.

    Raises
    ------
    DomainError
        If the grid that was drawn leaves fewer than ``minimum`` points.
    """
    x, y, turn = random.random(3)
    angle = turn * np.pi / 2
    xy, piece = _inside(frame, spacing_m, angle, (x, y))
    if len(xy) < minimum:
        raise DomainError("sampling.grid_too_coarse", count=len(xy), minimum=minimum)
    return DrawnPoints(xy, piece, 1 / spacing_m**2, spacing_m, float(angle))


def _trials() -> list[tuple[float, tuple[float, float]]]:
    """Directions and starts spread evenly over all there are."""
    steps = np.arange(TRIAL_STARTS) / TRIAL_STARTS
    turns = np.arange(TRIAL_TURNS) * np.pi / 2 / TRIAL_TURNS
    return [(float(turn), (float(x), float(y))) for turn in turns for x in steps for y in steps]


def _inside(
    frame: PointFrame, spacing_m: float, angle_rad: float, start: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The points of a grid that lie in the frame, and in which outline."""
    import shapely

    corners = frame.triangles.reshape(-1, 2)
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    along = np.array([[np.cos(angle_rad), np.sin(angle_rad)], [-np.sin(angle_rad), np.cos(angle_rad)]])
    turned = (corners - middle) @ along.T
    origin = np.asarray(start, float)
    low = np.floor(turned.min(axis=0) / spacing_m - origin).astype(int)
    high = np.ceil(turned.max(axis=0) / spacing_m - origin).astype(int)
    columns, rows = np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1)
    # Rows are walked to and fro, so that neighbours in the list are neighbours on the ground.
    i = np.concatenate([columns[:: 1 if k % 2 == 0 else -1] for k in range(len(rows))])
    j = np.repeat(rows, len(columns))
    xy = (np.column_stack([i, j]) + origin) * spacing_m @ along + middle
    places = shapely.STRtree(frame.inner).query(shapely.points(xy), predicate="intersects")
    order = np.argsort(places[0], kind="stable")
    point, piece = places[0][order], places[1][order]
    first = np.unique(point, return_index=True)[1]  # a point on a shared border is one point
    return xy[point[first]], piece[first].astype(np.intp)
