"""What an afforestation project's files say: parcels, strata and monitorings, checked against each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.inventory import Inventory
from tanhui.kernel.nouns import Observation
from tanhui.kernel.species import resolve
from tanhui.projects.choices import choice
from tanhui.projects.model import Afforestation, Stratum
from tanhui.sensing.inventory.parcel_attributes import Options
from tanhui.sensing.inventory.read_plots import PlotSurvey, read_plots
from tanhui.sensing.inventory.read_xiaoban import Parcels, read_xiaoban
from tanhui.sensing.inventory.visits import link_visits

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Site", "read_site"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A project's land and plots.

    Attributes
    ----------
    parcels : Parcels
        All parcels, each with its stratum.
    area_ha : dict of str to float
        Area of each stratum: the smaller of declared and measured, parcel by parcel. [ha]
    surveys : tuple of PlotSurvey
        One per monitoring.
    inventory : Inventory
        All visits as one, later ones linked to earlier ones.
    """

    parcels: Parcels
    area_ha: dict[str, float]
    surveys: tuple[PlotSurvey, ...]
    inventory: Inventory | None

    @property
    def observations(self) -> tuple[Observation, ...]:
        """Every file that was read."""
        return (*self.parcels.observations, *(o for survey in self.surveys for o in survey.inventory.observations))

    def facts(self) -> dict[str, Any]:
        """What was found, for a person to recognise."""
        found: dict[str, Any] = {
            "parcels": len(self.parcels.frame),
            "coordinate system": self.parcels.system,
            "measured area_ha": round(self.parcels.area_ha, 4),
        }
        found |= {f"stratum {name} ha": round(area, 4) for name, area in self.area_ha.items()}
        for survey in self.surveys:
            plots, trees = survey.inventory.plots, survey.inventory.trees
            found[survey.file] = f"{len(plots)} plots, {len(trees)} tree rows, {len(survey.heights)} heights"
        return found


def read_site(project: Afforestation, folder: Path) -> Site:
    """Read parcels and monitorings; the faults of all files are listed together.

    Raises
    ------
    RefusedInput
        With every fault of every file, then of the files against each other.
    """
    faults: list[Fault] = []

    def attempt(read: Callable[[], T]) -> T | None:
        try:
            return read()
        except RefusedInput as refusal:
            faults.extend(refusal.faults)
            return None

    planted = {stratum.id: stratum.planted for stratum in project.strata}
    parcels = attempt(lambda: read_parcels(project, folder))
    surveys = [
        attempt(lambda visit=visit: read_plots(folder / visit.file, planted_on=planted))  # type: ignore[misc]
        for visit in project.monitoring
    ]
    area_ha: dict[str, float] = {}
    if parcels is not None:
        area_ha, more = stratum_areas(project, parcels)
        faults += more
    good = tuple(survey for survey in surveys if survey is not None)
    for survey, visit in zip(good, project.monitoring, strict=False):
        faults += survey_faults(project, survey, visit.date)
    if faults or parcels is None:
        raise RefusedInput(faults)
    return Site(parcels, area_ha, good, link_visits(*good) if good else None)


def read_parcels(project: Afforestation, folder: Path) -> Parcels:
    """The parcel file with what the project says of it."""
    said = project.parcels
    options = Options(crs=said.crs, area_unit=said.area_unit, volume_unit=said.volume_unit, mapping=said.fields or None)
    return read_xiaoban(folder / said.file, options)


def stratum_of(parcel: pd.Series, strata: tuple[Stratum, ...]) -> str:
    """The stratum a parcel names, or the one of its species and planting year; empty where there is none."""
    named = str(parcel.get("stratum", "") or "")
    if named:
        return named if any(stratum.id == named for stratum in strata) else ""
    species = resolve(str(parcel.get("species", ""))).id
    fitting = [
        stratum.id
        for stratum in strata
        if resolve(stratum.species).id == species and stratum.planted.year == parcel.get("planted_year")
    ]
    return fitting[0] if len(fitting) == 1 else ""


def stratum_areas(project: Afforestation, parcels: Parcels) -> tuple[dict[str, float], list[Fault]]:
    """Area of each stratum, parcels that lie in none, strata without any.

    Of a parcel's declared and measured area the smaller counts.
    """
    frame, file = parcels.frame, parcels.observations[0].name if parcels.observations else ""
    declared = frame["area_declared_ha"] if "area_declared_ha" in frame else frame["area_ha"]
    credited = np.fmin(declared.to_numpy(float), frame["area_ha"].to_numpy(float))
    strata = [stratum_of(parcel, project.strata) for _, parcel in frame.iterrows()]
    frame["stratum"], frame["area_credited_ha"] = strata, credited
    faults = [
        Fault(
            "project.parcel_without_stratum",
            file,
            row=int(str(row)),
            column="stratum",
            value=str(parcel["parcel_id"]),
            facts={"species": parcel.get("species", ""), "planted": parcel.get("planted_year", "")},
        )
        for row, parcel in frame.iterrows()
        if not parcel["stratum"]
    ]
    area = frame.groupby("stratum")["area_credited_ha"].sum()
    found = {stratum.id: float(area.get(stratum.id, 0.0)) for stratum in project.strata}
    faults += [
        Fault("project.stratum_without_area", "project.toml", column="strata", value=name)
        for name, size in found.items()
        if size <= 0
    ]
    return found, faults


def survey_faults(project: Afforestation, survey: PlotSurvey, day: date) -> list[Fault]:
    """Plots in unknown strata, and strata with too few plots for a variance."""
    known = {stratum.id for stratum in project.strata}
    plots = survey.inventory.plots
    faults = [
        Fault("project.plot_without_stratum", survey.file, column="stratum", value=str(place))
        for place in plots.loc[~plots["stratum"].isin(known), "location_id"]
    ]
    fewest = choice("plots_per_stratum_min", day).number()
    counts = plots["stratum"].value_counts()
    return faults + [
        Fault(
            "project.too_few_plots",
            survey.file,
            column="stratum",
            value=name,
            facts={"count": int(counts.get(name, 0))},
        )
        for name in sorted(known)
        if counts.get(name, 0) < fewest
    ]
