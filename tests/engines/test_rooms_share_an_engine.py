"""One engine for the rooms of a run: each begins with the tables of the month and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.spec import TableName
from pipelines.engines.duckdb import DuckEngine

# Nothing that compresses: some 160 MB, and the engine may have 60.
BIG = "SELECT range AS n, md5(CAST(range AS VARCHAR)) AS a, md5(CAST(range + 7 AS VARCHAR)) AS b FROM range(2500000)"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckEngine]:
    with DuckEngine(tmp_path / "tmp", [tmp_path], "60MB", 1) as engine:
        yield engine


def write_one(engine: DuckEngine, folder: Path, value: int) -> Path:
    path = folder / "features_t.parquet"
    engine.write(f"SELECT {value} AS a", path, ["a"])
    return path


def test_what_a_room_kept_is_gone_and_what_it_wrote_is_not(
    engine: DuckEngine, tmp_path: Path
) -> None:
    path = write_one(engine, tmp_path, 1)
    engine.offer_table(TableName("features_t"), path)
    engine.table("kept_1_some", "SELECT * FROM features_t")
    engine.execute('CREATE OR REPLACE TEMP VIEW "kept_2_some" AS SELECT 2 AS a')
    engine.end_room()
    engine.begin_room()
    assert engine.rows("SELECT a FROM features_t") == [{"a": 1}]
    for name in ("kept_1_some", "kept_2_some"):
        with pytest.raises(duckdb.CatalogException):
            engine.rows(f"SELECT * FROM {name}")


def test_a_table_is_offered_once_and_again_where_it_is_written_anew(
    engine: DuckEngine, tmp_path: Path
) -> None:
    table, path = TableName("features_t"), write_one(engine, tmp_path, 1)
    assert not engine.offers(table, path)
    engine.offer_table(table, path)
    assert engine.rows("SELECT a FROM features_t") == [{"a": 1}]
    assert engine.offers(table, path) and not engine.offers(table, tmp_path / "other")
    engine.offer_table(table, write_one(engine, tmp_path, 2))
    assert engine.rows("SELECT a FROM features_t") == [{"a": 2}]


def test_a_table_that_was_missing_is_readable_when_it_is_there(
    engine: DuckEngine, tmp_path: Path
) -> None:
    table = TableName("features_t")
    engine.bind_empty(table, {"a": "INTEGER"})
    assert engine.rows("SELECT a FROM features_t") == []
    path = write_one(engine, tmp_path, 3)
    assert not engine.offers(table, path)
    engine.offer_table(table, path)
    assert engine.rows("SELECT a FROM features_t") == [{"a": 3}]


def test_a_room_spills_after_another_s_folder_was_taken_away(
    engine: DuckEngine, tmp_path: Path
) -> None:
    """A room that is finished takes the scratch folder with it."""
    for _ in range(3):
        engine.begin_room()
        engine.table("big", BIG)
        assert any((tmp_path / "tmp").iterdir())  # it has spilled
        found = engine.rows("SELECT COUNT(*) AS n, MAX(a) AS a FROM big ORDER BY n")
        assert found[0]["n"] == 2_500_000
        engine.end_room()
        shutil.rmtree(tmp_path / "tmp")
