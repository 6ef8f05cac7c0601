"""Tables in Markdown whose cells cannot break them."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["cell", "table"]

SIGNS = {"&": "&amp;", "<": "&lt;", "|": "&#124;", "*": "&#42;", "_": "&#95;", "[": "&#91;", "{": "&#123;"}


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; a cell between backticks stays code."""
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(cell(value) for value in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def cell(value: object) -> str:
    """A value that cannot break its table or be taken for HTML."""
    text = " ".join(str("" if value is None else value).split())
    if text.startswith("`") and text.endswith("`") and len(text) > 1:
        return text.replace("|", "\\|")
    for sign, safe in SIGNS.items():
        text = text.replace(sign, safe)
    return text
