"""``ipcc/stock-difference``: a region's account, never issued. Worked numbers are in the method's cases."""

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.time import Period
from tanhui.mrv.methods import method
from tanhui.mrv.methods.ipcc.stock_difference import PoolChange, StockDifferenceInputs, annual_change_c_t

M = method("ipcc/stock-difference")
FIVE_YEARS = Period(date(2010, 1, 1), date(2015, 1, 1))
STOCKS = st.floats(0, 1e9, allow_nan=False)


def test_annual_change_is_the_difference_over_the_years():
    # Eq. 2.5: (1100 - 1000) / 5 years of 365.2425 days; 2010-2014 has 1826 days.
    pool = PoolChange("agb", 1000.0, 1100.0)
    found = annual_change_c_t(pool, FIVE_YEARS, day=date(2015, 1, 1), p=M.parameters)
    assert found == pytest.approx(100 / (1826 / 365.2425), rel=1e-12)


@given(STOCKS, STOCKS)
def test_a_region_is_never_issued_and_its_carbon_is_conserved(start, end):
    claim = M.account(StockDifferenceInputs(FIVE_YEARS, (PoolChange("agb", start, end),)))
    assert claim.credits_t == 0
    assert all(x.credits_t == 0 for x in claim.by_year)
    assert not claim.creditable
    assert claim.indicative_reasons[0] == "reason.methods.never_issued:ipcc/stock-difference"
    assert claim.net_t == pytest.approx((end - start) * 44 / 12, rel=1e-9, abs=0.002)
    assert math.fsum(x.co2e_t for x in claim.by_year) == pytest.approx(claim.net_t, rel=1e-12, abs=1e-6)


def test_a_change_measured_as_one_equals_the_difference_of_stocks():
    by_stocks = M.account(StockDifferenceInputs(FIVE_YEARS, (PoolChange("agb", 1000.0, 1250.0),)))
    by_change = M.account(StockDifferenceInputs(FIVE_YEARS, (PoolChange("agb", change_c_t=250.0),)))
    assert by_change.lines == by_stocks.lines


def test_no_verdicts_and_no_pools():
    assert M.eligibility(StockDifferenceInputs(FIVE_YEARS, ())) == ()
    with pytest.raises(Exception, match="no pool"):
        M.account(StockDifferenceInputs(FIVE_YEARS, ()))
