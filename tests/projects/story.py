"""A project that walks through a rule book in a real registry, so that a test says only what is special about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256

from tanhui.projects.lifecycle import LifecycleEvent, Party, ProjectState, rule_book
from tanhui.projects.registration import ProjectOffice
from tanhui.registry.model import Account, Batch
from tanhui.registry.service import Registry
from tests.projects.lifecycle.acts import event
from tests.registry.documents import run_documents

#: The way to issued credits in each rule book: acts with their days, and facts that its rules accept.
REPORT = [
    ("publish_design", "2026-01-05"),
    ("validate", "2026-02-09"),
    ("apply_registration", "2026-02-10"),
    ("register", "2026-03-02"),
    ("publish_report", "2026-03-09"),
    ("verify", "2026-04-13"),
    ("apply_issuance", "2026-04-14"),
]
WAYS = {
    "ccer": REPORT,
    "vcs": REPORT,
    "sandbox": [(act, "2026-01-05") for act in ("publish_design", "register", "publish_report", "verify")],
    "pacm": [
        ("notify", "2026-06-01"),
        ("publish_design", "2026-06-02"),
        ("approve_host", "2026-07-10"),
        ("validate", "2026-08-03"),
        ("apply_registration", "2026-08-04"),
        ("register", "2026-11-02"),
        ("publish_report", "2027-03-15"),
        ("verify", "2027-05-03"),
        ("apply_issuance", "2027-05-04"),
    ],
}
ISSUED_ON = {"ccer": "2026-04-30", "vcs": "2026-04-30", "sandbox": "2026-01-05", "pacm": "2027-06-01"}
FACTS = {"project_start": "2024-01-01", "crediting_first": "2024-01-01", "crediting_last": "2063-12-31"}
FACTS |= {"period_first": "2024-01-01", "period_last": "2025-12-31"}
FACTS_OF = {
    "vcs": {"methodology": "verra/vm0047"},
    "pacm": {
        "methodology": "pacm/removals",
        "project_start": "2026-01-01",
        "crediting_first": "2026-01-01",
        "crediting_last": "2040-12-31",
        "period_first": "2026-01-01",
        "period_last": "2026-12-31",
    },
}


class Story:
    """One project with its parties, each an account of the ledger."""

    def __init__(
        self,
        office: ProjectOffice,
        registry: Registry,
        project: str,
        book: str = "sandbox",
        *,
        by: Sequence[str] | None = None,
        **facts: str,
    ) -> None:
        self.office, self.registry, self.project, self.book, self.by = office, registry, project, book, by
        accounts = {
            "owner": self.account("owner", "owner"),
            "validator": self.account("validator", "validator"),
            "verifier": self.account("verifier", "verifier"),
            "host_party": self.account("host", "regulator"),
            "registry_operator": registry.declaration.account,
        }
        self.accounts = accounts
        self.owner = accounts["owner"]
        named = {"validator": accounts["validator"], "verifier": accounts["verifier"]}
        self.facts = FACTS | FACTS_OF.get(book, {}) | named | facts

    def account(self, name: str, *roles: str) -> str:
        """An account for this project."""
        what = {"name": name, "roles": list(roles)}
        made: Account = self.registry.do("open_account", f"{self.project}-{name}", self.by, **what).as_kind(Account)
        return made.id

    def event(self, act: str, day: str, role: str = "", **changed: str) -> LifecycleEvent:
        """The act as its rule book wants it; ``changed`` replaces facts."""
        made = event(rule_book(self.book), act, day, role=role, **{**self.facts, **changed})
        whose = f"{self.project} {changed.get('paper', '')}"
        papers = tuple(
            replace(paper, sha256=sha256(f"{whose} {paper.kind}".encode()).hexdigest()) for paper in made.evidence
        )
        return replace(made, project=self.project, by=Party(made.by.role, self.accounts[made.by.role]), evidence=papers)

    def step(self, act: str, day: str, request: str = "", **more: object) -> ProjectState:
        """Carry the act out."""
        made = self.event(act, day)
        return self.office.step(made, request=request or f"{self.project}-{act}", by=self.by, **more)

    def walk(self, **more: object) -> None:
        """All that comes before the credits; ``more`` goes with the design."""
        for act, day in WAYS[self.book]:
            self.step(act, day, **(more if act == "publish_design" else {}))

    def issue(self, by_year: dict[int, int], **how: object) -> tuple[Batch, ...]:
        """Walk to the credits and issue them to the owner; ``how`` has ``targets`` or ``buffer`` for the shares."""
        self.facts |= {"credits_t": str(sum(by_year.values()))}
        self.walk()
        return self.credits(by_year, **how)[1]

    def credits(
        self, by_year: dict[int, int], *, project: str = "", unit_kg: int = 1000, **how: object
    ) -> tuple[ProjectState, tuple[Batch, ...]]:
        """The last step: the event and the issue order, shared as the rule book says."""
        day = ISSUED_ON[self.book]
        units = {str(year): credits_t * 1000 // unit_kg for year, credits_t in by_year.items()}
        shares = self.office.shares(self.project, units, date.fromisoformat(day), unit_kg=unit_kg, **how)
        order = self.registry.issue_order(
            *run_documents(project or self.project, by_year),
            owner=self.owner,
            region="CN-HN",
            unit_kg=unit_kg,
            shares=shares,
            request=f"{self.project}-credits",
            by=self.by,
        )
        issued = self.event("issue", day)
        return self.office.issue(issued, order, request=f"{self.project}-issue", by=self.by, targets=how.get("targets"))
