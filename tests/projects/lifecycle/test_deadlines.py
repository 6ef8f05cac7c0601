"""Days counted by hand on calendars of 2026, and by the ministry's own notice."""

from __future__ import annotations

from datetime import date

import pytest

from tanhui.kernel.time import years_later
from tanhui.projects.lifecycle import next_steps, rule_book
from tests.projects.lifecycle.acts import walk

CCER = rule_book("ccer")


def test_the_notice_that_ran_in_the_national_registry():
    """From the registry's own fields: publicStartDate 20260717, publicEndDate 20260813, 20 working days.

    By hand: 17 July is a Friday (1), then 20-24 (6), 27-31 July (11), 3-7 (16), 10-13 August (20). So the first day
    counts.
    """
    last = CCER.spans["notice"].last_day(date(2026, 7, 17))
    assert (last.day, last.provisional) == (date(2026, 8, 13), False)


def test_a_notice_over_the_national_day_holidays():
    """By hand, notice of the State Council for 2026: 1-7 October off, Sunday 20 September and Saturday 10 October work,
    Friday 25 September off (Mid-Autumn). From Monday 14 September: 14-18 (5), Sun 20 (6), 21-24 (10), 28-30 (13),
    8, 9, Sat 10 October (16), 12-15 (20).
    """
    assert CCER.spans["notice"].last_day(date(2026, 9, 14)).day == date(2026, 10, 15)


def test_a_review_begins_on_the_day_after_the_application():
    """By hand, applied for on Wednesday 30 September 2026: 8, 9, 10 (3), 12-16 (8), 19-23 (13), 26, 27 October (15)."""
    assert CCER.spans["review"].last_day(date(2026, 9, 30)).day == date(2026, 10, 27)


def test_the_fast_track_review_over_the_same_holidays():
    """By hand: 8, 9, 10 (3), 12-15 October (7)."""
    span = rule_book("scenario/fast-track").spans["review"]
    assert span.last_day(date(2026, 9, 30)).day == date(2026, 10, 15)


def test_a_notice_published_on_a_holiday_begins_with_the_next_working_day():
    """1 October is off: 8, 9, 10 (3), 12-16 (8), 19-23 (13), 26-30 (18), 2, 3 November (20)."""
    assert CCER.spans["notice"].last_day(date(2026, 10, 1)).day == date(2026, 11, 3)


def test_a_span_into_a_year_without_announced_holidays_is_provisional():
    assert CCER.spans["notice"].last_day(date(2026, 12, 21)).provisional
    assert not CCER.spans["notice"].last_day(date(2026, 12, 1)).provisional


def test_another_programmes_working_days_are_weekdays_and_always_provisional():
    """40 weekdays from Thursday 1 October 2026 are eight weeks: Thursday 26 November."""
    last = rule_book("vcs").spans["review"].last_day(date(2026, 10, 1))
    assert (last.day, last.provisional) == (date(2026, 11, 26), True)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [("2024-02-29", 1, "2025-02-28"), ("2024-02-29", 4, "2028-02-29"), ("2020-09-23", 5, "2025-09-23")],
)
def test_years(start: str, count: int, end: str):
    assert years_later(date.fromisoformat(start), count) == date.fromisoformat(end)


def test_steps_say_who_from_when_and_until_when():
    state = walk(CCER, ("publish_design", "2026-09-14"))
    steps = {step.act: step for step in next_steps(CCER, state, date(2026, 9, 30))}
    assert set(steps) == {"comment", "answer", "validate", "reject_design", "withdraw"}
    validate = steps["validate"]
    assert not validate.possible
    assert [fault.code for fault in validate.missing] == ["lifecycle.notice_over"]
    assert validate.earliest.day == date(2026, 10, 16)
    assert [(party.role, party.account) for party in validate.who] == [("validator", "V1")]
    assert validate.evidence == ("validation_report", "design_document")
    assert steps["comment"].possible
    assert steps["comment"].latest.day == date(2026, 10, 15)
    assert not steps["answer"].possible


def test_steps_show_the_deadline_of_a_review():
    days = ("2026-08-17", "2026-09-21", "2026-09-30")
    state = walk(CCER, *zip(("publish_design", "validate", "apply_registration"), days, strict=True))
    steps = next_steps(CCER, state, date(2026, 10, 8))
    assert [step.act for step in steps] == ["refuse_registration", "register", "withdraw"]
    register = next(step for step in steps if step.act == "register")
    assert register.due.day == date(2026, 10, 27)
    assert register.possible
    assert register.to == "registered"


def test_a_step_and_a_state_as_faces_show_them():
    state = walk(CCER, ("publish_design", "2026-09-14"))
    shown = next(step.to_dict("zh") for step in next_steps(CCER, state, date(2026, 9, 30)) if step.act == "validate")
    assert shown["earliest"] == {"day": "2026-10-16", "provisional": False}
    assert "2026-10-16" in shown["missing"][0]["reason"]
    assert "lapse" not in shown
    assert state.to_dict()["parties"] == {"owner": "A1", "validator": "V1"}
