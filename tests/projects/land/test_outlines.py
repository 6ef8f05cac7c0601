"""What people hand in as outlines: each fault has its name, all are listed at once."""

import json
import math

import numpy as np
import pytest
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon, box

from tanhui.kernel.errors import RefusedInput
from tanhui.projects.land import limits
from tanhui.projects.land.model import Parcel
from tanhui.projects.land.outlines import parcels_from

from .conftest import DECADE

SHELL = [(110.0, 30.0), (110.01, 30.0), (110.01, 30.01), (110.0, 30.01)]


def ring(west: float, south: float, size: float) -> list[tuple[float, float]]:
    """A small square inside the shell, in ten-thousandths of a degree from its corner."""
    x, y, s = 110 + west / 1e4, 30 + south / 1e4, size / 1e4
    return [(x, y), (x + s, y), (x + s, y + s), (x, y + s)]


def parcels(*shapes: object, ids: list[str] | None = None) -> tuple[Parcel, ...]:
    return parcels_from(ids or [f"p{n}" for n in range(len(shapes))], shapes, project="P", period=DECADE)


with np.errstate(invalid="ignore"):
    NAN = shapely.from_wkt("POLYGON ((110 30, 110.01 30, nan 30.01, 110 30))")
BAD = {
    "empty": [None, Polygon(), MultiPolygon()],
    "not_polygon": [Point(110, 30), LineString(SHELL)],
    "not_finite": [NAN],
    "metres": [box(500000, 3_300_000, 500100, 3_300_100), box(38_500_000, 3_300_000, 38_500_100, 3_300_100)],
    # North of 90 degrees by sight; in Tibet's longitudes only the map tells.
    "swapped": [box(30, 110, 30.01, 110.01), box(31, 85, 31.01, 85.01)],
    "antimeridian": [box(179.9, -17, 180.1, -16), Polygon([(179.9, -17), (-179.9, -17), (-179.9, -16), (179.9, -16)])],
    "self_crossing": [
        Polygon([(110, 30), (110.01, 30.01), (110.01, 30), (110, 30.01)]),
        Polygon([(110, 30), (110.01, 30), (110.01, 30.01), (110.005, 30), (110, 30.01)]),
        Polygon([*SHELL[:3], (110.005, 30.01), (110.005, 30.02), (110.005, 30.01), SHELL[3]]),
    ],
    "too_few_points": [Polygon([(110, 30)] * 4)],
    "doubled_ring": [Polygon(SHELL, [ring(10, 10, 20), ring(10, 10, 20)[::-1]]), Polygon(SHELL, [SHELL])],
    "hole_outside": [Polygon(SHELL, [ring(500, 500, 20)])],
    "holes_nested": [Polygon(SHELL, [ring(10, 10, 40), ring(20, 20, 10)])],
    "interior_cut": [Polygon(SHELL, [[(110, 30.005), (110.005, 30.006), (110.01, 30.005), (110.005, 30.004)]])],
    "rings_meet": [
        Polygon(SHELL, [ring(10, 10, 20), ring(30, 10, 20)]),
        Polygon(SHELL, [ring(10, 10, 40), ring(40, 40, 30)]),
    ],
    "parts_overlap": [
        MultiPolygon([Polygon(SHELL), Polygon(ring(10, 10, 20))]),
        MultiPolygon([Polygon(SHELL), box(110.01, 30, 110.02, 30.01)]),
    ],
    # 2.4 m2; 0.1 m by 1 km; a good part and a tiny one.
    "sliver": [
        box(110, 30, 110.00001, 30.00002),
        box(110, 30, 110.01, 30.000001),
        MultiPolygon([Polygon(SHELL), box(111, 30, 111.00001, 30.00001)]),
    ],
}


@pytest.mark.parametrize(("code", "shape"), [(code, shape) for code, shapes in BAD.items() for shape in shapes])
def test_each_fault_has_its_name(code: str, shape: object):
    with pytest.raises(RefusedInput) as refused:
        parcels(shape)
    assert [fault.code for fault in refused.value.faults] == [f"land.{code}"]
    for lang in ("zh", "en"):
        assert "{" not in refused.value.faults[0].reason(lang)
        assert "{" not in refused.value.faults[0].todo(lang)


def test_all_faults_are_listed_at_once_with_their_rows():
    shapes = [shape for shapes in BAD.values() for shape in shapes]
    with pytest.raises(RefusedInput) as refused:
        parcels_from([str(n) for n in range(len(shapes))], shapes, project="P", period=DECADE, file="f.gpkg")
    assert [fault.row for fault in refused.value.faults] == list(range(1, len(shapes) + 1))
    assert {fault.code.removeprefix("land.") for fault in refused.value.faults} == set(BAD)
    assert json.dumps(refused.value.to_dict("zh"), ensure_ascii=False)


def test_two_things_wrong_with_one_outline_are_two_faults():
    with pytest.raises(RefusedInput) as refused:
        parcels(Polygon([(30, 110), (30.01, 110.01), (30.01, 110), (30, 110.01)]))
    assert [fault.code for fault in refused.value.faults] == ["land.swapped", "land.self_crossing"]


@pytest.mark.parametrize(("ids", "code"), [([], "no_parcels"), (["a", "a"], "doubled_id"), (["a", " "], "unnamed")])
def test_names_of_parcels(ids: list[str], code: str):
    shapes = [box(110 + n, 30, 110.01 + n, 30.01) for n in range(len(ids))]
    with pytest.raises(RefusedInput) as refused:
        parcels_from(ids, shapes, project="P", period=DECADE)
    assert [fault.code for fault in refused.value.faults] == [f"land.{code}"]


def test_limits(monkeypatch: pytest.MonkeyPatch):
    most = {"parcels_max": 2.0, "vertices_max": 5.0}
    real = limits.land_limit
    monkeypatch.setattr("tanhui.projects.land.outlines.land_limit", lambda name: most.get(name) or real(name))
    assert len(parcels(box(110, 30, 110.01, 30.01))) == 1
    with pytest.raises(RefusedInput) as refused:
        parcels(Point(110, 30).buffer(0.01))
    assert [fault.code for fault in refused.value.faults] == ["land.too_many_vertices"]
    with pytest.raises(RefusedInput) as refused:
        parcels(*[box(110 + n, 30, 110.01 + n, 30.01) for n in range(3)])
    assert [fault.code for fault in refused.value.faults] == ["land.too_many_parcels"]


def test_one_project_may_not_count_land_twice():
    with pytest.raises(RefusedInput) as refused:
        parcels(box(110, 30, 110.01, 30.01), box(110.009, 30, 110.02, 30.01), box(110, 30, 110.01, 30.01))
    said = sorted((fault.value, fault.facts["other"]) for fault in refused.value.faults)
    assert said == [("p1", "p0"), ("p2", "p0"), ("p2", "p1")]
    # A thousandth of a degree by a hundredth at 30 degrees: about 96 m x 1109 m = 160 mu.
    mu = next(fault.facts["mu"] for fault in refused.value.faults if fault.value == "p1")
    assert 159 < float(mu) < 161


def test_sound_outlines_become_parcels_in_one_normal_form():
    touching = MultiPolygon([box(110, 30, 110.01, 30.01), box(110.01, 30.01, 110.02, 30.02)])
    holes = Polygon(SHELL, [ring(10, 10, 20), [(110.003, 30.003), (110.005, 30.003), (110.005, 30.005)]])
    cut = MultiPolygon([box(179.9, -17, 180, -16), box(-180, -17, -179.9, -16)])
    arctic = box(-150, 68, -149.99, 68.01)
    for shape in (touching, holes, cut, arctic):
        (made,) = parcels(shape)
        assert shapely.from_wkb(made.wkb).equals(shape)
        assert made.area_m2 > 0
    turned = Polygon([*SHELL[2:], *SHELL[:2]][::-1])
    raised = shapely.force_3d(Polygon(SHELL), 812.0)
    assert len({made.wkb for made in (*parcels(Polygon(SHELL)), *parcels(turned), *parcels(raised))}) == 1


def test_neighbours_with_a_common_border_are_no_overlap():
    border = [(110.01, 30 + n / 1000 + math.sin(n) / 1e4) for n in range(11)]
    west = Polygon([(110, 30), *border, (110, 30.01)])
    east = Polygon([(110.02, 30), (110.02, 30.01), *border[::-1]])
    assert len(parcels(west, east)) == 2
