"""Areas on the ellipsoid, against published values, a closed formula and another implementation."""

import math

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from tanhui.projects.land.area import area_m2, scale_m_deg

#: GRS80, of which the CGCS2000 ellipsoid is a copy: Moritz, Geodetic Reference System 1980.
A_M, FLATTENING = 6378137.0, 1 / 298.257222101
E = math.sqrt(FLATTENING * (2 - FLATTENING))


def zone_m2(south_deg: float, north_deg: float, width_deg: float) -> float:
    """Area between two parallels and two meridians: Snyder, Map Projections (1987), eq. 3-12, q a^2 / 2 per radian."""

    def q(lat_deg: float) -> float:
        s = math.sin(math.radians(lat_deg))
        log = math.log((1 - E * s) / (1 + E * s)) / (2 * E)
        return (1 - E**2) * (s / (1 - (E * s) ** 2) - log)

    return A_M**2 / 2 * math.radians(width_deg) * (q(north_deg) - q(south_deg))


def test_the_whole_ellipsoid_has_the_published_area():
    # Moritz: the sphere with the surface of GRS80 has the radius 6 371 007.1810 m (by a series, so the last digit is
    # one off); the closed formula knows more digits.
    zones = [box(-180, south, 180, south + 1) for south in range(-90, 90)]
    radius = math.sqrt(area_m2(zones).sum() / (4 * math.pi))
    assert radius == pytest.approx(6371007.1810, abs=2e-4)
    assert area_m2(zones).sum() == pytest.approx(zone_m2(-90, 90, 360), rel=1e-12)


@pytest.mark.parametrize("south", [-60.0, -0.001, 0.0, 26.1, 52.0, 89.0])
@pytest.mark.parametrize("size", [1e-5, 1e-3, 0.1, 1.0])
def test_a_square_of_degrees_is_a_zone_of_the_closed_formula(south: float, size: float):
    found = area_m2([box(110, south, 110 + size, south + size)])[0]
    # The formula subtracts numbers of 1e13 m2; that is all its precision leaves.
    assert found == pytest.approx(zone_m2(south, south + size, size), rel=1e-9, abs=1e-3)


def test_edges_cut_fine_enough_are_geodesics_too():
    # The manual page of GeographicLib's Planimeter gives 10007388597.1913 m2 for the square of 100 km on UTM zone 18,
    # with geodesic edges; here each of them is followed by 2000 points.
    corners = [(500000, 4400000), (600000, 4400000), (600000, 4500000), (500000, 4500000)]
    lon, lat = Transformer.from_crs(32618, 4326, always_xy=True).transform(*zip(*corners, strict=True))
    earth, ring = Geod(ellps="WGS84"), []
    for at in range(4):
        to = (at + 1) % 4
        ring += [(lon[at], lat[at]), *earth.npts(lon[at], lat[at], lon[to], lat[to], 1999)]
    assert area_m2([Polygon(ring)])[0] == pytest.approx(10007388597.1913, rel=1e-8)


def test_parcels_agree_with_geographiclib():
    # Of the size of parcels: the two kinds of edges differ by less than a millionth.
    random = np.random.default_rng(1)
    earth = Geod(ellps="GRS80")
    for _ in range(100):
        turn = np.linspace(0, 2 * np.pi, 100, endpoint=False)
        reach = 0.003 * random.uniform(0.6, 1, 100)
        place = random.uniform([75, 18], [130, 53])
        shape = Polygon(place + np.column_stack([np.cos(turn), np.sin(turn)]) * reach[:, None])
        assert area_m2([shape])[0] == pytest.approx(abs(earth.geometry_area_perimeter(shape)[0]), rel=1e-6)


def test_holes_parts_direction_and_order_of_points():
    shell, hole = box(110, 30, 110.1, 30.1), box(110.02, 30.02, 110.03, 30.03)
    whole, less = area_m2([shell])[0], area_m2([hole])[0]
    pierced = Polygon(shell.exterior, [hole.exterior])
    turned = Polygon(shell.exterior, [hole.exterior.reverse()])
    assert area_m2([pierced, turned, shell.reverse()]) == pytest.approx([whole - less, whole - less, whole], rel=1e-12)
    assert area_m2([MultiPolygon([hole, box(111, 30, 111.01, 30.01)])])[0] > less


def test_what_has_no_area():
    mixed = GeometryCollection([Point(110, 30), LineString([(110, 30), (111, 31)]), box(110, 30, 110.01, 30.01)])
    found = area_m2([None, Polygon(), Point(1, 2), LineString([(0, 0), (1, 1)]), mixed])
    assert found[:4].tolist() == [0, 0, 0, 0]
    assert found[4] == area_m2([box(110, 30, 110.01, 30.01)])[0]
    assert area_m2([]).tolist() == []


def test_a_cut_parcel_is_the_sum_of_its_pieces():
    random = np.random.default_rng(2)
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.array([110.0, 30.0]) + np.column_stack([np.cos(turn), np.sin(turn)]) * random.uniform(0.5, 1, 60)[:, None]
    shape, knife = Polygon(ring), box(110.1, 29, 112, 31)
    pieces = area_m2([shapely.intersection(shape, knife), shapely.difference(shape, knife)])
    # Where the knife cuts an edge the new vertex is rounded to the grid of doubles.
    assert pieces.sum() == pytest.approx(area_m2([shape])[0], rel=1e-12)


def test_metres_to_a_degree():
    # At the equator: a degree of longitude is a pi / 180; one of latitude a (1 - e^2) pi / 180.
    east, north = scale_m_deg(0.0)
    assert (float(east), float(north)) == pytest.approx((111319.49, 110574.28), abs=0.01)
