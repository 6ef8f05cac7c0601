"""The plan: figures by hand, balances that close, an independent Monte Carlo, refusals."""

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.parameters import Leaf, Status
from tanhui.kernel.time import Period
from tanhui.projects.plan import (
    Conversion,
    CustomConversion,
    Measured,
    Planting,
    Products,
    compare_to_plan,
    make_plan,
    plan_summary,
    plan_to_dict,
    planting_schedule,
)
from tanhui.sinks.forest.growth import GrowthCurve
from tanhui.sinks.forest.published_curves import published_curve
from tanhui.sinks.forest.rotation import Cut, Rotation


def leaf(id: str, value: float, se: float | None = None, status: Status = Status.PRIMARY) -> Leaf:
    return Leaf(id, value, "1", "test", status, date(2026, 11, 22), se=se)


FIR = Conversion(leaf("D", 0.307, 0.02), leaf("BEF", 1.634, 0.1), leaf("R", 0.246, 0.03), leaf("CF", 0.520, 0.01))
CURVE = GrowthCurve(
    "fir",
    "richards",
    (300.0, 0.08, 2.2),
    "m3/ha",
    covariance=np.array([[400.0, -0.06, -1.0], [-0.06, 2e-5, 4e-4], [-1.0, 4e-4, 0.02]]),
    reference="test",
    status=Status.PRIMARY,
)
PERIOD = Period(date(2021, 3, 1), date(2051, 3, 1))
UNIT = Planting("A", "fir", 100.0, date(2021, 3, 1), CURVE, FIR)


def by_hand(age_yr: float, area_ha: float = 100.0) -> float:
    """V D BEF (1 + R) CF 44/12 A, written out. [t CO2]"""
    return 300 * (1 - np.exp(-0.08 * age_yr)) ** 2.2 * 0.307 * 1.634 * 1.246 * 0.520 * 44 / 12 * area_ha


def test_stock_and_removal_by_hand():
    total = make_plan([UNIT], PERIOD).total
    assert total.years == tuple(range(2021, 2052))
    assert total.stock_t[0] == 0
    # The first calendar year holds the 306 days from 1 March; 2022 the 365 after them.
    assert total.removal_t[0] == pytest.approx(by_hand(306 / 365.2425))
    assert total.removal_t[1] == pytest.approx(by_hand(671 / 365.2425) - by_hand(306 / 365.2425))
    assert total.cumulative_t[-1] == pytest.approx(by_hand(PERIOD.days / 365.2425))


def test_units_that_stood_before_the_period_count_from_its_start_only():
    early = replace(UNIT, planted=date(2016, 3, 1))
    total = make_plan([early], PERIOD).total
    start = (PERIOD.start - early.planted).days / 365.2425
    assert total.stock_t[0] == pytest.approx(by_hand(start))
    assert total.cumulative_t[-1] == pytest.approx(total.stock_t[-1] - total.stock_t[0])


def test_survival_and_replanting():
    total = make_plan([replace(UNIT, survival=0.8, replanted_share=0.15, replant_after_yr=2)], PERIOD).total
    age = PERIOD.days / 365.2425
    assert total.stock_t[-1] == pytest.approx(0.8 * by_hand(age) + 0.15 * by_hand(age - 2))


@pytest.mark.parametrize(
    ("unit", "conversion", "stems", "factor"),
    [
        ("m3", FIR, 2000.0, 2000 * 0.307 * 1.634 * 1.246 * 0.520 * 44 / 12),
        (
            "t d.m./ha",
            Conversion(root_ratio=FIR.root_ratio, carbon_fraction=FIR.carbon_fraction),
            None,
            1.246 * 0.52 * 44 / 12,
        ),
        ("kg d.m.", Conversion(carbon_fraction=FIR.carbon_fraction), 1500.0, 1.5 * 0.52 * 44 / 12),
        ("t C/ha", Conversion(), None, 44 / 12),
        ("t CO2e/ha", Conversion(), None, 1.0),
        ("m3/ha", CustomConversion("own", lambda v: 1.5 * v**0.9), None, None),
    ],
)
def test_every_unit_finds_its_way_to_carbon_dioxide(unit, conversion, stems, factor):
    curve = replace(CURVE, unit=unit)
    total = make_plan([replace(UNIT, curve=curve, conversion=conversion, stems_per_ha=stems)], PERIOD).total
    stock = 300 * (1 - np.exp(-0.08 * PERIOD.days / 365.2425)) ** 2.2
    expected = 100 * (1.5 * stock**0.9 if factor is None else stock * factor)
    assert total.stock_t[-1] == pytest.approx(expected)


def test_errors_agree_with_a_monte_carlo():
    # Independent: draw every parameter once per run, recompute the stock of two strata written out, take the spread.
    units = [
        replace(UNIT, area_sd_ha=3.0),
        replace(
            UNIT, stratum="B", area_ha=60.0, planted=date(2023, 3, 1), area_sd_ha=2.0, survival=0.9, survival_sd=0.04
        ),
    ]
    total = make_plan(units, PERIOD).total
    random, runs = np.random.default_rng(4), 40_000
    a, k, p = random.multivariate_normal(CURVE.parameters, CURVE.covariance, runs).T
    density, bef, root, carbon = (
        random.normal(x.number(), x.se, runs) for x in (FIR.density, FIR.bef, FIR.root_ratio, FIR.carbon_fraction)
    )
    areas = random.normal(100, 3, runs), random.normal(60, 2, runs)
    alive = random.normal(0.9, 0.04, runs)

    def stock(day: date) -> np.ndarray:
        ages = [(day - unit.planted).days / 365.2425 for unit in units]
        volumes = [a * (1 - np.exp(-k * age)) ** p for age in ages]
        return (areas[0] * volumes[0] + areas[1] * alive * volumes[1]) * density * bef * (1 + root) * carbon * 44 / 12

    assert total.stock_se_t[-1] == pytest.approx(stock(PERIOD.end).std(), rel=0.03)
    ten = total.days.index(date(2031, 1, 1))
    assert total.stock_se_t[ten] == pytest.approx(stock(date(2031, 1, 1)).std(), rel=0.05)
    growth = stock(date(2032, 1, 1)) - stock(date(2031, 1, 1))
    assert total.removal_se_t[ten] == pytest.approx(growth.std(), rel=0.05)
    assert sum(total.variance_shares.values()) == pytest.approx(1)
    assert set(total.variance_shares) == {
        "growth",
        "density",
        "expansion",
        "root_ratio",
        "carbon_fraction",
        "area",
        "survival",
    }


def test_strata_of_one_curve_are_fully_correlated_and_areas_are_not():
    curve = replace(CURVE, covariance=None, relative_error=0.2)
    bare = Conversion(*(replace(x, se=None) for x in (FIR.density, FIR.bef, FIR.root_ratio, FIR.carbon_fraction)))
    unit = replace(UNIT, curve=curve, conversion=bare)
    plan = make_plan([unit, replace(unit, stratum="B")], PERIOD)
    assert plan.total.stock_se_t[-1] == pytest.approx(0.2 * plan.total.stock_t[-1])
    sure = replace(unit, curve=replace(CURVE, covariance=None), area_sd_ha=10.0)
    plan = make_plan([sure, replace(sure, stratum="B")], PERIOD)
    one = plan.series("A").stock_se_t[-1]
    assert one == pytest.approx(0.1 * plan.series("A").stock_t[-1])
    assert plan.total.stock_se_t[-1] == pytest.approx(np.sqrt(2) * one)
    assert plan.total.variance_shares == {"area": 1.0}


units = st.builds(
    lambda stratum, area, planted, survival, harvest, share, products: replace(
        UNIT,
        stratum=stratum,
        area_ha=area,
        planted=date(2015, 1, 1) + timedelta(planted),
        survival=survival,
        rotation=Rotation((Cut(8.0, 0.3),), harvest, share, delay_yr=1.0),
        products=Products(0.3, 20.0, "Own study") if products else None,
    ),
    st.sampled_from("ABC"),
    st.floats(0.1, 1000),
    st.integers(0, 6000),
    st.floats(0.5, 1),
    st.floats(12, 40),
    st.floats(0.3, 1),
    st.booleans(),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(units, min_size=1, max_size=5))
def test_mass_closes(plantings):
    plan = make_plan(plantings, PERIOD)
    total = plan.total
    for name in ("live_t", "products_t", "stock_t", "harvested_t", "capped_cumulative_t"):
        parts = sum(getattr(series, name) for series in plan.strata)
        assert np.array_equal(getattr(total, name), parts) or getattr(total, name) == pytest.approx(parts, rel=1e-12)
    assert total.area_ha == pytest.approx(sum(p.area_ha for p in plantings))
    for series in (total, *plan.strata):
        assert series.cumulative_t[-1] == pytest.approx(series.stock_t[-1] - series.stock_t[0], rel=1e-9, abs=1e-6)
        assert series.cumulative_t[-1] == pytest.approx(series.removal_t.sum(), rel=1e-12, abs=1e-6)
        assert (series.harvested_t >= -1e-9).all()
        assert (series.products_t <= 0.3 * 1e9).all()
        assert (np.diff(series.capped_cumulative_t) >= -1e-6).all()
    assert total.stock_se_t[-1] <= sum(series.stock_se_t[-1] for series in plan.strata) * (1 + 1e-9)


@settings(deadline=None, max_examples=20)
@given(st.permutations([1, 2, 3, 4]))
def test_order_does_not_matter(order):
    plantings = [replace(UNIT, stratum="AB"[i % 2], area_ha=10.0 * i, area_sd_ha=0.5 * i) for i in order]
    plan, same = make_plan(plantings, PERIOD).total, make_plan(sorted(plantings, key=lambda p: p.area_ha), PERIOD).total
    assert plan.stock_t == pytest.approx(same.stock_t)
    assert plan.stock_se_t == pytest.approx(same.stock_se_t)


def test_harvest_leaves_at_once_and_the_long_term_average_caps():
    total = make_plan([replace(UNIT, rotation=Rotation(harvest_age_yr=14))], PERIOD).total
    cut_year = total.years.index(2035)
    assert total.harvested_t[cut_year] == pytest.approx(by_hand(14))
    assert total.removal_t[cut_year] < 0
    ages = (np.arange(100_000) + 0.5) / 100_000 * 14
    assert total.long_term_average_t == pytest.approx(by_hand(ages).mean(), rel=1e-6)
    assert total.capped_cumulative_t[-1] == pytest.approx(total.long_term_average_t)
    assert total.capped_cumulative_t.max() <= total.long_term_average_t * (1 + 1e-12)
    # Growth = what stands + what was cut: two whole cycles and two years of the third.
    grown = 2 * by_hand(14) + by_hand(PERIOD.days / 365.2425 - 28)
    assert total.stock_t[-1] + total.harvested_t.sum() == pytest.approx(grown, rel=1e-9)


def test_products_keep_a_share_and_decay():
    rotation = Rotation(harvest_age_yr=15, replant=False)
    products = Products(0.4, 10.0, "Own study 2025")
    total = make_plan([replace(UNIT, rotation=rotation, products=products)], PERIOD).total
    since = PERIOD.days / 365.2425 - 15
    assert total.live_t[-1] == pytest.approx(0)
    assert total.products_t[-1] == pytest.approx(0.4 * by_hand(15) * 0.5 ** (since / 10))


def test_a_schedule_over_several_years():
    steps = [(date(2021, 3, 1), 40.0), (date(2022, 3, 1), 60.0)]
    plan = make_plan(planting_schedule(UNIT, steps), PERIOD)
    age = PERIOD.days / 365.2425
    assert plan.total.stock_t[-1] == pytest.approx(by_hand(age, 40.0) + by_hand(age - 365 / 365.2425, 60.0))
    assert plan.total.area_ha == 100


def test_a_logistic_curve_gives_no_credit_on_planting_day():
    logistic = GrowthCurve(
        "l", "logistic", (300.0, 20.0, 0.2), "m3/ha", reference="test", status=Status.PRIMARY, relative_error=0.1
    )
    total = make_plan([replace(UNIT, curve=logistic)], PERIOD).total
    assert total.stock_t[0] == 0
    assert total.removal_t[0] < by_hand(3.0)


def test_equal_curves_of_one_name_are_one_curve():
    twin = replace(CURVE, covariance=CURVE.covariance.copy())
    plan = make_plan([UNIT, replace(UNIT, stratum="B", curve=twin)], PERIOD)
    assert plan.total.stock_se_t[-1] == pytest.approx(2 * plan.series("A").stock_se_t[-1])


def test_what_makes_a_plan_indicative_is_said():
    larix = published_curve("larix_weichang_growth")
    recalled = Conversion(leaf("D", 0.49, status=Status.RECALLED), FIR.bef, FIR.root_ratio, FIR.carbon_fraction)
    plan = make_plan([replace(UNIT, curve=larix, conversion=recalled)], Period(date(2021, 3, 1), date(2081, 3, 1)))
    assert {reason.code for reason in plan.reasons} == {
        "curve_status",
        "curve_without_error",
        "gross_growth",
        "extrapolated",
        "leaf_status",
    }
    for reason in plan.reasons:
        for lang in ("zh", "en"):
            assert not reason.text(lang).startswith("plan.")
            assert "{" not in reason.text(lang)
    assert make_plan([UNIT], PERIOD).reasons == ()


def test_json_and_words():
    plan = make_plan([UNIT, replace(UNIT, stratum="B", rotation=Rotation(harvest_age_yr=15))], PERIOD)
    document = json.loads(json.dumps(plan_to_dict(plan, "zh"), allow_nan=False))
    assert [row["year"] for row in document["total"]["by_year"]] == list(range(2021, 2052))
    year = document["total"]["by_year"][4]
    assert year["removal_ci90"][0] < year["removal_t"] < year["removal_ci90"][1]
    # 1.6449 standard errors either side.
    assert year["cumulative_ci90"][1] - year["cumulative_t"] == pytest.approx(
        1.644854 * plan.total.cumulative_se_t[4], rel=1e-6
    )
    assert document["strata"][1]["domain"] == "B"
    assert len(document["parameters"]) == 4
    for lang in ("zh", "en"):
        sentences = plan_summary(plan, lang)
        assert len(sentences) == 6
        assert not any("{" in sentence or sentence.startswith("plan.") for sentence in sentences)


def test_the_same_plan_has_the_same_bytes():
    one, two = (json.dumps(plan_to_dict(make_plan([UNIT], PERIOD))) for _ in range(2))
    assert one == two


def test_measurements_against_the_plan():
    plan = make_plan([UNIT, replace(UNIT, stratum="B")], PERIOD)
    day = date(2031, 7, 15)
    planned = by_hand((day - UNIT.planted).days / 365.2425)
    near, far = compare_to_plan([Measured(day, 1.7 * planned, "B"), Measured(day, 1.05 * planned, "A")], plan, 0.1)
    assert (near.domain, near.reason_required) == ("A", False)
    assert near.difference_share == pytest.approx(0.05)
    assert near.inside_interval
    assert far.reason_required
    assert far.difference_t == pytest.approx(0.7 * planned)
    assert not far.inside_interval
    (whole,) = compare_to_plan([Measured(day, 2 * planned)], plan, 0.1)
    assert whole.difference_t == pytest.approx(0, abs=1e-6)
    (start,) = compare_to_plan([Measured(PERIOD.start, 5.0)], plan, 0.1)
    assert start.difference_share is None
    assert start.reason_required
    for deviation in (near, far, start):
        assert "{" not in deviation.text("zh") + deviation.text("en")
    for day, domain, limit in ((date(2020, 1, 1), "A", 0.1), (date(2031, 1, 1), "C", 0.1), (date(2031, 1, 1), "A", 0)):
        with pytest.raises(DomainError):
            compare_to_plan([Measured(day, 1.0, domain)], plan, limit)


def test_all_faults_are_listed_together():
    wrong = [
        replace(UNIT, area_ha=-1.0, survival=0.9, replanted_share=0.2),
        replace(UNIT, planted=date(2060, 1, 1), stratum="total"),
        replace(UNIT, curve=replace(CURVE, unit="m3")),
        replace(UNIT, conversion=Conversion(FIR.density, None, FIR.root_ratio, FIR.carbon_fraction)),
        replace(UNIT, curve=replace(CURVE, id="mass", unit="t d.m./ha")),
        replace(UNIT, conversion=CustomConversion("Fang", lambda v: 0.4 * v + 22)),
        replace(UNIT, curve=replace(CURVE, id="odd", unit="ft2/acre")),
        replace(UNIT, conversion=replace(FIR, density=leaf("D", 0.4))),
        replace(UNIT, products=Products(1.4, -1, " "), curve=replace(CURVE, id="nobody's", reference="")),
        replace(UNIT, area_ha=float("nan"), replant_after_yr=-1, area_sd_ha=-1, survival_sd=-1, survival=0),
    ]
    with pytest.raises(RefusedInput) as caught:
        make_plan([UNIT, *wrong], PERIOD)
    found = {(fault.row, fault.code.removeprefix("plan."), fault.column) for fault in caught.value.faults}
    assert {
        (2, "not_positive", "area_ha"),
        (2, "more_than_planted", "replanted_share"),
        (3, "planted_after_end", "planted"),
        (3, "no_stratum", "stratum"),
        (4, "stems_missing", "stems_per_ha"),
        (4, "curve_id_twice", "curve"),
        (5, "factor_missing", "conversion"),
        (6, "factor_twice", "conversion"),
        (7, "carbon_from_nothing", "conversion"),
        (8, "unknown_curve_unit", "curve"),
        (9, "leaf_id_twice", "conversion"),
        (10, "share_outside", "products"),
        (10, "not_positive", "products"),
        (10, "no_reference", "products"),
        (10, "no_reference", "curve"),
        (11, "not_positive", "area_ha"),
        (11, "share_outside", "survival"),
        (11, "negative", "replant_after_yr"),
        (11, "negative", "area_sd_ha"),
        (11, "negative", "survival_sd"),
    } <= found
    for fault in caught.value.faults:
        for lang in ("zh", "en"):
            assert "{" not in fault.reason(lang)
            assert not fault.reason(lang).startswith("fault.")
    with pytest.raises(RefusedInput, match="nothing to plant"):
        make_plan([], PERIOD)
