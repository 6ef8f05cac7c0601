"""The analytic totals: against closed forms, quadrature by scipy, and the Monte Carlo of the same inputs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from tanhui.mrv.uncertainty.analytic import analytic
from tanhui.mrv.uncertainty.batches import expected_total
from tanhui.mrv.uncertainty.model import SOURCES, Sharing, Trees
from tanhui.mrv.uncertainty.moments import power_moments
from tanhui.mrv.uncertainty.monte_carlo import monte_carlo
from tanhui.mrv.uncertainty.totals import difference_variance, shares
from tanhui.sinks.forest.model import Equation, Term, TreeMatch
from tests.mrv.uncertainty.builders import CHAVE_COVARIANCE, chave, error_model, forest


def moments(mean, sd, power, low=0.1, high=500.0):
    out = np.empty((3, 1))
    power_moments(np.array([mean]), np.array([sd]), np.array([power]), low, high, *out)
    return out[:, 0]


@pytest.mark.parametrize("mean", [1.0, 5.0, 12.0, 60.0])
@pytest.mark.parametrize("sd", [0.12, 4.64])
@pytest.mark.parametrize("power", [0.976, 1.95, 2.6])
def test_moments_agree_with_scipy_quadrature(mean, sd, power):
    low, high = max(0.1, mean - 9 * sd), mean + 9 * sd

    def expected(function):
        def integrand(x):
            return function(x) * np.exp(-0.5 * ((x - mean) / sd) ** 2)

        return integrate.quad(integrand, low, high, epsabs=0, epsrel=1e-10, limit=200)[0]

    total = expected(lambda x: 1.0)
    first = expected(lambda x: (x / mean) ** power) / total
    second = expected(lambda x: (x / mean) ** (2 * power)) / total
    log = expected(lambda x: (x / mean) ** power * np.log(x)) / total / first
    found = moments(mean, sd, power)
    assert found == pytest.approx([first, second, log], rel=5e-4, abs=1e-4)
    assert found[1] - found[0] ** 2 == pytest.approx(second - first**2, rel=1e-3)


def test_residual_alone_is_the_lognormal_variance():
    trees = forest(30, groups=30)
    totals = analytic(trees, error_model(), sources=("residual",)).agb_t
    assert totals.sd() == pytest.approx(totals.value * np.sqrt(np.expm1(0.35743895**2)))


def test_allometry_of_one_tree_is_the_delta_method_by_hand():
    trees = forest(1, groups=1)
    totals = analytic(trees, error_model(), sources=("allometry",)).agb_t
    x = np.log(trees.density_g_cm3 * trees.dbh_cm**2 * trees.height_m)[0]
    # residual not drawn, so sigma does not move the mean: g = W (1, x)
    relative = np.array([1, x]) @ CHAVE_COVARIANCE[:2, :2] @ np.array([1, x])
    assert totals.sd()[0] / totals.value[0] == pytest.approx(np.sqrt(relative), rel=1e-6)


@pytest.mark.parametrize("source", ["measurement", "density", "allometry", "site", "residual", "root_ratio"])
def test_each_source_agrees_with_monte_carlo(source):
    labels = [f"s{k // 20}" for k in range(100)]
    trees = forest(100, groups=5, equation=chave(site_sigma=0.2), site=Sharing.of(labels))
    model = error_model(0.05, 0.01)
    exact = analytic(trees, model, sources=(source,)).bgb_t
    drawn = monte_carlo(trees, model, draws=20_000, seed=3, sources=(source,)).bgb_t
    # the sd of a sample sd is about 0.5 % here, more where a few gross errors rule
    assert exact.sd() == pytest.approx(drawn.std(axis=1), rel=0.05)
    assert exact.value == pytest.approx(drawn.mean(axis=1), rel=0.01)
    total = np.sqrt(sum(exact.variance().values()))
    assert total == pytest.approx(drawn.sum(axis=0).std(), rel=0.05)


def test_all_sources_agree_with_monte_carlo_within_five_per_cent():
    density = Sharing.of([f"sp{k % 7}" for k in range(600)])
    site = Sharing.of([f"s{k // 100}" for k in range(600)])
    trees = forest(600, groups=12, equation=chave(site_sigma=0.15), site=site, density_class=density)
    model = error_model(0.05, 0.0128)
    exact, drawn = analytic(trees, model), monte_carlo(trees, model, draws=20_000, seed=3)
    for name in ("agb_t", "bgb_t", "carbon_t"):
        totals, draws = getattr(exact, name), getattr(drawn, name)
        assert totals.sd() == pytest.approx(draws.std(axis=1), rel=0.05)
        assert totals.value == pytest.approx(draws.mean(axis=1), rel=0.01)
        assert np.sqrt(sum(totals.variance().values())) == pytest.approx(draws.sum(axis=0).std(), rel=0.05)
        correlation = totals.covariance() / np.outer(totals.sd(), totals.sd())
        assert correlation == pytest.approx(np.corrcoef(draws), abs=0.04)


def test_change_of_two_dates_agrees_with_monte_carlo():
    """Shared errors cancel partly: the sd of the change is far below that of independent dates."""
    site = Sharing.of(["s"] * 300)
    first = forest(300, groups=3, equation=chave(site_sigma=0.2), site=site)
    second = forest(300, groups=3, equation=chave(site_sigma=0.2), site=site, dbh_cm=first.dbh_cm * 1.15)
    model = error_model(0.05, 0.01)
    one, two = analytic(first, model).carbon_t, analytic(second, model).carbon_t
    variance = difference_variance(two, one, np.ones(3), np.ones(3))
    drawn = [
        monte_carlo(t, model, draws=20_000, seed=3, occasion=k).carbon_t.sum(axis=0)
        for k, t in enumerate((first, second))
    ]
    assert np.sqrt(sum(variance.values())) == pytest.approx((drawn[1] - drawn[0]).std(), rel=0.05)
    apart = sum(one.variance().values()) + sum(two.variance().values())
    assert sum(variance.values()) < 0.3 * apart


def test_a_sum_of_terms_and_two_equations():
    parts = Equation("parts", "agb", "", (Term(-2.5, 2.4), Term(-4.0, 1.5, 0.5)), sigma=0.3, mean_correction=1.0)
    rng = np.random.default_rng(0)
    dbh = rng.uniform(8, 60, 200)
    match = TreeMatch((chave(), parts), np.arange(200) % 2, np.zeros(200, bool))
    trees = Trees(dbh, match, dbh * 0.6, np.full(200, 1.0), np.full(200, 0.5), np.full(200, 0.05))
    exact = analytic(trees, error_model()).agb_t
    drawn = monte_carlo(trees, error_model(), draws=20_000, seed=1).agb_t
    assert exact.value == pytest.approx(drawn.mean(axis=1), rel=0.005)
    assert exact.sd() == pytest.approx(drawn.std(axis=1), rel=0.05)


@pytest.mark.parametrize("rows", [7, 60, 1000])
def test_the_total_by_blocks_is_the_total(rows):
    trees = forest(60, groups=6, equation=chave(site_sigma=0.2), site=Sharing.of(["a", "b"] * 30))
    model = error_model(0.05, 0.01)
    whole, blocks = analytic(trees, model), expected_total(trees, model, rows=rows)
    for name in ("agb_t", "bgb_t", "carbon_t"):
        assert blocks[name].value == pytest.approx(getattr(whole, name).value.sum())
        assert dict(blocks[name].variance) == pytest.approx(getattr(whole, name).variance())


def test_covariance_is_symmetric_and_fits_the_sd():
    trees = forest(60, groups=6, equation=chave(site_sigma=0.2), site=Sharing.of(["a", "b"] * 30))
    totals = analytic(trees, error_model(0.05, 0.01)).carbon_t
    matrix = totals.covariance()
    assert matrix == pytest.approx(matrix.T)
    assert np.sqrt(np.diag(matrix)) == pytest.approx(totals.sd())
    assert matrix.sum() == pytest.approx(sum(totals.variance().values()))
    assert np.linalg.eigvalsh(matrix).min() > -1e-9 * matrix.max()


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(SOURCES), min_size=1), st.integers(0, 1000))
def test_shares_add_to_one_and_sources_add_up(sources, seed):
    trees = forest(15, seed=seed, equation=chave(site_sigma=0.2), site=Sharing.of(["a"] * 15))
    whole = analytic(trees, error_model(0.05, 0.01), sources=sources).carbon_t.variance()
    assert sum(shares(whole).values()) == pytest.approx(1)
    assert {s for s, v in whole.items() if v > 0} <= sources


def test_no_error_has_no_shares():
    totals = analytic(forest(5), error_model(), sources=()).agb_t
    assert shares(totals.variance()) == {}
    assert (totals.value == totals.plug_in).all()


def test_measurement_error_biases_a_convex_equation_upwards():
    totals = analytic(forest(50), error_model(), sources=("measurement",)).agb_t
    assert (totals.value > totals.plug_in).all()
