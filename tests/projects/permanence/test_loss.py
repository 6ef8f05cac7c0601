"""Burnt areas against another way to measure the ellipsoid, and tonnes by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import Polygon, box

from tanhui.kernel.errors import DomainError
from tanhui.projects.permanence import Stratum, polygon_loss, raster_loss
from tanhui.projects.permanence.loss import cell_areas_ha

EXACT = {"share_lost": 1.0, "area_rse": 0.0, "correlation": 1.0}
WEST = Stratum("west", 100.0, 10.0, box(112.0, 27.0, 112.01, 27.01))
EAST = Stratum("east", 50.0, 20.0, box(112.01, 27.0, 112.02, 27.01))


def test_cells_have_the_area_that_geodesics_give():
    """pyproj measures a polygon whose long edges follow the parallel in a thousand steps."""
    earth = Geod(a=6378137.0, rf=298.257222101)
    for west, south, east, north in ((112.0, 26.0, 113.0, 28.0), (-1.0, -1.0, 0.0, 1.0), (10.0, 60.0, 11.0, 62.0)):
        middle = (south + north) / 2
        for area_ha, lower, upper in zip(
            cell_areas_ha((west, south, east, north), 2, 1), (middle, south), (north, middle), strict=True
        ):
            lon = np.linspace(west, east, 1001)
            ring_lon = np.concatenate([lon, lon[::-1]])
            ring_lat = np.concatenate([np.full(1001, lower), np.full(1001, upper)])
            geodesic_m2 = abs(earth.polygon_area_perimeter(ring_lon, ring_lat)[0])
            assert area_ha == pytest.approx(geodesic_m2 / 1e4, rel=1e-8)


def test_the_whole_earth():
    """The surface of the GRS80 ellipsoid: 510 065 621.7 km2 (H. Moritz, Geodetic Reference System 1980)."""
    assert cell_areas_ha((-180, -90, 180, 90), 1, 1)[0] / 100 == pytest.approx(510_065_621.7, abs=0.1)


def test_half_of_a_stratum_burns():
    burnt = box(112.0, 27.0, 112.005, 27.01)
    loss = polygon_loss([burnt], [WEST, EAST], **EXACT)
    half_ha = abs(Geod(a=6378137.0, rf=298.257222101).geometry_area_perimeter(burnt)[0]) / 1e4
    assert loss.burnt_ha == pytest.approx({"west": half_ha, "east": 0.0})
    assert loss.co2_t == pytest.approx(half_ha * 100.0)
    assert loss.se_co2_t == pytest.approx(half_ha * 10.0)
    assert loss.ci90_co2_t == pytest.approx((half_ha * (100 - 16.4485), half_ha * (100 + 16.4485)), rel=1e-5)
    assert loss.whole_t == math.ceil(loss.co2_t)


def test_two_fires_on_the_same_ground_count_once():
    burnt = box(112.0, 27.0, 112.005, 27.01)
    twice = polygon_loss([burnt, box(112.002, 27.0, 112.005, 27.01)], [WEST], **EXACT)
    assert twice.co2_t == pytest.approx(polygon_loss([burnt], [WEST], **EXACT).co2_t)


def test_raster_and_polygon_agree():
    """A mask of the same rectangle; geodesic edges leave the parallel by less than a millionth here."""
    mask, labels = np.zeros((10, 20)), np.full((10, 20), "west", dtype=object)
    mask[:, :5] = 1
    mask[:, 10:12] = 0.5
    labels[:, 10:] = "east"
    raster = raster_loss(mask, labels.astype(str), (112.0, 27.0, 112.02, 27.01), [WEST, EAST], **EXACT)
    burnt = [box(112.0, 27.0, 112.005, 27.01), box(112.01, 27.0, 112.011, 27.01)]
    polygons = polygon_loss(burnt, [WEST, EAST], **EXACT)
    assert raster.co2_t == pytest.approx(polygons.co2_t, rel=1e-6)
    assert raster.se_co2_t == pytest.approx(polygons.se_co2_t, rel=1e-6)


def test_errors_add_up_by_hand():
    """Two strata with errors of 30 and 40 t, total 500 t, the area known to 10 %.

    Nothing shared: stock 30^2 + 40^2 = 2500; all shared: 70^2 = 4900. With the area: x 1.01, + (500 x 0.1)^2 = 2500.
    """
    ones = np.array([["a", "b"]])
    cell = float(cell_areas_ha((0.0, 0.0, 0.02, 0.01), 1, 2)[0])
    strata = [Stratum("a", 200 / cell, 30 / cell), Stratum("b", 300 / cell, 40 / cell)]
    for correlation, variance in ((0.0, 2500 * 1.01 + 2500), (1.0, 4900 * 1.01 + 2500), (0.5, 3700 * 1.01 + 2500)):
        loss = raster_loss(
            [[1, 1]],
            ones,
            (0.0, 0.0, 0.02, 0.01),
            strata,
            share_lost=1.0,
            area_rse=0.1,
            correlation=correlation,
        )
        assert loss.co2_t == pytest.approx(500)
        assert loss.se_co2_t == pytest.approx(math.sqrt(variance))


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_loss_grows_with_what_is_lost(less: float, more: float):
    less, more = sorted((less, more))
    burnt = [box(112.0, 27.0, 112.005, 27.01)]
    first, second = (
        polygon_loss(burnt, [WEST], share_lost=share, area_rse=0.1, correlation=0.5) for share in (less, more)
    )
    assert first.co2_t <= second.co2_t
    assert 0 <= first.ci90_co2_t[0] <= first.co2_t <= first.ci90_co2_t[1]


def test_nothing_burnt_is_nothing_lost():
    loss = polygon_loss([box(100.0, 27.0, 100.01, 27.01)], [WEST, EAST], **EXACT)
    assert (loss.co2_t, loss.se_co2_t, loss.whole_t) == (0, 0, 0)


BOWTIE = Polygon([(112, 27), (112.01, 27.01), (112.01, 27), (112, 27.01)])


@pytest.mark.parametrize(
    ("burnt", "strata", "change", "code"),
    [
        ([BOWTIE], [WEST], {}, "shape_invalid"),
        ([Polygon()], [WEST], {}, "shape_invalid"),
        ([box(500_000, 2_900_000, 500_100, 2_900_100)], [WEST], {}, "not_degrees"),
        ([box(112, 27, 112.01, 27.01)], [Stratum("bare", 1.0, 0.1)], {}, "shape_invalid"),
        ([box(112, 27, 112.01, 27.01)], [WEST, WEST], {}, "stratum_twice"),
        ([box(112, 27, 112.01, 27.01)], [WEST, Stratum("x", 1.0, 0.1, WEST.shape)], {}, "strata_overlap"),
        ([box(112, 27, 112.01, 27.01)], [Stratum("x", -1.0, 0.1, WEST.shape)], {}, "negative"),
        ([box(112, 27, 112.01, 27.01)], [Stratum("x", math.nan, 0.1, WEST.shape)], {}, "negative"),
        ([box(112, 27, 112.01, 27.01)], [WEST], {"share_lost": 1.1}, "severity"),
        ([box(112, 27, 112.01, 27.01)], [WEST], {"share_lost": math.nan}, "severity"),
        ([box(112, 27, 112.01, 27.01)], [WEST], {"area_rse": -0.1}, "negative"),
    ],
)
def test_what_is_refused(burnt: list, strata: list, change: dict, code: str):
    with pytest.raises(DomainError) as refused:
        polygon_loss(burnt, strata, **EXACT | change)
    assert refused.value.code == f"permanence.{code}"


@pytest.mark.parametrize(
    ("mask", "labels", "bounds", "code"),
    [
        ([[1, 1]], [["west"]], (0, 0, 1, 1), "mask_shape"),
        ([[2]], [["west"]], (0, 0, 1, 1), "severity"),
        ([[math.nan]], [["west"]], (0, 0, 1, 1), "severity"),
        ([[1]], [["south"]], (0, 0, 1, 1), "unknown_stratum"),
        ([[1]], [["west"]], (0, 0, 1000, 1), "not_degrees"),
        ([[1]], [["west"]], (1, 0, 0, 1), "not_degrees"),
    ],
)
def test_what_is_refused_of_a_raster(mask: list, labels: list, bounds: tuple, code: str):
    with pytest.raises(DomainError) as refused:
        raster_loss(mask, labels, bounds, [WEST], **EXACT)
    assert refused.value.code == f"permanence.{code}"
