"""From culms of plots or classes of stands to stocks per hectare.

Both kinds of input become the same :class:`Classes`, one row for culms alike; :func:`stock` adds them up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.units import convert
from tanhui.sinks.bamboo.culms import agb_power, agb_zhou, du_of_years
from tanhui.sinks.frame import Factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "AGB",
    "AGC",
    "BGB",
    "BGC",
    "BIOMASS",
    "CARBON",
    "CULMS",
    "Classes",
    "Stock",
    "Ways",
    "classes_of_culms",
    "classes_of_stands",
    "sampling_se",
    "stock",
]

KG_PER_T = 1000.0
ORGANS = ("stem", "branch", "leaf")
#: Columns of a stock per hectare: culms, dry mass and carbon, above, below and both.
CULMS, AGB, BGB, BIOMASS, AGC, BGC, CARBON = range(7)

Rows = Mapping[str, "NDArray[Any]"]


@dataclass(frozen=True, slots=True)
class Ways:
    """How culms are weighed: kind of bamboo, equation of the culm, and what is taken for below ground."""

    kind: str
    equation: str
    below_ground: str


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Culms alike, one row each: where they stand, how many, how heavy. Arrays of one length.

    Attributes
    ----------
    area : ndarray
        Of the stand or plot a row belongs to; only its ratio to the others counts.
    du, dbh_cm, culms_ha : ndarray
        Age class, diameter and density.
    agb_kg, bgb_kg, agc_kg, bgc_kg : ndarray
        Dry mass and carbon of one culm, above and below ground.
    thin : int
        Culms left out because they are thinner than the equation allows.
    """

    stand: NDArray[np.str_]
    area: Array
    du: Array
    dbh_cm: Array
    culms_ha: Array
    agb_kg: Array
    bgb_kg: Array
    agc_kg: Array
    bgc_kg: Array
    thin: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """Stocks per hectare of each stand or plot, shape (n, 7) in the order of the columns above, and their mean."""

    stands: tuple[str, ...]
    area: Array
    by_stand: Array

    @property
    def mean(self) -> Array:
        """Mean by area, shape (7,)."""
        return np.asarray(self.area @ self.by_stand / self.area.sum(), dtype=float)


def age_class(rows: Rows) -> Array:
    """Age class of each row, from du or from years. NaN where neither is known. [du]"""
    return np.where(np.isnan(rows["du"]), du_of_years(rows["age_yr"]), rows["du"])


def classes_of_culms(rows: Rows, ways: Ways, factors: Factors) -> Classes:
    """Tallied culms of plots as classes of density; culms too thin for the equation are left out and counted."""
    count = np.where(np.isnan(rows["count"]), 1.0, rows["count"])
    du, dbh, measured = age_class(rows), rows["dbh_cm"], rows["agb_kg"]
    thin = _too_thin(dbh, measured, ways, factors)
    count = np.where(thin, 0.0, count)
    agb = np.zeros(len(count))
    there = count > 0
    agb[there] = np.where(
        np.isnan(measured[there]), _by_equation(dbh[there], du[there], measured[there], ways, factors), measured[there]
    )
    bgb = agb * _root_ratio(ways, factors)
    carbon = factors("carbon_fraction", ways.kind)
    area = rows["plot_area_m2"]
    per_ha = count / convert(area, "m2", "ha")
    tallied = np.where(np.isnan(rows["count"]), 1.0, rows["count"])
    left_out = int(tallied[thin].sum())
    return Classes(rows["plot"].astype(str), area, du, dbh, per_ha, agb, bgb, agb * carbon, bgb * carbon, left_out)


def classes_of_stands(rows: Rows, ways: Ways, factors: Factors) -> Classes:
    """Classes as the user describes them: weighed organs first, then the equation, then a published stand."""
    organs = np.stack([rows[f"{organ}_kg"] for organ in ORGANS])
    measured = organs.sum(axis=0)
    du, dbh, density = age_class(rows), rows["dbh_cm"], rows["culms_ha"]
    published = rows["published"] != ""
    agb = np.where(np.isnan(measured), _by_equation(dbh, du, np.where(published, 0, measured), ways, factors), measured)
    if published.any():
        t_ha = factors.many("stand_agb", rows["published"][published])
        agb[published] = t_ha * KG_PER_T / density[published]
    dug = rows["below_kg"]
    bgb = np.where(np.isnan(dug), agb * (_root_ratio(ways, factors) if np.isnan(dug).any() else 0.0), dug)
    contents = np.stack([rows[f"{organ}_c"] for organ in ORGANS])
    agc = (organs * contents).sum(axis=0)
    bgc = bgb * rows["below_c"]
    if np.isnan(agc).any() or np.isnan(bgc).any():
        usual = factors("carbon_fraction", ways.kind)
        agc, bgc = np.where(np.isnan(agc), agb * usual, agc), np.where(np.isnan(bgc), bgb * usual, bgc)
    return Classes(rows["stand"].astype(str), rows["area_ha"], du, dbh, density, agb, bgb, agc, bgc)


def stock(classes: Classes) -> Stock:
    """Sums over the classes of each stand, in the order of their names."""
    names, first, place = np.unique(classes.stand, return_index=True, return_inverse=True)
    agb, bgb, agc, bgc = (
        classes.culms_ha * x / KG_PER_T for x in (classes.agb_kg, classes.bgb_kg, classes.agc_kg, classes.bgc_kg)
    )
    columns = [classes.culms_ha, agb, bgb, agb + bgb, agc, bgc, agc + bgc]
    sums = np.stack([np.bincount(place, weights=column, minlength=len(names)) for column in columns], axis=1).astype(
        float
    )
    return Stock(tuple(map(str, names)), classes.area[first], sums)


def sampling_se(area: Array, by_plot: Array) -> Array:
    """Standard error of a mean by area over sampled plots (ratio estimator); zero for a single plot.

    Parameters
    ----------
    area : ndarray, shape (n,)
        Areas of the plots.
    by_plot : ndarray, shape (n, k)
        What was found on each, per hectare.
    """
    n = len(area)
    if n < 2:
        return np.zeros(by_plot.shape[1])
    mean = area @ by_plot / area.sum()
    residual = area[:, None] * (by_plot - mean) / area.mean()
    return np.asarray(np.sqrt((residual**2).sum(axis=0) / (n * (n - 1))))


def _by_equation(dbh: Array, du: Array, measured: Array, ways: Ways, factors: Factors) -> Array:
    """Mass by the equation; factors are asked for only where a culm was not weighed. [kg]"""
    wanted = np.isnan(measured)
    mass = np.zeros(len(dbh))
    if not wanted.any():
        return mass
    if ways.equation == "mean culm":
        mass[wanted] = factors("mean_culm", ways.kind)
    elif ways.equation == "zhou":
        mass[wanted] = factors("culm_equation", "zhou") * agb_zhou(dbh[wanted], du[wanted])
    else:
        mass[wanted] = agb_power(dbh[wanted], factors("culm_a", ways.kind), factors("culm_b", ways.kind))
    return mass


def _too_thin(dbh: Array, measured: Array, ways: Ways, factors: Factors) -> NDArray[np.bool_]:
    if ways.equation != "zhou":
        return np.zeros(len(dbh), dtype=bool)
    return np.isnan(measured) & (dbh < factors("culm_d_min_cm", "zhou"))


def _root_ratio(ways: Ways, factors: Factors) -> float:
    """Below over above ground; nothing is added to a mean culm, which may hold its roots already. [1]"""
    key = f"{ways.kind} {ways.below_ground}"
    if ways.below_ground == "none" or ways.equation == "mean culm" or not factors.has("root_ratio", key):
        return 0.0
    return factors("root_ratio", key)
