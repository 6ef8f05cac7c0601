"""The certificate: what it proves, and that no change, forgery or rubbish ever passes or crashes."""

from __future__ import annotations

import base64
import contextlib
import copy
import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tanhui.kernel.canonical import canonical_bytes, exact_json, hash_json, readable_bytes
from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.signing import SigningKey, TrustedKey, key_id
from tanhui.kernel.time import Period
from tanhui.registry.certificate import certificate_summary, kg_as_tonnes, verify_certificate
from tanhui.registry.checkpoint import Checkpoint, sign_checkpoint
from tanhui.registry.commitments import Opening
from tanhui.registry.log import MemoryTree, inclusion_proof, leaf_hash
from tanhui.registry.service import Registry
from tanhui.registry.verdict import HOLDS, REFUSED, UNAUTHENTICATED
from tanhui.registry.verify import verify_certificate_file, verify_run_folder
from tests.registry.conftest import World
from tests.registry.documents import run_documents

#: The longest a certificate should be. [bytes]
TARGET = 24 * 1024


@dataclass(frozen=True)
class Passport:
    """A certificate and what it takes to check it."""

    document: dict[str, Any]
    trust: dict[str, TrustedKey]
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
    assert verdict.proven == ("joined", "logged", "final")
    assert "measured" in verdict.not_proven


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
    for secret in ("Buyer Ltd", "湘林", "later", *(key.public.hex() for key in passport.trust.values())):
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
    """Each byte once, a bit by chance. Without trust, only a changed signature line may pass for consistent."""
    whole, path, dice = canonical_bytes(passport.document), tmp_path / "certificate.json", random.Random(1)
    note = whole.index(b"\xe2\x80\x94")  # the signature line: without trust nobody can tell
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
    assert verify_certificate(document, {}).status == REFUSED
    certificate_or_refusal(document)


def test_a_deep_document_does_not_exhaust_the_stack(tmp_path: Path):
    path = tmp_path / "deep.json"
    path.write_bytes(b"[" * 200_000 + b"]" * 200_000)
    assert verify_certificate_file(path, {}).status == REFUSED


def forge(document: dict[str, Any], key: SigningKey, change: Any) -> dict[str, Any]:
    """A self-consistent certificate under a key of the forger's: both leaves in a tree of his own."""
    entries = [copy.deepcopy(leaf["entry"]) for leaf in document["evidence"]["leaves"]]
    for entry in entries:
        change(entry)
    from tanhui.registry.certificate import build_certificate
    from tanhui.registry.entries import encode_entry, entry_from_dict

    issued, retired = map(entry_from_dict, entries)
    tree = MemoryTree()
    for index in range(retired.index + 1):
        leaf = {issued.index: issued, retired.index: retired}.get(index)
        tree.append(leaf_hash(encode_entry(leaf) if leaf else b"filler"))
    note = sign_checkpoint(Checkpoint(key.name, tree.size, tree.root()), key)
    proofs = [inclusion_proof(entry.index, tree.size, tree.node) for entry in (issued, retired)]
    return build_certificate(key.name, issued, retired, proofs, note)


def test_a_forgery_under_a_foreign_key(passport: Passport):
    mallory = SigningKey(passport.document["registry"], bytes(range(32)))

    def more(entry: dict[str, Any]) -> None:
        entry["at"] = "2020-01-01T00:00:00Z"

    forged = forge(passport.document, mallory, more)
    assert verify_certificate(forged).status == UNAUTHENTICATED  # it agrees with itself, and nobody vouches for it
    assert failed(verify_certificate(forged, passport.trust)) == ["signature"]
    assert failed(verify_certificate(forged, {})) == ["signature"]
    # A key trusted for something else, or for another registry, is not an anchor for this one.
    for anchor in (
        TrustedKey(mallory.name, mallory.public, ("verifier",)),
        TrustedKey("registry.example/other", mallory.public, ("registry",)),
    ):
        assert failed(verify_certificate(forged, {key_id(mallory.public): anchor})) == ["signature"]


def forgery_checks(passport: Passport, change: Any) -> list[str]:
    """What fails of a certificate that the registry's own key signed over leaves that break a rule."""
    key = SigningKey.load(passport.world.folder / "operator.key")
    return failed(verify_certificate(forge(passport.document, key, change), passport.trust))


def test_even_the_right_key_cannot_sign_nonsense(passport: Passport):
    def outside(entry: dict[str, Any]) -> None:
        if entry["kind"] == "retire":
            entry["legs"][0] |= {"first": "61", "end": "73"}

    def twice(entry: dict[str, Any]) -> None:
        if entry["kind"] == "retire":
            entry["legs"] *= 2

    def earnest(entry: dict[str, Any]) -> None:
        if entry["kind"] == "issue":
            entry["claim"]["sandbox"] = False

    def more(entry: dict[str, Any]) -> None:
        if entry["kind"] == "issue":
            entry["claim"]["credits_t"] = "1000"

    assert forgery_checks(passport, lambda entry: None) == []
    assert forgery_checks(passport, outside) == ["chain"]
    assert forgery_checks(passport, twice) == ["chain"]
    assert forgery_checks(passport, earnest) == ["sandbox", "creditable"]
    assert forgery_checks(passport, more) == ["chain"]


def test_a_proof_from_another_tree(passport: Passport):
    document = copy.deepcopy(passport.document)
    leaves = document["evidence"]["leaves"]
    leaves[0]["path"], leaves[1]["path"] = leaves[1]["path"], leaves[0]["path"]
    assert failed(verify_certificate(document, passport.trust)) == ["issuance_included", "retirement_included"]


def test_it_stays_small(tmp_path: Path):
    # 40 vintages of one claim, and a retirement in 40 pieces: a long life of many small trades.
    with Registry.init(tmp_path / "r", "registry.example/forest") as registry:
        owner, a, b = (registry.open_account(name, request=name).id for name in ("owner", "a", "b"))
        documents = run_documents(by_year={2021 + n: 1_000_000_000 for n in range(40)})
        batches = registry.issue_from_claim(*documents, owner=owner, region="CN-HN", request="i")
        for number in range(40):
            registry.transfer(owner, a, batches[-1].id, 10**6, request=f"a{number}")
            registry.transfer(owner, b, batches[-1].id, 10**6, request=f"b{number}")
        gone = registry.retire(a, batches[-1].id, 40 * 10**6, beneficiary="x", purpose="event", request="r")
        document = registry.certificate(gone.id)
        assert len(gone.serials) == 40
        assert verify_certificate(document).status == UNAUTHENTICATED
        assert len(canonical_bytes(document)) <= TARGET


def root_from(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """The root that an inclusion path gives, by recursion over the tree's shape: another way than the RFC's loop."""
    if size == 1:
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    *inner, sibling = path
    if index < half:
        return hashlib.sha256(b"\x01" + root_from(index, half, leaf, inner) + sibling).digest()
    return hashlib.sha256(b"\x01" + sibling + root_from(index - half, size - half, leaf, inner)).digest()


def test_a_second_verifier_agrees(passport: Passport):
    """The same proof read with nothing of ours: json, hashlib and an Ed25519 key."""
    trust = json.loads((passport.world.folder / "trust.json").read_text(encoding="utf-8"))
    document = json.loads(canonical_bytes(passport.document))
    text, signature_line = document["evidence"]["checkpoint"].split("\n\n")
    origin, size, root = text.split("\n")
    dash, name, signature = signature_line.split()
    raw, public = base64.b64decode(signature), base64.b64decode(trust["keys"][0]["public"])
    assert (dash, name, origin) == ("—", trust["origin"], trust["origin"])
    assert raw[:4] == hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], f"{text}\n".encode())  # raises where it is wrong
    for leaf in document["evidence"]["leaves"]:
        content = json.dumps(leaf["entry"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        path = [base64.b64decode(value) for value in leaf["path"]]
        start = hashlib.sha256(b"\x00" + content).digest()
        assert root_from(int(leaf["entry"]["index"]), int(size), start, path) == base64.b64decode(root)
    issued, retired = (leaf["entry"] for leaf in document["evidence"]["leaves"])
    assert issued["claim"]["manifest_sha256"] == hash_json(passport.world.documents[1])
    assert [leg["to"] for leg in retired["legs"]] == ["@retired"]


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


def test_the_verdict_as_json(passport: Passport):
    document = json.loads(json.dumps(verify_certificate(passport.document, passport.trust).to_dict("zh")))
    assert document["verdict"] == "holds"
    assert document["facts"]["project"] == "hunan-1"
    assert all(check["text"] != f"check.registry.{check['key']}" for check in document["checks"])
