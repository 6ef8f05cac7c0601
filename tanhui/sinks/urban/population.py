"""Trees over years: they grow, die in two phases, are replaced; what died decays. Carbon closes in every year.

Everything is the expected number of a group of trees: shares of the group that live, not trees drawn one by one. How
far the deaths of real trees stray from that is an error of its own (:mod:`.account`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Population", "decay_weights", "grow", "half_life_yr", "mean_life_yr", "released"]


@dataclass(frozen=True, slots=True)
class Population:
    """Groups of trees over years; carbon in the unit it came in. Years are the rows, groups the columns.

    Attributes
    ----------
    stock : ndarray, shape (years + 1, groups)
        In living trees, those planted instead of dead ones included.
    alive : ndarray, shape (years + 1, groups)
        Of the first trees and those planted since, as a share of the first number.
    growth, young_growth, died, planted : ndarray, shape (years, groups)
        Gained by the first trees and by planted ones, lost by death, brought from the nursery.
    planted_share : ndarray, shape (years, groups)
        Trees planted, as a share of the first number.
    survival : ndarray, shape (groups,)
        Share of the first trees that live at the end.
    """

    stock: Array
    alive: Array
    growth: Array
    young_growth: Array
    died: Array
    planted: Array
    planted_share: Array
    survival: Array


def grow(live: Array, young: Array, mortality: Array, young_mortality: Array, replaced: float) -> Population:
    """Step groups of trees through the years.

    Parameters
    ----------
    live : ndarray, shape (years + 1, groups)
        Carbon of the group at the end of each year, if all its trees lived.
    young : ndarray, shape (years + 1, groups)
        Carbon of as many trees planted instead, by the years since they were planted.
    mortality, young_mortality : ndarray, shape (years, groups)
        Share that dies in each year of the account, and in each year after planting.
    replaced : float
        Share of the dead that is replaced at the end of the year.
    """
    years, groups = mortality.shape
    growth, young_growth, died, planted, planted_share = (np.zeros((years, groups)) for _ in range(5))
    stock, alive = np.empty((years + 1, groups)), np.empty((years + 1, groups))
    first = np.ones(groups)
    cohorts: list[Array] = []
    stock[0], alive[0] = live[0], 1.0
    for t in range(years):
        growth[t] = first * (live[t + 1] - live[t])
        dying = first * mortality[t]
        died[t] = dying * live[t + 1]
        first = first - dying
        for s, cohort in enumerate(cohorts):
            age = t - s
            young_growth[t] += cohort * (young[age] - young[age - 1])
            lost = cohort * young_mortality[age - 1]
            died[t] += lost * young[age]
            dying = dying + lost
            cohorts[s] = cohort - lost
        planted_share[t] = replaced * dying
        planted[t] = planted_share[t] * young[0]
        cohorts.append(planted_share[t])
        alive[t + 1] = first + sum(cohorts)
        stock[t + 1] = first * live[t + 1] + sum(share * young[t - s] for s, share in enumerate(cohorts))
    return Population(stock, alive, growth, young_growth, died, planted, planted_share, first)


def decay_weights(years: int, over: float) -> Array:
    """Share given off in the year of death and in each one after it, alike over ``over`` years. shape (years,)"""
    return np.asarray(np.clip(over - np.arange(years), 0.0, 1.0) / over)


def released(died: Array, over: float) -> Array:
    """What dead matter gives off in each year, if it is gone after ``over`` years. shape (years,)"""
    years = len(died)
    return np.convolve(died, decay_weights(years, over))[:years]


def half_life_yr(mortality: float) -> float:
    """Years after which half of the trees are dead: ln 0.5 / ln s. [yr]"""
    return math.log(0.5) / math.log1p(-mortality)


def mean_life_yr(mortality: float) -> float:
    """Mean life of a tree: -1 / ln s. [yr]"""
    return -1 / math.log1p(-mortality)
