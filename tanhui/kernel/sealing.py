"""Sealed bytes: what one named reader can open and nobody else, also not with a quantum computer.

This is HPKE (RFC 9180, base mode, one message) with the key encapsulations of draft-ietf-hpke-pq: ML-KEM-768 alone, or
X-Wing, which adds X25519 so that it holds while either of the two does. HKDF-SHA256 and AES-256-GCM do the rest. The
suite, the purpose and the reader's key id go into the key schedule, so a document cannot be passed on as another.

Sealing hides; it does not say who sealed. A text that must have an author is signed first and then sealed.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tanhui.kernel.errors import InputError, IntegrityError
from tanhui.kernel.signing import key_id

__all__ = ["FORMAT", "ML_KEM", "SEALING_SUITES", "X_WING", "OpeningKey", "ReaderKey", "open_sealed", "seal"]

FORMAT = "tanhui-sealed-1"
#: X-Wing: ML-KEM-768 and X25519. The default.
X_WING = "hpke-x-wing-hkdf-sha256-aes-256-gcm"
#: ML-KEM-768 (FIPS 203) alone.
ML_KEM = "hpke-ml-kem-768-hkdf-sha256-aes-256-gcm"

#: Lengths of ML-KEM-768: private seed (d and z), public key, ciphertext (FIPS 203 table 3). [bytes]
ML_KEM_SEED_BYTES, ML_KEM_PUBLIC_BYTES, ML_KEM_CIPHERTEXT_BYTES = 64, 1184, 1088
#: Length of an X25519 key, and of the seed both halves of an X-Wing key grow from. [bytes]
X25519_BYTES = 32


def _ml_kem_private(seed: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey

    return MLKEM768PrivateKey.from_seed_bytes(seed)


def _ml_kem_public(raw: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey

    return MLKEM768PublicKey.from_public_bytes(raw)


def _x_wing_parts(seed: bytes) -> tuple[Any, Any]:
    """The two private keys of an X-Wing seed (draft-connolly-cfrg-xwing-kem, expandDecapsulationKey)."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    grown = hashlib.shake_256(seed).digest(ML_KEM_SEED_BYTES + X25519_BYTES)
    return _ml_kem_private(grown[:ML_KEM_SEED_BYTES]), X25519PrivateKey.from_private_bytes(grown[ML_KEM_SEED_BYTES:])


def _x_wing_private(seed: bytes) -> Any:
    from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

    return MLKEM768X25519PrivateKey(*_x_wing_parts(seed))


def _x_wing_public(raw: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey

    curve = X25519PublicKey.from_public_bytes(raw[ML_KEM_PUBLIC_BYTES:])
    return MLKEM768X25519PublicKey(_ml_kem_public(raw[:ML_KEM_PUBLIC_BYTES]), curve)


@dataclass(frozen=True, slots=True)
class SealingSuite:
    """A way to seal: the sizes of its keys, and how the library takes them."""

    name: str
    kem: str
    seed_bytes: int
    public_bytes: int
    encapsulated_bytes: int
    public_of: Callable[[bytes], bytes]
    private_key: Callable[[bytes], Any]
    public_key: Callable[[bytes], Any]

    def hpke(self) -> Any:
        """The library's object for this combination of algorithms."""
        from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

        return Suite(getattr(KEM, self.kem), KDF.HKDF_SHA256, AEAD.AES_256_GCM)


#: Every sealing suite, by name.
SEALING_SUITES: Mapping[str, SealingSuite] = {
    suite.name: suite
    for suite in (
        SealingSuite(
            X_WING,
            "MLKEM768_X25519",
            X25519_BYTES,
            ML_KEM_PUBLIC_BYTES + X25519_BYTES,
            ML_KEM_CIPHERTEXT_BYTES + X25519_BYTES,
            lambda seed: b"".join(part.public_key().public_bytes_raw() for part in _x_wing_parts(seed)),
            _x_wing_private,
            _x_wing_public,
        ),
        SealingSuite(
            ML_KEM,
            "MLKEM768",
            ML_KEM_SEED_BYTES,
            ML_KEM_PUBLIC_BYTES,
            ML_KEM_CIPHERTEXT_BYTES,
            lambda seed: _ml_kem_private(seed).public_key().public_bytes_raw(),
            _ml_kem_private,
            _ml_kem_public,
        ),
    )
}


def _suite(name: str) -> SealingSuite:
    if name not in SEALING_SUITES:
        raise InputError("sealed.suite_unknown", suite=name, known=", ".join(SEALING_SUITES))
    return SEALING_SUITES[name]


@dataclass(frozen=True, slots=True)
class ReaderKey:
    """The public key of somebody who may be sealed to."""

    name: str
    public: bytes
    suite: str = X_WING


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """A reader's private key."""

    name: str
    seed: bytes = field(repr=False)
    suite: str = X_WING

    @classmethod
    def generate(cls, name: str, suite: str = X_WING) -> OpeningKey:
        """A fresh key from the operating system's randomness."""
        return cls(name, os.urandom(_suite(suite).seed_bytes), suite)

    @property
    def public(self) -> bytes:
        """The raw public key."""
        return _suite(self.suite).public_of(self.seed)

    def reader(self) -> ReaderKey:
        """The half to hand out."""
        return ReaderKey(self.name, self.public, self.suite)


def _info(suite: str, purpose: str, reader: str) -> bytes:
    return f"{FORMAT}\n{suite}\n{reader}\n{purpose}".encode()


def seal(data: bytes, reader: ReaderKey, purpose: str) -> dict[str, str]:
    """A document that only ``reader`` can open, and only for ``purpose``.

    Raises
    ------
    InputError
        If the reader's suite is unknown or the public key is none of it.
    """
    suite, name = _suite(reader.suite), key_id(reader.public)
    try:
        public = suite.public_key(reader.public)
        whole = suite.hpke().encrypt(data, public, info=_info(suite.name, purpose, name))
    except ValueError:
        raise InputError("sealed.reader_wrong", reader=reader.name, suite=suite.name) from None
    cut = suite.encapsulated_bytes
    coded = [base64.b64encode(part).decode() for part in (whole[:cut], whole[cut:])]
    return {
        "format": FORMAT,
        "suite": suite.name,
        "purpose": purpose,
        "reader": name,
        "encapsulated": coded[0],
        "ciphertext": coded[1],
    }


def open_sealed(document: Mapping[str, Any], key: OpeningKey, purpose: str) -> bytes:
    """The bytes that were sealed for the owner of ``key`` and for ``purpose``.

    Raises
    ------
    IntegrityError
        ``sealed.not_opened``, whatever is wrong: another reader, suite or purpose, a changed byte, a missing end.
    """
    from cryptography.exceptions import InvalidTag

    suite, name = _suite(key.suite), key_id(key.public)
    expected = {"format": FORMAT, "suite": suite.name, "purpose": purpose, "reader": name}
    try:
        parts = [base64.b64decode(document[part], validate=True) for part in ("encapsulated", "ciphertext")]
        right = expected == {part: document[part] for part in expected} and set(document) == {
            *expected,
            "encapsulated",
            "ciphertext",
        }
        if right and len(parts[0]) == suite.encapsulated_bytes:
            private, info = suite.private_key(key.seed), _info(suite.name, purpose, name)
            return bytes(suite.hpke().decrypt(b"".join(parts), private, info=info))
    except (InvalidTag, KeyError, TypeError, ValueError):
        pass
    raise IntegrityError("sealed.not_opened", reader=key.name)
