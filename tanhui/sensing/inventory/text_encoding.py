"""Which encoding Chinese text is in, told from its bytes: GBK is never taken for UTF-8 in silence, nor the reverse."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["decode_value", "encoding_of", "looks_broken", "named_encoding"]

#: Characters that only appear when Chinese bytes went through a wrong encoding.
BROKEN = ("\ufffd", "锟斤拷", "ï¿½", "烫烫烫", "�")
NAMES = {
    "utf-8": ("utf-8", "utf8", "65001", "cp65001"),
    "gb18030": ("gbk", "gb2312", "gb18030", "936", "cp936", "ansi 936", "ms936", "x-gbk"),
}


def named_encoding(name: str) -> str | None:
    """``utf-8`` or ``gb18030`` for any of the names people and .cpg files use, else nothing."""
    simple = name.strip().lower().replace("_", "-")
    return next((ours for ours, names in NAMES.items() if simple in names), None)


def decode_value(value: bytes, encoding: str) -> str | None:
    """Text of a cell, or nothing where the bytes are not in the encoding.

    A fixed-width field may cut its last character in half; the half character is dropped.
    """
    try:
        return value.decode(encoding)
    except UnicodeDecodeError as error:
        cut = len(value) - error.start
        if cut <= 3 and error.reason in ("unexpected end of data", "incomplete multibyte sequence"):
            return value[: error.start].decode(encoding)
        return None


def encoding_of(values: Iterable[bytes]) -> str | None:
    """``ascii``, ``utf-8`` or ``gb18030``, or nothing where the bytes are none of them.

    Chinese text in GBK is hardly ever valid UTF-8, and where a short word is (联通), it reads as letters that are not
    Chinese. So bytes that read as Chinese in UTF-8 are UTF-8; everything else that GB18030 can read is GB18030.
    """
    special = [value for value in values if not value.isascii()]
    if not special:
        return "ascii"
    utf8 = [decode_value(value, "utf-8") for value in special]
    if all(text is not None and is_chinese(text) for text in utf8):
        return "utf-8"
    if all(decode_value(value, "gb18030") is not None for value in special):
        return "gb18030"
    return "utf-8" if all(text is not None for text in utf8) else None


def is_chinese(text: str) -> bool:
    """Whether every character beyond ASCII is one that Chinese text uses."""
    return all(ord(char) < 128 or _in_chinese_text(ord(char)) for char in text)


def _in_chinese_text(code: int) -> bool:
    han = 0x3000 <= code <= 0x303F or 0x3400 <= code <= 0x9FFF or 0xFF00 <= code <= 0xFFEF or 0x20000 <= code <= 0x3FFFF
    return han or 0x2000 <= code <= 0x33FF or chr(code) in "·×÷°±²³"


def looks_broken(text: str) -> bool:
    """Whether a text went through a wrong encoding before it was saved."""
    latin = sum(0x80 <= ord(char) <= 0xFF and char not in "·×÷°±²³" for char in text)
    return any(mark in text for mark in BROKEN) or latin >= 2
