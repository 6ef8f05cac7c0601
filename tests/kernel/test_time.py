"""Periods tile, and working days are those the State Council announced."""

from datetime import date, timedelta
from itertools import pairwise

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period, add_working_days, announced_years, is_working_day

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
PERIODS = st.tuples(DAYS, st.integers(1, 20_000)).map(lambda x: Period(x[0], x[0] + timedelta(days=x[1])))

#: 国务院办公厅关于2025年、2026年部分节假日安排的通知: first and last day off, and weekend days worked.
OFF = {
    2025: ["0101-0101", "0128-0204", "0404-0406", "0501-0505", "0531-0602", "1001-1008"],
    2026: ["0101-0103", "0215-0223", "0404-0406", "0501-0505", "0619-0621", "0925-0927", "1001-1007"],
}
WORKED = {
    2025: ["0126", "0208", "0427", "0928", "1011"],
    2026: ["0104", "0214", "0228", "0509", "0920", "1010"],
}


def day(year: int, text: str) -> date:
    return date(year, int(text[:2]), int(text[2:]))


def announced(year: int) -> dict[date, bool]:
    """Every day of a year: whether it is worked, from the notice alone."""
    days = {date(year, 1, 1) + timedelta(days=n): False for n in range(365)}
    works = {one: one.weekday() < 5 for one in days}
    for span in OFF[year]:
        first, last = (day(year, end) for end in span.split("-"))
        works |= {first + timedelta(days=n): False for n in range((last - first).days + 1)}
    return works | {day(year, text): True for text in WORKED[year]}


@pytest.mark.parametrize("year", [2025, 2026])
def test_every_day_of_an_announced_year(year):
    expected = announced(year)
    assert {one: is_working_day(one) for one in expected} == {one: (works, False) for one, works in expected.items()}


def test_every_announced_day_agrees_with_the_chinesecalendar_package():
    for year in sorted(announced_years()):
        one = date(year, 1, 1)
        while one.year == year:
            assert is_working_day(one) == (chinese_calendar.is_workday(one), False), one
            one += timedelta(days=1)


def test_announced_years_have_no_gap_and_beyond_them_is_provisional():
    years = announced_years()
    assert years == set(range(min(years), max(years) + 1))
    assert {2020, 2025, 2026} <= years
    monday = date(max(years) + 1, 6, 1)
    monday += timedelta(days=-monday.weekday() % 7)
    assert is_working_day(monday) == (True, True)
    assert is_working_day(monday + timedelta(days=5)) == (False, True)


def test_a_public_notice_of_twenty_working_days():
    # A notice observed on the CCER registry ran from 2026-07-17 to 2026-08-13, its first day counted.
    assert add_working_days(date(2026, 7, 16), 20) == (date(2026, 8, 13), False)


def test_working_days_over_the_spring_festival_by_hand():
    # 2026-02-13 is a Friday; Saturday 14th is worked, 15th to 23rd are off, Saturday 28th is worked.
    assert add_working_days(date(2026, 2, 13), 1) == (date(2026, 2, 14), False)
    assert add_working_days(date(2026, 2, 13), 2) == (date(2026, 2, 24), False)
    assert add_working_days(date(2026, 2, 13), 6) == (date(2026, 2, 28), False)
    assert add_working_days(date(2026, 12, 31), 1)[1] is True


@given(start=st.dates(date(2004, 1, 1), date(2030, 1, 1)), count=st.integers(0, 40))
def test_adding_working_days_is_monotone_and_lands_on_one(start, count):
    there, _ = add_working_days(start, count)
    further, _ = add_working_days(start, count + 1)
    assert start <= there < further
    assert is_working_day(further)[0]
    assert add_working_days(there, 1)[0] == further


def test_negative_working_days_are_refused():
    with pytest.raises(DomainError):
        add_working_days(date(2026, 1, 1), -1)


@given(PERIODS)
def test_years_tile_the_period(period):
    parts = list(period.by_year())
    assert sum(part.days for _, part in parts) == period.days
    assert parts[0][1].start == period.start
    assert parts[-1][1].end == period.end
    for (year, part), (_, later) in pairwise(parts):
        assert part.end == later.start == date(year + 1, 1, 1)
    assert all(part.start.year == part.last_day.year == year for year, part in parts)


@given(PERIODS, PERIODS)
def test_overlap_is_symmetric_and_inside_both(one, other):
    shared = one.overlap(other)
    assert shared == other.overlap(one)
    if shared:
        assert max(one.start, other.start) == shared.start
        assert min(one.end, other.end) == shared.end
    else:
        assert one.end <= other.start or other.end <= one.start


def test_inclusive_period_as_documents_print_it():
    period = Period.inclusive(date(2021, 1, 1), date(2025, 12, 31))
    assert period == Period(date(2021, 1, 1), date(2026, 1, 1))
    assert period.to_list() == ["2021-01-01", "2025-12-31"]
    assert period.days == 5 * 365 + 1  # 2024 is a leap year
    assert Period(date(2000, 1, 1), date(2400, 1, 1)).years == pytest.approx(400, abs=1e-9)


def test_an_empty_period_is_refused():
    with pytest.raises(DomainError) as refusal:
        Period(date(2021, 1, 1), date(2021, 1, 1))
    assert "2021-01-01" in refusal.value.text("zh")
