"""Sealed bytes against published vectors and a key schedule written from RFC 9180; every way to fail to open."""

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.sealing import ML_KEM, SEALING_SUITES, X_WING, OpeningKey, ReaderKey, open_sealed, seal
from tanhui.kernel.signing import key_id

PUBLISHED = json.loads(Path(__file__).with_name("vectors").joinpath("post_quantum.json").read_text())
SUITE_OF_KEM = {0x0041: ML_KEM, 0x647A: X_WING}
KEM_OF_SUITE = {suite: kem for kem, suite in SUITE_OF_KEM.items()}
HKDF_SHA256, AES_256_GCM = 1, 2
KEYS = {suite: OpeningKey.generate("regulator", suite) for suite in SEALING_SUITES}


# A second implementation, from the text of RFC 9180 sections 4 and 5.1 and of the two drafts.


def extract(salt: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def expand(prk: bytes, info: bytes, length: int) -> bytes:
    out, block = b"", b""
    for number in range(1, 1 + -(-length // 32)):
        block = hmac.digest(prk, block + info + bytes([number]), "sha256")
        out += block
    return out[:length]


def key_schedule(suite_id: bytes, shared_secret: bytes, info: bytes, key_bytes: int) -> tuple[bytes, bytes]:
    """Key and base nonce of RFC 9180 section 5.1 in base mode."""
    label = b"HPKE-v1" + suite_id
    context = b"\x00" + extract(b"", label + b"psk_id_hash") + extract(b"", label + b"info_hash" + info)
    secret = extract(shared_secret, label + b"secret")

    def labelled(name: bytes, length: int) -> bytes:
        return expand(secret, length.to_bytes(2, "big") + label + name + context, length)

    return labelled(b"key", key_bytes), labelled(b"base_nonce", 12)


def shared_secret(key: OpeningKey, encapsulated: bytes) -> bytes:
    """Decapsulation as FIPS 203 and the X-Wing draft have it."""
    if key.suite == ML_KEM:
        return MLKEM768PrivateKey.from_seed_bytes(key.seed).decapsulate(encapsulated)
    grown = hashlib.shake_256(key.seed).digest(96)
    lattice = MLKEM768PrivateKey.from_seed_bytes(grown[:64]).decapsulate(encapsulated[:1088])
    curve = X25519PrivateKey.from_private_bytes(grown[64:])
    point = curve.exchange(X25519PublicKey.from_public_bytes(encapsulated[1088:]))
    label = rb"\.//^\ "[:-1]
    return hashlib.sha3_256(
        lattice + point + encapsulated[1088:] + curve.public_key().public_bytes_raw() + label
    ).digest()


@pytest.mark.parametrize("case", PUBLISHED["hpke"]["cases"], ids=lambda case: hex(case["kem_id"]))
def test_keys_and_key_schedule_are_those_of_the_published_vectors(case):
    key = OpeningKey("vector", bytes.fromhex(case["skRm"]), SUITE_OF_KEM[case["kem_id"]])
    assert key.public.hex() == case["pkRm"]
    secret = shared_secret(key, bytes.fromhex(case["enc"]))
    assert secret.hex() == case["shared_secret"]
    schedule = key_schedule(bytes.fromhex(case["suite_id"]), secret, bytes.fromhex(case["info"]), len(case["key"]) // 2)
    assert [part.hex() for part in schedule] == [case["key"], case["base_nonce"]]


@pytest.mark.parametrize("suite", SEALING_SUITES)
def test_what_we_seal_opens_in_the_second_implementation(suite):
    key = KEYS[suite]
    document = seal(b"tonnes by parcel", key.reader(), "openings")
    encapsulated, ciphertext = (base64.b64decode(document[part]) for part in ("encapsulated", "ciphertext"))
    suite_id = b"HPKE" + b"".join(n.to_bytes(2, "big") for n in (KEM_OF_SUITE[suite], HKDF_SHA256, AES_256_GCM))
    info = f"tanhui-sealed-1\n{suite}\n{key_id(key.public)}\nopenings".encode()
    secret, nonce = key_schedule(suite_id, shared_secret(key, encapsulated), info, 32)
    assert AESGCM(secret).decrypt(nonce, ciphertext, b"") == b"tonnes by parcel"


@pytest.mark.parametrize("case", PUBLISHED["ml_kem_768"]["cases"], ids=["0"])
def test_known_answers_of_fips_203(case):
    seed = bytes.fromhex(case["d"] + case["z"])
    assert OpeningKey("kat", seed, ML_KEM).public.hex() == case["pk"]
    private = MLKEM768PrivateKey.from_seed_bytes(seed)
    assert private.decapsulate(bytes.fromhex(case["ct"])).hex() == case["ss"]
    assert private.decapsulate(bytes.fromhex(case["ct_n"])).hex() == case["ss_n"]


# Laws and refusals


@pytest.mark.parametrize("suite", SEALING_SUITES)
@given(data=st.binary(max_size=300), purpose=st.text(max_size=20).filter(lambda text: text.isprintable()))
def test_the_named_reader_opens_it(suite, data, purpose):
    document = json.loads(json.dumps(seal(data, KEYS[suite].reader(), purpose)))
    assert open_sealed(document, KEYS[suite], purpose) == data


def refused(document, key, purpose="openings") -> None:
    with pytest.raises(IntegrityError) as refusal:
        open_sealed(document, key, purpose)
    assert refusal.value.code == "sealed.not_opened"
    assert str(refusal.value)


@pytest.mark.parametrize("suite", SEALING_SUITES)
def test_another_reader_suite_or_purpose_gets_one_refusal(suite):
    document = seal(b"x", KEYS[suite].reader(), "openings")
    other = OpeningKey.generate("somebody", suite)
    refused(document, other)
    refused({**document, "reader": key_id(other.public)}, other)
    refused(document, KEYS[suite], "backup")
    refused({**document, "purpose": "backup"}, KEYS[suite], "backup")
    refused(document, KEYS[ML_KEM if suite == X_WING else X_WING])


@pytest.mark.parametrize("suite", SEALING_SUITES)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7), field=st.sampled_from(["encapsulated", "ciphertext"]))
def test_a_changed_bit_is_found(suite, place, bit, field):
    document = seal(b"tonnes by parcel", KEYS[suite].reader(), "openings")
    data = bytearray(base64.b64decode(document[field]))
    data[place % len(data)] ^= 1 << bit
    refused({**document, field: base64.b64encode(data).decode()}, KEYS[suite])


@pytest.mark.parametrize("field", ["encapsulated", "ciphertext"])
@pytest.mark.parametrize("keep", [0, 4, 20, -4])
def test_what_is_cut_short_is_found(field, keep):
    document = seal(b"tonnes by parcel", KEYS[X_WING].reader(), "openings")
    refused({**document, field: document[field][:keep]}, KEYS[X_WING])


@pytest.mark.parametrize(
    "change", [{"format": "tanhui-sealed-2"}, {"ciphertext": 3}, {"encapsulated": "!"}, {"more": 1}]
)
def test_another_shape_is_refused(change):
    refused({**seal(b"x", KEYS[X_WING].reader(), "openings"), **change}, KEYS[X_WING])
    refused({}, KEYS[X_WING])
    refused([], KEYS[X_WING])


def test_a_key_that_is_none_is_refused():
    for reader in (ReaderKey("r", b"short", X_WING), ReaderKey("r", bytes(1216), "rot13"), ReaderKey("r", b"", ML_KEM)):
        with pytest.raises(InputError):
            seal(b"x", reader, "openings")


def test_two_seals_of_one_text_share_nothing_and_the_key_is_never_printed():
    first, second = (seal(b"x" * 40, KEYS[X_WING].reader(), "openings") for _ in range(2))
    assert first["encapsulated"] != second["encapsulated"]
    assert first["ciphertext"] != second["ciphertext"]
    assert "seed" not in repr(KEYS[X_WING])
