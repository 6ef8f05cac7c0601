"""Periods and working days.

A period is half-open, ``[start, end)``; a document that prints "2021-01-01 to 2025-12-31" means the period that ends
on 2026-01-01. A quantity over a period is split over calendar years by days.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError

__all__ = ["Period", "add_working_days", "announced_years", "is_working_day", "years_later"]


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A half-open span of days."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise DomainError("period.empty", start=self.start.isoformat(), end=self.end.isoformat())

    @classmethod
    def inclusive(cls, first: date, last: date) -> Period:
        """The period from its first to its last day, both included."""
        return cls(first, last + timedelta(days=1))

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days

    @property
    def years(self) -> float:
        """Length in mean Gregorian years of 365.2425 days. [yr]"""
        return self.days / 365.2425

    @property
    def last_day(self) -> date:
        """The last day that belongs to the period."""
        return self.end - timedelta(days=1)

    def overlap(self, other: Period) -> Period | None:
        """The days both share, or nothing."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def by_year(self) -> Iterator[tuple[int, Period]]:
        """The period cut at each new year."""
        start = self.start
        while start < self.end:
            end = min(date(start.year + 1, 1, 1), self.end)
            yield start.year, Period(start, end)
            start = end

    def to_list(self) -> list[str]:
        """First and last day, as documents print it."""
        return [self.start.isoformat(), self.last_day.isoformat()]


def years_later(day: date, years: int) -> date:
    """The same day of another year; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, day.month, day.day - 1)


@cache
def _announced_days() -> dict[date, bool]:
    """Days that the yearly notices name: True where people work (in exchange), False where they do not."""
    with data_path("kernel", "public_holidays.csv").open(encoding="utf-8", newline="") as table:
        return {date.fromisoformat(row["date"]): row["day"] == "work" for row in csv.DictReader(table)}


@cache
def announced_years() -> frozenset[int]:
    """Years whose public holidays in China are announced and in ``data/kernel/public_holidays.csv``."""
    return frozenset(day.year for day in _announced_days())


def is_working_day(day: date) -> tuple[bool, bool]:
    """Whether a day is a working day in China, and whether that is provisional.

    Public holidays are announced a year at a time, in November; for a year not yet in the table weekends alone count
    and the answer is provisional.
    """
    return _announced_days().get(day, day.weekday() < 5), day.year not in announced_years()


def add_working_days(day: date, count: int) -> tuple[date, bool]:
    """The ``count``-th working day after ``day``, and whether any day on the way was provisional."""
    if count < 0:
        raise DomainError("period.negative_days", count=count)
    provisional = False
    while count:
        day += timedelta(days=1)
        works, unsure = is_working_day(day)
        count -= works
        provisional |= unsure
    return day, provisional
