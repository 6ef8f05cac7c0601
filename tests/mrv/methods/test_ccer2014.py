"""The five methodologies of the first CCER: they ended, they are shown, they are never issued."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.data import read_toml
from tanhui.kernel.errors import DomainError
from tanhui.kernel.time import Period
from tanhui.mrv.methods import method, methods
from tanhui.mrv.methods.ccer2014.ar_cm_002 import BambooStand
from tanhui.mrv.methods.ccer2014.ar_cm_002 import rules as bamboo_rules
from tanhui.mrv.methods.cdm.ar_tool08 import Fire
from tanhui.mrv.methods.cdm.ar_tool08 import rules as burning
from tanhui.projects.lifecycle.rulebook import rule_book
from tanhui.registry.errors import NotIssuable
from tanhui.registry.issuance import issuable

IDS = [f"ccer-2014/ar-cm-00{number}" for number in range(1, 6)]
TREES = ("ccer-2014/ar-cm-001", "ccer-2014/ar-cm-003")


def first_case(method_id):
    m = method(method_id)
    return m.inputs(read_toml(m.cases()[0])["inputs"])


def net_t(method_id, inputs):
    return method(method_id).account(inputs).net_t


def test_there_are_five():
    assert [m for m in methods() if m.startswith("ccer-2014/")] == IDS


@pytest.mark.parametrize("method_id", IDS)
def test_it_has_an_end_that_one_number_holds(method_id):
    m = method(method_id)
    assert not m.issuable
    assert m.valid_to is not None
    assert [x.value for x in m.parameters["ended_on"].leaves] == [m.valid_to.isoformat()]


@pytest.mark.parametrize("method_id", IDS)
@pytest.mark.parametrize("day", [date(2023, 10, 24), date(2026, 11, 24)])
def test_a_day_after_its_end_is_refused_by_name(method_id, day):
    with pytest.raises(DomainError) as refusal:
        method(method_id).account(replace(first_case(method_id), application=day))
    assert refusal.value.code == "methods.ccer2014_ended"
    for lang, title in (("zh", method(method_id).zh), ("en", method(method_id).en)):
        assert method_id in refusal.value.text(lang)
        assert title in refusal.value.text(lang)
        assert day.isoformat() in refusal.value.text(lang)


@pytest.mark.parametrize("method_id", IDS)
def test_the_last_day_of_its_life_is_shown_and_never_issued(method_id):
    claim = method(method_id).account(replace(first_case(method_id), application=date(2023, 10, 23)))
    assert claim.net_t > 1
    assert claim.credits_t == 0
    assert all(x.credits_t == 0 for x in claim.by_year)
    assert claim.gwp == "AR4"
    assert claim.indicative_reasons[0] == f"reason.methods.ccer2014_history:{method_id}"


@pytest.mark.parametrize("method_id", IDS)
def test_neither_rule_book_nor_registry_takes_it(method_id):
    book = rule_book("ccer")
    assert "*" not in book.crediting
    assert method_id not in book.crediting
    claim = method(method_id).account(first_case(method_id)).to_dict()
    with pytest.raises(NotIssuable) as refusal:
        issuable(*bundle(claim), registry="test", sandbox=True, unit_kg=1000, region="CN", product="")
    assert refusal.value.code == "registry.nothing_to_issue"


def bundle(claim):
    """A run that holds this claim, sealed as runs are."""
    from tanhui.kernel.canonical import hash_json
    from tanhui.kernel.manifest import result_digest

    result = {
        "run": "",
        "project": "p",
        "creditable": False,
        "indicative_reasons": [],
        "estimates": [],
        "claims": [claim],
    }
    body = {"project": "p", "result_sha256": result_digest(result), "parameters": [], "equations": []}
    manifest = {**body, "run": hash_json(body)}
    return {**result, "run": manifest["run"]}, manifest, claim


@pytest.mark.parametrize("method_id", IDS)
def test_what_nobody_answered_lacks_evidence_and_is_a_reason(method_id):
    silent = replace(first_case(method_id), conditions={}, evidence={})
    verdicts = method(method_id).eligibility(silent)
    assert "met" not in {x.outcome for x in verdicts if x.why != "methods.crediting"} - {"evidence_missing"}
    reasons = method(method_id).account(silent).indicative_reasons
    assert any(x.startswith("reason.methods.evidence_missing:") for x in reasons)


@pytest.mark.parametrize("method_id", IDS)
def test_wanted_evidence_is_a_document_of_the_methodology(method_id):
    m = method(method_id)
    silent = replace(first_case(method_id), evidence={})
    wanted = {key for x in m.eligibility(silent) for key in x.missing}
    assert wanted
    assert wanted <= {x.key for x in m.documents}


@pytest.mark.parametrize("method_id", IDS)
def test_an_unknown_edition_of_potentials_is_refused(method_id):
    with pytest.raises(DomainError) as refusal:
        method(method_id).account(replace(first_case(method_id), gwp_edition="AR1"))
    assert refusal.value.code == "gwp.unknown_edition"


@pytest.mark.parametrize("method_id", IDS)
def test_fires_are_those_of_ar_tool08_under_its_own_name(method_id):
    case = first_case(method_id)
    day = case.period.start
    fires = (Fire(day, 2.0, 50.0, 4.0, "tropical", dead_matter_co2e_t_ha=3.0),)
    quiet = replace(case, fires=())
    p = method("cdm/ar-tool08").parameters
    wanted = burning.forest_fire_t(fires[0], "AR4", day=day, p=p) + burning.dead_matter_t(fires[0], day=day, p=p)
    claim = method(method_id).account(replace(case, fires=fires))
    assert net_t(method_id, quiet) - claim.net_t == pytest.approx(wanted, abs=0.0011)
    assert "reason.methods.parameter_secondary:cdm/ar-tool08/ef_ch4" in claim.indicative_reasons


@pytest.mark.parametrize("method_id", TREES)
@given(change=st.floats(-1e5, 1e5), one=st.floats(0, 0.3), other=st.floats(0, 0.3))
def test_more_uncertainty_never_raises_credits_and_a_loss_is_enlarged(method_id, change, one, other):
    low, high = sorted((one, other))
    case = replace(first_case(method_id), tree_change_co2e_t=change)
    sure, unsure = (net_t(method_id, replace(case, tree_change_half_width90_rel=u)) for u in (low, high))
    assert unsure <= sure


@pytest.mark.parametrize("method_id", TREES)
@pytest.mark.parametrize(("u", "share"), [(0.10, 0), (0.11, 0.06), (0.20, 0.06), (0.21, 0.11), (0.30, 0.11)])
def test_the_bands_as_recalled(method_id, u, share):
    # AR-CM-001 and 003 as recalled: U <= 10 % 0, <= 20 % 6 %, <= 30 % 11 %; a loss grows by as much.
    for change in (1000.0, -1000.0):
        case = replace(first_case(method_id), tree_change_co2e_t=change, tree_change_half_width90_rel=u)
        found = {x.line: x.co2e_t for x in method(method_id).account(case).lines}
        assert found["uncertainty_deduction"] == pytest.approx(-1000 * share)


@pytest.mark.parametrize("method_id", TREES)
def test_too_uncertain_says_how_many_plots_it_takes(method_id):
    with pytest.raises(DomainError) as refusal:
        method(method_id).account(replace(first_case(method_id), tree_change_half_width90_rel=0.60))
    assert refusal.value.code == "methods.too_uncertain"
    # A sampling error falls with the root of the plots: (0.60 / 0.30)^2.
    assert refusal.value.facts["plots"] == "4.00"


def test_mature_bamboo_gains_nothing_and_still_loses():
    p, day = method("ccer-2014/ar-cm-002").parameters, date(2018, 3, 1)
    period = Period(date(2015, 1, 1), date(2018, 1, 1))

    def counted(change, planted):
        stand = BambooStand("a", "moso", planted, 5, change)
        return bamboo_rules.bamboo_t(stand, period, day=day, p=p)

    assert counted(100.0, date(2010, 1, 1)) == 0
    assert counted(-100.0, date(2010, 1, 1)) == -100
    assert counted(100.0, date(2014, 1, 1)) == 100
    # Planted 2011-01-01, stable on 2016-01-01: one of three years, 365 of 1096 days.
    assert counted(100.0, date(2011, 1, 1)) == pytest.approx(100 * 365 / 1096)


def test_the_order_of_stands_is_irrelevant_and_splitting_one_changes_nothing():
    case = first_case("ccer-2014/ar-cm-002")
    turned = replace(case, stands=case.stands[::-1])
    assert net_t("ccer-2014/ar-cm-002", turned) == net_t("ccer-2014/ar-cm-002", case)
    first, *others = case.stands
    half = replace(first, change_co2e_t=first.change_co2e_t / 2)
    split = replace(case, stands=(half, replace(half, name="other half"), *others))
    assert net_t("ccer-2014/ar-cm-002", split) == pytest.approx(net_t("ccer-2014/ar-cm-002", case), abs=0.001)


@given(st.floats(-500, 500))
def test_a_baseline_that_loses_adds_nothing(baseline):
    for method_id in IDS:
        case = first_case(method_id)
        none = net_t(method_id, replace(case, baseline_removal_co2e_t=0.0))
        assert net_t(method_id, replace(case, baseline_removal_co2e_t=baseline)) <= none
