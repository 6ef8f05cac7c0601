"""What can be wrong with the outlines of parcels: geometry only, no attributes, no files.

All geometries are in CGCS2000 degrees; lengths and areas are measured on the ellipsoid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.units import M2_PER_HA
from tanhui.sensing.inventory.crs import ellipsoidal_area_ha
from tanhui.sensing.inventory.limits import limit

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Overlap", "duplicates", "outline_fault", "overlaps"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two parcels, by their place in the sequence, and the area they share. [m2]"""

    first: int
    second: int
    area_m2: float


def outline_fault(shape: Any) -> tuple[str, str] | None:
    """What is wrong with one outline, as a fault's name and its particulars.

    Returns
    -------
    tuple of str, or None
        ``empty``, ``not_polygon``, ``not_finite``, ``self_crossing``, ``multi_part`` or ``sliver``.
    """
    import shapely

    if shape is None or shape.is_empty:
        return "empty", ""
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        return "not_polygon", shape.geom_type
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return "not_finite", ""
    if not shape.is_valid:
        return "self_crossing", shapely.is_valid_reason(shape)
    if shape.geom_type == "MultiPolygon" and len(shape.geoms) > 1:
        return "multi_part", str(len(shape.geoms))
    return _sliver(shape)


def _sliver(shape: Any) -> tuple[str, str] | None:
    """Tiny or needle-shaped polygons, which digitising leaves behind."""
    from pyproj import Geod

    area_m2 = float(ellipsoidal_area_ha([shape])[0]) * M2_PER_HA
    perimeter_m = float(Geod(ellps="GRS80").geometry_length(shape.boundary))
    compactness = 4 * np.pi * area_m2 / perimeter_m**2 if perimeter_m else 0.0
    if area_m2 < limit("sliver_area_m2") or compactness < limit("sliver_compactness"):
        return "sliver", f"{area_m2:.1f} m2"
    return None


def duplicates(shapes: Sequence[Any]) -> list[tuple[int, int]]:
    """Pairs of outlines that are the same polygon, wherever their points start; each later one with its first."""
    first: dict[bytes, int] = {}
    pairs = []
    for place, shape in enumerate(shapes):
        if shape is None or shape.is_empty:
            continue
        key = bytes(shape.normalize().wkb)
        if key in first:
            pairs.append((first[key], place))
        else:
            first[key] = place
    return pairs


def overlaps(shapes: Sequence[Any]) -> list[Overlap]:
    """Every pair of parcels that share more than digitising noise, found through a spatial index.

    Duplicates are left to :func:`duplicates`; outlines that are empty or cross themselves are skipped.
    """
    from shapely import STRtree

    usable = [p for p, s in enumerate(shapes) if s is not None and not s.is_empty and s.is_valid and s.area > 0]
    if len(usable) < 2:
        return []
    tree = STRtree([shapes[place] for place in usable])
    same = set(duplicates(shapes))
    found = []
    left, right = tree.query([shapes[place] for place in usable], predicate="intersects")
    for a, b in sorted(zip(left.tolist(), right.tolist(), strict=True)):
        pair = (usable[a], usable[b])
        if a >= b or pair in same:
            continue
        shared = shapes[pair[0]].intersection(shapes[pair[1]])
        polygons = [p for p in getattr(shared, "geoms", [shared]) if p.geom_type in ("Polygon", "MultiPolygon")]
        area_m2 = float(ellipsoidal_area_ha(polygons).sum()) * M2_PER_HA
        if area_m2 > limit("overlap_floor_m2"):
            found.append(Overlap(*pair, area_m2))
    return found
