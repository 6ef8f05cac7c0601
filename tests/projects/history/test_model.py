"""What states settle: the chain from before the first day to the start, by examples worked out by hand."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.projects.history import State, settle
from tanhui.projects.history.dates import day_in_name, day_in_tag
from tanhui.projects.history.land_classes import land_class
from tanhui.projects.history.model import Gap

FIRST, START, GAP = date(2011, 3, 10), date(2014, 3, 10), 548.0


def state(day: date, forest: bool | None = False) -> State:
    return State(day, "survey", "survey", forest)


YEARLY = [state(date(year, 12, 31)) for year in (2010, 2011, 2012, 2013)]


def verdict(states: list[State]) -> tuple[str, date | None, tuple[Gap, ...]]:
    outcome, since, gaps, _ = settle(states, first=FIRST, start=START, gap_days=GAP)
    return outcome, since, gaps


def test_a_chain_of_yearly_states_is_enough():
    assert verdict(YEARLY) == ("met", date(2010, 12, 31), ())


def test_one_state_of_forest_within_the_years_breaks_it():
    outcome, since, _, against = settle(
        [*YEARLY, state(date(2012, 6, 1), forest=True)], first=FIRST, start=START, gap_days=GAP
    )
    assert (outcome, since) == ("not_met", None)
    assert [one.day for one in against] == [date(2012, 6, 1)]


def test_of_two_states_on_a_day_forest_counts():
    assert verdict([*YEARLY, state(date(2012, 12, 31), forest=True)])[0] == "not_met"


def test_the_gap_is_named():
    # Without 2012 there are 731 days between the neighbours; without 2010 nothing is old enough.
    assert verdict([YEARLY[0], YEARLY[1], YEARLY[3]])[2] == (Gap(date(2011, 12, 31), date(2013, 12, 31)),)
    assert verdict(YEARLY[1:])[2] == (Gap(None, FIRST),)
    assert verdict(YEARLY[:2])[2] == (Gap(date(2011, 12, 31), START),)
    assert verdict([]) == ("evidence_missing", None, (Gap(None, FIRST),))


def test_forest_before_the_years_asked_for_shows_nothing_for_the_first_of_them():
    assert verdict([state(date(2010, 12, 31), forest=True), *YEARLY[1:]])[2] == (Gap(None, FIRST),)


def test_a_state_that_does_not_tell_is_no_link():
    assert verdict([YEARLY[0], YEARLY[1], state(date(2012, 12, 31), None), YEARLY[3]])[0] == "evidence_missing"


def test_states_after_the_start_do_not_count():
    assert verdict([*YEARLY, state(date(2015, 1, 1), forest=True)])[0] == "met"


days = st.integers(-800, 1200).map(lambda n: FIRST + timedelta(days=n))


@given(st.lists(st.tuples(days, st.sampled_from([False, None])), max_size=12), days)
def test_more_states_of_no_forest_never_harm(drawn: list[tuple[date, bool | None]], more: date):
    states = [state(day, forest) for day, forest in drawn]
    if verdict(states)[0] == "met":
        assert verdict([*states, state(more)])[0] == "met"


@given(st.permutations(YEARLY))
def test_the_order_of_states_does_not_matter(states: list[State]):
    assert verdict(states) == verdict(YEARLY)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("LC08_20110503_T1", date(2011, 5, 3)),
        ("S2-2011-05-03T025551", date(2011, 5, 3)),
        ("mosaic_2011_09", date(2011, 9, 30)),
        ("aerial 2012", date(2012, 12, 31)),
        ("20110503_20110504", None),
        ("12345678", None),
        ("no day", None),
    ],
)
def test_days_in_names(name: str, day: date | None):
    assert day_in_name(name) == day


def test_days_in_tags():
    assert day_in_tag("2011:05:03 10:20:30") == date(2011, 5, 3)
    assert day_in_tag("2011:13:03") is None
    assert day_in_tag("") is None


def test_land_classes_by_name_and_code():
    assert land_class("乔木林地").forest is True
    assert land_class("0301") == land_class("乔木林地")
    assert land_class("灌木林地").forest is None
    assert land_class("沼泽地").wetland is True
    assert land_class("不知道") is None
