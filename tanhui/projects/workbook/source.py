"""What a run folder says, ordered for a workbook: monitorings, plots by stratum, trees by plot, parcels, the claim."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.canonical import file_digest
from tanhui.kernel.errors import InputError
from tanhui.projects.explain import read_run
from tanhui.projects.model import PROJECT_FILE, Afforestation, load_project

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METHOD", "Run", "Said", "read_source"]

#: The methodology whose lines the workbook knows.
METHOD = "ccer/14-001-v01"
TABLES = ("trees", "plots", "parcels")


@dataclass(frozen=True, slots=True)
class Said:
    """What the project file says beside the trees: over the whole period of the change, and fires by day. [t CO2e]"""

    pools_t: float
    baseline_t: float
    deficit_t: float
    fires_t: tuple[tuple[date, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run with one claim of an afforestation project.

    Attributes
    ----------
    days : tuple of date
        The day each monitoring stands for, in order.
    plots : DataFrame
        Plots with ``monitoring`` (number of the monitoring, from 0), by monitoring, stratum and place; ``before`` is
        the place in this table of the visit that the change of the plot counts from, -1 where nothing was planted
        then, and missing where the plot takes no part in the change.
    trees : DataFrame
        Trees with ``plot`` (place of their plot in ``plots``), in that order.
    strata : tuple of str
        In the order of the parcels.
    said : Said, optional
        What the project file says; without it, those lines are known in whole kilograms only.
    """

    result: Mapping[str, Any]
    manifest: Mapping[str, Any]
    days: tuple[date, ...]
    plots: pd.DataFrame
    trees: pd.DataFrame
    parcels: pd.DataFrame
    strata: tuple[str, ...]
    said: Said | None = None

    @property
    def claim(self) -> Mapping[str, Any]:
        """The one claim."""
        claim: Mapping[str, Any] = self.result["claims"][0]
        return claim

    def parameter(self, parameter_id: str) -> Mapping[str, Any] | None:
        """A parameter that the run used."""
        return next((leaf for leaf in self.result["parameters"] if leaf["id"].partition("@")[0] == parameter_id), None)

    def estimate(self, quantity: str, day: date | None = None, domain: str = "project") -> Mapping[str, Any]:
        """A figure of the run; of several days the one whose validity begins with ``day``."""
        return next(
            e
            for e in self.result["estimates"]
            if (e["quantity"], e["domain"]) == (quantity, domain) and day in (None, date.fromisoformat(e["valid"][0]))
        )

    def line(self, name: str) -> Mapping[str, Any] | None:
        """A line of the claim, where it has one of that name."""
        return next((line for line in self.claim["lines"] if line["line"] == name), None)

    @property
    def change_period(self) -> tuple[date, date]:
        """First day of the change, and the day after its last."""
        return half_open(self.estimate("tree_change_co2e_t")["valid"])

    @property
    def claimed_period(self) -> tuple[date, date]:
        """First day that is claimed, and the day after the last; both the same where no day is."""
        first, end = half_open(self.claim["period"])
        return (first, end) if self.claim["by_year"] else (first, first)


def half_open(valid: Sequence[str]) -> tuple[date, date]:
    """First and last day as a document prints them, as first day and the day after the last."""
    return date.fromisoformat(valid[0]), date.fromisoformat(valid[1]) + timedelta(days=1)


def read_source(out: Path, project: Path | None = None) -> Run:
    """Read a run folder and check it against its manifest.

    Parameters
    ----------
    out : Path
        The result folder.
    project : Path, optional
        The project folder, for what the result holds in whole kilograms only.

    Raises
    ------
    InputError
        If the run is of another kind of project, or has no claim yet, or the project file is not the one it used.
    IntegrityError
        If the folder is not what its manifest names.
    """
    result, manifest = read_run(out)
    methods = [claim["method"] for claim in result["claims"]]
    if methods != [METHOD] or any(f"{name}.parquet" not in result["tables"] for name in TABLES):
        raise InputError("workbook.no_such_run", path=str(out), found=", ".join(methods) or "-", wanted=METHOD)
    import pandas as pd

    trees, plots, parcels = (pd.read_parquet(out / f"{name}.parquet") for name in TABLES)
    days = tuple(
        sorted({date.fromisoformat(e["valid"][0]) for e in result["estimates"] if e["quantity"] == "tree_co2e_t"})
    )
    strata = tuple(dict.fromkeys(parcels["stratum"].astype(str)))
    plots = with_pairs(ordered_plots(plots, monitoring_of(plots, manifest), strata))
    place = {plot: number for number, plot in enumerate(plots["plot_id"])}
    trees = trees.assign(plot=trees["plot_id"].map(place)).sort_values("plot", kind="stable").reset_index(drop=True)
    said = read_said(project, manifest) if project else None
    return Run(result, manifest, days, plots, trees, parcels.reset_index(drop=True), strata, said)


def read_said(folder: Path, manifest: Mapping[str, Any]) -> Said:
    """What the project file of a run says; another file than the one the run used is refused."""
    from tanhui.mrv.methods import method
    from tanhui.mrv.methods.build import build
    from tanhui.mrv.methods.ccer.m14_001_v01.inputs import Fire
    from tanhui.mrv.methods.ccer.m14_001_v01.rules import fire_t

    path = folder / PROJECT_FILE
    used = {entry["sha256"] for entry in manifest["inputs"] if entry["instrument"] == "project file"}
    if not path.is_file() or file_digest(path) not in used:
        raise InputError("workbook.other_project", path=str(path))
    project = load_project(folder)
    assert isinstance(project, Afforestation)
    day, parameters = project.dates.applied, method(METHOD).parameters
    fires = [build(Fire, dict(fire), file=path.name) for fire in project.conditions.get("fires", ())]
    return Said(
        pools_t=math.fsum(project.pool_change_co2e_t.values()),
        baseline_t=-max(project.baseline_removal_co2e_t, 0.0),
        deficit_t=project.carried_deficit_t,
        fires_t=tuple((fire.day, fire_t(fire, day=day, p=parameters)) for fire in fires),
    )


def monitoring_of(plots: pd.DataFrame, manifest: Mapping[str, Any]) -> list[int]:
    """The number of the monitoring of each plot: the survey on whose days it was visited."""
    spans = sorted(
        {tuple(i["observed"]) for i in manifest["inputs"] if i["instrument"] == "plot survey" and i["observed"]}
    )
    visited = [f"{day:%Y-%m-%d}" for day in plots["visited"]]
    return [next(n for n, (first, last) in enumerate(spans) if first <= day <= last) for day in visited]


def ordered_plots(plots: pd.DataFrame, monitoring: Sequence[int], strata: Sequence[str]) -> pd.DataFrame:
    """Plots by monitoring, stratum and the order of the survey, so that a stratum is one block of rows."""
    rank = plots["stratum"].map({name: number for number, name in enumerate(strata)})
    ordered = plots.assign(monitoring=list(monitoring), rank=rank)
    return ordered.sort_values(["monitoring", "rank"], kind="stable").drop(columns="rank").reset_index(drop=True)


def with_pairs(plots: pd.DataFrame) -> pd.DataFrame:
    """Plots with the visit that their change counts from.

    A stratum without a plot at the monitoring before was not planted then and held nothing.
    """
    last = int(plots["monitoring"].max())
    earlier = plots[plots["monitoring"] == last - 1]
    visits = {name: number for number, name in zip(earlier.index, earlier["location_id"], strict=True)}
    grown = set(earlier["stratum"])
    before: list[int | None] = [
        None if monitoring != last else -1 if stratum not in grown else visits.get(place)
        for monitoring, stratum, place in zip(plots["monitoring"], plots["stratum"], plots["location_id"], strict=True)
    ]
    return plots.assign(before=pandas_integers(before))


def pandas_integers(values: Sequence[int | None]) -> Any:
    """Integers of which some may be missing."""
    import pandas as pd

    return pd.array(list(values), dtype="Int64")
