"""Outlines: one TOML file for each document of a rule book, found by being there.

``data/documents/<book>/<document>.toml`` lists chapters and what stands in each; ``clauses.toml`` beside them what asks
for it. A new document is a new file and needs no code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tanhui.kernel.bibliography import references
from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DataError, InputError
from tanhui.kernel.parameters import Status
from tanhui.kernel.wording import LANGS
from tanhui.projects.documents.catalogue import is_known
from tanhui.projects.documents.figures import FIGURES
from tanhui.projects.documents.model import Both, Chapter, Clause, Outline, Part
from tanhui.projects.documents.tables import TABLES

__all__ = ["PLACEHOLDER", "books", "load_outlines", "outlines", "read_outline"]

CLAUSES = "clauses.toml"
#: A fact in a sentence.
PLACEHOLDER = re.compile(r"\{([a-z][\w.*-]*)\}")


def books() -> list[str]:
    """Rule books that have documents."""
    return sorted(path.name for path in data_path("documents").iterdir() if path.is_dir())


@cache
def outlines(book: str) -> dict[str, Outline]:
    """The documents of a rule book by their names, in their order.

    Raises
    ------
    InputError
        If the rule book has no documents here.
    """
    if book not in books():
        raise InputError("documents.unknown_book", book=book, known=", ".join(books()))
    return load_outlines(data_path("documents", book))


def load_outlines(folder: Path) -> dict[str, Outline]:
    """The documents of one folder; an outline that names what is not there is a fault of the data."""
    clauses = {key: Clause(**_without_date(entry)) for key, entry in read_toml(folder / CLAUSES).items()}
    paths = [path for path in sorted(folder.glob("*.toml")) if path.name != CLAUSES]
    found = [read_outline(path, clauses) for path in paths]
    return {outline.id: outline for outline in sorted(found, key=lambda outline: outline.order)}


def _without_date(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "checked_on"}


def read_outline(path: Path, clauses: Mapping[str, Clause]) -> Outline:
    """One outline, checked: words in both languages, known facts, tables, figures, clauses and references."""
    said = read_toml(path)
    wrong = list(_faults(said, clauses))
    if wrong:
        raise DataError("documents.outline", file=path.name, detail="; ".join(wrong))
    return Outline(
        id=path.stem,
        book=path.parent.name,
        order=said["order"],
        lang=said["lang"],
        title={lang: said[lang] for lang in LANGS},
        needs=tuple(said.get("needs", ())),
        required=tuple(said["required"]),
        evidence=said["evidence"],
        status=said["outline"]["status"],
        reference=said["outline"]["reference"],
        chapters=tuple(_chapter(entry, clauses) for entry in said["chapters"]),
    )


def _chapter(entry: Mapping[str, Any], clauses: Mapping[str, Clause]) -> Chapter:
    number = entry.get("number", "")
    level = entry.get("level", number.count(".") + 1 if number else 1)
    title: Both = {lang: entry[lang] for lang in LANGS}
    return Chapter(number, title, level, tuple(_part(part, clauses) for part in entry.get("parts", ())))


def _part(entry: Mapping[str, Any], clauses: Mapping[str, Clause]) -> Part:
    (kind,) = (kind for kind in ("say", "write", "sign", "facts", "table", "figure") if kind in entry)
    said = entry[kind]
    words = said if isinstance(said, dict) else {}
    what = () if words else (said,) if isinstance(said, str) else tuple(said)
    return Part(kind, words, what, clauses.get(entry.get("clause", "")))  # type: ignore[arg-type]


def _faults(said: Mapping[str, Any], clauses: Mapping[str, Clause]) -> Iterator[str]:
    if said["outline"]["reference"] not in references():
        yield f"reference {said['outline']['reference']}"
    Status.parse(said["outline"]["status"])
    yield from (f"fact {key}" for key in (*said.get("needs", ()), *said["required"]) if not is_known(key))
    for chapter in said["chapters"]:
        for part in chapter.get("parts", ()):
            yield from _part_faults(part, clauses)


def _part_faults(part: Mapping[str, Any], clauses: Mapping[str, Clause]) -> Iterator[str]:
    if part.get("clause") and part["clause"] not in clauses:
        yield f"clause {part['clause']}"
    for name in ("say", "write", "sign"):
        if name in part:
            yield from (f"{name} lacks {lang}" for lang in LANGS if not part[name].get(lang))
            keys = [set(PLACEHOLDER.findall(part[name].get(lang, ""))) for lang in LANGS]
            if keys[0] != keys[1]:
                yield f"{name} has other facts in each language: {sorted(keys[0] ^ keys[1])}"
            yield from (f"fact {key}" for key in sorted(keys[0]) if not is_known(key))
    yield from (f"fact {key}" for key in part.get("facts", ()) if not is_known(key))
    if "table" in part and part["table"] not in TABLES:
        yield f"table {part['table']}"
    if "figure" in part and part["figure"] not in FIGURES:
        yield f"figure {part['figure']}"
