"""What a plan starts from: parcels by stratum, what is known of their spread, and the permanent plots there are.

From a project folder, or from a parcel file alone. The spread between plots comes from a table the user gives, else
from the carbon of the last survey's plots, else from an assumption that says it is one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.kernel.wording import Lang
from tanhui.projects.field.design import StratumNeed
from tanhui.projects.field.limits import limit
from tanhui.projects.field.model import PlannedPlot
from tanhui.projects.model import PROJECT_FILE, Afforestation, load_project
from tanhui.projects.site import Site, read_parcels, read_site, with_strata
from tanhui.sensing.inventory.parcel_attributes import Options
from tanhui.sensing.inventory.read_xiaoban import Parcels, read_xiaoban
from tanhui.sensing.inventory.workbook import Workbook, read_workbook

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Land", "read_land", "read_spread", "spread_of", "strata_of"]

#: Plots that a later visit does not go back to.
LOST = "lost"


@dataclass(frozen=True, slots=True, eq=False)
class Land:
    """Land to be surveyed.

    Attributes
    ----------
    name : str
        For file names.
    title : str
        For people.
    seed : int
        The project's own; 0 for a parcel file.
    parcels : dict of str to list of (str, geometry)
        Number and outline of each parcel, CGCS2000, by stratum.
    area_ha : dict of str to float
        What each stratum's total is of. [ha]
    before : Workbook or None
        The survey before, as it was written.
    permanent : tuple of PlannedPlot
        The plots of that survey, to be visited again.
    """

    name: str
    title: str
    seed: int
    parcels: Mapping[str, list[tuple[str, Any]]]
    area_ha: Mapping[str, float]
    illustrative: bool = False
    site: Site | None = None
    project: Afforestation | None = None
    folder: Path | None = None
    before: Workbook | None = None
    permanent: tuple[PlannedPlot, ...] = ()


def read_land(path: Path, lang: Lang, options: Options | None = None) -> Land:
    """A project folder, or a parcel file.

    Raises
    ------
    RefusedInput
        With every fault of the files, and of permanent plots without a position.
    InputError
        If it is neither.
    """
    if (path / PROJECT_FILE).is_file():
        project = load_project(path)
        if not isinstance(project, Afforestation):
            raise InputError("field.no_parcels", path=str(path))
        return project_land(project, path, lang)
    if path.is_dir() and path.suffix.lower() != ".gdb":
        raise InputError("field.no_parcels", path=str(path))
    parcels = read_xiaoban(path, options)
    grouped = strata_of(parcels)
    area = parcels.frame["area_ha"]
    return Land(
        name=path.stem,
        title=path.stem,
        seed=0,
        parcels={name: outlines_of(rows) for name, rows in grouped.items()},
        area_ha={name: float(area.loc[rows.index].sum()) for name, rows in grouped.items()},
    )


def strata_of(parcels: Parcels) -> dict[str, pd.DataFrame]:
    """Parcels by the stratum they name, else by species and planting year, else all as one."""
    frame = parcels.frame

    def label(row: Any) -> str:
        if row.get("stratum"):
            return str(row["stratum"])
        year = row.get("planted_year")
        known = [str(row.get("species") or ""), f"{float(year):.0f}" if year is not None and year == year else ""]
        return "-".join(part for part in known if part) or "1"

    labels = [label(row) for _, row in frame.iterrows()]
    return {name: frame[[mine == name for mine in labels]] for name in sorted(set(labels))}


def outlines_of(rows: pd.DataFrame) -> list[tuple[str, Any]]:
    """Number and outline of parcels."""
    return [(str(number), shape) for number, shape in zip(rows["parcel_id"], rows["geometry"], strict=True)]


def project_land(project: Afforestation, folder: Path, lang: Lang) -> Land:
    """The land of a project, with its last survey where there was one."""
    site = None
    if project.monitoring:
        site = read_site(project, folder)
        parcels, area_ha = site.parcels, site.area_ha
    else:
        parcels, area_ha, faults = with_strata(project, read_parcels(project, folder))
        if faults:
            raise RefusedInput(faults)
    before = read_workbook(folder / project.monitoring[-1].file)[0] if site else None
    frame = parcels.frame
    return Land(
        name=project.id,
        title=getattr(project.title, lang),
        seed=project.seed,
        parcels={name: outlines_of(frame[frame["stratum"] == name]) for name in area_ha},
        area_ha=area_ha,
        illustrative=project.illustrative,
        site=site,
        project=project,
        folder=folder,
        before=before,
        permanent=permanent_plots(site, before) if site and before else (),
    )


def permanent_plots(site: Site, before: Workbook) -> tuple[PlannedPlot, ...]:
    """The plots of the last survey that are not lost, where they were found then."""
    plots = site.surveys[-1].inventory.plots
    missing = plots["lon"].isna() | plots["lat"].isna()
    if missing.any():
        names = plots.loc[missing, "location_id"]
        raise RefusedInput([Fault("field.no_position", before.file, value=str(name)) for name in names])
    order = plots.groupby("stratum").cumcount() + 1
    return tuple(
        PlannedPlot(
            str(p["location_id"]), str(p["stratum"]), str(p["parcel_id"]), p["lon"], p["lat"], "revisit", int(k)
        )
        for p, k in zip(plots.to_dict("records"), order, strict=True)
    )


# --- how much plots differ


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the spread comes from (``file``, ``survey`` or ``assumed``) and what it is."""

    source: str
    needs: tuple[StratumNeed, ...]


def spread_of(land: Land, table: Path | None) -> Spread:
    """Mean, standard deviation and cost of a plot in each stratum.

    Raises
    ------
    RefusedInput
        If the table does not fit the strata.
    """
    if table is not None:
        return Spread("file", read_spread(table, land.area_ha))
    if land.site is not None:
        return Spread("survey", survey_spread(land))
    cv = limit("cv_assumed")
    return Spread("assumed", tuple(StratumNeed(name, area, 1.0, cv) for name, area in land.area_ha.items()))


def read_spread(path: Path, area_ha: Mapping[str, float]) -> tuple[StratumNeed, ...]:
    """A table with a row for each stratum: its coefficient of variation, and where known mean and cost of a plot."""
    from tanhui.kernel.tables import read_table, table_spec

    table = read_table(path, table_spec("projects_field", "strata")).reindex(columns=["stratum", "cv", "mean", "cost"])
    faults = [
        Fault("field.stratum_twice", path.name, row=int(str(row)), column="stratum", value=str(name))
        for row, name in table.loc[table["stratum"].duplicated(), "stratum"].items()
    ]
    known = set(table["stratum"])
    faults += [
        Fault("field.stratum_unknown", path.name, column="stratum", value=name, facts={"known": ", ".join(area_ha)})
        for name in sorted(known - set(area_ha))
    ]
    faults += [Fault("field.stratum_missing", path.name, column="stratum", value=n) for n in area_ha if n not in known]
    some = table["mean"].notna()
    if some.any() and not some.all():
        faults.append(Fault("field.some_means", path.name, column="mean"))
    if faults:
        raise RefusedInput(faults)
    rows = table.fillna({"mean": 1.0, "cost": 1.0}).set_index("stratum").to_dict("index")
    return tuple(
        StratumNeed(name, area, rows[name]["mean"], rows[name]["mean"] * rows[name]["cv"], rows[name]["cost"])
        for name, area in area_ha.items()
    )


def survey_spread(land: Land) -> tuple[StratumNeed, ...]:
    """From the tree carbon of the last survey's plots. [t C/ha]"""
    from tanhui.projects.monitoring import PlotRows
    from tanhui.projects.plot_trees import tree_carbon

    assert land.site is not None
    assert land.project is not None
    assert land.folder is not None
    trees, _ = tree_carbon(land.project, land.folder, land.site)
    rows = PlotRows.of(land.site, land.site.surveys[-1].inventory.plots, land.site.days[-1])
    values = rows.values(land.site, trees, "tree")
    found = {}
    for place, label in enumerate(rows.layout.labels):
        mine = values[rows.layout.stratum == place]
        found[label] = (float(mine.mean()), float(mine.std(ddof=1)))
    whole = math.fsum(land.area_ha[name] * mean for name, (mean, _) in found.items())
    mean_all = whole / math.fsum(land.area_ha[name] for name in found)
    # A stratum that was not planted yet has no plots: it is taken to be like the others.
    unknown = (mean_all, limit("cv_assumed") * mean_all)
    return tuple(StratumNeed(name, area, *found.get(name, unknown)) for name, area in land.area_ha.items())
