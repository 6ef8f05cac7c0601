"""What a request asks for in its headers: a language, a format. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tanhui.kernel.wording import LANGS, Lang

__all__ = ["FORMATS", "header", "language", "preferred"]

#: Formats of an export by the word in ``?format=``.
FORMATS = {
    "json": "application/json",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
#: A longer header of preferences is not read to its end. [characters]
MOST_READ = 1000


def header(scope: Mapping[str, Any], name: bytes) -> str:
    """A header of a request; empty where there is none."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def language(scope: Mapping[str, Any]) -> Lang:
    """The language a request wants: English, unless it says otherwise."""
    asked = preferred(header(scope, b"accept-language"), LANGS[::-1], lambda tag: tag.split("-")[0].strip().lower())
    return "zh" if asked == "zh" else "en"


def preferred(asked: str, offered: Sequence[str], name: Any = str.strip) -> str:
    """Which of what is offered a header of preferences wants most; the first where it wants none of them."""
    best, weight = offered[0], 0.0
    for part in asked[:MOST_READ].split(","):
        word, *settings = part.split(";")
        quality = next((_number(text.strip()[2:]) for text in settings if text.strip().startswith("q=")), 1.0)
        if name(word) in offered and quality > weight:
            best, weight = name(word), quality
    return best


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
