"""Model-based and hybrid inference: another implementation's covariances, formulas written out, limits."""

from datetime import date

import numpy as np
import pytest

from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.mrv.sampling import (
    Auxiliaries,
    Correlation,
    chained,
    fit_linear,
    hybrid,
    model_based,
    predicted_area,
    residual_variance,
)
from tests.mrv.sampling.test_assisted import KNOWN, Y, Z

FLOWN = np.vstack([Z + np.array([1.0, 0.02]), Z * 0.9])


@pytest.mark.parametrize(
    ("kind", "variance"),
    [("hc0", 1.54522862473), ("hc2", 1.80089551147), ("hc3", 2.11432329125), ("ols", 1.85719316202)],
)
def test_covariances_are_those_of_r(kind, variance):
    # R 4.2: lm, vcov, and sandwich 3.0-2 vcovHC, at height 15 m and cover 0.7.
    fit = fit_linear(Y, Z, covariance=kind)
    assert fit.beta[:, 0] == pytest.approx([-52.4725972211, 8.67684365408, 65.9652044538])
    found = predicted_area(fit, KNOWN)
    assert found.value == pytest.approx(123.855700708)
    assert found.variance == pytest.approx(variance, rel=1e-10)
    assert (found.df, found.n) == (13, 16)


def test_hybrid_as_stahl_writes_it():
    fit = fit_linear(Y, Z, covariance="hc3")
    predicted = fit.predict(FLOWN)[:, 0]
    g = np.concatenate([[1.0], FLOWN.mean(axis=0)])
    by_hand = predicted.var(ddof=1) / 32 + g @ fit.covariance[0] @ g
    found = predicted_area(fit, Auxiliaries.sampled(FLOWN))
    assert (found.value, found.variance) == pytest.approx((predicted.mean(), by_hand))
    slopes = np.column_stack([np.ones(32), FLOWN])
    same = hybrid(predicted, slopes, fit.covariance[0], df=fit.df, n=fit.n)
    assert (same.value, same.variance) == pytest.approx((found.value, found.variance))
    a, b = same.sources["sampling"], same.sources["model"]
    assert same.df == int((a + b) ** 2 / (a**2 / 31 + b**2 / 13))
    lines = np.repeat(np.arange(8), 4)
    apart = hybrid(predicted, slopes, fit.covariance[0], df=fit.df, n=fit.n, cluster=lines)
    means = predicted.reshape(8, 4).mean(axis=1)
    assert apart.sources["sampling"] == pytest.approx(means.var(ddof=1) / 8)


def test_shares_add_to_one():
    found = hybrid(Y, np.ones((16, 1)), [[2.0]], df=13, n=16, residual=0.5)
    year = Period(date(2024, 1, 1), date(2025, 1, 1))
    shares = found.to_estimate("agc_t_ha", "t C/ha", year=2024, valid=year, domain="forest").variance_shares
    assert set(shares) == {"model", "sampling", "residual"}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["residual"] == pytest.approx(0.5 / found.variance)


def test_a_large_area_known_everywhere_leaves_only_the_model():
    fit = fit_linear(Y, Z)
    found = model_based(float(KNOWN.mean @ fit.beta[:, 0]), KNOWN.mean, fit.covariance[0], df=13, n=16)
    same = predicted_area(fit, KNOWN)
    assert (found.value, found.variance, dict(found.sources)) == (same.value, same.variance, dict(same.sources))
    small = model_based(1.0, [1.0], [[2.0]], df=5, n=6, residual=3.0)
    assert small.variance == 5.0


# Two models in a row


def test_a_second_model_that_adds_nothing_passes_the_first_on():
    first = fit_linear(Y, Z, covariance="hc3")
    second = chained(first, FLOWN, FLOWN)
    assert second.beta == pytest.approx(first.beta)
    assert second.covariance == pytest.approx(first.covariance, rel=1e-6, abs=1e-9)


def test_two_models_in_a_row_as_saarela_writes_them():
    """Cov = s^2 (Z'Z)^-1 + (Z'Z)^-1 Z'X Cov(alpha) X'Z (Z'Z)^-1."""
    image = np.column_stack([FLOWN[:, 0] * 0.5 + FLOWN[:, 1] + np.sin(np.arange(32))])
    first = fit_linear(Y, Z, covariance="ols")
    x, z = (np.column_stack([np.ones(32), part]) for part in (FLOWN, image))
    predicted = x @ first.beta[:, 0]
    inverse = np.linalg.inv(z.T @ z)
    beta = inverse @ z.T @ predicted
    s2 = ((predicted - z @ beta) ** 2).sum() / 30
    middle = inverse @ z.T @ x
    second = chained(first, FLOWN, image)
    assert second.beta[:, 0] == pytest.approx(beta)
    assert second.covariance[0] == pytest.approx(s2 * inverse + middle @ first.covariance[0] @ middle.T)


# Residuals of an area, and plots that lie close together


@pytest.mark.parametrize("correlation", [Correlation(60.0, 0.3), Correlation(45.0, kind="spherical")])
def test_residuals_of_an_area_are_the_sum_over_all_pairs(correlation):
    rng = np.random.default_rng(4)
    sd = rng.uniform(5, 20, (7, 9))
    sd[2:4, 3:6] = np.nan
    at = np.argwhere(np.isfinite(sd))
    values = sd[np.isfinite(sd)]
    pairs = values[:, None] * values[None, :] * correlation.between(at * 10.0)
    assert residual_variance(sd, 10.0, correlation) == pytest.approx(pairs.sum() / len(values) ** 2)


def test_residuals_between_independence_and_unison():
    sd = np.full((20, 20), 8.0)
    assert residual_variance(sd, 10.0) == pytest.approx(64 / 400)
    assert residual_variance(sd, 10.0, Correlation(0.01)) == pytest.approx(64 / 400)
    assert residual_variance(sd, 10.0, Correlation(1e9)) == pytest.approx(64, rel=1e-5)


def test_correlated_plots_widen_the_model():
    alone = fit_linear(Y, Z, covariance="ols")
    same = fit_linear(Y, Z, covariance="ols", correlation=np.eye(16))
    assert same.covariance == pytest.approx(alone.covariance)
    xy = np.column_stack([np.repeat(np.arange(8), 2) * 500.0, np.tile([0.0, 30.0], 8)])
    near = fit_linear(Y, Z, covariance="ols", correlation=Correlation(100.0).between(xy))
    x = np.column_stack([np.ones(16), Z])
    inverse = np.linalg.inv(x.T @ x)
    s2 = (alone.residuals**2).sum() / 13
    assert near.covariance[0] == pytest.approx(s2 * inverse @ x.T @ Correlation(100.0).between(xy) @ x @ inverse)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("sampling.correlation", lambda: Correlation(0.0)),
        ("sampling.correlation", lambda: Correlation(1.0, 1.5)),
        ("sampling.no_pixels", lambda: residual_variance([[np.nan]], 10.0)),
        ("sampling.no_pixels", lambda: residual_variance([[-1.0]], 10.0)),
        ("sampling.wrong_length", lambda: model_based(1.0, [1.0, 2.0], [[1.0]], df=3, n=4)),
        ("sampling.wrong_length", lambda: hybrid(Y, np.ones((3, 1)), [[1.0]], df=3, n=4)),
        ("sampling.auxiliaries_differ", lambda: predicted_area(fit_linear(Y, Z), Auxiliaries.known(1.0))),
    ],
)
def test_refusals(code, call):
    with pytest.raises(DomainError) as refusal:
        call()
    assert refusal.value.code == code
    assert refusal.value.text("zh") != refusal.value.text("en") != f"error.{code}"
