"""Urban trees: published numbers, what is shared and what is not, balance, heritage, refusals that name everything."""

from datetime import date

import pytest

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.frame import run_sink

PLANE = {"tree": "1", "species": "悬铃木", "dbh_cm": 20, "growth_cm_yr": 0.5}
CAMPHOR = {"tree": "1", "species": "香樟", "dbh_cm": 20, "growth_cm_yr": 0.5}
LUO = "cn/luo2018/"


def run(trees, **inputs):
    return run_sink("urban", {"trees": trees, "region": "cn/shanghai", **inputs}, today=date(2026, 1, 1), lang="en")


def find(result, quantity, year=0, domain=""):
    key = (quantity, result["year"] + year, domain)
    return next(x for x in result["estimates"] if (x["quantity"], x["year"], x["domain"]) == key)


def stock_kg_c(tree, **inputs):
    return 1000 * find(run([tree], **inputs), "urban_stock_t")["value"]


def line(result, name):
    return next(x for x in result["lines"] if x["line"] == name)


@pytest.mark.parametrize(
    ("equation", "kg"),
    [
        (LUO + "fujian/cinnamomum-camphora/9d308b", 121),
        ("kr/street2023/platanus-occidentalis/d/agb", 148),
        (LUO + "shanghai/metasequoia-glyptostroboides/a2bd68", 107),
        (LUO + "henan/paulownia-elongata/519a7a", 67),
    ],
)
def test_four_street_trees_of_20_cm(equation, kg):
    # Worked out elsewhere from the printed equations, above ground, before any factor.
    found = stock_kg_c({**CAMPHOR, "equation": equation, "setting": "stand"})
    assert found / 0.5 / 1.26 == pytest.approx(kg, abs=0.5)


def test_a_table_of_20_cm_lies_beyond_the_camphor_s_range_and_says_so():
    tree = {**CAMPHOR, "equation": LUO + "fujian/cinnamomum-camphora/9d308b", "setting": "stand"}
    result = run([tree])
    assert any("beyond the diameters" in note for note in result["notes"])
    assert any("doubted or restricted" in note for note in result["notes"])
    # Along the tangent at 16 cm: f(16) (1 + 2.4566 x 4 / 16) with f = 0.0769 D^2.4566.
    linear = 0.0769 * 16**2.4566 * (1 + 2.4566 * 4 / 16)
    assert stock_kg_c(tree, beyond_range="linear") / 0.63 == pytest.approx(linear, rel=1e-9)


def test_callery_pear_of_the_public_calculator():
    # carboncalc's own test: 241.313637 kg above ground, 154.688 kg C, 567.706 kg CO2 at its 3.67 for 44/12.
    pear = {"tree": "1", "species": "Pyrus calleryana", "dbh_cm": 23.294165, "agb_kg": 241.313637}
    pear |= {"equation": "us/jenkins2003/mixed-hardwood", "growth_cm_yr": 0}
    result = run([pear], roots="Urban Tree Database", region="us")
    assert 1000 * find(result, "urban_stock_t")["value"] == pytest.approx(154.688, abs=5e-4)
    co2 = 1000 * find(result, "urban_stock_co2_t")["value"]
    assert co2 / CO2_PER_C * 3.67 == pytest.approx(567.706, abs=1e-3)
    assert line(result, "growth")["co2e_t"] == 0


@pytest.mark.parametrize("setting", ["open", "park", "stand", "行道", "公园", "片林"])
def test_the_factor_of_open_grown_trees_is_for_forest_equations_only(setting):
    open_grown = setting not in ("stand", "片林")
    forest = stock_kg_c({**CAMPHOR, "setting": setting}) / stock_kg_c({**CAMPHOR, "setting": "stand"})
    assert forest == pytest.approx(0.8 if open_grown else 1.0)
    assert stock_kg_c({**PLANE, "setting": setting}) == pytest.approx(0.505 * 20**1.896 * 1.26 * 0.5)


def test_roots_are_added_once():
    # The Korean equation of the whole tree holds its roots: 0.787 D^1.858.
    whole = stock_kg_c({**PLANE, "equation": "kr/street2023/platanus-occidentalis/d/total"})
    assert whole == pytest.approx(0.787 * 20**1.858 * 0.5)


def test_species_without_an_equation_take_the_general_one_with_a_density():
    # 0.3 rho D^(7/3); the willow's mean density stands in the forest room.
    result = run([{**CAMPHOR, "species": "垂柳", "wood_density_g_cm3": 0.5, "setting": "stand"}])
    assert result["rows"]["equation"] == ["cn/zeng2018-general"]
    assert 1000 * find(result, "urban_stock_t")["value"] == pytest.approx(0.3 * 0.5 * 20 ** (7 / 3) * 0.63)
    assert "urban/wood_density/salix-babylonica" in {
        leaf["id"] for leaf in run([{**CAMPHOR, "species": "垂柳"}])["parameters"]
    }
    unknown = run([{**CAMPHOR, "species": "蓝花楹", "wood_density_g_cm3": 0.5}])
    assert unknown["rows"]["equation"] == ["cn/zeng2018-general"]


@pytest.mark.parametrize("name", ["法国梧桐", "二球悬铃木", "Platanus × acerifolia", "London plane"])
def test_plane_trees_by_any_name_get_the_equation_of_street_trees(name):
    rows = run([{**PLANE, "species": name}])["rows"]
    assert (rows["origin"], rows["equation"]) == (["urban"], ["kr/street2023/platanus-occidentalis/d/agb"])


def test_single_trees_stray_on_their_own_and_equations_all_together():
    one, many = run([PLANE]), run([{**PLANE, "count": 10_000}])

    def se(result, source):
        stock = find(result, "urban_stock_t")
        return (stock["variance_shares"].get(source, 0) ** 0.5) * stock["se"] / stock["value"]

    assert se(one, "residual") == pytest.approx(0.3)
    assert se(many, "residual") == pytest.approx(0.3 / 100)
    assert se(one, "equation") == pytest.approx(se(many, "equation"))
    assert se(many, "equation") == pytest.approx(0.3)


def test_a_row_of_several_trees_is_as_many_rows():
    alone = run([{**PLANE, "tree": str(n)} for n in range(5)], dbh_se_cm=0.3)
    together = run([{**PLANE, "count": 5}], dbh_se_cm=0.3)
    for left, right in zip(alone["estimates"], together["estimates"], strict=True):
        assert left["value"] == pytest.approx(right["value"])
        assert left["se"] == pytest.approx(right["se"])


def test_the_order_of_rows_does_not_matter():
    trees = [{**PLANE, "tree": "a"}, {**CAMPHOR, "tree": "b", "dbh_cm": 31}, {**PLANE, "tree": "c", "dbh_cm": 44}]
    left, right = run(trees), run(trees[::-1])
    assert left["notes"] == right["notes"]
    for x, y in zip(left["estimates"], right["estimates"], strict=True):
        assert x["value"] == pytest.approx(y["value"], rel=1e-12)


def test_a_repeated_measurement_is_the_rate_between_and_its_readings_err_twice():
    measured = {"tree": "1", "species": "悬铃木", "dbh_cm": 20, "dbh_before_cm": 18.5, "years_between": 3}
    left, right = run([measured], dbh_se_cm=0.2), run([PLANE], dbh_se_cm=0.2)
    assert line(left, "growth")["co2e_t"] == pytest.approx(line(right, "growth")["co2e_t"])
    assert line(left, "growth")["variance_shares"]["measurement"] > 0
    assert "measurement" not in line(right, "growth")["variance_shares"]


def test_the_base_of_growth_is_adjusted_for_light_condition_and_season():
    # 0.33 inch a year at 153 frost-free days; park 0.56, poor 0.76.
    tree = {"tree": "1", "species": "悬铃木", "dbh_cm": 20, "setting": "park", "condition": "poor"}
    rate = 0.33 * 2.54 * 0.56 * 0.76 * 230 / 153
    by_base = line(run([tree], frost_free_days=230), "growth")["co2e_t"]
    assert by_base == pytest.approx(line(run([{**PLANE, "growth_cm_yr": rate}]), "growth")["co2e_t"])


def test_a_curve_over_age_gives_the_growth_and_keeps_the_diameter():
    # Plane trees of Queens (Urban Tree Database): 2.40322 + 1.29420 a - 0.00705 a2, from 10 to 11 years of age.
    rate = 1.29420 - 0.00705 * (11**2 - 10**2)
    curve = {"tree": "1", "species": "悬铃木", "dbh_cm": 20, "planted_year": 2016}
    curve["growth_curve"] = "quad(2.40322, 1.29420, -0.00705)"
    found = line(run([curve]), "growth")["co2e_t"]
    assert found == pytest.approx(line(run([{**PLANE, "growth_cm_yr": rate}]), "growth")["co2e_t"])


def test_young_trees_die_faster_and_sick_ones_faster_still():
    def left(**more):
        return find(run([{**PLANE, "count": 1000, **more}]), "urban_trees", 1)["value"]

    assert left() == pytest.approx(1000 * (1 - 0.043))
    assert left(planted_year=2024) == pytest.approx(1000 * (1 - 0.0935))
    assert left(planted_year=2021) == pytest.approx(1000 * (1 - 0.043))
    assert left(condition="dying") == pytest.approx(500)


def test_ancient_trees_are_a_heritage_and_never_in_the_balance():
    old = {"tree": "2", "species": "香樟", "dbh_cm": 120, "growth_cm_yr": 0.2, "ancient": "yes", "hollow_share": 0.3}
    alone, beside = run([PLANE]), run([PLANE, old])
    assert [x["co2e_t"] for x in alone["lines"]] == pytest.approx([x["co2e_t"] for x in beside["lines"]])
    assert find(alone, "urban_stock_t")["value"] == pytest.approx(find(beside, "urban_stock_t")["value"])
    solid = run([PLANE, {**old, "hollow_share": 0.0}])
    heritage = find(beside, "urban_heritage_t")["value"]
    assert heritage == pytest.approx(0.7 * find(solid, "urban_heritage_t")["value"])
    assert find(beside, "urban_heritage_increment_t_yr")["value"] > 0
    assert any("never additional" in note for note in beside["notes"])


def test_a_scanned_volume_times_density_takes_the_place_of_the_equation():
    tree = {**CAMPHOR, "volume_m3": 4.0, "wood_density_g_cm3": 0.5}
    assert stock_kg_c(tree) == pytest.approx(4.0 * 500 * 1.26 * 0.5)
    assert "open_grown" not in {leaf["id"].split("/")[1] for leaf in run([tree])["parameters"]}
    mean = run([{**CAMPHOR, "volume_m3": 4.0}])
    assert "urban/wood_density/cinnamomum-camphora" in {leaf["id"] for leaf in mean["parameters"]}


def test_a_topped_tree_weighs_no_more_than_the_form_with_height_says():
    tree = {**PLANE, "height_m": 6.0}
    capped = stock_kg_c({**tree, "topped": "是"})
    assert capped == pytest.approx(0.133 * (20**2 * 6.0) ** 0.803 * 0.63)
    assert capped < stock_kg_c(tree)


def test_the_net_of_young_and_thirsty_trees_is_negative():
    tree = {"tree": "1", "species": "女贞", "dbh_cm": 4, "growth_cm_yr": 0.3, "planted_year": 2025, "count": 500}
    result = run([tree], maintenance_kg_tree_yr=8.0)
    assert find(result, "urban_net_t_yr")["value"] < 0
    assert result["lines"][-1]["co2e_t"] == pytest.approx(sum(x["co2e_t"] for x in result["lines"][:-1]))


def test_dead_trees_decay_over_their_years():
    dead = {"tree": "1", "species": "悬铃木", "dbh_cm": 20, "condition": "枯死"}
    result = run([dead, {**PLANE, "tree": "2", "dbh_cm": 5, "growth_cm_yr": 0}], years=1)
    standing = find(result, "urban_dead_t")["value"]
    assert -line(result, "decay")["co2e_t"] == pytest.approx(standing / 20 * CO2_PER_C, rel=0.05)


def test_prunings_are_lost_and_burnt_ones_at_once():
    tree = {**PLANE, "count": 100}
    kept, burnt = run([tree], pruned_t_dm=0.3), run([tree], pruned_t_dm=0.3, burnt_share=1)
    assert line(burnt, "pruning")["co2e_t"] == pytest.approx(-0.15 * CO2_PER_C)
    assert line(kept, "pruning")["co2e_t"] == pytest.approx(-0.15 * CO2_PER_C / 3)
    bare = find(run([tree]), "urban_stock_t", 1)["value"]
    assert find(kept, "urban_stock_t", 1)["value"] == pytest.approx(bare - 0.15)
    with pytest.raises(DomainError, match="more than the trees hold"):
        run([tree], pruned_t_dm=1000)


def test_replacing_all_keeps_the_number_and_brings_growth_later():
    tree = {**PLANE, "count": 1000}
    result = run([tree], years=30, replacement_share=1, replacement_dbh_cm=5)
    assert find(result, "urban_trees", 30)["value"] == pytest.approx(1000)
    assert line(result, "replacement")["co2e_t"] > 0
    assert find(run([tree], years=30), "urban_trees", 30)["value"] == pytest.approx(1000 * 0.957**30)


def test_areas_are_named():
    tree = {**PLANE, "crown_width_m": 6.0, "count": 100}
    result = run([tree], green_ha=2, city_ha=50)
    stock = find(result, "urban_stock_t")["value"] * 1000
    assert find(result, "urban_stock_kg_m2", 0, "sum of crowns")["value"] == pytest.approx(stock / (100 * 28.27433388))
    assert find(result, "urban_stock_kg_m2", 0, "green area")["value"] == pytest.approx(stock / 20_000)
    assert find(result, "urban_stock_kg_m2", 0, "city area")["value"] == pytest.approx(stock / 500_000)
    canopy = run([tree], canopy_ha=0.2)
    assert {x["domain"] for x in canopy["estimates"]} == {"", "canopy"}


def test_an_inventory_in_excel_with_chinese_headers(tmp_path):
    import pandas as pd

    table = pd.DataFrame({"树号": ["1", "2"], "树种": ["法桐", "香樟"], "胸径": [20.0, 31.5], "健康": ["良好", "差"]})
    table.to_excel(tmp_path / "trees.xlsx", index=False)
    result = run_sink("urban", tmp_path / "trees.xlsx", today=date(2026, 1, 1))
    assert result["rows"]["trees"] == [1, 1]


GOOD = {"tree": "1", "species": "香樟", "dbh_cm": 20}


@pytest.mark.parametrize(
    ("trees", "inputs", "codes"),
    [
        ([GOOD, GOOD], {}, {"urban.twice"}),
        ([{**GOOD, "species": "无名树"}], {}, {"urban.no_equation"}),
        ([{**GOOD, "dbh_before_cm": 60, "years_between": 3}], {}, {"urban.pace"}),
        ([{**GOOD, "dbh_before_cm": 19}], {}, {"urban.interval"}),
        ([{**GOOD, "growth_cm_yr": 1, "dbh_before_cm": 19, "years_between": 1}], {}, {"urban.growth_twice"}),
        ([{**GOOD, "growth_curve": "lin(1, 2)"}], {}, {"urban.not_planted"}),
        ([{**GOOD, "growth_curve": "lin(1)", "planted_year": 2000}], {}, {"urban.curve"}),
        ([{**GOOD, "planted_year": 2030}], {}, {"urban.future"}),
        ([{**GOOD, "topped": "yes"}], {}, {"urban.topped_height"}),
        ([{**GOOD, "agb_kg": 50, "volume_m3": 1}], {}, {"urban.mass_twice"}),
        ([{**GOOD, "agb_kg": 50, "hollow_share": 0.2}], {}, {"urban.hollow_twice"}),
        ([{**GOOD, "species": "银杏", "volume_m3": 2}], {}, {"urban.density_wanted"}),
        ([{**GOOD, "equation": "nobody/1999"}], {}, {"urban.no_such_equation"}),
        ([{**GOOD, "equation": "cn/xiang2016/schima-superba/stem"}], {}, {"urban.part_only"}),
        ([{**GOOD, "equation": "chave2014", "wood_density_g_cm3": 0.5}], {}, {"urban.height_wanted"}),
        ([{**GOOD, "condition": "shiny", "setting": "moon"}], {}, {"urban.unknown_word"}),
        ([GOOD], {"replacement_share": 0.5}, {"urban.replacement_dbh"}),
        ([GOOD], {"city_ha": 1, "green_ha": 2}, {"urban.areas"}),
        ([{**GOOD, "hollow_share": 30}], {}, {"table.too_large"}),
        ([{**GOOD, "dbh_cm": -3}], {}, {"table.not_above"}),
        ([{**GOOD, "species": "", "dbh_cm": None}], {}, {"table.empty_cell"}),
    ],
)
def test_refusals(trees, inputs, codes):
    with pytest.raises(RefusedInput) as refused:
        run(trees, **inputs)
    assert {fault.code for fault in refused.value.faults} == codes


def test_everything_wrong_is_named_with_its_row():
    with pytest.raises(RefusedInput) as refused:
        run([GOOD, {**GOOD, "condition": "shiny", "growth_curve": "?"}, {**GOOD, "tree": "3", "planted_year": 2040}])
    found = {(fault.code, fault.row) for fault in refused.value.faults}
    assert found == {
        ("urban.unknown_word", 2),
        ("urban.twice", 2),
        ("urban.curve", 2),
        ("urban.not_planted", 2),
        ("urban.future", 3),
    }


def test_mortality_of_nobody_or_of_all_is_refused():
    with pytest.raises(DomainError) as refused:
        run([PLANE], factors={"mortality/established": {"value": 0, "source": "hope"}})
    assert refused.value.code == "urban.mortality"
