"""What the data say of every document, and that nothing people must write is invented."""

import re

import pytest
from docx import Document
from docx.oxml.ns import qn

from tanhui.kernel.errors import DataError, InputError
from tanhui.kernel.wording import LANGS, say
from tanhui.projects.documents.catalogue import catalogue
from tanhui.projects.documents.facts import collect
from tanhui.projects.documents.figures import FIGURES
from tanhui.projects.documents.material import read_material
from tanhui.projects.documents.outline import books, outlines, read_outline
from tanhui.projects.documents.service import write_documents
from tanhui.projects.documents.tables import COLUMNS, TABLES
from tanhui.projects.model import load_project

EVERY = [(book, name) for book in books() for name in outlines(book)]


def test_the_documents_of_both_rule_books_are_there():
    assert list(outlines("ccer")) == [
        "project_design",
        "validation_report",
        "registration_application",
        "accounting_report",
        "verification_report",
        "reductions_application",
    ]
    assert list(outlines("vcs")) == ["project_description", "monitoring_report"]
    assert {outline.lang for outline in outlines("ccer").values()} == {"zh"}
    assert {outline.lang for outline in outlines("vcs").values()} == {"en"}


@pytest.mark.parametrize("lang", LANGS)
def test_tables_figures_and_columns_have_words(lang):
    keys = [f"table.{name}" for name in TABLES] + [f"figure.{name}" for name in FIGURES]
    keys += [f"col.{column}" for columns in COLUMNS.values() for column in columns]
    assert not [key for key in keys if say(f"documents.{key}", lang) == f"documents.{key}"]


def test_every_passage_to_write_in_the_ccer_documents_names_its_clause():
    parts = [part for o in outlines("ccer").values() for chapter in o.chapters for part in chapter.parts]
    assert all(part.clause for part in parts if part.kind == "write")


#: Facts that neither a run nor a project file has.
ELSEWHERE = ("registry.", "tenure.", "audit.", "investment.")


def test_a_single_fact_is_in_the_catalogue_and_every_kind_is_given(project, run_folder):
    facts = collect(read_material(run_folder, load_project(project)))
    single = {key for key in catalogue() if "*" not in key and not key.startswith(ELSEWHERE)}
    assert single <= facts.keys()
    patterns = {key: re.escape(key).replace(r"\*", ".+") for key in catalogue() if "*" in key}
    missing = [k for k, p in patterns.items() if not any(re.fullmatch(p, key) for key in facts)]
    assert all(key.startswith(ELSEWHERE) for key in missing)


def test_an_outline_that_names_what_is_not_there_is_refused(tmp_path):
    source = """
zh = "甲"\nen = "A"\norder = 1\nlang = "zh"\nevidence = "x"\nrequired = ["claim.nothing"]
[outline]\nreference = "ccer_design_guide2023"\nstatus = "recalled"
[[chapters]]\nzh = "一"\nen = "One"
parts = [{ table = "nope" }, { figure = "nope" }, { say = { zh = "{claim.net}", en = "none" } },
  { write = { zh = "写" }, clause = "a1" }]
"""
    path = tmp_path / "made_up.toml"
    path.write_text(source, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_outline(path, {})
    for word in ("claim.nothing", "table nope", "figure nope", "other facts", "lacks en", "clause a1"):
        assert word in str(caught.value)


def test_an_unknown_book_or_document(project, tmp_path):
    with pytest.raises(InputError, match="gold"):
        write_documents(project, tmp_path / "out", book="gold")
    with pytest.raises(InputError, match="accounting_report"):
        write_documents(project, tmp_path / "out", only="accounting")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [name for book, name in EVERY if book == "ccer"])
def test_headings_yellow_passages_footer_and_page(written, name):
    outline = outlines("ccer")[name]
    document = Document(str(written / f"{name}.docx"))
    headings = [
        p.text for p in document.paragraphs if p.style.name.startswith("heading") or p.style.name.startswith("Heading")
    ]
    wanted = [" ".join(filter(None, (chapter.number, chapter.title["zh"]))) for chapter in outline.chapters]
    assert headings[: len(wanted)] == wanted
    yellow = [p for p in document.paragraphs if p.style.name == "To Write"]
    assert len(yellow) == sum(part.kind == "write" for chapter in outline.chapters for part in chapter.parts)
    for paragraph in yellow:
        assert paragraph.text.startswith("【请填写】")
        assert "依据：" in paragraph.text
        assert paragraph._p.pPr.find(qn("w:shd")).get(qn("w:fill")) == "FFF2A8"
    section = document.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert "未读到官方文本" in section.footer.paragraphs[0].text
    assert "示例数据，非真实项目" in section.header.paragraphs[0].text
    fields = "".join(code.text for code in section.footer._element.iter(qn("w:instrText")))
    assert "PAGE" in fields
    assert "NUMPAGES" in fields


def test_tables_repeat_their_heads_and_fonts_name_a_chinese_one(written):
    document = Document(str(written / "accounting_report.docx"))
    (parcels,) = (t for t in document.tables if t.rows[0].cells[0].text == "小班")
    assert len(parcels.rows) == 41
    assert parcels.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    normal = document.styles.element.find(qn("w:docDefaults")).find(f".//{qn('w:rFonts')}")
    assert normal.get(qn("w:eastAsia")) == "宋体"


def test_nobody_is_named_and_nothing_is_undertaken(written):
    """Undertakings are passages to write and lines to sign; no sentence of ours promises anything."""
    text = [p.text for p in Document(str(written / "registration_application.docx")).paragraphs]
    promises = [line for line in text if "承诺" in line]
    assert all(
        line.startswith("【请填写】") or line in ("项目登记申请表与承诺书", "二 承诺书") or "\t" in line
        for line in promises
    )
    assert [line.rstrip() for line in text if line.rstrip() in ("法定代表人", "项目业主（盖章）", "日期")]


def test_english_where_asked_and_vcs_in_english(project, run_folder, tmp_path):
    write_documents(project, tmp_path / "en", run=run_folder, only="reductions_application", lang="en")
    text = [p.text for p in Document(str(tmp_path / "en" / "reductions_application.docx")).paragraphs]
    assert text[0] == "Application for registration of reductions"
    done = write_documents(project, tmp_path / "vcs", run=run_folder, book="vcs")
    assert [name for name, _, _ in done.files] == ["project_description", "monitoring_report"]
    text = [p.text for p in Document(str(tmp_path / "vcs" / "monitoring_report.docx")).paragraphs]
    assert any("not one of this rule book" in line for line in text)


def test_a_document_without_its_facts_is_left_out_by_name(hunan, tmp_path):
    """A project before its first monitoring has a plan and no claim."""
    source = (hunan / "project.toml").read_text(encoding="utf-8")
    head, _, rest = source.partition("[[monitoring]]")
    (hunan / "project.toml").write_text(head + rest[rest.index("# 对方法学") :], encoding="utf-8")
    done = write_documents(hunan, tmp_path / "out")
    assert [name for name, _, _ in done.files] == ["project_design", "validation_report", "registration_application"]
    assert dict(done.skipped)["accounting_report"] == ("claim.net",)
    with pytest.raises(InputError, match=r"accounting_report.*净清除量"):
        write_documents(hunan, tmp_path / "one", only="accounting_report")
    assert not (tmp_path / "one").exists()


def test_a_regional_account_has_no_documents(tmp_path):
    from tanhui.faces.demo import example_folder

    with pytest.raises(InputError, match="never registered"):
        write_documents(example_folder("rhode-island"), tmp_path / "out")
