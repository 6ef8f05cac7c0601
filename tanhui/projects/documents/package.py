"""An office file as its parts: written without a clock, and signed with a hash of what we wrote.

The custom property ``tanhui-content`` holds the hash of every part but the one it stands in. A file whose parts still
have that hash is as we wrote it; any other is somebody's work and is never written over.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr, unescape

from tanhui.kernel.canonical import digest, hash_json
from tanhui.kernel.data import data_path
from tanhui.projects.documents.model import Picture
from tanhui.projects.documents.wordml import NAMESPACES

__all__ = [
    "Furniture",
    "NotAPackage",
    "content_hash",
    "is_untouched",
    "new_package",
    "properties_of",
    "read_parts",
    "sealed",
]

CUSTOM, CONTENT_TYPES, RELATIONS = "docProps/custom.xml", "[Content_Types].xml", "_rels/.rels"
DOCUMENT, DOCUMENT_RELATIONS = "word/document.xml", "word/_rels/document.xml.rels"
CONTENT = "tanhui-content"
HEADER = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
CUSTOM_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
#: What identifies the set of our properties in every office program.
PROPERTY_SET = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
PROPERTY = re.compile(r'<property\b[^>]*\bname="([^"]*)"[^>]*>\s*<vt:lpwstr>([^<]*)</vt:lpwstr>')
#: A day before there were computers: files without a day say so.
NO_DAY = date(1980, 1, 1)
#: What an office file may hold: more is an attack, or none of ours. [bytes]
MOST_PARTS, MOST_BYTES, MOST_BYTES_OF_A_PART = 2_000, 256 * 1024**2, 64 * 1024**2
Parts = Mapping[str, bytes]


class NotAPackage(Exception):
    """Bytes that are no office file; ``args`` holds the end of the code of the fault."""


@dataclass(frozen=True, slots=True)
class Furniture:
    """What stands around the text: header and footer as paragraphs, title, language, day, and the mark in keywords."""

    header: str
    footer: str
    title: str
    lang: str
    keywords: str
    day: date | None = None


def new_package(body: str, furniture: Furniture, pictures: Mapping[str, Picture]) -> dict[str, bytes]:
    """The parts of a new A4 document.

    Parameters
    ----------
    body : str
        Paragraphs and tables.
    furniture : Furniture
    pictures : mapping
        By their relation, as :func:`.wordml.picture` names it.
    """
    page = (
        '<w:sectPr><w:headerReference w:type="default" r:id="rIdHeader"/>'
        '<w:footerReference w:type="default" r:id="rIdFooter"/><w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="1418" w:right="1418" w:bottom="1418" w:left="1418" '
        'w:header="567" w:footer="624" w:gutter="0"/>'
        "</w:sectPr>"
    )
    parts = {
        CONTENT_TYPES: ours("content_types.xml"),
        RELATIONS: ours("relations.xml"),
        "word/styles.xml": ours("styles.xml"),
        "word/settings.xml": ours("settings.xml"),
        DOCUMENT: xml(f"<w:document {NAMESPACES}><w:body>{body}{page}</w:body></w:document>"),
        "word/header1.xml": xml(f"<w:hdr {NAMESPACES}>{furniture.header}</w:hdr>"),
        "word/footer1.xml": xml(f"<w:ftr {NAMESPACES}>{furniture.footer}</w:ftr>"),
        "docProps/core.xml": core(furniture),
    }
    related = {"rIdStyles": ("styles", "styles.xml"), "rIdSettings": ("settings", "settings.xml")}
    related |= {"rIdHeader": ("header", "header1.xml"), "rIdFooter": ("footer", "footer1.xml")}
    for number, (relation, picture) in enumerate(pictures.items(), start=1):
        related[relation] = ("image", f"media/image{number}.png")
        parts[f"word/media/image{number}.png"] = picture.png
    lines = "".join(
        f'<Relationship Id="{relation}" Type="{OFFICE}/relationships/{kind}" Target="{target}"/>'
        for relation, (kind, target) in related.items()
    )
    parts[DOCUMENT_RELATIONS] = xml(f'<Relationships xmlns="{PACKAGE}/relationships">{lines}</Relationships>')
    return parts


def ours(name: str) -> bytes:
    """A part that is the same in every document."""
    return data_path("projects_documents", "package", name).read_bytes()


def xml(text: str) -> bytes:
    """A part as bytes."""
    return (HEADER + text).encode()


def core(furniture: Furniture) -> bytes:
    """Title, language and day."""
    moment = f"{furniture.day or NO_DAY}T00:00:00Z"
    return xml(
        f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(furniture.title)}</dc:title><dc:creator>tanhui</dc:creator>"
        f"<cp:keywords>{escape(furniture.keywords)}</cp:keywords><dc:language>{furniture.lang}</dc:language>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{moment}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{moment}</dcterms:modified></cp:coreProperties>'
    )


def sealed(parts: Parts, properties: Mapping[str, str]) -> bytes:
    """The file, the same bytes for the same parts, with properties and the hash of its content."""
    told = with_custom_part(parts)
    said = {**properties, CONTENT: content_hash(told)}
    lines = "".join(
        f'<property fmtid="{PROPERTY_SET}" pid="{number}" name={quoteattr(name)}>'
        f"<vt:lpwstr>{escape(text)}</vt:lpwstr></property>"
        for number, (name, text) in enumerate(sorted(said.items()), start=2)
    )
    told[CUSTOM] = xml(
        f'<Properties xmlns="{OFFICE}/custom-properties" xmlns:vt="{OFFICE}/docPropsVTypes">{lines}</Properties>'
    )
    return packed(told)


def with_custom_part(parts: Parts) -> dict[str, bytes]:
    """The parts with a place for custom properties; what another program had there is left out."""
    told = {name: data for name, data in parts.items() if name != CUSTOM}
    types, relations = told[CONTENT_TYPES], told[RELATIONS]
    if CUSTOM.encode() not in types:
        override = f'<Override PartName="/{CUSTOM}" ContentType="{CUSTOM_TYPE}"/></Types>'
        types = types.replace(b"</Types>", override.encode())
    if CUSTOM.encode() not in relations:
        kind = f"{OFFICE}/relationships/custom-properties"
        line = f'<Relationship Id="rIdTanhui" Type="{kind}" Target="{CUSTOM}"/></Relationships>'
        relations = relations.replace(b"</Relationships>", line.encode())
    return {**told, CONTENT_TYPES: types, RELATIONS: relations}


def packed(parts: Parts) -> bytes:
    """The parts as a ZIP archive without a clock in it; the list of types comes first, as programs expect."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(parts, key=lambda name: (name != CONTENT_TYPES, name)):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            entry.create_system = 3
            archive.writestr(entry, parts[name])
    return stream.getvalue()


def read_parts(data: bytes) -> dict[str, bytes]:
    """The parts of an office file.

    Raises
    ------
    NotAPackage
        If it is none, or unfolds to more than an office file holds. What an archive says of its own sizes is not
        believed: bytes are counted as they come.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return dict(_read(archive))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError):
        raise NotAPackage("not_a_package") from None


def _read(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    names = [entry.filename for entry in entries]
    if len(entries) > MOST_PARTS or len(set(names)) != len(names):
        raise NotAPackage("too_many_parts")
    left = MOST_BYTES
    for entry in entries:
        with archive.open(entry) as stream:
            content = stream.read(min(left, MOST_BYTES_OF_A_PART) + 1)
        left -= len(content)
        if left < 0 or len(content) > MOST_BYTES_OF_A_PART:
            raise NotAPackage("too_large")
        yield entry.filename, content


def content_hash(parts: Parts) -> str:
    """The hash of everything in a file but its custom properties."""
    return hash_json({name: digest(data) for name, data in parts.items() if name != CUSTOM})


def properties_of(data: bytes) -> dict[str, str]:
    """The custom properties of a file; empty where it has none."""
    try:
        parts = read_parts(data)
    except NotAPackage:
        return {}
    return dict(_properties(parts.get(CUSTOM, b"").decode("utf-8", "replace")))


def _properties(text: str) -> Iterator[tuple[str, str]]:
    for name, value in PROPERTY.findall(text):
        yield unescape(name), unescape(value)


def is_untouched(data: bytes) -> bool:
    """Whether a file is, part for part, as we wrote it."""
    try:
        parts = read_parts(data)
    except NotAPackage:
        return False
    said = dict(_properties(parts.get(CUSTOM, b"").decode("utf-8", "replace"))).get(CONTENT)
    return said is not None and said == content_hash(parts)
