"""Control plots for project plots, before anything has happened: Appendix 1, steps 2 to 4, of VM0047.

Pure: arrays in, arrays out. Plots and donors are put in the order of their ids first, so that the order of rows changes
nothing, not even the last bit or the choice between two donors that are equally near.

What the document leaves open and is chosen here: Mahalanobis distance uses the covariance within both groups, pooled;
the variance of controls weighs each by its weight, unbiased for such weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tanhui.kernel.errors import DomainError
from tanhui.mrv.methods.verra.vm0047.inputs import Control, ProjectPlot

__all__ = [
    "Attempt",
    "Match",
    "Plots",
    "Search",
    "control_weights",
    "find_controls",
    "match_controls",
    "project_plots",
    "replace_controls",
    "standardised_differences",
]

Metric = Literal["mahalanobis", "euclidean"]
Choice = Literal["optimal", "nearest"]
Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

#: Covariates whose correlations have an eigenvalue below this say the same twice.
_SAME_TWICE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Plots:
    """Plots as columns.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
        Each once.
    covariates : ndarray of float, shape (n, p)
        Stocking index at the dates before the start, and whatever else is matched on.
    xy_km : ndarray of float, shape (n, 2), optional
        Centroids in a projected system. [km]
    kinds : ndarray of str, shape (n,), optional
        What a control must share with its project plot: jurisdiction, ecoregion, policy, tenure, in one word.
    """

    ids: NDArray[np.str_]
    covariates: Floats
    xy_km: Floats | None = None
    kinds: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: ArrayLike) -> Plots:
        """Some of them, in the order asked for."""
        at = np.asarray(rows, np.intp)
        xy_km = None if self.xy_km is None else self.xy_km[at]
        return Plots(self.ids[at], self.covariates[at], xy_km, None if self.kinds is None else self.kinds[at])


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """The controls of each project plot, nearest first.

    Attributes
    ----------
    rows : ndarray of int, shape (n, k)
        Rows of the donors' table.
    distances : ndarray of float, shape (n, k)
        Multivariate distance. [1]
    scale : ndarray of float, shape (p, p)
        Covariates times this have the distance as their Euclidean distance.
    radius_km : float
        Within which controls were looked for. [km]
    """

    rows: Rows
    distances: Floats
    scale: Floats
    radius_km: float

    @property
    def k(self) -> int:
        """Controls of each project plot."""
        return int(self.rows.shape[1])


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a valid match: how many controls, how far, and how far apart the means were; no numbers if too few."""

    k: int
    radius_km: float
    differences: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """A valid match and the tries that led to it."""

    match: Match
    attempts: tuple[Attempt, ...]


def control_weights(distances: ArrayLike) -> Floats:
    """Weights of the controls of each project plot, exp(-distance) made to add up to 1 (eq. A1). [1]

    Parameters
    ----------
    distances : array_like of float, shape (n, k)
        Multivariate distances.
    """
    away = np.asarray(distances, float)
    # Less the least of each plot: it cancels, and nothing underflows.
    raw = np.exp(away.min(axis=-1, keepdims=True) - away)
    weights: Floats = raw / raw.sum(axis=-1, keepdims=True)
    return weights


def standardised_differences(project: ArrayLike, controls: ArrayLike, weights: ArrayLike) -> Floats:
    """How far apart the means of project plots and of their controls are, for each covariate (eq. A2). [1]

    Parameters
    ----------
    project : array_like of float, shape (n, p)
        Covariates of the project plots.
    controls : array_like of float, shape (n, k, p)
        Those of their controls.
    weights : array_like of float, shape (n, k)
        They add up to 1 for each project plot.

    Returns
    -------
    differences : ndarray of float, shape (p,)
        Zero where neither mean nor variance differs from zero difference, infinite where only the variances vanish.
    """
    own, other, w = np.asarray(project, float), np.asarray(controls, float), np.asarray(weights, float)
    apart = np.abs(own.mean(axis=0) - np.einsum("ij,ijp->ip", w, other).mean(axis=0))
    total, squares = w.sum(), (w**2).sum()
    middle = np.einsum("ij,ijp->p", w, other) / total
    spread = np.einsum("ij,ijp->p", w, (other - middle) ** 2) / (total - squares / total)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(apart == 0, 0.0, apart / np.sqrt((own.var(axis=0, ddof=1) + spread) / 2))
    return found


def match_controls(
    project: Plots,
    donors: Plots,
    k: int,
    *,
    radius_km: float = np.inf,
    metric: Metric = "mahalanobis",
    choice: Choice = "optimal",
) -> Match:
    """The ``k`` controls of every project plot, none of them used twice.

    Parameters
    ----------
    project, donors : Plots
        The donors are the pool that the criteria of Table A1 leave.
    k : int
        Controls of each project plot, at least 1.
    radius_km : float
        A control lies within it of its project plot. [km]
    metric : str
        Of the distance: ``mahalanobis`` or ``euclidean``.
    choice : str
        ``optimal``: the sum of all distances is least. ``nearest``: always the nearest pair that is free is taken next.

    Raises
    ------
    DomainError
        If there are fewer donors than wanted, ids that appear twice, covariates that are missing or alike.
    """
    _refuse(project, donors, k)
    by_id, donors_by_id = np.argsort(project.ids), np.argsort(donors.ids)
    plots, pool = project.take(by_id), donors.take(donors_by_id)
    inside = _within(plots, pool, radius_km)
    donors_by_id, pool = donors_by_id[inside], pool.take(inside)
    scale = np.eye(plots.covariates.shape[1]) if metric == "euclidean" else _whitener(plots, pool)
    wanted = np.full(len(plots), k, np.int64)
    owner = _choose(plots, pool, wanted, scale, radius_km, choice)
    rows, distances = _sets(plots, pool, owner, scale)
    back = np.argsort(by_id)
    shape = (len(plots), k)
    return Match(donors_by_id[rows].reshape(shape)[back], distances.reshape(shape)[back], scale, radius_km)


def find_controls(
    project: Plots,
    donors: Plots,
    k: int,
    *,
    most_difference: float,
    radius_km: float = np.inf,
    step_km: float = np.inf,
    metric: Metric = "mahalanobis",
    choice: Choice = "optimal",
) -> Search:
    """The first valid match: with ``k`` controls at growing radius, then with fewer (Appendix 1, step 3).

    Parameters
    ----------
    most_difference : float
        Largest standardised difference of means that any covariate may have. [1]
    radius_km, step_km : float
        Where to begin, and by how much to widen until every donor is inside. [km]

    Raises
    ------
    DomainError
        If no match is valid; the least of the largest differences is named.
    """
    attempts: list[Attempt] = []
    for fewer in range(k, 0, -1):
        for radius in _radii(project, donors, radius_km, step_km):
            try:
                match = match_controls(project, donors, fewer, radius_km=radius, metric=metric, choice=choice)
            except DomainError as error:
                if error.code != "vm0047.too_few_donors":
                    raise
                attempts.append(Attempt(fewer, radius, ()))
                continue
            weights = control_weights(match.distances)
            found = standardised_differences(project.covariates, donors.covariates[match.rows], weights)
            attempts.append(Attempt(fewer, radius, tuple(float(x) for x in found)))
            if (found <= most_difference).all():
                return Search(match, tuple(attempts))
    least = min((max(x.differences) for x in attempts if x.differences), default=np.inf)
    raise DomainError("vm0047.no_valid_match", tried=len(attempts), least=f"{least:.3f}", most=most_difference)


def replace_controls(
    match: Match, project: Plots, donors: Plots, invalid: ArrayLike, *, choice: Choice = "optimal"
) -> Match:
    """The match with controls that have become invalid replaced from the pool; the others stay (step 4).

    Parameters
    ----------
    invalid : array_like of bool, shape (m,)
        Whether a donor may no longer be a control.

    Raises
    ------
    DomainError
        If no donor is left for a place.
    """
    out = np.asarray(invalid, bool)
    free = ~out
    free[match.rows.ravel()] = False
    by_id = np.argsort(project.ids)
    pool_rows = np.flatnonzero(free)
    pool_rows = pool_rows[np.argsort(donors.ids[pool_rows])]
    plots, pool = project.take(by_id), donors.take(pool_rows)
    wanted = out[match.rows].sum(axis=1)[by_id].astype(np.int64)
    owner = _choose(plots, pool, wanted, match.scale, match.radius_km, choice)
    rows, distances = _sets(plots, pool, owner, match.scale)
    new_rows, new_distances = match.rows.copy(), match.distances.copy()
    # A mask of a reordered table fills its places plot by plot, as the new controls are listed.
    place = tuple(x[out[match.rows[by_id]]] for x in np.broadcast_arrays(by_id[:, None], np.arange(match.k)[None, :]))
    new_rows[place], new_distances[place] = pool_rows[rows], distances
    order = np.lexsort((donors.ids[new_rows], new_distances), axis=1)
    sort = (np.arange(len(project))[:, None], order)
    return Match(new_rows[sort], new_distances[sort], match.scale, match.radius_km)


def project_plots(
    match: Match, project: Plots, donors: Plots, years: ArrayLike, project_index: ArrayLike, donor_index: ArrayLike
) -> tuple[ProjectPlot, ...]:
    """The matched sets with their stocking index, as the inputs of a claim want them.

    Parameters
    ----------
    years : array_like of int, shape (T,)
        Since the start of the project.
    project_index : array_like of float, shape (n, T)
        Stocking index of the project plots, NaN where there is none.
    donor_index : array_like of float, shape (m, T)
        That of the donors; only those that are controls are looked at.
    """
    at = [f"{year:g}" for year in np.asarray(years).tolist()]
    own, other = np.asarray(project_index, float), np.asarray(donor_index, float)

    def series(values: Floats) -> dict[str, float]:
        return {year: float(x) for year, x in zip(at, values, strict=True) if np.isfinite(x)}

    def control(row: int, distance: float) -> Control:
        return Control(str(donors.ids[row]), distance, tuple(donors.covariates[row].tolist()), series(other[row]))

    return tuple(
        ProjectPlot(
            str(project.ids[i]),
            tuple(project.covariates[i].tolist()),
            series(own[i]),
            tuple(map(control, match.rows[i].tolist(), match.distances[i].tolist())),
        )
        for i in range(len(project))
    )


def _choose(plots: Plots, pool: Plots, wanted: Rows, scale: Floats, radius_km: float, choice: Choice) -> Rows:
    """The plot of each donor of the pool, -1 for none."""
    from tanhui.mrv.methods.verra.vm0047.assignment import assign, take_nearest

    total = int(wanted.sum())
    if total > len(pool):
        raise DomainError("vm0047.too_few_donors", wanted=total, given=len(pool))
    listing = _Candidates(plots, pool, scale, radius_km)
    first = 4 * int(wanted.max(initial=1))
    solve = assign if choice == "optimal" else take_nearest
    return solve(listing, wanted, len(pool), first)


class _Candidates:
    """Lists of near donors of the same kind, from a tree of each kind."""

    def __init__(self, plots: Plots, pool: Plots, scale: Floats, radius_km: float) -> None:
        from scipy.spatial import cKDTree

        self.at, self.there, self.radius_km = plots.covariates @ scale, pool.covariates @ scale, radius_km
        self.xy, self.pool_xy = plots.xy_km, pool.xy_km
        self.kinds = np.zeros(len(plots), np.int64) if plots.kinds is None else plots.kinds
        pool_kinds = np.zeros(len(pool), np.int64) if pool.kinds is None else pool.kinds
        self.rows = {kind: np.flatnonzero(pool_kinds == kind) for kind in np.unique(self.kinds).tolist()}
        self.trees = {kind: cKDTree(self.there[rows]) for kind, rows in self.rows.items() if rows.size}

    def __call__(self, plots: NDArray[np.intp], count: int) -> tuple[Rows, Floats, Floats]:
        """As :data:`~tanhui.mrv.methods.verra.vm0047.assignment.Candidates` says."""
        near = np.full((plots.size, count), -1, np.int64)
        distance = np.full((plots.size, count), np.inf)
        reach = np.full(plots.size, np.inf)
        for kind, tree in self.trees.items():
            rows = self.rows[kind]
            mine = np.flatnonzero(self.kinds[plots] == kind)
            here = min(count, rows.size)
            away, found = tree.query(self.at[plots[mine]], np.arange(1, here + 1))
            near[mine, :here], distance[mine, :here] = rows[found], away
            if here < rows.size:
                reach[mine] = away[:, -1]
        self._drop_far(plots, near, distance)
        return near, distance, reach

    def _drop_far(self, plots: NDArray[np.intp], near: Rows, distance: Floats) -> None:
        if self.xy is None or self.pool_xy is None or np.isinf(self.radius_km):
            return
        apart = np.linalg.norm(self.xy[plots][:, None] - self.pool_xy[near], axis=2)
        distance[apart > self.radius_km] = np.inf
        order = np.argsort(distance, axis=1, kind="stable")
        near[:] = np.take_along_axis(near, order, axis=1)
        distance[:] = np.take_along_axis(distance, order, axis=1)


def _sets(plots: Plots, pool: Plots, owner: Rows, scale: Floats) -> tuple[Rows, Floats]:
    """Donors that were chosen and their distances, plot by plot, nearest first."""
    rows = np.flatnonzero(owner >= 0)
    apart = (plots.covariates[owner[rows]] - pool.covariates[rows]) @ scale
    distances = np.linalg.norm(apart, axis=1)
    order = np.lexsort((rows, distances, owner[rows]))
    return rows[order], distances[order]


def _within(plots: Plots, pool: Plots, radius_km: float) -> Rows:
    """Donors within the radius of any project plot."""
    if plots.xy_km is None or np.isinf(radius_km):
        return np.arange(len(pool))
    from scipy.spatial import cKDTree

    # The bound of the query is open, that of the rule closed.
    bound = np.nextafter(radius_km, np.inf)
    away, _ = cKDTree(plots.xy_km).query(pool.xy_km, distance_upper_bound=bound)
    return np.flatnonzero(np.isfinite(away))


def _whitener(plots: Plots, pool: Plots) -> Floats:
    """What turns covariates into coordinates whose Euclidean distance is the Mahalanobis distance."""
    groups = [x.covariates - x.covariates.mean(axis=0) for x in (plots, pool) if len(x)]
    freedom = max(sum(len(x) - 1 for x in groups), 1)
    covariance = sum(x.T @ x for x in groups) / freedom
    sd = np.sqrt(np.diag(covariance))
    if not (sd > 0).all() or np.linalg.eigvalsh(covariance / np.outer(sd, sd))[0] < _SAME_TWICE:
        raise DomainError("vm0047.covariates_alike")
    # x C^-1 x' = |x L^-T|^2 with C = L L'.
    whitener: Floats = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return whitener


def _radii(project: Plots, donors: Plots, radius_km: float, step_km: float) -> Iterator[float]:
    """The radius to begin with, widened by steps until it holds every donor."""
    yield radius_km
    if project.xy_km is None or donors.xy_km is None or np.isinf(radius_km):
        return
    both = np.concatenate([project.xy_km, donors.xy_km])
    farthest = float(np.linalg.norm(np.ptp(both, axis=0)))
    while radius_km < farthest:
        radius_km += step_km
        yield radius_km


def _refuse(project: Plots, donors: Plots, k: int) -> None:
    """Tables that cannot be matched."""
    p = project.covariates.shape[1]
    if [x is None for x in (project.xy_km, project.kinds)] != [x is None for x in (donors.xy_km, donors.kinds)]:
        raise DomainError("vm0047.columns_differ")
    for plots in (project, donors):
        shapes = plots.covariates.shape == (len(plots), p)
        columns = [x for x in (plots.xy_km, plots.kinds) if x is not None]
        if not shapes or any(len(x) != len(plots) for x in columns):
            raise DomainError("vm0047.columns_differ")
        if np.unique(plots.ids).size != len(plots):
            raise DomainError("vm0047.plot_twice")
        numbers = [plots.covariates, *([] if plots.xy_km is None else [plots.xy_km])]
        if not all(np.isfinite(x).all() for x in numbers):
            raise DomainError("vm0047.covariate_missing", plots=int((~np.isfinite(plots.covariates)).any(axis=1).sum()))
    if k < 1 or not len(project):
        raise DomainError("vm0047.nothing_to_match", k=k, plots=len(project))
