"""Coordinate systems of Chinese parcels: which one a file is in, whether that can be, and the way to CGCS2000.

Degrees are always (longitude, latitude), metres always (easting, northing), the order of the usual vector formats. A
file that does not name its system is never guessed at: :func:`candidates` lists what fits, and only a single one, or
one that a person names, is used. No grid files are needed; how far a change of datum may be off is stated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DomainError
from tanhui.kernel.units import M2_PER_HA
from tanhui.sensing.inventory.limits import limit

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray
    from pyproj import CRS

__all__ = [
    "CGCS2000",
    "Helmert",
    "System",
    "candidates",
    "datum_of",
    "ellipsoidal_area_ha",
    "gauss_kruger",
    "place_fault",
    "systems",
    "to_cgcs2000",
]

#: EPSG code of geographic CGCS2000, the product's one coordinate system for parcels.
CGCS2000 = 4490
Bounds = tuple[float, float, float, float]
Datum = Literal["cgcs2000", "xian80", "beijing54", "wgs84"]


@dataclass(frozen=True, slots=True)
class System:
    """One coordinate system: geographic where ``width_deg`` is None, else a Gauss-Krueger zone."""

    epsg: int
    datum: Datum
    width_deg: int | None = None
    zone: int | None = None
    prefixed: bool = False

    @property
    def meridian_deg(self) -> float | None:
        """Central meridian of the zone. [deg]"""
        if self.width_deg is None or self.zone is None:
            return None
        return float(self.width_deg * self.zone - (3 if self.width_deg == 6 else 0))

    @property
    def false_easting_m(self) -> float:
        """Easting of the central meridian. [m]"""
        return 500_000 + (1_000_000 * (self.zone or 0) if self.prefixed else 0)

    @property
    def name(self) -> str:
        """The name of the EPSG register."""
        from pyproj import CRS

        return f"EPSG:{self.epsg} {CRS.from_epsg(self.epsg).name}"


@dataclass(frozen=True, slots=True)
class Helmert:
    """Seven parameters from a datum to CGCS2000 (position vector convention), as a surveying office gives them.

    ``x_m, y_m, z_m`` [m], ``rx_s, ry_s, rz_s`` [arc seconds], ``scale_ppm`` [1e-6], ``accuracy_m`` [m].
    """

    x_m: float
    y_m: float
    z_m: float
    rx_s: float = 0.0
    ry_s: float = 0.0
    rz_s: float = 0.0
    scale_ppm: float = 0.0
    accuracy_m: float = 1.0


@cache
def facts() -> dict[str, Any]:
    """``data/inventory/crs.toml``."""
    return read_toml(data_path("inventory", "crs.toml"))


@cache
def systems() -> dict[int, System]:
    """Every system of the table by its EPSG code."""
    found = {entry["geographic"]: System(entry["geographic"], datum) for datum, entry in facts()["datum"].items()}
    for datum, widths in facts()["zones"].items():
        for width, first in widths.items():
            low, high = facts()["zone_range"][width]
            for zone in range(low, high + 1):
                for kind, prefixed in (("prefixed", True), ("plain", False)):
                    epsg = first[kind] + zone - low
                    found[epsg] = System(epsg, datum, int(width), zone, prefixed)
    return found


def gauss_kruger(datum: Datum, width_deg: int, zone: int, *, prefixed: bool) -> System | None:
    """The Gauss-Krueger zone of a datum, or nothing where China has no such zone."""
    wanted = (datum, width_deg, zone, prefixed)
    return next((s for s in systems().values() if (s.datum, s.width_deg, s.zone, s.prefixed) == wanted), None)


def datum_named(words: str) -> Datum | None:
    """The datum that a name in Chinese or English means, or nothing."""
    simple = words.strip().lower()
    for datum, entry in facts()["datum"].items():
        if any(name in simple for name in entry["names"]):
            return datum  # type: ignore[no-any-return]
    return None


def datum_of(crs: CRS) -> Datum | None:
    """Which of the four datums a coordinate system rests on, or nothing where it is another one."""
    base = crs.geodetic_crs
    if base is None:
        return None
    for datum, entry in facts()["datum"].items():
        if base.to_epsg() == entry["geographic"]:
            return datum  # type: ignore[no-any-return]
    return datum_named(base.datum.name if base.datum else base.name) or datum_named(base.name)


def in_china(lon_deg: ArrayLike, lat_deg: ArrayLike) -> NDArray[np.bool_]:
    """Whether positions lie in the rectangle around China."""
    lon, lat, box = np.asarray(lon_deg, float), np.asarray(lat_deg, float), facts()["extent"]
    inside = (lon >= box["lon_min_deg"]) & (lon <= box["lon_max_deg"])
    return np.asarray(inside & (lat >= box["lat_min_deg"]) & (lat <= box["lat_max_deg"]))


def looks_like_degrees(bounds: Bounds) -> bool:
    """Whether all coordinates could be degrees."""
    return all(abs(value) <= 180 for value in bounds)


def corners(bounds: Bounds) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two corners of a rectangle as x and y."""
    return np.array([bounds[0], bounds[2]]), np.array([bounds[1], bounds[3]])


def place_fault(bounds: Bounds, crs: CRS) -> str | None:
    """What is wrong with coordinates in the system they are said to be in; nothing where they lie in China.

    Parameters
    ----------
    bounds : tuple of float
        Least x, least y, greatest x, greatest y of all parcels, in the system's unit.
    crs : pyproj.CRS

    Returns
    -------
    str or None
        ``swapped``, ``metres_not_degrees``, ``degrees_not_metres``, ``zone_prefix`` or ``outside_china``.
    """
    x, y = corners(bounds)
    if crs.is_geographic:
        if not looks_like_degrees(bounds):
            return "metres_not_degrees"
        if in_china(x, y).all():
            return None
        return "swapped" if in_china(y, x).all() else "outside_china"
    if looks_like_degrees(bounds):
        return "degrees_not_metres"
    return _projected_fault(bounds, crs)


def _projected_fault(bounds: Bounds, crs: CRS) -> str | None:
    from pyproj import Transformer

    x, y = corners(bounds)
    box = facts()["extent"]
    operation = crs.coordinate_operation
    params = operation.params if operation is not None else []
    false_easting = next((float(p.value) for p in params if p.name == "False easting"), None)
    if _is_northing(x) and not _is_northing(y):
        return "swapped"
    if false_easting is not None and (np.abs(x - false_easting) > box["from_meridian_max_m"]).any():
        return "zone_prefix" if candidates(bounds) else "outside_china"
    to_degrees = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    return None if in_china(*to_degrees.transform(x, y)).all() else "outside_china"


def _is_northing(values: NDArray[np.float64]) -> bool:
    box = facts()["extent"]
    return bool(((values >= box["northing_min_m"]) & (values <= box["northing_max_m"])).all())


def candidates(
    bounds: Bounds, *, datum: Datum | None = None, near: tuple[float, float] | None = None
) -> tuple[System, ...]:
    """Every system in which the coordinates lie in China.

    A 6-degree zone without prefix is the same map as the 3-degree zone of its meridian, so it is listed once.

    Parameters
    ----------
    bounds : tuple of float
        Least x, least y, greatest x, greatest y.
    datum : optional
        Keep the systems of one datum only.
    near : tuple of float, optional
        Rough longitude and latitude of the project; systems that put the parcels farther away than
        ``near_max_deg`` are dropped. [deg]
    """
    from pyproj import Transformer

    x, y = corners(bounds)
    if looks_like_degrees(bounds):
        fits = in_china(x, y).all()
        return tuple(s for s in systems().values() if fits and s.width_deg is None and datum in (None, s.datum))
    found = []
    for system in systems().values():
        if system.width_deg is None or datum not in (None, system.datum) or not _is_northing(y):
            continue
        if system.width_deg == 6 and not system.prefixed:
            continue
        if (np.abs(x - system.false_easting_m) > facts()["extent"]["from_meridian_max_m"]).any():
            continue
        to_degrees = Transformer.from_crs(system.epsg, _geographic(system.datum), always_xy=True)
        lon, lat = to_degrees.transform(x, y)
        apart = max(abs(lon.mean() - near[0]), abs(lat.mean() - near[1])) if near else 0.0
        close = apart <= limit("near_max_deg")
        if in_china(lon, lat).all() and close:
            found.append(system)
    return tuple(found)


def _geographic(datum: Datum) -> int:
    return int(facts()["datum"][datum]["geographic"])


def to_cgcs2000(
    shapes: gpd.GeoSeries, *, shift: Helmert | None = None, datum: Datum | None = None
) -> tuple[gpd.GeoSeries, float]:
    """Geometries in CGCS2000 degrees, and how far their position may be off.

    Parameters
    ----------
    shapes : GeoSeries
        With its own coordinate system.
    shift : Helmert, optional
        Seven parameters from the system's datum to CGCS2000. Without them a regional transformation of the EPSG
        register is used where one covers the parcels, else Xi'an 1980 and Beijing 1954 positions are taken over
        unshifted and the accuracy says so.
    datum : optional
        The datum where the system's own name does not tell.

    Returns
    -------
    shapes : GeoSeries
        EPSG:4490.
    accuracy_m : float
        Of the position. Areas are not affected. [m]

    Raises
    ------
    DomainError
        If the system is on another datum.
    """
    own = datum or datum_of(shapes.crs)
    if own is None:
        raise DomainError("inventory.unknown_datum", crs=shapes.crs.name)
    degrees = shapes.to_crs(_geographic(own)) if shapes.crs.is_projected else shapes
    if own == "cgcs2000":
        return degrees.set_crs(CGCS2000, allow_override=True), limit("datum_accuracy_cgcs2000_m")
    if shift is not None:
        return _moved(degrees, _helmert_pipeline(shift, own)), shift.accuracy_m
    if own == "beijing54" and (regional := _regional_operation(degrees)) is not None:
        definition, accuracy_m = regional
        return _moved(degrees, definition), accuracy_m
    return degrees.set_crs(CGCS2000, allow_override=True), limit(f"datum_accuracy_{own}_m")


def _helmert_pipeline(shift: Helmert, datum: Datum) -> str:
    ellipsoid = {"xian80": "IAU76", "beijing54": "krass", "wgs84": "WGS84"}[datum]
    return (
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=push +v_3 "
        f"+step +proj=cart +ellps={ellipsoid} "
        f"+step +proj=helmert +x={shift.x_m} +y={shift.y_m} +z={shift.z_m} +rx={shift.rx_s} +ry={shift.ry_s} "
        f"+rz={shift.rz_s} +s={shift.scale_ppm} +convention=position_vector "
        "+step +inv +proj=cart +ellps=GRS80 +step +proj=pop +v_3 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )


def _regional_operation(degrees: gpd.GeoSeries) -> tuple[str, float] | None:
    """The best EPSG transformation from Beijing 1954 whose area of use holds all parcels, with its accuracy."""
    from pyproj.transformer import TransformerGroup

    west, south, east, north = degrees.total_bounds
    group = TransformerGroup("EPSG:4214", "EPSG:4326", always_xy=True)
    fitting = []
    for operation in group.transformers:
        area = operation.area_of_use
        if area is None or operation.accuracy < 0:
            continue
        if area.west <= west and east <= area.east and area.south <= south and north <= area.north:
            fitting.append((operation.accuracy, operation.definition))
    if not fitting:
        return None
    accuracy, definition = min(fitting)
    return definition, float(accuracy)


def _moved(degrees: gpd.GeoSeries, definition: str) -> gpd.GeoSeries:
    import geopandas
    import shapely
    from pyproj import Transformer

    move = Transformer.from_pipeline(definition)

    def apply(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(move.transform(points[:, 0], points[:, 1]))

    return geopandas.GeoSeries(shapely.transform(degrees.to_numpy(), apply), index=degrees.index, crs=CGCS2000)


def ellipsoidal_area_ha(shapes: Iterable[Any]) -> NDArray[np.float64]:
    """Area on the CGCS2000 ellipsoid, as land registers state it, at no height above it. [ha]

    Parameters
    ----------
    shapes : iterable of shapely geometry
        In CGCS2000 degrees. Empty and missing ones have area 0.
    """
    import shapely
    from pyproj import Geod

    # GRS80 and the CGCS2000 ellipsoid share the major axis; their flattenings differ in the ninth digit.
    earth = Geod(a=6378137.0, rf=298.257222101)

    def area_m2(shape: Any) -> float:
        # Holes count negative only when they turn the other way than their shell.
        return abs(float(earth.geometry_area_perimeter(shapely.orient_polygons(shape))[0]))

    return np.array([0.0 if s is None or s.is_empty else area_m2(s) / M2_PER_HA for s in shapes])
