"""The file formats behind :mod:`tanhui.kernel.tables`: bytes in, a frame of text out, faults where a file is broken."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tanhui.kernel.errors import Fault, RefusedInput

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["decode", "read"]

ENCODINGS = ("utf-8-sig", "gb18030")


def read(path: Path, *, sheet: str | None = None) -> pd.DataFrame:
    """Every cell as text (Parquet keeps its types); index = row number in the file, the header being row 1."""
    from tanhui.kernel.tables import MAX_BYTES

    if not path.is_file():
        raise RefusedInput([Fault("file.missing", str(path))])
    size = path.stat().st_size
    if size == 0:
        raise RefusedInput([Fault("file.empty", path.name)])
    if size > MAX_BYTES:
        raise RefusedInput([Fault("file.too_large", path.name, facts={"size": size, "limit": MAX_BYTES})])
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz", ".txt", ".tsv")):
        return _read_csv(path)
    if name.endswith((".xlsx", ".xlsm")):
        return _read_excel(path, sheet)
    if name.endswith(".parquet"):
        return _read_parquet(path)
    raise RefusedInput([Fault("file.unknown_format", path.name, value=path.suffix)])


def decode(data: bytes, file: str) -> str:
    """Text of a file in UTF-8 or GB18030; a file that is neither is refused."""
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RefusedInput([Fault("file.unknown_encoding", file)])


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv

    from tanhui.kernel.tables import MAX_BYTES

    data = path.read_bytes()
    if path.name.lower().endswith(".gz"):
        try:
            with gzip.open(io.BytesIO(data)) as unpacked:
                data = unpacked.read(MAX_BYTES + 1)
        except (OSError, EOFError) as error:
            raise RefusedInput([Fault("file.cut_short", path.name, facts={"detail": str(error)})]) from None
        if len(data) > MAX_BYTES:
            raise RefusedInput([Fault("file.too_large", path.name, facts={"size": len(data), "limit": MAX_BYTES})])
    if b"\x00" in data[:4096]:
        raise RefusedInput([Fault("file.not_text", path.name)])
    text = decode(data, path.name)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    names = _csv_header(header, delimiter)
    faults: list[Fault] = []

    def note(row: csv.InvalidRow) -> str:
        faults.append(
            Fault(
                "table.wrong_width",
                path.name,
                row=row.number,
                value=row.text[:80],
                facts={"found": row.actual_columns, "wanted": row.expected_columns},
            )
        )
        return "skip"

    try:
        table = csv.read_csv(
            pa.BufferReader(text.encode("utf-8")),
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(delimiter=delimiter, invalid_row_handler=note, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid as error:
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None
    if faults:
        raise RefusedInput(faults)
    frame: pd.DataFrame = table.to_pandas()
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    return frame


def _csv_header(line: str, delimiter: str) -> list[str]:
    import csv

    return next(csv.reader([line.rstrip("\r")], delimiter=delimiter), [])


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    try:
        frame: pd.DataFrame = parquet.read_table(path).to_pandas()
    except (pa.ArrowInvalid, OSError) as error:
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    return frame


def _read_excel(path: Path, sheet: str | None) -> pd.DataFrame:
    import pandas as pd
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError, ValueError, EOFError) as error:
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None
    if sheet is not None and sheet not in book.sheetnames:
        raise RefusedInput(
            [Fault("table.no_sheet", path.name, value=sheet, facts={"sheets": ", ".join(book.sheetnames)})]
        )
    page = book[sheet] if sheet else book.worksheets[0]
    faults = [
        Fault("table.merged_cells", path.name, page.title, merged.min_row, value=str(merged))
        for merged in page.merged_cells.ranges
    ]
    rows = [["" if cell is None else _cell_text(cell) for cell in row] for row in page.iter_rows(values_only=True)]
    if not rows:
        faults.append(Fault("table.no_rows", path.name, page.title))
    if faults:
        raise RefusedInput(faults)
    frame = pd.DataFrame(rows[1:], columns=rows[0], index=pd.RangeIndex(2, len(rows) + 1), dtype="string")
    blank = (frame == "").all(axis=1)
    return frame.loc[~blank, [name for name in frame.columns if name != ""]]


def _cell_text(cell: object) -> str:
    import datetime

    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
