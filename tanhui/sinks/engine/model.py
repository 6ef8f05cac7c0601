"""The nouns of the engine: pools, fluxes, operations, disturbances, stands and events.

A model is a table of pools and an ordered list of operations. An operation is a set of fluxes that all look at the
pools as the operation found them, so their order within it means nothing. There are three kinds:

``share``
    A flux moves a share of its source. Turnover, decay, export, the decay of products. [1]
``growth``
    A flux moves an amount that depends on the age of the stand, read from a curve. [t C/ha a step]
``events``
    The place in the step where the disturbances of the year happen. It has no fluxes of its own.

Shares and curves are named; the values come with the stands, so one model serves every site.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tanhui.kernel.errors import Fault, RefusedInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ROW_TOLERANCE", "Disturbance", "Events", "Flux", "Model", "Operation", "Pool", "Stands"]

#: How far a row of a disturbance matrix, or the shares that leave a pool, may miss 1 by rounding.
ROW_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Pool:
    """A place where carbon is.

    Attributes
    ----------
    outside : bool
        Whether the pool lies outside the stand, as the atmosphere does. It may be negative, gives no shares, and is
        left out of the steady state.
    """

    name: str
    zh: str = ""
    en: str = ""
    outside: bool = False
    unit: str = "t C/ha"


@dataclass(frozen=True, slots=True)
class Flux:
    """Carbon from one pool to another; ``size`` is a share, or the name of a share or of a growth curve."""

    source: str
    target: str
    size: float | str


@dataclass(frozen=True, slots=True)
class Operation:
    """Fluxes that happen together, under one name."""

    name: str
    fluxes: tuple[Flux, ...] = ()
    kind: Literal["share", "growth", "events"] = "share"

    @property
    def unit(self) -> str:
        """Unit of the sizes of its fluxes."""
        return "t C/ha" if self.kind == "growth" else "1"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What an event does: a row for each pool it touches, with the share that goes to each pool, itself included.

    A row sums to 1. A pool without a row stays as it is. ``age_after`` is the age that the stand has afterwards;
    with ``None`` the stand keeps its age, as after a thinning.
    """

    name: str
    matrix: Mapping[str, Mapping[str, float]]
    age_after: int | None = 0

    @property
    def fluxes(self) -> tuple[Flux, ...]:
        """The moves between different pools."""
        return tuple(
            Flux(source, target, share)
            for source, row in self.matrix.items()
            for target, share in row.items()
            if source != target and share != 0
        )


@dataclass(frozen=True, slots=True)
class Model:
    """Pools, the operations of a step in their order, and the kinds of disturbance."""

    name: str
    pools: tuple[Pool, ...]
    operations: tuple[Operation, ...]
    disturbances: tuple[Disturbance, ...] = ()

    def __post_init__(self) -> None:
        faults = [*_name_faults(self), *_flux_faults(self), *_matrix_faults(self)]
        if faults:
            raise RefusedInput(faults)

    @property
    def pool_names(self) -> tuple[str, ...]:
        """Names of the pools, in the order of the state's columns."""
        return tuple(pool.name for pool in self.pools)

    @property
    def groups(self) -> tuple[Operation | Disturbance, ...]:
        """Operations and, behind them, disturbances: whatever has fluxes and a name."""
        return (*self.operations, *self.disturbances)

    @property
    def fluxes(self) -> tuple[tuple[str, Flux], ...]:
        """Every flux with the operation or disturbance it belongs to, in the order of the result's columns."""
        return tuple((group.name, flux) for group in self.groups for flux in group.fluxes)


@dataclass(frozen=True, slots=True)
class Stands:
    """Stands or pixels: what they hold, how old they are, and the numbers that the model names.

    Attributes
    ----------
    state : array_like of float, shape (n, pools)
        Carbon in each pool. [t C/ha]
    age : array_like of int, shape (n,) or ()
        Steps since the stand was established.
    shares : mapping of str to array_like of float, shape (n,) or ()
        The shares that the model names. [1]
    curves : mapping of str to array_like of float, shape (n_curves, n_ages)
        Growth by age; a stand older than the last column keeps its value. [t C/ha a step]
    curve : array_like of int, shape (n,) or ()
        Which row of the curves a stand follows.
    """

    state: ArrayLike
    age: ArrayLike = 0
    shares: Mapping[str, ArrayLike] = field(default_factory=dict)
    curves: Mapping[str, ArrayLike] = field(default_factory=dict)
    curve: ArrayLike = 0


@dataclass(frozen=True, slots=True)
class Events:
    """The events table: which stand, in which step of the run, undergoes which disturbance."""

    stand: ArrayLike = ()
    step: ArrayLike = ()
    disturbance: Any = ()


def _name_faults(model: Model) -> Iterator[Fault]:
    """Names that are used twice; a disturbance and an operation share one list, as they do in reports."""
    groups = {
        "pool": model.pool_names,
        "operation": tuple(group.name for group in model.groups),
    }
    for column, names in groups.items():
        for name, times in Counter(names).items():
            if times > 1:
                yield Fault("engine.name_twice", column=column, value=name)
    kinds = Counter(operation.kind for operation in model.operations)
    if kinds["events"] > 1 or (model.disturbances and not kinds["events"]):
        yield Fault("engine.events_place", column="operation", value=str(kinds["events"]))


def _flux_faults(model: Model) -> Iterator[Fault]:
    """Unknown pools, fluxes in a circle of one, givers that may not give, sizes of the wrong kind."""
    outside = {pool.name for pool in model.pools if pool.outside}
    kinds = {operation.name: operation.kind for operation in model.operations}
    for operation in model.operations:
        if operation.kind == "events" and operation.fluxes:
            yield Fault("engine.events_fluxes", column=operation.name)
    known = {"known": ", ".join(model.pool_names)}
    for name, flux in model.fluxes:
        for pool in (flux.source, flux.target):
            if pool not in model.pool_names:
                yield Fault("engine.unknown_pool", column=name, value=pool, facts=known)
        if flux.source == flux.target:
            yield Fault("engine.to_itself", column=name, value=flux.source)
        if kinds.get(name) == "growth":
            if flux.source not in outside or not isinstance(flux.size, str):
                yield Fault("engine.growth_source", column=name, value=f"{flux.source} > {flux.target}")
        elif flux.source in outside:
            yield Fault("engine.outside_gives", column=name, value=flux.source)


def _matrix_faults(model: Model) -> Iterator[Fault]:
    """Rows of disturbance matrices that are no division of a pool."""
    known = {"known": ", ".join(model.pool_names)}
    for disturbance in model.disturbances:
        if disturbance.age_after is not None and disturbance.age_after < 0:
            yield Fault("engine.age", column=disturbance.name, value=str(disturbance.age_after))
        for source, row in disturbance.matrix.items():
            if source not in model.pool_names and not any(target != source for target in row):
                yield Fault("engine.unknown_pool", column=disturbance.name, value=source, facts=known)
            for target, share in row.items():
                if not 0 <= share <= 1:
                    facts = {"source": source, "target": target}
                    yield Fault("engine.share_range", column=disturbance.name, value=f"{share:g}", facts=facts)
            total = sum(row.values())
            if not abs(total - 1) <= ROW_TOLERANCE:
                yield Fault("engine.row_sum", column=disturbance.name, value=source, facts={"total": f"{total:.9g}"})
