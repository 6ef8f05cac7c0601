"""A farm's account: published products of nitrogen, trials on black soil, laws of the balance, refusals."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.cropland.income import carbon_income, carbon_share, price_for_share
from tanhui.sinks.cropland.soil import passed_share, rate_pct_yr
from tanhui.sinks.frame import run_sink
from tanhui.sinks.frame.factors import factor_table
from tanhui.sinks.soil.no_till import no_till_change
from tanhui.sinks.soil.tier1 import Condition

DAY = date(2026, 1, 1)


def field(name="a", **changes):
    usual = {
        "field": name,
        "area_ha": 10.0,
        "soil": "high_activity_clay_soils",
        "climate": "cool_temperate_moist",
        "tillage_before": "full_tillage",
        "tillage_after": "no_tillage",
        "every_year": "yes",
        "input_before": "medium",
        "input_after": "medium",
    }
    return usual | changes


def lines(*fields, **inputs):
    result = run_sink("cropland", {"fields": list(fields), "gwp": "AR5", **inputs}, today=DAY)
    return {x["line"]: x["co2e_t"] for x in result["lines"]}


def test_constants_of_the_transcription():
    """VM0042 v2.2, 9.2, and IPCC 2019 Tables 11.1 and 11.3, as transcribed."""
    found = {key: leaf.value for key, leaf in factor_table("cropland").items()}
    assert found["fuel", "diesel"] == 2.886
    assert found["fuel", "petrol"] == 2.810
    assert [found["ef1", key] for key in ("synthetic, wet", "other, wet", "dry")] == [0.016, 0.006, 0.005]
    assert [found[key] for key in (("ef4", "wet"), ("ef4", "dry"), ("ef5", ""), ("leached", ""))] == [
        0.014, 0.005, 0.011, 0.24,
    ]  # fmt: skip


def test_trials_on_black_soil():
    """60 t C/ha x 5.92 % = 3.55 t C/ha in ten years = 1.30 t CO2/ha a year."""
    table = factor_table("cropland")
    gain = 60 * table["no_till_response", ""].value
    assert gain == pytest.approx(3.55, abs=0.005)
    assert gain / table["no_till_peak_years", ""].value * CO2_PER_C == pytest.approx(1.30, abs=0.005)


@pytest.mark.parametrize(("climate", "ratio"), [
    ("warm_temperate_moist", 1.10), ("warm_temperate_dry", 1.04),
    ("cool_temperate_moist", 1.09), ("cool_temperate_dry", 1.03),
])  # fmt: skip
def test_no_till_gains_what_table_5_5_says(climate, ratio):
    result = run_sink("cropland", {"fields": [field(climate=climate)]}, today=DAY)
    rate = next(x["value"] for x in result["estimates"] if x["quantity"] == "cropland_soc_rate_pct_yr")
    assert rate == pytest.approx(100 * (ratio - 1) / 20)
    assert any("30 cm" in note for note in result["notes"])


def test_a_share_of_income_there_and_back():
    """From 3 % to 15 % at the same crops and tonnes takes 0.15/0.85 over 0.03/0.97 = 5.706 times the price."""
    low, high = (price_for_share(share, 500_000, 100, 0.2) for share in (0.03, 0.15))
    assert high / low == pytest.approx(0.15 / 0.85 / (0.03 / 0.97))
    assert carbon_share(carbon_income(high, 100, 0.2), 500_000) == pytest.approx(0.15)
    assert carbon_income(50, -3, 0.2) == 0
    assert carbon_share(0, 0) == 0


def test_no_price_makes_an_emission_worth_something():
    worse = field(tillage_before="no_tillage", tillage_after="full_tillage", crop_income_ha_yr=9000)
    with pytest.raises(DomainError) as refused:
        lines(worse, income_share_wanted=0.1, deducted_share=0.0)
    assert refused.value.code == "cropland.nothing_to_sell"


amounts = st.floats(0, 400)


@settings(max_examples=20, deadline=None)
@given(now=amounts, before=amounts, area=st.floats(0.1, 1e4))
def test_balance_of_gases(now, before, area):
    """What stays the same cancels, and the two sides change places with the sign."""
    same = lines(field(area_ha=area, synthetic_n_kg_ha=now, before_synthetic_n_kg_ha=now))
    assert same["net"] == pytest.approx(same["soil"], rel=1e-9, abs=1e-6)
    there = lines(field(area_ha=area, synthetic_n_kg_ha=now, before_synthetic_n_kg_ha=before))
    back = lines(field(area_ha=area, synthetic_n_kg_ha=before, before_synthetic_n_kg_ha=now))
    assert there["net"] - there["soil"] == pytest.approx(-(back["net"] - back["soil"]), rel=1e-9, abs=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0.1, 1000), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_order_of_fields_and_cutting_them_up_does_not_matter(areas, random):
    fields = [field(str(i), area_ha=area, diesel_l_ha=50, organic_n_kg_ha=30) for i, area in enumerate(areas)]
    whole = lines(field(area_ha=sum(areas), diesel_l_ha=50, organic_n_kg_ha=30))
    random.shuffle(fields)
    assert lines(*fields) == pytest.approx(whole, rel=1e-9)


def test_nothing_changed_gives_nothing():
    assert all(value == 0 for value in lines(field(tillage_after="full_tillage")).values())


def test_the_line_to_the_new_stock_ends_after_twenty_years():
    assert [passed_share(t) for t in (1, 10, 20, 50)] == [0.05, 0.5, 1.0, 1.0]
    assert rate_pct_yr(50, 50) == 0
    assert lines(field(), years=20)["soil"] == lines(field(), years=60)["soil"]
    assert lines(field(), years=5)["soil"] == pytest.approx(lines(field(), years=20)["soil"] / 4)


@pytest.mark.parametrize("years", [1, 7, 20, 30])
def test_one_field_is_what_the_soil_room_says(years):
    before = Condition("high_activity_clay_soils", "cool_temperate_moist", "annual_crops", "full_tillage", "medium")
    alone = no_till_change(before, "ipcc2019", ["no_tillage"] * years, subsoil_change_t_ha=-0.5)
    found = lines(field(subsoil_change_t_ha=-0.5), years=years)
    assert found["soil"] + found["subsoil"] == pytest.approx(alone.change_t_ha * 10 * CO2_PER_C)


def test_irrigation_makes_nitrogen_leach_where_it_is_dry():
    dry = lines(field(climate="cool_temperate_dry", synthetic_n_kg_ha=100))
    wet = lines(field(climate="cool_temperate_dry", synthetic_n_kg_ha=100, irrigated="yes"))
    # 1000 kg N x 0.24 x 0.011 x 44/28 x 265 / 1000 x 20 years
    assert dry["n2o_indirect"] - wet["n2o_indirect"] == pytest.approx(1000 * 0.24 * 0.011 * 44 / 28 * 265 / 1000 * 20)


def test_editions_do_not_mix_and_organic_soil_has_no_factor():
    with pytest.raises(DomainError) as refused:
        lines(field(soil="organic_soils"))
    assert refused.value.code == "soil.no_factor"
    assert lines(field(), edition="ipcc2006")["soil"] != lines(field(), edition="ipcc2019")["soil"]


def test_a_table_alone_is_an_input(tmp_path):
    pd.DataFrame([field(), field("b", every_year="no")]).to_csv(tmp_path / "fields.csv", index=False)
    with pytest.raises(RefusedInput) as refused:
        run_sink("cropland", tmp_path / "fields.csv", today=DAY)
    assert [(fault.code, fault.row) for fault in refused.value.faults] == [("cropland.alternate_years", 3)]
