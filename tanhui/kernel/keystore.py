"""Private keys at rest, and how long a public key's signatures count.

An encrypted key file is JSON (``tanhui-key-1``): the passphrase goes through Argon2id (RFC 9106) to a key of
AES-256-GCM, which covers the private seed and authenticates everything else in the file. A key file of
:meth:`SigningKey.save` is still read, and the answer says that it is not encrypted.

The passphrase is an argument. Callers take it from a prompt, an environment variable or a file of its owner's only.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import canonical_bytes, readable_bytes
from tanhui.kernel.errors import DomainError, InputError
from tanhui.kernel.sealing import SEALING_SUITES, OpeningKey
from tanhui.kernel.signing import SUITES, SigningKey, key_id

__all__ = [
    "Argon2",
    "KeyRecord",
    "StoredKey",
    "change_passphrase",
    "key_valid_at",
    "read_key",
    "write_key",
]

FORMAT = "tanhui-key-1"
#: A key file is about 1 KB, a hybrid public key 2 KB of it; a longer one is refused unread. [bytes]
MAX_FILE_BYTES = 16 * 1024
NONCE_BYTES, SALT_BYTES, KEY_BYTES = 12, 16, 32

PrivateKey = SigningKey | OpeningKey


@dataclass(frozen=True, slots=True)
class Argon2:
    """Cost of Argon2id. The default is the second recommended option of RFC 9106 section 4, for 64 MiB of memory."""

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def key(self, passphrase: str, salt: bytes) -> bytes:
        """256 bits from a passphrase. The same characters give the same key however they were typed (RFC 8265)."""
        from argon2.low_level import Type, hash_secret_raw

        secret = unicodedata.normalize("NFC", passphrase).encode()
        return hash_secret_raw(secret, salt, self.passes, self.memory_kib, self.lanes, KEY_BYTES, Type.ID)

    def bearable(self) -> bool:
        """Whether a file may ask for it: no more than the first recommended option (2 GiB) and 16 of the others."""
        known = all(type(number) is int for number in (self.memory_kib, self.passes, self.lanes))
        return known and 8 * self.lanes <= self.memory_kib <= 2**21 and 1 <= self.passes <= 16 and 1 <= self.lanes <= 16


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A private key and whether its file was encrypted."""

    key: PrivateKey
    encrypted: bool


def write_key(path: Path, key: PrivateKey, passphrase: str, cost: Argon2 | None = None) -> None:
    """Write a new encrypted key file, readable by its owner only; an existing file is never replaced."""
    if not passphrase:
        raise InputError("key.passphrase_empty")
    data = _encrypted(key, passphrase, cost or Argon2())
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = _stage(path, data)
    try:
        # A link, unlike a rename, never takes the place of a file that is there.
        os.link(staged, path)
    except FileExistsError:
        raise InputError("key.exists", path=str(path)) from None
    finally:
        staged.unlink()
    _sync_folder(path.parent)


def read_key(path: Path, passphrase: str | None = None) -> StoredKey:
    """The key in a file, encrypted or plain.

    Raises
    ------
    InputError
        ``key.unreadable``; ``key.passphrase_needed``; ``key.passphrase_wrong``, which also means that a byte of the
        file was changed: the two cannot be told apart.
    """
    document = _document(path)
    if document is None:
        return StoredKey(SigningKey.load(path), encrypted=False)
    if passphrase is None:
        raise InputError("key.passphrase_needed", path=str(path))
    return StoredKey(_decrypted(document, passphrase, path), encrypted=True)


def change_passphrase(path: Path, old: str | None, new: str, cost: Argon2 | None = None) -> None:
    """Encrypt a key file again, a plain one for the first time. A kill leaves the old file or the new one."""
    if not new:
        raise InputError("key.passphrase_empty")
    staged = _stage(path, _encrypted(read_key(path, old).key, new, cost or Argon2()))
    os.replace(staged, path)
    _sync_folder(path.parent)


def _encrypted(key: PrivateKey, passphrase: str, cost: Argon2) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    head = {
        "format": FORMAT,
        "name": key.name,
        "suite": key.suite,
        "public": _coded(key.public),
        "kdf": {
            "name": "argon2id",
            "memory_kib": cost.memory_kib,
            "passes": cost.passes,
            "lanes": cost.lanes,
            "salt": _coded(salt),
        },
        "cipher": {"name": "aes-256-gcm", "nonce": _coded(nonce)},
    }
    seed = AESGCM(cost.key(passphrase, salt)).encrypt(nonce, key.seed, canonical_bytes(head))
    return readable_bytes({**head, "encrypted_seed": _coded(seed)})


def _document(path: Path) -> dict[str, Any] | None:
    """The JSON of an encrypted key file, or nothing where the file is a plain one."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError("key.unreadable", path=str(path), detail=str(error)) from None
    if not data.lstrip().startswith(b"{"):
        return None
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    if len(data) > MAX_FILE_BYTES or not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError("key.unreadable", path=str(path), detail=FORMAT)
    return document


def _decrypted(document: Mapping[str, Any], passphrase: str, path: Path) -> PrivateKey:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head = {name: value for name, value in document.items() if name != "encrypted_seed"}
    try:
        kdf, cipher = document["kdf"], document["cipher"]
        cost = Argon2(kdf["memory_kib"], kdf["passes"], kdf["lanes"])
        salt, nonce, sealed = (_decoded(text) for text in (kdf["salt"], cipher["nonce"], document["encrypted_seed"]))
        name, suite, public = str(document["name"]), str(document["suite"]), _decoded(document["public"])
        known = (kdf["name"], cipher["name"]) == ("argon2id", "aes-256-gcm") and suite in {*SUITES, *SEALING_SUITES}
        aad = canonical_bytes(head)
    except (KeyError, TypeError, ValueError, DomainError):
        raise InputError("key.unreadable", path=str(path), detail=FORMAT) from None
    if not known or not cost.bearable() or len(salt) < SALT_BYTES or len(nonce) != NONCE_BYTES:
        raise InputError("key.unreadable", path=str(path), detail=FORMAT)
    try:
        seed = AESGCM(cost.key(passphrase, salt)).decrypt(nonce, sealed, aad)
        key: PrivateKey = SigningKey(name, seed, suite) if suite in SUITES else OpeningKey(name, seed, suite)
        if key.public == public:
            return key
    except (InvalidTag, ValueError):
        pass
    raise InputError("key.passphrase_wrong", path=str(path))


def _stage(path: Path, data: bytes) -> Path:
    """The bytes in a file beside ``path``, on disk and its owner's alone: ``mkstemp`` makes it 0600."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return Path(name)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


# How long a key counts


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A line in the history of a public key: from when until when it signs, and whether it was revoked.

    Records are appended, never edited: a revocation is another record of the same key and the same days.
    ``invalid_since`` is for a compromise that began before it was noticed (``invalidityDate`` in RFC 5280); without
    it a revocation counts from the moment it was made.
    """

    suite: str
    public: bytes
    valid_from: datetime
    valid_until: datetime | None = None
    revoked_at: datetime | None = None
    invalid_since: datetime | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise DomainError("key.record_wrong", key=self.key_id)
        if self.invalid_since is not None and (self.revoked_at is None or self.invalid_since > self.revoked_at):
            raise DomainError("key.record_wrong", key=self.key_id)

    @property
    def key_id(self) -> str:
        """The name of the key."""
        return key_id(self.public)

    @property
    def refused_from(self) -> datetime | None:
        """The first moment whose signatures no longer count."""
        return self.invalid_since or self.revoked_at

    def covers(self, at: datetime) -> bool:
        """Whether the record lets the key sign at a moment."""
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


def key_valid_at(records: Iterable[KeyRecord], key: str, at: datetime) -> bool:
    """Whether a signature that the key of this id made at ``at`` counts.

    Some record must cover the moment, and no record of the key may refuse it. ``at`` is when the log took the
    signature in; a moment that only the signer states proves nothing once the key is in other hands.
    """
    of_key = [record for record in records if record.key_id == key]
    refusals = [record.refused_from for record in of_key if record.refused_from is not None]
    return any(record.covers(at) for record in of_key) and all(at < moment for moment in refusals)
