"""Exported workbooks go when they are old, and nothing else in their folder does."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.operations.tidy_exports import find_old_exports, remove_old_exports
from tests.support.small import own_settings

NOW = datetime.now(UTC)
EXPORTED = (
    "2026-01_manager_王_M1.xlsx", "2026-01_company.xlsx", "2026-01_summary.pdf", "2026-01-15_calls.xlsx",
)  # fmt: skip
OTHERS = ("2026-01.txt", "notes.xlsx", "2026-13_x.xlsx", "a2026-01_x.xlsx", "2026-01_dir.xlsx")  # fmt: skip


def put(path: Path, days: int) -> None:
    """Write a file as of so many days ago."""
    path.write_text("x")
    then = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))


def test_old_exports_go_and_other_files_stay(tmp_path: Path) -> None:
    for name in (*EXPORTED, *OTHERS[:-1]):
        put(tmp_path / name, 200)
    (tmp_path / OTHERS[-1]).mkdir()
    put(tmp_path / "2026-06_company.xlsx", 20)
    (tmp_path / "2026-02_link.xlsx").symlink_to(tmp_path / "notes.xlsx")
    settings = own_settings()
    found = find_old_exports(tmp_path, settings, NOW)
    assert {old.path.name for old in found} == set(EXPORTED)
    assert all(old.path.exists() for old in found)
    assert remove_old_exports(tmp_path, settings, NOW) == found
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*OTHERS, "2026-06_company.xlsx", "2026-02_link.xlsx"}


def test_the_command_looks_into_the_folder_that_is_named(tmp_path: Path) -> None:
    exports, home = tmp_path / "out", tmp_path / "home"
    exports.mkdir()
    put(exports / EXPORTED[0], 200)
    words = ["tidy", "--home", str(home), "--exports", str(exports), "--lang", "en"]
    rehearsed = CliRunner().invoke(app, [*words, "--dry-run"])
    assert f"Would remove {exports / EXPORTED[0]}" in rehearsed.stdout
    assert (exports / EXPORTED[0]).exists()
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0 and not list(exports.iterdir())
    missing = CliRunner().invoke(app, [*words[:4], str(tmp_path / "no")])
    assert missing.exit_code != 0
