"""Lengths of time that rules name: days, years, or working days, counted as the rule's own law counts them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tanhui.kernel.parameters import Dated
from tanhui.kernel.time import add_working_days, years_later
from tanhui.projects.lifecycle.model import Deadline

__all__ = ["CALENDARS", "UNITS", "Span"]

UNITS = ("working day", "d", "yr")
#: ``cn``: the working days of China's yearly notices. ``weekdays``: Monday to Friday, for a programme whose own
#: holidays are nowhere written down; such a day is always provisional.
CALENDARS = ("cn", "weekdays")


@dataclass(frozen=True, slots=True)
class Span:
    """A dated length of time. ``first_day_counts`` says whether the day it starts on is its day one."""

    length: Dated
    unit: str
    calendar: str = "cn"
    first_day_counts: bool = False

    def last_day(self, start: date, *, ruled: date | None = None) -> Deadline:
        """The last day of the span that starts on a day, as long as the rules of that day, or of ``ruled``, say."""
        count = int(self.length.at(ruled or start).number())
        if self.unit == "yr":
            return Deadline(years_later(start, count))
        eve = start - timedelta(days=1) if self.first_day_counts else start
        if self.unit == "d":
            return Deadline(eve + timedelta(days=count))
        if self.calendar == "weekdays":
            return Deadline(_add_weekdays(eve, count), provisional=True)
        return Deadline(*add_working_days(eve, count))


def _add_weekdays(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day
