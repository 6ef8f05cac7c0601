"""Every tonne lost is made good once, in the order of the rule book; a book without a buffer moves none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.projects.lifecycle import rule_book, rule_books
from tanhui.projects.permanence import (
    NaturalRisk,
    ReversalEvent,
    Stakes,
    buffer_contribution,
    check_buffer,
    natural_risk_score,
    respond,
)

CCER, VCS = rule_book("ccer"), rule_book("vcs")
TODAY = date(2026, 11, 24)
AMOUNT = st.integers(0, 10**12)


def loss(lost_t: int, cause: str = "unavoidable") -> ReversalEvent:
    return ReversalEvent("P-1", date(2026, 6, 1), cause, lost_t, "0" * 64)


def amounts(book, event, stakes) -> list[tuple[str, int]]:
    return [(measure.id, measure.amount_t) for measure in respond(book, event, stakes)]


@given(
    st.sampled_from(sorted(rule_books())),
    st.sampled_from(["unavoidable", "avoidable", "over_issue"]),
    AMOUNT,
    st.builds(Stakes, AMOUNT, AMOUNT, AMOUNT, AMOUNT, AMOUNT),
)
def test_mass_closes(book_id: str, cause: str, lost_t: int, stakes: Stakes):
    measures = respond(rule_book(book_id), loss(lost_t, cause), stakes)
    by_id = {measure.id: measure.amount_t for measure in measures}
    made_good = ("net_next_period", "cancel_buffer", "owner_cancels", "owner_debt")
    assert sum(by_id.get(name, 0) for name in made_good) == lost_t
    assert {measure.id for measure in measures if measure.counts} <= set(made_good)
    assert by_id.get("net_next_period", 0) <= stakes.next_period_t
    assert by_id.get("cancel_buffer", 0) <= stakes.buffer_t
    assert by_id.get("owner_cancels", 0) <= stakes.owner_t
    assert by_id.get("holders_untouched", 0) == stakes.others_t
    assert min(by_id.values()) >= 0


def test_ccer_nets_a_fire_in_the_next_period():
    """By hand: 1,000 t lost, 700 t grown since, so 300 t stay as the owner's debt; nobody else is asked."""
    stakes = Stakes(next_period_t=700, owner_t=5_000, others_t=2_000, deducted_t=900)
    assert amounts(CCER, loss(1_000), stakes) == [
        ("deduction_taken", 900),
        ("net_next_period", 700),
        ("owner_debt", 300),
        ("holders_untouched", 2_000),
        ("public_notice", 1_000),
    ]


def test_ccer_lets_the_owner_cancel_what_was_issued_wrongly():
    stakes = Stakes(next_period_t=700, owner_t=600, others_t=2_000)
    assert amounts(CCER, loss(1_000, "over_issue"), stakes) == [
        ("hold_trading", 600),
        ("owner_cancels", 600),
        ("owner_debt", 400),
        ("holders_untouched", 2_000),
        ("public_notice", 1_000),
    ]


def test_vcs_cancels_the_buffer_and_the_rest_is_the_owners_debt():
    stakes = Stakes(buffer_t=800, owner_t=5_000, others_t=2_000)
    assert amounts(VCS, loss(1_000), stakes) == [
        ("hold_issuance", 0),
        ("cancel_buffer", 800),
        ("owner_debt", 200),
        ("holders_untouched", 2_000),
        ("public_notice", 1_000),
    ]
    avoidable = dict(amounts(VCS, loss(1_000, "avoidable"), stakes))
    assert avoidable["replenish_buffer"] == 800


def test_a_buffer_move_under_ccer_is_refused():
    for act in (lambda: check_buffer(CCER), lambda: buffer_contribution(CCER, 1_000, 12, TODAY)):
        with pytest.raises(DomainError) as refused:
            act()
        assert refused.value.code == "permanence.no_buffer"
    order = {"unavoidable": ("cancel_buffer", "owner_debt")}
    tampered = replace(CCER, permanence=replace(CCER.permanence, order=order))
    with pytest.raises(DomainError, match="no buffer"):
        respond(tampered, loss(1), Stakes(buffer_t=1))


@pytest.mark.parametrize(
    ("event", "stakes", "code"),
    [
        (loss(-1), Stakes(), "negative"),
        (loss(1), Stakes(buffer_t=-1), "negative"),
        (loss(1, "comet"), Stakes(), "unknown_cause"),
    ],
)
def test_what_is_refused(event: ReversalEvent, stakes: Stakes, code: str):
    with pytest.raises(DomainError) as refused:
        respond(VCS, event, stakes)
    assert refused.value.code == f"permanence.{code}"


@pytest.mark.parametrize("order", [("pray", "owner_debt"), ("cancel_buffer",), ("owner_debt", "cancel_buffer"), ()])
def test_an_order_that_could_lose_a_tonne_is_refused(order: tuple[str, ...]):
    book = replace(VCS, permanence=replace(VCS.permanence, order={"unavoidable": order}))
    with pytest.raises(DomainError) as refused:
        respond(book, loss(1), Stakes())
    assert refused.value.code == "permanence.unknown_measure"


def test_every_measure_reads_in_both_languages_and_is_written_without_numbers():
    for book in rule_books().values():
        for cause in book.permanence.order:
            for measure in respond(book, loss(10, cause), Stakes(1, 1, 1, 1, 1)):
                assert measure.text("zh") != measure.text("en")
                assert "{" not in measure.text("en")
                assert not measure.text("en").startswith("permanence.")
                assert all(isinstance(value, str) for value in measure.to_dict().values())


# The buffer


@pytest.mark.parametrize(
    ("change_t", "rating", "units"),
    [(1_000, 20, 200), (1_000, 3, 120), (1_001, 12, 121), (1_000, Decimal("12.2"), 130), (0, 30, 0), (1_000, 60, 600)],
)
def test_what_goes_into_the_buffer(change_t: int, rating: Decimal | int, units: int):
    """By hand: at least 12 %, the rating and the units rounded up."""
    assert buffer_contribution(VCS, change_t, rating, TODAY) == units


def test_a_rating_above_60_fails():
    with pytest.raises(DomainError, match="61"):
        buffer_contribution(VCS, 1_000, Decimal("60.1"), TODAY)


def test_natural_risks_by_hand():
    """Table 10 and section 2.4: fire, devastating every 30 years, prevented: 5 x 0.5; pests, minor every 5: 5 x 1."""
    fire = NaturalRisk("fire", "devastating", "25_to_50", "one")
    pests = NaturalRisk("pests", "minor", "under_10")
    assert natural_risk_score(VCS, [fire, pests], TODAY) == Decimal("7.5")
    assert natural_risk_score(VCS, [], TODAY) == 0


def test_a_catastrophe_every_few_years_fails_the_project():
    with pytest.raises(DomainError) as refused:
        natural_risk_score(VCS, [NaturalRisk("fire", "catastrophic", "under_10", "both")], TODAY)
    assert refused.value.code == "permanence.risk_fails"


@pytest.mark.parametrize(
    "risk", [NaturalRisk("fire", "huge", "under_10"), NaturalRisk("fire", "minor", "under_10", "three")]
)
def test_an_unknown_class_of_risk(risk: NaturalRisk):
    with pytest.raises(DomainError) as refused:
        natural_risk_score(VCS, [risk], TODAY)
    assert refused.value.code == "permanence.unknown_risk"
