"""Money shared out: to the fen, the same every time, and nothing lost on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.parameters import Status
from tanhui.kernel.time import Period
from tanhui.projects.tenure import Distribution, Party, Payment, apportion, scheme, share_income, statements
from tanhui.projects.tenure.sharing import schemes, yuan
from tests.projects.tenure.samples import YEAR, right

AREAS = {"1": 8200, "2": 4100, "3": 4100}


def share(amount: int, name: str = "contract", **options) -> Distribution:
    rights = options.pop("rights", [right("1"), right("2"), right("3")])
    settings = {"areas_m2": AREAS, "period": YEAR, "allow_scenario": True} | options
    return share_income(amount, rights, scheme(name), **settings)


def paid(distribution: Distribution) -> dict[str, int]:
    sums: dict[str, int] = {}
    for payment in distribution.payments:
        sums[payment.account] = sums.get(payment.account, 0) + payment.fen
    return sums


# Largest remainders


def test_seats_of_the_us_house_of_1790():
    """Hamilton's bill of 1792: 120 seats by largest remainders (Balinski and Young, Fair Representation, 1982)."""
    population = {
        "Virginia": 630_560, "Massachusetts": 475_327, "Pennsylvania": 432_879, "North Carolina": 353_523,
        "New York": 331_589, "Maryland": 278_514, "Connecticut": 236_841, "South Carolina": 206_236,
        "New Jersey": 179_570, "New Hampshire": 141_822, "Vermont": 85_533, "Georgia": 70_835, "Kentucky": 68_705,
        "Rhode Island": 68_446, "Delaware": 55_540,
    }  # fmt: skip
    seats = apportion(120, population)
    assert list(seats.values()) == [21, 16, 14, 12, 11, 9, 8, 7, 6, 5, 3, 2, 2, 2, 2]


def test_ties_go_to_the_first_name_whatever_the_order():
    assert apportion(2, {"c": 1, "b": 1, "a": 1}) == {"a": 1, "b": 1, "c": 0}


@given(st.integers(0, 10**12), st.dictionaries(st.text(max_size=3), st.integers(0, 10**9), max_size=30))
def test_shares_are_whole_add_up_and_are_within_one_of_the_quota(amount, weights):
    total = sum(weights.values())
    if not total and amount:
        with pytest.raises(DomainError, match="nobody"):
            apportion(amount, weights)
        return
    shares = apportion(amount, weights)
    assert shares.keys() == weights.keys()
    assert sum(shares.values()) == amount
    for name, weight in weights.items():
        assert abs(shares[name] - Fraction(amount * weight, total or 1)) < 1
        assert weight or not shares[name]


def test_negative_is_refused():
    for amount, weights in ((-1, {"a": 1}), (1, {"a": -1, "b": 2})):
        with pytest.raises(DomainError) as refused:
            apportion(amount, weights)
        assert refused.value.code == "tenure.negative"


# Schemes


def test_every_scheme_is_whole_and_its_numbers_have_a_status():
    for found in schemes().values():
        assert sum(line.share for line in found.lines) == 1, found.id
        assert len({line.pot for line in found.lines}) == len(found.lines), found.id
    assert {name for name, found in schemes().items() if found.status_on(YEAR.start) is Status.SCENARIO} == {
        "community_20", "regions_5_5", "key_ecological",
    }  # fmt: skip


def test_by_contract():
    # 1 000.00 yuan over 16 400 m2: parcel 1 has half. Households get 60 % of their parcels, the operator the rest.
    found = share(100_000)
    assert paid(found) == {"H1": 30_000, "H2": 15_000, "H3": 15_000, "OP": 40_000}
    assert found.payments[0] == Payment("H1", 30_000, "contracts")


def test_a_fifth_goes_to_the_community():
    found = share(100_000, "community_20")
    assert paid(found) == {"V1": 20_000, "H1": 24_000, "H2": 12_000, "H3": 12_000, "OP": 32_000}
    assert [(total.reason, total.fen, total.accounts) for total in found.totals()] == [
        ("community", 20_000, 1),
        ("contracts", 80_000, 4),
        ("carried", 0, 0),
    ]


def test_two_regions_get_exactly_half_each_however_large_they_are():
    rights = [right("1", region="四川"), right("2", region="重庆"), right("3", region="重庆")]
    found = share(100_001, "regions_5_5", rights=rights, regions=("四川", "重庆"))
    assert [pot.fen for pot in found.pots] == [50_001, 50_000]  # the odd fen to the first in order
    assert paid(found) == {"H1": 30_001, "H2": 15_000, "H3": 15_000, "OP": 20_000 + 20_000}


def test_a_parcel_in_a_key_ecological_zone_weighs_a_fifth_more():
    rights = [right("2", income_share=Decimal(1), key_ecological=True), right("3", income_share=Decimal(1))]
    assert paid(share(22_000, "key_ecological", rights=rights)) == {"H2": 12_000, "H3": 10_000}  # 1.2 to 1


def test_land_that_is_not_contracted_out_pays_its_owner():
    assert paid(share(100, rights=[right("1", contractor=Party())])) == {"V1": 60, "OP": 40}


def test_a_right_counts_for_its_days():
    half = right("2", last_day=date(2024, 6, 30), income_share=Decimal(1))  # 182 of 366 days
    whole = right("3", income_share=Decimal(1))
    assert paid(share(548, rights=[half, whole])) == {"H2": 182, "H3": 366}
    gone = right("2", last_day=date(2023, 12, 31), income_share=Decimal(1))
    assert paid(share(100, rights=[gone, whole])) == {"H3": 100}


def test_one_household_with_several_parcels_gets_one_payment():
    rights = [right(p, contractor=Party("农户", "H"), income_share=Decimal(1)) for p in "123"]
    found = share(99_999, rights=rights)
    assert found.payments == (Payment("H", 99_999, "contracts"),)
    (statement,) = statements(found)
    assert [stake.parcel for stake in statement.stakes] == ["1", "2", "3"]


# Carried


def test_what_may_not_be_paid_is_carried_and_paid_the_next_time():
    first = share(100_000, withheld=["H2"], least_fen=16_000)
    assert paid(first) == {"H1": 30_000, "OP": 40_000}
    assert first.carried_out == {"H2": 15_000, "H3": 15_000}
    second = share(100_000, carried=first.carried_out, least_fen=16_000)
    assert paid(second) == {"H1": 30_000, "H2": 30_000, "H3": 30_000, "OP": 40_000}
    assert second.carried_out == {}
    assert Payment("H2", 15_000, "carried") in second.payments
    assert second.totals()[-1].fen == second.totals()[-1].paid_fen == 30_000


households = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 100), st.booleans(), st.integers(0, 3)), min_size=1, max_size=25
)


@given(st.integers(0, 10**10), households, st.integers(1, 5_000), st.sampled_from(["contract", "community_20"]))
def test_cash_is_conserved_over_three_years(amount, rows, least, name):
    rights = [
        right(str(n), income_share=Decimal(percent) / 100, key_ecological=key, contractor=Party("x", f"H{home}"))
        for n, (_, percent, key, home) in enumerate(rows)
    ]
    areas = {str(n): area for n, (area, *_) in enumerate(rows)}
    if not sum(areas.values()):
        return
    carried, paid_out = {}, 0
    for withheld in (["H1"], ["H2", "OP"], []):
        found = share(amount, name, rights=rights, areas_m2=areas, least_fen=least, withheld=withheld, carried=carried)
        paid_out += found.paid_fen
        assert all(payment.fen > 0 for payment in found.payments)
        assert sum(total.paid_fen for total in found.totals()) == found.paid_fen
        assert sum(statement.due_fen for statement in statements(found)) == sum(due.fen for due in found.dues)
        carried = found.carried_out
    assert paid_out + sum(carried.values()) == 3 * amount


def test_the_order_of_the_table_does_not_matter():
    rights = [right(str(n), certified_mu=Decimal(n)) for n in range(1, 40)]
    areas = {str(n): 7 * n for n in range(1, 40)}
    one = share(12_345, "community_20", rights=rights, areas_m2=areas)
    other = share(12_345, "community_20", rights=rights[::-1], areas_m2=areas)
    assert one == other


def test_ten_thousand_households():
    rights = [right(str(n), contractor=Party("户", f"H{n:05}")) for n in range(10_000)]
    areas = {str(n): 500 + n % 97 for n in range(10_000)}
    found = share(123_456_789, "community_20", rights=rights, areas_m2=areas)
    assert found.paid_fen == 123_456_789
    assert len(found.payments) == 10_002
    total = sum(areas.values())
    for payment in found.payments[:10_000]:
        due = Fraction(found.pots[1].fen * areas[str(int(payment.account[1:]))] * 6, total * 10)
        assert abs(payment.fen - due) < 1


# Refusals


def test_refusals():
    def code(*arguments, **options) -> str:
        with pytest.raises(DomainError) as refused:
            share(*arguments, **options)
        return refused.value.code

    assert code(1, "community_20", allow_scenario=False) == "tenure.scenario_scheme"
    assert code(1, "regions_5_5") == "tenure.regions_wrong"
    assert code(1, "regions_5_5", regions=("a", "a")) == "tenure.regions_wrong"
    assert code(1, rights=[]) == "tenure.nobody_to_pay"
    assert code(1, areas_m2={}) == "tenure.nobody_to_pay"
    assert code(-1) == "tenure.negative"
    with pytest.raises(DomainError, match="no sharing scheme"):
        scheme("half")


def test_everybody_who_should_be_paid_needs_an_account():
    wrong = replace(right("1"), contractor=Party("农户1"), operator=Party("x"), owner=Party("y"), row=4)
    with pytest.raises(RefusedInput) as refused:
        share(1, "community_20", rights=[wrong, right("2")])
    assert [(fault.column, fault.row) for fault in refused.value.faults] == [
        ("owner_account", 4), ("contractor_account", 4), ("operator_account", 4),
    ]  # fmt: skip


# Statements


def test_a_statement_says_what_was_paid_and_why():
    found = share(100_000, "community_20", period=Period.inclusive(date(2024, 1, 1), date(2024, 12, 31)))
    by_account = {statement.account: statement for statement in statements(found)}
    assert by_account["H1"].text("zh").splitlines() == [
        "情景，非现行规则",
        "账户 H1 的收益分配单",
        "地块 1：12.30 亩，366 天，分成 60%（按合同）",
        "按合同：240.00 元",
        "实付 240.00 元",
    ]
    plain = share(100_000, withheld=["H1"])
    text = next(statements(plain)).text("en")
    assert text.splitlines()[-1] == "Not paid now, carried over: 300.00 yuan"
    assert "scenario" not in text.lower()


def test_yuan():
    assert [yuan(fen) for fen in (0, 5, 123456, 100_000_000)] == ["0.00", "0.05", "1,234.56", "1,000,000.00"]
