"""Sample size and allocation: AR-TOOL03 by hand, and what an allocation must keep."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling import Layout, allocation, sample_size, stratified
from tanhui.mrv.sampling.size import ENOUGH_PLOTS

W, S = [0.5, 0.5], [10.0, 20.0]


def test_eq_2_with_one_pass_of_student():
    # (1.644854 / 5)^2 * 15^2 = 24.350 < 30, so once more with df = 24, t = 1.710882: 26.344 -> 27.
    found = sample_size(W, S, 5.0)
    assert found.exact == pytest.approx(26.344, abs=1e-3)
    assert found.t == pytest.approx(1.710882, abs=1e-6)
    assert (found.n, found.n_finite) == (27, None)
    assert sample_size(W, S, 5.0, rule="normal").n == 25


def test_thirty_or_more_need_no_second_pass():
    # (1.644854 / 4)^2 * 15^2 = 38.05.
    found = sample_size(W, S, 4.0)
    assert (found.n, found.t) == (39, pytest.approx(1.644854, abs=1e-6))
    assert found.n > ENOUGH_PLOTS


def test_eq_1_and_eq_3_in_a_small_area():
    # N = 100. z: 100 * 2.705543 * 225 / (2500 + 2.705543 * 250) = 19.165 -> 20; df 19, t = 1.729133:
    # 100 * 2.989900 * 225 / (2500 + 2.989900 * 250) = 20.715 -> 21; eq. 3: 20.715 / 1.20715 = 17.160 -> 18.
    found = sample_size(W, S, 5.0, population=100)
    assert found.exact == pytest.approx(20.715, abs=1e-3)
    assert (found.n, found.n_finite) == (21, 18)


def test_eq_2_serves_where_less_than_a_twentieth_is_sampled():
    assert sample_size(W, S, 5.0, population=1e6).exact == pytest.approx(sample_size(W, S, 5.0).exact)


def test_iterated_t_is_the_smallest_n_that_holds():
    # df = n - 2. n = 26: t(24) asks for 26.344 > 26; n = 27: t(25) = 1.708141 asks for 26.260 <= 27.
    assert sample_size(W, S, 5.0, rule="iterated").n == 27


@given(
    w=st.lists(st.floats(0.1, 10), min_size=1, max_size=5),
    half=st.floats(0.5, 50),
    seed=st.integers(0, 99),
)
def test_iterated_size_gives_the_precision_asked_for(w, half, seed):
    """With Neyman shares not rounded, t * se equals the half-width at most."""
    s = np.random.default_rng(seed).uniform(1, 30, len(w))
    found = sample_size(w, s, half, rule="iterated")
    weights = np.array(w) / np.sum(w)
    se = float(weights @ s) / math.sqrt(found.n)
    assert found.n > len(w)
    assert found.t * se <= half * (1 + 1e-9)


def test_no_spread_needs_the_fewest_plots():
    assert sample_size([1, 1], [0, 0], 5.0, rule="iterated").n == 3
    assert sample_size([1], [0.0], 5.0).n == 1


def test_neyman_by_hand():
    # w s = 5, 10: 27 plots -> 9 and 18.
    assert allocation(27, W, S).tolist() == [9, 18]
    # A stratum without spread still gets its minimum.
    assert allocation(27, [0.4, 0.3, 0.3], [0.0, 10.0, 20.0], minimum=3).tolist() == [3, 9, 18]
    assert allocation(10, [0.6, 0.4], [0.0, 0.0]).tolist() == [6, 4]
    # The second stratum holds five plots only: the rest goes to the first.
    assert allocation(27, W, S, population=[100, 5]).tolist() == [22, 5]


@given(
    n=st.integers(1, 500),
    parts=st.lists(st.tuples(st.floats(0.01, 10), st.floats(0, 50)), min_size=1, max_size=6),
    minimum=st.integers(1, 4),
)
def test_an_allocation_keeps_its_promises(n, parts, minimum):
    w, s = zip(*parts, strict=True)
    plots = allocation(n, w, s, minimum=minimum)
    assert plots.sum() >= n
    assert plots.min() >= minimum
    assert plots.sum() <= n + len(w) * (minimum + 1)


def test_a_planned_sample_reaches_its_aim():
    """Plots drawn as planned from strata with those deviations have the half-width that was asked for."""
    plots = allocation(sample_size(W, S, 5.0, rule="iterated").n, W, S)
    y = np.concatenate([sd * scaled(n) for sd, n in zip(S, plots, strict=True)])
    found = stratified(y, Layout.of(np.repeat(["a", "b"], plots), {"a": 0.5, "b": 0.5}))
    assert found.half_width() <= 5.0


def scaled(n: int) -> np.ndarray:
    y = np.arange(n) - (n - 1) / 2
    return y / y.std(ddof=1)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("sampling.half_width_not_positive", lambda: sample_size(W, S, 0.0)),
        ("sampling.half_width_not_positive", lambda: sample_size(W, S, math.nan)),
        ("sampling.half_width_not_positive", lambda: sample_size(W, S, 5.0, population=0)),
        ("sampling.weights_not_positive", lambda: sample_size([0.5, -0.5], S, 5.0)),
        ("sampling.weights_not_positive", lambda: sample_size(W, [1.0, math.nan], 5.0)),
        ("sampling.wrong_length", lambda: sample_size(W, [1.0], 5.0)),
        ("sampling.too_few_plots", lambda: allocation(0, W, S)),
        ("sampling.population_too_small", lambda: allocation(10, W, S, population=[4, 5])),
    ],
)
def test_refusals(code, call):
    with pytest.raises(DomainError) as refusal:
        call()
    assert refusal.value.code == code
