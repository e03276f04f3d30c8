"""What a command imports: the help nothing that computes, a command that shows a month nothing but what shows it.

Counted are modules, not seconds: they are the same on every machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.small import KEY, MONTH, Town, run_town

COMPUTING = {
    "numpy",
    "pandas",
    "pyarrow",
    "sqlglot",
    "scipy",
    "sklearn",
    "skops",
    "great_expectations",
    "pyspark",
}
COMPUTING |= {
    "django",
    "airflow",
    "openpyxl",
    "xlsxwriter",
    "docxtpl",
    "paramiko",
    "httpx",
}
READING = {"duckdb", "sqlalchemy", "pydantic", "rich", "yaml", "typst"}
ASKED = {"pydantic_settings", "chinese_calendar"}  # settings and working days

# A command, how many modules it may import (Python 3.12's own library has two more than 3.11's), and what it may import
# of those that others need.
SHOWN = (
    (("status",), 425, {"duckdb", "pydantic", "rich", "yaml"}),
    (("status", MONTH), 450, {"duckdb", "pydantic", "yaml", *ASKED}),
    (("kpi", MONTH), 425, {"duckdb", "pydantic", "rich", "yaml"}),
    (("lists", MONTH), 425, {"duckdb", "pydantic", "rich", "yaml"}),
    (("show", "kpi_monthly", MONTH), 425, {"duckdb", "pydantic", "rich", "yaml"}),
    (
        ("why", "C-ann", MONTH),
        560,
        {"duckdb", "pydantic", "sqlalchemy", "yaml", *ASKED},
    ),
    (("doctor",), 640, {"pydantic", "sqlalchemy", "sqlglot", "typst", "yaml", *ASKED}),
    (("due",), 450, {"duckdb", "pydantic", "yaml", *ASKED}),
    (("waive", "--list"), 420, {"pydantic", "yaml", *ASKED}),
)
_AND_TELL = """
import atexit, sys
atexit.register(lambda: print(*sorted(sys.modules), file=open({told!r}, "w", encoding="utf-8")))
sys.argv = ["retention", *{words!r}]
from pipelines.cli import main
main()
"""


def imported_by(folder: Path, *words: object) -> set[str]:
    """Run a command in an interpreter of its own; return the modules that it imported."""
    told = folder / "modules"
    program = _AND_TELL.format(told=str(told), words=[str(word) for word in words])
    surroundings = {**os.environ, "RETENTION_SECRET_KEY": KEY}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout or done.stderr
    return set(told.read_text(encoding="utf-8").split())


def heavy(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules} & (COMPUTING | READING | ASKED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home of one month."""
    folder = tmp_path_factory.mktemp("start-up")
    run_town(folder / "home", Town().person("ann").owe("ann"), folder / "source")
    return folder


def test_the_help_imports_nothing_that_computes_reads_or_draws(tmp_path: Path) -> None:
    modules = imported_by(tmp_path, "--help")
    assert heavy(modules) == set()
    assert len(modules) < 200


@pytest.mark.parametrize(
    ("words", "most", "allowed"),
    SHOWN,
    ids=[" ".join(map(str, one[0])) for one in SHOWN],
)
def test_a_command_that_shows_imports_only_what_shows(
    folder: Path, words: tuple[object, ...], most: int, allowed: set[str]
) -> None:
    modules = imported_by(folder, *words)
    assert heavy(modules) <= allowed
    assert len(modules) < most


def test_a_mistake_is_told_without_anything_that_computes(tmp_path: Path) -> None:
    modules = imported_by(tmp_path, "kpi", "2026-13")
    assert heavy(modules) <= {"pydantic", "yaml"}
    assert len(modules) < 400


OF_ONE_ROOM = {"scipy", "sqlalchemy", "pandas", "sklearn", "great_expectations"}


def test_who_runs_a_room_loads_nothing_that_only_another_room_needs() -> None:
    program = "import sys; import pipelines.jobs.run; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert heavy(set(done.stdout.split())) & OF_ONE_ROOM == set()
