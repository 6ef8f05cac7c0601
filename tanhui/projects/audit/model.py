"""Nouns of an audit: its subject, the events that make it up, and the findings they add up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

__all__ = ["ACTS", "Audit", "Event", "Evidence", "Finding", "Opinion", "Subject"]

Task = Literal["validation", "verification"]
Act = Literal["raise", "answer", "close", "reopen", "withdraw", "sample", "remeasure", "opinion"]
ACTS: tuple[Act, ...] = get_args(Act)
Standing = Literal["open", "answered", "closed", "withdrawn"]
Conclusion = Literal["unmodified", "modified", "adverse", "disclaimer"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is audited, by whom, and how closely.

    Attributes
    ----------
    task : {"validation", "verification"}
        Of a design, or of a claim.
    project, run : str
        The project and the run whose figures are looked at; another run is another audit.
    net_co2e_t : float
        The claim of that run. [t CO2e]
    materiality : float
        Misstatement that would change somebody's mind, as a share of the claim. [1]
    """

    task: Task
    project: str
    run: str
    book: str
    auditor: str
    net_co2e_t: float
    materiality: float
    seed: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A document by its name and its hash; the document itself stays with whoever has it."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``previous`` is the hash of the line before it, so that none can be taken out.

    ``at`` is an instant with its zone, never earlier than the event before. ``finding`` is the number of the finding it
    is about, ``kind`` the finding's kind where one is raised, ``detail`` what only this act says: a conclusion, the
    sites drawn, the run that puts a claim right.
    """

    number: int
    at: str
    by: str
    act: Act
    text: str
    finding: str = ""
    kind: str = ""
    clause: str = ""
    subject: str = ""
    misstatement_co2e_t: float | None = None
    corrected: bool | None = None
    evidence: tuple[Evidence, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)
    previous: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and everything that was said about it since.

    ``misstatement_co2e_t`` is how much the claim is too high because of it, as far as somebody could say; it counts
    until ``corrected``. [t CO2e]
    """

    number: str
    kind: str
    clause: str
    subject: str
    standing: Standing
    events: tuple[Event, ...]
    misstatement_co2e_t: float | None = None
    corrected: bool = False

    @property
    def text(self) -> str:
        """What was found, in the auditor's first words."""
        return self.events[0].text


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the auditor concludes, and on which run's claim."""

    conclusion: Conclusion
    text: str
    run: str
    net_co2e_t: float
    misstatement_co2e_t: float
    share: float
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Where an audit stands after all its events.

    ``run`` and ``net_co2e_t`` are the claim as it stands: the subject's, or that of the last run by which whoever is
    audited put it right. [t CO2e]
    """

    subject: Subject
    run: str
    net_co2e_t: float
    findings: tuple[Finding, ...] = ()
    sampled: tuple[str, ...] = ()
    opinion: Opinion | None = None
    events: tuple[Event, ...] = ()

    def finding(self, number: str) -> Finding | None:
        """A finding by its number."""
        return next((one for one in self.findings if one.number == number), None)
