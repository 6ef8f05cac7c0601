"""Land surveys: the classes of each parcel by share of its area, survey by survey."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.tables import table_spec
from tanhui.kernel.tables.headers import match_headers
from tanhui.projects.history.dates import day_in_name, last_day
from tanhui.projects.history.land_classes import land_class
from tanhui.projects.history.model import State, threshold
from tanhui.sensing.inventory.crs import datum_of, to_cgcs2000
from tanhui.sensing.inventory.parcel_files import read_parcel_file

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["read_surveys", "survey_states"]


def read_surveys(paths: Iterable[Path]) -> list[tuple[str, gpd.GeoDataFrame]]:
    """Surveys in CGCS2000 with ``land_class`` and ``day``.

    Raises
    ------
    RefusedInput
        With every file that cannot be read, names no coordinate system, has no class, or cannot be dated.
    """
    faults: list[Fault] = []
    found = []
    for path in paths:
        try:
            found.append((path.name, _read(path)))
        except RefusedInput as refusal:
            faults += refusal.faults
    if faults:
        raise RefusedInput(faults)
    return found


def _read(path: Path) -> gpd.GeoDataFrame:
    import geopandas
    import shapely

    raw = read_parcel_file(path)
    headers = [str(name) for name in raw.frame.columns]
    at = {
        ours: headers[n]
        for ours, n in match_headers(headers, table_spec("projects_history", "survey")).position.items()
    }
    faults = []
    if "land_class" not in at:
        faults.append(Fault("history.no_class", path.name, row=1))
    if raw.crs is None or datum_of(raw.crs) is None:
        faults.append(Fault("history.no_crs", path.name))
    days = [_day(row, at, path.stem) for row in raw.frame.to_dict("records")]
    undated = [number for number, day in enumerate(days, start=1) if day is None]
    faults += [Fault("history.no_day", path.name, row=number) for number in undated[:1]]
    if faults:
        raise RefusedInput(faults)
    shapes, _ = to_cgcs2000(raw.frame.geometry.set_crs(raw.crs, allow_override=True).force_2d())
    words = [_word(cell) for cell in raw.frame[at["land_class"]]]
    frame = geopandas.GeoDataFrame({"land_class": words, "day": days}, geometry=shapely.make_valid(shapes.to_numpy()))
    return frame.set_crs(shapes.crs)[~shapes.isna().to_numpy()]


def _word(cell: Any) -> str:
    """A class as text: databases hold codes as numbers."""
    text = "" if cell is None or cell != cell else str(cell).strip()
    return text.removesuffix(".0")


def _day(row: Mapping[str, Any], at: Mapping[str, str], stem: str) -> date | None:
    """The day of a row by its own date or year, else by the name of the file."""
    for ours in ("date", "year"):
        cell = row.get(at.get(ours, ""))
        if cell is None or cell != cell or str(cell).strip() in ("", "NaT"):
            continue
        text = str(cell).strip().removesuffix(".0")
        day = day_in_name(text[:10])
        return day if day else (last_day(int(text)) if text.isdigit() and len(text) == 4 else None)
    return day_in_name(stem)


def survey_states(
    frame: gpd.GeoDataFrame, surveys: Iterable[tuple[str, gpd.GeoDataFrame]], day: date
) -> dict[int, list[State]]:
    """States of each parcel by its place in the frame: one per survey and day, covered or not.

    Shares are of the parcel's area in an equal-area projection about the land.
    """
    import shapely
    from pyproj import Transformer

    west, south, east, north = frame.total_bounds
    local = f"+proj=laea +lat_0={(south + north) / 2} +lon_0={(west + east) / 2} +ellps=GRS80 +units=m"
    to_plane = Transformer.from_crs("EPSG:4490", local, always_xy=True)

    def plane(shapes: Any) -> Any:
        return shapely.transform(shapes, lambda x, y: to_plane.transform(x, y), interleaved=False)

    parcels = plane(frame.geometry.to_numpy())
    areas = shapely.area(parcels)
    states: dict[int, list[State]] = defaultdict(list)
    for name, survey in surveys:
        for of_day, group in survey.groupby("day"):
            shapes, words = plane(group.geometry.to_numpy()), group["land_class"].to_list()
            tree = shapely.STRtree(shapes)
            mine, theirs = tree.query(parcels, predicate="intersects")
            overlap = shapely.area(shapely.intersection(parcels[mine], shapes[theirs]))
            shares: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
            for i, j, area in zip(mine.tolist(), theirs.tolist(), overlap.tolist(), strict=True):
                shares[i][words[j]] += area / areas[i]
            for i in range(len(parcels)):
                states[i].append(_state(name, of_day, shares.get(i, {}), day))
    return states


def _state(source: str, of_day: date, shares: Mapping[str, float], day: date) -> State:
    """What a parcel was by a survey: forest by share, no forest where enough is covered and every class is clear."""
    listed = tuple(sorted(shares.items(), key=lambda item: (-item[1], item[0])))
    known = {word: land_class(word) for word in shares}
    forest = sum(share for word, share in shares.items() if (c := known[word]) and c.forest)
    unclear = sum(share for word, share in shares.items() if (c := known[word]) is None or c.forest is None)
    tolerated = threshold("forest_share_max", day).number()
    answer, why = False, ""
    if forest > tolerated:
        answer = True
    elif sum(shares.values()) < threshold("covered_share_min", day).number():
        return State(of_day, source, "survey", None, listed, "not_covered")
    elif forest + unclear > tolerated:
        return State(of_day, source, "survey", None, listed, "unknown_class")
    return State(of_day, source, "survey", answer, listed, why)
