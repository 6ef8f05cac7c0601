"""Model-assisted estimators: another implementation's numbers, formulas written out, and laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling import (
    Auxiliaries,
    Layout,
    PlotRange,
    Prices,
    SampleEstimate,
    cost_of_precision,
    difference,
    fit_linear,
    greg,
    post_stratified,
    refuse_outside_auxiliaries,
    regression,
    relative_efficiency,
    small_area,
    stratified,
)
from tanhui.mrv.sampling.linear import Units

Y = np.array([112.0, 85, 143, 60, 171, 98, 205, 77, 131, 156, 42, 188, 121, 93, 167, 69])
HEIGHT = [14.2, 11.8, 16.1, 9.5, 19.8, 12.9, 22.4, 10.1, 15.9, 17.2, 7.6, 20.9, 13.8, 13.1, 17.7, 10.8]
COVER = [0.71, 0.62, 0.84, 0.41, 0.88, 0.66, 0.93, 0.58, 0.69, 0.86, 0.35, 0.90, 0.79, 0.55, 0.81, 0.47]
Z = np.column_stack([HEIGHT, COVER])
STRATUM = list("aaabbababbabaabb")
CLUSTER = [1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 5, 5, 6, 6, 6, 7]
KNOWN = Auxiliaries.known([15.0, 0.7])


# R package survey 4.1-1: svydesign, calibrate(~h + c) to the known means, svymean.


def test_greg_is_that_of_survey():
    found = greg(Y, Z, KNOWN, selection="random", covariance="hc0")
    assert found.value == pytest.approx(123.855700708, abs=1e-9)
    assert found.variance * 16 / 15 == pytest.approx(1.64824386638, abs=1e-10)  # survey adds n / (n - 1).
    assert found.weights[:4] == pytest.approx([0.058862409995, 0.0550166441427, 0.05688813506, 0.0619027167733])
    assert (found.df, found.n) == (13, 16)


def test_greg_in_strata_is_that_of_survey():
    layout = Layout.of(STRATUM, {"a": 0.6, "b": 0.4})
    found = greg(Y, Z, KNOWN, selection="stratified_random", layout=layout, covariance="hc0")
    assert found.value == pytest.approx(123.578767259, abs=1e-9)
    assert found.variance == pytest.approx(1.57439718126, abs=1e-10)
    assert found.df == 16 - 3 - 1


def test_clusters_are_those_of_survey():
    units = Units.of(Y[:, None], None, CLUSTER)
    assert units.mean()[0] == pytest.approx(119.875)
    assert units.covariance()[0, 0] == pytest.approx(26.8843180339, abs=1e-9)


@pytest.mark.parametrize(
    ("kind", "variance"), [("hc0", 0.805572718803), ("hc2", 1.15177921269), ("hc3", 1.72416978156)]
)
def test_clusters_of_unequal_size_are_a_weighted_regression_of_their_means(kind, variance):
    # R: lm(weights = M) on cluster means, sandwich 3.0-2 vcovHC.
    found = greg(Y, Z, KNOWN, selection="random", cluster=CLUSTER, covariance=kind)
    assert found.value == pytest.approx(124.550571299, abs=1e-9)
    assert found.variance == pytest.approx(variance, rel=1e-10)
    assert found.n == 16
    assert found.df == 4 if kind == "hc0" else found.df <= 4
    assert found.weights @ Z == pytest.approx([15.0, 0.7])


def test_two_phases_as_mandallaz_writes_them():
    second = slice(0, 9)
    z1 = np.column_stack([np.ones(16), Z])
    z2, y2 = z1[second], Y[second]
    a_inv = np.linalg.inv(z2.T @ z2 / 9)
    beta = a_inv @ z2.T @ y2 / 9
    r = y2 - z2 @ beta
    cov_beta = a_inv @ (z2.T @ np.diag(r**2) @ z2 / 81) @ a_inv
    mean = z1.mean(axis=0)
    cov_z = (z1 - mean).T @ (z1 - mean) / (16 * 15)
    found = greg(Y[second], Z[second], Auxiliaries.sampled(Z), selection="random", covariance="hc0")
    assert found.value == pytest.approx(mean @ beta)
    assert found.variance == pytest.approx(mean @ cov_beta @ mean + beta @ cov_z @ beta)
    assert set(found.sources) == {"residuals", "auxiliaries"}
    external = difference(Y[second], z2 @ beta, z1 @ beta, selection="random")
    assert external.value == pytest.approx(mean @ beta)
    assert external.variance == pytest.approx(y2.var(ddof=1) / 16 + (1 - 9 / 16) * r.var(ddof=1) / 9)


def test_two_phases_of_clusters_as_mandallaz_writes_them():
    size = np.bincount(CLUSTER)[1:].astype(float)
    at = np.array(CLUSTER) - 1
    mean_of = lambda v: np.bincount(at, v) / size  # noqa: E731
    zc = np.column_stack([np.ones(7), mean_of(Z[:, 0]), mean_of(Z[:, 1])])
    yc, first = mean_of(Y), Auxiliaries.sampled(Z, cluster=CLUSTER)
    zbar = size @ zc / size.sum()
    off = (size / size.mean())[:, None] * (zc - zbar)
    assert first.mean == pytest.approx(zbar)
    assert first.covariance == pytest.approx(off.T @ off / (7 * 6))
    m = size[:5]
    a_inv = np.linalg.inv(zc[:5].T @ (m[:, None] * zc[:5]) / 5)
    beta = a_inv @ zc[:5].T @ (m * yc[:5]) / 5
    r = yc[:5] - zc[:5] @ beta
    cov = a_inv @ (zc[:5].T @ np.diag(m**2 * r**2) @ zc[:5] / 25) @ a_inv
    two = np.array(CLUSTER) <= 5
    found = greg(Y[two], Z[two], first, selection="random", cluster=np.array(CLUSTER)[two], covariance="hc0")
    assert found.value == pytest.approx(zbar @ beta)
    assert found.variance == pytest.approx(zbar @ cov @ zbar + beta @ first.covariance @ beta)


# What the estimators become in simple cases


def test_one_auxiliary_is_the_regression_estimator():
    old = regression(Y, Z[:, 0], Layout.simple(16), {"all": 15.0})
    found = greg(Y, Z[:, 0], Auxiliaries.known(15.0), selection="random", covariance="ols")
    assert found.value == pytest.approx(old.value)
    # ``regression`` leaves out the error of the slope: s^2 / n against s^2 [1/n + (15 - mean)^2 / Sxx].
    slope = (15.0 - Z[:, 0].mean()) ** 2 / ((Z[:, 0] - Z[:, 0].mean()) ** 2).sum()
    assert found.variance == pytest.approx(old.variance * (1 + 16 * slope))


def test_post_strata_are_indicators():
    old = post_stratified(Y, Layout.of(STRATUM, {"a": 60, "b": 40}))
    inside = (np.array(STRATUM) == "b").astype(float)
    assert greg(Y, inside, Auxiliaries.known(0.4), selection="random").value == pytest.approx(old.value)


@pytest.mark.parametrize("kind", ["hc2", "jackknife"])
def test_groups_are_the_variance_of_groups(kind):
    """Two groups of equal size: hc2 is sum W^2 s^2 / n, the jackknife that times (n - 1) / n over (n_h - 1) / n_h."""
    y, z = Y, np.repeat([0.0, 1.0], 8)
    found = greg(y, z, Auxiliaries.known(0.5), selection="random", covariance=kind)
    plain = stratified(y, Layout.of(["a"] * 8 + ["b"] * 8, {"a": 1, "b": 1}))
    assert found.value == pytest.approx(plain.value)
    factor = 1.0 if kind == "hc2" else (15 / 16) * (8 / 7)
    assert found.variance == pytest.approx(plain.variance * factor)


def test_a_model_that_predicts_nothing_is_the_plain_mean():
    plain, found = stratified(Y, Layout.simple(16)), difference(Y, np.zeros(16), 0.0, selection="random")
    assert (found.value, found.variance, found.df) == pytest.approx((plain.value, plain.variance, plain.df))
    layout = Layout.of(STRATUM, {"a": 0.6, "b": 0.4})
    plain, found = stratified(Y, layout), difference(Y, np.zeros(16), 0.0, selection="random", layout=layout)
    assert (found.value, found.variance, found.df) == pytest.approx((plain.value, plain.variance, plain.df))


def test_a_first_phase_that_is_the_sample_is_the_plain_mean():
    plain = stratified(Y, Layout.simple(16))
    guess = 8.0 * Z[:, 0]
    found = difference(Y, guess, guess, selection="random")
    assert (found.value, found.variance) == pytest.approx((plain.value, plain.variance))


def test_everything_known_of_a_first_phase_is_a_census():
    part = Auxiliaries.partly_known(Z, [0, 1], [15.0, 0.7])
    assert part.mean == pytest.approx(KNOWN.mean)
    assert part.covariance == pytest.approx(np.zeros((3, 3)), abs=1e-18)
    some = Auxiliaries.partly_known(Z, [0], [15.0])
    assert some.mean[1] == pytest.approx(15.0)
    whole = Auxiliaries.sampled(Z)
    assert some.covariance[1, 1] == pytest.approx(0, abs=1e-18)
    assert 0 < some.covariance[2, 2] < whole.covariance[2, 2]


@given(st.lists(st.floats(-100, 100), min_size=16, max_size=16), st.floats(5, 25), st.floats(0.2, 1.0))
def test_weights_are_calibrated_and_serve_any_variable(y, height, cover):
    area = Auxiliaries.known([height, cover])
    found = greg(np.column_stack([Y, y]), Z, area, selection="random")
    assert found.weights.sum() == pytest.approx(1)
    assert found.weights @ Z == pytest.approx([height, cover])
    assert found.weights @ np.array(y) == pytest.approx(found.value[1], abs=1e-8)
    alone = greg(y, Z, area, selection="random")
    assert (alone.value, alone.variance) == pytest.approx((found.value[1], found.variance[1]), abs=1e-8)


@given(st.floats(-50, 50), st.floats(-10, 10), st.floats(-100, 100))
def test_a_linear_forest_has_no_error(intercept, by_height, by_cover):
    y = intercept + Z @ [by_height, by_cover]
    found = greg(y, Z, KNOWN, selection="random")
    assert found.value == pytest.approx(intercept + 15 * by_height + 0.7 * by_cover, abs=1e-7)
    assert found.variance == pytest.approx(0, abs=1e-12)


def test_sampled_share_narrows_the_interval():
    free = greg(Y, Z, KNOWN, selection="random", layout=Layout.of(STRATUM, {"a": 0.6, "b": 0.4}))
    half = Layout.of(STRATUM, {"a": 0.6, "b": 0.4}, population={"a": 16, "b": 16})
    assert greg(Y, Z, KNOWN, selection="random", layout=half).variance == pytest.approx(free.variance / 2)


def test_few_plots_that_carry_the_variance_leave_few_degrees_of_freedom():
    group = np.repeat([0.0, 1.0], 10)
    even = np.tile([-1.0, 1.0], 10)
    half = Auxiliaries.known(0.5)
    assert greg(even, group, half, selection="random").df == 18
    lone = even * 0.01
    lone[[0, 1]] = -10.0, 10.0
    # Two of 20 carry it all: kurtosis 20 / 2 = 10, so 2 * 20 / 9 = 4.4.
    assert greg(lone, group, half, selection="random").df == 4
    assert greg(lone, group, half, selection="random", covariance="hc0").df == 18


# Small areas

INSIDE = np.array([1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0], bool)


@pytest.mark.parametrize("method", ["synthetic", "residual", "extended"])
def test_weights_of_small_areas_serve_any_variable(method):
    found = small_area(np.column_stack([Y, Y**2]), Z, INSIDE, KNOWN, selection="random", method=method)
    assert found.weights @ np.column_stack([Y, Y**2]) == pytest.approx(found.value)
    assert found.weights @ Z == pytest.approx([15.0, 0.7])
    assert found.weights.sum() == pytest.approx(1)


def test_small_areas_as_mandallaz_writes_them():
    fit = fit_linear(Y, Z, covariance="hc0")
    options = {"selection": "random", "covariance": "hc0"}
    synthetic = small_area(Y, Z, INSIDE, KNOWN, method="synthetic", **options)
    assert synthetic.value == pytest.approx(float(KNOWN.mean @ fit.beta[:, 0]))
    r = (Y - fit.predict(Z)[:, 0])[INSIDE]
    residual = small_area(Y, Z, INSIDE, KNOWN, method="residual", **options)
    assert residual.value == pytest.approx(synthetic.value + r.mean())
    assert residual.variance == pytest.approx(synthetic.variance + r.var(ddof=1) / 5)
    assert residual.df == 4
    extended = small_area(Y, Z, INSIDE, KNOWN, **options)
    wide = greg(Y, np.column_stack([Z, INSIDE]), Auxiliaries.known([15.0, 0.7, 1.0]), **options)
    assert (extended.value, extended.variance) == pytest.approx((wide.value, wide.variance))
    own = fit_linear(Y, np.column_stack([Z, INSIDE]))
    assert own.residuals[INSIDE, 0].sum() == pytest.approx(0, abs=1e-9)


def test_pseudo_synthetic_adds_the_first_phase_of_the_part():
    flown = Auxiliaries.sampled(np.vstack([Z[INSIDE], Z[:4] + np.array([1.0, 0.02])]))
    exact = small_area(Y, Z, INSIDE, Auxiliaries.known(flown.mean[1:]), selection="random")
    found = small_area(Y, Z, INSIDE, flown, selection="random")
    assert found.value == pytest.approx(exact.value)
    beta = fit_linear(Y, np.column_stack([Z, INSIDE])).beta[:3, 0]
    assert found.variance == pytest.approx(exact.variance + beta @ flown.covariance @ beta)


# Refusals


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("sampling.not_a_probability_sample", lambda: greg(Y, Z, KNOWN, selection="purposive")),
        ("sampling.not_a_probability_sample", lambda: difference(Y, Y, 1.0, selection="opportunistic")),
        ("sampling.not_a_probability_sample", lambda: small_area(Y, Z, INSIDE, KNOWN, selection="unknown")),
        ("sampling.plots_outside_auxiliaries", lambda: greg(Y, np.where(Z > 22, np.nan, Z), KNOWN, selection="random")),
        ("sampling.no_plot_on_auxiliaries", lambda: greg(Y, Z * np.nan, KNOWN, selection="random")),
        ("sampling.auxiliaries_differ", lambda: greg(Y, Z, Auxiliaries.known(15.0), selection="random")),
        ("sampling.auxiliaries_collinear", lambda: fit_linear(Y, np.column_stack([Z, Z[:, 0] * 2 + 1]))),
        ("sampling.auxiliaries_collinear", lambda: fit_linear(Y, np.zeros(16))),
        ("sampling.too_few_for_auxiliaries", lambda: fit_linear(Y[:3], Z[:3])),
        ("sampling.too_few_for_auxiliaries", lambda: fit_linear(Y, Z, cluster=[1] * 8 + [2] * 8)),
        ("sampling.wrong_length", lambda: fit_linear(Y, Z[:15])),
        ("sampling.wrong_length", lambda: fit_linear(Y, Z, cluster=[1, 2])),
        ("sampling.missing_values", lambda: fit_linear([*Y[:15], np.nan], Z)),
        ("sampling.missing_values", lambda: Auxiliaries.known([np.nan])),
        ("sampling.small_area_too_few", lambda: small_area(Y, Z, np.arange(16) == 0, KNOWN, selection="random")),
        ("sampling.not_a_subsample", lambda: difference(Y, Y, Y[:9], selection="random")),
        (
            "sampling.cluster_in_two_strata",
            lambda: fit_linear(Y, Z, cluster=CLUSTER, layout=Layout.of(STRATUM, {"a": 1, "b": 1})),
        ),
        (
            "sampling.stratum_too_small",
            lambda: fit_linear(Y, Z, layout=Layout.of(["a"] * 15 + ["b"], {"a": 1, "b": 1})),
        ),
    ],
)
def test_refusals(code, call):
    with pytest.raises(DomainError) as refusal:
        call()
    assert refusal.value.code == code
    assert refusal.value.text("zh") != refusal.value.text("en") != f"error.{code}"


def test_plots_outside_are_named():
    z = Z.copy()
    z[[2, 7], 1] = np.nan
    with pytest.raises(DomainError) as refusal:
        refuse_outside_auxiliaries(z, [f"P{i}" for i in range(16)])
    assert "P2, P7" in refusal.value.text("en")
    assert refusal.value.facts["count"] == 2


def test_share_of_the_area_beyond_the_plots():
    plots = PlotRange.of(Z)
    area = np.array([[15, 0.7], [30, 0.7], [15, 0.99], [7.6, 0.35], [np.nan, 0.5]])
    assert plots.outside(area).tolist() == [False, True, True, False, False]
    assert plots.share_outside(area) == 0.5


# What auxiliaries are worth


def test_relative_efficiency_as_forestinventory_prints_it():
    # README of the R package forestinventory: variances of one phase and of the extended estimator, areas A to D.
    before, after = [1987.117, 3175.068, 1180.853, 2290.652], [1016.956, 1019.270, 1035.091, 1112.735]
    printed = [1.953986, 3.115041, 1.140821, 2.058579]
    for plain, assisted, gain in zip(before, after, printed, strict=True):
        found = relative_efficiency(SampleEstimate(400.0, plain, 18, 19), SampleEstimate(400.0, assisted, 61, 67))
        assert found == pytest.approx(gain, abs=1e-5)


def test_cost_of_a_precision_by_hand():
    # s^2 = 900 plain, 225 assisted; 90 % half-width 5: t^2 s^2 / 25 = 97.4 and 24.4 plots before Student.
    plain, assisted = SampleEstimate(100.0, 9.0, 99, 100), SampleEstimate(100.0, 2.25, 97, 100)
    found = cost_of_precision(plain, assisted, 5.0, Prices(plot=1000.0, auxiliaries=20_000.0, fixed=500.0))
    assert found.relative_efficiency == 4
    assert (found.plain_plots, found.assisted_plots) == (100, 27)
    assert found.plain_cost == 100_500
    assert found.assisted_cost == 47_500
    assert found.saved == 53_000
    for n, df, s2 in ((100, 99, 900), (27, 24, 225)):
        wide, narrow = SampleEstimate(0.0, s2 / (n - 1), df - 1, n - 1), SampleEstimate(0.0, s2 / n, df, n)
        assert narrow.half_width() <= 5 < wide.half_width()


def test_a_first_phase_sets_a_floor():
    plain, assisted = SampleEstimate(100.0, 9.0, 99, 100), SampleEstimate(100.0, 5.0, 97, 100)
    found = cost_of_precision(plain, assisted, 2.0, Prices(1.0), auxiliary_variance=4.0)
    assert found.assisted_plots is None
    assert found.saved is None


@pytest.mark.parametrize(
    ("code", "half_width", "price"),
    [("sampling.half_width_not_positive", 0.0, 1.0), ("sampling.price_negative", 1.0, -1.0)],
)
def test_refusals_of_costs(code, half_width, price):
    some = SampleEstimate(100.0, 9.0, 99, 100)
    with pytest.raises(DomainError) as refusal:
        cost_of_precision(some, some, half_width, Prices(price))
    assert refusal.value.code == code
