"""``verra/vm0033``: published years one by one, laws of the claim, and what the standard bars.

Published figures are those of the public worked case named in the method's ``references.toml`` (vm0033_guardian_case).
"""

import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.time import Period
from tanhui.mrv.methods import method
from tanhui.mrv.methods.verra.vm0033 import Stratum, TidalWetlandInputs, account, rules
from tanhui.mrv.methods.verra.vm0033.conversions import carbon_from_om, om_from_carbon
from tanhui.mrv.methods.verra.vm0033.inputs import (
    Allochthonous,
    Before,
    Burn,
    Cores,
    Cover,
    Depletion,
    Eroded,
    Excavated,
    Exposure,
    Gas,
    HundredYears,
    Layer,
    Oxidation,
    Salinity,
    SoilRate,
    Woody,
)
from tanhui.mrv.methods.verra.vm0033.soil import calendar_years, stratum_emissions, unconnected_percent

M = method("verra/vm0033")
P = M.parameters
DAY = date(2026, 6, 1)
START = date(2022, 8, 18)
ASK = {"day": DAY, "p": P}
SHOWN = Gas(shown_not_higher=True)
AREAS = (1090.442036, 1982.978679, 2222.844253, 1227.763531)
#: Year -> change of trees by stratum, published; then NER since the start, buffer and VCUs of the year.
PUBLISHED = {
    2023: ((23.114099837091995, 0.029047332682884997, 0, 0), 23.143147169774874, 3.0086091320707338, 20.13453803770414),
    2024: (
        (1194.4164110939573, 39.1626391230426, 49.22451550864283, 0),
        1305.9467128954175,
        166.76446354433355,
        1116.039102181309,
    ),
    2025: (
        (15929.93693650641, 2022.036088054477, 2267.0092045147726, 11.192824379459434),
        21536.12176635053,
        2629.922756949165,
        17600.252296505947,
    ),
    2026: (
        (100706.06587559026, 28927.726018896647, 2432.878583621717, 15.022505310805666),
        155084.80419514774,
        17361.32871574364,
        116187.35371305357,
    ),
}


def stratum(name="a", area=100.0, system="mangrove", **more):
    return Stratum(id=name, system=system, area_ha=area, **{"ch4": SHOWN, "n2o": SHOWN} | more)


def inputs(baseline, project, **more):
    given = {
        "project_start": START,
        "crediting": Period(START, date(2062, 8, 18)),
        "application": date(2027, 6, 1),
        "period": Period(date(2026, 1, 1), date(2027, 1, 1)),
        "buffer_share": 0.1,
        "baseline_assessed_on": START,
    }
    return TidalWetlandInputs(baseline=tuple(baseline), project=tuple(project), **given | more)


def line(claim, name):
    return next(x.co2e_t for x in claim.lines if x.line == name)


def refused(given, parameters=P):
    with pytest.raises(RefusedInput) as caught:
        account(given, parameters)
    return {fault.code for fault in caught.value.faults}


# Published


def published_year(year, ner_before):
    trees = PUBLISHED[year][0]
    soil = {}
    if year == 2026:  # soil begins in stratum 1
        soil = {"rate": SoilRate(0.48), "allochthonous": Allochthonous(percent=23.561573856247)}
    project = [
        stratum(str(i), area, trees=Woody(change_co2e_t=change), **(soil if i == 0 else {}))
        for i, (area, change) in enumerate(zip(AREAS, trees, strict=True))
    ]
    return inputs(
        [stratum("bare", math.fsum(AREAS), "mudflat")],
        project,
        period=Period(date(year, 1, 1), date(year + 1, 1, 1)),
        buffer_share=0.13,
        before=Before(project_co2e_t=ner_before, adjusted_co2e_t=ner_before),
    )


@pytest.mark.parametrize("year", PUBLISHED)
def test_published_year_of_the_senegal_mangrove(year):
    before = PUBLISHED[year - 1][1] if year - 1 in PUBLISHED else 0.0
    _, ner, buffer, vcu = PUBLISHED[year]
    claim = account(published_year(year, before), P)
    gained = math.fsum(line(claim, x) for x in ("gross_removal", "allochthonous"))
    assert gained == pytest.approx(ner - before, abs=0.003)
    assert line(claim, "permanence") == pytest.approx(-buffer, abs=0.0011)
    assert claim.net_t == pytest.approx(vcu, abs=0.004)
    assert claim.credits_t == math.floor(vcu)


@pytest.mark.parametrize(
    ("area", "gain", "percent", "deduction_t_ha", "soil_t"),
    [
        (1090.442036, 0.48, 23.561573856247, -0.4146836998699472, -1466.9894453778015),
        (1090.442036, 2.4, 23.561574, -2.0734185119999995, -7334.947213094628),
        (1227.763531, 2.4, 23.561574, -2.0734185119999995, -8258.651439266114),
    ],
)
def test_published_soil_and_allochthonous_carbon(area, gain, percent, deduction_t_ha, soil_t):
    in_place = rules.rated_co2_t_ha_yr(gain, **ASK)
    deduction = rules.alloch_deduction_co2_t(in_place, percent, "mineral", **ASK)
    assert deduction == pytest.approx(deduction_t_ha, rel=1e-12)
    assert area * (in_place - deduction) == pytest.approx(soil_t, rel=1e-12)


# Equations


@given(st.floats(0.01, 45))
def test_marsh_relation_is_the_printed_root(carbon):
    """Eq. 41 as it is printed, and eq. 95 leads back (with 0.4: the 0.04 it prints does not)."""
    om = om_from_carbon(carbon, "tidal_marsh", **ASK)
    printed = (-0.4 + math.sqrt(0.4**2 + 4 * 0.0025 * carbon)) / (2 * 0.0025)
    assert om == pytest.approx(printed, rel=1e-9, abs=1e-9)
    assert carbon_from_om(om, "tidal_marsh", **ASK) == pytest.approx(carbon, rel=1e-9)


@pytest.mark.parametrize(
    ("system", "om", "carbon"),
    [
        ("tidal_marsh", 10, 0.4 * 10 + 0.0025 * 100),
        ("mangrove", 10, 7.0357),
        ("seagrass", 10, 3.79),
        ("seagrass", 30, 12.57),
    ],
)
def test_relations_of_carbon_and_organic_matter(system, om, carbon):
    assert carbon_from_om(om, system, **ASK) == pytest.approx(carbon)
    assert om_from_carbon(carbon, system, **ASK) == pytest.approx(om)


@pytest.mark.parametrize(("system", "carbon"), [("mangrove", 2.8), ("seagrass", 8.0)])
def test_a_carbon_that_no_relation_reaches_is_refused(system, carbon):
    """Below the mangrove line's intercept; between the ends of the two seagrass lines (7.79 and 8.27 %)."""
    with pytest.raises(DomainError) as caught:
        om_from_carbon(carbon, system, **ASK)
    assert caught.value.code == "methods.vm0033_conversion"


@given(st.sampled_from(["tidal_marsh", "mangrove", "seagrass"]), st.floats(0.1, 60), st.floats(0, 20))
def test_allochthonous_share_is_a_share_and_grows_with_the_sediment(system, om, deposited):
    one, more = (
        rules.alloch_percent(Allochthonous(soil_om_percent=om, deposited_om_percent=x), system, **ASK)
        for x in (deposited, deposited * 1.1)
    )
    assert 0 <= one <= 100
    assert more >= one - 1e-9 or system == "seagrass"  # its two lines do not meet at 20 %


def test_nothing_is_deducted_from_an_emission_or_from_organic_soil():
    assert rules.alloch_deduction_co2_t(5.0, 30, "mineral", **ASK) == 0
    assert rules.alloch_deduction_co2_t(-5.0, 30, "organic", **ASK) == 0


@pytest.mark.parametrize(("cover", "c_t"), [(0.0, 0), (0.15, 0), (0.325, 0.73), (0.50, 1.46), (1.0, 1.46)])
def test_default_accumulation_by_cover(cover, c_t):
    assert rules.accumulation_co2_t_ha_yr(cover, **ASK) == pytest.approx(-c_t * 44 / 12)


@pytest.mark.parametrize(("ppt", "t_ha"), [(18.1, 0.011), (19.99, 0.011), (20, 0.0056), (35, 0.0056)])
def test_ch4_default(ppt, t_ha):
    assert rules.ch4_t_ha_yr(Gas("default"), Salinity(ppt, "ppt", "average"), **ASK) == t_ha


@pytest.mark.parametrize(
    ("system", "ppt", "t_ha"),
    [
        ("open_water", 18.1, 0.000157),
        ("open_water", 18, 0.00033),
        ("open_water", 5, 0.00053),
        ("tidal_marsh", 18.1, 0.000487),
        ("mangrove", 5.1, 0.000754),
        ("mudflat", 0.5, 0.000864),
    ],
)
def test_n2o_default(system, ppt, t_ha):
    assert rules.n2o_t_ha_yr(Gas("default"), Salinity(ppt, "ppt", "average"), system, **ASK) == t_ha


def test_a_daily_flux_is_what_its_units_say():
    """1 mg/m2/d over 365 days is 365e-9 t on 1e-4 ha."""
    assert rules.ch4_t_ha_yr(Gas("measured", daily_mg_m2=1), None, **ASK) == pytest.approx(365e-9 / 1e-4)


def test_soil_of_eq_99_in_its_own_units():
    """2 % carbon, 0.5 g/cm3, 30 cm: 0.02 x 0.5 x 30 x 100 = 30 t C/ha."""
    assert rules.soil_stock_c_t_ha((Layer(0.30, 2.0, 500.0),), **ASK) == pytest.approx(30)


def soil_of(x, first, years=1, unconnected=0.0):
    period = Period(date(first, 1, 1), date(first + years, 1, 1))
    return stratum_emissions(x, period, START, unconnected, day=DAY, p=P).soil


def test_exposed_soil_falls_to_its_steady_state_and_no_further():
    """0.5 m x 1000 kg/m3 from 5.6 to 1.6 %: 200 t C/ha in twenty years, nothing after."""
    layer = Layer(0.5, 5.6, 1000.0)
    drained = stratum(area=1.0, exposure=Exposure(layer, date(2023, 1, 1)))
    piled = stratum(area=1.0, excavated=Excavated(exposure=Exposure(layer, date(2023, 1, 1))))
    for x in (drained, piled):
        yearly = [soil_of(x, year) for year in range(2023, 2044)]
        assert math.fsum(yearly) == pytest.approx(200 * 44 / 12)
        assert all(y > 0 for y in yearly[:20])
        assert soil_of(x, 2044) == 0
    poor = stratum(area=1.0, exposure=Exposure(Layer(0.5, 1.2, 1000.0), date(2023, 1, 1)))
    assert soil_of(poor, 2023) == 0


def edge(area=10.0, depth=0.1, connected=True, **more):
    environment = "normal_marine" if connected else None
    given = {"layers": (Layer(depth, 5.0, 800.0),), "since": date(2024, 7, 1), "connected": connected}
    return stratum("edge", area, eroded=Eroded(**given | {"environment": environment} | more))


def test_an_erosion_counts_for_five_years():
    """40 t C/ha a year, 80 %, from 2024-07-01 to 2029-06-30: five years together, whatever the claims."""
    whole = 5 * 10 * 40 * 44 / 12 * 0.80
    assert math.fsum(soil_of(edge(), year) for year in range(2024, 2035)) == pytest.approx(whole, rel=2e-3)
    assert soil_of(edge(), 2030) == 0


@pytest.mark.parametrize(
    ("environment", "percent"),
    [
        ("normal_marine", 80),
        ("deltaic_fluidized_mud", 80),
        ("o2_depletion", 53),
        ("small_mountainous_river", 39),
        ("extreme_accumulation", 49),
    ],
)
def test_eroded_carbon_by_environment(environment, percent):
    eroded = edge(environment=environment).eroded
    assert rules.eroded_percent(eroded, 0.0, **ASK) == percent
    slow = replace(eroded, sediment_accumulation_g_cm2_yr=0.001)
    assert rules.eroded_percent(slow, 0.0, **ASK) == (98.5 if environment == "normal_marine" else percent)


def test_erosion_that_goes_nowhere_is_taken_the_conservative_way():
    more, less = [edge(connected=False)], [edge(depth=0.05, connected=False)]
    assert unconnected_percent(more, less, **ASK) == 0
    assert unconnected_percent(less, more, **ASK) == 100
    assert unconnected_percent(less, less, **ASK) == 100
    assert soil_of(more[0], 2025, unconnected=0.0) == 0
    assert soil_of(more[0], 2025, unconnected=100.0) == pytest.approx(10 * 40 * 44 / 12)
    assert soil_of(edge(by_sea_level_rise=True), 2025) == 0


@pytest.mark.parametrize(
    ("depletion", "share"),
    [
        (Depletion(soil_c_t_ha=50, soil_loss_c_t_ha_yr=2), 1),
        (Depletion(soil_c_t_ha=2, soil_loss_c_t_ha_yr=2), 0),
        (Depletion(soil_c_t_ha=50, soil_loss_c_t_ha_yr=2, drained_years_before_start=21), 0),
        (Depletion(soil_c_t_ha=50, soil_loss_c_t_ha_yr=2, significant_erosion=True), 0),
        (Depletion(peat_depth_m=0.02, peat_loss_m_yr=0.01, soil_c_t_ha=4, soil_loss_c_t_ha_yr=2), 0),
        (Depletion(peat_depth_m=0.05, peat_loss_m_yr=0.01, soil_c_t_ha=4, soil_loss_c_t_ha_yr=2), 1),
    ],
)
def test_a_baseline_soil_emits_until_it_is_depleted(depletion, share):
    x = stratum(rate=SoilRate(-2), depletion=depletion)
    assert soil_of(x, 2027) == pytest.approx(share * 100 * 2 * 44 / 12)


def test_a_baseline_that_gains_is_not_cut_by_depletion():
    x = stratum(rate=SoilRate(2), depletion=Depletion(soil_c_t_ha=1, soil_loss_c_t_ha_yr=1))
    assert soil_of(x, 2027) == pytest.approx(-100 * 2 * 44 / 12)


def test_soil_limits_over_a_hundred_years():
    """100 ha with 50 t C/ha, losing 2 a year: all gone, 5000 t C; losing 0.4: 40 of 50 lost."""
    fast, slow = (HundredYears("a", 100, 100, 50, loss) for loss in (2, 0.4))
    for approach in ("total_stock", "stock_loss"):
        assert rules.soil_limit_co2_t((fast,), approach, **ASK) == pytest.approx(5000 * 44 / 12)
        assert rules.soil_limit_co2_t((slow,), approach, **ASK) == pytest.approx(4000 * 44 / 12)
    nearly = HundredYears("a", 100, 100, 50, 0.02)  # 48 against 50 t C/ha: less than 5 %
    assert rules.soil_limit_co2_t((nearly,), "total_stock", **ASK) == 0


def test_uncertainty_deduction_by_hand():
    """25 % at 90 % confidence is 5 % too much; at 95 % it is allowed; a loss grows."""
    assert rules.adjusted_ner_t(1000, 0.25, 90, **ASK) == pytest.approx(950)
    assert rules.adjusted_ner_t(1000, 0.25, 95, **ASK) == 1000
    assert rules.adjusted_ner_t(-1000, 0.25, 90, **ASK) == pytest.approx(-1050)
    assert rules.total_error((0.3, -400.0), (0.1, 300.0), **ASK) == pytest.approx(math.hypot(120, 30) / 700)


def test_calendar_years_count_whole_years_as_one():
    assert calendar_years(Period(date(2023, 1, 1), date(2026, 1, 1))) == 3
    assert calendar_years(Period(date(2024, 1, 1), date(2024, 7, 1))) == pytest.approx(182 / 366)


# Laws

AMOUNTS = st.floats(-1e4, 1e4)
HALVES = st.floats(0, 1.5)
PARTS = st.tuples(AMOUNTS, st.floats(-3, 3), st.floats(0, 100), HALVES, HALVES, st.floats(1, 500))


def made(name, part, errors=True):
    trees, gain, percent, half_trees, half_soil, area = part
    return stratum(
        name,
        area,
        trees=Woody(change_co2e_t=trees),
        rate=SoilRate(gain),
        allochthonous=Allochthonous(percent=percent if percent >= 1 else 0.0),
        half_width_rel={"trees": half_trees, "soil": half_soil} if errors else {},
    )


def bare(strata):
    return [stratum("bare", math.fsum(x.area_ha for x in strata), "mudflat")]


@settings(deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=4), st.floats(0, 0.6), st.floats(-1e4, 1e4))
def test_laws_of_every_claim(parts, buffer_share, before):
    project = [made(str(i), part) for i, part in enumerate(parts)]
    given = inputs(
        bare(project),
        project,
        buffer_share=buffer_share,
        before=Before(project_co2e_t=before, adjusted_co2e_t=before),
    )
    claim = account(given, P)
    assert claim.net_t == pytest.approx(math.fsum(x.co2e_t for x in claim.lines[:-1]), abs=1e-6)
    assert claim.credits_t == max(0, math.floor(claim.net_t)) == sum(x.credits_t for x in claim.by_year)
    assert claim.deficit_t == max(0.0, -claim.net_t)
    assert all(line(claim, x) <= 0 for x in ("allochthonous", "uncertainty_deduction", "permanence", "long_term_limit"))
    assert not claim.creditable
    assert claim.gwp == "AR5"


@settings(deadline=None)
@given(st.lists(PARTS, min_size=2, max_size=4), st.randoms())
def test_the_order_of_strata_does_not_matter(parts, random):
    project = [made(str(i), part) for i, part in enumerate(parts)]
    mixed = random.sample(project, len(project))
    one, other = (account(inputs(bare(project), x), P) for x in (project, mixed))
    assert one.net_t == pytest.approx(other.net_t, abs=0.002)


@settings(deadline=None)
@given(PARTS, st.floats(0.05, 0.95))
def test_splitting_a_stratum_without_error_changes_nothing(part, share):
    trees, gain, percent, *_, area = part
    whole = made("a", part, errors=False)
    halves = [
        made(name, (trees * s, gain, percent, 0, 0, area * s), errors=False)
        for name, s in (("a", share), ("b", 1 - share))
    ]
    one, other = (account(inputs(bare(x), x), P) for x in ([whole], halves))
    assert one.net_t == pytest.approx(other.net_t, abs=0.01)


@settings(deadline=None)
@given(PARTS, HALVES)
def test_more_uncertainty_never_raises_a_claim(part, more):
    exact = made("a", part)
    vague = replace(exact, half_width_rel={k: v + more for k, v in exact.half_width_rel.items()})
    one, other = (account(inputs(bare([x]), [x]), P) for x in (exact, vague))
    assert other.net_t <= one.net_t + 0.002


@settings(deadline=None)
@given(st.lists(st.floats(0, 5e3), min_size=2, max_size=4))
def test_a_chain_of_claims_comes_to_the_whole(changes):
    """Claims of one year each add up to the claim of all years, where nothing is deducted."""
    claims, before = [], 0.0
    for year, change in enumerate(changes, 2023):
        x = [stratum(trees=Woody(change_co2e_t=change))]
        period = Period(date(year, 1, 1), date(year + 1, 1, 1))
        so_far = Before(project_co2e_t=before, adjusted_co2e_t=before)
        claims.append(account(inputs(bare(x), x, period=period, before=so_far), P))
        before += change
    x = [stratum(trees=Woody(change_co2e_t=math.fsum(changes)))]
    period = Period(date(2023, 1, 1), date(2023 + len(changes), 1, 1))
    whole = account(inputs(bare(x), x, period=period), P)
    assert math.fsum(c.net_t for c in claims) == pytest.approx(whole.net_t, abs=0.01)


def test_a_higher_error_later_takes_back_what_was_claimed_before():
    """NER 1000 claimed whole; then 100 more and 50 % error: 30 % of 1100 is lost, -230 after the buffer of 10."""
    x = [stratum(trees=Woody(change_co2e_t=100), half_width_rel={"trees": 0.5})]
    claim = account(inputs(bare(x), x, before=Before(project_co2e_t=1000, adjusted_co2e_t=1000)), P)
    assert line(claim, "uncertainty_deduction") == pytest.approx(-330)
    assert claim.net_t == pytest.approx(100 - 330 - 10)
    assert claim.credits_t == 0
    assert claim.deficit_t == pytest.approx(240)


def test_no_claim_goes_beyond_the_hundredth_year():
    x = [stratum(trees=Woody(change_co2e_t=500))]
    given = inputs(bare(x), x, sea_level_loss=True, before=Before(project_co2e_t=800, adjusted_co2e_t=800))
    assert "methods.vm0033_ner_at_100" in refused(given)
    claim = account(replace(given, ner_at_100_co2e_t=1000.0), P)
    assert line(claim, "long_term_limit") == pytest.approx(-300)
    assert claim.net_t == pytest.approx(500 - 300 - 50)


def test_harvested_trees_stop_at_their_long_term_average():
    cycle = (200.0, 600.0, 1000.0, 1400.0)  # mean 800
    x = [stratum(trees=Woody(start_co2e_t=600, end_co2e_t=1000, stock_by_year_co2e_t=cycle))]
    assert line(account(inputs(bare(x), x), P), "gross_removal") == 200
    x = [stratum(trees=Woody(start_co2e_t=1000, end_co2e_t=1400, stock_by_year_co2e_t=cycle))]
    assert line(account(inputs(bare(x), x), P), "gross_removal") == 0


def test_a_baseline_that_would_have_grown_is_subtracted():
    baseline = [stratum("bare", trees=Woody(change_co2e_t=70))]
    claim = account(inputs(baseline, [stratum(trees=Woody(change_co2e_t=100))]), P)
    assert line(claim, "baseline") == -70
    assert line(claim, "permanence") == pytest.approx(-3)  # on the difference of stocks
    assert rules.as_removal(-5.0) == 5.0


# What is refused


def test_defaults_of_ch4_make_no_reduction():
    def at(ppt):
        return {"salinity": Salinity(ppt, "ppt", "average"), "ch4": Gas("default")}

    assert refused(inputs([stratum(**at(19))], [stratum(**at(25))])) == {"methods.vm0033_ch4_difference"}
    claim = account(inputs([stratum(**at(25))], [stratum(**at(19))]), P)
    assert line(claim, "baseline") + line(claim, "project_emissions") == pytest.approx(-0.0054 * 100 * 28, abs=0.002)


@pytest.mark.parametrize("ppt", [0.5, 18])
def test_fresh_water_has_no_ch4_default(ppt):
    x = [stratum(salinity=Salinity(ppt, "ppt", "average"), ch4=Gas("default"))]
    assert refused(inputs(bare(x), x)) == {"methods.vm0033_ch4_fresh"}


def test_salinity_needs_its_unit():
    plain = {
        "project_start": "2022-08-18",
        "crediting": ["2022-08-18", "2062-08-17"],
        "application": "2027-06-01",
        "period": ["2026-01-01", "2026-12-31"],
        "buffer_share": 0.1,
        "baseline_assessed_on": "2022-08-18",
        "baseline": [{"id": "a", "system": "mudflat", "area_ha": 1}],
    }
    for salinity, code in (
        ({"value": 25, "statistic": "average"}, "methods.missing_key"),
        ({"value": 25, "unit": "psu", "statistic": "average"}, "methods.wrong_kind"),
    ):
        project = [{"id": "a", "system": "mangrove", "area_ha": 1, "salinity": salinity}]
        with pytest.raises(RefusedInput) as caught:
            M.inputs({**plain, "project": project})
        assert [fault.code for fault in caught.value.faults] == [code]
        assert "salinity.unit" in caught.value.faults[0].column


SHARE = Allochthonous(percent=20)


@pytest.mark.parametrize(
    ("project", "code"),
    [
        ({"n2o": Gas()}, "methods.vm0033_gas_excluded"),
        ({"ch4": Gas()}, "methods.vm0033_gas_excluded"),
        ({"n2o": SHOWN, "water_lowered": True}, "methods.vm0033_n2o_water"),
        ({"n2o": Gas("default"), "nitrogen_input": True}, "methods.vm0033_n2o_nitrogen"),
        ({"n2o": Gas("default"), "nitrogen_input": False}, "methods.vm0033_no_salinity"),
        ({"rate": SoilRate(1)}, "methods.vm0033_alloch_missing"),
        ({"rate": SoilRate(1), "allochthonous": Allochthonous()}, "methods.vm0033_alloch"),
        (
            {"rate": SoilRate(1), "allochthonous": Allochthonous(exempt="baseline_layer")},
            "methods.vm0033_alloch_seagrass",
        ),
        (
            {"accumulation": Cover(0.6), "allochthonous": Allochthonous(exempt="autochthonous")},
            "methods.vm0033_alloch_default",
        ),
        ({"accumulation": Cover(0.6), "rate": SoilRate(1), "allochthonous": SHARE}, "methods.vm0033_one_approach"),
        ({"accumulation": Cover(60), "allochthonous": SHARE}, "methods.vm0033_share"),
        ({"rate": SoilRate(1), "allochthonous": Allochthonous(percent=0.2)}, "methods.vm0033_fraction"),
        ({"rate": SoilRate(1), "allochthonous": Allochthonous(percent=120)}, "methods.vm0033_percent"),
        ({"oxidation": Oxidation((Layer(0.1, 3, 0.8),), 2)}, "methods.vm0033_bulk_density"),
        ({"oxidation": Oxidation((Layer(-0.1, 3, 800),), 2)}, "methods.negative"),
        ({"trees": Woody(start_co2e_t=1)}, "methods.stocks_or_change"),
        ({"half_width_rel": {"shells": 0.1}}, "methods.vm0033_error_source"),
        ({"excavated": Excavated()}, "methods.vm0033_excavated"),
        ({"area": 0.0}, "methods.no_area"),
        ({"area": math.nan}, "methods.not_a_number"),
    ],
)
def test_a_stratum_that_cannot_be(project, code):
    x = stratum(**project)
    assert code in refused(inputs([stratum("bare", 100.0, "mudflat")], [x]))


def test_baseline_reductions_need_a_depletion_time_and_a_horizon():
    given = inputs([stratum(rate=SoilRate(-2))], [stratum()])
    assert refused(given) == {
        "methods.vm0033_depletion",
        "methods.vm0033_hundred_years",
        "methods.vm0033_ner_at_100",
    }


def test_project_wide_faults_are_all_named():
    x = stratum(trees=Woody(change_co2e_t=1))
    burn = Burn(date(2020, 1, 1), 1, 1, 1, 1)
    given = inputs([stratum(area=90.0)], [x], shell_carbon_co2e_t=-5.0, fire_premium_co2e_t=10.0, burns=(burn,))
    assert refused(replace(given, application=date(2026, 5, 1))) == {
        "methods.vm0033_areas",
        "methods.vm0033_shell_carbon",
        "methods.vm0033_fire_premium",
        "methods.fire_outside_period",
        "methods.period_not_over",
    }


def test_a_second_edition_of_warming_potentials_is_refused():
    x = [stratum(trees=Woody(change_co2e_t=1))]
    with pytest.raises(DomainError) as caught:
        account(inputs(bare(x), x, gwp_edition="AR4"), P)
    assert caught.value.code in ("gwp.two_editions", "gwp.unknown_edition")


def test_seagrass_cored_to_the_baseline_layer_deducts_nothing():
    cores = Cores((), (Layer(0.02, 2, 1000),))
    x = [stratum(system="seagrass", n2o=Gas(), cores=cores, allochthonous=Allochthonous(exempt="baseline_layer"))]
    claim = account(inputs(bare(x), x), P)
    assert line(claim, "allochthonous") == 0
    assert line(claim, "gross_removal") == pytest.approx(400 * 44 / 12, abs=0.001)


def test_eligibility_of_dates():
    x = [stratum()]
    given = inputs(
        [stratum("bare", cores=Cores((), ()))],
        x,
        baseline_assessed_on=date(2016, 6, 1),
        baseline_cores_on=date(2020, 1, 1),
        reference_plane_on=date(2018, 1, 1),
    )
    found = {v.rule: v.outcome for v in M.eligibility(given)}
    assert found["baseline_reassessed"] == "not_met"
    assert found["baseline_cores"] == "not_met"
    assert found["additionality"] == "unread"
    ready = replace(given, baseline_cores_on=date(2021, 1, 1), reference_plane_on=date(2017, 1, 1))
    assert {v.rule: v.outcome for v in M.eligibility(ready)}["baseline_cores"] == "evidence_missing"
