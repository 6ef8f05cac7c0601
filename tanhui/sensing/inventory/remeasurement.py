"""The 10 % re-measurement: what two teams found on the same plots, and whether the survey passes.

Tolerances are data (``data/inventory/limits.toml``); they are recalled from the rules of the national inventory and
say so. The spread of the differences is also the survey's own measurement error, by which a reading by one team
scatters: standard deviation of the differences divided by the square root of two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault
from tanhui.kernel.parameters import Leaf
from tanhui.sensing.inventory.limits import limit, limits
from tanhui.sensing.inventory.plot_rows import completed
from tanhui.sensing.inventory.tree_rows import with_sample_heights

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from tanhui.sensing.inventory.workbook import Workbook

__all__ = ["Quality", "dbh_tolerance_cm", "height_tolerance_m", "judge", "remeasurement_faults"]


@dataclass(frozen=True, slots=True)
class Quality:
    """The verdict on a survey by its re-measurement.

    Attributes
    ----------
    trees : DataFrame
        One row per tree measured again: both readings, differences, tolerances, ``dbh_ok``, ``height_ok``.
    plots : DataFrame
        One row per plot measured again: trees compared, missed and added ones, share within tolerance, ``passed``.
    share : float
        Share of the measured plots that were measured again. [1]
    share_wanted : float
        What that share should be at least. [1]
    dbh_sd_cm, height_sd_m : float
        Standard deviation of one reading, from the differences; NaN with fewer than two. [cm], [m]
    leaves : tuple of Leaf
        The tolerances used.
    """

    trees: pd.DataFrame
    plots: pd.DataFrame
    share: float
    share_wanted: float
    dbh_sd_cm: float
    height_sd_m: float
    leaves: tuple[Leaf, ...]

    @property
    def passed(self) -> bool:
        """Whether enough plots were measured again and all of them passed."""
        return bool(self.share >= self.share_wanted and self.plots["passed"].all())

    def to_dict(self) -> dict[str, Any]:
        """As the report shows it."""
        return {
            "passed": self.passed,
            "share": self.share,
            "share_wanted": self.share_wanted,
            "dbh_sd_cm": self.dbh_sd_cm,
            "height_sd_m": self.height_sd_m,
            "plots": self.plots.to_dict("records"),
            "tolerances": [leaf.to_dict() for leaf in self.leaves],
        }


def dbh_tolerance_cm(dbh_cm: ArrayLike) -> NDArray[np.float64]:
    """Largest allowed difference of a diameter. [cm]"""
    dbh = np.asarray(dbh_cm, float)
    large = limit("dbh_tolerance_share") * dbh
    return np.where(dbh < limit("dbh_tolerance_break_cm"), limit("dbh_tolerance_cm"), large)


def height_tolerance_m(height_m: ArrayLike) -> NDArray[np.float64]:
    """Largest allowed difference of a height. [m]"""
    height = np.asarray(height_m, float)
    low = height < limit("height_tolerance_break_m")
    return height * np.where(low, limit("height_tolerance_low_share"), limit("height_tolerance_high_share"))


def remeasurement_faults(book: Workbook) -> list[Fault]:
    """What is wrong with the sheet itself: trees twice, or on plots whose trees have no numbers."""
    from tanhui.kernel.tables import listed_faults

    if "remeasured" not in book.tables:
        return []
    again = book.tables["remeasured"]
    place = (book.file, book.names["remeasured"])
    doubled = again.duplicated(["location_id", "tree_id"])
    faults = listed_faults("plots.doubled_tree", again["tree_id"], doubled, *place, "tree_id")
    tallied = set(book.tables["trees"]["location_id"]) if "trees" in book.tables else set()
    known = set(book.tables["plots"]["location_id"])
    unnumbered = again["location_id"].isin(known - tallied) & ~again["location_id"].duplicated()
    return faults + listed_faults("plots.no_numbers", again["location_id"], unnumbered, *place, "location_id")


def judge(book: Workbook) -> Quality:
    """Compare the two teams. The workbook has no faults."""
    plots = completed(book.tables["plots"])
    measured = plots[plots["plot_status"].isin(["measured", "replacement"])]
    again = book.tables["remeasured"].reindex(columns=["location_id", "tree_id", "dbh_cm", "height_m"])
    places = sorted(set(again["location_id"]))
    trees = _compared(with_sample_heights(book.tables["trees"], book), again, places)
    by_plot = _by_plot(trees, places)
    both = trees[trees["dbh_cm"].notna() & trees["dbh_again_cm"].notna()]
    names = ("dbh_tolerance_", "height_tolerance_", "count_", "tree_pass_share_min", "remeasured_share_min")
    return Quality(
        trees=trees,
        plots=by_plot,
        share=len(places) / len(measured) if len(measured) else 0.0,
        share_wanted=limit("remeasured_share_min"),
        dbh_sd_cm=_spread(both["dbh_again_cm"] - both["dbh_cm"]),
        height_sd_m=_spread(trees["height_again_m"] - trees["height_m"]),
        leaves=tuple(leaf for leaf in limits().leaves() if leaf.id.split("/")[1].startswith(names)),
    )


def _spread(differences: pd.Series) -> float:
    """Standard deviation of one of two readings."""
    given = differences.dropna()
    return float(given.std(ddof=1) / np.sqrt(2)) if len(given) > 1 else float("nan")


def _compared(trees: pd.DataFrame, again: pd.DataFrame, places: list[str]) -> pd.DataFrame:
    """Both readings side by side; a tree that only one team has is kept with one reading missing."""
    first = trees.reindex(columns=["location_id", "tree_id", "dbh_cm", "height_m", "status"])
    gone = first["status"].isin(["cut", "lost"])
    first = first[first["location_id"].isin(places) & ~gone].drop(columns="status")
    second = again.rename(columns={"dbh_cm": "dbh_again_cm", "height_m": "height_again_m"})
    pairs = first.merge(second, on=["location_id", "tree_id"], how="outer")
    dbh_off = (pairs["dbh_again_cm"] - pairs["dbh_cm"]).abs()
    height_off = (pairs["height_again_m"] - pairs["height_m"]).abs()
    rounding = 1e-9  # 9.8 + 0.3 - 9.8 is a little more than 0.3 in binary
    return pairs.assign(
        dbh_ok=dbh_off <= dbh_tolerance_cm(pairs["dbh_again_cm"]) + rounding,
        height_ok=height_off.isna() | (height_off <= height_tolerance_m(pairs["height_again_m"]) + rounding),
    )


def _by_plot(trees: pd.DataFrame, places: list[str]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for place in places:
        mine = trees[trees["location_id"] == place]
        single = mine[mine["dbh_cm"].isna() | mine["dbh_again_cm"].isna()]
        both = mine.drop(single.index)
        size = single["dbh_cm"].fillna(single["dbh_again_cm"])
        large = int((size >= limit("count_exact_from_cm")).sum())
        small = int((size < limit("count_exact_from_cm")).sum())
        small_trees = int((mine["dbh_again_cm"] < limit("count_exact_from_cm")).sum())
        allowed = min(limit("count_tolerance_max"), limit("count_tolerance_share") * small_trees)
        share_ok = float((both["dbh_ok"] & both["height_ok"]).mean()) if len(both) else 0.0
        rows.append(
            {
                "location_id": place,
                "compared": len(both),
                "missed": int(mine["dbh_cm"].isna().sum()),
                "added": int(mine["dbh_again_cm"].isna().sum()),
                "share_ok": share_ok,
                "count_ok": large == 0 and small <= allowed,
                "passed": bool(large == 0 and small <= allowed and share_ok >= limit("tree_pass_share_min")),
            }
        )
    return pd.DataFrame(rows)
