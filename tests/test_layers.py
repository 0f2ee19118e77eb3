"""The import rule of the house, read from the source (model ← store · media · links ← services ← ui), and where Qt may live."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

CONSOLE = Path(__file__).parents[1] / "console"
FOUNDATION = {"errors", "clock", "paths", "settings", "logs", "words"}
ROOTS = {"__main__", "cli", "commandline", "demo", "app", "desk", "wallapp", "replayapp", "simulator", "selftest", "bench"}
MAY_IMPORT: dict[str, set[str]] = {
    "model": {"model", "errors"},
    "store": {"store", "model"} | FOUNDATION,
    "media": {"media", "model"} | FOUNDATION,
    "links": {"links", "model"} | FOUNDATION,
    "services": {"services", "store", "media", "links", "model"} | FOUNDATION,
    "ui": {"ui", "services", "model"} | FOUNDATION,
}
QT = {"PySide6", "shiboken6", "pyqtgraph", "PyQt6", "PyQt5", "qtpy"}
QT_ROOTS = {"app", "wallapp", "replayapp"}
LONGEST_LINES = 500
"""A module past 300 lines looks for its seam; 500 is a stop (STYLE.md)."""

FILES = sorted(CONSOLE.rglob("*.py"))
IDS = [str(file.relative_to(CONSOLE)) for file in FILES]


def room_of(file: Path) -> str:
    """The room (folder) of a module, or its own name at the top level."""
    parts = file.relative_to(CONSOLE).parts
    return parts[0] if len(parts) > 1 else file.stem


@functools.cache
def imports(file: Path) -> tuple[tuple[str, int, bool], ...]:
    """Every absolute dotted name a file imports, its line, and whether it stands at module level.

    What only annotations need (`if TYPE_CHECKING:`) is left out: nothing depends on it when the program runs.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom | ast.If)]
    for_types = {
        id(child)
        for node in nodes
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for child in node.body
    }
    top = {id(node) for node in tree.body}
    package = ("console", *file.relative_to(CONSOLE).parts[:-1])
    found: list[tuple[str, int, bool]] = []
    for node in nodes:
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join((*package[: len(package) - node.level + 1], base)).rstrip(".")
            found += [
                (f"{base}.{alias.name}" if base == "console" else base, node.lineno, id(node) in top) for alias in node.names
            ]
    return tuple(found)


def test_the_walk_saw_the_house() -> None:
    seen = {room_of(file) for file in FILES}
    assert set(MAY_IMPORT) <= seen
    assert seen >= FOUNDATION
    assert len(FILES) > 20
    assert ("console.errors", 0) in {(name, 0) for name, _, _ in imports(CONSOLE / "settings.py")}


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_a_module_imports_only_what_its_room_may(file: Path) -> None:
    room = room_of(file)
    broken = []
    for name, line, _ in imports(file):
        parts = name.split(".")
        if parts[0] != "console" or len(parts) == 1:
            continue
        target = parts[1]
        if target.startswith("__") and target != "__main__":
            continue  # console.__version__
        if room in ROOTS or room == "__init__":
            continue
        allowed = MAY_IMPORT.get(room, FOUNDATION)
        if target not in allowed:
            broken.append(f"line {line}: {room} may not import {name}")
    assert not broken


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_qt_lives_in_ui_and_the_two_windowed_roots(file: Path) -> None:
    room = room_of(file)
    if room == "ui" or room in QT_ROOTS:
        return
    # A root may import Qt inside a function (selftest, bench); nothing else may at all.
    broken = [
        f"line {line}: {name}"
        for name, line, at_top in imports(file)
        if name.split(".")[0] in QT and (at_top or room not in ROOTS)
    ]
    assert not broken


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_a_module_stays_readable(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()

    assert len(lines) <= LONGEST_LINES
    assert lines[0].startswith('"""'), "a module says its purpose first"


def test_rooms_are_one_level_deep() -> None:
    assert [file for file in FILES if len(file.relative_to(CONSOLE).parts) > 2] == []


@pytest.mark.parametrize("root", ["desk", "cli", "commandline", "simulator", "selftest", "bench"])
def test_a_root_without_a_window_loads_no_qt(root: str) -> None:
    code = f"import sys, console.{root}; sys.exit(any(name.split('.')[0] in {sorted(QT)} for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0


def test_model_does_no_input_or_output() -> None:
    forbidden = {"os", "io", "pathlib", "socket", "subprocess", "sqlite3", "time", "asyncio", "threading", "logging", "random"}
    broken = [
        f"{file.name} line {line}: {name}"
        for file in FILES
        if room_of(file) == "model"
        for name, line, _ in imports(file)
        if name.split(".")[0] in forbidden
    ]
    assert not broken
