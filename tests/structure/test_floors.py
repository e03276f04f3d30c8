"""The house holds: a floor imports only those below it, nothing goes round, rooms meet only through tables."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import pipelines
from pipelines import ROOMS
from pipelines.core.paths import ROOT
from tests.structure.imports import (
    FLOORS,
    Imports,
    find_circles,
    find_imports_upward,
    imported_names,
    read_imports,
)


@pytest.fixture(scope="module")
def imports() -> Imports:
    """Who imports whom in `pipelines/`."""
    return read_imports(ROOT)


def room_of(module: str) -> str | None:
    """The room that a module belongs to; none of what all rooms share."""
    parts = module.split(".")
    if parts[:2] != ["pipelines", "rooms"] or len(parts) < 3 or parts[2] not in ROOMS:
        return None
    return parts[2]


# -- floors ------------------------------------------------------------------------------------------------------


def test_every_folder_is_a_floor() -> None:
    folders = {path.parent.name for path in (ROOT / "pipelines").glob("*/__init__.py")}
    assert folders == set(FLOORS)
    assert {path.stem for path in (ROOT / "pipelines").glob("*.py")} == {
        "__init__",
        "__main__",
    }


def test_no_floor_imports_one_above_it(imports: Imports) -> None:
    assert len(imports) > 200
    assert find_imports_upward(imports) == []


def test_no_modules_import_each_other(imports: Imports) -> None:
    assert find_circles(imports) == []


def write_package(folder: Path, files: dict[str, str]) -> Path:
    """Write a small package with the floors' names."""
    for name, text in files.items():
        path = folder / "pipelines" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "broken",
    [
        "from pipelines.rooms import context",
        "import pipelines.rooms.context",
        "from pipelines.rooms.context import Context",
        "def work() -> None:\n    from pipelines.rooms.context import Context",
        "if TYPE_CHECKING:\n    from pipelines.rooms.context import Context",
    ],
)
def test_an_import_upward_is_found_in_every_form(tmp_path: Path, broken: str) -> None:
    root = write_package(tmp_path, {"store/lake.py": broken, "rooms/context.py": ""})
    found = find_imports_upward(read_imports(root))
    assert found == ["pipelines.store.lake -> pipelines.rooms.context"]


def test_a_circle_is_found_however_long(tmp_path: Path) -> None:
    files = {
        "store/first.py": "from pipelines.store.second import b",
        "store/second.py": "if TYPE_CHECKING:\n    from pipelines.store.third import c",
        "store/third.py": "def work() -> None:\n    import pipelines.store.first",
        "store/apart.py": "from pipelines.store.first import a",
    }
    circles = find_circles(read_imports(write_package(tmp_path, files)))
    names = ["pipelines.store.first", "pipelines.store.second", "pipelines.store.third"]
    assert circles == [names]


def test_what_goes_downward_is_no_finding(tmp_path: Path) -> None:
    files = {
        "store/lake.py": "",
        "rooms/context.py": "from pipelines.store import lake",
    }
    imports = read_imports(write_package(tmp_path, files))
    assert imports["pipelines.rooms.context"] == {"pipelines.store.lake"}
    assert find_imports_upward(imports) == []
    assert find_circles(imports) == []


# -- rooms -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_another(imports: Imports, room: str) -> None:
    modules = [module for module in imports if room_of(module) == room]
    assert modules
    others = {room_of(other) for module in modules for other in imports[module]}
    assert others <= {room, None}


def test_what_rooms_share_imports_no_room(imports: Imports) -> None:
    shared = [
        m for m in imports if m.startswith("pipelines.rooms") and room_of(m) is None
    ]
    assert "pipelines.rooms.context" in shared
    assert {room_of(other) for module in shared for other in imports[module]} == {None}


def test_the_docstring_names_the_rooms_in_their_order() -> None:
    lines = (pipelines.__doc__ or "").splitlines()[2:]
    assert tuple(line.split()[0] for line in lines if line.strip()) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_runs_on_a_context_alone(room: str) -> None:
    module = importlib.import_module(f"pipelines.rooms.{room}")
    context, *others = inspect.signature(module.run).parameters.values()
    assert context.name == "context"
    assert all(other.default is not inspect.Parameter.empty for other in others)
    assert module.__doc__


# -- beside the house --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["twin", "tests/oracle"])
def test_who_knows_the_truth_knows_nothing_of_the_pipelines(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    roots = {
        name.split(".")[0] for file in files for name in imported_names(file, ROOT)
    }
    assert "pipelines" not in roots
