"""How biochar decays year by year: two pools, each losing the same share of itself every year."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import Fault
from tanhui.sinks.biochar.permanence import is_persistent
from tanhui.sinks.engine import share_of_rate
from tanhui.sinks.frame import Factors, Given

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["curve", "curve_faults", "remaining_share", "shown_years"]

PARAMETERS = ("fast_share", "fast_years", "slow_years")
STEPS = (1, 5, 10, 20, 50, 100, 200, 500, 1000)


def remaining_share(years: int, fast_share: float, fast_years: float, slow_years: float) -> NDArray[np.float64]:
    """Share that is left at the end of each year, from year 0 on. [1] shape (years + 1,)

    Parameters
    ----------
    years : int
        Last year.
    fast_share : float
        Share of the faster pool at the start. [1]
    fast_years, slow_years : float
        Mean residence of each pool. [yr]
    """
    passed = np.arange(years + 1)
    fast, slow = (float(1.0 - share_of_rate(1.0 / mean)) ** passed for mean in (fast_years, slow_years))
    return np.asarray(fast_share * fast + (1.0 - fast_share) * slow)


def curve(given: Given, factors: Factors) -> NDArray[np.float64]:
    """The curve of the account, from the user's pools or those of persistent aromatic carbon."""
    return remaining_share(given["curve_years"], *(factors(name) for name in PARAMETERS))


def shown_years(last: int) -> list[int]:
    """The years that are told."""
    return sorted({*(t for t in STEPS if t < last), last})


def curve_faults(given: Given, factors: Factors) -> Iterator[Fault]:
    """A curve is asked for, and there is none for these batches."""
    brought = all(name in factors.own for name in PARAMETERS)
    if given.has("curve_years") and not brought and not is_persistent(given.rows("batches"), factors).all():
        yield Fault("biochar.no_curve", column="curve_years")
