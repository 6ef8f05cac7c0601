"""One interval: quantiles from tables, and simulations of what must not be counted twice."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.mrv.uncertainty.analytic import analytic
from tanhui.mrv.uncertainty.combine import combine, interval, model_variance, model_variance_of_change, quantile
from tanhui.mrv.uncertainty.model import Sharing
from tests.mrv.uncertainty.builders import chave, error_model, forest


@pytest.mark.parametrize(
    ("level", "df", "value"),
    [
        (0.90, math.inf, 1.644854),
        (0.95, math.inf, 1.959964),
        (0.90, 33, 1.692360),
        (0.95, 10, 2.228139),
        (0.90, 1, 6.313752),
    ],
)
def test_quantiles_of_printed_tables(level, df, value):
    assert quantile(level, df) == pytest.approx(value, abs=1e-6)


def test_the_example_of_ar_tool14():
    # AR-TOOL14 v04.2, page 4: mean 45.328, sd 12.776, n 34, t 1.692 -> u = 8.18 %
    found = combine(45.328, 12.776**2 / 34, {}, df=33)
    assert found.shape == "symmetric"
    assert (found.ci90[1] - found.value) / found.value == pytest.approx(0.0818, abs=5e-5)


def test_lognormal_interval_has_the_same_mean_and_sd_and_a_positive_floor():
    value, se = 10.0, 6.0
    low, high = interval(value, se, 0.90, shape="lognormal")
    spread = math.sqrt(math.log(1 + 0.36))
    # the law it stands for: median and quantiles by their definition
    assert math.sqrt(low * high) == pytest.approx(value / math.sqrt(1.36))
    assert math.log(high / low) == pytest.approx(2 * 1.644854 * spread, rel=1e-6)
    assert combine(value, se**2, {}).shape == "lognormal"
    assert combine(value, 0.01, {}).shape == "symmetric"
    assert combine(-value, se**2, {}).shape == "symmetric"
    assert combine(value, se**2, {}, shape="symmetric").ci90[0] == pytest.approx(10 - 1.644854 * 6, abs=1e-5)


@given(
    st.floats(0, 1e6),
    st.dictionaries(st.sampled_from(["allometry", "site", "residual", "area"]), st.floats(0, 1e6)),
    st.floats(1, 200),
)
def test_variance_is_the_sum_and_shares_add_to_one(sampling, model, df):
    found = combine(100.0, sampling, model, df=df)
    assert found.se**2 == pytest.approx(sampling + sum(model.values()))
    assert found.df >= df * (1 - 1e-12)
    if found.variance_shares:
        assert sum(found.variance_shares.values()) == pytest.approx(1)
    if found.se > 1e-9:
        assert found.ci95[0] <= found.ci90[0] < found.ci90[1] <= found.ci95[1]


def test_bad_parts_are_refused():
    for arguments in ((1.0, -1.0, {}), (1.0, 1.0, {"site": -1.0})):
        with pytest.raises(DomainError):
            combine(*arguments)
    with pytest.raises(DomainError):
        combine(1.0, 1.0, {}, df=0.5)
    with pytest.raises(DomainError):
        model_variance(analytic(forest(3), error_model()).agb_t, np.ones(4), sampling_fraction=1.5)


def test_measurement_errors_are_inside_the_sampling_variance_and_residuals_are_not():
    """2,000 times: a population of plots, measured with errors, estimated, and compared with its true total.

    The true variance of the estimate about the true total must be s2/n (with errors as measured) plus what
    ``model_variance`` adds, for a population small enough for residuals to matter and a small sampling fraction.
    """
    rng = np.random.default_rng(4)
    plots, sampled, trees = 400, 12, 3
    cv_error, sigma, between = 0.4, 0.8, 0.3
    error, naive, proper = [], [], []
    for _ in range(2000):
        predicted = rng.lognormal(0, between, (plots, trees))
        true = predicted * np.exp(rng.normal(0, sigma, (plots, trees)) - sigma**2 / 2)
        s = rng.choice(plots, sampled, replace=False)
        measured = predicted[s] * (1 + rng.normal(0, cv_error, (sampled, trees)))
        plot = measured.sum(axis=1)
        estimate = plots * plot.mean()
        sampling = plots**2 * plot.var(ddof=1) / sampled * (1 - sampled / plots)
        expansion = plots / sampled
        residual_variance = (predicted[s] ** 2 * np.expm1(sigma**2)).sum()
        error.append(estimate - true.sum())
        proper.append(sampling + expansion * residual_variance)
        naive.append(sampling + expansion**2 * (residual_variance + (predicted[s] * cv_error).var()))
    assert np.mean(proper) == pytest.approx(np.var(error), rel=0.12)
    assert np.mean(naive) > 1.5 * np.var(error)


def test_model_variance_weighs_each_source_as_its_rule_says():
    trees = forest(40, groups=4, equation=chave(site_sigma=0.2), site=Sharing.of(["a"] * 40))
    totals = analytic(trees, error_model(0.05, 0.01)).agb_t
    c = np.array([10.0, 20.0, 30.0, 40.0])
    found = model_variance(totals, c, per=5.0)
    assert found["measurement"] == 0
    assert found["residual"] == pytest.approx(float(c @ totals.own_once["residual"]) / 25)
    assert found["site"] == pytest.approx(totals.variance(c)["site"] / 25)
    census = model_variance(totals, np.ones(4), sampling_fraction=1.0)
    assert census == pytest.approx(totals.variance())


def test_change_lets_shared_errors_cancel():
    trees = forest(40, groups=4, equation=chave(site_sigma=0.2), site=Sharing.of(["a"] * 40))
    totals = analytic(trees, error_model(0.05, 0.01)).carbon_t
    same = model_variance_of_change(totals, totals, np.ones(4), np.ones(4))
    for source in ("allometry", "site", "root_ratio", "carbon_fraction"):
        assert same[source] == pytest.approx(0, abs=1e-15)
    once = model_variance(totals, np.ones(4))
    assert same["residual"] == pytest.approx(2 * once["residual"])
    doubled = model_variance_of_change(totals, totals, 2 * np.ones(4), np.ones(4))
    assert doubled["site"] == pytest.approx(once["site"])
