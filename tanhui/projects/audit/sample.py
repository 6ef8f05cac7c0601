"""Where an auditor goes: a risk-based sample of plots or parcels, with probabilities that can be used afterwards. Pure.

A site is drawn with a probability in proportion to its size in the claim times its risk, within strata, each of which
gets one at least; sites whose share would be one or more are taken for certain (Särndal, Swensson & Wretman 1992, 3.6).
The draw is systematic along a random order (Goodman & Kish 1950): one start moves through the sites laid end to end, so
the stated probabilities hold exactly. The order comes from a hash of seed and name, so it does not depend on how the
sites are listed.

What the auditor finds on the sample speaks for all sites by Horvitz and Thompson's estimator. Systematic draws know no
exact variance; Hájek's approximation for fixed sizes of a randomised order is used (Hájek 1964).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import DomainError
from tanhui.kernel.randoms import key64, stream
from tanhui.mrv.sampling import SampleEstimate
from tanhui.projects.audit.rules import audit_limit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Draw", "Drawn", "Site", "allocate", "draw_sites", "drawn_sites", "extrapolate", "inclusion", "sites_wanted"]

#: Room for rounding where probabilities are laid end to end.
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Site:
    """A place that may be visited.

    Attributes
    ----------
    size : float
        Tonnes of the claim that rest on it, whatever their sign. [t CO2e]
    risk : float
        How many times as likely it is drawn for what is suspected of it; 1 for nothing. [1]
    """

    id: str
    stratum: str
    size: float
    risk: float = 1.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A site that was drawn, with the probability that it would be."""

    id: str
    stratum: str
    probability: float

    @property
    def certain(self) -> bool:
        """Whether it had to be drawn."""
        return self.probability >= 1 - TINY


@dataclass(frozen=True, slots=True)
class Draw:
    """A sample of sites, and what it takes to draw it again."""

    sites: tuple[Drawn, ...]
    seed: int
    population: int

    def to_dict(self) -> dict[str, Any]:
        """As the journal keeps it."""
        return {
            "drawn": [one.id for one in self.sites],
            "strata": [one.stratum for one in self.sites],
            "probabilities": [one.probability for one in self.sites],
            "seed": self.seed,
            "population": self.population,
        }


def sites_wanted(population: int, strata: int) -> int:
    """How many sites an auditor visits: a share of them, a fewest number, one a stratum; never more than there are."""
    share = math.ceil(audit_limit("sites_share") * population - TINY)
    return min(population, max(share, int(audit_limit("sites_min")), strata))


def inclusion(measure: ArrayLike, count: int) -> NDArray[np.float64]:
    """Probability of each site in a draw of ``count``, in proportion to its measure, at most 1.

    Raises
    ------
    DomainError
        If a measure is no positive number, or more are wanted than there are.
    """
    size = np.asarray(measure, float)
    if not (np.isfinite(size) & (size > 0)).all() or not 0 <= count <= len(size):
        raise DomainError("audit.sample_impossible", count=count, sites=len(size))
    found = np.zeros(len(size))
    while True:
        certain = found >= 1 - TINY
        left = count - int(certain.sum())
        if not left:
            return found
        found[~certain] = left * size[~certain] / size[~certain].sum()
        if not (found[~certain] >= 1 - TINY).any():
            return found
        found[found >= 1 - TINY] = 1.0


def allocate(sizes: dict[str, float], counts: dict[str, int], total: int) -> dict[str, int]:
    """How many sites of each stratum: one at least, the rest by size and largest remainder, no more than there are."""
    found = dict.fromkeys(sorted(sizes), 1)
    left = total - len(found)
    whole = math.fsum(sizes.values())
    wanted = {name: max(total * sizes[name] / whole - 1, 0.0) if whole else 0.0 for name in found}
    for _ in range(max(left, 0)):
        open_ = [name for name in found if found[name] < counts[name]]
        if not open_:
            break
        name = max(open_, key=lambda name: (wanted[name] - (found[name] - 1), name))
        found[name] += 1
    return found


def draw_sites(sites: Iterable[Site], count: int, seed: int, *path: str) -> Draw:
    """A sample of ``count`` sites, at least one a stratum.

    Parameters
    ----------
    sites : iterable of Site
        In any order: the draw does not depend on it.
    count : int
        How many; raised to the number of strata.
    seed : int
        Of the audit; the same seed and sites give the same draw.
    path : str
        What the draw is for, so that two draws of one audit are independent.

    Raises
    ------
    DomainError
        If there are none, one is named twice, or fewer than are wanted.
    """
    listed = sorted(sites, key=lambda one: one.id)
    if not listed or len({one.id for one in listed}) < len(listed) or count > len(listed):
        raise DomainError("audit.sample_impossible", count=count, sites=len(listed))
    # A site on which nothing rests may be drawn all the same: it may be wrong that nothing does.
    floor = max(max(one.size for one in listed) * TINY, TINY)
    measure = {one.id: max(one.size, floor) * one.risk for one in listed}
    strata: dict[str, list[Site]] = {}
    for one in listed:
        strata.setdefault(one.stratum, []).append(one)
    sizes = {name: math.fsum(measure[one.id] for one in mine) for name, mine in strata.items()}
    counts = allocate(sizes, {name: len(mine) for name, mine in strata.items()}, max(count, len(strata)))
    drawn: list[Drawn] = []
    for name, mine in strata.items():
        order = sorted(mine, key=lambda one: key64(seed, *path, "order", one.id))
        share = inclusion([measure[one.id] for one in order], counts[name])
        start = float(stream(seed, *path, "start", name).random())
        picked = systematic(share, start)
        drawn += [Drawn(order[at].id, name, float(share[at])) for at in picked]
    return Draw(tuple(sorted(drawn, key=lambda one: one.id)), seed, len(listed))


def systematic(share: NDArray[np.float64], start: float) -> list[int]:
    """Sites hit by start, start + 1, … on a line on which each takes as much room as its probability."""
    ends = np.cumsum(share)
    ends[-1] = round(ends[-1])  # the probabilities add up to a whole number, rounding apart
    hits = np.ceil(ends - start - TINY) - np.ceil(np.concatenate([[0.0], ends[:-1]]) - start - TINY)
    return np.flatnonzero(hits > 0.5).tolist()


def extrapolate(values: ArrayLike, probability: ArrayLike, strata: Sequence[str]) -> SampleEstimate:
    """What values of drawn sites say about the sum over all sites (Horvitz & Thompson), with Hájek's variance.

    Strata of which a single site was left to chance are put together for the variance, which makes it larger and never
    smaller than it is on the average.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        Of each drawn site.
    probability : array_like of float, shape (n,)
        Its probability of being drawn.
    strata : sequence of str, shape (n,)

    Returns
    -------
    SampleEstimate
        ``df``: sites left to chance less the groups they were drawn in, one at least.
    """
    y, p = np.asarray(values, float), np.asarray(probability, float)
    chance = p < 1 - TINY
    group = np.array(strata, object)
    alone = {name for name in set(group[chance]) if (chance & (group == name)).sum() == 1}
    group[np.isin(group, list(alone))] = "" if len(alone) > 1 else max(sorted(set(group[chance]) - alone), default="")
    variance, df = 0.0, 0
    for name in sorted(set(group[chance])):
        mine = chance & (group == name)
        n = int(mine.sum())
        if n < 2:  # nothing to compare it with: all of it may be chance
            variance += float(((1 - p[mine]) * (y[mine] / p[mine]) ** 2).sum())
            continue
        expanded, weight = y[mine] / p[mine], 1 - p[mine]
        centre = (weight * expanded).sum() / weight.sum()
        variance += n / (n - 1) * float((weight * (expanded - centre) ** 2).sum())
        df += n - 1
    return SampleEstimate(float((y / p).sum()), variance, max(df, 1), len(y))


def drawn_sites(draws: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, float]]:
    """Stratum and probability of everything that several draws took; what had several chances had one of them."""
    found: dict[str, tuple[str, float]] = {}
    for draw in draws:
        for name, stratum, p in zip(draw["drawn"], draw["strata"], draw["probabilities"], strict=True):
            before = found.get(name, ("", 0.0))[1]
            found[name] = (stratum, 1 - (1 - before) * (1 - p))
    return found
