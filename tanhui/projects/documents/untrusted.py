"""Templates come from strangers: nothing in them may run, reach outside, or unfold without end.

What is refused: macros, controls and embedded objects; anything that points outside the file; fields that read other
files; document types and entities; archives that hold more than an office file does. Every fault is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tanhui.kernel.errors import Fault
from tanhui.projects.documents.package import CONTENT_TYPES, NotAPackage, read_parts

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["W", "package_faults", "parse"]

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MAIN = b"wordprocessingml.document.main+xml"
ACTIVE_TYPES = (b"macroEnabled", b"vbaProject", b"oleObject", b"activeX")
ACTIVE_PARTS = re.compile(r"vbaproject|vbadata|activex|embeddings/|\.bin$|\.exe$|\.dll$|\.ocx$", re.IGNORECASE)
ACTIVE_RELATIONS = re.compile(r"/(oleObject|aFChunk|control|vbaProject|package)$")
#: Fields that fetch something, or run it.
READING_FIELDS = re.compile(
    r"\b(INCLUDEPICTURE|INCLUDETEXT|INCLUDE|IMPORT|DDE|DDEAUTO|LINK|DATABASE|RD|MACROBUTTON|EMBED)\b", re.IGNORECASE
)
XML_PARTS = (".xml", ".rels")
#: No template of a form is larger. [bytes]
MOST_BYTES_OF_DOCUMENT = 8 * 1024**2


def package_faults(data: bytes, file: str) -> tuple[Mapping[str, bytes], list[Fault]]:
    """The parts of a template, and everything in them that is not let in."""
    try:
        parts = read_parts(data)
    except NotAPackage as refused:
        return {}, [Fault(f"template.{refused.args[0]}", file)]
    types = parts.get(CONTENT_TYPES, b"")
    if MAIN not in types or "word/document.xml" not in parts:
        active = [Fault("template.macro", file, value=word.decode()) for word in ACTIVE_TYPES if word in types]
        return {}, active or [Fault("template.not_a_package", file)]
    return parts, list(_faults(parts, file))


def _faults(parts: Mapping[str, bytes], file: str) -> Iterator[Fault]:
    yield from (Fault("template.macro", file, value=w.decode()) for w in ACTIVE_TYPES if w in parts[CONTENT_TYPES])
    for name, content in parts.items():
        if ACTIVE_PARTS.search(name):
            yield Fault("template.macro", file, value=name)
        if not name.lower().endswith(XML_PARTS):
            continue
        if len(content) > MOST_BYTES_OF_DOCUMENT:
            yield Fault("template.too_large", file, sheet=name)
            continue
        root, fault = parse(content, name, file)
        if fault:
            yield fault
        elif root is not None:
            yield from _relations(root, file) if name.endswith(".rels") else _fields(root, file)


def parse(content: bytes, name: str, file: str) -> tuple[_Element | None, Fault | None]:
    """A part as a tree: no network, no entities, no document type."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        if "ntity" in str(error):
            return None, Fault("template.declaration", file, value=name)
        return None, Fault("template.not_xml", file, value=name, facts={"detail": str(error)[:200]})
    document = root.getroottree().docinfo
    if document.doctype or document.internalDTD is not None:
        return None, Fault("template.declaration", file, value=name)
    return root, None


def _relations(root: _Element, file: str) -> Iterator[Fault]:
    for relation in root:
        kind, target = str(relation.get("Type", "")), str(relation.get("Target", ""))
        if str(relation.get("TargetMode", "")).lower() == "external" or "://" in target:
            yield Fault("template.external", file, value=target[:200])
        elif ACTIVE_RELATIONS.search(kind):
            yield Fault("template.macro", file, value=target[:200])


def _fields(root: _Element, file: str) -> Iterator[Fault]:
    """Field codes, which may be broken over several runs of a paragraph."""
    said = [str(element.get(f"{W}instr", "")) for element in root.iter(f"{W}fldSimple")]
    said += ["".join(code.text or "" for code in paragraph.iter(f"{W}instrText")) for paragraph in root.iter(f"{W}p")]
    for code in said:
        if READING_FIELDS.search(code):
            yield Fault("template.field", file, value=code.strip()[:200])
