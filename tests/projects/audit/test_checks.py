"""The checks on made-up projects: honest ones pass, each kind of fault is seen; and every check is found and worded."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest

from benchmarks.projects.audit_faults import FAULTS, kinds, overstated, project
from tanhui.kernel.wording import LANGS
from tanhui.projects.audit.checks import checks, scan
from tanhui.projects.audit.rules import audit_limit
from tanhui.projects.audit.suspicion import Suspicion, alarm_p, check_records, ranked

SALT = "audit-tests"
HONEST = {seed: project(seed, salt=SALT) for seed in range(12)}


def alarms(case) -> set[str]:
    return {one.check for one in scan(case) if one.is_alarm(case.claim.net_co2e_t)}


def test_thirty_kinds_of_fault_each_with_checks_that_exist():
    assert len(kinds()) == 30
    assert set(kinds()) == set(FAULTS)
    assert {name for record in kinds().values() for name in record["expected"]} <= set(check_records())


@pytest.mark.parametrize("seed", HONEST)
def test_an_honest_project_raises_no_alarm(seed: int):
    assert not alarms(HONEST[seed])


@pytest.mark.parametrize("kind", kinds())
def test_a_seeded_fault_is_seen_by_the_check_meant_for_it(kind: str):
    seed = 3
    case = project(seed, kind, salt=SALT)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = scan(case)
    seen = {one.check for one in found if one.is_alarm(case.claim.net_co2e_t)}
    if abs(overstated(HONEST[seed], case, kind)) >= audit_limit("trifle_share"):
        assert seen & set(kinds()[kind]["expected"])
    for one in found:
        document = one.to_dict(case.claim.net_co2e_t)
        assert all(document["text"][lang] and "{" not in document["text"][lang] for lang in LANGS)


def test_the_checks_are_found_by_being_there_and_all_of_them_are_described():
    assert {module.__name__.rpartition(".")[2] for module in checks()} >= {"survey", "growth", "maps", "land", "claim"}
    for name, record in check_records().items():
        assert {"zh", "en", "clause", "chance"} <= record.keys(), name


def test_alarms_come_first_then_the_larger_ones():
    rows = [
        Suspicion("overlap", misstatement_co2e_t=100.0),
        Suspicion("overlap", misstatement_co2e_t=1.0),
        Suspicion("above_plan", misstatement_co2e_t=900.0, p=0.04),
        Suspicion("no_right"),
        Suspicion("above_plan", misstatement_co2e_t=500.0, p=1e-9),
    ]
    found = ranked(rows, 1000.0)
    assert [(one.check, one.misstatement_co2e_t) for one in found] == [
        ("no_right", None),
        ("above_plan", 500.0),
        ("overlap", 100.0),
        ("above_plan", 900.0),
        ("overlap", 1.0),
    ]
    assert alarm_p() * sum(record["chance"] for record in check_records().values()) == pytest.approx(
        audit_limit("false_alarms_most")
    )


def test_what_is_not_known_is_not_checked():
    case = replace(HONEST[0], rights=None, planting=None, outlines=None, surveys=(), plan=(), stated=(), land={})
    bare = replace(
        case,
        plots=case.plots.drop(columns=["map_rank", "map_t_ha"]),
        parcels=case.parcels.drop(columns=["map_t_ha", "map_bare_share"]),
        trees=case.trees.drop(columns=["recomputed_kg"]),
    )
    assert scan(bare) == () or all(one.p is not None for one in scan(bare))


def test_tonnes_of_plots_and_areas_by_hand():
    """Leaving a plot out moves the mean of its stratum; hectares give their stratum's mean change."""
    case = HONEST[1]
    pairs, claim = case.pairs, case.claim
    name = pairs.index[0]
    stratum = pairs.at[name, "stratum"]
    mine = pairs[pairs["stratum"] == stratum]["change_t_ha"]
    area = case.layers[stratum].area_ha
    by_hand = (mine.mean() - mine.drop(name).mean()) * area * claim.share
    assert case.of_plots([name]) == pytest.approx(by_hand)
    assert case.of_area({stratum: 2.0}) == pytest.approx(2.0 * mine.mean() * claim.share)
    assert case.of_parcels(case.parcels["stratum"] == stratum) == pytest.approx(mine.mean() * area * claim.share)
    assert case.tree_tonnes.sum() == pytest.approx(case.of_stock(1.0))
    assert case.signed_tonnes.sum() == pytest.approx(claim.net_co2e_t, rel=1e-9)


def test_a_missing_deduction_is_known_to_the_tonne():
    case = project(5, "lines_sum", salt=SALT)
    found = {one.check: one for one in scan(case)}
    assert found["lines_sum"].misstatement_co2e_t == pytest.approx(-case.claim.lines["permanence"])
