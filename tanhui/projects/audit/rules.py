"""What may follow what in an audit: events in order, and the state they add up to. Pure.

A finding is raised by the auditor, answered by who is audited, and closed by the auditor, who says what was looked at.
An answer may name the run that puts the claim right; the audit goes on with that one. After an opinion nothing more
happens: facts found later are another audit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.parameters import Parameters, load_parameters
from tanhui.projects.audit.model import ACTS, Audit, Event, Finding, Opinion, Subject

__all__ = [
    "AuditRefused",
    "FindingKind",
    "audit_limit",
    "finding_kinds",
    "follow",
    "misstatements",
    "uncorrected_co2e_t",
]

MAX_TEXT = 10_000
SHA256 = re.compile(r"[0-9a-f]{64}")


class AuditRefused(TanhuiError):
    """An act that the rules of an audit forbid; nothing was written."""

    code = "audit.refused"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """A kind of finding: whether an opinion has to wait for it."""

    zh: str
    en: str
    blocks: bool


@cache
def finding_kinds() -> dict[str, FindingKind]:
    """Every kind of finding by its code."""
    entries: dict[str, dict[str, Any]] = read_toml(data_path("projects_audit", "findings.toml"))
    return {code: FindingKind(**entry) for code, entry in entries.items()}


@cache
def _limits() -> Parameters:
    return load_parameters(data_path("projects_audit", "limits.toml"), "audit")


def audit_limit(name: str) -> float:
    """A limit of the audit, in the unit its name ends with, or a share."""
    return _limits()[name].at(date.max).number()


def follow(subject: Subject, events: Iterable[Event]) -> Audit:
    """The audit that events add up to.

    Raises
    ------
    AuditRefused
        At the first event that may not follow those before it.
    """
    _check_subject(subject)
    audit = Audit(subject, subject.run, subject.net_co2e_t)
    for event in events:
        audit = _next(audit, event)
    return audit


def _check_subject(subject: Subject) -> None:
    """A claim that is a number, an auditor with a name, and a materiality no coarser than the usual one."""
    most = audit_limit("materiality")
    if not math.isfinite(subject.net_co2e_t):
        raise AuditRefused("audit.claim_wrong")
    if not 0 < subject.materiality <= most:
        raise AuditRefused("audit.materiality_wrong", given=f"{subject.materiality:g}", most=f"{most:g}")
    if not subject.auditor.strip():
        raise AuditRefused("audit.auditor_missing")


def _next(audit: Audit, event: Event) -> Audit:
    if audit.opinion is not None:
        raise AuditRefused("audit.concluded", at=audit.opinion.at)
    if event.act not in ACTS:
        raise AuditRefused("audit.unknown_act", act=event.act, known=", ".join(ACTS))
    if not event.text.strip() or len(event.text) > MAX_TEXT:
        raise AuditRefused("audit.text_missing", most=MAX_TEXT)
    if event.misstatement_co2e_t is not None and not math.isfinite(event.misstatement_co2e_t):
        raise AuditRefused("audit.misstatement_wrong")
    if any(not SHA256.fullmatch(one.sha256) for one in event.evidence):
        raise AuditRefused("audit.evidence_wrong")
    _check_time(audit, event)
    auditors = event.by == audit.subject.auditor
    if auditors == (event.act == "answer"):
        raise AuditRefused("audit.wrong_side", act=event.act, by=event.by)
    return replace(STEPS[event.act](audit, event), events=(*audit.events, event))


def _check_time(audit: Audit, event: Event) -> None:
    """An instant with its zone, not before the last event's."""
    try:
        last = datetime.fromisoformat(audit.events[-1].at) if audit.events else None
        backwards = (now := datetime.fromisoformat(event.at)).tzinfo is None or (last is not None and now < last)
    except ValueError:
        raise AuditRefused("audit.time_wrong", at=event.at) from None
    if backwards:
        raise AuditRefused("audit.time_wrong", at=event.at)


def _raise(audit: Audit, event: Event) -> Audit:
    if event.kind not in finding_kinds():
        raise AuditRefused("audit.unknown_kind", kind=event.kind, known=", ".join(finding_kinds()))
    if not event.clause.strip():
        raise AuditRefused("audit.clause_missing")
    count = sum(one.kind == event.kind for one in audit.findings)
    if event.finding != f"{event.kind}-{count + 1:02d}":
        raise AuditRefused("audit.number_wrong", finding=event.finding)
    made = Finding(event.finding, event.kind, event.clause, event.subject, "open", (event,), event.misstatement_co2e_t)
    return replace(audit, findings=(*audit.findings, made))


def _answer(audit: Audit, event: Event) -> Audit:
    """What is said to a finding; with a corrected run the audit goes on with its claim."""
    answered = _changed(audit, event, ("open", "answered"), standing="answered")
    if "run" not in event.detail:
        return answered
    run, net = event.detail["run"], event.detail.get("net_co2e_t")
    if not isinstance(run, str) or not isinstance(net, (int, float)) or not math.isfinite(net):
        raise AuditRefused("audit.claim_wrong")
    return replace(answered, run=run, net_co2e_t=float(net))


def _close(audit: Audit, event: Event) -> Audit:
    """Closed on an answer and on evidence; a request for the future needs neither."""
    found = _found(audit, event)
    waits = finding_kinds()[found.kind].blocks
    if waits and found.standing != "answered":
        raise AuditRefused("audit.not_answered", finding=found.number)
    if waits and not any(one.evidence for one in (*found.events, event)):
        raise AuditRefused("audit.no_evidence", finding=found.number)
    wanted = ("answered",) if waits else ("open", "answered")
    return _changed(audit, event, wanted, standing="closed", corrected=bool(event.corrected))


def _reopen(audit: Audit, event: Event) -> Audit:
    return _changed(audit, event, ("closed", "answered"), standing="open", corrected=False)


def _withdraw(audit: Audit, event: Event) -> Audit:
    """Raised by mistake; it stays readable and weighs nothing."""
    return _changed(audit, event, ("open", "answered"), standing="withdrawn", misstatement_co2e_t=None)


def _sample(audit: Audit, event: Event) -> Audit:
    """Where the auditor goes; more may be added later, nothing taken out."""
    drawn = event.detail.get("drawn")
    if not isinstance(drawn, (list, tuple)) or not drawn or not all(isinstance(one, str) for one in drawn):
        raise AuditRefused("audit.nothing_drawn")
    return replace(audit, sampled=(*audit.sampled, *(one for one in drawn if one not in audit.sampled)))


def _remeasure(audit: Audit, event: Event) -> Audit:
    """What the auditor measured again; the comparison is in the detail, the survey is the evidence."""
    if not event.evidence:
        raise AuditRefused("audit.nothing_measured")
    return audit


def _opinion(audit: Audit, event: Event) -> Audit:
    from tanhui.projects.audit.opinion import check_conclusion

    conclusion = check_conclusion(audit, event.detail.get("conclusion"))
    wrong, net = uncorrected_co2e_t(audit), audit.net_co2e_t
    share = abs(wrong / net) if net else math.inf if wrong else 0.0
    made = Opinion(conclusion, event.text, audit.run, net, wrong, share, event.at, event.by)
    return replace(audit, opinion=made)


STEPS: dict[str, Callable[[Audit, Event], Audit]] = {
    "raise": _raise,
    "answer": _answer,
    "close": _close,
    "reopen": _reopen,
    "withdraw": _withdraw,
    "sample": _sample,
    "remeasure": _remeasure,
    "opinion": _opinion,
}


def misstatements(audit: Audit) -> tuple[float, ...]:
    """How much the claim is too high by each finding that has a size and was not put right. [t CO2e]"""
    return tuple(
        one.misstatement_co2e_t
        for one in audit.findings
        if one.misstatement_co2e_t and not one.corrected and one.standing != "withdrawn"
    )


def uncorrected_co2e_t(audit: Audit) -> float:
    """How much the claim is too high by all that was found and not put right. [t CO2e]"""
    return math.fsum(misstatements(audit))


def _found(audit: Audit, event: Event) -> Finding:
    found = audit.finding(event.finding)
    if found is None:
        known = ", ".join(one.number for one in audit.findings) or "–"
        raise AuditRefused("audit.unknown_finding", finding=event.finding, known=known)
    return found


def _changed(audit: Audit, event: Event, wanted: tuple[str, ...], **changes: Any) -> Audit:
    """A finding moved on, if it stands where it may be moved from."""
    found = _found(audit, event)
    if found.standing not in wanted:
        raise AuditRefused("audit.standing_wrong", finding=found.number, standing=found.standing, act=event.act)
    if event.misstatement_co2e_t is not None:
        changes = {"misstatement_co2e_t": event.misstatement_co2e_t, **changes}
    moved = replace(found, events=(*found.events, event), **changes)
    return replace(audit, findings=tuple(moved if one is found else one for one in audit.findings))
