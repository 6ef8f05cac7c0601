"""The nouns: a figure as it is stated, the ways it can be read, what each way gives, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import NormalDist
from typing import Any, Literal

from tanhui.kernel.parameters import Status
from tanhui.kernel.wording import Lang

__all__ = ["Answer", "Figure", "Input", "Reading", "Relation", "Verdict"]

#: ``below``: the text says only that something is less than something else.
Relation = Literal["equal", "below"]
#: Half the width of a 90 % interval in standard errors.
Z90 = NormalDist().inv_cdf(0.95)


class Verdict(StrEnum):
    """What becomes of a figure, or of one reading of it. ``CONTEXT`` is shown and not judged."""

    REPRODUCED = "reproduced"
    OUT_OF_RANGE = "out_of_range"
    UNSUPPORTED = "unsupported"
    DENOMINATOR_MISSING = "denominator_missing"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class Input:
    """What goes into a reading: part of the question (``asked``), or evidence with its source and status.

    ``beside`` marks a number that is applied to what a sink gives, not given to it.
    """

    name: str
    value: Any
    asked: bool = False
    beside: bool = False
    reference: str = ""
    place: str = ""
    status: Status | None = None

    @property
    def sourced(self) -> bool:
        """Whether it belongs to the question or can be looked up."""
        return self.asked or bool(self.reference and self.status is not None)


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a figure, and what computes it.

    Attributes
    ----------
    kind : str
        ``sink``, ``forest`` (stem volume to carbon dioxide), ``curve``, ``parameter`` or ``published``.
    settings : mapping
        What that kind needs; see ``table`` and ``answers``.
    inputs : tuple of Input
        Everything that goes in beside the tables of the product.
    nearest : bool
        Whether it only shows the nearest thing there is a source for, and so cannot judge the figure.
    assumed : tuple of float and str, or None
        The figure with the denominator that this reading supposes, where the text names none.
    """

    zh: str
    en: str
    kind: str
    settings: Mapping[str, Any]
    inputs: tuple[Input, ...] = ()
    nearest: bool = False
    assumed: tuple[float, str] | None = None

    def words(self, lang: Lang) -> str:
        """How it reads the figure."""
        return self.zh if lang == "zh" else self.en

    @property
    def sourced(self) -> bool:
        """Whether each input has a source or belongs to the question."""
        return all(x.sourced for x in self.inputs)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the request.

    ``unsaid`` names, in both languages, what the text leaves open and without which the figure has no meaning;
    ``remark`` what else must be known, perhaps with its ``reference``. ``scenario`` marks a rule that nobody but the
    request states. ``no_effect`` is the value that would say that nothing happens.
    """

    id: str
    line: int
    system: str
    zh: str
    en: str
    value: float
    unit: str
    relation: Relation = "equal"
    scenario: bool = False
    no_effect: float | None = None
    unsaid: tuple[Mapping[Lang, str], ...] = ()
    remark: Mapping[str, str] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()

    def words(self, lang: Lang) -> str:
        """Our paraphrase."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reading gives. ``se`` is None where nobody printed an error: then it is shown and not judged."""

    value: float
    unit: str
    se: float | None
    status: Status

    @property
    def ci90(self) -> tuple[float, float] | None:
        """The 90 % interval."""
        return None if self.se is None else (self.value - Z90 * self.se, self.value + Z90 * self.se)
