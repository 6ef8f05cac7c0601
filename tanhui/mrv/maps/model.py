"""What a map is made from: an input file that names rasters, or twelve months for the whole map, and a few numbers.

::

    years = 20
    depth_cm = 30
    [layers]
    soc_t_ha = "soc.tif"
    clay_share = 0.2                       # the same everywhere
    temperature_c = [-17, -13, ... , -14]  # the same months everywhere
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tanhui.kernel.data import read_toml
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.limits import refuse_bytes
from tanhui.kernel.parameters import Leaf
from tanhui.sinks.frame import Sink, sink, sinks
from tanhui.sinks.frame.factors import factor_table

__all__ = ["Band", "MapPlan", "Output", "bands", "factors", "mapped_sinks", "outputs", "read_plan"]

#: Numbers of a map, with their default, smallest and largest value.
NUMBERS = {"years": (20.0, 1.0, 100.0), "depth_cm": (30.0, 1.0, 100.0)}
#: Those that are counted.
WHOLE = {"years"}


@dataclass(frozen=True, slots=True)
class Band:
    """A quantity that a map needs, with the values it can have."""

    name: str
    unit: str
    zh: str
    en: str
    bands: int = 1
    required: bool = False
    min: float | None = None
    max: float | None = None
    above: float | None = None

    def low(self) -> float:
        """The smallest value; what must be above a bound is refused at it."""
        return self.min if self.min is not None else self.above if self.above is not None else float("-inf")


@dataclass(frozen=True, slots=True)
class Output:
    """A raster that a map gives: its quantity, the quantity of its total, or the raster it is the error of."""

    name: str
    quantity: str
    zh: str
    en: str
    total: str = ""
    error_of: str = ""


@dataclass(frozen=True, slots=True)
class MapPlan:
    """Everything that goes into a map."""

    sink: Sink
    files: Mapping[str, Path]
    constants: Mapping[str, tuple[float, ...]]
    numbers: Mapping[str, float]

    @property
    def bands(self) -> dict[str, Band]:
        """What the layers hold."""
        return bands(self.sink.id)


def mapped_sinks() -> list[str]:
    """Sinks that have maps."""
    return [x.id for x in sinks().values() if (x.folder / "maps.toml").is_file()]


@cache
def _described(name: str) -> dict[str, Any]:
    path = sink(name).folder / "maps.toml"
    if not path.is_file():
        raise InputError("maps.no_maps", sink=name, known=", ".join(mapped_sinks()))
    return read_toml(path)


def bands(name: str) -> dict[str, Band]:
    """What the maps of a sink are made from."""
    return {key: Band(key, **entry) for key, entry in _described(name).items() if key not in ("outputs", "factors")}


def outputs(name: str) -> dict[str, Output]:
    """What the maps of a sink give."""
    return {key: Output(key, **entry) for key, entry in _described(name)["outputs"].items()}


def factors(name: str) -> list[Leaf]:
    """The factors of the sink that go into its maps."""
    table = factor_table(sink(name).room)
    return [leaf for (factor, _), leaf in table.items() if factor in _described(name).get("factors", ())]


def read_plan(name: str, path: Path) -> MapPlan:
    """The plan that an input file holds.

    Raises
    ------
    RefusedInput
        With everything that is wrong with it; the rasters themselves are looked at by the run.
    """
    wanted = bands(name)
    try:
        refuse_bytes(path.stat().st_size, path.name)
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("sinks.unreadable", path=str(path), detail=str(error)) from None
    faults: list[Fault] = []
    layers = content.get("layers", {})
    if not isinstance(layers, dict):
        faults.append(Fault("sinks.wrong_kind", path.name, column="layers", facts={"wanted": "[layers]"}))
        layers = {}
    known = {**NUMBERS, "layers": None}
    for key in sorted(content.keys() - known.keys()) + sorted(set(layers) - wanted.keys()):
        facts = {"near": ", ".join((*NUMBERS, "layers", *wanted))}
        faults.append(Fault("sinks.unknown_input", path.name, column=key, facts=facts))
    for band in wanted.values():
        if band.required and band.name not in layers:
            facts = {"unit": band.unit, "zh": band.zh, "en": band.en}
            faults.append(Fault("sinks.missing_input", path.name, column=band.name, facts=facts))
    files = {key: path.parent / value for key, value in layers.items() if isinstance(value, str)}
    if not files:
        faults.append(Fault("maps.no_raster", path.name, column="layers"))
    plain = {key: value for key, value in layers.items() if key in wanted and not isinstance(value, str)}
    constants = {key: _constant(wanted[key], value, path.name, faults) for key, value in plain.items()}
    numbers = {key: _number(key, content.get(key), path.name, faults) for key in NUMBERS}
    if faults:
        raise RefusedInput(faults)
    return MapPlan(sink(name), files, constants, numbers)


def _constant(band: Band, value: Any, file: str, faults: list[Fault]) -> tuple[float, ...]:
    listed = value if isinstance(value, list) else [value]
    if len(listed) != band.bands or not all(_is_number(x) for x in listed):
        wanted = {"count": band.bands}
        faults.append(Fault("sinks.wrong_length", file, column=band.name, value=str(value)[:80], facts=wanted))
        return ()
    for x in listed:
        if not band.low() <= x <= (band.max if band.max is not None else x) or x == band.above:
            facts = {"low": band.low(), "high": band.max, "unit": band.unit, "count": 1}
            faults.append(Fault("maps.out_of_range", file, column=band.name, value=f"{x:g}", facts=facts))
    return tuple(float(x) for x in listed)


def _number(name: str, value: Any, file: str, faults: list[Fault]) -> float:
    default, low, high = NUMBERS[name]
    if value is None:
        return default
    if not _is_number(value) or not low <= value <= high:
        facts = {"low": low, "high": high, "unit": "", "count": 1}
        faults.append(Fault("maps.out_of_range", file, column=name, value=str(value)[:80], facts=facts))
        return default
    if name in WHOLE and value != round(value):
        faults.append(Fault("sinks.not_whole", file, column=name, value=f"{value:g}"))
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
