"""Parcels (小班) of a Chinese project: any usual file in, one checked table in CGCS2000 and hectares out.

Nothing is assumed: the coordinate system, the unit of area and the unit of volume are taken from the file where it
names them and otherwise asked for. What does not fit is refused, with everything that is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.nouns import Observation
from tanhui.kernel.species import resolve_all
from tanhui.kernel.tables import table_spec
from tanhui.kernel.tables.headers import note
from tanhui.kernel.units import conversion_factor, convert
from tanhui.sensing.inventory import map_offsets
from tanhui.sensing.inventory.crs import candidates, datum_of, ellipsoidal_area_ha, place_fault, to_cgcs2000
from tanhui.sensing.inventory.limits import limit
from tanhui.sensing.inventory.parcel_attributes import UNITS, Options, attributes, parcel_column
from tanhui.sensing.inventory.parcel_checks import duplicates, outline_fault, overlaps
from tanhui.sensing.inventory.parcel_files import RawParcels, observations, read_parcel_file

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from pyproj import CRS

__all__ = ["Options", "Parcels", "read_xiaoban"]

#: Formats in which outlines drawn on web maps are handed over.
WEB_FORMATS = (".kml", ".kmz", ".geojson", ".json")


@dataclass(frozen=True, slots=True)
class Parcels:
    """Parcels with outlines in CGCS2000 and areas measured from them.

    Attributes
    ----------
    frame : GeoDataFrame
        EPSG:4490; columns of ``data/inventory/xiaoban.toml`` that the file has, ``area_ha`` (measured on the
        ellipsoid) and ``geometry``. Index = row of the file.
    system : str
        Name of the coordinate system the file is in.
    position_accuracy_m : float
        How far the position may be off through a change of datum. [m]
    """

    frame: gpd.GeoDataFrame
    system: str
    encoding: str
    position_accuracy_m: float
    observations: tuple[Observation, ...] = ()
    notes: tuple[dict[str, Any], ...] = ()

    @property
    def area_ha(self) -> float:
        """Area of all parcels. [ha]"""
        return float(self.frame["area_ha"].sum())


def read_xiaoban(path: Path, options: Options | None = None) -> Parcels:
    """Read, check and transform parcels.

    Parameters
    ----------
    path : Path
        Shapefile, FileGDB, GeoPackage, KML, KMZ, GeoJSON or coordinate TXT.
    options : Options, optional
        What the file does not say by itself.

    Returns
    -------
    Parcels

    Raises
    ------
    RefusedInput
        With every fault: coordinate system unknown or impossible, map offset, units missing or contradicted by the
        outlines, outlines empty, crossing themselves, doubled, overlapping, sliver or of several parts, and cells.
    """
    import geopandas

    asked = options or Options()
    raw = read_parcel_file(path, layer=asked.layer, encoding=asked.encoding)
    if not len(raw.frame):
        raise RefusedInput([Fault("table.no_rows", path.name)])
    table, faults = attributes(raw.frame.drop(columns=raw.frame.geometry.name), asked, path.name)
    faults += _source_faults(raw, asked, path.name)
    if table is not None:
        faults += _species_faults(table, path.name)
    crs, wrong = _system(raw, asked, path.name)
    if crs is None:
        raise RefusedInput([*wrong, *faults])
    shapes, accuracy_m = to_cgcs2000(raw.frame.geometry.set_crs(crs, allow_override=True).force_2d(), shift=asked.shift)
    area_ha = ellipsoidal_area_ha([shape if _measurable(shape) else None for shape in shapes])
    faults += _outline_faults(shapes, table, asked, path.name)
    if table is not None:
        faults += _area_faults(table, area_ha, path.name)
        faults += _reference_faults(table, shapes, asked, path.name)
    if faults or table is None:
        raise RefusedInput(faults)
    frame = geopandas.GeoDataFrame(table.assign(area_ha=area_ha), geometry=shapes, crs=shapes.crs)
    notes = (*raw.notes, *table.attrs.get("notes", ()), *_offset_note(path, asked))
    return Parcels(frame, _name(crs), raw.encoding, accuracy_m, observations(path), notes)


def _name(crs: CRS) -> str:
    epsg = crs.to_epsg()
    return f"EPSG:{epsg} {crs.name}" if epsg else str(crs.name)


def _system(raw: RawParcels, asked: Options, file: str) -> tuple[CRS | None, list[Fault]]:
    """The system of a file: its own, the one asked for, or the only one that fits. None where it is wrong."""
    from pyproj import CRS as Crs

    west, south, east, north = (float(value) for value in raw.frame.total_bounds)
    bounds = (west, south, east, north)
    if not np.isfinite(bounds).all():
        return None, [Fault("xiaoban.no_geometry", file)]
    fitting = candidates(bounds, datum=asked.datum, near=asked.near)
    facts = {"options": "; ".join(system.name for system in fitting) or "-"}
    corner = f"{west:.10g}, {south:.10g}"
    crs, wrong = _stated_system(raw, asked, file)
    if wrong:
        return None, wrong
    if crs is None and len(fitting) != 1:
        code = "xiaoban.no_crs" if fitting else "xiaoban.no_crs_fits"
        return None, [Fault(code, file, value=corner, facts=facts)]
    crs = crs or Crs.from_epsg(fitting[0].epsg)
    if datum_of(crs) is None:
        return None, [Fault("xiaoban.unknown_datum", file, value=crs.name)]
    misplaced = place_fault(bounds, crs)
    if misplaced is not None:
        return None, [Fault(f"xiaoban.{misplaced}", file, value=corner, facts={**facts, "crs": crs.name})]
    return crs, []


def _stated_system(raw: RawParcels, asked: Options, file: str) -> tuple[CRS | None, list[Fault]]:
    """What the file and the person say the system is; they must not contradict each other."""
    from pyproj import CRS as Crs
    from pyproj.exceptions import CRSError

    if asked.crs is None:
        return raw.crs, []
    try:
        crs = Crs.from_user_input(asked.crs)
    except CRSError:
        return None, [Fault("xiaoban.unknown_crs", file, value=asked.crs)]
    if (
        raw.crs is None
        or raw.assumed
        or raw.crs.equals(crs, ignore_axis_order=True)
        or raw.crs.to_epsg() == crs.to_epsg()
    ):
        return crs, []
    facts = {"stated": raw.crs.name, "asked": crs.name}
    return None, [Fault("xiaoban.crs_conflict", file, value=asked.crs, facts=facts)]


def _measurable(shape: Any) -> bool:
    """Whether an outline encloses an area at all; a sliver does, a crossing line does not."""
    polygonal = shape is not None and shape.geom_type in ("Polygon", "MultiPolygon")
    return bool(polygonal and not shape.is_empty and shape.is_valid)


def _outline_faults(shapes: gpd.GeoSeries, table: pd.DataFrame | None, asked: Options, file: str) -> list[Fault]:
    rows = [int(row) for row in shapes.index]
    ids = [str(value) for value in table["parcel_id"]] if table is not None else [str(row) for row in rows]
    faults = []
    for row, name, shape in zip(rows, ids, shapes, strict=True):
        wrong = outline_fault(shape)
        if wrong is not None and not (wrong[0] == "multi_part" and asked.multi_part):
            faults.append(Fault(f"xiaoban.{wrong[0]}", file, row=row, value=name, facts={"detail": wrong[1]}))
    outlines = list(shapes)
    for first, second in duplicates(outlines):
        faults.append(
            Fault("xiaoban.duplicate", file, row=rows[second], value=ids[second], facts={"other": ids[first]})
        )
    for pair in overlaps(outlines):
        facts = {
            "other": ids[pair.second],
            "m2": round(pair.area_m2, 1),
            "mu": round(convert(pair.area_m2, "m2", "mu"), 3),
        }
        faults.append(Fault("xiaoban.overlap", file, row=rows[pair.first], value=ids[pair.first], facts=facts))
    return faults


def _source_faults(raw: RawParcels, asked: Options, file: str) -> list[Fault]:
    """Outlines drawn on a web map with an added offset, by the file's own words or the person's."""
    offset = map_offsets.declared_offset(asked.source) or map_offsets.declared_offset(raw.words)
    if offset is None:
        return []
    return [Fault("xiaoban.map_offset", file, value=asked.source, facts={"offset": offset.upper()})]


def _offset_note(path: Path, asked: Options) -> list[dict[str, Any]]:
    """What no check can tell: formats of the web without a word of their source may carry a map offset."""
    if asked.reference is not None or asked.source or path.suffix.lower() not in WEB_FORMATS:
        return []
    return [note("xiaoban.offset_possible", path.name)]


def _area_faults(table: pd.DataFrame, area_ha: np.ndarray[Any, np.dtype[np.float64]], file: str) -> list[Fault]:
    """Stated against measured areas: a common factor is a wrong unit, a single difference a wrong area."""
    if "area_declared_ha" not in table.columns:
        return []
    stated = table["area_declared_ha"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = stated / area_ha
    usable = np.isfinite(ratio) & (ratio > 0)
    if not usable.any():
        return []
    median = float(np.median(ratio[usable]))
    said = conversion_factor(table.attrs["area_unit"], "ha")
    ratios = {unit: said / conversion_factor(unit, "ha") for unit in UNITS["area_declared_ha"]}
    likely = min(ratios, key=lambda unit: abs(np.log(median / ratios[unit])))
    if likely != table.attrs["area_unit"]:
        facts = {"ratio": f"{median:.3g}", "likely": likely}
        return [Fault("xiaoban.area_unit", file, column="area_declared_ha", facts=facts)]
    rows = [int(row) for row in table.index]
    off = np.abs(stated - area_ha)
    wrong = usable & (off > limit("area_tolerance_share") * area_ha) & (off > limit("area_tolerance_floor_ha"))
    return [
        Fault(
            "xiaoban.area_mismatch",
            file,
            row=rows[place],
            column="area_declared_ha",
            value=str(table["parcel_id"].iloc[place]),
            facts={"stated": f"{stated[place]:.3f}", "measured": f"{area_ha[place]:.3f}"},
        )
        for place in np.flatnonzero(wrong)
    ]


def _species_faults(table: pd.DataFrame, file: str) -> list[Fault]:
    """Species nobody knows. An empty cell is allowed: bare land has no leading species."""
    if "species" not in table.columns:
        return []
    given = table.loc[table["species"] != "", "species"]
    faults = []
    for name in dict.fromkeys(given):
        first = int(given.index[given == name][0])
        faults += resolve_all([name], file=file, column="species", first_row=first)[1]
    return faults


def _reference_faults(table: pd.DataFrame, shapes: gpd.GeoSeries, asked: Options, file: str) -> list[Fault]:
    """A shift against outlines or points whose place is known, named after the map offset it looks like."""
    if asked.reference is None:
        return []
    known = read_parcel_file(asked.reference)
    if known.crs is None or datum_of(known.crs) is None:
        return [Fault("xiaoban.unknown_datum", asked.reference.name)]
    true, _ = to_cgcs2000(known.frame.geometry.set_crs(known.crs, allow_override=True).force_2d())
    header = parcel_column([str(name) for name in known.frame.columns], "parcel_id")
    if header is None:
        wanted = table_spec("inventory", "xiaoban").columns["parcel_id"]
        facts = {"zh": wanted.zh, "en": wanted.en}
        return [Fault("table.missing_column", asked.reference.name, row=1, column="parcel_id", facts=facts)]
    places = {str(k): s.centroid for k, s in zip(known.frame[header], true, strict=True)}
    pairs = [(s.centroid, places[k]) for k, s in zip(table["parcel_id"], shapes, strict=True) if k in places and s]
    if not pairs:
        return [Fault("xiaoban.reference_apart", file, value=asked.reference.name)]
    here, there = zip(*pairs, strict=True)
    lon, lat = [p.x for p in there], [p.y for p in there]
    east, north = map_offsets.shift_m([p.x for p in here], [p.y for p in here], lon, lat)
    name = map_offsets.shift_name(east, north, float(np.mean(lon)), float(np.mean(lat)))
    if name is None:
        return []
    shift = {"east": round(east), "north": round(north), "offset": name.upper()}
    return [Fault("xiaoban.shifted" if name == "other" else "xiaoban.map_offset_seen", file, facts=shift)]
