"""What the hash of the code is over: what makes tables, and nothing above it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.core.paths import ROOT
from pipelines.jobs.identity import FLOORS_OF_TABLES, hash_table_code
from tests.structure.imports import FLOORS

TABLES = (
    "pipelines/__init__.py",
    "pipelines/core/contract.yml",
    "pipelines/documents/reports/charts.py",
    "pipelines/rooms/validate/gate.py",
    "pipelines/store/files.py",
    "models/churn.py",
    "sql/features/revenue.sql",
    "expectations/bill.yml",
)
NO_TABLES = (
    "pipelines/__main__.py",
    "pipelines/returns/filled.py",
    "pipelines/jobs/run.py",
    "pipelines/delivery/mail.py",
    "pipelines/operations/doctor/__init__.py",
    "pipelines/cli/screens/months.py",
    "README.md",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's code."""
    copy = tmp_path_factory.mktemp("project")
    for folder in ("pipelines", "models", "sql", "expectations"):
        shutil.copytree(
            ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "README.md", copy / "README.md")
    return copy


def change(project: Path, name: str) -> str:
    """The hash of the project with a line more in one of its files."""
    path = project / name
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    try:
        return hash_table_code.__wrapped__(project)
    finally:
        path.write_bytes(before)


def test_a_copy_has_the_hash_of_the_project(project: Path) -> None:
    assert hash_table_code.__wrapped__(project) == hash_table_code()


@pytest.mark.parametrize("name", TABLES)
def test_touching_what_makes_tables_changes_every_identity(
    project: Path, name: str
) -> None:
    assert change(project, name) != hash_table_code()


@pytest.mark.parametrize("name", NO_TABLES)
def test_touching_what_makes_no_table_changes_no_identity(
    project: Path, name: str
) -> None:
    assert change(project, name) == hash_table_code()


def test_a_day_is_made_of_its_own_code_too() -> None:
    assert hash_table_code(also=("pipelines/jobs/day_tables.py",)) != hash_table_code()


def test_the_floors_of_tables_are_the_lowest() -> None:
    assert FLOORS[: len(FLOORS_OF_TABLES)] == FLOORS_OF_TABLES
