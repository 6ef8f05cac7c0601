"""The nouns of a sink: what it is, what it is asked, what it answers."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from tanhui.kernel.wording import Lang

__all__ = ["Equation", "Gap", "Input", "Line", "Outcome", "Sink", "Value"]

HERE = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Value:
    """One quantity of an answer.

    Attributes
    ----------
    quantity : str
        A key of the glossary, which holds its unit.
    value : float
        In that unit. A stock or a removal is positive, an emission to the air negative where the quantity is a net.
    year : int
        Years after the first one of the account.
    domain : str
        What it is of, where an answer has several: a stratum, a species, a depth.
    own_se : mapping of str to float
        Standard errors that no factor or input stands for, such as the scatter of trees about their equation, by
        their source. The errors of factors and inputs are added by the frame.
    """

    quantity: str
    value: float
    year: int = 0
    domain: str = ""
    own_se: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One signed line of the balance: removal positive, emission negative. [t CO2e]"""

    line: str
    co2e_t: float
    own_se: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of a sink: quantities, the lines of its balance over ``years``, cautions, and details by row.

    ``notes`` are wording keys ``note.<room>.<name>``, with their facts after a colon if they have any
    (``key:subject``). The lines add to ``net``; where there are none, the sink has no balance of gases.
    """

    values: Sequence[Value]
    lines: Sequence[Line] = ()
    years: float = 1.0
    notes: Sequence[str] = ()
    rows: Mapping[str, Sequence[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Input:
    """What a sink asks for. ``table`` names the description of rows, ``<room>/<table>``."""

    name: str
    kind: str
    zh: str
    en: str
    unit: str = "text"
    required: bool = False
    default: Any = None
    min: float | None = None
    max: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    length: int | None = None
    unit_required: bool = False
    table: str = ""
    why_zh: str = ""
    why_en: str = ""

    def holds(self, number: float) -> bool:
        """Whether a number lies in its range."""
        low = self.min is None or number >= self.min
        return low and (self.above is None or number > self.above) and (self.max is None or number <= self.max)

    @property
    def largest_se(self) -> float:
        """Nothing that stays in a range can scatter by more than half of it."""
        low = self.min if self.min is not None else self.above
        return math.inf if low is None or self.max is None else (self.max - low) / 2

    def words(self, lang: Lang) -> str:
        """What it means."""
        return self.zh if lang == "zh" else self.en

    def why(self, lang: Lang) -> str:
        """Why there is no default, or another remark."""
        return self.why_zh if lang == "zh" else self.why_en


@dataclass(frozen=True, slots=True)
class Equation:
    """An equation as people write it, and where it was read."""

    text: str
    reference: str
    status: str
    place: str = ""
    zh: str = ""
    en: str = ""

    def words(self, lang: Lang) -> str:
        """What it gives."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Gap:
    """What is not known or not built, and what that leaves open."""

    zh: str
    en: str

    def words(self, lang: Lang) -> str:
        """What is missing."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class Sink:
    """One ecosystem or practice that takes up, keeps or gives off carbon.

    ``brought`` names factors that have no default: only a user brings them.
    """

    id: str
    zh: str
    en: str
    scope_zh: str
    scope_en: str
    folder: Path
    inputs: Mapping[str, Input]
    methods: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()
    equations: tuple[Equation, ...] = ()
    gaps: tuple[Gap, ...] = ()
    aliases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def title(self, lang: Lang = "en") -> str:
        """Its name."""
        return self.zh if lang == "zh" else self.en

    def scope(self, lang: Lang = "en") -> str:
        """What it is for, and what not."""
        return self.scope_zh if lang == "zh" else self.scope_en

    @property
    def room(self) -> str:
        """Its folder, under ``sinks`` and under ``data``."""
        return self.folder.name

    @property
    def no_credit(self) -> str:
        """Why no answer of a model is a credit, as a wording key with its subject."""
        return f"reason.sinks.needs_method:{', '.join(self.methods)}" if self.methods else "reason.sinks.research_only:"

    @cached_property
    def module(self) -> ModuleType:
        """Its Python package."""
        return importlib.import_module(f"tanhui.sinks.{self.room}")

    def cases(self) -> list[Path]:
        """Its worked cases."""
        return sorted((self.folder / "cases").glob("*.toml"))
