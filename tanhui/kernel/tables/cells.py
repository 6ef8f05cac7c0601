"""Cells: text turned into numbers, dates and choices, with a fault for each cell that does not fit.

Nothing is guessed that could be wrong by a factor: ``1,234`` may be a thousand or a decimal comma, ``45000`` in a
column of dates may be Excel's number of a day, ``03/04/2021`` two different days. Such cells are faults with advice.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import Fault
from tanhui.kernel.tables.model import Column
from tanhui.kernel.units import find_unit

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FAULTS_KEPT",
    "as_text",
    "capped",
    "check_column",
    "listed_faults",
    "number_faults",
    "second_header",
    "totals_rows",
    "words",
]

#: At most this many faults of one kind in one column are kept; the rest are counted.
FAULTS_KEPT = 10_000

_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_THOUSANDS = r"[+-]?\d{1,3}((,\d{3})+\.\d+|(,\d{3}){2,})"
_COMMA = r"[+-]?\d*,\d+|[+-]?\d{1,3}(\.\d{3})*,\d+"
_DATE = r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_COMPACT_DATE = r"(?P<y>[12]\d{3})(?P<m>[01]\d)(?P<d>[0-3]\d)"
_EXCEL_DAYS = (20_000, 80_000)  # 1954 to 2119, as Excel numbers days since 1899-12-30


@cache
def words(kind: str) -> frozenset[str]:
    """The words of ``data/kernel/table_words.toml`` of one kind, in lower case without spaces."""
    listed = read_toml(data_path("kernel", "table_words.toml"))[kind]
    return frozenset(str(word).lower().replace(" ", "") for word in listed)


def as_text(cells: pd.Series) -> pd.Series:
    """Cells as text without surrounding space; no value and empty text are both missing."""
    import pandas as pd

    if pd.api.types.is_float_dtype(cells) and (cells.dropna() % 1 == 0).all():
        cells = cells.astype("Int64")  # a column of numbers with gaps is a float: plot 7 is not called 7.0
    text = cells.astype("string").str.strip()
    return text.mask(text == "")


def check_column(
    cells: pd.Series, column: Column, factor: float = 1.0, file: str = "", sheet: str = ""
) -> tuple[pd.Series, list[Fault]]:
    """The values of one column in its own unit, and what is wrong with its cells."""
    import pandas as pd

    types = pd.api.types
    number = types.is_numeric_dtype(cells) and not types.is_bool_dtype(cells)
    if (number and column.is_number) or (types.is_datetime64_any_dtype(cells) and column.kind == "date"):
        text, empty = cells, cells.isna()
    else:
        text = as_text(cells)
        if column.kind != "text":
            text = text.mask(text.str.lower().isin(words("missing")))
        empty = text.isna()
    faults = listed_faults("table.empty_cell", cells, empty, file, sheet, column.name) if column.required else []
    broken = _excel_errors(text)
    faults += listed_faults("table.excel_error", cells, broken, file, sheet, column.name)
    given = ~empty & ~broken
    if column.is_number:
        values, found = _numbers(text, given, column, factor, file, sheet)
    elif column.kind == "date":
        values, found = _dates(text, given, column, file, sheet)
    else:
        values, found = _choices(text, given, column, file, sheet)
    return values, faults + found


def _excel_errors(text: pd.Series) -> pd.Series:
    import pandas as pd

    if text.dtype != "string":
        return pd.Series(False, index=text.index)
    hashed = text.str.startswith("#").fillna(False).astype(bool)
    return hashed & text.str.lower().isin(words("excel_errors")) if hashed.any() else hashed


def _choices(text: pd.Series, given: pd.Series, column: Column, file: str, sheet: str) -> tuple[pd.Series, list[Fault]]:
    values = text.astype("string").where(given, "")
    if column.kind not in ("choice", "flag") or not column.choices:
        return values, []
    allowed = ", ".join(column.choices)
    wrong = ~values.isin(column.choices) & given
    return values, listed_faults("table.not_a_choice", text, wrong, file, sheet, column.name, allowed=allowed)


def _numbers(
    text: pd.Series, given: pd.Series, column: Column, factor: float, file: str, sheet: str
) -> tuple[pd.Series, list[Fault]]:
    import numpy as np
    import pandas as pd

    faults: list[Fault] = []
    if text.dtype == "string":
        numbers, faults = _parsed(text, given, column, file, sheet)
    else:
        numbers = text.astype(float)
    infinite = pd.Series(np.isinf(numbers.to_numpy()), index=numbers.index)
    faults += listed_faults("table.not_a_number", text, infinite, file, sheet, column.name)
    numbers = _scaled(numbers.mask(infinite | ~given), factor)
    if column.kind == "integer":
        wrong = numbers.notna() & (numbers != numbers.round())
        faults += listed_faults("table.not_whole", text, wrong, file, sheet, column.name)
    return numbers, faults + number_faults(numbers, column, file, sheet, cells=text)


def _scaled(numbers: pd.Series, factor: float) -> pd.Series:
    """Numbers times a factor; 131 mm become 13.1 cm and not 13.100000000000001."""
    inverse = round(1 / factor)
    if inverse > 1 and abs(inverse * factor - 1) < 1e-12:
        return numbers / inverse
    return numbers if factor == 1.0 else numbers * factor


def _parsed(text: pd.Series, given: pd.Series, column: Column, file: str, sheet: str) -> tuple[pd.Series, list[Fault]]:
    """Numbers of text, by one fast pass where every cell is plain and a careful one where any is not."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        plain = pc.cast(pa.array(text.where(given), type=pa.string(), from_pandas=True), pa.float64())
        values = plain.to_numpy(zero_copy_only=False)
        if not np.isnan(values[given.to_numpy(dtype=bool)]).any():
            return pd.Series(values, index=text.index), []
    except pa.ArrowInvalid:
        pass
    tidy = text.where(given).str.normalize("NFKC").str.replace("\u2212", "-").str.strip()
    thousands = _fits(tidy, _THOUSANDS)
    tidy = tidy.mask(thousands, tidy.str.replace(",", ""))
    number = _fits(tidy, _NUMBER)
    marks = tidy.str.lower().isin(words("marks")) & given & ~number
    comma = _fits(tidy, _COMMA) & ~number & ~marks
    rest = given & ~number & ~marks & ~comma
    faults = [
        *listed_faults("table.missing_mark", text, marks, file, sheet, column.name),
        *listed_faults("table.decimal_comma", text, comma, file, sheet, column.name),
        *listed_faults("table.not_a_number", text, rest, file, sheet, column.name),
    ]
    return pd.to_numeric(tidy.where(number), errors="coerce").astype("float64"), faults


def _fits(text: pd.Series, pattern: str) -> pd.Series:
    return text.str.fullmatch(pattern).fillna(False).astype(bool)


def _dates(text: pd.Series, given: pd.Series, column: Column, file: str, sheet: str) -> tuple[pd.Series, list[Fault]]:
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(text):
        return text, []
    written = text.astype("string").str.normalize("NFKC").where(given)
    parts = written.str.extract(f"^(?:{_DATE})$")[["y", "m", "d"]]
    parts = parts.fillna(written.str.extract(f"^{_COMPACT_DATE}$"))
    joined = parts["y"] + "-" + parts["m"] + "-" + parts["d"]
    values = pd.to_datetime(joined, errors="coerce", format="%Y-%m-%d")
    wrong = values.isna() & given
    numbers = pd.to_numeric(written.where(wrong), errors="coerce")
    serial = numbers.between(*_EXCEL_DAYS).fillna(False).astype(bool)
    faults = listed_faults("table.not_a_date", text, wrong & ~serial, file, sheet, column.name)
    return values, faults + [
        Fault(fault.code, file, sheet, fault.row, column.name, fault.value, {"day": excel_day(fault.value)})
        for fault in listed_faults("table.date_serial", text, serial, file, sheet, column.name)
        if fault.row is not None
    ]


def excel_day(serial: str) -> str:
    """The day that Excel shows for a number."""
    return (date(1899, 12, 30) + timedelta(days=int(float(serial)))).isoformat()


def number_faults(
    numbers: pd.Series, column: Column, file: str, sheet: str = "", *, cells: pd.Series | None = None
) -> list[Fault]:
    """Faults of numbers outside the column's range. The range is in the column's own unit.

    ``cells`` are the same cells as the file has them, where those differ from ``numbers``.
    """
    shown = numbers if cells is None else cells
    checks = (
        ("table.not_above", column.above, operator.le),
        ("table.too_small", column.min, operator.lt),
        ("table.too_large", column.max, operator.gt),
    )
    faults: list[Fault] = []
    for code, limit, is_wrong in checks:
        if limit is not None:
            wrong = is_wrong(numbers, limit)
            unit = "" if column.unit == "1" else f" {column.unit}"
            faults += listed_faults(code, shown, wrong, file, sheet, column.name, limit=limit, unit=unit)
    return faults


def listed_faults(
    code: str, cells: pd.Series, wrong: pd.Series, file: str, sheet: str, column: str, **facts: Any
) -> list[Fault]:
    """One fault per wrong cell, the first :data:`FAULTS_KEPT` of them, then one that counts the rest."""
    at = wrong.to_numpy(dtype=bool, na_value=False).nonzero()[0]
    rows, values = cells.index[at[:FAULTS_KEPT]], cells.iloc[at[:FAULTS_KEPT]]
    found = [
        Fault(code, file, sheet, int(row), column, _shown(value), facts)
        for row, value in zip(rows, values, strict=True)
    ]
    if len(at) > FAULTS_KEPT:
        found.append(_rest(code, file, sheet, column, len(at) - FAULTS_KEPT))
    return found


def _shown(value: Any) -> str:
    import pandas as pd

    return "" if value is pd.NA or value is None or value != value else str(value)[:80]


def _rest(code: str, file: str, sheet: str, column: str, count: int) -> Fault:
    return Fault("table.and_more", file, sheet, None, column, facts={"count": count, "like": code})


def capped(faults: Iterable[Fault]) -> list[Fault]:
    """Faults of several blocks of one table, at most :data:`FAULTS_KEPT` of one kind in one column."""
    kept: list[Fault] = []
    seen: Counter[tuple[str, str]] = Counter()
    more: Counter[tuple[str, str]] = Counter()
    for fault in faults:
        kind = (str(fault.facts["like"]) if fault.code == "table.and_more" else fault.code, fault.column)
        if fault.code == "table.and_more":
            more[kind] += int(fault.facts["count"])
        elif seen[kind] < FAULTS_KEPT:
            seen[kind] += 1
            kept.append(fault)
        else:
            more[kind] += 1
    file, sheet = (kept[0].file, kept[0].sheet) if kept else ("", "")
    return kept + [_rest(code, file, sheet, column, count) for (code, column), count in more.items()]


def totals_rows(cells: Iterable[pd.Series]) -> pd.Series | None:
    """Which rows have a cell that says "total" (合计, 小计, 平均 ...); nothing where there are no columns of text."""
    found: pd.Series | None = None
    for column in cells:
        text = column.astype("string").str.strip().str.rstrip(":：").str.replace(" ", "").str.lower()
        hit = text.isin(words("totals"))
        found = hit if found is None else found | hit
    return None if found is None else found.fillna(False).astype(bool)


def second_header(first_row: Iterable[tuple[Any, Column]]) -> bool:
    """Whether the first row under the header is another row of headers, such as one of units.

    It is where a column of numbers has a unit there, or where two or more have words and none has a number.
    """
    cells = [str(cell).strip() for cell, column in first_row if column.is_number and _shown(cell).strip()]
    units = [find_unit(cell.strip("()[]（）【】")) for cell in cells if not _plain_number(cell)]
    wordy = [cell for cell in cells if cell.lower() not in words("marks") | words("missing")]
    return any(units) or (len(wordy) > 1 and not any(letter.isdigit() for cell in wordy for letter in cell))


def _plain_number(cell: str) -> bool:
    """Whether a cell is a number; a bare ``1`` is one and not the unit of a ratio."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
