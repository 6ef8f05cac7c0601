"""Signed PDFs: which edition of which document one was made from, as far as the PDF itself says.

An office program that makes a PDF of a document takes its keywords over, and with them the mark of the edition. A scan
says nothing; then the present edition is meant, because somebody says so.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from tanhui.kernel.errors import InputError

__all__ = ["marks_in", "read_pdf"]

BEGINNING = b"%PDF-"
#: A scan of a long report may be large. [bytes]
MOST_BYTES, MOST_BYTES_OF_A_STREAM = 512 * 1024**2, 16 * 1024**2
MARK = re.compile(r"tanhui-([a-z0-9_]{1,64})-([0-9a-f]{16})")
STREAM = re.compile(rb"stream\r?\n")
HEX = re.compile(rb"<([0-9A-Fa-f\s]{40,4000})>")


def read_pdf(path: Path) -> bytes:
    """The bytes of a PDF.

    Raises
    ------
    InputError
        If it cannot be read or is no PDF.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError("documents.not_a_pdf", path=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise InputError("documents.unreadable", path=str(path), detail=error.strerror or str(error)) from None
    if not data.lstrip()[:1024].startswith(BEGINNING):
        raise InputError("documents.not_a_pdf", path=str(path))
    return data


def marks_in(data: bytes) -> list[tuple[str, str]]:
    """Document and edition of every mark in a PDF: in its plain bytes, its strings, and its packed streams."""
    found: dict[tuple[str, str], None] = {}
    for chunk in _chunks(data):
        for text in _texts(chunk):
            found |= dict.fromkeys(MARK.findall(text))
    return list(found)


def _chunks(data: bytes) -> Iterator[bytes]:
    """The file, and what its packed streams unfold to, as far as they go."""
    yield data
    for start in STREAM.finditer(data):
        unpacker = zlib.decompressobj()
        try:
            yield unpacker.decompress(data[start.end() : start.end() + MOST_BYTES_OF_A_STREAM], MOST_BYTES_OF_A_STREAM)
        except zlib.error:
            continue


def _texts(chunk: bytes) -> Iterator[str]:
    """The ways in which a PDF writes a text: as it is, in two bytes a letter, or in hexadecimal."""
    yield chunk.decode("latin-1")
    if b"t\0a\0n\0h\0u\0i" in chunk:
        yield chunk.replace(b"\0", b"").decode("latin-1")
    for found in HEX.findall(chunk):
        digits = b"".join(found.split())
        yield bytes.fromhex((digits[: len(digits) // 2 * 2]).decode()).replace(b"\0", b"").decode("latin-1")
