"""In which order plots are walked: a short open way through all of them. Pure.

Nearest neighbour from the westernmost plot, then pieces of the way are turned round while that shortens it (2-opt,
Croes 1958). Not the shortest way there is, and straight over ridges: a crew knows its roads better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.projects.field.model import PlannedPlot
from tanhui.projects.field.points import to_metres

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["length_m", "short_way", "with_stops"]

#: Rounds of improvement; a few are enough for some hundred plots.
MOST_ROUNDS = 40


def with_stops(plots: Sequence[PlannedPlot], teams: int) -> tuple[tuple[PlannedPlot, ...], float]:
    """Plots with their stop and team, reserves last, and the length of the way. [m]

    One way is cut into as many pieces as there are teams, so that each has its own part of the land.
    """
    going = [plot for plot in plots if plot.kind != "reserve"]
    if not going:
        return tuple(plots), 0.0
    xy = metres(going)
    order = short_way(xy)
    size = -(-len(going) // teams)
    stops = {going[at].id: replace(going[at], stop=stop + 1, team=stop // size + 1) for stop, at in enumerate(order)}
    reserves = [plot for plot in plots if plot.kind == "reserve"]
    return (*stops.values(), *reserves), length_m(xy[order])


def metres(plots: Sequence[PlannedPlot]) -> NDArray[np.float64]:
    """Places of plots in metres."""
    lon, lat = np.array([p.lon_deg for p in plots]), np.array([p.lat_deg for p in plots])
    return np.column_stack(to_metres(float(lon.mean()), float(lat.mean())).transform(lon, lat))


def length_m(xy_m: NDArray[np.float64]) -> float:
    """Length of a way through points in their order. [m]"""
    return float(np.linalg.norm(np.diff(xy_m, axis=0), axis=1).sum())


def short_way(xy_m: NDArray[np.float64]) -> NDArray[np.intp]:
    """An order of points whose way is short; shape (n, 2) to (n,)."""
    n = len(xy_m)
    apart = np.linalg.norm(xy_m[:, None] - xy_m, axis=-1)
    order = [int(np.argmin(xy_m[:, 0]))]
    left = np.ones(n, bool)
    left[order[0]] = False
    while left.any():
        order.append(int(np.argmin(np.where(left, apart[order[-1]], np.inf))))
        left[order[-1]] = False
    way = np.array(order, np.intp)
    for _ in range(MOST_ROUNDS):
        if not _improved(way, apart):
            break
    return way


def _improved(way: NDArray[np.intp], apart: NDArray[Any]) -> bool:
    """Turn pieces round, each where it gains most; false where nothing gains any more."""
    better = False
    for first in range(len(way) - 2):
        ends = np.arange(first + 2, len(way))
        a, b, c = way[first], way[first + 1], way[ends]
        following = np.append(way[ends[:-1] + 1], -1)
        last = ends == len(way) - 1  # the way is open: its last edge may simply go
        old = apart[a, b] + np.where(last, 0.0, apart[c, following])
        new = apart[a, c] + np.where(last, 0.0, apart[b, following])
        gain = old - new
        at = int(np.argmax(gain))
        if gain[at] > 1e-6:
            way[first + 1 : ends[at] + 1] = way[first + 1 : ends[at] + 1][::-1]
            better = True
    return better
