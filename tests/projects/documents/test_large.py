"""Tables too long for paper stand in a workbook, each figure with its key; the document shows the first rows."""

import json

import openpyxl
from docx import Document

from benchmarks.projects.documents import synthetic_project
from tanhui.projects.documents.package import is_untouched
from tanhui.projects.documents.service import write_documents
from tanhui.projects.explain import explain


def test_more_parcels_than_a_page_holds(tmp_path):
    folder = synthetic_project(tmp_path / "project", parcels=240, plots=12)
    out = tmp_path / "out"
    write_documents(folder, out)
    document = Document(str(out / "accounting_report.docx"))
    (shown,) = (t for t in document.tables if t.rows[0].cells[0].text == "小班")
    assert len(shown.rows) == 21
    assert any("共 240 行" in p.text and "annex.xlsx" in p.text for p in document.paragraphs)
    assert is_untouched((out / "annex.xlsx").read_bytes())
    page = openpyxl.load_workbook(out / "annex.xlsx")["parcels"]
    rows = list(page.values)
    assert len(rows) == 241
    last = rows[-1]
    key = next(cell for cell in last if str(cell).endswith(".area_ha"))
    assert key == "land.parcel.00240.area_ha"
    found = explain(out, key)
    assert found.fact.value in last
    assert [row["parcel_id"] for row in found.parcels] == ["00240"]
    assert json.loads((out / "documents.json").read_text())["run"] == found.run
