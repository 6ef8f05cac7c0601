"""Survey workbooks with what is known beforehand filled in: plots, where they lie, and the trees of the last visit.

What was measured before stands in the remark, not in the cell of the measurement: a crew that only confirms numbers
measures nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tanhui.kernel.canonical import digest
from tanhui.kernel.wording import Lang, say
from tanhui.projects.field.model import PlannedPlot, PlotSize
from tanhui.projects.template import workbook_bytes

if TYPE_CHECKING:
    import pandas as pd

    from tanhui.sensing.inventory.workbook import Workbook

__all__ = ["workbooks"]

#: What of a permanent plot holds at every visit.
LASTING = (
    *("plot_shape", "laid", "slope_deg", "length_m", "width_m", "radius_m", "area_stated_m2"),
    *("basal_area_factor_m2_ha", "planted_count"),
)
#: Trees that are not there any more are not looked for again.
GONE = ("cut", "lost")
#: Signs that a file name may not have on every system.
UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*\s]+')


def workbooks(
    plots: Sequence[PlannedPlot], size: PlotSize, before: Workbook | None, *, by_team: bool, lang: Lang
) -> Iterator[tuple[str, bytes]]:
    """File names and workbooks: one for each plot, or one for each team.

    Parameters
    ----------
    plots : sequence of PlannedPlot
        In the order of the walk; reserves get a workbook of their own, or stand in none where teams have one each:
        a crew that uses one writes it into its own.
    size : PlotSize
        Of new plots.
    before : Workbook, optional
        The survey before this one.
    """
    known = Known.of(before, lang)
    groups: dict[str, list[PlannedPlot]] = {}
    for plot in plots:
        if by_team and plot.team:
            groups.setdefault(f"team-{plot.team}.xlsx", []).append(plot)
        elif not by_team:
            groups.setdefault(f"{safe_name(plot.id)}.xlsx", []).append(plot)
    for name, group in groups.items():
        rows = {
            "plots": [known.plot(plot, size) for plot in group],
            "trees": [tree for plot in group if plot.kind == "revisit" for tree in known.trees(plot.id)],
        }
        yield name, workbook_bytes(rows, lang=lang)


def safe_name(number: str) -> str:
    """A plot's number as a file name; where signs had to go, with something that keeps it apart from others."""
    plain = UNSAFE.sub("-", number).strip(".-")
    return plain if plain == number else f"{plain}-{digest(number.encode())[:6]}"


class Known:
    """What the visit before says of plots and trees."""

    def __init__(self, plots: Mapping[str, Any], trees: Mapping[str, list[dict[str, Any]]], lang: Lang) -> None:
        self._plots, self._trees, self._lang = plots, trees, lang

    @classmethod
    def of(cls, before: Workbook | None, lang: Lang) -> Known:
        """From the workbook of that visit."""
        if before is None:
            return cls({}, {}, lang)
        plots = {str(row["location_id"]): row for row in before.tables["plots"].to_dict("records")}
        trees: dict[str, list[dict[str, Any]]] = {}
        if "trees" in before.tables:
            heights = _sampled(before.tables.get("heights"))
            for row in before.tables["trees"].to_dict("records"):
                place = str(row["location_id"])
                if row.get("status", "") in GONE or place not in plots:
                    continue
                day = f"{plots[place]['visited']:%Y-%m-%d}"
                measured = (place, str(row["tree_id"])) in heights or row.get("height_m", 0) > 0
                trees.setdefault(place, []).append(_tree(row, day, measured, lang))
        return cls(plots, trees, lang)

    def plot(self, plot: PlannedPlot, size: PlotSize) -> dict[str, Any]:
        """The row of a plot."""
        row = {
            "location_id": plot.id,
            "stratum": plot.stratum,
            "parcel_id": plot.parcel,
            "lon": plot.lon_deg,
            "lat": plot.lat_deg,
            "remark": say(f"field.remark.{plot.kind}", self._lang),
        }
        then = self._plots.get(plot.id) if plot.kind == "revisit" else None
        if then is None:
            return {**row, **size.columns(), "laid": "horizontal"}
        return {**row, **{name: then[name] for name in LASTING if name in then}}

    def trees(self, place: str) -> list[dict[str, Any]]:
        """The rows of the trees to find again."""
        return self._trees.get(place, [])


def _sampled(heights: pd.DataFrame | None) -> set[tuple[str, str]]:
    """Trees whose height was measured."""
    if heights is None or "tree_id" not in heights:
        return set()
    return set(zip(heights["location_id"], heights["tree_id"], strict=True))


def _tree(row: Mapping[Any, Any], day: str, measured: bool, lang: Lang) -> dict[str, Any]:
    dead = row.get("status", "") == "dead"
    hint = say("field.hint.dead" if dead else "field.hint.live", lang, day=day, dbh=f"{row['dbh_cm']:g}")
    if measured and not dead:
        hint += say("field.hint.height", lang)
    return {
        "location_id": row["location_id"],
        "tree_id": row["tree_id"],
        "species": row["species"],
        "status": "dead" if dead else "",
        "remark": hint,
    }
