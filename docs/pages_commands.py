"""One page for each command, made from the commands themselves, in both languages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from markdown_table import table

#: Prints the tree of commands as JSON. A process of its own for each language, because help is words too.
DUMP = """
import json, sys, typer
from tanhui.faces.cli.app import app

def record(command):
    return {
        "help": command.help or "",
        "params": [
            {
                "argument": p.param_type_name == "argument",
                "name": p.metavar or p.name if p.param_type_name == "argument" else ", ".join(p.opts),
                "metavar": p.metavar or "",
                "help": p.help or "",
                "required": p.required,
                "multiple": p.multiple,
                "flag": bool(getattr(p, "is_flag", False)),
                "default": p.default if isinstance(p.default, (str, int, float)) and p.default != "" else None,
            }
            for p in command.params
            if p.name != "help"
        ],
        "commands": {name: record(below) for name, below in getattr(command, "commands", {}).items()},
    }

json.dump(record(typer.main.get_command(app)), sys.stdout)
"""
Record = Mapping[str, Any]


@cache
def trees() -> tuple[Record, Record]:
    """All commands in Chinese and in English."""
    found = []
    for lang in ("zh", "en"):
        done = subprocess.run(
            [sys.executable, "-c", DUMP],
            env={**os.environ, "TANHUI_LANG": lang, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        found.append(json.loads(done.stdout))
    return found[0], found[1]


def command_pages() -> dict[str, str]:
    """The list of commands, and a page for each."""
    zh, en = trees()
    rows = [
        (f"[tanhui {name}](commands/{name}.md)", below["help"], en["commands"][name]["help"])
        for name, below in zh["commands"].items()
    ]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    index = [
        "# Commands 命令",
        "`tanhui --lang zh` or `TANHUI_LANG=zh` speaks Chinese. Every command takes `--help`, and `--json` for one "
        "JSON document on stdout; progress goes to stderr. [Exit codes](errors.md).",
        "`--json` 在标准输出给出一个 JSON 文档，进度写到标准错误。",
        f"| Command 命令 | 中文 | English |\n| --- | --- | --- |\n{lines}",
        "## Options of all 通用选项",
        parameters(zh, en),
    ]
    pages = {"commands.md": "\n\n".join(index) + "\n"}
    for name in zh["commands"]:
        parts = sections(f"tanhui {name}", zh["commands"][name], en["commands"][name], 1)
        pages[f"commands/{name}.md"] = "\n\n".join(parts) + "\n"
    return pages


def sections(path: str, zh: Record, en: Record, level: int) -> list[str]:
    """A command, and below it the commands it has."""
    parts = [f"{'#' * level} {path}", f"{zh['help']} {en['help']}"]
    if zh["params"]:
        parts += [f"```console\n$ {usage(path, en)}\n```", parameters(zh, en)]
    for name, below in zh["commands"].items():
        parts += sections(f"{path} {name}", below, en["commands"][name], level + 1)
    return parts


def usage(path: str, command: Record) -> str:
    """How a command is called."""
    words = [path]
    for param in command["params"]:
        value = "" if param["flag"] else f" {param['metavar'] or 'VALUE'}"
        text = param["name"] if param["argument"] else f"{param['name']}{value}"
        words.append(text if param["required"] else f"[{text.strip('[]')}]")
    return " ".join(words)


def parameters(zh: Record, en: Record) -> str:
    """Arguments and options with what they are for."""
    rows = []
    for ours, theirs in zip(zh["params"], en["params"], strict=True):
        value = "" if ours["flag"] or ours["argument"] else f" {ours['metavar']}".rstrip()
        state = (
            "required 必填" if ours["required"] else "" if ours["default"] in (None, False) else str(ours["default"])
        )
        rows.append((f"`{ours['name']}{value}`", ours["help"], theirs["help"], state))
    return table(("Option 选项", "中文", "English", "Default 缺省"), rows)
