"""The nouns of the workbook: cells with a role, pages that know where a cell will stand, and a book of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from tanhui.kernel.wording import Lang, say

__all__ = ["Book", "Cell", "Content", "Page", "Role", "column_letter", "label", "word"]

Content = str | float | int | date | None
#: What a cell is for. A person may write into ``input``, ``filled`` (the run's own guess) and ``parameter``; the others
#: are locked. ``value`` is a figure of the run that no formula gives.
Role = Literal["title", "note", "text", "head", "label", "input", "filled", "parameter", "formula", "value", "check"]


#: Control characters that no XML can carry.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def word(key: str, lang: Lang, **facts: Any) -> str:
    """The sentence ``workbook.<key>``."""
    return say(f"workbook.{key}", lang, **facts)


def column_letter(number: int) -> str:
    """The letter of a column, counted from 1: A, B, ..., Z, AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def label(text: object) -> Cell:
    """A name from a person's file as a cell; signs that no spreadsheet can hold are left out."""
    return Cell(CONTROL.sub("", str(text)), "label")


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, its role, how numbers are shown, and the name that other formulas call it by."""

    content: Content
    role: Role = "text"
    shown: str = ""
    name: str = ""


@dataclass(slots=True)
class Page:
    """A sheet while it is being filled; ``keys`` leading columns say which row a row is."""

    key: str
    title: str
    widths: Sequence[float]
    keys: int = 1
    head_rows: int = 3
    portrait: bool = False
    rows: list[Sequence[Cell | None]] = field(default_factory=list)

    @property
    def next_row(self) -> int:
        """The number of the row that :meth:`add` will fill."""
        return len(self.rows) + 1

    def add(self, *cells: Cell | None) -> int:
        """Put a row below the others and say its number."""
        self.rows.append(cells)
        return len(self.rows)

    def place(self, column: int, row: int) -> str:
        """A cell of this page as another page's formula writes it."""
        return f"'{self.title}'!${column_letter(column)}${row}"

    def span(self, column: int, first: int, last: int) -> str:
        """Cells of one column as another page's formula writes them."""
        letter = column_letter(column)
        return f"'{self.title}'!${letter}${first}:${letter}${last}"

    def heading(self, about: str, heads: Sequence[str]) -> None:
        """The title, what the page is for, and the heads of its columns."""
        self.add(Cell(self.title, "title"))
        self.add(Cell(about, "note"))
        self.head(heads)

    def head(self, heads: Sequence[str]) -> None:
        """A row of heads."""
        self.add(*(Cell(head, "head") for head in heads))


@dataclass(frozen=True, slots=True)
class Book:
    """All pages, and what the file says of itself: run, seed, project, language."""

    pages: tuple[Page, ...]
    run: str
    project: str
    lang: Lang
    title: str
    #: Whether the project file was read too.
    project_read: bool = False

    def names(self) -> dict[str, str]:
        """Every defined name and the cell it stands for."""
        return {
            cell.name: page.place(column, row)
            for page in self.pages
            for row, cells in enumerate(page.rows, start=1)
            for column, cell in enumerate(cells, start=1)
            if cell is not None and cell.name
        }
