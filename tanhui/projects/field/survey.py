"""What crews wrote, as the checks want it: plots, trees one by one, and what a second team read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tanhui.sensing.inventory.plot_rows import completed
from tanhui.sensing.inventory.tree_rows import with_sample_heights

if TYPE_CHECKING:
    import pandas as pd

    from tanhui.sensing.inventory.read_plots import PlotSurvey
    from tanhui.sensing.inventory.workbook import Workbook

__all__ = ["FieldSurvey", "field_survey", "survey_of_book"]

PLOTS = ["location_id", "stratum", "parcel_id", "visited", "crew", "lon", "lat", "plot_status"]
TREES = ["location_id", "tree_id", "species", "dbh_cm", "height_m", "status"]
AGAIN = ["location_id", "tree_id", "dbh_cm", "height_m", "remeasured_on", "crew"]
#: Numbers that readers give to trees that were tallied without one.
UNNUMBERED = r"(class|sapling)-\d+$"


@dataclass(frozen=True, slots=True, eq=False)
class FieldSurvey:
    """One visit to all plots.

    Attributes
    ----------
    plots : DataFrame
        ``location_id``, ``stratum``, ``parcel_id``, ``visited``, ``crew``, ``lon``, ``lat``, ``plot_status``; those not
        found too. [deg]
    trees : DataFrame
        Numbered trees in the order of the sheet: ``location_id``, ``tree_id``, ``species``, ``dbh_cm``, ``height_m``,
        ``status``.
    remeasured : DataFrame
        What a second team read: ``location_id``, ``tree_id``, ``dbh_cm``, ``height_m``, ``remeasured_on``, ``crew``.
    """

    file: str
    plots: pd.DataFrame
    trees: pd.DataFrame
    remeasured: pd.DataFrame


def field_survey(survey: PlotSurvey) -> FieldSurvey:
    """From what the reader of surveys gives; who measured is not in it."""
    import pandas as pd

    inventory = survey.inventory
    place = inventory.plots.set_index("plot_id")["location_id"]
    trees = inventory.trees.assign(location_id=inventory.trees["plot_id"].map(place))
    trees = trees[~trees["tree_id"].astype(str).str.match(UNNUMBERED)]
    again = pd.DataFrame(columns=AGAIN)
    if survey.quality is not None:
        both = survey.quality.trees
        again = both.assign(dbh_cm=both["dbh_again_cm"], height_m=both["height_again_m"])
    plots = pd.concat([inventory.plots, survey.lost.assign(plot_status="lost")], ignore_index=True)
    return _checked(survey.file, plots if len(survey.lost) else inventory.plots, trees, again)


def survey_of_book(book: Workbook) -> FieldSurvey:
    """From a workbook without faults."""
    import pandas as pd

    plots = completed(book.tables["plots"])
    trees = book.tables.get("trees", pd.DataFrame(columns=TREES))
    return _checked(book.file, plots, with_sample_heights(trees, book), book.tables.get("remeasured"))


def _checked(file: str, plots: pd.DataFrame, trees: pd.DataFrame, again: pd.DataFrame | None) -> FieldSurvey:
    """The columns wanted, with nothing where a sheet has none."""
    import pandas as pd

    plots = plots.reindex(columns=PLOTS).reset_index(drop=True)
    trees = trees.reindex(columns=TREES).reset_index(drop=True)
    again = (pd.DataFrame() if again is None else again).reindex(columns=AGAIN).reset_index(drop=True)
    status = trees["status"].astype(object).fillna("")
    return FieldSurvey(
        file,
        plots.assign(
            visited=pd.to_datetime(plots["visited"]), crew=plots["crew"].astype(object).fillna("").astype(str)
        ),
        _numbers(trees.assign(status=status.mask(status == "", "live"))),
        _numbers(
            again.assign(
                remeasured_on=pd.to_datetime(again["remeasured_on"]), crew=again["crew"].astype(object).fillna("")
            )
        ),
    )


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Sizes as floats, NaN where nothing is written."""
    return table.assign(
        dbh_cm=table["dbh_cm"].astype(float),
        height_m=table["height_m"].astype(float),
        tree_id=table["tree_id"].astype(str),
        location_id=table["location_id"].astype(str),
    )
