"""Facts of an audit: what was looked at, what was found, and what was concluded."""

from __future__ import annotations

from collections.abc import Iterator

from tanhui.kernel.wording import LANGS, say
from tanhui.projects.audit.opinion import open_findings, weigh
from tanhui.projects.documents.catalogue import make_fact
from tanhui.projects.documents.material import Material
from tanhui.projects.documents.model import Fact

__all__ = ["facts"]

FILE = "audit.jsonl"


def facts(material: Material) -> Iterator[Fact]:
    """The audit as it stands; nothing where there is none."""
    audit = material.audit
    if audit is None:
        return
    subject, weighed = audit.subject, weigh(audit)
    yield make_fact("audit.auditor", subject.auditor, f"{FILE}: auditor")
    yield make_fact("audit.materiality", subject.materiality, f"{FILE}: materiality")
    yield make_fact("audit.seed", str(subject.seed), f"{FILE}: seed")
    yield make_fact("audit.sampled", len(audit.sampled), f"{FILE}: acts 'sample'")
    yield make_fact("audit.findings", len(audit.findings), f"{FILE}: acts 'raise'")
    yield make_fact("audit.open", len(open_findings(audit)), f"{FILE}: findings that an opinion waits for")
    yield make_fact("audit.misstatement_co2e_t", weighed.misstatement_co2e_t, f"{FILE}: what was not put right")
    yield make_fact("audit.limit_co2e_t", weighed.limit_co2e_t, f"{FILE}: materiality times the claim")
    for finding in audit.findings:
        if finding.misstatement_co2e_t is not None:
            where = f"{FILE}: {finding.number}"
            yield make_fact(
                "audit.finding.*.misstatement_co2e_t", float(finding.misstatement_co2e_t), where, finding.number
            )
    if audit.opinion is not None:
        code = audit.opinion.conclusion
        text: dict[str, str] = {lang: say(f"audit.page.conclusion.{code}", lang) for lang in LANGS}
        yield make_fact("audit.conclusion", code, f"{FILE}: act 'opinion'", text=text)
