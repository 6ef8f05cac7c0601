"""Every figure in every document, read with another library, is the one in the run; and it can be followed."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from docx import Document
from docx.oxml.ns import qn

from tanhui.kernel.errors import IntegrityError
from tanhui.projects.documents.compose import FIGURES_TITLE
from tanhui.projects.documents.outline import outlines
from tanhui.projects.explain import explain

CCER = list(outlines("ccer"))


def figures(path: Path) -> dict[str, tuple[str, str, str]]:
    """Key -> value, unit and source, from the table at the end of a document."""
    found = {}
    for table in Document(str(path)).tables:
        caption = table._tbl.tblPr.find(qn("w:tblCaption"))
        if caption is not None and caption.get(qn("w:val")) == FIGURES_TITLE:
            found = {row.cells[0].text: tuple(cell.text for cell in row.cells[1:]) for row in table.rows}
    return found


def at(document: dict, pointer: str):
    """The value that a JSON pointer leads to."""
    value = document
    for step in pointer.strip("/").split("/"):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def digits(text: str) -> float:
    return float(text.replace(",", "").replace("\u2212", "-"))


@pytest.mark.parametrize("name", CCER)
def test_every_figure_with_a_pointer_is_what_the_pointer_leads_to(written, name):
    documents = {
        f: json.loads((written / "run" / f).read_text(encoding="utf-8")) for f in ("result.json", "manifest.json")
    }
    checked = 0
    for key, (shown, unit, source) in figures(written / f"{name}.docx").items():
        found = re.fullmatch(r"(result|manifest)\.json#(/[\w/]+)", source)
        if not found:
            continue
        value = at(documents[f"{found[1]}.json"], found[2])
        if key.startswith(("quality.", "comparison.")) and unit == "%":
            value *= 100
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            places = len(shown.partition(".")[2])
            assert digits(shown) == pytest.approx(value, abs=0.5000001 * 10**-places), key
            checked += 1
        elif isinstance(value, str) and unit == "" and not re.match(r"\d{4}-", value):
            assert shown.rstrip("…") in value, key
    assert checked > (-1 if "registration" in name else 5)


def test_areas_are_those_of_the_parcels(written):
    parcels = pd.read_parquet(written / "run" / "parcels.parquet")
    shown = figures(written / "accounting_report.docx")
    assert digits(shown["land.area_ha"][0]) == pytest.approx(parcels["area_credited_ha"].sum(), abs=0.005)
    for row in parcels.itertuples():
        assert digits(shown[f"land.parcel.{row.parcel_id}.area_ha"][0]) == pytest.approx(row.area_credited_ha, abs=5e-5)
    by_stratum = parcels.groupby("stratum")["area_credited_ha"].sum()
    for stratum, area in by_stratum.items():
        assert digits(shown[f"land.stratum.{stratum}.area_ha"][0]) == pytest.approx(area, abs=0.005)


def test_the_plan_adds_up(written):
    stock = json.loads((written / "run" / "result.json").read_text(encoding="utf-8"))["plan"]["stock"]
    shown = figures(written / "project_design.docx")
    yearly = [digits(value) for key, (value, *_) in shown.items() if re.fullmatch(r"plan\.\d+\.removal_co2e_t", key)]
    assert len(yearly) == len(stock) - 1
    assert sum(yearly) == pytest.approx(stock[-1]["value"] - stock[0]["value"], abs=0.05 * len(yearly))


def test_figures_in_sentences_and_tables_are_in_the_list(written):
    """Of the account, which is what people read first: each number printed above stands in the list below."""
    document = Document(str(written / "accounting_report.docx"))
    listed = {value for value, *_ in figures(written / "accounting_report.docx").values()}
    for table in document.tables:
        head = [cell.text for cell in table.rows[0].cells]
        if head[:2] in (["科目", "t CO₂e"], ["年份", "t CO₂e"]):
            assert {row.cells[1].text for row in table.rows[1:]} <= listed
    (sentence,) = (p.text for p in document.paragraphs if p.text.startswith("核算期 2"))
    assert "13,551.427 t CO₂e" in sentence
    assert "13,551.427" in listed


@pytest.mark.parametrize("name", CCER)
def test_every_key_can_be_explained(written, name):
    keys = list(figures(written / f"{name}.docx"))[1:]
    assert keys
    for key in [*keys[:: max(1, len(keys) // 8)], keys[-1]]:
        found = explain(written, key)
        assert found.fact.key == key
        assert found.fact.source in "\n".join(found.lines("en"))


def test_what_a_figure_rests_on(written):
    assert [row["id"] for row in explain(written, "parameter.ccer/14-001-v01/k_risk").parameters] == [
        "ccer/14-001-v01/k_risk"
    ]
    assert {row["stratum"] for row in explain(written, "land.stratum.PM-2014.area_ha").parcels} == {"PM-2014"}
    assert explain(written, "claim.year.2024.credits_t").lines_of_claim[-1]["line"] == "net"
    low = explain(written, "estimate.tree_t_ha.2025.CL-2014.low")
    assert low.figures[0]["ci90"][0] == low.fact.value
    assert explain(written, "project.owner").fact.source == "project.toml: owner"


def test_a_changed_run_explains_nothing(copy):
    result = copy / "run" / "result.json"
    result.write_text(result.read_text(encoding="utf-8").replace("13551.427", "13551.428"), encoding="utf-8")
    with pytest.raises(IntegrityError):
        explain(copy, "claim.net")
