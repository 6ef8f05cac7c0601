"""Selective cutting: how many culms stand in each age class, two years at a time, and what becomes of the cut ones.

A step is one du. New shoots become class I, what stood in a class is one class older, the oldest class keeps its own.
Death and cutting take their shares at the end of the step. Culms are conserved: what came in stands, died or was cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanhui.sinks.bamboo.culms import DU_YEARS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["Cutting", "grow", "products_in_use", "steady_culms"]


@dataclass(frozen=True, slots=True, eq=False)
class Cutting:
    """Culms per hectare: standing at each date, shape (steps + 1, classes), and cut and dead in each step."""

    standing: Array
    cut: Array
    dead: Array


def grow(culms_ha: ArrayLike, recruits_ha: float, survival: float, cut_shares: ArrayLike, steps: int) -> Cutting:
    """Step the age classes.

    Parameters
    ----------
    culms_ha : array_like of float, shape (classes,)
        Culms by age class at the start. [1/ha]
    recruits_ha : float
        New culms in a step. [1/ha]
    survival : float
        Share of the culms that live through a step. [1]
    cut_shares : array_like of float, shape (classes,)
        Share of the living culms of each class that is cut at the end of a step. [1]
    steps : int
        How many du.
    """
    shares = np.asarray(cut_shares, dtype=float)
    standing = [np.asarray(culms_ha, dtype=float)]
    cut, dead = [], []
    for _ in range(steps):
        alive = standing[-1] * survival
        dead.append(standing[-1] - alive)
        cut.append(alive * shares)
        standing.append(_one_class_older(alive - cut[-1], recruits_ha))
    none = np.zeros((0, len(shares)))
    return Cutting(np.stack(standing), np.stack(cut) if cut else none, np.stack(dead) if dead else none)


def _one_class_older(left: Array, recruits_ha: float) -> Array:
    older = np.concatenate([[recruits_ha], left[:-1]])
    older[-1] += left[-1]
    return older


def steady_culms(recruits_ha: float, survival: float, cut_shares: ArrayLike) -> Array:
    """Culms by age class that stand when nothing changes any more; infinite where the oldest never leave. [1/ha]"""
    passed = survival * (1 - np.asarray(cut_shares, dtype=float))
    culms = recruits_ha * np.concatenate([[1.0], np.cumprod(passed[:-1])])
    with np.errstate(divide="ignore", invalid="ignore"):
        if len(culms) > 1:
            culms[-1] /= 1 - passed[-1]
        else:
            culms = culms / (1 - passed)
    return np.nan_to_num(culms, nan=0.0, posinf=np.inf)


def products_in_use(inflow_t_ha: ArrayLike, half_life_yr: float, step_yr: float = DU_YEARS) -> Array:
    """Carbon in products at the end of each step, from what enters in each: IPCC 2019, eq. 12.1 and 12.2. [t C/ha]"""
    from tanhui.sinks.engine import Flux, Model, Operation, Pool, Stands, product_decay, run

    inflow = np.asarray(inflow_t_ha, dtype=float)
    model = Model(
        "bamboo products",
        (Pool("atmosphere", outside=True), Pool("cut"), Pool("products")),
        (
            Operation("harvest", (Flux("atmosphere", "cut", "harvest"),), "growth"),
            product_decay("cut", "products", half_life_yr, step_yr=step_yr),
        ),
    )
    stands = Stands(np.zeros((1, 3)), curves={"harvest": inflow[None, :]})
    in_use: Array = run(model, stands, len(inflow), every=1).pool("products")[0]
    return in_use
