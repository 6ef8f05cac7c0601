"""What an auditor may conclude from what was found: open findings, materiality, and a sample that was visited. Pure.

The conclusions are those of ISO 14064-3: unmodified, modified (something does not conform and is not material), adverse
(it is material), disclaimer (not enough could be seen).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast, get_args

from tanhui.projects.audit.model import Audit, Conclusion
from tanhui.projects.audit.rules import AuditRefused, finding_kinds, uncorrected_co2e_t

__all__ = ["Weighing", "check_conclusion", "open_findings", "weigh"]

CONCLUSIONS: tuple[str, ...] = get_args(Conclusion)


@dataclass(frozen=True, slots=True)
class Weighing:
    """All misstatements against the materiality of the audit. [t CO2e]"""

    misstatement_co2e_t: float
    limit_co2e_t: float
    unknown: tuple[str, ...]

    @property
    def material(self) -> bool:
        """Whether the claim is too high, or too low, by more than the limit."""
        return abs(self.misstatement_co2e_t) > self.limit_co2e_t


def weigh(audit: Audit) -> Weighing:
    """What was found and not put right, added up; ``unknown`` names findings to which nobody gave a size."""
    unknown = tuple(
        one.number
        for one in audit.findings
        if one.misstatement_co2e_t is None and not one.corrected and one.standing == "closed" and one.kind == "NC"
    )
    limit = audit.subject.materiality * abs(audit.subject.net_co2e_t)
    return Weighing(uncorrected_co2e_t(audit), limit, unknown)


def open_findings(audit: Audit) -> tuple[str, ...]:
    """Findings that an opinion has to wait for."""
    kinds = finding_kinds()
    return tuple(
        one.number for one in audit.findings if kinds[one.kind].blocks and one.standing in ("open", "answered")
    )


def check_conclusion(audit: Audit, said: object) -> Conclusion:
    """A conclusion that follows from what was found.

    Raises
    ------
    AuditRefused
        If it is none, a finding is open, no site was drawn, or the sum of misstatements says otherwise. A disclaimer
        may always be given: it says that not enough could be seen.
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
    if found.unknown and conclusion != "adverse":
        raise AuditRefused("audit.misstatement_unknown", findings=", ".join(found.unknown))
    if found.material != (conclusion == "adverse"):
        facts = {"misstatement": f"{found.misstatement_co2e_t:+,.1f}", "limit": f"{found.limit_co2e_t:,.1f}"}
        raise AuditRefused("audit.materiality", conclusion=conclusion, **facts)
    if conclusion == "unmodified" and found.misstatement_co2e_t:
        raise AuditRefused("audit.modified", misstatement=f"{found.misstatement_co2e_t:+,.1f}")
    return conclusion
