"""RothC against the example its authors publish, against plain Python, and against its own arithmetic.

`rothc_example.csv` holds the first years of the input that comes with RothC_Py (Rothamsted Research, Apache-2.0); the
expected pools are those of its published output.
"""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError
from tanhui.sinks.soil.rothc import (
    Inputs,
    Soil,
    Weather,
    dpm_share,
    inert_t_ha,
    inverse,
    modifiers,
    pan_evaporation_mm,
    run,
    spin_up,
)

IOM = 3.0041
WEATHER = ("temperature_c", "rain_mm", "evaporation_mm", "covered")
#: RothC_Py, output_years.csv: DPM, RPM, BIO, HUM at the end of December.
PUBLISHED = {
    1: (0.14546618698414296, 5.678120858752452, 0.7405937979752077, 27.642769420831222),
    1939: (0.07302139331609193, 5.422154823708169, 0.7133801110667124, 27.605974986907576),
    1940: (0.10828713887006813, 5.202865543614263, 0.6788825393188336, 27.559985992997362),
    1941: (0.12662012235038353, 4.9935979258906595, 0.6507365157224589, 27.49939668177539),
    1942: (0.07739391551869046, 4.854879139049615, 0.6381051974881565, 27.459048785516256),
    1943: (0.12731393247870837, 4.639780277992027, 0.6066830209837007, 27.38092730849934),
}
#: month_results.csv: soil organic carbon of single months.
PUBLISHED_MONTHS = {(1939, 4): 36.875405937783896, (1939, 8): 37.99774995059783, (1941, 9): 37.171153005564804}
ROTHAMSTED = Soil(clay_share=0.13, depth_cm=25)


def example(years) -> tuple[Weather, np.ndarray]:
    with (Path(__file__).parent / "rothc_example.csv").open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if int(row["year"]) in years]
    column = {name: [[float(row[name]) for row in rows]] for name in rows[0]}
    return Weather(*(column[name] for name in WEATHER)), np.array(column["plant_t_ha"])


def equilibrium():
    weather, plant = example({1})
    state = modifiers(ROTHAMSTED, weather)
    return state, spin_up(ROTHAMSTED, state.factor, Inputs(plant, dpm_share("crops")), IOM)


def test_the_published_equilibrium():
    """Theirs stops after 19,872 months, when a year changes less than 1e-6 t: a little before the end. Ours is the end.

    As many months from nothing give their pools to the last digits; HUM then lacks 1.3e-4 t of the steady state, what
    is left of a series that shrinks by less than one per cent a year.
    """
    state, steady = equilibrium()
    weather, plant = example({1})
    years = 19_872 // 12
    repeated = Weather(*(np.tile(getattr(weather, name), years) for name in WEATHER))
    factor = modifiers(ROTHAMSTED, repeated, 0.0).factor
    stepped = run(ROTHAMSTED, factor, Inputs(np.tile(plant, years), dpm_share("crops")), [[0, 0, 0, 0, IOM]])
    assert stepped.pools[0, -1, :4] == pytest.approx(PUBLISHED[1], abs=1e-9)
    assert factor[0, -12:] == pytest.approx(state.factor[0], abs=1e-14)
    assert steady.pools[0] == pytest.approx([*PUBLISHED[1], IOM], abs=1.5e-4)
    assert steady.plant_t_ha_yr[0] == pytest.approx(1.74)


def test_the_published_years_and_months():
    before, _ = equilibrium()
    years = range(1939, 1944)
    weather, plant = example(set(years))
    state = modifiers(ROTHAMSTED, weather, before.deficit_mm[:, -1])
    start = [[*PUBLISHED[1], IOM]]
    inputs = Inputs(plant, dpm_share("crops"))
    path = run(ROTHAMSTED, state.factor, inputs, start)
    for (year, month), stock in PUBLISHED_MONTHS.items():
        assert path.stock_t_ha[0, 12 * (year - 1939) + month - 1] == pytest.approx(stock, abs=1e-10)
    decembers = run(ROTHAMSTED, state.factor, inputs, start, every=12)
    for row, year in enumerate(years):
        assert decembers.pools[0, row, :4] == pytest.approx(PUBLISHED[year], abs=1e-10)
    assert decembers.co2_c.sum() == pytest.approx(path.co2_c.sum())


# Plain Python, from the equations


def plain(clay_pct, depth, months, pools, deficit):
    """One site, month by month; months of (temperature, rain, evaporation, covered, plant, share, manure)."""
    deepest = -(20 + 1.3 * clay_pct - 0.01 * clay_pct**2) * depth / 23
    x = 1.67 * (1.85 + 1.60 * math.exp(-0.0786 * clay_pct))
    rows = []
    for temperature, rain, evaporation, covered, plant, share, manure in months:
        a = 0.0 if temperature < -5 else 47.91 / (1 + math.exp(106.06 / (temperature + 18.27)))
        if covered:
            deficit = max(deepest, min(0.0, deficit + rain - 0.75 * evaporation))
        else:
            deficit = max(min(0.556 * deepest, deficit), min(0.0, deficit + rain - 0.75 * evaporation))
        one_bar = 0.444 * deepest
        b = 1.0 if deficit > one_bar else 0.2 + 0.8 * (deepest - deficit) / (deepest - one_bar)
        c = 0.6 if covered else 1.0
        left = [p * math.exp(-a * b * c * k / 12) for p, k in zip(pools, (10, 0.3, 0.66, 0.02), strict=True)]
        turned = sum(pools) - sum(left)
        pools = [
            left[0] + share * plant + 0.49 * manure,
            left[1] + (1 - share) * plant + 0.49 * manure,
            left[2] + 0.46 * turned / (x + 1),
            left[3] + 0.54 * turned / (x + 1) + 0.02 * manure,
        ]
        rows.append((pools, turned * x / (x + 1), deficit))
    return rows


@st.composite
def sites(draw):
    """A few sites with a year of weather and inputs each."""
    n = draw(st.integers(1, 3))
    grid = lambda low, high: st.lists(  # noqa: E731
        st.lists(st.floats(low, high), min_size=12, max_size=12), min_size=n, max_size=n
    ).map(np.array)
    flags = st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=n, max_size=n)
    clay = draw(st.lists(st.floats(0, 0.8), min_size=n, max_size=n))
    depth = draw(st.lists(st.floats(5, 100), min_size=n, max_size=n))
    temperature = draw(grid(-30, 40))
    # One month at least is warm, so that there is turnover.
    temperature[:, 6] = draw(st.floats(5, 30))
    weather = Weather(temperature, draw(grid(0, 300)), draw(grid(-2, 300)), draw(flags))
    plant = draw(grid(0, 2))
    plant[:, 3] += 0.1
    return Soil(clay, depth), weather, Inputs(plant, draw(st.floats(0, 1)), draw(grid(0, 1)))


@settings(max_examples=60, deadline=None)
@given(sites())
def test_every_month_is_what_plain_python_gives_and_no_carbon_is_lost(case):
    soil, weather, inputs = case
    n = soil.clay_share.size
    start = np.tile([0.2, 5.0, 0.7, 25.0, 3.0], (n, 1))
    state = modifiers(soil, weather, np.zeros(n))
    path = run(soil, state.factor, inputs, start, workers=2)
    plant, manure, share = inputs.on(weather.rain_mm.shape)
    for i in range(n):
        months = list(
            zip(
                weather.temperature_c[i], weather.rain_mm[i], weather.evaporation_mm[i], weather.covered[i],
                plant[i], share[i], manure[i], strict=True,
            )
        )  # fmt: skip
        expected = plain(100 * soil.clay_share[i], soil.depth_cm[i], months, list(start[i, :4]), 0.0)
        for month, (pools, co2, deficit) in enumerate(expected):
            assert path.pools[i, month, :4] == pytest.approx(pools, abs=1e-9)
            assert path.co2_c[i, month] == pytest.approx(co2, abs=1e-9)
            assert state.deficit_mm[i, month] == pytest.approx(deficit, abs=1e-9)
    brought = (plant + manure).sum(axis=1)
    change = path.stock_t_ha[:, -1] - start.sum(axis=1)
    assert brought == pytest.approx(change + path.co2_c.sum(axis=1), abs=1e-9)


# The steady state


def test_the_steady_state_is_where_ten_thousand_years_lead():
    weather, plant = example({1})
    state = modifiers(ROTHAMSTED, weather)
    inputs = Inputs(plant, dpm_share("woodland"), manure_t_ha=0.05)
    steady = spin_up(ROTHAMSTED, state.factor, inputs, IOM)
    years = 10_000
    # The inputs are the same every year, the months are repeated.
    long = Inputs(np.tile(plant, years), dpm_share("woodland"), manure_t_ha=0.05)
    path = run(ROTHAMSTED, np.tile(state.factor, years), long, [[0, 0, 0, 0, IOM]], every=12 * years)
    assert steady.pools[0] == pytest.approx(path.pools[0, 0], rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(sites())
def test_a_year_leads_a_steady_state_back_to_itself(case):
    soil, weather, inputs = case
    state = modifiers(soil, weather)
    again = modifiers(soil, weather, np.minimum(state.deficit_mm[:, -1], 0))
    assert again.deficit_mm == pytest.approx(state.deficit_mm, abs=1e-9)
    steady = spin_up(soil, state.factor, inputs, 1.0)
    path = run(soil, state.factor, inputs, steady.pools, every=12)
    assert path.pools[:, 0] == pytest.approx(steady.pools, rel=1e-8, abs=1e-9)
    assert path.co2_c[:, 0] == pytest.approx(
        steady.plant_t_ha_yr + inputs.on(state.factor.shape)[1].sum(axis=1), rel=1e-8, abs=1e-8
    )


@pytest.mark.parametrize(
    ("surplus", "expected"),
    [
        # In balance over the year: the wettest deficit of all that would do.
        ([-10.0, 10.0] * 6, 0.0),
        # A millimetre of loss a year dries the soil to its limit, after decades.
        ([-10.0, 10.0] * 5 + [-11.0, 10.0], -(20 + 1.3 * 13 - 0.01 * 169) * 25 / 23 + 10.0),
    ],
)
def test_the_deficit_of_a_climate_that_is_slow_to_forget(surplus, expected):
    rain = np.maximum(surplus, 0)
    evaporation = np.maximum(np.negative(surplus), 0) / 0.75
    state = modifiers(ROTHAMSTED, Weather([[10.0]], [rain], [evaporation], [[True]]))
    assert state.deficit_mm[0, -1] == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(sites(), st.floats(20, 200))
def test_the_input_behind_a_stock_gives_the_stock(case, stock):
    soil, weather, inputs = case
    factor = modifiers(soil, weather).factor
    timing = inputs.plant_t_ha / inputs.plant_t_ha.sum(axis=1, keepdims=True)
    asked = Inputs(timing, inputs.dpm_share)
    found = inverse(soil, factor, np.full(soil.clay_share.size, stock), asked)
    back = spin_up(soil, factor, Inputs(timing * found.plant_t_ha_yr[:, None], inputs.dpm_share), inert_t_ha(stock))
    assert back.stock_t_ha == pytest.approx(stock, rel=1e-9)
    assert back.pools == pytest.approx(found.pools, rel=1e-9, abs=1e-12)


def test_the_published_stock_needs_the_published_input():
    weather, plant = example({1})
    factor = modifiers(ROTHAMSTED, weather).factor
    found = inverse(ROTHAMSTED, factor, 37.211050264543026, Inputs(plant / plant.sum(), dpm_share("crops")), IOM)
    assert found.plant_t_ha_yr[0] == pytest.approx(1.74, abs=1e-5)


def test_sites_do_not_know_each_other():
    weather, plant = example({1})
    clay = np.linspace(0.02, 0.6, 7)
    together = Soil(clay, 23)
    factor = modifiers(together, weather, workers=3).factor
    steady = spin_up(together, factor, Inputs(plant, 0.5))
    for i, share in enumerate(clay):
        alone = Soil(share, 23)
        single = modifiers(alone, weather).factor
        assert np.array_equal(single[0], factor[i])
        assert spin_up(alone, single, Inputs(plant, 0.5)).pools[0] == pytest.approx(steady.pools[i], rel=1e-12)


def test_what_is_the_same_for_all_may_be_given_once():
    """Weather, inputs and the DPM share in every shape that means the same give the same, to the last bit."""
    weather, plant = example({1939})
    soil = Soil(np.linspace(0.1, 0.4, 4), 23)
    everywhere = Weather(*(np.tile(getattr(weather, name), (4, 1)) for name in WEATHER))
    factor = modifiers(soil, everywhere, 0.0).factor
    assert np.array_equal(modifiers(soil, weather, 0.0, workers=3).factor, factor)
    start = np.tile([0.1, 5.0, 0.7, 25.0, 3.0], (4, 1))
    full = run(soil, factor, Inputs(np.tile(plant, (4, 1)), np.full((4, 12), 0.5), np.full((4, 12), 0.1)), start)
    for share in (0.5, np.full((4, 1), 0.5), np.full(12, 0.5)):
        for workers in (1, 3):
            once = run(soil, factor, Inputs(plant, share, 0.1), start, workers=workers)
            assert np.array_equal(once.pools, full.pools)
            assert np.array_equal(once.co2_c, full.co2_c)


def test_numbers_of_the_description():
    assert dpm_share("crops") == pytest.approx(0.59, abs=0.001)
    assert dpm_share("unimproved_grass") == pytest.approx(0.40, abs=0.002)
    assert dpm_share("woodland") == pytest.approx(0.20)
    assert pan_evaporation_mm(75.0) == pytest.approx(100.0)
    # Falloon: 0.049 * 40 ** 1.139, by logarithms.
    assert inert_t_ha(40.0) == pytest.approx(math.exp(math.log(0.049) + 1.139 * math.log(40)))
    assert Soil(0.234, 23).deepest_deficit_mm[0] == pytest.approx(-(20 + 30.42 - 5.4756))


# Refusals

TWELVE = np.full((1, 12), 10.0)


def refused(code, work):
    with pytest.raises(DomainError) as caught:
        work()
    assert caught.value.code == code
    assert caught.value.text("zh") != caught.value.text("en")


@pytest.mark.parametrize(
    ("code", "work"),
    [
        ("soil.percent_for_fraction", lambda: Soil(23.4, 23)),
        ("soil.negative", lambda: Soil(-0.1, 23)),
        ("soil.not_positive", lambda: Soil(0.2, -23)),
        ("soil.missing", lambda: Soil(np.nan, 23)),
        ("soil.not_celsius", lambda: Weather(TWELVE * 6, TWELVE, TWELVE, True)),
        ("soil.negative", lambda: Weather(TWELVE, -TWELVE, TWELVE, True)),
        ("soil.shapes", lambda: Weather(TWELVE, TWELVE[:, :5], TWELVE, True)),
        ("soil.not_a_flag", lambda: Weather(TWELVE, TWELVE, TWELVE, 0.6)),
        ("soil.shapes", lambda: modifiers(ROTHAMSTED, Weather(np.tile(TWELVE, (3, 1)), TWELVE, TWELVE, True))),
        ("soil.shapes", lambda: run(ROTHAMSTED, TWELVE, Inputs(np.ones((1, 5)), 0.5), np.ones((1, 5)))),
        ("soil.deficit_sign", lambda: modifiers(ROTHAMSTED, Weather(TWELVE, TWELVE, TWELVE, True), 5.0)),
        ("soil.percent_for_fraction", lambda: Inputs(TWELVE, 59)),
        ("soil.unknown_land_use", lambda: dpm_share("desert")),
        ("soil.no_whole_years", lambda: spin_up(ROTHAMSTED, TWELVE[:, :7], Inputs(1.0, 0.5))),
        ("soil.no_turnover", lambda: spin_up(ROTHAMSTED, TWELVE * 0, Inputs(1.0, 0.5))),
        ("soil.timing", lambda: inverse(ROTHAMSTED, TWELVE, 40.0, Inputs(1.0, 0.5))),
        ("soil.stock_below_inert", lambda: inverse(ROTHAMSTED, TWELVE, 4.0, Inputs(1 / 12, 0.5), 5.0)),
        ("soil.negative", lambda: run(ROTHAMSTED, TWELVE, Inputs(1.0, 0.5), [[-1.0, 0, 0, 0, 0]])),
    ],
)
def test_what_is_no_soil_is_refused(code, work):
    refused(code, work)
