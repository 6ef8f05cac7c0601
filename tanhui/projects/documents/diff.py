"""Two versions of a document against each other: paragraphs of text, and figures by their keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import InputError
from tanhui.kernel.wording import LANGS, say
from tanhui.projects.documents.compose import FIGURES_TITLE
from tanhui.projects.documents.package import NotAPackage, properties_of, read_parts
from tanhui.projects.documents.untrusted import W, parse

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Difference", "Reading", "compare", "read_document"]

#: What stands between the cells of a row.
BETWEEN = " | "


@dataclass(frozen=True, slots=True)
class Reading:
    """A document as text: its paragraphs and rows in order, and its figures by their keys.

    ``to_write`` counts what is still marked as to be written.
    """

    lines: tuple[str, ...]
    figures: dict[str, str]
    properties: dict[str, str]
    to_write: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What the second version says otherwise.

    Attributes
    ----------
    removed, added : tuple of (int, str)
        Paragraphs with their place.
    figures : tuple of (str, str, str)
        Key, what it was and what it is; empty where it was not there or is no longer.
    """

    removed: tuple[tuple[int, str], ...]
    added: tuple[tuple[int, str], ...]
    figures: tuple[tuple[str, str, str], ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.removed or self.added or self.figures)

    def to_dict(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "same": self.same,
            "removed": [{"paragraph": place, "text": text} for place, text in self.removed],
            "added": [{"paragraph": place, "text": text} for place, text in self.added],
            "figures": [{"key": key, "before": before, "after": after} for key, before, after in self.figures],
        }


def read_document(path: Path) -> Reading:
    """Read a .docx as text.

    Raises
    ------
    InputError
        If there is none, or it is no such file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError("documents.unreadable", path=str(path), detail=error.strerror or str(error)) from None
    try:
        root, fault = parse(read_parts(data)["word/document.xml"], "word/document.xml", path.name)
    except (NotAPackage, KeyError):
        root, fault = None, None
    if root is None or fault:
        raise InputError("documents.not_a_document", path=str(path))
    body = root.find(f"{W}body")
    lines, figures = [], {}
    for block in () if body is None else body:
        if is_figures(block):
            figures = dict(list(_figures(block))[1:])
        else:
            lines += [text for text in _lines(block) if text]
    marks = [say("documents.to_write", lang) for lang in LANGS]
    to_write = sum(any(mark in _text(paragraph) for mark in marks) for paragraph in root.iter(f"{W}p"))
    return Reading(tuple(lines), figures, properties_of(data), to_write)


def is_figures(block: _Element) -> bool:
    """Whether a table is the one of all figures at the end of a document."""
    titles = block.iterfind(f"{W}tblPr/{W}tblCaption")
    return any(title.get(f"{W}val") == FIGURES_TITLE for title in titles)


def _figures(table: _Element) -> Iterator[tuple[str, str]]:
    """Key, and value with unit, of each row."""
    for row in table.iter(f"{W}tr"):
        key, value, unit, *_ = [*(_text(cell) for cell in row.iter(f"{W}tc")), "", "", ""]
        yield key, f"{value} {unit}".strip()


def _lines(block: _Element) -> Iterator[str]:
    """A paragraph as one line, a table as one line a row."""
    if block.tag == f"{W}tbl":
        for row in block.iter(f"{W}tr"):
            yield BETWEEN.join(_text(cell) for cell in row.iter(f"{W}tc"))
    else:
        yield _text(block)


def _text(element: _Element) -> str:
    """The letters in an element; a page number is none of them."""
    return "".join(letters.text or "" for letters in element.iter(f"{W}t")).strip()


def compare(before: Reading, after: Reading) -> Difference:
    """What differs between two readings."""
    removed: list[tuple[int, str]] = []
    added: list[tuple[int, str]] = []
    matcher = SequenceMatcher(None, before.lines, after.lines, autojunk=False)
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind != "equal":
            removed += _numbered(before.lines, first, last)
            added += _numbered(after.lines, start, end)
    keys = [key for key in {**before.figures, **after.figures} if before.figures.get(key) != after.figures.get(key)]
    figures = tuple((key, before.figures.get(key, ""), after.figures.get(key, "")) for key in keys)
    return Difference(tuple(removed), tuple(added), figures)


def _numbered(lines: Sequence[str], first: int, last: int) -> list[tuple[int, str]]:
    return [(place + 1, lines[place]) for place in range(first, last)]
