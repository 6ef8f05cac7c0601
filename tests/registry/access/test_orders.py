"""Signed orders: whoever holds the hash can check the signature, whoever holds the order can check the hash."""

import base64
import dataclasses
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.errors import RefusedInput
from tanhui.kernel.signing import SigningKey, key_id
from tanhui.registry.access.errors import AccessRefused
from tanhui.registry.access.orders import (
    Order,
    OrderProof,
    check_window,
    parse_order,
    sign_order,
    signatures_right,
)

KEY = SigningKey("client", bytes(range(32)))
NOW = 1_800_000_000  # 2027-01-15T08:00:00Z
ORDER = Order(
    registry="registry.example/sandbox",
    account="a1",
    act="transfer",
    arguments={"to": "a2", "batch": "B1", "units": "10"},
    request="r-1",
    not_before=NOW,
    not_after=NOW + 600,
    salt="00112233445566778899aabbccddeeff",
)
#: The canonical body, written by hand from RFC 8785: keys sorted, no spaces.
BODY = (
    '{"account":"a1","act":"transfer","arguments":{"batch":"B1","to":"a2","units":"10"},"format":"tanhui-order-1",'
    '"not_after":"2027-01-15T08:10:00Z","not_before":"2027-01-15T08:00:00Z","registry":"registry.example/sandbox",'
    '"request":"r-1","salt":"00112233445566778899aabbccddeeff"}'
)


def sent() -> dict:
    return json.loads(json.dumps(sign_order(ORDER, KEY).to_dict()))


def test_the_signature_is_over_the_hash_of_the_canonical_order():
    digest = hashlib.sha256(BODY.encode()).digest()
    proof = sign_order(ORDER, KEY).proof
    assert proof.digest == digest
    # Ed25519 is deterministic (RFC 8032), so the library gives the same bytes from the same seed and message.
    assert proof.signature == Ed25519PrivateKey.from_private_bytes(KEY.seed).sign(b"tanhui-order-1\n" + digest)


def test_a_stranger_checks_the_proof_without_the_order():
    proof = sign_order(ORDER, KEY).proof
    Ed25519PublicKey.from_public_bytes(KEY.public).verify(proof.signature, b"tanhui-order-1\n" + proof.digest)
    assert proof.right(KEY.public)
    assert not proof.right(SigningKey.generate("other").public)
    assert not dataclasses.replace(proof, digest=bytes(32)).right(KEY.public)
    assert not dataclasses.replace(proof, key_id="0" * 16).right(KEY.public)


def test_an_order_comes_through_json_as_it_was_signed():
    signed = parse_order(sent())
    assert signed == sign_order(ORDER, KEY)
    assert signed.proof.right(KEY.public)


CHANGES = [
    ("account", "a9"),
    ("act", "retire"),
    ("arguments", {"to": "a9", "batch": "B1", "units": "10"}),
    ("request", "r-2"),
    ("registry", "registry.example"),
    ("not_after", "2027-01-15T09:10:00Z"),
    ("salt", "ff" * 16),
]


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_an_order_changed_on_the_way_is_not_signed(name, value):
    document = sent()
    document["order"][name] = value
    assert not parse_order(document).proof.right(KEY.public)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account", ""),
        ("account", 3),
        ("account", "a b"),
        ("act", "Transfer"),
        ("request", "r\n1"),
        ("not_before", "2027-01-15"),
        ("not_after", "2027-13-45T08:10:00Z"),
        ("salt", "1234"),
        ("format", "tanhui-order-2"),
        ("arguments", []),
        ("arguments", {"a": float("nan")}),
        ("more", 1),
    ],
)
def test_what_is_no_order_is_refused_by_the_field(name, value):
    document = sent()
    document["order"][name] = value
    with pytest.raises(RefusedInput) as refusal:
        parse_order(document)
    assert [fault.column for fault in refusal.value.faults] == [name]
    assert refusal.value.text("zh")


def test_everything_wrong_is_said_at_once_and_the_salt_is_not_repeated():
    document = {"order": {"salt": "secret"}, "key_id": "x", "signature": "!"}
    with pytest.raises(RefusedInput) as refusal:
        parse_order(document)
    columns = {fault.column for fault in refusal.value.faults}
    assert columns == {*ORDER.body(), "key_id", "signature"}
    assert "secret" not in json.dumps(refusal.value.to_dict())
    for junk in (None, [], "x", {"order": 1}):
        with pytest.raises(RefusedInput):
            parse_order(junk)


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (NOW - 61, "access.order_early"),
        (NOW - 60, None),
        (NOW, None),
        (NOW + 599, None),
        (NOW + 600, "access.order_late"),
    ],
)
def test_an_order_counts_in_its_window_only(now, code):
    if code is None:
        check_window(ORDER, now, longest_s=3600, skew_s=60)
    else:
        with pytest.raises(AccessRefused) as refusal:
            check_window(ORDER, now, longest_s=3600, skew_s=60)
        assert refusal.value.code == code


@pytest.mark.parametrize("end", [NOW - 1, NOW, NOW + 3601])
def test_a_window_that_is_empty_or_too_long_is_refused(end):
    with pytest.raises(AccessRefused) as refusal:
        check_window(dataclasses.replace(ORDER, not_after=end), NOW, longest_s=3600, skew_s=60)
    assert refusal.value.code == "access.order_window"


@given(st.sets(st.integers(0, 99)), st.integers(1, 5))
def test_of_many_orders_exactly_the_wrong_ones_are_found(wrong, threads):
    keys = [SigningKey("k", bytes([i]) * 32) for i in range(5)]
    proofs = []
    for i in range(100):
        digest = hashlib.sha256(str(i).encode()).digest()
        signature = _signature(keys[i % 5], digest)
        if i in wrong:
            signature = bytes([signature[0] ^ 1]) + signature[1:]
        proofs.append((keys[i % 5].public, OrderProof(key_id(keys[i % 5].public), digest, signature)))
    assert signatures_right(proofs, threads) == [i not in wrong for i in range(100)]


_SIGNED: dict[tuple[bytes, bytes], bytes] = {}


def _signature(key: SigningKey, digest: bytes) -> bytes:
    return _SIGNED.setdefault((key.seed, digest), key.sign(b"tanhui-order-1\n" + digest))


def test_no_salt_in_a_representation():
    assert ORDER.salt not in repr(sign_order(ORDER, KEY))
    assert base64.b64encode(KEY.seed).decode() not in repr(KEY)
