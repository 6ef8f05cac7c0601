"""The house keeps its rules: floors, what may be imported when, how errors are raised, how long a file may be."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import tanhui

ROOT = Path(tanhui.__file__).parent
PROJECT = ROOT.parent
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
SHARED_SINKS = {"frame", "engine", "forest", "soil", "products"}
#: Too slow to import before a command is known: `tanhui --help` answers within 0.4 s.
HEAVY = ("pandas", "numpy", "scipy", "numba", "matplotlib", "pyarrow", "geopandas", "shapely", "sqlalchemy", "openpyxl")
#: Distribution -> modules, where the names differ or it brings another one that belongs to its interface.
MODULES_OF = {
    "python-docx": {"docx"},
    "chinesecalendar": {"chinese_calendar"},
    "jinja2": {"jinja2", "markupsafe"},
    "argon2-cffi": {"argon2"},
    "fastapi": {"fastapi", "starlette"},
}
#: Errors without a code tell a user nothing. TypeError and AssertionError are for our own mistakes.
BARE = {"ValueError", "RuntimeError", "Exception", "BaseException"}
MAX_FUNCTION_LINES = 70
MAX_FILE_LINES = 700

FILES = sorted(ROOT.rglob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, at the top or inside a function."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("tanhui."))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tanhui"):
            if node.module == "tanhui":
                yield from (f"tanhui.{alias.name}" for alias in node.names)
            else:
                yield node.module


def foreign_imports(path: Path) -> Iterator[str]:
    """Every module that is neither ours nor Python's."""
    for node in ast.walk(tree(path)):
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found = [node.module]
        roots = {module.split(".")[0] for module in found}
        yield from sorted(roots - sys.stdlib_module_names - {"tanhui"})


def test_every_room_has_a_floor():
    rooms = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    assert rooms <= FLOOR_OF.keys()


def test_imports_go_down_only():
    wrong = []
    for path in FILES:
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
    assert not wrong, "\n".join(map(str, wrong))


def test_no_import_that_the_project_does_not_declare():
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    distributions = [re.split(r"[^\w-]", entry)[0].lower() for entry in declared]
    allowed = {module for entry in distributions for module in MODULES_OF.get(entry, {entry.replace("-", "_")})}
    assert not [
        f"{name(path)} imports {module}" for path in FILES for module in foreign_imports(path) if module not in allowed
    ]


def test_heavy_libraries_are_imported_late():
    if not (ROOT / "faces" / "cli" / "__init__.py").is_file() and not (ROOT / "faces" / "cli.py").is_file():
        pytest.skip("there is no command line yet")
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import tanhui.faces.cli"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in run.stderr.splitlines() if "|" in line}
    assert loaded & set(HEAVY) == set()


def test_errors_have_a_code():
    """A bare error may only be raised where pydantic asks for one, or in a private function whose module catches it."""
    wrong = []
    for path in FILES:
        module = tree(path)
        catches = {
            caught.id
            for node in ast.walk(module)
            if isinstance(node, ast.ExceptHandler) and node.type is not None
            for caught in ast.walk(node.type)
            if isinstance(caught, ast.Name)
        }
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef) and not is_validator(function):
                private = function.name.startswith("_")
                wrong += [
                    f"{name(path)}:{line} raises {raised}"
                    for line, raised in bare_raises(function)
                    if not (private and raised in catches)
                ]
    assert not wrong, "\n".join(map(str, wrong))


def is_validator(function: ast.FunctionDef) -> bool:
    """Whether pydantic calls a function, and turns its ValueError into a fault."""
    return any("validator" in ast.unparse(decorator) for decorator in function.decorator_list)


def bare_raises(function: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(raised, ast.Name) and raised.id in BARE:
                yield node.lineno, raised.id


def test_functions_and_files_stay_short():
    wrong = []
    for path in FILES:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE_LINES:
            wrong.append(f"{name(path)} has {lines} lines")
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = code_lines(node)
                if length > MAX_FUNCTION_LINES:
                    wrong.append(f"{name(path)}:{node.lineno} {node.name} has {length} lines")
    assert not wrong, "\n".join(map(str, wrong))


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


def test_every_module_and_every_public_function_says_what_it_is_for():
    wrong = []
    for path in FILES:
        module = tree(path)
        if module.body and ast.get_docstring(module) is None:
            wrong.append(name(path))
        for node in module.body:
            public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
            if public and ast.get_docstring(node) is None:  # type: ignore[arg-type]
                wrong.append(f"{name(path)}:{node.lineno} {node.name}")  # type: ignore[union-attr]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize(("script", "shell"), [(".ci/run", "bash"), ("tests/system-packages.sh", "sh")])
def test_scripts_parse(script: str, shell: str):
    subprocess.run([shell, "-n", str(PROJECT / script)], check=True)


def test_the_ci_script_can_be_run_and_leaves_a_suitable_python_to_make(tmp_path: Path):
    """Run a copy of it in a folder of its own, with a Makefile that only says which Python it was given."""
    copy = tmp_path / ".ci" / "run"
    copy.parent.mkdir()
    copy.write_text((PROJECT / ".ci" / "run").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "system-packages.sh").write_text("exit 0\n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".boot").mkdir()
    say = "import sys, venv, ensurepip; print(sys.version_info >= (3, 11))"
    (tmp_path / "Makefile").write_text(f"test:\n\t@python3 -c '{say}'\n")
    # Run from inside another make, ours would speak of folders entered and left.
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(["bash", str(copy)], capture_output=True, text=True, check=True, env=bare)
    assert done.stdout.splitlines()[-1] == "True"
    assert not (tmp_path / ".venv").exists()
    assert not (tmp_path / ".boot").exists()
    assert (PROJECT / ".ci" / "run").stat().st_mode & 0o111


@pytest.mark.parametrize(("user_has", "code"), [(False, 1), (True, 0)])
def test_the_package_script_says_what_is_missing(tmp_path: Path, user_has: bool, code: int):
    """With a PATH that holds nothing but what the script itself needs, and an ``id`` that is not root's."""
    for tool in ("sh", "head", "find"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    fakes = {"id": "echo 1000"}
    if user_has:
        fakes |= {
            "chromium": "",
            "fc-list": "echo Noto",
            "python3": "exit 0",
            "initdb": "",
            "pg_config": f"echo {tmp_path}",
            "soffice": "",
        }
    for tool, line in fakes.items():
        (tmp_path / tool).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / tool).chmod(0o755)
    script = PROJECT / "tests" / "system-packages.sh"
    done = subprocess.run(
        ["/bin/sh", str(script)], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert ("chromium" in done.stderr) is not user_has
    assert ("python3-venv" in done.stderr) is not user_has
