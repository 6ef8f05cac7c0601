"""Credentials: passwords, one-time enrolment codes, sessions and API keys. Pure; moments and randomness are arguments.

How a secret is stored follows from how well it can be guessed. A *password* was made by a person: Argon2id, which is
slow on purpose. An *enrolment code* is used once and copied by hand: Argon2id as well. A *session token* and the secret
of an *API key* are 256 random bits. Nobody guesses those, so a slow hash would protect nothing; it would cost 64 MiB on
each request, and anybody could ask for that with a wrong key. They are kept as SHA-256 and compared in constant time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache

from tanhui.kernel.keystore import Argon2
from tanhui.registry.access.errors import AccessRefused, NotRecognised

__all__ = [
    "SECRET_BYTES",
    "ApiKey",
    "Enrolment",
    "Secret",
    "Session",
    "check_api_key",
    "check_enrolment",
    "check_password",
    "check_session",
    "hash_password",
    "new_api_key",
    "new_enrolment",
    "new_session",
    "read_api_key",
    "read_enrolment_code",
    "require_scope",
    "token_digest",
]

#: Random bytes in a token, in an API key's secret and in an enrolment code.
SECRET_BYTES, CODE_BYTES, ID_BYTES, SALT_BYTES = 32, 20, 8, 16
#: A longer password is refused unhashed: it could only be meant to keep us busy. [characters]
MAX_PASSWORD_CHARS = 1024
API_KEY = re.compile(r"tanhui_([0-9a-f]{16})_([0-9a-f]{64})")
#: An id of 13 and a code of 32 letters of base32, printed in groups of five.
ENROLMENT_CODE = re.compile(r"([A-Z2-7]{13})([A-Z2-7]{32})")


@dataclass(frozen=True, slots=True)
class Secret:
    """A text to be shown once to the one it belongs to. It does not print itself; ask for ``reveal()``."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """The text itself."""
        return self._text


# Passwords


def hash_password(password: str, salt: bytes, cost: Argon2 | None = None, least: int = 1) -> str:
    """A password of ``least`` characters as it is stored: Argon2id with its parameters, in the PHC string format."""
    from argon2.low_level import Type, hash_secret

    cost = cost or Argon2()
    if not max(least, 1) <= len(password) <= MAX_PASSWORD_CHARS:
        raise AccessRefused("access.password_length", least=max(least, 1), most=MAX_PASSWORD_CHARS)
    if len(salt) < SALT_BYTES:
        raise TypeError("a salt of 16 bytes at least")
    return hash_secret(_normal(password), salt, cost.passes, cost.memory_kib, cost.lanes, 32, Type.ID).decode()


def check_password(stored: str | None, password: str) -> None:
    """Refuse a password that is not the one stored.

    ``stored`` is none for a person who is unknown or has no password: the same work is done, so that neither the
    answer nor its time says which it was.
    """
    from argon2.exceptions import VerificationError
    from argon2.low_level import Type, verify_secret

    if len(password) > MAX_PASSWORD_CHARS:
        raise NotRecognised("wrong")
    try:
        verify_secret((stored or _decoy()).encode(), _normal(password), Type.ID)
    except VerificationError:
        raise NotRecognised("unknown" if stored is None else "wrong") from None
    if stored is None:
        raise NotRecognised("unknown")


@cache
def _decoy() -> str:
    return hash_password("nobody", bytes(SALT_BYTES))


def _normal(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode()


# One-time enrolment codes


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Leave to become somebody, once, before it expires. ``grants`` names what: a role, an account."""

    id: str
    grants: str
    stored: str = field(repr=False)
    made_at: int
    expires_at: int
    used_at: int | None = None


def new_enrolment(
    grants: str, now: int, lasts_s: int, noise: bytes, cost: Argon2 | None = None
) -> tuple[Secret, Enrolment]:
    """A code and what is kept of it. ``noise``: 44 random bytes (id, code, salt)."""
    if len(noise) != ID_BYTES + CODE_BYTES + SALT_BYTES:
        raise TypeError("44 random bytes")
    name = base64.b32encode(noise[:ID_BYTES]).decode().rstrip("=")
    code = base64.b32encode(noise[ID_BYTES : ID_BYTES + CODE_BYTES]).decode()
    whole = name + code
    printed = "-".join(whole[at : at + 5] for at in range(0, len(whole), 5))
    stored = hash_password(code, noise[-SALT_BYTES:], cost)
    return Secret(printed), Enrolment(name, grants, stored, now, now + lasts_s)


def read_enrolment_code(text: str) -> tuple[str, str]:
    """The id and the code in what somebody typed; case, spaces and hyphens do not matter."""
    match = ENROLMENT_CODE.fullmatch(re.sub(r"[\s-]", "", text).upper())
    if match is None:
        raise NotRecognised("malformed")
    return match[1], match[2]


def check_enrolment(enrolment: Enrolment | None, code: str, now: int) -> Enrolment:
    """The enrolment, if the code is its and it still counts. Using it up is the store's part, which is race-safe."""
    check_password(None if enrolment is None else enrolment.stored, code)
    assert enrolment is not None
    if enrolment.used_at is not None:
        raise NotRecognised("used")
    if not enrolment.made_at <= now < enrolment.expires_at:
        raise NotRecognised("expired")
    return enrolment


# Sessions


def token_digest(token: str) -> str:
    """A random token as it is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has logged in. It ends when unused for ``idle_s``, and in any case at ``ends_at``."""

    digest: str = field(repr=False)
    who: str
    opened_at: int
    seen_at: int
    idle_s: int
    ends_at: int
    closed_at: int | None = None


def new_session(who: str, now: int, idle_s: int, absolute_s: int, noise: bytes) -> tuple[Secret, Session]:
    """A token and what is kept of it. ``noise``: 32 random bytes."""
    if len(noise) != SECRET_BYTES:
        raise TypeError("32 random bytes")
    token = base64.urlsafe_b64encode(noise).decode().rstrip("=")
    return Secret(token), Session(token_digest(token), who, now, now, idle_s, now + absolute_s)


def check_session(session: Session | None, now: int) -> Session:
    """The session, if it still counts, as seen now. A clock that was set back never makes it longer."""
    if session is None:
        raise NotRecognised("unknown")
    now = max(now, session.seen_at)
    if session.closed_at is not None:
        raise NotRecognised("revoked")
    if now >= session.ends_at:
        raise NotRecognised("expired")
    if now - session.seen_at >= session.idle_s:
        raise NotRecognised("idle")
    return session


# API keys


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key for programs: whose, for what, until when."""

    id: str
    who: str
    digest: str = field(repr=False)
    scopes: frozenset[str]
    made_at: int
    expires_at: int
    revoked_at: int | None = None


def new_api_key(who: str, scopes: frozenset[str], now: int, lasts_s: int, noise: bytes) -> tuple[Secret, ApiKey]:
    """A key ``tanhui_<id>_<secret>`` and what is kept of it. ``noise``: 40 random bytes (id, secret)."""
    if len(noise) != ID_BYTES + SECRET_BYTES:
        raise TypeError("40 random bytes")
    name, secret = noise[:ID_BYTES].hex(), noise[ID_BYTES:].hex()
    key = ApiKey(name, who, token_digest(secret), scopes, now, now + lasts_s)
    return Secret(f"tanhui_{name}_{secret}"), key


def read_api_key(text: str) -> tuple[str, str]:
    """The id and the secret of a key."""
    match = API_KEY.fullmatch(text)
    if match is None:
        raise NotRecognised("malformed")
    return match[1], match[2]


def check_api_key(key: ApiKey | None, secret: str, now: int) -> ApiKey:
    """The key, if the secret is its and it still counts."""
    right = hmac.compare_digest(token_digest(secret), "0" * 64 if key is None else key.digest)
    if key is None:
        raise NotRecognised("unknown")
    if not right:
        raise NotRecognised("wrong")
    if key.revoked_at is not None:
        raise NotRecognised("revoked")
    if not key.made_at <= now < key.expires_at:
        raise NotRecognised("expired")
    return key


def require_scope(scopes: frozenset[str], needed: str) -> None:
    """Refuse what a key was not made for. This may be said: the key itself was recognised."""
    if needed not in scopes:
        raise AccessRefused("access.scope_missing", scope=needed)
