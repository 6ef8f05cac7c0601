"""What every methodology must keep, found by being there: cases pass, sources resolve, rules hold no number."""

import ast
import csv
import inspect
import json
import re
from pathlib import Path

import pytest

from tanhui.kernel.bibliography import glossary, references
from tanhui.kernel.data import data_path, merged_toml, read_toml
from tanhui.kernel.parameters import Recorder
from tanhui.kernel.tables import read_table, table_spec
from tanhui.kernel.units import is_unit
from tanhui.mrv.methods import evaluate, method, methods, show
from tanhui.mrv.methods.cases import differences
from tanhui.mrv.methods.page import page, page_name

METHODS = list(methods().values())
CASES = [(m, path) for m in METHODS for path in m.cases()]
DOCS = Path(__file__).parents[3] / "docs" / "methods"
#: Needed to count and to turn a sign; anything else is a number of the standard and belongs into parameters.toml.
PLAIN_NUMBERS = {0, 1, -1}


def by_id(value: object) -> str:
    return getattr(value, "id", None) or getattr(value, "stem", str(value))


@pytest.mark.parametrize(("m", "path"), CASES, ids=by_id)
def test_worked_case(m, path):
    assert differences(m, path) == []


@pytest.mark.parametrize(("m", "path"), CASES, ids=by_id)
def test_worked_case_says_who_worked_it_out_and_when(m, path):
    case = read_toml(path)
    assert case["source"]
    assert case["name"]
    assert case["date"] == case["inputs"].get("application", case["inputs"]["period"][1])


@pytest.mark.parametrize("m", METHODS, ids=by_id)
def test_every_method_has_cases_gaps_words_and_a_page(m):
    assert len(m.cases()) >= 2
    assert m.gaps
    assert all(gap.zh and gap.en and gap.clause for gap in m.gaps)
    assert m.zh
    assert m.en
    assert (DOCS / page_name(m)).read_text(encoding="utf-8") == page(m), (
        "run python -m tanhui.mrv.methods.page docs/methods"
    )


@pytest.mark.parametrize("m", METHODS, ids=by_id)
def test_parameters_and_clauses_are_cited_and_in_two_languages(m):
    for leaf in m.parameters.leaves():
        assert leaf.reference in references(), leaf.id
        assert is_unit(leaf.unit), leaf.id
        assert leaf.zh, leaf.id
        assert leaf.en, leaf.id
        assert leaf.checked_on >= m.valid_from, leaf.id


@pytest.mark.parametrize("m", METHODS, ids=by_id)
def test_clauses_said_to_be_read_belong_to_a_rule(m):
    labels = {version.clause for rule in m.rules for version in rule.versions}
    assert set(m.clauses) <= labels


def numbers_in(function: object) -> set[object]:
    body = ast.parse(inspect.getsource(function)).body[0]
    assert isinstance(body, ast.FunctionDef)
    found = {n.value for statement in body.body for n in ast.walk(statement) if isinstance(n, ast.Constant)}
    return {x for x in found if isinstance(x, (int, float)) and not isinstance(x, bool)}


@pytest.mark.parametrize("m", METHODS, ids=by_id)
def test_rules_hold_no_number(m):
    for rule in m.rules:
        for version in rule.versions:
            assert numbers_in(version.function) <= PLAIN_NUMBERS, rule.name


@pytest.mark.parametrize("m", METHODS, ids=by_id)
def test_every_parameter_and_rule_is_used_by_some_case(m):
    used = Recorder(m.parameters)
    for path in m.cases():
        given = m.inputs(read_toml(path)["inputs"])
        for ask in (m.account, m.eligibility):
            try:
                ask(given, used)
            except Exception:  # a refusal: what it asked for counts all the same
                continue
    asked = {leaf_id.split("@")[0] for leaf_id in used.used}
    wanted = {dated.id for name, dated in m.parameters.items() if not name.startswith("gwp/")}
    # 400 mm is asked only of projects exempt for being arid; test_eligibility has one.
    assert wanted - asked <= {f"{m.id}/arid_rain_mm"}


@pytest.mark.parametrize("m", METHODS, ids=by_id)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_show_has_everything(m, lang):
    shown = show(m.id, lang)
    assert shown["id"] == m.id
    assert len(shown["clauses"]) == sum(len(rule.versions) for rule in m.rules)
    assert shown["gaps"]
    assert shown["cases"]
    assert all(row["words"] and row["status"] for row in shown["clauses"] + shown["parameters"])


@pytest.mark.parametrize("m", METHODS, ids=by_id)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_case_can_be_evaluated_from_plain_data(m, lang):
    shown = evaluate(m.id, read_toml(m.cases()[0])["inputs"], lang=lang)
    assert json.dumps(shown, allow_nan=False)
    assert shown["reasons"]
    assert not any(text.startswith("reason.") for text in shown["reasons"])


def test_evidence_that_rules_want_is_a_document_of_the_method():
    m = method("ccer/14-001-v01")
    keys = {document.key for document in m.documents}
    wanted: set[str] = set()
    for path in m.cases():
        given = m.inputs(read_toml(path)["inputs"])
        if given.application >= m.valid_from:
            wanted |= {key for verdict in m.eligibility(given) for key in verdict.missing}
    assert wanted
    assert wanted <= keys


def test_gwp_table_is_described_and_in_range():
    path = data_path("kernel", "gwp.csv")
    frame = read_table(path, table_spec("kernel", "gwp"))
    with path.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert len(frame) == len(rows)
    assert list(frame.columns) == list(rows[0])
    assert {row["reference"] for row in rows} <= references().keys()


def test_glossary_has_the_quantities_of_a_claim():
    for key in ("tree_change_co2e_t", "tree_change_half_width90_rel", "k_risk", "gwp100", "net_removal_co2e_t"):
        assert key in glossary()


def test_wording_exists_for_every_code_in_the_room():
    """Every key that the code names has a sentence in both languages."""
    words = merged_toml("wording.toml")
    root = METHODS[0].folder.parents[1]
    for path in root.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for code in re.findall(r'Fault\(\s*"(methods\.\w+)"', text):
            assert f"fault.{code}" in words, code
        for code in re.findall(r'(?:Domain|Input|Data)Error\(\s*"(methods\.\w+)"', text):
            assert f"error.{code}" in words, code
        for key in re.findall(r'"(excluded\.methods\.\w+)"', text):
            assert key in words, key
        for code in re.findall(r'Finding\([^)]*?"(methods\.\w+)"', text):
            assert f"verdict.{code}" in words, code
    for key, entry in words.items():
        if ".methods." in key:
            assert entry["zh"], key
            assert entry["en"], key
