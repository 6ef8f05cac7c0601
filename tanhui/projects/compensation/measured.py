"""What a run measured, as far as a contract asks: tonnes with their interval, and how they lie on the land.

The run states the interval of the whole project. Its value is allotted to strata by what each of them changed, or
holds, and within a stratum by credited area; so the parcels add up to the run's own figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from tanhui.kernel.errors import InputError
from tanhui.kernel.time import Period
from tanhui.kernel.units import CO2_PER_C, M2_PER_HA
from tanhui.projects.explain import read_run

__all__ = ["Measured", "MeasuredParcel", "Reading", "read_measured"]

Kind = Literal["change", "stock"]
QUANTITY: Mapping[Kind, str] = {"change": "tree_change_co2e_t", "stock": "tree_co2e_t"}
DENSITY = "tree_t_ha"
WHOLE = "project"
#: Decimals of a tonne to which what a stratum holds is rounded: the result has 12 digits, and no fen hangs on the rest.
GRAM = 6


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured figure with both ends of its 90 % interval. [t CO2e]"""

    value: Fraction
    low: Fraction
    high: Fraction

    def to_list(self) -> list[str]:
        """As the database keeps it."""
        return [text_of(number) for number in (self.value, self.low, self.high)]


@dataclass(frozen=True, slots=True)
class MeasuredParcel:
    """A parcel of the run and its credited area. [m2]"""

    parcel: str
    stratum: str
    area_m2: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run says about one period.

    ``by_stratum`` gives for each kind of reading what each stratum has of it before it is allotted.
    """

    run: str
    project: str
    period: Period
    readings: Mapping[Kind, Reading]
    by_stratum: Mapping[Kind, Mapping[str, Fraction]]
    parcels: tuple[MeasuredParcel, ...]
    indicative: bool = False
    illustrative: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As the database keeps it; every number is exact."""
        return {
            "run": self.run,
            "project": self.project,
            "period": self.period.to_list(),
            "readings": {kind: reading.to_list() for kind, reading in self.readings.items()},
            "by_stratum": {
                kind: {name: text_of(number) for name, number in parts.items()}
                for kind, parts in self.by_stratum.items()
            },
            "parcels": [[parcel.parcel, parcel.stratum, str(parcel.area_m2)] for parcel in self.parcels],
            "indicative": self.indicative,
            "illustrative": self.illustrative,
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Measured:
        """The inverse of :meth:`to_dict`."""
        first, last = map(date.fromisoformat, entry["period"])
        return cls(
            run=entry["run"],
            project=entry["project"],
            period=Period.inclusive(first, last),
            readings={kind: Reading(*map(Fraction, numbers)) for kind, numbers in entry["readings"].items()},
            by_stratum={
                kind: {name: Fraction(number) for name, number in parts.items()}
                for kind, parts in entry["by_stratum"].items()
            },
            parcels=tuple(MeasuredParcel(name, stratum, int(m2)) for name, stratum, m2 in entry["parcels"]),
            indicative=entry["indicative"],
            illustrative=entry["illustrative"],
        )

    def allotted(self, kind: Kind, total: Fraction) -> dict[str, Fraction]:
        """What each stratum has where all have a total together. [t CO2e]

        The difference to what the strata have of themselves goes to them by size, so that a stratum that lost does not
        gain from it.
        """
        parts = self.by_stratum[kind]
        size = sum(abs(part) for part in parts.values())
        missing = total - sum(parts.values())
        if not size:
            areas = self.areas()
            whole = sum(areas.values())
            return {name: total * areas[name] / whole for name in parts}
        return {name: part + missing * abs(part) / size for name, part in parts.items()}

    def areas(self) -> dict[str, int]:
        """Credited area of each stratum. [m2]"""
        sums: dict[str, int] = {}
        for parcel in self.parcels:
            sums[parcel.stratum] = sums.get(parcel.stratum, 0) + parcel.area_m2
        return sums


def text_of(number: Fraction) -> str:
    """A fraction as text that reads back as the same one."""
    return str(number)


def written(number: float) -> Fraction:
    """A figure of the result as it is written there."""
    return Fraction(Decimal(repr(float(number))))


def read_measured(out: Path) -> Measured:
    """Read what a run measured over its last period.

    Raises
    ------
    InputError
        If it is no run of a project with parcels, or nothing was monitored yet.
    IntegrityError
        If the folder is not what its manifest names.
    """
    result, _ = read_run(out)
    estimates = {(e["quantity"], e["domain"], e["valid"][0]): e for e in result["estimates"]}
    changes = [e for e in result["estimates"] if (e["quantity"], e["domain"]) == (QUANTITY["change"], WHOLE)]
    stocks = [e for e in result["estimates"] if (e["quantity"], e["domain"]) == (QUANTITY["stock"], WHOLE)]
    if not changes or not stocks or "parcels.parquet" not in result["tables"]:
        raise InputError("compensation.nothing_measured", path=str(out))
    change, stock = (max(found, key=lambda e: e["valid"]) for found in (changes, stocks))
    first, last = map(date.fromisoformat, change["valid"])
    parcels = _parcels(out)
    areas: dict[str, int] = {}
    for parcel in parcels:
        areas[parcel.stratum] = areas.get(parcel.stratum, 0) + parcel.area_m2

    def held(day: str) -> dict[str, Fraction]:
        """Carbon dioxide in the trees of each stratum; nothing where nothing was planted yet. [t CO2e]"""
        per_m2 = written(CO2_PER_C) / M2_PER_HA
        found = {name: estimates.get((DENSITY, name, day)) for name in areas}
        return {
            name: round(written(e["value"]) * per_m2 * areas[name], GRAM) if e else Fraction(0)
            for name, e in sorted(found.items())
        }

    after, before = held(stock["valid"][0]), held(change["valid"][0])
    return Measured(
        run=result["run"],
        project=result["project"],
        period=Period.inclusive(first, last),
        readings={"change": _reading(change), "stock": _reading(stock)},
        by_stratum={"change": {name: after[name] - before[name] for name in after}, "stock": after},
        parcels=parcels,
        indicative=not result["creditable"],
        illustrative=result["illustrative"],
    )


def _reading(estimate: Mapping[str, Any]) -> Reading:
    low, high = estimate["ci90"]
    return Reading(written(estimate["value"]), written(low), written(high))


def _parcels(out: Path) -> tuple[MeasuredParcel, ...]:
    import pandas as pd

    frame = pd.read_parquet(out / "parcels.parquet", columns=["parcel_id", "stratum", "area_credited_ha"])
    frame = frame.sort_values("parcel_id")
    square_metres = (written(ha) * M2_PER_HA for ha in frame["area_credited_ha"])
    rows = zip(frame["parcel_id"].astype(str), frame["stratum"].astype(str), square_metres, strict=True)
    return tuple(MeasuredParcel(name, stratum, m2.__floor__()) for name, stratum, m2 in rows)
