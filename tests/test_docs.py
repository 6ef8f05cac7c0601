"""The documentation builds strictly and offline, and the examples in it run.

A code block is run where the line before its fence is ``<!-- test -->``: Python as it stands, ``console`` with the
lines that begin with ``$ `` as commands, in an empty folder, with the repository's own ``tanhui``. What stands below a
command must be in what it prints, in that order: ``…`` stands for anything, ``⟨name⟩`` for a word that is kept and may
be used in later commands. ``# exit 1`` behind a command says how it ends. A block below ``<!-- file: NAME -->`` is
written to that file first. Blocks of one page share names and the folder.
"""

import html
import json
import math
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import tanhui

PROJECT = Path(tanhui.__file__).parent.parent
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), *PROJECT.glob("examples/**/*.md")])
BLOCK = re.compile(
    r"^<!-- (?:test|file: (?P<file>\S+)) -->\n```(?P<kind>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
EXIT = re.compile(r"\s+# exit (\d)$")
NAME = re.compile(r"⟨(\w+)⟩")
LINK = re.compile(r"\]\((?!https?://|mailto:|#)(?P<target>[^)#\s]+)")
#: Pages that docs/hooks.py makes while the site is built.
MADE = {"glossary.md", "references.md", "errors.md", "commands.md", "project-file.md"}


@dataclass(frozen=True)
class Block:
    kind: str
    code: str
    line: int
    file: str | None


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(m["kind"], m["code"], text[: m.start("code")].count("\n") + 1, m["file"]) for m in BLOCK.finditer(text)
    ]


def page_name(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=page_name)
def test_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__docs__"}
    words: dict[str, str] = {}
    for block in blocks(page):
        if block.file:
            (tmp_path / block.file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.file).write_text(block.code, encoding="utf-8")
        elif block.kind == "python":
            # Line numbers of the page, so that a failure points into it.
            exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), names)
        elif block.kind == "console":
            for command, shown in commands(block.code):
                printed = run(NAME.sub(lambda m: words[m[1]], command), tmp_path)
                look_for(shown, printed, words)
        else:
            pytest.fail(f"{page_name(page)}:{block.line}: do not know how to run {block.kind}")


def commands(code: str) -> list[tuple[str, list[str]]]:
    """Each command of a console block with the lines that stand below it."""
    found: list[tuple[str, list[str]]] = []
    for line in code.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.strip():
            found[-1][1].append(line)
    return found


def run(command: str, folder: Path) -> str:
    """What a command prints; it must end as the page says."""
    ends = EXIT.search(command)
    words = shlex.split(EXIT.sub("", command), comments=True)
    assert words[0] == "tanhui", f"only tanhui is run: {command}"
    # A path into the repository's examples is meant from its root.
    words = [str(PROJECT / word) if word.startswith("examples/") else word for word in words]
    done = subprocess.run(
        [sys.executable, "-m", "tanhui", *words[1:]],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == (int(ends[1]) if ends else 0), f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


#: Whoever runs the tests may have a narrow screen; the pages show what is written to a file.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {
    "PYTHONPATH": str(PROJECT),
    "PYTHONIOENCODING": "utf-8",
    "TANHUI_LANG": "en",
}


def look_for(shown: list[str], printed: str, words: dict[str, str]) -> None:
    """Find each line in what was printed, after the one before it, and keep the words it names."""
    start = 0
    for line in shown:
        pattern = ""
        for part in re.split(r"(…|⟨\w+⟩|\s+)", line.strip()):
            name = NAME.fullmatch(part)
            if name and name[1] in words:
                pattern += re.escape(words[name[1]])
            elif name:
                pattern += rf"(?P<{name[1]}>\w[\w./-]*)"
            else:
                pattern += r".*?" if part == "…" else r"[^\S\n]+" if part.isspace() else re.escape(part)
        found = re.compile(pattern).search(printed, start)
        assert found, f"{line}\nis not in what was printed:\n{printed[start:]}"
        words |= found.groupdict()
        start = found.end()


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page: Path):
    missing = [
        target
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists() and Path(target).name not in MADE
    ]
    assert not missing, "\n".join(missing)


def test_every_setting_has_words_in_both_languages_and_no_words_are_left_over(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(PROJECT / "docs"))
    from pages_settings import names

    words = tomllib.loads((PROJECT / "docs" / "settings.toml").read_text(encoding="utf-8"))
    assert names() == set(words)
    assert all(entry["zh"] and entry["en"] for entry in words.values())


@pytest.mark.parametrize(
    ("form", "parameters"),
    [
        ("richards", (300.0, 0.1, 3.0)),
        ("logistic", (300.0, 40.0, 0.2)),
        ("korf", (400.0, 20.0, 1.1)),
        ("gompertz", (300.0, 5.0, 0.1)),
        ("schumacher", (300.0, 20.0)),
    ],
)
def test_the_curves_are_as_the_page_prints_them(form: str, parameters: tuple[float, ...], monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT / "docs"))
    from pages_settings import CURVES

    from tanhui.sinks.forest.growth import GrowthCurve

    letters, formula = next((row[1], row[2].strip("`")) for row in CURVES if row[0] == form)
    given = dict(zip(letters.split(", "), parameters, strict=True))
    curve = GrowthCurve("page", form, parameters, "m3/ha")
    for age in (3.0, 12.0, 30.0):
        by_page = eval(formula, {"exp": math.exp, "t": age, **given})
        assert float(curve.value(age)) == pytest.approx(by_page, rel=1e-12)


def keys_of(value: object) -> set[str]:
    """Every key in a document, without those that are data: sources of error, file and package names."""
    if isinstance(value, list):
        return {key for item in value for key in keys_of(item)}
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, inner in value.items():
        found |= {key} if key in ("variance_shares", "tables", "software", "methods") else {key, *keys_of(inner)}
    return found


@pytest.mark.parametrize("example", ["rhode-island", "afforestation-hunan"])
def test_the_fields_of_a_result_are_documented(demo: Path, example: str):
    page = (PROJECT / "docs" / "result.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", page)) | {"change", "stock", "change_domain", "stock_domain"}
    for document in ("result.json", "manifest.json"):
        keys = keys_of(json.loads((demo / example / document).read_text(encoding="utf-8")))
        assert keys <= named, f"docs/result.md says nothing about {sorted(keys - named)}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=PROJECT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def words(page: Path) -> str:
    return html.unescape(page.read_text(encoding="utf-8"))


def test_the_site_has_the_pages_made_from_data(site: Path):
    glossary = words(site / "glossary.html")
    assert "单位面积地上生物量" in glossary
    assert "Aboveground biomass per hectare" in glossary
    assert "RFC 8785" in words(site / "references.html")
    assert "table.not_a_number" in words(site / "errors.html")
    assert "Unknown unit '{unit}'. Known units: {known}." in words(site / "errors.html")
    tables = words(site / "how-to" / "tables.html")
    assert all(name in tables for name in ("dbh_cm", "projects_tenure/rights", "certificate_holder", "kernel/units"))
    assert "parcels.area_unit" in words(site / "project-file.html")
    assert "conditions.evidence.planting_design" in words(site / "project-file.html")


def test_every_command_has_a_page_in_both_languages(site: Path):
    import typer

    from tanhui.faces.cli.app import app

    for name, command in typer.main.get_command(app).commands.items():
        page = words(site / "commands" / f"{name}.html")
        assert f"tanhui {name}" in page
        assert re.search(r"[\u4e00-\u9fff]{4}", page)
        for below in getattr(command, "commands", {}):
            assert f"tanhui {name} {below}" in page


def test_the_api_reference_comes_from_the_docstrings(site: Path):
    kernel, tables = (
        (site / "api" / f"{name}.html").read_text(encoding="utf-8") for name in ("kernel", "kernel.tables")
    )
    assert "tanhui.kernel.units" in kernel
    assert "iter_table" in tables
    assert not re.search(r":(func|class|mod|meth):", kernel + tables)


def test_every_page_is_in_the_navigation(site: Path):
    index = (site / "index.html").read_text(encoding="utf-8")
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")} - {"404.html", "index.html"}
    assert not {page for page in pages if f'href="{page}"' not in index}


def test_no_page_asks_for_anything_from_outside(site: Path):
    outside = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//[^\"'> ]+")
    found = {
        path.name: outside.findall(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
        if outside.search(path.read_text(encoding="utf-8"))
    }
    assert not found
