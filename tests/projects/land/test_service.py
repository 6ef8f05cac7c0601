"""No plot is sold twice: in space, in time, by anybody, on both databases."""

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from shapely import box
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.time import Period
from tanhui.projects.land import service, store, tables
from tanhui.projects.land.model import LandTaken, Overlap, Parcel
from tanhui.projects.land.outlines import parcels_from, parcels_of_frame
from tanhui.projects.model import load_project
from tanhui.projects.site import read_parcels

from .conftest import DECADE, square
from .test_area import zone_m2
from .test_overlap import EAST, NORTH


def years(first: int, last: int) -> Period:
    return Period(date(first, 1, 1), date(last + 1, 1, 1))


def test_a_taken_plot_is_refused_with_every_pair_in_m2_and_mu(connection: Connection):
    first = [square("a", 110, 30, project="P"), square("b", 110.01, 30, project="P")]
    assert service.register_parcels(connection, first) == []
    new = [square("x", 110.005, 30.005, project="Q"), square("y", 111, 30, project="Q")]
    with pytest.raises(LandTaken) as refused:
        service.register_parcels(connection, new, file="new.gpkg")
    shared = zone_m2(30.005, 30.01, 0.005)
    assert [(o.parcel, o.other_parcel, o.other_project) for o in refused.value.overlaps] == [
        ("x", "a", "P"),
        ("x", "b", "P"),
    ]
    for overlap in refused.value.overlaps:
        assert overlap.overlap_m2 == pytest.approx(shared, rel=1e-7)
        assert overlap.overlap_mu == pytest.approx(shared * 15 / 10_000, rel=1e-7)
        assert overlap.common == DECADE
        assert not overlap.sliver
    assert refused.value.exit_code == 1
    # 0.005 degrees by 0.005 degrees at 30 N are 482.4 m by 554.3 m, 400 mu.
    assert "267,3" in refused.value.text("zh")
    assert "亩" in refused.value.text("zh")
    assert "2025-01-01" in refused.value.text("en")
    assert "2034-12-31" in refused.value.text("en")
    assert service.land_of(connection, "Q") == []
    assert service.register_parcels(connection, new[1:]) == []


def test_neighbours_and_other_days_are_no_conflict(connection: Connection):
    service.register_parcels(connection, [square("a", 110, 30, project="P", period=years(2020, 2024))])
    free = [square("n", 110.01, 30, project="Q"), square("c", 110.01, 30.01, project="Q")]
    service.register_parcels(connection, free)
    service.register_parcels(connection, [square("later", 110, 30, project="R", period=years(2025, 2030))])
    service.register_parcels(connection, [square("before", 110, 30, project="S", period=years(2015, 2019))])
    late = square("late", 110, 30, project="T", period=Period(date(2024, 12, 31), date(2025, 1, 1)))
    with pytest.raises(LandTaken) as refused:
        service.register_parcels(connection, [late])
    assert [(o.other_project, o.common.days) for o in refused.value.overlaps] == [("P", 1)]


def test_the_same_project_again_changes_nothing(connection: Connection):
    mine = [square("a", 110, 30, project="P"), square("b", 110.02, 30, project="P")]
    for _ in range(3):
        service.register_parcels(connection, mine)
    assert service.land_of(connection, "P") == mine
    assert connection.execute(sa.select(sa.func.count()).select_from(tables.parcels)).scalar_one() == 2


def test_a_new_outline_takes_the_place_of_the_old_one(connection: Connection):
    service.register_parcels(connection, [square("a", 110, 30, project="P")])
    smaller = square("a", 110, 30, 0.005, project="P")
    service.register_parcels(connection, [smaller])
    assert service.land_of(connection, "P") == [smaller]
    # What the new outline leaves is free, the rest is not.
    service.register_parcels(connection, [square("x", 110.006, 30, 0.003, project="Q")])
    with pytest.raises(LandTaken):
        service.register_parcels(connection, [square("y", 110.004, 30, 0.0015, project="Q")])


def test_land_whose_credits_are_issued_stays_sold(connection: Connection):
    service.register_parcels(connection, [square("a", 110, 30, project="P")])
    service.register_parcels(connection, [square("a", 110, 30, 0.005, project="P")], issued_until=date(2027, 12, 31))
    held = [(parcel.period.to_list(), round(parcel.area_m2)) for parcel in service.land_of(connection, "P")]
    assert [days for days, _ in held] == [["2025-01-01", "2027-12-31"], ["2025-01-01", "2034-12-31"]]
    with pytest.raises(LandTaken):
        service.register_parcels(connection, [square("x", 110.006, 30, 0.003, project="Q", period=years(2027, 2027))])
    service.register_parcels(connection, [square("x", 110.006, 30, 0.003, project="Q", period=years(2028, 2040))])


def test_a_second_crediting_period_keeps_the_first(connection: Connection):
    service.register_parcels(connection, [square("a", 110, 30, project="P", period=years(2005, 2024))])
    service.register_parcels(connection, [square("a", 110, 30, project="P", period=years(2025, 2044))])
    service.register_parcels(connection, [square("a", 110, 30, 0.02, project="P", period=years(2035, 2044))])
    days = [parcel.period.to_list() for parcel in service.land_of(connection, "P")]
    assert days == [["2005-01-01", "2024-12-31"], ["2025-01-01", "2034-12-31"], ["2035-01-01", "2044-12-31"]]


def test_parents_and_children_may_share_land(connection: Connection):
    service.register_parcels(connection, [square("a", 110, 30, project="P")])
    child = [square("a", 110, 30, project="P.1")]
    with pytest.raises(LandTaken):
        service.register_parcels(connection, child)
    service.register_parcels(connection, child, family={("", "P")})
    with pytest.raises(LandTaken) as refused:
        service.register_parcels(connection, [square("x", 110, 30, project="Q")], family={("", "P")})
    assert [overlap.other_project for overlap in refused.value.overlaps] == ["P.1"]


def test_land_given_up_is_free_from_that_day(connection: Connection):
    service.register_parcels(connection, [square("a", 110, 30, project="P")])
    service.give_up_land(connection, "P", date(2030, 1, 1))
    assert [p.period for p in service.land_of(connection, "P")] == [years(2025, 2029)]
    service.register_parcels(connection, [square("x", 110, 30, project="Q", period=years(2030, 2040))])
    with pytest.raises(LandTaken):
        service.register_parcels(connection, [square("y", 110, 30, project="R", period=years(2029, 2029))])
    service.give_up_land(connection, "P", date(2030, 1, 1))
    service.give_up_land(connection, "P", date(2000, 1, 1))
    assert service.land_of(connection, "P") == []
    service.register_parcels(connection, [square("y", 110, 30, project="R", period=years(2025, 2029))])


def test_land_is_given_up_parcel_by_parcel_too(connection: Connection):
    service.register_parcels(connection, [square(name, 110 + n, 30, project="P") for n, name in enumerate("abc")])
    service.give_up_land(connection, "P", date(2025, 1, 1), names=["b"])
    assert [parcel.id for parcel in service.land_of(connection, "P")] == ["a", "c"]
    service.register_parcels(connection, [square("x", 111, 30, project="Q")])
    with pytest.raises(LandTaken):
        service.register_parcels(connection, [square("x", 112, 30, project="R")])


def test_the_parcel_file_of_a_project_is_registered_once(connection: Connection, hunan: Path):
    """A Shapefile in a projected system, read by the reader of parcels; then somebody else hands in the same land."""
    frame = read_parcels(load_project(hunan), hunan).frame
    mine = parcels_of_frame(frame, project="hunan", period=DECADE, file="xiaoban.shp")
    assert [parcel.id for parcel in mine] == frame["parcel_id"].tolist()
    # The reader measures between geodesics, which lie a little beside straight edges of some hundred metres.
    assert [p.area_m2 / 10_000 for p in mine] == pytest.approx(frame["area_ha"].tolist(), rel=1e-5)
    service.register_parcels(connection, mine)
    with pytest.raises(LandTaken) as refused:
        service.register_parcels(connection, parcels_of_frame(frame, project="other", period=DECADE))
    assert [(o.parcel, o.other_parcel) for o in refused.value.overlaps] == [(p.id, p.id) for p in mine]
    assert [o.overlap_m2 for o in refused.value.overlaps] == pytest.approx([p.area_m2 for p in mine])


def test_imported_land_counts_and_is_never_refused(connection: Connection):
    service.register_parcels(connection, [square("a", 110, 30, project="P")])
    there = parcels_from(["1"], [box(110, 30, 110.01, 30.01)], project="1507", period=DECADE, source="verra")
    assert [o.other_project for o in service.find_overlaps(connection, there)] == ["P"]
    service.import_parcels(connection, there)
    service.import_parcels(connection, there)
    with pytest.raises(LandTaken) as refused:
        service.register_parcels(connection, [square("x", 110.005, 30, project="Q")])
    assert [(o.other_source, o.other_project) for o in refused.value.overlaps] == [("", "P"), ("verra", "1507")]
    assert "verra:1507" in refused.value.text("en")
    # A project of the same name elsewhere is another project.
    with pytest.raises(LandTaken):
        service.register_parcels(connection, [square("a", 110.005, 30, project="1507")])


def strip(name: str, west_m: float, width_m: float, length_m: float, project: str) -> Parcel:
    """A parcel on the equator, in metres."""
    outline = box(110 + west_m / EAST, 0, 110 + (west_m + width_m) / EAST, length_m / NORTH)
    return parcels_from([name], [outline], project=project, period=DECADE)[0]


def test_what_digitising_explains_is_reported_and_refuses_nothing(connection: Connection):
    service.register_parcels(connection, [strip("a", 0, 100, 100, "P")])
    slivers = service.register_parcels(connection, [strip("b", 98.5, 100, 100, "Q")])
    assert [(o.other_parcel, o.sliver, round(o.overlap_m2)) for o in slivers] == [("a", True, 150)]
    with pytest.raises(LandTaken):
        service.register_parcels(connection, [strip("c", -97.5, 100, 100, "R")])
    # Half a square metre is not even mentioned.
    assert service.register_parcels(connection, [strip("d", -99.995, 100, 100, "R")]) == []


def test_a_shelter_belt_is_not_sold_twice_for_being_narrow(connection: Connection):
    service.register_parcels(connection, [strip("belt", 0, 1.9, 200, "P")])
    with pytest.raises(LandTaken) as refused:
        service.register_parcels(connection, [strip("field", -50, 100, 200, "Q")])
    assert round(refused.value.overlaps[0].overlap_m2) == 380
    # Nor from both sides, each time a little less than half of it.
    service.register_parcels(connection, [strip("wide", 1000, 3.6, 200, "P")])
    both = [strip("west", 900, 101.7, 200, "Q"), strip("east", 1001.9, 100, 200, "Q")]
    with pytest.raises(LandTaken) as refused:
        service.register_parcels(connection, both)
    assert len(refused.value.overlaps) == 2


def test_nothing_asked_nothing_found(connection: Connection):
    assert service.find_overlaps(connection, []) == []
    assert service.register_parcels(connection, []) == []


def test_boxes_that_single_precision_moves_are_still_found(connection: Connection):
    """R*Tree keeps four bytes a number: 0.8 m at 110 degrees. A parcel of 5 m across is found anywhere."""
    size = 5e-5
    places = [(110 + n * 1.234567e-4, 30 + n * 7.654321e-5) for n in range(200)]
    old = parcels_from(
        [str(n) for n in range(200)], [box(x, y, x + size, y + size) for x, y in places], project="P", period=DECADE
    )
    service.register_parcels(connection, old)
    new = parcels_from(
        [str(n) for n in range(200)],
        [box(x + size * 0.3, y + size * 0.3, x + size * 1.3, y + size * 1.3) for x, y in places],
        project="Q",
        period=DECADE,
    )
    overlaps = service.find_overlaps(connection, new)
    assert [(o.parcel, o.other_parcel) for o in overlaps] == [(str(n), str(n)) for n in range(200)]


RECTANGLES = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.integers(0, 20),
        st.integers(1, 8),
        st.integers(1, 8),
        st.integers(0, 5),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=12,
)
Rectangle = tuple[int, int, int, int, int, int]


def parcel_of(name: str, cells: Rectangle, project: str) -> Parcel:
    x, y, width, height, since, length = cells
    outline = box(110 + x / 1000, 30 + y / 1000, 110 + (x + width) / 1000, 30 + (y + height) / 1000)
    return parcels_from([name], [outline], project=project, period=years(2020 + since, 2019 + since + length))[0]


def shared_by_hand(a: Rectangle, b: Rectangle) -> tuple[float, int, int] | None:
    """Area, first and last year that two rectangles share."""
    west, east = max(a[0], b[0]), min(a[0] + a[2], b[0] + b[2])
    south, north = max(a[1], b[1]), min(a[1] + a[3], b[1] + b[3])
    first, end = max(a[4], b[4]), min(a[4] + a[5], b[4] + b[5])
    if west >= east or south >= north or first >= end:
        return None
    return zone_m2(30 + south / 1000, 30 + north / 1000, (east - west) / 1000), 2020 + first, 2019 + end


def test_random_rectangles_against_every_pair_by_hand(engine: Engine):
    @given(old=RECTANGLES, new=RECTANGLES)
    def law(old: list[Rectangle], new: list[Rectangle]) -> None:
        with engine.connect() as connection, connection.begin() as transaction:
            for n, cells in enumerate(old):
                service.import_parcels(connection, [parcel_of(f"o{n}", cells, f"P{n}")])
            found = service.find_overlaps(connection, [parcel_of(f"n{n}", cells, "Q") for n, cells in enumerate(new)])
            transaction.rollback()
        expected = {
            (f"n{i}", f"o{k}"): shared
            for i, a in enumerate(new)
            for k, b in enumerate(old)
            if (shared := shared_by_hand(a, b))
        }
        assert {(o.parcel, o.other_parcel) for o in found} == set(expected)
        assert len(found) == len(expected)
        for overlap in found:
            area, first, last = expected[overlap.parcel, overlap.other_parcel]
            assert overlap.overlap_m2 == pytest.approx(area, rel=1e-6)
            assert overlap.common == years(first, last)
            assert not overlap.sliver

    law()


def race(engine: Engine, acts: list[Callable[[Connection], object]]) -> list[BaseException | None]:
    """Run acts at the same time, each in a transaction of its own; what each of them raised."""
    raised: list[BaseException | None] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(number: int) -> None:
        try:
            start.wait()
            with engine.connect() as connection, connection.begin():
                acts[number](connection)
        except BaseException as error:
            raised[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def overlaps_in(engine: Engine) -> list[Overlap]:
    """Overlaps among what is registered; none may be."""
    with engine.connect() as connection, connection.begin():
        projects = connection.execute(sa.select(tables.parcels.c.project).distinct()).scalars().all()
        return [
            overlap
            for project in projects
            for overlap in service.find_overlaps(connection, service.land_of(connection, project))
        ]


@pytest.mark.parametrize("isolation", [None, "REPEATABLE READ", "SERIALIZABLE"])
def test_of_projects_that_race_for_a_plot_one_gets_it(engine: Engine, isolation: str | None):
    if isolation and engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one isolation")
    racing = engine.execution_options(isolation_level=isolation) if isolation else engine

    def act(number: int, turn: int) -> Callable[[Connection], object]:
        mine = square("a", 110 + turn * 0.1 + number * 0.002, 30, project=f"P{turn}.{number}")
        return lambda connection: service.register_parcels(connection, [mine])

    for turn in range(8):
        raised = race(racing, [act(number, turn) for number in range(4)])
        assert raised.count(None) == 1
        losers = [error for error in raised if error is not None]
        # Under a fixed view of the database the loser is told by the database to begin anew.
        kinds = LandTaken if isolation is None else (LandTaken, OperationalError)
        assert all(isinstance(error, kinds) for error in losers), losers
    assert overlaps_in(engine) == []
    with engine.connect() as connection, connection.begin():
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.parcels)).scalar_one() == 8


def test_a_registration_waits_for_an_import_that_is_not_yet_committed(engine: Engine):
    there = parcels_from(["1"], [box(110, 30, 110.01, 30.01)], project="1507", period=DECADE, source="verra")
    raised: list[BaseException | None] = []
    mine = [square("x", 110.005, 30, project="Q")]
    other = threading.Thread(
        target=lambda: raised.extend(race(engine, [lambda connection: service.register_parcels(connection, mine)]))
    )
    with engine.connect() as connection, connection.begin():
        service.import_parcels(connection, there)
        other.start()
        assert service.land_of(connection, "Q") == []
    other.join()
    assert [type(error) for error in raised] == [LandTaken]


def test_a_refused_registration_leaves_nothing_behind(engine: Engine):
    with engine.begin() as connection:
        service.register_parcels(connection, [square("a", 110, 30, project="P")])
    with pytest.raises(LandTaken), engine.begin() as connection:
        service.register_parcels(connection, [square("f", 111, 30, project="Q"), square("t", 110, 30, project="Q")])
    with engine.begin() as connection:
        assert connection.execute(sa.select(tables.parcels.c.project)).scalars().all() == ["P"]


EDITS = {"west": 1.0, "wkb": b"", "project": "Q", "first_day": "2030-01-01", "last_day": "2040-01-01"}
EDITS |= {"held_until": "2034-12-31"}


@pytest.mark.parametrize("column", EDITS)
def test_the_database_refuses_to_edit_a_parcel_or_to_bring_it_back(engine: Engine, column: str):
    with engine.begin() as connection:
        service.register_parcels(connection, [square("a", 110, 30, project="P")])
        service.give_up_land(connection, "P", date(2030, 1, 1))
    with pytest.raises(DatabaseError, match=r"land\.append_only"), engine.begin() as connection:
        connection.execute(tables.parcels.update().values({column: EDITS[column]}))


def test_a_check_that_meets_many_reads_them_in_parts(connection: Connection, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store, "READ_AT_ONCE", 7)
    old = [square(str(n), 110 + n * 0.01, 30, project="P") for n in range(40)]
    service.register_parcels(connection, old)
    wide = parcels_from(["w"], [box(109, 30.001, 111, 30.002)], project="Q", period=DECADE)
    overlaps = service.find_overlaps(connection, wide)
    assert [o.other_parcel for o in overlaps] == [str(n) for n in range(40)]
    assert {round(o.overlap_m2) for o in overlaps} == {round(zone_m2(30.001, 30.002, 0.01))}


def test_a_check_that_would_take_minutes_is_refused(connection: Connection, monkeypatch: pytest.MonkeyPatch):
    real = service.land_limit
    monkeypatch.setattr(service, "land_limit", lambda name: 3.0 if name == "pairs_max" else real(name))
    service.register_parcels(connection, [square(str(n), 110 + n * 0.01, 30, project="P") for n in range(4)])
    wide = parcels_from(["w"], [box(109, 29, 111, 31)], project="Q", period=DECADE)
    with pytest.raises(RefusedInput) as refused:
        service.register_parcels(connection, wide)
    assert [fault.code for fault in refused.value.faults] == ["land.too_wide"]
    assert "4" in refused.value.text("en")
