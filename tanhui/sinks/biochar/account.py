"""The account of biochar: carbon applied, what will decay of it, kilns, and the emissions of its life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.biochar.checks import applied, check
from tanhui.sinks.biochar.curve import curve, shown_years
from tanhui.sinks.biochar.mass import carbon_t, dry_t
from tanhui.sinks.biochar.permanence import METHODS, PURO_FIRST, kept_share, lacking
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["account"]

#: Emissions of production, which co-products may share; then those of the biochar alone.
PRODUCTION = ("feedstock_transport", "drying", "energy", "process_gas", "embodied")
USE = ("biochar_transport", "application")
LABORATORY = "laboratory"


def account(given: Given, factors: Factors) -> Outcome:
    """Carbon of all batches, kept by the chosen method, less everything that making and using them gives off."""
    check(given, factors)
    dry, carbon = dry_t(given.rows("batches")), carbon_t(given.rows("batches"), factors)
    kept = kept_share(given["method"], given, factors)
    lines = _lines(given, dry, carbon, kept, factors)
    kept_t_t = float(carbon @ kept) * CO2_PER_C / float(dry.sum())
    values = [
        Value("biochar_dry_t", float(dry.sum())),
        Value("biochar_carbon_t", float(carbon.sum()), own_se=_own(given, float(carbon.sum()))),
        *_by_method(given, carbon, factors),
        *_by_year(given, carbon * kept),
        Value("biochar_net_t_t", sum(line.co2e_t for line in lines) / float(dry.sum()), own_se=_own(given, kept_t_t)),
    ]
    rows = {"batch": list(given.rows("batches")["batch"]), "carbon_t": carbon.tolist(), "kept_share": kept.tolist()}
    if given.has("curve_years"):
        left = curve(given, factors)
        values += [Value("biochar_remaining_share", float(left[t]), t) for t in shown_years(given["curve_years"])]
    return Outcome(values, lines, given["years"], _notes(given), rows)


def _by_method(given: Given, carbon: Array, factors: Factors) -> list[Value]:
    """What every method that can be used here keeps, the chosen one first."""
    others = [name for name in METHODS if name != given["method"] and not [*lacking(name, given, factors)]]
    return [
        Value("biochar_permanence_share", float(kept_share(name, given, factors) @ carbon / carbon.sum()), domain=name)
        for name in (given["method"], *others)
    ]


def _by_year(given: Given, kept_t: Array) -> list[Value]:
    when = applied(given)
    return [
        Value("biochar_kept_t_co2", t := float(kept_t[when == year].sum()) * CO2_PER_C, int(year), "", _own(given, t))
        for year in np.unique(when)
    ]


def _own(given: Given, amount: float) -> dict[str, float]:
    return {LABORATORY: abs(amount) * given["laboratory_se_share"]} if given.has("laboratory_se_share") else {}


def _lines(given: Given, dry: Array, carbon: Array, kept: Array, factors: Factors) -> list[Line]:
    stored, lost = float(carbon.sum()) * CO2_PER_C, float(carbon @ (1.0 - kept)) * CO2_PER_C
    # The error of weighing and laboratory moves both alike, so it stands with what is kept.
    lines = [Line("stored", stored, _own(given, stored - lost)), Line("decayed", -lost)]
    ch4 = float(dry @ np.nan_to_num(given.rows("batches")["kiln_ch4_kg_kg"]))
    if ch4:
        lines.append(Line("kiln_ch4", -ch4 * factors.gwp("CH4")))
    for names, share in ((PRODUCTION, given["allocated_share"]), (USE, 1.0)):
        told = [name for name in names if given.has(f"{name}_co2e_t")]
        lines += [Line(name, -given[f"{name}_co2e_t"] * share) for name in told]
    if given.has("counterfactual_co2e_t"):
        lines.append(Line("counterfactual", given["counterfactual_co2e_t"]))
    return lines


def _notes(given: Given) -> list[str]:
    notes = ["note.biochar.once"]
    untold = [name for name in (*PRODUCTION, *USE, "counterfactual") if not given.has(f"{name}_co2e_t")]
    if untold:
        notes.append(f"note.biochar.not_told:{', '.join(untold)}")
    if not given.has("laboratory_se_share"):
        notes.append("note.biochar.exact")
    if given.has("soil_temperature_c") and given["soil_temperature_c"] < PURO_FIRST:
        notes.append("note.biochar.cold_soil")
    return notes
