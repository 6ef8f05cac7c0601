"""Points as other programs read them: GPX for receivers, KMZ for globes and telephones, GeoJSON for maps. Pure.

All three are in WGS 84 by their own definition. CGCS2000 coordinates are given unchanged: the two frames differ by less
than a metre, and each file says so.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as Xml

from tanhui.kernel.canonical import readable_bytes
from tanhui.kernel.wording import Lang, say
from tanhui.projects.field.model import PlannedPlot

__all__ = ["geojson_bytes", "gpx_bytes", "kmz_bytes"]

GPX = "http://www.topografix.com/GPX/1/1"
KML = "http://www.opengis.net/kml/2.2"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
#: Styles of a KMZ, colours as KML writes them: opacity, blue, green, red.
ICON = "http://maps.google.com/mapfiles/kml/shapes/placemark_circle.png"
COLOURS = {"new": "ff5c7f1b", "revisit": "ffb06f3a", "reserve": "ff2b89d1"}
OUTLINE, FILL = "ff2e2a1f", "331b7f5c"
#: No clock in our files.
TIME = (1980, 1, 1, 0, 0, 0)


def gpx_bytes(plots: Sequence[PlannedPlot], title: str, lang: Lang) -> bytes:
    """GPX 1.1: a waypoint for every plot and reserve, and the walk as a route."""
    root = Xml.Element(
        "gpx",
        {
            "version": "1.1",
            "creator": "tanhui",
            "xmlns": GPX,
            "xmlns:xsi": XSI,
            "xsi:schemaLocation": f"{GPX} {GPX}/gpx.xsd",
        },
    )
    metadata = Xml.SubElement(root, "metadata")
    _text(metadata, "name", title)
    _text(metadata, "desc", say("field.datum", lang))
    lon, lat = [plot.lon_deg for plot in plots], [plot.lat_deg for plot in plots]
    bounds = {"minlat": min(lat), "minlon": min(lon), "maxlat": max(lat), "maxlon": max(lon)}
    Xml.SubElement(metadata, "bounds", {name: degrees(value) for name, value in bounds.items()})
    for plot in plots:
        _waypoint(root, "wpt", plot, lang)
    route = Xml.SubElement(root, "rte")
    _text(route, "name", title)
    for plot in sorted((plot for plot in plots if plot.stop), key=lambda plot: plot.stop):
        _waypoint(route, "rtept", plot, lang)
    return _document(root)


def _waypoint(parent: Xml.Element, tag: str, plot: PlannedPlot, lang: Lang) -> None:
    point = Xml.SubElement(parent, tag, {"lat": degrees(plot.lat_deg), "lon": degrees(plot.lon_deg)})
    _text(point, "name", plot.id)
    _text(point, "desc", description(plot, lang))
    _text(point, "sym", "Flag, Red" if plot.kind == "reserve" else "Flag, Green")
    _text(point, "type", plot.kind)


def description(plot: PlannedPlot, lang: Lang) -> str:
    """What a plot is, in one line."""
    kind = say(f"field.kind.{plot.kind}", lang)
    return say("field.point", lang, kind=kind, stratum=plot.stratum, parcel=plot.parcel)


def kmz_bytes(
    plots: Sequence[PlannedPlot], parcels: Mapping[str, Sequence[tuple[str, Any]]], title: str, lang: Lang
) -> bytes:
    """A KMZ whose ``doc.kml`` has a folder for each stratum: outlines, plots, and reserves in another colour."""
    root = Xml.Element("kml", {"xmlns": KML})
    document = Xml.SubElement(root, "Document")
    _text(document, "name", title)
    _text(document, "description", say("field.datum", lang))
    for kind, colour in COLOURS.items():
        style = Xml.SubElement(document, "Style", {"id": kind})
        icon = Xml.SubElement(style, "IconStyle")
        _text(icon, "color", colour)
        _text(Xml.SubElement(icon, "Icon"), "href", ICON)
    style = Xml.SubElement(document, "Style", {"id": "parcel"})
    _text(Xml.SubElement(style, "LineStyle"), "color", OUTLINE)
    _text(Xml.SubElement(style, "PolyStyle"), "color", FILL)
    for stratum, outlines in parcels.items():
        folder = Xml.SubElement(document, "Folder")
        _text(folder, "name", stratum)
        for number, shape in outlines:
            _outline(folder, number, shape)
        for plot in plots:
            if plot.stratum == stratum:
                mark = Xml.SubElement(folder, "Placemark")
                _text(mark, "name", plot.id)
                _text(mark, "description", description(plot, lang))
                _text(mark, "styleUrl", f"#{plot.kind}")
                point = Xml.SubElement(mark, "Point")
                _text(point, "coordinates", f"{degrees(plot.lon_deg)},{degrees(plot.lat_deg)},0")
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        entry = zipfile.ZipInfo("doc.kml", TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = 3
        packed.writestr(entry, _document(root))
    return stream.getvalue()


def _outline(folder: Xml.Element, number: str, shape: Any) -> None:
    """A parcel as one placemark, of several polygons where it has several parts."""
    mark = Xml.SubElement(folder, "Placemark")
    _text(mark, "name", number)
    _text(mark, "styleUrl", "#parcel")
    parts = list(getattr(shape, "geoms", [shape]))
    parent = Xml.SubElement(mark, "MultiGeometry") if len(parts) > 1 else mark
    for part in parts:
        polygon = Xml.SubElement(parent, "Polygon")
        for tag, ring in [("outerBoundaryIs", part.exterior), *(("innerBoundaryIs", hole) for hole in part.interiors)]:
            line = Xml.SubElement(Xml.SubElement(polygon, tag), "LinearRing")
            _text(line, "coordinates", " ".join(f"{degrees(x)},{degrees(y)},0" for x, y, *_ in ring.coords))


def geojson_bytes(plots: Sequence[PlannedPlot], parcels: Mapping[str, Sequence[tuple[str, Any]]], lang: Lang) -> bytes:
    """RFC 7946: parcels as polygons, plots as points, told apart by ``kind``."""
    import shapely

    features: list[dict[str, Any]] = []
    for stratum, outlines in parcels.items():
        for number, shape in outlines:
            turned = shapely.orient_polygons(shapely.force_2d(shape))
            properties = {"kind": "parcel", "id": number, "stratum": stratum}
            features.append({"type": "Feature", "properties": properties, "geometry": _rounded(turned)})
    for plot in plots:
        point = {"type": "Point", "coordinates": [plot.lon_deg, plot.lat_deg]}
        features.append({"type": "Feature", "properties": plot.to_dict(), "geometry": point})
    return readable_bytes({"type": "FeatureCollection", "description": say("field.datum", lang), "features": features})


def _rounded(shape: Any) -> dict[str, Any]:
    """A polygon as GeoJSON writes it, to the centimetre."""
    parts = [
        [[[round(x, 7), round(y, 7)] for x, y in ring.coords] for ring in (part.exterior, *part.interiors)]
        for part in getattr(shape, "geoms", [shape])
    ]
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def degrees(value: float) -> str:
    """To the centimetre, never with a power of ten."""
    return f"{value:.7f}"


def _text(parent: Xml.Element, tag: str, text: str) -> None:
    # XML has no way to write most control characters.
    Xml.SubElement(parent, tag).text = "".join(sign for sign in text if sign >= " ")


def _document(root: Xml.Element) -> bytes:
    Xml.indent(root)
    body: bytes = Xml.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"
