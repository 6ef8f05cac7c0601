"""The data of all rooms: every number has a source that resolves, a unit, a range, and words in two languages.

The tests walk `tanhui/data` and the methodologies, and find what is there; nothing has to be added here for a new room.
"""

import ast
import csv
import re
import string
import tomllib
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

import tanhui
from tanhui.kernel.bibliography import glossary, references
from tanhui.kernel.data import data_roots, merge
from tanhui.kernel.errors import RefusedInput, TanhuiError
from tanhui.kernel.parameters import Status, load_parameters
from tanhui.kernel.tables.cells import check_column
from tanhui.kernel.tables.model import Column
from tanhui.kernel.units import is_unit
from tanhui.kernel.wording import LANGS

ROOT = Path(tanhui.__file__).parent
FOLDERS = [root for root in data_roots() if root.is_dir()]
#: Column names in CSV files whose cells are keys of references.toml; several are separated by ";" or "|".
REFERENCE_COLUMNS = ("reference", "references", "source_key")
STATUS_WORDS = {status.word for status in Status}
#: The kernel puts these before every code; alone they do not show that a sentence is used.
SHARED_BEGINNINGS = ("error.", "fault.", "todo.", "note.")


def found(pattern: str) -> list[Path]:
    return sorted(path for folder in FOLDERS for path in folder.rglob(pattern))


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def toml(path: Path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))


#: Tables beside worked cases are what people bring: the readers check them.
TABLES = [path for path in found("*.csv") if path.parent.name != "cases"]
PARAMETER_FILES = found("*parameters*.toml")
WORDING_FILES = found("wording.toml")


# Tables


def described(table: Path) -> Path:
    return table.with_suffix(".toml")


@pytest.mark.parametrize("table", TABLES, ids=short)
def test_every_table_is_described_column_by_column(table: Path):
    assert described(table).is_file(), f"{short(table)} has no {described(table).name} beside it"
    with table.open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream))
    entries = toml(described(table))
    assert set(header) <= set(entries), "columns without a description"
    assert set(entries) <= set(header), "described columns that are not there"
    assert len(set(header)) == len(header)
    for name, entry in entries.items():
        assert entry["kind"] in ("number", "integer", "text", "date", "choice", "flag"), name
        assert is_unit(entry["unit"]), f"{name}: {entry['unit']}"
        assert entry["zh"].strip(), name
        assert entry["en"].strip(), name


@pytest.mark.parametrize("table", [table for table in TABLES if described(table).is_file()], ids=short)
def test_every_cell_is_what_its_column_says(table: Path):
    # Not read_table: a quantity "total" in our own data is no row of totals.
    import pandas as pd

    frame = pd.read_csv(table, dtype="string", keep_default_na=False)
    faults = []
    for name, entry in toml(described(table)).items():
        if name in frame:
            listed = {key: tuple(entry.get(key, ())) for key in ("choices", "aliases")}
            faults += check_column(frame[name], Column(**{"name": name, **entry, **listed}), file=short(table))[1]
    assert not faults, RefusedInput(faults).text()


@pytest.mark.parametrize("table", TABLES, ids=short)
def test_every_reference_in_a_table_resolves_and_every_status_is_one(table: Path):
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    wrong = set()
    for row in rows:
        assert None not in row, f"a row wider than the header: {row}"
        assert None not in row.values(), f"a row narrower than the header: {row}"
        for column in REFERENCE_COLUMNS:
            wrong |= {key for key in re.split(r"[;|]\s*", row.get(column, "")) if key and key not in references()}
        kind = toml(described(table)).get("status", {}).get("choices") if described(table).is_file() else None
        if row.get("status") and kind is None and "checked_on" in row:
            assert row["status"] in STATUS_WORDS
    assert not wrong, f"not in any references.toml: {sorted(wrong)}"


@pytest.mark.parametrize("path", found("*.toml"), ids=short)
def test_every_toml_file_loads_and_its_units_statuses_and_references_resolve(path: Path):
    wrong = []
    for where, key, value in leaves(toml(path)):
        if key == "unit" and isinstance(value, str) and not is_unit(value):
            wrong.append(f"{where}: unknown unit {value!r}")
        if key == "reference" and isinstance(value, str) and value and value not in references():
            wrong.append(f"{where}: unknown reference {value!r}")
        if key == "checked_on" and not (isinstance(value, date) or is_description(path)):
            wrong.append(f"{where}: {value!r} is no date")
    assert not wrong, "\n".join(map(str, wrong))


def is_description(path: Path) -> bool:
    """Whether a file describes the columns of a table, so that a key may be a column's name."""
    return path.with_suffix(".csv").is_file()


def leaves(entry: object, where: str = "") -> Iterator[tuple[str, str, object]]:
    """Every key of a nested table with its value and the way to it."""
    if isinstance(entry, dict):
        for key, value in entry.items():
            if not isinstance(value, dict):
                yield where, str(key), value
            yield from leaves(value, f"{where}.{key}".lstrip("."))
    elif isinstance(entry, list):
        for number, value in enumerate(entry):
            yield from leaves(value, f"{where}[{number}]")


@pytest.mark.parametrize("path", PARAMETER_FILES, ids=short)
def test_every_parameter_file_loads(path: Path):
    if is_description(path):
        pytest.skip("describes a table")
    parameters = load_parameters(path, path.stem)
    for leaf in parameters.leaves():
        assert leaf.zh, leaf.id
        assert leaf.en, leaf.id
        assert leaf.checked_on <= date.today(), leaf.id
        assert leaf.place or leaf.status is not Status.PRIMARY, f"{leaf.id} is primary without a place"
    ids = [leaf.id for leaf in parameters.leaves()]
    assert len(set(ids)) == len(ids)


# References and glossary


def test_references_load_and_say_what_they_are():
    for key, entry in references().items():
        assert re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", key), key
        assert entry.title.strip(), key
        assert entry.year is None or 1500 <= entry.year <= date.today().year + 1, key


def test_the_glossary_loads_and_has_both_languages():
    for key, term in glossary().items():
        assert re.search("[\u4e00-\u9fff]", term.zh), key
        assert term.en.strip(), key
        assert term.symbol.strip(), key


def test_glossary_names_end_with_their_unit_where_they_name_one():
    wrong = []
    for key, term in glossary().items():
        for suffix, unit in {"_t_ha": "/ha", "_cm": "cm", "_m2_ha": "m2/ha", "_m3_ha": "m3/ha"}.items():
            if key.endswith(suffix) and not term.unit.endswith(unit):
                wrong.append(f"{key}: {term.unit}")
    assert not wrong, "\n".join(map(str, wrong))


# Words


@cache
def wording() -> dict[str, dict[str, str]]:
    return merge(WORDING_FILES)


@pytest.mark.parametrize("path", WORDING_FILES, ids=short)
def test_every_sentence_is_there_in_both_languages_with_the_same_facts(path: Path):
    wrong = []
    for key, entry in toml(path).items():
        if set(entry) != set(LANGS) or not all(str(text).strip() for text in entry.values()):
            wrong.append(f"{key}: {sorted(entry)}")
        elif placeholders(entry["zh"]) != placeholders(entry["en"]):
            wrong.append(f"{key}: {placeholders(entry['zh']) ^ placeholders(entry['en'])}")
    assert not wrong, "\n".join(map(str, wrong))


def placeholders(text: str) -> set[str]:
    """The facts a sentence names; ``hint_zh`` and ``hint_en`` are one fact in two languages."""
    fields = (field for _, field, _, _ in string.Formatter().parse(text) if field)
    return {re.sub(r"_?(zh|en)$", "", field) for field in fields}


class Codes(ast.NodeVisitor):
    """Codes of errors, faults and notes that a file raises, as far as they are written out."""

    def __init__(self, errors: set[str]) -> None:
        self.errors = errors
        self.keys: set[str] = set()

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        kind = "error" if called in self.errors else {"Fault": "fault", "note": "note"}.get(called)
        if called == "listed_faults":
            kind = "fault"
        if kind and node.args:
            self.keys |= {f"{kind}.{code}" for code in literals(node.args[0]) if "." in code}
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if node.name in self.errors:
            for line in node.body:
                target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
                value = getattr(line, "value", None)
                if isinstance(target, ast.Name) and target.id == "code" and isinstance(value, ast.Constant):
                    self.keys.add(f"error.{value.value}")
        self.generic_visit(node)


def literals(node: ast.expr) -> Iterator[str]:
    """The strings an argument can be: itself, or both sides of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


@cache
def modules() -> dict[str, ast.Module]:
    return {short(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


@cache
def error_classes() -> set[str]:
    """Names of TanhuiError and of everything that derives from it, found in the source."""
    classes = [node for module in modules().values() for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
    names = {"TanhuiError"}
    while True:
        more = {c.name for c in classes if names & {base.id for base in c.bases if isinstance(base, ast.Name)}}
        if more <= names:
            return names
        names |= more


def test_every_code_that_is_raised_has_words():
    missing = []
    for name, module in modules().items():
        codes = Codes(error_classes())
        codes.visit(module)
        missing += [f"{name}: {key}" for key in sorted(codes.keys) if key not in wording()]
    assert not missing, "\n".join(map(str, missing))


def test_every_error_class_has_words():
    def all_below(kind: type[TanhuiError]) -> Iterator[type[TanhuiError]]:
        yield kind
        for below in kind.__subclasses__():
            yield from all_below(below)

    assert not [kind.__name__ for kind in all_below(TanhuiError) if f"error.{kind.code}" not in wording()]


def test_every_word_is_used():
    """A key is used where it, or its end, stands in the source or a template, or begins an f-string there."""
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for pattern in ("*.py", "*.html", "*.j2", "*.js", "*.toml")
        for path in sorted(ROOT.rglob(pattern))
        if path.name != "wording.toml"
    )
    # A reason is written as its key, a colon and its subject.
    written = set(re.findall(r"[\"']([\w.]+)[:\"']", text))
    begun = {start for start in re.findall(r"f[\"']([\w.]{5,})\{", text) if start not in SHARED_BEGINNINGS}
    unused = []
    for key in wording():
        ends = {key} | {key[at + 1 :] for at, letter in enumerate(key) if letter == "."}
        telling = {end for end in ends if "." in end or key.count(".") == 1}
        if not (telling & written or any(end.startswith(tuple(begun)) for end in ends)):
            unused.append(key)
    assert not unused, "\n".join(unused)


def test_a_todo_belongs_to_a_fault():
    assert not [key for key in wording() if key.startswith("todo.") and "fault." + key[5:] not in wording()]
