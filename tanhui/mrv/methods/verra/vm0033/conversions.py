"""Organic matter and carbon of soils, as VM0033 relates them; pure lines and curves with their numbers given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Dated

__all__ = ["carbon_from_om", "om_from_carbon"]


def carbon_from_om(om_percent: float, system: str, *, day: date, p: Mapping[str, Dated]) -> float:
    """Carbon of a soil from its organic matter, equations 95 to 98. [% of dry mass]"""
    if system == "tidal_marsh":
        a, b = _pair("om_marsh", day, p)
        return a * om_percent + b * om_percent * om_percent
    if system == "mangrove":
        a, b = _pair("om_mangrove", day, p)
        return a * om_percent + b
    high = om_percent >= p["om_seagrass_limit"].at(day).number()
    a, b = _pair("om_seagrass_high" if high else "om_seagrass", day, p)
    return a * om_percent + b


def om_from_carbon(carbon_percent: float, system: str, *, day: date, p: Mapping[str, Dated]) -> float:
    """Organic matter of a soil from its carbon, equations 41 to 46. [% of dry mass]

    Raises
    ------
    DomainError
        Where the relation gives no organic matter: below the mangrove line's intercept, and for seagrass between the
        ends of its two lines.
    """
    if system == "tidal_marsh":
        a, b = _pair("om_marsh", day, p)
        middle = a / (b + b)  # the printed root, with both sides over 2 b
        return math.sqrt(middle * middle + carbon_percent / b) - middle
    if system == "mangrove":
        a, b = _pair("om_mangrove", day, p)
        om_percent = (carbon_percent - b) / a
    else:
        limit = p["om_seagrass_limit"].at(day).number()
        a, b = _pair("om_seagrass", day, p)
        om_percent = (carbon_percent - b) / a
        if om_percent >= limit:
            a, b = _pair("om_seagrass_high", day, p)
            om_percent = (carbon_percent - b) / a
            om_percent = om_percent if om_percent >= limit else -1.0
    if om_percent < 0:
        raise DomainError("methods.vm0033_conversion", system=system, carbon=f"{carbon_percent:g}")
    return om_percent


def _pair(name: str, day: date, p: Mapping[str, Dated]) -> tuple[float, float]:
    value: Any = p[name].at(day).value
    return float(value[0]), float(value[1])
