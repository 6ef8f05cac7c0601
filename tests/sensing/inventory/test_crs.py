"""Coordinate systems against the EPSG register itself, areas against an independent projection, offsets against
published vectors."""

import geopandas
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Transformer
from shapely.geometry import Polygon, box

from tanhui.sensing.inventory.crs import (
    CGCS2000,
    Helmert,
    candidates,
    datum_named,
    datum_of,
    ellipsoidal_area_ha,
    gauss_kruger,
    place_fault,
    systems,
    to_cgcs2000,
)
from tanhui.sensing.inventory.map_offsets import (
    bd09_from_gcj02,
    declared_offset,
    gcj02_from_wgs84,
    shift_m,
    shift_name,
)


def test_every_zone_is_the_one_of_the_register():
    for epsg, system in systems().items():
        crs = CRS.from_epsg(epsg)
        assert datum_of(crs) == system.datum, crs.name
        if system.width_deg is not None:
            params = {p.name: p.value for p in crs.coordinate_operation.params}
            assert params["Longitude of natural origin"] == system.meridian_deg, crs.name
            assert params["False easting"] == system.false_easting_m, crs.name
            assert params["Scale factor at natural origin"] == 1.0
    assert len(systems()) == 4 + 3 * (2 * 21 + 2 * 11)


def test_known_codes():
    # Names of the EPSG register: 4526 = CGCS2000 / 3-degree zone 38; 4497 = zone 19 of 6 degrees; 2362 = Xian 1980.
    assert gauss_kruger("cgcs2000", 3, 38, prefixed=True).epsg == 4526
    assert gauss_kruger("cgcs2000", 3, 38, prefixed=False).epsg == 4547
    assert gauss_kruger("cgcs2000", 6, 19, prefixed=True).epsg == 4497
    assert gauss_kruger("xian80", 3, 38, prefixed=True).epsg == 2362
    assert gauss_kruger("beijing54", 3, 38, prefixed=True).epsg == 2414
    assert gauss_kruger("cgcs2000", 3, 50, prefixed=True) is None


def test_esri_prj_of_cgcs2000_is_recognised():
    wkt = (
        'PROJCS["CGCS2000_3_Degree_GK_Zone_38",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
        'DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
        'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",38500000.0],'
        'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],'
        'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )
    assert datum_of(CRS.from_wkt(wkt)) == "cgcs2000"


@pytest.mark.parametrize(
    ("words", "datum"),
    [("2000国家大地坐标系", "cgcs2000"), ("80西安坐标系", "xian80"), ("北京54", "beijing54"), ("WGS84", "wgs84")],
)
def test_datum_by_name(words, datum):
    assert datum_named(words) == datum


def test_prefix_settles_the_zone_but_not_the_datum():
    bounds = (38_400_000.0, 3_000_000.0, 38_401_000.0, 3_001_000.0)
    assert {s.epsg for s in candidates(bounds)} == {4526, 2362, 2414}
    assert [s.epsg for s in candidates(bounds, datum="cgcs2000")] == [4526]


def test_six_degree_prefix_is_not_a_three_degree_zone():
    assert [s.epsg for s in candidates((19_400_000.0, 3e6, 19_401_000.0, 3.001e6), datum="cgcs2000")] == [4497]


def test_without_prefix_a_rough_place_is_needed():
    bounds = (400_000.0, 3_000_000.0, 401_000.0, 3_001_000.0)
    assert len(candidates(bounds, datum="cgcs2000")) > 10
    assert [s.epsg for s in candidates(bounds, datum="cgcs2000", near=(113.0, 27.1))] == [4547]


def test_degrees_fit_every_datum():
    assert {s.datum for s in candidates((112.0, 27.0, 112.1, 27.1))} == {"cgcs2000", "xian80", "beijing54", "wgs84"}
    assert candidates((27.0, 112.0, 27.1, 112.1)) == ()


@pytest.mark.parametrize(
    ("bounds", "epsg", "wrong"),
    [
        ((112.0, 27.0, 112.1, 27.1), 4490, None),
        ((27.0, 112.0, 27.1, 112.1), 4490, "swapped"),
        ((2.0, 48.0, 2.1, 48.1), 4326, "outside_china"),
        ((38_400_000, 3e6, 38_401_000, 3.001e6), 4490, "metres_not_degrees"),
        ((112.0, 27.0, 112.1, 27.1), 4526, "degrees_not_metres"),
        ((38_400_000, 3e6, 38_401_000, 3.001e6), 4526, None),
        ((400_000, 3e6, 401_000, 3.001e6), 4526, "zone_prefix"),
        ((38_400_000, 3e6, 38_401_000, 3.001e6), 4547, "zone_prefix"),
        ((3e6, 38_400_000, 3.001e6, 38_401_000), 4526, "swapped"),
        ((400_000, 8e6, 401_000, 8.001e6), 4547, "outside_china"),
    ],
)
def test_coordinates_that_cannot_be(bounds, epsg, wrong):
    assert place_fault(bounds, CRS.from_epsg(epsg)) == wrong


@pytest.mark.parametrize("epsg", [4526, 4547, 4497, 4490])
def test_cgcs2000_goes_there_exactly(epsg):
    place = (113.02, 27.11)
    there = Transformer.from_crs(4490, epsg, always_xy=True).transform(*place)
    x, y = there
    side = 1e-3 if epsg == 4490 else 100
    shapes, accuracy = to_cgcs2000(geopandas.GeoSeries([box(x, y, x + side, y + side)], crs=epsg))
    assert shapes.crs.to_epsg() == CGCS2000
    west = min(shapes.iloc[0].exterior.coords, key=lambda point: point[0] + point[1])
    assert west == pytest.approx(place, abs=1e-9)
    assert accuracy == 0


def test_gauss_kruger_by_hand_on_the_meridian():
    # On the central meridian the northing is the meridian arc. From 0 to 45 degrees on GRS80 it is 4 984 944.378 m
    # (quarter meridian 10 001 965.729 m; Bomford, Geodesy), and the easting is the false easting alone.
    shapes, _ = to_cgcs2000(geopandas.GeoSeries([box(38_500_000, 4_984_944.378, 38_500_001, 4_984_945.378)], crs=4526))
    assert shapes.total_bounds[:2] == pytest.approx((114.0, 45.0), abs=2e-8)


def test_datum_without_parameters_is_taken_over_and_says_so():
    for epsg in (4610, 4214):
        shapes, accuracy = to_cgcs2000(geopandas.GeoSeries([box(113, 27, 113.01, 27.01)], crs=epsg))
        assert shapes.total_bounds == pytest.approx((113, 27, 113.01, 27.01))
        assert accuracy >= 100


def test_regional_transformation_is_used_where_it_covers_the_parcels():
    # Ordos basin: EPSG 15918 or its successor 15936, 1 m. The register's own operation is the oracle.
    shapes, accuracy = to_cgcs2000(geopandas.GeoSeries([box(108, 36, 108.01, 36.01)], crs=4214))
    oracle = Transformer.from_pipeline("urn:ogc:def:coordinateOperation:EPSG::15936")
    lat, lon = oracle.transform(36.0, 108.0)
    assert accuracy == 1
    assert shapes.total_bounds[:2] == pytest.approx((lon, lat), abs=2e-5)


def test_seven_parameters_agree_with_the_register():
    # The parameters of EPSG 15920 (Beijing 1954, Pearl River), given by hand, must do what EPSG 15920 does.
    shift = Helmert(31.4, -144.3, -74.8, rz_s=0.814, scale_ppm=-0.38, accuracy_m=15)
    shapes, accuracy = to_cgcs2000(geopandas.GeoSeries([box(113, 22, 113.01, 22.01)], crs=4214), shift=shift)
    lat, lon = Transformer.from_pipeline("urn:ogc:def:coordinateOperation:EPSG::15920").transform(22.0, 113.0)
    assert shapes.total_bounds[:2] == pytest.approx((lon, lat), abs=5e-8)  # 5 mm
    assert accuracy == 15


def test_area_against_an_equal_area_projection():
    shape = Polygon([(113, 27), (113.02, 27.001), (113.015, 27.02), (113.001, 27.015)])
    hole = Polygon([(113.005, 27.005), (113.01, 27.005), (113.01, 27.01)])
    with_hole = Polygon(shape.exterior.coords, [hole.exterior.coords])
    wrong_turn = Polygon(shape.exterior.coords[::-1], [hole.exterior.coords])
    albers = geopandas.GeoSeries([shape, with_hole, wrong_turn], crs=4490).to_crs(
        "+proj=aea +lat_1=26 +lat_2=28 +lat_0=27 +lon_0=113 +ellps=GRS80"
    )
    assert ellipsoidal_area_ha([shape, with_hole, wrong_turn]) == pytest.approx(albers.area / 1e4, rel=1e-5)
    assert ellipsoidal_area_ha([None, Polygon()]).tolist() == [0.0, 0.0]


# Test vectors of the public eviltransform project: (WGS 84 latitude, longitude), (GCJ-02 latitude, longitude).
EVIL = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
]


@pytest.mark.parametrize(("wgs", "gcj"), EVIL)
def test_gcj02_published_vectors(wgs, gcj):
    lon, lat = gcj02_from_wgs84(wgs[1], wgs[0])
    assert (float(lat), float(lon)) == pytest.approx(gcj, abs=1e-9)


def test_bd09_published_vector():
    # Same project: BD-09 (29.199786, 120.019809) comes from WGS 84 (29.196131605, 120.008779011), to its own 10 m.
    lon, lat = bd09_from_gcj02(*gcj02_from_wgs84(120.00877901149691, 29.196131605295484))
    assert (float(lat), float(lon)) == pytest.approx((29.199786, 120.019809), abs=1.2e-4)


def test_offset_is_named():
    lon, lat = 112.9, 27.8
    gcj02 = gcj02_from_wgs84(lon, lat)
    assert shift_name(*shift_m(*gcj02, lon, lat), lon, lat) == "gcj02"
    assert shift_name(*shift_m(*bd09_from_gcj02(*gcj02), lon, lat), lon, lat) == "bd09"
    assert shift_name(-400.0, 500.0, lon, lat) == "other"
    assert shift_name(5.0, -5.0, lon, lat) is None


def test_declared_source():
    assert declared_offset("高德地图导出") == "gcj02"
    assert declared_offset("百度坐标拾取器") == "bd09"
    assert declared_offset("RTK 实测") is None


@given(lon=st.floats(74, 134), lat=st.floats(18, 53))
def test_a_place_in_china_is_found_in_its_zone(lon, lat):
    zone = int(np.floor(lon / 3 + 0.5))
    system = gauss_kruger("cgcs2000", 3, zone, prefixed=True)
    x, y = Transformer.from_crs(4490, system.epsg, always_xy=True).transform(lon, lat)
    bounds = (x, y, x + 10, y + 10)
    assert place_fault(bounds, CRS.from_epsg(system.epsg)) is None
    assert system in candidates(bounds, datum="cgcs2000")
