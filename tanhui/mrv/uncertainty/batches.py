"""Many groups in bounded memory: groups are drawn batch by batch, summarised, and only the total is kept whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.progress import Progress, silent
from tanhui.mrv.uncertainty.analytic import analytic
from tanhui.mrv.uncertainty.monte_carlo import Draws, Summary, monte_carlo, summarise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanhui.mrv.uncertainty.model import ErrorModel, Trees
    from tanhui.mrv.uncertainty.totals import Totals

__all__ = ["QUANTITIES", "Expected", "Grouped", "draw_groups", "expected_total"]

QUANTITIES = ("agb_t", "bgb_t", "carbon_t")
#: Draws of groups held at once: about 8 bytes x 3 quantities each.
CELLS = 2_000_000
#: Trees worked on at once, apart from a group that has more.
ROWS = 200_000

#: Called with the first group of a batch and its draws.
Keep = Callable[[int, Draws], None]


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """Summaries of every group and the draws of the total, by quantity."""

    groups: dict[str, Summary]
    total: Draws


@dataclass(frozen=True, slots=True)
class Expected:
    """An expected total and its variance by source. [t, t2]"""

    value: float
    variance: Mapping[str, float]


def draw_groups(
    trees: Trees,
    model: ErrorModel,
    *,
    draws: int,
    seed: int,
    level: float = 0.95,
    keep: Keep | None = None,
    cells: int = CELLS,
    progress: Progress = silent,
    threads: int | None = None,
) -> Grouped:
    """Monte Carlo with a summary per group; results do not depend on ``cells``.

    Parameters
    ----------
    trees, model, draws, seed, threads
        As for :func:`tanhui.mrv.uncertainty.monte_carlo.monte_carlo`.
    level : float
        Of the interval.
    keep : callable, optional
        Sees the draws of each batch of groups, in order, before they are dropped.
    cells : int
        Groups times draws held at once.
    """
    group = np.zeros(len(trees), np.intp) if trees.group is None else trees.group
    order = np.argsort(group, kind="stable")
    edges = np.searchsorted(group[order], np.arange(trees.groups + 1))
    most = max(1, cells // draws)
    total = Draws(*(np.zeros((1, draws)) for _ in QUANTITIES))
    found: dict[str, list[Summary]] = {name: [] for name in QUANTITIES}
    first = 0
    while first < trees.groups:
        by_rows = int(np.searchsorted(edges, edges[first] + ROWS, side="right")) - 1
        last = max(first + 1, min(first + most, by_rows, trees.groups))
        rows = order[edges[first] : edges[last]]
        part = trees.take(rows, group[rows] - first, last - first)
        batch = monte_carlo(part, model, draws=draws, seed=seed, threads=threads)
        for name in QUANTITIES:
            values, whole = getattr(batch, name), getattr(total, name)
            for row in values:
                whole[0] += row
            found[name].append(summarise(values, level))
        if keep is not None:
            keep(first, batch)
        progress("draws", int(edges[last]), len(trees))
        first = last
    return Grouped({name: _joined(parts) for name, parts in found.items()}, total)


def expected_total(trees: Trees, model: ErrorModel, *, rows: int = ROWS) -> dict[str, Expected]:
    """Expected total and its variance by source for each quantity, analytically, block of trees by block of trees."""
    value = dict.fromkeys(QUANTITIES, 0.0)
    own: dict[str, dict[str, float]] = {name: {} for name in QUANTITIES}
    loadings: dict[str, dict[tuple[str, str], float]] = {name: {} for name in QUANTITIES}
    for start in range(0, len(trees), rows):
        part = np.arange(start, min(start + rows, len(trees)))
        found = analytic(trees.take(part, np.zeros(len(part), np.intp), 1), model)
        for name in QUANTITIES:
            totals: Totals = getattr(found, name)
            value[name] += float(totals.value[0])
            for source, variance in totals.own.items():
                own[name][source] = own[name].get(source, 0.0) + float(variance[0])
            for source, shared in totals.shared.items():
                for key, loading in shared.of(np.ones(1)).items():
                    loadings[name][source, key] = loadings[name].get((source, key), 0.0) + loading
    for name, moved in loadings.items():
        for (source, _), loading in moved.items():
            own[name][source] = own[name].get(source, 0.0) + loading**2
    return {name: Expected(value[name], own[name]) for name in QUANTITIES}


def _joined(parts: list[Summary]) -> Summary:
    def column(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(part, name) for part in parts])

    return Summary(column("mean"), column("sd"), column("low"), column("high"))
