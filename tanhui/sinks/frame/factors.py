"""Factors: the numbers of a sink that vary by place, class or edition, each with its error and its source.

``data/<room>/factors.toml`` holds one table per factor::

    [ch4_baseline]
    zh = "…"
    en = "…"
    unit = "kg CH4/ha/d"
    level = "95 %"                  # what low and high are; a row may say otherwise
    reference = "rice_ipcc2019"     # these too
    place = "Table 5.11"
    status = "secondary"
    checked_on = 2026-11-24
    values = [{ key = "East Asia", value = 1.32, low = 0.89, high = 1.96 }]

A factor whose source prints no error is not taken for exact: it carries the share named ``unpublished_error`` in
``data/sinks/parameters.toml``, and the answer says so. A user may bring a factor of their own instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from tanhui.kernel.bibliography import references
from tanhui.kernel.data import data_path, read_toml
from tanhui.kernel.errors import DataError, DomainError
from tanhui.kernel.gwp import gwp_name, gwp_parameters
from tanhui.kernel.parameters import Leaf, Status, load_parameters
from tanhui.kernel.units import is_unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["LEVELS", "Factors", "factor_table", "standard_error", "unpublished_error"]

#: What the two ends of a printed interval are, as standard errors between them.
LEVELS: dict[str, float] = {
    "90 %": 2 * NormalDist().inv_cdf(0.95),
    "95 %": 2 * NormalDist().inv_cdf(0.975),
    "1 se": 2.0,
    "2 se": 4.0,
    # Everything between the ends alike.
    "range": math.sqrt(12),
}
#: A number that a convention fixes has no error.
EXACT = "exact"
#: The key of a factor that does not vary.
ANY = ""


@dataclass(slots=True)
class Factors:
    """The factors of one run: asked by name and key, remembered when asked for.

    ``own`` holds what the user brought, by name or ``name/key``; by name alone it stands for one key of a run, which
    ``stood_for`` notes. ``shift`` moves one leaf, to see what its error does.
    """

    room: str
    gwp_edition: str
    own: Mapping[str, Leaf] = field(default_factory=dict)
    used: dict[str, Leaf] = field(default_factory=dict)
    shift: tuple[str, float] = ("", 0.0)
    stood_for: dict[str, str] = field(default_factory=dict)

    def __call__(self, name: str, key: str = ANY) -> float:
        """One factor, in the unit its table states.

        Raises
        ------
        DomainError
            If the factor has no such key (the known ones are named), or if one of the user's stands for several keys.
        """
        mine = self.own.get(f"{name}/{key}")
        if mine is None and name in self.own:
            mine = self.own[name]
            if self.stood_for.setdefault(name, key) != key:
                raise DomainError("sinks.factor_of_several", factor=name, first=self.stood_for[name], second=key)
        return self.take(mine or self._leaf(name, key))

    def take(self, leaf: Leaf) -> float:
        """A number of another room, remembered and moved like one of this sink's own."""
        self.used[leaf.id] = leaf
        moved, by = self.shift
        return leaf.number() + (by if moved == leaf.id else 0.0)

    def many(self, name: str, keys: ArrayLike) -> NDArray[np.float64]:
        """The factor for each of many keys, each key looked up once. shape (n,)"""
        import numpy as np

        kinds, place = np.unique(np.asarray(keys, dtype=str), return_inverse=True)
        return np.array([self(name, str(kind)) for kind in kinds], dtype=float)[place]

    def gwp(self, gas: str) -> float:
        """Warming potential of a gas of living things in the edition of the run. [kg CO2e/kg]"""
        table = gwp_parameters()
        names = (gwp_name(self.gwp_edition, f"{gas} non-fossil"), gwp_name(self.gwp_edition, gas))
        leaf = next(table[name].leaves[0] for name in names if name in table)
        self.used[leaf.id] = leaf
        return leaf.number()

    def has(self, name: str, key: str = ANY) -> bool:
        """Whether there is a value, brought or known."""
        return f"{name}/{key}" in self.own or name in self.own or (name, key) in factor_table(self.room)

    def keys(self, name: str) -> tuple[str, ...]:
        """The keys of a factor in the order of the file."""
        return tuple(key for known, key in factor_table(self.room) if known == name)

    def shifted(self, leaf_id: str, by: float) -> Factors:
        """The same with one leaf moved."""
        return Factors(self.room, self.gwp_edition, self.own, {}, (leaf_id, by))

    def _leaf(self, name: str, key: str) -> Leaf:
        table = factor_table(self.room)
        if (name, key) in table:
            return table[name, key]
        known = [k for n, k in table if n == name]
        if not known:
            raise DomainError("sinks.factor_wanted", factor=name, key=key)
        raise DomainError("sinks.no_factor", factor=name, asked=key, known=", ".join(known))


@cache
def factor_table(room: str) -> dict[tuple[str, str], Leaf]:
    """Every factor of a room by name and key, in the order of the file."""
    path = data_path(room, "factors.toml")
    if not path.is_file():
        return {}
    table: dict[tuple[str, str], Leaf] = {}
    for name, entry in read_toml(path).items():
        for row in entry["values"]:
            leaf = _read(room, name, {**entry, **row})
            if (name, row.get("key", ANY)) in table:
                raise DataError("data.defined_twice", key=leaf.id, first=str(path), second=str(path))
            table[name, row.get("key", ANY)] = leaf
    return table


def _read(room: str, name: str, row: Mapping[str, Any]) -> Leaf:
    where = f"{room}/factors.toml: {name}"
    if missing := {"zh", "en", "unit", "value", "reference", "status", "checked_on"} - row.keys():
        raise DataError("data.missing_key", key=sorted(missing)[0], where=where)
    if not is_unit(row["unit"]):
        raise DataError("data.unknown_unit", unit=row["unit"], where=where)
    if row["reference"] not in references():
        raise DataError("data.unknown_reference", key=row["reference"], where=where)
    key = row.get("key", ANY)
    return Leaf(
        id=f"{room}/{name}/{key}".rstrip("/"),
        value=float(row["value"]),
        unit=row["unit"],
        reference=row["reference"],
        status=Status.parse(row["status"]),
        checked_on=row["checked_on"],
        place=row.get("place", ""),
        zh=row["zh"],
        en=row["en"],
        se=_printed_error(row, where),
        note=row.get("note", ""),
    )


def _printed_error(row: Mapping[str, Any], where: str) -> float | None:
    """The standard error that a row prints, zero where a convention fixes the number, nothing where none is printed."""
    if row.get("level") == EXACT:
        return 0.0
    if "se" in row:
        return float(row["se"])
    if "low" not in row:
        return None
    if row.get("level") not in LEVELS or not row["low"] <= row["value"] <= row["high"]:
        raise DataError("data.broken_interval", where=where, level=str(row.get("level", "")))
    return float(row["high"] - row["low"]) / LEVELS[row["level"]]


def standard_error(leaf: Leaf) -> float:
    """The error a leaf carries, printed or, where its source prints none, the share we take instead."""
    if leaf.id.startswith("gwp/"):
        return 0.0
    return abs(leaf.number()) * unpublished_error().number() if leaf.se is None else leaf.se


@cache
def unpublished_error() -> Leaf:
    """The relative standard error of a factor whose source prints none. [1]"""
    return load_parameters(data_path("sinks", "parameters.toml"), "sinks")["unpublished_error"].at(date.max)


def like(room: str, name: str) -> Leaf | None:
    """The factor of a room that a name, or ``name/key``, stands for; nothing where there is none."""
    return next((leaf for (known, key), leaf in factor_table(room).items() if name in (known, f"{known}/{key}")), None)


def own_factor(room: str, name: str, value: float, se: float | None, source: str, day: date) -> Leaf:
    """A factor that the user brings, in the unit of the table it stands for."""
    leaf = like(room, name) or Leaf(f"{room}/{name}", value, "1", "", Status.RECALLED, day)
    return replace(
        leaf, id=f"own/{name}", value=value, se=se, reference="", place=source, status=Status.RECALLED, checked_on=day
    )
