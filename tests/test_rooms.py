"""Rooms meet only through tables and a Month: who imports whom."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipelines
from pipelines import ROOMS
from pipelines.core.paths import ROOT

# Folders every room may use; none of them knows a room.
SHARED = ("core", "store", "engines", "sources", "channels", "words")


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted names a file imports, wherever in it."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *filter(None, [node.module])))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def files_of(room: str) -> list[Path]:
    """A room's module, or the modules of its package."""
    return [
        *(ROOT / "pipelines").glob(f"{room}.py"),
        *sorted((ROOT / "pipelines" / room).rglob("*.py")),
    ]


def rooms_imported(path: Path) -> set[str]:
    """The rooms among what a file imports."""
    found = {name.split(".")[1] for name in imported(path) if name.startswith("pipelines.")}
    return found & set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_another(room: str) -> None:
    assert files_of(room)
    assert set().union(*map(rooms_imported, files_of(room))) <= {room}


@pytest.mark.parametrize("folder", SHARED)
def test_what_rooms_share_imports_no_room(folder: str) -> None:
    files = sorted((ROOT / "pipelines" / folder).rglob("*.py"))
    assert files
    assert {str(f.relative_to(ROOT)): rooms_imported(f) for f in files if rooms_imported(f)} == {}


def test_no_room_imports_the_walk_or_the_command_line() -> None:
    for room in ROOMS:
        names = {name for path in files_of(room) for name in imported(path)}
        assert not [
            name for name in names if name.startswith(("pipelines.jobs.run", "pipelines.cli"))
        ], room


def test_the_twin_imports_nothing_of_the_pipelines() -> None:
    files = sorted((ROOT / "twin").rglob("*.py"))
    assert files
    assert not [
        str(f) for f in files if any(name.split(".")[0] == "pipelines" for name in imported(f))
    ]


def test_the_oracle_imports_nothing_of_the_pipelines() -> None:
    files = [
        f
        for f in sorted((ROOT / "tests" / "oracle").glob("*.py"))
        if not f.name.startswith("test_")
    ]
    assert not [
        str(f) for f in files if any(name.split(".")[0] == "pipelines" for name in imported(f))
    ]


def test_the_docstring_names_the_rooms_in_their_order() -> None:
    lines = (pipelines.__doc__ or "").splitlines()[2:]
    assert tuple(line.split()[0] for line in lines if line.strip()) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_runs_on_a_context_alone(room: str) -> None:
    module = importlib.import_module(f"pipelines.rooms.{room}")
    assert list(inspect.signature(module.run).parameters) == ["context"]
    assert module.__doc__


def test_imports_are_found_in_both_forms() -> None:
    names = set(imported(ROOT / "pipelines" / "report" / "__init__.py"))
    assert {"pipelines.rooms.context", "pipelines.rooms.context.Context"} <= names
