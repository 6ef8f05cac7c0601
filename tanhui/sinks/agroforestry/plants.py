"""Mass of one plant: coffee by two equations, shade trees, enset. Dry mass in kg, diameters in cm, heights in m.

Forms fitted in logarithms are printed without a residual error, so nothing is added for the back-transformation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["agb_coffee_libano", "agb_coffee_segura2006", "agb_shade_segura2006", "enset_negash2013", "one_stem_cm"]


def agb_coffee_segura2006(d15_cm: ArrayLike, height_m: ArrayLike) -> Array:
    """Aboveground mass of a coffee bush from its diameter at 15 cm and its height; coefficients recalled. [kg]"""
    d, h = np.asarray(d15_cm, dtype=float), np.asarray(height_m, dtype=float)
    return np.asarray(10 ** (-1.113 + 1.578 * np.log10(d) + 0.581 * np.log10(h)))


def agb_coffee_libano(d15_cm: ArrayLike) -> Array:
    """Aboveground mass of a coffee bush from its diameter at 15 cm. [kg]

    NaN below 1.125 cm, where the parabola turns and thinner bushes would weigh more.
    """
    d = np.asarray(d15_cm, dtype=float)
    return np.asarray(np.where(d < 0.18 / (2 * 0.08), np.nan, 0.36 - 0.18 * d + 0.08 * d**2))


def agb_shade_segura2006(dbh_cm: ArrayLike) -> Array:
    """Aboveground mass of a shade tree over coffee, four species pooled; coefficients recalled. [kg]"""
    return np.asarray(10 ** (-0.834 + 2.223 * np.log10(np.asarray(dbh_cm, dtype=float))))


def enset_negash2013(d10_cm: ArrayLike, height_m: ArrayLike) -> Array:
    """Mass of a whole enset plant, corm included, from its diameter at 10 cm and its height. [kg]"""
    d, h = np.asarray(d10_cm, dtype=float), np.asarray(height_m, dtype=float)
    return np.asarray(0.0007 * d**2.571 * h**0.101)


def one_stem_cm(diameters_cm: ArrayLike) -> float:
    """Diameter of the one stem that has the basal area of several. [cm]"""
    return float(np.sqrt(np.sum(np.square(np.asarray(diameters_cm, dtype=float)))))
