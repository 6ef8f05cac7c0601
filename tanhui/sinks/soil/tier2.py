"""The IPCC's Tier 2 for cropland: three pools that each year move towards the steady state of that year.

Active, slow and passive carbon of 0-30 cm of mineral soil that stays cropland [1]_. Weather gives a factor of
temperature and one of water for each year; with tillage and sand they set how fast the pools decay, with the carbon
that comes in they set where the pools would come to rest. A year takes a pool the share ``k`` of the way there, all of
it where ``k`` is above 1. Flooded rice and organic soils are outside the method.

Arrays are sites x years, weather sites x years x 12; what is the same for all may be left out of the shape. Carbon is
t C/ha, contents are shares of dry matter.

References
----------
.. [1] IPCC, 2019 Refinement to the 2006 IPCC Guidelines, vol. 4, ch. 5, equations 5.0A to 5.0H.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.kernel.parameters import Parameters, load_parameters
from tanhui.sinks.soil import checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = [
    "POOLS",
    "TILLAGE",
    "CarbonInput",
    "Conditions",
    "Targets",
    "default_contents",
    "parameters",
    "run",
    "run_in",
    "targets",
    "temperature_factor",
    "water_factor",
]

#: Order of the pools on the last axis of every result.
POOLS = ("active", "slow", "passive")
TILLAGE = ("full_tillage", "reduced_tillage", "no_tillage", "unknown")
_MONTHS = 12
#: The equations hold a share of carbon that is not negative; this much below zero is rounding.
_ROUNDING = 1e-12


@cache
def parameters() -> Parameters:
    """The calibrated parameters, each with its source and deviation."""
    return load_parameters(data_path("soil", "tier2_ipcc2019.toml"), "soil/tier2_ipcc2019")


@cache
def _value(name: str) -> float:
    return parameters()[name].at(date.max).number()


def default_contents() -> tuple[float, float]:
    """Lignin and nitrogen of a carbon input of which nothing is known, as shares of its dry matter. [1]"""
    return _value("lignin_default"), _value("nitrogen_default")


def temperature_factor(temperature_c: ArrayLike) -> Array:
    """Effect of a year's temperatures on decay, eq. 5.0E: 1 at the best temperature all year. [1]

    Parameters
    ----------
    temperature_c : array_like of float, shape (..., 12)
        Monthly mean air temperature. [°C]
    """
    t = _months("temperature_c", checks.celsius("temperature_c", temperature_c))
    hottest, best = _value("hottest_c"), _value("best_temperature_c")
    q = np.maximum(hottest - t, 0.0) / (hottest - best)
    return np.asarray((q**0.2 * np.exp(0.2 / 2.63 * (1.0 - q**2.63))).mean(axis=-1))


def water_factor(rain_mm: ArrayLike, pet_mm: ArrayLike, irrigated: ArrayLike = False) -> Array:
    """Effect of a year's rain and evaporation on decay, eq. 5.0F. [1]

    Parameters
    ----------
    rain_mm, pet_mm : array_like of float, shape (..., 12)
        Monthly precipitation and potential evapotranspiration. A month without evaporation is as wet as can be. [mm]
    irrigated : array_like of bool, shape (..., 12) or ()
        Months in which the field was irrigated.
    """
    rain = _months("rain_mm", checks.not_negative("rain_mm", rain_mm))
    pet = _months("pet_mm", checks.not_negative("pet_mm", pet_mm))
    flags, wettest = checks.flag("irrigated", irrigated), _value("wettest")
    _fit({"rain_mm": rain, "pet_mm": pet, "irrigated": flags})
    ratio = np.where(pet > 0, rain / np.where(pet > 0, pet, 1.0), wettest)
    m = np.minimum(ratio, wettest)
    month = np.where(flags, _value("irrigated"), 0.2129 + _value("water_slope") * m - 0.2413 * m**2)
    return np.asarray(1.5 * month.mean(axis=-1))


@dataclass(frozen=True, slots=True, eq=False)
class CarbonInput:
    """Carbon that residues, roots, cover crops and manure bring in a year, and what it is made of.

    Attributes
    ----------
    carbon_t_ha : array_like of float, shape (sites, years) or less
        [t C/ha]
    lignin_share, nitrogen_share : array_like of float
        Means of the inputs, weighted by carbon, as shares of dry matter; see :func:`default_contents`. [1]
    """

    carbon_t_ha: Array
    lignin_share: Array
    nitrogen_share: Array

    def __init__(self, carbon_t_ha: ArrayLike, lignin_share: ArrayLike, nitrogen_share: ArrayLike) -> None:
        lignin = checks.share("lignin_share", lignin_share)
        nitrogen = checks.positive("nitrogen_share", checks.share("nitrogen_share", nitrogen_share))
        object.__setattr__(self, "carbon_t_ha", checks.not_negative("carbon_t_ha", carbon_t_ha))
        object.__setattr__(self, "lignin_share", lignin)
        object.__setattr__(self, "nitrogen_share", nitrogen)
        _fit({"carbon_t_ha": self.carbon_t_ha, "lignin_share": lignin, "nitrogen_share": nitrogen})
        metabolic = self.metabolic_share
        wrong = (metabolic < -_ROUNDING) | (metabolic > 1.0 - lignin + _ROUNDING)
        if wrong.any():
            ratio = np.broadcast_to(lignin / nitrogen, wrong.shape)[wrong]
            raise DomainError("soil.lignin_to_nitrogen", value=float(ratio.flat[0]), count=int(wrong.sum()))

    @property
    def metabolic_share(self) -> Array:
        """Share of the carbon that enters the metabolic dead matter, eq. 5.0G (beta over the input). [1]"""
        return np.asarray(0.85 - 0.018 * self.lignin_share / self.nitrogen_share)


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """Under which conditions the pools of a site decay in a year.

    Attributes
    ----------
    sand_share : array_like of float, shape (sites, 1) or ()
        Sand in the mineral soil of 0-30 cm. [1]
    temperature, water : array_like of float, shape (sites, years) or less
        As :func:`temperature_factor` and :func:`water_factor` give them. [1]
    tillage : array_like of str
        One of :data:`TILLAGE`.
    """

    sand_share: Array
    temperature: Array
    water: Array
    tillage: NDArray[np.str_]

    def __init__(
        self, sand_share: ArrayLike, temperature: ArrayLike, water: ArrayLike, tillage: Any = "full_tillage"
    ) -> None:
        names = np.asarray(tillage, str)
        unknown = sorted(set(names.ravel().tolist()) - set(TILLAGE))
        if unknown:
            raise DomainError("soil.unknown_tillage", asked=", ".join(unknown), known=", ".join(TILLAGE))
        given = {
            "sand_share": checks.share("sand_share", sand_share),
            "temperature": checks.share("temperature", temperature),
            "water": checks.not_negative("water", water),
            "tillage": names,
        }
        _fit(given)
        for name, values in given.items():
            object.__setattr__(self, name, values)

    def by_tillage(self, prefix: str) -> Array:
        """A parameter that each kind of tillage has a value of its own for."""
        kinds, place = np.unique(self.tillage, return_inverse=True)
        values = np.array([_value(f"{prefix}_{kind}") for kind in kinds])
        return np.asarray(values[place].reshape(self.tillage.shape))


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Decay rate of each pool and the stock it would come to rest at, of each year. Shape (..., 3). [1/yr], [t C/ha]"""

    rates: Array
    pools: Array

    @property
    def stock_t_ha(self) -> Array:
        """Soil organic carbon at rest, the sum of the pools."""
        return np.asarray(self.pools.sum(axis=-1))


def targets(inputs: CarbonInput, conditions: Conditions, *, f2_by_tillage: bool = True) -> Targets:
    """Decay rates and steady state of each year, eq. 5.0B to 5.0G.

    Parameters
    ----------
    f2_by_tillage : bool
        Whether the share of structural matter that enters the active pool depends on tillage, as the text says. The
        workbook of the IPCC takes the one of unknown tillage for all; its numbers come out with ``False``.

    Raises
    ------
    DomainError
        Where nothing decays in a whole year (``soil.no_turnover``): there is no steady state.
    """
    carbon, lignin = inputs.carbon_t_ha, inputs.lignin_share
    _fit({"carbon_t_ha": carbon * lignin, "conditions": conditions.temperature * conditions.sand_share})
    f1, f3, f5, f6, f7, f8 = (_value(name) for name in ("f1", "f3", "f5", "f6", "f7", "f8"))
    f2 = conditions.by_tillage("f2") if f2_by_tillage else np.asarray(_value("f2_unknown"))
    f4 = 1.0 - f5 - (0.17 + 0.68 * conditions.sand_share)
    climate = conditions.temperature * conditions.water
    if not (climate > 0).all():
        raise DomainError("soil.no_turnover", count=int((climate <= 0).sum()))
    speed = climate * conditions.by_tillage("tillage")
    k_active = _value("k_active") * speed * (0.25 + 0.75 * conditions.sand_share)
    k_slow, k_passive = _value("k_slow") * speed, _value("k_passive") * climate
    metabolic, woody = carbon * inputs.metabolic_share, carbon * lignin
    entered = metabolic * f1 + (carbon - woody - metabolic) * f2 + woody * f3 * (f7 + f6 * f8)
    # What decays in a year at rest, from each pool.
    active = entered / (1.0 - f4 * f7 - f5 * f8 - f4 * f6 * f8)
    slow = woody * f3 + active * f4
    passive = active * f5 + slow * f6
    columns = np.broadcast_arrays(k_active, k_slow, k_passive, active, slow, passive)
    rates = np.stack(columns[:3], axis=-1)
    return Targets(rates, np.stack(columns[3:], axis=-1) / rates)


def run_in(inputs: CarbonInput, conditions: Conditions, *, f2_by_tillage: bool = True) -> Targets:
    """The spin-up: the steady state of the mean of some years before the account, one for each site.

    Inputs and factors are averaged over the last axis and not their steady states, as the method has it. Five to
    twenty years are usual. The tillage is that of the run-in, one for each site.
    """

    def mean(values: Array) -> Array:
        return values.mean(axis=-1, keepdims=True) if values.ndim else values

    tillage = conditions.tillage
    if tillage.ndim:
        if (tillage != tillage[..., :1]).any():
            raise DomainError("soil.run_in_tillage")
        tillage = tillage[..., :1]
    average = CarbonInput(mean(inputs.carbon_t_ha), mean(inputs.lignin_share), mean(inputs.nitrogen_share))
    climate = (mean(conditions.temperature), mean(conditions.water))
    found = targets(average, Conditions(mean(conditions.sand_share), *climate, tillage), f2_by_tillage=f2_by_tillage)
    return Targets(found.rates[..., 0, :], found.pools[..., 0, :]) if found.rates.ndim > 1 else found


def run(start: ArrayLike, aims: Targets) -> Array:
    """Pools at the end of each year, eq. 5.0B to 5.0D part 1.

    Parameters
    ----------
    start : array_like of float, shape (..., 3)
        Pools before the first year, as :func:`run_in` gives them. [t C/ha]
    aims : Targets
        Of each year, shape (..., years, 3).

    Returns
    -------
    pools : ndarray of float, shape (..., years, 3)
        [t C/ha]
    """
    now = checks.not_negative("start", start)
    _fit({"targets": aims.pools[..., 0, :], "start": now})
    share = np.minimum(aims.rates, 1.0)
    shape = np.broadcast_shapes(now.shape, aims.pools[..., 0, :].shape)
    pools = np.empty((*shape[:-1], *aims.pools.shape[-2:]))
    for year in range(pools.shape[-2]):
        now = now + (aims.pools[..., year, :] - now) * share[..., year, :]
        pools[..., year, :] = now
    return pools


def _months(name: str, values: Array) -> Array:
    """Values with twelve months on the last axis, or one for all."""
    if values.ndim == 0 or values.shape[-1] == _MONTHS:
        return np.broadcast_to(values, (_MONTHS,)) if values.ndim == 0 else values
    raise DomainError("soil.shapes", name=name, found=values.shape, wanted=(_MONTHS,))


def _fit(given: dict[str, NDArray[Any]]) -> None:
    """Refuse arrays whose shapes do not go together."""
    shape: tuple[int, ...] = ()
    for name, values in given.items():
        try:
            shape = np.broadcast_shapes(shape, values.shape)
        except ValueError:
            raise DomainError("soil.shapes", name=name, found=values.shape, wanted=shape) from None
