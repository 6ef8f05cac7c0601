"""The nouns of a document: facts with their sources, and the outline that says where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tanhui.kernel.wording import Lang

__all__ = ["Both", "Chapter", "Clause", "Fact", "Outline", "Part", "Picture", "Table"]

Both = Mapping[str, str]
#: What may stand in a chapter. ``say``: a sentence with facts in braces; ``write``: what a person must write;
#: ``sign``: a line for a signature; ``facts``, ``table``, ``figure``: what the run or the registry gives.
Kind = Literal["say", "write", "sign", "facts", "table", "figure"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure or word that a document may print.

    Attributes
    ----------
    key : str
        Its name in outlines, templates and ``tanhui explain``.
    value : object
        As the source holds it.
    unit : str
    name, text : mapping of str to str
        What it is called and how it is printed, in both languages.
    source : str
        Where it stands: a file and the place in it.
    """

    key: str
    value: Any
    unit: str
    name: Both
    text: Both
    source: str

    def to_dict(self) -> dict[str, Any]:
        """As ``documents.json`` and ``tanhui explain`` carry it."""
        return {
            "key": self.key,
            "value": self.value,
            "unit": self.unit,
            "name": dict(self.name),
            "text": dict(self.text),
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Fact:
        """The inverse of :meth:`to_dict`."""
        return cls(**entry)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: column headings as wording keys, and cells that are words or facts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | Fact, ...], ...]
    #: How wide the columns are, one to another.
    widths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as PNG, and its size on paper. [mm]"""

    png: bytes
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Clause:
    """What asks for a passage, and how far it was read."""

    zh: str
    en: str
    reference: str
    status: str
    place: str = ""

    def words(self, lang: Lang) -> str:
        """As a document cites it."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Part:
    """One thing in a chapter."""

    kind: Kind
    words: Both = field(default_factory=dict)
    #: A table, a figure, or the keys of facts.
    what: tuple[str, ...] = ()
    clause: Clause | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading and what stands below it."""

    number: str
    title: Both
    level: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """One document of a rule book, as its file in ``data/documents/<book>/`` says.

    Attributes
    ----------
    needs : tuple of str
        Facts without which it is not written at all.
    required : tuple of str
        Facts that a template of somebody's own must have a place for.
    evidence : str
        The kind under which the registry files the signed document.
    status, reference : str
        How far the official outline was read, and what it is.
    """

    id: str
    book: str
    order: int
    lang: Lang
    title: Both
    needs: tuple[str, ...]
    required: tuple[str, ...]
    evidence: str
    status: str
    reference: str
    chapters: tuple[Chapter, ...]
