"""Every rule book from its first act to registered reductions, and each of its rules refused once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import IntegrityError
from tanhui.projects.lifecycle import (
    Evidence,
    LifecycleEvent,
    LifecycleRefused,
    Party,
    apply,
    issue_split,
    lapsed,
    next_steps,
    replay,
    rule_book,
    rule_books,
)
from tanhui.projects.lifecycle.engine import new_project
from tests.projects.lifecycle.acts import FACTS, PROJECT, event, sha, walk, without

CCER, VCS, PACM, CORSIA = (rule_book(name) for name in ("ccer", "vcs", "pacm", "corsia"))
VCS_FACTS = {"methodology": "verra/vm0047", "crediting_last": "2064-02-29"}
PACM_FACTS = {"methodology": "pacm/removals", "project_start": "2026-03-01", "crediting_first": "2026-03-01"}
PACM_FACTS |= {"crediting_last": "2041-02-28", "period_first": "2026-03-01", "period_last": "2027-02-28"}

DESIGN = [("publish_design", "2026-01-05"), ("validate", "2026-02-09"), ("apply_registration", "2026-02-10")]
REGISTERED = [*DESIGN, ("register", "2026-03-02")]
REPORT = [*REGISTERED, ("publish_report", "2026-03-09"), ("verify", "2026-04-13"), ("apply_issuance", "2026-04-14")]
WALKS = {
    "ccer": ([*REPORT, ("issue", "2026-04-30")], {}),
    "scenario/fast-track": ([*REPORT, ("issue", "2026-04-22")], {}),
    "vcs": ([*REPORT, ("issue", "2026-04-30")], VCS_FACTS),
    "pacm": (
        [
            ("notify", "2026-06-01"),
            ("publish_design", "2026-06-02"),
            ("approve_host", "2026-07-10"),
            ("validate", "2026-08-03"),
            ("apply_registration", "2026-08-04"),
            ("register", "2026-11-02"),
            ("publish_report", "2027-03-15"),
            ("verify", "2027-05-03"),
            ("apply_issuance", "2027-05-04"),
            ("issue", "2027-06-01"),
        ],
        PACM_FACTS,
    ),
    "corsia": ([("apply_issuance", "2026-05-01"), ("issue", "2026-06-01")], {}),
    "sandbox": (
        [
            ("publish_design", "2026-05-01"),
            ("register", "2026-05-01"),
            ("publish_report", "2026-05-01"),
            ("verify", "2026-05-01"),
            ("issue", "2026-05-01"),
        ],
        {},
    ),
}


def refused(book, state, given) -> set[str]:
    """The codes with which an event is refused."""
    with pytest.raises(LifecycleRefused) as caught:
        apply(book, state, given)
    assert caught.value.exit_code == 1
    for lang in ("zh", "en"):
        assert "{" not in caught.value.text(lang)
    return {fault.code.removeprefix("lifecycle.") for fault in caught.value.faults}


@pytest.mark.parametrize("book_id", sorted(rule_books()))
def test_the_happy_path(book_id: str):
    acts, facts = WALKS[book_id]
    state = walk(rule_book(book_id), *acts, **facts)
    assert state.credits_t == 1000
    assert state.events == len(acts)
    assert state.state in ("registered", "eligible")


@pytest.mark.parametrize("book_id", sorted(rule_books()))
def test_every_act_on_the_way_was_a_step_that_was_offered(book_id: str):
    book, (acts, facts) = rule_book(book_id), WALKS[book_id]
    state = new_project(book, PROJECT)
    for act, day in acts:
        steps = {step.act: step for step in next_steps(book, state, date.fromisoformat(day))}
        assert steps[act].possible, (act, steps[act].missing)
        state = apply(book, state, event(book, act, day, **facts))
        assert state.state == steps[act].to


@pytest.mark.parametrize("book_id", sorted(rule_books()))
def test_events_are_read_back_and_replayed_to_the_same_state(book_id: str):
    book, (acts, facts) = rule_book(book_id), WALKS[book_id]
    events = [event(book, act, day, **facts) for act, day in acts]
    again = [LifecycleEvent.from_dict(given.to_dict()) for given in events]
    assert replay(book, PROJECT, again) == walk(book, *acts, **facts)


# What an event must be


def test_a_refusal_lists_everything_that_is_missing_and_changes_nothing():
    state = walk(CCER, ("publish_design", "2026-01-05"), ("comment", "2026-01-06"))
    bare = LifecycleEvent(PROJECT, "ccer", date(2026, 1, 7), "validate", Party("verifier", "V9"))
    codes = refused(CCER, state, bare)
    assert codes == {"wrong_role", "evidence_missing", "notice_over", "open_comment"}
    assert walk(CCER, ("publish_design", "2026-01-05"), ("comment", "2026-01-06")) == state


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"act": "fly"}, "unknown_act"),
        ({"project": "P-2"}, "other_project"),
        ({"book": "vcs"}, "other_project"),
        ({"at": date(2026, 1, 4)}, "out_of_order"),
        ({"by": Party("validator", "V7")}, "wrong_account"),
        ({"by": Party("validator", "张三")}, "not_a_code"),
        ({"evidence": (Evidence("validation_report", "ABC"),)}, "not_a_hash"),
        ({"facts": {"reason": "the owner, Mr Li, was late"}}, "not_a_code"),
        ({"facts": {"period_first": "2026-02-30"}}, "not_a_day"),
        ({"facts": {"credits_t": "12.5"}}, "not_a_whole_number"),
        ({"facts": {"credits_t": "1000"}}, "fact_unwanted"),
        ({"evidence": (Evidence("validation_report", sha("a")), Evidence("diary", sha("b")))}, "evidence_unwanted"),
    ],
)
def test_an_event_that_is_not_one(change: dict, code: str):
    state = walk(CCER, ("publish_design", "2026-01-05"))
    assert code in refused(CCER, state, replace(event(CCER, "validate", "2026-02-09"), **change))


@pytest.mark.parametrize("kind", ["application", "commitment", "design_document", "validation_report"])
def test_each_document_of_an_application_is_wanted(kind: str):
    state = walk(CCER, *DESIGN[:2])
    assert refused(CCER, state, without(event(CCER, "apply_registration", "2026-02-10"), kind)) == {"evidence_missing"}


def test_acts_out_of_turn():
    assert refused(CCER, new_project(CCER, PROJECT), event(CCER, "register", "2026-01-05")) == {"wrong_state"}


def test_a_spelling_that_is_not_ours_is_refused():
    entry = event(CCER, "publish_design", "2026-01-05").to_dict()
    assert all(isinstance(value, str) for value in entry["facts"].values())
    for broken in (
        {**entry, "note": "x"},
        {key: value for key, value in entry.items() if key != "by"},
        {**entry, "at": "2026-1-5"},
        {**entry, "at": "20260105"},
        {**entry, "facts": {**entry["facts"], "reason": "Li Si"}},
        {**entry, "evidence": [{"kind": "comment", "sha256": 1}]},
        {**entry, "by": None},
    ):
        with pytest.raises(IntegrityError):
            LifecycleEvent.from_dict(broken)


@given(st.permutations(["comment", "answer", "design_document"]))
def test_an_event_has_one_spelling_whatever_the_order_of_its_documents(kinds: list[str]):
    documents = tuple(Evidence(kind, sha(kind)) for kind in kinds)
    entry = LifecycleEvent(PROJECT, "ccer", date(2026, 1, 5), "answer", Party("owner", "A1"), documents).to_dict()
    assert [document["kind"] for document in entry["evidence"]] == ["answer", "comment", "design_document"]


# Rules, one by one


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"project_start": "2012-11-08", "crediting_first": "2012-11-08", "crediting_last": "2052-11-07"}, "not_after"),
        ({"crediting_last": "2044-02-28"}, "crediting_short"),
        ({"crediting_last": "2064-03-01"}, "crediting_long"),
        ({"crediting_first": "2024-02-29", "crediting_last": "2064-02-28"}, "crediting_early"),
        ({"methodology": "ccer/99"}, "unknown_methodology"),
        ({"registered_elsewhere": "vcs"}, "double_registered"),
        ({"validator": "A1"}, "not_independent"),
    ],
)
def test_a_design_that_may_not_be_published(facts: dict, code: str):
    assert refused(CCER, new_project(CCER, PROJECT), event(CCER, "publish_design", "2026-01-05", **facts)) == {code}


@pytest.mark.parametrize("methodology", ["ccer-2014/ar-cm-001", "cdm/ar-tool14", "ipcc/stock-difference"])
def test_a_methodology_for_history_or_learning_registers_nothing(methodology: str):
    acts, facts = WALKS["pacm"]
    told = {**facts, "methodology": methodology}
    noticed = walk(PACM, acts[0], **told)
    assert "methodology_never_issues" in refused(PACM, noticed, event(PACM, *acts[1], **told))


@pytest.mark.parametrize("last", ["2044-02-29", "2064-02-29"])
def test_the_shortest_and_the_longest_crediting_period(last: str):
    assert walk(CCER, ("publish_design", "2026-01-05"), crediting_last=last).state == "design_notice"


def test_a_project_that_began_the_day_after_is_early_enough():
    facts = {"project_start": "2012-11-09", "crediting_first": "2012-11-09", "crediting_last": "2052-11-08"}
    assert walk(CCER, ("publish_design", "2026-01-05"), **facts).state == "design_notice"


def test_the_notice_must_be_over():
    """By hand: 5-9 January (5), 12-16 (10), 19-23 (15), 26-30 (20): validation from 31 January."""
    state = walk(CCER, ("publish_design", "2026-01-05"))
    given = event(CCER, "validate", "2026-01-30")
    with pytest.raises(LifecycleRefused, match="possible from 2026-01-31"):
        apply(CCER, state, given)
    assert apply(CCER, state, replace(given, at=date(2026, 1, 31))).state == "validated"


def test_comments_are_taken_while_the_notice_runs_and_all_are_answered():
    state = walk(CCER, ("publish_design", "2026-01-05"))
    for text in ("one", "two"):
        state = apply(CCER, state, event(CCER, "comment", "2026-01-30", document_comment=text))
    assert refused(CCER, state, event(CCER, "comment", "2026-01-31")) == {"notice_open"}
    state = apply(CCER, state, event(CCER, "answer", "2026-02-02", document_comment="one"))
    assert refused(CCER, state, event(CCER, "validate", "2026-02-03")) == {"open_comment"}
    other = event(CCER, "answer", "2026-02-03", document_comment="three")
    assert refused(CCER, state, other) == {"nothing_to_answer"}
    state = apply(CCER, state, event(CCER, "answer", "2026-02-03", document_comment="two"))
    assert apply(CCER, state, event(CCER, "validate", "2026-02-03")).state == "validated"


def test_comments_on_a_report_have_a_notice_of_their_own():
    state = walk(CCER, *REGISTERED, ("publish_report", "2026-03-09"))
    assert apply(CCER, state, event(CCER, "comment", "2026-04-03")).open


def test_the_verifier_is_not_the_validator():
    state = walk(CCER, *REGISTERED)
    assert refused(CCER, state, event(CCER, "publish_report", "2026-03-09", verifier="V1")) == {"verifier_is_validator"}


def test_a_validator_of_an_earlier_attempt_may_not_verify_either():
    state = walk(CCER, ("publish_design", "2026-01-05"), ("reject_design", "2026-01-20"))
    for act, day in (
        ("publish_design", "2026-02-02"),
        ("validate", "2026-03-16"),
        ("apply_registration", "2026-03-17"),
    ):
        state = apply(CCER, state, event(CCER, act, day, account="V3" if act == "validate" else "", validator="V3"))
    state = apply(CCER, state, event(CCER, "register", "2026-03-30"))
    assert refused(CCER, state, event(CCER, "publish_report", "2026-04-01", verifier="V1")) == {"verifier_is_validator"}


def test_the_owner_does_not_verify():
    state = walk(CCER, *REGISTERED)
    assert refused(CCER, state, event(CCER, "publish_report", "2026-03-09", verifier="A1")) == {"not_independent"}


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"period_first": "2024-02-01"}, "outside_crediting"),
        ({"period_last": "2024-01-01"}, "period_backwards"),
        ({"period_last": "2026-12-31"}, "period_not_over"),
    ],
)
def test_a_period_that_is_none(facts: dict, code: str):
    state = walk(CCER, *REGISTERED)
    assert code in refused(CCER, state, event(CCER, "publish_report", "2026-03-09", **facts))


OLD = {"project_start": "2019-01-01", "crediting_first": "2019-01-01", "crediting_last": "2058-12-31"}


def test_reductions_of_the_day_itself_are_too_early():
    state = walk(CCER, *REGISTERED, **OLD)
    early = event(CCER, "publish_report", "2026-03-09", **OLD | {"period_first": "2020-09-22"})
    assert refused(CCER, state, early) == {"not_after", "reductions_not_older_than"}


def test_reductions_are_applied_for_within_five_years():
    """Oldest removal 20 April 2021: published in time on 9 March 2026, applied for in time until 20 April 2026."""
    facts = OLD | {"period_first": "2021-04-20"}
    acts = [*REGISTERED, ("publish_report", "2026-03-09"), ("verify", "2026-04-13")]
    state = walk(CCER, *acts, **facts)
    step = next(step for step in next_steps(CCER, state, date(2026, 4, 14)) if step.act == "apply_issuance")
    assert step.latest.day == date(2026, 4, 20)
    assert apply(CCER, state, event(CCER, "apply_issuance", "2026-04-20")).state == "issuance_review"
    late = event(CCER, "apply_issuance", "2026-04-21")
    assert refused(CCER, state, late) == {"reductions_not_older_than"}


def test_no_day_is_registered_twice():
    acts, facts = WALKS["ccer"]
    state = walk(CCER, *acts, **facts)
    again = event(CCER, "publish_report", "2026-05-06", period_first="2025-12-31", period_last="2026-04-30")
    assert refused(CCER, state, again) == {"period_registered"}
    next_one = replace(again, facts={**again.facts, "period_first": "2026-01-01"})
    assert apply(CCER, state, next_one).state == "report_notice"


def test_the_documents_are_those_that_were_validated():
    state = walk(CCER, *DESIGN[:2])
    other = event(CCER, "apply_registration", "2026-02-10", document_design_document="improved")
    assert refused(CCER, state, other) == {"other_document"}


def test_the_amount_is_the_verified_one():
    state = walk(CCER, *REPORT[:-1])
    assert refused(CCER, state, event(CCER, "apply_issuance", "2026-04-14", credits_t="1001")) == {"other_amount"}


def test_a_refused_registration_has_a_reason_and_may_be_applied_for_again():
    state = walk(CCER, *DESIGN, ("refuse_registration", "2026-02-25"))
    assert state.state == "returned"
    assert state.facts["reason"] == "incomplete"
    state = apply(CCER, state, event(CCER, "apply_registration", "2026-03-02"))
    assert apply(CCER, state, event(CCER, "register", "2026-03-10")).state == "registered"


def test_a_negative_validation_cannot_be_applied_with():
    state = walk(CCER, ("publish_design", "2026-01-05"), ("reject_design", "2026-02-09"))
    assert refused(CCER, state, event(CCER, "apply_registration", "2026-02-10")) == {"wrong_state"}


def test_a_refused_issuance_may_be_applied_for_again():
    state = walk(
        CCER, *REPORT, ("refuse_issuance", "2026-04-28"), ("apply_issuance", "2026-05-06"), ("issue", "2026-05-20")
    )
    assert state.credits_t == 1000


def test_a_withdrawn_project_may_come_back_and_a_deregistered_one_never():
    state = walk(CCER, ("publish_design", "2026-01-05"), ("withdraw", "2026-01-06"), ("publish_design", "2026-01-12"))
    assert state.state == "design_notice"
    state = walk(CCER, *REGISTERED, ("deregister", "2026-03-09"))
    assert next_steps(CCER, state, date(2026, 3, 10)) == []
    assert refused(CCER, state, event(CCER, "publish_design", "2026-03-10")) == {"wrong_state"}


def test_a_reversal_does_not_move_the_project_and_waits_to_be_settled():
    state = walk(CCER, *REGISTERED, ("report_reversal", "2026-06-02"))
    assert state.state == "registered"
    assert state.since == date(2026, 3, 2)
    state = apply(CCER, state, event(CCER, "settle_reversal", "2026-06-30"))
    assert state.open == frozenset()


def test_under_vcs_an_open_reversal_holds_issuance():
    acts = [*REGISTERED, ("report_reversal", "2026-03-03"), ("publish_report", "2026-03-09"), ("verify", "2026-04-13")]
    facts = VCS_FACTS | {"event_day": "2026-02-01"}
    state = walk(VCS, *acts, **facts)
    given = event(VCS, "apply_issuance", "2026-04-14")
    assert refused(VCS, state, given) == {"open_loss_report"}
    state = apply(VCS, state, event(VCS, "settle_reversal", "2026-04-15"))
    assert apply(VCS, state, replace(given, at=date(2026, 4, 15))).state == "issuance_review"


def test_a_loss_is_reported_within_two_years_under_vcs():
    state = walk(VCS, *REGISTERED, **VCS_FACTS)
    late = event(VCS, "report_reversal", "2026-03-03", event_day="2024-03-02")
    assert refused(VCS, state, late) == {"not_later_than"}


def test_vcs_validation_comes_within_five_years_of_the_start():
    facts = VCS_FACTS | {"project_start": "2021-01-31", "crediting_first": "2021-01-31", "crediting_last": "2061-01-30"}
    state = walk(VCS, ("publish_design", "2026-01-01"), **facts)
    assert apply(VCS, state, event(VCS, "validate", "2026-01-31")).state == "validated"
    assert refused(VCS, state, event(VCS, "validate", "2026-02-01")) == {"not_later_than"}


def test_vcs_periods_leave_no_gap_and_one_body_may_do_both():
    state = walk(VCS, *REGISTERED, **VCS_FACTS)
    assert refused(VCS, state, event(VCS, "publish_report", "2026-03-09", period_first="2024-04-01")) == {"period_gap"}
    assert apply(VCS, state, event(VCS, "publish_report", "2026-03-09", verifier="V1")).state == "monitored"


def test_findings_unanswered_for_90_days_lapse_and_a_year_later_the_project_is_rejected():
    """By hand: 2 March 2026 + 90 days = 31 May; inactive from 1 June; rejected after 1 June 2027."""
    state = walk(VCS, *DESIGN, ("raise_findings", "2026-03-02"), **VCS_FACTS)
    step = next(step for step in next_steps(VCS, state, date(2026, 5, 1)) if step.act == "answer_findings")
    assert (step.lapse.day, step.lapses_to) == (date(2026, 5, 31), "inactive")
    answer = event(VCS, "answer_findings", "2026-05-31")
    assert apply(VCS, state, answer).state == "registration_review"
    assert lapsed(VCS, state, date(2026, 6, 1)).state == "inactive"
    assert refused(VCS, state, replace(answer, at=date(2026, 6, 1))) == {"wrong_state"}
    assert apply(VCS, state, event(VCS, "reactivate", "2027-06-01")).state == "registration_findings"
    assert lapsed(VCS, state, date(2027, 6, 2)).state == "rejected"
    assert next_steps(VCS, state, date(2027, 6, 2)) == []
    assert state.state == "registration_findings"


def test_a_project_late_to_verify_is_marked_and_may_still_verify():
    """By hand: registered on 2 March 2026, late from 3 March 2031."""
    state = walk(VCS, *REGISTERED, **VCS_FACTS)
    assert lapsed(VCS, state, date(2031, 3, 2)).state == "registered"
    assert lapsed(VCS, state, date(2031, 3, 3)).state == "late_to_verify"
    assert apply(VCS, state, event(VCS, "publish_report", "2031-04-01")).state == "monitored"


def test_a_renewed_crediting_period_takes_the_place_of_the_old_one():
    state = walk(VCS, *REGISTERED, **VCS_FACTS)
    renewed = event(VCS, "renew", "2027-01-11", crediting_first="2024-03-01", crediting_last="2074-02-28")
    assert apply(VCS, state, renewed).facts["crediting_last"] == "2074-02-28"
    short = event(VCS, "renew", "2027-01-11", crediting_last="2054-02-28")
    assert refused(VCS, state, short) == {"crediting_short"}


def test_pacm_is_told_within_180_days_and_the_first_day_is_2021():
    """By hand: 1 March 2026 + 180 days = 28 August."""
    new = new_project(PACM, PROJECT)
    assert apply(PACM, new, event(PACM, "notify", "2026-08-28", **PACM_FACTS)).state == "notified"
    assert refused(PACM, new, event(PACM, "notify", "2026-08-29", **PACM_FACTS)) == {"not_later_than"}
    acts, facts = WALKS["pacm"]
    state = walk(PACM, *acts[:6], **facts)
    early = event(PACM, "publish_report", "2027-03-15", **facts | {"period_first": "2020-12-31"})
    assert "before_first" in refused(PACM, state, early)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"programme": "unheard-of"}, "not_listed"),
        ({"first_crediting_start": "2015-12-31"}, "before_first"),
        ({"period_first": "2020-12-31"}, "before_first"),
        ({"period_last": "2027-01-01"}, "after_last"),
    ],
)
def test_a_unit_that_corsia_does_not_take(facts: dict, code: str):
    assert refused(CORSIA, new_project(CORSIA, PROJECT), event(CORSIA, "apply_issuance", "2027-05-01", **facts)) == {
        code
    }


def test_a_unit_whose_host_does_not_adjust_is_compensated():
    acts = [*WALKS["corsia"][0], ("deny_adjustment", "2027-01-04"), ("compensate", "2027-02-01")]
    assert walk(CORSIA, *acts).state == "compensated"


def test_the_fast_track_takes_a_fifth_of_existing_forest_and_no_more():
    book = rule_book("scenario/fast-track")
    fits = event(book, "publish_design", "2026-01-05", existing_forest_m2="200000")
    assert apply(book, new_project(book, PROJECT), fits).state == "design_notice"
    over = event(book, "publish_design", "2026-01-05", existing_forest_m2="200001")
    assert refused(book, new_project(book, PROJECT), over) == {"share_too_large"}


# Issuance


def test_issuance_under_pacm_as_undp_tests_it():
    """UNDP's national registry issues 1,000 and gives 930, 20 and 50."""
    split = issue_split(PACM, 1000, date(2026, 5, 1))
    assert split == {"owner": 930, "overall_mitigation": 20, "share_of_proceeds": 50}
    assert issue_split(CCER, 1000, date(2026, 5, 1)) == {"owner": 1000}


@given(st.integers(2, 10**15))
def test_an_issuance_is_split_without_a_rest(units: int):
    split = issue_split(PACM, units, date(2026, 5, 1))
    assert sum(split.values()) == units
    assert min(split.values()) >= 0
    assert split["share_of_proceeds"] * 20 >= units > split["share_of_proceeds"] * 20 - 20


def test_every_fact_of_the_books_is_known_to_the_tests():
    assert {fact for book in rule_books().values() for act in book.acts.values() for fact in act.facts} <= set(FACTS)
