"""The file formats behind :mod:`tanhui.kernel.tables`: bytes in, a frame of text out, faults where a file is broken."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.limits import file_limit, refuse_bytes, refuse_rows
from tanhui.kernel.tables.csv_file import csv_blocks, csv_layout, decode
from tanhui.kernel.tables.headers import MAX_COLUMNS, find_header_row, note
from tanhui.kernel.tables.model import TableSpec

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Source", "decode", "open_source", "read"]

CSV_ENDINGS = (".csv", ".csv.gz", ".txt", ".tsv")
EXCEL_ENDINGS = (".xlsx", ".xlsm")


@dataclass(slots=True)
class Source:
    """A table file that was opened: its headers, and how to read its rows block by block, as often as wanted.

    ``blocks(rows, faults)`` gives frames whose columns are positions and whose index is the row number in the file;
    rows of the wrong width go to ``faults``.
    """

    file: str
    header: list[str]
    header_row: int
    blocks: Callable[[int, list[Fault]], Iterator[pd.DataFrame]]
    sheet: str = ""
    notes: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def open_source(path: Path, *, sheet: str | None = None, spec: TableSpec | None = None) -> Source:
    """Look at a table file: its format, its encoding and its headers.

    ``spec`` helps to find the header under title rows and the delimiter of a CSV file; without it the first row that
    is not blank is the header.

    Raises
    ------
    RefusedInput
        If the file is missing, empty, too large, damaged, or in no format known.
    """
    refuse_size(path)
    name = path.name.lower()
    if sheet is not None and name.endswith((*CSV_ENDINGS, ".parquet")):
        raise RefusedInput([Fault("table.has_no_sheets", path.name, value=sheet)])
    if name.endswith(CSV_ENDINGS):
        source = _csv_source(path, spec)
    elif name.endswith(EXCEL_ENDINGS):
        source = _excel_source(path, sheet, spec)
    elif name.endswith(".parquet"):
        source = _parquet_source(path)
    else:
        raise RefusedInput([Fault("file.unknown_format", path.name, value=path.suffix or path.name)])
    if (count := sum(map(bool, source.header))) > MAX_COLUMNS:
        facts = {"count": count, "limit": MAX_COLUMNS}
        raise RefusedInput([Fault("table.too_many_columns", path.name, source.sheet, facts=facts)])
    return source


def refuse_size(path: Path) -> None:
    """Refuse a file that is not there, empty, or too large, without reading it."""
    if path.is_dir():
        raise RefusedInput([Fault("file.is_folder", str(path))])
    if not path.is_file():
        raise RefusedInput([Fault("file.missing", str(path))])
    size = path.stat().st_size
    if size == 0:
        raise RefusedInput([Fault("file.empty", path.name)])
    refuse_bytes(size, path.name)
    if not os.access(path, os.R_OK):
        raise RefusedInput([Fault("file.not_allowed", path.name)])


def read(path: Path, *, sheet: str | None = None, spec: TableSpec | None = None) -> pd.DataFrame:
    """Every cell as text (Parquet keeps its types); index = row number in the file, the header being row 1."""
    import pandas as pd

    source = open_source(path, sheet=sheet, spec=spec)
    faults = list(source.faults)
    blocks = list(source.blocks(file_limit("table_rows"), faults))
    if faults:
        raise RefusedInput(faults)
    if not blocks:
        return pd.DataFrame(columns=[name for name in source.header if name], dtype="string")
    frame = pd.concat(blocks) if len(blocks) > 1 else blocks[0]
    frame.columns = pd.Index(source.header)
    named = frame.loc[:, [bool(name) for name in source.header]]
    named.attrs["notes"] = list(source.notes)
    return named


def _csv_source(path: Path, spec: TableSpec | None) -> Source:
    layout = csv_layout(path, spec)
    return Source(
        path.name,
        layout.header,
        layout.header_row,
        lambda rows, faults: csv_blocks(layout, rows, faults),
        notes=layout.notes,
    )


def _excel_source(path: Path, wanted: str | None, spec: TableSpec | None) -> Source:
    import pandas as pd

    from tanhui.kernel.tables.excel_file import read_sheet

    found = read_sheet(path, wanted)
    if not found.rows:
        raise RefusedInput([Fault("table.no_rows", path.name, found.title)])
    at = find_header_row(found.rows, spec) if spec else 0
    header_row = found.numbers[at]
    faults = [
        Fault(code, path.name, found.title, row, value=where)
        for code, places in (("table.merged_cells", found.merged), ("table.unsaved_formula", found.unsaved))
        for row, where in places
        if row >= header_row or spec is None
    ]
    if at:
        found.notes.append(note("table.title_rows", path.name, found.title, count=header_row - 1))
    frame = pd.DataFrame(found.rows[at + 1 :], index=found.numbers[at + 1 :], dtype="string")
    frame = frame.reindex(columns=range(len(found.rows[at])))
    return Source(
        path.name,
        found.rows[at],
        header_row,
        lambda rows, _: (frame.iloc[at : at + rows] for at in range(0, len(frame), rows)),
        sheet=found.title,
        notes=found.notes,
        faults=faults,
    )


def _parquet_source(path: Path) -> Source:
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        with file:
            header = [name for name in file.schema_arrow.names if not name.startswith("__index_level_")]
            rows, size = _promised(file.metadata)
            texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        refuse_rows(rows, path.name)
        refuse_bytes(size, path.name)
        _refuse_long_texts(path, texts)
    except RefusedInput:
        raise
    except Exception as error:  # what a damaged file makes pyarrow raise has no common root
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None
    return Source(path.name, header, 1, lambda rows, _: _parquet_blocks(path, header, rows))


#: Bytes of a value in memory by its type in the file; of a text this is only its place.
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT96": 12}


def _promised(metadata: Any) -> tuple[int, int]:
    """The most values of a column, and the bytes of all of them unpacked; run-length coding can promise any number."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    columns = [[group.column(place) for group in groups] for place in range(metadata.num_columns)]
    counts = [sum(chunk.num_values for chunk in column) for column in columns]
    kinds = [metadata.schema.column(place) for place in range(metadata.num_columns)]
    widths = [_WIDTHS.get(kind.physical_type, max(8, kind.length)) for kind in kinds]
    unpacked = sum(count * width for count, width in zip(counts, widths, strict=True))
    return max([metadata.num_rows, *counts]), max(unpacked, sum(group.total_byte_size for group in groups))


def _is_text(kind: pa.DataType) -> bool:
    """Whether values of a type are of any length, in whichever way they are kept."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return any(
        is_one(kind) for is_one in (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    )


def _refuse_long_texts(path: Path, columns: list[str]) -> None:
    """Refuse texts that take too much once written out as often as they are said: in the file one may stand once."""
    import pyarrow.compute as pc
    from pyarrow import parquet

    size = 0
    with parquet.ParquetFile(path, read_dictionary=columns) as file:
        for batch in file.iter_batches(columns=columns) if columns else ():
            for text in batch.columns:
                size += pc.sum(pc.binary_length(text.dictionary).take(text.indices)).as_py() or 0
            refuse_bytes(size, path.name)


def _parquet_blocks(path: Path, header: list[str], rows: int) -> Iterator[pd.DataFrame]:
    import pandas as pd
    from pyarrow import parquet

    at = 2
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=min(rows, 1_000_000), columns=header):
                frame: pd.DataFrame = batch.replace_schema_metadata(None).to_pandas()
                frame.columns = pd.RangeIndex(len(header))
                frame.index = pd.RangeIndex(at, at + len(frame))
                at += len(frame)
                if len(frame):
                    yield frame
    except Exception as error:  # what a damaged file makes pyarrow raise has no common root
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None
