"""What a soil number cannot be: a wrong unit is refused at the door, never converted by guess."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Parameters, load_parameters

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "bulk_density",
    "celsius",
    "check_texture",
    "content_g_kg",
    "flag",
    "limit",
    "limits",
    "not_negative",
    "number",
    "positive",
    "share",
]

#: Sand and clay of a laboratory are rounded; this much above 1 is rounding. [1]
_ROUNDING = 0.005


@cache
def limits() -> Parameters:
    """Every limit of the room, with its source."""
    return load_parameters(data_path("soil", "limits.toml"), "soil/limits")


@cache
def limit(name: str) -> float:
    """One limit as a number."""
    return limits()[name].at(date.max).number()


def number(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Finite numbers as an array."""
    found = np.asarray(values, float)
    # One missing value makes the sum one; only then are they counted.
    if not np.isfinite(found.sum()):
        raise DomainError("soil.missing", name=name, count=int((~np.isfinite(found)).sum()))
    return found


def not_negative(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Numbers from zero on."""
    found = number(name, values)
    lowest = float(found.min(initial=0.0))
    if lowest < 0:
        raise DomainError("soil.negative", name=name, value=lowest, count=int((found < 0).sum()))
    return found


def positive(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Numbers above zero."""
    found = number(name, values)
    lowest = float(found.min(initial=np.inf))
    if lowest <= 0:
        raise DomainError("soil.not_positive", name=name, value=lowest, count=int((found <= 0).sum()))
    return found


def share(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Shares from 0 to 1; a percentage is refused."""
    found = not_negative(name, values)
    highest = float(found.max(initial=0.0))
    if highest > 1:
        raise DomainError("soil.percent_for_fraction", name=name, value=highest, count=int((found > 1).sum()))
    return found


def check_texture(sand_share: ArrayLike, clay_share: ArrayLike) -> None:
    """Refuse sand and clay that are no shares, or that are more than the whole."""
    total = share("sand_share", sand_share) + share("clay_share", clay_share)
    wrong = total > 1 + _ROUNDING
    if wrong.any():
        raise DomainError("soil.texture_above_one", value=float(total.max()), count=int(wrong.sum()))


def celsius(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Monthly mean temperatures; what no place on earth has is refused as Fahrenheit or Kelvin. [°C]"""
    found = number(name, values)
    low, high = limit("month_min_c"), limit("month_max_c")
    if found.min(initial=low) < low or found.max(initial=high) > high:
        wrong = (found < low) | (found > high)
        value = float(found[wrong].flat[0])
        raise DomainError("soil.not_celsius", value=value, low=low, high=high, count=int(wrong.sum()))
    return found


def content_g_kg(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Contents of organic carbon; mass fractions, and more than pure organic matter holds, are refused. [g/kg]"""
    found = not_negative(name, values)
    most = 1000 * limit("soc_per_som")
    if (found > most).any():
        count = int((found > most).sum())
        raise DomainError("soil.content_too_high", name=name, value=float(found.max()), limit=most, count=count)
    largest = float(found.max(initial=0.0))
    if 0 < largest < limit("soc_g_kg_min"):
        raise DomainError("soil.fraction_for_content", name=name, value=largest)
    return found


def flag(name: str, values: ArrayLike) -> NDArray[np.bool_]:
    """Yes or no, as booleans or as 1 and 0; a degree between is refused."""
    found = number(name, values)
    wrong = (found != 0) & (found != 1)
    if wrong.any():
        raise DomainError("soil.not_a_flag", name=name, value=float(found[wrong].flat[0]), count=int(wrong.sum()))
    return found.astype(bool)


def bulk_density(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Bulk densities; more than that of mineral grains is refused. [g/cm3]"""
    found = positive(name, values)
    most = limit("bulk_density_max")
    wrong = found > most
    if wrong.any():
        raise DomainError("soil.too_dense", value=float(found.max()), limit=most, count=int(wrong.sum()))
    return found
