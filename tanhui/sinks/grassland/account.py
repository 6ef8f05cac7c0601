"""The account of pastures: soil carbon by Tier 1 or RothC, and the methane of the herds."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import load_parameters
from tanhui.kernel.units import CO2_PER_C
from tanhui.sinks.frame import Factors, Given, Line, Outcome, Value
from tanhui.sinks.grassland.degradation import CLASSES, degradation_class, loss_share
from tanhui.sinks.grassland.grazing import Stays, carbon_input, enteric_ch4_t_yr, sheep_unit_days, utilisation
from tanhui.sinks.grassland.response import climate, measured_errors_t_ha, unit_response_t_ha
from tanhui.sinks.soil.checks import limit
from tanhui.sinks.soil.tier1 import Condition
from tanhui.sinks.soil.tier1_leaves import stock_t_ha

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["account"]

Rows = dict[str, "NDArray[Any]"]
WANTED = {"tier1": ("soil", "climate", "before", "after"), "rothc": ("soc_t_ha", "clay_share")}
MEASUREMENT = "measurement"
MONTHLY = ("temperature_c", "rain_mm", "pet_mm")


def account(given: Given, factors: Factors) -> Outcome:
    """Soil carbon of all pastures over the years, the methane of herds, and the state of each pasture."""
    if given["permafrost"]:
        raise DomainError("grassland.permafrost")
    pastures, years = given.rows("pastures"), int(given["years"])
    _refuse_missing(given, pastures)
    before, after = (Stays.of(given.rows("moves"), x) if given.has("moves") else None for x in ("before", "after"))
    used = _used(pastures, before, after, factors)
    if given["method"] == "tier1":
        change = _tier1(given, pastures, years, factors)
        error = np.zeros_like(change)
    else:
        change, error = _rothc(given, pastures, used, years, factors)
    area = pastures["area_ha"]
    total_t = (change * area[:, None]).sum(axis=0)
    # Pastures are measured each by itself.
    error_t = np.sqrt(((error * area[:, None]) ** 2).sum(axis=0))
    values = [
        *(Value("soc_stock_change_t", float(total_t[i]), i + 1, own_se=_own(error_t[i])) for i in _shown(years)),
        Value("soc_stock_change_t_ha", float(total_t[-1] / area.sum()), years, own_se=_own(error_t[-1] / area.sum())),
    ]
    lines = [Line("soil", float(total_t[-1]) * CO2_PER_C, _own(error_t[-1] * CO2_PER_C))]
    if before is not None and after is not None:
        more = enteric_ch4_t_yr(after, factors) - enteric_ch4_t_yr(before, factors)
        values.append(Value("animal_ch4_change_t_yr", more))
        values += [
            Value("utilisation_share", float(u), domain=str(p))
            for p, u in zip(pastures["pasture"], used[1], strict=True)
        ]
        lines.append(Line("animals", -more * years * factors.gwp("CH4")))
    return Outcome(
        values,
        lines,
        years,
        _notes(pastures, used, change, before, years, given["method"]),
        _rows(pastures, change, factors),
    )


def _own(error: float) -> dict[str, float]:
    return {MEASUREMENT: float(error)} if error else {}


def _shown(years: int) -> list[int]:
    """Every fifth year and the last, counted from 0."""
    return sorted({*range(4, years, 5), years - 1})


def _refuse_missing(given: Given, pastures: Rows) -> None:
    """Refuse a pasture that stands twice, and name everything the method needs and that is empty somewhere."""
    names = list(pastures["pasture"])
    if twice := sorted({str(name) for name in names if names.count(name) > 1}):
        raise DomainError("grassland.pasture_twice", names=", ".join(twice))
    method = given["method"]
    missing = [name for name in WANTED[method] if _empty(pastures[name]).any()]
    if method == "rothc":
        missing += [name for name in MONTHLY if not given.has(name)]
        if not given.has("moves") and _empty(pastures["input_ratio"]).any():
            missing.append("input_ratio, or moves")
    if missing:
        raise DomainError("grassland.needs", method=method, missing=", ".join(missing))


def _empty(column: NDArray[Any]) -> NDArray[np.bool_]:
    return np.isnan(column) if column.dtype.kind == "f" else np.asarray(column == "")


def _used(
    pastures: Rows, before: Stays | None, after: Stays | None, factors: Factors
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Utilisation of each pasture before and afterwards; zero without moves."""
    if before is None or after is None:
        nothing = np.zeros(len(pastures["area_ha"]))
        return nothing, nothing
    days = [sheep_unit_days(stays, pastures["pasture"], factors) for stays in (before, after)]
    grazed = (days[0] > 0) | (days[1] > 0)
    if (unknown := grazed & _empty(pastures["yield_t_ha"])).any():
        raise DomainError("grassland.no_yield", names=", ".join(map(str, pastures["pasture"][unknown])))
    grown = np.nan_to_num(pastures["yield_t_ha"])
    first, second = (utilisation(x, grown, pastures["area_ha"], factors) for x in days)
    return first, second


def _tier1(given: Given, pastures: Rows, years: int, factors: Factors) -> NDArray[np.float64]:
    """Change at the end of each year by Tier 1: a line that ends with the transition. [t C/ha] shape (n, years)"""
    edition = given["edition"]
    inputs = np.where(pastures["inputs_after"] == "", "medium", pastures["inputs_after"])
    gained = []
    for i in range(len(pastures["area_ha"])):
        soil, zone = str(pastures["soil"][i]), str(pastures["climate"][i])
        start = Condition(soil, zone, "grassland", str(pastures["before"][i]), "medium")
        end = Condition(soil, zone, "grassland", str(pastures["after"][i]), str(inputs[i]))
        gained.append(stock_t_ha(end, edition, factors.take) - stock_t_ha(start, edition, factors.take))
    passed = np.minimum(np.arange(1, years + 1) / limit("transition_yr"), 1.0)
    return np.outer(gained, passed)


def _rothc(
    given: Given, pastures: Rows, used: tuple[NDArray[np.float64], NDArray[np.float64]], years: int, factors: Factors
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Change at the end of each year by RothC, and what the errors of stock and ratio do to it. [t C/ha]

    The ratio is the given one, or comes from what the herds leave; of that the factors carry the error.
    """
    ratio = pastures["input_ratio"].astype(float)
    if (wanted := np.isnan(ratio)).any():
        grown = np.nan_to_num(pastures["yield_t_ha"])
        first, second = (carbon_input(grown, u, factors) for u in used)
        ratio = np.where(wanted, second / first, ratio)
    weather = climate(*(given[name][None, :] for name in MONTHLY))
    stock, model = pastures["soc_t_ha"], factors("model_response")
    unit = model * unit_response_t_ha(stock, pastures["clay_share"], weather, years, given["depth_cm"])
    errors = measured_errors_t_ha(
        unit,
        ratio[:, None],
        np.nan_to_num(pastures["ratio_se"])[:, None],
        stock[:, None],
        np.nan_to_num(pastures["soc_se_t_ha"])[:, None],
    )
    return (ratio[:, None] - 1.0) * unit, np.hypot(*errors)


@cache
def _caution(name: str) -> float:
    limits = load_parameters(data_path("grassland", "limits.toml"), "grassland/limits")
    return limits[name].at(date.max).number()


def _notes(
    pastures: Rows,
    used: tuple[NDArray[np.float64], NDArray[np.float64]],
    change: NDArray[np.float64],
    before: Stays | None,
    years: int,
    method: str,
) -> list[str]:
    names = pastures["pasture"]
    notes = ["note.grassland.equal_mass"]
    if method == "rothc" and np.isnan(pastures["soc_se_t_ha"]).any():
        notes.append("note.grassland.stock_error")
    notes += [f"note.grassland.utilisation:{names[i]}" for i in np.flatnonzero(used[1] > _caution("most_used"))]
    fast = np.abs(change[:, -1]) / years > _caution("fastest_change")
    notes += [f"note.grassland.fast_change:{names[i]}" for i in np.flatnonzero(fast)]
    return notes if before is None else [*notes, "note.grassland.displaced"]


def _rows(pastures: Rows, change: NDArray[np.float64], factors: Factors) -> dict[str, list[Any]]:
    cover = loss_share(pastures["cover_share"], pastures["reference_cover_share"])
    grown = loss_share(pastures["yield_t_ha"], pastures["reference_yield_t_ha"])
    classes = degradation_class(cover, grown, lambda key: factors("degraded_from", key))
    return {
        "pasture": list(pastures["pasture"]),
        "degradation": [CLASSES[i] if i >= 0 else "" for i in classes],
        "soc_change_t_ha": change[:, -1].tolist(),
    }
