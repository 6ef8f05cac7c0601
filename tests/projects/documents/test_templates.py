"""Templates come from strangers: what is good is filled in, everything else is refused with every fault named."""

import io
import zipfile
from pathlib import Path

import pytest
from docx import Document

from tanhui.kernel.errors import InputError, RefusedInput
from tanhui.projects.documents.outline import outlines
from tanhui.projects.documents.package import MOST_BYTES_OF_A_PART, is_untouched
from tanhui.projects.documents.placeholders import listing
from tanhui.projects.documents.service import write_documents
from tanhui.projects.documents.template import check_template, read_template
from tests.projects.documents.test_figures import figures

REPORT = outlines("ccer")["accounting_report"]
NEEDED = [f"{{{{ {key} }}}}" for key in REPORT.required]


def template(*paragraphs: str, path: Path | None = None, table: list[list[str]] | None = None) -> bytes:
    """A .docx with everything that is needed, and these paragraphs."""
    document = Document()
    for text in (*NEEDED, *paragraphs):
        document.add_paragraph(text)
    if table:
        made = document.add_table(rows=len(table), cols=len(table[0]))
        for at, row in enumerate(table):
            for place, text in enumerate(row):
                made.cell(at, place).text = text
    stream = io.BytesIO()
    document.save(stream)
    if path:
        path.write_bytes(stream.getvalue())
    return stream.getvalue()


def repacked(data: bytes, **changed: bytes) -> bytes:
    """The same archive with parts replaced or added; ``__`` stands for ``/`` in their names."""
    stream = io.BytesIO()
    named = {name.replace("__", "/"): content for name, content in changed.items()}
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, named.pop(name, None) or old.read(name))
        for name, content in named.items():
            new.writestr(name, content)
    return stream.getvalue()


def part(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def refused(data: bytes) -> list:
    with pytest.raises(RefusedInput) as caught:
        check_template(data, REPORT, "form.docx")
    assert all(fault.reason(lang) != fault.code for fault in caught.value.faults for lang in ("zh", "en"))
    return list(caught.value.faults)


def test_a_template_is_filled_in(project, run_folder, tmp_path):
    rows = [
        ["年", "t"],
        ["{%tr for row in rows.claim_years %}", ""],
        ["{{ row.year }}", "{{ row.co2e_t }}"],
        ["{%tr endfor %}", ""],
    ]
    form = tmp_path / "official.docx"
    more = (
        "{{p table.claim_lines }}",
        "{{p figure.waterfall }}",
        "{%p if run.creditable == '否' %}",
        "参考值",
        "{%p endif %}",
    )
    template(*more, path=form, table=rows)
    out = tmp_path / "out"
    write_documents(project, out, run=run_folder, only="accounting_report", templates=[form])
    path = out / "accounting_report.docx"
    assert is_untouched(path.read_bytes())
    document = Document(str(path))
    text = [p.text for p in document.paragraphs]
    assert "13,551.427" in text
    assert "参考值" in text
    assert document.tables[0].rows[-1].cells[1].text == "13,551.427"
    years = [row.cells[0].text for row in document.tables[1].rows]
    assert years == ["年", "2021", "2022", "2023", "2024", "2025", "合计"]
    assert len(document.inline_shapes) == 1
    listed = figures(path)
    assert {"claim.net", "claim.year.2024.co2e_t", "claim.line.permanence"} <= listed.keys()
    before = path.read_bytes()
    write_documents(project, tmp_path / "again", run=run_folder, only="accounting_report", templates=[form])
    assert (tmp_path / "again" / "accounting_report.docx").read_bytes() == before


def test_a_placeholder_broken_over_runs_is_found():
    document = Document(io.BytesIO(template()))
    paragraph = document.add_paragraph()
    for piece in ("{", "{ land.ar", "ea_ha }", "}"):
        paragraph.add_run(piece)
    stream = io.BytesIO()
    document.save(stream)
    assert "land.area_ha" in check_template(stream.getvalue(), REPORT, "form.docx").named


def test_the_sources_stand_where_the_template_has_a_place(project, run_folder, tmp_path):
    form = tmp_path / "official.docx"
    template("before", "{{p figures }}", "after", path=form)
    write_documents(project, tmp_path / "out", run=run_folder, only="accounting_report", templates=[form])
    path = tmp_path / "out" / "accounting_report.docx"
    assert "claim.net" in figures(path)
    assert Document(str(path)).paragraphs[-1].text == "after"


def test_a_text_with_markup_in_it_stays_a_text(hunan, tmp_path):
    text = (hunan / "project.toml").read_text(encoding="utf-8")
    evil = "<w:p/>{{ run.id }} & {% raw %}"
    (hunan / "project.toml").write_text(
        text.replace('owner = "示例林场（虚构） Example forest farm (invented)"', f"owner = '{evil}'"), encoding="utf-8"
    )
    form = tmp_path / "official.docx"
    template(path=form)
    write_documents(hunan, tmp_path / "out", only="accounting_report", templates=[form])
    assert evil in [p.text for p in Document(str(tmp_path / "out" / "accounting_report.docx")).paragraphs]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ claim.nett }}", "unknown"),
        ("{{ claim }}", "unknown"),
        ("{{ claim.__class__ }}", "unknown"),
        ("{{ ''.__class__.__mro__ }}", "forbidden"),
        ("{{ claim.net.__class__.__base__.__subclasses__() }}", "forbidden"),
        ("{{ 'a' * 1000000000 }}", "forbidden"),
        ("{{ 9 ** 9 ** 9 }}", "forbidden"),
        ("{{ claim['net'] }}", "forbidden"),
        ("{{ claim.net|upper }}", "forbidden"),
        ("{{ range(9) }}", "forbidden"),
        ("{{ lipsum() }}", "forbidden"),
        ("{{ claim.net ~ run.id }}", "forbidden"),
        ("{% set x = 1 %}", "forbidden"),
        ("{% include 'x' %}", "forbidden"),
        ("{% import 'os' as os %}", "forbidden"),
        ("{% macro m() %}", "forbidden"),
        ("{%p for x in range(9) %}", "forbidden"),
        ("{%p for rows in rows.parcels %}", "forbidden"),
        ("{%p for x in rows.nothing %}", "unknown"),
        ("{%p if run.id() %}", "forbidden"),
        ("{% colspan 3 %}", "forbidden"),
        ("{# a remark #}", "forbidden"),
        ("{{ claim.net ", "syntax"),
        ("claim.net }}", "syntax"),
        ("{{ claim..net }}", "syntax"),
        ("{{ claim.net }", "syntax"),
        ("{{ table.claim_lines }}", "block"),
        ("see {{p table.claim_lines }}", "block"),
        ("{{p claim.net }}", "block"),
        ("{{p table.nothing }}", "unknown"),
        ("{%p endif %}", "unbalanced"),
        ("{%p if run.reasons %}", "unbalanced"),
        ("{{ row.year }}", "unknown"),
    ],
)
def test_every_fault_is_named_with_its_paragraph(text, code):
    faults = refused(template("first", text))
    assert f"template.{code}" in {fault.code for fault in faults}
    (fault, *_) = (fault for fault in faults if fault.code == f"template.{code}")
    assert fault.sheet == "word/document.xml"
    assert fault.row == len(NEEDED) + 2
    assert text[:20] in fault.column


def test_all_faults_come_at_once():
    faults = refused(template("{{ claim.nett }}", "{{ range(9) }}", "{{ claim.net "))
    assert [fault.code for fault in faults] == ["template.unknown", "template.forbidden", "template.syntax"]
    assert "claim.net" in faults[0].todo("en")


def test_loops_do_not_nest():
    faults = refused(
        template("{%p for a in rows.parcels %}", "{%p for b in rows.parcels %}", "{%p endfor %}", "{%p endfor %}")
    )
    assert [fault.code for fault in faults] == ["template.forbidden"]


def test_a_missing_placeholder_is_named():
    document = Document()
    document.add_paragraph("{{ claim.net }}")
    stream = io.BytesIO()
    document.save(stream)
    faults = refused(stream.getvalue())
    assert {fault.value for fault in faults} == {text for text in NEEDED if "claim.net" not in text}
    assert {fault.code for fault in faults} == {"template.missing"}


def test_placeholders_in_headers_count_and_those_in_properties_and_attributes_do_not():
    document = Document(io.BytesIO(template()))
    document.sections[0].header.paragraphs[0].text = "{{ nothing.here }}"
    document.core_properties.author = "{{ run.id }}"
    stream = io.BytesIO()
    document.save(stream)
    codes = {(fault.code, fault.sheet) for fault in refused(stream.getvalue())}
    assert ("template.unknown", "word/header1.xml") in codes
    assert ("template.property", "") in codes
    data = template()
    xml = part(data, "word/document.xml").replace(
        b"<w:body>", b'<w:body><w:bookmarkStart w:id="9" w:name="{{ x() }}"/>'
    )
    assert "template.forbidden" in {
        f.code for f in refused(repacked(data, word__document__xml=xml, **{"word/document.xml": xml}))
    }


# What may not come in


def test_macros_controls_and_objects():
    data = template()
    types = part(data, "[Content_Types].xml")
    macro = types.replace(b"wordprocessingml.document.main", b"wordprocessingml.document.macroEnabled.main")
    assert refused(repacked(data, **{"[Content_Types].xml": macro}))[0].code == "template.macro"
    for name in ("word/vbaProject.bin", "word/embeddings/oleObject1.bin", "word/activeX/activeX1.xml"):
        assert "template.macro" in {f.code for f in refused(repacked(data, **{name: b"<x/>"}))}


def test_a_docm_is_refused_by_its_name(tmp_path):
    template(path=tmp_path / "form.docm")
    with pytest.raises(RefusedInput) as caught:
        read_template(tmp_path / "form.docm")
    assert caught.value.faults[0].code == "template.not_docx"


@pytest.mark.parametrize(
    "target",
    ["http://evil.example/t.dotm", "file:///etc/passwd", "\\\\server\\share\\x", "https://example.org/picture.png"],
)
def test_links_that_lead_outside(target):
    data = template()
    relations = part(data, "word/_rels/document.xml.rels")
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"
    line = f'<Relationship Id="rId99" Type="{kind}" Target="{target}" TargetMode="External"/></Relationships>'
    changed = relations.replace(b"</Relationships>", line.encode())
    (fault,) = refused(repacked(data, **{"word/_rels/document.xml.rels": changed}))
    assert fault.code == "template.external"
    assert fault.value == target


def test_fields_that_read_other_files():
    data = template()
    code = '<w:p><w:r><w:instrText>INCLUDE</w:instrText></w:r><w:r><w:instrText>TEXT "C:/x"</w:instrText></w:r></w:p>'
    xml = part(data, "word/document.xml").replace(b"</w:body>", f"{code}</w:body>".encode())
    assert "template.field" in {f.code for f in refused(repacked(data, **{"word/document.xml": xml}))}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_and_document_types(encoding):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><x>&l11;</x>'
    data = template()
    for name in ("word/document.xml", "word/styles.xml", "docProps/app.xml"):
        assert "template.declaration" in {f.code for f in refused(repacked(data, **{name: bomb.encode(encoding)}))}
    outside = b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'
    assert "template.declaration" in {f.code for f in refused(repacked(data, **{"word/settings.xml": outside}))}


def test_an_archive_that_unfolds_without_end():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        with archive.open("word/document.xml", "w") as entry:
            for _ in range(MOST_BYTES_OF_A_PART // 1024**2 + 2):
                entry.write(bytes(1024**2))
    assert len(stream.getvalue()) < 1024**2
    assert [f.code for f in refused(stream.getvalue())] == ["template.too_large"]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(3000):
            archive.writestr(f"{number}.xml", "<x/>")
    assert [f.code for f in refused(stream.getvalue())] == ["template.too_many_parts"]


def test_what_is_no_archive_or_half_of_one():
    data = template()
    for wrong in (b"", b"PK", data[: len(data) // 2], b"%PDF-1.7"):
        assert [f.code for f in refused(wrong)] == ["template.not_a_package"]
    assert refused(repacked(data, **{"word/document.xml": b"<w:document"}))[0].code == "template.not_xml"


def test_a_template_must_be_for_a_document(project, run_folder, tmp_path):
    template(path=tmp_path / "form.docx")
    with pytest.raises(InputError, match=r"form\.docx"):
        write_documents(project, tmp_path / "out", run=run_folder, templates=[tmp_path / "form.docx"])
    with pytest.raises(InputError, match="read"):
        write_documents(project, tmp_path / "out", only="accounting_report", templates=[tmp_path / "none.docx"])


def test_every_listed_placeholder_is_accepted():
    rows = listing(REPORT, "zh")
    assert {row["key"] for row in rows if row["required"]} == set(REPORT.required)
    assert all(row["meaning"] for row in rows)
    loops = []
    for row in rows:
        if row["key"].startswith("rows."):
            loops += [row["placeholder"].replace("{%tr", "{%p"), row["example"], "{%p endfor %}"]
    single = [row["placeholder"] for row in rows if not row["key"].startswith("rows.")]
    found = check_template(template(*single, *loops), REPORT, "form.docx")
    assert found.named == {row["key"] for row in rows}
