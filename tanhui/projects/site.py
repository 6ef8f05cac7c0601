"""What an afforestation project's files say: parcels, strata and monitorings, checked against each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.inventory import Inventory
from tanhui.kernel.nouns import Observation
from tanhui.kernel.species import resolve
from tanhui.projects.choices import choice
from tanhui.projects.model import PROJECT_FILE, Afforestation, Stratum
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
    planted : dict of str to date
        Day of planting of each stratum.
    days : tuple of date
        The day each monitoring stands for.
    """

    parcels: Parcels
    area_ha: dict[str, float]
    surveys: tuple[PlotSurvey, ...]
    inventory: Inventory | None
    planted: dict[str, date]
    days: tuple[date, ...]

    @property
    def observations(self) -> tuple[Observation, ...]:
        """Every file that was read."""
        return (*self.parcels.observations, *(o for survey in self.surveys for o in survey.inventory.observations))

    def planted_ha(self, day: date) -> dict[str, float]:
        """Area of the strata that were planted by a day. [ha]"""
        return {name: area for name, area in self.area_ha.items() if self.planted[name] <= day}

    def pairs(self) -> pd.DataFrame:
        """Plots of the last monitoring that the change rests on, with ``plot_id_before``, their visit before it.

        That is empty for a plot whose stratum was not planted then: before a project's first monitoring, every plot.
        """
        plots = self.surveys[-1].inventory.plots
        if len(self.surveys) == 1:
            return plots.assign(plot_id_before="")
        before = self.surveys[-2].inventory.plots.set_index("location_id")["plot_id"]
        young = plots["stratum"].map(self.planted) > self.days[-2]
        known = plots["location_id"].map(before).mask(young, "")
        return plots.assign(plot_id_before=known)[known.notna()].reset_index(drop=True)

    def unpaired(self) -> list[str]:
        """Plots of the last two monitorings that are in a stock but not in the change."""
        places = {place for survey in self.surveys[-2:] for place in survey.inventory.plots["location_id"]}
        return sorted(places - set(self.pairs()["location_id"]))

    def facts(self) -> dict[str, Any]:
        """What was found, for a person to recognise."""
        found: dict[str, Any] = {
            "parcels": len(self.parcels.frame),
            "system": self.parcels.system,
            "area_ha": round(self.parcels.area_ha, 4),
            "strata": {name: round(area, 4) for name, area in self.area_ha.items()},
        }
        for survey in self.surveys:
            plots, trees = survey.inventory.plots, survey.inventory.trees
            counts = {"plots": len(plots), "trees": len(trees), "heights": len(survey.heights)}
            found.setdefault("surveys", {})[survey.file] = counts
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
        parcels, area_ha, more = with_strata(project, parcels)
        faults += [*more, *answer_faults(project, parcels)]
    good = tuple(survey for survey in surveys if survey is not None)
    faults += planting_faults(project)
    for survey, visit in zip(surveys, project.monitoring, strict=True):
        faults += survey_faults(project, survey, visit.date) if survey is not None else []
    if parcels is not None and not faults:
        for survey, visit in zip(good, project.monitoring, strict=True):
            faults += position_faults(survey, parcels, visit.date)
    if faults or parcels is None:
        raise RefusedInput(faults)
    days = tuple(visit.date for visit in project.monitoring)
    site = Site(parcels, area_ha, good, link_visits(*good) if good else None, planted, days)
    if more := pair_faults(site):
        raise RefusedInput(more)
    return site


def read_parcels(project: Afforestation, folder: Path) -> Parcels:
    """The parcel file with what the project says of it."""
    said = project.parcels
    options = Options(
        layer=said.layer,
        encoding=said.encoding,
        crs=said.crs,
        datum=said.datum,
        near=said.near,
        area_unit=said.area_unit,
        volume_unit=said.volume_unit,
        mapping=said.fields or None,
        codes=said.codes or None,
        source=said.source,
        reference=folder / said.reference if said.reference else None,
        multi_part=said.multi_part,
    )
    return read_xiaoban(folder / said.file, options)


def answer_faults(project: Afforestation, parcels: Parcels) -> list[Fault]:
    """Answers to the conditions for parcels that the parcel file does not hold."""
    there = {str(name) for name in parcels.frame["parcel_id"]}
    unknown = [str(name) for name in project.conditions.get("parcel", {}) if str(name) not in there]
    return [Fault("project.answer_without_parcel", PROJECT_FILE, column=f"conditions.parcel.{one}") for one in unknown]


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


def planted_text(parcel: pd.Series) -> str:
    """The planting year of a parcel as people write it."""
    year = parcel.get("planted_year")
    return "" if year is None or year != year else f"{float(year):.0f}"


def with_strata(project: Afforestation, parcels: Parcels) -> tuple[Parcels, dict[str, float], list[Fault]]:
    """Parcels with their stratum and credited area, the area of each stratum, parcels in none, strata without any.

    Of a parcel's declared and measured area the smaller counts.
    """
    frame, file = parcels.frame, parcels.observations[0].name if parcels.observations else ""
    declared = frame["area_declared_ha"] if "area_declared_ha" in frame else frame["area_ha"]
    credited = np.fmin(declared.to_numpy(float), frame["area_ha"].to_numpy(float))
    strata = [stratum_of(parcel, project.strata) for _, parcel in frame.iterrows()]
    frame = frame.assign(stratum=strata, area_credited_ha=credited)
    faults = [
        Fault(
            "project.parcel_without_stratum",
            file,
            row=int(str(row)),
            column="stratum",
            value=str(parcel["parcel_id"]),
            facts={"species": parcel.get("species", ""), "planted": planted_text(parcel)},
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
    return replace(parcels, frame=frame), found, faults


def planting_faults(project: Afforestation) -> list[Fault]:
    """Strata planted before the project started: they would not have held nothing then."""
    started = project.dates.started
    return [
        Fault(
            "project.planted_before_start",
            "project.toml",
            column="strata",
            value=stratum.id,
            facts={"planted": stratum.planted.isoformat(), "started": started.isoformat()},
        )
        for stratum in project.strata
        if stratum.planted < started
    ]


def position_faults(survey: PlotSurvey, parcels: Parcels, day: date) -> list[Fault]:
    """Plots whose position lies in no parcel of their stratum, beyond what a receiver may be off."""
    import geopandas

    plots = survey.inventory.plots
    placed = plots[plots["lon"].notna() & plots["lat"].notna()]
    if not len(placed):
        return []
    metric = parcels.frame.estimate_utm_crs()
    points = geopandas.GeoSeries.from_xy(placed["lon"], placed["lat"], crs=parcels.frame.crs).to_crs(metric)
    outlines = parcels.frame.to_crs(metric)
    allowed = choice("plot_position_tolerance_m", day).number()
    faults = []
    for (_, plot), point in zip(placed.iterrows(), points, strict=True):
        mine = outlines[outlines["stratum"] == plot["stratum"]]
        away = float(mine.distance(point).min()) if len(mine) else float("inf")
        if away > allowed:
            inside = outlines.loc[outlines.contains(point), "parcel_id"]
            facts = {
                "stratum": plot["stratum"],
                "distance": f"{away:,.0f}",
                "inside": ", ".join(map(str, inside)) or "-",
                "allowed": f"{allowed:g}",
            }
            faults.append(
                Fault(
                    "project.plot_outside", survey.file, column="lon, lat", value=str(plot["location_id"]), facts=facts
                )
            )
    return faults


def survey_faults(project: Afforestation, survey: PlotSurvey, day: date) -> list[Fault]:
    """A day the visits do not bear out, plots in unknown strata, and strata with too few plots for a variance."""
    planted = {stratum.id: stratum.planted for stratum in project.strata}
    plots = survey.inventory.plots
    faults = [
        Fault("project.plot_without_stratum", survey.file, column="stratum", value=str(place))
        for place in plots.loc[~plots["stratum"].isin(planted), "location_id"]
    ]
    first, last = plots["visited"].min(), plots["visited"].max()
    if len(plots) and not first.date() <= day <= last.date():
        facts = {"first": f"{first:%Y-%m-%d}", "last": f"{last:%Y-%m-%d}"}
        faults.append(Fault("project.monitoring_date", survey.file, column="visited", value=str(day), facts=facts))
    grown = sorted(name for name, since in planted.items() if since <= day)
    if not grown:
        facts = {"stratum": min(planted, key=lambda name: planted[name]), "planted": str(min(planted.values()))}
        faults.append(Fault("project.before_planting", survey.file, value=str(day), facts=facts))
    return faults + few_plots("project.too_few_plots", plots, grown, survey.file, day)


def pair_faults(site: Site) -> list[Fault]:
    """Plots that changed their stratum between the last two monitorings, and strata with too few found at both."""
    if not site.surveys:
        return []
    last, pairs = site.surveys[-1], site.pairs()
    faults = few_plots("project.too_few_pairs", pairs, sorted(site.planted_ha(site.days[-1])), last.file, site.days[-1])
    if len(site.surveys) == 1:
        return faults
    before = site.surveys[-2].inventory.plots.set_index("location_id")["stratum"]
    moved = pairs[(pairs["plot_id_before"] != "") & (pairs["location_id"].map(before) != pairs["stratum"])]
    return faults + [
        Fault(
            "project.stratum_changed",
            last.file,
            column="stratum",
            value=str(plot["location_id"]),
            facts={"before": str(before[plot["location_id"]]), "now": str(plot["stratum"])},
        )
        for _, plot in moved.iterrows()
    ]


def few_plots(code: str, plots: pd.DataFrame, strata: list[str], file: str, day: date) -> list[Fault]:
    """Strata with fewer plots than a variance needs."""
    fewest = choice("plots_per_stratum_min", day).number()
    counts = plots["stratum"].value_counts()
    return [
        Fault(code, file, column="stratum", value=name, facts={"count": int(counts.get(name, 0))})
        for name in strata
        if counts.get(name, 0) < fewest
    ]
