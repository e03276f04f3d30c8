"""The engine answers and writes nowhere: what a delivered name says is a name, never a statement."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.catalogue.spec import TableName
from pipelines.core.errors import StorageError
from pipelines.core.quoting import quote_name, quote_text, show_odd_text
from pipelines.engines.duckdb import DuckEngine
from pipelines.engines.failures import Step, naming_table
from pipelines.jobs.run import release_month
from pipelines.sources.operator.batches.writer import is_odd_name
from pipelines.sources.operator.delivery import Limits
from tests.support.small import MONTH, Town, job, read, run_town
from tests.support.source_files import deliver, refused

NAMES = [
    'note"x',
    '"',
    "a;b",
    "'",
    "$x",
    "{x}",
    "a\nb",
    "\x00",
    "x" * 300,
    "名",
    'x"; DROP TABLE typed; --',
    "",
]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckEngine]:
    (tmp_path / "held").mkdir()
    with DuckEngine(tmp_path / "tmp", [tmp_path / "held"], "512MB", 1) as opened:
        yield opened


# -- one statement, of a kind that writes no file -----------------------------------------------------------------

FORBIDDEN = [
    "COPY (SELECT 1 AS a) TO '{held}/kpi.parquet' (FORMAT parquet)",
    "COPY (SELECT 1 AS a) TO '{held}/kpi.parquet' (FORMAT parquet, USE_TMP_FILE false)",
    "COPY (SELECT 1 AS a) TO '{held}/new.csv'",
    "EXPORT DATABASE '{held}/all'",
    "ATTACH '{held}/private.duckdb'",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1 AS a) TO '{held}/kpi.parquet' (FORMAT parquet)",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CALL pragma_version()",
    "",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_no_statement_writes_a_file_and_none_comes_with_another(
    sql: str, engine: DuckEngine, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    pq.write_table(pa.table({"a": [7]}), held / "kpi.parquet")
    engine.bind(TableName("kpi"), held / "kpi.parquet")
    with pytest.raises(StorageError, match=r"storage\.statement"):
        engine.execute(sql.replace("{held}", str(held)))
    assert engine.rows("SELECT * FROM kpi") == [{"a": 7}]
    assert [path.name for path in held.iterdir()] == ["kpi.parquet"]


def test_a_variable_of_ours_is_no_table(engine: DuckEngine) -> None:
    people = pa.table({"name": ["x"]})
    with (
        pytest.raises(StorageError, match="storage.table"),
        naming_table(Step(lambda table: None, "kpi"), MONTH),
    ):
        engine.rows("SELECT * FROM people")
    assert people.num_rows == 1


def test_what_the_engine_throws_names_the_table_and_no_value(
    engine: DuckEngine,
) -> None:
    step = Step(lambda table: None, "snapshot")
    with pytest.raises(StorageError) as failed, naming_table(step, MONTH):
        step("snapshot_customer")
        engine.rows("SELECT CAST('13812345678 of Zhang' AS INTEGER)")
    assert (
        failed.value.exit_code == 17
        and failed.value.facts["table"] == "snapshot_customer"
    )
    assert "Zhang" not in str(failed.value)


# -- one way to quote ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name and "\x00" not in name]
)
def test_a_quoted_name_is_that_name(name: str, engine: DuckEngine) -> None:
    assert engine.types(f"SELECT 1 AS {quote_name(name)}") == {name: "INTEGER"}
    assert engine.rows(f"SELECT {quote_text(name)} AS a") == [{"a": name}]


# -- names of columns ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NAMES, "_extra_3", "\ue000", "\u202e"])
def test_an_odd_name_is_told(name: str) -> None:
    assert is_odd_name(name) == (name not in ("$x", "{x}", "名"))


@pytest.mark.parametrize("header", ['note"x', "a;b", "it's", "x" * 99, "_extra_1"])
def test_an_odd_column_is_kept_under_its_place_and_reported(
    tmp_path: Path, header: str
) -> None:
    quoted = '"' + header.replace('"', '""') + '"'
    delivery, rows = deliver(
        tmp_path, {"plan.csv": f"plan_id,name,{quoted},monthly_fee\nP1,one,kept,5\n"}
    )
    assert rows[0]["_extra_3"] == "kept" and "_extra_3" in delivery.unknown
    assert (
        f"column 3 kept as _extra_3: {show_odd_text(header)}" in delivery.files[0].notes
    )


def test_an_odd_name_is_shown_on_one_line_with_what_cannot_be_seen() -> None:
    assert show_odd_text("a\nb\u202e\\😀名") == "a\\nb\\u202e\\\\😀名"
    assert len(show_odd_text("x" * 500)) == 81


# Blanks in a header are dropped, comments are not.
CRAFTED = (
    "x\") FROM extract_customer; COPY (SELECT 1 AS a) TO '{held}' (FORMAT parquet); SELECT COUNT(*) AS n, 1 AS total, (\""
).replace(" ", "/**/")


def test_a_header_that_is_a_statement_is_a_name(tmp_path: Path) -> None:
    """Run against a released month: not a byte of it changes, and the month that brings the header is made."""
    home, source = tmp_path / "home", tmp_path / "source"
    released = run_town(home, Town().person("ann"), source)
    release_month(job(home, None))
    held = released.table("kpi_monthly")
    before = {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in released.path.rglob("*.parquet")
    }
    town = Town(MONTH.plus(1)).person("ann")
    town.tables["customer"][0] |= {
        CRAFTED.replace("{held}", str(held)): "1",
        'note"x': "2",
    }
    version = run_town(home, town, source)
    assert {
        path: hashlib.sha256(path.read_bytes()).hexdigest() for path in before
    } == before
    told = next(
        row for row in read(version, "extract_delivery") if row["table"] == "customer"
    )
    assert (
        told["notes"].count("kept as _extra_") == 2
        and "copy/**/(select" in told["notes"]
    )


# -- limits -------------------------------------------------------------------------------------------------------


def test_a_file_beyond_a_limit_is_refused_by_name(tmp_path: Path) -> None:
    text = "plan_id,name,monthly_fee\n" + "".join(f"P{n},x,5\n" for n in range(9))
    small = Limits(rows=8, batch_rows=4)
    assert refused(tmp_path / "rows", {"plan.csv": text}, limits=small) == (
        "too_many_rows",
        {"file": "plan.csv", "limit": "8"},
    )
    key, _ = refused(
        tmp_path / "bytes", {"plan.csv": text}, limits=Limits(unpacked_bytes=10)
    )
    assert key == "archive_bomb"
    key, _ = refused(tmp_path / "time", {"plan.csv": text}, limits=Limits(seconds=-1))
    assert key == "too_slow"
    wide = (
        "plan_id,name,monthly_fee,"
        + ",".join(f"c{n}" for n in range(12_000))
        + "\nP1,x,5\n"
    )
    key, facts = refused(tmp_path / "columns", {"plan.csv": wide})
    assert (key, facts["limit"]) == ("too_many_columns", "2,000")


def test_a_small_parquet_file_of_a_great_many_rows_is_refused_unread(
    tmp_path: Path,
) -> None:
    """Sixty million rows of one value in some hundred kilobytes; and fewer rows that are still too much for its size."""
    block = pa.table(
        {
            name: pa.array(["x"] * 1_000_000).dictionary_encode()
            for name in ("plan_id", "name", "monthly_fee")
        }
    )
    path = tmp_path / "source" / "2026-10" / "plan.parquet"
    path.parent.mkdir(parents=True)
    with pq.ParquetWriter(path, block.schema) as writer:
        for _ in range(60):
            writer.write_table(block)
    assert path.stat().st_size < 1 << 20
    for limits, key in (
        (Limits(rows=50_000_000), "too_many_rows"),
        (Limits(), "archive_bomb"),
    ):
        assert refused(tmp_path, {}, limits=limits)[0] == key


def test_an_earlier_month_that_is_older_than_a_column_has_it_empty(
    tmp_path: Path,
) -> None:
    old = pa.table({"bill_id": ["B1"], "open_amount": [Decimal("5.00")]})
    pq.write_table(old, tmp_path / "old.parquet")
    with DuckEngine(tmp_path / "scratch", [tmp_path], "1GB", 1) as engine:
        engine.bind(TableName("snapshot_receivable", "m1"), tmp_path / "old.parquet")
        [row] = engine.rows("SELECT * FROM m1.snapshot_receivable")
        types = engine.types("SELECT * FROM m1.snapshot_receivable")
    assert (row["bill_id"], row["open_amount"], row["is_disputed"]) == (
        "B1",
        Decimal("5.00"),
        None,
    )
    assert types["is_disputed"] == "BOOLEAN"
