"""Eligibility, clause by clause: what was asked, of what, with which evidence, and how it came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from tanhui.kernel.wording import Lang, say
from tanhui.mrv.methods.rule import Rule

__all__ = ["OUTCOMES", "Finding", "Outcome", "Verdict", "judge", "verdict_reasons", "worst_outcome"]

Outcome = Literal["met", "evidence_missing", "unread", "not_met"]
#: Best first. ``unread``: the text of the clause is not in our hands, so nobody can say.
OUTCOMES: tuple[Outcome, ...] = ("met", "evidence_missing", "unread", "not_met")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found before evidence is looked at.

    Attributes
    ----------
    answer : bool or None
        Whether the condition holds; None where nobody has answered yet.
    why : str
        Code of the sentence ``verdict.<why>`` that says what decided.
    wants : tuple of str
        Keys of the documents that must show it.
    unread : bool
        The clause's text is not in our hands: whatever is answered, nobody can say.
    """

    answer: bool | None
    why: str
    wants: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """One clause applied to the project or to one parcel.

    Attributes
    ----------
    subject : str
        The parcel's id, or empty for the whole project.
    why : str
        Code of the sentence ``verdict.<why>`` that says what decided; ``facts`` fill it.
    evidence : tuple of str
        Documents that were named for it.
    missing : tuple of str
        Keys of documents that are wanted and were not named.
    """

    rule: str
    clause: str
    zh: str
    en: str
    outcome: Outcome
    why: str
    subject: str = ""
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def words(self, lang: Lang) -> str:
        """What the clause asks, in our own words."""
        return self.zh if lang == "zh" else self.en

    def reason(self, lang: Lang) -> str:
        """What decided."""
        return say(f"verdict.{self.why}", lang, **self.facts)

    def to_dict(self, lang: Lang = "en") -> dict[str, Any]:
        """The shape of the eligibility table in ``result.json`` and the report."""
        return {
            "clause": self.clause,
            "asks": self.words(lang),
            "subject": self.subject,
            "outcome": self.outcome,
            "reason": self.reason(lang),
            "evidence": list(self.evidence),
            "missing": list(self.missing),
        }


def worst_outcome(verdicts: tuple[Verdict, ...]) -> Outcome:
    """The outcome that decides about all: one clause not met is enough."""
    return max((v.outcome for v in verdicts), key=OUTCOMES.index, default="met")


def judge(
    rule: Rule[..., Finding], finding: Finding, *, day: date, evidence: Mapping[str, str], subject: str = ""
) -> Verdict:
    """A verdict from a finding and the documents at hand."""
    missing = tuple(key for key in finding.wants if not evidence.get(key))
    why, outcome = finding.why, OUTCOMES[0]
    facts: dict[str, Any] = dict(finding.facts)
    if finding.answer is False:
        outcome = "not_met"
    elif finding.unread:
        outcome = "unread"
    elif finding.answer is None:
        why, outcome = "methods.not_answered", "evidence_missing"
    elif missing:
        why, outcome = "methods.no_evidence", "evidence_missing"
        facts["missing"] = ", ".join(missing)
    version = rule.at(day)
    shown = tuple(evidence[key] for key in finding.wants if evidence.get(key))
    return Verdict(rule.name, version.clause, version.zh, version.en, outcome, why, subject, shown, missing, facts)


def verdict_reasons(verdicts: tuple[Verdict, ...]) -> tuple[str, ...]:
    """One reason against issuing for each clause that is not met, whatever number of parcels it fails on."""
    worst: dict[str, Outcome] = {}
    for verdict in verdicts:
        before = worst.get(verdict.clause, "met")
        worst[verdict.clause] = max(before, verdict.outcome, key=OUTCOMES.index)
    return tuple(f"reason.methods.{outcome}:{clause}" for clause, outcome in worst.items() if outcome != "met")
