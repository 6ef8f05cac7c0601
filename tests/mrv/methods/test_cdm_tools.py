"""The A/R tools of the CDM: numbers they print themselves, other transcriptions of their tables, and laws."""

import csv
import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.parameters import Recorder
from tanhui.kernel.time import Period
from tanhui.mrv.methods import method
from tanhui.mrv.methods.ccer.m14_001_v01 import Fire as CcerFire
from tanhui.mrv.methods.ccer.m14_001_v01 import rules as ccer_rules
from tanhui.mrv.methods.cdm import ar_tool08, ar_tool12, ar_tool14, ar_tool15, ar_tool16
from tanhui.mrv.methods.cdm.ar_tool03 import SampleInputs, SampleStratum
from tanhui.mrv.methods.cdm.ar_tool03.account import eligibility as plan_verdicts
from tanhui.mrv.methods.cdm.ar_tool08 import rules as burning
from tanhui.mrv.methods.cdm.ar_tool14 import rules as woody
from tanhui.mrv.methods.cdm.ar_tool15 import rules as displacing
from tanhui.mrv.methods.cdm.ar_tool16 import rules as soil
from tanhui.mrv.methods.cdm.tool import tool_parameters

TOOLS = [f"cdm/ar-tool{number}" for number in ("03", "08", "12", "14", "15", "16")]
FIVE_YEARS = Period(date(2021, 1, 1), date(2026, 1, 1))
DAY = date(2025, 12, 31)


def lines(tool_id, inputs):
    return {x.line: x.co2e_t for x in method(tool_id).account(inputs).lines}


def net_t(tool_id, inputs):
    return method(tool_id).account(inputs).net_t


def test_a_tool_is_never_issued_whatever_it_finds():
    for tool_id in TOOLS:
        assert not method(tool_id).issuable
    claim = method("cdm/ar-tool14").account(surveyed("project", 60.0, 1.0))
    assert claim.net_t > 1000
    assert claim.credits_t == 0
    assert all(x.credits_t == 0 for x in claim.by_year)
    assert claim.indicative_reasons[0] == "reason.methods.cdm_tool:cdm/ar-tool14"
    assert math.fsum(x.co2e_t for x in claim.by_year) == pytest.approx(claim.net_t, abs=1e-6)


def test_what_a_methodology_asks_of_a_tool_is_noted_beside_its_own():
    p = Recorder(method("ipcc/stock-difference").parameters)
    tool = tool_parameters("cdm/ar-tool08", p)
    burning.combustion_factor("boreal", 1.0, day=DAY, p=tool)
    assert set(p.used) == {"cdm/ar-tool08/combustion_factor", "cdm/ar-tool08/clause/combustion_factor"}


# AR-TOOL03


def test_a_plan_short_of_plots_says_by_how_many():
    # By hand in case 01: 27 plots are wanted, 9 and 18.
    strata = (SampleStratum("a", 2000.0, 10.0, 8), SampleStratum("b", 2000.0, 20.0, 18))
    plan = SampleInputs(FIVE_YEARS, 50.0, 0.04, strata)
    verdicts = plan_verdicts(plan, method("cdm/ar-tool03").parameters)
    assert [(x.subject, x.outcome) for x in verdicts] == [("", "not_met"), ("a", "not_met"), ("b", "met")]
    assert verdicts[0].reason("en") == "26 plots are laid out, 27 are wanted (27 before eq. (3); E = 5, t = 1.711)."
    assert "27" in verdicts[0].reason("zh")


# AR-TOOL08


def burnt(*fires):
    return ar_tool08.BurningInputs(FIVE_YEARS, 10.0, 0.05, "AR5", fires)


def fire(area=2.0, agb=40.0, age=7.0, climate="tropical", **rest):
    return ar_tool08.Fire(date(2023, 5, 1), area, agb, age, climate, **rest)


@given(st.floats(0.1, 500), st.floats(0, 400), st.floats(0, 90), st.sampled_from(["tropical", "temperate", "boreal"]))
def test_the_tool_and_the_methodology_that_copied_it_agree(area, agb, age, climate):
    """CCER-14-001's own rule was written from another sheet."""
    m = method("ccer/14-001-v01")
    theirs = ccer_rules.fire_t(CcerFire(date(2023, 5, 1), area, agb, age, climate), day=DAY, p=m.parameters)
    ours = burning.forest_fire_t(fire(area, agb, age, climate), "AR5", day=DAY, p=method("cdm/ar-tool08").parameters)
    assert ours == pytest.approx(-theirs, rel=1e-12)


def test_age_decides_in_tropical_forest_only():
    p = method("cdm/ar-tool08").parameters
    found = [burning.combustion_factor("tropical", age, day=DAY, p=p) for age in (1, 3, 5.9, 6, 11, 17.9, 18, 90)]
    # Printed for 3-5, 6-10, 11-17 and 18 years; younger stands take the largest.
    assert found == [0.67, 0.46, 0.46, 0.67, 0.50, 0.50, 0.32, 0.32]
    assert {burning.combustion_factor("temperate", age, day=DAY, p=p) for age in (0, 5, 50)} == {0.45}


@given(st.floats(1, 5), st.floats(0.1, 0.9))
def test_splitting_a_fire_changes_nothing_as_long_as_its_parts_count(area, share):
    whole = burnt(fire(area, dead_matter_co2e_t_ha=5.0))
    parts = burnt(fire(area * share, dead_matter_co2e_t_ha=5.0), fire(area * (1 - share), dead_matter_co2e_t_ha=5.0))
    assert net_t("cdm/ar-tool08", parts) == pytest.approx(net_t("cdm/ar-tool08", whole), abs=0.003)


def test_small_fires_do_not_count():
    small = burnt(fire(0.04), fire(0.05))
    assert net_t("cdm/ar-tool08", small) == 0
    rare = replace(burnt(fire(2.0)), project_area_ha=41.0)
    assert net_t("cdm/ar-tool08", rare) == 0
    assert net_t("cdm/ar-tool08", replace(rare, project_area_ha=40.0)) < 0


def test_an_unknown_edition_is_refused():
    with pytest.raises(DomainError) as refusal:
        net_t("cdm/ar-tool08", replace(burnt(fire()), gwp_edition="AR1"))
    assert refusal.value.code == "gwp.unknown_edition"


# AR-TOOL12


def dead(*strata):
    return ar_tool12.DeadMatterInputs(FIVE_YEARS, end=strata)


def dead_stratum(name, area, masses):
    plots = tuple(
        ar_tool12.DeadPlot(0.04, standing=(ar_tool12.Standing("twigs_lost", live_agb_t=mass),)) for mass in masses
    )
    return ar_tool12.DeadStratum(name, area, 0.5, 0.25, plots)


def test_dead_wood_does_not_ask_for_the_order_of_strata_or_plots():
    a, b = dead_stratum("a", 20.0, (0.1, 0.2)), dead_stratum("b", 30.0, (0.3, 0.05))
    turned = dead_stratum("a", 20.0, (0.2, 0.1))
    assert lines("cdm/ar-tool12", dead(a, b)) == lines("cdm/ar-tool12", dead(b, turned))


def test_splitting_a_stratum_of_like_plots_changes_nothing():
    whole = dead(dead_stratum("a", 20.0, (0.1, 0.1)))
    parts = dead(dead_stratum("a", 5.0, (0.1,)), dead_stratum("b", 15.0, (0.1,)))
    assert net_t("cdm/ar-tool12", parts) == pytest.approx(net_t("cdm/ar-tool12", whole), abs=0.001)


@pytest.mark.parametrize(
    ("elevation", "rain", "dead_wood", "litter"),
    [(500, 800, 20, 40), (500, 1200, 10, 10), (500, 2000, 60, 10), (2500, 800, 70, 10)],
)
def test_tropical_defaults_as_printed(elevation, rain, dead_wood, litter):
    share = ar_tool12.DefaultShare(0.0, 1000.0, "tropical", ("dead_wood", "litter"), True, elevation, rain)
    found = lines("cdm/ar-tool12", ar_tool12.DeadMatterInputs(FIVE_YEARS, default=share))
    assert (found["dead_wood"], found["litter"]) == (dead_wood, litter)


def test_a_thin_piece_is_refused_by_the_forest_room():
    plot = ar_tool12.DeadPlot(0.04, lying=(ar_tool12.Lying(9.0, "sound"),), transect_m=100.0)
    with pytest.raises(DomainError) as refusal:
        net_t("cdm/ar-tool12", dead(ar_tool12.DeadStratum("a", 20.0, 0.5, 0.25, (plot,))))
    assert refusal.value.code == "deadwood.piece_too_thin"


def test_its_numbers_are_noted_although_they_lie_elsewhere():
    p = Recorder(method("cdm/ar-tool12").parameters)
    method("cdm/ar-tool12").account(dead(dead_stratum("a", 20.0, (0.1,))), p)
    assert p.used["forest_stand/ar_tool12/carbon_fraction_tree"].value == 0.5


# AR-TOOL14


def surveyed(scenario, mean, half, start=None):
    end = ar_tool14.Survey(True, area_ha=100.0, mean_t_ha=mean, half_width90_t_ha=half)
    return ar_tool14.WoodyInputs(FIVE_YEARS, scenario, start=start, end=end)


def sampled(*strata, roots_included=True):
    return ar_tool14.WoodyInputs(FIVE_YEARS, "project", end=ar_tool14.Survey(roots_included, strata))


def test_the_sample_of_page_4():
    # AR-TOOL14 v04.2, p. 4: mean 45.328, sd 12.776, n 34 -> standard error 2.191, t 1.692, u 8.18 %.
    p = method("cdm/ar-tool14").parameters
    found = woody.stratified_mean([woody.Moments(100.0, 34, 45.328, 12.776)], day=DAY, p=p)
    assert found.se == pytest.approx(2.191, abs=5e-4)
    assert found.half_width() / found.se == pytest.approx(1.692, abs=5e-4)
    assert found.relative_half_width() == pytest.approx(0.0818, abs=5e-5)


@pytest.mark.parametrize(("u", "share"), [(0.05, 0), (0.10, 0), (0.1001, 0.25), (0.15, 0.25), (0.2, 0.5), (0.3, 0.75)])
def test_the_bands_as_printed(u, share):
    assert woody.discount_share(u, day=DAY, p=method("cdm/ar-tool14").parameters) == share


def test_above_the_last_band_everything_is_discounted():
    assert woody.discount_share(0.31, day=DAY, p=method("cdm/ar-tool14").parameters) == 1
    # A project whose interval is as wide as its change keeps nothing.
    assert lines("cdm/ar-tool14", surveyed("project", 50.0, 50.0))["net"] == pytest.approx(0, abs=0.001)


@given(st.floats(0, 300), st.floats(0, 100), st.floats(0, 100), st.sampled_from(["project", "baseline"]))
def test_more_uncertainty_never_raises_credits(mean, half, more, scenario):
    less, much = (lines("cdm/ar-tool14", surveyed(scenario, mean, x)) for x in (half, half + more))
    assert less["trees"] == much["trees"]
    if scenario == "project":
        assert much["net"] <= less["net"] <= less["trees"]
    else:
        assert much["net"] >= less["net"] >= less["trees"]


@given(st.floats(0, 100), st.floats(0, 50))
def test_a_loss_is_enlarged_never_shrunk(end, half):
    start = ar_tool14.Survey(True, area_ha=100.0, mean_t_ha=120.0, half_width90_t_ha=10.0)
    found = lines("cdm/ar-tool14", surveyed("project", end, half, start))
    assert found["trees"] < 0
    assert found["uncertainty_discount"] <= 0


def test_a_change_of_nothing_has_no_relative_error_and_still_pays_for_its_width():
    start = ar_tool14.Survey(True, area_ha=100.0, mean_t_ha=60.0, half_width90_t_ha=3.0)
    found = lines("cdm/ar-tool14", surveyed("project", 60.0, 4.0, start))
    # (3^2 + 4^2)^0.5 = 5 t/ha, all of it: 5 x 172.3333
    assert (found["trees"], found["uncertainty_discount"]) == (0, pytest.approx(-861.667, abs=0.001))


def test_a_zero_estimate_without_any_width_discounts_nothing():
    assert lines("cdm/ar-tool14", surveyed("project", 0.0, 0.0))["net"] == 0


def test_the_order_of_strata_is_irrelevant_and_like_parts_have_the_mean_of_the_whole():
    a = ar_tool14.SurveyStratum("a", 60.0, (40.0, 50.0, 45.0, 52.0))
    b = ar_tool14.SurveyStratum("b", 40.0, (70.0, 75.0, 80.0))
    assert lines("cdm/ar-tool14", sampled(a, b)) == lines("cdm/ar-tool14", sampled(b, a))
    parts = (ar_tool14.SurveyStratum("a", 45.0, a.plots_t_ha), ar_tool14.SurveyStratum("c", 15.0, a.plots_t_ha), b)
    whole, split = lines("cdm/ar-tool14", sampled(a, b)), lines("cdm/ar-tool14", sampled(*parts))
    assert split["trees"] == pytest.approx(whole["trees"], abs=0.001)


def test_plots_and_what_a_report_prints_of_them_are_one():
    plots = (40.0, 50.0, 45.0, 52.0)
    # By hand: mean 46.75, squares 45.5625 + 10.5625 + 3.0625 + 27.5625 = 86.75, / 3 = 28.916667, root 5.377422
    printed = ar_tool14.SurveyStratum("a", 60.0, n=4, mean_t_ha=46.75, sd_t_ha=math.sqrt(86.75 / 3))
    listed = ar_tool14.SurveyStratum("a", 60.0, plots)
    assert lines("cdm/ar-tool14", sampled(printed)) == lines("cdm/ar-tool14", sampled(listed))


def test_roots_are_added_once_by_the_curve():
    # exp(-1.085 + 0.9256 ln 100) / 100 = 0.239879: a published curve, by hand.
    bare = ar_tool14.SurveyStratum("a", 100.0, n=30, mean_t_ha=100.0, sd_t_ha=5.0)
    found = lines("cdm/ar-tool14", sampled(bare, roots_included=False))["trees"]
    assert found / lines("cdm/ar-tool14", sampled(bare))["trees"] == pytest.approx(1.239879, abs=1e-6)


def test_crown_cover_ends_with_year_twenty():
    def grown(start):
        cover = ar_tool14.CrownCover(100.0, 0.03, 0.20, 4.0, start)
        return net_t("cdm/ar-tool14", ar_tool14.WoodyInputs(FIVE_YEARS, "baseline", crown_cover=cover))

    assert grown(date(2001, 1, 1)) == 0
    # One of the five years is left: 365 of 1826 days.
    assert grown(date(2002, 1, 1)) / grown(date(2021, 1, 1)) == pytest.approx(365 / 1826, rel=1e-4)


# AR-TOOL15

NATIVE = ar_tool16.Land("HAC", "warm_temperate_moist", "native")
FIELD = ar_tool16.Land("HAC", "warm_temperate_moist", "long_term_crop", "full")


def moved(**changes):
    given_ = ar_tool15.Displacement(
        "a", date(2022, 1, 1), 10.0, "crops", tree_agb_t_ha=30.0, before=NATIVE, after=FIELD
    )
    return ar_tool15.DisplacementInputs(FIVE_YEARS, (replace(given_, **changes),))


@given(st.floats(0, 400), st.floats(0, 50), st.sampled_from([(NATIVE, FIELD), (FIELD, NATIVE), (FIELD, FIELD)]))
def test_leakage_is_never_a_gain(trees, shrubs, lands):
    found = lines(
        "cdm/ar-tool15", moved(tree_agb_t_ha=trees, shrub_biomass_t_ha=shrubs, before=lands[0], after=lands[1])
    )
    assert found["leakage_biomass"] <= 0
    assert found["leakage_soil"] <= 0


def test_land_that_gains_soil_carbon_leaks_none():
    assert lines("cdm/ar-tool15", moved(before=FIELD, after=NATIVE))["leakage_soil"] == 0
    assert displacing.soil_c_t(moved().displacements[0], 50.0, 80.0, day=DAY, p=method("cdm/ar-tool15").parameters) == 0


def test_soil_tables_are_noted_under_the_other_tools_name():
    reasons = method("cdm/ar-tool15").account(moved()).indicative_reasons
    assert "reason.methods.parameter_secondary:cdm/ar-tool16/soc_ref" in reasons


# AR-TOOL16

SOILS = {
    "HAC": "high_activity_clay_soils",
    "LAC": "low_activity_clay_soils",
    "sandy": "sandy_soils",
    "spodic": "spodic_soils",
    "volcanic": "volcanic_soils",
}
CLASSES = {
    ("f_lu", "long_term_crop"): "annual_crops",
    ("f_lu", "short_term_crop"): "set_aside",
    ("f_mg", "full"): "full_tillage",
    ("f_mg", "reduced"): "reduced_tillage",
    ("f_mg", "non_degraded"): "nominal_grassland",
    ("f_in", "medium"): "medium",
}


def tables_of_2006():
    with data_path("soil", "tier1_ipcc2006.csv").open(encoding="utf-8", newline="") as table:
        return {(x["quantity"], x["class"], x["climate"]): float(x["value"]) for x in csv.DictReader(table)}


def test_its_stocks_are_those_of_the_2006_guidelines():
    """Transcribed a second time for the soil room, from a Python package."""
    wanted = tables_of_2006()
    rows = method("cdm/ar-tool16").parameters["soc_ref"].at(DAY).value
    assert len(rows) == 41
    for climate, kind, value in rows:
        assert wanted["soc_ref", SOILS[kind], climate.replace("cold", "cool")] == value, (climate, kind)


def test_its_factors_are_those_of_the_2006_guidelines():
    wanted, p = tables_of_2006(), method("cdm/ar-tool16").parameters
    seen = 0
    for climate, regime in p["factor_climate"].at(DAY).value:
        for name in ("f_lu", "f_mg", "f_in"):
            for use, cls, of_regime, value in p[name].at(DAY).value:
                theirs = CLASSES.get((name, cls), cls)
                if name == "f_in" and cls in ("low", "high"):
                    theirs = (
                        "grassland_high"
                        if use == "grassland"
                        else f"cropland_{cls}" + "_without_manure" * (cls == "high")
                    )
                place = climate.replace("cold", "cool")
                key, any_place = (name.replace("in", "i"), theirs, place), (name.replace("in", "i"), theirs, "any")
                if of_regime in (regime, "any") and (use, cls) != ("grassland", "low"):
                    seen += 1
                    assert wanted.get(key, wanted.get(any_place)) == value, key
    assert seen > 150


def planted(disturbed, land=FIELD, name="a", area=100.0):
    return ar_tool16.SoilStratum(name, area, land, date(2021, 3, 1), disturbed)


def test_a_soil_that_is_not_capped_comes_to_its_reference_and_stays():
    # Sand in a dry tropical climate, severely degraded: 31 x 0.70 = 21.7; over preparation and 20 years 9.3 t C/ha.
    land = ar_tool16.Land("sandy", "tropical_dry", "grassland", "severely_degraded")
    for disturbed in (0.0, 0.5):
        whole = ar_tool16.SoilInputs(Period(date(2021, 1, 1), date(2060, 1, 1)), (planted(disturbed, land),))
        assert net_t("cdm/ar-tool16", whole) == pytest.approx(100 * 9.3 * 44 / 12, abs=0.002)
    later = ar_tool16.SoilInputs(Period(date(2042, 3, 1), date(2060, 1, 1)), (planted(0.5, land),))
    before = ar_tool16.SoilInputs(Period(date(2015, 1, 1), date(2021, 3, 1)), (planted(0.5, land),))
    assert net_t("cdm/ar-tool16", later) == net_t("cdm/ar-tool16", before) == 0


@settings(max_examples=50)
@given(st.floats(0, 1), st.floats(0, 1))
def test_more_disturbance_never_brings_more_in_the_year_it_happens(one, other):
    def changed(share):
        year = Period(date(2021, 3, 1), date(2022, 3, 1))
        return net_t("cdm/ar-tool16", ar_tool16.SoilInputs(year, (planted(share),)))

    low, high = sorted((one, other))
    assert changed(high) <= changed(low)


def test_splitting_a_stratum_of_soil_changes_nothing():
    whole = ar_tool16.SoilInputs(FIVE_YEARS, (planted(0.3),))
    parts = ar_tool16.SoilInputs(FIVE_YEARS, (planted(0.3, area=37.0), planted(0.3, name="b", area=63.0)))
    assert net_t("cdm/ar-tool16", parts) == pytest.approx(net_t("cdm/ar-tool16", whole), abs=0.001)


def test_a_gain_is_capped():
    p = method("cdm/ar-tool16").parameters
    assert soil.yearly_gain_c_t_ha(88.0, 50.0, 5.0, day=DAY, p=p) == 0.8
    assert soil.yearly_gain_c_t_ha(31.0, 21.7, 0.0, day=DAY, p=p) == pytest.approx(0.465)


def test_every_fault_is_named_at_once():
    with pytest.raises(RefusedInput) as refusal:
        method("cdm/ar-tool16").account(ar_tool16.SoilInputs(FIVE_YEARS, ()))
    assert [x.code for x in refusal.value.faults] == ["methods.cdm_no_strata"]
