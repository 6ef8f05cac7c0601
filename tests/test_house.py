"""The house keeps its floors: imports go down only, and rooms on one floor do not know each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import tanhui

ROOT = Path(tanhui.__file__).parent
#: Lowest first. Rooms on one line must not import each other.
FLOORS: list[set[str]] = [
    {"kernel"},
    {"sinks", "sensing"},
    {"mrv", "registry"},
    {"twin"},
    {"projects"},
    {"market"},
    {"finance", "compliance"},
    {"faces"},
]
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
#: Sinks that other sinks may import.
SHARED_SINKS = {"engine", "forest", "soil", "products"}


def imports(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("tanhui."))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tanhui"):
            if node.module == "tanhui":
                yield from (f"tanhui.{alias.name}" for alias in node.names)
            else:
                yield node.module


def test_every_room_has_a_floor():
    rooms = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    assert rooms <= FLOOR_OF.keys()


def test_imports_go_down_only():
    wrong = []
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        if len(parts) == 1:
            continue
        for module in imports(path):
            there = module.split(".")[1:]
            if there[0] not in FLOOR_OF:
                continue
            up = FLOOR_OF[there[0]] > FLOOR_OF[parts[0]]
            sideways = FLOOR_OF[there[0]] == FLOOR_OF[parts[0]] and there[0] != parts[0]
            other_sink = (
                parts[0] == there[0] == "sinks" and len(there) > 1 and there[1] not in {parts[1], *SHARED_SINKS}
            )
            if up or sideways or other_sink:
                wrong.append(f"{'/'.join(parts)} imports {module}")
    assert not wrong
