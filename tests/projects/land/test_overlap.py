"""What pairs of outlines share, by hand, and what digitising explains."""

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from tanhui.projects.land.area import area_m2
from tanhui.projects.land.overlap import boxes_meet, narrow, shared_land

from .test_area import zone_m2

#: Metres to a degree on the equator, east and north.
EAST, NORTH = 111319.4908, 110574.2758


def shapes(*found: object) -> np.ndarray:
    return np.array(found, object)


def metres(west: float, south: float, east: float, north: float) -> Polygon:
    """A rectangle beside the point (110 E, 0 N), in metres."""
    return box(110 + west / EAST, south / NORTH, 110 + east / EAST, north / NORTH)


def test_overlaps_by_hand():
    one = box(110, 30, 110.02, 30.02)
    beside, corner = box(110.02, 30, 110.04, 30.02), box(110.02, 30.02, 110.04, 30.04)
    quarter, inside, far = box(110.01, 30.01, 110.03, 30.03), box(110.005, 30.005, 110.006, 30.006), box(0, 0, 1, 1)
    others = shapes(beside, corner, quarter, inside, far, one)
    shared, area = shared_land(shapes(*[one] * 6), others)
    hand = [0, 0, zone_m2(30.01, 30.02, 0.01), zone_m2(30.005, 30.006, 0.001), 0, zone_m2(30, 30.02, 0.02)]
    assert area == pytest.approx(hand, rel=1e-8)
    assert [found is None for found in shared] == [True, True, False, False, True, False]
    assert boxes_meet(shapes(*[one] * 6), others).tolist() == [False, False, True, True, False, True]


def test_a_parcel_in_the_hole_of_another_shares_nothing():
    ring = Polygon(box(110, 30, 110.03, 30.03).exterior, [box(110.01, 30.01, 110.02, 30.02).exterior])
    inside = box(110.01, 30.01, 110.02, 30.02)
    assert shared_land(shapes(ring), shapes(inside))[1].tolist() == [0]
    assert shared_land(shapes(inside), shapes(ring))[1].tolist() == [0]


def test_triangles_across_a_diagonal():
    # Two right triangles on one square: their overlap is the triangle over its south side, a quarter of the square.
    side = 1e-3
    left = Polygon([(110, 0), (110 + side, 0), (110, side)])
    right = Polygon([(110, 0), (110 + side, 0), (110 + side, side)])
    assert shared_land(shapes(left), shapes(right))[1][0] == pytest.approx(zone_m2(0, side, side) / 4, rel=1e-6)


def test_no_pairs():
    shared, area = shared_land(shapes(), shapes())
    assert len(shared) == len(area) == 0
    assert narrow(shapes(), 2.0).tolist() == []


def test_narrow_is_what_no_circle_of_the_width_fits_into():
    stripe, square = metres(0, 0, 1.9, 1000), metres(0, 0, 2.1, 2.1)
    # A square of 10 m at the end of a stripe of 10 km: its mean width is 0.2 m, and yet it is no stripe.
    lump = shapely.union_all([metres(0, 0, 0.1, 10_000), metres(0, 0, 10, 10)])
    several = MultiPolygon([metres(0, 0, 1.9, 100), metres(5, 0, 6.9, 100)])
    wide_part = MultiPolygon([metres(0, 0, 1.9, 100), metres(5, 0, 15, 10)])
    found = narrow(shapes(stripe, square, lump, several, wide_part, metres(0, 0, 500, 500), None), 2.0)
    assert found.tolist() == [True, False, False, True, False, False, True]


def test_land_is_not_made_narrow_by_pricking_it():
    field, grid = metres(0, 0, 30, 30), np.arange(1.5, 30, 1.5)
    pricks = [metres(x, y, x + 0.001, y + 0.001).exterior for x in grid for y in grid]
    assert narrow(shapes(Polygon(field.exterior, pricks)), 2.0).tolist() == [False]


@pytest.mark.parametrize("lat", [0, 30, 53, 68])
def test_narrow_is_measured_in_metres_at_every_latitude(lat: float):
    length = np.cos(np.radians(lat))
    for width_m, thin in ((1.9, True), (2.1, False)):
        upright = box(110, lat, 110 + width_m / (EAST * length) / 1.001, lat + 0.001)
        assert narrow(shapes(upright), 2.0).tolist() == [thin]


def test_borders_drawn_with_the_same_points_share_nothing():
    random = np.random.default_rng(3)
    line = np.column_stack([110 + random.normal(0, 1e-4, 200), np.linspace(30, 30.02, 200)])
    west = Polygon([(109.98, 30), *line, (109.98, 30.02)])
    east = Polygon([(110.02, 30.02), *line[::-1], (110.02, 30)])
    shared, area = shared_land(shapes(west, east), shapes(east, west))
    assert shared.tolist() == [None, None]
    assert area.tolist() == [0, 0]
    both = area_m2([west, east]).sum()
    assert area_m2([shapely.union(west, east)])[0] == pytest.approx(both, rel=1e-12)
