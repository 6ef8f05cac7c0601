"""The spread between sites: a published fit, the closed form of balanced data, and simulated harvests."""

import numpy as np
import pytest

from tanhui.kernel.errors import DomainError
from tanhui.mrv.uncertainty.site_effect import equation_from_harvest, fit_random_intercept

#: Davies' yields of dyestuff by batch; D. Bates et al., lme4: REML gives 42.00 between and 49.51 within batches.
DYESTUFF = """1545 1440 1440 1520 1580 1540 1555 1490 1560 1495 1595 1550 1605 1510 1560
1445 1440 1595 1465 1545 1595 1630 1515 1635 1625 1520 1455 1450 1480 1445"""


def test_dyestuff_has_the_published_standard_deviations():
    fit = fit_random_intercept([float(y) for y in DYESTUFF.split()], np.ones((30, 1)), np.repeat(list("ABCDEF"), 5))
    assert fit.beta[0] == pytest.approx(1527.5)
    assert fit.tau == pytest.approx(42.00, abs=0.005)
    assert fit.sigma == pytest.approx(49.51, abs=0.005)
    assert np.sqrt(fit.covariance[0, 0]) == pytest.approx(19.38, abs=0.005)  # printed standard error


def test_balanced_data_give_the_analysis_of_variance():
    rng = np.random.default_rng(3)
    site = np.repeat(np.arange(12), 8)
    y = 3 + rng.normal(0, 0.5, 12)[site] + rng.normal(0, 0.8, 96)
    means = y.reshape(12, 8).mean(axis=1)
    within = ((y.reshape(12, 8) - means[:, None]) ** 2).sum() / (96 - 12)
    between = (8 * means.var(ddof=1) - within) / 8
    fit = fit_random_intercept(y, np.ones((96, 1)), site)
    assert fit.sigma**2 == pytest.approx(within, rel=1e-5)
    assert fit.tau**2 == pytest.approx(between, rel=1e-4)


def test_no_difference_between_sites_gives_zero():
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    site = np.tile(np.arange(20), 10)
    centred = y - np.array([y[site == s].mean() for s in range(20)])[site]
    assert fit_random_intercept(centred, np.ones((200, 1)), site).tau == 0


def harvest(rng, sites=40, trees=30, tau=0.25, sigma=0.3):
    site = np.repeat(np.arange(sites), trees)
    dbh = rng.uniform(5, 70, sites * trees)
    height = 1.3 + 30 * (1 - np.exp(-0.03 * dbh))
    density = rng.uniform(0.4, 0.8, sites * trees)
    x = np.log(density * dbh**2 * height)
    logs = -2.7 + 0.97 * x + rng.normal(0, tau, sites)[site] + rng.normal(0, sigma, len(x))
    return dbh, height, density, np.exp(logs), site


def test_simulated_harvests_give_back_what_went_in():
    fits = [equation_from_harvest(*harvest(np.random.default_rng(seed))) for seed in range(30)]
    assert np.mean([e.site_sigma for e in fits]) == pytest.approx(0.25, rel=0.06)
    assert np.mean([np.sqrt(e.sigma**2 - e.site_sigma**2) for e in fits]) == pytest.approx(0.30, rel=0.03)
    assert np.mean([e.terms[0].h for e in fits]) == pytest.approx(0.97, abs=0.01)
    # the stated error of the intercept is the scatter of the intercepts over harvests
    intercepts = [e.terms[0].intercept for e in fits]
    stated = np.mean([e.covariance[0, 0] for e in fits])
    assert np.var(intercepts, ddof=1) == pytest.approx(stated, rel=0.6)


def test_without_the_site_effect_the_same_trees_look_much_surer():
    data = harvest(np.random.default_rng(1))
    with_sites = equation_from_harvest(*data)
    without = equation_from_harvest(*data, with_site_effect=False)
    assert without.site_sigma is None
    assert without.sigma == pytest.approx(with_sites.sigma, rel=0.1)
    # at a middling size the fitted mean itself looks surer too
    x = np.array([1, *[9.0 * p for p in (0.25, 0.25, 0.25)], 0])
    assert x @ without.covariance @ x < x @ with_sites.covariance @ x


def test_too_little_is_refused():
    with pytest.raises(DomainError):
        fit_random_intercept([1.0, 2.0, 3.0, 4.0], np.ones((4, 1)), [0, 0, 1, 1])
    with pytest.raises(DomainError):
        fit_random_intercept([1.0, 2.0, 3.0], np.ones((3, 2)), [0, 1, 2])
    dbh, height, density, agb, site = harvest(np.random.default_rng(0), sites=4, trees=4)
    with pytest.raises(DomainError):
        equation_from_harvest(dbh, height, density, -agb, site)
