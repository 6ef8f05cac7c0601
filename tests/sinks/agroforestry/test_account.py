"""The system: published tea, shared errors, heritage apart, soil once, and refusals that name everything."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.sinks.frame import run_sink

BUSH = {"plot": "A", "plot_area_m2": 100, "crop": "coffee", "d_cm": 4, "height_m": 2, "count": 40}
TREE = {"plot": "A", "plot_area_m2": 1000, "dbh_cm": 20, "count": 8}
ANCIENT = {**TREE, "dbh_cm": 40, "wood_density_g_cm3": 0.65, "heritage": "yes"}
TIER1 = {
    "soil_class": "low_activity_clay_soils",
    "soil_climate": "tropical_moist",
    "land_use": "perennial_crops",
    "management": "full_tillage",
    "organic_input": "medium",
    "baseline_land_use": "native",
    "baseline_management": "native",
    "baseline_organic_input": "native",
}


def run(**inputs):
    return run_sink("agroforestry", {"area_ha": 1, **inputs}, today=date(2026, 1, 1))


def pools(result):
    return {x["domain"]: x for x in result["estimates"] if x["quantity"] == "agroforestry_carbon_t_ha"}


def figure(result, quantity):
    return next(x for x in result["estimates"] if x["quantity"] == quantity)


def lines(result):
    return {x["line"]: x["co2e_t"] for x in result["lines"]}


def codes(**inputs):
    with pytest.raises(RefusedInput) as refused:
        run(**inputs)
    return {fault.code for fault in refused.value.faults}


def test_totals_of_tea_in_china_follow_from_one_area():
    # Li et al. 2011, abstract: 83.3, 8.0 and 225.0 Tg C, at 50.90, 4.91 and 137.5 t C/ha.
    found = pools(run(published_stand="tea China"))
    area = 83.3e6 / 50.90
    assert area == pytest.approx(1.6e6, rel=0.03)
    assert found["litter"]["value"] * area == pytest.approx(8.0e6, abs=0.05e6)
    assert found["soil"]["value"] * area == pytest.approx(225.0e6, abs=0.05e6)


def test_a_field_in_japan_adds_up_and_brings_no_soil():
    # Shiratori 2024: 4.81 + 14.0 + 12.5, printed as 31.3.
    found = pools(run(published_stand="tea Japan, 30 years"))
    assert found["biomass"]["value"] == pytest.approx(31.3, abs=0.05)
    assert "soil" not in found


def test_what_was_measured_replaces_what_was_published():
    assert pools(run(published_stand="tea China", litter_t_ha=2))["litter"]["value"] == 2


def test_the_choice_of_equation_is_one_error_for_all_bushes():
    one, many = (figure_of_bushes([{**BUSH, "count": n}]) for n in (1, 4000))
    for x in (one, many):
        # Half of 1.0279 - 0.92 over their mean, in every bush alike.
        assert choice_se(x) / x["value"] == pytest.approx(0.0539479 / 0.9739479, rel=1e-5)


def figure_of_bushes(rows, **more):
    return pools(run(bushes=rows, **more))["bushes"]


def choice_se(x):
    return x["se"] * x["variance_shares"]["equation_choice"] ** 0.5


def test_one_equation_alone_and_seedlings():
    segura, libano = (figure_of_bushes([BUSH], coffee_equation=name)["value"] for name in ("segura", "libano"))
    assert segura / libano == pytest.approx(1.0278958 / 0.92)
    result = run(bushes=[BUSH, {**BUSH, "d_cm": 0.8}], coffee_equation="libano")
    assert pools(result)["bushes"]["value"] == pytest.approx(libano)
    assert any(note.startswith("40 coffee seedlings") for note in result["notes"])


def test_stems_of_one_bush_are_one_bush():
    stems = [{**BUSH, "bush": "7", "d_cm": d, "count": 1} for d in (3, 4)]
    alone = figure_of_bushes([{**BUSH, "d_cm": 5, "count": 1}])
    assert figure_of_bushes(stems)["value"] == pytest.approx(alone["value"])


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.floats(1.5, 8), st.integers(0, 50)), min_size=1, max_size=6))
def test_order_of_rows_means_nothing_and_pools_add_up(plants):
    rows = [{**BUSH, "plot": p, "d_cm": d, "count": n} for p, d, n in plants]
    first, second = (pools(run(bushes=r, trees=[TREE], bush_root_ratio=0.5, litter_t_ha=2)) for r in (rows, rows[::-1]))
    for name, x in first.items():
        assert second[name]["value"] == pytest.approx(x["value"], rel=1e-12, abs=1e-12)
    parts = sum(first[name]["value"] for name in ("trees", "bushes", "roots", "litter"))
    assert first["system"]["value"] == pytest.approx(parts)


def test_scatter_of_tea_by_hand():
    # s = 0.3: one bush varies by sqrt(exp(0.09) - 1) = 0.306878, the mean of 900 by a thirtieth of it.
    factors = {f"tea_{k}": {"value": v, "se": 0, "source": "test"} for k, v in (("a", 0.2), ("b", 1.8), ("s", 0.3))}
    tea = {"plot": "A", "plot_area_m2": 400, "crop": "tea", "d_cm": 5, "count": 900}
    x = figure_of_bushes([tea], factors=factors)
    residual = x["se"] * x["variance_shares"]["residual"] ** 0.5
    assert residual / x["value"] == pytest.approx(0.306878 / 30, rel=1e-5)


def test_tea_has_no_equation_of_ours():
    with pytest.raises(DomainError) as refused:
        run(bushes=[{**BUSH, "crop": "tea"}])
    assert refused.value.code == "sinks.factor_wanted"


def test_heritage_trees_are_nobodys_gain():
    balance = {"baseline_biomass_t_ha": 5, "years": 4, "n_kg_ha": 0}
    without = run(bushes=[BUSH], trees=[TREE], **balance)
    with_them = run(bushes=[BUSH], trees=[TREE, ANCIENT], **balance)
    assert lines(with_them) == pytest.approx(lines(without))
    # 8 trees of 0.3 x 0.65 x 40^(7/3) = 1067.025 kg on 0.1 ha, x 0.47
    assert pools(with_them)["heritage"]["value"] == pytest.approx(40.12014)
    assert pools(with_them)["system"]["value"] == pytest.approx(pools(without)["system"]["value"])


def test_a_hollow_trunk_and_a_scanned_one():
    solid, hollow = (pools(run(trees=[{**ANCIENT, "hollow": h}]))["heritage"]["value"] for h in (0, 0.4))
    assert hollow / solid == pytest.approx(0.6)
    scanned = pools(run(trees=[{**ANCIENT, "volume_m3": 2.0}]))["heritage"]["value"]
    # 2 m3 x 650 kg/m3 x 8 trees on 0.1 ha x 0.47
    assert scanned == pytest.approx(2.0 * 0.65 * 8 / 0.1 * 0.47)


def test_shade_of_cundinamarca_against_lower_shade():
    # Andrade and Zapata, abstract: 55.8, 42.0 and 23.0 t C/ha under high, medium and low shade. The same plot has a
    # third more or 2.4 times as much, and with 30 cm of soil (93.9 to 137.7 t C/ha) far less of either.
    gains = {
        low: figure(run(biomass_t_ha=55.8, compared_t_ha=low, compared_pools="biomass"), "agroforestry_gain")["value"]
        for low in (42.0, 23.0)
    }
    assert gains == pytest.approx({42.0: 32.857, 23.0: 142.609}, abs=0.001)
    with_soil = run(biomass_t_ha=55.8, soc_t_ha=100, soc_depth_cm="30 cm", compared_t_ha=123.0, compared_pools="system")
    assert figure(with_soil, "agroforestry_gain")["value"] == pytest.approx(26.667, abs=0.001)


def test_a_stock_without_a_state_before_is_no_removal():
    result = run(bushes=[BUSH])
    assert result["lines"] == []
    assert any("not a removal" in note for note in result["notes"])


def test_forest_that_became_tea_starts_with_its_loss():
    result = run(published_stand="tea China", baseline_biomass_t_ha=120, years=30, n_kg_ha=0)
    assert lines(result)["biomass"] == pytest.approx((50.90 - 120) * 44 / 12)


def test_nitrogen_can_outweigh_the_uptake():
    result = run(biomass_t_ha=10, baseline_biomass_t_ha=5, years=20, n_kg_ha=600)
    # 600 kg x 20 yr x 0.01 x 44/28 x 265 / 1000
    assert lines(result)["n2o"] == pytest.approx(-49.971429)
    assert lines(result)["net"] < 0


def test_a_lower_yield_leaks_and_needs_the_users_factor():
    balance = {"biomass_t_ha": 10, "baseline_biomass_t_ha": 5, "years": 4, "n_kg_ha": 0, "baseline_yield_t_ha": 2}
    assert lines(run(**balance, yield_t_ha=2.5))["yield_leakage"] == 0
    with pytest.raises(DomainError) as refused:
        run(**balance, yield_t_ha=1.5)
    assert refused.value.code == "sinks.factor_wanted"


def test_tier_1_changes_over_twenty_years_and_no_longer():
    balance = {"biomass_t_ha": 5, "baseline_biomass_t_ha": 5, "n_kg_ha": 0}
    short, full, longer = (lines(run(**balance, **TIER1, years=y))["soil"] for y in (10, 20, 40))
    # 38 t C/ha x (1.01 - 1)
    assert full == pytest.approx(0.38 * 44 / 12)
    assert (short, longer) == pytest.approx((full / 2, full))


def test_soil_is_counted_once():
    measured = {"soc_t_ha": 60, "soc_depth_cm": "30 cm"}
    assert codes(biomass_t_ha=5, **TIER1, **measured) == {"agroforestry.soil_twice"}
    assert codes(biomass_t_ha=5, soc_t_ha=60) == {"agroforestry.depth_wanted"}


def test_sizes_that_are_missing_are_refused_together():
    trees = [{**TREE, "dbh_cm": 60}, {**ANCIENT, "wood_density_g_cm3": None}, {"plot": "A", "plot_area_m2": 1000}]
    bushes = [{**BUSH, "height_m": None}, {**BUSH, "plot_area_m2": 90}, {**BUSH, "bush": "3"}]
    assert codes(trees=trees, bushes=bushes) == {
        "agroforestry.height_wanted",
        "agroforestry.density_wanted",
        "agroforestry.diameter_wanted",
        "agroforestry.two_areas",
        "agroforestry.one_bush",
    }


def test_inputs_that_exclude_each_other_are_refused():
    assert codes() == {"agroforestry.nothing_there"}
    assert codes(biomass_t_ha=5, published_stand="tea China") == {"agroforestry.biomass_twice"}
    assert codes(biomass_t_ha=5, rotation_kg=[1, 2], years=2, yield_t_ha=1) == {
        "agroforestry.rotation",
        "agroforestry.baseline_and_years",
        "agroforestry.yields",
    }


def test_a_plot_without_plants_is_a_plot():
    one, two = (figure_of_bushes(rows)["value"] for rows in ([BUSH], [BUSH, {**BUSH, "plot": "B", "count": 0}]))
    assert two == pytest.approx(one / 2)
