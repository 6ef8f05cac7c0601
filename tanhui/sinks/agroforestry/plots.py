"""Plants on plots as means per hectare, with the error of having seen only some plots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.units import convert

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["PerHectare", "per_hectare"]

KG_PER_T = 1000.0
SAMPLING = "sampling"


@dataclass(frozen=True, slots=True)
class PerHectare:
    """A quantity per hectare with errors of its own, by source."""

    value: float = 0.0
    own_se: Mapping[str, float] = field(default_factory=dict)

    def times(self, factor: float) -> PerHectare:
        """The same in another unit, or for another area."""
        return PerHectare(self.value * factor, {name: se * abs(factor) for name, se in self.own_se.items()})

    def plus(self, other: PerHectare) -> PerHectare:
        """Both together, errors taken as independent."""
        names = {**self.own_se, **other.own_se}
        errors = {n: float(np.hypot(self.own_se.get(n, 0.0), other.own_se.get(n, 0.0))) for n in names}
        return PerHectare(self.value + other.value, errors)


def per_hectare(rows: Mapping[str, NDArray[Any]], of_row: Array, variance: Array | None = None) -> PerHectare:
    """Mean over plots by area, of what each row holds.

    Parameters
    ----------
    rows : mapping
        With ``plot`` and ``plot_area_m2``.
    of_row : ndarray, shape (n,)
        What the plants of a row hold together, in any unit.
    variance : ndarray, shape (n,), optional
        Variance of it by the scatter of single plants.

    Returns
    -------
    PerHectare
        In that unit per hectare; the sampling error is that of a ratio estimator, none for a single plot.
    """
    _, first, place = np.unique(rows["plot"].astype(str), return_index=True, return_inverse=True)
    area = convert(rows["plot_area_m2"][first].astype(float), "m2", "ha")
    total = np.bincount(place, weights=of_row, minlength=len(first))
    mean, n = total.sum() / area.sum(), len(first)
    errors = {}
    if n > 1 and (se := float(np.sqrt(((total - mean * area) ** 2).sum() / (n * (n - 1))) / area.mean())) > 0:
        errors[SAMPLING] = se
    if variance is not None and (scatter := float(np.sqrt(variance.sum()) / area.sum())) > 0:
        errors["residual"] = scatter
    return PerHectare(float(mean), errors)
