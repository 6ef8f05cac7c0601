"""What must hold before an estimator may be used, and what is refused by name when it does not.

Design-based estimators need plots drawn with known chances. Model-based ones need plots that cover what the model is
asked to predict. Neither can say anything from plots that lie outside the auxiliaries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from tanhui.kernel.errors import DomainError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["PlotRange", "Selection", "refuse_outside_auxiliaries", "refuse_purposive"]

#: How plots were chosen. ``purposive``: by judgement; ``opportunistic``: where it was easy or data happened to exist.
Selection: TypeAlias = Literal["random", "stratified_random", "systematic", "purposive", "opportunistic", "unknown"]
PROBABILITY = ("random", "stratified_random", "systematic")
#: At most so many plots are named in a refusal.
NAMED = 10


def refuse_purposive(selection: Selection | str, estimator: str) -> None:
    """Refuse a design-based estimator where the plots were not drawn by chance.

    Raises
    ------
    DomainError
        ``sampling.not_a_probability_sample``, with the way out: model-based inference.
    """
    if selection not in PROBABILITY:
        raise DomainError("sampling.not_a_probability_sample", selection=selection, estimator=estimator)


def refuse_outside_auxiliaries(z: ArrayLike, names: Sequence[str] | None = None) -> None:
    """Refuse plots where an auxiliary has no value.

    Parameters
    ----------
    z : array_like of float, shape (n,) or (n, p)
        Auxiliaries at the plots, NaN where the raster has none.
    names : sequence of str, optional
        Names of the plots; numbered from 1 without it.

    Raises
    ------
    DomainError
        ``sampling.no_plot_on_auxiliaries`` where no plot overlaps them (a wrong sign or reference system, as a rule),
        ``sampling.plots_outside_auxiliaries`` where some do not.
    """
    values = np.asarray(z, float)
    outside = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if outside.all():
        raise DomainError("sampling.no_plot_on_auxiliaries", total=len(outside))
    if outside.any():
        every = [str(i + 1) for i in range(len(outside))] if names is None else list(names)
        named = [every[i] for i in np.flatnonzero(outside)]
        listed = ", ".join(named[:NAMED]) + (" ..." if len(named) > NAMED else "")
        raise DomainError("sampling.plots_outside_auxiliaries", count=len(named), total=len(outside), plots=listed)


@dataclass(frozen=True, slots=True)
class PlotRange:
    """Smallest and largest value of each auxiliary at the plots, to see where a model would have to extrapolate."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def of(cls, z: ArrayLike) -> PlotRange:
        """The range of auxiliaries at the plots, shape (n,) or (n, p)."""
        values = np.asarray(z, float).reshape(len(np.asarray(z)), -1)
        return cls(np.nanmin(values, axis=0), np.nanmax(values, axis=0))

    def outside(self, z: ArrayLike) -> NDArray[np.bool_]:
        """Where any auxiliary lies beyond the plots: (n, p) to (n,). Missing values lie nowhere."""
        values = np.asarray(z, float).reshape(len(np.asarray(z)), -1)
        beyond = (values < self.low) | (values > self.high)
        return np.asarray(beyond.any(axis=1), bool)

    def share_outside(self, z: ArrayLike) -> float:
        """Share of the area where the model would have to extrapolate; of points with values. [1]"""
        values = np.asarray(z, float).reshape(len(np.asarray(z)), -1)
        there = np.isfinite(values).all(axis=1)
        return float(self.outside(values[there]).mean()) if there.any() else 0.0
