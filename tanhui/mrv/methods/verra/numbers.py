"""Numbers that cannot be, found in any tree of input dataclasses by what their names say.

A name that ends in ``_fraction`` is a share from 0 to 1: 15 there is a percentage. What a method does not list as
signed is not negative, and what it lists as positive is not zero either.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tanhui.kernel.errors import Fault

__all__ = ["number_faults"]


def number_faults(
    given: Any, *, signed: Collection[str] = (), positive: Collection[str] = (), path: str = ""
) -> Iterator[Fault]:
    """Every number that is not finite, has a sign it cannot have, or is no share.

    Parameters
    ----------
    given : dataclass
        Inputs of a method; lists, tables and dataclasses within them are looked through.
    signed, positive : collection of str
        Names of fields that may be negative, and of those that must be above zero.
    """

    def look(value: Any, name: str, path: str) -> Iterator[Fault]:
        if isinstance(value, Mapping):
            for key, below in value.items():
                yield from look(below, name, f"{path}.{key}")
        elif isinstance(value, tuple):
            for i, below in enumerate(value):
                yield from look(below, name, f"{path}[{i}]")
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                yield from look(getattr(value, field.name), field.name, f"{path}.{field.name}")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            code = _fault_code(value, name, signed, positive)
            if code:
                yield Fault(code, column=path.lstrip("."), value=str(value))

    yield from look(given, "", path)


def _fault_code(value: float, name: str, signed: Collection[str], positive: Collection[str]) -> str:
    """What is wrong with a number; empty where nothing is."""
    if not math.isfinite(value):
        return "methods.not_a_number"
    if value < 0 and name not in signed:
        return "methods.negative"
    if value == 0 and name in positive:
        return "verra.not_positive"
    return "verra.percent_for_fraction" if value > 1 and name.endswith("_fraction") else ""
