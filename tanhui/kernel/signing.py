"""Signatures: Ed25519 over canonical JSON, with a named suite so that another can stand beside it.

A signed document is ``{"body": …, "signatures": [{"suite", "key_id", "signature"}]}``. A key is trusted only because
a trust file names it; a document never vouches for its own key.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import canonical_bytes, digest
from tanhui.kernel.errors import DomainError, InputError, IntegrityError

__all__ = ["SUITE", "SigningKey", "TrustedKey", "key_id", "load_trust", "sign_document", "verify_document"]

#: The one suite of today: pure Ed25519 (RFC 8032) over RFC 8785 bytes, prefixed by the purpose.
SUITE = "ed25519-rfc8785"
#: Length of an Ed25519 private seed and of a public key. [bytes]
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the name people know it by."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """A fresh key from the operating system's randomness."""
        return cls(name, os.urandom(32))

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Read a key file written by :meth:`save`."""
        try:
            name, coded = path.read_text(encoding="utf-8").rsplit(maxsplit=1)
            seed = base64.b64decode(coded, validate=True)
        except (OSError, ValueError) as error:
            raise InputError("key.unreadable", path=str(path), detail=str(error)) from None
        if len(seed) != KEY_BYTES:
            raise InputError("key.unreadable", path=str(path), detail=f"{len(seed)} != {KEY_BYTES}")
        return cls(name.strip(), seed)

    def save(self, path: Path) -> None:
        """Write the key readable by its owner only; an existing file is never replaced."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise InputError("key.exists", path=str(path)) from None
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(f"{self.name} {base64.b64encode(self.seed).decode()}\n")

    @property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The signature of a message, 64 bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key that somebody decided to trust, and for what."""

    name: str
    public: bytes
    roles: tuple[str, ...] = ()


def key_id(public: bytes) -> str:
    """The name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return digest(public)[:16]


def signed_bytes(purpose: str, body: Any) -> bytes:
    """What is signed: the purpose first, so that a signature for one thing is never one for another."""
    return purpose.encode() + b"\n" + canonical_bytes(body)


def sign_document(purpose: str, body: Any, key: SigningKey) -> dict[str, Any]:
    """A signed document around ``body``."""
    signature = base64.b64encode(key.sign(signed_bytes(purpose, body))).decode()
    return {"body": body, "signatures": [{"suite": SUITE, "key_id": key_id(key.public), "signature": signature}]}


def verify_signature(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature is right."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify_document(
    purpose: str, document: Mapping[str, Any], trust: Mapping[str, TrustedKey], role: str
) -> list[TrustedKey]:
    """The trusted keys with ``role`` that signed the document rightly (perhaps none).

    Raises
    ------
    IntegrityError
        If the document has not the shape of a signed one, or a trusted key's signature on it is wrong.
    """
    try:
        message, entries = signed_bytes(purpose, document["body"]), document["signatures"]
        found = [(str(e["suite"]), str(e["key_id"]), base64.b64decode(e["signature"], validate=True)) for e in entries]
    except (KeyError, TypeError, ValueError, DomainError):
        raise IntegrityError("signature.malformed") from None
    signers: dict[str, TrustedKey] = {}
    for suite, name, signature in found:
        key = trust.get(name)
        if suite != SUITE or key is None or role not in key.roles:
            continue
        if not verify_signature(key.public, signature, message):
            raise IntegrityError("signature.wrong", key=key.name)
        signers[name] = key  # signing twice is signing once
    return list(signers.values())


def load_trust(path: Path) -> dict[str, TrustedKey]:
    """Trust anchors by key id, from ``{"keys": [{"name", "public", "roles"}]}`` with base64 public keys."""
    import json

    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["keys"]
        keys = [TrustedKey(e["name"], base64.b64decode(e["public"], validate=True), tuple(e["roles"])) for e in entries]
    except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError("trust.unreadable", path=str(path), detail=str(error)) from None
    for key in keys:
        if len(key.public) != KEY_BYTES:
            detail = f"{key.name}: {len(key.public)} != {KEY_BYTES}"
            raise InputError("trust.unreadable", path=str(path), detail=detail)
    return {key_id(key.public): key for key in keys}
