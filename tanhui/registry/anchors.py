"""Keys that a reader trusts for a log and for its witnesses, from a file that they had beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tanhui.kernel.errors import InputError, TanhuiError
from tanhui.kernel.signing import load_trust
from tanhui.registry.log.cosignature import read_vkey
from tanhui.registry.log.note import ED25519, NoteKey, open_note

__all__ = ["Anchors", "authenticated_by", "cosigned_by", "keys_of", "load_anchors", "load_log_keys"]


@dataclass(frozen=True, slots=True)
class Anchors:
    """Keys of logs, keys of witnesses, and how many witnesses the reader asks for. A witness is a name, not a key."""

    log: tuple[NoteKey, ...]
    witnesses: tuple[NoteKey, ...] = ()
    quorum: int = 0


def load_anchors(path: Path) -> Anchors:
    """What a trust file says: keys of logs as :func:`load_log_keys` reads them, ``witness`` keys, and a ``quorum``.

    Where it names witnesses and no quorum, all of them must have cosigned.

    Raises
    ------
    InputError
        If the file is not a trust file, or asks for more witnesses than it names.
    """
    log, document = load_log_keys(path), _read(path)
    witnesses = _vkeys(path, document, "witness")
    names = {key.name for key in witnesses}
    quorum = document.get("quorum", len(names))
    if type(quorum) is not int or not 0 <= quorum <= len(names) or any(key.suite is ED25519 for key in witnesses):
        raise InputError("trust.unreadable", path=str(path), detail=f"quorum {quorum!r} / {len(names)}")
    return Anchors(log, witnesses, quorum)


def load_log_keys(path: Path) -> tuple[NoteKey, ...]:
    """Keys of logs in a trust file: verifier keys of any suite under ``log``, Ed25519 ones of role ``registry``.

    Raises
    ------
    InputError
        If the file is not a trust file.
    """
    plain = [NoteKey(key.name, key.public) for key in load_trust(path).values() if "registry" in key.roles]
    named = _vkeys(path, _read(path), "log")
    return tuple({(key.name, key.id): key for key in (*plain, *named)}.values())


def keys_of(anchors: Iterable[NoteKey], origin: str) -> list[NoteKey]:
    """The keys that sign for a log."""
    return [key for key in anchors if key.name == origin]


def authenticated_by(note: str, anchors: Iterable[NoteKey], origin: str) -> list[NoteKey]:
    """The anchors that signed a log's note, if all of them did; none otherwise.

    All, so that nobody gets by with the weaker one of two kinds of signature.

    Raises
    ------
    IntegrityError
        If the note is malformed, or the signature of an anchor on it is wrong.
    """
    wanted = keys_of(anchors, origin)
    _, signers = open_note(note, wanted)
    return signers if len(signers) == len(wanted) else []


def cosigned_by(note: str, witnesses: Sequence[NoteKey], origin: str) -> list[NoteKey]:
    """The keys of witnesses that cosigned a log's note. The log is no witness of its own.

    Raises
    ------
    IntegrityError
        If the note is malformed, or the cosignature of one of them on it is wrong.
    """
    others = [key for key in witnesses if key.name != origin and key.suite is not ED25519]
    return open_note(note, others)[1]


def _read(path: Path) -> dict[str, Any]:
    import json

    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("trust.unreadable", path=str(path), detail=str(error)) from None
    return document


def _vkeys(path: Path, document: dict[str, Any], name: str) -> tuple[NoteKey, ...]:
    """Verifier keys that a trust file lists under a name."""
    try:
        return tuple(read_vkey(text) for text in document.get(name, []))
    except (TanhuiError, AttributeError, TypeError, ValueError) as error:
        raise InputError("trust.unreadable", path=str(path), detail=str(error)) from None
