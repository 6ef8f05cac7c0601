"""Canonical JSON (RFC 8785) and hashes: the same content has the same bytes, and so the same name."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from tanhui.kernel.errors import DomainError, IntegrityError

__all__ = [
    "SIGNIFICANT_DIGITS",
    "canonical_bytes",
    "digest",
    "exact_json",
    "file_digest",
    "hash_json",
    "readable_bytes",
    "rounded",
]

#: Results are rounded to this many significant digits before they are hashed (DESIGN rule 5).
SIGNIFICANT_DIGITS = 12


def canonical_bytes(document: Any) -> bytes:
    """The document as RFC 8785 bytes.

    Raises
    ------
    DomainError
        For what JSON has no exact form: not-a-number, an integer that no double stands for, a key that is no text,
        a date.
    """
    import rfc8785

    try:
        return rfc8785.dumps(_large_integers_as_floats(document))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise DomainError("canonical.not_json", detail=str(error)) from None


def readable_bytes(document: Any) -> bytes:
    """The document indented for people, in the one way our files are written, so that every byte is accounted for."""
    return (json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def exact_json(data: bytes) -> Any:
    """A document whose bytes are exactly :func:`canonical_bytes` or :func:`readable_bytes` of it.

    Raises
    ------
    IntegrityError
        If it is not JSON, or any byte, a space even, is not where we would have put it.
    """
    try:
        document = json.loads(data)
        exact = data in (canonical_bytes(document), readable_bytes(document))
    except (ValueError, RecursionError, DomainError):
        exact = False
    if not exact:
        raise IntegrityError("canonical.not_exact")
    return document


def _large_integers_as_floats(document: Any) -> Any:
    """The document with whole numbers from 2**53 on as the doubles they were before JSON was read.

    Canonical JSON prints the double 1e20 as 100000000000000000000, which Python reads back as an integer. Where the
    double prints the very digits of the integer they are the same number; any other such integer stays, and is refused.
    """
    if isinstance(document, int) and not isinstance(document, bool) and abs(document) >= 2**53:
        same = abs(document) < 10**21 and canonical_bytes(float(document)) == str(document).encode()
        return float(document) if same else document
    if isinstance(document, dict):
        return {key: _large_integers_as_floats(value) for key, value in document.items()}
    if isinstance(document, (list, tuple)):
        return [_large_integers_as_floats(value) for value in document]
    return document


def digest(data: bytes) -> str:
    """SHA-256 of the bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hash_json(document: Any) -> str:
    """SHA-256 of the canonical bytes of a document, in hexadecimal."""
    return digest(canonical_bytes(document))


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def rounded(document: Any) -> Any:
    """A copy with every float rounded to :data:`SIGNIFICANT_DIGITS`, so that a last-bit difference has one name.

    Not-a-number becomes ``None``: JSON has no word for it.
    """
    if isinstance(document, float):
        return round_significant(document) if math.isfinite(document) else None
    if isinstance(document, dict):
        return {str(key): rounded(value) for key, value in document.items()}
    if isinstance(document, (list, tuple)):
        return [rounded(value) for value in document]
    if hasattr(document, "tolist"):  # a numpy scalar or array
        return rounded(document.tolist())
    return document


def round_significant(value: float) -> float:
    """A float with :data:`SIGNIFICANT_DIGITS` significant digits."""
    return float(f"{value:.{SIGNIFICANT_DIGITS - 1}e}")
