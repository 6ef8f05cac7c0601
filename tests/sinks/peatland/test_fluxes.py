"""Tables of the Wetlands Supplement against what others read in them, and laws of the balance."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import RefusedInput
from tanhui.sinks.frame import run_sink
from tanhui.sinks.frame.factors import factor_table
from tanhui.sinks.peatland.depletion import LONGEST_YR, carbon_t_ha_m, depletion_yr, emitting_yr

DAY = date(2026, 1, 1)
C, N = 44 / 12, 44 / 28
# van Giersbergen et al. 2025, Table 2, t CO2e/ha/yr with AR6 and ditches on 2.5 %: CO2, N2O, DOC, ditches, all of it.
# Of boreal grassland the sum of the printed parts: the total printed, 27.03, holds its ditches twice.
PRINTED = [
    ("boreal", "forest", "poor", 0.92, 0.09, 0.44, 0.15, 1.79),
    ("boreal", "forest", "rich", 3.41, 1.37, 0.44, 0.15, 5.42),
    ("boreal", "cropland", "", 28.97, 5.57, 0.44, 0.79, 35.75),
    ("boreal", "grassland", "", 20.89, 4.06, 0.44, 0.79, 26.22),
    ("boreal", "extraction", "", 10.26, 0.13, 0.44, 0.37, 11.36),
    ("temperate", "cropland", "", 28.95, 5.57, 1.14, 0.79, 36.45),
    ("temperate", "grassland deep", "", 22.35, 3.51, 1.14, 0.79, 28.22),
    ("temperate", "grassland shallow", "", 13.19, 0.69, 1.14, 0.36, 16.42),
]
# The same table: half the interval of CO2, where it is that of the Wetlands Supplement.
PRINTED_HALF_WIDTH = {
    "boreal forest rich": 1.39,
    "boreal cropland": 5.31,
    "boreal grassland": 10.44,
    "boreal extraction": 5.68,
    "temperate forest": 2.38,
    "temperate cropland": 5.31,
    "temperate grassland deep": 4.21,
}
# sela, peat-climate-ipcc2013-v1: drained t C, kg CH4 of land and ditches, kg N2O-N; the dissolved part is 0.31.
SELA = [
    ("cropland", 7.9, 0, 1165, 13),
    ("grassland shallow", 3.6, 39, 527, 1.6),
    ("grassland deep", 6.1, 16, 1165, 8.2),
]


def run(*parcels, **inputs):
    given = [{"parcel": f"p{i}", "area_ha": 1, "climate": "temperate", **x} for i, x in enumerate(parcels)]
    result = run_sink("peatland", {"parcels": given, **inputs}, today=DAY)
    figures = {(x["quantity"], x["domain"]): x["value"] for x in result["estimates"]}
    return figures, {x["line"]: x["co2e_t"] for x in result["lines"]}, result


@pytest.mark.parametrize(("climate", "use", "nutrient", "co2", "n2o", "doc", "ditch", "total"), PRINTED)
def test_drained_soils_as_printed(climate, use, nutrient, co2, n2o, doc, ditch, total):
    _, lines, _ = run({"climate": climate, "use": use, "nutrient": nutrient, "ditch_share": 0.025}, gwp="AR6")
    printed = {"co2": co2, "n2o": n2o, "doc": doc, "ditch_ch4": ditch}
    for line, value in printed.items():
        assert -lines[line] == pytest.approx(value, abs=0.02), line
    # Methane of the land is less by the share of ditches here, and printed whole there.
    assert -lines["net"] == pytest.approx(total, abs=0.04)


@pytest.mark.parametrize(("key", "half"), PRINTED_HALF_WIDTH.items())
def test_intervals_are_as_wide_as_printed(key, half):
    se = factor_table("peatland")["co2_onsite", key].se
    assert se * 1.959964 * C == pytest.approx(half, rel=0.02)


@pytest.mark.parametrize(("use", "co2", "land", "ditch", "n2o"), SELA)
def test_drained_as_another_program_has_it(use, co2, land, ditch, n2o):
    _, lines, _ = run({"use": use}, gwp="AR5")
    ch4 = (0.95 * land + 0.05 * ditch) * 28 / 1000
    assert -lines["net"] == pytest.approx(co2 * C + 0.31 * C + ch4 + n2o * N * 265 / 1000, abs=1e-9)


def test_rewetted_as_another_program_has_it():
    _, lines, _ = run({"use": "rewetted", "nutrient": "rich"}, gwp="AR5")
    assert -lines["net"] == pytest.approx(0.5 * C + 0.24 * C + 216 * 16 / 12 * 28 / 1000, abs=1e-9)
    assert lines["n2o"] == lines["ditch_ch4"] == 0


def test_rewetted_extraction_of_a_national_inventory():
    # Ireland, CRT 2026 for 2024: 0.410 t C on site, 0.784 t CO2 dissolved, 210.71 kg CH4: 8.19 t CO2e/ha at AR5.
    _, lines, _ = run({"use": "measured", "uptake_t_c_ha_yr": -(0.410 + 0.784 / C), "ch4_kg_ha_yr": 210.71}, gwp="AR5")
    assert -lines["net"] == pytest.approx(8.19, abs=0.005)


@given(st.floats(0, 1))
def test_ditches_take_the_place_of_land(share):
    _, lines, _ = run({"use": "grassland shallow", "ditch_share": share}, gwp="AR5")
    assert -lines["ch4"] == pytest.approx((1 - share) * 39 * 0.028, abs=1e-12)
    assert -lines["ditch_ch4"] == pytest.approx(share * 527 * 0.028, abs=1e-12)


@given(st.floats(0.05, 5), st.floats(0.05, 0.5), st.floats(20, 58), st.floats(1, 500))
def test_no_more_carbon_goes_than_there_was(depth, density, carbon, years):
    _, lines, _ = run(
        {"use": "cropland", "peat_depth_m": depth, "bulk_density_g_cm3": density, "carbon_percent": carbon},
        years=years,
    )
    lost = -(lines["co2"] + lines["doc"]) / C
    there = depth * density * carbon * 100
    assert lost <= there * (1 + 1e-9)
    assert lost == pytest.approx(min((7.9 + 0.31) * years, there), rel=1e-9)


def test_depletion_by_hand():
    nan = np.nan
    years = depletion_yr(
        np.array([1.0, 1.0, 1.0, nan, 2.0]),
        np.array([2.0, nan, nan, 2.0, 0.0]),
        np.array([0.5, nan, nan, 0.5, 0.5]),
        np.array([8.0, 8.0, 8.0, 8.0, 8.0]),
        np.array([nan, 1000.0, nan, nan, nan]),
    )
    # 1 m at 1 cm a year; 1000 t C at 8 a year; nothing known; no depth; nothing lost.
    assert years[:2] == pytest.approx([100, 125])
    assert np.isnan(years[2:4]).all()
    assert years[4] == LONGEST_YR
    assert emitting_yr(110, years) == pytest.approx([100, 110, 110, 110, 110])
    assert carbon_t_ha_m(np.array([0.1]), np.array([50.0])) == pytest.approx([500])


def test_order_of_parcels_is_irrelevant_and_area_scales():
    first, second = {"use": "cropland", "area_ha": 3}, {"use": "forest", "area_ha": 5}
    there, back = run(first, second)[1], run(second, first)[1]
    assert there == pytest.approx(back)
    assert run({**first, "area_ha": 6})[1]["net"] == pytest.approx(2 * run(first)[1]["net"])


def test_a_surge_of_methane_counts_in_the_first_years_only():
    wet = {"use": "rewetted", "nutrient": "rich"}
    plain, high = run(wet, years=30)[1], run(wet, years=30, surge_factor=3, surge_yr=5)[1]
    # Five years thrice as high are ten years more.
    assert high["ch4"] == pytest.approx(plain["ch4"] * 40 / 30)
    assert high["co2"] == plain["co2"]


def test_reed_is_shown_and_is_no_part_of_the_balance():
    wet = {"use": "rewetted", "nutrient": "rich"}
    bare, reed = run(wet), run({**wet, "reed_t_ha": 12})
    assert bare[1] == reed[1]
    assert reed[0]["peatland_reed_c_t", ""] == pytest.approx(12 * 0.47)


@given(st.floats(0.01, 10))
def test_at_break_even_the_balance_is_zero(uptake):
    parcel = {"use": "measured", "uptake_t_c_ha_yr": uptake, "ch4_kg_ha_yr": 0}
    figures, _, _ = run(parcel, gwp="AR6")
    methane = figures["peatland_break_even_ch4_kg_ha_yr", "p0"]
    assert run({**parcel, "ch4_kg_ha_yr": methane}, gwp="AR6")[1]["net"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("parcel", "code"),
    [
        ({"use": "rewetted"}, "peatland.nutrient_wanted"),
        ({"use": "oil palm"}, "peatland.no_such_use"),
        ({"climate": "boreal", "use": "grassland deep"}, "peatland.no_such_use"),
        ({"use": "cropland", "ch4_kg_ha_yr": 5}, "peatland.not_measured"),
        ({"use": "cropland", "peat_depth_m": 1}, "peatland.depth_without_loss"),
        ({"use": "cropland", "ditch_share": 5}, "table.too_large"),
        ({"use": "cropland", "peat_depth_m": -1}, "table.not_above"),
    ],
)
def test_refused(parcel, code):
    with pytest.raises(RefusedInput) as refused:
        run(parcel)
    assert code in {fault.code for fault in refused.value.faults}
