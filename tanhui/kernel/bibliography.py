"""References and glossary: every number names where it was read, every quantity has one name in two languages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tanhui.kernel.data import merged_toml
from tanhui.kernel.errors import DataError
from tanhui.kernel.units import is_unit

__all__ = ["Reference", "Term", "glossary", "reference", "references"]


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a number was read."""

    key: str
    title: str
    authors: str = ""
    year: int | None = None
    publisher: str = ""
    identifier: str = ""
    licence: str = ""
    note: str = ""

    def cite(self) -> str:
        """One line for a table or a footnote."""
        head = ", ".join(part for part in (self.authors, str(self.year or "")) if part)
        return ". ".join(part for part in (head, self.title, self.publisher, self.identifier) if part)


@dataclass(frozen=True, slots=True)
class Term:
    """A quantity: the name the code uses, its symbol, unit, and what people call it."""

    key: str
    symbol: str
    unit: str
    zh: str
    en: str
    meaning: str = ""


@cache
def references() -> dict[str, Reference]:
    """All references of all data folders by key."""
    return {key: Reference(key=key, **entry) for key, entry in merged_toml("references.toml").items()}


def reference(key: str) -> Reference:
    """One reference; a key that no ``references.toml`` defines is a fault of the data."""
    try:
        return references()[key]
    except KeyError:
        raise DataError("data.unknown_reference", key=key) from None


@cache
def glossary() -> dict[str, Term]:
    """All terms of all data folders by key."""
    terms = {key: Term(key=key, **entry) for key, entry in merged_toml("glossary.toml").items()}
    for term in terms.values():
        if not is_unit(term.unit):
            raise DataError("data.unknown_unit", unit=term.unit, where=f"glossary.toml: {term.key}")
    return terms
