"""The certificate: what it proves, and that no change, forgery or rubbish ever passes or crashes."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tanhui.kernel.canonical import canonical_bytes, exact_json, readable_bytes
from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.time import Period
from tanhui.registry.certificate import (
    build_certificate,
    certificate_facts,
    certificate_summary,
    kg_as_tonnes,
    verify_certificate,
)
from tanhui.registry.checkpoint import Checkpoint, sign_checkpoint
from tanhui.registry.commitments import Opening
from tanhui.registry.entries import encode_entry, entry_from_dict
from tanhui.registry.folder import load_signers
from tanhui.registry.log import MemoryTree, inclusion_proof, leaf_hash
from tanhui.registry.log.cosignature import SUBTREE_V1
from tanhui.registry.log.note import NoteKey, NoteSigner
from tanhui.registry.verdict import HOLDS, REFUSED, UNAUTHENTICATED
from tanhui.registry.verify import verify_certificate_file, verify_run_folder
from tests.registry.conftest import World
from tests.registry.documents import run_documents
from tests.registry.test_entries import mutated


@dataclass(frozen=True)
class Passport:
    """A certificate and what it takes to check it."""

    document: dict[str, Any]
    trust: tuple[NoteKey, ...]
    world: World


@pytest.fixture
def passport(world: World) -> Passport:
    world.registry.transfer(world.owner, world.buyer, world.batch, 20, request="t")
    gone = world.registry.retire(
        world.buyer,
        world.batch,
        12,
        beneficiary="Buyer Ltd",
        purpose="voluntary",
        period=Period.inclusive(date(2025, 1, 1), date(2025, 12, 31)),
        request="r",
    )
    world.registry.open_account("later", request="later")
    return Passport(world.registry.certificate(gone.id), world.trust, world)


def failed(verdict: Any) -> list[str]:
    return [check.key for check in verdict.failures()]


def test_it_holds(passport: Passport):
    verdict = verify_certificate(passport.document, passport.trust)
    assert (verdict.status, verdict.holds, verdict.exit_code, verdict.sandbox) == (HOLDS, True, 0, True)
    assert "[sandbox]" in verdict.lines("en")[0]
    assert "沙盒" in verdict.lines("zh")[0]
    assert verdict.proven == ("joined", "logged", "final", "quantum_safe")
    assert verdict.not_proven == ("measured", "only_once", "only_log", "beneficiary_unknown")


def test_without_trust_the_issuer_is_nobody(passport: Passport):
    verdict = verify_certificate(passport.document)
    assert (verdict.status, verdict.exit_code) == ("consistent, issuer not authenticated", 1)
    assert verdict.status == UNAUTHENTICATED
    assert verdict.proven == ("joined",)
    assert "issuer" in verdict.not_proven


def test_back_to_the_run(passport: Passport):
    result, manifest, _ = passport.world.documents
    assert verify_certificate(passport.document, passport.trust, manifest=manifest, result=result).holds
    _, other_manifest, _ = run_documents("other")
    assert failed(verify_certificate(passport.document, passport.trust, manifest=other_manifest)) == ["manifest"]
    more = {**result, "estimates": [1]}
    assert failed(verify_certificate(passport.document, passport.trust, manifest=manifest, result=more)) == ["result"]
    alone = verify_certificate(passport.document, passport.trust, result=result)
    assert [check.key for check in alone.checks if check.ok is None] == ["result"]  # the manifest would bind it
    for rubbish in ({}, {"run": 1}, []):
        assert not verify_certificate(passport.document, passport.trust, manifest=rubbish, result=rubbish).holds


def test_the_beneficiary_can_be_shown(passport: Passport):
    commitment = passport.document["chain"]["beneficiary_commitment"]
    opening = passport.world.registry.opening(commitment)
    assert opening is not None
    verdict = verify_certificate(passport.document, passport.trust, opening=Opening.from_dict(opening.to_dict()))
    assert verdict.holds
    assert "beneficiary_unknown" not in verdict.not_proven
    wrong = Opening(opening.salt, "Somebody else")
    assert failed(verify_certificate(passport.document, passport.trust, opening=wrong)) == ["beneficiary"]


def test_nothing_private_and_no_key_inside(passport: Passport):
    text = canonical_bytes(passport.document).decode()
    keys = [base64.b64encode(key.public).decode() for key in passport.trust]
    assert len(keys) == 2
    for secret in ("Buyer Ltd", "湘林", "later", *keys, *(str(key) for key in passport.trust)):
        assert secret not in text


def test_numbers_are_decimal_strings(passport: Passport):
    def numbers(value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for inner in value:
                yield from numbers(inner)
        elif not isinstance(value, (str, bool)):
            yield value

    assert list(numbers(passport.document)) == []


def test_every_flipped_bit_of_a_file_is_found(passport: Passport, tmp_path: Path):
    """Each byte once, a bit by chance. Without trust, a changed signature or line of the log's own may pass."""
    whole, path, dice = canonical_bytes(passport.document), tmp_path / "certificate.json", random.Random(1)
    note = whole.index(b"state ")  # the state's root and the signatures: without trust nobody can tell
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << dice.randrange(8)
        path.write_bytes(changed)
        assert verify_certificate_file(path, passport.trust).status == REFUSED
        if place < note and place % 4 == 0:
            assert verify_certificate_file(path).status == REFUSED


def test_cut_and_grown_files(passport: Passport, tmp_path: Path):
    whole, path = canonical_bytes(passport.document), tmp_path / "certificate.json"
    for data in (
        whole[:-1],
        whole[: len(whole) // 2],
        b"",
        b"{}",
        b"[]",
        b"null",
        b"1",
        whole + b" ",
        b"\xff" * 9,
        whole * 2,
    ):
        path.write_bytes(data)
        assert verify_certificate_file(path, passport.trust).status == REFUSED
    path.write_bytes(readable_bytes(passport.document))
    assert verify_certificate_file(path, passport.trust).holds
    assert exact_json(readable_bytes(passport.document)) == passport.document


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["0", "1", "", "@"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_json_in_any_place(passport: Passport, data: st.DataObject):
    document = copy.deepcopy(passport.document)
    path = data.draw(st.sampled_from(sorted(places(document), key=str)))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    old, new = inner[path[-1]], data.draw(JSON)
    inner[path[-1]] = new
    if new != old or type(new) is not type(old):
        assert verify_certificate(document, passport.trust).status == REFUSED
        certificate_or_refusal(document)


def certificate_or_refusal(document: Any) -> None:
    with contextlib.suppress(IntegrityError):
        certificate_summary(document)


@given(JSON)
def test_rubbish_is_refused(document: Any):
    assert verify_certificate(document, ()).status == REFUSED
    certificate_or_refusal(document)


def test_mutated_files_never_hold_and_never_crash(passport: Passport, tmp_path: Path):
    """Bytes flipped, cut out, doubled and put in, several at a time."""
    whole, path, dice = canonical_bytes(passport.document), tmp_path / "certificate.json", random.Random(9)
    for _ in range(600):
        changed = mutated(whole, dice)
        path.write_bytes(changed)
        verdict = verify_certificate_file(path, passport.trust)
        assert (verdict.status == REFUSED) == (changed != whole)
        with contextlib.suppress(ValueError):
            certificate_or_refusal(json.loads(changed))


def test_a_deep_document_does_not_exhaust_the_stack(tmp_path: Path):
    path = tmp_path / "deep.json"
    path.write_bytes(b"[" * 200_000 + b"]" * 200_000)
    assert verify_certificate_file(path, ()).status == REFUSED


def forge(document: dict[str, Any], signers: Sequence[NoteSigner], change: Any) -> dict[str, Any]:
    """A self-consistent certificate under keys of the forger's: both leaves in a tree of his own."""
    leaves = [unfolded(leaf["entry"]) for leaf in document["evidence"]["leaves"]]
    for leaf in leaves:
        change(leaf)
    issued, retired = map(entry_from_dict, leaves)
    tree = MemoryTree()
    for index in range(retired.index + 1):
        entry = {issued.index: issued, retired.index: retired}.get(index)
        tree.append(leaf_hash(encode_entry(entry) if entry else b"filler"))
    note = sign_checkpoint(Checkpoint(signers[0].name, tree.size, tree.root()), *signers)
    proofs = [inclusion_proof(entry.index, tree.size, tree.node) for entry in (issued, retired)]
    return build_certificate(signers[0].name, issued, retired, proofs, note)


def unfolded(entry: dict[str, Any]) -> dict[str, Any]:
    """A leaf as the log has it: one leg for each piece."""
    legs = [{**leg, "serials": piece} for leg in entry["legs"] for piece in leg["serials"].split(" ")]
    return copy.deepcopy({**entry, "legs": legs})


def test_a_forgery_under_a_foreign_key(passport: Passport):
    origin = passport.document["registry"]
    mallory = [NoteSigner(origin, bytes(range(32))), NoteSigner(origin, bytes(range(32)), SUBTREE_V1)]

    def earlier(entry: dict[str, Any]) -> None:
        entry["at"] = "2020-01-01T00:00:00Z"

    forged = forge(passport.document, mallory, earlier)
    assert verify_certificate(forged).status == UNAUTHENTICATED  # it agrees with itself, and nobody vouches for it
    assert verify_certificate(forged, [signer.key for signer in mallory]).holds
    assert failed(verify_certificate(forged, passport.trust)) == ["signature"]
    assert failed(verify_certificate(forged, ())) == ["signature"]
    # A key trusted for another registry is not an anchor for this one.
    other = NoteKey("registry.example/other", mallory[0].key.public)
    assert failed(verify_certificate(forged, [other])) == ["signature"]


def test_one_kind_of_signature_is_not_enough(passport: Passport):
    """Whoever breaks Ed25519 one day still has to break ML-DSA, wherever the reader trusts both."""
    for signer in load_signers(passport.world.folder):
        weak = forge(passport.document, [signer], lambda entry: None)
        assert failed(verify_certificate(weak, passport.trust)) == ["signature"]
        verdict = verify_certificate(weak, [signer.key])
        assert verdict.holds
        assert ("quantum_safe" in verdict.proven) is (signer.suite is SUBTREE_V1)
        assert ("quantum_unsafe" in verdict.not_proven) is (signer.suite is not SUBTREE_V1)


def change_retired(**fields: str) -> Any:
    def change(entry: dict[str, Any]) -> None:
        if entry["kind"] == "retire":
            entry["legs"][0] |= fields

    return change


def change_claim(**fields: Any) -> Any:
    def change(entry: dict[str, Any]) -> None:
        if entry["kind"] == "issue":
            entry["issuance"]["claim"] |= fields

    return change


def twice(entry: dict[str, Any]) -> None:
    if entry["kind"] == "retire":
        entry["legs"] *= 2


def other_number(entry: dict[str, Any]) -> None:
    if entry["kind"] == "retire":
        entry["retirement"]["id"] = "R000001"


def a_gap(entry: dict[str, Any]) -> None:
    if entry["kind"] == "issue":
        entry["legs"][0]["serials"] = "1-59"


def money(entry: dict[str, Any]) -> None:
    entry["amounts"] = [{"asset": "cny", "amount": "1", "from": "A", "to": "B"}]


@pytest.mark.parametrize(
    ("change", "checks"),
    [
        (lambda entry: None, []),
        (change_retired(serials="61-72"), ["chain"]),
        (change_retired(to="@cancelled"), ["chain"]),
        (change_retired(**{"from": "A1/E000003"}), ["chain"]),
        (change_retired(**{"from": "@retired"}), ["chain"]),
        (twice, ["chain"]),
        (other_number, ["chain"]),
        (a_gap, ["chain"]),
        (money, ["chain"]),
        (change_claim(sandbox=False), ["sandbox", "creditable"]),
        (change_claim(creditable=True), ["chain"]),
        (change_claim(credits_t="1000"), ["chain"]),
    ],
)
def test_even_the_right_keys_cannot_sign_nonsense(passport: Passport, change: Any, checks: list[str]):
    forged = forge(passport.document, load_signers(passport.world.folder), change)
    assert failed(verify_certificate(forged, passport.trust)) == checks


def test_a_proof_from_another_tree(passport: Passport):
    document = copy.deepcopy(passport.document)
    leaves = document["evidence"]["leaves"]
    leaves[0]["path"], leaves[1]["path"] = leaves[1]["path"], leaves[0]["path"]
    assert failed(verify_certificate(document, passport.trust)) == ["issuance_included", "retirement_included"]


def test_in_words(passport: Passport):
    for lang, words in (
        ("zh", ["沙盒", "12 t CO2e", "1-12", "自愿注销"]),
        ("en", ["sandbox", "12 t CO2e", "voluntary"]),
    ):
        text = "\n".join(certificate_summary(passport.document, lang))
        for word in [*words, "hunan-1", "2021-01-01–2022-12-31", "registry.example/forest/sandbox:B000001:1-12"]:
            assert word in text
        assert "{" not in text


@pytest.mark.parametrize(("kg", "tonnes"), [(0, "0"), (1, "0.001"), (1000, "1"), (1_234_560, "1234.560")])
def test_exact_tonnes(kg: int, tonnes: str):
    assert kg_as_tonnes(kg) == tonnes


@pytest.fixture
def run_folder(world: World, tmp_path: Path) -> Path:
    result, manifest, _ = world.documents
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "result.json").write_bytes(readable_bytes(result))
    (folder / "manifest.json").write_bytes(readable_bytes(manifest))
    return folder


def test_a_run_folder(passport: Passport, run_folder: Path, tmp_path: Path):
    assert verify_run_folder(run_folder).status == UNAUTHENTICATED
    path = tmp_path / "certificate.json"
    path.write_bytes(canonical_bytes(passport.document))
    assert verify_certificate_file(path, passport.trust, run_folder=run_folder).holds


@pytest.mark.parametrize("name", ["manifest.json", "result.json"])
def test_every_flipped_bit_of_a_run_is_found(world: World, run_folder: Path, name: str):
    path, dice = run_folder / name, random.Random(2)
    whole = path.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << dice.randrange(8)
        path.write_bytes(changed)
        assert verify_run_folder(run_folder).status == REFUSED


def test_a_changed_run_refuses_the_certificate(passport: Passport, run_folder: Path, tmp_path: Path):
    path = tmp_path / "certificate.json"
    path.write_bytes(canonical_bytes(passport.document))
    other_result, other_manifest, _ = run_documents("other")
    (run_folder / "result.json").write_bytes(readable_bytes(other_result))
    assert failed(verify_certificate_file(path, passport.trust, run_folder=run_folder)) == ["run_named", "result_bound"]
    (run_folder / "manifest.json").write_bytes(readable_bytes(other_manifest))
    verdict = verify_certificate_file(path, passport.trust, run_folder=run_folder)
    assert failed(verdict) == ["manifest", "result"]


def test_a_boastful_flag_is_found(run_folder: Path):
    result, manifest, _ = run_documents(reasons=("test",))
    from tests.registry.test_issuance import rebound

    lying, manifest, _ = rebound((result, manifest, {}), lambda claim: claim.update(creditable=True))
    (run_folder / "result.json").write_bytes(readable_bytes(lying))
    (run_folder / "manifest.json").write_bytes(readable_bytes(manifest))
    assert failed(verify_run_folder(run_folder)) == ["creditable_flag"]


def test_facts_of_rubbish():
    for rubbish in ({}, {"chain": {}}, [], None):
        with pytest.raises(IntegrityError):
            certificate_facts(rubbish)  # type: ignore[arg-type]


def test_the_verdict_as_json(passport: Passport):
    document = json.loads(json.dumps(verify_certificate(passport.document, passport.trust).to_dict("zh")))
    assert document["verdict"] == "holds"
    assert document["facts"]["project"] == "hunan-1"
    assert all(check["text"] != f"check.registry.{check['key']}" for check in document["checks"])
