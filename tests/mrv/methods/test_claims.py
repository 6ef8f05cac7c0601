"""Lines, years and whole credits: exact sums, never rounded up."""

import math
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.time import Period
from tanhui.mrv.methods.claims import claim_lines, kg_down, share_by_days, year_shares

TONNES = st.floats(-1e7, 1e7, allow_nan=False)
WHOLE_KG = st.integers(-(10**9), 10**9).map(lambda kg: kg / 1000)


def test_kg_down_rounds_downwards_but_not_for_float_noise():
    # 0.1 + 0.2 is 0.30000000000000004 t; 300 kg, not 301 and not 299.
    assert kg_down(0.1 + 0.2) == 300
    assert kg_down(900 - 1e-10) == 900_000
    assert kg_down(1.2349) == 1234
    assert kg_down(-1.2341) == -1235
    assert kg_down(0.0) == 0


@given(st.lists(TONNES, max_size=8))
def test_net_is_the_exact_sum_of_the_printed_lines(parts):
    lines, net_kg = claim_lines([(f"l{i}", t, "") for i, t in enumerate(parts)])
    assert lines[-1].line == "net"
    assert sum(round(x.co2e_t * 1000) for x in lines[:-1]) == net_kg == round(lines[-1].co2e_t * 1000)
    assert round(math.fsum(x.co2e_t for x in lines[:-1]), 3) == lines[-1].co2e_t
    assert lines[-1].co2e_t <= math.fsum(parts) + 0.0005 * len(parts) + 1e-6


@given(st.lists(WHOLE_KG, min_size=1, max_size=10), st.integers(0, 10**9).map(lambda kg: kg / 1000))
def test_years_and_credits_add_up(tonnes, carried):
    by_year = {2020 + i: t for i, t in enumerate(tonnes)}
    net_kg = round(1000 * (math.fsum(tonnes) - carried))
    shares = year_shares(by_year, net_kg, carried)
    assert [x.year for x in shares] == sorted(by_year)
    assert sum(round(x.co2e_t * 1000) for x in shares) == net_kg
    assert sum(x.credits_t for x in shares) == max(net_kg, 0) // 1000
    assert all(x.credits_t >= 0 for x in shares)


@given(st.lists(WHOLE_KG, min_size=1, max_size=10))
def test_no_year_is_credited_ahead_of_what_remains(tonnes):
    """Up to any year, no more is credited than was taken up by then and not lost later."""
    by_year = {2020 + i: t for i, t in enumerate(tonnes)}
    shares = year_shares(by_year, round(1000 * math.fsum(tonnes)))
    for i in range(len(shares)):
        credited = sum(x.credits_t for x in shares[: i + 1])
        running = [math.fsum(tonnes[: j + 1]) for j in range(i, len(tonnes))]
        assert credited <= max(0.0, min(running)) + 1e-6


def test_a_loss_takes_back_the_years_before_it():
    # 10, -4, +1: 6 of the first year survive, none of the second, 1 of the third.
    assert [x.credits_t for x in year_shares({2021: 10.0, 2022: -4.0, 2023: 1.0}, 7000)] == [6, 0, 1]
    # A loss at the end reaches back.
    assert [x.credits_t for x in year_shares({2021: 5.0, 2022: 5.0, 2023: -7.0}, 3000)] == [3, 0, 0]
    # A loss first is made good first.
    assert [x.credits_t for x in year_shares({2021: -5.0, 2022: 4.0, 2023: 4.5}, 3500)] == [0, 0, 3]


def test_no_years_no_shares():
    assert year_shares({}, 0) == ()


@given(TONNES, st.integers(1, 4000), st.integers(1, 4000))
def test_splitting_a_period_conserves_tonnes(total, first, second):
    start = date(2010, 1, 1).toordinal()
    whole = Period(date.fromordinal(start), date.fromordinal(start + first + second))
    cut = date.fromordinal(start + first)
    parts = [share_by_days(total, whole, Period(whole.start, cut)), share_by_days(total, whole, Period(cut, whole.end))]
    assert math.isclose(math.fsum(parts), total, rel_tol=1e-12, abs_tol=1e-9)
    years = [share_by_days(total, whole, span) for _, span in whole.by_year()]
    assert math.isclose(math.fsum(years), total, rel_tol=1e-12, abs_tol=1e-9)


def test_share_of_no_days_is_nothing():
    whole = Period(date(2021, 1, 1), date(2022, 1, 1))
    assert share_by_days(5.0, whole, None) == 0.0
    assert share_by_days(5.0, whole, Period(date(2023, 1, 1), date(2024, 1, 1))) == 0.0
