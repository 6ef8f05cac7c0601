"""The tests of chance against scipy's own, by hand, and by counting."""

import itertools

import numpy as np
import pytest
from scipy import stats

from tanhui.kernel.randoms import stream
from tanhui.projects.field.chance import (
    benjamini_hochberg,
    binomial_upper,
    paired_t,
    signed_rank,
    spread_upper,
    uniform_digits,
)


def test_benjamini_and_hochberg_as_scipy_has_it():
    p = stream(1, "p").random(50) ** 3
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))
    assert benjamini_hochberg([]).size == 0


@pytest.mark.parametrize("n", [2, 3, 8, 60])
def test_paired_t_as_scipy_has_it(n: int):
    d = np.round(stream(n, "d").normal(0.05, 0.2, n), 1) + 0.01
    assert paired_t(d) == pytest.approx(stats.ttest_1samp(d, 0).pvalue)


def test_paired_t_at_its_edges():
    assert paired_t(np.array([])) == 1.0
    assert paired_t(np.zeros(5)) == 1.0
    assert paired_t(np.full(5, 0.1)) == 0.0


def test_signed_ranks_count_every_sign():
    """With ties and a zero, against all 2^9 signs of the mean ranks."""
    d = np.array([0.1, -0.1, 0.2, 0.2, -0.3, 0.1, 0.4, 0.0, 0.2, 0.5])
    given = d[d != 0]
    ranks = stats.rankdata(np.round(np.abs(given), 9))
    seen = ranks[given > 0].sum()
    sums = np.array([ranks[list(signs)].sum() for signs in itertools.product([False, True], repeat=len(given))])
    wanted = min(1.0, 2 * min((sums <= seen).mean(), (sums >= seen).mean()))
    assert signed_rank(d) == pytest.approx(wanted)


@pytest.mark.parametrize("n", [12, 40, 300])
def test_signed_ranks_without_ties_as_scipy_has_them(n: int):
    d = stream(n, "ranks").normal(0.1, 1, n)
    exact = stats.wilcoxon(d, method="exact" if n <= 40 else "approx", correction=n > 40).pvalue
    assert signed_rank(d) == pytest.approx(exact, rel=1e-3)


def test_nothing_but_zeros():
    assert signed_rank(np.zeros(9)) == 1.0


def test_binomial_as_scipy_has_it():
    k, n, share = np.array([0, 1, 7, 20]), 20, 0.3
    assert binomial_upper(k, n, share) == pytest.approx(stats.binom.sf(k - 1, n, share))
    assert binomial_upper(21, 20, 0.3) == 0.0


def test_spread_as_the_variance_test_has_it():
    d = stream(3, "spread").normal(0, 0.2, 30)
    assert spread_upper(d, 0.15) == pytest.approx(stats.chi2.sf(29 * d.var(ddof=1) / 0.15**2, 29))
    assert spread_upper(d[:1], 0.15) == 1.0


def test_many_digits_as_scipy_has_them_and_few_by_drawing():
    counts = np.array([30.0, 12, 18, 20, 19, 31, 17, 22, 16, 15])
    assert uniform_digits(counts) == pytest.approx(stats.chisquare(counts).pvalue)
    few = np.array([8.0, 1, 2, 0, 1, 6, 1, 1, 0, 0])
    # scipy draws from the same distribution with numbers of its own: two standard errors of both.
    drawn = np.random.default_rng(5).multinomial(20, [0.1] * 10, 200_000)
    wanted = (((drawn - 2) ** 2).sum(axis=1) >= ((few - 2) ** 2).sum()).mean()
    assert uniform_digits(few) == pytest.approx(wanted, abs=4 * np.sqrt(wanted / 9999) + 2e-4)
