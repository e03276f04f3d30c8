"""Spark as the engine of a month: the same bytes as the embedded one, and failures told without a customer's data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalogue.spec import TableName
from pipelines.core.errors import StorageError
from pipelines.core.month import Month
from pipelines.core.paths import ROOT
from pipelines.core.settings import load_settings
from pipelines.engines import open_engine
from pipelines.engines.spark import SparkEngine
from pipelines.jobs.run import Job, run_month
from pipelines.jobs.verify import verify_month
from pipelines.store.lake import Version
from tests.support.comparable import read_folder
from tests.support.small import KEY
from tests.support.spark import needs_spark
from twin import generate

MONTHS = (Month(2024, 3), Month(2024, 4))
pytestmark = needs_spark


def open_small(folder: Path) -> Any:
    return open_engine(
        load_settings(engine="spark", memory_limit="1GB", threads=1),
        folder / "scratch",
        [folder],
    )


def made(home: Path, source: Path, engine: str) -> list[Version]:
    settings = load_settings(
        engine=engine, secret_key=KEY, memory_limit="1GB", threads=2
    )
    return [run_month(Job(home, month, str(source), settings)) for month in MONTHS]


@pytest.mark.slow
def test_a_month_is_the_same_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables, documents, manifest; and what Spark has answered, the embedded engine verifies."""
    generate(
        tmp_path / "source", services=300, months=2, seed=7, through=str(MONTHS[-1])
    )
    asked = []
    answer = SparkEngine.answer

    def note_and_answer(*given: Any) -> Any:
        asked.append(given[1])
        return answer(*given)

    monkeypatch.setattr(SparkEngine, "answer", note_and_answer)
    here = made(tmp_path / "here", tmp_path / "source", "duckdb")
    assert not asked
    there = made(tmp_path / "there", tmp_path / "source", "spark")
    assert len(asked) > 150
    for one, other in zip(here, there, strict=True):
        assert read_folder(one.path) == read_folder(other.path)
    settings = load_settings(secret_key=KEY)
    found = verify_month(Job(tmp_path / "there", MONTHS[-1], None, settings))
    assert (found.differences, found.notes) == ([], [])


def test_the_types_are_those_of_the_embedded_engine(tmp_path: Path) -> None:
    """Spark sums whole numbers into eight bytes, DuckDB into sixteen; what is written is DuckDB's."""
    sql = "SELECT SUM(CAST(1 AS INTEGER)) AS n, CAST(2 AS DECIMAL(18, 2)) * 3 AS amount, DATE '2024-03-01' AS on_"
    with open_small(tmp_path) as engine:
        wanted = engine.types(sql)
        assert engine.types(engine.answer(sql).sql) == wanted
        assert wanted["n"] == "HUGEINT"


def test_a_month_before_is_another_table(tmp_path: Path) -> None:
    """A table and its namesake of the month before, and one that is missing and tolerated."""
    with open_small(tmp_path) as engine:
        for era, value in (("", 1), ("m1", 2)):
            engine.write(f"SELECT {value} AS a", tmp_path / f"t{era}.parquet", ["a"])
            engine.bind(TableName("feature_t", era), tmp_path / f"t{era}.parquet")
        engine.bind_empty(TableName("feature_none"), {"a": "INTEGER"})
        sql = "SELECT n.a, b.a AS before, o.a AS nobody FROM feature_t AS n CROSS JOIN m1.feature_t AS b "
        rows = engine.rows(
            engine.answer(sql + "LEFT JOIN feature_none AS o ON o.a = n.a").sql
        )
    assert rows == [{"a": 1, "before": 2, "nobody": None}]


def test_a_failure_is_told_by_its_condition(tmp_path: Path) -> None:
    """Spark's own words would hold the value."""
    with open_small(tmp_path) as engine:
        engine.write("SELECT '13800138000x' AS a", tmp_path / "t.parquet", ["a"])
        engine.bind(TableName("feature_t"), tmp_path / "t.parquet")
        with pytest.raises(StorageError) as caught:
            engine.answer("SELECT CAST(a AS BIGINT) AS a FROM feature_t")
    assert caught.value.facts == {"why": "CAST_INVALID_INPUT"}


def test_great_expectations_does_not_end_the_process_with_it() -> None:
    """PySpark takes `python -c` for a doctest of its remote client, and ends it with 0 as if all were done."""
    judge = "from pipelines.rooms.judge.gx import load_gx; print(load_gx().__name__)"
    done = subprocess.run(
        [sys.executable, "-c", judge], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stdout.strip()) == (0, "great_expectations"), (
        done.stderr
    )


def test_without_pyspark_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra that most do without."""
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    settings = load_settings(engine="spark", spark_master="local[7]")
    with (
        open_engine(settings, tmp_path / "scratch", []) as engine,
        pytest.raises(StorageError) as caught,
    ):
        engine.answer("SELECT 1 AS one")
    assert "pyspark" in str(caught.value.facts["why"])
