"""Grassland by pixel: the same response as for a pasture, with its standard error, on arrays of any length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tanhui.sinks.frame.factors import factor_table, standard_error
from tanhui.sinks.grassland.response import climate, measured_errors_t_ha, unit_response_t_ha

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["pixels"]


def pixels(bands: Mapping[str, NDArray[np.float64]], numbers: Mapping[str, float]) -> dict[str, NDArray[np.float64]]:
    """Change of the stock after some years, and its standard error, of each pixel. [t C/ha]

    The change is the ratio less one, times what the plants of the run leave in the soil, and this is in proportion to
    the stock without its inert part. So the errors of ratio, stock and model add as relative errors of one product.

    Parameters
    ----------
    bands : mapping of str to ndarray
        ``soc_t_ha``, ``clay_share``, ``input_ratio`` with shape (n,); ``temperature_c``, ``rain_mm`` and ``pet_mm``
        with shape (n, 12); perhaps ``soc_se_t_ha`` and ``ratio_se``.
    numbers : mapping of str to float
        ``years`` and ``depth_cm``.
    """
    stock, ratio = bands["soc_t_ha"], bands["input_ratio"]
    weather = climate(bands["temperature_c"], bands["rain_mm"], bands["pet_mm"])
    workers = int(numbers.get("workers", 1))
    years = int(numbers["years"])
    unit = unit_response_t_ha(stock, bands["clay_share"], weather, years, numbers["depth_cm"], workers=workers)[:, -1]
    change = (ratio - 1.0) * unit
    none = np.zeros_like(stock)
    ratio_se, stock_se = bands.get("ratio_se", none), bands.get("soc_se_t_ha", none)
    by_model = change * standard_error(factor_table("grassland")["model_response", ""])
    errors = (*measured_errors_t_ha(unit, ratio, ratio_se, stock, stock_se), by_model)
    return {"soc_change_t_ha": change, "soc_change_se_t_ha": np.sqrt(sum(x * x for x in errors))}
