"""What cannot be meant: everything wrong with fates and stands together, before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.sinks.frame import Given
from tanhui.sinks.residue.coppice import grown_t_yr

__all__ = ["check", "dry_t_yr", "met"]

ENERGY = ("heating_value", "efficiency_ratio", "fuel_ef")
BIOCHAR = ("biochar_permanence_share", "kiln_ch4_kg_kg")
#: Shares that add to 1, and a harvest that is all of the growth, may miss it by rounding.
ROUNDING = 1e-9


def dry_t_yr(given: Given) -> float:
    """Dry residue of a year. [t d.m./yr]"""
    return float(given["residue_t_yr"] * (1.0 - given["moisture_share"]))


def met(given: Given) -> list[str]:
    """The fates that some of the residue meets, now or before, in the order of the table."""
    fates = given.rows("fates")
    return [str(x) for x in fates["fate"][(fates["share"] > 0) | (fates["before_share"] > 0)]]


def check(given: Given) -> None:
    """Refuse inputs that contradict each other or leave open what decides.

    Raises
    ------
    RefusedInput
        With everything that is wrong.
    """
    faults = [*_fates(given)]
    if given.has("coppice"):
        faults += _stands(given)
    if faults:
        raise RefusedInput(faults)


def _fates(given: Given) -> Iterator[Fault]:
    fates, names = given.rows("fates"), met(given)
    yield from _rows(given, "fates", given["fates"]["fate"].duplicated(), "residue.fate_twice", "fate")
    for column in ("share", "before_share"):
        total = float(fates[column].sum())
        if not math.isclose(total, 1.0, abs_tol=ROUNDING):
            yield Fault("residue.shares", sheet="fates", column=column, value=f"{total:g}")
    if "leave" in names and "leave_rate" not in given.own:
        yield Fault("residue.decay_wanted", column="factors")
    if "energy" in names:
        yield from (Fault("residue.energy_wanted", column=name) for name in ENERGY if not given.has(name))
    if "biochar" in names:
        yield from (Fault("residue.biochar_wanted", column=name) for name in BIOCHAR if not given.has(name))


def _stands(given: Given) -> Iterator[Fault]:
    stands = given.rows("coppice")
    peak, stump, average = (stands[f"{name}_t_ha"] for name in ("peak", "stump", "average"))
    yield from _rows(given, "coppice", stump >= peak, "residue.stump_above_peak", "stump_t_ha")
    outside = (average < stump) | (average > peak)
    yield from _rows(given, "coppice", outside, "residue.average_outside", "average_t_ha")
    dry = dry_t_yr(given)
    if (stump < peak).all() and dry > grown_t_yr(stands) * (1 + ROUNDING):
        yield Fault("residue.more_than_grown", column="residue_t_yr", value=f"{dry:g}")


def _rows(given: Given, table: str, wrong: Any, code: str, column: str) -> Iterator[Fault]:
    """A fault for each row that is wrong."""
    frame = given[table]
    for place in np.flatnonzero(np.asarray(wrong)):
        yield Fault(code, sheet=table, row=int(frame.index[place]), column=column, value=str(frame.iloc[place, 0]))
