"""A fixed population of forest plots with laser-like auxiliaries, and repeated samples from it.

The population is a grid of cells with smooth site quality, three kinds of stand and an error that grows with the
biomass and is skewed, as in a real inventory: the linear model of it is wrong on purpose. What an estimator says about
a sample is compared with the mean that is known here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tanhui.mrv.sampling import (
    Auxiliaries,
    Layout,
    SampleEstimate,
    difference,
    fit_linear,
    greg,
    predicted_area,
    small_area,
    stratified,
)
from tanhui.mrv.sampling.linear import CovarianceKind

Array: TypeAlias = NDArray[np.float64]
Cells: TypeAlias = NDArray[np.intp]
Drawn: TypeAlias = tuple[SampleEstimate, float]
#: Shares of the three kinds of stand, and of the plots that each gets.
AREA, PLOT_SHARE = (0.5, 0.3, 0.2), (0.44, 0.32, 0.24)


@dataclass(frozen=True, slots=True)
class Population:
    """Cells with biomass y, auxiliaries z (top height, mean height of all returns), kind of stand, clusters, a part."""

    y: Array
    z: Array
    stratum: Cells
    clusters: list[Cells]
    part: NDArray[np.bool_]


def population(seed: int = 6, side: int = 120, heights: tuple[float, ...] = (13.0, 16.0, 20.0)) -> Population:
    """Biomass of ``side`` x ``side`` cells; clusters are rows of one to five neighbours that cover all of them.

    ``heights`` of the three kinds of stand: the wider apart, the more skewed the biomass.
    """
    rng = np.random.default_rng(seed)
    site = smooth(rng, side, 6).ravel()
    order = np.argsort(np.argsort(0.7 * site + 0.7 * rng.normal(size=side * side)))
    stratum = np.searchsorted(np.cumsum(AREA)[:2] * side * side, order, side="right")
    height = np.clip(np.array(heights)[stratum] + 2.5 * site + rng.normal(0, 1.5, side**2), 2, 38)
    cover = np.clip(0.55 + 0.12 * site + rng.normal(0, 0.12, side**2), 0.05, 0.99)
    expected = 0.55 * height**1.7 * (0.4 + cover)
    local = 0.6 * smooth(rng, side, 2).ravel() + 0.8 * rng.normal(size=side**2)
    y = expected * np.exp(0.22 * local - 0.22**2 / 2)
    clusters, at = [], 0
    while at < side**2:
        size = min(int(rng.integers(1, 6)), side**2 - at)
        clusters.append(np.arange(at, at + size))
        at += size
    part = (np.arange(side**2) // side < side // 4) & (np.arange(side**2) % side < side // 2)
    return Population(y, np.column_stack([height, height * cover]), stratum, clusters, part)


def smooth(rng: np.random.Generator, side: int, scale: int) -> Array:
    """A field of unit variance without structure finer than ``scale`` cells."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(rng.normal(size=(side, side)), scale, mode="wrap")
    return np.asarray(field / field.std())


@dataclass(frozen=True)
class Survey:
    """Ways to survey a population: each method draws a sample, and gives its estimate with the truth it aims at."""

    of: Population
    plots: int = 100
    first_phase: int = 300
    covariance: CovarianceKind = "hc2"

    @cached_property
    def truth(self) -> float:
        """Mean of all cells."""
        return float(self.of.y.mean())

    @cached_property
    def known(self) -> Auxiliaries:
        """Auxiliaries of all cells."""
        return Auxiliaries.known(self.of.z.mean(axis=0))

    @cached_property
    def strata(self) -> tuple[list[Cells], list[int], Layout]:
        """Cells of each stratum, plots in each, and the layout of a stratified sample."""
        cells = [np.flatnonzero(self.of.stratum == h) for h in range(3)]
        sizes = [round(share * self.plots) for share in PLOT_SHARE]
        area = {str(h): float(len(where)) for h, where in enumerate(cells)}
        return cells, sizes, Layout.of(np.repeat(["0", "1", "2"], sizes), area)

    @cached_property
    def external(self) -> Array:
        """Predictions of somebody else's model, off by a little."""
        top, mean = self.of.z.T
        return np.asarray(1.2 * top**0.7 * (0.5 * top + mean) / 2 - 5)

    @cached_property
    def true_model(self) -> tuple[Array, Array, Array]:
        """A world in which a linear model is true: its line, the spread about it, and a skewed shape of the errors."""
        line = fit_linear(self.of.y, self.of.z).predict(self.of.z)[:, 0]
        shape = (self.of.y - line) / np.maximum(line, 5.0)
        return line, 0.25 * np.maximum(line, 5.0), (shape - shape.mean()) / shape.std()

    def pick(self, rng: np.random.Generator, n: int) -> Cells:
        """Cells at random."""
        return rng.choice(len(self.of.y), n)

    def pick_strata(self, rng: np.random.Generator) -> Cells:
        """Cells at random in each stratum."""
        cells, sizes, _ = self.strata
        return np.concatenate([rng.choice(where, n) for where, n in zip(cells, sizes, strict=True)])

    def pick_clusters(self, rng: np.random.Generator, n: int) -> tuple[Cells, Cells]:
        """Cells of clusters at random, and the cluster of each."""
        cells = [self.of.clusters[i] for i in rng.integers(0, len(self.of.clusters), n)]
        return np.concatenate(cells), np.repeat(np.arange(n), [len(c) for c in cells])

    def greg(self, s: Cells, area: Auxiliaries, layout: Layout | None = None, cluster: Cells | None = None) -> Drawn:
        """The regression estimator from the cells s."""
        y, z = self.of.y[s], self.of.z[s]
        kind = self.covariance
        return greg(y, z, area, selection="random", layout=layout, cluster=cluster, covariance=kind), self.truth

    def simple(self, rng: np.random.Generator) -> Drawn:
        """Plots alone."""
        return stratified(self.of.y[self.pick(rng, self.plots)], Layout.simple(self.plots)), self.truth

    def stratified(self, rng: np.random.Generator) -> Drawn:
        """Plots alone, in strata."""
        return stratified(self.of.y[self.pick_strata(rng)], self.strata[2]), self.truth

    def internal(self, rng: np.random.Generator) -> Drawn:
        """Auxiliaries known everywhere."""
        return self.greg(self.pick(rng, self.plots), self.known)

    def internal_strata(self, rng: np.random.Generator) -> Drawn:
        """The same in strata."""
        return self.greg(self.pick_strata(rng), self.known, layout=self.strata[2])

    def difference(self, rng: np.random.Generator) -> Drawn:
        """An external model known everywhere."""
        s = self.pick(rng, self.plots)
        mean = float(self.external.mean())
        return difference(self.of.y[s], self.external[s], mean, selection="random"), self.truth

    def two_phase(self, rng: np.random.Generator) -> Drawn:
        """Auxiliaries on a first phase."""
        first = self.pick(rng, self.first_phase)
        return self.greg(first[: self.plots], Auxiliaries.sampled(self.of.z[first]))

    def two_phase_partly(self, rng: np.random.Generator) -> Drawn:
        """One auxiliary known everywhere, the other on a first phase."""
        first = self.pick(rng, self.first_phase)
        area = Auxiliaries.partly_known(self.of.z[first], [0], [self.of.z[:, 0].mean()])
        return self.greg(first[: self.plots], area)

    def two_phase_difference(self, rng: np.random.Generator) -> Drawn:
        """An external model on a first phase."""
        first = self.pick(rng, self.first_phase)
        s = first[: self.plots]
        return difference(self.of.y[s], self.external[s], self.external[first], selection="random"), self.truth

    def clusters(self, rng: np.random.Generator) -> Drawn:
        """Plots in clusters of unequal size."""
        s, label = self.pick_clusters(rng, self.plots)
        return self.greg(s, self.known, cluster=label)

    def clusters_two_phase(self, rng: np.random.Generator) -> Drawn:
        """Clusters in both phases."""
        first, label = self.pick_clusters(rng, self.first_phase)
        second = label < self.plots
        area = Auxiliaries.sampled(self.of.z[first], cluster=label)
        return self.greg(first[second], area, cluster=label[second])

    def small_area(self, rng: np.random.Generator) -> Drawn:
        """A part of the area that holds an eighth of the plots."""
        s, p = self.pick(rng, self.first_phase), self.of
        area = Auxiliaries.known(p.z[p.part].mean(axis=0))
        found = small_area(p.y[s], p.z[s], p.part[s], area, selection="random", covariance=self.covariance)
        return found, float(p.y[p.part].mean())

    def hybrid(self, rng: np.random.Generator) -> Drawn:
        """Plots chosen by judgement in a world where the model is true; the laser flew over a sample of the area."""
        line, spread, shape = self.true_model
        s = np.concatenate([rng.choice(cells, self.plots // 3) for cells in self.strata[0]])
        fit = fit_linear(line[s] + spread[s] * rng.choice(shape, len(s)), self.of.z[s], covariance=self.covariance)
        flown = Auxiliaries.sampled(self.of.z[self.pick(rng, self.first_phase)])
        return predicted_area(fit, flown), float(line.mean())


#: Name of each way -> the method of :class:`Survey`.
WAYS = {
    "simple random": "simple",
    "stratified": "stratified",
    "GREG, internal model": "internal",
    "GREG, internal model, stratified": "internal_strata",
    "difference, external model": "difference",
    "two-phase GREG": "two_phase",
    "two-phase GREG, one auxiliary known everywhere": "two_phase_partly",
    "two-phase difference, external model": "two_phase_difference",
    "clusters of 1 to 5 plots, GREG": "clusters",
    "clusters, two-phase GREG": "clusters_two_phase",
    "small area, extended": "small_area",
    "hybrid": "hybrid",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of many samples: share of intervals that hold the truth, mean estimated over empirical variance, bias, error."""

    draws: int
    coverage: float
    variance_ratio: float
    bias_in_se: float
    se: float


def repeat(draw: Callable[[np.random.Generator], Drawn], draws: int, seed: int, confidence: float = 0.95) -> Outcome:
    """Draw and estimate again and again."""
    rng = np.random.default_rng(seed)
    rows = np.empty((draws, 3))
    for i in range(draws):
        found, truth = draw(rng)
        low, high = found.interval(confidence)
        rows[i] = float(found.value) - truth, float(found.variance), low <= truth <= high
    error, variance, held = rows.T
    se = float(error.std(ddof=1))
    return Outcome(draws, float(held.mean()), float(variance.mean()) / se**2, float(error.mean()) / se, se)
