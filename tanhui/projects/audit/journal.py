"""An audit on disk: a folder with one file of lines that only grows, each carrying the hash of the line before it.

A line counts once it is on disk with its line feed. What a killed process left of one is cut off by the next writer;
two writers wait for each other. Nothing is ever changed: whoever keeps the hash of the last line knows it.
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

from tanhui.kernel.canonical import canonical_bytes, digest
from tanhui.kernel.errors import DomainError, InputError, IntegrityError
from tanhui.projects.audit.model import Audit, Event, Evidence, Subject
from tanhui.projects.audit.rules import AuditRefused, follow

__all__ = ["JOURNAL", "append", "begin", "read"]

JOURNAL = "audit.jsonl"
FORMAT = "tanhui-audit-1"


def begin(folder: Path, subject: Subject) -> Audit:
    """A new audit in an absent or empty folder.

    Raises
    ------
    InputError
        If there is one already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(folder / JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        raise InputError("audit.exists", path=str(folder)) from None
    with os.fdopen(handle, "wb") as stream:
        _put(stream, {"format": FORMAT, **asdict(subject)})
    return follow(subject, ())


def read(folder: Path) -> Audit:
    """Where an audit stands.

    Raises
    ------
    InputError
        If the folder holds no audit.
    IntegrityError
        If a line is not what its successor says it is, or could never have been written.
    """
    lines = _lines(folder)
    return _followed(lines)


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
        stream.truncate(sum(len(line) + 1 for line in lines))
        stream.seek(0, os.SEEK_END)
        try:
            _put(stream, _document(numbered))
        except DomainError:
            raise AuditRefused("audit.text_missing", most=0) from None
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


def _put(stream: Any, document: dict[str, Any]) -> None:
    stream.write(canonical_bytes(document) + b"\n")
    stream.flush()
    os.fsync(stream.fileno())


def _lines(folder: Path) -> list[bytes]:
    """Whole lines; the rest of one that was cut off never counted."""
    try:
        data = (folder / JOURNAL).read_bytes()
    except FileNotFoundError:
        raise InputError("audit.missing", path=str(folder)) from None
    lines = data.split(b"\n")[:-1]
    if not lines:
        raise IntegrityError("audit.damaged", line=1)
    return lines


def _followed(lines: list[bytes]) -> Audit:
    line = 1
    try:
        head = json.loads(lines[0])
        if head.pop("format") != FORMAT:
            raise ValueError("format")
        subject, events = Subject(**head), []
        for line, (before, text) in enumerate(pairwise(lines), start=2):
            event = _event(json.loads(text))
            if (event.number, event.previous) != (line - 1, digest(before)) or canonical_bytes(
                _document(event)
            ) != text:
                raise ValueError("chain")
            events.append(event)
        return follow(subject, events)
    except (LookupError, TypeError, ValueError, AttributeError, DomainError, AuditRefused):
        raise IntegrityError("audit.damaged", line=line) from None


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
