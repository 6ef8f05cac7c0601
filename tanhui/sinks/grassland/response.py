"""What a lasting change of the plants' carbon does to a soil that was at rest: RothC from a measured stock.

The stock gives the plant input that holds it (:func:`tanhui.sinks.soil.inverse`); the input is multiplied, the months
are run, and the stock is compared with the one that would have stayed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanhui.sinks.soil import Inputs, Soil, Weather, inverse, modifiers, run
from tanhui.sinks.soil.rothc import dpm_share, inert_t_ha, pan_evaporation_mm

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["climate", "measured_errors_t_ha", "response_t_ha", "unit_response_t_ha"]

MONTHS = 12


def climate(temperature_c: ArrayLike, rain_mm: ArrayLike, pet_mm: ArrayLike) -> Weather:
    """The months of a mean year under grass, as RothC wants them: evaporation from an open pan."""
    return Weather(temperature_c, rain_mm, pan_evaporation_mm(pet_mm), True)


def response_t_ha(
    soc_t_ha: ArrayLike,
    clay_share: ArrayLike,
    input_ratio: ArrayLike,
    weather: Weather,
    years: int,
    depth_cm: float = 30.0,
    *,
    workers: int = 1,
) -> NDArray[np.float64]:
    """Change of the stock at the end of each year. [t C/ha] shape (n, years)

    Parameters
    ----------
    soc_t_ha, clay_share, input_ratio : array_like of float, shape (n,)
        Stock of a soil at rest, clay, and plant carbon afterwards over before. [t C/ha], [1], [1]
    weather : Weather
        A mean year for each soil, or one for all.
    """
    stock, ratio = np.atleast_1d(np.asarray(soc_t_ha, float)), np.atleast_1d(np.asarray(input_ratio, float))
    soil = Soil(np.broadcast_to(np.asarray(clay_share, float), stock.shape), depth_cm)
    factor = modifiers(soil, weather, workers=workers).factor
    share = dpm_share("unimproved_grass")
    timing = np.full((1, MONTHS), 1.0 / MONTHS)
    rest = inverse(soil, factor, stock, Inputs(timing, share))
    plants = Inputs((rest.plant_t_ha_yr * ratio / MONTHS)[:, None], share)
    change, pools = np.empty((stock.size, years)), rest.pools
    # A year at a time: the months of all years at once would fill the memory with copies of one year.
    for year in range(years):
        path = run(soil, factor, plants, pools, every=MONTHS, workers=workers)
        pools = path.pools[:, -1]
        change[:, year] = path.stock_t_ha[:, -1] - stock
    return change


def unit_response_t_ha(
    soc_t_ha: ArrayLike,
    clay_share: ArrayLike,
    weather: Weather,
    years: int,
    depth_cm: float = 30.0,
    *,
    workers: int = 1,
) -> NDArray[np.float64]:
    """Change at the end of each year for one unit of the ratio above 1, which it is in proportion to. [t C/ha]"""
    double = np.full(np.shape(np.atleast_1d(soc_t_ha)), 2.0)
    return response_t_ha(soc_t_ha, clay_share, double, weather, years, depth_cm, workers=workers)


def measured_errors_t_ha(
    unit: NDArray[np.float64],
    ratio: NDArray[np.float64],
    ratio_se: NDArray[np.float64],
    stock: NDArray[np.float64],
    stock_se: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the errors of ratio and stock do to a change: it is their product, the stock without its inert part."""
    by_stock = (ratio - 1.0) * unit * (_active(stock + stock_se) / _active(stock) - 1.0)
    return unit * ratio_se, by_stock


def _active(stock_t_ha: NDArray[np.float64]) -> NDArray[np.float64]:
    """What of a stock takes part in the turnover. [t C/ha]"""
    return stock_t_ha - inert_t_ha(stock_t_ha)
