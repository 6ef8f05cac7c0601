"""Pages made from data while the site is built, so that none of them can disagree with the code.

``on_files`` adds the commands, the settings of a project, the glossary, the references, errors and exit codes, and one
API page per package; ``on_config`` puts what is found by being there into the navigation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markdown_table import table
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pages_commands import command_pages
from pages_settings import settings_page

import tanhui
from tanhui.kernel.bibliography import glossary, references
from tanhui.kernel.data import merged_toml, read_toml

PACKAGE = Path(tanhui.__file__).parent
COLUMNS_HERE = "<!-- columns of the tables -->"
OUR_TABLES = "## Tables of the product itself 自带的表\n\nThey lie in `tanhui/data`, as CSV."


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add what is found by being there to the navigation."""
    docs = Path(config.docs_dir)
    made = [path for path in sorted((docs / "methods").glob("*.md")) if path.name != "confirm.md"]
    methods = [{heading(path): f"methods/{path.name}"} for path in made]
    sinks = [{heading(path): f"sinks/{path.name}"} for path in sorted((docs / "sinks").glob("*.md"))]
    commands = sorted(name for name in command_pages() if name != "commands.md")
    assert config.nav is not None
    for section in config.nav:
        for title, pages in section.items() if isinstance(section, dict) else ():
            if title.startswith("Methodologies"):
                pages += methods
            if title.startswith("Sinks"):
                pages += sinks
            if title.startswith("Commands"):
                pages += commands
    config.nav.append({"API": [f"api/{package}.md" for package in packages()]})
    return config


def heading(path: Path) -> str:
    """The first heading of a page up to a colon."""
    found = re.search(r"^# ([^:\n]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else path.stem


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages made from data."""
    pages = {
        "glossary.md": glossary_page(),
        "references.md": references_page(),
        "errors.md": errors_page(),
        "project-file.md": settings_page(),
        **command_pages(),
        **{f"api/{package}.md": api_page(package) for package in packages()},
    }
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the columns of people's tables where a page asks for them."""
    return markdown.replace(COLUMNS_HERE, columns_section()) if COLUMNS_HERE in markdown else markdown


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Show docstrings without the marks that only Sphinx understands."""
    html = re.sub(r":(?:func|class|meth|mod|data|attr|exc):(?=<code>)", "", html)
    return re.sub(r"::</p>", ":</p>", html.replace("<p>::</p>", ""))


def glossary_page() -> str:
    """Every quantity: Chinese, English, symbol, unit, and its name in code and files."""
    rows = [
        (term.zh, term.en, term.symbol, term.unit, term.key, term.meaning)
        for term in sorted(glossary().values(), key=lambda term: term.key)
    ]
    head = ("中文", "English", "Symbol 符号", "Unit 单位", "Key 代码", "Meaning 说明")
    return f"# Glossary 术语表\n\nMade from `tanhui/data/*/glossary.toml`.\n\n{table(head, rows)}\n"


def references_page() -> str:
    """Every document a number was read in."""
    rows = [
        (ref.key, ref.cite(), ref.licence, ref.note) for ref in sorted(references().values(), key=lambda ref: ref.key)
    ]
    head = ("Key 键", "Document 文献", "Licence 许可", "Note 备注")
    return f"# References 参考文献\n\nMade from `tanhui/data/*/references.toml`.\n\n{table(head, rows)}\n"


EXIT_CODES = [
    (0, "做完了。", "Done."),
    (
        1,
        "被规则拒绝：超出方程或方法学允许的范围、签名或哈希不符、核对不通过。",
        "Refused by a rule: outside what an equation or method allows, a hash or signature that does not fit, a "
        "verdict that does not hold.",
    ),
    (
        2,
        "输入或用法有误：列出全部问题，不写任何文件。",
        "Bad input or usage: every fault is listed, nothing is written.",
    ),
    (70, "程序自身的错误。", "A mistake of the program; `TANHUI_DEBUG=1` shows where."),
    (130, "被用户中断。", "Interrupted by the user."),
]


def errors_page() -> str:
    """Exit codes, then every code with its sentences."""
    words: Mapping[str, Any] = merged_toml("wording.toml")
    parts = [
        "# Errors and exit codes 错误与退出码",
        "Made from `tanhui/data/*/wording.toml`. Codes are stable; sentences may change. `--json` gives the code, the "
        "facts and every fault with file, sheet, row, column and value.",
        "代码不变，措辞可改。`--json` 给出代码、要素，以及每处问题的文件、工作表、行、列和值。",
        "## Exit codes 退出码",
        table(("Code", "中文", "English"), EXIT_CODES),
    ]
    for kind, title in (("error", "Errors 错误"), ("fault", "Faults in files 文件中的问题"), ("note", "Notes 提示")):
        rows = [
            (key.removeprefix(kind + "."), *(sentence(words, key, lang) for lang in ("zh", "en")))
            for key in sorted(words)
            if key.startswith(kind + ".")
        ]
        parts += [f"## {title}", table(("Code 代码", "中文", "English"), rows)]
    return "\n\n".join(parts) + "\n"


def sentence(words: Mapping[str, Any], key: str, lang: str) -> str:
    """A sentence, and for a fault what to do about it."""
    todo = words.get(key.replace("fault.", "todo.", 1)) if key.startswith("fault.") else None
    return " ".join([words[key][lang], todo[lang] if todo else ""]).strip()


def columns_section() -> str:
    """The columns of every table: of those that people bring, as the reader knows them, then of those we bring."""
    told = {path: entries for path in sorted(PACKAGE.glob("data/*/*.toml")) if is_table(entries := read_toml(path))}
    ours = [path for path in told if path.with_suffix(".csv").exists()]
    parts = [columns(path, told[path]) for path in told if path not in ours]
    parts += [OUR_TABLES, *(columns(path, told[path]) for path in ours)]
    return "\n\n".join(parts)


def is_table(entries: Mapping[str, Any]) -> bool:
    """Whether a file describes the columns of a table."""
    wanted = {"kind", "unit", "zh", "en"}
    return bool(entries) and all(isinstance(entry, dict) and wanted <= entry.keys() for entry in entries.values())


def columns(path: Path, entries: Mapping[str, Any]) -> str:
    """One table: its name, and a row for each column."""
    rows = [
        (
            name,
            e["zh"],
            e["en"],
            e["unit"],
            limits(e),
            ", ".join(e.get("aliases", ())),
            "✓" if e.get("required") else "",
        )
        for name, e in entries.items()
    ]
    head = ("Column 列", "中文", "English", "Unit 单位", "Range 范围", "Other headers 其他表头", "Required 必填")
    return f"### `{path.parent.name}/{path.stem}`\n\n{table(head, rows)}"


def limits(entry: Mapping[str, Any]) -> str:
    """What may stand in a column."""
    if entry.get("choices"):
        return ", ".join(entry["choices"])
    low = f"> {entry['above']}" if "above" in entry else f"≥ {entry['min']}" if "min" in entry else ""
    return ", ".join(part for part in (low, f"≤ {entry['max']}" if "max" in entry else "") if part)


def packages() -> list[str]:
    """Every package with modules in it, as a dotted name without the first part."""
    found = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}
    # The steps of a migration are no modules to import: their names begin with a number.
    return sorted(".".join(folder.parts) for folder in found if folder.parts and folder.name != "versions")


def api_page(package: str) -> str:
    """The modules of one package, from their docstrings."""
    folder = PACKAGE.joinpath(*package.split("."))
    modules = [path.stem for path in sorted(folder.glob("*.py")) if not path.stem.startswith("__")]
    directives = "\n\n".join(f"::: tanhui.{package}.{module}" for module in modules)
    return f"# {package}\n\n{directives}\n"
