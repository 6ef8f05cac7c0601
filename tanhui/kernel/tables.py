"""Tables from people: CSV (UTF-8 or GB18030, plain or gzipped), Excel and Parquet, checked against a description.

A table is described by a TOML file beside the data (``data/<room>/<table>.toml``): one entry per column with its
meaning, unit, kind, range and the headers people use for it. :func:`read_table` gives a frame whose columns have our
names and units and whose index is the row number in the file, so a later check can still say where; or it refuses
with every fault it found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DataError, Fault, RefusedInput
from tanhui.kernel.units import conversion_factor, is_unit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MAX_BYTES", "Column", "TableSpec", "number_faults", "read_raw", "read_table", "table_spec"]

Kind = Literal["number", "integer", "text", "date", "choice", "flag"]
#: A larger file is refused with advice rather than left to fill the memory. [bytes]
MAX_BYTES = 2 * 1024**3
#: At most this many faults of one kind in one column are listed; the rest are counted.
FAULTS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Column:
    """What one column means and what may stand in it."""

    name: str
    kind: Kind
    unit: str
    zh: str
    en: str
    required: bool = False
    min: float | None = None
    max: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """The columns of a table by our names."""

    name: str
    columns: Mapping[str, Column]

    def find(self, header: str) -> str | None:
        """Our name for a header as somebody wrote it, or nothing."""
        wanted = simple(header)
        for column in self.columns.values():
            if wanted in {simple(column.name), simple(column.zh), *map(simple, column.aliases)}:
                return column.name
        return None


def simple(header: str) -> str:
    """A header without case, spaces and the width of its brackets."""
    return str(header).strip().lower().replace(" ", "").replace("\u3000", "").replace("（", "(").replace("）", ")")


@cache
def table_spec(room: str, name: str) -> TableSpec:
    """The description ``data/<room>/<name>.toml``; an unknown unit in it is a fault of the data."""
    columns: dict[str, Column] = {}
    for key, entry in read_toml(data_path(room, f"{name}.toml")).items():
        if not is_unit(entry["unit"]):
            raise DataError("data.unknown_unit", unit=entry["unit"], where=f"{room}/{name}.toml: {key}")
        for listed in ("choices", "aliases"):
            entry[listed] = tuple(entry.get(listed, ()))
        columns[key] = Column(name=key, **entry)
    return TableSpec(name, columns)


def read_table(
    path: Path,
    spec: TableSpec,
    *,
    sheet: str | None = None,
    rename: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read and check a table.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.csv.gz``, ``.xlsx`` or ``.parquet``.
    spec : TableSpec
        Which columns are wanted.
    sheet : str, optional
        The sheet of a workbook; the first one otherwise.
    rename : mapping, optional
        Our column name -> the header in the file, where the headers we know do not fit.
    units : mapping, optional
        Our column name -> the unit the file is in, where it is not ours; values are converted.

    Returns
    -------
    DataFrame
        Columns in the order of ``spec`` (absent optional columns left out), then the file's other columns as text;
        the index is the row number in the file, the header being row 1.

    Raises
    ------
    RefusedInput
        With every fault: unreadable, empty, missing columns, and per cell what is wrong.
    """
    raw = read_raw(path, sheet=sheet)
    return check_frame(raw, spec, file=path.name, sheet=sheet or "", rename=rename, units=units)


def read_raw(path: Path, *, sheet: str | None = None) -> pd.DataFrame:
    """Every cell as text (Parquet keeps its types); index = row number in the file."""
    from tanhui.kernel import table_files

    return table_files.read(path, sheet=sheet)


def check_frame(
    raw: pd.DataFrame,
    spec: TableSpec,
    *,
    file: str,
    sheet: str = "",
    rename: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """A frame of text turned into the described columns, or a refusal that lists every fault."""
    import pandas as pd

    headers = _our_names(raw.columns, spec, rename or {})
    faults = [
        Fault("table.missing_column", file, sheet, 1, column.name, facts={"zh": column.zh, "en": column.en})
        for column in spec.columns.values()
        if column.required and column.name not in headers.values()
    ]
    doubled = {ours for ours in headers.values() if list(headers.values()).count(ours) > 1}
    faults += [Fault("table.doubled_column", file, sheet, 1, ours) for ours in sorted(doubled)]
    if not len(raw):
        faults.append(Fault("table.no_rows", file, sheet))
    if faults:
        raise RefusedInput(faults)
    checked: dict[str, pd.Series] = {}
    header_of = {ours: theirs for theirs, ours in headers.items()}
    for name in (name for name in spec.columns if name in header_of):
        column = spec.columns[name]
        factor = conversion_factor(units[name], column.unit) if units and name in units else 1.0
        checked[name], found = _check_column(raw[header_of[name]], column, factor, file, sheet)
        faults += found
    if faults:
        raise RefusedInput(faults)
    others = {str(h): raw[h] for h in raw.columns if h not in headers}
    return pd.DataFrame({**checked, **others}, index=raw.index)


def _our_names(headers: Iterable[Any], spec: TableSpec, rename: Mapping[str, str]) -> dict[Any, str]:
    """File header -> our name, an explicit mapping first."""
    theirs = {simple(header): ours for ours, header in rename.items()}
    found: dict[Any, str] = {}
    for header in headers:
        ours = theirs.get(simple(header))
        if ours is None and (known := spec.find(header)) is not None and known not in rename:
            ours = known
        if ours is not None:
            found[header] = ours
    return found


def _check_column(
    cells: pd.Series, column: Column, factor: float, file: str, sheet: str
) -> tuple[pd.Series, list[Fault]]:
    import pandas as pd

    text = cells if pd.api.types.is_numeric_dtype(cells) else cells.astype("string").str.strip()
    empty = text.isna() | (text == "") if text.dtype == "string" else text.isna()
    faults: list[Fault] = []
    if column.required and empty.any():
        faults += listed_faults("table.empty_cell", cells, empty, file, sheet, column.name)
    if column.kind in ("number", "integer"):
        values, found = _numbers(text, empty, column, factor, file, sheet)
    elif column.kind == "date":
        values = pd.to_datetime(text.where(~empty), errors="coerce", format="mixed")
        found = listed_faults("table.not_a_date", cells, values.isna() & ~empty, file, sheet, column.name)
    else:
        values, found = text.astype("string").where(~empty, ""), []
        if column.kind in ("choice", "flag") and column.choices:
            wrong = ~values.isin(column.choices) & ~empty
            allowed = ", ".join(column.choices)
            found = listed_faults("table.not_a_choice", cells, wrong, file, sheet, column.name, allowed=allowed)
    return values, faults + found


def _numbers(
    text: pd.Series, empty: pd.Series, column: Column, factor: float, file: str, sheet: str
) -> tuple[pd.Series, list[Fault]]:
    import numpy as np
    import pandas as pd

    numbers = pd.to_numeric(text.where(~empty), errors="coerce").astype(float)
    not_number = (numbers.isna() & ~empty) | ~np.isfinite(numbers.fillna(0.0))
    faults = listed_faults("table.not_a_number", text, not_number, file, sheet, column.name)
    numbers = numbers * factor
    if column.kind == "integer":
        wrong = numbers.notna() & (numbers != numbers.round())
        faults += listed_faults("table.not_whole", text, wrong, file, sheet, column.name)
    return numbers, faults + number_faults(numbers.where(~not_number), column, file, sheet)


def number_faults(numbers: pd.Series, column: Column, file: str, sheet: str = "") -> list[Fault]:
    """Faults of numbers outside the column's range. The range is in the column's own unit."""
    faults: list[Fault] = []
    if column.above is not None:
        wrong = numbers <= column.above
        faults += listed_faults(
            "table.not_above", numbers, wrong, file, sheet, column.name, limit=column.above, unit=column.unit
        )
    if column.min is not None:
        wrong = numbers < column.min
        faults += listed_faults(
            "table.too_small", numbers, wrong, file, sheet, column.name, limit=column.min, unit=column.unit
        )
    if column.max is not None:
        wrong = numbers > column.max
        faults += listed_faults(
            "table.too_large", numbers, wrong, file, sheet, column.name, limit=column.max, unit=column.unit
        )
    return faults


def listed_faults(
    code: str, cells: pd.Series, wrong: pd.Series, file: str, sheet: str, column: str, **facts: Any
) -> list[Fault]:
    """One fault per wrong cell, the first :data:`FAULTS_SHOWN` of them, then one that counts the rest."""
    rows = cells.index[wrong.to_numpy(dtype=bool, na_value=False)]
    shown = [Fault(code, file, sheet, int(row), column, str(cells.at[row])[:80], facts) for row in rows[:FAULTS_SHOWN]]
    if len(rows) > FAULTS_SHOWN:
        shown.append(
            Fault("table.and_more", file, sheet, None, column, facts={"count": len(rows) - FAULTS_SHOWN, "like": code})
        )
    return shown
