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
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DomainError, Fault, InputError, RefusedInput
from tanhui.kernel.gwp import gwp_editions
from tanhui.kernel.limits import refuse_bytes
from tanhui.kernel.units import convert, find_unit, units
from tanhui.kernel.wording import Lang, say
from tanhui.sinks.frame.factors import like
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
    """Checked inputs by name, in the units of their descriptions.

    ``se`` holds the errors that came with them, ``own`` the factors that the user brings, and ``asked`` the
    descriptions, so that a moved number stays in its range.
    """

    values: Mapping[str, Any]
    se: Mapping[str, float] = field(default_factory=dict)
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    asked: Mapping[str, Input] = field(default_factory=dict)

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
        """The same with one number moved, to see what its error does.

        Raises
        ------
        DomainError
            If it leaves its range.
        """
        moved = self.values[name] + by
        if name in self.asked and not self.asked[name].holds(moved):
            raise DomainError("sinks.left_range", input=name, value=f"{moved:g}")
        return replace(self, values={**self.values, name: moved})


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
        is_json = path.suffix.lower() == ".json"
        content = json.loads(text, object_pairs_hook=_each_once) if is_json else tomllib.loads(text)
        if is_json:
            # JSON can hold half of a character, which nothing can write again.
            json.dumps(content, ensure_ascii=False).encode()
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("sinks.unreadable", path=str(path), detail=str(error)) from None
    if not isinstance(content, dict):
        raise InputError("sinks.unreadable", path=str(path), detail=type(content).__name__)
    return content


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; of a key that stands twice nobody knows which one is meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(", ".join(sorted({repr(name) for name in names if names.count(name) > 1})) + " x 2")
    return found


def read_inputs(
    data: Mapping[str, Any], sink: Sink, *, folder: Path, file: str = "", year: int = 0, lang: Lang = "en"
) -> Given:
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
    lang : {"zh", "en"}
        Language of what the reader has to say about tables.

    Raises
    ------
    RefusedInput
        With every fault of every input and every table.
    """
    wanted = {**common_inputs(), **sink.inputs}
    reader = _Reader(folder, file, lang)
    for key in sorted(data.keys() - wanted.keys() - {FACTORS}):
        reader.fault("sinks.unknown_input", key, near=nearest(key, wanted))
    values = {name: reader.read(asked, data.get(name)) for name, asked in wanted.items()}
    values["year"] = values["year"] or year
    own = dict(reader.own_factors(data.get(FACTORS, {}), sink.room))
    if reader.faults:
        raise RefusedInput(reader.faults)
    return Given(values, reader.se, own, tuple(reader.notes), wanted)


class _Reader:
    """One pass over the inputs that gathers every fault."""

    def __init__(self, folder: Path, file: str, lang: Lang) -> None:
        self.folder, self.file, self.lang = folder, file, lang
        self.faults: list[Fault] = []
        self.se: dict[str, float] = {}
        self.notes: list[str] = []

    def fault(self, code: str, column: str, value: Any = "", **facts: Any) -> None:
        """Note one fault."""
        shown = _shown(value)[:80].encode("utf-8", "backslashreplace").decode()
        self.faults.append(Fault(code, self.file, column=column, value=shown, facts=facts))

    def read(self, asked: Input, value: Any) -> Any:
        """One input in its unit; its default where it is not given."""
        if value is None or (asked.kind == "text" and isinstance(value, str) and not value.strip()):
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
        if not isinstance(value, str) or not _is_unicode(value):
            self.fault("sinks.wrong_kind", asked.name, value, wanted=", ".join(asked.choices) or "text")
        elif asked.choices and value not in asked.choices:
            self.fault("sinks.not_a_choice", asked.name, value, near=nearest(value, asked.choices))
        return value

    def _number(self, asked: Input, value: Any) -> float | None:
        # What is counted has no standard error: half a year more is no year.
        self._refuse_keys(asked.name, value, ("value", "unit") if asked.kind == "integer" else ("value", "se", "unit"))
        number, se = self._measured(asked, value)
        if number is None:
            return None
        if se is not None and se > asked.largest_se:
            self.fault("sinks.beyond", f"{asked.name}.se", f"{se:g}", high=asked.largest_se, unit=asked.unit)
        elif se:
            self.se[asked.name] = se
        self._check_range(asked, number, bare=not _unit_written(value))
        if asked.kind == "integer":
            if number != round(number):
                self.fault("sinks.not_whole", asked.name, value)
            return round(number)
        return number

    def _measured(self, asked: Input, value: Any) -> tuple[float | None, float | None]:
        """A number and its standard error, which is in the unit of the number unless it says its own."""
        number = self._in_unit(asked, value)
        error = value.get("se") if isinstance(value, Mapping) else None
        if error is None:
            return number, None
        unit = None if _unit_written(error) else _split(value)[1]
        se = self._in_unit(replace(asked, name=f"{asked.name}.se"), {"value": error, "unit": unit})
        if se is not None and se < 0:
            self.fault("sinks.below", f"{asked.name}.se", error, low=0, unit=asked.unit)
        return number, se

    def _series(self, asked: Input, value: Any) -> NDArray[np.float64] | None:
        import numpy as np

        self._refuse_keys(asked.name, value, ("values", "unit"))
        unit = value.get("unit") if isinstance(value, Mapping) else None
        listed = value.get("values") if isinstance(value, Mapping) else value
        if not isinstance(listed, list) or (asked.length and len(listed) != asked.length):
            self.fault("sinks.wrong_length", asked.name, value, count=asked.length or 1)
            return None
        written = [{"value": x, "unit": unit} for x in listed]
        numbers = [self._in_unit(asked, x) for x in written]
        for number, each in zip(numbers, written, strict=True):
            if number is not None:
                self._check_range(asked, number, bare=not _unit_written(each))
        return np.array([np.nan if x is None else x for x in numbers])

    def _refuse_keys(self, name: str, value: Any, known: tuple[str, ...]) -> None:
        if isinstance(value, Mapping):
            for key in sorted(value.keys() - set(known)):
                self.fault("sinks.unknown_input", f"{name}.{key}", near=", ".join(known))

    def _in_unit(self, asked: Input, value: Any) -> float | None:
        """A number in the unit of the description, however it was written."""
        number, written = _split(value)
        if number is None:
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
        if asked.unit == "1" and bare and high is not None and high <= 1 < number <= 100 * high:
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
                cells = [{str(k): _cell(v) for k, v in row.items()} for row in value]
                if not all(_is_unicode(text) for row in cells for each in row.items() for text in each):
                    self.fault("sinks.wrong_kind", asked.name, wanted="text")
                    return None
                raw = pd.DataFrame(cells, dtype="string")
                raw.index = pd.RangeIndex(1, len(raw) + 1)
                frame = check_frame(raw, spec, file=self.file, sheet=asked.name)
            else:
                self.fault("sinks.wrong_kind", asked.name, value, wanted="[[rows]], rows.csv")
                return None
        except RefusedInput as error:
            self.faults += error.faults
            return None
        self.notes += note_texts(frame, self.lang)
        self._unread(asked, [str(column) for column in frame.columns if column not in spec.columns], value)
        for column in spec.columns:
            if column not in frame:
                frame[column] = float("nan") if spec.columns[column].is_number else ""
        return frame

    def _unread(self, asked: Input, others: list[str], value: Any) -> None:
        """Columns that mean nothing here: refused in rows written for this run, told of in a table that has more."""
        if not others:
            return
        if isinstance(value, str):
            self.notes.append(say("note.sinks.columns_unread", self.lang, subject=f"{value}: {', '.join(others)}"))
            return
        from tanhui.kernel.tables import table_spec

        known = table_spec(*asked.table.split("/")).columns
        for column in others:
            self.fault("sinks.unknown_input", f"{asked.name}.{column}", near=nearest(column, known))

    def own_factors(self, given: Any, room: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Factors that the user brings, in the unit of our table: value, perhaps an error, and where they come from."""
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
                continue
            self._refuse_keys(column, entry, ("value", "se", "unit", "source"))
            stands_for = like(room, name)
            if stands_for is None and _unit_written(entry):
                self.fault("sinks.factor_unit_unknown", column, entry)
                continue
            asked = Input(column, "number", "", "", unit=stands_for.unit if stands_for else "1")
            value, se = self._measured(asked, entry)
            yield str(name), {**entry, "value": value, "se": se}


def nearest(word: str, known: Iterable[str]) -> str:
    """What may be meant: names like it, or else all of them."""
    return ", ".join(get_close_matches(word, known, n=3)) or ", ".join(known)


def _is_unicode(text: str | None) -> bool:
    """Whether a text can be written at all: half of a character cannot."""
    return text is None or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_number(value: Any) -> bool:
    """Whether it is a number that a float can hold; neither NaN nor infinite."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _cell(value: Any) -> str | None:
    return None if value is None else repr(value) if isinstance(value, float) else str(value)


def _split(value: Any) -> tuple[float | None, str | None]:
    """Number and unit of ``12``, ``"12 cm"`` or ``{ value = 12, unit = "cm" }``; no number where two units are said."""
    if isinstance(value, Mapping):
        inner, unit = value.get("value"), value.get("unit")
        number, written = (None, None) if isinstance(inner, Mapping) else _split(inner)
        if unit is None:
            return number, written
        return (number, unit) if written is None and isinstance(unit, str) else (None, None)
    if isinstance(value, str) and (match := _QUANTITY.fullmatch(value)):
        number = float(match[1])
        return (number, match[2]) if _is_number(number) else (None, None)
    return (float(value), None) if _is_number(value) else (None, None)


def _unit_written(value: Any) -> bool:
    return _split(value)[1] is not None


def _shown(value: Any) -> str:
    """What was written, without the keys around it."""
    if isinstance(value, Mapping) and "value" in value:
        return " ".join(str(value[key])[:80] for key in ("value", "unit") if value.get(key) is not None)
    return str(value)
