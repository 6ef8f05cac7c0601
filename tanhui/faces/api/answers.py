"""Answers: JSON with an ETag, and exports as CSV or Parquet.

An export is one unmoving view of the database. It is written to a file first and sent from there, so a slow reader
holds neither memory nor a transaction.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from tanhui.faces.api.negotiation import FORMATS, header, preferred
from tanhui.faces.api.rows import Column

__all__ = [
    "PRIVATE",
    "PUBLIC",
    "answer",
    "csv_file",
    "export",
    "json_answer",
    "json_bytes",
    "parquet_file",
    "wanted_format",
]

#: A public answer may be kept and is asked again with its ETag; a private one is kept nowhere.
PUBLIC, PRIVATE = "public, max-age=0, must-revalidate", "private, no-store"
#: An export stays in memory up to this size. [bytes]
IN_MEMORY = 1024 * 1024
PIECE = 64 * 1024
#: Rows of Parquet written together.
ROW_GROUP = 10_000
#: A cell that begins with one of these is a formula to a spreadsheet; full-width forms count there too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def json_answer(request: Request, document: Any, *, cache: str = PUBLIC, status: int = 200) -> Response:
    """A document."""
    return answer(request, json_bytes(document), "application/json", cache=cache, status=status)


def json_bytes(document: Any) -> bytes:
    """A document as it is sent."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def answer(request: Request, content: bytes, media: str, *, cache: str = PUBLIC, status: int = 200) -> Response:
    """Bytes with their ETag, or that they are the same as those the client has."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": cache}
    if request.method == "GET" and _has(header(request.scope, b"if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, status, headers, media_type=media)


def _has(known: str, etag: str) -> bool:
    """Whether a client says that it has what an ETag names."""
    return known.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]


def wanted_format(request: Request, asked: str | None) -> str:
    """``json``, ``csv`` or ``parquet``: as the query says, else as the client accepts."""
    if asked:
        return asked
    media = preferred(header(request.scope, b"accept"), list(FORMATS.values()))
    return next(word for word, kind in FORMATS.items() if kind == media)


def export(
    name: str, form: str, columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], *, cache: str
) -> Response:
    """All rows as a file."""
    make = {"csv": csv_file, "parquet": parquet_file}[form]
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (closed when it was sent)
    try:
        make(file, columns, rows)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{form}"',
        "Content-Length": str(size),
        "Cache-Control": cache,
    }
    media = f"{FORMATS[form]}; charset=utf-8" if form == "csv" else FORMATS[form]
    return StreamingResponse(_pieces(file), headers=headers, media_type=media)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def csv_file(file: IO[bytes], columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows as RFC 4180 text in UTF-8. A text that a spreadsheet would calculate gets an apostrophe in front."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([column.path for column in columns])
    for row in rows:
        writer.writerow([_harmless(column.of(row)) for column in columns])
    text.detach()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def parquet_file(file: IO[bytes], columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows as Parquet, a group at a time: whole numbers as such, all else as text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(column.path, pa.int64() if column.whole else pa.string()) for column in columns])
    rows = iter(rows)
    with pq.ParquetWriter(file, schema) as writer:
        while group := list(islice(rows, ROW_GROUP)):
            cells = {
                column.path: [None if cell == "" and column.whole else cell for cell in map(column.of, group)]
                for column in columns
            }
            writer.write_table(pa.table(cells, schema=schema))
