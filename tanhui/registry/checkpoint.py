"""Signed checkpoints: origin, size and root of the log in the C2SP signed-note format, under Ed25519.

The text is three lines, then an empty line, then signature lines ``— <key name> <base64(key id + signature)>``
(c2sp.org/signed-note, c2sp.org/tlog-checkpoint). Signatures by unknown keys are ignored, so a witness may add its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.signing import SigningKey, TrustedKey, verify_signature

__all__ = [
    "Checkpoint",
    "open_note",
    "parse_checkpoint",
    "read_verifier_key",
    "sign_checkpoint",
    "sign_note",
    "verifier_key",
]

#: Signature type of plain Ed25519 in a note.
ED25519_NOTE = b"\x01"
#: A longer note is refused unparsed; c2sp.org/signed-note asks for room for 16 signatures. [characters]
MAX_NOTE_CHARS = 128 * 1024
SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: whose it is, how many leaves, and their root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def note_key_id(name: str, public: bytes) -> bytes:
    """The four bytes by which a note names an Ed25519 key."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519_NOTE + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """A public key as C2SP tools take it: ``name+id+key``."""
    key = base64.b64encode(ED25519_NOTE + public).decode()
    return f"{name}+{note_key_id(name, public).hex()}+{key}"


def read_verifier_key(text: str) -> TrustedKey:
    """The key that :func:`verifier_key` wrote, trusted for nothing yet.

    Raises
    ------
    IntegrityError
        If it is not one, or its id is not that of its name and key.
    """
    name, _, rest = text.partition("+")
    data = _decode(rest.partition("+")[2])
    if data[:1] != ED25519_NOTE or len(data) != 33 or verifier_key(name, data[1:]) != text:
        raise IntegrityError("registry.checkpoint_malformed")
    return TrustedKey(name, data[1:])


def sign_note(text: str, key: SigningKey) -> str:
    """The text, which ends with a line feed, as a note signed by one key."""
    signature = base64.b64encode(note_key_id(key.name, key.public) + key.sign(text.encode())).decode()
    return f"{text}\n— {key.name} {signature}\n"


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> str:
    """A checkpoint as a signed note."""
    return sign_note(checkpoint.text(), key)


def open_note(note: str, trusted: Iterable[TrustedKey]) -> tuple[str, list[TrustedKey]]:
    """The text of a note and the trusted keys that signed it rightly (perhaps none).

    Raises
    ------
    IntegrityError
        If the note is malformed, or a trusted key's signature on it is wrong.
    """
    text, entries = _parse_note(note)
    keys = {(key.name, note_key_id(key.name, key.public)): key for key in trusted}
    signers: list[TrustedKey] = []
    for name, signature in entries:
        key = keys.get((name, signature[:4]))
        if key is None:
            continue
        if not verify_signature(key.public, signature[4:], text.encode()):
            raise IntegrityError("signature.wrong", key=name)
        signers.append(key)
    return text, signers


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text. Extension lines are refused: nobody could audit them.

    Raises
    ------
    IntegrityError
        If the text is not exactly that of a checkpoint.
    """
    lines = text.split("\n")
    if len(lines) != 4 or not lines[0] or lines[3] or not DECIMAL.fullmatch(lines[1]):
        raise IntegrityError("registry.checkpoint_malformed")
    checkpoint = Checkpoint(lines[0], int(lines[1]), _decode(lines[2]))
    if len(checkpoint.root) != 32:
        raise IntegrityError("registry.checkpoint_malformed")
    return checkpoint


def _parse_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Text and signatures; the last empty line separates them."""
    if len(note) > MAX_NOTE_CHARS or re.search(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]", note):
        raise IntegrityError("registry.checkpoint_malformed")
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not text or not signatures.endswith("\n"):
        raise IntegrityError("registry.checkpoint_malformed")
    entries = []
    for line in signatures[:-1].split("\n"):
        match = SIGNATURE_LINE.fullmatch(line)
        if not match:
            raise IntegrityError("registry.checkpoint_malformed")
        entries.append((match[1], _decode(match[2])))
    return text + "\n", entries


def _decode(text: str) -> bytes:
    """Base64 in its one canonical form."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise IntegrityError("registry.checkpoint_malformed") from None
    if base64.b64encode(data).decode() != text:
        raise IntegrityError("registry.checkpoint_malformed")
    return data
