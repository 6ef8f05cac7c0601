"""Signed notes (c2sp.org/signed-note): a text, an empty line, then one line for each signature.

``— <key name> <base64(key id + signature)>``. A key is known by its name and a four-byte id, which hashes the name, the
type of signature and the public key. Signatures of unknown keys are ignored, so that witnesses may add theirs.

What a signature says depends on its :class:`Suite`. Plain Ed25519 over the text is here, the two cosignature types of
checkpoints are next door, in ``cosignature``.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from tanhui.kernel.errors import DomainError, IntegrityError
from tanhui.kernel.signing import SUITE, SigningKey, TrustedKey, verify_signature

__all__ = [
    "ED25519",
    "NoteKey",
    "NoteSignature",
    "NoteSigner",
    "Suite",
    "note_key_id",
    "open_note",
    "parse_note",
    "sign_note",
]

#: A longer note is refused unparsed. The format asks for room for 16 signatures of up to 5 kB. [characters]
MAX_NOTE_CHARS = 128 * 1024
#: More signatures than this are refused, as the Go implementation does.
MAX_SIGNATURES = 100
#: Length of the seed of a private key, the same for Ed25519 and ML-DSA. [bytes]
SEED_BYTES = 32
#: Times that a cosignature can state end here. [POSIX seconds]
MAX_TIME = 2**63 - 1
KEY_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
FORBIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")

K = TypeVar("K", "NoteKey", TrustedKey)


class Suite(Protocol):
    """A kind of signature: what exactly is signed, and how."""

    @property
    def name(self) -> str:
        """What documents call it."""

    @property
    def type(self) -> int:
        """Its byte in key ids and verifier keys, assigned by c2sp.org/signed-note."""

    @property
    def public_bytes(self) -> int:
        """Length of a public key."""

    @property
    def covers_text(self) -> bool:
        """Whether the whole text is signed, extension lines of a checkpoint included."""

    def public(self, seed: bytes) -> bytes:
        """The public key of a seed."""

    def sign(self, signer: NoteSigner, text: str, at: int) -> bytes:
        """A signature of the text at a time, where the suite states one. [POSIX seconds]"""

    def verify(self, key: NoteKey, text: str, signature: bytes) -> bool:
        """Whether the signature is right. Never raises."""


@dataclass(frozen=True, slots=True)
class Ed25519Note:
    """RFC 8032 over the note's text, type 0x01."""

    name: str = "ed25519"
    type: int = 0x01
    public_bytes: int = 32
    covers_text: bool = True

    def public(self, seed: bytes) -> bytes:
        """The public key of a seed."""
        return SigningKey("", seed).public

    def sign(self, signer: NoteSigner, text: str, at: int) -> bytes:
        """A signature; the time is not in it."""
        return SigningKey(signer.name, signer.seed).sign(text.encode())

    def verify(self, key: NoteKey, text: str, signature: bytes) -> bool:
        """Whether the signature is right."""
        return verify_signature(key.public, signature, text.encode())


ED25519 = Ed25519Note()


def note_key_id(name: str, public: bytes, type_: int = ED25519.type) -> bytes:
    """The four bytes by which a note names a key."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([type_]) + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key that can verify notes."""

    name: str
    public: bytes
    suite: Suite = ED25519

    @property
    def id(self) -> bytes:
        """The four bytes by which a note names it."""
        return note_key_id(self.name, self.public, self.suite.type)

    def verify(self, text: str, signature: bytes) -> bool:
        """Whether a signature of this key on a note's text is right. Never raises."""
        return self.suite.verify(self, text, signature)

    def __str__(self) -> str:
        """The verifier key (vkey) as C2SP tools take it: ``name+id+key``."""
        return f"{self.name}+{self.id.hex()}+{encode(bytes([self.suite.type]) + self.public)}"


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A private key that can sign notes."""

    name: str
    seed: bytes = field(repr=False)
    suite: Suite = ED25519

    def __post_init__(self) -> None:
        if not KEY_NAME.fullmatch(self.name):
            raise DomainError("registry.key_name_wrong", name=self.name)
        if len(self.seed) != SEED_BYTES:
            raise IntegrityError("registry.key_malformed", name=self.name)

    @property
    def key(self) -> NoteKey:
        """The public half."""
        return NoteKey(self.name, self.suite.public(self.seed), self.suite)

    def line(self, text: str, at: int = 0) -> str:
        """The signature line for a note's text, line feed included.

        Raises
        ------
        DomainError
            If the text cannot stand in a note, the suite cannot sign it, or the time is not one.
        """
        if not text.endswith("\n") or FORBIDDEN.search(text):
            raise DomainError("registry.note_text_wrong")
        if not 0 <= at <= MAX_TIME:
            raise DomainError("registry.time_wrong", time=at)
        return signature_line(self.key, self.suite.sign(self, text, at))


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """A signature line of a note, not yet verified."""

    name: str
    key_id: bytes
    signature: bytes


def signature_line(key: NoteKey, signature: bytes) -> str:
    """A signature as a line of a note."""
    return f"— {key.name} {encode(key.id + signature)}\n"


def sign_note(text: str, *signers: NoteSigner | SigningKey, at: int = 0) -> str:
    """The text, which ends with a line feed, as a note signed by one or more keys.

    Parameters
    ----------
    text : str
        What is signed.
    signers : NoteSigner or SigningKey
        A plain ``SigningKey`` signs with Ed25519.
    at : int
        The time that cosignatures state. [POSIX seconds]
    """
    return f"{text}\n" + "".join(_signer(signer).line(text, at) for signer in signers)


def parse_note(note: str) -> tuple[str, tuple[NoteSignature, ...]]:
    """Text and signatures of a note; the last empty line separates them. Nothing is verified.

    Raises
    ------
    IntegrityError
        If the note is malformed.
    """
    if len(note) > MAX_NOTE_CHARS or FORBIDDEN.search(note):
        raise IntegrityError("registry.checkpoint_malformed")
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n") or lines.count("\n") > MAX_SIGNATURES:
        raise IntegrityError("registry.checkpoint_malformed")
    return text + "\n", tuple(parse_signature(line) for line in lines[:-1].split("\n"))


def parse_signature(line: str) -> NoteSignature:
    """A signature line without its line feed."""
    match = SIGNATURE_LINE.fullmatch(line)
    data = decode(match[2]) if match else b""
    if not match or len(data) <= 4:
        raise IntegrityError("registry.checkpoint_malformed")
    return NoteSignature(match[1], data[:4], data[4:])


def open_note(note: str, trusted: Iterable[K]) -> tuple[str, list[K]]:
    """The text of a note and the trusted keys that signed it rightly (perhaps none), each once.

    Parameters
    ----------
    note : str
        Text and signature lines.
    trusted : iterable of NoteKey or TrustedKey
        The keys to look for. A plain ``TrustedKey`` is an Ed25519 key.

    Raises
    ------
    IntegrityError
        If the note is malformed, or a trusted key's signature on it is wrong.
    """
    text, signatures = parse_note(note)
    keys = {(ours.name, ours.id): (key, ours) for key in trusted if (ours := _note_key(key))}
    signers: dict[tuple[str, bytes], K] = {}
    for found in signatures:
        place = (found.name, found.key_id)
        if place not in keys:
            continue
        key, ours = keys[place]
        if not ours.verify(text, found.signature):
            raise IntegrityError("signature.wrong", key=found.name)
        signers[place] = key  # signing twice is signing once
    return text, list(signers.values())


def encode(data: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(data).decode()


def decode(text: str) -> bytes:
    """Base64 in its one canonical form.

    Raises
    ------
    IntegrityError
        If it is anything else.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise IntegrityError("registry.checkpoint_malformed") from None
    if encode(data) != text:
        raise IntegrityError("registry.checkpoint_malformed")
    return data


def _note_key(key: NoteKey | TrustedKey) -> NoteKey | None:
    """A key as one of notes; a trusted person's name may be none that a note can hold, or their suite another."""
    if isinstance(key, NoteKey):
        return key
    return NoteKey(key.name, key.public) if key.suite == SUITE and KEY_NAME.fullmatch(key.name) else None


def _signer(signer: NoteSigner | SigningKey) -> NoteSigner:
    if isinstance(signer, NoteSigner):
        return signer
    if signer.suite != SUITE:
        raise DomainError("registry.suite_unfit", suite=signer.suite)
    return NoteSigner(signer.name, signer.seed)
