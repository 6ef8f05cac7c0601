"""Units: which ones exist, what they measure, and how one becomes another.

The list is ``data/kernel/units.csv``; other spellings of a unit are in ``data/kernel/unit_spellings.csv``.

A unit of carbon (``t C``) and one of carbon dioxide (``t CO2``) have different dimensions on purpose: only
:data:`CO2_PER_C`, the one place of 44/12, leads from one to the other.
"""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "CH4_PER_C",
    "CO2_PER_C",
    "M2_PER_HA",
    "MU_PER_HA",
    "N2O_PER_N",
    "Unit",
    "conversion_factor",
    "convert",
    "find_unit",
    "is_unit",
    "units",
]

#: Mass of CO2 that holds one mass of carbon, by the molar masses every IPCC-based rule uses. [t CO2 / t C]
CO2_PER_C = 44 / 12
#: Mass of N2O that holds one mass of nitrogen, and of CH4 that holds one of carbon. [t N2O / t N], [t CH4 / t C]
N2O_PER_N = 44 / 28
CH4_PER_C = 16 / 12
#: Chinese land measure: one hectare is fifteen mu. [mu / ha]
MU_PER_HA = 15
M2_PER_HA = 10_000

T = TypeVar("T", float, "NDArray[np.float64]")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, the dimension it measures, and its size in the dimension's base unit."""

    symbol: str
    dimension: str
    factor: float
    zh: str
    en: str


@cache
def units() -> dict[str, Unit]:
    """Every known unit by its symbol."""
    with data_path("kernel", "units.csv").open(encoding="utf-8", newline="") as table:
        return {
            row["symbol"]: Unit(row["symbol"], row["dimension"], float(row["factor"]), row["zh"], row["en"])
            for row in csv.DictReader(table)
        }


def is_unit(symbol: str) -> bool:
    """Whether the symbol is in the unit table."""
    return symbol in units()


def find_unit(written: str) -> str | None:
    """The unit somebody meant: its symbol, its Chinese or English name, or another spelling (``hm²``, ``feet``)."""
    return _spellings().get(_plain(written)) or _spellings().get(_plain(written).lower())


@cache
def _spellings() -> dict[str, str]:
    """Symbol by spelling; a lower-case spelling is kept only where it means one unit."""
    found = {_plain(name): unit.symbol for unit in units().values() for name in (unit.zh, unit.en, unit.symbol)}
    with data_path("kernel", "unit_spellings.csv").open(encoding="utf-8", newline="") as table:
        found |= {_plain(row["spelling"]): row["symbol"] for row in csv.DictReader(table)}
    meanings: dict[str, set[str]] = {}
    for spelling, symbol in found.items():
        meanings.setdefault(spelling.lower(), set()).add(symbol)
    return {lower: symbols.pop() for lower, symbols in meanings.items() if len(symbols) == 1} | found


def _plain(written: str) -> str:
    """A unit without spaces, raised digits, dots between factors and typographic minus signs."""
    text = unicodedata.normalize("NFKC", written).replace("\u2212", "-")
    return "".join(letter for letter in text if letter not in " ^*.·⋅\u3000")


def conversion_factor(source: str, target: str) -> float:
    """The number that turns a value in ``source`` into one in ``target``.

    Raises
    ------
    InputError
        If a unit is unknown or the two measure different things.
    """
    table = units()
    for symbol in (source, target):
        if symbol not in table:
            raise InputError("unit.unknown", unit=symbol, known=", ".join(sorted(table)))
    if table[source].dimension != table[target].dimension:
        raise InputError("unit.different_dimension", source=source, target=target)
    return table[source].factor / table[target].factor


def convert(value: T, source: str, target: str) -> T:
    """A value in another unit of the same dimension."""
    return value * conversion_factor(source, target)
