"""The balance: what others printed, laws that hold for any input, and what is refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import RefusedInput, TanhuiError
from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.coastal.biomass import agb_komiyama2005, bgb_komiyama2005, stand_agb
from tanhui.sinks.frame import run_sink

DAY = date(2026, 1, 1)
MANGROVE = {
    "ecosystem": "mangrove",
    "origin": "restored",
    "area_ha": 10,
    "climate": "tropical wet",
    "salinity": "30 ppt",
}


def run(**inputs):
    result = run_sink("coastal", {**MANGROVE, **inputs}, today=DAY)
    figures = {x["quantity"]: x["value"] for x in result["estimates"]}
    return figures, {x["line"]: x["co2e_t"] for x in result["lines"]}, result


def codes(**inputs):
    with pytest.raises(RefusedInput) as refused:
        run(**inputs)
    return {fault.code for fault in refused.value.faults}


def test_thai_default_of_sediment_is_that_of_table_4_12():
    # T-VER-P-METH-13-02: 0.26 t C/rai/yr, and a rai is 0.16 ha: 1.625, printed with two digits.
    assert run()[0]["coastal_burial_c_t_ha_yr"] == pytest.approx(0.26 / 0.16, rel=0.02)


def test_growth_above_ground_is_that_of_another_reckoning():
    # Regen Bazaar: tables 4.4 x 4.2 x 44/12 are 16.4 t CO2/ha/yr.
    figures, _, _ = run(age_yr=1)
    assert figures["agb_t_ha"] * 0.451 * CO2_PER_C == pytest.approx(16.4, abs=0.05)


@given(st.floats(0, 60), st.floats(1, 60))
def test_growth_ends_at_the_ceiling(age, years):
    figures, _, _ = run(age_yr=age, years=years)
    per_agb = 1.49 * 0.451
    end = figures["coastal_biomass_c_t_ha"] + figures["coastal_growth_c_t_ha_yr"] * years
    assert end == pytest.approx(min(9.9 * (age + years), 192) * per_agb, rel=1e-9)


def test_a_stand_above_the_ceiling_neither_grows_nor_shrinks():
    figures, lines, _ = run(agb_t_ha=300)
    assert figures["coastal_growth_c_t_ha_yr"] == 0
    assert lines["biomass"] == 0


@given(st.floats(0.1, 1e4), st.floats(0.1, 50), st.floats(0, 1))
def test_lines_are_the_change_of_carbon(area, years, share):
    figures, lines, _ = run(area_ha=area, years=years, allochthonous_share=share)
    co2 = area * years * CO2_PER_C
    assert lines["biomass"] == pytest.approx(figures["coastal_growth_c_t_ha_yr"] * co2)
    assert lines["burial"] + lines["allochthonous"] == pytest.approx(1.62 * (1 - share) * co2, abs=1e-9)


@given(st.floats(0, 30), st.floats(0, 1))
def test_what_is_dug_out_gives_back_all_it_held(extracted, extra):
    area = extracted + extra + 0.1
    figures, lines, _ = run(area_ha=area, extracted_ha=extracted, age_yr=5)
    lost = lines["extraction_biomass"] + lines["extraction_soil"]
    assert lost == pytest.approx(-figures["coastal_stock_c_t_ha"] * extracted * CO2_PER_C, abs=1e-9)


def test_erosion_is_counted_over_five_years_and_no_more():
    eroding = {"eroded_ha": 1, "eroded_depth_m": "1 m", "erosion_setting": "normal marine"}
    by_year = [run(years=years, **eroding)[1]["erosion_soil"] for years in (1, 2.5, 5, 10)]
    assert by_year == pytest.approx([by_year[2] / 5, by_year[2] / 2, by_year[2], by_year[2]])
    # 386 t C/ha, 80 % oxidised.
    assert by_year[2] == pytest.approx(-386 * 0.8 * CO2_PER_C)


@pytest.mark.parametrize("salinity", ["25 ppt", "25 psu", "25 ‰"])
def test_salinity_in_any_of_its_units(salinity):
    assert run(salinity=salinity)[1]["ch4"] == 0


def test_methane_jumps_at_18_ppt():
    assert run(salinity="18 ppt")[1]["ch4"] == 0
    # 193.7 kg x 10 ha x 28
    assert run(salinity="17.9 ppt", gwp="AR5")[1]["ch4"] == pytest.approx(-193.7 * 10 * 28 / 1000)


def test_a_standing_wetland_has_no_default_burial_and_is_told_so():
    figures, lines, result = run(origin="standing", agb_t_ha=192)
    assert figures["coastal_burial_c_t_ha_yr"] == 0
    assert lines["net"] == 0
    assert any("standing" in note for note in result["notes"])


def test_stock_and_rate_are_compared_apart_and_with_the_forest_named():
    forest = {"forest_name": "own plots", "forest_pools": "biomass", "forest_stock_t_ha": 200}
    figures, _, result = run(age_yr=100, **forest, forest_rate_t_ha_yr=1.62, allochthonous_share=0)
    # 192 x 1.49 x 0.451 / 200; a grown stand takes up what it buries: 1.62 / 1.62
    assert figures["coastal_stock_ratio"] == pytest.approx(0.6451104)
    assert figures["coastal_rate_ratio"] == pytest.approx(1.0)
    assert {x["domain"] for x in result["estimates"] if "ratio" in x["quantity"]} == {"own plots"}


def test_aliases_set_the_ecosystem():
    inputs = {"origin": "restored", "area_ha": 1, "salinity": "20 ppt"}
    marsh = run_sink("tidal-marsh", inputs, today=DAY)
    assert next(x["value"] for x in marsh["estimates"] if x["quantity"] == "coastal_soil_c_t_ha") == 255


def test_trees_of_plots_and_the_error_of_which_plots_were_drawn():
    trees = [
        {"plot": p, "plot_area_m2": 100, "dbh_cm": d, "wood_density_g_cm3": 0.7} for p, d in (("1", 10), ("2", 20))
    ]
    figures, _, result = run(origin="standing", trees=trees)
    # Mean of two plots of 0.01 ha, kg over 0.01 ha is t/ha over ten.
    mean = float(agb_komiyama2005([10, 20], 0.7).mean()) / 10
    assert figures["agb_t_ha"] == pytest.approx(mean)
    shares = next(x["variance_shares"] for x in result["estimates"] if x["quantity"] == "agb_t_ha")
    assert shares["sampling"] > 0.5


def test_komiyama_by_hand():
    # 0.251 x 0.6 x 10^2.46 = 0.1506 x 288.4032 = 43.4335
    # 0.199 x 0.6^0.899 x 10^2.22 = 0.199 x 0.631772 x 165.9587 = 20.8646
    assert agb_komiyama2005(10, 0.6) == pytest.approx(43.4335, abs=1e-3)
    assert bgb_komiyama2005(10, 0.6) == pytest.approx(20.8646, abs=2e-3)


def test_stand_biomass_starts_at_nothing():
    assert stand_agb(0, 9.9, 192) == 0


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"shell_carbon_t": 3}, "coastal.shell_carbon"),
        ({"salinity": None}, "coastal.salinity_wanted"),
        ({"climate": None}, "coastal.climate_wanted"),
        ({"cover": 0.5}, "coastal.cover_of_marsh"),
        ({"extracted_ha": 6, "drained_ha": 5}, "coastal.more_lost_than_there_is"),
        ({"forest_rate_t_ha_yr": 2}, "coastal.denominator_wanted"),
        ({"accretion_cm_yr": "0.3 cm/yr"}, "coastal.accretion_and_depth"),
        ({"eroded_ha": 1}, "coastal.erosion_incomplete"),
        ({"salinity": 30}, "sinks.unit_wanted"),
        ({"salinity": "30 %"}, "sinks.wrong_unit"),
        ({"depth_m": 1}, "sinks.unit_wanted"),
        ({"depth_m": "-1 m"}, "sinks.below"),
        ({"allochthonous_share": 30}, "sinks.percent_for_fraction"),
    ],
)
def test_refused(inputs, code):
    assert code in codes(**inputs)


def test_everything_wrong_with_cores_at_once():
    layer = {"core": "A", "top_cm": 0, "bottom_cm": 20, "bulk_density_g_cm3": 0.8}
    found = codes(
        cores=[
            {**layer, "carbon_percent": 5},
            {**layer, "top_cm": 10, "bottom_cm": 5, "carbon_percent": 5, "carbon_kind": "total"},
            {**layer, "core": "B"},
            {**layer, "core": "C", "carbon_percent": 5, "carbon_kind": "organic", "inorganic_c_percent": 1},
        ]
    )
    assert found == {
        "coastal.carbon_kind_wanted",
        "coastal.layer_upside_down",
        "coastal.layers_overlap",
        "coastal.carbonate_unknown",
        "coastal.no_carbon",
        "coastal.carbonate_twice",
    }


def test_a_drained_meadow_has_no_factor():
    with pytest.raises(TanhuiError):
        run(ecosystem="seagrass", climate=None, salinity=None, drained_ha=1)
