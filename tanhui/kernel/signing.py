"""Signatures over canonical JSON: the suite is a named field, so that several can stand side by side.

A signed document is ``{"body": …, "signatures": [{"suite", "key_id", "signature"}]}``. A key is trusted only because
a trust file names it; a document never vouches for its own key. Each key signs by one suite, which its entry in the
trust file states: a signature that names another suite for that key is refused, so nobody can talk a verifier down.

The hybrid suite is Composite ML-DSA (draft-ietf-lamps-pq-composite-sigs, ``id-MLDSA65-Ed25519-SHA512``): one key with
two components, one signature with two parts, and both must be right.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import canonical_bytes, digest
from tanhui.kernel.errors import DomainError, InputError, IntegrityError

__all__ = [
    "HYBRID",
    "ML_DSA",
    "RESERVED",
    "SUITE",
    "SUITES",
    "SigningKey",
    "TrustedKey",
    "key_id",
    "load_trust",
    "sign_document",
    "suite_named",
    "verify_document",
    "verify_signature",
]

#: Pure Ed25519 (RFC 8032) over RFC 8785 bytes, prefixed by the purpose. The default.
SUITE = "ed25519-rfc8785"
#: Pure ML-DSA-65 (FIPS 204).
ML_DSA = "ml-dsa-65-rfc8785"
#: Both, as Composite ML-DSA.
HYBRID = "ed25519+ml-dsa-65-rfc8785"
#: Suites whose names are taken but which this version can neither make nor check.
RESERVED = frozenset({"sm2-sm3"})

#: Length of an Ed25519 private seed and of a public key. [bytes]
KEY_BYTES = 32
#: Length of an ML-DSA-65 public key and signature (FIPS 204 table 2). Its private seed has 32, as Ed25519's. [bytes]
ML_DSA_PUBLIC_BYTES, ML_DSA_SIGNATURE_BYTES = 1952, 3309
#: Answers about messages up to this length are kept, so many: that of a client's order is. [bytes] Some 8 MB.
SHORT, KEPT_ANSWERS = 128, 16_384
#: What the draft puts before every message, and the label of our pair of algorithms.
COMPOSITE_PREFIX = b"CompositeAlgorithmSignatures2025"
COMPOSITE_LABEL = b"COMPSIG-MLDSA65-Ed25519-SHA512"


def _ed25519_public(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _ed25519_sign(seed: bytes, message: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def _ed25519_verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature is right. What two rooms check one after the other is computed once.

    The answer follows from the three arguments alone, so one that is kept is as good as a new one, and nobody has to
    take anybody's word for it.
    """
    check = _ed25519_kept if len(message) <= SHORT else _ed25519_computed
    return check(public, signature, message)


def _ed25519_computed(public: bytes, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


_ed25519_kept = lru_cache(maxsize=KEPT_ANSWERS)(_ed25519_computed)


def _ml_dsa_public(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

    return MLDSA65PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()


def _ml_dsa_sign(seed: bytes, message: bytes, context: bytes = b"") -> bytes:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

    return MLDSA65PrivateKey.from_seed_bytes(seed).sign(message, context)


def _ml_dsa_verify(public: bytes, signature: bytes, message: bytes, context: bytes = b"") -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

    try:
        MLDSA65PublicKey.from_public_bytes(public).verify(signature, message, context)
    except (InvalidSignature, ValueError):
        return False
    return True


def composite_message(message: bytes, label: bytes = COMPOSITE_LABEL) -> bytes:
    """What both components of a composite key sign, ``M'`` of the draft: an empty context, SHA-512 as pre-hash."""
    return COMPOSITE_PREFIX + label + b"\x00" + hashlib.sha512(message).digest()


def _hybrid_public(seed: bytes) -> bytes:
    return _ml_dsa_public(seed[:KEY_BYTES]) + _ed25519_public(seed[KEY_BYTES:])


def _hybrid_sign(seed: bytes, message: bytes) -> bytes:
    signed = composite_message(message)
    return _ml_dsa_sign(seed[:KEY_BYTES], signed, COMPOSITE_LABEL) + _ed25519_sign(seed[KEY_BYTES:], signed)


def _hybrid_verify(public: bytes, signature: bytes, message: bytes) -> bool:
    signed, key, cut = composite_message(message), public[:ML_DSA_PUBLIC_BYTES], ML_DSA_SIGNATURE_BYTES
    # Both are computed whatever the first says: how long a refusal takes does not tell which part failed.
    lattice = _ml_dsa_verify(key, signature[:cut], signed, COMPOSITE_LABEL)
    curve = _ed25519_verify(public[ML_DSA_PUBLIC_BYTES:], signature[cut:], signed)
    return lattice and curve


@dataclass(frozen=True, slots=True)
class Suite:
    """A way to sign: the sizes of its keys and its three functions."""

    name: str
    seed_bytes: int
    public_bytes: int
    public_of: Callable[[bytes], bytes]
    sign: Callable[[bytes, bytes], bytes]
    verify: Callable[[bytes, bytes, bytes], bool]


#: Every suite that can be used, by name.
SUITES: Mapping[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite(SUITE, KEY_BYTES, KEY_BYTES, _ed25519_public, _ed25519_sign, _ed25519_verify),
        Suite(ML_DSA, KEY_BYTES, ML_DSA_PUBLIC_BYTES, _ml_dsa_public, _ml_dsa_sign, _ml_dsa_verify),
        Suite(
            HYBRID,
            2 * KEY_BYTES,
            ML_DSA_PUBLIC_BYTES + KEY_BYTES,
            _hybrid_public,
            _hybrid_sign,
            _hybrid_verify,
        ),
    )
}


def suite_named(name: str) -> Suite:
    """The suite of a name.

    Raises
    ------
    InputError
        If the name is reserved (``signature.suite_reserved``) or stands for nothing (``signature.suite_unknown``).
    """
    if name in RESERVED:
        raise InputError("signature.suite_reserved", suite=name)
    if name not in SUITES:
        raise InputError("signature.suite_unknown", suite=name, known=", ".join(SUITES))
    return SUITES[name]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, the name people know it by, and the one suite it signs by."""

    name: str
    seed: bytes = field(repr=False)
    suite: str = SUITE

    @classmethod
    def generate(cls, name: str, suite: str = SUITE) -> SigningKey:
        """A fresh key from the operating system's randomness."""
        return cls(name, os.urandom(suite_named(suite).seed_bytes), suite)

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Read a plain key file written by :meth:`save`."""
        try:
            name, coded = path.read_text(encoding="utf-8").rsplit(maxsplit=1)
            suite, _, seed_text = coded.rpartition(":")
            seed = base64.b64decode(seed_text, validate=True)
        except (OSError, ValueError) as error:
            raise InputError("key.unreadable", path=str(path), detail=_without_content(error)) from None
        expected = suite_named(suite or SUITE).seed_bytes
        if len(seed) != expected:
            raise InputError("key.unreadable", path=str(path), detail=f"{len(seed)} != {expected}")
        return cls(name.strip(), seed, suite or SUITE)

    def save(self, path: Path) -> None:
        """Write the key readable by its owner only; an existing file is never replaced."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise InputError("key.exists", path=str(path)) from None
        # Ed25519 was here first and has no prefix: files of earlier versions stay what they are.
        prefix = "" if self.suite == SUITE else f"{self.suite}:"
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(f"{self.name} {prefix}{base64.b64encode(self.seed).decode()}\n")

    @property
    def public(self) -> bytes:
        """The raw public key; of the hybrid suite, ML-DSA's followed by Ed25519's."""
        return suite_named(self.suite).public_of(self.seed)

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        return suite_named(self.suite).sign(self.seed, message)


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key that somebody decided to trust, for what, and by which suite it signs."""

    name: str
    public: bytes
    roles: tuple[str, ...] = ()
    suite: str = SUITE


def key_id(public: bytes) -> str:
    """The name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return digest(public)[:16]


def signed_bytes(purpose: str, body: Any, suite: str = SUITE, key: str = "") -> bytes:
    """What is signed: the purpose first, so that a signature for one thing is never one for another.

    The suites after the first also name themselves and the key, so that a signature fits one entry of one document
    only. Canonical JSON holds no line feed, so the lines before it cannot run into it.
    """
    head = "" if suite == SUITE else f"{suite}\n{key}\n"
    return f"{head}{purpose}\n".encode() + canonical_bytes(body)


def sign_document(purpose: str, body: Any, *keys: SigningKey) -> dict[str, Any]:
    """A signed document around ``body``, with one signature of each key."""
    return {"body": body, "signatures": [_signature(purpose, body, key) for key in keys]}


def _signature(purpose: str, body: Any, key: SigningKey) -> dict[str, str]:
    name = key_id(key.public)
    signature = key.sign(signed_bytes(purpose, body, key.suite, name))
    return {"suite": key.suite, "key_id": name, "signature": base64.b64encode(signature).decode()}


def verify_signature(public: bytes, signature: bytes, message: bytes, suite: str = SUITE) -> bool:
    """Whether the signature of a message is right."""
    return suite_named(suite).verify(public, signature, message)


def verify_document(
    purpose: str, document: Mapping[str, Any], trust: Mapping[str, TrustedKey], role: str
) -> list[TrustedKey]:
    """The trusted keys with ``role`` that signed the document rightly (perhaps none).

    Signatures by strangers are passed over. Two keys of one person are two keys here: who needs two people counts
    names.

    Raises
    ------
    IntegrityError
        If the document has not the shape of a signed one, a trusted key's signature on it is wrong
        (``signature.wrong``) or is by another suite than that key's (``signature.suite_refused``), or nobody
        trusted signed it but there is a signature by a reserved suite (``signature.suite_reserved``).
    """
    try:
        body, entries = document["body"], document["signatures"]
        canonical_bytes(body)
        found = [(str(e["suite"]), str(e["key_id"]), base64.b64decode(e["signature"], validate=True)) for e in entries]
    except (KeyError, TypeError, ValueError, DomainError):
        raise IntegrityError("signature.malformed") from None
    signers: dict[str, TrustedKey] = {}
    for suite, name, signature in found:
        key = trust.get(name)
        if key is None or role not in key.roles:
            continue
        if suite != key.suite:
            raise IntegrityError("signature.suite_refused", key=key.name, suite=suite, wanted=key.suite)
        if not verify_signature(key.public, signature, signed_bytes(purpose, body, suite, name), suite):
            raise IntegrityError("signature.wrong", key=key.name)
        signers[name] = key  # signing twice is signing once
    reserved = sorted({suite for suite, _, _ in found} & RESERVED)
    if reserved and not signers:
        raise IntegrityError("signature.suite_reserved", suite=reserved[0])
    return list(signers.values())


def load_trust(path: Path) -> dict[str, TrustedKey]:
    """Trust anchors by key id, from ``{"keys": [{"name", "public", "roles", "suite"}]}`` with base64 public keys.

    ``suite`` may be left out and is Ed25519 then.
    """
    import json

    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["keys"]
        keys = [
            TrustedKey(
                e["name"],
                base64.b64decode(e["public"], validate=True),
                tuple(e["roles"]),
                str(e.get("suite", SUITE)),
            )
            for e in entries
        ]
    except (OSError, KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise InputError("trust.unreadable", path=str(path), detail=str(error)) from None
    for key in keys:
        expected = suite_named(key.suite).public_bytes
        if len(key.public) != expected:
            detail = f"{key.name}: {len(key.public)} != {expected}"
            raise InputError("trust.unreadable", path=str(path), detail=detail)
    return {key_id(key.public): key for key in keys}


def _without_content(error: Exception) -> str:
    """Why a key file cannot be read, without a byte of it: an error about an encoding quotes what it stumbled on."""
    return str(error) if isinstance(error, OSError) else type(error).__name__
