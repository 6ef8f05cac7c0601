"""CSV files in blocks: bounded memory, any usual encoding, every odd row reported.

A file is passed over once to learn its encoding and to find what no table has (NUL bytes, replacement characters, a
cut multi-byte character, more bytes than allowed after unpacking); then pyarrow parses it block by block. Row numbers
count records: a quoted line break does not begin a new row.
"""

from __future__ import annotations

import codecs
import csv as csv_rows
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.limits import refuse_bytes, refuse_growth, refuse_rows
from tanhui.kernel.tables.cells import FAULTS_KEPT
from tanhui.kernel.tables.headers import HEADER_SEARCH_ROWS, find_header_row, note
from tanhui.kernel.tables.model import TableSpec

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["CsvLayout", "csv_blocks", "csv_layout", "decode"]

ENCODINGS = ("utf-8-sig", "gb18030")
_CHUNK = 4 * 1024**2
_BLOCK = 8 * 1024**2
_DELIMITERS = ",;\t|"


@dataclass(slots=True)
class CsvLayout:
    """How a CSV file is written: found in one pass, without keeping it.

    ``header_row`` counts rows, ``skip_lines`` the lines up to the end of the header, which may have line breaks in it.
    """

    path: Path
    encoding: str
    delimiter: str
    header: list[str]
    header_row: int
    skip_lines: int
    notes: list[dict[str, Any]] = field(default_factory=list)


def decode(data: bytes, file: str) -> str:
    """Text of a file in UTF-8 or GB18030; a file that is neither is refused."""
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RefusedInput([Fault("file.unknown_encoding", file)])


def csv_layout(path: Path, spec: TableSpec | None) -> CsvLayout:
    """Pass over the file once: its encoding, delimiter and header."""
    encoding, head, whole_line = _scan(path)
    delimiter = _delimiter(head, spec)
    rows, places = _sample(head, delimiter)
    if not rows:
        raise RefusedInput([Fault("table.no_rows", path.name)])
    at = find_header_row(rows, spec) if spec else 0
    header = [name.strip() for name in rows[at]]
    _refuse_mojibake(header, path.name)
    header_row, skip_lines = places[at]
    notes = [note("table.title_rows", path.name, count=header_row - 1)] if at else []
    if not whole_line:
        notes.append(note("file.no_final_newline", path.name))
    return CsvLayout(path, encoding, delimiter, header, header_row, skip_lines, notes)


def open_bytes(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked where its name ends in ``.gz``."""
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def _scan(path: Path) -> tuple[str, str, bool]:
    """The encoding, the decoded beginning, and whether the last line ends."""
    try:
        with open_bytes(path) as stream:
            start = stream.read(4)
        if start[:2] == b"PK":
            raise RefusedInput([Fault("file.not_text", path.name)])
        wide = start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        for encoding in ("utf-16",) if wide else ENCODINGS:
            try:
                return _decoded(path, encoding)
            except UnicodeDecodeError as error:
                if encoding == "utf-8-sig":
                    _refuse_broken_utf8(error, path)
    except (OSError, EOFError, zlib.error) as error:
        raise RefusedInput([Fault("file.cut_short", path.name, facts={"detail": str(error)})]) from None
    raise RefusedInput([Fault("file.unknown_encoding", path.name)])


def _decoded(path: Path, encoding: str) -> tuple[str, str, bool]:
    packed = path.stat().st_size
    decoder = codecs.getincrementaldecoder(encoding)()
    size, lines, head, last, beyond_ascii = 0, 1, "", "", False
    with open_bytes(path) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            refuse_bytes(size, path.name)
            refuse_growth(size, packed, path.name)
            refuse_rows(lines, path.name)
            text = decoder.decode(chunk)
            if "\x00" in text:
                raise RefusedInput([Fault("file.not_text", path.name)])
            for sign in ("\ufffd", "锟斤拷"):
                if sign in text:
                    row = lines + text[: text.index(sign)].count("\n")
                    raise RefusedInput([Fault("file.mojibake", path.name, row=row, value=sign)])
            lines += text.count("\n")
            head = head or text[: _CHUNK // 16]
            last = text or last
            beyond_ascii = beyond_ascii or not text.isascii()
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            if beyond_ascii:  # all before it was right in this encoding, so the end is missing
                detail = "the last character is incomplete"
                raise RefusedInput([Fault("file.cut_short", path.name, facts={"detail": detail})]) from None
            raise
    return encoding, head, last.endswith("\n")


def _refuse_broken_utf8(error: UnicodeDecodeError, path: Path) -> None:
    """Refuse a UTF-8 file with a few broken bytes, which GB18030 would read as other characters.

    Text in GB18030 hardly ever holds whole UTF-8 characters beyond ASCII; a file with many of them and few bad bytes
    is UTF-8 that was damaged.
    """
    data = bytes(error.object)
    whole = len(re.findall(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xc2-\xdf][\x80-\xbf]", data))
    bad = data.decode("utf-8", "replace").count("\ufffd")
    if whole > 20 * bad:
        raise RefusedInput([Fault("file.mojibake", path.name, value=str(error.object[error.start : error.start + 4]))])


def _refuse_mojibake(header: list[str], file: str) -> None:
    """Refuse headers that were read in the wrong encoding by whoever saved the file."""
    for name in header:
        if name.isascii():
            continue
        if meant := _misread(name, "gb18030", "utf-8") or _misread(name, "latin-1", "gb18030"):
            raise RefusedInput([Fault("file.mojibake", file, row=1, value=name, facts={"meant": meant})])


def _misread(text: str, wrong: str, right: str) -> str | None:
    """What text was before it was read as ``wrong`` instead of ``right``; nothing where it was not."""
    if wrong == "latin-1" and not re.search("[\x80-\xff]{4}", text):
        return None
    try:
        meant = text.encode(wrong).decode(right)
    except UnicodeError:
        return None
    return meant if meant != text and re.search("[\u4e00-\u9fff]", meant) else None


def _sample(head: str, delimiter: str) -> tuple[list[list[str]], list[tuple[int, int]]]:
    """The first rows that are not blank, with the number of each row and of the line it ends on."""
    reader = csv_rows.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    places: list[tuple[int, int]] = []
    try:
        for number, row in enumerate(islice(reader, 4 * HEADER_SEARCH_ROWS), start=1):
            if any(cell.strip() for cell in row):
                rows.append(row)
                places.append((number, reader.line_num))
    except csv_rows.Error:
        pass  # a cell longer than the limit of the csv module; what was read so far is enough to find the header
    return rows, places


def _delimiter(head: str, spec: TableSpec | None) -> str:
    """The delimiter under which most headers are known, else the one that stands most often in the first line."""
    first = next((line for line in head.splitlines() if line.strip()), "")
    if spec is not None:
        known = {}
        for mark in _DELIMITERS:
            rows, _ = _sample(head, mark)
            row = rows[find_header_row(rows, spec)] if rows else []
            known[mark] = sum(spec.find(cell) is not None for cell in row), len(row)
        best = max(_DELIMITERS, key=lambda mark: known[mark])
        if known[best][0]:
            return best
    return max(_DELIMITERS, key=first.count)


def csv_blocks(layout: CsvLayout, rows_per_block: int, faults: list[Fault]) -> Iterator[pd.DataFrame]:
    """Blocks of text cells, columns by position, index = row number in the file; odd rows go to ``faults``."""
    import pyarrow as pa

    odd_rows: list[int] = []  # rows of another width, which are left out
    next_row = layout.header_row + 1
    try:
        for batch in _rebatched(_open(layout, faults, odd_rows), rows_per_block):
            frame = batch.to_pandas().astype("string")
            numbers = _row_numbers(next_row, len(frame), odd_rows)
            next_row = numbers[-1] + 1 if numbers else next_row
            frame.index = numbers
            frame.columns = range(len(layout.header))
            yield _without_blank_rows(frame)
        if len(odd_rows) > FAULTS_KEPT:
            facts = {"count": len(odd_rows) - FAULTS_KEPT, "like": "table.wrong_width"}
            faults.append(Fault("table.and_more", layout.path.name, facts=facts))
    except pa.ArrowInvalid as error:
        raise RefusedInput([Fault("file.unreadable", layout.path.name, facts={"detail": str(error)[:200]})]) from None


def _open(layout: CsvLayout, faults: list[Fault], odd_rows: list[int]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import csv

    def skip(row: csv.InvalidRow) -> str:
        number = row.number - layout.skip_lines + layout.header_row  # pyarrow counts the lines it skipped
        odd_rows.append(number)
        if len(odd_rows) <= FAULTS_KEPT:
            facts = {"found": row.actual_columns, "wanted": row.expected_columns}
            faults.append(Fault("table.wrong_width", layout.path.name, row=number, value=row.text[:80], facts=facts))
        return "skip"

    names = [f"c{position}" for position in range(len(layout.header))]
    encoding = "utf-8" if layout.encoding == "utf-8-sig" else layout.encoding
    with open_bytes(layout.path) as stream:
        yield from csv.open_csv(
            pa.PythonFile(stream, mode="r"),
            read_options=csv.ReadOptions(
                use_threads=False,
                block_size=_BLOCK,
                skip_rows=layout.skip_lines,
                column_names=names,
                encoding=encoding,
            ),
            parse_options=csv.ParseOptions(
                delimiter=layout.delimiter,
                invalid_row_handler=skip,
                newlines_in_values=True,
                ignore_empty_lines=False,
            ),
            convert_options=csv.ConvertOptions(column_types={name: pa.string() for name in names}),
        )


def _rebatched(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of exactly ``rows`` rows (the last one shorter)."""
    import pyarrow as pa

    waiting: pa.Table | None = None
    for batch in batches:
        table = pa.Table.from_batches([batch])
        waiting = table if waiting is None else pa.concat_tables([waiting, table])
        while waiting.num_rows >= rows:
            yield waiting.slice(0, rows)
            waiting = waiting.slice(rows)
    if waiting is not None and waiting.num_rows:
        yield waiting


def _row_numbers(start: int, count: int, odd_rows: list[int]) -> list[int] | range:
    """Row numbers of ``count`` rows from ``start`` on, leaving out those that were skipped."""
    skipped = {row for row in odd_rows if row >= start}
    if not skipped:
        return range(start, start + count)
    numbers: list[int] = []
    row = start
    while len(numbers) < count:
        if row not in skipped:
            numbers.append(row)
        row += 1
    return numbers


def _without_blank_rows(frame: pd.DataFrame) -> pd.DataFrame:
    blank = (frame[0] == "").to_numpy(dtype=bool)
    for position in frame.columns[1:]:
        if not blank.any():
            return frame
        blank &= (frame[position] == "").to_numpy(dtype=bool)
    return frame.loc[~blank]
