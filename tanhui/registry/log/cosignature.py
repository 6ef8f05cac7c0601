"""Cosignatures of checkpoints (c2sp.org/tlog-cosignature), and which suite a key belongs to.

``cosignature/v1`` is Ed25519 over a header, a time and the whole text of the checkpoint. ``subtree/v1`` is ML-DSA-44,
secure against quantum computers, over the signer's name, a time, origin, range and hash. It also signs other subtrees
than the whole tree, and it does **not** cover extension lines: what they say, an Ed25519 signature must say.

A log signs its checkpoint with plain Ed25519 and with ``subtree/v1`` under its own name; a witness with either
cosignature. The Chinese suite SM2/SM3 has its name reserved: no library that we trust has it yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tanhui.kernel.errors import DomainError, IntegrityError
from tanhui.kernel.signing import SigningKey, verify_signature
from tanhui.registry.checkpoint import Checkpoint, parse_checkpoint
from tanhui.registry.log.note import (
    ED25519,
    KEY_NAME,
    MAX_TIME,
    NoteKey,
    NoteSigner,
    Suite,
    decode,
    parse_signature,
    signature_line,
)
from tanhui.registry.log.tree import EMPTY_ROOT, HASH_BYTES, MAX_SIZE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

__all__ = [
    "COSIGNATURE_V1",
    "SUBTREE_V1",
    "SUITES",
    "cosigned_at",
    "is_subtree",
    "read_vkey",
    "sign_subtree",
    "suite_named",
    "verify_subtree",
]

#: Length of the time before a cosignature. [bytes]
TIME_BYTES = 8
#: Length of ML-DSA-44 signatures (FIPS 204, table 2). [bytes]
MLDSA44_SIGNATURE_BYTES = 2420
#: Longest name and origin in a ``subtree/v1`` message. [bytes]
MAX_NAME_BYTES = 255
#: Suites that documents may name one day.
RESERVED = ("sm2-sm3",)


@dataclass(frozen=True, slots=True)
class CosignatureV1:
    """Ed25519 over time and text, type 0x04."""

    name: str = "cosignature/v1"
    type: int = 0x04
    public_bytes: int = 32
    covers_text: bool = True

    def public(self, seed: bytes) -> bytes:
        """The public key of a seed."""
        return ED25519.public(seed)

    def sign(self, signer: NoteSigner, text: str, at: int) -> bytes:
        """Time and signature."""
        parse_checkpoint(text)  # only checkpoints are cosigned
        return _time(at) + SigningKey(signer.name, signer.seed).sign(self._message(text, at))

    def verify(self, key: NoteKey, text: str, signature: bytes) -> bool:
        """Whether the signature is right."""
        at = int.from_bytes(signature[:TIME_BYTES], "big")
        if at > MAX_TIME or _head(text) is None:
            return False
        return verify_signature(key.public, signature[TIME_BYTES:], self._message(text, at))

    def _message(self, text: str, at: int) -> bytes:
        return f"cosignature/v1\ntime {at}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class SubtreeV1:
    """ML-DSA-44 over name, time, origin, range and hash, type 0x06."""

    name: str = "subtree/v1"
    type: int = 0x06
    public_bytes: int = 1312
    covers_text: bool = False

    def public(self, seed: bytes) -> bytes:
        """The public key of a seed."""
        return _mldsa44(seed)[1]

    def sign(self, signer: NoteSigner, text: str, at: int) -> bytes:
        """Time and signature."""
        head = parse_checkpoint(text)
        return self.sign_range(signer, head.origin, (0, head.size), head.root, at)

    def sign_range(self, signer: NoteSigner, origin: str, span: tuple[int, int], root: bytes, at: int) -> bytes:
        """Time and signature of any subtree."""
        message = _subtree_message(signer.name, at, origin, span, root)
        return _time(at) + _mldsa44(signer.seed)[0].sign(message)

    def verify(self, key: NoteKey, text: str, signature: bytes) -> bool:
        """Whether the signature is right."""
        head = _head(text)
        return head is not None and self.verify_range(key, head.origin, (0, head.size), head.root, signature)

    def verify_range(self, key: NoteKey, origin: str, span: tuple[int, int], root: bytes, signature: bytes) -> bool:
        """Whether the signature of any subtree is right."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        if len(signature) != TIME_BYTES + MLDSA44_SIGNATURE_BYTES:
            return False
        at = int.from_bytes(signature[:TIME_BYTES], "big")
        try:
            message = _subtree_message(key.name, at, origin, span, root)
            MLDSA44PublicKey.from_public_bytes(key.public).verify(signature[TIME_BYTES:], message)
        except (DomainError, InvalidSignature, ValueError):
            return False
        return True


COSIGNATURE_V1 = CosignatureV1()
SUBTREE_V1 = SubtreeV1()
#: Every suite that a note here can carry, by name.
SUITES: dict[str, Suite] = {suite.name: suite for suite in (ED25519, COSIGNATURE_V1, SUBTREE_V1)}


def suite_named(name: str) -> Suite:
    """The suite of a name that a document states.

    Raises
    ------
    DomainError
        If there is none of that name, or it is reserved but not there yet.
    """
    if name in RESERVED:
        raise DomainError("registry.suite_reserved", suite=name)
    if name not in SUITES:
        raise DomainError("registry.suite_unknown", suite=name, known=", ".join(SUITES))
    return SUITES[name]


def read_vkey(text: str) -> NoteKey:
    """A verifier key ``name+id+key`` of any suite.

    Raises
    ------
    IntegrityError
        If it is not one, or its id is not that of its name and key.
    DomainError
        If it is of another type of signature.
    """
    name, _, rest = text.partition("+")
    data = decode(rest.partition("+")[2])
    suite = next((suite for suite in SUITES.values() if data[:1] == bytes([suite.type])), None)
    if data and suite is None:
        raise DomainError("registry.suite_unknown", suite=f"0x{data[0]:02x}", known=", ".join(SUITES))
    if suite is None or len(data) != 1 + suite.public_bytes or not KEY_NAME.fullmatch(name):
        raise IntegrityError("registry.key_malformed", name=name)
    key = NoteKey(name, data[1:], suite)
    if str(key) != text:
        raise IntegrityError("registry.key_malformed", name=name)
    return key


def is_subtree(start: int, end: int) -> bool:
    """Whether leaves ``start`` to ``end`` are a subtree: an empty range, or one on a multiple of its width rounded up.

    The width is rounded up to a power of two (draft-ietf-plants-merkle-tree-certs, "Subtrees").
    """
    width = end - start
    if not 0 <= start <= end <= MAX_SIZE or width > 2**62:
        return False
    return width == 0 or start % (1 << (width - 1).bit_length()) == 0


def sign_subtree(signer: NoteSigner, origin: str, start: int, end: int, root: bytes, *, at: int = 0) -> str:
    """A signature line of an ML-DSA-44 key over leaves ``start`` to ``end`` of a log.

    Raises
    ------
    DomainError
        If the key is of another suite, the range is no subtree, or it states a time and does not begin at leaf 0.
    """
    if signer.suite is not SUBTREE_V1:
        raise DomainError("registry.suite_unfit", suite=signer.suite.name)
    return signature_line(signer.key, SUBTREE_V1.sign_range(signer, origin, (start, end), root, at))


def verify_subtree(key: NoteKey, origin: str, start: int, end: int, root: bytes, line: str) -> bool:
    """Whether a signature line is the key's over leaves ``start`` to ``end`` of a log. Never raises."""
    try:
        found = parse_signature(line.removesuffix("\n"))
    except IntegrityError:
        return False
    ours = line.endswith("\n") and (found.name, found.key_id) == (key.name, key.id) and key.suite is SUBTREE_V1
    return ours and SUBTREE_V1.verify_range(key, origin, (start, end), root, found.signature)


def cosigned_at(signature: bytes) -> int:
    """The time that a cosignature states; nothing is verified. [POSIX seconds]

    Raises
    ------
    IntegrityError
        If the signature has not the length of a cosignature.
    """
    at = int.from_bytes(signature[:TIME_BYTES], "big")
    if len(signature) - TIME_BYTES not in (64, MLDSA44_SIGNATURE_BYTES) or at > MAX_TIME:
        raise IntegrityError("registry.checkpoint_malformed")
    return at


@lru_cache(maxsize=16)
def _mldsa44(seed: bytes) -> tuple[MLDSA44PrivateKey, bytes]:
    """A key pair; making it from its seed takes half as long as a signature."""
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

    key = MLDSA44PrivateKey.from_seed_bytes(seed)
    return key, key.public_key().public_bytes_raw()


def _time(at: int) -> bytes:
    return at.to_bytes(TIME_BYTES, "big")


def _head(text: str) -> Checkpoint | None:
    """The checkpoint that a text is, if it is one."""
    try:
        return parse_checkpoint(text)
    except IntegrityError:
        return None


def _subtree_message(name: str, at: int, origin: str, span: tuple[int, int], root: bytes) -> bytes:
    """The ``cosigned_message`` of the specification."""
    start, end = span
    names = [text.encode() for text in (name, origin)]
    if not all(1 <= len(data) <= MAX_NAME_BYTES for data in names):
        raise DomainError("registry.name_too_long", limit=MAX_NAME_BYTES)
    if not is_subtree(start, end) or len(root) != HASH_BYTES or (start == end and root != EMPTY_ROOT):
        raise DomainError("registry.no_subtree", start=start, end=end)
    if not 0 <= at <= (0 if start else MAX_TIME):
        raise DomainError("registry.time_wrong", time=at)
    signer, log = (bytes([len(data)]) + data for data in names)
    numbers = start.to_bytes(8, "big") + end.to_bytes(8, "big")
    return b"subtree/v1\n\x00" + signer + _time(at) + log + numbers + root
