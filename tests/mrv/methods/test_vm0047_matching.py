"""Controls and benchmark of ``verra/vm0047`` against SciPy, brute force and landscapes whose truth is known."""

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from tanhui.kernel.errors import DomainError
from tanhui.mrv.methods import method
from tanhui.mrv.methods.verra.vm0047 import rules
from tanhui.mrv.methods.verra.vm0047.benchmark import compare_trends, performance_benchmark, weighted_trend
from tanhui.mrv.methods.verra.vm0047.inputs import Benchmark
from tanhui.mrv.methods.verra.vm0047.matching import (
    Plots,
    control_weights,
    find_controls,
    match_controls,
    project_plots,
    replace_controls,
    standardised_differences,
)

LIMITS = {"least_z": 1.96, "most_p": 0.05}


def plots(covariates, prefix, xy=None, kinds=None):
    x = np.asarray(covariates, float).reshape(len(covariates), -1)
    return Plots(np.array([f"{prefix}{i:05d}" for i in range(len(x))]), x, xy, kinds)


def drawn(n, m, p, seed, step=None):
    """Project plots and donors; ``step`` makes values coarse, so that many are equally near."""
    random = np.random.default_rng(seed)
    tables = [random.normal(size=(size, p)) for size in (n, m)]
    if step:
        tables = [np.round(x / step) * step for x in tables]
    return plots(tables[0], "p"), plots(tables[1], "d")


def matrix(match, project, donors, radius_km=np.inf):
    """All distances, and none where a donor may not be a control."""
    away = cdist(project.covariates @ match.scale, donors.covariates @ match.scale)
    if project.xy_km is not None:
        away[cdist(project.xy_km, donors.xy_km) > radius_km] = 1e6
    if project.kinds is not None:
        away[project.kinds[:, None] != donors.kinds[None]] = 1e6
    return away


def least_sum(away, k):
    dear = np.repeat(away, k, axis=0)
    rows, columns = linear_sum_assignment(dear)
    return dear[rows, columns].sum()


# The choice of controls


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 14), st.integers(1, 4), st.integers(0, 60), st.integers(0, 10**6), st.sampled_from([None, 0.5, 1.0])
)
def test_the_optimal_choice_is_that_of_scipy(n, k, more, seed, step):
    project, donors = drawn(n, n * k + more, 2, seed, step)
    match = match_controls(project, donors, k, metric="euclidean")
    away = matrix(match, project, donors)
    assert len(set(match.rows.ravel().tolist())) == n * k
    assert match.distances == pytest.approx(np.take_along_axis(away, match.rows, axis=1))
    assert match.distances.sum() == pytest.approx(least_sum(away, k), abs=1e-9)


def test_crowded_plots_compete_for_the_same_donors():
    """All project plots lie at one edge of the donors, and want nine tenths of them."""
    project, donors = drawn(60, 200, 3, 5)
    project = plots(project.covariates * 0.1 - 3, "p")
    match = match_controls(project, donors, 3)
    assert match.distances.sum() == pytest.approx(least_sum(matrix(match, project, donors), 3))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 3), st.integers(0, 10**6))
def test_radius_and_kinds_bind(n, k, seed):
    random = np.random.default_rng(seed)
    xy, donor_xy = random.uniform(0, 100, (n, 2)), random.uniform(0, 100, (150, 2))
    kinds, donor_kinds = random.choice(["public", "private"], n), random.choice(["public", "private"], 150)
    project = plots(random.normal(size=(n, 2)), "p", xy, kinds)
    donors = plots(random.normal(size=(150, 2)), "d", donor_xy, donor_kinds)
    away = matrix(match_controls(project, donors, 1), project, donors, 45.0)
    if least_sum(away, k) >= 1e6:
        with pytest.raises(DomainError, match="control plots are wanted"):
            match_controls(project, donors, k, radius_km=45.0)
        return
    match = match_controls(project, donors, k, radius_km=45.0)
    apart = np.linalg.norm(xy[:, None] - donor_xy[match.rows], axis=2)
    assert (apart <= 45).all()
    assert (donor_kinds[match.rows] == kinds[:, None]).all()
    away = matrix(match, project, donors, 45.0)
    assert match.distances.sum() == pytest.approx(least_sum(away, k))


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 10), st.integers(1, 3), st.integers(0, 40), st.integers(0, 10**6))
def test_the_nearest_choice_takes_pairs_by_distance(n, k, more, seed):
    project, donors = drawn(n, n * k + more, 2, seed)
    match = match_controls(project, donors, k, metric="euclidean", choice="nearest")
    away, left, taken = cdist(project.covariates, donors.covariates), [k] * n, set()
    wanted = np.zeros(n)
    for pair in np.argsort(away, axis=None, kind="stable"):
        i, j = divmod(int(pair), away.shape[1])
        if left[i] and j not in taken:
            left[i] -= 1
            taken.add(j)
            wanted[i] += away[i, j]
    assert set(match.rows.ravel().tolist()) == taken
    assert match.distances.sum(axis=1) == pytest.approx(wanted)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["optimal", "nearest"]), st.sampled_from([None, 1.0]), st.integers(0, 10**6), st.integers(0, 10**6)
)
def test_the_order_of_rows_changes_nothing(choice, step, seed, shuffle):
    project, donors = drawn(12, 80, 2, seed, step)
    random = np.random.default_rng(shuffle)
    of_project, of_donors = random.permutation(12), random.permutation(80)
    first = match_controls(project, donors, 2, choice=choice)
    other = match_controls(project.take(of_project), donors.take(of_donors), 2, choice=choice)
    assert (first.rows[of_project] == of_donors[other.rows]).all()
    # To the last bit.
    assert (first.distances[of_project] == other.distances).all()


def test_distance_is_that_of_mahalanobis_within_both_groups():
    project, donors = drawn(9, 50, 3, 1)
    shifted = plots(project.covariates + np.array([5, 0, 0]), "p")
    match = match_controls(shifted, donors, 2)
    parts = [(len(x) - 1) * np.cov(x.covariates, rowvar=False) for x in (shifted, donors)]
    inverse = np.linalg.inv(sum(parts) / (9 + 50 - 2))
    away = cdist(shifted.covariates, donors.covariates, "mahalanobis", VI=inverse)
    assert match.distances == pytest.approx(np.take_along_axis(away, match.rows, axis=1))
    assert (np.diff(match.distances, axis=1) >= 0).all()


@given(st.floats(0.1, 10), st.integers(0, 1000))
def test_units_of_a_covariate_do_not_change_a_mahalanobis_match(factor, seed):
    project, donors = drawn(6, 40, 2, seed)
    scaled = [Plots(x.ids, x.covariates * [factor, 1]) for x in (project, donors)]
    assert (match_controls(*scaled, 2).rows == match_controls(project, donors, 2).rows).all()


def test_weights_by_hand():
    """exp(-1), exp(-2): e / (1 + e) = 0.731059 for the nearer; the same far away, where both underflow."""
    assert control_weights([[1, 2]])[0] == pytest.approx([0.731059, 0.268941], abs=5e-7)
    assert control_weights([[1001, 1002]])[0] == pytest.approx([0.731059, 0.268941], abs=5e-7)
    assert control_weights([[3, 3, 3, 3]])[0] == pytest.approx([0.25] * 4)


def test_difference_of_means_by_hand():
    """Project 1, 3 (mean 2, variance 2); controls 2, 4 (mean 3, variance 2): 1 / root of 2 = 0.707107."""
    found = standardised_differences([[1], [3]], [[[2]], [[4]]], [[1], [1]])
    assert found == pytest.approx([1 / math.sqrt(2)])


@given(st.integers(2, 20), st.integers(1, 5), st.integers(0, 10**6))
def test_difference_of_means_against_numpy(n, k, seed):
    random = np.random.default_rng(seed)
    own, other = random.normal(size=(n, 2)), random.normal(size=(n, k, 2))
    weights = control_weights(random.uniform(0, 3, (n, k)))
    spread = np.diag(np.cov(other.reshape(-1, 2), rowvar=False, aweights=weights.ravel()))
    means = np.array([np.average(x, axis=0, weights=w) for x, w in zip(other, weights, strict=True)]).mean(axis=0)
    wanted = np.abs(own.mean(axis=0) - means) / np.sqrt((own.var(axis=0, ddof=1) + spread) / 2)
    assert standardised_differences(own, other, weights) == pytest.approx(wanted)


def test_what_does_not_vary():
    assert standardised_differences([[1], [1]], [[[1]], [[1]]], [[1], [1]]) == pytest.approx([0])
    assert standardised_differences([[1], [1]], [[[2]], [[2]]], [[1], [1]])[0] == math.inf


def test_the_pool_is_widened_and_then_k_lowered():
    """Within 100 km all donors are too green; within 200 km three of them are like the three project plots."""
    project = plots([[0.0, 0.1], [0.5, 0.4], [1.0, 1.1]], "p", np.zeros((3, 2)))
    near = [[5.0, 5.1], [5.5, 5.4], [6.0, 6.1], [5.2, 5.0], [5.7, 5.2], [6.1, 6.0]]
    far = [[0.02, 0.11], [0.51, 0.42], [1.02, 1.09]]
    xy = np.array([[50.0, 0]] * 6 + [[150.0, 0]] * 3)
    donors = plots(near + far, "d", xy)
    found = find_controls(project, donors, 2, most_difference=0.25, radius_km=100.0, step_km=100.0, metric="euclidean")
    assert [(x.k, x.radius_km) for x in found.attempts] == [(2, 100.0), (2, 200.0), (1, 100.0), (1, 200.0)]
    assert [max(x.differences) <= 0.25 for x in found.attempts] == [False, False, False, True]
    assert found.match.rows.ravel().tolist() == [6, 7, 8]
    with pytest.raises(DomainError) as refusal:
        find_controls(project, donors.take(range(6)), 2, most_difference=0.25, radius_km=100.0, step_km=100.0)
    assert refusal.value.code == "vm0047.no_valid_match"


def test_too_few_donors_within_the_radius_is_a_try_like_any_other():
    project = plots([[0.0], [1.0]], "p", np.zeros((2, 2)))
    donors = plots([[0.0], [1.0]], "d", np.array([[50.0, 0], [150.0, 0]]))
    found = find_controls(project, donors, 1, most_difference=0.25, radius_km=100.0, step_km=100.0)
    assert [x.differences == () for x in found.attempts] == [True, False]


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 10), st.integers(1, 4), st.integers(0, 10**6))
def test_replacing_keeps_what_is_valid_and_takes_the_best_of_the_rest(n, k, seed):
    project, donors = drawn(n, n * k + 40, 2, seed)
    before = match_controls(project, donors, k)
    random = np.random.default_rng(seed)
    invalid = random.random(len(donors)) < 0.2
    after = replace_controls(before, project, donors, invalid)
    assert not invalid[after.rows].any()
    assert len(set(after.rows.ravel().tolist())) == n * k
    for old, new in zip(before.rows, after.rows, strict=True):
        assert set(old[~invalid[old]].tolist()) <= set(new.tolist())
    away = matrix(before, project, donors)
    assert after.distances == pytest.approx(np.take_along_axis(away, after.rows, axis=1))
    free = ~invalid
    free[before.rows.ravel()] = False
    places = np.repeat(np.arange(n), invalid[before.rows].sum(axis=1))
    kept = away[np.arange(n)[:, None], before.rows][~invalid[before.rows]].sum()
    assert after.distances.sum() == pytest.approx(kept + least_sum(away[places][:, free], 1))
    nothing = replace_controls(before, project, donors, np.zeros(len(donors), bool))
    assert (nothing.rows == before.rows).all()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda p, d: (p, d.take(range(5)), 2), "vm0047.too_few_donors"),
        (lambda p, d: (p, d, 0), "vm0047.nothing_to_match"),
        (lambda p, d: (p.take([]), d, 1), "vm0047.nothing_to_match"),
        (lambda p, d: (p.take([0, 0]), d, 1), "vm0047.plot_twice"),
        (lambda p, d: (Plots(p.ids, p.covariates * np.nan), d, 1), "vm0047.covariate_missing"),
        (lambda p, d: (Plots(p.ids, p.covariates[:, :1]), d, 1), "vm0047.columns_differ"),
        (lambda p, d: (Plots(p.ids, p.covariates, np.zeros((3, 2))), d, 1), "vm0047.columns_differ"),
        (lambda p, d: (Plots(p.ids, p.covariates * 0), Plots(d.ids, d.covariates * 0), 1), "vm0047.covariates_alike"),
        (
            lambda p, d: (*(Plots(x.ids, x.covariates[:, [0, 0]]) for x in (p, d)), 1),
            "vm0047.covariates_alike",
        ),
    ],
)
@pytest.mark.parametrize("choice", ["optimal", "nearest"])
def test_refusals(change, code, choice):
    project, donors, k = change(*drawn(3, 20, 2, 0))
    with pytest.raises(DomainError) as refusal:
        match_controls(project, donors, k, choice=choice)
    assert refusal.value.code == code
    assert refusal.value.text("zh")


# Slopes and benchmark


@given(st.integers(3, 40), st.integers(0, 10**6))
def test_trend_against_polyfit(n, seed):
    random = np.random.default_rng(seed)
    years, index, weights = random.integers(0, 6, n) * 1.0, random.normal(size=n), random.uniform(0.1, 2, n)
    years[:2] = 0, 5
    slope, covariance = np.polyfit(years, index, 1, w=np.sqrt(weights), cov="unscaled")
    left = index - np.polyval(slope, years)
    found = weighted_trend(years, index, weights)
    assert found.slope == pytest.approx(slope[0], abs=1e-9)
    wanted = math.sqrt((weights * left**2).sum() / (n - 2) * covariance[0, 0])
    assert found.se == pytest.approx(wanted, rel=1e-6, abs=1e-9)


@given(st.integers(3, 40), st.floats(0.01, 100), st.integers(0, 10**6))
def test_trend_is_equation_a5_as_printed_and_knows_no_factor_of_weights(n, factor, seed):
    random = np.random.default_rng(seed)
    t, y, w = random.integers(0, 6, n) * 1.0, random.normal(size=n), random.uniform(0.1, 2, n)
    t[:2] = 0, 5
    upper = (w * t * y).sum() - (w * t).sum() * (w * y).sum() / w.sum()
    lower = (w * t**2).sum() - (w * t).sum() ** 2 / w.sum()
    found, scaled = weighted_trend(t, y, w), weighted_trend(t, y, w * factor)
    assert found.slope == pytest.approx(upper / lower, abs=1e-9)
    assert (scaled.slope, scaled.se) == pytest.approx((found.slope, found.se), rel=1e-6)


def test_p_value_of_a_textbook_regression():
    """y = 1 3 2 5 at 0 1 2 3: slope 1.1, residual squares 2.7, SE = root of 2.7/2/5 = 0.519615."""
    found = weighted_trend([0, 1, 2, 3], [1, 3, 2, 5], [1, 1, 1, 1])
    assert (found.slope, found.se) == pytest.approx((1.1, math.sqrt(0.27)))
    # Two degrees of freedom have a closed form: P = 1 - t / root of (2 + t^2).
    t = 1.1 / math.sqrt(0.27)
    assert found.p_value == pytest.approx(1 - t / math.sqrt(2 + t * t))


def landscape(random, n, k, years, own_slope, control_slope, noise, plot_noise=0.05, slope_noise=0.0):
    """Stocking index of project plots and controls that grow at known rates, with noise of each value."""
    t = np.arange(years, dtype=float)

    def grown(shape, slope):
        start = 0.3 + plot_noise * random.normal(size=shape)
        own = slope + slope_noise * random.normal(size=shape)
        return start[..., None] + own[..., None] * t + noise * random.normal(size=(*shape, years))

    weights = control_weights(random.uniform(0, 1, (n, k)))
    return t, grown((n,), own_slope), grown((n, k), control_slope), weights


def test_a_planted_forest_gives_back_its_benchmark():
    """0.05 a year against 0.01: PB is 0.2, and its own error by the delta method holds it nine times in ten."""
    random, inside, found = np.random.default_rng(7), 0, []
    for _ in range(300):
        comparison = compare_trends(*landscape(random, 40, 3, 6, 0.05, 0.01, 0.04), fewest=30)
        pb = performance_benchmark(comparison, **LIMITS)
        s, c = comparison.project, comparison.control
        se = abs(pb) * math.hypot(s.se / s.slope, c.se / c.slope)
        inside += abs(pb - 0.2) <= 1.645 * se
        found.append(pb)
    assert np.mean(found) == pytest.approx(0.2, abs=0.01)
    # Plots keep their level from year to year, which these errors count as noise: they are too large rather than small.
    assert inside / 300 >= 0.87


def test_a_null_project_has_benchmark_one_in_95_of_100_draws():
    """Independent values: |Z| stays below 1.96 in 95 % of draws, within three standard errors of 1000 draws (2.1 %)."""
    random = np.random.default_rng(11)
    ones = 0
    for _ in range(1000):
        drawn_ = landscape(random, 30, 2, 5, 0.03, 0.03, 0.04, plot_noise=0.0)
        ones += performance_benchmark(compare_trends(*drawn_, fewest=30), **LIMITS) == 1
    assert ones / 1000 == pytest.approx(0.95, abs=0.021)


def test_the_clustered_test_holds_its_level_where_plots_differ_in_growth():
    """Each plot has a slope of its own: values are not independent, and the rule's test finds too many differences."""
    random = np.random.default_rng(3)
    plain = clustered = 0
    for _ in range(400):
        drawn_ = landscape(random, 60, 1, 6, 0.03, 0.03, 0.01, plot_noise=0.0, slope_noise=0.02)
        comparison = compare_trends(*drawn_, fewest=30)
        plain += abs(comparison.z) >= 1.96
        clustered += abs(comparison.z_clustered) >= 1.96
    assert plain / 400 > 0.10
    assert clustered / 400 == pytest.approx(0.05, abs=0.033)


def test_from_pixels_to_benchmark():
    """Donors of which only some are like the project: matching finds them, and the benchmark is that of their kind."""
    random = np.random.default_rng(5)
    n, m, k = 40, 4000, 3
    green = np.concatenate([random.normal(0.25, 0.05, n), random.uniform(0.1, 0.9, m)])
    past = green[:, None] + random.normal(0, 0.01, (n + m, 3))
    project, donors = plots(past[:n], "p"), plots(past[n:], "d")
    match = find_controls(project, donors, k, most_difference=0.25).match
    t = np.arange(6.0)
    # Bare land regrows slowly, green land not at all; the project adds 0.04 a year.
    natural = np.where(green < 0.4, 0.01, 0.0)
    index = green[:, None] + natural[:, None] * t + random.normal(0, 0.01, (n + m, 6))
    own, control = index[:n] + 0.04 * t, index[n:][match.rows]
    comparison = compare_trends(t, own, control, control_weights(match.distances), fewest=30)
    assert performance_benchmark(comparison, **LIMITS) == pytest.approx(0.01 / 0.05, abs=0.03)
    # The same from the inputs of a claim.
    sets = project_plots(match, project, donors, t, index[:n] + 0.04 * t, index[n:])
    inputs = Benchmark("canopy", (-9, -5, 0), sets, 1.0, 1.0, 1.0, 1.0)
    here = {"day": date(2026, 3, 1), "p": method("verra/vm0047").parameters}
    assert rules.comparison(inputs, **here).z == pytest.approx(comparison.z)
    assert max(rules.covariate_differences(inputs, **here)) <= 0.25
    # Without matching the donors say that nothing grows.
    everyone = weighted_trend(np.tile(t, m), index[n:].ravel(), np.ones(m * 6))
    assert everyone.slope < 0.006


def test_incomplete_sets_are_left_out_of_their_year_only():
    t, own, control, weights = landscape(np.random.default_rng(2), 33, 2, 4, 0.05, 0.01, 0.02)
    own[0, 1], control[1, 0, 2] = np.nan, np.nan
    found = compare_trends(t, own, control, weights, fewest=30)
    assert found.sets == (33, 32, 32, 33)
    assert found.project.observations == 130
    assert found.control.observations == 260
    kept = np.isfinite(own)
    kept[1, 2] = False
    at = np.broadcast_to(t, own.shape)
    assert found.project.slope == pytest.approx(np.polyfit(at[kept], own[kept], 1)[0])


def test_a_year_needs_its_sets():
    t, own, control, weights = landscape(np.random.default_rng(2), 30, 1, 4, 0.05, 0.01, 0.02)
    cloudy = own.copy()
    cloudy[0, 2] = np.nan
    found = compare_trends(t, cloudy, control, weights, fewest=30)
    assert found.years == (0, 1, 3)
    for year in (0, 3):
        cloudy = own.copy()
        cloudy[0, year] = np.nan
        assert compare_trends(t, cloudy, control, weights, fewest=30) is None
    assert compare_trends(t[:1], own[:, :1], control[:, :, :1], weights, fewest=30) is None
    assert performance_benchmark(None, **LIMITS) == 1


@pytest.mark.parametrize(
    ("own", "control", "benchmark"),
    [
        (0.05, 0.01, 0.2), (0.05, 0.0, 0.0), (0.05, -0.01, 0.0), (0.01, 0.05, 5.0), (-0.02, 0.01, 1.0),
        (-0.02, -0.05, 1.0), (0.0, 0.0, 1.0), (0.02, 0.02, 1.0),
    ],
)  # fmt: skip
def test_cases_of_equation_a8(own, control, benchmark):
    """Exact lines: slopes are certain."""
    t = np.arange(4.0)
    lines = [0.2 + slope * t for slope in (own, control)]
    found = compare_trends(t, np.tile(lines[0], (30, 1)), np.tile(lines[1], (30, 1, 1)), np.ones((30, 1)), fewest=30)
    assert performance_benchmark(found, **LIMITS) == pytest.approx(benchmark, abs=1e-9)


def test_an_insignificant_slope_of_controls_is_none():
    random = np.random.default_rng(1)
    t, own, control, weights = landscape(random, 30, 1, 3, 0.10, 0.0, 0.0, plot_noise=0.0)
    control += np.where(np.arange(30)[:, None, None] % 2, 0.001, -0.001) * t
    control += 0.00002 * t
    found = compare_trends(t, own, control, weights, fewest=30)
    assert found.control.slope > 0
    assert found.control.p_value > 0.05
    assert performance_benchmark(found, **LIMITS) == 0


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_order_of_plots_and_the_unit_of_the_index_do_not_matter(seed, shuffle):
    t, own, control, weights = landscape(np.random.default_rng(seed), 31, 2, 4, 0.05, 0.02, 0.02)
    order = np.random.default_rng(shuffle).permutation(31)
    found = compare_trends(t, own, control, weights, fewest=30)
    moved = compare_trends(t, 3 * own[order] + 1, 3 * control[order] + 1, weights[order], fewest=30)
    assert (moved.z, moved.z_clustered) == pytest.approx((found.z, found.z_clustered))
    assert performance_benchmark(moved, **LIMITS) == pytest.approx(performance_benchmark(found, **LIMITS))
