"""The whole check: files in, a statement with its maps out, signed, verified, or refused with everything wrong."""

import json
from datetime import date

import pytest
import shapely

from tanhui.faces.demo import ILLUSTRATIVE, example_folder
from tanhui.kernel.errors import InputError, IntegrityError, RefusedInput
from tanhui.kernel.signing import SigningKey, TrustedKey, key_id
from tanhui.kernel.time import Period
from tanhui.projects.duplicates import Question, check_duplicates, verify_statement
from tanhui.projects.duplicates.read_sites import other_sites, our_sites
from tanhui.projects.land import tables as land_tables
from tanhui.projects.land.outlines import parcels_from
from tanhui.projects.land.service import import_parcels, register_parcels
from tests.projects.duplicates.test_read_kml import HEAD, TAIL
from tests.projects.land.conftest import engine_of

DAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def ours():
    return our_sites(example_folder(ILLUSTRATIVE))


def kml(path, shapes):
    marks = "".join(
        f"<Placemark><name>{name}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>"
        + " ".join(f"{x},{y}" for x, y in shape.exterior.coords)
        + "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
        for name, shape in shapes.items()
    )
    path.write_text(HEAD + marks + TAIL, encoding="utf-8")
    return path


def shape_of(site):
    return shapely.from_wkb(site.wkb)


def listed(path, *rows):
    head = "projectName,methodologyNum,provinceName,expectYearNum,certifiedNum,publicStartDate,publicEndDate"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_project_of_ours(ours):
    assert len(ours) == 40
    assert ours[0].methodology == "ccer/14-001-v01"
    assert ours[0].period.start == date(2014, 3, 10)


def test_land_lists_pages_and_maps(ours, tmp_path):
    verra = kml(tmp_path / "vcs-9999.kml", {"A": shape_of(ours[3]), "&lt;b&gt;far": shapely.box(100, 30, 100.1, 30.1)})
    ccer = listed(
        tmp_path / "ccer.csv",
        "湖南造林碳汇示例项目（一期）,CCER-14-001-V01,湖南省,3380,0,20260717,20260813",
        "甘肃省定西市造林碳汇项目,CCER-14-001-V01,甘肃省,9000,0,20250217,20250317",
    )
    question = Question([example_folder(ILLUSTRATIVE)], [verra, ccer], place="湖南省")
    checked = check_duplicates(question, tmp_path / "out", day=DAY)
    assert not checked.clear
    whole = next(pair for pair in checked.pairs if pair.one.id == ours[3].id)
    assert (whole.kind, whole.other.id) == ("land", "A")
    assert [pair.kind for pair in checked.pairs].count("names") == 1
    names = {path.name for path in checked.out.iterdir()}
    assert {"statement.html", "statement.json", "manifest.json", "map-001.html"} <= names
    page = (checked.out / "statement.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http://www.w3.org", ""), "no outside request"
    assert "cannot be declared" in page
    assert "<svg" in (checked.out / "map-001.html").read_text(encoding="utf-8")
    again = check_duplicates(question, tmp_path / "again", day=DAY)
    for name in names:
        assert (again.out / name).read_bytes() == (checked.out / name).read_bytes(), name


def test_nothing_found_can_be_declared(tmp_path):
    far = kml(tmp_path / "far.kml", {"x": shapely.box(100, 30, 100.1, 30.1)})
    checked = check_duplicates(Question([example_folder(ILLUSTRATIVE)], [far]), tmp_path / "out", day=DAY)
    assert checked.clear
    assert "We declare" in (checked.out / "statement.html").read_text(encoding="utf-8")


def test_names_from_strangers_are_shown_and_not_run(ours, tmp_path):
    path = kml(tmp_path / "x.kml", {"&lt;script&gt;alert(1)&lt;/script&gt;": shape_of(ours[0])})
    checked = check_duplicates(Question([example_folder(ILLUSTRATIVE)], [path]), tmp_path / "out", day=DAY)
    for page in checked.out.glob("*.html"):
        assert "<script>alert" not in page.read_text(encoding="utf-8")


def test_two_projects_of_ours_against_each_other(ours, tmp_path):
    other = kml(tmp_path / "sister.kml", {"S1": shape_of(ours[7])})
    checked = check_duplicates(Question([example_folder(ILLUSTRATIVE), other]), tmp_path / "out", day=DAY)
    assert ("land", "sister") in {(pair.kind, pair.other.project) for pair in checked.pairs}


def test_the_land_ledger(ours, tmp_path, database_url):
    """A registered project, an imported one, and ourselves: the first two are found, the days decide."""
    engine = engine_of(database_url)
    decade, later = Period(date(2020, 1, 1), date(2030, 1, 1)), Period(date(2040, 1, 1), date(2050, 1, 1))
    shapes = [shape_of(site) for site in ours]
    with engine.begin() as connection:
        land_tables.create(connection)
        register_parcels(connection, parcels_from(["R1"], shapes[:1], project="other", period=decade))
        mine = parcels_from(["M"], shapes[5:6], project="afforestation-hunan", period=decade)
        register_parcels(connection, mine)
        import_parcels(connection, parcels_from(["V1"], shapes[9:10], project="v", period=later, source="verra"))
        checked = check_duplicates(
            Question([example_folder(ILLUSTRATIVE)]), tmp_path / "out", day=DAY, connection=connection
        )
    engine.dispose()
    conflicts = {(p.other.source, p.other.id, p.one.id): p.kind for p in checked.pairs if p.overlap_m2 > 1e4}
    assert conflicts[("registry", "R1", ours[0].id)] == "land"
    assert conflicts[("registry:verra", "V1", ours[9].id)] == "succession"
    assert all(source != "afforestation-hunan" for source, *_ in conflicts)
    assert "M" not in {p.other.id for p in checked.pairs}


def test_signed_and_verified_later(ours, tmp_path):
    key, stranger = SigningKey.generate("农场"), SigningKey.generate("somebody")
    checked = check_duplicates(Question([example_folder(ILLUSTRATIVE)]), tmp_path / "out", day=DAY, keys=[key])
    path = checked.out / "statement.json"
    trust = {key_id(key.public): TrustedKey(key.name, key.public, ("owner",))}
    body, names = verify_statement(path, trust)
    assert (body["day"], names) == ("2026-11-24", ["农场"])
    with pytest.raises(IntegrityError, match="No trusted key"):
        verify_statement(path, {key_id(stranger.public): TrustedKey("s", stranger.public, ("owner",))})
    document = json.loads(path.read_text())
    document["body"]["counts"]["certain"] = 7
    path.write_text(json.dumps(document))
    with pytest.raises(IntegrityError) as refused:
        verify_statement(path, trust)
    assert refused.value.code == "signature.wrong"


@pytest.mark.parametrize("content", ["[]", "{}", '{"body": {"format": "other"}, "signatures": []}'])
def test_what_is_no_statement(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(IntegrityError):
        verify_statement(path, {})
    with pytest.raises(InputError):
        verify_statement(tmp_path / "absent.json", {})


def test_everything_wrong_is_listed_and_nothing_is_written(tmp_path):
    evil = tmp_path / "evil.kml"
    evil.write_text('<!DOCTYPE x [<!ENTITY a "b">]><kml/>')
    points = tmp_path / "points.kml"
    points.write_text(f"{HEAD}<Placemark><Point><coordinates>1,2</coordinates></Point></Placemark>{TAIL}")
    bad = tmp_path / "list.csv"
    bad.write_text("nothing,here\n1,2\n")
    metres = kml(tmp_path / "metres.kml", {"A": shapely.box(500000, 3000000, 500100, 3000100)})
    with pytest.raises(RefusedInput) as refused:
        check_duplicates(Question([evil], [points, bad, metres]), tmp_path / "out", day=DAY)
    codes = {fault.code for fault in refused.value.faults}
    wanted = {"duplicates.doctype", "duplicates.no_outlines", "table.missing_column", "duplicates.not_degrees"}
    assert wanted <= codes
    assert not (tmp_path / "out").exists()


def test_a_bow_tie_of_somebody_else_is_mended(tmp_path):
    path = kml(tmp_path / "x.kml", {"A": shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)])})
    (found,) = other_sites(path)
    assert shape_of(found).is_valid
    assert shape_of(found).area == pytest.approx(0.5)


def test_geojson_names_its_projects(tmp_path):
    path = tmp_path / "gs.geojson"
    feature = {
        "type": "Feature",
        "properties": {"Project name": "金标准造林", "小班号": "7"},
        "geometry": shapely.geometry.mapping(shapely.box(110, 27, 110.01, 27.01)),
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    (found,) = other_sites(path)
    assert (found.id, found.name, found.project) == ("7", "金标准造林", "gs")


def test_a_list_of_the_national_registry(tmp_path):
    path = listed(tmp_path / "ccer.csv", "某项目,CCER-14-001-V01,湖南省,3000,0,20260717,20260813")
    (found,) = other_sites(path)
    assert (found.name, found.place, found.methodology, found.expected_t) == (
        "某项目",
        "湖南省",
        "CCER-14-001-V01",
        3000,
    )
    assert found.period is None  # a public notice claims no days
