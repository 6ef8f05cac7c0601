"""The account of bamboo: published stands, saturation, even years, and refusals that name everything."""

from datetime import date

import pytest

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.sinks.frame import run_sink

CULM = {"plot": "A", "plot_area_m2": 400, "dbh_cm": 9, "du": 2, "count": 60}
#: Cao et al. 2017, Tables 1, 3: age, culms/ha, stem, branch, leaf, roots of four kinds [kg]; stand and culm as printed.
TAOJIANG = {
    1: (1250, 10.675, 2.370, 1.185, (0.097, 0.254, 0.789, 0.834), 16.204, 20.254),
    3: (1300, 13.228, 2.646, 1.171, (0.334, 0.458, 0.462, 0.959), 19.258, 25.036),
    5: (2400, 14.703, 3.059, 1.631, (0.450, 0.687, 1.332, 1.339), 23.202, 55.685),
}


def run(**inputs):
    return run_sink("bamboo", {"kind": "moso", **inputs}, today=date(2026, 1, 1))


def values(result):
    return {(x["quantity"], x["year"] - result["year"], x["domain"]): x for x in result["estimates"]}


def codes(**inputs):
    with pytest.raises(RefusedInput) as refused:
        run(**inputs)
    return {fault.code for fault in refused.value.faults}


@pytest.mark.parametrize("age", TAOJIANG)
def test_organs_of_taojiang_add_to_the_culm_and_culms_to_the_stand(age):
    culms, stem, branch, leaf, roots, culm_kg, stand_t_ha = TAOJIANG[age]
    row = {"stand": "s", "area_ha": 1, "age_yr": age, "culms_ha": culms, "stem_kg": stem, "branch_kg": branch}
    found = values(run(stands=[{**row, "leaf_kg": leaf, "below_kg": sum(roots)}]))
    biomass = found["bamboo_biomass_t_ha", 0, ""]["value"]
    assert biomass == pytest.approx(stand_t_ha, abs=0.001 * culms / 1000 + 0.001)
    assert biomass / culms * 1000 == pytest.approx(culm_kg, abs=0.0011)


def test_the_lower_bound_below_ground_is_what_taojiang_dug():
    above = sum(row[1] + row[2] + row[3] for row in TAOJIANG.values())
    below = sum(sum(row[4]) for row in TAOJIANG.values())
    found = values(run(area_ha=1, culms=[CULM]))
    ratio = found["bamboo_bgb_t_ha", 0, ""]["value"] / found["agb_t_ha", 0, ""]["value"]
    assert ratio == pytest.approx(below / above, abs=0.0005)


def test_the_ratio_of_whole_stands_is_the_mean_of_eight_sites():
    # Cao et al. 2017, 4.1: Lin'an, Huitong, Shunan, Changning, Yongchun, Tianmu, Wuyi, Dagang.
    sites = (0.606, 0.649, 0.480, 0.525, 0.384, 0.331, 0.560, 0.387)
    found = values(run(area_ha=1, culms=[CULM], below_ground="whole stand"))
    ratio = found["bamboo_bgb_t_ha", 0, ""]["value"] / found["agb_t_ha", 0, ""]["value"]
    assert ratio == pytest.approx(sum(sites) / len(sites), abs=0.0005)


def two_surveys(**more):
    later = [{**CULM, "count": 70}, {**CULM, "plot": "B", "count": 66}]
    return run(area_ha=10, years=2, culms_before=[CULM, {**CULM, "plot": "B"}], culms=later, **more)


def test_growth_counts_only_until_the_stand_is_full():
    young, passing, full = (two_surveys(planted_years=age) for age in (2, 6, 12))
    assert passing["lines"][-1]["co2e_t"] == pytest.approx(young["lines"][-1]["co2e_t"] / 2)
    assert full["lines"][-1]["co2e_t"] == 0
    changes = {r["estimates"][-1]["value"] for r in (young, passing, full)}
    assert len(changes) == 1
    assert two_surveys(management_change="fertilised")["lines"][-1]["co2e_t"] == young["lines"][-1]["co2e_t"]


def test_a_loss_counts_even_where_the_stand_is_full():
    more, fewer = [CULM], [{**CULM, "count": 40}]
    lost = run(area_ha=10, years=2, planted_years=30, culms_before=more, culms=fewer)
    assert lost["lines"][-1]["co2e_t"] < 0


def test_rows_in_any_order_and_culms_one_by_one_give_the_same():
    rows = [{**CULM, "count": 2}, {**CULM, "dbh_cm": 11, "count": 1}, {**CULM, "plot": "B", "count": 3}]
    single = [{**row, "count": 1} for row in rows for _ in range(row["count"])]
    first, second = values(run(area_ha=5, culms=rows)), values(run(area_ha=5, culms=single[::-1]))
    for key, x in first.items():
        assert second[key]["value"] == pytest.approx(x["value"], rel=1e-12)
        assert second[key]["se"] == pytest.approx(x["se"], rel=1e-9)


def test_a_plot_without_culms_is_a_plot():
    empty = {"plot": "B", "plot_area_m2": 400, "count": 0}
    one, two = (values(run(area_ha=1, culms=rows)) for rows in ([CULM], [CULM, empty]))
    assert two["agb_t_ha", 0, ""]["value"] == pytest.approx(one["agb_t_ha", 0, ""]["value"] / 2)


def test_nothing_standing_is_nothing():
    found = values(run(area_ha=1, culms=[{"plot": "B", "plot_area_m2": 400, "count": 0}]))
    assert all(x["value"] == 0 for x in found.values())


def test_thin_culms_are_left_out_and_counted():
    thin = {**CULM, "dbh_cm": 3.5, "count": 12}
    result = run(area_ha=1, culms=[CULM, thin])
    assert (
        values(result)["agb_t_ha", 0, ""]["value"] == values(run(area_ha=1, culms=[CULM]))["agb_t_ha", 0, ""]["value"]
    )
    assert any(note.startswith("12 culms") for note in result["notes"])


def test_sampling_error_of_two_plots_by_hand():
    # 60 and 40 culms alike on equal plots: density 1500 and 1000 per ha, standard error of the mean 250.
    found = values(run(area_ha=1, culms=[CULM, {**CULM, "plot": "B", "count": 40}]))
    assert found["bamboo_culms_per_ha", 0, ""]["se"] == pytest.approx(250)
    assert found["bamboo_culms_per_ha", 0, ""]["variance_shares"] == {"sampling": pytest.approx(1)}


def test_products_of_a_change_are_a_line():
    flooring = [{"product": "flooring", "share": 0.5, "efficiency": 0.4, "half_life_yr": 20}]
    plain, made = (two_surveys(planted_years=2, **x) for x in ({}, {"cut_t_ha_yr": 5, "products": flooring}))
    extra = made["lines"][-1]["co2e_t"] - plain["lines"][-1]["co2e_t"]
    assert [x["line"] for x in made["lines"]] == ["culms", "rhizomes", "products", "net"]
    # A little less than two years of 5 t x 0.475 x 0.2 on 10 ha.
    assert 0.9 * 9.5 * 44 / 12 < extra < 9.5 * 44 / 12


def test_odd_years_are_refused_where_shoots_come_every_second_year():
    both = {"culms": [CULM], "culms_before": [CULM], "area_ha": 1, "planted_years": 1, "years": 3}
    assert codes(**both) == {"bamboo.odd_years"}
    assert run(**both, alternate_years=False)["lines"][-1]["co2e_t"] == 0


def test_a_plan_and_products_without_their_numbers_are_refused():
    product = {"product": "mats", "share": 0.8, "efficiency": 0.5, "half_life_yr": 2}
    assert codes(area_ha=1, culms=[CULM], project_steps=3) == {"bamboo.projection"}
    assert codes(area_ha=1, culms=[CULM], products=[product, product]) == {
        "bamboo.product_shares",
        "bamboo.nothing_cut",
    }


def test_masses_that_cannot_be_are_refused():
    stand = {"stand": "a", "area_ha": 1, "culms_ha": 2000, "du": 2}
    assert codes(stands=[{**stand, "stem_kg": 9}]) == {"bamboo.organ_missing"}
    assert codes(stands=[stand]) == {"bamboo.diameter_wanted"}
    assert codes(stands=[{**stand, "published": "Bambusa tulda"}]) == {"bamboo.clumping_only"}
    assert codes() == {"bamboo.one_table"}
    assert codes(stands=[{**stand, "dbh_cm": 9}], area_ha=2) == {"bamboo.area_twice"}


def test_clumping_bamboo_has_no_equation_of_ours():
    with pytest.raises(DomainError) as refused:
        run_sink(
            "clumping-bamboo",
            {"stands": [{"stand": "a", "area_ha": 1, "culms_ha": 2000, "dbh_cm": 8}]},
            today=date(2026, 1, 1),
        )
    assert refused.value.code == "sinks.factor_wanted"


def test_a_plan_that_starts_from_nothing_is_refused():
    empty = {"plot": "B", "plot_area_m2": 400, "count": 0}
    with pytest.raises(DomainError) as refused:
        run(area_ha=1, culms=[empty], project_steps=2, recruits_ha=900, survival=1, cut_shares=[0, 0, 1])
    assert refused.value.code == "bamboo.no_culms"
