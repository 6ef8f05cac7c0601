"""Area and accuracy from a map and a sample of it: good practice, not pixel counting.

A map's own count of pixels is biased by its errors. The sample says how often each map class is what it claims, and
areas follow from it with standard errors (Olofsson et al. 2014 [1]_). Everything is a mean or a ratio of indicators
over a stratified sample, so the estimators next door do the work: equations 2-7 and 9-11 of [1]_ are special cases, as
are those of Stehman 2014 [2]_ for strata that are not classes of the map (a buffer around change, an older map).

References
----------
.. [1] P. Olofsson et al., Remote Sens. Environ. 148, 42-57, 2014. doi:10.1016/j.rse.2014.02.015
.. [2] S. V. Stehman, Int. J. Remote Sens. 35, 4923-4939, 2014. doi:10.1080/01431161.2014.930207
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.mrv.sampling.estimators import Scheme, mean_of, ratio, total_of
from tanhui.mrv.sampling.model import Layout, SampleEstimate
from tanhui.mrv.sampling.refusals import Selection, refuse_purposive
from tanhui.mrv.sampling.size import sample_size
from tanhui.mrv.sampling.student import t_two_sided

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["AreaEstimates", "area_estimates", "area_sample_size", "from_error_matrix"]


@dataclass(frozen=True, slots=True)
class AreaEstimates:
    """Areas and accuracies by class, with standard errors; arrays in the order of ``labels``.

    Attributes
    ----------
    labels : tuple of str, length q
        Classes.
    proportions : ndarray of float, shape (q, q)
        Error matrix as shares of the area: rows the map, columns the reference.
    area_ha, area_se_ha, mapped_ha : ndarray of float, shape (q,)
        Estimated area, its standard error, and what the map says, in the unit the areas came in. [ha]
    users, users_se, producers, producers_se : ndarray of float, shape (q,)
        User's and producer's accuracy; NaN where a class has neither map nor reference in the sample. [1]
    overall, overall_se : float
        Overall accuracy. [1]
    reference, layout, scheme
        The sample itself, for :meth:`net`: indicators of the reference class, where they lie, how strata were used.
    """

    labels: tuple[str, ...]
    proportions: NDArray[np.float64]
    area_ha: NDArray[np.float64]
    area_se_ha: NDArray[np.float64]
    mapped_ha: NDArray[np.float64]
    users: NDArray[np.float64]
    users_se: NDArray[np.float64]
    producers: NDArray[np.float64]
    producers_se: NDArray[np.float64]
    overall: float
    overall_se: float
    reference: NDArray[np.float64]
    layout: Layout
    scheme: Scheme

    def interval_ha(self, confidence: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper ends of the areas' normal intervals, as in [1]_."""
        half = t_two_sided(confidence, math.inf) * self.area_se_ha
        return self.area_ha - half, self.area_ha + half

    def net(self, weights: Mapping[str, float]) -> SampleEstimate:
        """A sum of class areas with signs, such as ``{"gain": 1, "loss": -1}``, with the covariance between them.

        Raises
        ------
        DomainError
            If a class is not one of ours.
        """
        unknown = sorted(set(weights) - set(self.labels))
        if unknown:
            raise DomainError("sampling.unknown_class", classes=", ".join(unknown))
        sign = np.array([weights.get(label, 0.0) for label in self.labels])
        return total_of(self.reference @ sign, self.layout, self.scheme)


def area_estimates(
    mapped: Sequence[str],
    reference: Sequence[str],
    area_ha: Mapping[str, float],
    *,
    selection: Selection,
    stratum: Sequence[str] | None = None,
    scheme: Scheme = "stratified",
    population: Mapping[str, float] | None = None,
) -> AreaEstimates:
    """Areas and accuracies from sample units with a map class and a reference class.

    Parameters
    ----------
    mapped, reference : sequence of str, length n
        Class of each unit on the map and in the reference.
    area_ha : mapping
        Area of each stratum, in any unit of area.
    selection : str
        How the units were chosen; anything but a draw by chance is refused.
    stratum : sequence of str, optional
        Stratum of each unit where strata are not the classes of the map.
    scheme : {"stratified", "post_stratified"}
        ``post_stratified`` for a simple random or systematic sample with map classes as post-strata.
    population : mapping, optional
        Units (pixels) that each stratum holds, for the finite correction of [2]_; [1]_ leaves it out.

    Raises
    ------
    DomainError
        If the units were not drawn by chance, lengths differ, or a stratum has fewer than two units.
    """
    refuse_purposive(selection, "area_estimates")
    if len(mapped) != len(reference) or (stratum is not None and len(stratum) != len(mapped)):
        raise DomainError("sampling.wrong_length", found=len(reference), wanted=len(mapped))
    layout = Layout.of(mapped if stratum is None else stratum, area_ha, population=population)
    known = area_ha if stratum is None else {}
    labels = tuple(dict.fromkeys([*known, *sorted({*map(str, mapped), *map(str, reference)})]))
    on_map, in_truth = _indicators(mapped, labels), _indicators(reference, labels)
    agreed = on_map * in_truth
    cells = mean_of((on_map[:, :, None] * in_truth[:, None, :]).reshape(layout.n, -1), layout, scheme)
    areas, counted = total_of(in_truth, layout, scheme), total_of(on_map, layout, scheme)
    right = mean_of(agreed.sum(axis=1), layout, scheme)
    users, users_se = _accuracy(agreed, on_map, layout, scheme)
    producers, producers_se = _accuracy(agreed, in_truth, layout, scheme)
    return AreaEstimates(
        labels,
        np.asarray(cells.value).reshape(len(labels), len(labels)),
        np.asarray(areas.value),
        np.asarray(areas.se),
        np.asarray(counted.value),
        users,
        users_se,
        producers,
        producers_se,
        float(right.value),
        float(right.se),
        in_truth,
        layout,
        scheme,
    )


def from_error_matrix(
    counts: ArrayLike, labels: Sequence[str], area_ha: Sequence[float], *, selection: Selection
) -> AreaEstimates:
    """Areas and accuracies from an error matrix of sample counts: rows the map's classes, which are the strata.

    Parameters
    ----------
    counts : array_like of int, shape (q, q)
        Rows the map, columns the reference.
    labels : sequence of str, length q
        Classes.
    area_ha : sequence of float, length q
        Mapped area of each class.
    selection
        As in :func:`area_estimates`.

    Raises
    ------
    DomainError
        As in :func:`area_estimates`, and if the matrix is not one of counts.
    """
    matrix = np.asarray(counts, float)
    size = (len(labels), len(labels))
    whole = matrix.shape == size and np.isfinite(matrix).all() and (matrix >= 0).all() and (matrix % 1 == 0).all()
    if not whole or len(area_ha) != len(labels):
        raise DomainError("sampling.not_an_error_matrix", classes=len(labels))
    row, column = (np.repeat(at.ravel(), matrix.astype(int).ravel()).tolist() for at in np.indices(size))
    areas = dict(zip(labels, area_ha, strict=True))
    return area_estimates([labels[i] for i in row], [labels[j] for j in column], areas, selection=selection)


def area_sample_size(area_ha: Sequence[float], users: Sequence[float], overall_se: float) -> int:
    """Sample units for a wanted standard error of the overall accuracy: eq. 13 of [1]_ for a large area.

    Parameters
    ----------
    area_ha : sequence of float
        Mapped areas of the classes, or their shares.
    users : sequence of float
        Expected user's accuracy of each class. [1]
    overall_se : float
        Wanted standard error of the overall accuracy. [1]
    """
    shares = np.asarray(users, float)
    half = t_two_sided(0.95, math.inf) * overall_se
    return sample_size(area_ha, np.sqrt(shares * (1 - shares)), half, confidence=0.95, rule="normal").n


def _indicators(classes: Sequence[str], labels: tuple[str, ...]) -> NDArray[np.float64]:
    """One column of 0 and 1 for each class."""
    found: NDArray[np.float64] = (np.array([str(c) for c in classes])[:, None] == np.array(labels)).astype(float)
    return found


def _accuracy(
    agreed: NDArray[np.float64], of: NDArray[np.float64], layout: Layout, scheme: Scheme
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of ``of`` that is agreed, and its standard error, class by class; NaN for a class that never occurs."""
    value, se = (np.full(of.shape[1], np.nan) for _ in range(2))
    there = of.any(axis=0)
    found = ratio(agreed[:, there], of[:, there], layout, scheme)
    value[there], se[there] = found.value, found.se
    return value, se
