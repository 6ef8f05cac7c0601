"""What a witness answers to a new checkpoint (c2sp.org/tlog-witness), as a pure decision.

A witness cosigns a checkpoint only if the log signed it and it extends the one it cosigned before, so a log cannot show
two histories to people who ask for the same witness. The caller keeps one :class:`Head` for each log: it must read it,
decide and store the new one in one transaction, and answer only afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tanhui.kernel.errors import IntegrityError, TanhuiError
from tanhui.registry.checkpoint import DECIMAL, Checkpoint, parse_checkpoint
from tanhui.registry.log.note import (
    NoteKey,
    NoteSigner,
    decode,
    encode,
    open_note,
    parse_note,
    parse_signature,
)
from tanhui.registry.log.tree import EMPTY_ROOT, HASH_BYTES, verify_consistency

__all__ = ["Cosigned", "Head", "WitnessRefused", "add_checkpoint", "add_cosignatures", "checkpoint_request"]

#: Content type of the answer that states the size we know.
SIZE_TYPE = "text/x.tlog.size"
#: A proof has at most one hash for each level of the largest tree.
MAX_PROOF = 63
OLD = re.compile(rf"old ({DECIMAL.pattern})")


@dataclass(frozen=True, slots=True)
class Head:
    """What a witness remembers of a log: the size and root that it cosigned last."""

    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint that is cosigned: what to remember of which log, and the answer's body (status 200)."""

    origin: str
    head: Head
    body: str


class WitnessRefused(TanhuiError):
    """A checkpoint that the witness does not cosign. ``status`` is the answer's, as the protocol fixes it.

    Where the log is at another size than it thinks (409), ``body`` states ours and is of type ``content_type``.
    """

    code = "registry.witness_refused"

    def __init__(self, code: str, /, status: int, **facts: Any) -> None:
        super().__init__(code, **facts)
        self.status = status
        self.body, self.content_type = "", "text/plain; charset=utf-8"


def checkpoint_request(old_size: int, proof: Iterable[bytes], note: str) -> str:
    """The body of a request to a witness: the size that it cosigned last, a consistency proof, the new checkpoint."""
    return f"old {old_size}\n" + "".join(f"{encode(value)}\n" for value in proof) + f"\n{note}"


def add_checkpoint(
    request: bytes,
    keys: Callable[[str], Iterable[NoteKey] | None],
    head: Callable[[str], Head | None],
    signers: Sequence[NoteSigner],
    at: int,
) -> Cosigned:
    """Decide about a new checkpoint of a log.

    Parameters
    ----------
    request : bytes
        Body of the request.
    keys : callable
        The log's keys by its origin; None where the origin is unknown.
    head : callable
        What is remembered of that log; None where it was never cosigned.
    signers : sequence of NoteSigner
        Our cosigning keys.
    at : int
        Now. [POSIX seconds]

    Raises
    ------
    WitnessRefused
        With the status of the answer: 400 malformed, or smaller than the old size; 403 not signed by the log;
        404 unknown log; 409 another size or another root than we know; 422 the proof is wrong.
    """
    old_size, proof, note = _parse(request)
    try:
        checkpoint = parse_checkpoint(parse_note(note)[0])
    except IntegrityError:
        raise WitnessRefused("registry.witness_malformed", 400) from None
    trusted = keys(checkpoint.origin)
    if trusted is None:
        raise WitnessRefused("registry.witness_unknown_log", 404, origin=checkpoint.origin)
    if not _is_signed(note, trusted):
        raise WitnessRefused("registry.witness_unsigned", 403, origin=checkpoint.origin)
    _check_growth(old_size, checkpoint, proof, head(checkpoint.origin) or Head())
    text = checkpoint.text()
    lines = "".join(signer.line(text, at) for signer in signers)
    return Cosigned(checkpoint.origin, Head(checkpoint.size, checkpoint.root), lines)


def add_cosignatures(note: str, answer: str, witnesses: Iterable[NoteKey]) -> str:
    """A checkpoint with the cosignatures of known witnesses from an answer; all others are left out.

    Raises
    ------
    IntegrityError
        If the answer is no lines of signatures, or the signature of a known witness on it is wrong.
    """
    text, there = parse_note(note)
    known = {(key.name, key.id): key for key in witnesses}
    lines = []
    for line in answer.removesuffix("\n").split("\n") if answer else ():
        found = parse_signature(line)
        key = known.get((found.name, found.key_id))
        if key is None or found in there:
            continue
        if not key.verify(text, found.signature):
            raise IntegrityError("signature.wrong", key=key.name)
        lines.append(f"{line}\n")
    return note + "".join(lines)


def _parse(request: bytes) -> tuple[int, list[bytes], str]:
    """Old size, proof and note of a request."""
    try:
        head, separator, note = request.decode("utf-8").partition("\n\n")
        first, *lines = head.split("\n")
        old = OLD.fullmatch(first)
        proof = [decode(line) for line in lines]
    except (UnicodeDecodeError, IntegrityError):
        raise WitnessRefused("registry.witness_malformed", 400) from None
    if old is None or not separator or len(proof) > MAX_PROOF or any(len(value) != HASH_BYTES for value in proof):
        raise WitnessRefused("registry.witness_malformed", 400)
    return int(old[1]), proof, note


def _is_signed(note: str, keys: Iterable[NoteKey]) -> bool:
    try:
        return bool(open_note(note, keys)[1])
    except IntegrityError:
        return False


def _check_growth(old_size: int, new: Checkpoint, proof: list[bytes], known: Head) -> None:
    """Refuse a checkpoint that does not extend what we cosigned."""
    if old_size > new.size:
        raise WitnessRefused("registry.witness_old_size", 400, old=old_size, size=new.size)
    if old_size != known.size:
        refusal = WitnessRefused("registry.witness_other_size", 409, old=old_size, known=known.size)
        refusal.body, refusal.content_type = f"{known.size}\n", SIZE_TYPE
        raise refusal
    if new.size == known.size and new.size and new.root != known.root:
        raise WitnessRefused("registry.witness_other_root", 409, origin=new.origin, size=new.size)
    if not verify_consistency(old_size, new.size, known.root, new.root, proof):
        raise WitnessRefused("registry.witness_proof_wrong", 422, old=old_size, size=new.size)
