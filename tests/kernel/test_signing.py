"""Ed25519 against the vectors of RFC 8032 section 7.1, and every way a signed document can be wrong."""

import base64
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.signing import (
    SUITE,
    SigningKey,
    TrustedKey,
    key_id,
    load_trust,
    sign_document,
    verify_document,
    verify_signature,
)

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
    assert verify_document("purpose-1", document, TRUST, "expert") == []


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


def test_a_key_file_keeps_name_and_seed_and_is_its_owners_alone(tmp_path: Path):
    path = tmp_path / "keys" / "expert.key"
    KEY.save(path)
    assert SigningKey.load(path) == KEY
    assert os.stat(path).st_mode & 0o077 == 0
    with pytest.raises(InputError) as refusal:
        SigningKey.generate("other").save(path)
    assert refusal.value.code == "key.exists"
    assert SigningKey.load(path) == KEY


def test_a_key_never_prints_its_seed():
    assert "seed" not in repr(KEY)


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
