"""Rules as code: one function per clause, its words beside it, the dates between which its logic holds.

A rule holds no number: it asks its parameters with ``.at(day)``. When the logic of a clause changes, a second dated
version stands beside the first and the rule picks the one in force on ``day``, so last year's case recomputes exactly.

Calling a rule also asks for its own clause, ``p["clause/<rule>"]``. So a clause that nobody has read in the document
itself counts like a number that nobody has checked: it is listed, can be confirmed, and keeps a claim indicative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, ParamSpec, TypeVar

from tanhui.kernel.errors import DataError, DomainError

__all__ = ["Rule", "Version", "rule"]

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Version(Generic[P, R]):
    """One text of a clause and the function that follows it, in force on ``[valid_from, valid_to)``."""

    clause: str
    zh: str
    en: str
    function: Callable[P, R]
    valid_from: date | None = None
    valid_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Whether this text holds on a day."""
        after_start = self.valid_from is None or self.valid_from <= day
        return after_start and (self.valid_to is None or day < self.valid_to)


class Rule(Generic[P, R]):
    """A clause of a methodology over time. Call it with ``day=`` and ``p=``; it follows the version of that day."""

    def __init__(self, first: Version[P, R]) -> None:
        self.name = first.function.__name__
        self.module = first.function.__module__
        self.versions = [first]
        self.__doc__ = first.function.__doc__

    @property
    def parameter(self) -> str:
        """The name under which a method's parameters hold this clause."""
        return f"clause/{self.name}"

    def at(self, day: date) -> Version[P, R]:
        """The version in force on a day."""
        for version in reversed(self.versions):
            if version.in_force(day):
                return version
        raise DomainError("methods.rule_not_in_force", rule=self.name, day=day.isoformat())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        day: Any = kwargs["day"]
        p: Any = kwargs["p"]
        p[self.parameter].at(day)
        return self.at(day).function(*args, **kwargs)

    def then(
        self, clause: str, *, zh: str, en: str, valid_from: date, valid_to: date | None = None
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Decorate the function that replaces this rule's logic from a date on; the last version must end by then."""

        def add(function: Callable[P, R]) -> Callable[P, R]:
            last = self.versions[-1].valid_to
            if last is None or last > valid_from:
                raise DataError("methods.rules_overlap", rule=self.name, day=valid_from.isoformat())
            self.versions.append(Version(clause, zh, en, function, valid_from, valid_to))
            return function

        return add


def rule(
    clause: str, *, zh: str, en: str, valid_from: date | None = None, valid_to: date | None = None
) -> Callable[[Callable[P, R]], Rule[P, R]]:
    """Make a function the rule of a clause.

    Parameters
    ----------
    clause : str
        Where the document says it, for example ``"2 c)"``. A leading ``?`` says that the number was not read.
    zh, en : str
        What it says, in our own words.
    valid_from, valid_to : date, optional
        The first day the logic holds, and the first day it no longer does.
    """

    def make(function: Callable[P, R]) -> Rule[P, R]:
        return Rule(Version(clause, zh, en, function, valid_from, valid_to))

    return make
