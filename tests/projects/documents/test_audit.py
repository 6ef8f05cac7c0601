"""What other rooms of the desk say, in the documents: an audit, an investment analysis."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest

from tanhui.kernel.errors import InputError
from tanhui.projects.audit.model import Audit, Event, Finding, Subject
from tanhui.projects.documents.service import write_documents
from tanhui.projects.explain import read_run

AT = "2026-11-24T09:00:00Z"


def audit_of(run: str) -> Audit:
    subject = Subject("verification", "p", run, "ccer", "示例核查", 1000.0, 0.05, 20140310)
    event = Event(
        number=1, at=AT, by="示例核查", act="raise", text="三株树高未测", finding="NC-01", kind="NC", clause="8.1"
    )
    found = Finding("NC-01", "NC", "8.1", "Y15", "open", (event,), misstatement_co2e_t=40.0)
    return Audit(subject, run, 1000.0, findings=(found,), sampled=("Y15", "Y28"), events=(event,))


def cells(path: Path) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for table in docx.Document(str(path)).tables for row in table.rows]


def test_findings_stand_in_the_report(project: Path, run_folder: Path, tmp_path: Path):
    audit = audit_of(read_run(run_folder)[1]["run"])
    write_documents(project, tmp_path / "d", run=run_folder, audit=audit, only="verification_report")
    rows = cells(tmp_path / "d" / "verification_report.docx")
    assert ["NC-01", "8.1", "三株树高未测", "未答复", "40.0"] in rows
    assert ["抽样种子", "20140310", ""] in rows
    # By hand: 5 % of 1,000 t, as the limit of materiality.
    assert ["重要性限额", "50.0", "t CO₂e"] in rows


def test_without_an_audit_there_is_no_word_of_one(project: Path, run_folder: Path, tmp_path: Path):
    write_documents(project, tmp_path / "d", run=run_folder, only="verification_report")
    assert not any("重要性限额" in cell for row in cells(tmp_path / "d" / "verification_report.docx") for cell in row)


def test_the_audit_of_another_run_is_refused(project: Path, run_folder: Path, tmp_path: Path):
    other = audit_of("0" * 64)
    with pytest.raises(InputError) as refused:
        write_documents(project, tmp_path / "d", run=run_folder, audit=other, only="verification_report")
    assert refused.value.code == "documents.audit_other_run"
    assert not (tmp_path / "d").exists()


def test_the_investment_analysis_stands_in_the_design_document(project: Path, run_folder: Path, tmp_path: Path):
    never = {"npv_cny": -2500000.4, "irr": {"case": "never_repaid", "value": None, "roots": []}}
    one = {"npv_cny": 1234567.0, "irr": {"case": "one", "value": 0.0941, "roots": [0.0941]}}
    money = {"price_cny_t": 80.0, "benchmark": 0.08, "without_carbon": never, "with_carbon": one}
    money["break_even_price"] = {"case": "found", "cny_t": 61.25, "ci90": [1, 2]}
    study = {"format": "tanhui-scout-1", "money": money}
    write_documents(project, tmp_path / "d", run=run_folder, study=study, only="project_design")
    rows = cells(tmp_path / "d" / "project_design.docx")
    assert ["净现值，无碳收入", "-2,500,000", "CNY"] in rows or ["净现值，无碳收入", "−2,500,000", "CNY"] in rows
    assert ["内部收益率，无碳收入", "无（收不回投资）", "%"] in rows
    assert ["内部收益率，有碳收入", "9.4", "%"] in rows
    assert any(row[0].startswith("保本碳价") and row[1] in ("61.2", "61.3") for row in rows)
