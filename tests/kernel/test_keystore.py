"""Key files that a passphrase opens, and the time a key counts for."""

import base64
import json
import logging
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel import keystore
from tanhui.kernel.canonical import canonical_bytes
from tanhui.kernel.errors import DomainError, InputError
from tanhui.kernel.keystore import Argon2, KeyRecord, change_passphrase, key_valid_at, read_key, write_key
from tanhui.kernel.sealing import OpeningKey
from tanhui.kernel.signing import HYBRID, SUITES, SigningKey, key_id

#: As cheap as Argon2 can be: these tests are about the file.
CHEAP = Argon2(memory_kib=32, passes=1, lanes=4)
KEYS = [*(SigningKey.generate("operator one", suite) for suite in SUITES), OpeningKey.generate("regulator")]


def code_of(call, *arguments) -> str:
    with pytest.raises(InputError) as refusal:
        call(*arguments)
    assert str(refusal.value)
    assert refusal.value.text("zh")
    return refusal.value.code


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.suite)
def test_a_key_comes_back_with_its_passphrase_only(tmp_path: Path, key):
    path = tmp_path / "keys" / "operator.key"
    write_key(path, key, "木 pass phrase", CHEAP)
    assert read_key(path, "木 pass phrase") == keystore.StoredKey(key, encrypted=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["operator.key"]
    assert code_of(read_key, path, "another") == "key.passphrase_wrong"
    assert code_of(read_key, path, "") == "key.passphrase_wrong"
    assert code_of(read_key, path) == "key.passphrase_needed"
    assert code_of(write_key, path, key, "x", CHEAP) == "key.exists"
    assert base64.b64encode(key.seed) not in path.read_bytes()


def test_the_default_cost_is_the_second_option_of_rfc_9106_and_another_implementation_opens_the_file(tmp_path: Path):
    path, key = tmp_path / "operator.key", KEYS[0]
    write_key(path, key, "passphrase")
    document = json.loads(path.read_text())
    # RFC 9106 section 4: Argon2id, t=3, p=4, m=2^16 (64 MiB), 128-bit salt, 256-bit tag.
    assert {name: document["kdf"][name] for name in ("memory_kib", "passes", "lanes")} == {
        "memory_kib": 2**16,
        "passes": 3,
        "lanes": 4,
    }
    salt = base64.b64decode(document["kdf"]["salt"])
    assert len(salt) == 16
    derived = Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=2**16).derive(b"passphrase")
    sealed = base64.b64decode(document.pop("encrypted_seed"))
    nonce = base64.b64decode(document["cipher"]["nonce"])
    assert AESGCM(derived).decrypt(nonce, sealed, canonical_bytes(document)) == key.seed


def test_the_same_characters_typed_another_way_are_the_same_passphrase(tmp_path: Path):
    path = tmp_path / "operator.key"
    write_key(path, KEYS[0], "caf\u00e9", CHEAP)
    assert read_key(path, "cafe\u0301").key == KEYS[0]


def test_a_plain_file_is_read_and_named_as_plain(tmp_path: Path):
    path = tmp_path / "operator.key"
    KEYS[0].save(path)
    assert read_key(path) == keystore.StoredKey(KEYS[0], encrypted=False)
    change_passphrase(path, None, "new", CHEAP)
    assert read_key(path, "new") == keystore.StoredKey(KEYS[0], encrypted=True)


def test_a_passphrase_is_changed_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "operator.key"
    write_key(path, KEYS[0], "old", CHEAP)
    before = path.read_bytes()
    assert code_of(change_passphrase, path, "wrong", "new", CHEAP) == "key.passphrase_wrong"
    assert code_of(change_passphrase, path, "old", "", CHEAP) == "key.passphrase_empty"
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            change_passphrase(path, "old", "new", CHEAP)
    assert path.read_bytes() == before
    change_passphrase(path, "old", "new", CHEAP)
    assert read_key(path, "new").key == KEYS[0]
    assert code_of(read_key, path, "old") == "key.passphrase_wrong"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def changed(document: dict, where: str, value) -> dict:
    *way, last = where.split(".")
    table = document
    for part in way:
        table = table[part]
    table[last] = value
    return document


@pytest.mark.parametrize(
    ("where", "value", "code"),
    [
        ("name", "somebody else", "key.passphrase_wrong"),
        ("public", "AAAA", "key.passphrase_wrong"),
        ("suite", "ml-dsa-65-rfc8785", "key.passphrase_wrong"),
        ("suite", "rot13", "key.unreadable"),
        ("kdf.passes", 2, "key.passphrase_wrong"),
        ("kdf.name", "argon2i", "key.unreadable"),
        ("kdf.memory_kib", 2**40, "key.unreadable"),
        ("kdf.memory_kib", True, "key.unreadable"),
        ("kdf.lanes", 0, "key.unreadable"),
        ("kdf.passes", 10**9, "key.unreadable"),
        ("kdf.salt", "AAAA", "key.unreadable"),
        ("kdf", None, "key.unreadable"),
        ("cipher.nonce", "AAAA", "key.unreadable"),
        ("encrypted_seed", "AAAA", "key.passphrase_wrong"),
        ("encrypted_seed", "?", "key.unreadable"),
        ("format", "tanhui-key-2", "key.unreadable"),
        ("more", 1, "key.passphrase_wrong"),
    ],
)
def test_a_changed_file_is_refused_and_cannot_ask_for_the_whole_memory(tmp_path: Path, where, value, code):
    path = tmp_path / "operator.key"
    write_key(path, KEYS[0], "pass", CHEAP)
    path.write_text(json.dumps(changed(json.loads(path.read_text()), where, value)))
    assert code_of(read_key, path, "pass") == code


@pytest.mark.parametrize("content", [b"{", b"{}", b'{"format": 1}', b"[" * 10**5, b"", b"\xff", b"{" + b" " * 20000])
def test_what_is_no_key_file_is_refused(tmp_path: Path, content):
    path = tmp_path / "bad.key"
    path.write_bytes(content)
    assert code_of(read_key, path, "pass") == "key.unreadable"
    assert code_of(read_key, tmp_path / "absent.key", "pass") == "key.unreadable"


def test_no_secret_in_representations_logs_or_refusals(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path, key = tmp_path / "operator.key", SigningKey.generate("operator", HYBRID)
    said = []
    with caplog.at_level(logging.DEBUG):
        write_key(path, key, "correct horse", CHEAP)
        said += [repr(read_key(path, "correct horse")), str(read_key(path, "correct horse"))]
        for passphrase in (None, "battery staple"):
            with pytest.raises(InputError) as refusal:
                read_key(path, passphrase)
            said += [repr(refusal.value), str(refusal.value), json.dumps(refusal.value.to_dict())]
    text = "\n".join([*said, caplog.text])
    for secret in (
        "correct horse",
        "battery staple",
        key.seed.hex(),
        base64.b64encode(key.seed).decode(),
        repr(key.seed),
    ):
        assert secret not in text


# Rotation and revocation

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = KEYS[0]
ID = key_id(KEY.public)


def record(**changes) -> KeyRecord:
    return KeyRecord(**{"suite": KEY.suite, "public": KEY.public, "valid_from": START, **changes})


def test_a_key_counts_from_its_first_moment_to_before_its_last():
    records = [record(valid_until=START + 10 * DAY)]
    moments = {-1: False, 0: True, 9: True, 10: False}
    assert {days: key_valid_at(records, ID, START + days * DAY) for days in moments} == moments
    assert not key_valid_at(records, "0" * 16, START)
    assert not key_valid_at([], ID, START)


def test_what_was_signed_before_a_revocation_stays_valid_and_after_it_is_refused():
    records = [record(), record(revoked_at=START + 5 * DAY, reason="superseded")]
    moments = {0: True, 4: True, 5: False, 6: False}
    assert {days: key_valid_at(records, ID, START + days * DAY) for days in moments} == moments


def test_a_compromise_reaches_back_to_the_stated_moment():
    records = [record(), record(revoked_at=START + 5 * DAY, invalid_since=START + 2 * DAY, reason="compromised")]
    moments = {1: True, 2: False, 4: False, 6: False}
    assert {days: key_valid_at(records, ID, START + days * DAY) for days in moments} == moments


@given(st.permutations(range(3)), st.integers(-3, 12))
def test_the_order_of_records_does_not_matter_and_a_later_line_never_gives_a_revoked_key_back(order, days):
    records = [
        record(valid_until=START + 8 * DAY),
        record(revoked_at=START + 5 * DAY, invalid_since=START + 2 * DAY),
        record(valid_from=START + 3 * DAY),
    ]
    assert key_valid_at([records[i] for i in order], ID, START + days * DAY) == (0 <= days < 2)


def test_another_keys_revocation_is_not_this_ones():
    other = SigningKey.generate("other")
    records = [record(), KeyRecord(other.suite, other.public, START, revoked_at=START)]
    assert key_valid_at(records, ID, START + DAY)
    assert not key_valid_at(records, key_id(other.public), START + DAY)


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_until": START},
        {"invalid_since": START},
        {"revoked_at": START, "invalid_since": START + DAY},
    ],
)
def test_a_record_that_contradicts_itself_is_refused(changes):
    with pytest.raises(DomainError):
        record(**changes)
