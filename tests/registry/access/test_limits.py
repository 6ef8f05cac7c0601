"""The token bucket's laws, and rules that say where they come from."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DataError
from tanhui.kernel.parameters import Status
from tanhui.registry.access import limits as module
from tanhui.registry.access.limits import (
    Facts,
    Limiter,
    Rate,
    allowed,
    bundled_rules,
    limits,
    rates,
    take,
)

TODAY = date(2026, 12, 1)
RATES = st.builds(Rate, st.integers(1, 20), st.integers(1, 1000))


def test_a_bucket_by_hand():
    # Three at once, then one a second.
    rate, second = Rate(3, 10**9), 10**9
    state, waits = 0, []
    for now in (0, 0, 0, 0, second // 2, second, second, 10 * second):
        state, wait = take(state, rate, now)
        waits.append(wait)
    assert waits == [0, 0, 0, second, second // 2, 0, second, 0]
    assert Rate.per_minute(3, 60) == rate


@given(RATES, st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 5)), max_size=60))
def test_in_any_time_no_more_is_granted_than_the_burst_and_what_dripped(rate, asked):
    now, state, granted = 0, 0, []
    for later, cost in asked:
        now += later
        state, wait = take(state, rate, now, cost)
        if not wait:
            granted.append((now, cost))
    for i, (start, _) in enumerate(granted):
        for j in range(i, len(granted)):
            spent = sum(cost for _, cost in granted[i : j + 1])
            assert spent * rate.interval_ns <= rate.burst * rate.interval_ns + granted[j][0] - start


@given(RATES, st.lists(st.integers(0, 3000), max_size=40), st.integers(1, 5))
def test_whoever_waits_as_long_as_told_is_let_in(rate, pauses, cost):
    now, state = 0, 0
    cost = min(cost, rate.burst)
    for pause in pauses:
        now += pause
        state, wait = take(state, rate, now, cost)
        if wait:
            before, again = take(state, rate, now + wait - 1, cost)
            assert again == 1
            assert take(before, rate, now + wait, cost)[1] == 0


@given(RATES, st.integers(0, 10**15), st.integers(0, 10**15))
def test_a_clock_that_was_set_back_locks_nobody_out_and_gives_nothing(rate, ahead, back):
    state = 0
    for _ in range(rate.burst):
        state, _ = take(state, rate, ahead + back)
    state, wait = take(state, rate, ahead)
    assert 0 < wait <= rate.interval_ns
    assert take(state, rate, ahead + wait)[1] == 0


def test_a_request_pays_in_all_its_buckets_or_in_none():
    limiter = Limiter({"session": Rate(1, 100), "address": Rate(3, 100)})
    assert limiter.wait({"session": "s1", "address": "x"}, 0) == 0
    assert [limiter.wait({"session": "s1", "address": "x"}, 0) for _ in range(5)] == [100] * 5
    # The refused ones cost the address nothing: two more sessions fit, a third does not.
    assert [limiter.wait({"session": s, "address": "x"}, 0) for s in ("s2", "s3", "s4")] == [0, 0, 100]
    assert limiter.wait({"other": "kind"}, 0) == 0


def test_memory_holds_those_who_asked_lately():
    limiter = Limiter({"address": Rate(2, 100)}, most=50)
    for i in range(1000):
        limiter.wait({"address": str(i)}, i)
    assert len(limiter._full_at) <= 50
    for _ in range(3):
        limiter.wait({"address": "busy"}, 1000)
    for i in range(45):
        limiter.wait({"address": f"new {i}"}, 1000)
    assert limiter.wait({"address": "busy"}, 1000) > 0


def test_the_numbers_of_the_room_load_and_a_rate_is_what_the_data_say():
    assert {leaf.status for leaf in limits().leaves()} == {Status.RECALLED}
    assert rates(TODAY)["session"] == Rate(120, 60 * 10**9 // 600)
    assert set(rates(TODAY)) == {"session", "key", "address", "login"}


# Rules

PILOT = "scenario/personal-gba"


@pytest.mark.parametrize(
    ("spent_yuan", "amount_yuan", "refused"),
    [(0, 50_000, False), (49_999, 1, False), (49_999, 1.01, True), (0, 50_001, True)],
)
def test_a_persons_yearly_limit_counts_to_the_fen(spent_yuan, amount_yuan, refused):
    facts = Facts("trade", "natural", "HK", round(amount_yuan * 100), spent_yuan * 100)
    assert bool(allowed(PILOT, facts, TODAY, scenarios=True)) is refused


def test_a_scenario_counts_only_where_it_is_asked_for_and_says_what_it_is():
    facts = Facts("trade", "natural", "MO", 10**8)
    assert allowed(PILOT, facts, TODAY) == []
    (refusal,) = allowed(PILOT, facts, TODAY, scenarios=True)
    assert refusal.leaf.status is Status.SCENARIO
    assert refusal.code == "access.rule_yearly_yuan"
    assert "情景，非现行规则" in refusal.text("zh")
    assert "scenario" in refusal.text("en")
    assert "1000000.00" in refusal.text("en")


@pytest.mark.parametrize("change", [{"person": "legal"}, {"region": "CN-HN"}, {"region": ""}, {"act": "retire"}])
def test_a_rule_concerns_those_it_names(change):
    facts = Facts(**{"act": "trade", "person": "natural", "region": "CN-GD", "amount_fen": 10**8, **change})
    assert allowed(PILOT, facts, TODAY, scenarios=True) == []


def test_under_ccer_natural_persons_trade_and_legal_persons_register():
    # Read in a summary of the ministry's order of 2023-10-19.
    assert allowed("ccer", Facts("trade", "natural", "CN-HN", 10**10), TODAY) == []
    assert allowed("ccer", Facts("register", "legal"), TODAY) == []
    (refusal,) = allowed("ccer", Facts("register", "natural"), TODAY)
    assert refusal.code == "access.rule_forbidden"
    assert "情景" not in refusal.text("zh")
    assert allowed("ccer", Facts("register", "natural"), date(2023, 10, 18)) == []
    assert allowed("sandbox", Facts("register", "natural"), TODAY) == []


def test_every_rule_names_persons_and_acts():
    for rule in bundled_rules():
        assert rule.acts, rule.name
        assert rule.persons <= {"natural", "legal"}, rule.name
        assert all(leaf.zh and leaf.en for leaf in rule.leaves)


def test_a_rule_with_an_unknown_check_is_refused_at_load(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CHECKS", {})
    with pytest.raises(DataError):
        bundled_rules.__wrapped__()
