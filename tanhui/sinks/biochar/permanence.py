"""How much of a biochar's carbon stays: four published ways, each with what it needs to know of a batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError, Fault
from tanhui.sinks.frame import Factors, Given

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["METHODS", "fixed", "kept_share", "lacking", "row_faults", "temperature_class"]

Rows = Mapping[str, "NDArray[Any]"]
PER_CENT = 100.0
GASIFICATION = "gasification"
COEFFICIENTS = ("intercept", "slope")
#: First and last row of Puro's table. [°C]
PURO_FIRST, PURO_LAST = 7, 40


def kept_share(method: str, given: Given, factors: Factors) -> Array:
    """Share of each batch's carbon that is kept over the horizon of a method. [1] shape (n,)"""
    return METHODS[method](given, factors)


def _ipcc2019(given: Given, factors: Factors) -> Array:
    """By the class of the temperature, over 100 years."""
    return factors.many("permanence", temperature_class(given.rows("batches"), factors))


def temperature_class(batches: Rows, factors: Factors) -> list[str]:
    """``high``, ``medium`` or ``low``; on an edge the lower. Gasification without a temperature is high."""
    high, medium = (fixed("permanence_above", factors, key) for key in ("high", "medium"))
    hot = np.where(np.isnan(batches["temperature_c"]), np.inf, batches["temperature_c"])
    return ["high" if t > high else "medium" if t > medium else "low" for t in hot]


def _puro2025(given: Given, factors: Factors) -> Array:
    """By H/C_org and the temperature of the soil, over 200 years; between two rows the warmer, below all the first."""
    temperature = given["soil_temperature_c"]
    row = max(math.ceil(temperature), PURO_FIRST)
    if row > PURO_LAST:
        raise DomainError("biochar.too_hot", value=f"{temperature:g}", most=PURO_LAST)
    percent = factors("puro_m", str(row)) - factors("puro_a", str(row)) * given.rows("batches")["h_c_org"]
    return np.asarray(np.clip(percent, 0.0, PER_CENT) / PER_CENT * factors("puro_fit"), dtype=float)


def _coefficients(given: Given, factors: Factors) -> Array:
    """By the user's line over H/C_org."""
    share = factors("intercept") + factors("slope") * given.rows("batches")["h_c_org"]
    return np.asarray(np.clip(share, 0.0, 1.0), dtype=float)


def _pac(given: Given, factors: Factors) -> Array:
    """The share of persistent aromatic carbon."""
    return np.full(len(given["batches"]), factors("pac_share"))


METHODS: dict[str, Callable[[Given, Factors], Array]] = {
    "ipcc2019": _ipcc2019,
    "puro2025": _puro2025,
    "coefficients": _coefficients,
    "pac": _pac,
}


def lacking(method: str, given: Given, factors: Factors) -> Iterator[Fault]:
    """What keeps a method from being used on these batches."""
    batches = given.rows("batches")
    unheated = np.isnan(batches["temperature_c"]) & (batches["process"] != GASIFICATION)
    if method == "ipcc2019":
        yield from row_faults(given, unheated, "biochar.temperature_wanted", "temperature_c")
        cold = batches["temperature_c"] < fixed("permanence_above", factors, "low")
        yield from row_faults(given, cold, "biochar.too_cold", "temperature_c")
        return
    unknown = np.isnan(batches["h_c_org"])
    yield from row_faults(given, unknown, "biochar.h_c_wanted", "h_c_org")
    if method == "pac":
        yield from row_faults(given, ~unknown & ~is_persistent(batches, factors), "biochar.not_persistent", "h_c_org")
        return
    loose = batches["h_c_org"] >= fixed("h_c_max", factors)
    yield from row_faults(given, loose, "biochar.h_c_too_high", "h_c_org")
    if method == "puro2025" and not given.has("soil_temperature_c"):
        yield Fault("biochar.soil_temperature_wanted", column="soil_temperature_c")
    if method == "coefficients" and not all(name in factors.own for name in COEFFICIENTS):
        yield Fault("biochar.coefficients_wanted", column="factors")


def is_persistent(batches: Rows, factors: Factors) -> NDArray[np.bool_]:
    """Which batches meet the rule of persistent aromatic carbon."""
    hot = batches["temperature_c"] > fixed("pac_above_c", factors)
    return np.asarray(hot & (batches["h_c_org"] < fixed("pac_h_c_max", factors)), dtype=bool)


def fixed(name: str, factors: Factors, key: str = "") -> float:
    """A limit of a rule: remembered as used, and never moved by an error, for it decides and does not measure."""
    factors(name, key)
    return factors.shifted("", 0.0)(name, key)


def row_faults(given: Given, wrong: Any, code: str, column: str) -> Iterator[Fault]:
    """A fault for each batch that is wrong."""
    frame = given["batches"]
    for place in np.flatnonzero(np.asarray(wrong)):
        name = str(frame["batch"].iloc[place])
        yield Fault(code, sheet="batches", row=int(frame.index[place]), column=column, value=name)
