"""Credentials: what counts, until when, and that nothing says more than it should."""

import dataclasses
import json
import re

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from tanhui.kernel.keystore import Argon2
from tanhui.registry.access import secrets
from tanhui.registry.access.errors import AccessRefused, NotRecognised
from tanhui.registry.access.secrets import (
    check_api_key,
    check_enrolment,
    check_password,
    check_session,
    hash_password,
    new_api_key,
    new_enrolment,
    new_session,
    read_api_key,
    read_enrolment_code,
    require_scope,
)

CHEAP = Argon2(memory_kib=32, passes=1, lanes=4)
NOW = 1_800_000_000
HOUR = 3600
SCOPES = frozenset({"read", "transfers:write"})


@pytest.fixture(autouse=True)
def cheap_decoy(monkeypatch: pytest.MonkeyPatch):
    decoy = hash_password("nobody", bytes(16), CHEAP)
    monkeypatch.setattr(secrets, "_decoy", lambda: decoy)


def outcome(call, *arguments) -> str:
    """Why a credential was refused, after making sure that the refusal itself does not say so."""
    with pytest.raises(NotRecognised) as refusal:
        call(*arguments)
    alone = NotRecognised("other")
    assert str(refusal.value) == str(alone)
    assert refusal.value.to_dict("zh") == alone.to_dict("zh")
    assert refusal.value.outcome not in json.dumps([refusal.value.to_dict(), repr(refusal.value)])
    return refusal.value.outcome


# Passwords


def test_a_password_is_kept_as_another_implementation_keeps_it():
    stored = hash_password("correct horse battery", b"sixteen bytes ..", CHEAP)
    assert stored.startswith("$argon2id$v=19$m=32,t=1,p=4$")
    assert PasswordHasher().verify(stored, "correct horse battery")
    check_password(stored, "correct horse battery")
    assert "horse" not in stored


def test_the_default_cost_is_rfc_9106s_second_option():
    assert hash_password("x", bytes(16)).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_wrong_password_and_an_unknown_person_look_alike_and_do_the_same_work(monkeypatch: pytest.MonkeyPatch):
    import argon2.low_level

    verified = []
    real = argon2.low_level.verify_secret
    monkeypatch.setattr(argon2.low_level, "verify_secret", lambda *given: verified.append(given[0]) or real(*given))
    stored = hash_password("right", bytes(16), CHEAP)
    assert outcome(check_password, stored, "wrong") == "wrong"
    assert outcome(check_password, None, "wrong") == "unknown"
    assert outcome(check_password, None, "nobody") == "unknown"
    assert [re.sub(rb"\$[^$]*$", b"", text) for text in verified] == [verified[0].rsplit(b"$", 1)[0]] * 3


def test_the_length_of_a_password_is_bounded_both_ways():
    for password, least in (("", 1), ("x" * 14, 15), ("x" * 1025, 1)):
        with pytest.raises(AccessRefused) as refusal:
            hash_password(password, bytes(16), CHEAP, least)
        assert refusal.value.code == "access.password_length"
    assert outcome(check_password, None, "x" * 10**6) == "wrong"


# Enrolment codes


def enrol():
    return new_enrolment("operator", NOW, HOUR, bytes(range(44)), CHEAP)


def test_an_enrolment_code_is_typed_as_people_type():
    code, kept = enrol()
    assert re.fullmatch(r"([A-Z2-7]{5}-){8}[A-Z2-7]{5}", code.reveal())
    for typed in (code.reveal(), code.reveal().lower(), code.reveal().replace("-", " "), f" {code.reveal()}\n"):
        name, secret = read_enrolment_code(typed)
        assert name == kept.id
        assert check_enrolment(kept, secret, NOW).grants == "operator"


def test_an_enrolment_code_counts_in_its_hour_only_and_once():
    code, kept = enrol()
    _, secret = read_enrolment_code(code.reveal())
    assert outcome(check_enrolment, kept, secret, NOW + HOUR) == "expired"
    assert outcome(check_enrolment, kept, secret, NOW - 1) == "expired"
    used = dataclasses.replace(kept, used_at=NOW)
    assert outcome(check_enrolment, used, secret, NOW) == "used"
    assert outcome(check_enrolment, None, secret, NOW) == "unknown"
    wrong = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    assert outcome(check_enrolment, kept, wrong, NOW) == "wrong"
    assert outcome(read_enrolment_code, "operator") == "malformed"


# Sessions


def open_session():
    return new_session("p1", NOW, HOUR, 12 * HOUR, bytes(range(32)))


@pytest.mark.parametrize(
    ("seen", "now", "why"),
    [
        (0, 0, None),
        (0, HOUR - 1, None),
        (0, HOUR, "idle"),
        (12 * HOUR - 60, 12 * HOUR - 1, None),
        (12 * HOUR - 60, 12 * HOUR, "expired"),
        # The clock was set back: the session is as old as when it was last seen.
        (5 * HOUR, 0, None),
        (12 * HOUR, 0, "expired"),
    ],
)
def test_a_session_ends_when_idle_and_in_any_case(seen, now, why):
    session = dataclasses.replace(open_session()[1], seen_at=NOW + seen)
    if why is None:
        assert check_session(session, NOW + now) == session
    else:
        assert outcome(check_session, session, NOW + now) == why
    assert outcome(check_session, dataclasses.replace(session, closed_at=NOW), NOW + now) == "revoked"
    assert outcome(check_session, None, NOW + now) == "unknown"


# API keys


def make_key():
    return new_api_key("p1", SCOPES, NOW, 24 * HOUR, bytes(range(40)))


def test_an_api_key_counts_with_its_secret_until_it_expires_or_is_revoked():
    text, kept = make_key()
    name, secret = read_api_key(text.reveal())
    assert (name, text.reveal()) == (kept.id, f"tanhui_{name}_{secret}")
    assert check_api_key(kept, secret, NOW) == kept
    assert outcome(check_api_key, kept, secret, NOW + 24 * HOUR) == "expired"
    assert outcome(check_api_key, kept, secret, NOW - 1) == "expired"
    assert outcome(check_api_key, dataclasses.replace(kept, revoked_at=NOW), secret, NOW) == "revoked"
    assert outcome(check_api_key, kept, "0" * 64, NOW) == "wrong"
    assert outcome(check_api_key, None, secret, NOW) == "unknown"
    assert outcome(check_api_key, None, "0" * 64, NOW) == "unknown"


@given(st.text(max_size=100))
def test_what_is_no_key_is_refused_without_a_crash(text):
    for read in (read_api_key, read_enrolment_code):
        assert outcome(read, text) == "malformed"


def test_a_scope_that_was_not_given_is_missing():
    require_scope(SCOPES, "read")
    with pytest.raises(AccessRefused, match="retire") as refusal:
        require_scope(SCOPES, "retirements:write")
    assert refusal.value.code == "access.scope_missing"


def test_nothing_prints_a_secret_and_nothing_kept_is_one():
    for secret, kept in (enrol(), open_session(), make_key()):
        parts = {secret.reveal(), secret.reveal().replace("-", "")[13:], secret.reveal().rsplit("_", 1)[-1]}
        for part in parts:
            for shown in (repr(secret), str(secret), f"{secret}", repr(kept), str(kept)):
                assert part not in shown
            assert part not in {str(getattr(kept, name)) for name in kept.__dataclass_fields__}
        hidden = getattr(kept, "stored", None) or kept.digest
        assert hidden not in repr(kept)
