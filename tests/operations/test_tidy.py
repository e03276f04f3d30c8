"""What may go from a home, and that nothing goes which anything still speaks of."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.operations.tidy import RECORD, find_removable, tidy_home
from pipelines.store.files import write_json, write_text
from pipelines.store.lake import MonthFolder, list_held_months
from tests.support.small import own_settings

NOW = datetime(2026, 9, 5, tzinfo=UTC)
FIRST = Month.parse("2024-01")


def make_version(
    home: Path,
    month: Month,
    days_ago: int,
    earlier: str | None = None,
    **inputs: object,
) -> str:
    """A version without tables, written so many days ago and current now; return its identity."""
    folder = MonthFolder(home, month)
    path = folder.path / f"v{len(folder.versions()) + 1:04d}"
    path.mkdir(parents=True)
    content = {"n": len(list_held_months(home)), "earlier": {"m1": earlier}, **inputs}
    write_json(
        path / "manifest.json", {"month": str(month), "inputs": content, "tables": {}}
    )
    write_text(folder.path / "CURRENT", path.name)
    age(path, days_ago)
    return folder.version().identity


def age(path: Path, days: int) -> None:
    then = (NOW - timedelta(days=days)).timestamp()
    for one in (*path.iterdir(), path):
        os.utime(one, (then, then))


def make_draft(home: Path, month: Month, days_ago: int) -> Path:
    path = MonthFolder(home, month).path / "v0009.partial"
    path.mkdir(parents=True)
    write_json(path / "draft.json", {})
    age(path, days_ago)
    return path


def gone(home: Path, **settings: object) -> list[str]:
    found = find_removable(home, own_settings(**settings), NOW)
    done = tidy_home(home, own_settings(**settings), NOW)
    assert [r.path for r in done] == [r.path for r in found]
    assert not [r.path for r in done if r.path.exists()] and not list(
        home.glob("*/*.gone")
    )
    return [str(r.path.relative_to(home)) for r in done]


def test_a_superseded_version_goes_when_nothing_speaks_of_it(tmp_path: Path) -> None:
    make_version(tmp_path, FIRST, 200)
    make_version(tmp_path, FIRST, 100, note="old, and superseded")
    make_version(tmp_path, FIRST, 95)
    make_version(tmp_path, FIRST, 10)
    assert gone(tmp_path, keep_version_days=99) == [
        "months/2024-01/v0001",
        "months/2024-01/v0002",
    ]
    assert MonthFolder(tmp_path, FIRST).version().number == 4


def test_what_a_later_month_is_made_of_stays(tmp_path: Path) -> None:
    first = make_version(tmp_path, FIRST, 200)
    make_version(tmp_path, FIRST, 200, note="in between")
    make_version(tmp_path, FIRST, 1, note="now")
    make_version(tmp_path, FIRST.plus(1), 150, earlier=f"{FIRST} {first}")
    assert gone(tmp_path) == ["months/2024-01/v0002"]


def test_released_and_restating_versions_stay(tmp_path: Path) -> None:
    """The released one is not current where a later one stands beside it; a restatement stays for what it told."""
    released = make_version(tmp_path, FIRST, 300)
    folder = MonthFolder(tmp_path, FIRST)
    folder.release(folder.version())
    make_version(tmp_path, FIRST, 200, restates=released)
    make_version(tmp_path, FIRST, 1)
    assert gone(tmp_path) == []


def test_a_day_keeps_the_month_it_was_made_of(tmp_path: Path) -> None:
    first = make_version(tmp_path, FIRST, 200)
    make_version(tmp_path, FIRST, 1)
    day = tmp_path / "days" / "2024-02-05" / "v0001"
    day.mkdir(parents=True)
    inputs = {"day": "2024-02-05", "month": f"{FIRST} {first}", "days": []}
    write_json(
        day / "manifest.json", {"month": str(FIRST), "inputs": inputs, "tables": {}}
    )
    write_text(day.parent / "CURRENT", "v0001")
    assert gone(tmp_path) == []


@pytest.mark.parametrize(("days", "goes"), [(6, False), (8, True)])
def test_a_draft_goes_after_a_week(days: int, goes: bool, tmp_path: Path) -> None:
    make_version(tmp_path, FIRST, 1)
    make_draft(tmp_path, FIRST, days)
    assert (gone(tmp_path) == ["months/2024-01/v0009.partial"]) == goes


def test_months_go_only_where_a_period_is_set_and_are_on_record(tmp_path: Path) -> None:
    for back in range(28):
        make_version(tmp_path, FIRST.plus(back), 1)
    folder = MonthFolder(tmp_path, FIRST)
    folder.release(folder.version())
    identity = folder.version().identity
    for month in ("2024-01", "2024-05"):
        write_text(tmp_path / "outbox" / month / "letter.json", "{}")
    assert gone(tmp_path) == []
    assert gone(tmp_path, keep_months=26) == [
        "outbox/2024-01",
        "months/2024-01",
        "months/2024-02",
    ]
    assert (tmp_path / "outbox" / "2024-05").is_dir()
    assert list_held_months(tmp_path)[0] == FIRST.plus(2)
    record = [json.loads(line) for line in (tmp_path / RECORD).read_text().splitlines()]
    assert [(r["month"], r["released"]) for r in record] == [
        ("2024-01", 1),
        ("2024-02", None),
    ]
    assert record[0]["manifest"] == identity


def test_a_month_that_runs_is_left_and_what_was_killed_is_finished(
    tmp_path: Path,
) -> None:
    make_version(tmp_path, FIRST, 200)
    make_version(tmp_path, FIRST, 1)
    shutil.copytree(
        MonthFolder(tmp_path, FIRST).path / "v0001",
        tmp_path / "months" / "2023-01-v0001.gone",
    )
    with MonthFolder(tmp_path, FIRST).lock():
        assert tidy_home(tmp_path, own_settings(), NOW) == []
    assert not (tmp_path / "months" / "2023-01-v0001.gone").exists()
    assert gone(tmp_path) == ["months/2024-01/v0001"]


def test_fewer_months_than_the_figures_need_cannot_be_set() -> None:
    with pytest.raises(SpecError, match="KEEP_MONTHS"):
        own_settings(keep_months=12)
