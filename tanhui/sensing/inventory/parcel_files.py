"""Parcel files of every format, as they are: rows, outlines, the coordinate system they name, nothing judged yet.

Shapefile (with or without .cpg), FileGDB, GeoPackage, KML and KMZ, GeoJSON, coordinate TXT. A file that is missing,
empty, cut short or in an encoding it does not name is refused here; what its rows mean is for ``read_xiaoban``.
"""

from __future__ import annotations

import re
import sqlite3
import zipfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.canonical import digest, file_digest
from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.limits import refuse_bytes, refuse_packed
from tanhui.kernel.nouns import Observation
from tanhui.kernel.tables import simple
from tanhui.kernel.tables.formats import decode
from tanhui.kernel.tables.headers import note
from tanhui.sensing.inventory import coordinate_txt
from tanhui.sensing.inventory.crs import facts
from tanhui.sensing.inventory.text_encoding import decode_value, encoding_of, looks_broken, named_encoding

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS

__all__ = ["RawParcels", "observations", "read_parcel_file"]

SHAPEFILE_PARTS = (".shp", ".dbf", ".shx", ".prj", ".cpg")
#: Columns of the KML driver that describe the drawing, not the land.
KML_DRAWING: tuple[str, ...] = ("id", "timestamp", "begin", "end", "altitudeMode", "tessellate")
KML_DRAWING += ("extrude", "visibility", "drawOrder", "icon", "snippet")


@dataclass(frozen=True, slots=True)
class RawParcels:
    """Rows of a file (index = number of the row, from 1), its coordinate system or None, and its encoding."""

    frame: gpd.GeoDataFrame
    crs: CRS | None
    encoding: str
    words: str = ""
    #: Whether the system is the format's default (GeoJSON) and not something the file says.
    assumed: bool = False
    notes: tuple[dict[str, Any], ...] = ()


def read_parcel_file(path: Path, *, layer: str | None = None, encoding: str | None = None) -> RawParcels:
    """Every row of a parcel file.

    Parameters
    ----------
    path : Path
        ``.shp``, ``.gdb`` (a folder), ``.gpkg``, ``.kml``, ``.kmz``, ``.geojson``, ``.json``, ``.txt`` or ``.csv``.
    layer : str, optional
        Which layer of a database; needed where it holds several.
    encoding : str, optional
        ``GBK`` or ``UTF-8``, where the file does not say or says it wrongly.

    Raises
    ------
    RefusedInput
        Missing, empty, too large, cut short, unreadable, or in an encoding that cannot be told.
    """
    _refuse_bad_file(path)
    suffix = path.suffix.lower()
    if suffix == ".shp":
        raw = _read_shapefile(path, encoding)
    elif suffix in (".geojson", ".json"):
        _refuse_not_utf8(path)
        raw = replace(_read_layers(path, [None]), assumed=not re.search(rb'"crs"\s*:\s*\{', path.read_bytes()))
    elif suffix in (".kml", ".kmz"):
        raw = _read_kml(path)
    elif suffix in (".gdb", ".gpkg"):
        name = _only_layer(path, layer)
        if suffix == ".gpkg":
            _refuse_conjured(path, name)
        raw = _read_layers(path, [name])
    elif suffix in (".txt", ".csv"):
        raw = _read_text(path, encoding)
    else:
        raise RefusedInput([Fault("xiaoban.unknown_format", path.name, value=path.suffix)])
    _refuse_broken_text(raw, path.name)
    return raw


def observations(path: Path) -> tuple[Observation, ...]:
    """The file, or the files that together are a Shapefile or FileGDB, by their hashes."""
    if path.is_dir():
        parts = sorted(part for part in path.rglob("*") if part.is_file() and not part.name.endswith(".lock"))
        listing = "\n".join(f"{part.relative_to(path).as_posix()} {file_digest(part)}" for part in parts)
        size = sum(part.stat().st_size for part in parts)
        return (Observation(path.name, digest(listing.encode()), size, "parcels"),)
    files = shapefile_parts(path) if path.suffix.lower() == ".shp" else [path]
    return tuple(Observation(part.name, file_digest(part), part.stat().st_size, "parcels") for part in files)


def shapefile_parts(path: Path) -> list[Path]:
    """The files of a Shapefile that exist, whatever the case of their endings."""
    there = {part.suffix.lower(): part for part in sorted(path.parent.glob(f"{path.stem}.*"))}
    return [there[suffix] for suffix in SHAPEFILE_PARTS if suffix in there]


def _refuse_bad_file(path: Path) -> None:
    if not path.exists():
        raise RefusedInput([Fault("file.missing", str(path))])
    if path.is_dir():
        if path.suffix.lower() != ".gdb":
            raise RefusedInput([Fault("xiaoban.unknown_format", path.name, value="/")])
        return
    size = path.stat().st_size
    if size == 0:
        raise RefusedInput([Fault("file.empty", path.name)])
    refuse_bytes(size, path.name)


def _frame(path: Path, **options: Any) -> gpd.GeoDataFrame:
    """One layer through pyogrio; anything it cannot read is a fault of the file."""
    import warnings

    import geopandas
    import pyogrio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL's remarks on rings are judged by our own geometry checks
            frame = pyogrio.read_dataframe(path, on_invalid="ignore", **options)  # a ring left open is no outline
    except Exception as error:  # what a damaged file makes pyogrio, GDAL and GEOS raise has no common root
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise RefusedInput([Fault("xiaoban.no_geometry", path.name)])
    frame.index = frame.index + 1
    return frame


def _read_layers(path: Path, layers: Iterable[str | None]) -> RawParcels:
    import pandas as pd

    frames = [_frame(path, **({"layer": layer} if layer else {})) for layer in layers]
    frame = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    if len(frames) > 1:
        frame.index = frame.index + 1
    return RawParcels(frame, frame.crs, "utf-8", _words(frame))


def _texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    """The different texts of each text column."""
    texts = frame.drop(columns=frame.geometry.name).select_dtypes(include=["object", "string"])
    return {str(name): sorted({str(value) for value in texts[name].dropna()}) for name in texts.columns}


def _words(frame: gpd.GeoDataFrame) -> str:
    """What the file says of its source, in one string."""
    names = {simple(name) for name in facts()["offset_columns"]["names"]}
    return " ".join(text for name, texts in _texts(frame).items() if simple(name) in names for text in texts)


def _layer_names(path: Path) -> list[str]:
    import pyogrio

    try:
        return [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except Exception as error:  # as in _frame
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None


def _only_layer(path: Path, layer: str | None) -> str:
    names = _layer_names(path)
    if layer is None and len(names) == 1:
        return names[0]
    if layer in names:
        return str(layer)
    code = "xiaoban.which_layer" if layer is None else "xiaoban.no_layer"
    raise RefusedInput([Fault(code, path.name, value=layer or "", facts={"layers": ", ".join(names)})])


def _read_kml(path: Path) -> RawParcels:
    if path.suffix.lower() == ".kml":
        _refuse_not_utf8(path)
    else:
        _refuse_packed(path)
    raw = _read_layers(path, _layer_names(path))
    frame = raw.frame.drop(columns=[name for name in KML_DRAWING if name in raw.frame.columns])
    frame = frame.dropna(axis="columns", how="all")
    return RawParcels(frame, raw.crs, "utf-8", raw.words)


def _refuse_packed(path: Path) -> None:
    """A KMZ is a zip file, and may be a bomb."""
    try:
        refuse_packed(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None


def _refuse_conjured(path: Path, layer: str) -> None:
    """A layer is what the file holds: no view and no computed column, which can make any number of rows of nothing."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
            found = base.execute("SELECT type, sql FROM sqlite_master WHERE name = ?", (layer,)).fetchall()
            columns = base.execute("SELECT hidden FROM pragma_table_xinfo(?)", (layer,)).fetchall()
    except sqlite3.Error as error:
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None
    virtual = any(str(sql).lstrip().upper().startswith("CREATE VIRTUAL") for _, sql in found)
    if virtual or any(kind != "table" for kind, _ in found) or any(hidden for (hidden,) in columns):
        raise RefusedInput([Fault("xiaoban.no_plain_table", path.name, value=layer)])


def _refuse_not_utf8(path: Path) -> None:
    """JSON and KML are UTF-8 by their standards; drivers would read anything else wrongly."""
    data = path.read_bytes()
    if decode_value(data, "utf-8") is None:
        known = encoding_of([data])
        raise RefusedInput([Fault("xiaoban.not_utf8", path.name, value=known or "?")])


def _read_shapefile(path: Path, encoding: str | None) -> RawParcels:
    parts = {part.suffix.lower(): part for part in shapefile_parts(path)}
    missing = [suffix for suffix in (".dbf", ".shx") if suffix not in parts]
    if missing:
        raise RefusedInput([Fault("xiaoban.missing_part", path.name, value=suffix) for suffix in missing])
    _refuse_cut_shapefile(path, parts)
    # Latin-1 keeps every byte as it is, so that the decision on the encoding is ours, not the driver's.
    frame = _frame(path, encoding="ISO-8859-1")
    texts = [name for name in frame.columns if frame[name].dtype in ("object", "str", "string")]
    values = {str(name).encode("latin-1") for name in frame.columns}
    for name in texts:
        values |= {str(value).encode("latin-1") for value in frame[name].dropna().unique()}
    chosen, notes = _shapefile_encoding(path, parts.get(".cpg"), values, encoding)
    for name in texts:
        frame[name] = frame[name].map(
            lambda text: decode_value(str(text).encode("latin-1"), chosen), na_action="ignore"
        )
    frame = frame.rename(columns={name: decode_value(str(name).encode("latin-1"), chosen) for name in frame.columns})
    return RawParcels(frame, frame.crs, chosen, _words(frame), notes=notes)


def _shapefile_encoding(
    path: Path, cpg: Path | None, values: set[bytes], asked: str | None
) -> tuple[str, tuple[dict[str, Any], ...]]:
    """The encoding of a DBF: the one asked for, the one its .cpg names, or the one its bytes are in; never a guess
    against the bytes."""
    found = encoding_of(values)
    stated = asked or (cpg.read_text(encoding="latin-1").strip() if cpg else "")
    known = named_encoding(stated)
    if found == "ascii":
        return known or "utf-8", ()
    if found is None:
        raise RefusedInput([Fault("file.unknown_encoding", path.name)])
    if known is None:
        return found, (note("xiaoban.encoding", path.name, value=stated or "-", found=found),)
    if known == found or (asked and all(decode_value(value, known) is not None for value in values)):
        return known, ()
    raise RefusedInput([Fault("xiaoban.wrong_encoding", path.name, value=stated, facts={"found": found})])


def _refuse_cut_shapefile(path: Path, parts: dict[str, Path]) -> None:
    """The .shp and .dbf say how long they are; GDAL reads a shorter one without a word."""
    with path.open("rb") as stream:
        head = stream.read(100)
    stated = 2 * int.from_bytes(head[24:28], "big")
    faults = []
    if len(head) < 100 or path.stat().st_size < stated:
        faults.append(Fault("file.cut_short", path.name, facts={"detail": f"{path.stat().st_size} < {stated}"}))
    with parts[".shx"].open("rb") as stream:
        places = stream.read()[100:]
    lengths = [int.from_bytes(places[at + 4 : at + 8], "big") for at in range(0, len(places) - 7, 8)]
    # Each record once, with eight bytes before it: an index may name one record any number of times.
    if (promised := 100 + sum(8 + 2 * length for length in lengths)) > path.stat().st_size:
        detail = f"{path.stat().st_size} < {promised}"
        faults.append(Fault("file.cut_short", path.name, facts={"detail": detail}))
    table = parts[".dbf"]
    with table.open("rb") as stream:
        head = stream.read(32)
    rows, first, width = (int.from_bytes(head[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    if len(head) < 32 or table.stat().st_size < first + rows * width:
        detail = f"{table.stat().st_size} < {first + rows * width}"
        faults.append(Fault("file.cut_short", table.name, facts={"detail": detail}))
    if faults:
        raise RefusedInput(faults)


def _read_text(path: Path, encoding: str | None) -> RawParcels:
    import geopandas
    from pyproj import CRS

    data = path.read_bytes()
    chosen = named_encoding(encoding or "") or encoding_of([data]) or "utf-8"
    text = decode(data, path.name)
    parsed = coordinate_txt.parse(text, path.name)
    if parsed.faults:
        raise RefusedInput(parsed.faults)
    system = coordinate_txt.system_of(parsed.header, parsed.blocks)
    crs = CRS.from_epsg(system.epsg) if system else None
    columns = {"小班号": [b.parcel_id for b in parsed.blocks], "地块名称": [b.name for b in parsed.blocks]}
    if any(block.area_ha for block in parsed.blocks):  # the exchange format states hectares
        columns["面积(公顷)"] = [b.area_ha for b in parsed.blocks]  # type: ignore[misc]
    shapes = [coordinate_txt.polygon_of(block) for block in parsed.blocks]
    frame = geopandas.GeoDataFrame(columns, geometry=shapes, crs=crs)
    frame.index = frame.index + 1
    return RawParcels(frame, crs, chosen, " ".join([*parsed.header.values(), _words(frame)]))


def _refuse_broken_text(raw: RawParcels, file: str) -> None:
    texts = [*map(str, raw.frame.columns), *(text for texts in _texts(raw.frame).values() for text in texts)]
    broken = next((text for text in texts if looks_broken(text)), None)
    if broken is not None:
        raise RefusedInput([Fault("xiaoban.broken_text", file, value=broken[:40])])
