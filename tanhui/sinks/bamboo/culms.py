"""One culm: its age class and its mass.

Moso is aged in du (度). The first du is the first year; each later du is two years, because shoots come every second
year. The equation below takes du, never years.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["DU_YEARS", "agb_power", "agb_zhou", "du_of_years"]

#: Years of every du but the first.
DU_YEARS = 2


def du_of_years(age_yr: ArrayLike) -> NDArray[np.float64]:
    """Age class of a culm of so many years: I in year 1, II in 2 and 3, III in 4 and 5. [du]"""
    return 1 + np.floor(np.asarray(age_yr, dtype=float) / DU_YEARS)


def agb_zhou(dbh_cm: ArrayLike, du: ArrayLike) -> NDArray[np.float64]:
    """Aboveground mass of a moso culm from diameter and age class.

    Parameters
    ----------
    dbh_cm : array_like of float, shape (n,) or ()
        Diameter at breast height. [cm]
    du : array_like of float, shape (n,) or ()
        Age class in du, not in years. [du]

    Returns
    -------
    ndarray of float
        Oven-dry aboveground mass. [kg]

    Notes
    -----
    The coefficients are recalled, and the constant makes the form too heavy below about 5 cm.
    """
    diameter, age = np.asarray(dbh_cm, dtype=float), np.asarray(du, dtype=float)
    maturity = (0.148 * age / (0.028 + age)) ** 5.555
    return np.asarray(747.787 * diameter**2.771 * maturity + 3.772)


def agb_power(dbh_cm: ArrayLike, a: float, b: float) -> NDArray[np.float64]:
    """Aboveground mass of a culm by a power law of the user: a D^b. [kg]"""
    return np.asarray(a * np.asarray(dbh_cm, dtype=float) ** b)
