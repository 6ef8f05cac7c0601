"""The documentation builds strictly and offline, and the examples in it run.

A code block is run where the line before its fence is ``<!-- test -->``: Python as it stands, ``console`` with the
lines that begin with ``$ `` as commands, in an empty folder, with the repository's own ``tanhui``. Blocks of one page
share names and the folder.
"""

import html
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import tanhui

PROJECT = Path(tanhui.__file__).parent.parent
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), *PROJECT.glob("examples/**/*.md")])
BLOCK = re.compile(r"^<!-- test -->\n```(?P<kind>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|mailto:|#)(?P<target>[^)#\s]+)")
#: Pages that docs/hooks.py makes while the site is built.
MADE = {"glossary.md", "references.md", "errors.md"}


@dataclass(frozen=True)
class Block:
    kind: str
    code: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(m["kind"], m["code"], text[: m.start("code")].count("\n") + 1) for m in BLOCK.finditer(text)]


def page_name(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=page_name)
def test_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__docs__"}
    for block in blocks(page):
        if block.kind == "python":
            # Line numbers of the page, so that a failure points into it.
            exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), names)
        elif block.kind == "console":
            for line in block.code.splitlines():
                if line.startswith("$ "):
                    run(line[2:], tmp_path)
        else:
            pytest.fail(f"{page_name(page)}:{block.line}: do not know how to run {block.kind}")


def run(command: str, folder: Path) -> None:
    words = shlex.split(command, comments=True)
    assert words[0] == "tanhui", f"only tanhui is run: {command}"
    # A path into the repository's examples is meant from its root.
    words = [str(PROJECT / word) if word.startswith("examples/") else word for word in words]
    done = subprocess.run(
        [sys.executable, "-m", "tanhui", *words[1:]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page: Path):
    missing = [
        target
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists() and Path(target).name not in MADE
    ]
    assert not missing, "\n".join(missing)


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
    assert "dbh_cm" in words(site / "how-to" / "tables.html")


def test_the_api_reference_comes_from_the_docstrings(site: Path):
    kernel = (site / "api" / "kernel.html").read_text(encoding="utf-8")
    assert "tanhui.kernel.tables" in kernel
    assert "iter_table" in kernel
    assert not re.search(r":(func|class|mod|meth):", kernel)


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
