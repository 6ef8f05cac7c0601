"""Outlines as people hand them in, judged and made into parcels; everything wrong is listed at once.

An outline is a polygon or several, in CGCS2000 degrees, longitude first. :func:`parcels_from` is the only way to a
:class:`Parcel`, so what the database holds is valid, on the map, no sliver, and in one normal form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.time import Period
from tanhui.kernel.units import convert
from tanhui.projects.land.area import area_m2, polygons_of
from tanhui.projects.land.limits import land_limit
from tanhui.projects.land.model import Parcel
from tanhui.projects.land.overlap import narrow, shared_land
from tanhui.sensing.inventory.crs import in_china
from tanhui.sensing.inventory.limits import limit

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["outline_faults", "parcels_from", "parcels_of_frame"]

#: What the geometry library says of an outline whose rings are sound one by one, and our name for it.
REASONS = {
    "Hole lies outside shell": "hole_outside",
    "Holes are nested": "holes_nested",
    "Interior is disconnected": "interior_cut",
    "Nested shells": "parts_overlap",
}


def parcels_of_frame(frame: gpd.GeoDataFrame, *, project: str, period: Period, file: str = "") -> tuple[Parcel, ...]:
    """Parcels from the table that ``sensing.inventory.read_xiaoban`` gives."""
    ids, rows = [str(name) for name in frame["parcel_id"]], [int(row) for row in frame.index]
    return parcels_from(ids, frame.geometry, project=project, period=period, file=file, rows=rows)


def parcels_from(
    ids: Sequence[str],
    shapes: Sequence[Any],
    *,
    project: str,
    period: Period,
    source: str = "",
    file: str = "",
    rows: Sequence[int] | None = None,
) -> tuple[Parcel, ...]:
    """One submission of a project as parcels.

    Parameters
    ----------
    ids : sequence of str
        The name of each parcel within the project.
    shapes : sequence of shapely geometry
        Polygons in CGCS2000 degrees, longitude first.
    project : str
    period : Period
        The days for which the land is claimed.
    source : str, optional
        The registry that the parcels come from; empty for this one.
    file, rows : optional
        Where faults are to point.

    Raises
    ------
    RefusedInput
        With every fault of every outline, and of outlines against each other.
    """
    import shapely

    outlines = np.fromiter(shapes, object, count=len(shapes))
    rows = rows or range(1, len(ids) + 1)
    faults = [*_set_faults(ids, file, rows)]
    if not any(fault.code == "land.too_many_parcels" for fault in faults):
        found = outline_faults(ids, outlines, file=file, rows=rows)
        sound = np.ones(len(ids), bool)
        sound[[place for place, _ in found]] = False
        faults += [fault for _, fault in found]
        faults += _inner_faults(ids, outlines, np.flatnonzero(sound), file, rows)
    if faults:
        raise RefusedInput(faults)
    normal = shapely.normalize(shapely.force_2d(outlines))
    written = shapely.to_wkb(normal, output_dimension=2, byte_order=1)
    sizes = area_m2(normal)
    return tuple(
        Parcel(name, project, bytes(wkb), period, float(size), source)
        for name, wkb, size in zip(ids, written, sizes, strict=True)
    )


def _set_faults(ids: Sequence[str], file: str, rows: Sequence[int]) -> Iterator[Fault]:
    """No parcels, too many, unnamed ones, and names that come twice."""
    most = land_limit("parcels_max")
    if not ids:
        yield Fault("land.no_parcels", file)
    if len(ids) > most:
        yield Fault("land.too_many_parcels", file, value=str(len(ids)), facts={"most": f"{most:.0f}"})
    seen: set[str] = set()
    for name, row in zip(ids, rows, strict=True):
        if not name.strip():
            yield Fault("land.unnamed", file, row=row, column="parcel_id")
        elif name in seen:
            yield Fault("land.doubled_id", file, row=row, column="parcel_id", value=name)
        seen.add(name)


def outline_faults(
    ids: Sequence[str], outlines: NDArray[Any], *, file: str = "", rows: Sequence[int]
) -> list[tuple[int, Fault]]:
    """Everything that is wrong with outlines, each with the place of its outline in the sequence."""
    import shapely

    outlines = np.asarray(outlines, object)
    found: list[tuple[int, str, dict[str, Any]]] = []
    unusable = [(place, *wrong) for place, shape in enumerate(outlines) if (wrong := _unusable(shape))]
    found += unusable
    usable = np.setdiff1d(np.arange(len(outlines)), [place for place, *_ in unusable]).astype(np.intp)
    found += _misplaced(outlines, usable)
    invalid = usable[~shapely.is_valid(outlines[usable])]
    found += [(int(place), *_invalid(outlines[place])) for place in invalid]
    whole = np.setdiff1d(usable, [place for place, *_ in found]).astype(np.intp)
    found += _slivers(outlines, whole)
    return [
        (place, Fault(f"land.{code}", file, row=rows[place], column="geometry", value=ids[place], facts=facts))
        for place, code, facts in sorted(found, key=lambda item: item[0])
    ]


def _unusable(shape: Any) -> tuple[str, dict[str, Any]] | None:
    """What keeps an outline from being looked at any further."""
    import shapely

    if shape is None or shape.is_empty:
        return "empty", {}
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        return "not_polygon", {"kind": shape.geom_type}
    count, most = int(shapely.get_num_coordinates(shape)), land_limit("vertices_max")
    if count > most:
        return "too_many_vertices", {"count": count, "most": f"{most:.0f}"}
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return "not_finite", {}
    return None


def _misplaced(outlines: NDArray[Any], usable: NDArray[np.intp]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Coordinates that are no degrees, in the wrong order, or on both sides of the 180th meridian."""
    import shapely

    parts, owner = shapely.get_parts(outlines[usable], return_index=True)
    wide = np.bincount(owner, weights=np.ptp(shapely.bounds(parts)[:, ::2], axis=1) > 180, minlength=len(usable)) > 0
    west, south, east, north = shapely.bounds(outlines[usable]).T
    x, y = np.maximum(np.abs(west), np.abs(east)), np.maximum(np.abs(south), np.abs(north))
    # The rectangle of China, mirrored, is sea and ice: an outline in it has its axes swapped.
    mirrored = in_china(south, west) & in_china(north, east) & ~in_china(west, south)
    swapped = mirrored | ((x <= 90) & (y > 90) & (y <= 180))
    metres = ~swapped & ((x > 360) | (y > 90))
    across = ~swapped & ~metres & (wide | (x > 180))
    for code, wrong in (("swapped", swapped), ("metres", metres), ("antimeridian", across)):
        for place in np.flatnonzero(wrong):
            corner = f"{west[place]:.10g}, {south[place]:.10g}"
            yield int(usable[place]), code, {"corner": corner}


def _invalid(shape: Any) -> tuple[str, dict[str, Any]]:
    """Why an outline encloses no definite area, and where."""
    import shapely

    reason, _, place = shapely.is_valid_reason(shape).rstrip("]").partition("[")
    where = {"where": place}
    for polygon in shapely.get_parts(shape):
        rings = shapely.get_rings(polygon)
        alone = [shapely.is_valid_reason(ring) for ring in shapely.polygons(rings)]
        if any(said.startswith("Too few points") for said in alone):
            return "too_few_points", where
        if any(said != "Valid Geometry" for said in alone):
            return "self_crossing", where
        if len({ring.wkb for ring in shapely.normalize(shapely.polygons(rings))}) < len(rings):
            return "doubled_ring", where
    if reason in REASONS:
        return REASONS[reason], where
    between = shapely.is_valid(shapely.get_parts(shape)).all()
    return ("parts_overlap" if between else "rings_meet"), where


def _slivers(outlines: NDArray[Any], whole: NDArray[np.intp]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Outlines with a part that is tiny or a needle, which digitising leaves behind."""
    parts, owner = polygons_of(outlines[whole])
    area = area_m2(parts)
    bad = (area < limit("sliver_area_m2")) | narrow(parts, land_limit("sliver_width_m"))
    for place in np.unique(owner[bad]):
        least = float(area[bad & (owner == place)].min())
        yield int(whole[place]), "sliver", {"m2": f"{least:,.2f}"}


def _inner_faults(
    ids: Sequence[str], outlines: NDArray[Any], sound: NDArray[np.intp], file: str, rows: Sequence[int]
) -> Iterator[Fault]:
    """Outlines of one submission that lie on each other: the same land counted twice by one project."""
    import shapely

    left, right = shapely.STRtree(outlines[sound]).query(outlines[sound])
    left, right = sound[left[left < right]], sound[right[left < right]]
    shared, area = shared_land(outlines[left], outlines[right])
    noted = np.flatnonzero(area > limit("overlap_floor_m2"))
    for pair in noted[~narrow(shared[noted], land_limit("overlap_width_m"))]:
        facts = {
            "other": ids[left[pair]],
            "m2": f"{area[pair]:,.1f}",
            "mu": f"{convert(float(area[pair]), 'm2', 'mu'):,.3f}",
        }
        row = rows[right[pair]]
        yield Fault("land.overlaps_itself", file, row=row, column="geometry", value=ids[right[pair]], facts=facts)
