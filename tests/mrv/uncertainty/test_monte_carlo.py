"""Monte Carlo: against the same model in plain numpy, closed forms, and the promise of the same bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.mrv.uncertainty import batches, kernel
from tanhui.mrv.uncertainty.batches import draw_groups
from tanhui.mrv.uncertainty.model import SOURCES, Sharing, Trees
from tanhui.mrv.uncertainty.monte_carlo import monte_carlo, parameter_draws, summarise
from tanhui.sinks.forest.model import Equation, Term, TreeMatch
from tests.mrv.uncertainty.builders import (
    CHAVE_COVARIANCE,
    SPREAD,
    chave,
    error_model,
    forest,
    plain_numpy,
)


def test_agrees_with_plain_numpy():
    """Another implementation with another generator: R's AGBmonteCarlo model, truncated normals by redrawing."""
    trees = forest(300)
    ours = monte_carlo(trees, error_model(), draws=6000, seed=5).agb_t
    theirs = plain_numpy(trees, 4000, seed=9)
    error = np.sqrt(ours.var(axis=1) / 6000 + theirs.var(axis=1) / 4000)
    assert (np.abs(ours.mean(axis=1) - theirs.mean(axis=1)) < 4 * error).all()
    # a sample sd has a relative error of about 1/sqrt(2 n) and a little more with heavy tails
    assert ours.std(axis=1) == pytest.approx(theirs.std(axis=1), rel=0.08)
    for q in (0.025, 0.5, 0.975):
        assert np.quantile(ours, q, axis=1) == pytest.approx(np.quantile(theirs, q, axis=1), rel=0.03)
    total, other = ours.sum(axis=0), theirs.sum(axis=0)
    assert total.std() == pytest.approx(other.std(), rel=0.06)


def test_small_trees_are_truncated_not_clamped():
    """A 3 cm tree with a gross error of 4.64 cm: the mean of D' by integration, not by our code."""
    from scipy import stats

    n = 2000
    trees = forest(n, equation=Equation("d", "agb", "", (Term(0.0, 1.0),)), groups=1)
    trees = Trees(np.full(n, 3.0), trees.match, dbh_sd_cm=np.full(n, 4.64))
    ours = monte_carlo(trees, error_model(), draws=200, seed=1, sources=("measurement",)).agb_t
    law = stats.truncnorm((0.1 - 3) / 4.64, (500 - 3) / 4.64, 3, 4.64)
    assert ours.mean() == pytest.approx(n * law.mean() / 1000, rel=2e-3)
    assert ours.std() == pytest.approx(np.sqrt(n) * law.std() / 1000, rel=0.15)


def test_one_tree_with_residual_alone_is_lognormal_with_the_mean_kept():
    one = forest(1, groups=1)
    draws = monte_carlo(one, error_model(), draws=200_000, seed=2, sources=("residual",)).agb_t[0]
    fixed = monte_carlo(one, error_model(), draws=2, seed=2, sources=()).agb_t[0]
    assert fixed[0] == fixed[1]
    assert draws.mean() == pytest.approx(fixed[0], rel=5e-3)
    assert np.log(draws).std() == pytest.approx(0.35743895, rel=5e-3)


@pytest.mark.parametrize("draws", [1, 255, 256, 257, 700])
def test_same_bits_for_any_thread_count_and_any_cut(draws):
    trees = forest(120, site=Sharing.of(["a", "b", "c"] * 40), density_class=Sharing.of(["x", ""] * 60))
    model = error_model(0.05, 0.01)
    whole = monte_carlo(trees, model, draws=900, seed=3, threads=1)
    part = monte_carlo(trees, model, draws=draws, seed=3, threads=3)
    for name in ("agb_t", "bgb_t", "carbon_t"):
        assert (getattr(part, name) == getattr(whole, name)[:, :draws]).all()


def test_same_bits_for_another_run_width(monkeypatch):
    trees = forest(60)
    whole = monte_carlo(trees, error_model(), draws=500, seed=3).agb_t
    monkeypatch.setattr(kernel, "WIDTH", 37)
    assert (monte_carlo(trees, error_model(), draws=500, seed=3).agb_t == whole).all()


def test_draws_of_a_tree_do_not_depend_on_its_group():
    trees = forest(64, groups=64)
    model = error_model()
    each = monte_carlo(trees, model, draws=300, seed=4).agb_t
    pairs = forest(64, groups=32)
    # the same numbers added in another place: only the division by 1000 may round differently
    assert monte_carlo(pairs, model, draws=300, seed=4).agb_t == pytest.approx(each[0::2] + each[1::2], rel=1e-14)


@pytest.mark.parametrize("cells", [1, 500, 10_000_000])
def test_batches_of_groups_change_nothing(cells):
    trees = forest(90, groups=9)
    model = error_model(0.05, 0.01)
    whole = monte_carlo(trees, model, draws=200, seed=6)
    kept = []
    found = draw_groups(
        trees, model, draws=200, seed=6, cells=cells, keep=lambda first, batch: kept.append(batch.agb_t)
    )
    assert (np.concatenate(kept) == whole.agb_t).all()
    assert (found.total.carbon_t == whole.total().carbon_t).all()
    assert (found.groups["bgb_t"].sd == summarise(whole.bgb_t).sd).all()


def test_batches_cut_by_trees_change_nothing(monkeypatch):
    trees = forest(90, groups=9)
    whole = draw_groups(trees, error_model(), draws=50, seed=6)
    monkeypatch.setattr(batches, "ROWS", 15)
    assert (draw_groups(trees, error_model(), draws=50, seed=6).total.agb_t == whole.total.agb_t).all()


def test_batches_follow_the_groups_of_an_unsorted_table():
    trees = forest(80, groups=5)
    shuffled = np.random.default_rng(0).permutation(80)
    mixed = trees.take(shuffled, trees.group[shuffled], 5)
    found = draw_groups(mixed, error_model(), draws=100, seed=6, cells=1)
    whole = monte_carlo(trees, error_model(), draws=100, seed=6)
    assert found.groups["agb_t"].mean == pytest.approx(whole.agb_t.mean(axis=1), rel=1e-12)


def test_parameters_are_shared_by_trees_and_dates():
    trees = forest(200, groups=200)
    later = forest(200, groups=200, dbh_cm=trees.dbh_cm * 1.1)
    model = error_model()
    first = monte_carlo(trees, model, draws=400, seed=7, sources=("allometry",), occasion=0).agb_t
    second = monte_carlo(later, model, draws=400, seed=7, sources=("allometry",), occasion=1).agb_t
    # two parameters (a, b) move 200 trees: in logarithms their draws span two directions and no more
    logs = np.log(first)
    size = np.linalg.svd(logs - logs.mean(axis=1, keepdims=True), compute_uv=False)
    assert size[2] < 1e-6 * size[1] < size[0]
    assert np.corrcoef(first.sum(axis=0), second.sum(axis=0))[0, 1] > 0.99
    # errors of single trees are new at another occasion
    one = monte_carlo(trees, model, draws=4000, seed=7, sources=("residual",), occasion=0).agb_t[0]
    two = monte_carlo(trees, model, draws=4000, seed=7, sources=("residual",), occasion=1).agb_t[0]
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.1


def test_parameter_draws_have_the_published_covariance():
    moved = parameter_draws(chave(), 1, 200_000)
    assert np.cov(moved) == pytest.approx(SPREAD @ CHAVE_COVARIANCE @ SPREAD.T, rel=0.03, abs=2e-7)
    assert (parameter_draws(chave(), 1, 50) == moved[:, :50]).all()
    assert (parameter_draws(chave(id="other"), 1, 50) != moved[:, :50]).any()
    assert not parameter_draws(chave(covariance=False), 1, 5).any()


def test_a_site_effect_is_shared_within_a_site_and_keeps_the_mean():
    equation = chave(site_sigma=0.2)
    trees = forest(40, groups=40, equation=equation, site=Sharing.of(["a"] * 20 + ["b"] * 20))
    draws = monte_carlo(trees, error_model(), draws=20_000, seed=8, sources=("site",)).agb_t
    logs = np.log(draws)
    assert np.corrcoef(logs[0], logs[19])[0, 1] == pytest.approx(1)
    assert abs(np.corrcoef(logs[0], logs[20])[0, 1]) < 0.04
    assert logs.std(axis=1) == pytest.approx(0.2, rel=0.03)
    fixed = monte_carlo(trees, error_model(), draws=1, seed=8, sources=()).agb_t[:, 0]
    assert draws.mean(axis=1) == pytest.approx(fixed, rel=0.01)


def test_site_and_residual_together_scatter_a_tree_as_the_published_sigma():
    trees = forest(50, groups=50, equation=chave(site_sigma=0.2), site=Sharing.of([str(k) for k in range(50)]))
    logs = np.log(monte_carlo(trees, error_model(), draws=4000, seed=9, sources=("site", "residual")).agb_t)
    assert logs.std(axis=1).mean() == pytest.approx(0.35743895, rel=0.01)


def test_a_density_class_shares_its_error():
    trees = forest(30, groups=30, density_class=Sharing.of(["oak"] * 10 + ["fir"] * 10 + [""] * 10))
    draws = monte_carlo(trees, error_model(), draws=3000, seed=1, sources=("density",)).agb_t
    correlation = np.corrcoef(draws)
    assert correlation[0, 9] > 0.99
    assert abs(correlation[0, 10]) < 0.1
    assert abs(correlation[20, 29]) < 0.1


def test_roots_and_carbon_follow_their_ratios():
    trees = forest(50)
    fixed = monte_carlo(trees, error_model(), draws=3, seed=1)
    assert fixed.bgb_t == pytest.approx(0.25 * fixed.agb_t)
    assert fixed.carbon_t == pytest.approx(0.47 * 1.25 * fixed.agb_t)
    drawn = monte_carlo(trees, error_model(0.05, 0.02), draws=20_000, seed=1, sources=("root_ratio", "carbon_fraction"))
    ratio = drawn.bgb_t / drawn.agb_t
    assert ratio == pytest.approx(np.broadcast_to(ratio[0], ratio.shape)), "one draw for the class"
    assert ratio[0].std() == pytest.approx(0.05, rel=0.03)
    assert (drawn.carbon_t[0] / (drawn.agb_t[0] + drawn.bgb_t[0])).std() == pytest.approx(0.02, rel=0.03)


def test_a_sum_of_terms_adds_them_and_never_goes_below_zero():
    stem, crown = Term(-3.0, 2.5), Term(-4.0, 1.8)
    dbh = np.array([10.0, 20.0])
    both = TreeMatch((Equation("sum", "agb", "", (stem, crown)),), np.zeros(2, np.intp), np.zeros(2, bool))
    found = monte_carlo(Trees(dbh, both), error_model(), draws=1, sources=()).agb_t[0, 0]
    # by hand: sum of exp(t) D^d over both trees, kg to t
    assert found == pytest.approx((np.exp(-3) * (dbh**2.5) + np.exp(-4) * dbh**1.8).sum() / 1000)
    minus = Equation("line", "agb", "", (Term(0.0, 1.0), Term(np.log(15.0), sign=-1.0)))
    line = TreeMatch((minus,), np.zeros(2, np.intp), np.zeros(2, bool))
    assert monte_carlo(Trees(dbh, line), error_model(), draws=1, sources=()).agb_t[0, 0] == pytest.approx(0.005)


def test_weights_scale_and_zero_weight_is_nothing():
    trees = forest(20, groups=1)
    heavy = forest(20, groups=1, weight=np.full(20, 3.0))
    model = error_model()
    assert monte_carlo(heavy, model, draws=50).agb_t == pytest.approx(3 * monte_carlo(trees, model, draws=50).agb_t)
    assert not monte_carlo(forest(20, weight=np.zeros(20)), model, draws=5).agb_t.any()


def test_no_trees_give_zero():
    none = TreeMatch((chave(),), np.zeros(0, np.intp), np.zeros(0, bool))
    empty = Trees(np.zeros(0), none, np.zeros(0), None, np.zeros(0), groups=2)
    assert monte_carlo(empty, error_model(), draws=10).carbon_t.tolist() == np.zeros((2, 10)).tolist()


@settings(max_examples=20, deadline=None)
@given(st.sets(st.sampled_from(SOURCES)), st.integers(0, 2**40))
def test_any_set_of_sources_keeps_sizes_positive(sources, seed):
    draws = monte_carlo(forest(10), error_model(0.05, 0.01), draws=20, seed=seed, sources=sources)
    assert (draws.agb_t > 0).all()
    assert np.isfinite(draws.carbon_t).all()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"height_m": None}, "uncertainty.size_missing"),
        ({"dbh_cm": np.array([10.0, np.nan, 12.0])}, "uncertainty.not_positive"),
        ({"dbh_cm": np.array([10.0, 0.0, 12.0])}, "uncertainty.not_positive"),
        ({"weight": np.array([1.0, -1.0, 1.0])}, "uncertainty.negative"),
        ({"height_sd_m": np.array([1.0, 2.0])}, "uncertainty.wrong_length"),
        ({"group": np.array([0, 1, 4])}, "uncertainty.no_such_group"),
    ],
)
def test_bad_trees_are_refused(change, code):
    with pytest.raises(DomainError) as error:
        forest(3, groups=4, **change)
    assert error.value.code == code


def test_bad_orders_are_refused():
    trees = forest(3)
    for options in ({"draws": 0}, {"sources": ("weather",)}, {"occasion": -1}):
        with pytest.raises(DomainError):
            monte_carlo(trees, error_model(), **options)
    terms = (Term(0.0, 1.0),)
    negative = forest(3, equation=Equation("x", "agb", "", terms, covariance=np.diag([1.0, -1.0, 1, 1, 1])))
    with pytest.raises(DomainError, match="covariance"):
        monte_carlo(negative, error_model(), draws=5)
    several = forest(3, equation=Equation("x", "agb", "", terms * 2, covariance=np.eye(5)))
    with pytest.raises(DomainError, match="sum of terms"):
        monte_carlo(several, error_model(), draws=5)
