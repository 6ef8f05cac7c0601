"""The offsets of Chinese web maps, GCJ-02 and BD-09, known only so that they can be recognised and refused.

Coordinates digitised on such a map lie 100 to 700 m (BD-09 up to 1.2 km) beside the true place. The offset cannot be
seen in a file by itself; it is recognised from what the file says of its source, or by comparing with something whose
place is known. Positions are never "corrected" back: the exact formula is not public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanhui.sensing.inventory.crs import facts
from tanhui.sensing.inventory.limits import limit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["bd09_from_gcj02", "declared_offset", "gcj02_from_wgs84", "shift_m", "shift_name"]

#: Major axis and squared eccentricity of the Krassowsky ellipsoid, as the public formula has them. [m], [1]
AXIS_M, ECCENTRICITY_SQUARED = 6378245.0, 0.00669342162296594323
#: Metres per degree of latitude, good enough to name an offset. [m / deg]
M_PER_DEG = 111_320.0


def gcj02_from_wgs84(lon_deg: ArrayLike, lat_deg: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where GCJ-02 shows a WGS 84 position, by the publicly known formula. [deg]"""
    lon, lat = np.asarray(lon_deg, float), np.asarray(lat_deg, float)
    x, y = lon - 105.0, lat - 35.0
    short_waves = (20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)) * 2 / 3
    root = np.sqrt(np.abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * root + short_waves
    north += (20 * np.sin(np.pi * y) + 40 * np.sin(np.pi * y / 3)) * 2 / 3
    north += (160 * np.sin(np.pi * y / 12) + 320 * np.sin(np.pi * y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * root + short_waves
    east += (20 * np.sin(np.pi * x) + 40 * np.sin(np.pi * x / 3)) * 2 / 3
    east += (150 * np.sin(np.pi * x / 12) + 300 * np.sin(np.pi * x / 30)) * 2 / 3
    latitude = np.radians(lat)
    magic = 1 - ECCENTRICITY_SQUARED * np.sin(latitude) ** 2
    meridian_m = AXIS_M * (1 - ECCENTRICITY_SQUARED) / magic**1.5
    parallel_m = AXIS_M / np.sqrt(magic) * np.cos(latitude)
    return lon + np.degrees(east / parallel_m), lat + np.degrees(north / meridian_m)


def bd09_from_gcj02(lon_deg: ArrayLike, lat_deg: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where BD-09 shows a GCJ-02 position, by the publicly known formula. [deg]"""
    lon, lat = np.asarray(lon_deg, float), np.asarray(lat_deg, float)
    turns = np.pi * 3000.0 / 180.0
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * turns)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * turns)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def shift_m(
    lon_deg: ArrayLike, lat_deg: ArrayLike, lon_true_deg: ArrayLike, lat_true_deg: ArrayLike
) -> tuple[float, float]:
    """Median shift of positions against their true places, east and north. [m]"""
    lat_true = np.asarray(lat_true_deg, float)
    east = (np.asarray(lon_deg, float) - np.asarray(lon_true_deg, float)) * M_PER_DEG * np.cos(np.radians(lat_true))
    north = (np.asarray(lat_deg, float) - lat_true) * M_PER_DEG
    return float(np.median(east)), float(np.median(north))


def shift_name(east_m: float, north_m: float, lon_deg: float, lat_deg: float) -> str | None:
    """The map offset that a shift at a place looks like: ``gcj02``, ``bd09``, ``other``, or nothing if small.

    Parameters
    ----------
    east_m, north_m : float
        Shift against the true place. [m]
    lon_deg, lat_deg : float
        The true place. [deg]
    """
    if np.hypot(east_m, north_m) <= limit("reference_shift_max_m"):
        return None
    gcj02 = gcj02_from_wgs84(lon_deg, lat_deg)
    for name, (lon, lat) in (("gcj02", gcj02), ("bd09", bd09_from_gcj02(*gcj02))):
        east, north = shift_m(lon, lat, lon_deg, lat_deg)
        if np.hypot(east_m - east, north_m - north) <= limit("offset_match_share") * np.hypot(east, north):
            return name
    return "other"


def declared_offset(words: str) -> str | None:
    """The map offset that a file's own words about its source mean: ``gcj02``, ``bd09`` or nothing."""
    simple = words.lower()
    for name, marks in facts()["offset_sources"].items():
        if any(mark in simple for mark in marks):
            return str(name)
    return None
