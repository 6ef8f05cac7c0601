"""Pairs of outlines, of entries of lists, and of rights."""

from datetime import date

import pytest
import shapely
from pyproj import Geod

from tanhui.kernel.time import Period
from tanhui.projects.duplicates.match import land_pairs, name_pairs, tenure_pairs
from tanhui.projects.duplicates.model import Site
from tests.projects.tenure.samples import right

DECADE = Period(date(2020, 1, 1), date(2030, 1, 1))
LATER = Period(date(2035, 1, 1), date(2045, 1, 1))


def site(name, shape=None, project="ours", **more):
    wkb = None if shape is None else shape.wkb
    return Site(more.pop("source", f"{project}.kml"), project, name, wkb=wkb, **more)


def square(west, south, size=0.01):
    return shapely.box(west, south, west + size, south + size)


def test_shared_ground_in_square_metres():
    """The overlap of two squares is a rectangle; its area by Karney's geodesics, another way than ours."""
    one, other = site("1", square(110.0, 27.0)), site("7", square(110.004, 27.003), "vcs")
    (pair,) = land_pairs([one], [other])
    expected, _ = Geod(ellps="GRS80").geometry_area_perimeter(shapely.box(110.004, 27.003, 110.01, 27.01))
    assert pair.overlap_m2 == pytest.approx(abs(expected), rel=1e-6)
    assert pair.overlap_mu == pytest.approx(pair.overlap_m2 * 3 / 2000)
    assert (pair.kind, pair.certainty, pair.conflict) == ("land", "certain", True)
    assert [key for key, _ in pair.reasons] == ["ground", "days_unknown"]


def test_a_border_is_no_conflict():
    """Five millionths of a degree are half a metre: two drawings of one border."""
    (pair,) = land_pairs([site("1", square(110.0, 27.0))], [site("2", square(110.009995, 27.0), "vcs")])
    assert (pair.kind, pair.conflict) == ("border", False)


def test_neighbours_and_strangers_share_nothing():
    ours = [site("1", square(110.0, 27.0))]
    assert land_pairs(ours, [site("2", square(110.01, 27.0), "vcs"), site("3", square(111.0, 27.0), "vcs")]) == []


def test_one_projects_parcels_are_not_compared():
    ours = [site("1", square(110.0, 27.0)), site("2", square(110.005, 27.0))]
    assert land_pairs(ours, ours) == []


def test_one_after_the_other_is_no_conflict():
    one = site("1", square(110.0, 27.0), period=DECADE)
    (apart,) = land_pairs([one], [site("2", square(110.005, 27.0), "vcs", period=LATER)])
    assert (apart.kind, apart.conflict, apart.reasons[-1][0]) == ("succession", False, "apart")
    (same,) = land_pairs([one], [site("2", square(110.005, 27.0), "vcs", period=DECADE)])
    assert (same.certainty, same.common) == ("certain", DECADE)


OURS = Site(
    "慈利/x.shp",
    "cili-2020",
    "1",
    name="湖南省慈利县造林碳汇项目",
    also="Cili County afforestation",
    place="湖南省慈利县",
    methodology="ccer/14-001-v01",
    owner="慈利县绿源林业有限公司",
    period=DECADE,
)


def entry(name, **more):
    return Site("ccer.csv", name, "", name=name, **more)


@pytest.mark.parametrize(
    "other",
    [
        entry("慈利县人工造林碳汇项目（一期）", place="湖南省", methodology="CCER-14-001-V01"),
        entry("湖南慈利造林", methodology="CCER-14-001-V01"),
        entry("绿源一号", owner="慈利县绿源林业有限公司", place="湖南省"),
        entry("Cili Afforestation Project", methodology="CCER-14-001-V01"),
        entry("慈利造林碳汇", period=DECADE, place="湖南省 慈利县"),
    ],
    ids=lambda other: other.name,
)
def test_entries_that_may_be_ours(other):
    (pair,) = name_pairs([OURS], [other])
    assert (pair.kind, pair.certainty) == ("names", "possible")
    for lang in ("zh", "en"):
        assert all("{" not in text for text in pair.texts(lang))


@pytest.mark.parametrize(
    "other",
    [
        entry("甘肃省定西市造林碳汇项目", place="甘肃省", methodology="CCER-14-001-V01"),
        entry("湖南省慈利县造林碳汇项目", place="甘肃省"),  # another province is another project
        entry("湖南省石门县造林碳汇项目", place="湖南省石门县", methodology="CCER-14-001-V01"),
        entry("造林碳汇项目", methodology="CCER-14-001-V01"),
        entry("慈利光伏发电项目", place="湖南省慈利县"),
    ],
    ids=lambda other: other.name + other.place,
)
def test_entries_that_are_not(other):
    assert name_pairs([OURS], [other]) == []


def test_the_likest_comes_first_and_a_project_counts_once():
    others = [
        entry("湖南慈利", place="湖南省"),
        entry("湖南省慈利县造林碳汇项目", place="湖南省", methodology="CCER-14-001-V01"),
    ]
    found = name_pairs([OURS, OURS], others)
    assert len(found) == 2
    assert found[0].other.methodology


def test_a_certificate_in_two_tables():
    one, other = right("7"), right("7", contract_number="HT-99", operator=right("1").operator)
    kinds = {(pair.kind, pair.certainty) for pair in tenure_pairs({"a.csv": [one], "b.csv": [other]})}
    assert kinds == {("certificate", "certain"), ("contract", "certain")}


def test_a_certificate_that_lists_several_parcels_of_one_holder_is_no_conflict():
    number, holder = "湘(2021)慈利县不动产权第0000001号", "农户1"
    rows = [right(p, certificate_number=number, certificate_holder=holder) for p in ("1", "2")]
    assert tenure_pairs({"a.csv": rows}) == []
    (pair,) = tenure_pairs({"a.csv": [rows[0]], "b.csv": [rows[1]]})
    assert (pair.kind, pair.certainty) == ("certificate", "possible")


def test_a_certificate_with_two_holders():
    number = "湘(2021)慈利县不动产权第0000001号"
    rows = [right(p, certificate_number=number, certificate_holder=f"农户{p}") for p in ("1", "2")]
    (pair,) = tenure_pairs({"a.csv": rows})
    assert (pair.kind, pair.certainty) == ("certificate", "certain")
    assert [key for key, _ in pair.reasons] == ["certificate", "holders"]


def test_contracts_that_overlap_in_term_and_those_that_follow_each_other():
    first = right("1", last_day=date(2029, 12, 31))
    second = right("1", contract_number="HT-2", first_day=date(2029, 12, 31))
    (pair,) = tenure_pairs({"a.csv": [first, second]})
    assert (pair.kind, pair.common.days) == ("contract", 1)
    after = right("1", contract_number="HT-2", first_day=date(2030, 1, 1))
    assert tenure_pairs({"a.csv": [first, after]}) == []


def test_a_parcel_number_of_another_village_is_another_parcel():
    from tanhui.projects.tenure import Party

    other = right("1", certificate_number="湘(2021)石门县不动产权第9号", owner=Party("别的村经济合作社"))
    assert tenure_pairs({"a.csv": [right("1")], "b.csv": [other]}) == []
