"""Sites from files and from the registry: a project of ours, outlines of any format, entries of a public list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.time import Period
from tanhui.projects.duplicates.model import Site
from tanhui.projects.duplicates.read_kml import read_kml

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["other_sites", "our_sites", "registry_sites"]

LISTS = (".csv", ".xlsx", ".xlsm")
KML = (".kml", ".kmz")
#: The ledger is asked for all times; that days are apart, a pair says itself.
ALWAYS = Period(date.min, date.max)


def our_sites(path: Path, place: str = "") -> list[Site]:
    """The parcels of a project of ours: its folder, or a file of outlines.

    Parameters
    ----------
    path : Path
        A project folder, its ``project.toml``, or a parcel file.
    place : str
        Province and county, where the project file names none.
    """
    from tanhui.projects.model import PROJECT_FILE, Afforestation, load_project

    folder = path.parent if path.name == PROJECT_FILE else path
    if not (folder / PROJECT_FILE).is_file():
        return outline_sites(path, place)
    from tanhui.projects.site import read_parcels

    project = load_project(folder)
    if not isinstance(project, Afforestation):
        raise RefusedInput([Fault("duplicates.no_parcels", str(folder))])
    frame = read_parcels(project, folder).frame
    crediting, title = project.dates.crediting, project.title
    return [
        Site(
            source=f"{folder.resolve().name}/{project.parcels.file.name}",
            project=project.id,
            id=str(parcel["parcel_id"]),
            name=title.zh,
            also=title.en,
            wkb=parcel.geometry.wkb,
            period=crediting,
            place=place,
            methodology=project.method,
            owner=project.owner,
            row=int(str(row)),
        )
        for row, parcel in frame.iterrows()
    ]


def other_sites(path: Path) -> list[Site]:
    """What a file of somebody else claims: outlines, or the entries of a list."""
    return list_sites(path) if path.suffix.lower() in LISTS else outline_sites(path)


def outline_sites(path: Path, place: str = "") -> list[Site]:
    """The outlines of a file, mended where rings cross; what is no area is left out."""
    if path.suffix.lower() in KML:
        marks = [mark for mark in read_kml(path) if mark.polygons]
        named = [(mark.name or str(number), mark.name or path.stem) for number, mark in enumerate(marks, start=1)]
        shapes: list[Any] = [mark.outline for mark in marks]
    else:
        named, shapes = frame_outlines(path)
    whole = mended(shapes, path.name)
    if not any(shape is not None for shape in whole):
        raise RefusedInput([Fault("duplicates.no_outlines", path.name)])
    return [
        Site(path.name, path.stem, name, title, wkb=shape.wkb, place=place, row=row)
        for row, ((name, title), shape) in enumerate(zip(named, whole, strict=True), start=1)
        if shape is not None
    ]


def frame_outlines(path: Path) -> tuple[list[tuple[str, str]], list[Any]]:
    """Outlines of a file with attributes, in CGCS2000 degrees, each with its number and what it is called."""
    from tanhui.kernel.tables import table_spec
    from tanhui.sensing.inventory.crs import to_cgcs2000
    from tanhui.sensing.inventory.parcel_attributes import parcel_column
    from tanhui.sensing.inventory.parcel_files import read_parcel_file

    raw = read_parcel_file(path)
    if raw.crs is None:
        raise RefusedInput([Fault("duplicates.no_crs", path.name)])
    shapes, _ = to_cgcs2000(raw.frame.geometry.set_crs(raw.crs, allow_override=True).force_2d())
    headers = [str(name) for name in raw.frame.columns if name != raw.frame.geometry.name]
    number = parcel_column(headers, "parcel_id")
    title = next(
        (h for h in headers if table_spec("projects_duplicates", "public_list").find(h) == "project_name"), None
    )
    ids = [str(value) for value in (raw.frame[number] if number else raw.frame.index)]
    names = [str(value) for value in raw.frame[title]] if title else [path.stem] * len(ids)
    return list(zip(ids, names, strict=True)), list(shapes)


def mended(shapes: Sequence[Any], file: str) -> list[Any]:
    """Valid polygons; nothing where there is none. Coordinates that are no degrees are refused."""
    import shapely

    from tanhui.projects.land.area import polygons_of

    given = np.array([shape if shape is not None else shapely.Polygon() for shape in shapes], object)
    bounds = shapely.bounds(given)
    off = (np.abs(bounds[:, ::2]) > 180).any(axis=1) | (np.abs(bounds[:, 1::2]) > 90).any(axis=1)
    if off.any():
        rows = [int(row) + 1 for row in np.flatnonzero(off)]
        raise RefusedInput([Fault("duplicates.not_degrees", file, row=row) for row in rows])
    parts, owner = polygons_of(shapely.make_valid(given))
    found: list[Any] = [None] * len(given)
    for place in np.unique(owner):
        found[place] = shapely.normalize(shapely.union_all(parts[owner == place]))
    return found


def list_sites(path: Path) -> list[Site]:
    """The entries of a list without outlines: names, places, methodologies, days and tonnes."""
    from tanhui.kernel.tables import read_table, table_spec

    frame = read_table(path, table_spec("projects_duplicates", "public_list"))
    return [
        Site(
            source=path.name,
            project=text(row, "project_id") or text(row, "project_name"),
            id=text(row, "project_id"),
            name=text(row, "project_name"),
            period=period_of(row),
            place=" ".join(filter(None, (text(row, "province"), text(row, "county")))),
            methodology=text(row, "methodology"),
            owner=text(row, "owner"),
            expected_t=tonnes(row),
            scheme=text(row, "scheme"),
            row=int(str(number)),
        )
        for number, row in zip(frame.index, frame.to_dict("records"), strict=True)
    ]


def text(row: dict[Any, Any], name: str) -> str:
    """A cell as text, empty where it is missing."""
    value = row.get(name)
    return "" if value is None or value != value else str(value)


def tonnes(row: dict[Any, Any]) -> float | None:
    """Tonnes a year that an entry expects, else those certified."""
    for name in ("expected_t", "certified_t"):
        value = row.get(name)
        if value is not None and value == value:
            return float(value)
    return None


def period_of(row: dict[Any, Any]) -> Period | None:
    """The crediting period of an entry; a public notice is no claim on days and says nothing here."""
    first, last = row.get("crediting_start"), row.get("crediting_end")
    if first is None or last is None or first != first or last != last or last < first:
        return None
    return Period.inclusive(first.date(), last.date())


def registry_sites(connection: Connection, ours: Iterable[Site]) -> list[Site]:
    """Registered or imported parcels of other projects whose boxes meet ours."""
    import shapely

    from tanhui.projects.land.model import Parcel
    from tanhui.projects.land.store import candidates, registered

    mine = [site for site in ours if site.wkb is not None]
    asked = [Parcel(s.id, s.project, s.wkb or b"", ALWAYS, 0.0) for s in mine]
    outlines = shapely.from_wkb(np.array([site.wkb for site in mine], object))
    _, rows = candidates(connection, asked, outlines, {("", site.project) for site in mine})
    return [
        Site(
            source=f"registry:{known.parcel.source}" if known.parcel.source else "registry",
            project=known.parcel.project,
            id=known.parcel.id,
            wkb=known.parcel.wkb,
            period=known.held,
        )
        for some in registered(connection, np.unique(rows))
        for known in some
    ]
