"""What a contract owes: each example is worked out by hand in the test; then laws over many contracts."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.projects.compensation.account import Entry, Paid, account_of, whole_parts, years_of
from tests.projects.compensation.samples import FIRST, SECOND, account, contract, measured

LEAVING = {"leaving": [{"parcel": "0", "last_day": "2022-12-31"}]}
BOUND = {"pay_for": "change", "pay_on": "lower_bound"}


def paid(fen: int, *items: str, day: str = "2026-01-01") -> Paid:
    return Paid(f"pay-{items}-{fen}", date.fromisoformat(day), items, fen)


def steps(found: Any, number: int = 0) -> list[tuple[str, int]]:
    return list(found.earned[number].steps)


# One period


def test_the_change_at_a_price():
    """1000 t at 50 yuan: A has 600 t, of which parcel 0 has six tenths; B has 400 t."""
    found = account(contract(), measured())
    (earned,) = found.earned
    assert {line.parcel: line.fen for line in earned.lines} == {"0": 1_800_000, "1": 1_200_000, "2": 2_000_000}
    assert (earned.fen, earned.low_fen, earned.high_fen) == (5_000_000, 4_000_000, 6_000_000)
    assert found.payable_fen == 5_000_000
    assert [(item.key, item.day.isoformat()) for item in found.due] == [("2025-12-31/1", "2025-12-31")]


def test_paid_on_the_lower_end_of_the_interval():
    """800 t: the missing 200 t are shared 120 : 80, so A has 480 t and B 320 t."""
    found = account(contract(measure=BOUND), measured())
    assert {line.parcel: line.fen for line in found.earned[0].lines} == {"0": 1_440_000, "1": 960_000, "2": 1_600_000}
    assert (found.earned[0].used, found.payable_fen) == ("lower_bound", 4_000_000)


def test_a_stratum_that_lost_gains_nothing_from_the_bound():
    """A +900 t, B -100 t; 200 t less: 180 of A's, 20 of B's: 720 and -120 t, 600 t at 50 yuan."""
    found = account(contract(measure=BOUND), measured(800, strata={"A": 900, "B": -100}))
    assert {line.parcel: line.fen for line in found.earned[0].lines} == {
        "0": 2_160_000, "1": 1_440_000, "2": -600_000,
    }  # fmt: skip
    assert found.payable_fen == 3_000_000
    # Who lost is paid nothing of it: 3,000,000 x 2,160,000 / 3,600,000
    assert found.parcels("2025-12-31", 3_000_000) == {"0": 1_800_000, "1": 1_200_000, "2": 0}


def test_a_bound_below_zero_beside_a_gain_is_no_loss():
    found = account(contract(measure=BOUND, loss={"rule": "repay"}), measured(100, low=-50, high=250))
    assert (found.earned[0].used_t, found.earned[0].fen, found.owed_fen) == (0, 0, 0)
    lost = account(contract(measure=BOUND, loss={"rule": "repay"}), measured(-100, low=-300, high=100))
    assert (lost.earned[0].used, lost.earned[0].fen) == ("loss", -500_000)  # the value counts, not the bound


def test_a_transfer_coefficient_for_a_stratum_and_one_for_a_parcel():
    """A at 1.2, parcel 1 at 0.5 besides: 18,000 x 1.2 + 12,000 x 0.6 + 20,000 = 48,800 yuan."""
    name = {"zh": "系数", "en": "c"}
    source = {"reference": "§6", "status": "primary", "name": name}
    raised = {"raised_by": "key_ecological_rise", "strata": ["A"], **source}
    found = account(contract(coefficients=[raised, {"value": 0.5, "parcels": ["1"], **source}]), measured())
    assert found.payable_fen == 4_880_000
    assert found.contract.scenario  # the rise rests on the request alone, whatever the contract says of it


def test_a_price_that_changes_in_the_period_counts_by_days():
    """50 yuan for 1461 days (2021 to 2024, a leap year in it), 61 for the last 365: mean 52.198... over 1826 days."""
    source = {"reference": "§5", "status": "primary"}
    dated = [{"cny_t": 50.0, **source}, {"cny_t": 61.0, "since": "2025-01-01", **source}]
    found = account(contract(prices=dated), measured())
    assert found.payable_fen == int(Fraction(1000 * (50 * 1461 + 61 * 365), 1826) * 100)  # 52,198.79 yuan
    assert found.payable_fen == 5_219_879


def test_the_contract_begins_and_ends_within_a_period():
    """Of 1826 days the contract has the 730 of 2021 and 2022: 50,000 x 730 / 1826 = 19,989.047..."""
    found = account(contract(ended="2022-12-31"), measured())
    assert found.payable_fen == 1_998_904
    late = account(contract(period={"first": "2025-12-31", "last": "2030-12-31"}), measured())
    assert late.payable_fen == 5_000_000 // 1826


def test_a_parcel_that_leaves_is_paid_until_its_last_day():
    """Parcel 0 has 730 of 1826 days: 18,000 x 730 / 1826 = 7,196.05...; the others have all of theirs."""
    found = account(contract(land=LEAVING), measured(), measured(days=SECOND, run="run-2"))
    first, second = found.earned
    assert {line.parcel: line.fen for line in first.lines} == {"0": 719_605, "1": 1_200_000, "2": 2_000_000}
    assert {line.parcel for line in second.lines} == {"1", "2"}


def test_holding_a_stock_is_paid_by_the_year():
    """5000 t for half of 2024, 184 of 366 days, at 2 yuan a tonne and year: 5,027.32 yuan."""
    price = [{"cny_t": 2.0, "reference": "§5", "status": "primary"}]
    terms = {"measure": {"pay_for": "stock", "pay_on": "value"}, "prices": price}
    found = account(contract(**terms), measured(days=("2024-07-01", "2024-12-31")), on="2025-01-01")
    assert found.payable_fen == 5000 * 2 * 100 * 184 // 366 == 502_732


def test_years():
    assert years_of(Period.inclusive(date(2023, 1, 1), date(2024, 12, 31))) == 2
    assert years_of(Period.inclusive(date(2023, 12, 31), date(2024, 1, 1))) == Fraction(1, 365) + Fraction(1, 366)


# Limits


def test_floor_ceiling_and_total():
    source = {"reference": "§7", "status": "primary"}
    # Five years of at most 6,000 yuan each.
    capped = account(contract(limits={"ceiling_cny_yr": 6000, **source}), measured())
    assert steps(capped) == [("gross", 5_000_000), ("ceiling", -2_000_000)]
    assert capped.payable_fen == 3_000_000
    # Five years of at least 12,000 yuan each.
    raised = account(contract(limits={"floor_cny_yr": 12_000, **source}), measured())
    assert (raised.payable_fen, raised.earned[0].low_fen) == (6_000_000, 6_000_000)
    # 80,000 yuan in all: the second period has 30,000 left.
    twice = account(contract(limits={"total_cny": 80_000, **source}), measured(), measured(days=SECOND, run="run-2"))
    assert [period.fen for period in twice.earned] == [5_000_000, 3_000_000]


# Losses


def test_a_loss_is_made_good_by_later_periods():
    """-300 t, then +1000 t: nothing, then 50,000 - 15,000 yuan."""
    found = account(contract(), measured(-300), measured(days=SECOND, run="run-2"))
    assert [period.fen for period in found.earned] == [0, 3_500_000]
    assert found.earned[0].deficit_fen == -1_500_000
    assert steps(found, 1) == [("gross", 5_000_000), ("deficit", -1_500_000)]


def test_a_loss_that_is_owed_back_comes_off_the_next_payment():
    terms = contract(loss={"rule": "repay"})
    first = account(terms, measured(), on="2026-01-01")
    lost = account(terms, measured(), measured(-300, days=SECOND, run="run-2"), paid=(paid(5_000_000, "2025-12-31/1"),))
    assert (first.payable_fen, lost.payable_fen, lost.overpaid_fen) == (5_000_000, 0, 1_500_000)


def test_a_loss_is_forgiven_by_rule_or_by_force_majeure():
    by_rule = account(contract(loss={"rule": "forgive"}), measured(-300), measured(days=SECOND, run="run-2"))
    named = contract(loss={"rule": "repay", "force_majeure": ["wildfire"]})
    by_cause = account(named, measured(-300), cause="wildfire")
    assert [period.fen for period in by_rule.earned] == [0, 5_000_000]
    assert steps(by_cause) == [("gross", -1_500_000), ("forgiven", 1_500_000)]
    assert account(named, measured(-300)).owed_fen == -1_500_000


# Instalments, prepayment, corrections


def test_instalments_and_a_prepayment_that_is_paid_back():
    """10,000 prepaid. 50,000.01 in thirds of 1 : 2; each gives back 30 % of itself until nothing is left."""
    terms = contract(
        prepayment={"cny": 10_000, "day": "2021-03-01", "recovered_share": 0.3},
        instalments=[{"parts": 1, "days_after": 10}, {"parts": 2, "days_after": 40}],
    )
    m = measured(1000.0002)
    found = account(terms, m, on="2026-02-09")
    rows = [(item.key, item.day.isoformat(), item.fen, item.recovered_fen) for item in found.items]
    assert rows == [
        ("prepayment", "2021-03-01", 1_000_000, 0),
        ("2025-12-31/1", "2026-01-10", 1_666_667, 500_000),  # 30 % are 500,000.1 fen
        ("2025-12-31/2", "2026-02-09", 3_333_334, 500_000),  # what is left, less than 30 %
    ]
    assert account(terms, m, on="2021-03-01").payable_fen == 1_000_000
    assert account(terms, m, on="2021-02-28").payable_fen == 0
    middle = account(terms, m, on="2026-01-10", paid=(paid(1_000_000, "prepayment"),))
    assert (middle.payable_fen, middle.prepaid_fen) == (1_166_667, 500_000)
    assert found.payable_fen == found.owed_fen == 5_000_001


def test_the_last_period_pays_back_whatever_is_left():
    terms = contract(prepayment={"cny": 10_000, "day": "2021-03-01", "recovered_share": 0.1})
    found = account(terms, measured(), measured(days=SECOND, run="run-2"))
    assert [item.recovered_fen for item in found.items] == [0, 500_000, 500_000]
    assert found.owed_fen == 10_000_000


def test_a_correction_downwards_comes_off_the_next_payments_by_the_contracts_share():
    """Paid 50,000 on 1000 t; it was 800 t. The next 50,000 keep back half of themselves at most: all of 10,000."""
    early = (paid(5_000_000, "2025-12-31/1"),)
    corrected = measured(800, run="run-1b")
    between = account(contract(), corrected, paid=early, on="2026-06-01")
    assert (between.payable_fen, between.overpaid_fen) == (0, 1_000_000)
    later = account(contract(), corrected, measured(days=SECOND, run="run-2"), paid=early)
    assert (later.payable_fen, later.overpaid_fen) == (4_000_000, 0)
    slow = contract(recovered_share=0.15)
    kept = account(slow, corrected, measured(days=SECOND, run="run-2"), paid=early)
    assert (kept.payable_fen, kept.overpaid_fen) == (4_250_000, 250_000)


def test_a_correction_upwards_is_paid_at_once():
    found = account(contract(), measured(1200, run="b"), paid=(paid(5_000_000, "2025-12-31/1"),), on="2026-06-01")
    assert (found.payable_fen, found.parts()) == (1_000_000, {"2025-12-31": 1_000_000})


def test_measurements_that_share_days_are_refused():
    with pytest.raises(DomainError) as refused:
        account(contract(), measured(), measured(days=("2025-12-31", "2030-12-31"), run="run-2"))
    assert refused.value.code == "compensation.periods_overlap"


# Laws

SPANS = [("2021-01-01", "2022-06-30"), ("2022-07-01", "2025-12-31"), ("2026-02-01", "2029-12-31"), SECOND]
tonnes = st.integers(-2_000_000, 4_000_000).map(lambda kg: kg / 1000)
terms = st.fixed_dictionaries(
    {
        "loss": st.sampled_from(["forgive", "offset", "repay"]).map(lambda rule: {"rule": rule}),
        "measure": st.sampled_from(["value", "lower_bound"]).map(lambda on: {"pay_for": "change", "pay_on": on}),
        "recovered_share": st.sampled_from([0.1, 0.5, 1.0]),
        "prepayment": st.none() | st.just({"cny": 12_345.67, "day": "2021-02-03", "recovered_share": 0.37}),
        "instalments": st.sampled_from(
            [[{}], [{"parts": 1, "days_after": 30}, {"parts": 1, "days_after": 400}, {"parts": 1, "days_after": 401}]]
        ),
        "land": st.sampled_from([{}, LEAVING, {"strata": ["B"]}]),
    }
)


@given(terms, st.lists(st.tuples(tonnes, tonnes), min_size=3, max_size=3), st.lists(st.integers(0, 4000), max_size=8))
def test_nothing_is_lost_and_nothing_is_paid_twice(changes: dict, values: list, pauses: list):
    """A contract lived through: each period is measured, later corrected, and paid for on some days."""
    found = contract(**changes)
    entries: dict[str, Entry] = {}
    payments: list[Paid] = []
    day = date(2021, 1, 1)
    for number, pause in enumerate([*pauses, 5000]):
        day += timedelta(days=pause)
        for span, (first, second) in zip(SPANS, values, strict=False):
            if date.fromisoformat(span[1]) < day:
                entries[span[0]] = Entry(
                    measured(first if number % 2 else second, days=span, run=f"{span}{number % 2}")
                )
        at = account_of(found, entries.values(), payments, day)
        assert at == account_of(found, reversed(entries.values()), payments, day)
        assert at.payable_fen >= 0
        assert at.overpaid_fen >= 0
        assert sum(at.parts().values()) == at.payable_fen
        for key, fen in at.parts().items():
            if key != "prepayment":
                assert sum(at.parcels(key, fen).values()) == fen
        for period in at.earned:
            assert sum(line.fen for line in period.lines) == period.steps[0][1]
            assert sum(fen for _, fen in period.steps) == period.fen
            assert period.low_fen <= period.high_fen
            assert sum(i.fen for i in at.items if i.period == period.key) == period.fen
        payments.append(Paid(f"p{number}", day, tuple(item.key for item in at.new), at.payable_fen))
        again = account_of(found, entries.values(), payments, day)
        assert again.payable_fen == 0  # the same day, another request
        assert again.paid_fen == again.owed_fen + again.overpaid_fen


@given(st.dictionaries(st.text(max_size=3), st.fractions(-1000, 1000), min_size=1, max_size=30))
def test_whole_parts_add_up_and_are_within_one(parts: dict):
    total = sum(parts.values()).__floor__()
    whole = whole_parts(parts, total)
    assert sum(whole.values()) == total
    assert all(abs(whole[name] - part) < 1 for name, part in parts.items())


def test_the_first_days_are_those_of_the_contract():
    assert FIRST[0] == contract().days.to_list()[0]
