"""What a check suspects: where, by which clause, how surely, and how many tonnes it would be.

A suspicion becomes an *alarm* where chance does not explain it and it would matter; else it is a *hint*, which is shown
below the alarms. The chance that an honest project raises any alarm is held by one rate, shared equally among all
checks that rest on chance (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.wording import LANGS, Lang, say
from tanhui.projects.audit.rules import audit_limit

__all__ = ["Suspicion", "check_record", "check_records", "named", "ranked"]

#: Names a sentence spells out; the rest are counted.
NAMED = 8


@cache
def check_records() -> dict[str, dict[str, Any]]:
    """``data/projects_audit/checks.toml``: what each check is called, its clause, and whether chance is in it."""
    return read_toml(data_path("projects_audit", "checks.toml"))


def check_record(check: str) -> dict[str, Any]:
    """One check."""
    return check_records()[check]


@cache
def alarm_p() -> float:
    """Chance below which one test raises an alarm: the rate of false alarms, shared by all tests."""
    tests = sum(int(record["chance"]) for record in check_records().values())
    return audit_limit("false_alarms_most") / tests


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One thing a machine saw before anybody travelled.

    Attributes
    ----------
    check : str
        A key of ``data/projects_audit/checks.toml``.
    subjects : tuple of str
        Plots, parcels or figures it is about; empty for the whole project.
    misstatement_co2e_t : float or None
        How much the claim is too high if it is true; None where it touches the right to claim and not the amount.
    p : float or None
        Chance of such evidence on an honest project, after all that this check looked at; None for a rule.
    facts : mapping
        What the sentence names.
    """

    check: str
    subjects: tuple[str, ...] = ()
    misstatement_co2e_t: float | None = None
    p: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def clause(self) -> str:
        """The clause it rests on."""
        return str(check_record(self.check)["clause"])

    @property
    def is_grave(self) -> bool:
        """Whether it is no trifle, whatever the tonnes: somebody made numbers up, or land counts twice."""
        return bool(check_record(self.check).get("grave", False))

    def is_alarm(self, net_co2e_t: float) -> bool:
        """Whether chance does not explain it, and it would matter to a claim of this size."""
        if self.p is not None and self.p > alarm_p():
            return False
        size = self.misstatement_co2e_t
        return size is None or self.is_grave or abs(size) >= audit_limit("trifle_share") * abs(net_co2e_t)

    def text(self, lang: Lang = "en") -> str:
        """One sentence."""
        facts = {"subjects": named(self.subjects), "count": len(self.subjects), **self.facts}
        return say(f"audit.check.{self.check}", lang, **facts)

    def to_dict(self, net_co2e_t: float) -> dict[str, Any]:
        """As JSON and reports carry it."""
        record = check_record(self.check)
        return {
            "check": self.check,
            "name": {lang: record[lang] for lang in LANGS},
            "level": "alarm" if self.is_alarm(net_co2e_t) else "hint",
            "subjects": list(self.subjects),
            "clause": self.clause,
            "misstatement_co2e_t": self.misstatement_co2e_t,
            "p": self.p,
            "text": {lang: self.text(lang) for lang in LANGS},
        }


def named(subjects: tuple[str, ...]) -> str:
    """The first few names, and that there are more."""
    return ", ".join(subjects[:NAMED]) + (" …" if len(subjects) > NAMED else "") or "–"


def ranked(suspicions: list[Suspicion], net_co2e_t: float) -> tuple[Suspicion, ...]:
    """Alarms first, then by tonnes; what has no size stands where the whole claim would."""

    def weight(one: Suspicion) -> tuple[bool, float]:
        size = abs(net_co2e_t) if one.misstatement_co2e_t is None else abs(one.misstatement_co2e_t)
        return not one.is_alarm(net_co2e_t), -size

    return tuple(sorted(suspicions, key=weight))
