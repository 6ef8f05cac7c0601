"""Grassland: classes of degradation, moving herds, and the response of the soil."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.sinks.frame import Factors, run_sink
from tanhui.sinks.grassland import CLASSES, Stays, degradation_class, response_t_ha, utilisation
from tanhui.sinks.grassland.degradation import loss_share
from tanhui.sinks.grassland.grazing import sheep_unit_days
from tanhui.sinks.grassland.response import climate
from tanhui.sinks.soil import Inputs, Soil, inverse, modifiers
from tanhui.sinks.soil.rothc import dpm_share, pan_evaporation_mm
from tests.sinks.soil.test_rothc import plain

TODAY = date(2026, 1, 1)
STEPPE = {
    "temperature_c": [-17, -13, -5, 4, 11, 17, 19, 17, 11, 3, -7, -14],
    "rain_mm": [3, 4, 7, 14, 30, 55, 95, 75, 35, 14, 6, 4],
    "pet_mm": [6, 12, 35, 75, 125, 145, 140, 115, 75, 40, 14, 6],
}


def weather():
    return climate(*(np.array([STEPPE[name]], float) for name in ("temperature_c", "rain_mm", "pet_mm")))


def begins(key: str) -> float:
    """GB 19377 as recalled: from 11, 21 and 31 % of cover, 11, 21 and 51 % of yield."""
    return {"cover/light": 0.11, "cover/moderate": 0.21, "cover/severe": 0.31,
            "yield/light": 0.11, "yield/moderate": 0.21, "yield/severe": 0.51}[key]  # fmt: skip


@pytest.mark.parametrize(
    ("cover", "grown", "expected"),
    [
        (0.10, 0.0, "none"), (0.11, 0.0, "light"), (0.20, 0.0, "light"), (0.21, 0.0, "moderate"), (0.31, 0.0, "severe"),
        (0.0, 0.45, "moderate"), (0.0, 0.51, "severe"), (0.15, 0.60, "severe"), (float("nan"), 0.30, "moderate"),
    ],
)  # fmt: skip
def test_the_worse_of_both_losses_names_the_class(cover, grown, expected):
    assert CLASSES[int(degradation_class([cover], [grown], begins)[0])] == expected


def test_nothing_known_is_no_class_and_more_than_the_reference_is_no_loss():
    assert degradation_class([np.nan], [np.nan], begins).tolist() == [-1]
    assert loss_share([0.7, 0.3], [0.6, 0.6]).tolist() == pytest.approx([0.0, 0.5])


@given(st.floats(20, 200), st.floats(0.02, 0.6), st.floats(0.0, 3.0), st.integers(1, 40))
def test_the_response_is_in_proportion_to_the_change_of_input(stock, clay, ratio, years):
    unit = response_t_ha([stock], [clay], [2.0], weather(), years)[0, -1]
    assert response_t_ha([stock], [clay], [ratio], weather(), years)[0, -1] == pytest.approx(
        (ratio - 1) * unit, rel=1e-9, abs=1e-9
    )


def test_the_response_is_what_an_independent_month_by_month_program_gives():
    stock, clay, ratio = 62.0, 0.18, 1.25
    soil = Soil([clay], 30.0)
    factor = modifiers(soil, weather())
    share = dpm_share("unimproved_grass")
    rest = inverse(soil, factor.factor, [stock], Inputs(np.full((1, 12), 1 / 12), share))
    monthly = float(rest.plant_t_ha_yr[0]) * ratio / 12
    pan = pan_evaporation_mm(STEPPE["pet_mm"])
    year = [
        (STEPPE["temperature_c"][m], STEPPE["rain_mm"][m], float(pan[m]), True, monthly, share, 0.0) for m in range(12)
    ]
    pools = [float(x) for x in rest.pools[0]]
    rows = plain(clay * 100, 30.0, year * 20, pools[:4], float(factor.deficit_mm[0, -1]))
    expected = sum(rows[-1][0]) + pools[4] - stock
    assert response_t_ha([stock], [clay], [ratio], weather(), 20)[0, -1] == pytest.approx(expected, rel=1e-9)


def test_herds_on_a_pasture_use_what_they_eat():
    stays = Stays(*(np.array(x) for x in (["h"], ["p"], ["yak"], [100.0], [50.0])))
    factors = Factors("grassland", "AR5")
    days = sheep_unit_days(stays, np.array(["p", "q"]), factors)
    assert days.tolist() == [100 * 4.5 * 50, 0]
    # 22,500 sheep-unit days x 1.8 kg = 40.5 t of 100 ha x 1 t.
    assert utilisation(days, np.array([1.0, 1.0]), np.array([100.0, 10.0]), factors).tolist() == pytest.approx(
        [0.405, 0]
    )


def herd(**changes):
    move = {"herd": "h", "phase": "before", "pasture": "p", "animal": "sheep", "heads": 10, "days": 200} | changes
    return {
        "method": "rothc",
        "pastures": [{"pasture": "p", "area_ha": 100, "soc_t_ha": 60, "clay_share": 0.2, "yield_t_ha": 1.0}],
        "moves": [move, {**move, "phase": "after"}],
        "factors": {"root_turnover": {"value": 0.3, "se": 0.1, "source": "cores"}},
        **STEPPE,
    }


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("grassland.unknown_pasture", herd(pasture="elsewhere")),
        ("grassland.needs", {"method": "rothc", "pastures": [{"pasture": "p", "area_ha": 1}]}),
        ("grassland.needs", {"pastures": [{"pasture": "p", "area_ha": 1}]}),
        ("sinks.factor_wanted", {k: v for k, v in herd().items() if k != "factors"}),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_cannot_be_answered_is_refused(code, given):
    with pytest.raises(DomainError) as refusal:
        run_sink("grassland", given, today=TODAY)
    assert refusal.value.code == code


def test_the_error_of_a_stock_reaches_the_figures():
    # Two pastures alike, each with an error of its own: what moving one stock does, times the root of two.
    def change(soc: float, **columns: object) -> dict:
        pasture = {"pasture": "p", "area_ha": 100, "soc_t_ha": soc, "clay_share": 0.2, "input_ratio": 1.3, **columns}
        return {"method": "rothc", "pastures": [pasture, {**pasture, "pasture": "q"}], **STEPPE}

    def figure(given: dict) -> dict:
        estimates = run_sink("grassland", given, today=TODAY)["estimates"]
        return next(x for x in estimates if x["quantity"] == "soc_stock_change_t" and x["year"] == 2046)

    plain, with_error = figure(change(60)), figure(change(60, soc_se_t_ha=6))
    moved = (figure(change(66))["value"] - figure(change(54))["value"]) / 2 / 2
    added = (with_error["se"] ** 2 - plain["se"] ** 2) ** 0.5
    assert added == pytest.approx(moved * 2**0.5, rel=0.01)
    assert with_error["variance_shares"]["measurement"] > 0


def test_a_pasture_stands_once():
    with pytest.raises(DomainError) as refusal:
        run_sink("grassland", {**herd(), "pastures": herd()["pastures"] * 2}, today=TODAY)
    assert refusal.value.code == "grassland.pasture_twice"


def test_a_herd_has_one_year_in_a_year():
    with pytest.raises(DomainError) as refusal:
        run_sink("grassland", {**herd(), "moves": herd()["moves"] * 2}, today=TODAY)
    assert refusal.value.code == "grassland.too_many_days"


def test_land_outside_the_account_may_be_grazed():
    given = herd()
    given["moves"][1] = {**given["moves"][1], "pasture": "outside"}
    result = run_sink("grassland", given, today=TODAY)
    # The animals move away: their methane stays the same, and the pasture gains.
    assert next(x for x in result["lines"] if x["line"] == "animals")["co2e_t"] == 0
    assert next(x for x in result["lines"] if x["line"] == "soil")["co2e_t"] > 0


def test_an_edition_that_is_none_is_refused():
    with pytest.raises(RefusedInput):
        run_sink("grassland", {"edition": "ipcc1996", "pastures": [{"pasture": "p", "area_ha": 1}]}, today=TODAY)
