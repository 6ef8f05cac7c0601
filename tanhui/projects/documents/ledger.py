"""The folder of documents: what was written, in which edition, and which signed PDF belongs to which.

``documents.json`` lists them; ``run/`` is the run they rest on. The folder appears whole or not at all. A file that is
not as we wrote it is somebody's work: it is named, and stays.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any

from tanhui.kernel.canonical import readable_bytes
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.files import at_work, hidden_folder, put_in_place, write_whole
from tanhui.projects.documents.package import is_untouched

__all__ = [
    "LEDGER",
    "RUN",
    "fill",
    "names_beside",
    "new_ledger",
    "note_written",
    "read_ledger",
    "staged",
    "updating",
]

LEDGER, RUN, FORMAT = "documents.json", "run", "tanhui-documents-1"
#: Names tried beside a file that somebody changed.
MOST_BESIDE = 100
Ledger = dict[str, Any]


def new_ledger(project: str, book: str) -> Ledger:
    """A folder in which nothing was written yet."""
    return {"format": FORMAT, "project": project, "book": book, "run": "", "documents": {}, "facts": {}, "signed": []}


def read_ledger(folder: Path) -> Ledger | None:
    """What a folder of documents says of itself; nothing where it is none yet.

    Raises
    ------
    InputError
        If it holds other files, or a ledger that cannot be read.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    if not (folder / LEDGER).is_file():
        raise InputError("documents.not_ours", path=str(folder))
    try:
        ledger = json.loads((folder / LEDGER).read_text(encoding="utf-8"))
        if ledger["format"] != FORMAT or not isinstance(ledger["documents"], dict):
            raise KeyError("format")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError("documents.ledger", path=str(folder), detail=str(error)) from None
    return dict(ledger)


def names_beside(folder: Path, files: Mapping[str, bytes], *, beside: bool) -> dict[str, str]:
    """Under which name each file is written: its own, or one beside what somebody changed.

    Raises
    ------
    RefusedInput
        With every file that somebody changed, unless ``beside``.
    """
    edited = [name for name, data in files.items() if is_edited(folder / name, data)]
    if edited and not beside:
        raise RefusedInput([Fault("documents.edited", file=str(folder / name)) for name in edited])
    return {name: free_name(folder, name, data) if name in edited else name for name, data in files.items()}


def is_edited(path: Path, new: bytes) -> bool:
    """Whether a file is there that is neither ours, untouched, nor just what we would write."""
    if not path.exists():
        return False
    data = path.read_bytes()
    return data != new and not is_untouched(data)


def free_name(folder: Path, name: str, data: bytes) -> str:
    """``name-2.docx``, or the next that nobody changed."""
    stem, _, suffix = name.rpartition(".")
    for number in range(2, MOST_BESIDE):
        other = f"{stem}-{number}.{suffix}"
        if not is_edited(folder / other, data):
            return other
    raise InputError("documents.bad_name", name=name)


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` that takes its place when the block ends well, with everything ``target`` held.

    What is taken over are links to the same files, so that whoever has one open saves into the new folder too.
    """
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{escape(target.name)}.partial-*"):
        if not at_work(leftover):
            shutil.rmtree(leftover, ignore_errors=True)
    stage = hidden_folder(target)
    try:
        yield stage
        os.chmod(stage, 0o755)
        put_in_place(stage, target)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def fill(target: Path, stage: Path, files: Mapping[str, bytes], names: Mapping[str, str], ledger: Ledger) -> None:
    """Fill a stage: what the folder held, the new files under their names, the ledger.

    Raises
    ------
    InputError
        If somebody changed a file since its name was chosen.
    """
    if target.is_dir():
        replaced = {LEDGER, RUN, *names.values()}

        def ours(place: str, found: list[str]) -> set[str]:
            return replaced & set(found) if Path(place) == target else set()

        shutil.copytree(target, stage, symlinks=True, ignore=ours, copy_function=link, dirs_exist_ok=True)
    for name, data in files.items():
        if is_edited(target / names[name], data):
            raise InputError("documents.meanwhile", file=names[name])
        write_whole(stage / names[name], data)
    write_whole(stage / LEDGER, readable_bytes(ledger))


def link(source: str, target: str) -> None:
    """A second name for a file; a copy where the disk has no such thing."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


@contextmanager
def updating(folder: Path) -> Iterator[Ledger]:
    """The ledger of a folder, written back when the block ends well; one writer at a time."""
    ledger = read_ledger(folder)
    if ledger is None:
        raise InputError("documents.no_file", path=str(folder), file=LEDGER)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        ledger = read_ledger(folder) or ledger
        yield ledger
        write_whole(folder / LEDGER, readable_bytes(ledger))
    finally:
        with suppress(OSError):
            os.close(handle)


def note_written(ledger: Ledger, name: str, **told: Any) -> None:
    """Note a document in the ledger, behind the editions it had before."""
    entry = ledger["documents"].setdefault(name, {"editions": []})
    known = [edition for edition in entry["editions"] if edition["edition"] != told["edition"]]
    entry.update(told)
    entry["editions"] = [*known, {key: told[key] for key in ("edition", "sha256", "run")}]
