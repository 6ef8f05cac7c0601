"""Checkpoints: origin, size and root of the log in the text of a signed note (c2sp.org/tlog-checkpoint).

Three lines, then extension lines that mean something to the log only. Ours is ``state <base64>``, the root of the
ledger's state after the last entry. A foreign log's extension lines are kept as they are. The note itself and its
signatures are ``log.note`` and ``log.cosignature``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tanhui.kernel.errors import IntegrityError
from tanhui.kernel.signing import SigningKey, TrustedKey
from tanhui.registry.log.note import (
    FORBIDDEN,
    KEY_NAME,
    NoteKey,
    NoteSigner,
    decode,
    encode,
    note_key_id,
    open_note,
    sign_note,
)
from tanhui.registry.log.tree import HASH_BYTES, MAX_SIZE

__all__ = [
    "Checkpoint",
    "note_key_id",
    "open_note",
    "parse_checkpoint",
    "read_verifier_key",
    "sign_checkpoint",
    "sign_note",
    "signed_extensions",
    "state_line",
    "verifier_key",
]

DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
STATE = "state "


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: whose it is, how many leaves, their root, and lines of the log's own.

    Raises
    ------
    IntegrityError
        If such a head cannot be written as a checkpoint.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if (
            not all(line and "\n" not in line and not FORBIDDEN.search(line) for line in lines)
            or not 0 <= self.size <= MAX_SIZE
            or len(self.root) != HASH_BYTES
        ):
            raise IntegrityError("registry.checkpoint_malformed")

    def text(self) -> str:
        """The lines that are signed."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, encode(self.root), *self.extensions))

    @property
    def state(self) -> bytes | None:
        """The root of the ledger's state, where the log states one.

        Raises
        ------
        IntegrityError
            If it states several, or something that is no hash.
        """
        found = [decode(line.removeprefix(STATE)) for line in self.extensions if line.startswith(STATE)]
        if len(found) > 1 or any(len(root) != HASH_BYTES for root in found):
            raise IntegrityError("registry.checkpoint_malformed")
        return found[0] if found else None


def state_line(root: bytes) -> str:
    """The extension line that states the root of the ledger's state."""
    return STATE + encode(root)


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text.

    Raises
    ------
    IntegrityError
        If the text is not exactly that of a checkpoint.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not DECIMAL.fullmatch(lines[1]):
        raise IntegrityError("registry.checkpoint_malformed")
    return Checkpoint(lines[0], int(lines[1]), decode(lines[2]), tuple(lines[3:-1]))


def sign_checkpoint(checkpoint: Checkpoint, *signers: NoteSigner | SigningKey, at: int = 0) -> str:
    """A checkpoint as a signed note; ``at`` is the time that cosignatures state. [POSIX seconds]"""
    return sign_note(checkpoint.text(), *signers, at=at)


def signed_extensions(checkpoint: Checkpoint, signers: Iterable[NoteKey | TrustedKey]) -> tuple[str, ...]:
    """The extension lines, if one of the signers' signatures covers them; ML-DSA-44 ``subtree/v1`` does not."""
    covered = any(isinstance(key, TrustedKey) or key.suite.covers_text for key in signers)
    return checkpoint.extensions if covered else ()


def verifier_key(name: str, public: bytes) -> str:
    """An Ed25519 key as C2SP tools take it: ``name+id+key``."""
    return str(NoteKey(name, public))


def read_verifier_key(text: str) -> TrustedKey:
    """The Ed25519 key that :func:`verifier_key` wrote, trusted for nothing yet.

    Keys of every suite are read by :func:`tanhui.registry.log.cosignature.read_vkey`.

    Raises
    ------
    IntegrityError
        If it is not one, or its id is not that of its name and key.
    """
    name, _, rest = text.partition("+")
    data = decode(rest.partition("+")[2])
    if len(data) != 33 or not KEY_NAME.fullmatch(name) or verifier_key(name, data[1:]) != text:
        raise IntegrityError("registry.checkpoint_malformed")
    return TrustedKey(name, data[1:])
