"""How often chance alone gives what was seen: exact and Monte Carlo tests, and the rate of false alarms. Pure.

scipy.stats takes a second to import; the distributions themselves are in scipy.special.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanhui.kernel.randoms import stream

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "benjamini_hochberg",
    "binomial_upper",
    "normal_upper",
    "paired_t",
    "signed_rank",
    "spread_upper",
    "uniform_digits",
]

#: From this number of differences on the signed rank sum is as good as normal.
EXACT_RANKS = 40
#: Fewer expected in a cell than this and chi-square is drawn instead of looked up.
SMALL_CELL = 5.0
DRAWS = 9999


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values; those at most q are the discoveries at the false discovery rate q.

    Benjamini & Hochberg, J. R. Stat. Soc. B 57, 289-300, 1995. Where nothing is wrong anywhere, the chance that any
    is at most q is q: what is called the rate of false alarms here.
    """
    values = np.asarray(p, float)
    if not values.size:
        return values
    order = np.argsort(values)
    ranked = values[order] * values.size / np.arange(1, values.size + 1)
    adjusted = np.empty_like(ranked)
    adjusted[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return adjusted


def binomial_upper(count: ArrayLike, n: ArrayLike, share: ArrayLike) -> NDArray[np.float64]:
    """P(X >= count) of a binomial."""
    from scipy import special

    k, trials = np.asarray(count, np.int64), np.asarray(n, np.int64)
    tail = np.where(k > trials, 0.0, special.bdtrc(np.maximum(k - 1, 0).astype(float), trials, share))
    return np.where(k <= 0, 1.0, tail)


def normal_upper(z: ArrayLike) -> NDArray[np.float64]:
    """P(Z >= z) of a standard normal."""
    from scipy import special

    return np.asarray(special.ndtr(-np.asarray(z, float)))


def paired_t(differences: NDArray[np.float64]) -> float:
    """Two-sided p of Student's paired test, exact for normal differences; 1 with fewer than two."""
    from scipy import special

    n = len(differences)
    if n < 2:
        return 1.0
    mean, sd = float(differences.mean()), float(differences.std(ddof=1))
    if sd == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * special.stdtr(n - 1, -abs(mean) / sd * np.sqrt(n)))


def signed_rank(differences: NDArray[np.float64]) -> float:
    """Two-sided p of Wilcoxon's signed rank test, zeros left out, ties by the mean of their ranks.

    Exact, ties and all, for up to 40 differences: the distribution of the rank sum over all signs, built up one
    difference at a time. Normal with the ties' variance beyond.
    """
    from scipy import special

    given = differences[differences != 0]
    n = len(given)
    if n == 0:
        return 1.0
    # Differences of readings are tenths; what binary adds to them must not part ties.
    size = np.round(np.abs(given), 9)
    _, inverse, counts = np.unique(size, return_inverse=True, return_counts=True)
    doubled = (2 * np.cumsum(counts) - counts + 1)[inverse]  # twice the mean rank of each
    total, seen = int(doubled.sum()), int(doubled[given > 0].sum())
    if n > EXACT_RANKS:
        z = (abs(seen - total / 2) - 1) / np.sqrt((doubled.astype(float) ** 2).sum() / 4)
        return float(min(2 * special.ndtr(-z), 1.0))
    ways = np.zeros(total + 1)
    ways[0] = 1.0
    for rank in doubled:
        ways[rank:] = ways[rank:] + ways[:-rank]
    ways /= ways.sum()
    return float(min(2 * min(ways[: seen + 1].sum(), ways[seen:].sum()), 1.0))


def spread_upper(differences: NDArray[np.float64], sd: float) -> float:
    """P that normal differences of standard deviation ``sd`` scatter as much about their mean as these; 1 below two."""
    from scipy import special

    n = len(differences)
    if n < 2:
        return 1.0
    return float(special.chdtrc(n - 1, ((differences - differences.mean()) ** 2).sum() / sd**2))


def uniform_digits(counts: NDArray[np.float64], *path: str) -> float:
    """P of Pearson's chi-square against equal chances of ten digits.

    Looked up where at least five are expected of each, else from 9,999 draws of a stream named by ``path``.
    """
    from scipy import special

    n = counts.sum()
    expected = n / len(counts)
    statistic = ((counts - expected) ** 2).sum() / expected
    if expected >= SMALL_CELL:
        return float(special.chdtrc(len(counts) - 1, statistic))
    drawn = stream(0, "uniform digits", *path).multinomial(int(n), np.full(len(counts), 1 / len(counts)), DRAWS)
    as_large = (((drawn - expected) ** 2).sum(axis=1) / expected >= statistic * (1 - 1e-12)).sum()
    return float((1 + as_large) / (1 + DRAWS))
