"""Numbers that cannot be, found in any tree of input dataclasses by what their names say.

A name that ends in ``_fraction`` is a share from 0 to 1: 15 there is a percentage. What a method does not list as
signed is not negative, and what it lists as positive is not zero either.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from tanhui.kernel.errors import Fault, RefusedInput

__all__ = ["number_faults", "refuse", "twice"]


def refuse(faults: Iterable[Fault]) -> None:
    """Raise one refusal with all faults, or nothing.

    Raises
    ------
    RefusedInput
        If there is any fault.
    """
    found = list(faults)
    if found:
        raise RefusedInput(found)


def number_faults(
    given: Any, *, signed: Collection[str] = (), positive: Collection[str] = (), path: str = ""
) -> Iterator[Fault]:
    """Every number that is not finite, has a sign it cannot have, or is no share.

    Parameters
    ----------
    given : dataclass, mapping, tuple or number
        Inputs of a method; what lies within them is looked through.
    signed, positive : collection of str
        Names of fields that may be negative, and of those that must be above zero.
    """
    # Keys in brackets may hold dots of their own.
    name = re.sub(r"\[[^\]]*\]", "", path).rsplit(".", 1)[-1]
    if dataclasses.is_dataclass(given):
        for field in dataclasses.fields(given):
            below = getattr(given, field.name)
            yield from number_faults(below, signed=signed, positive=positive, path=f"{path}.{field.name}".lstrip("."))
    elif isinstance(given, tuple):
        for i, below in enumerate(given):
            yield from number_faults(below, signed=signed, positive=positive, path=f"{path}[{i}]")
    elif isinstance(given, Mapping):
        # The name of the field, not of its entry, says what the numbers are.
        for key, below in given.items():
            yield from number_faults(below, signed=signed, positive=positive, path=f"{path}[{key}]")
    elif isinstance(given, (int, float)) and not isinstance(given, bool):
        yield from _one_number(given, name, path, signed, positive)


def _one_number(
    value: float, name: str, path: str, signed: Collection[str], positive: Collection[str]
) -> Iterator[Fault]:
    if not math.isfinite(value):
        yield Fault("methods.not_a_number", column=path, value=str(value))
    elif value < 0 and name not in signed:
        yield Fault("methods.negative", column=path, value=str(value))
    elif value == 0 and name in positive:
        yield Fault("methods.not_positive", column=path, value=str(value))
    elif value > 1 and name.endswith("_fraction"):
        yield Fault("methods.percent_for_fraction", column=path, value=str(value))


def twice(names: Iterable[str], column: str) -> Iterator[Fault]:
    """A fault for each name that stands twice."""
    seen: set[str] = set()
    for i, name in enumerate(names):
        if name in seen:
            yield Fault("methods.twice", column=f"{column}[{i}]", value=name)
        seen.add(name)
