"""Where a cycle of disturbances comes to rest, solved instead of iterated.

Over one return interval the pools inside a stand go through an affine map x -> A x + b: every operation is linear, and
growth adds amounts that depend on age alone. A is the map of the disturbed step followed by the (interval - 1)th power
of the undisturbed one, b is what an empty stand holds after one interval of plain stepping. The pools at rest are
(I - A)^-1 b. One more interval is run from there, and a state that moves is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import DomainError, Fault, RefusedInput
from tanhui.sinks.engine.kernel import advance
from tanhui.sinks.engine.model import Events, Model, Stands
from tanhui.sinks.engine.stepping import CHUNK, Result, Run, arranged

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["REST_T_HA", "spin_up", "steady_state"]

#: How far a pool at rest may move in one interval, for each tonne it holds above one. [t C/ha]
REST_T_HA = 1e-8
#: A share of a pool too small to tell from rounding.
_NOTHING = 1e-14


def steady_state(model: Model, stands: Stands, interval: ArrayLike, disturbance: str, *, chunk: int = CHUNK) -> Result:
    """One interval at rest: it begins with the disturbance and ends where it began, just before the next one.

    The result's ``state`` holds the pools at that moment; its fluxes are those of one interval. Pools outside start
    at zero, and so the atmosphere ends there too. The state and age that the stands come with are not used.

    Parameters
    ----------
    interval : array_like of int, shape (n,) or ()
        Steps from one disturbance to the next.
    disturbance : str
        The one that returns. It has to leave the stand at age 0.

    Raises
    ------
    RefusedInput
        With everything that is wrong with the input.
    DomainError
        If a pool never comes to rest (``engine.no_steady_state``).
    """
    state = np.zeros((len(np.atleast_2d(np.asarray(stands.state))), len(model.pools)))
    steps = _interval(model, interval, disturbance, len(state))
    empty = replace(stands, state=state, age=0)
    cycle = Run.prepare(model, empty, _first(len(state), disturbance), int(steps.max(initial=1)))
    b = cycle.go(steps, int(steps.max(initial=1)), chunk).state
    inside = np.flatnonzero([not pool.outside for pool in model.pools])
    for first in range(0, len(state), chunk):
        part = slice(first, min(first + chunk, len(state)))
        a = _power(_one_step(cycle, part, inside, False), steps[part] - 1) @ _one_step(cycle, part, inside, True)
        state[part.start : part.stop, inside] = _rest(a, b[part][:, inside])
    _demand_rest(model, inside, state, state)
    back = replace(cycle, state=np.maximum(state, 0.0)).go(steps, int(steps.max(initial=1)), chunk)
    _demand_rest(model, inside, state, back.state)
    return back


def spin_up(
    model: Model,
    stands: Stands,
    interval: ArrayLike,
    disturbance: str,
    last: str | None = None,
    *,
    chunk: int = CHUNK,
) -> Result:
    """The stands as their history left them: at rest, disturbed once more by ``last``, grown to their age.

    Only the age of the stands is taken from their inventory. The atmosphere and other pools outside start at zero.
    """
    rest = steady_state(model, stands, interval, disturbance, chunk=chunk)
    age = np.broadcast_to(np.asarray(stands.age, np.int64), rest.age.shape)
    outside = [pool.outside for pool in model.pools]
    start = replace(stands, state=np.where(outside, 0.0, np.maximum(rest.state, 0.0)), age=0)
    most = max(int(age.max(initial=0)), 1)
    final = _first(len(age), last or disturbance)
    # A stand of age 0 stands right after the disturbance, which takes a step of its own.
    steps = np.maximum(age, 1)
    return Run.prepare(model, start, final, most).go(steps, most, chunk)


def _demand_rest(
    model: Model, inside: NDArray[np.intp], before: NDArray[np.float64], after: NDArray[np.float64]
) -> None:
    """Refuse pools that move over an interval, or that the equations give no number for."""
    moved = np.abs(after - before)[:, inside] / np.maximum(1.0, before[:, inside])
    if not (moved <= REST_T_HA).all():
        worst = int(np.argmax(np.nan_to_num(moved, nan=np.inf).max(axis=0)))
        raise DomainError("engine.no_steady_state", model=model.name, pool=model.pool_names[inside[worst]])


def _first(n: int, disturbance: str) -> Events:
    """The events table that disturbs every stand in the first step."""
    return Events(np.arange(n), np.zeros(n, np.int64), [disturbance] * n)


def _interval(model: Model, interval: ArrayLike, disturbance: str, n: int) -> NDArray[np.int64]:
    """The return intervals, one for each stand."""
    faults = []
    steps = np.asarray(interval)
    if steps.shape not in ((), (n,)) or steps.dtype.kind not in "iu":
        facts = {"expected": f"({n},) int"}
        faults.append(Fault("engine.shape", column="interval", value=f"{steps.shape} {steps.dtype}", facts=facts))
    elif (steps < 1).any():
        faults.append(Fault("engine.count", column="interval", value=str(steps.min())))
    known = [kind.name for kind in model.disturbances]
    if disturbance not in known:
        facts = {"known": ", ".join(sorted(known))}
        faults.append(Fault("engine.unknown_disturbance", column="disturbance", value=disturbance, facts=facts))
    faults += [
        Fault("engine.keeps_age", column="disturbance", value=disturbance)
        for kind in model.disturbances
        if kind.name == disturbance and kind.age_after != 0
    ]
    if faults:
        raise RefusedInput(faults)
    return np.ascontiguousarray(np.broadcast_to(steps, (n,)).astype(np.int64))


def _one_step(cycle: Run, part: slice, inside: NDArray[np.intp], disturbed: bool) -> NDArray[np.float64]:
    """The matrix of one step: what becomes of a tonne in each pool, found by putting it there.

    Growth is left out, its curves being zero, so the stepping itself is the only description of a step there is.
    """
    pools = len(inside)
    n = (part.stop - part.start) * pools
    unit = np.zeros((n, len(cycle.model.pools)))
    unit[np.arange(n), np.tile(inside, n // pools)] = 1.0
    after, none = np.empty((n, 1, unit.shape[1])), np.zeros(n, np.int64)
    # Every stand of the cycle has one event, the first of its steps.
    kinds = np.repeat(cycle.events[2][part], pools)
    advance(
        (unit, none.copy(), none, np.zeros_like(cycle.curves)),
        np.repeat(cycle.coefficients(part), pools, axis=1),
        arranged(cycle.model),
        (np.arange(n + 1) if disturbed else np.zeros(n + 1, np.int64), none, kinds),
        np.ones(n, np.int64),
        1,
        after,
        np.zeros((n, 1, len(cycle.sizes))),
    )
    return after[:, 0, inside].reshape(-1, pools, pools).transpose(0, 2, 1)


def _power(matrix: NDArray[np.float64], exponents: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each matrix to a power of its own, by repeated squaring."""
    product: NDArray[np.float64] = np.broadcast_to(np.eye(matrix.shape[-1]), matrix.shape)
    left = exponents.copy()
    while left.any():
        odd = (left % 2 == 1)[:, None, None]
        product = np.where(odd, matrix @ product, product)
        matrix = matrix @ matrix
        left //= 2
    return product


def _rest(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(I - A)^-1 b; a pool that nothing enters and nothing leaves rests empty."""
    equations = np.eye(a.shape[-1]) - a
    untouched = ~(equations.any(axis=1) | equations.any(axis=2)) & (b == 0)
    equations[untouched[:, :, None] & np.eye(a.shape[-1], dtype=bool)] = 1.0
    try:
        rest = np.linalg.solve(equations, b[:, :, None])[:, :, 0].astype(np.float64)
    except np.linalg.LinAlgError:
        closed = np.abs(np.diagonal(equations, axis1=1, axis2=2)) <= _NOTHING
        return np.where(closed, np.nan, 0.0) if closed.any() else np.full_like(b, np.nan)
    return rest
