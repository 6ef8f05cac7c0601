"""``ccer/14-002-v01``: laws of the claim, and that it says what it has not read. Worked numbers are in its cases."""

import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import DomainError, RefusedInput
from tanhui.kernel.parameters import Status
from tanhui.kernel.time import Period
from tanhui.mrv.methods import method
from tanhui.mrv.methods.ccer.m14_002_v01 import MangroveInputs, Plot, account

M = method("ccer/14-002-v01")
P = M.parameters
PLAIN = MangroveInputs(
    project_start=date(2023, 6, 1),
    crediting=Period(date(2023, 6, 1), date(2053, 6, 1)),
    application=date(2026, 6, 1),
    period=Period(date(2024, 1, 1), date(2026, 1, 1)),
    biomass_change_co2e_t=100.0,
)
TONNES = st.floats(-1e6, 1e6, allow_nan=False)
SIZES = st.floats(0, 1e6, allow_nan=False)


def line(claim, name):
    return next(x.co2e_t for x in claim.lines if x.line == name)


@given(TONNES, TONNES, SIZES, TONNES, SIZES)
def test_laws_of_every_claim(biomass, soil, emissions, baseline, carried):
    inputs = replace(
        PLAIN,
        biomass_change_co2e_t=biomass,
        soil_change_co2e_t=soil,
        emissions_co2e_t=emissions,
        baseline_removal_co2e_t=baseline,
        carried_deficit_t=carried,
    )
    claim = account(inputs, P)
    assert all(x.co2e_t <= 0 for x in claim.lines if x.line not in ("gross_removal", "net"))
    assert round(math.fsum(x.co2e_t for x in claim.lines[:-1]), 3) == claim.net_t
    assert claim.credits_t == max(0, math.floor(claim.net_t)) == sum(x.credits_t for x in claim.by_year)
    assert claim.deficit_t == max(0.0, -claim.net_t)
    assert not claim.creditable


@given(TONNES, SIZES)
def test_a_loss_is_never_made_smaller(biomass, emissions):
    inputs = replace(PLAIN, biomass_change_co2e_t=biomass, emissions_co2e_t=emissions)
    assert account(inputs, P).net_t <= biomass - emissions + 0.001
    held = line(account(inputs, P), "permanence")
    assert held == (0 if biomass <= emissions else pytest.approx(-0.05 * (biomass - emissions), abs=0.002))


def test_no_number_of_the_accounting_was_read():
    """Only what section 2 says of the site was read in a transcription; all else is recalled."""
    read = {leaf.id.rsplit("/", 1)[-1] for leaf in P.leaves() if leaf.status is Status.SECONDARY and M.id in leaf.id}
    assert read == {"sites", "site", "planted", "tenure"}
    assert len(M.gaps) >= 10


@pytest.mark.parametrize(
    ("plot", "outcome"),
    [
        (Plot("a", 1, "bare_tidal_flat", suitable=True), "evidence_missing"),
        (Plot("a", 1, "bare_tidal_flat", suitable=True, evidence={"site_survey": "s"}), "met"),
        (Plot("a", 1, "bare_tidal_flat"), "evidence_missing"),
        (Plot("a", 1, "salt_marsh", suitable=True), "not_met"),
        (Plot("a", 1, "decommissioned_pond", suitable=False), "not_met"),
    ],
)
def test_sites(plot, outcome):
    found = {v.rule: v.outcome for v in M.eligibility(replace(PLAIN, plots=(plot,)))}
    assert found["site"] == outcome


@pytest.mark.parametrize(("years", "outcome"), [(19, "not_met"), (20, "met"), (40, "met"), (41, "not_met")])
def test_crediting_period(years, outcome):
    crediting = Period(date(2023, 6, 1), date(2023 + years, 6, 1))
    inputs = replace(PLAIN, crediting=crediting, evidence={"design_document": "PD"})
    assert {v.rule: v.outcome for v in M.eligibility(inputs)}["crediting_period"] == outcome


def test_refusals():
    with pytest.raises(RefusedInput) as caught:
        account(replace(PLAIN, shell_carbon_co2e_t=5.0, biomass_change_co2e_t=math.inf), P)
    assert {x.code for x in caught.value.faults} == {"methods.ccer_14_002_shell_carbon", "methods.not_a_number"}
    with pytest.raises(DomainError):
        account(replace(PLAIN, gwp_edition="AR4"), P)
