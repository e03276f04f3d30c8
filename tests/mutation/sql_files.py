"""SQL files changed place by place: their cases must notice.

    python -m tests.mutation.sql_files [FOLDER …] [--quiet]

A FOLDER is `kpi`, `dispatch/steps`, or a file's path without its end: `kpi/arrears_rate`. A change that no
case can run (types that do not meet) is not counted; one that some can and one cannot is noticed. Ends with 1 where a change survives that
`explained_sql.yml` does not explain.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import yaml
from sqlglot import exp

from pipelines.catalogue.front_matter import Windows
from pipelines.catalogue.spec import Spec, load_named_specs
from pipelines.catalogue.steps import read_step
from pipelines.catalogue.windows import list_window_columns
from pipelines.core.errors import RetentionError
from pipelines.core.paths import SQL
from pipelines.rooms import relations
from tests.cases import bench, steps
from tests.cases.form import CASES, Case, differences, read_cases
from tests.mutation.sql_changes import change_select

EXPLAINED = Path(__file__).with_name("explained_sql.yml")
_STEPS = "steps"
_FAILURES = (duckdb.Error, RetentionError, ArithmeticError, ValueError, KeyError)
Runner = Callable[[Spec], list[dict[str, Any]]]


@dataclass(frozen=True)
class Outcome:
    """What became of the changes to a file; `survivors` by what they changed."""

    tried: int
    explained: int
    survivors: Sequence[str]


def main() -> None:
    """Try the files that are named, or all that have cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--quiet", action="store_true", help="survivors by number")
    chosen = parser.parse_args()
    left = 0
    for path in list_files(chosen.files):
        outcome = try_file(path)
        killed = outcome.tried - outcome.explained - len(outcome.survivors)
        print(
            f"{path.relative_to(SQL)}: {outcome.tried} tried, {killed} killed, "
            f"{outcome.explained} explained, {len(outcome.survivors)} survive",
            flush=True,
        )
        if not chosen.quiet:
            for survivor in outcome.survivors:
                print(f"  {survivor}")
        left += len(outcome.survivors)
    sys.exit(1 if left else 0)


def list_files(names: Sequence[str]) -> Iterator[Path]:
    """The SQL files of folders or of names; all without any."""
    for path in sorted([*SQL.glob("*/*.sql"), *SQL.glob("*/steps/*.sql")]):
        place = path.relative_to(SQL).with_suffix("")
        is_named = str(place) in names or str(place.parent) in names
        if find_cases(path).exists() and (is_named or not names):
            yield path


def find_cases(path: Path) -> Path:
    """The cases of a SQL file."""
    return CASES / path.relative_to(SQL).with_suffix(".yml")


def try_file(path: Path) -> Outcome:
    """Change a file everywhere it can be, one change after the other, and run its cases."""
    spec = _read_spec(path)
    changes = [_give_tree(spec, tree) for tree in change_select(spec.sql)]
    alive = set(range(len(changes)))
    running: set[int] = set()
    failing: set[int] = set()
    for case in read_cases(find_cases(path)):
        with _open_case(case, spec) as run:
            missing = differences(case.expect, run(spec))
            assert not missing, (str(case), missing)
            for number, changed in enumerate(changes):
                if number in alive or number not in running:
                    state = _try_change(run, changed, case)
                    (failing if state is None else running).add(number)
                    alive -= {number} if state else set()
    unnoticed = alive & running - failing
    explained, survivors = _explain(spec, [changes[one] for one in unnoticed])
    return Outcome(len(running), explained, survivors)


def _try_change(run: Runner, changed: Spec, case: Case) -> bool | None:
    """Whether a case notices a change; None where it cannot be run."""
    try:
        return bool(differences(case.expect, run(changed)))
    except _FAILURES:
        return None


def _explain(spec: Spec, alive: Sequence[Spec]) -> tuple[int, list[str]]:
    """Of the changes that nobody noticed: how many are explained, and what the others changed."""
    found: Mapping[str, dict[str, str]] = yaml.safe_load(EXPLAINED.read_text()) or {}
    patterns = found.get("*", {}) | found.get(str(spec.path.relative_to(SQL)), {})
    told = [_describe(spec, changed) for changed in alive]
    left = [one for one in told if not any(re.search(p, one) for p in patterns)]
    return len(told) - len(left), sorted(left)


def _describe(spec: Spec, changed: Spec) -> str:
    """The lines that a change makes others, as one."""
    before, after = (
        one.tree.sql("duckdb", pretty=True, comments=False).splitlines()
        for one in (spec, changed)
    )
    lines = []
    for line in difflib.ndiff(before, after):
        if line[:2] in ("- ", "+ "):
            lines.append(f"{line[0]} {line[1:].strip()}")
    return " ".join([*lines, *_name_part(spec, changed)])


def _name_part(spec: Spec, changed: Spec) -> Iterator[str]:
    """Where the change is in a part of a WITH, which."""
    parts = zip(spec.tree.ctes, changed.tree.ctes, strict=False)
    for before, after in parts:
        if before != after:
            yield f"@{before.alias}"


# -- running a changed file on the tables of a case ------------------------------------------------


def _read_spec(path: Path) -> Spec:
    if path.parent.name == _STEPS:
        return read_step(path.parent.parent.name, path.stem)
    return load_named_specs(path.parent.name)[path.stem]


def _give_tree(spec: Spec, tree: exp.Query) -> Spec:
    """The file with another SELECT; the columns of its windows are made as always."""
    if "windows" in spec.meta:
        windows = Windows.model_validate(spec.meta["windows"])
        tree = tree.select(*list_window_columns(windows), copy=False)
    # What is remembered of a SELECT is found by its text, so the changed one has a text of its own.
    changed = replace(spec, sql=tree.sql("duckdb"))
    changed.__dict__["_shared_tree"] = tree
    return changed


def _open_case(case: Case, spec: Spec) -> AbstractContextManager[Runner]:
    if case.path.parent.name == _STEPS:
        return _open_step_case(case)
    return _open_file_case(case, spec)


@contextmanager
def _open_file_case(case: Case, spec: Spec) -> Iterator[Runner]:
    with tempfile.TemporaryDirectory() as name, _open_engine(name) as engine:
        folder = Path(name)
        earlier = bench.read_earlier(case, folder)
        context = bench.make_context(case.month, engine, folder, earlier)
        bench.bind_case(engine, case, spec, folder)
        parameters = bench.fill_parameters(context, case, spec)

        def run(changed: Spec) -> list[dict[str, Any]]:
            answer = engine.answer(bench.write_question(context, changed), parameters)
            return bench.read_as_its_room(context, changed, answer)

        yield run


@contextmanager
def _open_step_case(case: Case) -> Iterator[Runner]:
    with tempfile.TemporaryDirectory() as name, _open_engine(name) as engine:
        run_step = steps.open_step_case(engine, case, Path(name))

        def run(changed: Spec) -> list[dict[str, Any]]:
            with mock.patch.object(relations, "read_step", return_value=changed):
                return run_step()

        yield run


def _open_engine(folder: str) -> Any:
    return bench.open_engine("duckdb", Path(folder))


if __name__ == "__main__":
    main()
