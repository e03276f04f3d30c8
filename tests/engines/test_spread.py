"""Statements on what grows, answered by executors: a room that keeps, counts and maps finds the same on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.catalogue.spec import TableName
from pipelines.core.errors import StorageError
from pipelines.core.settings import load_settings
from pipelines.engines import executors, open_engine
from pipelines.engines.duckdb import DuckEngine, MakeBatch
from pipelines.engines.spread import SpreadEngine
from pipelines.operations.doctor.services import check_engine
from pipelines.store.parts import Parts, place_table
from tests.support.spark import needs_spark

pytestmark = needs_spark
PARTS = Parts(16, "customer_id", ("customer_id",))
ROWS = """
SELECT
    'c' || n AS customer_id, 'b' || n % 7 AS branch_id, CAST(n AS DECIMAL(18, 2)) / 4 AS value,
    CAST(n * 1.25 AS DECIMAL(18, 2)) AS amount, DATE '2024-01-01' + CAST(n % 400 AS INTEGER) AS due_on
FROM range(3000) AS r(n)
"""
EACH = "SELECT customer_id, CAST(TO_JSON({'worth': CAST(value AS VARCHAR), 'on': CAST(due_on AS VARCHAR)}) AS VARCHAR) AS evidence FROM answered"
LENGTH = pa.schema([("customer_id", pa.string()), ("length", pa.int64())])
TOTAL = pa.schema([("branch_id", pa.string()), ("amount", pa.decimal128(18, 2))])


@dataclass(frozen=True)
class CountLetters:
    """A thing that a worker is sent."""

    more: int

    def __call__(self) -> MakeBatch:
        return self.make_batch

    def make_batch(self, batch: pa.RecordBatch) -> pa.Table:
        ids = batch.column("customer_id").to_pylist()
        lengths = [len(one) + self.more for one in ids]
        return pa.table({"customer_id": ids, "length": lengths}, schema=LENGTH)


def add_up(rows: pa.Table) -> pa.Table:
    amount = sum(rows.column("amount").to_pylist())
    return pa.Table.from_pylist(
        [{"branch_id": rows.column("branch_id")[0].as_py(), "amount": amount}],
        schema=TOTAL,
    )


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def engine(
    request: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DuckEngine]:
    folder = tmp_path_factory.mktemp(request.param)
    settings = load_settings(
        engine=request.param, table_parts=16, memory_limit="1GB", threads=2
    )
    with open_engine(settings, folder / "scratch", [folder]) as opened:
        place = place_table(folder, "feature_given", PARTS)
        opened.write(ROWS, place, PARTS.order, None, PARTS)
        opened.bind(TableName("feature_given"), place)
        opened.spreads = True
        yield opened


def read(engine: DuckEngine, relation: str) -> list[dict[str, Any]]:
    return engine.rows(f"SELECT * FROM {relation} ORDER BY ALL")


def test_what_a_run_kept_that_was_ended_is_in_nobodys_way(tmp_path: Path) -> None:
    """A room that is made again keeps its results under the same names."""
    settings = load_settings(
        engine="spark", table_parts=16, memory_limit="1GB", threads=2
    )
    place = place_table(tmp_path, "feature_given", PARTS)
    kept = tmp_path / "scratch" / "kept"
    for amount in (1, 2):
        engine = open_engine(settings, tmp_path / "scratch", [tmp_path])
        assert not kept.exists()
        with engine:
            engine.write(ROWS, place, PARTS.order, None, PARTS)
            engine.bind(TableName("feature_given"), place)
            engine.spreads = True
            sql = f"SELECT COUNT(*) * {amount} AS n FROM feature_given"
            engine.table("counted", sql)
            assert engine.rows("SELECT n FROM counted") == [{"n": 3000 * amount}]
        assert list(kept.iterdir())


def test_a_result_is_kept_where_it_is_worked_out(engine: DuckEngine) -> None:
    """With what code has made beside it, a parameter, and types that are the embedded engine's."""
    engine.register("fact", pa.table({"branch_id": ["b1", "b2"], "factor": [2, 3]}))
    sql = """
    SELECT g.customer_id, g.amount * f.factor AS worth, COUNT(*) OVER (PARTITION BY g.branch_id) AS n
    FROM feature_given AS g JOIN fact AS f ON f.branch_id = g.branch_id WHERE g.due_on > $day
    """
    engine.table("kept", sql, {"day": "2024-03-01"})
    found = read(engine, "kept")
    assert len(found) > 500
    assert found[0] == {"customer_id": "c100", "worth": 375, "n": 359}
    assert isinstance(engine, SpreadEngine) == engine.reads_spread("SELECT 1 FROM kept")
    engine.register("fact", pa.table({"branch_id": ["b1"], "factor": [5]}))
    engine.table("again", sql, {"day": "2024-03-01"})
    assert read(engine, "again")[0] == {
        "customer_id": "c1002",
        "worth": 6262.5,
        "n": 359,
    }


def test_a_name_for_a_select_with_steps_lasts(engine: DuckEngine) -> None:
    """What Spark keeps of a step that two read is gone before the name is asked for."""
    engine.view(
        "paired",
        """
        WITH owed AS (SELECT branch_id, SUM(amount) AS amount FROM feature_given GROUP BY branch_id)
        SELECT a.branch_id, a.amount - b.amount AS more
        FROM owed AS a JOIN owed AS b ON b.branch_id = 'b0'
        """,
    )
    found = engine.rows("SELECT branch_id, more FROM paired ORDER BY branch_id")
    assert [row["branch_id"] for row in found] == [f"b{n}" for n in range(7)]
    assert found[0]["more"] == 0


def test_rows_come_in_the_order_that_is_asked_for(engine: DuckEngine) -> None:
    sql = "SELECT branch_id, COUNT(*) AS n FROM feature_given GROUP BY branch_id ORDER BY branch_id DESC"
    rows = engine.rows(sql)
    assert [row["branch_id"] for row in rows] == [f"b{n}" for n in range(6, -1, -1)]
    engine.bring("branches", sql)
    assert not engine.reads_spread("SELECT 1 FROM branches")
    assert engine.types("SELECT n FROM branches") == {"n": "BIGINT"}


def test_sums_are_added_to_what_is_here(engine: DuckEngine) -> None:
    engine.table("sums", "SELECT '' AS branch_id, CAST(0 AS DECIMAL(38, 2)) AS amount")
    engine.append(
        "sums",
        "SELECT SUM(amount) AS amount, branch_id FROM feature_given GROUP BY ALL",
    )
    assert [row["branch_id"] for row in read(engine, "sums")] == [
        "",
        *(f"b{n}" for n in range(7)),
    ]


def test_each_row_is_refined_in_the_words_of_duckdb(engine: DuckEngine) -> None:
    """A double's text is not the same in both engines, and JSON leaves out what is NULL in one."""
    engine.refine("refined", "SELECT * FROM feature_given", EACH)
    found = {row["customer_id"]: row["evidence"] for row in read(engine, "refined")}
    assert found["c1000"] == '{"worth":"250.0","on":"2024-07-19"}'


def test_batches_and_groups_go_through_python(engine: DuckEngine) -> None:
    sql = "SELECT customer_id FROM feature_given ORDER BY customer_id"
    engine.map_rows("mapped", [sql], CountLetters(10), LENGTH, 500)
    found = {row["customer_id"]: row["length"] for row in read(engine, "mapped")}
    assert len(found) == 3000 and found["c1000"] == 15
    engine.map_groups(
        "grouped", "SELECT * FROM feature_given", "branch_id", add_up, TOTAL
    )
    sums = "SELECT branch_id, SUM(amount) AS amount FROM feature_given GROUP BY branch_id ORDER BY ALL"
    assert read(engine, "grouped") == engine.rows(sums)


def test_a_worker_with_other_libraries_makes_nothing(
    engine: DuckEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(engine, SpreadEngine):
        pytest.skip("there are no workers")
    other = executors.list_versions() | {"scikit-learn": "0.1"}
    monkeypatch.setattr(executors, "list_versions", lambda: other)
    with pytest.raises(StorageError) as caught:
        engine.map_rows(
            "odd",
            ["SELECT customer_id FROM feature_given"],
            CountLetters(0),
            LENGTH,
            500,
        )
    assert "scikit-learn" in str(caught.value.facts["why"])


def test_a_worker_that_does_not_see_the_home_makes_nothing(tmp_path: Path) -> None:
    """What it would make there, nobody would find."""
    executors.require_folder(tmp_path)
    with pytest.raises(executors.FolderUnseen, match=f"does not see {tmp_path}/away"):
        executors.require_folder(tmp_path / "away")


@pytest.mark.parametrize("seen_by", ["nobody", "workers"])
def test_the_doctor_says_that_what_workers_write_does_not_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen_by: str
) -> None:
    """Whether they do not see the home, or write where the driver does not look."""
    away = tmp_path / "away"
    if seen_by == "workers":
        away.mkdir()
    keep = executors.make_rows_keeper
    monkeypatch.setattr(
        "pipelines.engines.spark.make_rows_keeper", lambda _: keep(away)
    )
    settings = load_settings(engine="spark", memory_limit="1GB", threads=2)
    found = check_engine(settings, tmp_path)
    assert (found.state, found.finding) == ("fail", "engine_elsewhere")


def test_a_task_that_runs_twice_writes_the_same(tmp_path: Path) -> None:
    """As when it is tried again, or a straggler is overtaken: nothing is doubled."""
    batch = pa.RecordBatch.from_pydict(
        {"customer_id": ["a", "b", "c"], "_part": ["0", "0", "3"]}
    )
    write = executors.make_part_writer(tmp_path / "t", {"customer_id": "VARCHAR"})
    (tmp_path / "t").mkdir()
    first, again = (list(write(iter([batch]))) for _ in range(2))
    assert first == again
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == [
        "0.parquet",
        "3.parquet",
    ]
