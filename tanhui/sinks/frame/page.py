"""The documentation page of a sink, made from its folder: ``python -m tanhui.sinks.frame.page docs/sinks``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tanhui.kernel.bibliography import reference
from tanhui.kernel.data import read_toml
from tanhui.kernel.parameters import Leaf
from tanhui.kernel.wording import LANGS
from tanhui.sinks.frame.factors import factor_table
from tanhui.sinks.frame.model import Input, Sink
from tanhui.sinks.frame.service import sinks

__all__ = ["page", "write_pages"]


def page(sink: Sink) -> str:
    """Scope, inputs, equations, factors, gaps and worked cases as Markdown, Chinese beside English."""
    credited = (
        f"Credited under 可依据: {', '.join(sink.methods)}." if sink.methods else "**研究性估算 Never a credit.**"
    )
    leaves = list(factor_table(sink.room).values())
    parts = [
        "<!-- Made by python -m tanhui.sinks.frame.page docs/sinks; edit the sink's folder instead. -->",
        f"# {sink.id}: {sink.zh}",
        f"*{sink.en}.* {credited}",
        *(sink.scope(lang) for lang in LANGS),
        f"```\ntanhui sinks example {sink.id} > input.toml\ntanhui sinks run {sink.id} input.toml\n```",
        "## Inputs 输入",
        _table(("input", "unit", "range", "中文", "English"), map(_input_row, sink.inputs.values())),
        "## Equations 公式",
        _table(
            ("equation", "中文", "English", "source", "status"),
            ((f"`{x.text}`", x.zh, x.en, _source(x.reference, x.place), x.status) for x in sink.equations),
        ),
    ]
    if leaves:
        parts += [
            "## Factors 因子",
            _table(
                ("factor", "value", "error", "unit", "中文", "English", "source", "status"), map(_factor_row, leaves)
            ),
        ]
    parts += [
        "## Gaps 未知与未实现",
        "\n".join(f"- {gap.zh} {gap.en}" for gap in sink.gaps),
        "## Worked cases 算例",
        "\n".join(_case_line(path) for path in sink.cases()),
    ]
    return "\n\n".join(parts) + "\n"


def _source(key: str, place: str) -> str:
    return ", ".join(part for part in (reference(key).cite(), place) if part)


def _input_row(asked: Input) -> Sequence[Any]:
    name = f"**`{asked.name}`**" if asked.required else f"`{asked.name}`"
    bounds = [
        f"> {asked.above:g}" if asked.above is not None else "",
        f"≥ {asked.min:g}" if asked.min is not None else "",
        f"≤ {asked.max:g}" if asked.max is not None else "",
        ", ".join(asked.choices),
        f"default {asked.default}" if asked.default is not None else "",
        "unit must be written" if asked.unit_required else "",
    ]
    unit = f"table `{asked.table}`" if asked.kind == "rows" else asked.unit
    return (
        name,
        unit,
        "; ".join(filter(None, bounds)),
        f"{asked.zh}{asked.why_zh}",
        f"{asked.en} {asked.why_en}".strip(),
    )


def _factor_row(leaf: Leaf) -> Sequence[Any]:
    name = leaf.id.split("/", 1)[1]
    error = "?" if leaf.se is None else f"{leaf.se:.3g}"
    where = ", ".join(part for part in (leaf.reference, leaf.place) if part)
    return f"`{name}`", leaf.value, error, leaf.unit, leaf.zh, leaf.en, where, leaf.status.word


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in lines)


def _case_line(path: Path) -> str:
    case = read_toml(path)
    return f"- `{path.name}` ({case['kind']}): {case['name']} {case['source']}"


def write_pages(folder: Path) -> None:
    """Write the page of every sink."""
    folder.mkdir(exist_ok=True)
    for sink in sinks().values():
        (folder / f"{sink.id}.md").write_text(page(sink), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
