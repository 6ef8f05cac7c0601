"""The content of a cell in one form, whichever program wrote it."""

from __future__ import annotations

import re
from datetime import date, datetime

from tanhui.projects.workbook.model import Content

__all__ = ["TEXT", "is_formula", "plain", "written"]

#: A text within a formula.
TEXT = re.compile(r'("[^"]*")')
NUMBER = re.compile(r"(?<![\w.$])\d+(?:\.\d+)?(?:E[-+]?\d+)?(?![\w.(!:])")


def is_formula(content: Content) -> bool:
    """Whether a cell computes."""
    return isinstance(content, str) and content.startswith("=") and len(content) > 1


def written(formula: str) -> str:
    """A formula without what programs write in their own ways: spaces, quotes about sheets, the form of a number."""
    parts = TEXT.split(formula)
    parts[::2] = [
        NUMBER.sub(lambda found: f"{float(found[0]):.15g}", part.replace("'", "").replace(" ", "").upper())
        for part in parts[::2]
    ]
    return "".join(parts)


def plain(content: Content) -> str:
    """A cell's content as text: a number is the same number whether it was read as an integer or not."""
    if isinstance(content, (int, float)) and not isinstance(content, bool):
        return f"{float(content):.12g}"
    if isinstance(content, datetime):
        return content.date().isoformat()
    if isinstance(content, date):
        return content.isoformat()
    text = str(content)
    return written(text) if is_formula(text) else text.strip()
