"""States of the land and what they settle. Pure: days and answers in, verdict out.

The condition asks that the land was no forest for some years before the start. It is shown by a chain: a state on or
before the first of those days, states after it without a long gap, and the start. One forest state within the years
breaks it; a missing link is a gap, and the gap is named. An image by itself is no state: somebody has to say what it
shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any, Literal

from tanhui.kernel.data import data_path
from tanhui.kernel.parameters import Leaf, Parameters, load_parameters

__all__ = ["DAYS_PER_YEAR", "Gap", "Glance", "History", "Outcome", "State", "settle", "threshold"]

Outcome = Literal["met", "not_met", "evidence_missing"]
DAYS_PER_YEAR = 365.2425


@dataclass(frozen=True, slots=True)
class State:
    """What a parcel was on a day, by one source.

    Attributes
    ----------
    day : date
        The day, or the last day of the year or month where the source says no more: a state is never taken as older
        than it may be.
    how : str
        ``survey`` (classes by share of area) or ``interpretation`` (a person looked at an image).
    forest : bool or None
        Whether it met the forest definition; None where the source does not tell.
    shares : tuple of (str, float)
        Classes with their share of the parcel.
    why : str
        ``not_covered`` or ``unknown_class`` where ``forest`` is None.
    by : str
        Who interpreted an image.
    """

    day: date
    source: str
    how: Literal["survey", "interpretation"]
    forest: bool | None
    shares: tuple[tuple[str, float], ...] = ()
    why: str = ""
    by: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As the book carries it."""
        return {
            "day": self.day.isoformat(),
            "source": self.source,
            "how": self.how,
            "forest": self.forest,
            "shares": [[word, share] for word, share in self.shares],
            "why": self.why,
            "by": self.by,
        }


@dataclass(frozen=True, slots=True)
class Gap:
    """Days for which nothing shows what the land was; open to the left where nothing is old enough."""

    since: date | None
    until: date

    def to_dict(self) -> dict[str, str | None]:
        """As the book carries it."""
        return {"since": self.since.isoformat() if self.since else None, "until": self.until.isoformat()}


@dataclass(frozen=True, slots=True)
class Glance:
    """What an image seems to show of a parcel: shares of its pixels. An indication, never a state.

    Attributes
    ----------
    covered : float
        Share of the parcel that the image covers with valid pixels; the rest is outside, or has no data.
    cloud : float or None
        Share of the valid pixels that are bright in every visible band.
    index : str
        ``ndvi``, ``greenness`` or empty where the bands allow neither.
    dense, sparse : float or None
        Shares of the valid pixels where the index looks like dense, and like sparse vegetation.
    picture : bytes
        The window as JPEG; empty where the image does not touch the parcel.
    outline : tuple
        Rings of the parcel in pixels of the picture, and its size.
    """

    image: str
    day: date
    covered: float
    cloud: float | None = None
    index: str = ""
    dense: float | None = None
    sparse: float | None = None
    picture: bytes = b""
    size: tuple[int, int] = (0, 0)
    outline: tuple[tuple[tuple[float, float], ...], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As the book carries it, without the picture."""
        return {
            "image": self.image,
            "day": self.day.isoformat(),
            "covered": self.covered,
            "cloud": self.cloud,
            "index": self.index,
            "dense": self.dense,
            "sparse": self.sparse,
        }


@dataclass(frozen=True, slots=True)
class History:
    """One parcel: what is known, and what it settles.

    Attributes
    ----------
    since : date or None
        The day from which the land is shown to be no forest; only where the condition is met.
    """

    parcel: str
    area_ha: float
    outcome: Outcome
    since: date | None
    gaps: tuple[Gap, ...]
    forest: tuple[State, ...]
    states: tuple[State, ...]
    glances: tuple[Glance, ...]

    def to_dict(self) -> dict[str, Any]:
        """As the book carries it."""
        return {
            "id": self.parcel,
            "area_ha": self.area_ha,
            "verdict": self.outcome,
            "no_forest_since": self.since.isoformat() if self.since else None,
            "gaps": [gap.to_dict() for gap in self.gaps],
            "forest": [state.day.isoformat() for state in self.forest],
            "states": [state.to_dict() for state in self.states],
            "images": [glance.to_dict() for glance in self.glances],
        }


def settle(
    states: Iterable[State], *, first: date, start: date, gap_days: float
) -> tuple[Outcome, date | None, tuple[Gap, ...], tuple[State, ...]]:
    """Whether states show that the land was no forest from ``first`` to ``start``.

    Parameters
    ----------
    states : iterable of State
    first, start : date
        The first of the days asked for, and the start of the project.
    gap_days : float
        Longest time between two states that counts as without a gap.

    Returns
    -------
    outcome, since, gaps, forest
        ``since`` the day of the state the chain begins with; ``gaps`` what is missing; ``forest`` the states that speak
        against it. Of two states on one day, forest counts.
    """
    known = sorted((s for s in states if s.forest is not None and s.day <= start), key=lambda s: (s.day, not s.forest))
    against = tuple(s for s in known if s.forest and s.day >= first)
    if against:
        return "not_met", None, (), against
    before = [s for s in known if s.day <= first]
    latest = max((s.day for s in before), default=None)
    # Forest on the last day known before the years asked for: it may have been there on the first of them too.
    base = None if latest is None or any(s.forest for s in before if s.day == latest) else latest
    chain = sorted({s.day for s in known if s.day > first} | {start})
    gaps = [] if base else [Gap(None, first)]
    links = [base, *chain] if base else chain
    gaps += [Gap(a, b) for a, b in pairwise(links) if (b - a).days > gap_days]
    if gaps:
        return "evidence_missing", None, tuple(gaps), ()
    return "met", base, (), ()


@cache
def thresholds() -> Parameters:
    """``data/projects_history/thresholds.toml``."""
    return load_parameters(data_path("projects_history", "thresholds.toml"), "projects_history/thresholds")


def threshold(name: str, day: date) -> Leaf:
    """One threshold as it stands on a day."""
    return thresholds()[name].at(day)
