"""A delivery that executors read, piece by piece, is typed and set aside as the embedded engine does, to the byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.jobs.run import run_room
from pipelines.rooms import snapshot
from pipelines.rooms.context import open_context
from pipelines.store import files
from pipelines.store.lake import Draft
from pipelines.store.manifest import TableEntry
from tests.engines.test_spread_rooms import begin, kill_writer
from tests.rooms.test_snapshot import dirty_town
from tests.support.small import MONTH, job, own_settings
from tests.support.spark import needs_spark

pytestmark = [needs_spark, pytest.mark.slow]
PARTS = 16
PIECE = 5  # rows; a few tables of a small town have more


def type_rows(
    extracted: Path, home: Path, engine: str, master: str | None = None
) -> tuple[Path, dict[str, TableEntry], set[str]]:
    """Have an engine make the snapshot; return the draft's folder, what is recorded, and what executors read."""
    shutil.copytree(extracted, home)
    settings = own_settings(
        engine=engine,
        table_parts=PARTS,
        memory_limit="1GB",
        threads=2,
        spark_master=master,
    )
    draft = Draft(MONTH, next(home.glob("months/*/*.partial")))
    with open_context(draft, settings, {}) as context:
        snapshot.run(context)
        spread = {
            f"extract_{table}"
            for table in dirty_town().tables
            if context.engine.is_spread(f"extract_{table}")
        }
        entries = context.entries
    shutil.rmtree(draft.scratch, ignore_errors=True)
    return draft.path, entries, spread


def read_files(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*.parquet")
    }


@pytest.fixture
def extracted(tmp_path: Path) -> Path:
    """A home whose month was taken in, in small pieces."""
    source = dirty_town().write(tmp_path / "source")
    with pytest.MonkeyPatch.context() as small:
        small.setattr(files, "ROW_GROUP", PIECE)
        run_room(job(tmp_path / "home", source, table_parts=PARTS), "extract")
    return tmp_path / "home"


def test_pieces_are_read_as_the_whole(tmp_path: Path, extracted: Path) -> None:
    """Rows that are repeated, contradict each other or belong to nobody lie in different pieces."""
    made = {}
    for engine in ("duckdb", "spark"):
        made[engine] = type_rows(extracted, tmp_path / engine, engine)
    here, entries, _ = made["duckdb"]
    there, entries_there, spread = made["spark"]
    assert spread == {"extract_bill", "extract_customer", "extract_usage"}
    assert read_files(there) == read_files(here)
    assert entries_there == entries


_SCRIPT = """
import sys
from pathlib import Path
from tests.engines.test_spread_rooms import CLUSTER
from tests.rooms.test_snapshot_on_executors import type_rows

type_rows(Path(sys.argv[2]), Path(sys.argv[1]), "spark", CLUSTER)
"""


@pytest.mark.long
def test_an_executor_killed_while_it_types(tmp_path: Path, extracted: Path) -> None:
    here, _, _ = type_rows(extracted, tmp_path / "here", "duckdb")
    process = begin(tmp_path, str(extracted), script=_SCRIPT)
    kill_writer(process, tmp_path / "there", ["tmp/kept/*/*.parquet"])
    [there] = (tmp_path / "there").glob("months/*/*.partial")
    assert read_files(there) == read_files(here)
