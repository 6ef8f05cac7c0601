"""The documentation page of a methodology, made from its folder: ``python -m tanhui.mrv.methods.page docs/methods``."""

from __future__ import annotations

import sys
from pathlib import Path

from tanhui.kernel.bibliography import reference
from tanhui.kernel.parameters import Leaf
from tanhui.kernel.wording import LANGS
from tanhui.mrv.methods.confirm import wanted_leaves
from tanhui.mrv.methods.frame import Method, methods

__all__ = ["page", "page_name", "write_pages"]


def page_name(method: Method) -> str:
    """The file of its page."""
    return f"{method.id.replace('/', '-')}.md"


def page(method: Method) -> str:
    """Titles, scope, clauses, numbers, gaps and worked cases as Markdown, Chinese beside English."""
    leaves = wanted_leaves(method)
    clauses = [leaf for leaf in leaves if "/clause/" in leaf.id]
    numbers = [leaf for leaf in leaves if leaf not in clauses]
    issued = "" if method.issuable else "**永不签发 never issued.** "
    parts = [
        "<!-- Made by python -m tanhui.mrv.methods.page docs/methods; edit the method's folder instead. -->",
        f"# {method.id}: {method.zh}",
        f"*{method.en}.* {method.version}; in force from {method.valid_from}"
        + (f" to {method.valid_to}" if method.valid_to else "")
        + f"; kind {method.kind}. {issued}Source: {reference(method.reference).cite()}.",
        *(method.scope(lang) for lang in LANGS),
        "## Clauses 条款\n\nA leading `?` says that the number of the clause was not read.",
        "| clause | 中文 | English | rule | status |\n| --- | --- | --- | --- | --- |\n"
        + "\n".join(
            f"| {x.place} | {x.zh} | {x.en} | `{x.id.rsplit('/', 1)[-1]}` | {x.status.word} |" for x in clauses
        ),
        "## Numbers 参数",
        "| parameter | value | unit | from | 中文 | English | source | status |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n" + "\n".join(map(_number_row, numbers))
        if numbers
        else "None of its own.",
        "## Gaps 未读与未实现",
        "\n".join(f"- **{gap.clause}**: {gap.zh} {gap.en}" for gap in method.gaps),
        "## Worked cases 算例",
        "\n".join(f"- `{path.name}`" for path in method.cases()),
    ]
    return "\n\n".join(parts) + "\n"


def _number_row(leaf: Leaf) -> str:
    start = leaf.valid_from.isoformat() if leaf.valid_from else ""
    name = leaf.id.rsplit("/", 1)[-1] if not leaf.id.startswith("gwp/") else leaf.id
    cells = (
        f"`{name}`", leaf.value, leaf.unit, start, leaf.zh, leaf.en, f"{leaf.reference}, {leaf.place}", leaf.status.word
    )  # fmt: skip
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def write_pages(folder: Path) -> None:
    """Write the page of every method."""
    for method in methods().values():
        (folder / page_name(method)).write_text(page(method), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
