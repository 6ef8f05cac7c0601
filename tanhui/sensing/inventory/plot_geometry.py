"""Plots on slopes and plots without area: what one tallied tree stands for. Pure functions, arrays in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.kernel.units import M2_PER_HA

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["angle_count_trees_per_ha", "basal_area_m2", "diameter_class_cm", "horizontal_area_m2"]

CM_PER_M = 100


def basal_area_m2(dbh_cm: ArrayLike) -> NDArray[np.float64]:
    """Cross-section of stems at breast height. [m2]"""
    return np.asarray(np.pi / 4 * (np.asarray(dbh_cm, float) / CM_PER_M) ** 2)


def horizontal_area_m2(area_m2: ArrayLike, slope_deg: ArrayLike, on_slope: ArrayLike) -> NDArray[np.float64]:
    """Horizontal area of plots.

    Parameters
    ----------
    area_m2 : array_like of float
        Area from the distances as taken. [m2]
    slope_deg : array_like of float
        Mean slope. [deg]
    on_slope : array_like of bool
        True where distances were taken along the slope: the area is then multiplied by the cosine of the slope.

    Raises
    ------
    DomainError
        If a slope is negative or 90 degrees and more.
    """
    return np.asarray(area_m2, float) * _shortening(slope_deg, on_slope)


def angle_count_trees_per_ha(
    dbh_cm: ArrayLike, basal_area_factor_m2_ha: ArrayLike, slope_deg: ArrayLike, on_slope: ArrayLike
) -> NDArray[np.float64]:
    """Trees per hectare that one counted tree of an angle count stands for: factor / basal area. [1/ha]

    Bitterlich 1948. A gauge that does not correct for slope sees the trees of an ellipse whose horizontal area is
    smaller by the cosine of the slope, so each counted tree stands for more.

    Parameters
    ----------
    dbh_cm : array_like of float
        Diameter at breast height. [cm]
    basal_area_factor_m2_ha : array_like of float
        [m2/ha]
    slope_deg, on_slope
        As for :func:`horizontal_area_m2`; ``on_slope`` means a gauge without slope correction.
    """
    factor = np.asarray(basal_area_factor_m2_ha, float)
    return np.asarray(factor / basal_area_m2(dbh_cm) / _shortening(slope_deg, on_slope))


def fixed_area_trees_per_ha(count: ArrayLike, horizontal_m2: ArrayLike) -> NDArray[np.float64]:
    """Trees per hectare that a count on a plot stands for. [1/ha]"""
    return np.asarray(np.asarray(count, float) * M2_PER_HA / np.asarray(horizontal_m2, float))


def _shortening(slope_deg: ArrayLike, on_slope: ArrayLike) -> NDArray[np.float64]:
    slope = np.where(on_slope, np.nan_to_num(np.asarray(slope_deg, float)), 0.0)
    if (slope < 0).any() or (slope >= 90).any():
        raise DomainError("inventory.slope", slope=float(np.max(np.abs(slope))))
    return np.asarray(np.cos(np.radians(slope)))


def diameter_class_cm(dbh_cm: ArrayLike, width_cm: float) -> NDArray[np.float64]:
    """The middle of the class a diameter falls into; with 2 cm, class 6 holds 5.0 up to but not 7.0 cm. [cm]"""
    return np.asarray(np.floor(np.asarray(dbh_cm, float) / width_cm + 0.5) * width_cm)
