"""The day of an image or survey: from a table, from the file's name, from its tag."""

from __future__ import annotations

import calendar
import re
from datetime import date

__all__ = ["day_in_name", "day_in_tag", "last_day"]

#: 20110503, 2011-05-03, 2011_05; a bare year where nothing finer is there.
DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")
MONTH = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])(?!\d)")
YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")


def last_day(year: int, month: int = 12) -> date:
    """The last day of a month or year: what is dated no finer is not taken as older."""
    return date(year, month, calendar.monthrange(year, month)[1])


def day_in_name(name: str) -> date | None:
    """The day a file's name carries; None where there is none, or several that differ."""
    days = set()
    for year, month, day in DAY.findall(name):
        try:
            days.add(date(int(year), int(month), int(day)))
        except ValueError:
            return None
    if not days:
        days = {last_day(int(year), int(month)) for year, month in MONTH.findall(name)}
    if not days:
        days = {last_day(int(year)) for year in YEAR.findall(name)}
    return days.pop() if len(days) == 1 else None


def day_in_tag(tag: str) -> date | None:
    """The day of a TIFF's tag, ``2011:05:03 10:20:30`` or ISO."""
    found = re.match(r"\s*(\d{4})[:-](\d\d)[:-](\d\d)", tag or "")
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
