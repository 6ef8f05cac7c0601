"""What an auditor may conclude from what was found: open findings, materiality, and a sample that was visited. Pure.

The conclusions are those of ISO 14064-3: unmodified, modified (something does not conform and is not material), adverse
(it is material), disclaimer (not enough could be seen).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast, get_args

from tanhui.projects.audit.model import Audit, Conclusion
from tanhui.projects.audit.rules import AuditRefused, finding_kinds, misstatements, uncorrected_co2e_t

__all__ = ["Weighing", "check_conclusion", "open_findings", "weigh"]

CONCLUSIONS: tuple[str, ...] = get_args(Conclusion)


@dataclass(frozen=True, slots=True)
class Weighing:
    """All misstatements against the materiality of the audit. [t CO2e]

    Attributes
    ----------
    misstatement_co2e_t : float
        How much the claim is too high by all that was not put right.
    largest_co2e_t : float
        The largest of them, either way: two that cancel are two errors still.
    unknown : tuple of str
        Findings to which nobody gave a size.
    """

    misstatement_co2e_t: float
    largest_co2e_t: float
    limit_co2e_t: float
    unknown: tuple[str, ...]

    @property
    def material(self) -> bool:
        """Whether one misstatement, or all together, pass the limit."""
        return max(abs(self.misstatement_co2e_t), self.largest_co2e_t) > self.limit_co2e_t


def weigh(audit: Audit) -> Weighing:
    """What was found and not put right, against the materiality of the claim as it stands."""
    unknown = tuple(
        one.number
        for one in audit.findings
        if one.misstatement_co2e_t is None and not one.corrected and one.standing == "closed" and one.kind == "NC"
    )
    limit = audit.subject.materiality * abs(audit.net_co2e_t)
    largest = max(map(abs, misstatements(audit)), default=0.0)
    return Weighing(uncorrected_co2e_t(audit), largest, limit, unknown)


def not_restated(audit: Audit) -> tuple[str, ...]:
    """Findings said to be put right that touched the tonnes, while the claim is still the one that was audited."""
    if audit.run != audit.subject.run:
        return ()
    return tuple(
        one.number for one in audit.findings if one.corrected and one.standing == "closed" and one.misstatement_co2e_t
    )


def open_findings(audit: Audit) -> tuple[str, ...]:
    """Findings that an opinion has to wait for."""
    kinds = finding_kinds()
    return tuple(
        one.number for one in audit.findings if kinds[one.kind].blocks and one.standing in ("open", "answered")
    )


def unraised(audit: Audit) -> dict[str, Any] | None:
    """The last re-measurement, where it proposes a finding and none was raised since."""
    last = next((event for event in reversed(audit.events) if event.act == "remeasure"), None)
    if last is None or not last.detail.get("proposes"):
        return None
    since = [one for one in audit.findings if one.standing != "withdrawn" and one.events[0].number > last.number]
    return None if since else dict(last.detail)


def check_conclusion(audit: Audit, said: object) -> Conclusion:
    """A conclusion that follows from what was found.

    Raises
    ------
    AuditRefused
        If it is none, a finding is open, no site was drawn, a correction is in no run, or the misstatements say
        otherwise. A disclaimer may always be given: it says that not enough could be seen.
    """
    if said not in CONCLUSIONS:
        raise AuditRefused("audit.unknown_conclusion", conclusion=str(said), known=", ".join(CONCLUSIONS))
    conclusion = cast(Conclusion, said)
    if conclusion == "disclaimer":
        return conclusion
    waiting = open_findings(audit)
    if waiting:
        raise AuditRefused("audit.open_findings", findings=", ".join(waiting))
    if not audit.sampled:
        raise AuditRefused("audit.nothing_visited")
    found = weigh(audit)
    if measured := unraised(audit):
        facts = {"kind": measured["proposes"], "tonnes": f"{measured['misstatement_co2e_t']:+,.0f}"}
        raise AuditRefused("audit.measured_unraised", **facts)
    if same := not_restated(audit):
        raise AuditRefused("audit.not_restated", findings=", ".join(same))
    if found.unknown and conclusion != "adverse":
        raise AuditRefused("audit.misstatement_unknown", findings=", ".join(found.unknown))
    if found.material != (conclusion == "adverse"):
        facts = {"misstatement": f"{found.misstatement_co2e_t:+,.1f}", "limit": f"{found.limit_co2e_t:,.1f}"}
        raise AuditRefused("audit.materiality", conclusion=conclusion, **facts)
    if conclusion == "unmodified" and found.largest_co2e_t:
        raise AuditRefused("audit.modified", misstatement=f"{found.misstatement_co2e_t:+,.1f}")
    return conclusion
