"""Biomass of mangroves: growth to a ceiling, and measured trees.

References
----------
.. [1] IPCC, 2013 Supplement to the 2006 Guidelines: Wetlands, chapter 4.
.. [2] A. Komiyama, S. Poungparn, S. Kato, J. Trop. Ecol. 21, 471-477, 2005. doi:10.1017/S0266467405002476
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.units import M2_PER_HA

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["PlotMean", "agb_komiyama2005", "bgb_komiyama2005", "plot_mean", "stand_agb"]

KG_PER_T = 1000


def stand_agb(age_yr: float, growth_t_ha_yr: float, ceiling_t_ha: float) -> float:
    """Aboveground biomass of a planted stand: it grows at one rate until the mean of grown stands, then stays [1]_.

    Parameters
    ----------
    age_yr : float
        Years since planting; a measured stand is given the age at which it would have its biomass. [yr]
    growth_t_ha_yr, ceiling_t_ha : float
        Oven-dry. [t d.m./ha/yr] [t d.m./ha]
    """
    return min(growth_t_ha_yr * age_yr, ceiling_t_ha)


def agb_komiyama2005(dbh_cm: ArrayLike, wood_density_g_cm3: ArrayLike) -> Array:
    """Aboveground biomass of mangrove trees, the common equation of [2]_. [kg]"""
    dbh, density = np.asarray(dbh_cm, float), np.asarray(wood_density_g_cm3, float)
    return np.asarray(0.251 * density * dbh**2.46)


def bgb_komiyama2005(dbh_cm: ArrayLike, wood_density_g_cm3: ArrayLike) -> Array:
    """Root biomass of mangrove trees, the common equation of [2]_. [kg]"""
    dbh, density = np.asarray(dbh_cm, float), np.asarray(wood_density_g_cm3, float)
    return np.asarray(0.199 * density**0.899 * dbh**2.22)


@dataclass(frozen=True, slots=True)
class PlotMean:
    """Mean of plots, and the standard error that comes from which plots were drawn; zero where there is one plot."""

    agb_t_ha: float
    bgb_t_ha: float
    agb_se: float
    total_se: float

    @property
    def root_ratio(self) -> float:
        """Roots over what stands above ground."""
        return self.bgb_t_ha / self.agb_t_ha if self.agb_t_ha else 0.0


def plot_mean(trees: Mapping[str, NDArray[Any]], usual_density_g_cm3: float) -> PlotMean:
    """Trees of plots to biomass per hectare. A tree without a wood density gets the usual one."""
    density = np.where(np.isnan(trees["wood_density_g_cm3"]), usual_density_g_cm3, trees["wood_density_g_cm3"])
    plots, first, place = np.unique(trees["plot"].astype(str), return_index=True, return_inverse=True)
    area = trees["plot_area_m2"][first] / M2_PER_HA * KG_PER_T
    above = np.bincount(place, agb_komiyama2005(trees["dbh_cm"], density)) / area
    below = np.bincount(place, bgb_komiyama2005(trees["dbh_cm"], density)) / area
    return PlotMean(float(above.mean()), float(below.mean()), _se(above), _se(above + below)) if len(plots) else _NONE


_NONE = PlotMean(0.0, 0.0, 0.0, 0.0)


def _se(values: Array) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
