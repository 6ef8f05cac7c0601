"""Selective cutting: culms are conserved, the structure foresters keep comes out, products decay as the IPCC says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.sinks.bamboo.cutting import grow, products_in_use, steady_culms

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=5)


@given(SHARES, st.floats(0, 5000), st.floats(0, 1), st.integers(0, 20), st.data())
def test_what_came_in_stands_died_or_was_cut(shares, recruits, survival, steps, data):
    start = np.array(data.draw(st.lists(st.floats(0, 5000), min_size=len(shares), max_size=len(shares))))
    plan = grow(start, recruits, survival, shares, steps)
    left = start.sum() + recruits * steps - plan.cut.sum() - plan.dead.sum()
    assert plan.standing[-1].sum() == pytest.approx(left, abs=1e-6)
    assert plan.standing.min() >= -1e-9


def test_two_thirds_of_the_third_du_leave_3_3_3_1():
    # The structure that is taught for moso: I : II : III : IV = 3 : 3 : 3 : 1.
    rest = steady_culms(900, 1.0, [0, 0, 2 / 3, 1])
    assert rest == pytest.approx([900, 900, 900, 300])
    plan = grow([500, 100, 0, 50], 900, 1.0, [0, 0, 2 / 3, 1], 10)
    assert plan.standing[-1] == pytest.approx(rest)


@given(st.lists(st.floats(0.2, 1), min_size=1, max_size=5), st.floats(1, 2000), st.floats(0, 1))
def test_any_start_comes_to_the_same_rest(shares, recruits, survival):
    rest = steady_culms(recruits, survival, shares)
    for start in (np.zeros(len(shares)), np.full(len(shares), 3000.0)):
        end = grow(start, recruits, survival, shares, 200).standing[-1]
        assert end == pytest.approx(rest, rel=1e-6, abs=1e-6)


@given(st.floats(0, 0.9), st.floats(0, 0.9))
def test_more_cutting_never_leaves_more(first, second):
    low, high = sorted((first, second))
    assert steady_culms(900, 0.95, [0, 0, high, 1]).sum() <= steady_culms(900, 0.95, [0, 0, low, 1]).sum() + 1e-9


def test_culms_that_never_leave_have_no_rest():
    assert math.isinf(steady_culms(900, 1.0, [0, 0])[-1])


def test_products_against_the_recursion_written_out():
    inflow, k = [2.0, 0.0, 1.5, 3.0], math.log(2) / 7 * 2
    stock, expected = 0.0, []
    for x in inflow:
        stock = math.exp(-k) * stock + (1 - math.exp(-k)) / k * x
        expected.append(stock)
    assert products_in_use(inflow, 7) == pytest.approx(expected)


def test_half_of_a_product_is_left_after_its_half_life():
    left = products_in_use([1.0, *[0.0] * 10], 10, step_yr=1)
    assert left[-1] / left[0] == pytest.approx(0.5)
