"""WordprocessingML as strings: paragraphs, tables, pictures, fields. Pure.

A table of thousands of rows is built here in milliseconds, where a library of objects takes minutes. Styles are named
as ``data/projects_documents/package/word/styles.xml`` defines them; what a template of somebody's own must show without
those styles is formatted directly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

__all__ = [
    "NAMESPACES",
    "bookmark",
    "boxed",
    "cell",
    "contents",
    "field",
    "gap",
    "page_break",
    "paragraph",
    "picture",
    "row",
    "run",
    "table",
]

NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)
#: Width of the text of a page. [twentieths of a point] A4 with margins of 25 mm.
TEXT_WIDTH = 9070
EMU_PER_MM = 36000
#: What XML 1.0 cannot hold: a name in somebody's file may have it.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
RULE, HEAD_FILL, WRITE_FILL = "BFC8CA", "E8EEEC", "FFF2A8"
#: Letters of tables and of what asks for a passage, and of the longest tables. [half points]
SMALL, SMALLEST = 17, 14
#: Tables of as many rows are not split over pages.
KEPT_WHOLE = 14


def clean(text: str) -> str:
    """A text as XML can carry it."""
    return escape(FORBIDDEN.sub("\ufffd", text))


def attribute(text: str) -> str:
    """A text as the quoted value of an attribute."""
    return quoteattr(FORBIDDEN.sub("\ufffd", text))


def run(text: str, *, bold: bool = False, half_points: int = 0, colour: str = "", fill: str = "") -> str:
    """Letters of one kind."""
    said = "<w:b/>" if bold else ""
    said += f'<w:color w:val="{colour}"/>' if colour else ""
    said += f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>' if half_points else ""
    said += f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    kind = f"<w:rPr>{said}</w:rPr>" if said else ""
    lines = '</w:t><w:br/><w:t xml:space="preserve">'.join(clean(text).split("\n"))
    return f'<w:r>{kind}<w:t xml:space="preserve">{lines}</w:t></w:r>'


def paragraph(inner: str, style: str = "", *, keep: bool = False, extra: str = "") -> str:
    """A paragraph of runs; ``keep`` holds it on the page of what comes next."""
    said = f'<w:pStyle w:val="{style}"/>' if style else ""
    said += "<w:keepNext/>" if keep else ""
    said += extra
    return f"<w:p>{f'<w:pPr>{said}</w:pPr>' if said else ''}{inner}</w:p>"


def gap() -> str:
    """A little room between a table and what comes next."""
    return paragraph(
        run("", half_points=8), extra='<w:spacing w:before="0" w:after="60" w:line="120" w:lineRule="exact"/>'
    )


def page_break() -> str:
    """The next page."""
    return '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'


def boxed(inner: str, style: str) -> str:
    """What a person must write: shaded, whether or not the styles of the file know it."""
    edge = '<w:left w:val="single" w:sz="24" w:space="6" w:color="E0A800"/>'
    extra = f'<w:pBdr>{edge}</w:pBdr><w:shd w:val="clear" w:color="auto" w:fill="{WRITE_FILL}"/>'
    return paragraph(inner, style, extra=extra)


def field(instruction: str, shown: str = "1") -> str:
    """A field that the office program fills in."""
    kinds = ('"begin" w:dirty="true"', '"separate"', '"end"')
    begin, middle, end = (f"<w:r><w:fldChar w:fldCharType={kind}/></w:r>" for kind in kinds)
    return f'{begin}<w:r><w:instrText xml:space="preserve"> {instruction} </w:instrText></w:r>{middle}{run(shown)}{end}'


def bookmark(inner: str, name: str, number: int) -> str:
    """Runs that a field can point at."""
    return f'<w:bookmarkStart w:id="{number}" w:name="{name}"/>{inner}<w:bookmarkEnd w:id="{number}"/>'


def contents(entries: Sequence[tuple[int, str, str]]) -> str:
    """A table of contents: level, title and bookmark of each heading.

    Every page number is a field that points at its heading: office programs that keep the text of a TOC field as it is
    in the file, as LibreOffice does, still show the true page.
    """
    return "".join(
        paragraph(
            f'<w:hyperlink w:anchor="{name}">{run(title)}<w:r><w:tab/></w:r>{field(page_of(name), "")}</w:hyperlink>',
            f"TOC{level}",
        )
        for level, title, name in entries
    )


def page_of(name: str) -> str:
    """The field that shows the page of a bookmark."""
    return f"PAGEREF {name} \\h"


def cell(inner: str, width: int, *, fill: str = "", right: bool = False, keep: bool = False) -> str:
    """One cell with one paragraph; ``keep`` holds its row on the page of the next."""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    side = '<w:jc w:val="right"/>' if right else ""
    hold = "<w:keepNext/>" if keep else ""
    room = '<w:spacing w:before="20" w:after="20" w:line="240" w:lineRule="auto"/><w:ind w:firstLine="0"/>'
    said = f"<w:pPr>{hold}{room}{side}</w:pPr>"
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}</w:tcPr><w:p>{said}{inner}</w:p></w:tc>'


def row(cells: str, *, head: bool = False) -> str:
    """One row that no page splits; ``head`` repeats it on every page."""
    return f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' if head else ''}</w:trPr>{cells}</w:tr>"


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int] = (),
    *,
    right: Sequence[bool] = (),
    fills: Sequence[Sequence[str]] = (),
    title: str = "",
    half_points: int = SMALL,
) -> str:
    """A table with rules between its rows and its head on every page.

    Parameters
    ----------
    head : sequence of str
        Column headings; none for a table without a head.
    rows : sequence of sequences of str
    widths : sequence of int
        How wide the columns are, one to another.
    right : sequence of bool
        Which columns stand at the right.
    fills : sequence of sequences of str
        The colour of each cell, empty for none; all without colour where it is empty.
    title : str
        What it is called for those who do not see it.
    half_points : int
        Size of its letters.
    """
    count = len(head or rows[0])
    parts = list(widths) or [1] * count
    sizes = [TEXT_WIDTH * part // sum(parts) for part in parts]
    sides = list(right) or [False] * count
    edges = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="{RULE}"/>' for side in ("top", "bottom", "insideH")
    )
    margins = '<w:tblCellMar><w:left w:w="90" w:type="dxa"/><w:right w:w="90" w:type="dxa"/></w:tblCellMar>'
    caption = f"<w:tblCaption w:val={attribute(title)}/>" if title else ""
    said = (
        f'<w:tblPr><w:tblW w:w="{sum(sizes)}" w:type="dxa"/><w:tblBorders>{edges}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/>{margins}{caption}</w:tblPr>'
    )
    grid = "".join(f'<w:gridCol w:w="{size}"/>' for size in sizes)
    lines = []
    short = len(rows) <= KEPT_WHOLE
    if head:
        columns = zip(head, sizes, sides, strict=True)
        cells = "".join(
            cell(run(text, bold=True, half_points=half_points), size, fill=HEAD_FILL, right=side, keep=True)
            for text, size, side in columns
        )
        lines.append(row(cells, head=True))
    plain: Sequence[str] = [""] * count
    for number, texts in enumerate(rows):
        colours = fills[number] if fills else plain
        lines.append(
            row(
                "".join(
                    cell(
                        run(text, half_points=half_points),
                        size,
                        fill=fill,
                        right=side,
                        keep=short and number + 1 < len(rows),
                    )
                    for text, size, fill, side in zip(texts, sizes, colours, sides, strict=True)
                )
            )
        )
    return f"<w:tbl>{said}<w:tblGrid>{grid}</w:tblGrid>{''.join(lines)}</w:tbl>"


def picture(relation: str, number: int, name: str, width_mm: float, height_mm: float) -> str:
    """A run that holds a picture of the package."""
    across, down = round(width_mm * EMU_PER_MM), round(height_mm * EMU_PER_MM)
    alt = attribute(name)
    frame = f'<a:xfrm><a:off x="0" y="0"/><a:ext cx="{across}" cy="{down}"/></a:xfrm>'
    return (
        f'<w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
        f'distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{across}" cy="{down}"/>'
        f'<wp:docPr id="{number}" name={alt} descr={alt}/>'
        f'<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        f'<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        f'<pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        f'<pic:nvPicPr><pic:cNvPr id="{number}" name={alt}/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
        f'r:embed="{relation}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        f'<pic:spPr>{frame}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>'
        f"</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )
