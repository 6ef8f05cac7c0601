"""Dated parameters: a value with unit, reference, status and the dates between which it holds.

A parameter file is TOML; each table is one parameter::

    [k_risk]
    zh = "非持久性风险扣减率"
    en = "Share of the net removal held back for the risk of reversal"
    unit = "1"
    values = [{ from = 2023-10-24, value = 0.10, reference = "ccer_14_001_v01", place = "§8.9",
                checked_on = 2026-11-22, status = "recalled" }]

Rules ask for :meth:`Dated.at` and so hold no number; last year's case recomputes exactly. A *signed confirmation*
(:mod:`tanhui.kernel.confirmations`) raises a leaf to ``primary`` without touching its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import Any

from tanhui.kernel.bibliography import references
from tanhui.kernel.canonical import canonical_bytes
from tanhui.kernel.data import read_toml
from tanhui.kernel.errors import DataError, DomainError
from tanhui.kernel.units import is_unit

__all__ = ["Dated", "Leaf", "Parameters", "Recorder", "Status", "load_parameters", "worst"]

Value = float | int | str | bool | list[Any]


class Status(IntEnum):
    """How far a number has been checked, best first."""

    PRIMARY = 0
    SECONDARY = 1
    RECALLED = 2
    SCENARIO = 3

    @classmethod
    def parse(cls, word: str) -> Status:
        """The status a data file names."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise DataError("data.unknown_status", status=word) from None

    @property
    def word(self) -> str:
        """As data files and reports write it."""
        return self.name.lower()


def worst(statuses: Iterable[Status]) -> Status:
    """What a derived number inherits: the worst status of its inputs."""
    return max(statuses, default=Status.PRIMARY)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of one parameter, as somebody read it."""

    id: str
    value: Value
    unit: str
    reference: str
    status: Status
    checked_on: date
    place: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    zh: str = ""
    en: str = ""
    se: float | None = None
    note: str = ""

    def number(self) -> float:
        """The value as a float; a parameter that is not a number is a fault of the caller."""
        if isinstance(self.value, (bool, str, list)):
            raise TypeError(f"{self.id} is not a number: {self.value!r}")
        return float(self.value)

    def to_dict(self) -> dict[str, Any]:
        """As the manifest and the report carry it."""
        return {
            "id": self.id,
            "value": self.value,
            "unit": self.unit,
            "reference": self.reference,
            "place": self.place,
            "status": self.status.word,
            "checked_on": self.checked_on.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Dated:
    """A parameter over time: its leaves in order of their first day."""

    id: str
    leaves: tuple[Leaf, ...]

    def at(self, day: date) -> Leaf:
        """The leaf in force on a day."""
        for leaf in reversed(self.leaves):
            after_start = leaf.valid_from is None or leaf.valid_from <= day
            before_end = leaf.valid_to is None or day < leaf.valid_to
            if after_start and before_end:
                return leaf
        raise DomainError("parameter.not_in_force", id=self.id, day=day.isoformat())


class Parameters(Mapping[str, Dated]):
    """Parameters by their name; the id of each is ``<prefix>/<name>``."""

    def __init__(self, prefix: str, entries: Mapping[str, Dated]) -> None:
        self.prefix = prefix
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> Dated:
        try:
            return self._entries[name]
        except KeyError:
            raise DataError("parameter.unknown", id=f"{self.prefix}/{name}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def leaves(self) -> list[Leaf]:
        """Every leaf, in the order of the file."""
        return [leaf for dated in self._entries.values() for leaf in dated.leaves]

    def confirmed(self, leaf_ids: Iterable[tuple[str, Value]]) -> Parameters:
        """A copy in which the confirmed leaves are primary; a confirmation of another value changes nothing."""
        confirmed = {canonical_bytes([leaf_id, value]) for leaf_id, value in leaf_ids}
        return Parameters(
            self.prefix,
            {
                name: Dated(dated.id, tuple(_raise(leaf, confirmed) for leaf in dated.leaves))
                for name, dated in self._entries.items()
            },
        )


def _raise(leaf: Leaf, confirmed: set[bytes]) -> Leaf:
    # Canonical bytes, because a signed document may have 5 where our table has 5.0.
    known = canonical_bytes([leaf.id, leaf.value]) in confirmed
    return replace(leaf, status=Status.PRIMARY) if known else leaf


class Recorder(Mapping[str, Dated]):
    """Parameters that remember which leaves a run asked for, so that the report can list exactly those."""

    def __init__(self, parameters: Mapping[str, Dated]) -> None:
        self._parameters = parameters
        self.used: dict[str, Leaf] = {}

    def __getitem__(self, name: str) -> Dated:
        dated = self._parameters[name]
        return _RecordedDated(dated.id, dated.leaves, self.used)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)


@dataclass(frozen=True, slots=True)
class _RecordedDated(Dated):
    """A parameter whose leaves are noted when they are asked for."""

    used: dict[str, Leaf]

    def at(self, day: date) -> Leaf:
        leaf = Dated.at(self, day)
        self.used[leaf.id] = leaf
        return leaf


def load_parameters(path: Path, prefix: str) -> Parameters:
    """Read a parameter file, refusing an unknown unit, an unresolved reference or overlapping dates.

    A leaf's id is ``<prefix>/<name>``, with ``@<from>`` appended where a parameter has several leaves.
    """
    entries: dict[str, Dated] = {}
    for name, table in read_toml(path).items():
        where = f"{path.name}: {name}"
        _refuse_missing(table, ("unit", "zh", "en", "values"), where)
        if not is_unit(table["unit"]):
            raise DataError("data.unknown_unit", unit=table["unit"], where=where)
        leaves = tuple(_leaf(f"{prefix}/{name}", table, row, where) for row in table["values"])
        _refuse_overlap(leaves, where)
        entries[name] = Dated(f"{prefix}/{name}", leaves)
    return Parameters(prefix, entries)


def _leaf(parameter_id: str, table: Mapping[str, Any], row: Mapping[str, Any], where: str) -> Leaf:
    _refuse_missing(row, ("value", "reference", "status", "checked_on"), where)
    if row["reference"] not in references():
        raise DataError("data.unknown_reference", key=row["reference"], where=where)
    several = len(table["values"]) > 1
    return Leaf(
        id=f"{parameter_id}@{row['from']}" if several and "from" in row else parameter_id,
        value=row["value"],
        unit=table["unit"],
        reference=row["reference"],
        status=Status.parse(row["status"]),
        checked_on=row["checked_on"],
        place=row.get("place", ""),
        valid_from=row.get("from"),
        valid_to=row.get("to"),
        zh=table["zh"],
        en=table["en"],
        se=row.get("se"),
        note=row.get("note", ""),
    )


def _refuse_missing(entry: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    for key in keys:
        if key not in entry:
            raise DataError("data.missing_key", key=key, where=where)


def _refuse_overlap(leaves: tuple[Leaf, ...], where: str) -> None:
    starts = [leaf.valid_from or date.min for leaf in leaves]
    ends = [leaf.valid_to or date.max for leaf in leaves]
    backwards = any(end <= start for start, end in zip(starts, ends, strict=True))
    overlap = any(leaf.valid_to and leaf.valid_to > start for leaf, start in zip(leaves, starts[1:], strict=False))
    if starts != sorted(set(starts)) or backwards or overlap:
        raise DataError("data.leaves_out_of_order", where=where)
