"""The documentation builds strictly and offline, and the examples in it run.

A code block is run where the line before its fence is ``<!-- test -->``: Python as it stands, ``console`` with the
lines that begin with ``$ `` as commands, in an empty folder, with the repository's own ``tanhui``. What stands below a
command must be in what it prints, in that order: ``…`` stands for anything, ``⟨name⟩`` for a word that is kept and may
be used in later commands. ``# exit 1`` behind a command says how it ends. A block below ``<!-- file: NAME -->`` is
written to that file first. Blocks of one page share names and the folder.
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
    return [Block(m["kind"], m["code"], text[: m.start("code")].count("\n") + 1, m["file"]) for m in BLOCK.finditer(text)]


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
        env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONIOENCODING": "utf-8", "TANHUI_LANG": "en"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == (int(ends[1]) if ends else 0), f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


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
