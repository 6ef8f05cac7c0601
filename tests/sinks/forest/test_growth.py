"""Growth: certified fits, published tables, identities of the forms, harvest balances, refusals."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.bibliography import references
from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.kernel.tables import read_table, table_spec
from tanhui.kernel.units import is_unit
from tanhui.sinks.forest.growth import GrowthCurve, project, user_curve
from tanhui.sinks.forest.growth_fit import fit_growth, summed_increments
from tanhui.sinks.forest.published_curves import growth_gaps, growth_table, published_curve
from tanhui.sinks.forest.rotation import Cut, Rotation, long_term_average, stand_path

# Current annual increment of Larix principis-rupprechtii, Weichang (yield table of Kang and Cui 2001, as used in
# ChinaXiv 201605.00433, table 2): age 0 to 50 yr by 5, m3/ha/yr.
LARIX_AGE = np.arange(0, 51, 5.0)
LARIX_CAI = np.array([0.5, 3.12, 6.27, 7.3, 7.2, 6.2, 5.2, 4.4, 3.7, 3.1, 2.7])
# Pasture yield, NIST StRD problem Rat42 (Ratkowsky 1983).
RAT42_X = [9, 14, 21, 28, 42, 57, 63, 70, 79]
RAT42_Y = [8.93, 10.80, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08]

CURVES = {
    "richards": (300.0, 0.06, 2.5),
    "logistic": (300.0, 30.0, 0.15),
    "korf": (300.0, 40.0, 1.3),
    "gompertz": (300.0, 5.0, 0.08),
    "schumacher": (300.0, 25.0),
    "richards4": (300.0, 1.05, 0.05, 0.5),
}
curves = st.sampled_from(sorted(CURVES)).map(lambda form: GrowthCurve(form, form, CURVES[form], "m3/ha"))


def test_logistic_fit_is_the_certified_one():
    # NIST certifies y = b1 / (1 + exp(b2 - b3 x)): b1 72.462237576 (se 1.7340283401), b2 2.6180768402,
    # b3 0.067359200066 (se 0.0034465663377), residual standard deviation 1.1587725499.
    curve = fit_growth("logistic", RAT42_X, RAT42_Y, unit="t d.m./ha")
    a, b, k = curve.parameters
    assert a == pytest.approx(72.462237576, rel=1e-7)
    assert np.log(b) == pytest.approx(2.6180768402, rel=1e-7)
    assert k == pytest.approx(0.067359200066, rel=1e-7)
    assert curve.sigma == pytest.approx(1.1587725499, rel=1e-8)
    assert np.sqrt(curve.covariance[0, 0]) == pytest.approx(1.7340283401, rel=1e-6)
    assert np.sqrt(curve.covariance[2, 2]) == pytest.approx(0.0034465663377, rel=1e-6)


def test_larix_curve_follows_from_its_ten_increments():
    # The table row: 286.437 (1 - exp(-0.05275 t))^2.41, fit error 0.81 m3/ha.
    volume = summed_increments(LARIX_AGE, LARIX_CAI)
    assert volume[-1] == pytest.approx(240.45)
    fitted = fit_growth("richards", LARIX_AGE[1:], volume[1:], unit="m3/ha")
    assert fitted.parameters == pytest.approx((286.437, 0.05275, 2.41), rel=5e-5)
    assert fitted.sigma == pytest.approx(0.81, abs=0.005)
    published = published_curve("larix_weichang_growth")
    assert published.value(LARIX_AGE[1:]) == pytest.approx(volume[1:], abs=2)
    assert published.current_annual_increment(LARIX_AGE[2:]) == pytest.approx(LARIX_CAI[2:], abs=0.6)
    assert published.status is Status.SECONDARY
    rows = [row for row in growth_table() if row["id"].startswith("larix_weichang_cai")]
    assert [float(row["value"]) for row in rows] == LARIX_CAI.tolist()


@pytest.mark.parametrize("form", ["richards", "korf", "gompertz", "schumacher"])
def test_fits_agree_with_scipy_curve_fit(form):
    from scipy.optimize import curve_fit

    formulas = {
        "richards": lambda t, a, k, p: a * (1 - np.exp(-k * t)) ** p,
        "korf": lambda t, a, b, c: a * np.exp(-b * t**-c),
        "gompertz": lambda t, a, b, k: a * np.exp(-b * np.exp(-k * t)),
        "schumacher": lambda t, a, b: a * np.exp(-b / t),
    }
    age = np.arange(3, 60, 3.0)
    stock = formulas[form](age, *CURVES[form]) + np.random.default_rng(3).normal(0, 4, len(age))
    stock = np.maximum(stock, 0.1)
    expected, covariance = curve_fit(formulas[form], age, stock, p0=CURVES[form])
    curve = fit_growth(form, age, stock, unit="m3/ha")
    assert curve.parameters == pytest.approx(expected, rel=1e-4)
    assert curve.covariance == pytest.approx(covariance, rel=2e-2)
    assert curve.sd(30.0)[0] == pytest.approx(
        np.sqrt(curve.gradient(30.0)[0] @ covariance @ curve.gradient(30.0)[0]), rel=1e-2
    )


def test_richards_textbook_identities():
    # Inflection at ln(p)/k with height a (1 - 1/p)^p; the logistic curve turns at half its asymptote.
    a, k, p = CURVES["richards"]
    curve = GrowthCurve("r", "richards", (a, k, p), "m3/ha")
    assert curve.inflection_age_yr == pytest.approx(np.log(p) / k)
    assert curve.value(curve.inflection_age_yr) == pytest.approx(a * (1 - 1 / p) ** p)
    logistic = GrowthCurve("l", "logistic", CURVES["logistic"], "m3/ha")
    assert logistic.value(logistic.inflection_age_yr) == pytest.approx(150)
    # Schumacher's mean increment culminates at age b.
    assert GrowthCurve("s", "schumacher", (300.0, 25.0), "m3/ha").culmination_age_yr() == pytest.approx(25)


@given(curves)
def test_increments_agree_at_the_highest_mean_increment(curve):
    age = curve.culmination_age_yr()
    mean = float(curve.mean_annual_increment(age))
    assert float(curve.current_annual_increment(age)) == pytest.approx(mean, rel=1e-9)
    assert mean >= float(curve.mean_annual_increment(age * np.array([0.9, 1.1])).max())
    around = curve.current_annual_increment(curve.inflection_age_yr * np.array([0.98, 1.0, 1.02]))
    assert around[1] >= max(around[0], around[2])


@given(curves, st.floats(0.5, 150))
def test_increment_is_the_slope(curve, age):
    step = 1e-5 * age
    slope = (curve.value(age + step) - curve.value(age - step)) / (2 * step)
    assert float(curve.current_annual_increment(age)) == pytest.approx(float(slope), rel=1e-4, abs=1e-6)


@given(curves, st.floats(0, 300), st.floats(0, 300))
def test_curves_rise_and_stay_below_the_asymptote(curve, one, other):
    low, high = sorted([one, other])
    assert 0 <= curve.value(low) <= curve.value(high) <= curve.asymptote


def test_age_zero_scalar_empty_and_negative():
    for form, parameters in CURVES.items():
        curve = GrowthCurve(form, form, parameters, "m3/ha")
        assert np.isfinite(curve.value(0.0))
        assert np.isfinite(curve.current_annual_increment(0.0))
        assert curve.value([]).shape == (0,)
        assert np.isnan(curve.value(np.nan))
        with pytest.raises(DomainError, match="negative"):
            curve.value(-1.0)


def test_projection_over_forty_years_covers_the_truth():
    # 90 % intervals at 40 yr from stands of 4 to 25 yr, over 300 simulated data sets.
    true, random, inside = GrowthCurve("t", "gompertz", (250.0, 4.0, 0.09), "m3/ha"), np.random.default_rng(8), 0
    age = np.arange(4, 32, 1.5)
    for _ in range(300):
        fitted = fit_growth("gompertz", age, true.value(age) + random.normal(0, 2, len(age)), unit="m3/ha")
        projected = project(fitted, 45.0)
        inside += int(projected.low[0] <= true.value(45.0) <= projected.high[0])
        assert projected.extrapolated[0]
    assert 0.85 <= inside / 300 <= 0.95


def test_relative_error_scales_with_the_stock():
    curve = user_curve("mine", "gompertz", (250, 4, 0.09), "m3/ha", citation="Own plots 2025", relative_error=0.2)
    assert curve.sd([20.0, 40.0]) == pytest.approx(0.2 * curve.value([20.0, 40.0]))
    assert curve.status is Status.RECALLED
    with pytest.raises(DomainError, match="citation"):
        user_curve("mine", "gompertz", (250, 4, 0.09), "m3/ha", citation=" ")


def test_rotation_returns_to_the_first_cycle():
    curve = published_curve("larix_weichang_growth")
    rotation = Rotation(harvest_age_yr=40, delay_yr=2)
    time = np.array([0, 10, 39.99, 40, 41, 42, 52, 81.99])
    path = stand_path(curve.value, time, rotation)
    assert path.stock[[0, 3, 4, 5]] == pytest.approx([0, 0, 0, 0])
    assert path.stock[6] == pytest.approx(float(curve.value(10.0)))
    assert path.stock[7] == pytest.approx(path.stock[2])
    assert path.cut_yr.tolist() == [40]
    assert path.before[0] == pytest.approx(float(curve.value(40.0)))


def test_long_term_average_is_the_mean_of_a_fine_time_grid():
    curve = published_curve("larix_weichang_growth")
    rotation = Rotation(thinnings=(Cut(14, 0.4), Cut(21, 0.4)), harvest_age_yr=45, removed_share=0.9, delay_yr=1)
    time = (np.arange(200_000) + 0.5) / 200_000 * 46
    fine = stand_path(curve.value, time, rotation).stock.mean()
    assert long_term_average(curve.value, rotation) == pytest.approx(fine, rel=1e-4)
    # A straight line from nothing averages half its height.
    assert long_term_average(lambda age: 2 * age, Rotation(harvest_age_yr=30)) == pytest.approx(30)
    with pytest.raises(DomainError, match="cycle"):
        long_term_average(curve.value, Rotation(harvest_age_yr=30, replant=False))


@given(
    st.lists(st.tuples(st.floats(2, 39), st.floats(0.05, 0.9)), max_size=3, unique_by=lambda cut: cut[0]),
    st.floats(0.1, 1),
    st.floats(0, 3),
)
def test_gross_growth_is_what_stands_plus_what_was_cut(cuts, removed, delay):
    # With the increment kept, each cycle grows exactly what the curve grows.
    curve = published_curve("larix_weichang_growth")
    thinnings = tuple(Cut(age, share) for age, share in sorted(cuts))
    rotation = Rotation(thinnings, 40, removed, delay_yr=delay, keeps_increment=True)
    path = stand_path(curve.value, [40 + delay + 25], rotation)
    grown = float(curve.value(40.0) + curve.value(25.0))
    assert path.stock[0] + (path.before - path.after).sum() == pytest.approx(grown, rel=1e-9)
    cautious = stand_path(curve.value, [40 + delay + 25], Rotation(thinnings, 40, removed, delay_yr=delay))
    assert cautious.stock[0] <= path.stock[0] + 1e-9


def test_a_logistic_stand_starts_from_nothing():
    curve = GrowthCurve("l", "logistic", CURVES["logistic"], "m3/ha")
    path = stand_path(curve.value, [-1.0, 0.0, 10.0])
    assert path.stock == pytest.approx([0, 0, float(curve.value(10.0) - curve.value(0.0))])


def test_quarantined_curves_and_gaps_are_refused_and_listed():
    gaps = {row["id"] for row in growth_gaps()}
    for species in ("cunninghamia_lanceolata", "pinus_massoniana", "populus", "eucalyptus", "quercus"):
        assert f"gap_{species}_volume" in gaps
        with pytest.raises(DomainError, match="your own curve"):
            published_curve(f"gap_{species}_volume")
    for group in ("broadleaved", "coniferous", "mixed", "economic"):
        assert f"hebei_{group}_volume" in gaps
        with pytest.raises(DomainError, match="quarantine"):
            published_curve(f"hebei_{group}_volume")
    with pytest.raises(DomainError, match="larix_weichang_growth"):
        published_curve("spruce")


@pytest.mark.parametrize(
    ("code", "build"),
    [
        ("growth.unknown_form", lambda: GrowthCurve("x", "line", (1.0,), "m3/ha")),
        ("growth.wrong_parameters", lambda: GrowthCurve("x", "richards", (1.0, 2.0), "m3/ha")),
        ("growth.wrong_parameters", lambda: GrowthCurve("x", "korf", (1.0, -2.0, 1.0), "m3/ha")),
        ("growth.wrong_parameters", lambda: GrowthCurve("x", "richards4", (1.0, 1.0, 0.1, 1.0), "m3/ha")),
        ("growth.bad_relative_error", lambda: GrowthCurve("x", "schumacher", (1.0, 2.0), "m3/ha", relative_error=1.5)),
        ("growth.bad_covariance", lambda: GrowthCurve("x", "schumacher", (1.0, 2.0), "m3/ha", -np.eye(2))),
        ("growth.bad_covariance", lambda: GrowthCurve("x", "schumacher", (1.0, 2.0), "m3/ha", np.eye(3))),
        ("growth.too_few_points", lambda: fit_growth("korf", [5, 10, 15], [1, 2, 3], unit="m3/ha")),
        ("growth.too_few_points", lambda: fit_growth("korf", [], [], unit="m3/ha")),
        ("growth.lengths_differ", lambda: fit_growth("korf", [5, 10], [1], unit="m3/ha")),
        ("growth.bad_data", lambda: fit_growth("korf", [0, 1, 2, 3, 4], [1] * 5, unit="m3/ha")),
        ("growth.bad_data", lambda: fit_growth("korf", [1, 2, 3, 4, 5], [1, 2, np.nan, 3, 4], unit="m3/ha")),
        ("growth.not_identified", lambda: fit_growth("richards", range(1, 9), np.arange(1, 9) ** 2, unit="m3/ha")),
        ("growth.cannot_fit", lambda: fit_growth("richards4", range(1, 9), range(1, 9), unit="m3/ha")),
        ("growth.bad_rotation", lambda: Rotation(harvest_age_yr=-1)),
        ("growth.bad_rotation", lambda: Rotation((Cut(20, 0.3), Cut(10, 0.3)))),
        ("growth.bad_rotation", lambda: Rotation((Cut(20, 1.3),))),
        ("growth.bad_rotation", lambda: Rotation((Cut(50, 0.3),), harvest_age_yr=40)),
    ],
)
def test_nonsense_is_refused(code, build):
    with pytest.raises(DomainError) as caught:
        build()
    assert caught.value.code == code
    for lang in ("zh", "en"):
        assert caught.value.text(lang) not in ("", f"error.{code}")


def test_the_table_is_described_sourced_and_complete():
    frame = read_table(data_path("forest_stand", "growth_curves.csv"), table_spec("forest_stand", "growth_curves"))
    assert frame["id"].is_unique
    known = frame[frame["entry"] != "gap"]
    assert set(known["reference"]) <= references().keys()
    assert (known["status"] != "").all()
    assert known["checked_on"].notna().all()
    assert all(is_unit(unit) for unit in frame["unit"])
    assert (frame[frame["entry"] == "gap"][["p1", "value"]].isna()).all().all()
    points = [row for row in growth_table() if row["id"].startswith("larix_weichang_cai")]
    assert all(float(a["age_min_yr"]) < float(b["age_min_yr"]) for a, b in pairwise(points))
