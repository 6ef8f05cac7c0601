"""Heights: published fits and models, an independent least-squares routine, and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.bibliography import references
from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.tables import read_table, table_spec
from tanhui.sinks.forest.height import (
    compare_height_models,
    environmental_stress_chave2014,
    fit_height_model,
    height_model_chave2014,
    height_model_feldpausch2012,
    impute_heights,
)

# Puromycin, treated cells (Bates & Watts 1988, table A1.3): substrate concentration and reaction rate.
CONCENTRATION = [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.10, 1.10]
RATE = [76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200]


def forest(n: int = 300, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Trees about a known Weibull curve."""
    random = np.random.default_rng(seed)
    dbh = random.uniform(6, 70, n)
    return dbh, 32 * (1 - np.exp(-0.05 * dbh**0.9)) + random.normal(0, 2, n)


def test_michaelis_gives_the_textbook_fit():
    # Published: Vm 212.7 (se 6.947), K 0.06412 (se 0.008281), residual 10.93 on 10 degrees of freedom. The form keeps
    # its fit when both axes are rescaled (x 100 and / 10, so that the pairs could be trees) and when every pair is
    # entered twice: then the residual falls by sqrt(20/22) and the standard errors by sqrt(10/22).
    model = fit_height_model(np.tile(CONCENTRATION, 2) * 100, np.tile(RATE, 2) / 10, "michaelis")
    assert model.parameters == pytest.approx([21.27, 6.412], rel=2e-4)
    assert model.sigma == pytest.approx(1.093 * np.sqrt(20 / 22), rel=5e-4)
    assert np.sqrt(np.diag(model.covariance)) == pytest.approx(np.array([0.6947, 0.8281]) * np.sqrt(10 / 22), rel=2e-4)


@pytest.mark.parametrize(
    ("form", "curve", "start"),
    [
        ("weibull", lambda d, a, b, c: a * (1 - np.exp(-b * d**c)), [30, 0.05, 1]),
        ("michaelis", lambda d, a, b: a * d / (b + d), [40, 20]),
    ],
)
def test_curves_agree_with_scipy_curve_fit(form, curve, start):
    from scipy.optimize import curve_fit

    dbh, height = forest()
    expected, covariance = curve_fit(curve, dbh, height, p0=start)
    model = fit_height_model(dbh, height, form)
    assert model.parameters == pytest.approx(expected, rel=1e-4)
    assert model.covariance == pytest.approx(covariance, rel=1e-2)
    assert model.height_m(dbh) == pytest.approx(curve(dbh, *expected), rel=1e-6)


@pytest.mark.parametrize(("form", "degree"), [("log1", 1), ("log2", 2)])
def test_log_forms_agree_with_numpy_polyfit(form, degree):
    dbh, height = forest()
    expected, covariance = np.polyfit(np.log(dbh), np.log(height), degree, cov=True)
    model = fit_height_model(dbh, height, form)
    assert model.parameters == pytest.approx(expected[::-1])
    assert model.covariance == pytest.approx(covariance[::-1, ::-1], rel=1e-6)
    fitted = np.polyval(expected, np.log(dbh))
    sigma2 = ((np.log(height) - fitted) ** 2).sum() / (len(dbh) - degree - 1)
    assert model.sigma**2 == pytest.approx(sigma2)
    assert model.height_m(dbh) == pytest.approx(np.exp(fitted + sigma2 / 2))
    assert model.bias_m == pytest.approx((np.exp(fitted + sigma2 / 2) - height).mean())


def test_the_comparison_finds_the_curve_the_trees_came_from():
    comparison = compare_height_models(*forest(3000))
    assert comparison.best.form == "weibull"
    assert comparison.best.sigma == pytest.approx(2, rel=0.05)
    assert [row["aic"] for row in comparison.rows()] == sorted(row["aic"] for row in comparison.rows())
    assert not comparison.refused


def test_aic_compares_likelihoods_of_height_itself():
    # Written out: -2 times the log density of every height under each model, plus 2 per parameter and variance.
    dbh, height = forest()
    for form in ("log1", "michaelis"):
        model = fit_height_model(dbh, height, form)
        if form == "log1":
            error = np.log(height) - np.log(model.height_m(dbh)) + model.sigma**2 / 2
            scale, factor = np.sqrt((error**2).mean()), height
        else:
            error = height - model.height_m(dbh)
            scale, factor = np.sqrt((error**2).mean()), np.ones_like(height)
        density = np.exp(-(error**2) / (2 * scale**2)) / (np.sqrt(2 * np.pi) * scale * factor)
        assert model.aic == pytest.approx(-2 * np.log(density).sum() + 2 * (len(model.parameters) + 1))


def test_chave2014_height_and_stress():
    # By hand from eq. (6a) at D = 30 cm, E = 0.1: 0.793 + 0.760*3.401197 - 0.0340*11.568143 = 2.984593;
    # with 0.243^2/2 = 0.0295245 the mean is exp(3.0141175) = 20.3711 m.
    model = height_model_chave2014(0.1)
    assert model.height_m(30) == pytest.approx(20.3711, abs=1e-3)
    assert model.status is Status.SECONDARY
    # By hand from eq. (6b): 1e-3 * (0.178*600 - 0.938*(-400) - 6.61*50) = 0.1515.
    assert environmental_stress_chave2014(600, -400, 50) == pytest.approx(0.1515)


@pytest.mark.parametrize(
    ("region", "height_m"),
    # By hand from H = a (1 - exp(-b D^c)) at D = 30 cm with table 3.
    [
        ("south_america", 42.574 * (1 - np.exp(-0.0482 * 30**0.8307))),
        ("south_east_asia", 57.122 * (1 - np.exp(-0.0332 * 30**0.8468))),
    ],
)
def test_feldpausch2012_height(region, height_m):
    model = height_model_feldpausch2012(region)
    assert model.height_m(30) == pytest.approx(height_m)
    assert 20 < height_m < 27
    assert model.status is Status.RECALLED
    assert list(model.out_of_range([9.9, 10.0])) == [True, False]


def test_a_filled_in_height_carries_shared_and_residual_error():
    dbh, height = forest()
    model = fit_height_model(dbh, height, "weibull")
    filled = impute_heights(
        [20.0, 30.0, 40.0, np.nan, 90.0], [np.nan, 21.0, np.nan, np.nan, np.nan], model, measured_sd_m=0.5
    )
    assert list(filled.imputed) == [True, False, True, False, True]
    assert list(filled.out_of_range) == [False, False, False, False, True]
    assert filled.height_m[1] == 21.0
    assert filled.sd_m[1] == 0.5
    assert np.isnan(filled.height_m[3])
    assert np.isnan(filled.sd_m[3])
    # The mean of many filled-in heights keeps the shared part; only the residual averages out.
    assert filled.sd_m[0] ** 2 == pytest.approx(filled.sd_shared_m[0] ** 2 + model.sigma**2)


def test_the_shared_error_is_what_refitting_gives():
    # Independent: the spread of the curve at 40 cm over 300 refits to fresh trees of the same forest.
    spread = [fit_height_model(*forest(120, seed), "michaelis").height_m(40.0) for seed in range(300)]
    model = fit_height_model(*forest(120, 1), "michaelis")
    filled = impute_heights([40.0], [np.nan], model)
    assert filled.sd_shared_m[0] == pytest.approx(np.std(spread), rel=0.25)


@given(st.floats(1, 200), st.floats(1, 200))
def test_weibull_heights_rise_and_stay_below_the_asymptote(small, large):
    model = height_model_feldpausch2012("pantropical")
    low, high = sorted([small, large])
    assert model.height_m(low) <= model.height_m(high) < model.parameters[0]


@pytest.mark.parametrize(
    ("code", "dbh", "height"),
    [
        ("height.too_few_pairs", [10.0] * 3, [9.0] * 3),
        ("height.too_few_pairs", [], []),
        ("height.lengths_differ", [10.0, 11.0], [9.0]),
        ("height.dbh_not_positive", [*range(16)], [9.0] * 16),
        ("height.below_breast_height", [*range(1, 17)], [1.0] * 16),
        ("height.one_diameter", [12.0] * 20, list(range(2, 22))),
        ("height.looks_like_feet", list(np.linspace(10, 20, 20)), list(np.linspace(33, 66, 20))),
    ],
)
def test_nonsense_is_refused(code, dbh, height):
    with pytest.raises(DomainError) as caught:
        fit_height_model(dbh, height, "log1")
    assert caught.value.code == code
    assert "{" not in caught.value.text("zh") + caught.value.text("en")


def test_pairs_with_a_gap_are_left_out_and_unknown_regions_named():
    dbh, height = forest(40)
    height[:5] = np.nan
    assert fit_height_model(dbh, height, "log1").n == 35
    with pytest.raises(DomainError, match="pantropical"):
        height_model_feldpausch2012("europe")
    with pytest.raises(DomainError, match="deficit"):
        environmental_stress_chave2014(600, 400, 50)


def test_heights_on_a_straight_line_do_not_determine_an_asymptote():
    dbh = np.linspace(10, 40, 30)
    with pytest.raises(DomainError, match="do not determine"):
        fit_height_model(dbh, 3 + 0.5 * dbh, "weibull")
    comparison = compare_height_models(dbh, 3 + 0.5 * dbh)
    assert comparison.refused == {"weibull": "height.not_identified"}
    assert len(comparison.models) == 3


def test_a_quadratic_past_its_peak_is_flagged():
    model = height_model_chave2014(0.0)
    peak = np.exp(0.760 / (2 * 0.0340))
    assert list(model.out_of_range([100.0, peak * 1.01])) == [False, True]


def test_the_region_table_is_described_and_sourced():
    frame = read_table(data_path("forest_stand", "height_regions.csv"), table_spec("forest_stand", "height_regions"))
    assert set(frame["reference"]) <= references().keys()
