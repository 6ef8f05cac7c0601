"""Means, totals and ratios: enumerated samples, published worked numbers, and laws."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling import Layout, post_stratified, ratio, satterthwaite_df, stratified, t_two_sided, total_of
from tanhui.mrv.sampling.estimators import mean_of

numbers = st.floats(-1e3, 1e3, allow_nan=False)


def with_moments(n: int, mean: float, sd: float) -> np.ndarray:
    """n values with exactly this mean and standard deviation."""
    y = np.arange(n) - (n - 1) / 2
    return mean + sd * y / y.std(ddof=1)


def test_the_example_of_ar_tool14():
    # CDM AR-TOOL14 v04.2 p. 4: mean 45.328, sd 12.776, n 34, t 1.692 -> standard error 2.191, u 8.18 %.
    found = stratified(with_moments(34, 45.328, 12.776), Layout.simple(34))
    assert found.value == pytest.approx(45.328, abs=1e-9)
    assert found.se == pytest.approx(2.191, abs=5e-4)
    assert t_two_sided(0.90, found.df) == pytest.approx(1.692, abs=5e-4)
    assert found.relative_half_width() == pytest.approx(0.0818, abs=5e-5)


@pytest.mark.parametrize(
    ("confidence", "df", "printed"), [(0.90, 1, 6.314), (0.90, 10, 1.812), (0.95, 30, 2.042), (0.90, math.inf, 1.645)]
)
def test_t_as_printed_in_tables(confidence, df, printed):
    assert t_two_sided(confidence, df) == pytest.approx(printed, abs=5e-4)


def test_stratified_is_unbiased_over_all_samples():
    """Every stratified sample of a small population: the mean is unbiased and so is its variance."""
    strata = {"a": [3.0, 8.0, 1.0, 4.0], "b": [20.0, 26.0, 21.0]}
    size = {name: float(len(values)) for name, values in strata.items()}
    truth = sum(sum(values) for values in strata.values()) / 7
    values, variances = [], []
    for first in itertools.combinations(strata["a"], 2):
        for second in itertools.combinations(strata["b"], 2):
            layout = Layout.of(["a", "a", "b", "b"], size, population=size)
            found = stratified([*first, *second], layout)
            values.append(found.value)
            variances.append(found.variance)
    assert np.mean(values) == pytest.approx(truth)
    assert np.mean(variances) == pytest.approx(np.var(values))


def test_post_stratified_is_unbiased_over_all_samples():
    """Every simple random sample that has two plots in each stratum."""
    y = np.array([3.0, 8.0, 1.0, 4.0, 20.0, 26.0, 21.0, 5.0])
    stratum = np.array(list("aaaabbba"))
    found = [
        post_stratified(y[list(s)], Layout.of(stratum[list(s)], {"a": 5, "b": 3})).value
        for s in itertools.combinations(range(8), 5)
        if min((stratum[list(s)] == "a").sum(), (stratum[list(s)] == "b").sum()) >= 2
    ]
    assert len(found) == 30 + 10
    assert np.mean(found) == pytest.approx(y.mean())


def test_post_stratified_by_hand():
    # W = 0.75, 0.25; n = 3, 2; means 2, 10; s2 = 1, 8.
    # V = (0.75 * 1 + 0.25 * 8) / 5 + (0.25 * 1 + 0.75 * 8) / 25 = 0.55 + 0.25 = 0.80.
    layout = Layout.of(["a", "a", "a", "b", "b"], {"a": 75, "b": 25})
    found = post_stratified([1, 2, 3, 8, 12], layout)
    assert found.value == pytest.approx(4.0)
    assert found.variance == pytest.approx(0.80)
    assert (found.df, found.n) == (3, 5)
    assert [part.variance for part in found.parts] == pytest.approx([1, 8])
    total = total_of([1, 2, 3, 8, 12], layout, "post_stratified")
    assert total.value == pytest.approx(400)
    assert total.se == pytest.approx(100 * math.sqrt(0.80))


def test_estimation_units_are_independent():
    """Two units estimated together are the sum of the two estimated alone."""
    y1, y2 = [1.0, 2, 3, 8, 12], [5.0, 7, 6]
    one = total_of(y1, Layout.of(["a", "a", "a", "b", "b"], {"a": 75, "b": 25}), "post_stratified")
    two = total_of(y2, Layout.of(["c"] * 3, {"c": 40}), "post_stratified")
    both = Layout.of(list("aaabbccc"), {"a": 75, "b": 25, "c": 40}, unit={"a": "1", "b": "1", "c": "2"})
    found = total_of([*y1, *y2], both, "post_stratified")
    assert found.value == pytest.approx(one.value + two.value)
    assert found.variance == pytest.approx(one.variance + two.variance)


@given(y=st.lists(numbers, min_size=6, max_size=6), a=st.floats(0.1, 1e4), b=st.floats(0.1, 1e4))
def test_stratified_is_the_weighted_mean_of_the_strata(y, a, b):
    found = stratified(y, Layout.of(list("aaabbb"), {"a": a, "b": b}))
    assert found.value == pytest.approx((a * np.mean(y[:3]) + b * np.mean(y[3:])) / (a + b), abs=1e-6)


@given(y=st.lists(numbers, min_size=5, max_size=5), order=st.permutations(range(5)))
def test_the_order_of_plots_does_not_matter(y, order):
    names, area = list("ababa"), {"a": 2.0, "b": 3.0}
    first = post_stratified(y, Layout.of(names, area))
    second = post_stratified([y[i] for i in order], Layout.of([names[i] for i in order], area))
    assert second.value == pytest.approx(first.value, abs=1e-9)
    assert second.variance == pytest.approx(first.variance, abs=1e-6)


@given(
    y=st.lists(st.floats(0, 1e3), min_size=6, max_size=6),
    x=st.lists(st.floats(0.1, 1e3), min_size=6, max_size=6),
    scale=st.floats(0.01, 100),
)
def test_a_ratio_does_not_know_the_unit_of_both_sides(y, x, scale):
    layout = Layout.of(list("aaabbb"), {"a": 2.0, "b": 3.0})
    plain = ratio(y, x, layout, "post_stratified")
    scaled = ratio(np.multiply(y, scale), np.multiply(x, scale), layout, "post_stratified")
    assert scaled.value == pytest.approx(plain.value, rel=1e-9, abs=1e-12)
    assert scaled.variance == pytest.approx(plain.variance, rel=1e-6, abs=1e-9)


def test_a_constant_ratio_has_no_variance():
    x = [1.0, 4, 2, 7, 3, 9]
    found = ratio(np.multiply(x, 2.5), x, Layout.of(list("aaabbb"), {"a": 2, "b": 3}), "stratified")
    assert found.value == pytest.approx(2.5)
    assert found.variance == pytest.approx(0, abs=1e-12)


def test_ratio_of_a_simple_sample_by_hand():
    # y = 2, 4, 9; x = 1, 3, 5: R = 15/9; residuals y - R x: 1/3, -1, 2/3; s2 = (1/9 + 1 + 4/9) / 2 = 7/9.
    # V(R) = s2 / (n xbar^2) = (7/9) / (3 * 9) = 7/243 (Cochran 1977, eq. 6.9 without finite correction).
    found = ratio([2, 4, 9], [1, 3, 5], Layout.simple(3), "stratified")
    assert found.value == pytest.approx(15 / 9)
    assert found.variance == pytest.approx(7 / 243)


@pytest.mark.parametrize("scheme", ["stratified", "post_stratified"])
def test_many_draws_in_one_call(scheme):
    rng = np.random.default_rng(3)
    y, x = rng.normal(10, 3, (12, 5)), rng.uniform(0.2, 1, 12)
    layout = Layout.of(list("aabbccaabbcc"), {"a": 2, "b": 3, "c": 4}, unit={"a": "1", "b": "1", "c": "2"})
    means, ratios = mean_of(y, layout, scheme), ratio(y, x, layout, scheme)
    assert means.value.shape == ratios.variance.shape == (5,)
    for k in range(5):
        alone, by_x = mean_of(y[:, k], layout, scheme), ratio(y[:, k], x, layout, scheme)
        assert isinstance(alone.value, float)
        assert means.value[k] == pytest.approx(alone.value)
        assert means.variance[k] == pytest.approx(alone.variance)
        assert ratios.value[k] == pytest.approx(by_x.value)
        assert ratios.variance[k] == pytest.approx(by_x.variance)
        assert ratios.covariance[k] == pytest.approx(by_x.covariance)


def test_an_estimate_carries_its_interval():
    from datetime import date

    from tanhui.kernel.time import Period

    period = Period(date(2018, 1, 1), date(2019, 1, 1))
    found = stratified(with_moments(34, 45.328, 12.776), Layout.simple(34))
    estimate = found.to_estimate("agc_t_ha", "t C/ha", year=2018, valid=period, domain="forest")
    assert estimate.variance_shares == {"sampling": 1.0}
    assert estimate.ci90[0] == pytest.approx(45.328 * (1 - 0.0818), rel=1e-4)
    assert (
        stratified([3.0, 3.0], Layout.simple(2))
        .to_estimate("agc_t_ha", "t C/ha", year=2018, valid=period, domain="forest")
        .variance_shares
        == {}
    )


@pytest.mark.parametrize(
    ("code", "make"),
    [
        ("sampling.plot_without_stratum", lambda: Layout.of(["a", "c"], {"a": 1.0})),
        ("sampling.stratum_without_plots", lambda: Layout.of(["a", "a"], {"a": 1.0, "b": 2.0})),
        ("sampling.area_not_positive", lambda: Layout.of(["a"], {"a": 0.0})),
        ("sampling.area_not_positive", lambda: Layout.of(["a"], {"a": math.nan})),
        ("sampling.population_too_small", lambda: Layout.simple(3, population=2)),
        ("sampling.stratum_too_small", lambda: stratified([1.0], Layout.simple(1))),
        ("sampling.missing_values", lambda: stratified([1.0, math.nan], Layout.simple(2))),
        ("sampling.wrong_length", lambda: stratified([1.0, 2.0, 3.0], Layout.simple(2))),
        ("sampling.zero_denominator", lambda: ratio([1.0, 2.0], [0.0, 0.0], Layout.simple(2), "stratified")),
        ("sampling.confidence", lambda: t_two_sided(1.0, 5)),
        ("sampling.too_few_plots", lambda: t_two_sided(0.9, 0)),
    ],
)
def test_refusals_say_why_in_both_languages(code, make):
    with pytest.raises(DomainError) as refusal:
        make()
    assert refusal.value.code == code
    assert refusal.value.text("zh") != refusal.value.text("en") != f"error.{code}"


def test_effective_degrees_of_freedom_by_hand():
    # W = 0.5 each, n = 3 and 2, s2 = 1 and 8: g = 0.25/3 and 1; (13/12)^2 / ((1/12)^2 / 2 + 1) = 1.1695 -> 1.
    layout = Layout.of(["a", "a", "a", "b", "b"], {"a": 1, "b": 1})
    assert satterthwaite_df([1, 2, 3, 8, 12], layout, "stratified") == 1
    # Equal strata with equal variances: plots less strata.
    even = Layout.of(list("aaabbb"), {"a": 1, "b": 1})
    assert satterthwaite_df([1, 2, 3, 7, 8, 9], even, "stratified") == 4
    assert satterthwaite_df([2, 2, 2, 5, 5, 5], even, "stratified") == even.df


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["stratified", "post_stratified"])
def test_coverage_on_a_fixed_population(scheme):
    """90 % intervals of a mean and a ratio hold the truth of a fixed population 88 to 92 times in 100."""
    rng = np.random.default_rng(20261122)
    big = 60_000
    stratum = np.repeat(np.arange(3), [big // 2, big // 3, big // 6])
    share = np.clip(rng.beta(4, 1, big), 0.05, 1)
    y = share * rng.gamma(6.0, np.array([4.0, 10.0, 20.0])[stratum])
    area = {str(h): float((stratum == h).sum()) for h in range(3)}
    truth_mean, truth_ratio = y.mean(), y.sum() / share.sum()
    hits, runs = np.zeros(2), 3000
    for _ in range(runs):
        if scheme == "stratified":
            at = np.concatenate([rng.choice(np.flatnonzero(stratum == h), n) for h, n in enumerate((50, 40, 30))])
        else:
            at = rng.choice(big, 120)
        layout = Layout.of(stratum[at].astype(str), area)
        mean, by_share = mean_of(y[at], layout, scheme), ratio(y[at], share[at], layout, scheme)
        for i, (found, truth) in enumerate(((mean, truth_mean), (by_share, truth_ratio))):
            low, high = found.interval()
            hits[i] += low <= truth <= high
    assert (hits / runs > 0.88).all()
    assert (hits / runs < 0.92).all()
