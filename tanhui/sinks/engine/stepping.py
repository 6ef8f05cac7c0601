"""Running a model: the input is judged whole, the stands are stepped in chunks, the balance is proved.

Numbers that change from year to year (a climate series) are runs of a few steps each, one after the other, with
``Stands(result.state, result.age, ...)``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError, Fault, RefusedInput
from tanhui.sinks.engine.kernel import EVENTS, GROWTH, SHARE, advance
from tanhui.sinks.engine.model import ROW_TOLERANCE, Events, Flux, Model, Stands

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLOSURE_T_HA", "Result", "Run", "arranged", "run"]

#: A run whose carbon does not close to this is refused; it holds some thousand steps of rounding. [t C/ha]
CLOSURE_T_HA = 1e-9
#: Stands in a chunk: with 20 pools and 60 fluxes, its arrays fit the second-level cache.
CHUNK = 512
_KINDS = {"share": SHARE, "growth": GROWTH, "events": EVENTS}


@dataclass(frozen=True, slots=True)
class Result:
    """What a run left behind.

    Attributes
    ----------
    state : ndarray, shape (n, pools)
        Carbon at the end. [t C/ha]
    age : ndarray of int, shape (n,)
        Age at the end. [steps]
    states : ndarray, shape (n, records, pools)
        Carbon at the end of each record; the last one is ``state``. [t C/ha]
    fluxes : ndarray, shape (n, records, fluxes)
        What each flux moved within the record, in the order of ``Model.fluxes``. [t C/ha]
    closure_t_ha : float
        The largest difference between what a pool gained and what its fluxes say.
    """

    model: Model
    state: NDArray[np.float64]
    age: NDArray[np.int64]
    states: NDArray[np.float64]
    fluxes: NDArray[np.float64]
    closure_t_ha: float

    def pool(self, name: str) -> NDArray[np.float64]:
        """One pool at the end of each record, shape (n, records). [t C/ha]"""
        return self.states[:, :, self.model.pool_names.index(name)]

    def moved(self, operation: str = "", source: str = "", target: str = "") -> NDArray[np.float64]:
        """What moved in each record by operation, giver and taker, shape (n, records). [t C/ha]"""
        wanted = [
            number
            for number, (name, flux) in enumerate(self.model.fluxes)
            if operation in ("", name) and source in ("", flux.source) and target in ("", flux.target)
        ]
        total: NDArray[np.float64] = self.fluxes[:, :, wanted].sum(axis=2)
        return total


def run(
    model: Model,
    stands: Stands,
    steps: int,
    events: Events | None = None,
    *,
    every: int | None = None,
    chunk: int = CHUNK,
    workers: int | None = None,
) -> Result:
    """Step all stands.

    Parameters
    ----------
    every : int, optional
        Steps in a record; without it there is one record, the whole run.
    chunk, workers : int
        Stands worked on at once, and threads. Neither changes a bit of the result.

    Raises
    ------
    RefusedInput
        With everything that is wrong with the stands and the events.
    DomainError
        If the carbon does not close (``engine.balance``).
    """
    ready = Run.prepare(model, stands, events or Events(), steps, every, chunk)
    return ready.go(np.full(ready.n, steps, np.int64), every or max(steps, 1), chunk, workers)


@dataclass(frozen=True, slots=True)
class Run:
    """Judged input in the shape the compiled loop wants."""

    model: Model
    state: NDArray[np.float64]
    age: NDArray[np.int64]
    curve: NDArray[np.int64]
    curves: NDArray[np.float64]
    sizes: tuple[Any, ...]
    events: tuple[NDArray[np.int64], ...]

    @property
    def n(self) -> int:
        """Number of stands."""
        return int(self.state.shape[0])

    @classmethod
    def prepare(
        cls, model: Model, stands: Stands, events: Events, steps: int, every: int | None = None, chunk: int = CHUNK
    ) -> Run:
        """Judge the input and arrange it."""
        state = np.asarray(stands.state, np.float64)
        faults = list(_stand_faults(model, stands, state))
        faults += [] if faults else _share_faults(model, stands)
        faults += _event_faults(model, events, len(state), steps)
        counts = {"steps": (steps, 0), "every": (1 if every is None else every, 1), "chunk": (chunk, 1)}
        faults += [Fault("engine.count", column=key, value=str(n)) for key, (n, least) in counts.items() if n < least]
        if faults:
            raise RefusedInput(faults)
        n = len(state)
        names = sorted(stands.curves)
        curves = [np.atleast_2d(np.asarray(stands.curves[name], np.float64)) for name in names]
        return cls(
            model,
            state,
            np.broadcast_to(np.asarray(stands.age, np.int64), (n,)),
            np.broadcast_to(np.asarray(stands.curve, np.int64), (n,)),
            np.ascontiguousarray(np.stack(curves, axis=2)) if curves else np.zeros((1, 1, 1)),
            tuple(_sizes(model, stands, names)),
            _by_stand(model, events, n),
        )

    def go(self, steps: NDArray[np.int64], every: int, chunk: int, workers: int | None = None) -> Result:
        """Step each stand as often as ``steps`` says; more than one record only where all are stepped alike."""
        records = max(1, -(-int(steps.max(initial=0)) // every))
        states = np.repeat(self.state[:, None, :], records, axis=1)
        fluxes = np.zeros((self.n, records, len(self.model.fluxes)))
        age = self.age.copy()
        plan, moves = arranged(self.model), _moves(self.model)
        starts, event_steps, event_types = self.events

        def step(first: int) -> float:
            part = slice(first, min(first + chunk, self.n))
            advance(
                (self.state[part], age[part], self.curve[part], self.curves),
                self.coefficients(part),
                plan,
                (starts[part.start : part.stop + 1], event_steps, event_types),
                steps[part],
                every,
                states[part],
                fluxes[part],
            )
            return _closure(self.state[part], states[part, -1], fluxes[part].sum(axis=1), moves)

        with ThreadPoolExecutor(workers or os.cpu_count()) as threads:
            closure = max(threads.map(step, range(0, self.n, chunk)), default=0.0)
        if not closure <= CLOSURE_T_HA:
            raise DomainError("engine.balance", model=self.model.name, off=f"{closure:.3g}", limit=CLOSURE_T_HA)
        return Result(self.model, states[:, -1], age, states, fluxes, closure)

    def coefficients(self, part: slice) -> NDArray[np.float64]:
        """The size of each flux for each stand of a chunk."""
        table = np.empty((len(self.sizes), part.stop - part.start))
        for row, size in enumerate(self.sizes):
            table[row] = size[part] if np.ndim(size) else size
        return table


def _closure(
    before: NDArray[np.float64], after: NDArray[np.float64], moved: NDArray[np.float64], moves: NDArray[np.float64]
) -> float:
    """The largest error of the balance, of any pool against its fluxes and of any stand as a whole."""
    change = after - before
    by_pool = np.abs(change - moved @ moves).max(initial=0.0)
    by_stand = np.abs(change.sum(axis=1)).max(initial=0.0)
    return float(np.maximum(by_pool, by_stand))  # a NaN stays one, and is refused


def _moves(model: Model) -> NDArray[np.float64]:
    """What a tonne in each flux does to each pool: -1 to its giver, +1 to its taker."""
    moves = np.zeros((len(model.fluxes), len(model.pools)))
    for number, (_, flux) in enumerate(model.fluxes):
        moves[number, model.pool_names.index(flux.source)] -= 1
        moves[number, model.pool_names.index(flux.target)] += 1
    return moves


def arranged(model: Model) -> tuple[NDArray[np.int64], ...]:
    """The model as arrays of integers, for the compiled loop."""
    ends = np.cumsum([len(group.fluxes) for group in model.groups], dtype=np.int64)
    begins = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    n = len(model.operations)
    numbers = {name: number for number, name in enumerate(model.pool_names)}
    after = [-1 if kind.age_after is None else kind.age_after for kind in model.disturbances]
    ends_of_fluxes = [(numbers[flux.source], numbers[flux.target]) for _, flux in model.fluxes]
    source, target = np.array(ends_of_fluxes, np.int64).reshape(-1, 2).T
    kinds = np.array([_KINDS[operation.kind] for operation in model.operations], np.int64)
    lists = (kinds, begins[:n], ends[:n], begins[n:], ends[n:], np.array(after, np.int64), source, target)
    return tuple(np.ascontiguousarray(each) for each in lists)


def _sizes(model: Model, stands: Stands, curves: list[str]) -> Iterator[Any]:
    """For each flux its share, a number or one for each stand; for growth, the number of its curve."""
    kinds = {operation.name: operation.kind for operation in model.operations}
    for name, flux in model.fluxes:
        if kinds.get(name) == "growth":
            yield float(curves.index(str(flux.size)))
        elif isinstance(flux.size, str):
            yield np.asarray(stands.shares[flux.size], np.float64)
        else:
            yield float(flux.size)


def _by_stand(model: Model, events: Events, n: int) -> tuple[NDArray[np.int64], ...]:
    """Events sorted by stand and step; several in one step keep the order of the table."""
    stand, step = np.asarray(events.stand, np.int64), np.asarray(events.step, np.int64)
    numbers = {disturbance.name: number for number, disturbance in enumerate(model.disturbances)}
    kind = np.array([numbers[name] for name in events.disturbance], np.int64)
    order = np.lexsort((step, stand))
    starts = np.searchsorted(stand[order], np.arange(n + 1)).astype(np.int64)
    return starts, np.ascontiguousarray(step[order]), np.ascontiguousarray(kind[order])


def _stand_faults(model: Model, stands: Stands, state: NDArray[np.float64]) -> Iterator[Fault]:
    """Shapes, ages, stocks and curves."""
    if state.ndim != 2 or state.shape[1] != len(model.pools):
        facts = {"expected": f"(n, {len(model.pools)})"}
        yield Fault("engine.shape", column="state", value=str(state.shape), facts=facts)
        return
    for number, pool in enumerate(model.pools):
        column = state[:, number]
        # An emptied pool may hold a little less than nothing, by rounding, and a run may go on from there.
        if not (np.isfinite(column).all() and (pool.outside or (column >= -CLOSURE_T_HA).all())):
            yield Fault("engine.stock", column=pool.name, value=f"{column[_first_bad(column)]:g}")
    for name in ("age", "curve"):
        values = np.asarray(getattr(stands, name))
        if values.shape not in ((), (len(state),)) or values.dtype.kind not in "iu":
            facts = {"expected": f"({len(state)},)"}
            yield Fault("engine.shape", column=name, value=f"{values.shape} {values.dtype}", facts=facts)
        elif (values < 0).any():
            yield Fault("engine.age" if name == "age" else "engine.curve", column=name, value=str(values.min()))
    yield from _curve_faults(model, stands)


def _curve_faults(model: Model, stands: Stands) -> Iterator[Fault]:
    """Curves that are missing, uneven, negative, or too few for the stands."""
    growth = {str(flux.size) for op in model.operations if op.kind == "growth" for flux in op.fluxes}
    yield from (Fault("engine.missing", column=name) for name in sorted(growth - stands.curves.keys()))
    shapes = {np.atleast_2d(np.asarray(values, np.float64)).shape for values in stands.curves.values()}
    if len(shapes) > 1 or any(0 in shape for shape in shapes):
        yield Fault("engine.shape", column="curves", value=str(sorted(shapes)), facts={"expected": "1"})
    elif shapes and (rows := shapes.pop()[0]) <= np.max(np.asarray(stands.curve), initial=0):
        yield Fault("engine.curve", column="curve", value=str(np.max(np.asarray(stands.curve))), facts={"rows": rows})
    for name, values in stands.curves.items():
        flat = np.asarray(values, np.float64).ravel()
        if not (np.isfinite(flat) & (flat >= 0)).all():
            yield Fault("engine.increment", column=name, value=f"{flat[_first_bad(flat)]:g}")


def _share_faults(model: Model, stands: Stands) -> list[Fault]:
    """Shares that are missing, of the wrong length, out of range, or that together take more than there is."""
    n, faults = len(np.asarray(stands.state)), []
    named = {str(flux.size) for _, flux in _share_fluxes(model) if isinstance(flux.size, str)}
    faults += [Fault("engine.missing", column=name) for name in sorted(named - stands.shares.keys())]
    values = {name: np.asarray(stands.shares[name], np.float64) for name in sorted(named & stands.shares.keys())}
    for name, share in values.items():
        if share.shape not in ((), (n,)):
            faults.append(Fault("engine.shape", column=name, value=str(share.shape), facts={"expected": f"({n},)"}))
    if faults:
        return faults
    totals: dict[tuple[str, str], Any] = {}
    for operation, flux in _share_fluxes(model):
        share = values[flux.size] if isinstance(flux.size, str) else np.asarray(flux.size, np.float64)
        inside = (share >= 0) & (share <= 1)
        if not inside.all():
            facts = {"source": flux.source, "target": flux.target}
            worst = np.ravel(share)[np.argmin(np.ravel(inside))]
            faults.append(Fault("engine.share_range", column=operation, value=f"{worst:g}", facts=facts))
        key = operation, flux.source
        totals[key] = totals.get(key, 0.0) + share
    for (operation, source), total in totals.items():
        if np.max(total, initial=0.0) > 1 + ROW_TOLERANCE:
            facts = {"total": f"{np.max(total):.9g}"}
            faults.append(Fault("engine.share_sum", column=operation, value=source, facts=facts))
    return faults


def _share_fluxes(model: Model) -> Iterator[tuple[str, Flux]]:
    """The fluxes that move a share, with their operation."""
    return ((op.name, flux) for op in model.operations if op.kind == "share" for flux in op.fluxes)


def _event_faults(model: Model, events: Events, n: int, steps: int) -> Iterator[Fault]:
    """Rows of the events table that name nothing."""
    columns = [np.asarray(events.stand), np.asarray(events.step), np.asarray(events.disturbance, object)]
    if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        shapes = str([column.shape for column in columns])
        yield Fault("engine.shape", column="events", value=shapes, facts={"expected": "(m,)"})
        return
    known = {disturbance.name for disturbance in model.disturbances}
    for column, values, most in (("stand", columns[0], n), ("step", columns[1], steps)):
        if values.size and values.dtype.kind not in "iu":
            facts = {"expected": "(m,) int"}
            yield Fault("engine.shape", column=column, value=str(values.dtype), facts=facts)
            continue
        for row in np.flatnonzero((values < 0) | (values >= most)).tolist():
            yield Fault("engine.event", row=row, column=column, value=str(values[row]), facts={"most": most - 1})
    for row, name in enumerate(columns[2]):
        if name not in known:
            facts = {"known": ", ".join(sorted(known))}
            yield Fault("engine.unknown_disturbance", row=row, column="disturbance", value=str(name), facts=facts)


def _first_bad(values: NDArray[np.float64]) -> int:
    """Where the first number that is negative, infinite or none stands."""
    return int(np.argmin(np.isfinite(values) & (values >= 0)))
