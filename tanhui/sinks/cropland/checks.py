"""What cannot be meant: everything wrong with the fields together, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.sinks.frame import Given
from tanhui.sinks.soil.no_till import NO_TILLAGE

__all__ = ["check"]

#: Climate regions whose name does not tell whether they are wet.
UNTOLD = ("tropical_montane",)


def check(given: Given) -> None:
    """Refuse inputs that contradict each other or leave open what decides.

    Raises
    ------
    RefusedInput
        With everything that is wrong.
    """
    faults = [*_fields(given), *_money(given)]
    if faults:
        raise RefusedInput(faults)


def _fields(given: Given) -> Iterator[Fault]:
    fields = given.rows("fields")
    twice = given["fields"]["field"].duplicated().to_numpy()
    yield from _rows(given, twice, "cropland.field_twice", "field")
    no_till = (fields["tillage_before"] == NO_TILLAGE) | (fields["tillage_after"] == NO_TILLAGE)
    yield from _rows(given, no_till & (fields["every_year"] == "no"), "cropland.alternate_years", "every_year")
    yield from _rows(given, no_till & (fields["every_year"] == ""), "cropland.every_year_wanted", "every_year")
    untold = np.isin(fields["climate"], UNTOLD) & (fields["moisture"] == "")
    yield from _rows(given, untold, "cropland.moisture_wanted", "moisture")


def _money(given: Given) -> Iterator[Fault]:
    asked = [name for name in ("carbon_price", "income_share_wanted") if given.has(name)]
    if not asked:
        return
    if not given.has("deducted_share"):
        yield Fault("cropland.deduction_wanted", column="deducted_share")
    missing = np.isnan(given.rows("fields")["crop_income_ha_yr"])
    yield from _rows(given, missing, "cropland.income_wanted", "crop_income_ha_yr")


def _rows(given: Given, wrong: Any, code: str, column: str) -> Iterator[Fault]:
    """A fault for each field that is wrong."""
    frame = given["fields"]
    for place in np.flatnonzero(np.asarray(wrong)):
        name = str(frame["field"].iloc[place])
        yield Fault(code, sheet="fields", row=int(frame.index[place]), column=column, value=name)
