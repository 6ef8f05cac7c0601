"""KML and KMZ from strangers: outlines with their names, and nothing that a hostile file can turn against us.

The parser knows no document types, so there are no entities to expand and nothing to fetch; links to other files and
pictures are not followed; depth, places and corners are counted while reading; a packed file is measured first.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from tanhui.kernel.errors import Fault, RefusedInput
from tanhui.kernel.limits import refuse_bytes, refuse_packed
from tanhui.projects.duplicates.model import limit

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

__all__ = ["Placemark", "read_kml"]

#: Elements whose text is wanted.
TEXTS = ("name", "description", "coordinates", "SimpleData", "value")
#: Elements that refer to something outside the file.
LINKS = ("NetworkLink", "GroundOverlay", "PhotoOverlay", "ScreenOverlay")


@dataclass(slots=True)
class Placemark:
    """One place: what the file says of it, and its polygons as rings of longitude and latitude, the outer one first."""

    name: str = ""
    data: dict[str, str] = field(default_factory=dict)
    polygons: list[list[list[tuple[float, float]]]] = field(default_factory=list)
    #: Names of the folders it lies in, from the outside.
    folders: tuple[str, ...] = ()

    @property
    def outline(self) -> BaseGeometry | None:
        """Its polygons as one geometry in degrees; nothing where it has none."""
        import shapely

        shapes = [shapely.Polygon(rings[0], rings[1:]) for rings in self.polygons if rings]
        return shapely.MultiPolygon(shapes) if len(shapes) > 1 else shapes[0] if shapes else None


def read_kml(path: Path) -> list[Placemark]:
    """The places of a KML file, or of the first document in a KMZ.

    Raises
    ------
    RefusedInput
        If the file is missing, too large, packed too well, no XML, has a document type (entities), is too deep, or
        holds more places or corners than there may be.
    """
    if not path.is_file():
        raise RefusedInput([Fault("file.missing", str(path))])
    try:
        data = unpacked(path) if path.suffix.lower() == ".kmz" else plain_bytes(path)
        reader = _Reader(path.name)
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = reader.doctype
        parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
        parser.CharacterDataHandler = reader.text
        parser.Parse(data, True)
    except (expat.ExpatError, zipfile.BadZipFile, LookupError, ValueError) as error:
        raise RefusedInput([Fault("file.unreadable", path.name, facts={"detail": str(error)[:200]})]) from None
    return reader.found


def plain_bytes(path: Path) -> bytes:
    """The bytes of a file that is not packed."""
    refuse_bytes(path.stat().st_size, path.name, "unpacked_bytes")
    return path.read_bytes()


def unpacked(path: Path) -> bytes:
    """The document in a KMZ: the first ``.kml`` at its root, as the format says."""
    refuse_packed(path)
    with zipfile.ZipFile(path) as packed:
        documents = [info for info in packed.infolist() if info.filename.lower().endswith(".kml")]
        if not documents:
            raise RefusedInput([Fault("duplicates.no_document", path.name)])
        root = [info for info in documents if "/" not in info.filename] or documents
        return packed.read(root[0])


class _Reader:
    """Hears the elements of one file and keeps the places."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Placemark] = []
        self.open: list[str] = []
        self.folders: list[str] = []
        self.place: Placemark | None = None
        self.rings: list[list[tuple[float, float]]] = []
        self.words: list[str] | None = None
        self.key = ""
        self.corners = 0

    def doctype(self, *_: Any) -> None:
        """A document type can define entities that grow or fetch; no KML needs one."""
        raise RefusedInput([Fault("duplicates.doctype", self.file)])

    def refuse_more(self, name: str, count: int) -> None:
        """Refuse what is more than a limit."""
        if count > limit(name):
            facts = {"count": count, "most": f"{limit(name):.0f}"}
            raise RefusedInput([Fault(f"duplicates.{name}", self.file, facts=facts)])

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = tag.rpartition(" ")[2]
        self.open.append(name)
        self.refuse_more("kml_depth_max", len(self.open))
        if name in ("Folder", "Document"):
            self.folders.append("")
        elif name == "Placemark":
            self.place = Placemark(folders=tuple(filter(None, self.folders)))
        elif name == "Polygon":
            self.rings = []
        elif name in ("SimpleData", "Data"):
            self.key = attributes.get("name", "")
        if name in TEXTS:
            self.words = []

    def text(self, text: str) -> None:
        """Letters of an element."""
        if self.words is not None:
            self.words.append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        name = tag.rpartition(" ")[2]
        said = "".join(self.words or ()).strip()
        self.open.pop()
        above = self.open[-1] if self.open else ""
        if name == "name" and above in ("Folder", "Document") and self.place is None:
            self.folders[-1] = said
        elif self.place is not None:
            self.inside(self.place, name, above, said)
        if name in ("Folder", "Document") and self.folders:
            self.folders.pop()
        if name in TEXTS:
            self.words = None

    def inside(self, place: Placemark, name: str, above: str, said: str) -> None:
        """An element within a place ends."""
        if name == "Placemark":
            self.found.append(place)
            self.place = None
            self.refuse_more("kml_places_max", len(self.found))
        elif name == "name" and above == "Placemark":
            place.name = said
        elif name in ("SimpleData", "value") and self.key:
            place.data[self.key] = said
        elif name == "coordinates" and "Polygon" in self.open:
            self.rings.append(self.ring(said))
        elif name == "outerBoundaryIs" and len(self.rings) > 1:
            self.rings.insert(0, self.rings.pop())  # an inner ring may have come first
        elif name == "Polygon":
            place.polygons.append([ring for ring in self.rings if ring])

    def ring(self, said: str) -> list[tuple[float, float]]:
        """The corners of a ring: ``lon,lat[,height]`` apart by spaces."""
        corners = [corner_of(part) for part in said.split()]
        self.corners += len(corners)
        self.refuse_more("kml_corners_max", self.corners)
        return corners if len(corners) > 3 else []


def corner_of(part: str) -> tuple[float, float]:
    """Longitude and latitude of one corner."""
    numbers: Sequence[str] = part.split(",")
    return float(numbers[0]), float(numbers[1])
