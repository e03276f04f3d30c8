"""Change what decides, a line at a time (mutmut), and say which changes no test noticed.

    uv run --no-sync --with mutmut python -m tests.mutation [FILE …] [--list]

Works in copies of the tracked files under `build/mutants/`. Ends with 1 where a change survives
that `explained.yml` does not explain: by the line that came of it, as a regular expression.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.mutation.decides import DECIDES

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "mutants"
EXPLAINED = Path(__file__).with_name("explained.yml")
_STATE = re.compile(r"^\s+(\S+): (.+)$", re.MULTILINE)
_NOTICED = frozenset({"killed", "timeout", "segfault"})


@dataclass(frozen=True)
class Survivor:
    """A change that no test noticed."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Outcome:
    """What became of the changes to a file."""

    tried: int
    explained: int
    survivors: list[Survivor]
    timed_out: int  # noticed by taking too long: on a machine at its limit, look again


def main() -> None:
    """Try the files that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", choices=[[], *DECIDES])
    parser.add_argument("--list", action="store_true", help="name the files")
    chosen = parser.parse_args()
    if chosen.list:
        print("\n".join(DECIDES))
        return
    left = 0
    for file in chosen.files or DECIDES:
        outcome = try_mutants(file)
        noticed = outcome.tried - outcome.explained - len(outcome.survivors)
        print(
            f"{file}: {outcome.tried} tried, {noticed} killed "
            f"({outcome.timed_out} by time), {outcome.explained} explained, {len(outcome.survivors)} survive",
            flush=True,
        )
        for survivor in outcome.survivors:
            print(f"  {survivor.name}\n    - {survivor.before}\n    + {survivor.after}")
        left += len(outcome.survivors)
    sys.exit(1 if left else 0)


def try_mutants(file: str) -> Outcome:
    """Change a file everywhere it can be, one change after the other, and run its tests."""
    folder = _make_copy(file)
    _call(folder, "run", "--max-children", "1")
    states = dict(_STATE.findall(_call(folder, "results", "--all", "true")))
    patterns = _read_explained().get(file, {})
    functions = _read_functions(folder / "mutants" / file)
    survivors, explained = [], 0
    for name, state in states.items():
        if state in _NOTICED:
            continue
        survivor = _describe(functions, name)
        if any(re.search(pattern, survivor.after) for pattern in patterns):
            explained += 1
        else:
            survivors.append(survivor)
    timed_out = sum(state == "timeout" for state in states.values())
    return Outcome(len(states), explained, survivors, timed_out)


def _read_explained() -> Mapping[str, Mapping[str, str]]:
    """By file, why changes to lines of that form are as good."""
    explained: Mapping[str, Mapping[str, str]] = yaml.safe_load(EXPLAINED.read_text())
    return explained


def _make_copy(file: str) -> Path:
    """Copy what is tracked, with the settings of this file's changes."""
    folder = WORK / file.removesuffix(".py").replace("/", ".")
    shutil.rmtree(folder, ignore_errors=True)
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    tops = set()
    for name in listed.stdout.splitlines():
        source = ROOT / name
        if not source.is_file():
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        tops.add(name.split("/")[0])
    package = file.split("/")[0]
    with (folder / "pyproject.toml").open("a") as settings:
        settings.writelines(_write_settings(file, package, sorted(tops)))
    return folder


def _write_settings(file: str, package: str, tops: list[str]) -> Iterator[str]:
    others = [top for top in tops if top not in (package, "tests")]
    yield "\n[tool.mutmut]\n"
    yield f"source_paths = {[package]}\n"
    yield f"only_mutate = {[file]}\n"
    yield f"also_copy = {others}\n"
    yield 'pytest_add_cli_args = ["-p", "tests.mutation.quickly"]\n'
    yield f"pytest_add_cli_args_test_selection = {list(DECIDES[file])}\n"


def _call(folder: Path, *words: str) -> str:
    """Call mutmut in a copy; return what it says, or show it where it fails."""
    ended = subprocess.run(
        ["mutmut", *words], cwd=folder, capture_output=True, text=True, env=os.environ
    )
    if ended.returncode:
        sys.exit(f"mutmut {' '.join(words)}:\n{ended.stdout[-4000:]}{ended.stderr}")
    return ended.stdout


def _read_functions(path: Path) -> dict[str, list[str]]:
    """The lines of every function of a file that holds all changes, by the name it has there."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    functions = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            functions[node.name] = lines[node.lineno : node.end_lineno]
    return functions


def _describe(functions: Mapping[str, list[str]], name: str) -> Survivor:
    """The lines of a change, joined where it changes several."""
    changed = name.rpartition(".")[2]
    original = changed.rpartition("__mutmut_")[0] + "__mutmut_orig"
    before, after = [], []
    for line in difflib.ndiff(functions[original], functions[changed]):
        if line.startswith("- "):
            before.append(line[1:].strip())
        if line.startswith("+ "):
            after.append(line[1:].strip())
    return Survivor(name, " ".join(before), " ".join(after))


if __name__ == "__main__":
    main()
