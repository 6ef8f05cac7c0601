"""What every sink keeps, found by being there: cases pass, inputs have units, factors sources, pages are current."""

import json
from datetime import date
from pathlib import Path

import pytest

from tanhui.kernel.bibliography import glossary, references
from tanhui.kernel.data import data_path, merged_toml, read_toml
from tanhui.kernel.errors import TanhuiError
from tanhui.kernel.parameters import Status
from tanhui.kernel.tables import table_spec
from tanhui.kernel.units import is_unit
from tanhui.mrv.methods import methods
from tanhui.sinks.frame import run_sink, show_sink, sink, sinks
from tanhui.sinks.frame.cases import KINDS, differences
from tanhui.sinks.frame.factors import factor_table
from tanhui.sinks.frame.page import page
from tanhui.sinks.frame.service import example

SINKS = list(sinks().values())
CASES = [(s, path) for s in SINKS for path in s.cases()]
DOCS = Path(__file__).parents[3] / "docs" / "sinks"
LANGS = ["zh", "en"]
INPUT_KINDS = {"number", "integer", "choice", "text", "flag", "series", "rows"}


def by_id(value: object) -> str:
    return getattr(value, "id", None) or getattr(value, "stem", str(value))


@pytest.mark.parametrize(("s", "path"), CASES, ids=by_id)
def test_worked_case(s, path):
    assert differences(s, path) == []


@pytest.mark.parametrize(("s", "path"), CASES, ids=by_id)
def test_worked_case_says_who_worked_it_out(s, path):
    case = read_toml(path)
    assert case["name"].strip()
    assert case["source"].strip()
    assert case["kind"] in KINDS
    assert case.get("reference", "") in references() or case["kind"] != "published"


@pytest.mark.parametrize("s", SINKS, ids=by_id)
def test_a_number_that_somebody_else_printed_is_reproduced_and_bad_input_is_refused(s):
    cases = [read_toml(path) for path in s.cases()]
    assert any(case["kind"] in ("published", "other implementation") for case in cases)
    assert any("refused" in case["outputs"] for case in cases)


@pytest.mark.parametrize("s", SINKS, ids=by_id)
def test_words_gaps_equations_and_page(s):
    assert s.gaps
    assert s.equations
    for text in (s.zh, s.en, s.scope_zh, s.scope_en, *(g.zh for g in s.gaps), *(g.en for g in s.gaps)):
        assert text.strip()
    for equation in s.equations:
        assert equation.reference in references(), equation.text
        assert Status.parse(equation.status) is not None
        assert equation.zh.strip()
        assert equation.en.strip()
    assert (DOCS / f"{s.id}.md").read_text(encoding="utf-8") == page(s), (
        "run python -m tanhui.sinks.frame.page docs/sinks"
    )


@pytest.mark.parametrize("s", SINKS, ids=by_id)
def test_inputs_have_units_words_and_a_range(s):
    for asked in s.inputs.values():
        assert asked.kind in INPUT_KINDS, asked.name
        assert is_unit(asked.unit), asked.name
        assert asked.zh.strip(), asked.name
        assert asked.en.strip(), asked.name
        if asked.kind in ("number", "integer", "series"):
            assert asked.max is not None, asked.name
            assert asked.min is not None or asked.above is not None, asked.name
        if asked.kind == "choice":
            assert asked.choices, asked.name
        if asked.kind == "rows":
            assert table_spec(*asked.table.split("/")).columns
        assert bool(asked.why_zh) == bool(asked.why_en), asked.name


@pytest.mark.parametrize("s", SINKS, ids=by_id)
def test_factors_are_cited_and_in_two_languages(s):
    for leaf in factor_table(s.room).values():
        assert leaf.zh.strip(), leaf.id
        assert leaf.en.strip(), leaf.id
        assert leaf.checked_on <= date.today(), leaf.id
        assert leaf.place or leaf.status is not Status.PRIMARY, leaf.id


@pytest.mark.parametrize("s", SINKS, ids=by_id)
def test_what_may_credit_it_is_a_method(s):
    known = methods()
    assert set(s.methods) <= known.keys()


@pytest.mark.parametrize(("s", "path"), CASES, ids=by_id)
@pytest.mark.parametrize("lang", LANGS)
def test_an_answer_can_be_carried_as_json_and_says_why_it_is_no_credit(s, path, lang):
    case = read_toml(path)
    try:
        result = run_sink(s.id, _beside(case.get("inputs", {}), path), today=date(2026, 1, 1), lang=lang)
    except TanhuiError:
        assert "refused" in case["outputs"]
        return
    assert json.dumps(result, allow_nan=False)
    assert result["creditable"] is False
    assert result["reasons"]
    for text in (*result["reasons"], *result["notes"], *(line["words"] for line in result["lines"])):
        assert not text.startswith(("reason.", "note.", "line.")), text
    for estimate in result["estimates"]:
        assert estimate["quantity"] in glossary()
        assert estimate["ci90"][0] <= estimate["value"] <= estimate["ci90"][1]
        assert not estimate["variance_shares"] or sum(estimate["variance_shares"].values()) == pytest.approx(1)
    if result["lines"]:
        assert result["lines"][-1]["co2e_t"] == pytest.approx(sum(line["co2e_t"] for line in result["lines"][:-1]))


def _beside(inputs: dict, path: Path) -> dict:
    names = {p.name for p in path.parent.iterdir()}
    return {
        key: str(path.parent / value) if isinstance(value, str) and value in names else value
        for key, value in inputs.items()
    }


@pytest.mark.parametrize("s", SINKS, ids=by_id)
def test_every_factor_is_asked_for_by_some_case(s):
    used: set[str] = set()
    for path in s.cases():
        try:
            result = run_sink(s.id, _beside(read_toml(path).get("inputs", {}), path), today=date(2026, 1, 1))
        except TanhuiError:
            continue
        used |= {leaf["id"].split("/")[1] for leaf in result["parameters"]}
    assert {name for name, _ in factor_table(s.room)} <= used


@pytest.mark.parametrize("s", SINKS, ids=by_id)
@pytest.mark.parametrize("lang", LANGS)
def test_show_has_everything(s, lang):
    shown = show_sink(s.id, lang)
    assert shown["inputs"]
    assert shown["equations"]
    assert shown["gaps"]
    assert json.dumps(shown, default=str)
    assert all(row["words"] for row in shown["inputs"])


@pytest.mark.parametrize("s", SINKS, ids=by_id)
def test_the_example_of_a_sink_runs(s, tmp_path):
    path = tmp_path / "input.toml"
    path.write_text(example(s.id), encoding="utf-8")
    for name in s.cases():
        for table in name.parent.glob("*.csv"):
            (tmp_path / table.name).write_bytes(table.read_bytes())
    assert run_sink(s.id, path, today=date(2026, 1, 1))["estimates"]


def test_every_data_folder_of_a_sink_has_references_and_wording_of_its_lines():
    words = merged_toml("wording.toml")
    for s in SINKS:
        assert data_path(s.room, "references.toml").is_file(), s.id
        for entry in words:
            if entry.startswith(f"line.{s.room}."):
                assert words[entry]["zh"] != words[entry]["en"]


def test_names_and_aliases_are_unique():
    names = [name for s in SINKS for name in (s.id, *s.aliases)]
    assert len(set(names)) == len(names)
    assert all(sink(name) for name in names)
