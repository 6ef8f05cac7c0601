"""Where plots say they are: off the plan, outside their land, swapped, on a shifted map, or in one place twice. Pure.

A receiver under a canopy is off by a normal error to the east and one to the north, so the distance from where a crew
was sent is Rayleigh's. Which map a large shift comes from is told by its length and direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.projects.field.chance import benjamini_hochberg, normal_upper
from tanhui.projects.field.limits import limit
from tanhui.projects.field.model import Finding, PlannedPlot, Tested
from tanhui.sensing.inventory.map_offsets import M_PER_DEG, bd09_from_gcj02, gcj02_from_wgs84, shift_m, shift_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanhui.projects.field.survey import FieldSurvey

__all__ = ["Places", "places_of", "position_findings"]

Outlines = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What is known of where plots should be.

    Attributes
    ----------
    plan : tuple of PlannedPlot
        Where crews were sent.
    outlines : dict of str to list of shapely geometry
        The parcels of each stratum, in degrees.
    """

    plan: tuple[PlannedPlot, ...] = ()
    outlines: Outlines = field(default_factory=dict)

    @property
    def planned(self) -> dict[str, tuple[float, float]]:
        """Where each plot was planned. [deg]"""
        return {plot.id: (plot.lon_deg, plot.lat_deg) for plot in self.plan}


def places_of(parcels: Mapping[str, Sequence[tuple[str, Any]]]) -> Outlines:
    """Outlines by stratum, without their numbers."""
    return {stratum: [shape for _, shape in outlines] for stratum, outlines in parcels.items()}


def position_findings(survey: FieldSurvey, places: Places) -> Iterator[tuple[Tested, list[Finding]]]:
    """Every check of positions; one that is named by its cause is not named again by its distance."""
    plots = survey.plots[survey.plots["lon"].notna() & survey.plots["lat"].notna()]
    names = plots["location_id"].astype(str).to_numpy(object)
    lon, lat = plots["lon"].to_numpy(float), plots["lat"].to_numpy(float)
    swapped = (lat > 60) & (lon < 60)  # no place of China has a latitude beyond 60 or a longitude below it
    planned = places.planned
    yield _swapped(names, lon, lat, swapped)
    right = ~swapped
    names, lon, lat = names[right], lon[right], lat[right]
    strata = plots["stratum"].astype(str).to_numpy(object)[right]
    causes = _causes(names, strata, lon, lat, places)
    yield _shifted(names, causes)
    plain = np.array([name not in causes for name in names], bool)
    yield _off_plan(names[plain], lon[plain], lat[plain], planned)
    yield _outside(names[plain], strata[plain], lon[plain], lat[plain], places.outlines)
    yield _not_read(names, lon, lat, planned)
    yield _same_place(names, lon, lat)
    if places.plan:
        yield _absent(survey, places.plan)
        yield _reserves(survey, places.plan)


def _swapped(
    names: NDArray[Any], lon: NDArray[np.float64], lat: NDArray[np.float64], swapped: NDArray[np.bool_]
) -> tuple[Tested, list[Finding]]:
    found = [
        Finding("swapped", str(names[k]), facts={"lon": f"{lon[k]:g}", "lat": f"{lat[k]:g}"})
        for k in np.flatnonzero(swapped)
    ]
    return Tested("swapped", len(names), len(found)), found


def _causes(
    names: NDArray[Any], strata: NDArray[Any], lon: NDArray[np.float64], lat: NDArray[np.float64], places: Places
) -> dict[str, tuple[str, float]]:
    """Plots whose shift is that of a web map: which, and how far. From the plan, else from the land."""
    import shapely

    found: dict[str, tuple[str, float]] = {}
    planned = places.planned
    joined = {stratum: shapely.union_all(list(shapes)) for stratum, shapes in places.outlines.items()}
    for k, name in enumerate(names):
        if name in planned:
            there = planned[name]
            east, north = shift_m(lon[k], lat[k], *there)
            cause = shift_name(east, north, *there)
            if cause in ("gcj02", "bd09"):
                found[name] = (cause, float(np.hypot(east, north)))
        elif (land := joined.get(strata[k])) is not None and not shapely.contains_xy(land, lon[k], lat[k]):
            cause, shift = _cause_by_land(land, lon[k], lat[k])
            # Near the edge chance alone may explain it; farther out the map does.
            away = shapely.distance(land, shapely.Point(lon[k], lat[k])) * M_PER_DEG
            if cause and away > limit("gnss_sd_m") * 4:
                found[name] = (cause, shift)
    return found


def _cause_by_land(land: Any, lon: float, lat: float) -> tuple[str, float]:
    """The web map without whose offset a place would lie on its land."""
    import shapely

    gcj = gcj02_from_wgs84(lon, lat)
    for cause, (x, y) in (("gcj02", gcj), ("bd09", bd09_from_gcj02(*gcj))):
        east, north = shift_m(x, y, lon, lat)
        back = (2 * lon - float(x), 2 * lat - float(y))  # the offset changes little over a kilometre
        if shapely.contains_xy(land, *back):
            return cause, float(np.hypot(east, north))
    return "", 0.0


def _shifted(names: NDArray[Any], causes: Mapping[str, tuple[str, float]]) -> tuple[Tested, list[Finding]]:
    found = [
        Finding("map_shift", name, value=shift, facts={"map": cause.upper(), "m": f"{shift:.0f}"})
        for name, (cause, shift) in causes.items()
    ]
    return Tested("map_shift", len(names), len(found)), found


def _off_plan(
    names: NDArray[Any], lon: NDArray[np.float64], lat: NDArray[np.float64], planned: Mapping[str, tuple[float, float]]
) -> tuple[Tested, list[Finding]]:
    at = np.array([k for k, name in enumerate(names) if name in planned], int)
    there = np.array([planned[names[k]] for k in at], float).reshape(-1, 2)
    east = (lon[at] - there[:, 0]) * M_PER_DEG * np.cos(np.radians(there[:, 1]))
    away = np.hypot(east, (lat[at] - there[:, 1]) * M_PER_DEG)
    sd = limit("gnss_sd_m")
    return _judged("off_plan", names[at], away, np.exp(-0.5 * (away / sd) ** 2), [{}] * len(at))


def _outside(
    names: NDArray[Any], strata: NDArray[Any], lon: NDArray[np.float64], lat: NDArray[np.float64], outlines: Outlines
) -> tuple[Tested, list[Finding]]:
    import shapely

    away, facts, at = [], [], []
    trees = {stratum: shapely.STRtree(list(shapes)) for stratum, shapes in outlines.items()}
    for k, stratum in enumerate(strata):
        if stratum not in trees:
            continue
        at.append(k)
        # Degrees to metres about the plot itself, so that distances are those on the ground.
        scale = np.array([M_PER_DEG * np.cos(np.radians(lat[k])), M_PER_DEG])
        point = shapely.Point(lon[k], lat[k])
        nearest = list(outlines[stratum])[int(trees[stratum].nearest(point))]
        moved = shapely.transform(nearest, lambda xy, k=k, scale=scale: (xy - [lon[k], lat[k]]) * scale)
        away.append(float(shapely.distance(moved, shapely.Point(0, 0))))
        others = [s for s, tree in trees.items() if s != stratum and away[-1] and len(tree.query(point, "within"))]
        facts.append({"stratum": stratum, "inside": ", ".join(others) or "–"})
    distance = np.array(away)
    p = np.where(distance > 0, normal_upper(distance / limit("gnss_sd_m")), 1.0)
    return _judged("outside", names[np.array(at, int)], distance, p, facts)


def _judged(
    check: str,
    names: NDArray[Any],
    metres: NDArray[np.float64],
    p: NDArray[np.float64],
    facts: Sequence[dict[str, Any]],
) -> tuple[Tested, list[Finding]]:
    q = benjamini_hochberg(p)
    found = [
        Finding(
            check,
            str(names[k]),
            value=float(metres[k]),
            p=float(p[k]),
            q=float(q[k]),
            facts={"m": f"{metres[k]:,.0f}", **facts[k]},
        )
        for k in map(int, np.flatnonzero(q <= limit("alpha")))
    ]
    return Tested(check, len(names), len(found), float(p.min()) if len(p) else None), found


def _not_read(
    names: NDArray[Any], lon: NDArray[np.float64], lat: NDArray[np.float64], planned: Mapping[str, tuple[float, float]]
) -> tuple[Tested, list[Finding]]:
    """Positions that are the plan's own to the last digit: nobody read a receiver."""
    same = [k for k, name in enumerate(names) if name in planned and (lon[k], lat[k]) == tuple(planned[name])]
    return Tested("not_read", len(names), len(same)), [Finding("not_read", str(names[k])) for k in same]


def _same_place(
    names: NDArray[Any], lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[Tested, list[Finding]]:
    if not len(names):
        return Tested("same_place", 0, 0), []
    xy = np.column_stack([lon * M_PER_DEG * np.cos(np.radians(lat.mean())), lat * M_PER_DEG])
    apart = np.linalg.norm(xy[:, None] - xy, axis=-1)
    most = limit("same_place_m")
    pairs = zip(*np.nonzero(np.triu(apart <= most, 1)), strict=True)
    found = [
        Finding(
            "same_place",
            str(names[a]),
            other=str(names[b]),
            value=float(apart[a, b]),
            limit=most,
            facts={"m": f"{apart[a, b]:.1f}"},
        )
        for a, b in pairs
    ]
    return Tested("same_place", len(names), len(found)), found


def _absent(survey: FieldSurvey, plan: Sequence[PlannedPlot]) -> tuple[Tested, list[Finding]]:
    """Planned plots of which the survey says nothing, not even that they were not found."""
    known = set(survey.plots["location_id"].astype(str))
    wanted = [plot for plot in plan if plot.kind != "reserve"]
    gone = [plot for plot in wanted if plot.id not in known]
    return Tested("absent", len(wanted), len(gone)), [Finding("absent", plot.id) for plot in gone]


def _reserves(survey: FieldSurvey, plan: Sequence[PlannedPlot]) -> tuple[Tested, list[Finding]]:
    """Reserves are taken in their order: who may choose among them chooses easy plots."""
    known = set(survey.plots["location_id"].astype(str))
    reserves = sorted((plot for plot in plan if plot.kind == "reserve"), key=lambda plot: (plot.stratum, plot.order))
    found: list[Finding] = []
    skipped: dict[str, str] = {}
    for plot in reserves:
        if plot.id not in known:
            skipped.setdefault(plot.stratum, plot.id)
        elif plot.stratum in skipped:
            found.append(Finding("reserve_order", plot.id, other=skipped[plot.stratum]))
    return Tested("reserve_order", sum(plot.id in known for plot in reserves), len(found)), found
