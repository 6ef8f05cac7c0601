"""Ed25519, ML-DSA-65 and both together against published vectors, and every way a signed document can be wrong."""

import base64
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel import signing
from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.signing import (
    COMPOSITE_LABEL,
    HYBRID,
    ML_DSA,
    SUITE,
    SUITES,
    SigningKey,
    TrustedKey,
    composite_message,
    key_id,
    load_trust,
    sign_document,
    signed_bytes,
    suite_named,
    verify_document,
    verify_signature,
)

PUBLISHED = json.loads(Path(__file__).with_name("vectors").joinpath("post_quantum.json").read_text())

#: RFC 8032 section 7.1, TEST 1 to 3: secret key, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
KEY = SigningKey("expert one", bytes.fromhex(VECTORS[0][0]))
TRUST = {key_id(KEY.public): TrustedKey("expert one", KEY.public, ("expert",))}


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS)
def test_vectors_of_rfc8032(secret, public, message, signature):
    key = SigningKey("rfc", bytes.fromhex(secret))
    assert key.public.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert verify_signature(key.public, bytes.fromhex(signature), bytes.fromhex(message))
    assert not verify_signature(key.public, bytes.fromhex(signature), bytes.fromhex(message) + b"x")
    assert not verify_signature(key.public[:-1], bytes.fromhex(signature), bytes.fromhex(message))


def test_an_answer_is_kept_for_what_was_asked_and_nothing_near_it():
    """Answers about short messages are remembered. Key, signature and message have to be the same to the last bit."""
    secret, public, message, signature = map(bytes.fromhex, VECTORS[2])
    for _ in range(2):
        assert verify_signature(public, signature, message)
        for at in range(0, 8 * 64, 37):
            flipped = bytearray(signature)
            flipped[at // 8] ^= 1 << at % 8
            assert not verify_signature(public, bytes(flipped), message)
        assert not verify_signature(bytes.fromhex(VECTORS[1][1]), signature, message)
        assert not verify_signature(public, signature + b"\0", message)
        assert not verify_signature(public, signature, message + b"\0")
    kept = signing._ed25519_kept.cache_info()
    assert kept.hits > 0
    long = b"x" * (signing.SHORT + 1)
    assert verify_signature(public, SigningKey("rfc", secret).sign(long), long)
    assert signing._ed25519_kept.cache_info() == kept


def test_a_signed_document_names_its_signer():
    document = sign_document("purpose-1", {"a": [1, "二"]}, KEY)
    assert [key.name for key in verify_document("purpose-1", document, TRUST, "expert")] == ["expert one"]


def test_signing_twice_is_signing_once():
    document = sign_document("purpose-1", {"a": 1}, KEY)
    document["signatures"] *= 2
    assert len(verify_document("purpose-1", document, TRUST, "expert")) == 1


def test_another_purpose_role_suite_or_stranger_does_not_count():
    document = sign_document("purpose-1", {"a": 1}, KEY)
    assert verify_document("purpose-1", document, TRUST, "registry") == []
    assert verify_document("purpose-1", document, {}, "expert") == []
    stranger = sign_document("purpose-1", {"a": 1}, SigningKey.generate("stranger"))
    assert verify_document("purpose-1", stranger, TRUST, "expert") == []
    with pytest.raises(IntegrityError, match="expert one"):
        verify_document("purpose-2", document, TRUST, "expert")
    document["signatures"][0]["suite"] = SUITE + "-weaker"
    with pytest.raises(IntegrityError) as refusal:
        verify_document("purpose-1", document, TRUST, "expert")
    assert refusal.value.code == "signature.suite_refused"


def test_a_changed_body_is_found():
    document = sign_document("purpose-1", {"tonnes": 10}, KEY)
    document["body"]["tonnes"] = 11
    with pytest.raises(IntegrityError) as refusal:
        verify_document("purpose-1", document, TRUST, "expert")
    assert refusal.value.code == "signature.wrong"


@given(position=st.integers(0, 63), bit=st.integers(0, 7))
def test_a_changed_bit_of_the_signature_is_found(position, bit):
    document = sign_document("purpose-1", {"a": 1}, KEY)
    signature = bytearray(base64.b64decode(document["signatures"][0]["signature"]))
    signature[position] ^= 1 << bit
    document["signatures"][0]["signature"] = base64.b64encode(signature).decode()
    with pytest.raises(IntegrityError):
        verify_document("purpose-1", document, TRUST, "expert")


ENTRY = {"suite": SUITE, "key_id": "x", "signature": "AAAA"}


@pytest.mark.parametrize(
    "document",
    [
        [],
        None,
        {},
        {"body": 1},
        {"body": 1, "signatures": 3},
        {"body": 1, "signatures": [1]},
        {"body": 1, "signatures": [{"suite": SUITE, "key_id": "x"}]},
        {"body": 1, "signatures": [{**ENTRY, "signature": "not base64!"}]},
        {"body": float("nan"), "signatures": [ENTRY]},
        {"body": 2**60, "signatures": [ENTRY]},
    ],
)
def test_what_is_no_signed_document_is_refused(document):
    with pytest.raises(IntegrityError) as refusal:
        verify_document("purpose-1", document, TRUST, "expert")
    assert refusal.value.code == "signature.malformed"


def test_a_key_id_that_is_no_text_is_a_stranger():
    document = {"body": 1, "signatures": [{**ENTRY, "key_id": {"a": 1}}]}
    assert verify_document("purpose-1", document, TRUST, "expert") == []


@pytest.mark.parametrize("suite", SUITES)
def test_a_key_file_keeps_name_seed_and_suite_and_is_its_owners_alone(tmp_path: Path, suite):
    path = tmp_path / "keys" / "expert.key"
    key = SigningKey.generate("expert one", suite)
    key.save(path)
    assert SigningKey.load(path) == key
    assert os.stat(path).st_mode & 0o077 == 0
    with pytest.raises(InputError) as refusal:
        SigningKey.generate("other").save(path)
    assert refusal.value.code == "key.exists"
    assert SigningKey.load(path) == key


def test_a_key_never_prints_its_seed():
    assert "seed" not in repr(KEY)
    assert str(KEY.seed) not in f"{KEY} {KEY!r}"


def test_a_refusal_quotes_nothing_of_a_key_file(tmp_path: Path):
    path = tmp_path / "bad.key"
    path.write_bytes(b"name \xf0secret")
    with pytest.raises(InputError) as refusal:
        SigningKey.load(path)
    assert refusal.value.facts["detail"] == "UnicodeDecodeError"


@pytest.mark.parametrize("content", ["", "name", "name AAAA", "name !!!!"])
def test_a_damaged_key_file_is_refused(tmp_path: Path, content):
    path = tmp_path / "bad.key"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError):
        SigningKey.load(path)
    with pytest.raises(InputError):
        SigningKey.load(tmp_path / "absent.key")


def test_trust_file(tmp_path: Path):
    path = tmp_path / "trust.json"
    public = base64.b64encode(KEY.public).decode()
    path.write_text(json.dumps({"keys": [{"name": "expert one", "public": public, "roles": ["expert"]}]}))
    assert load_trust(path) == TRUST


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"keys": [{}]}', '{"keys": [{"name": "a", "public": "AAAA", "roles": []}]}']
)
def test_a_damaged_trust_file_is_refused(tmp_path: Path, content):
    path = tmp_path / "trust.json"
    path.write_text(content)
    with pytest.raises(InputError):
        load_trust(path)


# The other suites


@pytest.mark.parametrize("case", PUBLISHED["ml_dsa_65"]["cases"], ids=["0", "1"])
def test_known_answers_of_fips_204(case):
    seed, public, message = (bytes.fromhex(case[name]) for name in ("xi", "pk", "msg"))
    signature = bytes.fromhex(case["sm"])[: -len(message)]
    assert SigningKey("kat", seed, ML_DSA).public == public
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

    MLDSA65PublicKey.from_public_bytes(public).verify(signature, message, bytes.fromhex(case["ctx"]))
    # The published signature has a context, ours never has: it is not one of ours.
    assert not verify_signature(public, signature, message, ML_DSA)


def test_the_message_of_a_composite_key_is_that_of_the_draft():
    # draft-ietf-lamps-pq-composite-sigs, "Example of id-MLDSA65-ECDSA-P256-SHA512 construction of M'", without context.
    published = (
        "436f6d706f73697465416c676f726974686d5369676e617475726573323032"
        "35434f4d505349472d4d4c44534136352d503235362d534841353132000f89ee1fcb7b0a4f7809d1267a029719004c5a5e5ec323a7"
        "c3523a20974f9a3f202f56fadba4cd9e8d654ab9f2e96dc5c795ea176fa20ede8d854c342f903533"
    )
    message = bytes.fromhex("00010203040506070809")
    assert composite_message(message, b"COMPSIG-MLDSA65-P256-SHA512").hex() == published


def test_a_composite_signature_is_two_signatures_of_that_message():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

    key = SigningKey.generate("both", HYBRID)
    signature, signed = key.sign(b"message"), composite_message(b"message")
    MLDSA65PublicKey.from_public_bytes(key.public[:1952]).verify(signature[:3309], signed, COMPOSITE_LABEL)
    Ed25519PublicKey.from_public_bytes(key.public[1952:]).verify(signature[3309:], signed)
    assert key.public[1952:] == SigningKey("half", key.seed[32:]).public
    assert verify_signature(key.public, signature, b"message", HYBRID)


@pytest.mark.parametrize("part", [0, 3308, 3309, 3372])
def test_one_right_half_is_not_enough(part):
    key = SigningKey.generate("both", HYBRID)
    signature = bytearray(key.sign(b"message"))
    signature[part] ^= 1
    assert not verify_signature(key.public, bytes(signature), b"message", HYBRID)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("cut", [0, 1, 63, 3309])
def test_a_short_signature_or_key_never_verifies(suite, cut):
    key = SigningKey.generate("a", suite)
    signature = key.sign(b"message")
    if cut < len(signature):
        assert not verify_signature(key.public, signature[:cut], b"message", suite)
    assert not verify_signature(key.public[:-1], signature, b"message", suite)
    assert not verify_signature(key.public, signature + b"\x00", b"message", suite)


def trusted(*keys: SigningKey) -> dict[str, TrustedKey]:
    return {key_id(key.public): TrustedKey(key.name, key.public, ("expert",), key.suite) for key in keys}


def test_a_document_carries_several_suites():
    keys = [SigningKey.generate(suite, suite) for suite in SUITES]
    document = json.loads(json.dumps(sign_document("purpose-1", {"a": 1}, *keys)))
    assert [entry["suite"] for entry in document["signatures"]] == list(SUITES)
    assert [key.name for key in verify_document("purpose-1", document, trusted(*keys), "expert")] == list(SUITES)
    document["body"] = {"a": 2}
    for key in keys:
        with pytest.raises(IntegrityError, match="does not fit"):
            verify_document("purpose-1", document, trusted(key), "expert")


@pytest.mark.parametrize("suite", [ML_DSA, HYBRID])
def test_the_new_suites_bind_purpose_suite_and_key(suite):
    message = signed_bytes("purpose-1", {"a": 1}, suite, "0123456789abcdef")
    assert message == f'{suite}\n0123456789abcdef\npurpose-1\n{{"a":1}}'.encode()
    key = SigningKey.generate("a", suite)
    document = sign_document("purpose-1", {"a": 1}, key)
    with pytest.raises(IntegrityError, match="does not fit"):
        verify_document("purpose-2", document, trusted(key), "expert")


@pytest.mark.parametrize("suite", [ML_DSA, HYBRID])
def test_nobody_talks_a_verifier_down_to_a_weaker_suite(suite):
    """Whoever broke Ed25519, and holds half of the key even, gets nothing by naming the older suite."""
    key = SigningKey.generate("strong", suite)
    half = SigningKey("strong", key.seed[-32:])
    forged = sign_document("purpose-1", {"a": 1}, half)
    assert verify_document("purpose-1", forged, trusted(key), "expert") == []
    forged["signatures"][0]["key_id"] = key_id(key.public)
    with pytest.raises(IntegrityError) as refusal:
        verify_document("purpose-1", forged, trusted(key), "expert")
    assert refusal.value.code == "signature.suite_refused"
    # And a right signature beside it does not save the document.
    both = sign_document("purpose-1", {"a": 1}, key)
    both["signatures"] += forged["signatures"]
    with pytest.raises(IntegrityError, match="suite"):
        verify_document("purpose-1", both, trusted(key), "expert")


def test_a_component_of_a_composite_key_signs_nothing_alone():
    key = SigningKey.generate("both", HYBRID)
    document = sign_document("purpose-1", {"a": 1}, key)
    entry = document["signatures"][0]
    parts = base64.b64decode(entry["signature"])
    for half, suite in ((parts[:3309], ML_DSA), (parts[3309:], SUITE)):
        public = key.public[:1952] if suite == ML_DSA else key.public[1952:]
        stripped = {"suite": suite, "key_id": key_id(public), "signature": base64.b64encode(half).decode()}
        trust = {key_id(public): TrustedKey("half", public, ("expert",), suite)}
        with pytest.raises(IntegrityError, match="does not fit"):
            verify_document("purpose-1", {"body": {"a": 1}, "signatures": [stripped]}, trust, "expert")


def test_reserved_and_unknown_suites_have_codes_of_their_own(tmp_path: Path):
    with pytest.raises(InputError) as refusal:
        SigningKey.generate("a", "sm2-sm3")
    assert refusal.value.code == "signature.suite_reserved"
    with pytest.raises(InputError) as refusal:
        suite_named("rot13")
    assert refusal.value.code == "signature.suite_unknown"
    path = tmp_path / "trust.json"
    path.write_text(json.dumps({"keys": [{"name": "a", "public": "AAAA", "roles": [], "suite": "sm2-sm3"}]}))
    with pytest.raises(InputError) as refusal:
        load_trust(path)
    assert refusal.value.code == "signature.suite_reserved"


def test_a_reserved_signature_beside_a_right_one_is_passed_over():
    document = sign_document("purpose-1", {"a": 1}, KEY)
    document["signatures"].append({"suite": "sm2-sm3", "key_id": "x", "signature": "AAAA"})
    assert len(verify_document("purpose-1", document, TRUST, "expert")) == 1
    document["signatures"].pop(0)
    with pytest.raises(IntegrityError) as refusal:
        verify_document("purpose-1", document, TRUST, "expert")
    assert refusal.value.code == "signature.suite_reserved"


def test_a_trust_file_names_the_suite_of_a_key(tmp_path: Path):
    key = SigningKey.generate("strong", HYBRID)
    public = base64.b64encode(key.public).decode()
    path = tmp_path / "trust.json"
    path.write_text(json.dumps({"keys": [{"name": "strong", "public": public, "roles": ["expert"], "suite": HYBRID}]}))
    assert load_trust(path) == trusted(key)
    path.write_text(json.dumps({"keys": [{"name": "strong", "public": public, "roles": ["expert"]}]}))
    with pytest.raises(InputError, match="1984 != 32"):
        load_trust(path)
