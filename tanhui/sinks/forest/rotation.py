"""Stands that are thinned, harvested and planted again, and the stock they hold on the long average."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.errors import DomainError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
__all__ = ["Cut", "Rotation", "StandPath", "long_term_average", "stand_path"]


@dataclass(frozen=True, slots=True)
class Cut:
    """A thinning: the share of the standing stock removed at an age."""

    age_yr: float
    removed_share: float


@dataclass(frozen=True, slots=True)
class Rotation:
    """Thinnings, and a final harvest with replanting, repeated.

    ``keeps_increment`` says what a thinned stand does: False, it grows in proportion to what is left (cautious, and
    the default); True, it goes on growing as the curve says, as in a table of gross growth. Trees left at a final
    harvest stay and do not grow.
    """

    thinnings: tuple[Cut, ...] = ()
    harvest_age_yr: float | None = None
    removed_share: float = 1.0
    replant: bool = True
    delay_yr: float = 0.0
    keeps_increment: bool = False

    def __post_init__(self) -> None:
        ages = [cut.age_yr for cut in self.thinnings] + ([] if self.harvest_age_yr is None else [self.harvest_age_yr])
        rising = all(young < old for young, old in pairwise([0.0, *ages]))
        shares = [cut.removed_share for cut in self.thinnings] + [self.removed_share]
        if not rising or not all(0 < share <= 1 for share in shares) or self.delay_yr < 0:
            raise DomainError("growth.bad_rotation")

    @property
    def cycle_yr(self) -> float | None:
        """Years from planting to the next planting; None where the stand is not planted again. [yr]"""
        return self.harvest_age_yr + self.delay_yr if self.harvest_age_yr is not None and self.replant else None


@dataclass(frozen=True, slots=True, eq=False)
class StandPath:
    """A stand through time: what stands, and each cut with the stock just before and after it."""

    time_yr: NDArray[np.float64]
    stock: NDArray[np.float64]
    cut_yr: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch without cuts, from ``start``: stock = offset + keep * growth(time - planted)."""

    start: float
    planted: float
    offset: float
    keep: float


Growth = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]


def stand_path(growth: Growth, time_yr: ArrayLike, rotation: Rotation | None = None) -> StandPath:
    """Stock of a stand at times since planting, under thinnings, harvests and replanting.

    Parameters
    ----------
    growth : callable
        Stock at an age (array in, array out), for example ``curve.value``.
    time_yr : array_like of float, shape (n,)
        Years since the first planting; zero stock before it. At the moment of a cut, the stock just after it.
    """
    time = np.atleast_1d(np.asarray(time_yr, float))
    stretches, cuts = _stretches(growth, float(time.max(initial=0.0)), rotation or Rotation())
    index = np.searchsorted([s.start for s in stretches], time, side="right") - 1
    planted, offset, keep = (
        np.array([getattr(s, name) for s in stretches])[np.maximum(index, 0)] for name in ("planted", "offset", "keep")
    )
    grown = growth(np.maximum(time - planted, 0.0)) - growth(np.zeros(1))
    stock = np.where(time >= 0, offset + keep * grown, 0.0)
    cut_yr, before, after = (np.array([cut[i] for cut in cuts], float) for i in range(3))
    return StandPath(time, stock, cut_yr, before, after)


def _stretches(
    growth: Growth, until_yr: float, rotation: Rotation
) -> tuple[list[_Stretch], list[tuple[float, float, float]]]:
    """The stretches up to a time, and the cuts (time, before, after) between them.

    What a curve shows at age zero is not growth and is taken off, so that a planted stand starts from nothing.
    """
    stretches = [_Stretch(0.0, 0.0, 0.0, 1.0)]
    cuts: list[tuple[float, float, float]] = []

    def cut(time: float, share: float, replanted: float | None) -> None:
        last = stretches[-1]
        grown = float((growth(np.array([time - last.planted])) - growth(np.zeros(1)))[0])
        before = last.offset + last.keep * grown
        after = (1 - share) * before
        cuts.append((time, before, after))
        if replanted is not None:
            stretches.append(_Stretch(time, replanted, after, 1.0 if np.isfinite(replanted) else 0.0))
        elif rotation.keeps_increment:
            stretches.append(_Stretch(time, last.planted, after - last.keep * grown, last.keep))
        else:
            stretches.append(_Stretch(time, last.planted, last.offset * (1 - share), last.keep * (1 - share)))

    start = 0.0
    while start <= until_yr:
        for thinning in rotation.thinnings:
            if start + thinning.age_yr <= until_yr:
                cut(start + thinning.age_yr, thinning.removed_share, None)
        if rotation.harvest_age_yr is None or start + rotation.harvest_age_yr > until_yr:
            break
        harvest = start + rotation.harvest_age_yr
        start = harvest + rotation.delay_yr if rotation.replant else np.inf
        cut(harvest, rotation.removed_share, start)
    return stretches, cuts


def long_term_average(growth: Growth, rotation: Rotation, *, cycles: int = 1, convert: Growth = np.asarray) -> float:
    """Mean stock over whole cycles from planting to the next planting: the cap of a harvested stand's claim.

    ``convert`` turns the curve's stock into the one averaged, for example volume into t CO2. Each stretch between
    cuts is integrated by Gauss-Legendre quadrature.
    """
    if rotation.cycle_yr is None:
        raise DomainError("growth.no_cycle")
    end = cycles * rotation.cycle_yr
    stretches, _ = _stretches(growth, np.nextafter(end, 0), rotation)
    edges = sorted({s.start for s in stretches} | {s.planted for s in stretches if s.planted < end} | {end})
    nodes, weights = np.polynomial.legendre.leggauss(48)
    total = 0.0
    for low, high in pairwise(edges):
        path = stand_path(growth, (low + high) / 2 + (high - low) / 2 * nodes, rotation)
        total += float(weights @ convert(path.stock)) * (high - low) / 2
    return total / end
