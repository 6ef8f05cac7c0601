"""Use cases: write the workbook of a run, and find what a person changed in one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tanhui.kernel.errors import DomainError, InputError
from tanhui.kernel.files import write_whole
from tanhui.kernel.progress import Progress, silent
from tanhui.kernel.wording import Lang
from tanhui.projects.workbook.compare import Change, changes, read_workbook
from tanhui.projects.workbook.forms import is_formula
from tanhui.projects.workbook.model import Book
from tanhui.projects.workbook.pages import make_book
from tanhui.projects.workbook.source import read_source
from tanhui.projects.workbook.write import KIND, book_bytes, cells_of

__all__ = ["FILE", "Verdict", "Written", "book_of", "check_workbook", "write_workbook"]

#: What the workbook is called where nobody says otherwise.
FILE = "er_calculation.xlsx"


@dataclass(frozen=True, slots=True)
class Written:
    """A workbook on the disk."""

    path: Path
    run: str
    cells: int
    formulas: int

    def to_dict(self) -> dict[str, Any]:
        """As ``tanhui workbook --json`` prints it."""
        return {"file": str(self.path), "run": self.run, "cells": self.cells, "formulas": self.formulas}


def book_of(out: Path, lang: Lang = "zh", project: Path | None = None) -> Book:
    """The workbook of a run folder, not yet written."""
    return make_book(read_source(out, project), lang)


def write_workbook(
    out: Path,
    file: Path | None = None,
    *,
    project: Path | None = None,
    lang: Lang = "zh",
    progress: Progress | None = None,
) -> Written:
    """Write the workbook of a run.

    Parameters
    ----------
    out : Path
        A result folder of ``tanhui run``.
    file : Path, optional
        Where to; ``er_calculation.xlsx`` in the current folder otherwise, and not in the result folder, which the next
        run replaces. A workbook of ours that nobody touched is replaced.
    project : Path, optional
        The project folder: baseline, other pools, fires and a deficit then stand unrounded and can be changed.
    lang : {"zh", "en"}
        Language of sheets and words.

    Raises
    ------
    InputError
        If there is a file that a person changed, or that is not ours; nothing is written.
    """
    path = file or Path(FILE)
    if path.suffix.lower() != ".xlsx":
        raise InputError("workbook.not_xlsx", path=str(path))
    book = book_of(out, lang, project)
    refuse_edited(path)
    write_whole(path, book_bytes(book, progress or silent))
    cells = [content for *_, content in cells_of(book)]
    return Written(path, book.run, len(cells), sum(map(is_formula, cells)))


def refuse_edited(path: Path) -> None:
    """Leave alone what a person wrote: another file of that name, or a workbook of ours with another content."""
    if not path.exists():
        return
    try:
        found = read_workbook(path)
    except InputError:
        raise InputError("workbook.not_ours", path=str(path)) from None
    if found.mark.get("tanhui_kind") != KIND:
        raise InputError("workbook.not_ours", path=str(path))
    if not found.untouched:
        raise InputError("workbook.edited", path=str(path))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in a workbook; ``sha256`` names the very file."""

    path: Path
    sha256: str
    run: str
    changes: tuple[Change, ...]

    @property
    def count(self) -> int:
        """How many changes there are, those that are only counted too."""
        return sum(int(change.facts.get("count", 1)) for change in self.changes)

    def to_dict(self, lang: Lang) -> dict[str, Any]:
        """As ``tanhui workbook check --json`` prints it."""
        rows = [change.to_dict(lang) for change in self.changes]
        return {"file": str(self.path), "sha256": self.sha256, "run": self.run, "count": self.count, "changes": rows}


def check_workbook(path: Path, out: Path, project: Path | None = None) -> Verdict:
    """Compare a workbook with the run it was made from, in the language it was written in; nothing is changed.

    A workbook that was written with the project folder needs it again.

    Raises
    ------
    InputError
        If it is no workbook of ours.
    DomainError
        If it is of another run (``workbook.other_run``).
    """
    found = read_workbook(path)
    if found.mark.get("tanhui_kind") != KIND:
        raise InputError("workbook.not_ours_to_check", path=str(path))
    if found.mark.get("tanhui_project_read") != str(True):
        project = None
    elif project is None:
        raise InputError("workbook.name_project", path=str(path))
    book = book_of(out, "en" if found.mark.get("tanhui_lang") == "en" else "zh", project)
    if found.mark.get("tanhui_run") != book.run:
        other = found.mark.get("tanhui_run", "-")
        raise DomainError("workbook.other_run", path=str(path), found=other, wanted=book.run)
    return Verdict(path, found.sha256, book.run, tuple(changes(book, found)))
