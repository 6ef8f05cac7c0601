"""Parcel files written by pyogrio in each format, system and encoding come back the same; bad ones are refused."""

import zipfile
from contextlib import suppress

import geopandas
import numpy as np
import pytest
from pyproj import Transformer
from shapely.affinity import translate
from shapely.geometry import LineString, MultiPolygon, Polygon, box

from tanhui.kernel.errors import RefusedInput
from tanhui.sensing.inventory.crs import Helmert, ellipsoidal_area_ha
from tanhui.sensing.inventory.map_offsets import bd09_from_gcj02, gcj02_from_wgs84
from tanhui.sensing.inventory.read_xiaoban import Options, read_xiaoban
from tanhui.sensing.inventory.text_encoding import decode_value, encoding_of

LON, LAT = 113.02, 27.11
HA = Options(area_unit="ha", volume_unit="m3/ha")


def squares(epsg=4526, count=3, side_m=300.0):
    """Squares in a row with a gap, in the units of a system."""
    x, y = Transformer.from_crs(4490, 4526, always_xy=True).transform(LON, LAT)
    shapes = [box(x + i * (side_m + 50), y, x + i * (side_m + 50) + side_m, y + side_m) for i in range(count)]
    return geopandas.GeoSeries(shapes, crs=4526).to_crs(epsg)


def parcels(epsg=4526, **columns):
    shapes = squares(epsg)
    table = {
        "LIN_BAN": ["01", "01", "02"],
        "XIAO_BAN": ["0001", "0002", "0003"],
        "DI_LEI": ["乔木林地"] * 3,
        "YOU_SHI_SZ": ["杉木", "马尾松", "杉木"],
        "QI_YUAN": ["人工"] * 3,
        "LING_ZU": ["1", "1", "2"],
        "YU_BI_DU": [0.6, 0.5, 0.7],
        "PINGJUN_XJ": [9.8, 10.2, 11.0],
        "PINGJUN_SG": [7.1, 6.5, 8.0],
        "HUO_LMGQXJ": [55.2, 48.0, 61.5],
        "MIAN_JI": [9.0, 9.0, 9.0],
    }
    return geopandas.GeoDataFrame({**table, **columns}, geometry=shapes)


def codes(error):
    return {fault.code for fault in error.value.faults}


def refuse(path, options=HA):
    with pytest.raises(RefusedInput) as error:
        read_xiaoban(path, options)
    for fault in error.value.faults:  # every fault has a sentence in both languages, with every fact filled in
        for lang in ("zh", "en"):
            sentence = fault.reason(lang) + fault.todo(lang)
            assert "fault." not in sentence
            assert "{" not in sentence
    return error


def check(found, *, degrees=1e-8):
    assert found.frame.crs.to_epsg() == 4490
    assert list(found.frame["species"]) == ["杉木", "马尾松", "杉木"]
    assert list(found.frame["parcel_id"]) == ["0001", "0002", "0003"]
    assert list(found.frame["age_group"]) == ["幼龄林", "幼龄林", "中龄林"]
    assert found.frame["volume_m3_ha"].tolist() == [55.2, 48.0, 61.5]
    assert found.frame["area_declared_ha"].tolist() == pytest.approx([9, 9, 9])
    want = [(shape.centroid.x, shape.centroid.y) for shape in squares(4490)]
    got = [(shape.centroid.x, shape.centroid.y) for shape in found.frame.geometry]
    assert np.array(got) == pytest.approx(np.array(want), abs=degrees)
    # 300 m squares 97 km west of the meridian: scale 1 + x^2 / (2 R^2) in length, so area 9 ha / 1.000233.
    assert found.area_ha == pytest.approx(27 / (1 + (97_000 / 6_371_000) ** 2), rel=2e-5)


@pytest.mark.parametrize("epsg", [4526, 4547, 4497, 4502 + 6, 4490, 4326])
@pytest.mark.filterwarnings("ignore")
def test_shapefile_in_each_system(tmp_path, epsg):
    path = tmp_path / "小班.shp"
    parcels(epsg).to_file(path, encoding="GBK")
    found = read_xiaoban(path, HA)
    check(found, degrees=1e-7)
    assert found.encoding == "gb18030"
    assert f"EPSG:{epsg}" in found.system
    assert {o.name for o in found.observations} == {"小班" + s for s in (".shp", ".shx", ".dbf", ".prj", ".cpg")}


@pytest.mark.parametrize("epsg", [2362, 2414])
def test_old_datums(tmp_path, epsg):
    path = tmp_path / "a.shp"
    parcels(4526).set_crs(epsg, allow_override=True).to_file(path, encoding="GBK")
    found = read_xiaoban(path, HA)
    assert found.position_accuracy_m >= 100
    assert found.area_ha == pytest.approx(27, rel=1e-3)
    near = read_xiaoban(path, Options(area_unit="ha", shift=Helmert(12.646, -155.176, -80.863)))
    assert near.position_accuracy_m == 1
    moved_m = near.frame.geometry.to_crs(4526).distance(found.frame.geometry.to_crs(4526).centroid)
    assert (moved_m < 250).all()


@pytest.mark.parametrize("name", ["a.gdb", "a.gpkg", "a.geojson", "a.kml"])
@pytest.mark.filterwarnings("ignore")
def test_other_formats(tmp_path, name):
    path = tmp_path / name
    epsg = 4326 if name.endswith(("json", "kml")) else 4526
    driver = {"gdb": "OpenFileGDB", "gpkg": "GPKG", "geojson": "GeoJSON", "kml": "KML"}[name.split(".")[1]]
    parcels(epsg).to_file(path, driver=driver, **({"COORDINATE_PRECISION": 11} if driver == "GeoJSON" else {}))
    check(read_xiaoban(path, HA), degrees=1e-7)


def test_kmz_with_folders_and_names(tmp_path):
    ring = "113.02,27.11,5 113.023,27.11,5 113.023,27.113,5 113.02,27.113,5 113.02,27.11,5"
    far = ring.replace("113.02", "113.12")
    kml = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    for name, coordinates in (("甲", ring), ("乙", far)):
        kml += f"<Folder><Placemark><name>{name}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>"
        kml += f"{coordinates}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>"
    kml += "</Document></kml>"
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as packed:
        packed.writestr("doc.kml", kml)
    found = read_xiaoban(tmp_path / "a.kmz")
    assert list(found.frame["parcel_id"]) == ["甲", "乙"]
    assert not found.frame.geometry.has_z.any()


@pytest.mark.parametrize("cpg", [None, "GBK", "936"])
def test_gbk_shapefile_without_cpg(tmp_path, cpg):
    path = tmp_path / "a.shp"
    parcels().to_file(path, encoding="GBK")
    (tmp_path / "a.cpg").unlink()
    if cpg:
        (tmp_path / "a.cpg").write_text(cpg)
    found = read_xiaoban(path, HA)
    check(found)
    assert bool(found.notes) == (cpg is None)


@pytest.mark.parametrize(("written", "said"), [("GBK", "UTF-8"), ("UTF-8", "GBK")])
def test_encoding_that_lies_is_refused(tmp_path, written, said):
    path = tmp_path / "a.shp"
    parcels().to_file(path, encoding=written)
    (tmp_path / "a.cpg").write_text(said)
    assert codes(refuse(path)) == {"xiaoban.wrong_encoding"}


def test_chinese_field_names_in_gbk(tmp_path):
    path = tmp_path / "a.shp"
    frame = parcels().rename(columns={"XIAO_BAN": "小班号", "YOU_SHI_SZ": "优势树种", "MIAN_JI": "面积(亩)"})
    frame["面积(亩)"] = 135.0
    frame.to_file(path, encoding="GBK")
    (tmp_path / "a.cpg").unlink()
    check(read_xiaoban(path))


def test_encoding_of_bytes():
    assert encoding_of([b"A1", "杉木".encode("gbk")]) == "gb18030"
    assert encoding_of(["杉木".encode()]) == "utf-8"
    assert encoding_of(["联通".encode("gbk")]) == "gb18030"  # valid UTF-8 by accident, but not Chinese there
    assert encoding_of([b"0001"]) == "ascii"
    assert encoding_of([b"\xff\xff\x00"]) is None
    assert decode_value("杉木林".encode("gbk")[:5], "gb18030") == "杉木"  # a field cut inside a character


def test_garbled_text_is_refused(tmp_path):
    path = tmp_path / "a.gpkg"
    parcels(YOU_SHI_SZ=["杉木".encode("gbk").decode("latin-1")] * 3).to_file(path)
    assert "xiaoban.broken_text" in codes(refuse(path))


def test_geojson_in_gbk_is_refused(tmp_path):
    path = tmp_path / "a.geojson"
    parcels(4326).to_file(path, driver="GeoJSON")
    path.write_bytes(path.read_text(encoding="utf-8").encode("gbk"))
    assert codes(refuse(path)) == {"xiaoban.not_utf8"}


def test_mu_and_volume_per_mu(tmp_path):
    path = tmp_path / "a.shp"
    frame = parcels(MIAN_JI=[135.0] * 3).rename(columns={"HUO_LMGQXJ": "MXJ"})
    frame["MXJ"] = [55.2 / 15, 48.0 / 15, 61.5 / 15]
    frame.to_file(path, encoding="GBK")
    found = read_xiaoban(path, Options(area_unit="mu"))
    assert found.frame["area_declared_ha"].tolist() == pytest.approx([9, 9, 9])
    assert found.frame["volume_m3_ha"].tolist() == pytest.approx([55.2, 48.0, 61.5])


def test_units_must_be_stated_and_believable(tmp_path):
    path = tmp_path / "a.shp"
    parcels(MIAN_JI=[135.0] * 3).to_file(path, encoding="GBK")
    assert codes(refuse(path, Options())) == {"xiaoban.no_unit"}
    error = refuse(path)
    assert codes(error) == {"xiaoban.area_unit"}
    assert error.value.faults[0].facts["likely"] == "mu"
    assert codes(refuse(path, Options(area_unit="acre"))) == {"xiaoban.unknown_unit"}
    parcels(MIAN_JI=[90_000.0] * 3).to_file(path, encoding="GBK")
    assert refuse(path).value.faults[0].facts["likely"] == "m2"
    assert refuse(path, Options(area_unit="mu")).value.faults[0].facts["likely"] == "m2"
    parcels(MIAN_JI=[135.0] * 3).to_file(path, encoding="GBK")
    assert refuse(path, Options(area_unit="m2")).value.faults[0].facts["likely"] == "mu"
    parcels(MIAN_JI=[9.0, 9.0, 12.0]).to_file(path, encoding="GBK")
    (fault,) = refuse(path).value.faults
    assert (fault.code, fault.value, fault.row) == ("xiaoban.area_mismatch", "0003", 3)


def test_header_unit_against_the_asked_one(tmp_path):
    path = tmp_path / "a.gpkg"
    parcels().rename(columns={"MIAN_JI": "面积（公顷）"}).to_file(path)
    assert codes(refuse(path, Options(area_unit="mu"))) == {"xiaoban.unit_conflict"}
    check(read_xiaoban(path))


def test_missing_prj(tmp_path):
    path = tmp_path / "a.shp"
    parcels().to_file(path, encoding="GBK")
    (tmp_path / "a.prj").unlink()
    (fault,) = refuse(path).value.faults
    assert fault.code == "xiaoban.no_crs"
    assert all(epsg in fault.facts["options"] for epsg in ("4526", "2362", "2414"))
    check(read_xiaoban(path, Options(area_unit="ha", datum="cgcs2000")))
    check(read_xiaoban(path, Options(area_unit="ha", crs="EPSG:4526")))
    assert codes(refuse(path, Options(area_unit="ha", crs="EPSG:9999999"))) == {"xiaoban.unknown_crs"}
    assert codes(refuse(path, Options(area_unit="ha", crs="EPSG:4547"))) == {"xiaoban.zone_prefix"}


def test_missing_prj_without_prefix(tmp_path):
    path = tmp_path / "a.shp"
    parcels(4547).to_file(path, encoding="GBK")
    (tmp_path / "a.prj").unlink()
    assert codes(refuse(path, Options(area_unit="ha", datum="cgcs2000"))) == {"xiaoban.no_crs"}
    check(read_xiaoban(path, Options(area_unit="ha", datum="cgcs2000", near=(113.0, 27.0))))


@pytest.mark.parametrize("epsg", [4547, 4525, 4490])
def test_wrong_crs(tmp_path, epsg):
    path = tmp_path / "a.shp"
    parcels(4526).set_crs(epsg, allow_override=True).to_file(path, encoding="GBK")
    assert codes(refuse(path)) <= {"xiaoban.zone_prefix", "xiaoban.metres_not_degrees"}


def test_stated_and_asked_system_conflict(tmp_path):
    path = tmp_path / "a.shp"
    parcels().to_file(path, encoding="GBK")
    assert codes(refuse(path, Options(area_unit="ha", crs="EPSG:2362"))) == {"xiaoban.crs_conflict"}


@pytest.mark.parametrize(("name", "epsg"), [("a.geojson", 4326), ("a.gpkg", 4526), ("a.shp", 4490)])
@pytest.mark.filterwarnings("ignore")
def test_swapped_axes(tmp_path, name, epsg):
    frame = parcels(epsg)
    frame.geometry = geopandas.GeoSeries(
        [Polygon([(y, x) for x, y in shape.exterior.coords]) for shape in frame.geometry], crs=epsg
    )
    frame.to_file(tmp_path / name)
    assert codes(refuse(tmp_path / name)) == {"xiaoban.swapped"}


def test_outside_china(tmp_path):
    frame = parcels(4326)
    frame.geometry = frame.geometry.map(lambda shape: translate(shape, xoff=-100))
    frame.to_file(tmp_path / "a.geojson", driver="GeoJSON")
    assert codes(refuse(tmp_path / "a.geojson")) == {"xiaoban.outside_china"}


def test_declared_map_offset(tmp_path):
    path = tmp_path / "a.gpkg"
    parcels(4326, 数据来源=["高德地图"] * 3).to_file(path)
    error = refuse(path)
    assert codes(error) == {"xiaoban.map_offset"}
    assert error.value.faults[0].facts["offset"] == "GCJ02"
    parcels(4326, 乡镇=["高德"] * 3).to_file(path)  # a town of that name is no source
    check(read_xiaoban(path, HA), degrees=1e-7)
    assert codes(refuse(path, Options(area_unit="ha", source="百度地图拾取"))) == {"xiaoban.map_offset"}


@pytest.mark.parametrize("offset", ["GCJ02", "BD09", "OTHER", None])
def test_offset_seen_against_a_reference(tmp_path, offset):
    parcels().to_file(tmp_path / "known.gpkg")
    frame = parcels(4326)

    def moved(points):
        lon, lat = points[:, 0], points[:, 1]
        if offset == "OTHER":
            return np.column_stack([lon + 0.003, lat - 0.004])
        if offset is None:
            return points
        lon, lat = gcj02_from_wgs84(lon, lat)
        return np.column_stack(bd09_from_gcj02(lon, lat) if offset == "BD09" else (lon, lat))

    frame.geometry = frame.geometry.transform(moved)
    frame.to_file(tmp_path / "a.gpkg")
    options = Options(area_unit="ha", reference=tmp_path / "known.gpkg")
    if offset is None:
        check(read_xiaoban(tmp_path / "a.gpkg", options), degrees=1e-7)
        return
    error = refuse(tmp_path / "a.gpkg", options)
    assert codes(error) == {"xiaoban.shifted" if offset == "OTHER" else "xiaoban.map_offset_seen"}
    assert error.value.faults[0].facts["offset"] == offset


def test_reference_without_numbers_or_without_the_parcels(tmp_path):
    parcels().to_file(tmp_path / "a.gpkg")
    options = Options(area_unit="ha", reference=tmp_path / "known.gpkg")
    parcels().drop(columns="XIAO_BAN").to_file(tmp_path / "known.gpkg")
    assert codes(refuse(tmp_path / "a.gpkg", options)) == {"table.missing_column"}
    parcels(XIAO_BAN=["7", "8", "9"]).to_file(tmp_path / "known.gpkg")
    assert codes(refuse(tmp_path / "a.gpkg", options)) == {"xiaoban.reference_apart"}


def test_all_outline_faults_together(tmp_path):
    shapes = list(squares(count=8))
    bowtie = Polygon([(0, 0), (300, 300), (300, 0), (0, 300)])
    x, y = shapes[1].bounds[:2]
    shapes[1] = translate(bowtie, x, y)
    shapes[2] = translate(shapes[3], -275, 0)  # 25 m wide strip x 300 m shared with parcel 3: 7500 m2 = 11.25 mu
    shapes[4] = Polygon()
    shapes[5] = shapes[0]
    x, y = shapes[6].bounds[:2]
    shapes[6] = box(x, y, x + 300, y + 0.2)
    shapes[7] = MultiPolygon([shapes[7], translate(shapes[7], 0, 1000)])
    frame = geopandas.GeoDataFrame(
        {"小班号": [f"{i}" for i in range(8)], "优势树种": ["杉木"] * 8}, geometry=shapes, crs=4526
    )
    frame.loc[0, "优势树种"] = "杉术"
    frame.to_file(tmp_path / "a.gpkg")
    error = refuse(tmp_path / "a.gpkg")
    found = {(fault.code, fault.value) for fault in error.value.faults}
    assert found == {
        ("xiaoban.self_crossing", "1"),
        ("xiaoban.overlap", "2"),
        ("xiaoban.empty", "4"),
        ("xiaoban.duplicate", "5"),
        ("xiaoban.sliver", "6"),
        ("xiaoban.multi_part", "7"),
        ("species.unknown", "杉术"),
    }
    overlap = next(f for f in error.value.faults if f.code == "xiaoban.overlap")
    assert overlap.facts["other"] == "3"
    assert overlap.facts["m2"] == pytest.approx(7500, rel=3e-4)
    assert overlap.facts["mu"] == pytest.approx(11.25, rel=3e-4)
    unknown = next(f for f in error.value.faults if f.code == "species.unknown")
    assert unknown.facts["suggested"]


def test_lines_are_no_parcels(tmp_path):
    x, y = squares().iloc[0].bounds[:2]
    frame = geopandas.GeoDataFrame({"小班号": ["1"]}, geometry=[LineString([(x, y), (x + 9, y), (x, y + 9)])], crs=4526)
    frame.to_file(tmp_path / "a.gpkg")
    assert codes(refuse(tmp_path / "a.gpkg")) == {"xiaoban.not_polygon"}


def test_several_parts_where_allowed(tmp_path):
    both = MultiPolygon(list(squares(count=2)))
    frame = geopandas.GeoDataFrame({"小班号": ["1"]}, geometry=[both], crs=4526)
    frame.to_file(tmp_path / "a.gpkg")
    found = read_xiaoban(tmp_path / "a.gpkg", Options(multi_part=True))
    assert found.area_ha == pytest.approx(ellipsoidal_area_ha(squares(4490, count=2)).sum())


def test_numbers_that_start_again_in_each_compartment(tmp_path):
    path = tmp_path / "a.gpkg"
    parcels(XIAO_BAN=["1", "2", "1"]).to_file(path)
    assert list(read_xiaoban(path, HA).frame["parcel_id"]) == ["01-1", "01-2", "02-1"]
    parcels(XIAO_BAN=["1", "1", "1"]).to_file(path)
    assert codes(refuse(path)) == {"xiaoban.doubled_id"}


def test_cells_are_checked_too(tmp_path):
    path = tmp_path / "a.gpkg"
    parcels(YU_BI_DU=[0.6, 6.0, 0.7]).to_file(path)
    (fault,) = refuse(path).value.faults
    assert (fault.code, fault.row, fault.column) == ("table.too_large", 2, "canopy_cover")


def test_several_layers_need_a_name(tmp_path):
    path = tmp_path / "a.gpkg"
    parcels().to_file(path, layer="小班")
    parcels().to_file(path, layer="旧小班")
    assert codes(refuse(path)) == {"xiaoban.which_layer"}
    check(read_xiaoban(path, Options(area_unit="ha", layer="小班")))
    assert codes(refuse(path, Options(layer="无"))) == {"xiaoban.no_layer"}


@pytest.mark.parametrize("part", ["a.shp", "a.dbf"])
def test_shapefile_cut_in_half(tmp_path, part):
    parcels().to_file(tmp_path / "a.shp", encoding="GBK")
    data = (tmp_path / part).read_bytes()
    (tmp_path / part).write_bytes(data[: len(data) // 2])
    assert codes(refuse(tmp_path / "a.shp")) == {"file.cut_short"}


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.shp", b"", "file.empty"),
        ("a.gpkg", b"no database", "file.unreadable"),
        ("a.geojson", b'{"type":', "file.unreadable"),
        ("a.dwg", b"AC1027", "xiaoban.unknown_format"),
        ("a.kml", b"<kml", "file.unreadable"),
    ],
)
def test_files_that_are_none(tmp_path, name, data, code):
    (tmp_path / name).write_bytes(data)
    assert codes(refuse(tmp_path / name)) == {code}


def test_no_file_and_no_rows(tmp_path):
    assert codes(refuse(tmp_path / "none.shp")) == {"file.missing"}
    parcels().iloc[:0].to_file(tmp_path / "a.gpkg")
    assert codes(refuse(tmp_path / "a.gpkg")) == {"table.no_rows"}


def test_shapefile_without_dbf(tmp_path):
    parcels().to_file(tmp_path / "a.shp", encoding="GBK")
    (tmp_path / "a.dbf").unlink()
    assert codes(refuse(tmp_path / "a.shp")) == {"xiaoban.missing_part"}


LAND_TXT = """[属性描述]
格式版本号=1.01版本
坐标系=2000国家大地坐标系
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号=38
精度=0.001
转换参数=0,0,0,0,0,0,0
[地块坐标]
{head}
{points}
"""


def land_txt(north_first=True, count=None, prefix=True):
    x, y, right, top = squares(count=1).iloc[0].bounds
    drop = 0 if prefix else 38_000_000
    outer = [(x, y), (right, y), (right, top), (x, top), (x, y)]
    hole = [(x + 100, y + 100), (x + 200, y + 100), (x + 200, y + 200), (x + 100, y + 200), (x + 100, y + 100)]
    lines = []
    for ring, points in (("1", outer), ("2", hole)):
        for number, (east, north) in enumerate(points, start=1):
            pair = (north, east - drop) if north_first else (east - drop, north)
            lines.append(f"J{number},{ring},{pair[0]:.3f},{pair[1]:.3f}")
    head = f"{count or 10},8.0,DK-1,西冲,面,,造林,,@"
    return LAND_TXT.format(head=head, points="\n".join(lines))


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("north_first", [True, False])
@pytest.mark.parametrize("prefix", [True, False])
def test_land_administration_txt(tmp_path, encoding, north_first, prefix):
    path = tmp_path / "坐标.txt"
    path.write_bytes(land_txt(north_first, prefix=prefix).encode(encoding))
    found = read_xiaoban(path)
    assert list(found.frame["parcel_id"]) == ["DK-1"]
    assert found.area_ha == pytest.approx(8.0, rel=3e-4)  # 9 ha less a hole of 1 ha
    assert ("EPSG:4526" if prefix else "EPSG:4547") in found.system


def test_txt_cut_in_half(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(land_txt(count=40), encoding="utf-8")
    assert codes(refuse(path)) == {"txt.point_count"}
    path.write_text(land_txt().replace("J3,1,", "J3;1;"), encoding="utf-8")
    assert "txt.bad_point" in codes(refuse(path))


def test_plain_txt(tmp_path):
    path = tmp_path / "a.txt"
    corners = list(squares(4490, count=1).iloc[0].exterior.coords)
    path.write_text("编号,经度,纬度\n" + "\n".join(f"A,{x:.9f},{y:.9f}" for x, y in corners), encoding="gbk")
    assert codes(refuse(path)) == {"xiaoban.no_crs"}
    found = read_xiaoban(path, Options(crs="EPSG:4490"))
    assert found.area_ha == pytest.approx(9, rel=5e-4)
    path.write_text("\n".join(f"A {y:.9f} {x:.9f}" for x, y in corners), encoding="utf-8")
    assert read_xiaoban(path, Options(datum="cgcs2000")).area_ha == pytest.approx(9, rel=5e-4)
    path.write_text("编号,经度,纬度\n", encoding="utf-8")
    assert codes(refuse(path)) == {"table.no_rows"}


def test_txt_whose_header_leaves_the_zone_to_the_prefix(tmp_path):
    path = tmp_path / "a.txt"
    text = land_txt().replace("几度分带=3\n", "").replace("带号=38\n", "")
    path.write_text(text, encoding="utf-8")
    assert "EPSG:4526" in read_xiaoban(path).system
    path.write_text(land_txt().replace("带号=38", "带号=37"), encoding="utf-8")
    assert codes(refuse(path)) == {"xiaoban.zone_prefix"}


def test_geojson_in_metres_needs_to_be_told(tmp_path):
    path = tmp_path / "a.geojson"
    frame = parcels(4526).set_crs(4326, allow_override=True)
    frame.to_file(path, driver="GeoJSON", COORDINATE_PRECISION=6)
    path.write_text(path.read_text(encoding="utf-8").replace(CRS_MEMBER, ""), encoding="utf-8")
    (fault,) = refuse(path).value.faults
    assert fault.code == "xiaoban.metres_not_degrees"
    assert "EPSG:4526" in fault.todo("en")
    found = read_xiaoban(path, Options(area_unit="ha", crs="EPSG:4526"))
    check(found)
    assert "xiaoban.offset_possible" in {entry["code"] for entry in found.notes}


#: What the GeoJSON driver writes for WGS 84.
CRS_MEMBER = '"crs": { "type": "name", "properties": { "name": "urn:ogc:def:crs:OGC:1.3:CRS84" } },'


def test_numbers_kept_as_floats(tmp_path):
    path = tmp_path / "a.gpkg"
    parcels(XIAO_BAN=[1.0, 2.0, 3.0]).to_file(path)
    assert list(read_xiaoban(path, HA).frame["parcel_id"]) == ["1", "2", "3"]


@pytest.mark.parametrize("part", ["shp", "dbf", "shx", "prj"])
def test_damaged_bytes_are_refused_or_read_but_never_break(tmp_path, part):
    parcels().to_file(tmp_path / "a.shp", encoding="GBK")
    path = tmp_path / f"a.{part}"
    whole = path.read_bytes()
    random = np.random.default_rng(5)
    for _ in range(12):
        data = bytearray(whole)
        for place in random.integers(0, len(data), 6):
            data[place] = int(random.integers(0, 256))
        path.write_bytes(bytes(data))
        with suppress(RefusedInput):
            read_xiaoban(tmp_path / "a.shp", HA)
