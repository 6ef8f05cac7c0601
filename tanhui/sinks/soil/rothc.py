"""RothC-26.3: carbon in the topsoil, month by month, for any number of sites at once.

Five pools: decomposable and resistant plant material (DPM, RPM), microbial biomass (BIO), humified (HUM) and inert
(IOM) organic matter. A month's decay is exponential and each step linear in the pools. So a steady state is the
solution of a small linear system, and the plant input behind a measured stock has a closed form; nothing is iterated.

Order of a month, as in the authors' program: decompose, then add what the month brings. Arrays are sites x months;
what is the same for all sites or months may be left out of the shape (``(1, m)``, ``(n, 1)``, a number). Carbon
is t C/ha. The equations are those of [1]_, the inert pool that of [2]_.

References
----------
.. [1] K. Coleman, D.S. Jenkinson, RothC: a model for the turnover of carbon in soil, Rothamsted Research, 2014.
.. [2] P. Falloon et al., Soil Biol. Biochem. 30, 1207-1211, 1998.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Parameters, load_parameters
from tanhui.sinks.soil import checks, kernel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = [
    "POOLS",
    "Inputs",
    "Modifiers",
    "Soil",
    "SteadyState",
    "Trajectory",
    "Weather",
    "dpm_share",
    "inert_t_ha",
    "inverse",
    "modifier_constants",
    "modifiers",
    "pan_evaporation_mm",
    "parameters",
    "run",
    "spin_up",
]

#: Order of the pools on the last axis of every result.
POOLS = ("dpm", "rpm", "bio", "hum", "iom")
_MONTHS = 12
#: How far shares of a year may be from adding up to 1.
_ADDS_UP = 1e-6
LAND_USES = ("crops", "unimproved_grass", "woodland")


@cache
def parameters() -> Parameters:
    """Rate constants, shares and ratios, each with its source."""
    return load_parameters(data_path("soil", "rothc.toml"), "soil/rothc")


def _value(name: str) -> float:
    return parameters()[name].at(date.max).number()


@cache
def _rates() -> Array:
    """Decomposition per month at a rate modifier of 1, for DPM, RPM, BIO, HUM."""
    return np.array([_value(f"k_{pool}") for pool in POOLS[:4]]) / _MONTHS


@cache
def modifier_constants() -> tuple[float, ...]:
    """Constants of the rate modifiers for temperature, moisture and cover, in the order the compiled loop wants."""
    names = (
        *("temperature_top", "temperature_scale_c", "temperature_shift_c", "frozen_below_c"),
        *("pan_per_pet", "one_bar_share", "bare_share", "driest_rate", "covered_rate"),
    )
    return tuple(map(_value, names))


@cache
def _manure_split() -> Array:
    """Shares of manure to DPM, RPM, HUM."""
    dpm, rpm = _value("manure_dpm_share"), _value("manure_rpm_share")
    return np.array([dpm, rpm, 1.0 - dpm - rpm])


# What goes in


@dataclass(frozen=True, slots=True, eq=False)
class Soil:
    """Clay and depth of the sampled topsoil, one per site. Clay is a share of the mineral soil, not a percentage."""

    clay_share: Array
    depth_cm: Array

    def __init__(self, clay_share: ArrayLike, depth_cm: ArrayLike) -> None:
        clay, depth = checks.share("clay_share", clay_share), checks.positive("depth_cm", depth_cm)
        shape = _common_shape({"clay_share": clay, "depth_cm": depth}, (1,))
        object.__setattr__(self, "clay_share", _grid("clay_share", clay, shape))
        object.__setattr__(self, "depth_cm", _grid("depth_cm", depth, shape))

    @property
    def deepest_deficit_mm(self) -> Array:
        """Moisture deficit of the driest soil under plants; negative. [mm]"""
        clay = 100 * self.clay_share
        return -(20.0 + 1.3 * clay - 0.01 * clay**2) * self.depth_cm / _value("reference_depth_cm")

    @property
    def kept(self) -> Array:
        """Shares of decomposed carbon that stay as BIO and as HUM; the rest leaves as CO2. Shape (n, 2)."""
        stays = 1.0 / (1.0 + 1.67 * (1.85 + 1.60 * np.exp(-0.0786 * 100 * self.clay_share)))
        bio = _value("bio_share")
        return np.stack([stays * bio, stays * (1.0 - bio)], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """Monthly mean air temperature, rain, evaporation from an open pan, and whether plants cover the soil.

    Where potential evapotranspiration is at hand and not pan evaporation, convert it with
    :func:`pan_evaporation_mm`. A little condensation, below zero, is possible in winter and not refused.
    """

    temperature_c: Array
    rain_mm: Array
    evaporation_mm: Array
    covered: NDArray[np.bool_]

    def __init__(
        self, temperature_c: ArrayLike, rain_mm: ArrayLike, evaporation_mm: ArrayLike, covered: ArrayLike
    ) -> None:
        given = {
            "temperature_c": checks.celsius("temperature_c", temperature_c),
            "rain_mm": checks.not_negative("rain_mm", rain_mm),
            "evaporation_mm": checks.number("evaporation_mm", evaporation_mm),
            "covered": checks.flag("covered", covered),
        }
        months = _common_shape(given, (1, 1))[1]
        for name, values in given.items():
            rows = values.shape[0] if values.ndim > 1 else 1
            object.__setattr__(self, name, _grid(name, values, (rows, months)))


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Carbon that plants and manure bring each month, and the share of the plants' that is DPM. [t C/ha]"""

    plant_t_ha: Array
    dpm_share: Array
    manure_t_ha: Array

    def __init__(self, plant_t_ha: ArrayLike, dpm_share: ArrayLike, manure_t_ha: ArrayLike = 0.0) -> None:
        object.__setattr__(self, "plant_t_ha", checks.not_negative("plant_t_ha", plant_t_ha))
        object.__setattr__(self, "dpm_share", checks.share("dpm_share", dpm_share))
        object.__setattr__(self, "manure_t_ha", checks.not_negative("manure_t_ha", manure_t_ha))

    def tables(self, shape: tuple[int, ...]) -> tuple[Array, Array, Array]:
        """Plants, manure and the DPM share, each as small as it was given, for a run of sites and months."""
        given = {"plant_t_ha": self.plant_t_ha, "manure_t_ha": self.manure_t_ha, "dpm_share": self.dpm_share}
        plant, manure, share = (_small(name, values, shape) for name, values in given.items())
        return plant, manure, share

    def on(self, shape: tuple[int, ...]) -> tuple[Array, Array, Array]:
        """Plants, manure and the DPM share, each with a value for every site and month."""
        return (
            _grid("plant_t_ha", self.plant_t_ha, shape),
            _grid("manure_t_ha", self.manure_t_ha, shape),
            _grid("dpm_share", self.dpm_share, shape),
        )


def dpm_share(land_use: str) -> float:
    """Share of plant carbon that decomposes easily: r / (1 + r), r the DPM to RPM ratio of a land use."""
    if land_use not in LAND_USES:
        raise DomainError("soil.unknown_land_use", land_use=land_use, known=", ".join(LAND_USES))
    ratio = _value(f"dpm_rpm_{land_use}")
    return ratio / (1.0 + ratio)


def pan_evaporation_mm(pet_mm: ArrayLike) -> Array:
    """Open-pan evaporation from potential evapotranspiration. [mm]"""
    return checks.number("pet_mm", pet_mm) / _value("pan_per_pet")


def inert_t_ha(stock_t_ha: ArrayLike) -> Array:
    """Inert organic carbon from the total, by Falloon et al. (1998). [t C/ha]"""
    return _value("iom_factor") * checks.not_negative("stock_t_ha", stock_t_ha) ** _value("iom_exponent")


# What comes out


@dataclass(frozen=True, slots=True, eq=False)
class Modifiers:
    """The factor on all four rates, and the moisture deficit at the end, of each month. [1], [mm]"""

    factor: Array
    deficit_mm: Array


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """Pools at the end of each interval, shape (sites, intervals, 5), and the CO2 given off in it. [t C/ha]"""

    pools: Array
    co2_c: Array

    @property
    def stock_t_ha(self) -> Array:
        """Soil organic carbon, the sum of the pools."""
        return _total(self.pools)


@dataclass(frozen=True, slots=True, eq=False)
class SteadyState:
    """Pools at the end of a cycle that repeats, shape (sites, 5), and the plant input behind them. [t C/ha, per yr]"""

    pools: Array
    plant_t_ha_yr: Array

    @property
    def stock_t_ha(self) -> Array:
        """Soil organic carbon, the sum of the pools."""
        return _total(self.pools)


def modifiers(
    soil: Soil, weather: Weather, start_deficit_mm: ArrayLike | None = None, *, workers: int = 1
) -> Modifiers:
    """Rate modifiers for temperature, moisture and cover, multiplied.

    Parameters
    ----------
    start_deficit_mm : array_like of float, shape (n,), optional
        Moisture deficit before the first month, zero or negative. Without it, the months are taken as a cycle and
        begin with the deficit they end with. [mm]
    """
    shape = (soil.clay_share.size, weather.rain_mm.shape[1])
    begin = _grid("start_deficit_mm", _deficit(start_deficit_mm), shape[:1])
    names = ("temperature_c", "rain_mm", "evaporation_mm", "covered")
    given = [_small(name, getattr(weather, name), shape) for name in names]
    factor, deficit = np.empty(shape), np.empty(shape)
    deepest, constants = soil.deepest_deficit_mm, modifier_constants()

    def block(s: slice) -> None:
        temperature, rain, evaporation, covered = (_rows_of(values, s) for values in given)
        kernel.modify(temperature, rain, evaporation, covered, deepest[s], constants, begin[s], factor[s], deficit[s])

    _in_blocks(block, shape[0], workers)
    return Modifiers(factor, deficit)


def run(
    soil: Soil, factor: ArrayLike, inputs: Inputs, start: ArrayLike, *, every: int = 1, workers: int = 1
) -> Trajectory:
    """Pools through time.

    Parameters
    ----------
    factor : array_like of float, shape (n, months)
        Rate modifiers, as :func:`modifiers` gives them. [1]
    start : array_like of float, shape (n, 5)
        Pools before the first month, in the order of :data:`POOLS`. [t C/ha]
    every : int
        Months between two rows of the result, 12 for Decembers only. Months after the last whole interval are left
        out.
    """
    sites = soil.clay_share.size
    factor = _grid("factor", checks.not_negative("factor", factor), (sites, np.shape(factor)[-1]))
    begin = _grid("start", checks.not_negative("start", start), (sites, len(POOLS)))
    tables = inputs.tables(factor.shape)
    kept = soil.kept
    rows = factor.shape[1] // every
    pools, co2 = np.empty((sites, rows, len(POOLS))), np.empty((sites, rows))

    def block(s: slice) -> None:
        plant, manure, share = (_rows_of(values, s) for values in tables)
        constants = (kept[s], _rates(), _manure_split())
        kernel.decompose(factor[s], plant, manure, share, *constants, begin[s], every, pools[s], co2[s])

    _in_blocks(block, sites, workers)
    return Trajectory(pools, co2)


def spin_up(soil: Soil, factor: ArrayLike, inputs: Inputs, iom_t_ha: ArrayLike = 0.0) -> SteadyState:
    """The steady state of a cycle of whole years: the pools that the cycle leads back to, exactly.

    Parameters
    ----------
    factor : array_like of float, shape (n, months)
        Rate modifiers of the cycle, a multiple of 12 months. [1]
    iom_t_ha : array_like of float, shape (n,)
        Inert organic carbon; it adds to the stock and takes no part. [t C/ha]
    """
    factor = _cycle_factor(soil, factor)
    plant, manure, share = inputs.on(factor.shape)
    transition, added = _cycle(soil, factor, _additions(plant, manure, share)[..., None])
    active = _steady(transition, added)[..., 0]
    yearly = plant.sum(axis=1) * _MONTHS / factor.shape[1]
    return SteadyState(_with_inert(active, iom_t_ha), yearly)


def inverse(
    soil: Soil,
    factor: ArrayLike,
    stock_t_ha: ArrayLike,
    inputs: Inputs,
    iom_t_ha: ArrayLike | None = None,
) -> SteadyState:
    """The plant input that holds a measured stock, and its pools.

    The steady stock is linear in the plant input: what manure holds, plus the input times what one tonne holds. The
    stock is that at the end of the cycle's last month; for a soil sampled in another month let the cycle end with it.

    Parameters
    ----------
    stock_t_ha : array_like of float, shape (n,)
        Measured stock of the soil's depth. [t C/ha]
    inputs : Inputs
        ``plant_t_ha`` holds the share of the cycle's plant input that comes in each month and adds up to 1; manure is
        what is known to come. [1], [t C/ha]
    iom_t_ha : array_like of float, shape (n,), optional
        Inert organic carbon; without it, that of :func:`inert_t_ha`. [t C/ha]

    Raises
    ------
    DomainError
        Where inert carbon and manure alone hold more than the measured stock.
    """
    factor = _cycle_factor(soil, factor)
    stock = checks.positive("stock_t_ha", stock_t_ha)
    inert = inert_t_ha(stock) if iom_t_ha is None else checks.not_negative("iom_t_ha", iom_t_ha)
    timing, manure, share = inputs.on(factor.shape)
    total = timing.sum(axis=1)
    off = np.abs(total - 1.0)
    if (off > _ADDS_UP).any():
        raise DomainError("soil.timing", value=float(total[off.argmax()]))
    nothing = np.zeros_like(manure)
    added = np.stack([_additions(timing, nothing, share), _additions(nothing, manure, share)], axis=-1)
    transition, brought = _cycle(soil, factor, added)
    by_plants, by_manure = np.moveaxis(_steady(transition, brought), -1, 0)
    plant = (stock - inert - by_manure.sum(axis=-1)) / by_plants.sum(axis=-1)
    yearly = plant * _MONTHS / factor.shape[1]
    if (plant < 0).any():
        raise DomainError("soil.stock_below_inert", count=int((plant < 0).sum()), value=float(yearly.min()))
    return SteadyState(_with_inert(by_manure + plant[:, None] * by_plants, inert), yearly)


def _total(pools: Array) -> Array:
    return np.asarray(pools.sum(axis=-1))


def _deficit(start_mm: ArrayLike | None) -> Array:
    """A deficit to begin with; NaN asks the compiled loop for the one the months lead back to."""
    if start_mm is None:
        return np.asarray(np.nan)
    start = checks.number("start_deficit_mm", start_mm)
    if (start > 0).any():
        raise DomainError("soil.deficit_sign", value=float(start.max()))
    return start


# The linear system


def _additions(plant: Array, manure: Array, share: Array) -> Array:
    """What a month adds to DPM, RPM, BIO, HUM. Shape (sites, months, 4)."""
    dpm, rpm, hum = (part * manure for part in _manure_split())
    return np.stack([share * plant + dpm, (1.0 - share) * plant + rpm, np.zeros_like(plant), hum], axis=-1)


def _cycle(soil: Soil, factor: Array, added: Array) -> tuple[Array, Array]:
    """A whole cycle as one step y -> T y + b, for each of several sets of additions (sites, months, 4, sets)."""
    transition = np.broadcast_to(np.eye(4), (factor.shape[0], 4, 4))
    brought = np.zeros((factor.shape[0], 4, added.shape[-1]))
    kept = soil.kept
    for month in range(factor.shape[1]):
        step = _transition(factor[:, month], kept)
        transition, brought = step @ transition, step @ brought + added[:, month]
    return transition, brought


def _transition(factor: Array, kept: Array) -> Array:
    """One month as a matrix: what remains on the diagonal, what turns to BIO and HUM in their rows."""
    lost = -np.expm1(-factor[:, None] * _rates())
    step = np.zeros((factor.size, 4, 4))
    step[:, 2:] = kept[:, :, None] * lost[:, None, :]
    step[:, range(4), range(4)] += 1.0 - lost
    return step


def _steady(transition: Array, brought: Array) -> Array:
    """The fixed point of y -> T y + b."""
    still = np.isclose(transition[:, 3, 3], 1.0, rtol=0.0, atol=1e-14)
    if still.any():
        raise DomainError("soil.no_turnover", count=int(still.sum()))
    return np.asarray(np.linalg.solve(np.eye(4) - transition, brought), float)


def _cycle_factor(soil: Soil, factor: ArrayLike) -> Array:
    months = np.shape(factor)[-1]
    if months == 0 or months % _MONTHS:
        raise DomainError("soil.no_whole_years", months=months)
    return _grid("factor", checks.not_negative("factor", factor), (soil.clay_share.size, months))


def _with_inert(active: Array, iom_t_ha: ArrayLike) -> Array:
    inert = np.broadcast_to(checks.not_negative("iom_t_ha", iom_t_ha), active.shape[:1])
    return np.concatenate([active, inert[:, None]], axis=-1)


# Shapes and threads


def _common_shape(given: dict[str, NDArray[Any]], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The smallest shape, from the given one on, that all arrays fit into."""
    for name, values in given.items():
        try:
            shape = np.broadcast_shapes(shape, values.shape)
        except ValueError:
            raise DomainError("soil.shapes", name=name, found=values.shape, wanted=shape) from None
    return shape


def _grid(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Values for every site and month, in the one layout that the compiled loops are compiled for."""
    if values.shape == shape and values.flags.c_contiguous and values.flags.writeable:
        return values
    try:
        return np.broadcast_to(values, shape).copy(order="C")
    except ValueError:
        raise DomainError("soil.shapes", name=name, found=values.shape, wanted=shape) from None


def _small(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Values with one row or column where they are the same for all, once it is sure that they fit a shape."""
    values = np.atleast_2d(values)
    if values.ndim != 2 or any(own not in (1, whole) for own, whole in zip(values.shape, shape, strict=True)):
        raise DomainError("soil.shapes", name=name, found=values.shape, wanted=shape)
    return _grid(name, values, values.shape)


def _rows_of(values: NDArray[Any], sites: slice) -> NDArray[Any]:
    """Rows of a run of sites; the one row where it serves all."""
    return values if values.shape[0] == 1 else values[sites]


def _in_blocks(work: Callable[[slice], None], sites: int, workers: int) -> None:
    """Give each worker one run of sites; compiled loops let go of the interpreter's lock."""
    edges = np.linspace(0, sites, min(workers, max(sites, 1)) + 1).astype(int)
    blocks = [slice(first, last) for first, last in pairwise(edges)]
    if len(blocks) == 1:
        work(blocks[0])
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, blocks))
