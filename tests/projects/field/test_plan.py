"""A plan of the example: what is in its folder, that other programs read it, and that nothing is overwritten."""

import json
import shutil
import zipfile
from pathlib import Path
from xml.etree import ElementTree as Xml

import geopandas
import pytest
import shapely
from openpyxl import load_workbook
from pyproj import Geod

from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.projects.field import PlotSize, Wishes, plan_field
from tanhui.projects.field.land import read_land
from tanhui.projects.field.points import draw_stratum
from tanhui.projects.field.workbooks import safe_name
from tanhui.sensing.inventory.parcel_attributes import Options
from tanhui.sensing.inventory.workbook import read_workbook

EXAMPLE = Path(__file__).parents[3] / "examples" / "afforestation-hunan"
EARTH = Geod(ellps="GRS80")
GPX = "{http://www.topografix.com/GPX/1/1}"
KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("field") / "pack"
    plan_field(EXAMPLE, out, Wishes(precision=0.05, teams=2), lang="zh")
    return out


@pytest.fixture(scope="module")
def plan(pack: Path) -> dict:
    return json.loads((pack / "plan.json").read_text(encoding="utf-8"))


def test_permanent_plots_are_kept_and_what_is_lacking_is_drawn(plan):
    kinds = {kind: [p for p in plan["plots"] if p["kind"] == kind] for kind in ("revisit", "new", "reserve")}
    assert len(kinds["revisit"]) == 36
    for stratum in plan["strata"]:
        mine = [p for p in plan["plots"] if p["stratum"] == stratum["stratum"]]
        assert stratum["plots"] == sum(p["kind"] != "reserve" for p in mine) >= stratum["wanted"]
        assert stratum["weight_ha"] == pytest.approx(stratum["area_ha"] / stratum["plots"])
        if stratum["new"]:
            assert stratum["inclusion_per_ha"] == pytest.approx(stratum["new"] / stratum["frame_ha"])
    ids = [p["id"] for p in plan["plots"]]
    assert len(set(ids)) == len(ids)
    walked = [p["stop"] for p in plan["plots"] if p["kind"] != "reserve"]
    assert sorted(walked) == list(range(1, len(walked) + 1))


def test_new_plots_lie_inside_their_parcels_on_the_ellipsoid(plan):
    """Distance to the edge by geodesics, from the parcel file itself."""
    parcels = geopandas.read_file(EXAMPLE / "parcels" / "xiaoban.shp", encoding="GBK").to_crs(4490)
    parcels = parcels.set_index("XIAO_BAN")
    reach = PlotSize.parse("600m2").reach_m
    for plot in plan["plots"]:
        if plot["kind"] == "revisit":
            continue
        outline = parcels.loc[plot["parcel"]]
        assert outline["TAN_CENG"] == plot["stratum"]
        ring = outline.geometry.exterior
        assert outline.geometry.contains(shapely.Point(plot["lon_deg"], plot["lat_deg"]))
        around = [ring.interpolate(k / 4000, normalized=True) for k in range(4000)]
        n = len(around)
        away = EARTH.inv([plot["lon_deg"]] * n, [plot["lat_deg"]] * n, [p.x for p in around], [p.y for p in around])[2]
        assert min(away) > reach - 0.05


def test_the_gpx_is_in_the_order_of_its_schema(pack: Path, plan):
    root = Xml.fromstring((pack / "points.gpx").read_bytes())
    assert root.tag == f"{GPX}gpx"
    assert root.get("version") == "1.1"
    # The schema is a sequence: metadata, waypoints, routes; and in each, elements in this order.
    order = [child.tag.removeprefix(GPX) for child in root]
    assert order == ["metadata"] + ["wpt"] * len(plan["plots"]) + ["rte"]
    sequence = ["ele", "time", "magvar", "geoidheight", "name", "cmt", "desc", "src", "link", "sym", "type"]
    for point in root.iter(f"{GPX}wpt"):
        tags = [child.tag.removeprefix(GPX) for child in point]
        assert tags == sorted(tags, key=sequence.index)
    assert [child.tag.removeprefix(GPX) for child in root[0]] == ["name", "desc", "bounds"]
    assert "CGCS2000" in root[0].findtext(f"{GPX}desc")


def test_gdal_reads_the_same_places(pack: Path, plan):
    wanted = {p["id"]: (p["lon_deg"], p["lat_deg"]) for p in plan["plots"]}
    points = geopandas.read_file(pack / "points.gpx", layer="waypoints")
    assert {row["name"]: (row.geometry.x, row.geometry.y) for _, row in points.iterrows()} == wanted
    route = geopandas.read_file(pack / "points.gpx", layer="route_points")
    assert list(route["name"]) == [p["id"] for p in sorted(plan["plots"], key=lambda p: p["stop"]) if p["stop"]]
    features = geopandas.read_file(pack / "points.geojson")
    assert (features["kind"] == "parcel").sum() == 40
    seen = {row["id"]: (row.geometry.x, row.geometry.y) for _, row in features[features["kind"] != "parcel"].iterrows()}
    assert seen == wanted


def test_the_kmz_has_a_folder_for_each_stratum(pack: Path, plan):
    with zipfile.ZipFile(pack / "points.kmz") as packed:
        assert packed.namelist() == ["doc.kml"]
        root = Xml.fromstring(packed.read("doc.kml"))
    folders = root.findall(f"{KML}Document/{KML}Folder")
    assert [folder.findtext(f"{KML}name") for folder in folders] == [s["stratum"] for s in plan["strata"]]
    styles = [mark.findtext(f"{KML}styleUrl") for mark in root.iter(f"{KML}Placemark")]
    assert styles.count("#parcel") == 40
    assert styles.count("#reserve") == sum(p["kind"] == "reserve" for p in plan["plots"])
    assert len(root.findall(f".//{KML}outerBoundaryIs")) == 40


def test_workbooks_hold_what_is_known_and_no_measurement(pack: Path, plan):
    before = read_workbook(EXAMPLE / "monitoring" / "survey-2025.xlsx")[0]
    then = before.tables["trees"]
    standing = then[~then["status"].isin(["cut", "lost"])]
    plots, trees = [], []
    for file in sorted((pack / "workbooks").iterdir()):
        book = load_workbook(file)
        rows = list(book["样地"].iter_rows(min_row=3, values_only=True))
        plots += [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if row[0]]
        rows = list(book["样木"].iter_rows(min_row=3, values_only=True))
        trees += [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if row[0]]
    assert {p["样地号"] for p in plots} == {p["id"] for p in plan["plots"] if p["kind"] != "reserve"}
    assert all(p["碳层"] and p["经度(°)"] and p["纬度(°)"] and p["调查日期"] is None for p in plots)
    assert {(t["样地号"], t["样木号"]) for t in trees} == set(
        zip(standing["location_id"], standing["tree_id"], strict=True)
    )
    assert all(t["胸径(cm)"] is None and t["树高(m)"] is None for t in trees)
    hints = {(t["样地号"], t["样木号"]): t["备注"] for t in trees}
    one = standing[standing["status"] != "dead"].iloc[0]
    assert f"胸径 {one['dbh_cm']:g}" in hints[one["location_id"], one["tree_id"]]


def test_the_same_plan_is_the_same_bytes(pack: Path, tmp_path: Path):
    plan_field(EXAMPLE, tmp_path / "again", Wishes(precision=0.05, teams=2), lang="zh")
    for file in sorted(path for path in pack.rglob("*") if path.is_file()):
        assert (tmp_path / "again" / file.relative_to(pack)).read_bytes() == file.read_bytes(), file.name


def test_what_somebody_wrote_into_is_not_overwritten(pack: Path, tmp_path: Path):
    mine = tmp_path / "pack"
    shutil.copytree(pack, mine)
    book = mine / "workbooks" / "team-1.xlsx"
    book.write_bytes(book.read_bytes() + b" ")
    (mine / "photo.jpg").write_bytes(b"x")
    with pytest.raises(RefusedInput) as refused:
        plan_field(EXAMPLE, mine, Wishes(), lang="zh")
    assert [fault.file for fault in refused.value.faults] == ["photo.jpg", "workbooks/team-1.xlsx"]
    assert (mine / "photo.jpg").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path):
    (tmp_path / "manifest.json").write_text('{"format": "tanhui-manifest-1"}')
    with pytest.raises(InputError):
        plan_field(EXAMPLE, tmp_path, Wishes(), lang="zh")
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_half_a_plan_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full_disk(*_args, **_options):
        raise OSError(28, "no space")

    monkeypatch.setattr("tanhui.projects.field.plan.workbooks", full_disk)
    with pytest.raises(OSError, match="no space"):
        plan_field(EXAMPLE / "parcels" / "xiaoban.shp", tmp_path / "pack", options=Options(area_unit="mu"))
    assert list(tmp_path.iterdir()) == []


def test_a_parcel_file_alone_does(tmp_path: Path):
    document = plan_field(
        EXAMPLE / "parcels" / "xiaoban.shp",
        tmp_path / "pack",
        Wishes(seed=3, layout="systematic", size=PlotSize.parse("circle 13.82")),
        options=Options(area_unit="mu"),
        lang="en",
    )
    assert [s["stratum"] for s in document["strata"]] == ["CL-2014", "CL-2015", "PM-2014", "PM-2015"]
    assert document["spread"]["source"] == "assumed"
    assert all(s["spacing_m"] > 0 for s in document["strata"])
    assert "cv_assumed" in {p["id"].split("/")[1] for p in document["parameters"]}


def test_another_stratum_or_more_plots_move_no_point():
    land = read_land(EXAMPLE / "parcels" / "xiaoban.shp", "zh", Options(area_unit="mu"))
    parcels = land.parcels["CL-2014"]

    def places(n: int, layout: str = "random", label: str = "CL-2014") -> list[tuple[float, float]]:
        drawn = draw_stratum(label, parcels, n, 2, margin_m=12.0, layout=layout, seed=5)
        return [(p.lon_deg, p.lat_deg) for p in drawn.plots if p.kind == "new"]

    assert places(12)[:7] == places(7)
    assert (
        draw_stratum("CL-2014", parcels[::-1], 7, 2, margin_m=12.0, layout="random", seed=5).plots[0].lon_deg
        == places(7)[0][0]
    )
    assert places(7, label="other") != places(7)
    assert places(9, "systematic") == places(9, "systematic")


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        (["CL-2014,0.3,,", "CL-2014,0.3,,"], {"field.stratum_twice", "field.stratum_missing"}),
        (["X,0.3,,", "CL-2014,0.3,,", "CL-2015,0.3,,", "PM-2014,0.3,,", "PM-2015,0.3,,"], {"field.stratum_unknown"}),
        (["CL-2014,0.3,5,", "CL-2015,0.3,,", "PM-2014,0.3,,", "PM-2015,0.3,,"], {"field.some_means"}),
        (["CL-2014,-1,,"], {"table.below"}),
    ],
)
def test_tables_of_the_spread_that_do_not_fit(tmp_path: Path, rows: list[str], codes: set[str]):
    table = tmp_path / "spread.csv"
    table.write_text("\n".join(["stratum,cv,mean,cost", *rows]), encoding="utf-8")
    with pytest.raises(RefusedInput) as refused:
        plan_field(
            EXAMPLE / "parcels" / "xiaoban.shp", tmp_path / "x", Wishes(spread=table), options=Options(area_unit="mu")
        )
    found = {fault.code for fault in refused.value.faults}
    assert found == codes or codes == {"table.below"}
    assert not (tmp_path / "x").exists()


def test_file_names_are_safe_and_stay_apart():
    assert safe_name("Y01") == "Y01"
    assert safe_name("../a b") != safe_name("../a/b")
    assert "/" not in safe_name("../a/b")
