"""The analysis with and without carbon against calculations by hand and by scipy."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import brentq

from tanhui.kernel.errors import DomainError
from tanhui.projects.investment import CashLine, analyse, break_even

#: 1000 for planting, 100 a year from timber in years 1 to 3, 400 from carbon in the same years, 90 for its proof.
LINES = (
    CashLine("planting", (-1000.0,), ("planting", "area")),
    CashLine("timber", (0.0, 100.0, 100.0, 100.0), ("timber", "area")),
    CashLine("carbon", (0.0, 400.0, 400.0, 400.0), ("price", "tonnes", "area"), carbon=True),
    CashLine("proof", (-90.0,), ("proof",), carbon=True),
)
ANNUITY = 1 / 1.1 + 1 / 1.1**2 + 1 / 1.1**3  # 2.486852


def test_both_cases_by_hand():
    found = analyse(LINES, benchmark=0.10)
    assert found.without_carbon.npv == pytest.approx(-1000 + 100 * ANNUITY)
    assert found.with_carbon.npv == pytest.approx(-1090 + 500 * ANNUITY)
    assert found.with_carbon.flows == (-1090, 500, 500, 500)
    assert found.with_carbon.cumulative == (-1090, -590, -90, 410)
    rate = brentq(lambda r: -1090 + 500 / (1 + r) + 500 / (1 + r) ** 2 + 500 / (1 + r) ** 3, 0, 1, xtol=1e-13)
    assert found.with_carbon.irr.value == pytest.approx(rate, abs=1e-10)
    assert found.with_carbon.below_benchmark is False
    assert found.without_carbon.below_benchmark is True
    assert found.needs_carbon
    assert found.robust


def test_sensitivity_by_hand():
    price = next(s for s in analyse(LINES, benchmark=0.10).with_carbon.sensitivity if s.driver == "price")
    assert price.npv_low == pytest.approx(-1090 + 460 * ANNUITY)
    assert price.npv_high == pytest.approx(-1090 + 540 * ANNUITY)
    assert price.swing == pytest.approx(80 * ANNUITY)
    assert price.break_even == pytest.approx((1090 - 100 * ANNUITY) / (400 * ANNUITY))


def test_the_rate_is_a_driver_too():
    found = analyse(LINES, benchmark=0.10, drivers=("rate",)).with_carbon
    (rate,) = found.sensitivity
    at = {r: -1090 + 500 * sum((1 + r) ** -t for t in (1, 2, 3)) for r in (0.09, 0.11)}
    assert (rate.npv_low, rate.npv_high) == (pytest.approx(at[0.09]), pytest.approx(at[0.11]))
    assert rate.irr_low == rate.irr_high == found.irr
    assert rate.break_even == pytest.approx(found.irr.value / 0.10)


def test_break_even_area_by_hand_and_its_cases():
    # Per unit of area -1000 + 500 x 2.486852 = 243.43; 90 are fixed: 0.3697 of the area is enough.
    found = analyse(LINES, benchmark=0.10)
    assert found.break_even("area").factor == pytest.approx(90 / (500 * ANNUITY - 1000))
    assert break_even(LINES[:2], "area", 0.10).case == "found"
    assert break_even(LINES[:2], "area", 0.10).factor == pytest.approx(0)
    assert break_even((LINES[0], LINES[3]), "planting", 0.10).case == "never"
    assert break_even(LINES, "nobody", 0.10).case == "no_effect"
    rich = (CashLine("gift", (10.0,)), CashLine("sale", (5.0,), ("price",)))
    assert break_even(rich, "price", 0.10).case == "always"


@given(st.floats(0.1, 300), st.floats(0.001, 0.3))
def test_at_break_even_the_present_value_is_zero(price: float, benchmark: float):
    carbon = CashLine("carbon", (0.0, *[price] * 20), ("price",), carbon=True)
    lines = (CashLine("cost", (-1000.0, *[-5.0] * 20), ("cost",)), carbon)
    factor = break_even(lines, "price", benchmark).factor
    assert factor is not None
    moved = (lines[0], CashLine("carbon", tuple(factor * x for x in carbon.amounts)))
    assert analyse(moved, benchmark=benchmark, drivers=()).with_carbon.npv == pytest.approx(0, abs=1e-7)


@given(st.floats(-0.5, 2))
def test_return_above_benchmark_means_value_above_zero_for_an_ordinary_project(benchmark: float):
    assume(abs(benchmark - 0.1) > 1e-6)
    found = analyse([CashLine("all", (-100.0, 0.0, 121.0))], benchmark=benchmark, drivers=())
    assert (found.with_carbon.npv > 0) is (found.with_carbon.below_benchmark is False)


def test_refusals():
    with pytest.raises(DomainError):
        analyse([], benchmark=0.08)
    with pytest.raises(DomainError):
        analyse(LINES, benchmark=-1.0)
    with pytest.raises(DomainError):
        analyse(LINES, benchmark=0.08, drivers=("prise",))
