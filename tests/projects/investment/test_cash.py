"""Present value and return against published examples, exact roots by hand, and laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.projects.investment import CashLine, irr, net_flows, npv, payback_years

money = st.floats(-1e6, 1e6).map(lambda x: round(x, 2))


@pytest.mark.parametrize(
    ("flows", "rate"),
    [
        # The examples of numpy-financial's documentation of irr, which prints five digits.
        ([-100, 39, 59, 55, 20], 0.28095),
        ([-100, 0, 0, 74], -0.0955),
        ([-100, 100, 0, 7], 0.06206),
        # By hand: doubled in one year; halved in one year; ((1 + r)^2 = 1.21).
        ([-1, 2], 1.0),
        ([-1, 0.5], -0.5),
        ([-100, 0, 121], 0.1),
    ],
)
def test_published_returns(flows: list[float], rate: float):
    found = irr(flows)
    assert found.case == "one"
    assert found.value == pytest.approx(rate, abs=5e-6 if rate in (0.28095, 0.06206) else 5e-5)


def test_published_present_values():
    # numpy-financial's documentation of npv: -0.0085 at the rounded return, and 3065.22267 for the bakery.
    assert npv(0.281, [-100, 39, 59, 55, 20]) == pytest.approx(-0.0085, abs=5e-5)
    assert npv(0.08, [-40_000, 5_000, 8_000, 12_000, 30_000]) == pytest.approx(3065.22267, abs=5e-6)
    # By hand: -100 + 60/1.1 + 60/1.21 = 4.1322314...
    assert npv(0.1, [-100, 60, 60]) == pytest.approx(-100 + 60 / 1.1 + 60 / 1.21, rel=1e-14)


def test_several_returns_are_listed_and_none_is_given_as_the_return():
    # Lorie and Savage's pump (1955): -1600, +10000, -10000 has two returns, 25 % and 400 %.
    pump = irr([-1600, 10_000, -10_000])
    assert pump.case == "several"
    assert pump.value is None
    assert pump.roots == pytest.approx((0.25, 4.0), abs=1e-9)
    # By hand: -1 (1+r)^3 + 6 (1+r)^2 - 11 (1+r) + 6 has 1 + r = 1, 2 and 3.
    assert irr([-1, 6, -11, 6]).roots == pytest.approx((0.0, 1.0, 2.0), abs=1e-9)


def test_a_root_that_only_touches_zero_is_found():
    # By hand: -(1 + r)^2 + 2 (1 + r) - 1 = -r^2.
    assert irr([-1, 2, -1]).value == pytest.approx(0.0, abs=1e-7)
    # -(x - 1.2)^2 with x = 1 + r
    assert irr([-1, 2.4, -1.44]).value == pytest.approx(0.2, abs=1e-6)


@pytest.mark.parametrize(
    ("flows", "case"),
    [
        # By hand: 100 - 200 v + 150 v^2 has the discriminant 40000 - 60000 < 0.
        ([100, -200, 150], "none"),
        ([-100, -2], "never_repaid"),
        ([0, 0], "never_repaid"),
        ([5, 6], "never_invested"),
        # 1e-9 back after one year is a return of -99.9999999 %, below what is looked for.
        ([-1000, 1e-9], "never_repaid"),
    ],
)
def test_no_return_and_why(flows: list[float], case: str):
    found = irr(flows)
    assert (found.case, found.value) == (case, None)


@given(st.lists(money, min_size=2, max_size=12))
def test_every_root_is_one(flows: list[float]):
    for rate in irr(flows).roots:
        size = math.fsum(abs(x) * (1 + rate) ** -t for t, x in enumerate(flows))
        assert abs(npv(rate, flows)) <= 1e-7 * size


@given(st.lists(st.floats(1, 1e5), min_size=1, max_size=40), st.floats(1, 1e6))
def test_one_outlay_then_income_has_one_return_like_numpy_roots(income: list[float], outlay: float):
    flows = [-outlay, *income]
    roots = np.roots(flows[::-1])  # in v = 1 / (1 + r)
    real = [1 / v.real - 1 for v in roots if abs(v.imag) < 1e-9 and v.real > 0]
    found = irr(flows)
    if found.case == "one" and len(real) == 1:
        assert found.value == pytest.approx(real[0], rel=1e-6, abs=1e-6)


def test_payback():
    # By hand: after two years 110 of 100 are back; in the second 50 of 60 were needed.
    assert payback_years([-100, 50, 60, 70]) == pytest.approx(1 + 50 / 60)
    assert payback_years([-100, 50, 50]) == 2
    assert payback_years([-100, 50]) is None
    assert payback_years([10, -5]) == 0
    # Discounted at 10 %: 60/1.1 = 54.545, 60/1.21 = 49.587.
    assert payback_years([-100, 60, 60], 0.1) == pytest.approx(1 + (100 - 60 / 1.1) / (60 / 1.21))


def test_lines_add_up_and_drivers_scale():
    lines = [CashLine("planting", (-100.0,), ("area", "planting")), CashLine("sale", (0.0, 30.0, 30.0), ("area",))]
    assert net_flows(lines).tolist() == [-100, 30, 30]
    assert net_flows(lines, {"area": 2, "planting": 0.5}).tolist() == [-100, 60, 60]
    assert net_flows([]).tolist() == [0]


def test_refusals():
    with pytest.raises(DomainError):
        CashLine("x", ())
    with pytest.raises(DomainError):
        CashLine("x", (math.nan,))
    with pytest.raises(DomainError):
        npv(-1.0, [1])
