"""Tier 2 for cropland against the IPCC's workbook, another implementation's numbers, and plain Python.

The workbook comes with the 2019 Refinement; its numbers are those that the public tests of Holos (Agriculture and
Agri-Food Canada) quote, rounded as printed. The weather of 1959 and its two factors in full are in the tests of
hestia-earth-models 0.74.17, as taken from the workbook too.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Status
from tanhui.sinks.soil import tier2
from tanhui.sinks.soil.tier2 import CarbonInput, Conditions, run, run_in, targets, temperature_factor, water_factor

#: 1959 in the workbook's weather.
TEMPERATURE_1959 = (
    22.71129032258065, 20.310714285714287, 19.479032258064514, 14.993333333333334, 11.206451612903225, 9.055,
    8.008064516129034, 11.254838709677419, 11.276666666666666, 14.148387096774192, 19.98, 16.372580645161293,
)  # fmt: skip
RAIN_1959 = (4.8, 23.9, 24.7, 3.6, 11.3, 11.2, 27.4, 53, 30.7, 39.3, 9.4, 41.8)
PET_1959 = (253.8, 214.4, 176.6, 104.2, 62.8, 41.6, 45.6, 64.8, 91.6, 140, 190, 233)
#: Year: tfac, wfac, input; beta, alpha; k, steady state and stock of the three pools; their sum.
WORKBOOK = {
    1970: (0.467, 1.053, 3.569, 2.694, 1.80, 4.829, 0.37, 0.37, 0.312, 3.90, 3.70, 0.0034, 63.61, 58.82, 62.89),
    1971: (0.489, 1.322, 3.718, 2.807, 1.88, 6.351, 0.30, 0.30, 0.410, 3.09, 3.45, 0.0045, 50.39, 58.78, 62.52),
    1972: (0.492, 0.913, 3.096, 2.337, 1.56, 4.417, 0.35, 0.35, 0.285, 3.70, 3.52, 0.0031, 60.34, 58.78, 62.66),
    1973: (0.510, 1.302, 3.702, 2.794, 1.87, 6.534, 0.29, 0.29, 0.422, 2.99, 3.29, 0.0046, 48.76, 58.74, 62.32),
    1974: (0.483, 1.521, 3.635, 2.744, 1.84, 7.223, 0.25, 0.25, 0.466, 2.66, 3.00, 0.0051, 43.32, 58.66, 61.91),
    1975: (0.498, 1.175, 3.805, 2.872, 1.92, 5.754, 0.33, 0.33, 0.371, 3.49, 3.18, 0.0040, 56.92, 58.65, 62.17),
    1976: (0.477, 0.875, 2.766, 2.088, 1.40, 4.104, 0.34, 0.34, 0.265, 3.56, 3.28, 0.0029, 58.01, 58.65, 62.27),
    1977: (0.500, 0.995, 3.120, 2.355, 1.58, 4.896, 0.32, 0.32, 0.316, 3.36, 3.31, 0.0034, 54.85, 58.64, 62.27),
    1978: (0.480, 1.227, 3.201, 2.416, 1.62, 5.794, 0.28, 0.28, 0.374, 2.91, 3.16, 0.0041, 47.54, 58.59, 62.03),
    1979: (0.504, 1.238, 3.562, 2.689, 1.80, 6.128, 0.29, 0.29, 0.396, 3.07, 3.12, 0.0043, 50.02, 58.56, 61.97),
}
BEFORE_1970 = (0.34, 3.61, 58.80)
#: Run-in of the workbook, as quoted: tfac, wfac and input of eleven years.
RUN_IN = (
    (0.359, 0.628, 3.569), (0.335, 0.875, 3.805), (0.371, 0.826, 3.718), (0.349, 0.837, 3.096), (0.352, 0.879, 3.702),
    (0.315, 0.859, 3.635), (0.364, 0.747, 3.805), (0.340, 0.828, 2.766), (0.358, 0.618, 3.120), (0.359, 0.934, 3.201),
    (0.334, 0.798, 3.562),
)  # fmt: skip
SAND, LIGNIN, NITROGEN = 0.25, 0.111, 0.021


def test_the_weather_of_the_workbook_gives_its_factors():
    assert temperature_factor(TEMPERATURE_1959) == pytest.approx(0.4904241436936742, abs=1e-12)
    assert water_factor(RAIN_1959, PET_1959) == pytest.approx(0.7793321739983536, abs=1e-12)
    # 1950, as printed: 0.520 and 0.980.
    warm = (20.7, 20.7, 18.6, 16.6, 13.8, 9.8, 9.8, 10.2, 12.8, 14.5, 18.4, 22.5)
    rain = (2.8, 34.4, 10.7, 12.9, 130.1, 43.9, 22.5, 44.2, 38.8, 36.6, 17, 6.1)
    assert temperature_factor(warm) == pytest.approx(0.520, abs=1e-3)
    assert water_factor(rain, PET_1959) == pytest.approx(0.980, abs=1e-3)


@pytest.mark.parametrize(("celsius", "expected"), [(0, 0.0803555), (33.69, 1), (45, 0)])
def test_a_year_of_one_temperature(celsius, expected):
    # hestia-earth-models, test_organicCarbonPerHa_tier_2.
    assert temperature_factor([celsius] * 12) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("rain", "pet", "irrigated", "expected"),
    [(0, 0, False, 2.24942813), (1, 10000, False, 0.3195496), (10000, 1, False, 2.24942813), (5, 50, True, 1.1625)],
)
def test_a_year_of_one_kind_of_month(rain, pet, irrigated, expected):
    # hestia-earth-models again; irrigated: 0.775 * 1.5.
    assert water_factor([rain] * 12, [pet] * 12, irrigated) == pytest.approx(expected, abs=1e-7)


def of_workbook(rows):
    warmth, water, carbon = np.array([row[:3] for row in rows]).T
    return CarbonInput(carbon, LIGNIN, NITROGEN), Conditions(SAND, warmth, water, "full_tillage")


def test_the_years_of_the_workbook():
    rows = np.array(list(WORKBOOK.values()))
    inputs, conditions = of_workbook(rows)
    found = targets(inputs, conditions, f2_by_tillage=False)
    beta, alpha, total = rows[:, 3], rows[:, 4], rows[:, 14]
    # Everything is printed with two to four digits, the factors among them.
    assert inputs.carbon_t_ha * inputs.metabolic_share == pytest.approx(beta, abs=1e-3)
    assert found.rates[:, 0] * found.pools[:, 0] == pytest.approx(alpha, abs=0.006)
    rates, aims, stocks = np.stack([rows[:, (5, 8, 11)], rows[:, (6, 9, 12)], rows[:, (7, 10, 13)]])
    assert found.rates == pytest.approx(rates, rel=2e-3, abs=6e-5)
    assert found.pools == pytest.approx(aims, rel=3e-3, abs=0.005)
    pools = run(BEFORE_1970, found)
    assert pools == pytest.approx(stocks, abs=0.015)
    assert pools.sum(axis=-1) == pytest.approx(total, abs=0.03)


def test_the_run_in_of_the_workbook():
    """Quoted as: factors 0.349 and 0.803, input 3.453; k 2.751, 0.178, 0.0019; pools 0.63, 6.62, 108."""
    found = run_in(*of_workbook(RUN_IN), f2_by_tillage=False)
    assert found.rates == pytest.approx([2.751, 0.178, 0.0019], rel=0.02)
    assert found.pools == pytest.approx([0.63, 6.62, 108], rel=0.01)


# Plain Python, from the equations


def plain(start, years, sand, tillage):
    """One site; years of (temperatures, rain, pet, irrigated, carbon, lignin, nitrogen)."""
    till = {"full_tillage": 3.036, "reduced_tillage": 2.075, "no_tillage": 1.0, "unknown": 3.036}[tillage]
    f2 = {"full_tillage": 0.455, "reduced_tillage": 0.477, "no_tillage": 0.5, "unknown": 0.368}[tillage]
    pools, rows = list(start), []
    for temperatures, rain, pet, irrigated, carbon, lignin, nitrogen in years:
        warmth = wet = 0.0
        for t, r, e, i in zip(temperatures, rain, pet, irrigated, strict=True):
            if t < 45:
                q = (45 - t) / (45 - 33.69)
                warmth += q**0.2 * math.exp(0.2 / 2.63 * (1 - q**2.63)) / 12
            m = min(1.25, r / e) if e else 1.25
            wet += 1.5 * (0.775 if i else 0.2129 + 1.331 * m - 0.2413 * m * m) / 12
        beta = carbon * (0.85 - 0.018 * lignin / nitrogen)
        f4 = 1 - 0.0855 - (0.17 + 0.68 * sand)
        alpha = beta * 0.378 + (carbon * (1 - lignin) - beta) * f2
        alpha += carbon * lignin * 0.455 * (0.42 + 0.0504 * 0.45)
        alpha /= 1 - f4 * 0.42 - 0.0855 * 0.45 - f4 * 0.0504 * 0.45
        k = 7.4 * warmth * wet * till * (0.25 + 0.75 * sand), 0.209 * warmth * wet * till, 0.00689 * warmth * wet
        active = alpha / k[0]
        slow = (carbon * lignin * 0.455 + active * k[0] * f4) / k[1]
        passive = (active * k[0] * 0.0855 + slow * k[1] * 0.0504) / k[2]
        pools = [x + (aim - x) * min(1.0, rate) for x, aim, rate in zip(pools, (active, slow, passive), k, strict=True)]
        rows.append(pools)
    return rows


@st.composite
def fields(draw):
    n, years = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    months = (n, years, 12)
    return (
        rng.uniform(-20, 40, months),
        rng.uniform(0, 200, months),
        rng.uniform(0, 200, months) * (rng.random(months) > 0.1),
        rng.random(months) < 0.2,
        rng.uniform(0, 8, (n, years)),
        rng.uniform(0.02, 0.14, (n, years)),
        rng.uniform(0.005, 0.05, (n, years)),
        rng.uniform(0, 1, n),
        rng.choice(tier2.TILLAGE, (n, years)),
        rng.uniform(0, 60, (n, 3)),
    )


@settings(max_examples=40, deadline=None)
@given(fields())
def test_every_year_is_what_plain_python_gives(case):
    temperatures, rain, pet, irrigated, carbon, lignin, nitrogen, sand, tillage, start = case
    climate = temperature_factor(temperatures), water_factor(rain, pet, irrigated)
    found = targets(CarbonInput(carbon, lignin, nitrogen), Conditions(sand[:, None], *climate, tillage))
    pools = run(start, found)
    for i in range(len(sand)):
        now = list(start[i])
        for y in range(carbon.shape[1]):
            year = [x[i, y] for x in (temperatures, rain, pet, irrigated, carbon, lignin, nitrogen)]
            (now,) = plain(now, [year], sand[i], tillage[i, y])
            assert pools[i, y] == pytest.approx(now, rel=1e-10)


@settings(max_examples=40, deadline=None)
@given(fields())
def test_a_steady_state_stays_where_it_is(case):
    *_, carbon, lignin, nitrogen, sand, _, _ = case
    inputs = CarbonInput(carbon[:, :1], lignin[:, :1], nitrogen[:, :1])
    conditions = Conditions(sand[:, None], 0.4, 0.9, "reduced_tillage")
    rest = run_in(inputs, conditions)
    assert run(rest.pools, targets(inputs, conditions))[:, -1] == pytest.approx(rest.pools, rel=1e-12)
    # Twice the carbon holds twice the stock: the method is linear in it.
    double = run_in(CarbonInput(2 * carbon[:, :1], lignin[:, :1], nitrogen[:, :1]), conditions)
    assert double.stock_t_ha == pytest.approx(2 * rest.stock_t_ha, rel=1e-12)


def test_less_tillage_never_holds_less_carbon():
    stocks = [
        targets(CarbonInput(3.0, LIGNIN, NITROGEN), Conditions(SAND, 0.4, 0.9, kind)).stock_t_ha
        for kind in ("full_tillage", "reduced_tillage", "no_tillage")
    ]
    assert stocks == sorted(stocks)


def test_every_parameter_has_been_read_somewhere():
    assert {leaf.status for leaf in tier2.parameters().leaves()} == {Status.SECONDARY}
    assert tier2.default_contents() == (0.073, 0.0083)


FIELD = CarbonInput(3.0, LIGNIN, NITROGEN)


@pytest.mark.parametrize(
    ("code", "work"),
    [
        ("soil.percent_for_fraction", lambda: CarbonInput(3.0, 11.1, NITROGEN)),
        ("soil.percent_for_fraction", lambda: Conditions(25, 0.4, 0.9)),
        ("soil.not_positive", lambda: CarbonInput(3.0, LIGNIN, 0.0)),
        ("soil.negative", lambda: CarbonInput(-3.0, LIGNIN, NITROGEN)),
        ("soil.lignin_to_nitrogen", lambda: CarbonInput(3.0, 0.3, 0.005)),
        ("soil.lignin_to_nitrogen", lambda: CarbonInput(3.0, 0.5, 0.1)),
        ("soil.unknown_tillage", lambda: Conditions(SAND, 0.4, 0.9, "ploughing")),
        ("soil.not_celsius", lambda: temperature_factor([70.0] * 12)),
        ("soil.shapes", lambda: temperature_factor([10.0] * 11)),
        ("soil.shapes", lambda: water_factor(np.ones((2, 12)), np.ones((3, 12)))),
        ("soil.not_a_flag", lambda: water_factor([10.0] * 12, [10.0] * 12, 0.5)),
        ("soil.no_turnover", lambda: targets(FIELD, Conditions(SAND, 0.0, 0.9))),
        ("soil.missing", lambda: CarbonInput(np.nan, LIGNIN, NITROGEN)),
        ("soil.run_in_tillage", lambda: run_in(FIELD, Conditions(SAND, 0.4, 0.9, ["no_tillage", "full_tillage"]))),
    ],
)
def test_what_the_method_is_not_for_is_refused(code, work):
    with pytest.raises(DomainError) as caught:
        work()
    assert caught.value.code == code
    assert caught.value.text("zh") != caught.value.text("en")
