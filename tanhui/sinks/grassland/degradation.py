"""Classes of degradation by how much cover or yield is lost against grassland that is not degraded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CLASSES", "degradation_class", "loss_share"]

#: In order of loss.
CLASSES = ("none", "light", "moderate", "severe")


def loss_share(now: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """Share lost against the reference; none where there is more, NaN where either is missing. [1]"""
    return np.asarray(np.maximum(0.0, 1.0 - np.asarray(now, float) / np.asarray(reference, float)))


def degradation_class(
    cover_loss: ArrayLike, yield_loss: ArrayLike, begins: Callable[[str], float]
) -> NDArray[np.int64]:
    """The worse class of the two losses, as a place in :data:`CLASSES`; -1 where neither is known.

    Parameters
    ----------
    cover_loss, yield_loss : array_like of float, shape (n,)
        Shares lost, NaN where unknown. [1]
    begins : callable
        The loss from which a class begins, by ``cover/<class>`` or ``yield/<class>``. [1]
    """
    worst = np.full(np.broadcast_shapes(np.shape(cover_loss), np.shape(yield_loss)), -1, dtype=np.int64)
    for measure, lost in (("cover", cover_loss), ("yield", yield_loss)):
        edges = [begins(f"{measure}/{name}") for name in CLASSES[1:]]
        share = np.asarray(lost, float)
        known = np.isfinite(share)
        # A loss of 0.11 computed as 1 - 0.89 must not fall short of 0.11.
        found = np.searchsorted(edges, np.where(known, np.round(share, 12), 0.0), side="right")
        worst = np.maximum(worst, np.where(known, found, -1))
    return worst
