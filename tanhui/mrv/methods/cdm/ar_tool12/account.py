"""The change of dead wood and litter over a period, pool by pool."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Literal

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import Fault
from tanhui.kernel.nouns import Claim
from tanhui.kernel.parameters import Dated, Recorder, load_parameters
from tanhui.mrv.methods.cdm.ar_tool12 import rules
from tanhui.mrv.methods.cdm.ar_tool12.inputs import DeadMatterInputs, DeadPlot, DeadStratum
from tanhui.mrv.methods.cdm.tool import tool_claim
from tanhui.mrv.methods.checks import number_faults, refuse, twice
from tanhui.mrv.methods.claims import recording

__all__ = ["ID", "account"]

ID = "cdm/ar-tool12"
POOLS: tuple[Literal["dead_wood", "litter"], ...] = ("dead_wood", "litter")
POSITIVE = {
    "area_ha", "density_t_m3", "transect_m", "stem_volume_m3", "live_agb_t", "mid_diameter_cm", "dbh_cm", "height_m",
    "diameter_cm", "dry_to_wet_fraction", "frame_area_m2",
}  # fmt: skip


def account(inputs: DeadMatterInputs, parameters: Mapping[str, Dated]) -> Claim:
    """The change of both pools; a growing stock is positive.

    Raises
    ------
    RefusedInput
        If a number cannot be, a pool is both measured and taken by default, or the material of a default is removed.
    DomainError
        If a piece is too thin, a transect too short, a stump too low, or there is no default for the place.
    """
    _refuse_impossible(inputs)
    p = recording(parameters)
    day = inputs.day or inputs.period.last_day
    _note_numbers(p, day)
    parts = []
    for pool in POOLS:
        stocks = [_measured(strata, pool, day, p) for strata in (inputs.start, inputs.end)]
        clause = (rules.standing_co2_t if pool == "dead_wood" else rules.litter_co2_t).at(day).clause
        if inputs.default and pool in inputs.default.pools:
            trees = (inputs.default.trees_start_co2e_t, inputs.default.trees_end_co2e_t)
            stocks = [rules.default_co2_t(inputs.default, x, pool, day=day, p=p) for x in trees]
            clause = rules.default_co2_t.at(day).clause
        parts.append((pool, rules.pool_change_co2_t(*stocks, day=day, p=p), clause))
    return tool_claim(ID, inputs.period, parts, p)


def _note_numbers(p: Recorder, day: date) -> None:
    """The tool's numbers lie with the equations of the forest room; they are noted as used like any other."""
    numbers = Recorder(load_parameters(data_path("forest_stand", "ar_tool12.toml"), "forest_stand/ar_tool12"))
    numbers.used = p.used
    for name in numbers:
        numbers[name].at(day)


def _measured(
    strata: Sequence[DeadStratum], pool: Literal["dead_wood", "litter"], day: date, p: Mapping[str, Dated]
) -> float:
    """Stock of a pool in all strata from its plots. [t CO2]"""
    of_plot = _dead_wood if pool == "dead_wood" else _litter
    return math.fsum(
        rules.stratum_co2_t(
            [of_plot(plot, x, day, p) for plot in x.plots],
            [plot.area_ha for plot in x.plots],
            x.area_ha,
            day=day,
            p=p,
        )
        for x in strata
    )


def _dead_wood(plot: DeadPlot, stratum: DeadStratum, day: date, p: Mapping[str, Dated]) -> float:
    parts: tuple[Callable[..., float], ...] = (rules.standing_co2_t, rules.stumps_co2_t, rules.lying_co2_t)
    return math.fsum(part(plot, stratum, day=day, p=p) for part in parts)


def _litter(plot: DeadPlot, stratum: DeadStratum, day: date, p: Mapping[str, Dated]) -> float:
    return 0.0 if plot.litter is None else rules.litter_co2_t(plot.litter, plot.area_ha, day=day, p=p)


def _refuse_impossible(inputs: DeadMatterInputs) -> None:
    faults = list(number_faults(inputs, positive=POSITIVE, signed={"elevation_m"}))
    for column, strata in (("start", inputs.start), ("end", inputs.end)):
        faults += twice([x.name for x in strata], column)
        for i, stratum in enumerate(strata):
            faults += _stratum_faults(stratum, f"{column}[{i}]")
    faults += _default_faults(inputs)
    if not (inputs.end or inputs.start or inputs.default):
        faults.append(Fault("methods.cdm_no_strata", column="end"))
    refuse(faults)


def _stratum_faults(stratum: DeadStratum, place: str) -> Iterator[Fault]:
    if not stratum.plots:
        yield Fault("methods.cdm_no_plots", column=f"{place}.plots", value=stratum.name)
    for i, plot in enumerate(stratum.plots):
        for j, tree in enumerate(plot.standing):
            column = f"{place}.plots[{i}].standing[{j}]"
            if (tree.stem_volume_m3 is None) == (tree.live_agb_t is None):
                yield Fault("methods.cdm_one_of", column=column, value="stem_volume_m3, live_agb_t")
            if tree.stem_volume_m3 is not None and stratum.bef2 < 1:
                yield Fault("methods.cdm_bef2", column=f"{place}.bef2", value=str(stratum.bef2))
        for j, stump in enumerate(plot.stumps):
            if (stump.mid_diameter_cm is None) == (stump.dbh_cm is None):
                column = f"{place}.plots[{i}].stumps[{j}]"
                yield Fault("methods.cdm_one_of", column=column, value="mid_diameter_cm, dbh_cm")
        if plot.lying and plot.transect_m is None:
            yield Fault("methods.cdm_no_transect", column=f"{place}.plots[{i}].transect_m")


def _default_faults(inputs: DeadMatterInputs) -> Iterator[Fault]:
    if inputs.default is None:
        return
    plots = [plot for stratum in (*inputs.start, *inputs.end) for plot in stratum.plots]
    measured = {
        "dead_wood": any(x.standing or x.stumps or x.transect_m for x in plots),
        "litter": any(x.litter for x in plots),
    }
    for pool in inputs.default.pools:
        if pool not in POOLS:
            yield Fault(
                "methods.cdm_unknown_pool", column="default.pools", value=pool, facts={"known": ", ".join(POOLS)}
            )
        elif measured[pool]:
            yield Fault("methods.cdm_measured_and_default", column="default.pools", value=pool)
    if not inputs.default.left_in_place:
        yield Fault("methods.cdm_not_left", column="default.left_in_place")
