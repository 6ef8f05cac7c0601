"""The compiled loop: blocks of stands, each through all its steps, on a sparse list of fluxes.

An operation first reads all its amounts and then moves them, so its fluxes see the same pools. What leaves a pool is
the very number that enters another. A block lies pool by pool in the first-level cache, so that the processor works on
several stands with one instruction; stands never meet, hence neither their order nor the blocks change a bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["EVENTS", "GROWTH", "SHARE", "advance"]

SHARE, GROWTH, EVENTS = 0, 1, 2
#: Stands in a block.
WIDTH = 32


@njit(cache=True, nogil=True, error_model="numpy")
def _share(x: Any, amount: Any, share: Any, source: Any, first: int, last: int) -> None:  # pragma: no cover - compiled
    """Amounts of the fluxes ``first`` ... ``last``, as shares of what their sources hold."""
    for f in range(first, last):
        giver, part, out = x[source[f]], share[f], amount[f]
        for w in range(part.size):
            out[w] = part[w] * giver[w]


@njit(cache=True, nogil=True, error_model="numpy")
def _move(
    x: Any, moved: Any, amount: Any, source: Any, target: Any, first: int, last: int, width: int
) -> None:  # pragma: no cover - compiled
    """Carry out the fluxes ``first`` ... ``last``, whose amounts are known."""
    for f in range(first, last):
        giver, taker, out, sum_ = x[source[f]], x[target[f]], amount[f], moved[f]
        for w in range(width):
            giver[w] -= out[w]
            sum_[w] += out[w]
        for w in range(width):
            taker[w] += out[w]


@njit(cache=True, nogil=True, error_model="numpy")
def _disturb(
    x: Any, moved: Any, amount: Any, share: Any, source: Any, target: Any, first: int, last: int, w: int
) -> None:  # pragma: no cover - compiled
    """The matrix of one disturbance on one stand of the block."""
    for f in range(first, last):
        amount[f, w] = share[f, w] * x[source[f], w]
    for f in range(first, last):
        x[source[f], w] -= amount[f, w]
        x[target[f], w] += amount[f, w]
        moved[f, w] += amount[f, w]


@njit(cache=True, nogil=True, error_model="numpy")
def advance(
    stands: Any, coefficients: Any, plan: Any, events: Any, steps: Any, every: int, states: Any, fluxes: Any
) -> None:  # pragma: no cover - compiled
    """Step every stand; the pools after each record are written to ``states``, what moved to ``fluxes``.

    Parameters
    ----------
    stands : tuple
        State (n, pools); age (n,), changed in place; curve of each stand (n,); curves (curves, ages, fluxes).
    coefficients : ndarray, shape (fluxes, n)
        Share of each flux; for a growth flux, the column of its curve.
    plan : tuple
        Kind, first and last flux of each operation; first and last flux and age of each disturbance, -1 for an age
        that is kept; source and target of each flux.
    events : tuple
        First event of each stand (n + 1,), then step and disturbance of each event, by stand and step.
    steps : ndarray of int, shape (n,)
        Steps of each stand. In a block, one that is through is carried along and no longer recorded.
    """
    state, ages, curve_of, curves = stands
    kinds, firsts, lasts, event_firsts, event_lasts, ages_after, source, target = plan
    starts, event_steps, event_types = events
    x = np.zeros((state.shape[1], WIDTH))
    amount, moved = np.zeros((source.size, WIDTH)), np.zeros((source.size, WIDTH))
    for begin in range(0, state.shape[0], WIDTH):
        width = min(WIDTH, state.shape[0] - begin)
        share = coefficients[:, begin : begin + width]
        x[:, :width] = state[begin : begin + width].T
        moved[:] = 0.0
        age = ages[begin : begin + width].copy()
        event = starts[begin : begin + width].copy()
        for step in range(steps[begin : begin + width].max()):
            for o in range(kinds.size):
                first, last = firsts[o], lasts[o]
                if kinds[o] == SHARE:
                    _share(x, amount, share, source, first, last)
                    _move(x, moved, amount, source, target, first, last, width)
                elif kinds[o] == GROWTH:
                    for w in range(width):
                        increments = curves[curve_of[begin + w], min(age[w], curves.shape[1] - 1)]
                        for f in range(first, last):
                            amount[f, w] = increments[int(share[f, w])]
                    _move(x, moved, amount, source, target, first, last, width)
                else:
                    for w in range(width):
                        while event[w] < starts[begin + w + 1] and event_steps[event[w]] == step:
                            kind = event_types[event[w]]
                            first, last = event_firsts[kind], event_lasts[kind]
                            _disturb(x, moved, amount, share, source, target, first, last, w)
                            if ages_after[kind] >= 0:
                                age[w] = ages_after[kind]
                            event[w] += 1
            age += 1
            for w in range(width):
                i = begin + w
                if step < steps[i] and ((step + 1) % every == 0 or step + 1 == steps[i]):
                    states[i, step // every] = x[:, w]
                    fluxes[i, step // every] = moved[:, w]
                    moved[:, w] = 0.0
                    ages[i] = age[w]
