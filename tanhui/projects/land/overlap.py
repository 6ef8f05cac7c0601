"""How much land pairs of outlines share, and whether digitising explains it: geometries in, square metres out.

The steps are ordered by cost: boxes, then whether one outline covers the other, and only then the exact overlay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.projects.land.area import area_m2, polygons_of, scale_m_deg

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["boxes_meet", "narrow", "shared_land"]


def boxes_meet(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether the bounding boxes of each pair share an area; those that only touch share none."""
    import shapely

    a, b = shapely.bounds(left), shapely.bounds(right)
    inside = np.minimum(a[:, 2:], b[:, 2:]) > np.maximum(a[:, :2], b[:, :2])
    return np.asarray(inside.all(axis=1))


def shared_land(left: NDArray[Any], right: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """What each pair of outlines shares.

    Parameters
    ----------
    left, right : ndarray of shapely geometry, shape (n,)
        Valid, in CGCS2000 degrees. An outline that comes often is best on the left, as one object.

    Returns
    -------
    shared : ndarray of shapely geometry, shape (n,)
        None where nothing is shared.
    area_m2 : ndarray of float, shape (n,)
        [m2]
    """
    import shapely

    shared = np.full(len(left), None, object)
    shapely.prepare(left)
    near = np.flatnonzero(boxes_meet(left, right))
    near = near[shapely.intersects(left[near], right[near])]
    whole = shapely.covers(left[near], right[near])
    shared[near[whole]] = right[near[whole]]
    cut = near[~whole]
    shared[cut] = shapely.intersection(left[cut], right[cut])
    area = area_m2(shared)
    shared[area == 0] = None
    return shared, area


def narrow(shapes: NDArray[Any], width_m: float) -> NDArray[np.bool_]:
    """Whether outlines are nowhere wider than ``width_m``: no circle of that diameter fits into them.

    A figure without holes has room for a circle of radius area / perimeter, so most are told by that; the others are
    shrunk by half the width in the scale of their place, and are narrow where nothing is left. Pricked with tiny holes
    a wide figure stays wide: nobody makes land narrow with a needle.
    """
    import shapely

    polygons, owner = polygons_of(shapes)
    box = shapely.bounds(polygons)
    middle = (box[:, :2] + box[:, 2:]) / 2
    scale = np.column_stack(scale_m_deg(middle[:, 1]))
    room_m = shapely.area(polygons) / shapely.length(polygons) * scale.min(axis=1)
    wide = room_m > width_m / 2
    doubtful = np.flatnonzero(~wide)
    points, shape = shapely.get_coordinates(polygons[doubtful], return_index=True)
    metres = (points - middle[doubtful][shape]) * scale[doubtful][shape]
    flat = shapely.set_coordinates(polygons[doubtful], metres)
    wide[doubtful] = ~shapely.is_empty(shapely.buffer(flat, -width_m / 2))
    return np.asarray(np.bincount(owner[wide], minlength=len(shapes)) == 0)
