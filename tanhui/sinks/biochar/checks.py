"""What cannot be meant: everything wrong with the batches together, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.sinks.biochar.curve import curve_faults
from tanhui.sinks.biochar.mass import ASH_FREE
from tanhui.sinks.biochar.permanence import lacking, row_faults
from tanhui.sinks.frame import Factors, Given

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["applied", "check"]

#: Carbon and ash that add to 1 may miss it by rounding.
ROUNDING = 1e-9


def check(given: Given, factors: Factors) -> None:
    """Refuse batches that cannot be counted.

    Raises
    ------
    RefusedInput
        With everything that is wrong.
    """
    faults = [*_batches(given), *lacking(given["method"], given, factors), *curve_faults(given, factors)]
    avoided = given.has("counterfactual_co2e_t") and given["counterfactual_co2e_t"] > 0
    if avoided and not given.has("counterfactual_evidence"):
        faults.append(Fault("biochar.counterfactual_evidence", column="counterfactual_evidence"))
    if faults:
        raise RefusedInput(faults)


def applied(given: Given) -> NDArray[np.float64]:
    """Years after the first of the account in which each batch is applied. shape (n,)"""
    year = given.rows("batches")["applied_year"].astype(float)
    return np.asarray(np.where(np.isnan(year), 0.0, year - given["year"]), dtype=float)


def _batches(given: Given) -> Iterator[Fault]:
    batches = given.rows("batches")
    yield from row_faults(given, given["batches"]["batch"].duplicated(), "biochar.batch_twice", "batch")
    yield from row_faults(given, batches["soil"] == "organic", "biochar.organic_soil", "soil")
    unmeasured = (batches["kiln"] == "uncontrolled") & np.isnan(batches["kiln_ch4_kg_kg"])
    yield from row_faults(given, unmeasured, "biochar.kiln_methane", "kiln_ch4_kg_kg")
    ash_free = batches["c_org_basis"] == ASH_FREE
    unknown = ash_free & np.isnan(batches["ash_share"]) & ~np.isnan(batches["c_org_share"])
    yield from row_faults(given, unknown, "biochar.ash_wanted", "ash_share")
    whole = batches["c_org_share"] + batches["ash_share"]
    yield from row_faults(given, ~ash_free & (whole > 1 + ROUNDING), "biochar.carbon_and_ash", "c_org_share")
    when = applied(given)
    yield from row_faults(given, (when < 0) | (when >= given["years"]), "biochar.outside_years", "applied_year")
