"""What a user brings to a sink: read, brought to our units, and refused whole with everything that is wrong.

An input file is TOML or JSON: one key per input, as ``inputs.toml`` of the sink describes them::

    area_ha = 12.5                                 # in the unit of the description
    depth_m = "85 cm"                              # or with its unit written
    soc_stock_t_ha = { value = 62, se = 4 }        # or with its standard error (and a unit)
    culms = "culms.csv"                            # rows in a file beside this one, or as [[culms]]
    [factors]
    ch4_baseline = { value = 1.5, se = 0.2, source = "own chambers, 2025" }

Where a sink asks for one table only, the table itself may be given: ``tanhui sinks run urban trees.csv``. An input
marked ``unit_required`` is refused without its unit, because people use several for it.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.gwp import gwp_editions
from tanhui.kernel.limits import refuse_bytes
from tanhui.kernel.units import convert, find_unit, units
from tanhui.sinks.frame.model import Input, Sink

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Given", "common_inputs", "read_inputs", "read_plain"]

TABLES = (".csv", ".xlsx", ".xlsm", ".parquet", ".gz", ".txt", ".tsv")
_QUANTITY = re.compile(r"\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)\s*(\S.*?)?\s*")
FACTORS = "factors"


@dataclass(frozen=True, slots=True)
class Given:
    """Checked inputs by name, in the units of their descriptions; ``se`` holds the errors that came with them."""

    values: Mapping[str, Any]
    se: Mapping[str, float] = field(default_factory=dict)
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        """A value, or its default, or nothing where there is none."""
        return self.values[name]

    def rows(self, name: str) -> dict[str, NDArray[Any]]:
        """The columns of a table as arrays of one length, empty text for empty cells and NaN for missing numbers."""
        frame = self.values[name]
        return {} if frame is None else {str(column): frame[column].to_numpy() for column in frame.columns}

    def has(self, name: str) -> bool:
        """Whether it was given or has a default."""
        return self.values.get(name) is not None

    def shifted(self, name: str, by: float) -> Given:
        """The same with one number moved, to see what its error does."""
        return replace(self, values={**self.values, name: self.values[name] + by})


@cache
def common_inputs() -> dict[str, Input]:
    """What every sink can be asked with: the first year of the account and the edition of warming potentials."""
    return described(data_path("sinks", "common_inputs.toml"))


def described(path: Path) -> dict[str, Input]:
    """The inputs that a file describes."""
    found = {}
    for name, entry in read_toml(path).items():
        entry["choices"] = tuple(entry.get("choices", gwp_editions() if name == "gwp" else ()))
        found[name] = Input(name=name, **entry)
    return found


def read_plain(path: Path, sink: Sink) -> dict[str, Any]:
    """The keys of an input file; a table alone is taken for the one table that the sink asks for."""
    if path.suffix.lower() in TABLES:
        tables = [x.name for x in sink.inputs.values() if x.kind == "rows"]
        if len(tables) != 1:
            raise InputError("sinks.not_a_table", sink=sink.id, path=str(path), tables=", ".join(tables))
        return {tables[0]: path.name}
    try:
        refuse_bytes(path.stat().st_size, path.name)
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("sinks.unreadable", path=str(path), detail=str(error)) from None
    if not isinstance(content, dict):
        raise InputError("sinks.unreadable", path=str(path), detail=type(content).__name__)
    return content


def read_inputs(data: Mapping[str, Any], sink: Sink, *, folder: Path, file: str = "", year: int = 0) -> Given:
    """Checked inputs from plain data.

    Parameters
    ----------
    data : mapping
        As an input file holds them.
    sink : Sink
        What they are for.
    folder : Path
        Where the files lie that ``data`` names.
    file : str
        The name that faults carry.
    year : int
        First year of the account where the data names none.

    Raises
    ------
    RefusedInput
        With every fault of every input and every table.
    """
    wanted = {**common_inputs(), **sink.inputs}
    reader = _Reader(folder, file)
    for key in sorted(data.keys() - wanted.keys() - {FACTORS}):
        near = ", ".join(get_close_matches(key, wanted, n=3)) or ", ".join(wanted)
        reader.fault("sinks.unknown_input", key, near=near)
    values = {name: reader.read(asked, data.get(name)) for name, asked in wanted.items()}
    values["year"] = values["year"] or year
    own = dict(reader.own_factors(data.get(FACTORS, {})))
    if reader.faults:
        raise RefusedInput(reader.faults)
    return Given(values, reader.se, own, tuple(reader.notes))


class _Reader:
    """One pass over the inputs that gathers every fault."""

    def __init__(self, folder: Path, file: str) -> None:
        self.folder, self.file = folder, file
        self.faults: list[Fault] = []
        self.se: dict[str, float] = {}
        self.notes: list[str] = []

    def fault(self, code: str, column: str, value: Any = "", **facts: Any) -> None:
        """Note one fault."""
        self.faults.append(Fault(code, self.file, column=column, value=str(value)[:80], facts=facts))

    def read(self, asked: Input, value: Any) -> Any:
        """One input in its unit; its default where it is not given."""
        if value is None:
            if asked.required:
                self.fault("sinks.missing_input", asked.name, unit=asked.unit, zh=asked.zh, en=asked.en)
            return asked.default
        if asked.kind == "rows":
            return self._rows(asked, value)
        if asked.kind == "series":
            return self._series(asked, value)
        if asked.kind in ("number", "integer"):
            return self._number(asked, value)
        return self._word(asked, value)

    def _word(self, asked: Input, value: Any) -> Any:
        if asked.kind == "flag":
            if not isinstance(value, bool):
                self.fault("sinks.wrong_kind", asked.name, value, wanted="true, false")
            return value
        if not isinstance(value, str):
            self.fault("sinks.wrong_kind", asked.name, value, wanted=", ".join(asked.choices) or "text")
        elif asked.choices and value not in asked.choices:
            near = ", ".join(get_close_matches(value, asked.choices, n=3)) or ", ".join(asked.choices)
            self.fault("sinks.not_a_choice", asked.name, value, near=near)
        return value

    def _number(self, asked: Input, value: Any) -> float | None:
        error = value.get("se") if isinstance(value, Mapping) else None
        if isinstance(value, Mapping):
            for key in sorted(value.keys() - {"value", "se", "unit"}):
                self.fault("sinks.unknown_input", f"{asked.name}.{key}", near="value, se, unit")
        number = self._in_unit(asked, value)
        if number is None:
            return None
        if error is not None:
            scale = self._in_unit(replace(asked, name=f"{asked.name}.se"), {**value, "value": error})
            if scale is not None and scale < 0:
                self.fault("sinks.below", f"{asked.name}.se", error, low=0, unit=asked.unit)
            elif scale:
                self.se[asked.name] = scale
        self._check_range(asked, number, bare=not _unit_written(value))
        if asked.kind == "integer":
            if number != round(number):
                self.fault("sinks.not_whole", asked.name, value)
            return round(number)
        return number

    def _series(self, asked: Input, value: Any) -> NDArray[np.float64] | None:
        import numpy as np

        unit = value.get("unit") if isinstance(value, Mapping) else None
        listed = value.get("values") if isinstance(value, Mapping) else value
        if not isinstance(listed, list) or (asked.length and len(listed) != asked.length):
            self.fault("sinks.wrong_length", asked.name, value, count=asked.length or 1)
            return None
        numbers = [self._in_unit(asked, {"value": x, "unit": unit} if unit else x) for x in listed]
        for number in numbers:
            if number is not None:
                self._check_range(asked, number, bare=unit is None)
        return np.array([np.nan if x is None else x for x in numbers])

    def _in_unit(self, asked: Input, value: Any) -> float | None:
        """A number in the unit of the description, however it was written."""
        number, written = _split(value)
        if number is None or not math.isfinite(number):
            self.fault("sinks.not_a_number", asked.name, value, unit=asked.unit)
            return None
        if written is None:
            if asked.unit_required:
                self.fault("sinks.unit_wanted", asked.name, value, unit=asked.unit)
            return number
        symbol = find_unit(written)
        if symbol is None or units()[symbol].dimension != units()[asked.unit].dimension:
            code = "sinks.not_celsius" if asked.unit == "degC" else "sinks.wrong_unit"
            self.fault(code, asked.name, value, unit=asked.unit, written=written)
            return None
        return convert(number, symbol, asked.unit)

    def _check_range(self, asked: Input, number: float, *, bare: bool) -> None:
        low, high = asked.min, asked.max
        if asked.unit == "1" and high is not None and high <= 1 < number <= 100 * high:
            self.fault("sinks.percent_for_fraction", asked.name, number)
        elif asked.unit == "%" and bare and 0 < abs(number) < 1:
            self.fault("sinks.fraction_for_percent", asked.name, number)
        elif asked.unit == "degC" and ((high is not None and number > high) or (low is not None and number < low)):
            self.fault("sinks.not_celsius", asked.name, number, unit="degC", written="")
        elif (low is not None and number < low) or (asked.above is not None and number <= asked.above):
            edge = low if low is not None else asked.above
            self.fault("sinks.below", asked.name, f"{number:g}", low=edge, unit=asked.unit)
        elif high is not None and number > high:
            self.fault("sinks.beyond", asked.name, f"{number:g}", high=high, unit=asked.unit)

    def _rows(self, asked: Input, value: Any) -> Any:
        import pandas as pd

        from tanhui.kernel.tables import check_frame, note_texts, read_table, table_spec

        spec = table_spec(*asked.table.split("/"))
        try:
            if isinstance(value, str):
                frame = read_table(self.folder / value, spec)
            elif isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
                raw = pd.DataFrame([{str(k): _cell(v) for k, v in row.items()} for row in value], dtype="string")
                raw.index = pd.RangeIndex(1, len(raw) + 1)
                frame = check_frame(raw, spec, file=self.file, sheet=asked.name)
            else:
                self.fault("sinks.wrong_kind", asked.name, value, wanted="[[rows]], rows.csv")
                return None
        except RefusedInput as error:
            self.faults += error.faults
            return None
        self.notes += note_texts(frame)
        for column in spec.columns:
            if column not in frame:
                frame[column] = float("nan") if spec.columns[column].is_number else ""
        return frame

    def own_factors(self, given: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        """Factors that the user brings: value, perhaps an error, and where they come from."""
        if not isinstance(given, Mapping):
            self.fault("sinks.wrong_kind", FACTORS, given, wanted="[factors]")
            return
        for name, entry in given.items():
            column = f"{FACTORS}.{name}"
            if (
                not isinstance(entry, Mapping)
                or not isinstance(entry.get("source"), str)
                or not entry["source"].strip()
            ):
                self.fault("sinks.factor_without_source", column, entry)
            elif not all(_is_number(entry.get(key, 0)) for key in ("value", "se")) or "value" not in entry:
                self.fault("sinks.not_a_number", column, entry, unit="")
            else:
                yield str(name), dict(entry)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _cell(value: Any) -> str | None:
    return None if value is None else repr(value) if isinstance(value, float) else str(value)


def _split(value: Any) -> tuple[float | None, str | None]:
    """Number and unit of ``12``, ``"12 cm"`` or ``{ value = 12, unit = "cm" }``."""
    if isinstance(value, Mapping):
        number, unit = _split(value.get("value"))
        return number, value.get("unit", unit)
    if isinstance(value, str):
        match = _QUANTITY.fullmatch(value)
        return (float(match[1]), match[2]) if match else (None, None)
    return (float(value), None) if _is_number(value) else (None, None)


def _unit_written(value: Any) -> bool:
    return _split(value)[1] is not None
