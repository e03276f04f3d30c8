"""How the code of `pipelines/` reads, floor by floor: `python -m tests.structure.legibility`.

Counted are things that packing makes worse and padding does not mend much: expression nodes a line of the file, names of
functions that are one word, untyped rows, and branches with comprehensions and boolean operators among them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.structure.imports import FLOORS

ROOT = Path(__file__).parents[2]
MOST_BRANCHES = 10
_UNTYPED_ROW = re.compile(r"\bdict\[str, Any\]|\bMapping\[str, Any\]|\bRows?\b")
_BRANCHING = (
    ast.If,
    ast.For,
    ast.While,
    ast.IfExp,
    ast.ExceptHandler,
    ast.With,
    ast.Assert,
    ast.match_case,
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Measures:
    """What was counted in some files. `branching` names the functions of too many branches."""

    files: int = 0
    lines: int = 0
    expressions: int = 0
    functions: int = 0
    one_word: int = 0
    untyped_rows: int = 0
    branching: list[str] = field(default_factory=list)

    @property
    def density(self) -> float:
        """Expression nodes a line, blank lines and comments counted as lines."""
        return self.expressions / max(1, self.lines)

    @property
    def one_word_share(self) -> float:
        """The share of functions and methods whose name is one word."""
        return self.one_word / max(1, self.functions)

    def add(self, other: Measures) -> None:
        """Add the counts of other files."""
        self.files += other.files
        self.lines += other.lines
        self.expressions += other.expressions
        self.functions += other.functions
        self.one_word += other.one_word
        self.untyped_rows += other.untyped_rows
        self.branching += other.branching


def measure_file(path: Path) -> Measures:
    """Count one file."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    found = Measures(files=1, lines=len(text.splitlines()))
    found.expressions = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
    found.untyped_rows = len(_UNTYPED_ROW.findall(text))
    for function in find_functions(tree):
        found.functions += 1
        found.one_word += is_one_word(function.name)
        if count_branches(function) > MOST_BRANCHES:
            found.branching.append(f"{path.name}:{function.lineno} {function.name}")
    return found


def find_functions(tree: ast.AST) -> Iterator[Function]:
    """Yield the functions and methods of a file; names that Python gives (`__init__`) are left out."""
    for node in ast.walk(tree):
        if isinstance(node, Function) and not node.name.startswith("__"):
            yield node


def is_one_word(name: str) -> bool:
    """Whether a function's name says no more than one word."""
    return "_" not in name.strip("_")


def count_branches(function: Function) -> int:
    """Count the ways through a function: comprehensions, their conditions and boolean operators are ways too."""
    ways = 1
    for node in ast.walk(function):
        if isinstance(node, _BRANCHING):
            ways += 1
        elif isinstance(node, ast.BoolOp):
            ways += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            ways += 1 + len(node.ifs)
    return ways


def measure_folder(folder: Path) -> Measures:
    """Count all files in a folder."""
    total = Measures()
    for path in sorted(folder.rglob("*.py")):
        total.add(measure_file(path))
    return total


def measure_floors(root: Path = ROOT) -> Mapping[str, Measures]:
    """Count each floor of `pipelines/`."""
    return {floor: measure_folder(root / "pipelines" / floor) for floor in FLOORS}


def _write_rows(measures: Mapping[str, Measures]) -> Iterable[str]:
    yield f"{'':12}{'files':>6}{'lines':>8}{'nodes a line':>14}{'one word':>10}{'rows':>6}{'> 10':>6}"
    for name, one in measures.items():
        density = f"{one.density:.2f}"
        share = f"{one.one_word_share:.0%}"
        counts = f"{one.untyped_rows:>6}{len(one.branching):>6}"
        yield f"{name:12}{one.files:>6}{one.lines:>8}{density:>14}{share:>10}{counts}"


def main(root: Path = ROOT) -> None:
    """Print a line a floor, the whole, and the functions of too many branches."""
    measures = dict(measure_floors(root))
    whole = measure_folder(root / "pipelines")
    measures["pipelines"] = whole
    print("\n".join(_write_rows(measures)))
    for name in whole.branching:
        print(f"  more than {MOST_BRANCHES} branches: {name}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
