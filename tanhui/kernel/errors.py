"""Errors that help: one tree, stable codes, the facts as attributes, words in Chinese and English.

::

    TanhuiError            something the product refuses; exit 1
    ├── DomainError        a value outside what a formula or rule allows
    ├── DataError          the product's own data folder is broken (our mistake, found at load)
    ├── IntegrityError     bytes are not what their hash or signature says
    ├── InputError         bad input or usage; exit 2
    │   └── RefusedInput   a file or project with faults, all of them listed
    └── (rooms add theirs in their own ``errors`` module, for example ``registry.errors``)

The sentence of an error lives in ``data/<room>/wording.toml`` under ``error.<code>``; the facts given to the
constructor fill it. So a code never changes, a sentence may, and both languages are written side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tanhui.kernel.wording import Lang, say

__all__ = [
    "DataError",
    "DomainError",
    "Fault",
    "InputError",
    "IntegrityError",
    "RefusedInput",
    "TanhuiError",
]


class TanhuiError(Exception):
    """Root of every refusal. ``code`` is stable; ``facts`` fill the sentence of the code."""

    code = "tanhui.error"
    exit_code = 1

    def __init__(self, code: str | None = None, /, **facts: Any) -> None:
        if code is not None:
            self.code = code
        self.facts = facts
        super().__init__(self.code)

    def text(self, lang: Lang = "en") -> str:
        """The sentence in one language."""
        return say(f"error.{self.code}", lang, **self.facts)

    def __str__(self) -> str:
        return self.text("en")

    def to_dict(self, lang: Lang = "en") -> dict[str, Any]:
        """The shape every face shows with ``--json``."""
        return {"code": self.code, "message": self.text(lang), "facts": {k: _plain(v) for k, v in self.facts.items()}}


class DomainError(TanhuiError):
    """A value outside what a formula or a rule allows."""

    code = "domain"


class DataError(TanhuiError):
    """The product's own data is broken: an unresolved reference, an undescribed column, an unknown unit."""

    code = "data"


class IntegrityError(TanhuiError):
    """Bytes are not what their hash or signature says."""

    code = "integrity"


class InputError(TanhuiError):
    """Bad input or usage."""

    code = "input"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a user's input, and where.

    ``code`` names a sentence ``fault.<code>`` with two parts per language: what is wrong and what to do.
    """

    code: str
    file: str = ""
    sheet: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def like(self) -> str:
        """The code this fault counts more of; empty where it is a fault of its own."""
        return str(self.facts.get("like", "")) if self.code == "table.and_more" else ""

    def reason(self, lang: Lang = "en") -> str:
        """What is wrong."""
        return say(f"fault.{self.code}", lang, value=self.value, column=self.column, **self.facts)

    def todo(self, lang: Lang = "en") -> str:
        """What to do about it; empty where the reason says enough."""
        return say(f"todo.{self.code}", lang, default="", value=self.value, column=self.column, **self.facts)

    def place(self, lang: Lang = "en") -> str:
        """File, sheet, row and column in one line."""
        parts = [self.file, self.sheet]
        if self.row is not None:
            parts.append(f"第 {self.row} 行" if lang == "zh" else f"row {self.row}")
        parts.append(self.column)
        return " · ".join(part for part in parts if part)

    def to_dict(self, lang: Lang = "en") -> dict[str, Any]:
        """The shape every face shows with ``--json``."""
        return {
            "code": self.code,
            "file": self.file,
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "reason": self.reason(lang),
            "todo": self.todo(lang),
        }


class RefusedInput(InputError):
    """Input with faults: refused whole, everything wrong is listed, nothing is changed.

    The text for a terminal shows the first few faults of each kind; :meth:`to_dict` lists all of them.
    """

    code = "input.refused"
    #: Faults of one kind in one column that the text shows.
    shown_of_a_kind = 5

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(count=self.count)

    @property
    def count(self) -> int:
        """Number of faults, those that were only counted included."""
        return sum(int(fault.facts.get("count", 1)) if fault.like else 1 for fault in self.faults)

    def text(self, lang: Lang = "en") -> str:
        lines = [say(f"error.{self.code}", lang, count=self.count)]
        kinds: dict[tuple[str, str, str, str], list[Fault]] = {}
        for fault in self.faults:
            kinds.setdefault((fault.file, fault.sheet, fault.like or fault.code, fault.column), []).append(fault)
        for faults in kinds.values():
            single = [fault for fault in faults if not fault.like][: self.shown_of_a_kind]
            lines += [f"  {f.place(lang)}: {f.reason(lang)} {f.todo(lang)}".rstrip() for f in single]
            hidden = sum(int(f.facts["count"]) if f.like else 1 for f in faults) - len(single)
            if hidden:
                lines.append(say("error.input.more_faults", lang, count=hidden))
        return "\n".join(lines)

    def to_dict(self, lang: Lang = "en") -> dict[str, Any]:
        head = say(f"error.{self.code}", lang, count=self.count)
        return {"code": self.code, "message": head, "faults": [f.to_dict(lang) for f in self.faults]}


def _plain(value: Any) -> Any:
    """A fact as JSON can carry it."""
    return value if isinstance(value, (str, int, float, bool, type(None), list, dict)) else str(value)
