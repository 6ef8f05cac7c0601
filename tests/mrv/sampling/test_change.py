"""Change between two occasions: enumerated samples and the identity Var = V1 + V2 - 2 Cov."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling import Layout, independent_change, paired_change, partial_replacement, stratified

values = st.lists(st.floats(-100, 100), min_size=6, max_size=6)


@given(y1=values, y2=values, scheme=st.sampled_from(["stratified", "post_stratified"]))
def test_paired_change_is_v1_plus_v2_less_twice_the_covariance(y1, y2, scheme):
    found = paired_change(y1, y2, Layout.of(list("aaabbb"), {"a": 2, "b": 3}), scheme)
    assert found.value == pytest.approx(found.second.value - found.first.value, abs=1e-9)
    expected = found.first.variance + found.second.variance - 2 * found.covariance
    assert found.variance == pytest.approx(expected, abs=1e-6)


def test_permanent_plots_by_hand():
    # d = 1, 2, 3: mean 2, s2 = 1, V = 1/3.
    found = paired_change([10, 50, 90], [11, 52, 93], Layout.simple(3))
    assert (found.value, found.variance) == pytest.approx((2, 1 / 3))
    assert found.df == 2
    apart = independent_change(found.first, found.second)
    assert apart.value == pytest.approx(2)
    assert apart.variance == pytest.approx(1600 / 3 + (41**2 + 0 + 41**2) / 2 / 3)


def test_all_plots_kept_is_paired_and_none_kept_is_independent():
    y1, y2, layout = [1.0, 4, 2, 8], [3.0, 5, 5, 9], Layout.of(list("aabb"), {"a": 1, "b": 2})
    names = ["p1", "p2", "p3", "p4"]
    kept = partial_replacement(y1, names, layout, y2, names, layout)
    paired = paired_change(y1, y2, layout)
    assert (kept.value, kept.variance) == pytest.approx((paired.value, paired.variance))
    assert kept.n == 4
    new = partial_replacement(y1, names, layout, y2, ["q1", "q2", "q3", "q4"], layout)
    apart = independent_change(stratified(y1, layout), stratified(y2, layout))
    assert (new.value, new.variance) == pytest.approx((apart.value, apart.variance))
    assert new.n == 8


def test_partial_replacement_is_unbiased_over_all_samples():
    """Two permanent plots, one given up, one new, drawn with replacement from a population of three."""
    first, second = np.array([1.0, 5.0, 9.0]), np.array([4.0, 5.0, 12.0])
    layout = Layout.simple(3)
    estimates, variances = [], []
    for k1, k2, old, new in itertools.product(range(3), repeat=4):
        found = partial_replacement(
            first[[k1, k2, old]], ["k1", "k2", "old"], layout, second[[k1, k2, new]], ["k1", "k2", "new"], layout
        )
        estimates.append(found.value)
        variances.append(found.variance)
    assert np.mean(estimates) == pytest.approx((second - first).mean())
    assert np.mean(variances) == pytest.approx(np.var(estimates))


def test_best_weights_are_those_of_two_independent_estimates():
    # Kept: d = 1, 2 -> 1.5, V = 0.25. Others: 20 - 10 = 10, V = 2/2 + 2/2 = 2. Weights 2/2.25 and 0.25/2.25.
    layout = Layout.simple(4)
    found = partial_replacement(
        [5, 7, 9, 11], ["a", "b", "c", "d"], layout, [6, 9, 19, 21], ["a", "b", "e", "f"], layout, weighting="best"
    )
    assert found.value == pytest.approx((2 * 1.5 + 0.25 * 10) / 2.25)
    assert found.variance == pytest.approx(2 * 0.25 / 2.25)


def test_draws_in_columns():
    rng = np.random.default_rng(1)
    y1, y2 = rng.normal(size=(6, 3)), rng.normal(size=(6, 3))
    layout, old, new = Layout.of(list("aaabbb"), {"a": 2, "b": 3}), list("123456"), list("124578")
    layout2 = Layout.of(list("aabbaa"), {"a": 2, "b": 3})
    for weighting in ("means",):
        wide = partial_replacement(y1, old, layout, y2, new, layout2, weighting=weighting)
        for k in range(3):
            alone = partial_replacement(y1[:, k], old, layout, y2[:, k], new, layout2, weighting=weighting)
            assert wide.value[k] == pytest.approx(alone.value)
            assert wide.variance[k] == pytest.approx(alone.variance)


@pytest.mark.parametrize(
    ("code", "second"),
    [
        ("sampling.strata_differ", (["p", "q"], Layout.of(["a", "a"], {"a": 2.0}))),
        ("sampling.plot_twice", (["p", "p"], Layout.simple(2))),
    ],
)
def test_refusals(code, second):
    names, layout = second
    with pytest.raises(DomainError) as refusal:
        partial_replacement([1, 2], ["p", "q"], Layout.simple(2), [1, 2], names, layout)
    assert refusal.value.code == code


def test_a_permanent_plot_keeps_its_stratum():
    area = {"a": 1.0, "b": 1.0}
    one, two = Layout.of(list("aabb"), area), Layout.of(list("bbaa"), area)
    with pytest.raises(DomainError) as refusal:
        partial_replacement([1, 2, 3, 4], list("pqrs"), one, [1, 2, 3, 4], list("pqrs"), two)
    assert refusal.value.code == "sampling.plot_changed_stratum"
