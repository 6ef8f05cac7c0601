"""An audit on disk: a folder with one file of lines that only grows.

Each line carries a hash of itself, so that a changed byte shows, and that of the line before it, so that none can be
taken out or written anew. Whoever keeps the hash of the last line (reports print it) knows the whole file. A line
counts once it is on disk with its line feed. What a killed process left of one is cut off by the next writer; two
writers wait for each other.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import canonical_bytes, digest, hash_json
from tanhui.kernel.errors import DomainError, InputError, IntegrityError
from tanhui.projects.audit.model import Audit, Event, Evidence, Subject
from tanhui.projects.audit.rules import AuditRefused, follow

__all__ = ["JOURNAL", "append", "begin", "head", "read"]

JOURNAL = "audit.jsonl"
FORMAT = "tanhui-audit-1"
SEAL = "seal"


def begin(folder: Path, subject: Subject) -> Audit:
    """A new audit in a folder that holds none.

    Raises
    ------
    InputError
        If there is one already.
    AuditRefused
        If the subject is none; nothing is written then.
    """
    audit = follow(subject, ())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JOURNAL).touch(0o644)
    with _locked(folder) as stream:
        if b"\n" in stream.read():
            raise InputError("audit.exists", path=str(folder))
        _put(stream, 0, {"format": FORMAT, **asdict(subject)})
    _sync(folder)
    return audit


def read(folder: Path) -> Audit:
    """Where an audit stands.

    Raises
    ------
    InputError
        If the folder holds no audit.
    IntegrityError
        If a line is not what its successor says it is, or could never have been written.
    """
    return _followed(_lines(folder))


def head(folder: Path) -> str:
    """Hash of the last line: whoever keeps it can tell whether anything before it was changed."""
    return digest(_lines(folder)[-1])


def append(folder: Path, event: Event) -> Audit:
    """One event more; its number and the hash of its predecessor are set here, a raised finding gets its number.

    Raises
    ------
    AuditRefused
        If the rules forbid it; nothing is written then.
    """
    with _locked(folder) as stream:
        lines = _lines(folder)
        audit = _followed(lines)
        numbered = replace(event, number=len(lines), previous=digest(lines[-1]))
        if event.act == "raise" and not event.finding:
            count = sum(one.kind == event.kind for one in audit.findings)
            numbered = replace(numbered, finding=f"{event.kind}-{count + 1:02d}")
        after = follow(audit.subject, (*audit.events, numbered))
        _put(stream, sum(len(line) + 1 for line in lines), _document(numbered))
        return after


@contextmanager
def _locked(folder: Path) -> Iterator[Any]:
    try:
        stream = open(folder / JOURNAL, "r+b")  # noqa: SIM115 the with below closes it
    except FileNotFoundError:
        raise InputError("audit.missing", path=str(folder)) from None
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream


def _put(stream: Any, at: int, document: dict[str, Any]) -> None:
    """A line after the whole ones; what was cut off there goes."""
    try:
        line = _sealed(document)
    except DomainError:
        raise AuditRefused("audit.not_writable") from None
    stream.truncate(at)
    stream.seek(at)
    stream.write(line + b"\n")
    stream.flush()
    os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    """The name of a new file on disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sealed(document: dict[str, Any]) -> bytes:
    """A line: the document with a hash of itself."""
    return canonical_bytes({**document, SEAL: hash_json(document)})


def _lines(folder: Path) -> list[bytes]:
    """Whole lines; the rest of one that was cut off never counted."""
    try:
        data = (folder / JOURNAL).read_bytes()
    except FileNotFoundError:
        raise InputError("audit.missing", path=str(folder)) from None
    *lines, torn = data.split(b"\n")
    # A line that is whole but for its line feed was not cut off: that byte was changed.
    if not lines or _is_sealed(torn[:-1]):
        raise IntegrityError("audit.damaged", line=len(lines) + 1)
    return lines


def _followed(lines: list[bytes]) -> Audit:
    line = 1
    try:
        head = _opened(lines[0])
        if head.pop("format") != FORMAT:
            raise ValueError("format")
        subject, events = Subject(**head), []
        for line, (before, text) in enumerate(pairwise(lines), start=2):
            event = _event(_opened(text))
            if (event.number, event.previous) != (line - 1, digest(before)):
                raise ValueError("chain")
            events.append(event)
        return follow(subject, events)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, DomainError, AuditRefused):
        raise IntegrityError("audit.damaged", line=line) from None


def _opened(text: bytes) -> dict[str, Any]:
    """A line's document, if these are the very bytes that were written."""
    document: dict[str, Any] = json.loads(text)
    del document[SEAL]
    if _sealed(document) != text:
        raise ValueError("seal")
    return document


def _is_sealed(text: bytes) -> bool:
    try:
        return bool(_opened(text))
    except (LookupError, TypeError, ValueError, RecursionError, DomainError):
        return False


def _document(event: Event) -> dict[str, Any]:
    """An event as JSON: what has its default is left out."""
    defaults = {field.name: field.default for field in fields(event)}
    document = {name: value for name, value in asdict(event).items() if value not in (defaults[name], (), {})}
    if event.evidence:
        document["evidence"] = [[one.name, one.sha256] for one in event.evidence]
    return document


def _event(document: dict[str, Any]) -> Event:
    evidence = tuple(Evidence(*pair) for pair in document.pop("evidence", ()))
    return Event(**document, evidence=evidence)
