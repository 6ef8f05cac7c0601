"""Limits of the field room, from ``data/projects_field``; tolerances of measurement are the inventory's own."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.parameters import Leaf, Parameters, load_parameters
from tanhui.sensing.inventory.limits import limits as inventory_limits

__all__ = ["check_record", "leaf", "limit", "limits"]


@cache
def limits() -> Parameters:
    """Every limit, dated and with its source."""
    return load_parameters(data_path("projects_field", "limits.toml"), "projects_field")


@cache
def limit(name: str) -> float:
    """One limit as a number, in the unit its name ends with."""
    return limits()[name].at(date.max).number()


@cache
def checks() -> dict[str, Any]:
    """``data/projects_field/checks.toml``: what each check is called, how grave it is, which limits it goes by."""
    return read_toml(data_path("projects_field", "checks.toml"))


def check_record(check: str) -> dict[str, Any]:
    """One check."""
    record: dict[str, Any] = checks()[check]
    return record


@cache
def leaf(name: str) -> Leaf:
    """A limit with its source: ``projects_field/…`` or ``inventory/…``."""
    room, _, key = name.partition("/")
    return (inventory_limits() if room == "inventory" else limits())[key].at(date.max)
