"""Copied plots: tree lists that are more alike than those of two plots can be. Pure.

Two tests for every pair of plots, and for every plot and every other plot of the visit before:

* *the same sizes*, whatever their order. T counts the diameters two plots share, one to one. What chance gives is E:
  the coarse distribution of the other plot stays, its tenths are drawn anew (every diameter spread over half a
  centimetre to either side, by the digits that this survey uses). P(X >= T) of a binomial with the smaller number of
  trees and the mean share E / n bounds the true tail (Hoeffding 1956).
* *the same order*, whatever the tenths. The sizes of the k-th trees of two lists have nothing to do with each other; a
  copy whose numbers were changed a little gives itself away. Correlation of the normal scores of ranks, by Student's t.
  Lists that are sorted by size say nothing and are left out.

And a visit that was invented from the one before: most trees of a plot grew by the very same amount, perhaps by none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanhui.projects.field.chance import benjamini_hochberg, binomial_upper
from tanhui.projects.field.limits import limit
from tanhui.projects.field.model import Finding, Tested

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from tanhui.projects.field.survey import FieldSurvey

__all__ = ["copy_findings", "list_correlation", "shared_sizes"]

#: A diameter is spread over so many tenths to either side.
SPREAD = 5
#: A list whose sizes follow their order this surely is sorted.
SORTED = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """Tree lists of plots as arrays: tenths of a centimetre, NaN beyond the end of a list; shape (plots, longest)."""

    names: tuple[str, ...]
    tenths: NDArray[np.float64]

    @classmethod
    def of(cls, trees: pd.DataFrame) -> Lists:
        """The lists long enough to say something, in the order of the sheet."""
        given = trees[np.isfinite(trees["dbh_cm"].to_numpy(float))]
        groups = {
            str(name): np.rint(rows["dbh_cm"].to_numpy(float) * 10) for name, rows in given.groupby("location_id")
        }
        groups = {name: rows for name, rows in groups.items() if len(rows) >= limit("copies_trees_least")}
        longest = max((len(rows) for rows in groups.values()), default=0)
        table = np.full((len(groups), longest), np.nan)
        for place, rows in enumerate(groups.values()):
            table[place, : len(rows)] = rows
        return cls(tuple(groups), table)

    @property
    def counts(self) -> NDArray[np.float64]:
        """Trees of each plot."""
        there: NDArray[np.float64] = np.isfinite(self.tenths).sum(axis=1).astype(float)
        return there


def shared_sizes(first: Lists, second: Lists) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Diameters that each plot of one has in common with each of the other, and a bound of the chance of so many.

    Shapes (plots of first, plots of second). The sum of min(a, b) over sizes is a sum over m of how often both have at
    least m, so all pairs are one product of matrices for each m; and the same with P(Poisson >= m) for what is
    expected.
    """
    from scipy import special

    every = np.concatenate([first.tenths[np.isfinite(first.tenths)], second.tenths[np.isfinite(second.tenths)]])
    low, width = int(every.min()) - SPREAD, int(np.ptp(every)) + 2 * SPREAD + 1
    a, b = _histogram(first, low, width), _histogram(second, low, width)
    digit = (np.arange(width) + low) % 10
    used = np.bincount(np.rint(every).astype(int) % 10, minlength=10) / every.size * 10
    smooth = [_smoothed(counts) * used[digit] for counts in (a, b)]
    shared = np.zeros((len(a), len(b)))
    expected = np.zeros((2, len(a), len(b)))
    for m in range(1, int(min(a.max(), b.max())) + 1):
        shared += (a >= m).astype(float) @ (b >= m).T
        expected[0] += (a >= m).astype(float) @ special.pdtrc(m - 1, smooth[1]).T
        expected[1] += special.pdtrc(m - 1, smooth[0]) @ (b >= m).T
    fewest = np.minimum.outer(first.counts, second.counts)
    share = np.minimum(expected.max(axis=0) / fewest, 1.0)
    return shared, binomial_upper(shared, fewest, share)


def _histogram(lists: Lists, low: int, width: int) -> NDArray[np.float64]:
    """How often each plot has each size."""
    row, column = np.nonzero(np.isfinite(lists.tenths))
    at = row * width + (lists.tenths[row, column].astype(int) - low)
    return np.bincount(at, minlength=len(lists.names) * width).reshape(-1, width).astype(float)


def _smoothed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each count spread evenly over its neighbours."""
    padded = np.pad(counts, ((0, 0), (SPREAD + 1, SPREAD)))
    sums = np.cumsum(padded, axis=1)
    window = 2 * SPREAD + 1
    return (sums[:, window:] - sums[:, :-window]) / window


def list_correlation(first: Lists, second: Lists) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correlation of the k-th trees of two lists, and one-sided p; NaN for sorted or short lists."""
    from scipy import special

    length = min(first.tenths.shape[1], second.tenths.shape[1])
    a, b = (_scores(lists)[:, :length] for lists in (first, second))
    there = [np.isfinite(x).astype(float) for x in (a, b)]
    x, y = np.nan_to_num(a), np.nan_to_num(b)
    n = there[0] @ there[1].T
    sums = [x @ there[1].T, there[0] @ y.T]
    squares = [x**2 @ there[1].T, there[0] @ (y**2).T]
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = x @ y.T - sums[0] * sums[1] / n
        scale = np.sqrt((squares[0] - sums[0] ** 2 / n) * (squares[1] - sums[1] ** 2 / n))
        r = np.clip(covariance / scale, -1 + 1e-12, 1 - 1e-12)
        t = r * np.sqrt((n - 2) / (1 - r**2))
        p = np.where(n >= limit("copies_order_least"), special.stdtr(np.maximum(n - 2, 1), -t), np.nan)
    return r, p


def _scores(lists: Lists) -> NDArray[np.float64]:
    """Normal scores of the ranks in each list, NaN throughout where the list is sorted by size."""
    from scipy import special

    given = np.isfinite(lists.tenths)
    n = given.sum(axis=1, keepdims=True)
    # Ties by where they stand, which does no harm: a rank either way.
    rank = np.argsort(np.argsort(np.where(given, lists.tenths, np.inf), axis=1, kind="stable"), axis=1) + 1.0
    scores = np.where(given, special.ndtri((rank - 0.375) / (n + 0.25)), np.nan)
    place = np.where(given, np.arange(given.shape[1]) - (n - 1) / 2, 0.0)
    filled = np.nan_to_num(scores)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (filled * place).sum(axis=1) / np.sqrt((filled**2).sum(axis=1) * (place**2).sum(axis=1))
        t = np.abs(r) * np.sqrt((n[:, 0] - 2) / np.maximum(1 - r**2, 1e-12))
        is_sorted = 2 * special.stdtr(np.maximum(n[:, 0] - 2, 1), -t) < SORTED
    scores[is_sorted | ~np.isfinite(r)] = np.nan
    return scores


def copy_findings(survey: FieldSurvey, before: FieldSurvey | None) -> Iterator[tuple[Tested, list[Finding]]]:
    """Plots copied from each other or from an earlier visit."""
    now = Lists.of(survey.trees)
    then = None if before is None else Lists.of(before.trees)
    for check, measure in (("copied_sizes", shared_sizes), ("copied_order", list_correlation)):
        pairs = _pairs(now, now, measure, "") if len(now.names) > 1 else []
        if then is not None and len(then.names) and len(now.names):
            pairs += _pairs(now, then, measure, _day(before))
        yield _judged(check, pairs, now)
    if before is not None:
        yield grown_alike(survey, before)


Pair = tuple[str, str, str, float, float]


def _pairs(now: Lists, other: Lists, measure: object, day: str) -> list[Pair]:
    """Every pair once, a plot not with itself: plot, other plot, day of the other's visit, evidence, p."""
    evidence, p = measure(now, other)  # type: ignore[operator]
    wanted = np.triu(np.ones_like(p, bool), 1) if now is other else np.not_equal.outer(now.names, other.names)
    rows, columns = np.nonzero(wanted & np.isfinite(p))
    return [
        (now.names[i], other.names[j], day, float(evidence[i, j]), float(p[i, j]))
        for i, j in zip(rows, columns, strict=True)
    ]


def _day(survey: FieldSurvey | None) -> str:
    first = None if survey is None else survey.plots["visited"].min()
    return "" if first is None or first != first else f"{first:%Y-%m-%d}"


def _judged(check: str, pairs: list[Pair], lists: Lists) -> tuple[Tested, list[Finding]]:
    p = np.array([pair[4] for pair in pairs])
    q = benjamini_hochberg(p)
    counts = dict(zip(lists.names, lists.counts, strict=True))
    found = []
    for at in np.flatnonzero(q <= limit("alpha")):
        plot, other, day, evidence, _ = pairs[at]
        facts = {
            "shared": f"{evidence:.0f}",
            "n": int(counts[plot]),
            "r": f"{evidence:.2f}",
            "day": f" ({day})" if day else "",
        }
        found.append(Finding(check, plot, other=other, value=evidence, p=float(p[at]), q=float(q[at]), facts=facts))
    return Tested(check, len(pairs), len(found), float(p.min()) if len(p) else None), found


def grown_alike(survey: FieldSurvey, before: FieldSurvey) -> tuple[Tested, list[Finding]]:
    """Plots on which more trees grew by one and the same amount than readings allow."""
    keys = ["location_id", "tree_id"]
    both = survey.trees.merge(before.trees, on=keys, suffixes=("", "_before"))
    both = both[(both["status"] == "live") & (both["status_before"] == "live")]
    growth = np.rint((both["dbh_cm"] - both["dbh_cm_before"]).to_numpy(float) * 10)
    plot = both["location_id"].to_numpy(object)[np.isfinite(growth)]
    growth = growth[np.isfinite(growth)].astype(int)
    rows: list[tuple[str, int, int, float]] = []
    for name in sorted(set(plot)):
        mine = growth[plot == name]
        if len(mine) >= limit("copies_trees_least"):
            values, counts = np.unique(mine, return_counts=True)
            rows.append((name, int(counts.max()), len(mine), values[np.argmax(counts)] / 10))
    p = binomial_upper([row[1] for row in rows], [row[2] for row in rows], limit("growth_alike_share"))
    q = benjamini_hochberg(p)
    found = [
        Finding(
            "grown_alike",
            name,
            value=count / n,
            limit=limit("growth_alike_share"),
            p=float(p[at]),
            q=float(q[at]),
            facts={"count": count, "n": n, "growth": f"{amount:.1f}"},
        )
        for at, (name, count, n, amount) in enumerate(rows)
        if q[at] <= limit("alpha")
    ]
    return Tested("grown_alike", len(rows), len(found), float(p.min()) if len(p) else None), found
