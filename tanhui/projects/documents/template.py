"""A document from a template of somebody's own: the official form, with placeholders where figures belong."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanhui.kernel.errors import Fault, InputError, RefusedInput
from tanhui.projects.documents import wordml as w
from tanhui.projects.documents.compose import Contents, Desk, Made, edition_of, figures_table, mark, properties
from tanhui.projects.documents.model import Fact, Outline, Part
from tanhui.projects.documents.package import read_parts, sealed
from tanhui.projects.documents.placeholders import SOURCES, Scan, environment, scan
from tanhui.projects.documents.untrusted import package_faults

if TYPE_CHECKING:
    from docxtpl import DocxTemplate

__all__ = ["check_template", "from_template", "read_template"]

#: A larger template is none. [bytes]
MOST_BYTES = 24 * 1024**2


def read_template(path: Path) -> bytes:
    """The bytes of a template.

    Raises
    ------
    RefusedInput
        If it is no .docx, or too large.
    InputError
        If it cannot be read.
    """
    if path.suffix.lower() != ".docx":
        raise RefusedInput([Fault("template.not_docx", path.name, value=path.suffix)])
    try:
        if path.stat().st_size > MOST_BYTES:
            raise RefusedInput([Fault("template.too_large", path.name)])
        return path.read_bytes()
    except OSError as error:
        raise InputError("documents.unreadable", path=str(path), detail=error.strerror or str(error)) from None


def check_template(data: bytes, outline: Outline, file: str) -> Scan:
    """What a template names.

    Raises
    ------
    RefusedInput
        With everything in it that is not let in, unknown, missing or malformed, by paragraph and text.
    """
    parts, faults = package_faults(data, file)
    if faults:
        raise RefusedInput(faults)
    found = scan(parts, outline, file)
    if found.faults:
        raise RefusedInput(found.faults)
    return found


def from_template(outline: Outline, contents: Contents, data: bytes, file: str) -> Made:
    """One document from a template; what it prints is listed at its end unless the template has a place for that.

    Raises
    ------
    RefusedInput
        As :func:`check_template`.
    """
    from docxtpl import DocxTemplate

    found = check_template(data, outline, file)
    desk = Desk(contents)
    template = DocxTemplate(BytesIO(data))
    template.init_docx()
    context = _context(desk, found, template)
    if SOURCES in found.named:
        context[SOURCES] = _markup(figures_table(desk.used, contents.lang))
    template.render(context, jinja_env=environment(), autoescape=True)
    document = template.docx
    if SOURCES not in found.named:
        _append(document, desk)
    edition = edition_of(outline.id, document.element.xml)
    document.core_properties.keywords = mark(outline.id, edition)
    stream = BytesIO()
    document.save(stream)
    return Made(
        outline, sealed(read_parts(stream.getvalue()), properties(outline, contents, edition)), desk.used, edition
    )


def _context(desk: Desk, found: Scan, template: DocxTemplate) -> dict[str, Any]:
    """Facts as nested words, rows of tables, and blocks; only what the template names."""
    contents = desk.contents
    context: dict[str, Any] = {"rows": {}, "table": {}, "figure": {}}
    for path in sorted(found.named):
        kind, _, name = path.partition(".")
        if kind == "rows":
            context["rows"][name] = _rows(desk, name)
        elif kind in ("table", "figure"):
            _relate(desk, template, name) if kind == "figure" else None
            blocks = desk.blocks(Part(kind, what=(name,)))  # type: ignore[arg-type]
            context[kind][name] = _markup("".join(blocks))
        elif path != SOURCES:
            inner = context
            *tables, last = path.split(".")
            for table in tables:
                inner = inner.setdefault(table, {})
            inner[last] = _value(desk, contents.facts.get(path))
    return context


def _relate(desk: Desk, template: DocxTemplate, name: str) -> None:
    """Put a figure's picture into the template's package."""
    picture = desk.contents.figures.get(name)
    if picture:
        relation, _ = template.docx.part.get_or_add_image(BytesIO(picture.png))
        desk.relations[name] = relation


def _value(desk: Desk, fact: Fact | None) -> str:
    return desk.say("not_in_run") if fact is None else desk.text(fact)


def _rows(desk: Desk, name: str) -> list[dict[str, str]]:
    """A table as rows of words by their columns."""
    table = desk.contents.tables.get(name)
    if table is None:
        return []
    return [
        {
            column: cell if isinstance(cell, str) else desk.text(cell)
            for column, cell in zip(table.columns, row, strict=True)
        }
        for row in table.rows
    ]


def _markup(text: str) -> Any:
    """WordprocessingML of ours, which is not escaped."""
    from markupsafe import Markup

    return Markup(text)


def _append(document: Any, desk: Desk) -> None:
    """The sources of all figures on a page of their own, before the settings of the last section."""
    from docx.oxml import parse_xml

    lang = desk.contents.lang
    told = desk.say("sources.how", run=desk.contents.facts["run.id"].value)
    blocks = [w.page_break(), w.paragraph(w.run(desk.say("sources"), bold=True)), w.paragraph(w.run(told))]
    blocks.append(figures_table(desk.used, lang))
    body = document.element.body
    for element in parse_xml(f"<w:body {w.NAMESPACES}>{''.join(blocks)}</w:body>"):
        body.insert_element_before(element, "w:sectPr")
