"""What may become credits: joined hashes, figures that agree, and creditable derived again."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tanhui.kernel.canonical import hash_json
from tanhui.kernel.manifest import result_digest
from tanhui.kernel.parameters import Status
from tanhui.kernel.signing import SigningKey, TrustedKey, key_id, sign_document
from tanhui.registry.errors import NotIssuable
from tanhui.registry.issuance import issuable, reasons_against
from tanhui.registry.vouching import STATEMENT_PURPOSE, statement_body
from tests.registry.documents import Documents, run_documents

VERIFIER = SigningKey("verifier.example", bytes(range(32)))
VERIFIERS = {key_id(VERIFIER.public): TrustedKey(VERIFIER.name, VERIFIER.public, ("verifier",))}


def ask(documents: Documents, *, sandbox: bool = True, unit_kg: int = 1000, **more: Any) -> Any:
    return issuable(*documents, region="CN-HN", product="", unit_kg=unit_kg, sandbox=sandbox, **more)


def rebound(documents: Documents, change: Any) -> Documents:
    """The documents after a change to the claim, with all hashes made to fit again, as a forger would."""
    result, manifest, _ = copy.deepcopy(documents)
    change(result["claims"][0])
    manifest["result_sha256"] = result_digest(result)
    del manifest["run"]
    manifest["run"] = result["run"] = hash_json(manifest)
    return result, manifest, result["claims"][0]


def refused(code: str, documents: Documents, **more: Any) -> None:
    with pytest.raises(NotIssuable) as caught:
        ask(documents, **more)
    assert caught.value.code == code
    assert caught.value.text("zh") != caught.value.text("en")


def test_units_by_vintage():
    issued, units = ask(run_documents(by_year={2021: 60, 2022: 0, 2023: 40}))
    assert units == {2021: 60, 2023: 40}
    assert (issued.credits_t, issued.open_points, issued.creditable) == (100, 1, False)
    assert ask(run_documents(by_year={2021: 60}), unit_kg=1)[1] == {2021: 60_000}


def test_creditable_is_derived_and_no_flag_is_believed():
    result, manifest, claim = run_documents(reasons=())
    assert reasons_against(result, manifest, claim) == ()
    result, manifest, claim = run_documents(reasons=(), status=Status.RECALLED)
    assert reasons_against(result, manifest, claim) == ("ccer/k: recalled",)
    lying = rebound((result, manifest, claim), lambda entry: entry.update(creditable=True))
    refused("registry.not_creditable", lying, sandbox=False)
    assert ask(lying)[0].creditable is False


def test_outside_a_sandbox_a_verifier_must_vouch():
    documents = run_documents(reasons=())
    _, manifest, claim = documents
    statement = sign_document(STATEMENT_PURPOSE, statement_body(manifest, claim, ""), VERIFIER)
    issued, _ = ask(documents, sandbox=False, statement=statement, verifiers=VERIFIERS)
    assert (issued.creditable, issued.verifier) == (True, key_id(VERIFIER.public))
    refused("registry.not_verified", documents, sandbox=False)
    refused("registry.not_verified", documents, sandbox=False, statement=statement)
    foreign = sign_document(STATEMENT_PURPOSE, statement_body(manifest, claim, ""), SigningKey("x", bytes(32)))
    refused("registry.not_verified", documents, sandbox=False, statement=foreign, verifiers=VERIFIERS)
    other = sign_document(STATEMENT_PURPOSE, {**statement_body(manifest, claim, ""), "decision": "draft"}, VERIFIER)
    refused("registry.not_verified", documents, sandbox=False, statement=other, verifiers=VERIFIERS)
    changed = {**statement, "body": {**statement["body"], "decision": "x"}}
    refused("registry.not_verified", documents, sandbox=False, statement=changed, verifiers=VERIFIERS)
    proponent = {name: TrustedKey(key.name, key.public, ("proponent",)) for name, key in VERIFIERS.items()}
    refused("registry.not_verified", documents, sandbox=False, statement=statement, verifiers=proponent)


def test_documents_that_do_not_belong_together():
    result, manifest, claim = run_documents()
    other = run_documents("other")
    refused("registry.manifest_changed", (result, {**manifest, "seed": "2"}, claim))
    refused("registry.result_changed", ({**result, "estimates": [1]}, manifest, claim))
    refused("registry.result_changed", (other[0], manifest, claim))
    refused("registry.claim_not_in_result", (result, manifest, {**claim, "credits_t": 101}))


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("by_year", lambda claim: claim["by_year"][0].update(credits_t=61)),
        ("by_year", lambda claim: claim["by_year"].append(dict(claim["by_year"][0]))),
        (
            "negative",
            lambda claim: [claim["by_year"][0].update(credits_t=-1), claim["by_year"][1].update(credits_t=101)],
        ),
        ("period", lambda claim: claim["by_year"][0].update(year=2020)),
        ("net", lambda claim: claim["lines"][0].update(co2e_t=200.0)),
        ("credits_t", lambda claim: [claim["lines"][0].update(co2e_t=109.0), claim["lines"][2].update(co2e_t=99.0)]),
    ],
)
def test_figures_that_contradict_each_other(what: str, change: Any):
    with pytest.raises(NotIssuable) as caught:
        ask(rebound(run_documents(), change))
    assert (caught.value.code, caught.value.facts["what"]) == ("registry.claim_inconsistent", what)


@pytest.mark.parametrize(
    "change",
    [
        lambda claim: claim.update(credits_t=100.0),
        lambda claim: claim.update(credits_t=True),
        lambda claim: claim["by_year"][0].update(year="2021"),
        lambda claim: claim.pop("lines"),
        lambda claim: claim["lines"].pop(),
        lambda claim: claim.update(period=["2021"]),
        lambda claim: claim.update(method="x" * 500),
        lambda claim: claim.update(method="line\nbreak"),
        lambda claim: claim.update(gas=None),
    ],
)
def test_malformed_claims(change: Any):
    refused("registry.claim_malformed", rebound(run_documents(), change))


def test_nothing_to_issue():
    refused("registry.nothing_to_issue", run_documents(by_year={2021: 0}))
    refused("registry.kind_not_issuable", run_documents(kind="footprint"))
    refused("registry.unit_wrong", run_documents(), unit_kg=7)
    refused("registry.claim_not_in_result", rebound_without_claims(run_documents()))


def rebound_without_claims(documents: Documents) -> Documents:
    """A regional account: a run without claims, and a claim from elsewhere."""
    result, manifest, claim = copy.deepcopy(documents)
    result["claims"] = []
    manifest["result_sha256"] = result_digest(result)
    del manifest["run"]
    manifest["run"] = result["run"] = hash_json(manifest)
    return result, manifest, claim
