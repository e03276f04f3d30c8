"""A delivery that executors take in is the embedded engine's to the byte, and what is sealed there opens to the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core.errors import StorageError
from pipelines.engines import executors
from pipelines.jobs.run import run_room
from pipelines.store.lake import Draft, MonthFolder
from pipelines.store.manifest import TableEntry
from pipelines.store.persons.vault import read_delivered
from pipelines.store.rows import read_rows
from tests.engines.test_spread_rooms import begin, kill_writer
from tests.rooms.test_snapshot import dirty_town
from tests.support.small import MONTH, job
from tests.support.spark import needs_spark

pytestmark = [needs_spark, pytest.mark.slow]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables in one file and in several, with a column nobody knows, and one that is refused."""
    folder = dirty_town().write(tmp_path_factory.mktemp("delivered") / "source")
    month = folder / str(MONTH)
    header, *rows = (month / "customer.csv").read_text().splitlines(keepends=True)
    (month / "customer.csv").unlink()
    for number, some in enumerate((rows[::2], rows[1::2]), start=1):
        text = "".join([header, *some])
        (month / f"customer.part-{number}.csv").write_text(text)
    usage = (month / "usage.csv").read_text().splitlines()
    noted = [usage[0] + ",note", *(f"{row},来自{row[:3]}" for row in usage[1:])]
    (month / "usage.csv").write_text("\n".join(noted))
    (month / "loyalty.csv").write_text("no header\n")
    return folder


def take_in(home: Path, source: Path, engine: str, master: str | None = None) -> Draft:
    """Have an engine take the month in."""
    given = job(
        home,
        source,
        engine=engine,
        table_parts=16,
        memory_limit="1GB",
        threads=2,
        spark_master=master,
    )
    run_room(given, "extract")
    return MonthFolder(home, MONTH).draft()


def read_files(draft: Draft) -> dict[str, bytes]:
    """Every file of a draft but its record and what is sealed by keys of its own."""
    files = {}
    for path in draft.path.rglob("*"):
        name = str(path.relative_to(draft.path))
        if (
            path.is_file()
            and not name.startswith("personal")
            and path.suffix != ".json"
        ):
            files[name] = path.read_bytes()
    return files


def open_cells(draft: Draft, table: str) -> list[tuple[str, dict[str, object]]]:
    subjects = read_rows(draft.path / "personal" / f"{table}.cells", ["subject"])
    wanted = tuple(sorted({row["subject"] for row in subjects}))
    return list(read_delivered(draft.path, table, wanted))


def read_said(entries: dict[str, TableEntry]) -> dict[str, TableEntry]:
    return {name: one for name, one in entries.items() if name.startswith("extract_")}


def test_what_executors_take_in_is_the_same(tmp_path: Path, source: Path) -> None:
    here = take_in(tmp_path / "here", source, "duckdb")
    there = take_in(tmp_path / "there", source, "spark")
    assert read_said(there.finished) == read_said(here.finished)
    assert read_files(there) == read_files(here)
    assert len(read_files(here)) > 5
    states = {one.delivery.state for one in here.finished.values() if one.delivery}
    assert states == {"present", "absent", "refused"}
    for table in ("customer", "usage"):
        assert open_cells(there, table) == open_cells(here, table) != []
    for file in there.path.rglob("*"):
        assert not file.stat().st_mode & 0o077 or file.is_dir(), file


def test_a_worker_with_other_code_takes_nothing_in(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = executors.list_versions() | {"code": "another"}
    monkeypatch.setattr("pipelines.engines.calls.list_versions", lambda: other)
    with pytest.raises(StorageError) as caught:
        take_in(tmp_path / "home", source, "spark")
    assert "has code" in str(caught.value.facts["why"])
    assert not list(tmp_path.rglob("extract_*.parquet"))


_SCRIPT = """
import sys
from pathlib import Path
from tests.engines.test_spread_rooms import CLUSTER
from tests.rooms.test_extract_on_executors import take_in

take_in(Path(sys.argv[1]), Path(sys.argv[2]), "spark", CLUSTER)
"""


@pytest.mark.long
def test_an_executor_killed_while_it_takes_in(tmp_path: Path, source: Path) -> None:
    """Its tables are begun again from what was delivered: nothing is sealed twice, or stays open."""
    here = take_in(tmp_path / "here", source, "duckdb")
    process = begin(tmp_path, str(source), script=_SCRIPT)
    kill_writer(process, tmp_path / "there", ["raw/*.parquet", "raw/*/*.parquet"])
    there = MonthFolder(tmp_path / "there", MONTH).draft()
    assert read_said(there.finished) == read_said(here.finished)
    assert read_files(there) == read_files(here)
    assert open_cells(there, "customer") == open_cells(here, "customer")
