"""Who imports whom in the project's own code, read from its files: every import counts, wherever it stands."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

# From the ground up: a floor imports only those before it.
FLOORS = (
    "core",
    "catalogue",
    "text",
    "store",
    "engines",
    "sources",
    "documents",
    "rooms",
    "returns",
    "jobs",
    "delivery",
    "operations",
    "cli",
)
# What stands at the door of the house: the names of the rooms, and `python -m pipelines`.
DOOR = ("pipelines", "pipelines.__main__")

Imports = Mapping[str, frozenset[str]]


def read_imports(root: Path, package: str = "pipelines") -> Imports:
    """Return for each module of a package the modules of it that the file imports.

    A name under TYPE_CHECKING or inside a function counts like any other. A package's `__init__` is the package.
    """
    files = {
        name_module(path, root): path for path in sorted((root / package).rglob("*.py"))
    }
    return {
        name: frozenset(_find_modules(path, root, files)) - {name}
        for name, path in files.items()
    }


def name_module(path: Path, root: Path) -> str:
    """The dotted name of a file."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(
        ".__init__"
    )


def imported_names(path: Path, root: Path) -> Iterator[str]:
    """Yield the dotted names a file imports: of `from a import b`, `a.b`."""
    package = path.relative_to(root).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            for alias in node.names:
                yield ".".join((*above, *filter(None, [node.module]), alias.name))


def _find_modules(path: Path, root: Path, known: Iterable[str]) -> Iterator[str]:
    """The modules that the names are of: the name itself, or the module that it is defined in."""
    for name in imported_names(path, root):
        while name and name not in known:
            name = name.rpartition(".")[0]
        if name:
            yield name


def floor_of(module: str) -> str:
    """The floor a module lives on; the empty string for what stands at the door."""
    if module in DOOR:
        return ""
    return module.split(".")[1]


def find_imports_upward(imports: Imports) -> list[str]:
    """The imports of a floor from one above it, as `who -> whom`."""
    found = []
    for module, others in imports.items():
        for other in others:
            if module in DOOR or other in DOOR:
                continue
            if FLOORS.index(floor_of(other)) > FLOORS.index(floor_of(module)):
                found.append(f"{module} -> {other}")
    return sorted(found)


def find_circles(imports: Imports) -> list[list[str]]:
    """The groups of modules that import each other, directly or by way of others (Tarjan's components)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    waiting: list[str] = []
    circles: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        waiting.append(module)
        for other in sorted(imports[module]):
            if other not in order:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in waiting:
                lowest[module] = min(lowest[module], order[other])
        if lowest[module] != order[module]:
            return
        start = waiting.index(module)
        circle = sorted(waiting[start:])
        del waiting[start:]
        if len(circle) > 1:
            circles.append(circle)

    for module in sorted(imports):
        if module not in order:
            visit(module)
    return circles
