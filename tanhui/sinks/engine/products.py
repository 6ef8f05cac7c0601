"""Harvested wood products: first-order decay with the half-life of each kind.

IPCC 2019, vol. 4, eq. (12.1)-(12.2): C(i+1) = e^-k C(i) + (1 - e^-k)/k Inflow(i), k = ln 2 / half-life. What comes in
during a year has lost a little by its end. The engine keeps the year's inflow in a pool of its own until the
operation is done, so that the loss is a flux like any other.
"""

from __future__ import annotations

import csv
import math
from functools import cache

from tanhui.kernel.data import data_path
from tanhui.kernel.errors import DomainError
from tanhui.sinks.engine.decay import share_of_rate
from tanhui.sinks.engine.model import Flux, Operation

__all__ = ["half_lives", "product_decay"]


@cache
def half_lives() -> dict[str, float]:
    """Half-life by kind of product; status and source are in the table. [yr]"""
    with data_path("engine", "product_half_lives.csv").open(encoding="utf-8", newline="") as table:
        return {row["product"]: float(row["half_life_yr"]) for row in csv.DictReader(table)}


def product_decay(
    inflow: str, products: str, half_life_yr: float, atmosphere: str = "atmosphere", step_yr: float = 1.0
) -> Operation:
    """The operation that lets products decay and takes in what was harvested in this step.

    It stands after the harvest and the disturbances of the step. ``inflow`` is empty afterwards.

    Parameters
    ----------
    inflow, products : str
        Pool that harvests fill, and the pool of products in use.
    half_life_yr, step_yr : float
        Half-life of the products, and length of a step. [yr]

    Raises
    ------
    DomainError
        If a half-life or step is not positive (``engine.half_life``).
    """
    if not (0 < half_life_yr < math.inf and 0 < step_yr < math.inf):
        raise DomainError("engine.half_life", given=half_life_yr)
    k = math.log(2) / half_life_yr * step_yr
    lost = float(share_of_rate(k))
    kept = lost / k
    fluxes = (
        Flux(products, atmosphere, lost),
        Flux(inflow, products, kept),
        Flux(inflow, atmosphere, 1 - kept),
    )
    return Operation(f"decay of {products}", fluxes)
