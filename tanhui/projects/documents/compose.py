"""A document from its outline: headings, sentences, tables, figures, what is to be written, and every figure's source.

What it prints of the run or the registry is a :class:`.model.Fact`; the facts it used stand in a table at its end, with
the command that leads to each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tanhui.kernel.bibliography import references
from tanhui.kernel.canonical import digest
from tanhui.kernel.wording import Lang, say
from tanhui.projects.documents import wordml as w
from tanhui.projects.documents.catalogue import catalogue, day_text
from tanhui.projects.documents.model import Chapter, Fact, Outline, Part, Picture, Table
from tanhui.projects.documents.outline import PLACEHOLDER
from tanhui.projects.documents.package import Furniture, new_package, sealed
from tanhui.projects.report.canvas import unit_text

__all__ = [
    "ANNEX",
    "FIGURES_TITLE",
    "MANY_ROWS",
    "Contents",
    "Desk",
    "Made",
    "compose",
    "edition_of",
    "figures_table",
    "mark",
    "properties",
]

#: Rows from which on a table stands in the workbook beside the documents, and how many of it are shown here.
MANY_ROWS, ROWS_SHOWN = 200, 20
RUN_SHOWN = 12
NUMBERS = (int, float)
#: Units that stand right behind the figure.
CLOSE = ("°",)
ANNEX = "annex.xlsx"
FIGURES_TITLE = "tanhui.figures"
Used = dict[str, Fact]


@dataclass(frozen=True, slots=True)
class Contents:
    """What the documents of a run are made of, in one language."""

    facts: Mapping[str, Fact]
    tables: Mapping[str, Table]
    figures: Mapping[str, Picture]
    lang: Lang
    day: date | None = None
    #: What every page must say: made-up data, a rule that is none in force, another rule book's method.
    banners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A document that is written: its bytes, the facts it prints, and the mark that names this edition."""

    outline: Outline
    data: bytes
    used: Mapping[str, Fact]
    edition: str


@dataclass(slots=True)
class Desk:
    """What grows while a document is composed.

    ``relations`` names pictures that lie in the package already, as they do in a template.
    """

    contents: Contents
    used: Used = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    headings: list[tuple[int, str, str]] = field(default_factory=list)
    relations: dict[str, str] = field(default_factory=dict)

    def blocks(self, part: Part) -> Iterator[str]:
        """A part of a chapter as paragraphs and tables."""
        return MAKERS[part.kind](self, part)

    def say(self, key: str, **facts: Any) -> str:
        """A sentence in the document's language."""
        return say(f"documents.{key}", self.contents.lang, **facts)

    def text(self, fact: Fact, *, unit: bool = False) -> str:
        """A fact as it is printed; it is used from now on."""
        self.used[fact.key] = fact
        shown = fact.text[self.contents.lang]
        said = unit_shown(fact.unit, self.contents.lang) if unit else ""
        return f"{shown}{'' if said in CLOSE else ' '}{said}" if said else shown


def compose(outline: Outline, contents: Contents) -> Made:
    """One document as a .docx file."""
    desk = Desk(contents)
    body = [block for chapter in outline.chapters for block in _chapter(desk, chapter)]
    body.append(_heading(desk, desk.say("sources"), 1))
    cover = list(_cover(desk, outline))  # after the chapters: it lists their headings
    whole = "".join([*cover, *body, *_sources(desk)])
    edition = edition_of(outline.id, whole)
    around = (_header(desk, outline), _footer(desk, outline, edition), _title(desk, outline))
    furniture = Furniture(*around, contents.lang, mark(outline.id, edition), contents.day)
    parts = new_package(whole, furniture, desk.pictures)
    return Made(outline, sealed(parts, properties(outline, contents, edition)), desk.used, edition)


def edition_of(document: str, body: str) -> str:
    """A short name for what a document says."""
    return digest(f"{document}\n{body}".encode())[:16]


def mark(document: str, edition: str) -> str:
    """What the keywords of a file, and of a PDF made from it, carry."""
    return f"tanhui-{document}-{edition}"


def properties(outline: Outline, contents: Contents, edition: str) -> dict[str, str]:
    """What a file says of itself, beside the hash of its content."""
    return {
        "tanhui-book": outline.book,
        "tanhui-document": outline.id,
        "tanhui-edition": edition,
        "tanhui-lang": contents.lang,
        "tanhui-project": str(contents.facts["project.id"].value),
        "tanhui-run": str(contents.facts["run.id"].value),
    }


def unit_shown(unit: str, lang: Lang) -> str:
    """A unit beside a figure."""
    plain = "" if unit == "date" else unit_text(unit)
    return say(f"documents.unit.{unit}", lang, default=plain)


# Around the text


def _title(desk: Desk, outline: Outline) -> str:
    project = desk.contents.facts["project.title"].text[desk.contents.lang]
    return f"{project} · {outline.title[desk.contents.lang]}"


def _header(desk: Desk, outline: Outline) -> str:
    said = " · ".join(desk.contents.banners)
    warning = w.paragraph(w.run(said, bold=True, half_points=w.SMALLEST, colour="B3261E"), "Banners") if said else ""
    return warning + w.paragraph(w.run(_title(desk, outline)), "Header")


def _footer(desk: Desk, outline: Outline, edition: str) -> str:
    """How far the outline was read, which edition this is, and the number of the page."""
    run = str(desk.contents.facts["run.id"].value)[:RUN_SHOWN]
    read = desk.say(f"outline.{outline.status}", source=references()[outline.reference].title)
    page = desk.say("page", page="\0", pages="\1")
    before, _, rest = page.partition("\0")
    between, _, after = rest.partition("\1")
    number = w.run(before) + w.field("PAGE") + w.run(between) + w.field("NUMPAGES") + w.run(after)
    named = w.run(desk.say("edition", edition=edition, run=run))
    return w.paragraph(w.run(read), "Footer") + w.paragraph(named + "<w:r><w:tab/></w:r>" + number, "Footer")


def _cover(desk: Desk, outline: Outline) -> Iterator[str]:
    """Title, banners, the few facts that name the project, and the contents."""
    lang, facts = desk.contents.lang, desk.contents.facts
    yield w.paragraph(w.run(outline.title[lang]), "Title")
    yield w.paragraph(w.run(desk.text(facts["project.title"])), "Subtitle")
    for banner in desk.contents.banners:
        yield w.paragraph(w.run(banner), "Banner")
    names = ("project.owner", "project.method", "project.method_title", "run.id")
    lines = [(facts[key].name[lang], desk.text(facts[key])) for key in names if key in facts]
    day = day_text(desk.contents.day, lang) if desk.contents.day else desk.say("to_write")
    lines.append((desk.say("day"), day))
    yield w.table((), lines, (3, 7), fills=[("", _fill(desk, text)) for _, text in lines])
    yield w.paragraph(w.run(desk.say("how_to_read")), "Note")
    yield w.page_break()
    yield w.paragraph(w.run(desk.say("contents")), "TOCHeading")
    yield w.contents(desk.headings)
    yield w.page_break()


def _fill(desk: Desk, text: str) -> str:
    """The colour of a cell: that of what is to be written, where it is."""
    return w.WRITE_FILL if desk.say("to_write") in text else ""


# Chapters


def _chapter(desk: Desk, chapter: Chapter) -> Iterator[str]:
    title = " ".join(filter(None, (chapter.number, chapter.title[desk.contents.lang])))
    yield _heading(desk, title, chapter.level)
    for part in chapter.parts:
        yield from desk.blocks(part)


def _heading(desk: Desk, title: str, level: int) -> str:
    number = len(desk.headings) + 1
    name = f"_Toc{number:04d}"
    if level <= 2:
        desk.headings.append((level, title, name))
        return w.paragraph(w.bookmark(w.run(title), name, number), f"Heading{level}")
    return w.paragraph(w.run(title), f"Heading{level}")


def _say(desk: Desk, part: Part) -> Iterator[str]:
    """A sentence; one whose facts the run does not have says so."""
    words = part.words[desk.contents.lang]
    missing = [key for key in PLACEHOLDER.findall(words) if key not in desk.contents.facts]
    if missing:
        names = [catalogue()[key][desk.contents.lang] for key in missing]
        yield w.paragraph(w.run(desk.say("no_facts", names=desk.say("comma").join(names))), "Note")
        return
    told = PLACEHOLDER.sub(lambda found: desk.text(desk.contents.facts[found[1]], unit=True), words)
    yield w.paragraph(w.run(told))


def _write(desk: Desk, part: Part) -> Iterator[str]:
    """What a person must write, and what asks for it."""
    asked = w.run(f"{desk.say('to_write')} ", bold=True) + w.run(part.words[desk.contents.lang])
    if part.clause:
        status = desk.say(f"clause.{part.clause.status}")
        basis = desk.say("basis", clause=part.clause.words(desk.contents.lang), status=status)
        asked += w.run("\n" + basis, half_points=w.SMALL, colour="555F63")
    yield w.boxed(asked, "ToWrite")


def _sign(desk: Desk, part: Part) -> Iterator[str]:
    """A line to sign on; who signs is for people to say."""
    yield w.paragraph(w.run(part.words[desk.contents.lang]) + "<w:r><w:tab/></w:r>", "Sign", keep=True)


def _facts(desk: Desk, part: Part) -> Iterator[str]:
    """Facts as two columns; a fact the run does not have is said to be missing."""
    lang, facts = desk.contents.lang, desk.contents.facts
    lines = []
    for key in part.what:
        if key in facts:
            lines.append((facts[key].name[lang], desk.text(facts[key], unit=True)))
        else:
            lines.append((catalogue()[key][lang], desk.say("not_in_run")))
    yield w.table((), lines, (4, 6))
    yield w.gap()


def _table(desk: Desk, part: Part) -> Iterator[str]:
    (name,) = part.what
    title = desk.say(f"table.{name}")
    found = desk.contents.tables.get(name)
    if found is None:
        yield w.paragraph(w.run(desk.say("no_table", title=title)), "Note")
        return
    yield w.paragraph(w.run(title), "Caption", keep=True)
    shown = found
    if len(found.rows) > MANY_ROWS:
        shown = Table(found.columns, found.rows[:ROWS_SHOWN], found.widths)
    yield table_xml(shown, title, desk)
    if shown is not found:
        note = desk.say("many_rows", rows=f"{len(found.rows):,}", shown=ROWS_SHOWN, file=ANNEX, sheet=name)
        yield w.paragraph(w.run(note), "Note")
    else:
        yield w.gap()


def table_xml(table: Table, title: str, desk: Desk) -> str:
    """A table as a document prints it: columns of figures stand at the right."""
    head = [desk.say(f"col.{name}") for name in table.columns]
    texts = [[cell if isinstance(cell, str) else desk.text(cell) for cell in row] for row in table.rows]
    figures = [
        all(isinstance(row[at], Fact) or row[at] in ("", desk.say("sum")) for row in table.rows)
        and any(isinstance(row[at], Fact) and isinstance(row[at].value, NUMBERS) for row in table.rows)  # type: ignore[union-attr]
        for at in range(len(head))
    ]
    fills = [[_fill(desk, text) for text in row] for row in texts]
    return w.table(head, texts, table.widths, right=figures, fills=fills, title=title)


def _figure(desk: Desk, part: Part) -> Iterator[str]:
    (name,) = part.what
    title = desk.say(f"figure.{name}")
    picture = desk.contents.figures.get(name)
    if picture is None:
        yield w.paragraph(w.run(desk.say("no_figure", title=title)), "Note")
        return
    relation = desk.relations.setdefault(name, f"rIdFigure{name}")
    desk.pictures[relation] = picture
    number = 1000 + len(desk.pictures)
    drawn = w.picture(relation, number, title, picture.width_mm, picture.height_mm)
    yield w.paragraph(drawn, "Figure")
    yield w.paragraph(w.run(title), "FigureCaption")


MAKERS = {"say": _say, "write": _write, "sign": _sign, "facts": _facts, "table": _table, "figure": _figure}


# Sources


def _sources(desk: Desk) -> Iterator[str]:
    """Every figure that stands above: its key, value and source, and how to follow it."""
    run = desk.contents.facts["run.id"]
    yield w.paragraph(w.run(desk.say("sources.how", run=run.value)))
    yield figures_table(desk.used, desk.contents.lang)


def figures_table(used: Mapping[str, Fact], lang: Lang) -> str:
    """Facts by their keys, with value, unit and source."""
    head = [say(f"documents.col.{name}", lang) for name in ("key", "value", "unit", "source")]
    rows = [
        (key, _short(fact.text[lang]), unit_shown(fact.unit, lang), fact.source) for key, fact in sorted(used.items())
    ]
    return w.table(head, rows, (8, 4, 2, 9), title=FIGURES_TITLE, half_points=w.SMALLEST)


def _short(text: str, most: int = 120) -> str:
    """A long text by its beginning."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
