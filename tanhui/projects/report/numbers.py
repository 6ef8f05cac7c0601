"""How the page writes figures: as many digits as the standard error allows, true minus signs, indices below."""

from __future__ import annotations

import math

from tanhui.projects.report.canvas import plain_number

__all__ = ["compact", "digits_for", "number", "percent", "signed"]

#: Digits of the standard error that are shown.
ERROR_DIGITS = 2


def number(value: float | None, digits: int | None = None) -> str:
    """A figure for a table: about four significant digits unless ``digits`` says how many after the point."""
    if value is None or not math.isfinite(value):
        return "—"
    if digits is None:
        size = abs(value)
        digits = 0 if size >= 1000 or value == int(value) else 1 if size >= 100 else 2 if size >= 1 else 4
    return plain_number(value, digits)


def digits_for(value: float, se: float | None) -> int | None:
    """Digits after the point that show two of the standard error, and at least one below a thousand."""
    if not se or not math.isfinite(se):
        return None
    least = 1 if abs(value) < 1000 else 0
    return max(least, ERROR_DIGITS - 1 - math.floor(math.log10(se)))


def signed(value: float) -> str:
    """A figure with its sign, two decimals; zero has none."""
    return ("+" if value > 0 else "") + plain_number(value, 2)


def percent(value: float, digits: int = 1) -> str:
    """A share as per cent."""
    return f"{plain_number(100 * value, digits)} %"


def compact(value: object) -> str:
    """A parameter's value on little room: a table of values as ``a: b; c: d``."""
    if isinstance(value, (list, tuple)):
        nested = any(isinstance(part, (list, tuple)) for part in value)
        return ("; " if nested else ": ").join(compact(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
