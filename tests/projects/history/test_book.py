"""The book from images and surveys made here: any system, bands, nodata, and what is refused."""

import json
import shutil
from datetime import date
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.projects.history import Sources, history
from tanhui.projects.history.imagery import Image, Looker, find_images
from tanhui.projects.history.survey import read_surveys, survey_states
from tests.projects.history import land

DAY = date(2026, 11, 24)
YEARS = dict.fromkeys((2010, 2011, 2012, 2013), "其他草地")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, geopandas.GeoDataFrame]:
    folder = land.project(tmp_path_factory.mktemp("land"))
    return folder, land.parcels(folder)


def box_frame(side_m: float = 100.0) -> geopandas.GeoDataFrame:
    """A square on UTM 49N, in CGCS2000 as parcels are."""
    square = shapely.box(500_000, 3_000_000, 500_000 + side_m, 3_000_000 + side_m)
    frame = geopandas.GeoDataFrame({"parcel_id": ["1"]}, geometry=[square], crs="EPSG:32649")
    return frame.to_crs("EPSG:4490")


def write(path: Path, data: np.ndarray, **profile: object) -> Image:
    """A 10 m image whose upper left corner is 200 m north-west of the square."""
    count, height, width = data.shape
    options = {"driver": "GTiff", "width": width, "height": height, "count": count, "dtype": data.dtype.name}
    options |= {"crs": "EPSG:32649", "transform": from_origin(499_800, 3_000_300, 10, 10), **profile}
    with rasterio.open(path, "w", **options) as out:
        out.write(data)
        if count == 4:
            out.descriptions = ("blue", "green", "red", "nir")
    return find_images([path])[0]


def glance(image: Image, frame: geopandas.GeoDataFrame) -> object:
    looker = Looker(image, frame, DAY)
    try:
        return looker.glance(0)
    finally:
        looker.close()


def test_index_and_coverage_by_hand(tmp_path: Path):
    # Left half of the square: red 1000, nir 4000 (NDVI 0.6, dense); right half 1000 and 2000 (NDVI 1/3, sparse).
    data = np.full((4, 50, 50), 1000, np.uint16)
    data[3, :, :25] = 4000
    data[3, :, 25:] = 2000
    seen = glance(write(tmp_path / "a_20110503.tif", data), box_frame())
    assert (seen.index, seen.dense, seen.sparse) == ("ndvi", 0.5, 0.5)
    assert seen.covered == pytest.approx(1.0)
    assert seen.cloud == 0.0
    assert seen.picture[:2] == b"\xff\xd8"  # a JPEG


def test_nodata_and_cloud_are_shares(tmp_path: Path):
    # The square covers rows 20 to 29 and columns 20 to 29: 3 of its 10 columns are nodata, 2 of the other 7 are white.
    data = np.full((4, 50, 50), 1000, np.uint16)
    data[:, :, 20:23] = 0
    data[:3, :, 28:30] = 9500
    seen = glance(write(tmp_path / "a_20110503.tif", data, nodata=0), box_frame())
    assert seen.covered == pytest.approx(0.7, abs=1e-6)
    assert seen.cloud == pytest.approx(2 / 7)


def test_an_image_that_ends_within_the_parcel_and_one_elsewhere(tmp_path: Path):
    data = np.full((1, 50, 25), 90, np.uint8)  # ends 50 m into the square
    assert glance(write(tmp_path / "a_2011.tif", data), box_frame()).covered == pytest.approx(0.5, abs=1e-6)
    away = write(tmp_path / "b_2011.tif", data, transform=from_origin(600_000, 3_000_300, 10, 10))
    seen = glance(away, box_frame())
    assert (seen.covered, seen.picture) == (0.0, b"")


def test_a_turned_image_and_one_in_degrees_show_the_same_parcel(tmp_path: Path):
    frame = box_frame()
    turned = from_origin(499_700, 3_000_100, 10, 10) @ rasterio.Affine.rotation(-30)
    first = glance(write(tmp_path / "a_2011.tif", np.full((1, 80, 80), 90, np.uint8), transform=turned), frame)
    assert first.covered == pytest.approx(1.0, abs=0.02)
    west, _, _, north = frame.total_bounds
    degrees = from_origin(west - 0.002, north + 0.002, 1e-4, 1e-4)
    image = write(tmp_path / "b_2011.tif", np.full((3, 60, 60), 90, np.uint8), transform=degrees, crs="EPSG:4326")
    second = glance(image, frame)
    assert second.covered == pytest.approx(1.0, abs=0.02)
    # The square stays one.
    xs, ys = zip(*second.outline[0], strict=True)
    assert max(xs) - min(xs) == pytest.approx(max(ys) - min(ys), rel=0.02)


def test_a_palette_a_float_and_a_huge_window_are_read(tmp_path: Path):
    data = np.full((1, 50, 50), 7, np.uint8)
    image = write(tmp_path / "a_2011.tif", data)
    with rasterio.open(image.path, "r+") as out:
        out.write_colormap(1, {7: (10, 200, 10, 255)})
    assert glance(image, box_frame()).picture
    floats = np.full((1, 50, 50), np.nan, np.float32)
    floats[:, :, 25:] = 0.3
    assert glance(write(tmp_path / "b_2011.tif", floats), box_frame()).covered == pytest.approx(0.5)
    big = glance(write(tmp_path / "c_2011.tif", np.full((1, 3000, 3000), 9, np.uint8)), box_frame(20_000))
    assert max(big.size) <= 120


def test_days_from_table_name_and_tag(tmp_path: Path):
    data = np.ones((1, 5, 5), np.uint8)
    for name in ("one_2011-05-03.tif", "two_2011.tif", "three.tif"):
        options = {"driver": "GTiff", "width": 5, "height": 5, "count": 1, "dtype": "uint8", "crs": "EPSG:32649"}
        with rasterio.open(tmp_path / name, "w", **options, transform=from_origin(5e5, 3e6, 10, 10)) as out:
            out.write(data)
            if name == "three.tif":
                out.update_tags(TIFFTAG_DATETIME="2012:06:07 08:09:10")
    (tmp_path / "imagery.csv").write_text("file,date,bands\ntwo_2011.tif,2011-08-09,red\n", encoding="utf-8-sig")
    found = {image.name: (image.day, image.dated, dict(image.bands)) for image in find_images([tmp_path])}
    assert found["one_2011-05-03.tif"][:2] == (date(2011, 5, 3), "name")
    assert found["two_2011.tif"] == (date(2011, 8, 9), "table", {"red": 1})
    assert found["three.tif"][:2] == (date(2012, 6, 7), "tag")


def test_everything_wrong_with_images_is_named_at_once(tmp_path: Path):
    (tmp_path / "broken_2011.tif").write_bytes(b"II*\x00 no image")
    options = {"driver": "GTiff", "width": 5, "height": 5, "count": 1, "dtype": "uint8"}
    with rasterio.open(tmp_path / "nowhere.tif", "w", **options, transform=from_origin(0, 0, 1, 1)) as out:
        out.write(np.ones((1, 5, 5), np.uint8))
    (tmp_path / "imagery.csv").write_text("file,date\nghost.tif,2011\nx.tif,sometime\n", encoding="utf-8")
    with pytest.raises(RefusedInput) as refused:
        find_images([tmp_path, tmp_path / "missing.tif"])
    codes = {fault.code for fault in refused.value.faults}
    assert codes == {
        "file.unreadable",
        "file.missing",
        "history.no_day",
        "history.no_crs",
        "history.table_row",
        "history.table_unknown_file",
    }


def test_survey_shares_by_hand(tmp_path: Path):
    # Of the square's 100 m, 60 m are grass and 40 m forest in 2011; in 2012 only 90 m are surveyed, all grass.
    west, south, east, north = 500_000, 3_000_000, 500_100, 3_000_100
    rows = [
        ("其他草地", 2011, shapely.box(west - 50, south - 50, west + 60, north + 50)),
        ("乔木林地", 2011, shapely.box(west + 60, south - 50, east + 50, north + 50)),
        ("其他草地", 2012, shapely.box(west, south, west + 90, north)),
        ("怪地", 2013, shapely.box(west, south, east, north)),
    ]
    classes, years, shapes = zip(*rows, strict=True)
    frame = geopandas.GeoDataFrame({"DLMC": classes, "年份": years}, geometry=list(shapes), crs="EPSG:32649")
    frame.to_crs("EPSG:4490").to_file(tmp_path / "s.gpkg")
    (first, second, third) = survey_states(box_frame(), read_surveys([tmp_path / "s.gpkg"]), DAY)[0]
    assert first.day == date(2011, 12, 31)
    assert dict(first.shares) == {"其他草地": pytest.approx(0.6, abs=1e-4), "乔木林地": pytest.approx(0.4, abs=1e-4)}
    assert first.forest is True
    assert (second.forest, second.why) == (None, "not_covered")
    assert (third.forest, third.why) == (None, "unknown_class")


def test_a_survey_without_class_or_day_is_refused(tmp_path: Path):
    frame = geopandas.GeoDataFrame({"x": [1]}, geometry=[shapely.box(111, 28, 112, 29)], crs="EPSG:4490")
    frame.to_file(tmp_path / "s.gpkg")
    with pytest.raises(RefusedInput) as refused:
        read_surveys([tmp_path / "s.gpkg"])
    assert {fault.code for fault in refused.value.faults} == {"history.no_class", "history.no_day"}


def test_the_whole_book(tmp_path: Path, ground: tuple[Path, geopandas.GeoDataFrame]):
    folder, frame = ground
    woods = set(frame["parcel_id"].head(2))
    land.raster(tmp_path / "a_2010-10-01.tif", frame, overviews=True, tiled=True)
    land.rgb(tmp_path / "b_20110818.tif", frame, (120, 140, 90))
    land.survey(tmp_path / "survey.gpkg", frame, YEARS, forest=woods)
    sources = Sources(
        imagery=(tmp_path / "a_2010-10-01.tif", tmp_path / "b_20110818.tif"), survey=(tmp_path / "survey.gpkg",)
    )
    found = history(folder, sources, tmp_path / "out", per_page=15)
    assert found["counts"] == {"met": len(frame) - 2, "not_met": 2, "evidence_missing": 0}
    assert {p["id"] for p in found["parcels"] if p["verdict"] == "not_met"} == woods
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert [name for name in names if name.startswith("parcels-")] == [f"parcels-00{n}.html" for n in (1, 2, 3)]
    page = (tmp_path / "out" / "parcels-001.html").read_text(encoding="utf-8")
    assert page.count("<article") == 15
    assert page.count("data:image/jpeg;base64,") == 30
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    history(folder, sources, tmp_path / "out", per_page=15)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == first


def test_images_alone_settle_nothing_until_somebody_has_looked(
    tmp_path: Path, ground: tuple[Path, geopandas.GeoDataFrame]
):
    folder, frame = ground
    names = ("a_2010-10-01.tif", "b_2011-10-01.tif", "c_2012-10-01.tif", "d_2013-10-01.tif")
    for name in names:
        land.raster(tmp_path / name, frame, pixel=40)
    images = tuple(tmp_path / name for name in names)
    found = history(folder, Sources(imagery=images), tmp_path / "out")
    assert found["counts"]["evidence_missing"] == len(frame)
    blank = (tmp_path / "out" / "interpretation-blank.csv").read_text(encoding="utf-8-sig").splitlines()
    filled = [blank[0], *(line[:-2] + ",grassland,王工" for line in blank[1:])]
    (tmp_path / "filled.csv").write_text("\n".join(filled), encoding="utf-8")
    found = history(folder, Sources(imagery=images, interpretation=tmp_path / "filled.csv"), tmp_path / "out2")
    assert found["counts"]["met"] == len(frame)
    assert {p["no_forest_since"] for p in found["parcels"]} == {"2010-10-01"}
    assert "no_forest_since = 2010-10-01" in (tmp_path / "out2" / "conditions.toml").read_text(encoding="utf-8")
    wrong = "parcel_id,image,land_class,interpreter\nx,y,森森,\n"
    (tmp_path / "wrong.csv").write_text(wrong, encoding="utf-8")
    with pytest.raises(RefusedInput) as refused:
        history(folder, Sources(imagery=images, interpretation=tmp_path / "wrong.csv"), tmp_path / "out3")
    assert len(refused.value.faults) == 4
    assert not (tmp_path / "out3").exists()


def test_a_file_somebody_changed_is_not_written_over(tmp_path: Path, ground: tuple[Path, geopandas.GeoDataFrame]):
    folder, frame = ground
    land.survey(tmp_path / "survey.gpkg", frame, YEARS)
    sources = Sources(survey=(tmp_path / "survey.gpkg",))
    history(folder, sources, tmp_path / "out")
    changed = tmp_path / "out" / "conditions.toml"
    changed.write_text(changed.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        history(folder, sources, tmp_path / "out")
    assert refused.value.code == "scout.edited"
    assert "conditions.toml" in refused.value.text("en")


def test_the_lines_for_the_project_file_are_good_ones(tmp_path: Path, ground: tuple[Path, geopandas.GeoDataFrame]):
    folder, frame = ground
    copy = tmp_path / "project"
    shutil.copytree(folder, copy)
    land.survey(tmp_path / "survey.gpkg", frame, YEARS)
    history(copy, Sources(survey=(tmp_path / "survey.gpkg",)), copy / "history")
    from tanhui.projects.model import load_project

    text = (copy / "project.toml").read_text(encoding="utf-8")
    lines = (copy / "history" / "conditions.toml").read_text(encoding="utf-8")
    assert "no_forest_since = 2010-12-31" in lines
    text = text.replace("no_forest_since = 2008-01-01", "no_forest_since = 2010-12-31")
    text = text.replace("[conditions.evidence]", '[conditions.evidence]\nland_history = "history/land_history.json"')
    (copy / "project.toml").write_text(text, encoding="utf-8")
    load_project(copy)
    book = json.loads((copy / "history" / "land_history.json").read_text(encoding="utf-8"))
    assert book["first"] == "2011-03-10"


def test_without_sources_or_without_an_afforestation_project(
    tmp_path: Path, ground: tuple[Path, geopandas.GeoDataFrame]
):
    with pytest.raises(InputError):
        history(ground[0], Sources(), tmp_path / "out")
    other = land.EXAMPLE.parent / "rhode-island"
    with pytest.raises(InputError):
        history(other, Sources(survey=(tmp_path / "x.gpkg",)), tmp_path / "out")


def test_each_parcel_says_since_when_for_itself(tmp_path: Path, ground: tuple[Path, geopandas.GeoDataFrame]):
    from tanhui.projects.history.service import conditions
    from tanhui.projects.model import load_project
    from tanhui.projects.site import read_site

    folder, frame = ground
    names = [str(name) for name in frame["parcel_id"]]
    rows = [
        {"id": name, "no_forest_since": day}
        for name, day in zip(names, ["2009-05-01", "2010-12-31", None], strict=False)
    ]
    copy = tmp_path / "project"
    shutil.copytree(folder, copy)
    text = (copy / "project.toml").read_text(encoding="utf-8").replace("no_forest_since = 2008-01-01\n", "")
    lines = conditions({"parcels": rows}).split("[conditions.evidence]")[0]
    assert lines.count("no_forest_since") == 2
    (copy / "project.toml").write_text(f"{text}\n{lines}", encoding="utf-8")
    said = load_project(copy).conditions["parcel"]
    assert {name: str(one["no_forest_since"]) for name, one in said.items()} == dict(
        zip(names, ["2009-05-01", "2010-12-31"], strict=False)
    )
    read_site(load_project(copy), copy)
    strange = '\n[conditions.parcel."nowhere"]\nno_forest_since = 2010-12-31\n[conditions.parcel."x"]\nforest = 1\n'
    (copy / "project.toml").write_text(f"{text}\n{strange}", encoding="utf-8")
    with pytest.raises(RefusedInput) as refused:
        load_project(copy)
    assert [fault.column for fault in refused.value.faults] == ["conditions.parcel.x.forest"]
    (copy / "project.toml").write_text(f"{text}\n{strange.splitlines()[1]}\n", encoding="utf-8")
    with pytest.raises(RefusedInput) as refused:
        read_site(load_project(copy), copy)
    assert [fault.code for fault in refused.value.faults] == ["project.answer_without_parcel"]
