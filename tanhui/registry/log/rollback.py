"""A log that forgot or rewrote what it had signed, found by anyone who kept one of its checkpoints.

A checkpoint commits to every earlier one. Who kept some compares them with the log as it is now, and gets a small
document that convinces a third party who knows nothing but the log's key:

- ``fork``: the log signed two histories. Either two roots for one size, or a kept root that is not the root of so many
  leaves of the log now, which a consistency proof of the log itself shows.
- ``rollback``: the log shows fewer leaves than it has signed, as after a restore from an old backup. The document
  proves what it signed; that it showed the smaller head later is the finder's word, or that of a cosignature's time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tanhui.kernel.errors import IntegrityError
from tanhui.registry.checkpoint import Checkpoint, parse_checkpoint
from tanhui.registry.log.note import NoteKey, decode, encode, open_note
from tanhui.registry.log.tree import verify_consistency

__all__ = ["Evidence", "Prove", "find_rollback", "verify_evidence"]

FORMAT = "tanhui-log-evidence/1"

Prove = Callable[[int, int], tuple[bytes, Sequence[bytes]]]
"""``prove(first, second)``, asked of the log as it is now: the root of its first ``first`` leaves, and the proof that
they are the beginning of its first ``second``."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two checkpoints of one log that cannot both be honest."""

    kind: Literal["fork", "rollback"]
    kept: str
    now: str
    #: Root of as many leaves of the log now as the kept checkpoint has, where that is needed.
    prefix_root: bytes | None = None
    proof: tuple[bytes, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The document, ready for JSON."""
        document: dict[str, Any] = {"format": FORMAT, "kind": self.kind, "kept": self.kept, "now": self.now}
        if self.prefix_root is not None:
            document |= {"prefix_root": encode(self.prefix_root), "proof": [encode(value) for value in self.proof]}
        return document


def find_rollback(kept: Iterable[str], now: str, prove: Prove, keys: Iterable[NoteKey]) -> Evidence | None:
    """Compare kept checkpoints with the log as it is now.

    Parameters
    ----------
    kept : iterable of str
        Signed checkpoints of the log from earlier.
    now : str
        Its signed checkpoint of now.
    prove : callable
        What the log now proves about its own beginnings.
    keys : iterable of NoteKey
        The log's keys.

    Returns
    -------
    Evidence or None
        Of a fork if there is one, otherwise of a rollback; None where the log kept its word.

    Raises
    ------
    IntegrityError
        If a note is malformed, is not signed by the log or is another log's, or if what the log proves does not fit
        the checkpoint that it shows.
    """
    trusted = list(keys)
    head, rollback = _head(now, trusted), None
    for note in kept:
        old = _head(note, trusted)
        if old.origin != head.origin:
            raise IntegrityError("registry.log_other_origin", origin=head.origin, other=old.origin)
        if old.size > head.size:
            rollback = rollback or Evidence("rollback", note, now)
        elif old.size == head.size:
            if old.root != head.root:
                return Evidence("fork", note, now)
        else:
            root, proof = prove(old.size, head.size)
            if not verify_consistency(old.size, head.size, root, head.root, proof):
                raise IntegrityError("registry.log_not_of_checkpoint", origin=head.origin, size=head.size)
            if root != old.root:
                return Evidence("fork", note, now, root, tuple(proof))
    return rollback


def verify_evidence(document: Mapping[str, Any], keys: Iterable[NoteKey]) -> Evidence:
    """The evidence in a document, if it proves what it says against the owner of the keys.

    Raises
    ------
    IntegrityError
        If it does not.
    """
    evidence = _parse(document)
    trusted = list(keys)
    old, head = _head(evidence.kept, trusted), _head(evidence.now, trusted)
    if old.origin != head.origin or not _proves(evidence, old, head):
        raise IntegrityError("registry.evidence_proves_nothing", kind=evidence.kind)
    return evidence


def _proves(evidence: Evidence, old: Checkpoint, head: Checkpoint) -> bool:
    root = evidence.prefix_root
    if evidence.kind == "rollback":
        return old.size > head.size
    if root is None:
        return old.size == head.size and old.root != head.root
    grown = old.size < head.size and old.root != root
    return grown and verify_consistency(old.size, head.size, root, head.root, evidence.proof)


def _head(note: str, keys: Iterable[NoteKey]) -> Checkpoint:
    """The checkpoint in a note that the log signed."""
    text, signers = open_note(note, keys)
    if not signers:
        raise IntegrityError("registry.note_unsigned")
    return parse_checkpoint(text)


def _parse(document: Mapping[str, Any]) -> Evidence:
    try:
        rest = {name: document[name] for name in ("kind", "kept", "now")}
        if "prefix_root" in document:
            rest |= {"prefix_root": decode(document["prefix_root"]), "proof": tuple(map(decode, document["proof"]))}
        evidence = Evidence(**rest)
        known = evidence.kind in ("fork", "rollback") and evidence.to_dict() == document
    except (KeyError, TypeError, ValueError, AttributeError):
        known = False
    if not known or not all(isinstance(note, str) for note in (evidence.kept, evidence.now)):
        raise IntegrityError("registry.evidence_malformed")
    return evidence
