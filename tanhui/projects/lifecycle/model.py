"""The nouns of a life cycle: evidence, events, what they add up to, and what may come next.

An event goes into the public log, so it holds codes, days, whole numbers, hashes and pseudonymous account ids, and no
text a person could be named in. The end of a fact's name says what it is: ``_first``, ``_last``, ``_start`` and
``_day`` are days, ``_t`` and ``_m2`` whole numbers; everything else is a code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tanhui.kernel.errors import Fault, IntegrityError
from tanhui.kernel.time import Period
from tanhui.kernel.wording import Lang

__all__ = ["Deadline", "Evidence", "LifecycleEvent", "Party", "ProjectState", "Registered", "Step"]

FORMAT = "tanhui-lifecycle-1"
CODE = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@._:/-]{0,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,17}")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
DAYS = ("_first", "_last", "_start", "_day")
WHOLE = ("_t", "_m2")


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """A day, and whether it rests on public holidays that are not announced yet."""

    day: date
    provisional: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        return {"day": self.day.isoformat(), "provisional": self.provisional}


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """A document by its kind and hash; the document itself lies in the evidence store."""

    kind: str
    sha256: str

    def to_dict(self) -> dict[str, str]:
        """As the log carries it."""
        return {"kind": self.kind, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Party:
    """Who acts: a role and the pseudonymous account that acts in it."""

    role: str
    account: str

    def to_dict(self) -> dict[str, str]:
        """As the log carries it."""
        return {"role": self.role, "account": self.account}


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    """One act of a project's life on one legal day."""

    project: str
    book: str
    at: date
    act: str
    by: Party
    evidence: tuple[Evidence, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As the log carries it: strings only, evidence in order, so that one event has one spelling."""
        return {
            "format": FORMAT,
            "project": self.project,
            "book": self.book,
            "at": self.at.isoformat(),
            "act": self.act,
            "by": self.by.to_dict(),
            "evidence": [evidence.to_dict() for evidence in sorted(self.evidence)],
            "facts": dict(sorted(self.facts.items())),
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> LifecycleEvent:
        """The inverse of :meth:`to_dict`; anything that it would not have written is refused."""
        try:
            event = cls(
                entry["project"],
                entry["book"],
                date.fromisoformat(entry["at"]),
                entry["act"],
                Party(**entry["by"]),
                tuple(Evidence(**evidence) for evidence in entry["evidence"]),
                dict(entry["facts"]),
            )
            same = event.to_dict() == entry
        except (KeyError, TypeError, ValueError, AttributeError):
            same = False
        if not same or spelling_faults(event):
            raise IntegrityError("lifecycle.event_malformed")
        return event


def spelling_faults(event: LifecycleEvent) -> list[Fault]:
    """What of an event could not go into the public log as it is."""
    codes = {
        "project": event.project,
        "book": event.book,
        "act": event.act,
        "role": event.by.role,
        "account": event.by.account,
        **{f"evidence {evidence.kind}": evidence.kind for evidence in event.evidence},
        **{f"fact {name}": name for name in event.facts},
    }
    faults = [
        Fault("lifecycle.not_a_code", column=where, value=str(text))
        for where, text in codes.items()
        if not (isinstance(text, str) and CODE.fullmatch(text))
    ]
    faults += [
        Fault("lifecycle.not_a_hash", column=evidence.kind, value=str(evidence.sha256))
        for evidence in event.evidence
        if not (isinstance(evidence.sha256, str) and SHA256.fullmatch(evidence.sha256))
    ]
    for name, text in event.facts.items():
        code = _fact_fault(str(name), text)
        if code:
            faults.append(Fault(code, column=str(name), value=str(text)))
    return faults


def _fact_fault(name: str, text: object) -> str:
    """The code of what is wrong with a fact; empty where nothing is."""
    if not isinstance(text, str):
        return "lifecycle.not_a_code"
    if name.endswith(DAYS):
        return "" if _is_day(text) else "lifecycle.not_a_day"
    if name.endswith(WHOLE):
        return "" if DECIMAL.fullmatch(text) else "lifecycle.not_a_whole_number"
    return "" if CODE.fullmatch(text) else "lifecycle.not_a_code"


def _is_day(text: str) -> bool:
    try:
        return bool(DAY.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Registered:
    """A period whose reductions are registered, and how many."""

    period: Period
    credits_t: int


@dataclass(frozen=True, slots=True)
class ProjectState:
    """What replaying a project's events gives. Nothing here can be set; it can only be earned by an event."""

    project: str
    book: str
    state: str
    #: The day the state was entered, and the day of the last event; none before the first event.
    since: date | None = None
    day: date | None = None
    events: int = 0
    #: Who is named for a role now, and everybody who ever acted in it.
    named: Mapping[str, str] = field(default_factory=dict)
    acted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: The newest fact of each name, document of each kind and day of each act.
    facts: Mapping[str, str] = field(default_factory=dict)
    filed: Mapping[str, str] = field(default_factory=dict)
    done: Mapping[str, date] = field(default_factory=dict)
    #: What waits for an answer: comments, findings, reversals.
    open: frozenset[Evidence] = frozenset()
    registered: tuple[Registered, ...] = ()

    @property
    def credits_t(self) -> int:
        """Reductions registered so far. [t CO2e]"""
        return sum(entry.credits_t for entry in self.registered)

    def to_dict(self) -> dict[str, Any]:
        """As faces show it."""
        return {
            "project": self.project,
            "book": self.book,
            "state": self.state,
            "since": self.since.isoformat() if self.since else "",
            "events": self.events,
            "parties": dict(sorted(self.named.items())),
            "facts": dict(sorted(self.facts.items())),
            "open": [evidence.to_dict() for evidence in sorted(self.open)],
            "registered": [
                {"period": entry.period.to_list(), "credits_t": str(entry.credits_t)} for entry in self.registered
            ],
        }


@dataclass(frozen=True, slots=True)
class Step:
    """An act that may come next: who must do it, what it still wants, and from when to when it may happen.

    ``missing`` lists what is wrong today; ``evidence`` and ``facts`` what the act must bring. ``lapse`` is the day on
    which the project falls to ``lapses_to`` if nobody acts.
    """

    act: str
    who: tuple[Party, ...]
    to: str
    evidence: tuple[str, ...]
    facts: tuple[str, ...]
    missing: tuple[Fault, ...]
    earliest: Deadline | None = None
    latest: Deadline | None = None
    due: Deadline | None = None
    lapse: Deadline | None = None
    lapses_to: str = ""

    @property
    def possible(self) -> bool:
        """Whether the act is possible today once its documents and facts are there."""
        return not self.missing

    def to_dict(self, lang: Lang = "en") -> dict[str, Any]:
        """As faces show it; dates that do not apply are left out."""
        days = {"earliest": self.earliest, "latest": self.latest, "due": self.due, "lapse": self.lapse}
        return {
            "act": self.act,
            "to": self.to,
            "possible": self.possible,
            "who": [party.to_dict() for party in self.who],
            "evidence": list(self.evidence),
            "facts": list(self.facts),
            "missing": [fault.to_dict(lang) for fault in self.missing],
            **{name: deadline.to_dict() for name, deadline in days.items() if deadline},
            **({"lapses_to": self.lapses_to} if self.lapses_to else {}),
        }
