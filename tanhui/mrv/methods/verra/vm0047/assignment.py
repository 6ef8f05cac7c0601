"""The choice of distinct controls from lists of near candidates, without a matrix of all distances.

Each project plot wants a number of donors of its own. :func:`assign` makes the sum of all distances least, exactly: the
assignment problem with every plot written as often as it wants donors. The shortest augmenting path method (Jonker and
Volgenant 1987, in the form of Crouse 2016, doi:10.1109/TAES.2016.140952) gives donors one at a time. Two things make it
small:

* A plot is one node however many donors it wants: its donors are equally dear to it, so a path that reaches one of
  them reaches the plot.
* A plot knows a list of near candidates only. Prices of donors are never positive, so a donor beyond the end of a list
  can be no nearer, in reduced distance, than that end. A path that would be longer than that stops the search, and the
  list is made longer; what has been found stays valid.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tanhui.kernel.errors import DomainError

__all__ = ["Candidates", "assign", "take_nearest"]

DONE, LENGTHEN, IMPOSSIBLE = 0, 1, 2

#: Of some plots: row numbers of their nearest ``count`` donors, nearest first, their distances (``inf`` where a place
#: is empty), and for each plot a distance that no unlisted donor is nearer than (``inf`` where all are listed).
Candidates = Callable[[NDArray[np.intp], int], tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]


def assign(candidates: Candidates, wanted: NDArray[np.int64], donors: int, first: int) -> NDArray[np.int64]:
    """The plot that each donor goes to, -1 where to none, such that the sum of distances is least.

    Parameters
    ----------
    candidates : callable
        ``candidates(plots, count)`` lists donors, see :data:`Candidates`.
    wanted : ndarray of int, shape (n,)
        How many donors each plot wants.
    donors : int
        How many there are.
    first : int
        Length of the lists to begin with.

    Raises
    ------
    DomainError
        If there are too few donors.
    """
    n = wanted.size
    length = np.full(n, min(first, donors), dtype=np.int64)
    near, distance, reach = candidates(np.arange(n, dtype=np.intp), int(length[0]) if n else 0)
    given = np.zeros(n, np.int64)
    plot_price, donor_price = np.zeros(n), np.zeros(donors)
    owner = np.full(donors, -1, np.int64)
    state = (given, plot_price, donor_price, owner)
    while True:
        status, plot = _augment(near, distance, reach, wanted, *state)
        if status == DONE:
            return owner
        if status == IMPOSSIBLE:
            raise DomainError("vm0047.too_few_donors", wanted=int(wanted.sum()), given=int(given.sum()))
        # Whoever competes with this plot will soon be at the end of a list too: lengthen all that are as short.
        short = np.flatnonzero((length <= length[plot]) & np.isfinite(reach))
        length[short] = min(2 * int(length[plot]), donors)
        near, distance = _wider(near, int(length[plot]), -1), _wider(distance, int(length[plot]), np.inf)
        near[short], distance[short], reach[short] = candidates(short, int(length[plot]))


def take_nearest(candidates: Candidates, wanted: NDArray[np.int64], donors: int, first: int) -> NDArray[np.int64]:
    """The plot that each donor goes to where always the nearest pair that is still free is taken next.

    The same answer, whatever the order of plots, as sorting all pairs by distance; its sum is not the least.
    """
    every = np.arange(wanted.size, dtype=np.intp)
    length, left = min(first, donors), wanted.copy()
    near, distance, _ = candidates(every, length)
    owner = np.full(donors, -1, np.int64)
    queue: list[tuple[float, int, int]] = []
    waiting = [(int(plot), 0) for plot in every if left[plot]]
    while waiting or queue:
        for plot, place in waiting:
            while length < donors and (place >= length or np.isinf(distance[plot, place])):
                length = min(2 * length, donors)
                near, distance, _ = candidates(every, length)
            heapq.heappush(queue, (float(distance[plot, place]) if place < length else np.inf, plot, place))
        away, plot, place = heapq.heappop(queue)
        if np.isinf(away):
            raise DomainError("vm0047.too_few_donors", wanted=int(wanted.sum()), given=int((owner >= 0).sum()))
        if owner[near[plot, place]] < 0:
            owner[near[plot, place]] = plot
            left[plot] -= 1
        waiting = [(plot, place + 1)] if left[plot] else []
    return owner


def _wider(table: NDArray[Any], columns: int, fill: float) -> NDArray[Any]:
    more = columns - table.shape[1]
    return table if more <= 0 else np.pad(table, ((0, 0), (0, more)), constant_values=fill)


@njit(cache=True, error_model="numpy")
def _augment(
    near: Any,
    distance: Any,
    reach: Any,
    wanted: Any,
    given: Any,
    plot_price: Any,
    donor_price: Any,
    owner: Any,
) -> tuple[int, int]:  # pragma: no cover - compiled
    """Give donors until all have theirs; stop where a list is too short to be sure, or there is no donor left.

    Reduced distance is distance - price of plot - price of donor: never negative, zero between a plot and its donors.
    """
    n = wanted.size
    # The donors of a plot are held[plot, : given[plot]].
    held, filled = np.full((n, max(wanted.max(), 1)), -1, np.int64), np.zeros(n, np.int64)
    for donor in range(owner.size):
        if owner[donor] >= 0:
            held[owner[donor], filled[owner[donor]]] = donor
            filled[owner[donor]] += 1
    path, seen = np.empty(n), np.empty(n, np.bool_)
    entry, came_from = np.empty(n, np.int64), np.empty(n, np.int64)
    for start in range(n):
        while given[start] < wanted[start]:
            path[:], seen[:], entry[:], came_from[:] = np.inf, False, -1, -1
            length, donor, plot, wall, wall_plot = _search(
                start, near, distance, reach, plot_price, donor_price, owner, path, seen, entry, came_from
            )
            if length > wall:
                return LENGTHEN, wall_plot
            if donor < 0:
                return IMPOSSIBLE, start
            for i in range(n):
                if seen[i] and path[i] < length:
                    plot_price[i] += length - path[i]
                    for place in range(given[i]):
                        donor_price[held[i, place]] -= length - path[i]
            # Along the path back to the start each plot takes a donor and lets go the one it was reached by.
            while plot != start:
                lost = entry[plot]
                for place in range(given[plot]):
                    if held[plot, place] == lost:
                        held[plot, place] = donor
                owner[donor] = plot
                donor, plot = lost, came_from[plot]
            held[start, given[start]], owner[donor] = donor, start
            given[start] += 1
    return DONE, -1


@njit(cache=True, error_model="numpy")
def _search(
    start: int,
    near: Any,
    distance: Any,
    reach: Any,
    plot_price: Any,
    donor_price: Any,
    owner: Any,
    path: Any,
    seen: Any,
    entry: Any,
    came_from: Any,
) -> tuple[float, int, int, float, int]:  # pragma: no cover - compiled
    """The shortest path from a plot to a donor that is free: its length, the donor, the plot before it.

    And how far the lists see: no unlisted donor is nearer than ``wall``, set by the list of ``wall_plot``. What is
    known to be shorter than the length returned is in ``path``, ``seen``, ``entry`` and ``came_from``.
    """
    n, count = near.shape
    best, best_donor, best_plot = np.inf, -1, -1
    wall, wall_plot = np.inf, -1
    path[start] = 0.0
    plot, shortest = start, 0.0
    while plot >= 0 and shortest < best and shortest <= wall:
        seen[plot] = True
        behind = path[plot] - plot_price[plot]
        if behind + reach[plot] < wall:
            wall, wall_plot = behind + reach[plot], plot
        for place in range(count):
            # Prices of donors only add to it.
            if behind + distance[plot, place] >= best:
                break
            donor = near[plot, place]
            length = behind + distance[plot, place] - donor_price[donor]
            if length >= best:
                continue
            holder = owner[donor]
            if holder < 0:
                best, best_donor, best_plot = length, donor, plot
            elif not seen[holder] and length < path[holder]:
                path[holder], entry[holder], came_from[holder] = length, donor, plot
        plot, shortest = -1, np.inf
        for i in range(n):
            if not seen[i] and path[i] < shortest:
                plot, shortest = i, path[i]
    return min(best, shortest), best_donor, best_plot, wall, wall_plot
