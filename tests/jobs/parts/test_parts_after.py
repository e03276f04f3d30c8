"""What comes after a month, on months in parts: a day, a restatement, workbooks, an archive; all as on months in files."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from pipelines.core.settings import load_settings
from pipelines.documents.workbooks.export import export_month
from pipelines.jobs.daily import DayJob, run_day
from pipelines.jobs.restate import restate_month
from pipelines.jobs.run import release_month
from pipelines.operations.backup import back_up
from pipelines.operations.restoring import restore_home
from pipelines.store.lake import Version
from tests.jobs.parts.test_parts import COUNT, find_differing
from tests.jobs.test_daily import deliver, town
from tests.support.small import KEY, job, own_settings, run_town, ungated_job

DAY = date(2026, 9, 8)
COUNTS = (1, COUNT)


def make_home(folder: Path, parts: int) -> Path:
    """A released month of a few customers, after which one is suspended."""
    home, source = folder / "home", folder / "source"
    run_town(home, town(), source, table_parts=parts)
    release_month(job(home, source, table_parts=parts))
    deliver(source, DAY, "ann", "dan", "eve")
    return home


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The same home, in files and in parts."""
    return {
        parts: make_home(tmp_path_factory.mktemp(f"in_{parts}"), parts)
        for parts in COUNTS
    }


@pytest.fixture(scope="module")
def days(homes: dict[int, Path]) -> dict[int, Version]:
    """The day after it, of both."""
    settings = own_settings()
    return {
        parts: run_day(DayJob(home, DAY, home.parent / "source", settings))
        for parts, home in homes.items()
    }


def test_the_day_after_is_the_same(days: dict[int, Version]) -> None:
    """It adds its orders to those of the month, whose customers it asks the month for."""
    assert days[1].count_rows("dispatch_order") == 1
    for name, entry in days[1].entries.items():
        assert entry.is_computed == days[COUNT].is_computed(name)
        if entry.is_computed:
            whole, cut = days[1].read_arrow(name), days[COUNT].read_arrow(name)
            assert whole.equals(cut), name


def test_workbooks_are_the_same(
    homes: dict[int, Path], days: dict[int, Version], tmp_path: Path
) -> None:
    told = {}
    for parts, home in homes.items():
        folder = job(home, None).folder
        books = export_month(folder, tmp_path / str(parts), "zh")
        identity = folder.version().identity[:12]
        told[parts] = {book.name: read_cells(book, identity) for book in books}
    assert told[1] == told[COUNT] and len(told[1]) > 1


def read_cells(book: Path, identity: str) -> dict[str, list[object]]:
    """The cells of a workbook by sheet, but for those that say of which version it is."""
    cells = {}
    for sheet in openpyxl.load_workbook(book):
        rows = sheet.iter_rows(values_only=True)
        cells[sheet.title] = [cell for row in rows for cell in row if cell != identity]
    return cells


def test_a_restatement_is_the_same(homes: dict[int, Path]) -> None:
    """Of a month in parts that was released, against bills that came late."""
    known = {}
    for parts, home in homes.items():
        source = home.parent / "later"
        town().owe("bob", "70.00").write(source)
        known[parts] = restate_month(ungated_job(home, source, table_parts=parts))
    for name in ("restate_kpi", "restate_cause", "restate_order"):
        assert known[1].count_rows(name)
    assert find_differing(known[1], known[COUNT]) == []
    assert len(list(known[COUNT].table("snapshot_receivable").iterdir())) == COUNT


def test_an_archive_has_every_part(
    homes: dict[int, Path], days: dict[int, Version], tmp_path: Path
) -> None:
    home = homes[COUNT]
    settings = load_settings(secret_key=KEY)
    now = datetime(2026, 9, 9, tzinfo=UTC)
    made = back_up(home, tmp_path / "archives", settings, now)
    restore_home(made.path, tmp_path / "again", settings)
    before = job(home, None).folder.version()
    after = job(tmp_path / "again", None).folder.version()
    assert before.identity == after.identity
    assert find_differing(before, after) == []
    assert len(list(after.table("snapshot_service").iterdir())) == COUNT
