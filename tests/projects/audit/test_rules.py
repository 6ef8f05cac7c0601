"""What may follow what, against a second model that is written down plainly; and the opinion, case by case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tanhui.projects.audit.model import Audit, Event, Evidence, Subject
from tanhui.projects.audit.opinion import open_findings, weigh
from tanhui.projects.audit.rules import AuditRefused, follow

SUBJECT = Subject("verification", "p", "1" * 64, "ccer", "auditor", 10_000.0, 0.05, 7)
PROOF = (Evidence("book.pdf", "a" * 64),)
TONNES = st.sampled_from([None, 0.0, 30.0, -30.0, 400.0, 600.0, -600.0])


def event(act: str, by: str = "auditor", **facts: Any) -> Event:
    return Event(number=0, at="2026-11-24T09:00:00Z", by=by, act=act, text="words", **facts)  # type: ignore[arg-type]


def after(*events: Event, subject: Subject = SUBJECT) -> Audit:
    return follow(subject, events)


class Audits(RuleBasedStateMachine):
    """Acts at random. The model keeps for each finding [standing, tonnes, corrected, evidence seen]."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.model: dict[str, list[Any]] = {}
        self.sampled = False
        self.ended = False
        self.restated = False
        self.net = 10_000.0

    def attempt(self, made: Event, allowed: bool) -> bool:
        try:
            follow(SUBJECT, [*self.events, made])
        except AuditRefused:
            assert not allowed, made
            return False
        assert allowed, made
        self.events.append(made)
        return True

    def target(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from([*self.model, "NC-99"]))

    @rule(kind=st.sampled_from(["NC", "CL", "FAR", "XX"]), tonnes=TONNES, by=st.sampled_from(["auditor", "owner"]))
    def raise_one(self, kind: str, tonnes: float | None, by: str) -> None:
        number = f"{kind}-{sum(name.startswith(kind) for name in self.model) + 1:02d}"
        made = event("raise", by, kind=kind, clause="1", finding=number, misstatement_co2e_t=tonnes)
        if self.attempt(made, not self.ended and kind != "XX" and by == "auditor"):
            self.model[number] = ["open", tonnes, False, False]

    @rule(data=st.data(), proof=st.booleans(), by=st.sampled_from(["auditor", "owner"]), run=st.booleans())
    def answer(self, data: st.DataObject, proof: bool, by: str, run: bool) -> None:
        number = self.target(data)
        known = self.model.get(number)
        detail = {"run": "2" * 64, "net_co2e_t": 9_000.0} if run else {}
        made = event("answer", by, finding=number, evidence=PROOF if proof else (), detail=detail)
        if self.attempt(
            made, not self.ended and by == "owner" and known is not None and known[0] in ("open", "answered")
        ):
            self.model[number][0] = "answered"
            self.model[number][3] |= proof
            if run:
                self.restated, self.net = True, 9_000.0

    @rule(data=st.data(), proof=st.booleans(), corrected=st.booleans(), tonnes=TONNES)
    def close(self, data: st.DataObject, proof: bool, corrected: bool, tonnes: float | None) -> None:
        number = self.target(data)
        known = self.model.get(number)
        evidence = PROOF if proof else ()
        made = event("close", finding=number, evidence=evidence, corrected=corrected, misstatement_co2e_t=tonnes)
        if number.startswith("FAR"):
            allowed = known is not None and known[0] in ("open", "answered")
        else:
            allowed = known is not None and known[0] == "answered" and (proof or known[3])
        if self.attempt(made, allowed and not self.ended):
            entry = self.model[number]
            self.model[number] = ["closed", entry[1] if tonnes is None else tonnes, corrected, entry[3] or proof]

    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        number = self.target(data)
        known = self.model.get(number)
        if self.attempt(
            event("reopen", finding=number), not self.ended and known is not None and known[0] in ("closed", "answered")
        ):
            self.model[number][0], self.model[number][2] = "open", False

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        number = self.target(data)
        known = self.model.get(number)
        if self.attempt(
            event("withdraw", finding=number), not self.ended and known is not None and known[0] in ("open", "answered")
        ):
            self.model[number][0], self.model[number][1] = "withdrawn", None

    @rule(drawn=st.sampled_from([["Y01"], [], "Y01"]))
    def sample(self, drawn: Any) -> None:
        if self.attempt(event("sample", detail={"drawn": drawn}), not self.ended and drawn == ["Y01"]):
            self.sampled = True

    @rule(said=st.sampled_from(["unmodified", "modified", "adverse", "disclaimer", "perfect"]))
    @precondition(lambda self: len(self.events) > 3)
    def opinion(self, said: str) -> None:
        standing = self.model.values()
        blocked = any(e[0] in ("open", "answered") and not n.startswith("FAR") for n, e in self.model.items())
        counted = [e[1] for e in standing if e[1] and not e[2] and e[0] != "withdrawn"]
        limit = 0.05 * self.net
        material = abs(sum(counted)) > limit or any(abs(t) > limit for t in counted)
        unsized = any(
            n.startswith("NC") and e[0] == "closed" and not e[2] and e[1] is None for n, e in self.model.items()
        )
        stale = not self.restated and any(e[0] == "closed" and e[2] and e[1] for e in standing)
        possible = {
            "disclaimer": True,
            "adverse": material,
            "modified": not material and not unsized,
            "unmodified": not material and not unsized and not counted,
            "perfect": False,
        }[said]
        if said != "disclaimer":
            possible = possible and not blocked and self.sampled and not stale
        if self.attempt(event("opinion", detail={"conclusion": said}), possible and not self.ended):
            self.ended = True

    @invariant()
    def agree(self) -> None:
        audit = follow(SUBJECT, self.events)
        assert {f.number: [f.standing, f.misstatement_co2e_t, f.corrected] for f in audit.findings} == {
            name: entry[:3] for name, entry in self.model.items()
        }
        blocked = {n for n, e in self.model.items() if e[0] in ("open", "answered") and not n.startswith("FAR")}
        assert set(open_findings(audit)) == blocked
        assert audit.net_co2e_t == self.net
        assert (audit.opinion is not None) == self.ended


TestAudits = Audits.TestCase
TestAudits.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def closed(tonnes: float | None, *, corrected: bool = False, run: bool = False) -> list[Event]:
    """A sample, and one NC that went all the way."""
    detail = {"run": "2" * 64, "net_co2e_t": 9_000.0} if run else {}
    return [
        event("sample", detail={"drawn": ["Y01"]}),
        event("raise", kind="NC", clause="1", finding="NC-01", misstatement_co2e_t=tonnes),
        event("answer", "owner", finding="NC-01", detail=detail),
        event("close", finding="NC-01", evidence=PROOF, corrected=corrected),
    ]


@pytest.mark.parametrize(
    ("events", "conclusion", "code"),
    [
        (closed(None), "unmodified", "audit.misstatement_unknown"),
        (closed(400.0), "unmodified", "audit.modified"),
        (closed(600.0), "modified", "audit.materiality"),
        (closed(400.0), "adverse", "audit.materiality"),
        (closed(400.0, corrected=True), "unmodified", "audit.not_restated"),
        (closed(400.0)[1:], "modified", "audit.nothing_visited"),
        (closed(400.0)[:3], "modified", "audit.open_findings"),
        (closed(400.0), "splendid", "audit.unknown_conclusion"),
    ],
)
def test_an_opinion_that_does_not_follow_is_refused(events: list[Event], conclusion: str, code: str):
    with pytest.raises(AuditRefused) as refused:
        after(*events, event("opinion", detail={"conclusion": conclusion}))
    assert refused.value.code == code


def test_an_opinion_is_on_the_corrected_run():
    audit = after(*closed(900.0, corrected=True, run=True), event("opinion", detail={"conclusion": "unmodified"}))
    assert audit.opinion is not None
    assert (audit.opinion.run, audit.opinion.net_co2e_t, audit.opinion.misstatement_co2e_t) == ("2" * 64, 9_000.0, 0.0)


def test_two_errors_that_cancel_are_two_errors():
    more = [
        event("raise", kind="NC", clause="1", finding="NC-02", misstatement_co2e_t=-600.0),
        event("answer", "owner", finding="NC-02"),
        event("close", finding="NC-02", evidence=PROOF),
    ]
    found = weigh(after(*closed(600.0), *more))
    assert (found.misstatement_co2e_t, found.largest_co2e_t, found.limit_co2e_t, found.material) == (
        0.0,
        600.0,
        500.0,
        True,
    )


def test_what_was_measured_has_to_be_raised():
    measured = event("remeasure", evidence=PROOF, detail={"proposes": "NC", "misstatement_co2e_t": 700.0})
    start = [event("sample", detail={"drawn": ["Y01"]}), replace(measured, number=5)]
    with pytest.raises(AuditRefused) as refused:
        after(*start, event("opinion", detail={"conclusion": "unmodified"}))
    assert refused.value.code == "audit.measured_unraised"
    raised = [replace(one, number=6) for one in closed(700.0)[1:]]
    assert after(*start, *raised, event("opinion", detail={"conclusion": "adverse"})).opinion is not None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"at": "2026-11-24"}, "audit.time_wrong"),
        ({"at": "yesterday"}, "audit.time_wrong"),
        ({"at": "2026-11-24T08:59:59Z"}, "audit.time_wrong"),
        ({"text": " "}, "audit.text_missing"),
        ({"text": "x" * 10_001}, "audit.text_missing"),
        ({"clause": ""}, "audit.clause_missing"),
        ({"finding": "NC-07"}, "audit.number_wrong"),
        ({"misstatement_co2e_t": float("nan")}, "audit.misstatement_wrong"),
        ({"evidence": (Evidence("x", "abc"),)}, "audit.evidence_wrong"),
        ({"act": "bless"}, "audit.unknown_act"),
    ],
)
def test_an_event_that_says_too_little_is_refused(changed: dict[str, Any], code: str):
    first = event("sample", detail={"drawn": ["Y01"]})
    good = event("raise", kind="NC", clause="1", finding="NC-01")
    after(first, good)
    with pytest.raises(AuditRefused) as refused:
        after(first, replace(good, **changed))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"net_co2e_t": float("inf")}, "audit.claim_wrong"),
        ({"materiality": 0.0}, "audit.materiality_wrong"),
        ({"materiality": 0.2}, "audit.materiality_wrong"),
        ({"auditor": " "}, "audit.auditor_missing"),
    ],
)
def test_a_subject_that_is_none_is_refused(changed: dict[str, Any], code: str):
    with pytest.raises(AuditRefused) as refused:
        after(subject=replace(SUBJECT, **changed))
    assert refused.value.code == code
