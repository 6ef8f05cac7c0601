"""``verra/vm0047``: laws of both approaches, readings of single clauses, refusals. Worked numbers are in its cases."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.time import Period
from tanhui.mrv.methods import method
from tanhui.mrv.methods.verra.vm0047 import RevegetationInputs, account, rules
from tanhui.mrv.methods.verra.vm0047.account import state
from tanhui.mrv.methods.verra.vm0047.eligibility import eligibility
from tanhui.mrv.methods.verra.vm0047.inputs import (
    Average,
    Before,
    Benchmark,
    Census,
    Cohort,
    Commodity,
    Conduct,
    Control,
    Displacement,
    Fertiliser,
    Pool,
    ProjectPlot,
    Sample,
    Significance,
    Stratum,
    Survey,
)
from tanhui.mrv.methods.verra.vm0047.model import Component

M = method("verra/vm0047")
P = M.parameters
DAY = date(2026, 3, 1)
HERE = {"day": DAY, "p": P}
START = date(2021, 1, 1)
UNUSED = Displacement(unused_proof="attestation")


def benchmark(own=0.05, control=0.01, noise=0.001, n=30, apart=0.0, years=5):
    """Match sets of one control that grow at the rates given."""
    random = np.random.default_rng(1)

    def index(slope):
        return {str(t): 0.2 + slope * t + noise * float(random.normal()) for t in range(years)}

    sets = []
    for i in range(n):
        at = 0.2 + 0.01 * (i % 5)
        control_at = (at + apart,) * 3
        matched = (Control(f"c{i}", 0.1, control_at, index(control)),)
        sets.append(ProjectPlot(f"p{i}", (at,) * 3, index(own), matched))
    return Benchmark("canopy", (-9, -5, 0), tuple(sets), 1.0, 1.0, 1.0, 0.8)


def stratum(start, end, se=0.0, area=100.0, name="s"):
    pool = Pool("woody", Survey(mean=start, se=se, n=20), Survey(mean=end, se=se, n=20))
    return Stratum(name, area, (pool,), root_shoot_ratio=0.25)


COHORT = Cohort("2021", START, (stratum(4.0, 44.0),), benchmark())
CENSUS = Census("c", START, 10.0, 400, 0.25, Sample(20, 2, (40.0, 50.0, 60.0, 55.0)))
PLAIN = RevegetationInputs(
    project_start=START,
    crediting=Period(START, date(2061, 1, 1)),
    application=DAY,
    period=Period(START, date(2026, 1, 1)),
    npr_percent=20.0,
)
AREA = replace(PLAIN, cohorts=(COHORT,), displacement=UNUSED)
TREES = replace(PLAIN, censuses=(CENSUS,))


def line(claim, name):
    return next((x.co2e_t for x in claim.lines if x.line == name), 0.0)


def of_area(**change):
    return account(replace(AREA, cohorts=(replace(COHORT, **change),)), P)


# Laws

STOCKS = st.floats(0, 200)
ERRORS = st.floats(0, 20)


@settings(max_examples=60, deadline=None)
@given(STOCKS, STOCKS, ERRORS, st.floats(0, 60), st.booleans(), st.floats(0, 500))
def test_lines_add_up_to_the_net_and_credits_to_its_whole_tonnes(start, end, se, rating, adjusted, carried):
    given_ = replace(AREA, npr_percent=round(rating), buffer_on_adjusted=adjusted, carried_deficit_t=carried)
    claim = account(replace(given_, cohorts=(replace(COHORT, strata=(stratum(start, end, se),)),)), P)
    assert round(math.fsum(x.co2e_t for x in claim.lines[:-1]), 3) == claim.net_t
    assert all(x.co2e_t <= 0 for x in claim.lines if x.line not in ("gross_removal", "net"))
    assert claim.credits_t == max(0, math.floor(claim.net_t)) == sum(x.credits_t for x in claim.by_year)


@settings(max_examples=60, deadline=None)
@given(STOCKS, STOCKS, ERRORS, ERRORS)
def test_more_uncertainty_never_raises_credits(start, end, se, more):
    less, greater = (of_area(strata=(stratum(start, end, x),)).net_t for x in (se, se + more))
    assert greater <= less + 0.002


@given(st.floats(1, 200), st.floats(0, 200), ERRORS, st.floats(0, 0.06), st.floats(0, 0.06))
@settings(max_examples=40, deadline=None)
def test_a_loss_is_never_made_smaller(start, lost, se, own, control):
    claim = of_area(strata=(stratum(start, max(0.0, start - lost), se),), benchmark=benchmark(own, control))
    gross = line(claim, "gross_removal")
    assert gross <= 0
    assert claim.net_t <= gross
    assert claim.credits_t == 0


@given(st.floats(0.05, 0.95))
@settings(max_examples=20, deadline=None)
def test_splitting_a_stratum_changes_no_stock(share):
    whole = of_area()
    parts = tuple(stratum(4.0, 44.0, area=100.0 * x, name=str(i)) for i, x in enumerate((share, 1 - share)))
    for strata in (parts, parts[::-1]):
        assert of_area(strata=strata).net_t == pytest.approx(whole.net_t, abs=0.005)


def test_the_order_of_strata_cohorts_and_plots_is_irrelevant():
    strata = (stratum(4.0, 44.0, 2.0), stratum(10.0, 30.0, 3.0, 40.0, "t"))
    one, two = replace(COHORT, strata=strata), replace(COHORT, id="2", strata=strata[::-1])
    turned = replace(two, benchmark=replace(two.benchmark, plots=two.benchmark.plots[::-1]))
    claims = [account(replace(AREA, cohorts=x), P) for x in ((one, two), (turned, one))]
    assert [x.co2e_t for x in claims[0].lines] == pytest.approx([x.co2e_t for x in claims[1].lines], abs=0.0015)


@given(st.floats(0.011, 0.08), st.floats(0.0, 0.05))
@settings(max_examples=30, deadline=None)
def test_faster_controls_never_raise_credits(control, more):
    slow, fast = (of_area(benchmark=benchmark(0.09, x, noise=0.0)).net_t for x in (control, control + more))
    assert fast <= slow + 0.002


def test_both_approaches_together_are_the_sum_of_each():
    both = replace(AREA, censuses=(CENSUS,))
    whole, parts = account(both, P), (account(AREA, P), account(TREES, P))
    for name in ("gross_removal", "performance_benchmark", "uncertainty_deduction", "permanence", "net"):
        assert line(whole, name) == pytest.approx(sum(line(x, name) for x in parts), abs=0.003)


def test_two_claims_add_up_to_one_over_the_whole_time():
    """What the first claim counted is taken off the second, whatever the benchmark and uncertainty were then."""
    first = replace(AREA, period=Period(START, date(2024, 1, 1)))
    early = replace(COHORT, strata=(stratum(4.0, 20.0, 3.0),), benchmark=benchmark(0.04, 0.02, years=3))
    first = replace(first, cohorts=(early,))
    late = replace(COHORT, strata=(stratum(4.0, 44.0, 2.0),))
    after = state(first, P)["2021"]
    second = replace(AREA, period=Period(date(2024, 1, 1), date(2026, 1, 1)), cohorts=(replace(late, before=after),))
    claims = [account(x, P) for x in (first, second)]
    whole = account(replace(AREA, cohorts=(late,)), P)
    removals = ("gross_removal", "performance_benchmark", "uncertainty_deduction")
    for name in removals:
        assert sum(line(x, name) for x in claims) == pytest.approx(line(whole, name), abs=0.003)
    assert state(second, P)["2021"].credited_co2e_t == pytest.approx(sum(line(whole, x) for x in removals), abs=0.01)


# Benchmark


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"own": 0.01, "noise": 0.01}, "slopes do not differ"),
        ({"n": 29}, "too few sets"),
        ({"apart": 0.1}, "no valid match"),
        ({"own": -0.02}, "the project does not grow"),
        ({"years": 1}, "only one year"),
    ],
)
def test_without_a_valid_difference_nothing_is_credited(change, why):
    claim = of_area(benchmark=benchmark(**change))
    assert line(claim, "performance_benchmark") == pytest.approx(-line(claim, "gross_removal"), abs=0.0011), why
    assert claim.credits_t == 0


def test_controls_that_grow_faster_make_a_negative_claim():
    claim = of_area(benchmark=benchmark(0.01, 0.02, noise=0.0))
    gross = line(claim, "gross_removal")
    assert line(claim, "performance_benchmark") == pytest.approx(-2 * gross, abs=0.01)
    assert claim.deficit_t == pytest.approx(gross, abs=0.01)


def test_no_index_at_the_start_is_no_benchmark():
    late = benchmark()
    moved = tuple(replace(x, si={k: v for k, v in x.si.items() if k != "0"}) for x in late.plots)
    assert rules.comparison(replace(late, plots=moved), **HERE) is None


def test_doubt_about_independence_is_a_reason():
    random = np.random.default_rng(2)
    sets = []
    for i in range(30):
        own, control = 0.03 + 0.05 * random.normal(), 0.0
        index = {str(t): 0.2 + float(own) * t for t in range(5)}
        other = {str(t): 0.2 + control * t for t in range(5)}
        at = (0.2 + 0.01 * (i % 5),) * 3
        sets.append(ProjectPlot(f"p{i}", at, index, (Control(f"c{i}", 0.1, at, other),)))
    doubtful = replace(benchmark(), plots=tuple(sets))
    found = rules.comparison(doubtful, **HERE)
    assert found.z > 1.96
    claim = of_area(benchmark=doubtful)
    assert ("reason.vm0047.clustered:2021" in claim.indicative_reasons) is (found.z_clustered < 1.96)


# Uncertainty


def test_permanent_plots_are_their_differences():
    early, late = (10.0, 12.0, 9.0, 14.0, 11.0), (30.0, 35.0, 28.0, 36.0, 33.0)
    pool = Pool("woody", Survey(early), Survey(late), permanent=True)
    (found,) = rules.pool_components(pool, 3.0, **HERE)
    differences = np.subtract(late, early)
    assert found.variance == pytest.approx(9 * differences.var(ddof=1) / 5)
    assert found.df == 4
    apart = rules.pool_components(replace(pool, permanent=False), 3.0, **HERE)
    assert [x.variance for x in apart] == pytest.approx([9 * np.var(x, ddof=1) / 5 for x in (early, late)])


def test_switched_design_by_hand():
    """Appendix 3: SE 3, 4 then 4, 5 with rho 0.6: 9 + 16 + (16 + 25 - 2 x 0.6 x 20) = 42."""
    surveys = [Survey(mean=50.0, se=x, n=10) for x in (3.0, 4.0, 5.0)]
    pool = Pool("soil", surveys[0], surveys[2], permanent=True, rho=0.6, between=surveys[1])
    assert math.fsum(x.variance for x in rules.pool_components(pool, 1.0, **HERE)) == pytest.approx(42)


def test_half_width_against_the_interval_of_scipy():
    values = (30.0, 35.0, 28.0, 36.0, 33.0)
    mean, se = np.mean(values), stats.sem(values)
    low, high = stats.t.interval(0.9, 4, mean, se)
    found = rules.half_width_rel([Component(se**2, 4)], float(mean), **HERE)
    assert found == pytest.approx((high - low) / 2 / mean)


@pytest.mark.parametrize(
    ("half_width", "share"), [(0.0, 0.0), (0.10, 0.0), (0.25, 0.15), (1.0, 0.9), (1.1, 1.0), (5.0, 1.0)]
)
def test_deduction(half_width, share):
    assert rules.uncertainty_share(half_width, **HERE) == pytest.approx(share)


def test_an_estimate_too_uncertain_gives_nothing():
    """SE 17.6 of a change of 28.8, T 1.686 at 38 degrees of freedom: half-width 1.03, UNC 0.93."""
    claim = of_area(strata=(stratum(4.0, 32.8, 17.6 / math.sqrt(2)),))
    assert line(claim, "imprecise") < 0
    assert claim.credits_t == 0


def test_an_upper_bound_bears_no_error_but_lowers_the_change():
    start = Survey(mean=10.0, upper_bound=True)
    pool = Pool("woody", start, Survey(mean=30.0, se=2.0, n=20))
    assert math.fsum(x.variance for x in rules.pool_components(pool, 1.0, **HERE)) == pytest.approx(4)


# Census


@given(st.integers(0, 18), st.integers(1, 18))
def test_more_deaths_never_raise_a_census(dead, more):
    live = (40.0, 50.0, 60.0)

    def net(deaths):
        sample = Sample(40, deaths, live)
        return account(replace(TREES, censuses=(replace(CENSUS, sample=sample),)), P).net_t

    assert net(dead + more) <= net(dead) + 0.002


def test_a_census_that_died_loses_what_was_counted():
    gone = replace(CENSUS, sample=Sample(20, 20, ()), before=Before(50.0, 0.0, 0.1))
    claim = account(replace(TREES, censuses=(gone,)), P)
    assert line(claim, "gross_removal") == -50
    assert claim.net_t == -45
    assert claim.deficit_t == 45


def test_long_term_average_is_a_ceiling():
    free = account(TREES, P)
    gross = line(free, "gross_removal") + line(free, "uncertainty_deduction")
    for average, credited in ((10.0, 0.0), (10.0, 4.0), (10.0, 12.0), (1e6, 0.0)):
        census = replace(CENSUS, average=Average((average,)), before=Before(credited_co2e_t=credited))
        claim = account(replace(TREES, censuses=(census,)), P)
        kept = gross + line(claim, "long_term_average")
        assert kept == pytest.approx(min(gross, max(0.0, average - credited)), abs=0.003)


# Emissions, leakage, buffer


def test_fertiliser_by_hand():
    """1 t of synthetic N: 44/28 x 265 x (0.01 + 0.11 x 0.01 + 0.24 x 0.011) = 4.164286 + 0.458071 + 1.099371."""
    urea = Fertiliser("synthetic", 10.0, 0.1)
    assert rules.fertiliser_direct_t(urea, **HERE) == pytest.approx(4.164286, abs=1e-6)
    assert rules.fertiliser_indirect_t(urea, **HERE) == pytest.approx(0.458071 + 1.099371, abs=1e-6)
    dry = rules.fertiliser_indirect_t(replace(urea, leaches=False), **HERE)
    assert dry == pytest.approx(0.458071, abs=1e-6)


MAIZE = Commodity("maize", "agricultural", (100.0,) * 3, 40.0, 5.0, growth_fraction=0.0)
WOOD = Commodity("wood", "fuelwood", (100.0,) * 3, 40.0, 5.0, growth_fraction=0.0)


@pytest.mark.parametrize(
    ("commodities", "area"),
    [
        # 60 lost: x 0.75 x 0.40 / 5, and whole for fuelwood.
        ((MAIZE,), 3.6),
        ((WOOD,), 12.0),
        ((MAIZE, WOOD), 15.6),
        # Mitigation of 100 leaves 40 spare, which take 2.4 ha off the fuelwood's 12.
        ((replace(MAIZE, mitigated=100.0), WOOD), 9.6),
        ((replace(MAIZE, mitigated=100.0),), 0.0),
        # A product that grows by 20 makes all columns 100 %: (60 - 20) / 5.
        ((MAIZE, Commodity("tea", "agricultural", (), 20.0, 5.0)), 8.0),
    ],
)
def test_new_land(commodities, area):
    assert rules.new_land_ha(Displacement(commodities, years_elapsed=5), **HERE) == pytest.approx(area)


def test_growth_of_yields_stops_after_five_years():
    """100 x 1.025^5 = 113.140821."""
    maize = replace(MAIZE, growth_fraction=None, monitored=0.0)
    for years in (5, 9):
        assert rules.lost_production(maize, years, **HERE) == pytest.approx(113.140821, abs=1e-6)


@pytest.mark.parametrize(
    ("forest", "lost", "biomass"), [(0.3, 0.01, 150), (0.09, 0.01, 20), (0.3, 0.0009, 20), (None, None, 150)]
)
def test_new_land_is_forest_unless_shown(forest, lost, biomass):
    displacement = Displacement(
        (MAIZE,),
        forest_share_fraction=forest,
        deforestation_yr_fraction=lost,
        forest_biomass_t_ha=150,
        ecoregion_biomass_t_ha=20,
    )
    assert rules.converted_biomass_t_ha(displacement, **HERE) == biomass


def test_leakage_is_not_given_back():
    assert rules.leakage_t(100.0, 40.0, **HERE) == 60
    assert rules.leakage_t(30.0, 40.0, **HERE) == 0


@pytest.mark.parametrize(("given_", "rating"), [(0, 12), (11.9, 12), (12, 12), (12.1, 13), (60, 60)])
def test_rating_is_rounded_up(given_, rating):
    assert rules.risk_rating(given_, **HERE) == rating


def test_the_buffer_before_deductions_is_the_larger():
    strata = (stratum(4.0, 44.0, 5.0),)
    whole, adjusted = (
        account(replace(AREA, cohorts=(replace(COHORT, strata=strata),), buffer_on_adjusted=x), P)
        for x in (False, True)
    )
    assert line(whole, "permanence") < line(adjusted, "permanence") < 0


# Conditions


def verdict(inputs, clause):
    return next(x.outcome for x in eligibility(inputs, P) if x.clause == clause)


@pytest.mark.parametrize(("units", "area", "answer"), [(25, 0.5, True), (26, 0.5, False), (500, 10.0, True)])
def test_density_is_pro_rata(units, area, answer):
    """Examples of 4.3 (3): 25 units on 0.50 ha, 500 on 10 ha."""
    kept = dict.fromkeys(("direct_planting", "land_use_kept", "identified", "dispersed"), True)
    census = replace(CENSUS, units=units, area_ha=area, similar_removed_years_ago=10, inversion_cm=25, **kept)
    inputs = replace(TREES, censuses=(census,), evidence={"census_list": "C"})
    assert (verdict(inputs, "4.3, 4.4.2") == "met") is answer


@pytest.mark.parametrize(
    ("prepared", "day", "outcome"),
    [
        (True, date(2019, 1, 1), "met"),
        (True, date(2018, 12, 31), "not_met"),
        (True, date(2021, 1, 2), "not_met"),
        (False, date(2023, 1, 1), "met"),
        (False, date(2023, 1, 2), "not_met"),
        (None, date(2020, 6, 1), "evidence_missing"),
    ],
)
def test_first_survey(prepared, day, outcome):
    cohort = replace(COHORT, prepared=prepared, surveyed_on=day)
    inputs = replace(AREA, cohorts=(cohort,), evidence={"first_inventory": "I"})
    assert verdict(inputs, "4.2 (2)") == outcome


@pytest.mark.parametrize(
    ("sources", "out", "answer"),
    [
        ({"a": 3.0, "b": 1.0}, ("a", "b"), True),
        ({"a": 5.0, "b": 1.0}, ("a",), False),
        # 95 of 99 are 96 %, and the other 4 are below 5 % of 100.
        ({"a": 95.0, "b": 4.0}, ("b",), True),
        # 90 of 99 are not 95 %: b counts too.
        ({"a": 90.0, "b": 8.0, "c": 1.0}, ("b",), False),
        ({"a": 90.0, "b": 8.0, "c": 1.0}, ("c",), True),
        # 96 % are reached by a, but the other 6 are not below 5 % of 100.
        ({"a": 144.0, "b": 3.0, "c": 3.0}, ("b",), False),
        ({"a": 144.0, "b": 3.0, "c": 3.0}, ("c",), True),
    ],
)
def test_appendix_2(sources, out, answer):
    inputs = replace(TREES, significance=Significance(100.0, sources, out), evidence={"significance_test": "S"})
    assert (verdict(inputs, "Appendix 2") == "met") is answer


def test_a_rating_above_60_fails():
    assert verdict(replace(TREES, npr_percent=60.5, evidence={"risk_report": "R"}), "NPRT 2.5.3") == "not_met"


def test_common_practice_is_below_15_percent():
    for adoption, outcome in ((0.1499, "met"), (0.15, "not_met")):
        inputs = replace(TREES, conduct=Conduct(adoption_fraction=adoption), evidence={"adoption_survey": "A"})
        assert verdict(inputs, "7.3.4") == outcome


# Refusals


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"npr_percent": 0.15}, "vm0047.fraction_for_percent"),
        ({"displacement": None}, "vm0047.no_leakage"),
        ({"displacement": Displacement((MAIZE,))}, "vm0047.no_forest_biomass"),
        ({"period": Period(date(2022, 1, 1), date(2026, 1, 1))}, "vm0047.no_before"),
        ({"cohorts": (COHORT, COHORT)}, "methods.twice"),
        ({"cohorts": (replace(COHORT, strata=(stratum(-4.0, 44.0),)),)}, "methods.negative"),
        ({"cohorts": ()}, "vm0047.nothing"),
        ({"censuses": (replace(CENSUS, sample=Sample(20, 19, (40.0, 50.0))),)}, "vm0047.sample"),
        ({"censuses": (replace(CENSUS, woody_cover_fraction=9.0),)}, "methods.percent_for_fraction"),
        ({"application": date(2025, 6, 1)}, "methods.period_not_over"),
    ],
)
def test_refused(change, code):
    with pytest.raises(RefusedInput) as refusal:
        account(replace(AREA, **change), P)
    assert code in {fault.code for fault in refusal.value.faults}
    assert all(fault.reason("zh") and fault.reason("en") for fault in refusal.value.faults)


def test_a_control_used_twice_is_refused():
    twice = benchmark()
    plots = (replace(twice.plots[0], controls=twice.plots[1].controls), *twice.plots[1:])
    with pytest.raises(RefusedInput) as refusal:
        of_area(benchmark=replace(twice, plots=plots))
    assert [fault.code for fault in refusal.value.faults] == ["methods.twice"]


def test_another_edition_of_warming_potentials_is_refused():
    with pytest.raises(DomainError) as refusal:
        account(replace(AREA, gwp_edition="AR4"), P)
    assert refusal.value.code == "gwp.two_editions"
