"""Two visits of the same trees: growth that cannot be, the dead that live, trees nobody mentions; and days. Pure.

A tree that lost girth lost it to reading error alone. The tolerance of the inventory is taken as what 95 % of honest
differences stay below, so a standard deviation; the rest is a normal tail, over all trees of the survey.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.species import resolve
from tanhui.projects.field.chance import benjamini_hochberg, normal_upper
from tanhui.projects.field.limits import leaf, limit
from tanhui.projects.field.model import Finding, Tested
from tanhui.sensing.inventory.remeasurement import dbh_tolerance_cm, height_tolerance_m

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from tanhui.projects.field.survey import FieldSurvey

__all__ = ["day_findings", "reading_sd", "visit_findings"]

DAYS_PER_YEAR = 365.2425
#: Two-sided normal quantile of the share of honest differences within a tolerance, 0.95.
WITHIN = 1.959964
#: What readings are written to. [cm], [m]
TENTH = 0.1


def reading_sd(tolerance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of the difference of two readings that keep a tolerance as often as they must, to a tenth.

    Each is rounded to the tenth it is written in, which adds a twelfth of its square to the variance, twice.
    """
    return np.asarray(np.sqrt((tolerance / WITHIN) ** 2 + 2 * TENTH**2 / 12))


def visit_findings(survey: FieldSurvey, before: FieldSurvey) -> Iterator[tuple[Tested, list[Finding]]]:
    """Everything two visits to the same trees contradict each other in."""
    keys = ["location_id", "tree_id"]
    places = survey.plots[["location_id", "visited"]].merge(
        before.plots[["location_id", "visited"]], on="location_id", suffixes=("", "_before")
    )
    years = (places["visited"] - places["visited_before"]).dt.days / DAYS_PER_YEAR
    places = places.assign(years=years)
    backwards = places[places["years"] <= 0]
    days = [
        Finding(
            "order", str(row["location_id"]), facts={"now": _day(row["visited"]), "then": _day(row["visited_before"])}
        )
        for row in backwards.to_dict("records")
    ]
    yield Tested("order", len(places), len(days)), days
    both = survey.trees.merge(before.trees, on=keys, suffixes=("", "_before")).merge(places, on="location_id")
    live = ((both["status"] == "live") & (both["status_before"] == "live")).to_numpy()
    yield _shrunk("shrunk", both[live], "dbh_cm", dbh_tolerance_cm)
    yield _shrunk("height_shrunk", both[live], "height_m", height_tolerance_m)
    yield _grown(both[live])
    risen = both[(both["status"] == "live") & both["status_before"].isin(["dead", "cut"])]
    yield _listed("risen", len(both), risen, lambda row: {"then": row["status_before"]})
    names = {name: _taxon(name) for name in {*both["species"], *both["species_before"]}}
    other = both["species"].map(names) != both["species_before"].map(names)
    yield _listed("species", len(both), both[other], lambda row: {"now": row["species"], "then": row["species_before"]})
    yield _missing(survey, before, set(places["location_id"]))


def _day(day: Any) -> str:
    return "–" if day != day else f"{day:%Y-%m-%d}"


def _taxon(name: str) -> str:
    """What a name means; a name nobody knows is itself."""
    try:
        return resolve(name).id
    except TanhuiError:
        return str(name)


def _listed(check: str, n: int, rows: pd.DataFrame, facts: Any) -> tuple[Tested, list[Finding]]:
    """A finding for every row: no chance is in it."""
    found = [
        Finding(check, str(row["location_id"]), str(row["tree_id"]), facts=facts(row))
        for row in rows.to_dict("records")
    ]
    return Tested(check, n, len(found)), found


def _shrunk(check: str, both: pd.DataFrame, column: str, tolerance: Any) -> tuple[Tested, list[Finding]]:
    now, then = both[column].to_numpy(float), both[f"{column}_before"].to_numpy(float)
    given = np.isfinite(now) & np.isfinite(then)
    both, now, then = both[given], now[given], then[given]
    sd = reading_sd(tolerance(then))
    p = normal_upper((then - now) / sd)
    q = benjamini_hochberg(p)
    at = np.flatnonzero(q <= limit("alpha"))
    # The fall from which a tree would stand out were it the only one: Bonferroni's, to show beside it.
    largest = -_quantile(limit("alpha") / max(len(p), 1)) * sd
    rows = both.iloc[at].to_dict("records")
    found = [
        Finding(
            check,
            str(row["location_id"]),
            str(row["tree_id"]),
            value=float(now[k] - then[k]),
            limit=float(-largest[k]),
            p=float(p[k]),
            q=float(q[k]),
            facts={"now": f"{now[k]:g}", "then": f"{then[k]:g}", "limit": f"{largest[k]:.1f}"},
        )
        for k, row in zip(at, rows, strict=True)
    ]
    return Tested(check, len(p), len(found), float(p.min()) if len(p) else None), found


def _quantile(p: float) -> float:
    from scipy import special

    return float(special.ndtri(p))


def _grown(both: pd.DataFrame) -> tuple[Tested, list[Finding]]:
    """Growth beyond what any tree does, reading error allowed for."""
    now, then = both["dbh_cm"].to_numpy(float), both["dbh_cm_before"].to_numpy(float)
    years = both["years"].to_numpy(float)
    most = leaf("inventory/dbh_growth_max_cm_yr").number()
    wrong = (years > 0) & (now - then - dbh_tolerance_cm(now) > most * years)
    rows = both[wrong].assign(growth=(now - then)[wrong] / years[wrong])
    found = [
        Finding(
            "grown",
            str(row["location_id"]),
            str(row["tree_id"]),
            value=float(row["growth"]),
            limit=most,
            facts={
                "now": f"{row['dbh_cm']:g}",
                "then": f"{row['dbh_cm_before']:g}",
                "growth": f"{row['growth']:.1f}",
                "limit": f"{most:g}",
            },
        )
        for row in rows.to_dict("records")
    ]
    return Tested("grown", len(both), len(found)), found


def _missing(survey: FieldSurvey, before: FieldSurvey, places: set[str]) -> tuple[Tested, list[Finding]]:
    """Trees that stood at the visit before and of which this one says nothing, on plots whose trees have numbers."""
    numbered = places & set(survey.trees["location_id"])
    then = before.trees[before.trees["status"].isin(["live", "dead"]) & before.trees["location_id"].isin(numbered)]
    # A tree at the tally limit may be read below it the next time, and is then rightly on no list.
    safe = leaf("inventory/tally_from_cm").number() + leaf("inventory/dbh_shrink_max_cm").number()
    then = then[then["dbh_cm"] > safe]
    known = set(zip(survey.trees["location_id"], survey.trees["tree_id"], strict=True))
    gone = [key not in known for key in zip(then["location_id"], then["tree_id"], strict=True)]
    return _listed("missing", len(then), then[gone], lambda row: {"then": f"{row['dbh_cm']:g}"})


def day_findings(survey: FieldSurvey) -> Iterator[tuple[Tested, list[Finding]]]:
    """More plots than a crew can measure in a day."""
    # Where nobody wrote who measured, several crews may have.
    plots = survey.plots[survey.plots["visited"].notna() & (survey.plots["crew"] != "")]
    most = int(limit("plots_per_day_most"))
    days = plots.groupby(["crew", "visited"], as_index=False).agg(count=("location_id", "size"))
    found = [
        Finding(
            "crew_day",
            value=float(row["count"]),
            limit=float(most),
            facts={"crew": row["crew"], "day": _day(row["visited"]), "count": int(row["count"]), "most": most},
        )
        for row in days.to_dict("records")
        if row["count"] > most
    ]
    yield Tested("crew_day", len(days), len(found)), found
