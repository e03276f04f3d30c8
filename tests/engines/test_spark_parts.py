"""Spark's executors write the parts that the embedded engine writes, byte for byte; nothing of a row passes the driver."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalogue.spec import TableName
from pipelines.core.errors import StorageError
from pipelines.core.paths import ROOT
from pipelines.core.settings import load_settings
from pipelines.engines import executors, open_engine
from pipelines.store.files import Written
from pipelines.store.parts import Parts, list_files, place_table
from tests.support.spark import needs_spark

pytestmark = needs_spark
ROWS = """
SELECT
    'c' || n AS customer_id, CASE WHEN n % 3 > 0 THEN 's' || n % 997 END AS list,
    CAST(n AS DECIMAL(18, 2)) / 4 AS value, CAST(n * 1.25 AS DECIMAL(18, 2)) AS amount,
    DATE '2024-01-01' + CAST(n % 400 AS INTEGER) AS due_on, n % 2 = 0 AS is_even, CAST(n AS INTEGER) AS rank
FROM range({count}) AS r(n)
"""
# Sums and windows whose types the engines do not agree on, and a name that only quotes make one.
ASKED = """
SELECT
    customer_id, list, amount, due_on, is_even, value,
    SUM(amount) OVER (PARTITION BY list ORDER BY customer_id) AS "so far",
    COUNT(*) OVER (PARTITION BY due_on) AS same_day, SUM(rank) OVER (PARTITION BY is_even) AS ranks,
    CAST($share * amount AS DECIMAL(18, 2)) AS shared, '' AS nothing
FROM feature_given WHERE list IS NULL OR amount > 0
"""
PARTS = Parts(16, "customer_id", ("list", "customer_id"))


def write(
    folder: Path, engine_name: str, parts: Parts, count: int = 5000, asked: str = ASKED
) -> Written:
    """Have an engine answer and write in parts."""
    settings = load_settings(engine=engine_name, memory_limit="1GB", threads=2)
    made = folder / "given.parquet"
    with open_engine(settings, folder / "scratch", [folder]) as engine:
        engine.write(ROWS.format(count=count), made, ["customer_id"])
        engine.bind(TableName("feature_given"), made)
        place = place_table(folder, "feature_made", parts)
        given = {"share": 0.5} if "$share" in asked else {}
        return engine.write_answer(asked, place, parts.order, given, parts)


def read_files(folder: Path, parts: Parts) -> dict[str, bytes]:
    place = place_table(folder, "feature_made", parts)
    return {file.name: file.read_bytes() for file in list_files(place)}


@pytest.mark.parametrize(("parts", "count"), [(PARTS, 5000), (PARTS, 3), (PARTS, 0)])
def test_the_parts_are_the_same_to_the_byte(
    tmp_path: Path, parts: Parts, count: int
) -> None:
    """Many rows, fewer than parts, none."""
    written = {}
    for name in ("duckdb", "spark"):
        (tmp_path / name).mkdir()
        written[name] = write(tmp_path / name, name, parts, count)
    assert written["spark"] == written["duckdb"]
    assert written["spark"].rows == count
    spark = read_files(tmp_path / "spark", parts)
    assert spark == read_files(tmp_path / "duckdb", parts) and len(spark) == parts.count


def test_a_cell_that_cannot_be_read_is_told_without_its_value(tmp_path: Path) -> None:
    asked = "SELECT customer_id, CAST(customer_id AS BIGINT) AS list FROM feature_given"
    with pytest.raises(StorageError) as caught:
        write(tmp_path, "spark", PARTS, asked=asked)
    assert caught.value.facts == {"why": "CAST_INVALID_INPUT"}


def test_a_worker_with_other_libraries_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would write other bytes than the rest of the month is made of."""
    other: dict[str, Any] = executors.list_versions() | {"pyarrow": "0.1"}
    monkeypatch.setattr(executors, "list_versions", lambda: other)
    with pytest.raises(StorageError) as caught:
        write(tmp_path, "spark", PARTS)
    assert "pyarrow" in str(caught.value.facts["why"])
    assert not list((tmp_path / "feature_made").iterdir())


# A table that takes five megabytes in its file, and ten times that in memory.
JOINED = """
SELECT g.customer_id, g.list, g.amount, o.value, o.due_on
FROM feature_given AS g JOIN feature_given AS o ON o.customer_id = g.customer_id
"""
_SCRIPT = """
import sys
from pathlib import Path
from pipelines.core.errors import StorageError
from pipelines.engines.spark import _start_session, name_failures
from tests.engines import test_spark_parts as told

asked, count = getattr(told, sys.argv[2]), int(sys.argv[3])
print(told.write(Path(sys.argv[1]), "spark", told.PARTS, count, asked).rows)
session = _start_session("local[2]", "1GB", 2)
try:
    with name_failures():
        session.range(count * 20).collect()
except StorageError as error:
    print("maxResultSize" in error.facts["why"])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "count", "taken"), [("ASKED", 300_000, "1m"), ("JOINED", 600_000, "4m")]
)
def test_no_row_passes_the_driver(
    tmp_path: Path, asked: str, count: int, taken: str
) -> None:
    """With a driver that takes so much a table that is larger passes, and rows collected do not."""
    (tmp_path / "spark-defaults.conf").write_text(
        f"spark.driver.maxResultSize {taken}\n"
    )
    (tmp_path / "script.py").write_text(_SCRIPT)
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py", tmp_path, asked, str(count)],
        env={**os.environ, "SPARK_CONF_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == [str(count), "True"], done.stderr[-2000:]
