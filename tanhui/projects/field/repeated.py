"""What a second team read on the same trees: whether the first reads right on the average, and finely enough. Pure.

Bias is tested twice, by Student's paired t and by Wilcoxon's signed ranks, and stands only where both say so and it is
large enough to matter. Scatter is held against the tolerance, plots against the inventory's own rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.projects.field.chance import paired_t, signed_rank, spread_upper
from tanhui.projects.field.limits import leaf, limit
from tanhui.projects.field.model import Finding, Tested
from tanhui.projects.field.visits import reading_sd
from tanhui.sensing.inventory.remeasurement import dbh_tolerance_cm, height_tolerance_m

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from tanhui.projects.field.survey import FieldSurvey

__all__ = ["repeated_findings"]

#: Column and its tolerance, by the name of the quantity.
READINGS = {"dbh": ("dbh_cm", dbh_tolerance_cm), "height": ("height_m", height_tolerance_m)}


def repeated_findings(survey: FieldSurvey) -> Iterator[tuple[Tested, list[Finding]]]:
    """Share, bias, scatter, plots that fail, and second teams that are the first."""
    again = survey.remeasured
    measured = survey.plots[~survey.plots["plot_status"].isin(["treeless", "lost"])]
    places = sorted(set(again["location_id"]) & set(measured["location_id"]))
    yield _share(len(places), len(measured))
    if not places:
        return
    gone = survey.trees["status"].isin(["cut", "lost"])
    first = survey.trees[survey.trees["location_id"].isin(places) & ~gone]
    both = first.merge(again, on=["location_id", "tree_id"], how="outer", suffixes=("", "_again"))
    both = both[both["location_id"].isin(places)]
    for name, (column, tolerance) in READINGS.items():
        now, other = both[column].to_numpy(float), both[f"{column}_again"].to_numpy(float)
        given = np.isfinite(now) & np.isfinite(other)
        difference = np.round((now - other)[given], 6)  # first team less second
        # A tolerance that jumps at a size is the wider one where the two readings fall on either side.
        allowed = np.maximum(tolerance(other[given]), tolerance(now[given]))
        yield _bias(name, difference, allowed)
        yield _spread(name, difference, allowed)
    yield _plots(both, places)
    yield _teams(survey, again)


def _share(places: int, measured: int) -> tuple[Tested, list[Finding]]:
    wanted = leaf("inventory/remeasured_share_min").number()
    share = places / measured if measured else 0.0
    if share >= wanted or not measured:
        return Tested("share", measured, 0), []
    facts = {"count": places, "of": measured, "wanted": f"{100 * wanted:g}"}
    return Tested("share", measured, 1), [Finding("share", value=share, limit=wanted, facts=facts)]


def _bias(name: str, difference: NDArray[np.float64], allowed: NDArray[np.float64]) -> tuple[Tested, list[Finding]]:
    check = f"bias_{name}"
    if len(difference) < limit("pairs_least"):
        return Tested(check, len(difference), 0), []
    t, ranks = paired_t(difference), signed_rank(difference)
    p, mean = max(t, ranks), float(difference.mean())
    most = float(limit("bias_share") * allowed.mean())
    if p > limit("alpha") or abs(mean) <= most:
        return Tested(check, len(difference), 0, p), []
    facts = {
        "mean": f"{mean:+.2f}",
        "most": f"{most:.2f}",
        "n": len(difference),
        "t": f"{t:.2g}",
        "ranks": f"{ranks:.2g}",
    }
    return Tested(check, len(difference), 1, p), [Finding(check, value=mean, limit=most, p=p, q=p, facts=facts)]


def _spread(name: str, difference: NDArray[np.float64], allowed: NDArray[np.float64]) -> tuple[Tested, list[Finding]]:
    """Differences in units of what they may scatter, about their mean: bias is another matter."""
    check = f"spread_{name}"
    if len(difference) < limit("pairs_least"):
        return Tested(check, len(difference), 0), []
    relative = difference / reading_sd(allowed)
    p = spread_upper(relative, 1.0)
    if p > limit("alpha"):
        return Tested(check, len(difference), 0, p), []
    sd, most = float(difference.std(ddof=1)), float(np.sqrt((reading_sd(allowed) ** 2).mean()))
    facts = {"sd": f"{sd:.2f}", "most": f"{most:.2f}", "n": len(difference)}
    return Tested(check, len(difference), 1, p), [Finding(check, value=sd, limit=most, p=p, q=p, facts=facts)]


def _plots(both: pd.DataFrame, places: list[str]) -> tuple[Tested, list[Finding]]:
    """Plots that fail the inventory's inspection: trees missed or added, too many readings beyond tolerance.

    Of n readings that keep the tolerance as often as they must, fewer than the share wanted may do so by chance; a plot
    stands out where that chance is below alpha over the number of plots.
    """
    from tanhui.projects.field.chance import binomial_upper

    wanted = leaf("inventory/tree_pass_share_min").number()
    large = leaf("inventory/count_exact_from_cm").number()
    found = []
    for place in places:
        mine = both[both["location_id"] == place]
        single = mine[mine["dbh_cm"].isna() | mine["dbh_cm_again"].isna()]
        size = single["dbh_cm"].fillna(single["dbh_cm_again"])
        off = _beyond(mine)
        missed = int((size >= large).sum())
        n = len(mine) - len(single)
        p = float(binomial_upper(off, n, 1 - wanted))
        if missed or (p <= limit("alpha") / len(places) and off > (1 - wanted) * n):
            share = 1 - off / n if n else 0.0
            facts = {
                "share": f"{100 * share:.0f}",
                "wanted": f"{100 * wanted:g}",
                "missed": missed,
                "large": f"{large:g}",
            }
            found.append(
                Finding("inspected", place, value=share, limit=wanted, p=p, q=min(p * len(places), 1.0), facts=facts)
            )
    return Tested("inspected", len(places), len(found)), found


def _beyond(mine: pd.DataFrame) -> int:
    """Trees with a reading beyond its tolerance."""
    wrong = np.zeros(len(mine), bool)
    for column, tolerance in READINGS.values():
        now, other = mine[column].to_numpy(float), mine[f"{column}_again"].to_numpy(float)
        with np.errstate(invalid="ignore"):
            wrong |= np.abs(now - other) > tolerance(other) + 1e-9  # 9.8 - 9.5 is a little more than 0.3 in binary
    return int(wrong.sum())


def _teams(survey: FieldSurvey, again: pd.DataFrame) -> tuple[Tested, list[Finding]]:
    """Second readings by the same people, or before the first."""
    plots = survey.plots.set_index("location_id")
    found = []
    for place, rows in again.groupby("location_id"):
        if place not in plots.index:
            continue
        crews = {str(crew) for crew in rows["crew"] if crew}
        visited: Any = plots.at[place, "visited"]
        day: Any = rows["remeasured_on"].min()
        facts: dict[str, Any] = {
            "crew": ", ".join(sorted(crews)) or "–",
            "day": "–" if day != day else f"{day:%Y-%m-%d}",
        }
        if plots.at[place, "crew"] in crews or (day == day and visited == visited and day < visited):
            found.append(Finding("second_team", str(place), facts=facts))
    return Tested("second_team", again["location_id"].nunique(), len(found)), found
