"""Eligibility clause by clause: met, not met, no evidence, unread. The worked table is case 08 of the method."""

from dataclasses import replace
from datetime import date

import pytest

from tanhui.kernel.time import Period
from tanhui.mrv.methods import method, worst_outcome
from tanhui.mrv.methods.ccer.m14_001_v01 import Additionality, AfforestationInputs, Conduct, Parcel, eligibility

M = method("ccer/14-001-v01")
P = M.parameters
EVERYTHING = {document.key: f"{document.key}.pdf" for document in M.documents}
GOOD = Parcel(
    "P1",
    10_000.0,
    planned_for_afforestation=True,
    no_forest_since=date(2010, 1, 1),
    tenure_clear=True,
    wetland=False,
    scattered_trees_removed=False,
    shrub_removed_m2=0.0,
)
INPUTS = AfforestationInputs(
    project_start=date(2021, 3, 1),
    crediting=Period(date(2021, 3, 1), date(2061, 3, 1)),
    application=date(2026, 3, 1),
    period=Period(date(2021, 3, 1), date(2026, 1, 1)),
    tree_change_co2e_t=1.0,
    tree_change_half_width90_rel=0.05,
    parcels=(GOOD,),
    conduct=Conduct(False, False, False, True, False),
    additionality=Additionality(exemption="public_welfare", legal_duty=False),
    evidence=EVERYTHING,
)


def outcomes(inputs):
    return {(v.rule, v.subject): v.outcome for v in eligibility(inputs, P)}


def with_parcel(**changes):
    return replace(INPUTS, parcels=(replace(GOOD, **changes),))


def test_a_project_in_order_leaves_only_the_unread():
    verdicts = eligibility(INPUTS, P)
    assert {v.rule for v in verdicts if v.outcome != "met"} == {"further_conditions", "boundary", "monitoring"}
    assert {v.outcome for v in verdicts} == {"met", "unread"}
    assert worst_outcome(verdicts) == "unread"


def test_each_verdict_speaks_both_languages_and_shows_its_evidence():
    for verdict in eligibility(INPUTS, P):
        for lang in ("zh", "en"):
            row = verdict.to_dict(lang)
            assert row["asks"]
            assert row["reason"]
            assert "{" not in row["reason"]
            assert not row["reason"].startswith("verdict.")
    tenure = next(v for v in eligibility(INPUTS, P) if v.rule == "tenure")
    assert tenure.evidence == ("tenure.pdf",)
    assert tenure.clause == "2 b)"


def test_no_parcels_is_never_eligible_land():
    found = outcomes(replace(INPUTS, parcels=()))
    assert found["parcel_area", ""] == "evidence_missing"
    assert found["shrub_removal", ""] == "evidence_missing"


@pytest.mark.parametrize(
    ("start", "area", "outcome"),
    [
        (date(2019, 12, 31), 667.0, "met"),
        (date(2019, 12, 31), 666.9, "not_met"),
        (date(2020, 1, 1), 400.0, "met"),
        (date(2020, 1, 1), 399.9, "not_met"),
    ],
)
def test_least_area_by_the_day_the_project_started(start, area, outcome):
    inputs = replace(with_parcel(area_m2=area), project_start=start)
    assert outcomes(inputs)["parcel_area", "P1"] == outcome


@pytest.mark.parametrize(
    ("changes", "rule", "outcome"),
    [
        ({"purpose": "economic"}, "purpose", "not_met"),
        ({"purpose": "passage_greening"}, "purpose", "not_met"),
        ({"purpose": "timber"}, "purpose", "met"),
        ({"cover": "shrub"}, "shrubland", "evidence_missing"),
        ({"cover": "shrub", "special_shrubland": True}, "shrubland", "met"),
        ({"cover": "shrub", "special_shrubland": False}, "shrubland", "not_met"),
        ({"no_forest_since": date(2018, 3, 1)}, "land_history", "met"),
        ({"no_forest_since": date(2018, 3, 2)}, "land_history", "not_met"),
        ({"no_forest_since": None}, "land_history", "evidence_missing"),
        ({"no_forest_since": None, "planned_for_afforestation": False}, "land_history", "not_met"),
        ({"tenure_clear": None}, "tenure", "evidence_missing"),
        ({"wetland": True}, "not_wetland", "not_met"),
        ({"scattered_trees_removed": True}, "scattered_trees", "not_met"),
    ],
)
def test_conditions_of_a_parcel(changes, rule, outcome):
    assert outcomes(with_parcel(**changes))[rule, "P1"] == outcome


def test_shrubs_cleared_are_counted_over_the_whole_boundary():
    # 2500 of 12 500 m2 is exactly 20 %, though the small parcel was cleared wholly.
    small = replace(GOOD, id="P2", area_m2=2500.0, shrub_removed_m2=2500.0)
    assert outcomes(replace(INPUTS, parcels=(GOOD, small)))["shrub_removal", ""] == "met"
    more = replace(GOOD, shrub_removed_m2=1.0)
    assert outcomes(replace(INPUTS, parcels=(more, small)))["shrub_removal", ""] == "not_met"
    unknown = replace(GOOD, shrub_removed_m2=None)
    assert outcomes(replace(INPUTS, parcels=(unknown, small)))["shrub_removal", ""] == "evidence_missing"


@pytest.mark.parametrize(
    ("first", "last", "outcome"),
    [
        (date(2021, 3, 1), date(2041, 2, 28), "met"),
        (date(2021, 3, 1), date(2041, 2, 27), "not_met"),
        (date(2021, 3, 1), date(2061, 2, 28), "met"),
        (date(2021, 3, 1), date(2061, 3, 1), "not_met"),
        (date(2021, 2, 28), date(2051, 2, 28), "not_met"),
    ],
)
def test_crediting_period_20_to_40_years_and_not_before_the_start(first, last, outcome):
    inputs = replace(INPUTS, crediting=Period.inclusive(first, last))
    assert outcomes(inputs)["crediting_period", ""] == outcome


def test_crediting_within_the_life_of_the_project():
    assert outcomes(replace(INPUTS, tenure_until=date(2061, 2, 28)))["crediting_period", ""] == "met"
    assert outcomes(replace(INPUTS, tenure_until=date(2061, 2, 27)))["crediting_period", ""] == "not_met"


def test_crediting_from_a_leap_day():
    # 20 years after 29 February 2024 is 29 February 2044.
    leap = replace(
        INPUTS,
        project_start=date(2024, 2, 29),
        crediting=Period(date(2024, 2, 29), date(2044, 2, 29)),
        period=Period(date(2024, 2, 29), date(2026, 1, 1)),
    )
    assert outcomes(leap)["crediting_period", ""] == "met"


@pytest.mark.parametrize(("start", "outcome"), [(date(2012, 11, 8), "met"), (date(2012, 11, 7), "not_met")])
def test_earliest_start(start, outcome):
    assert outcomes(replace(INPUTS, project_start=start))["earliest_start", ""] == outcome


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        (Additionality(exemption="arid", annual_rain_mm=399.9), "met"),
        (Additionality(exemption="arid", annual_rain_mm=400.0), "not_met"),
        (Additionality(exemption="arid"), "evidence_missing"),
        (Additionality(exemption="key_function_zone"), "met"),
        (Additionality(analysis="barrier"), "unread"),
        (Additionality(), "evidence_missing"),
    ],
)
def test_additionality_exempt_or_argued(claim, outcome):
    assert outcomes(replace(INPUTS, additionality=claim))["additionality", ""] == outcome


def test_an_exemption_without_its_document_is_not_met_by_saying_so():
    evidence = {k: v for k, v in EVERYTHING.items() if k != "key_function_zone_proof"}
    inputs = replace(INPUTS, additionality=Additionality(exemption="key_function_zone"), evidence=evidence)
    verdict = next(v for v in eligibility(inputs, P) if v.rule == "additionality")
    assert verdict.outcome == "evidence_missing"
    assert verdict.missing == ("key_function_zone_proof",)


def test_a_legal_duty_is_never_additional():
    inputs = replace(INPUTS, additionality=Additionality(exemption="public_welfare", legal_duty=True))
    assert outcomes(inputs)["no_legal_duty", ""] == "not_met"
    assert "reason.methods.not_met:办法 ? 额外性 法定义务" in M.account(inputs).indicative_reasons


@pytest.mark.parametrize(
    ("conduct", "rule"),
    [
        (Conduct(soil_disturbed_again=True), "soil"),
        (Conduct(burning_other_than_diseased_wood=True), "burning"),
        (Conduct(farming_or_grazing_displaced=True), "displacement"),
        (Conduct(lawful=False), "lawful"),
        (Conduct(registered_elsewhere=True), "uniqueness"),
    ],
)
def test_conduct(conduct, rule):
    found = outcomes(replace(INPUTS, conduct=conduct))
    assert found[rule, ""] == "not_met"
    assert outcomes(replace(INPUTS, conduct=Conduct()))[rule, ""] == "evidence_missing"


def test_a_parcels_own_evidence_comes_before_the_projects():
    inputs = with_parcel(evidence={"tenure": "own.pdf"})
    assert next(v for v in eligibility(inputs, P) if v.rule == "tenure").evidence == ("own.pdf",)
