"""Databases: one consistent read, exact values, and errors that give nothing away."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
import yaml

from pipelines.core.contract import load_contract
from pipelines.core.errors import SourceNotReady, SpecError
from pipelines.core.month import Month
from pipelines.sources import Delivery, open_source
from pipelines.sources.operator import database as database_module
from pipelines.sources.operator.batches.typed_batches import spool_rows
from pipelines.sources.operator.database_spec import DatabaseSpec, load_spec
from tests.support.postgres import Cluster
from tests.support.source_files import MONTH, read_rows

PLAN_QUERY = "SELECT plan_id, name, monthly_fee FROM plan"


def write_spec(
    folder: Path, tables: dict[str, str], more: dict[str, str] | None = None
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / "operator.yml"
    spec.write_text(
        yaml.safe_dump({"url_env": "OPERATOR_URL", "tables": tables, **(more or {})})
    )
    return spec


def extract(
    folder: Path,
    tables: dict[str, str],
    more: dict[str, str] | None = None,
    month: Month = MONTH,
) -> dict[str, Delivery]:
    source = open_source(write_spec(folder, tables, more))
    assert source.fingerprint(month) is None and source.unknown_files(month) == ()
    deliveries = source.extract(month, folder / "out")
    assert [d.table for d in deliveries] == list(load_contract())
    assert not [p for p in (folder / "out").iterdir() if p.name.startswith(".")]
    return {d.table: d for d in deliveries}


@pytest.fixture
def sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sqlite3.Connection]:
    monkeypatch.setenv("OPERATOR_URL", f"sqlite:///{tmp_path / 'operator.db'}")
    connection = sqlite3.connect(tmp_path / "operator.db", isolation_level=None)
    connection.execute(
        "CREATE TABLE plan (plan_id TEXT, name TEXT, monthly_fee, included_minutes)"
    )
    yield connection
    connection.close()


def test_reads_sqlite(tmp_path: Path, sqlite: sqlite3.Connection) -> None:
    sqlite.execute(
        "INSERT INTO plan VALUES ('001', '畅享', 86.5, NULL), ('002', NULL, 100, NULL)"
    )
    deliveries = extract(
        tmp_path, {"plan": "SELECT *, 1 AS extra FROM plan", "usage": "SELECT 1 AS x"}
    )
    plan = deliveries["plan"]
    assert (plan.state, plan.rows, plan.unknown, plan.missing) == (
        "present",
        2,
        ("extra",),
        ("included_data_mb",),
    )
    assert read_rows(tmp_path)[0] == {
        "plan_id": "001",
        "name": "畅享",
        "monthly_fee": 86.5,
        "included_minutes": None,
        "extra": 1,
        "_file": "operator.yml: plan",
        "_line": 1,
        "_fault": None,
    }
    assert plan.files[0].rows == 2 and plan.files[0].sha256 == ""
    assert (deliveries["usage"].state, deliveries["usage"].reason) == (
        "refused",
        "source.missing_column",
    )
    assert deliveries["bill"].state == "absent"


def test_binds_the_month_as_its_first_day(
    tmp_path: Path, sqlite: sqlite3.Connection
) -> None:
    query = (
        "SELECT :month AS plan_id, date(:month, '+1 month') AS name, 1 AS monthly_fee"
    )
    extract(tmp_path, {"plan": query})
    assert (read_rows(tmp_path)[0]["plan_id"], read_rows(tmp_path)[0]["name"]) == (
        "2026-10-01",
        "2026-11-01",
    )


def test_an_empty_result_is_empty(tmp_path: Path, sqlite: sqlite3.Connection) -> None:
    plan = extract(tmp_path, {"plan": PLAN_QUERY})["plan"]
    assert (plan.state, plan.rows, plan.columns) == (
        "empty",
        0,
        ("plan_id", "name", "monthly_fee"),
    )
    assert pq.read_schema(tmp_path / "out" / "extract_plan.parquet").names[-3:] == [
        "_file",
        "_line",
        "_fault",
    ]


def test_settles_types_that_change_on_the_way(
    tmp_path: Path, sqlite: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_FETCH", 2)
    values: list[Any] = [None, None, 1, 2, None, None, 2.5, "x", 2**62, b"\xe5\xbc\xa0"]
    sqlite.executemany(
        "INSERT INTO plan VALUES ('P', 'a', ?, ?)",
        [(v, i) for i, v in enumerate(values)],
    )
    extract(tmp_path, {"plan": "SELECT * FROM plan ORDER BY included_minutes"})
    rows = read_rows(tmp_path)
    assert [r["monthly_fee"] for r in rows] == [
        None,
        None,
        "1",
        "2",
        None,
        None,
        "2.5",
        "x",
        str(2**62),
        "张",
    ]
    assert [r["included_minutes"] for r in rows] == list(range(10)) and [
        r["_line"] for r in rows
    ] == list(range(1, 11))


def test_refuses_duplicate_columns(tmp_path: Path, sqlite: sqlite3.Connection) -> None:
    plan = extract(
        tmp_path, {"plan": "SELECT plan_id, name, monthly_fee, 1 AS NAME FROM plan"}
    )["plan"]
    assert plan.reason == "source.duplicate_header"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("url: postgresql://a:secret@b/c\ntables: {plan: SELECT 1}", "url_in_yaml"),
        ("url_env: postgresql://a:secret@b/c\ntables: {plan: SELECT 1}", "url_in_yaml"),
        ("url_env: OPERATOR_URL", "yaml_bad"),
        ("[1, 2]", "yaml_bad"),
        ("url_env: OPERATOR_URL\ntables: {plans: SELECT 1}", "yaml_bad"),
        (
            "url_env: OPERATOR_URL\npassword: secret\ntables: {plan: SELECT 1}",
            "yaml_bad",
        ),
        ("url_env: OPERATOR_URL\ntables: {plan: DROP TABLE plan}", "query_not_select"),
        ("url_env: OPERATOR_URL\ntables: {plan: 7}", "query_not_select"),
    ],
)
def test_refuses_a_bad_yaml(tmp_path: Path, text: str, key: str) -> None:
    (tmp_path / "operator.yaml").write_text(text)
    with pytest.raises(SpecError, match=rf"(source|written)\.{key}") as caught:
        open_source(tmp_path / "operator.yaml")
    assert "secret" not in str(caught.value)


def test_refuses_a_bad_url_or_query(
    tmp_path: Path, sqlite: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for query in (
        "SELECT nothing FROM plan",
        "SELECT 1 FROM nowhere",
        "SELECT FROM",
        "SELECT :other AS plan_id",
    ):
        with pytest.raises(SpecError, match=r"source\.query_failed"):
            extract(tmp_path, {"plan": query})
    for url, key in (
        ("", "url_not_set"),
        ("no url: secret", "url_bad"),
        ("nosuch://a:secret@b/c", "driver_missing"),
    ):
        monkeypatch.setenv("OPERATOR_URL", url)
        with pytest.raises(SpecError, match=rf"(source|written)\.{key}") as caught:
            extract(tmp_path, {"plan": PLAN_QUERY})
        assert "secret" not in str(caught.value) + str(caught.value.__cause__)


def test_cannot_write_through_a_query(
    tmp_path: Path, sqlite: sqlite3.Connection
) -> None:
    with pytest.raises(SpecError):
        extract(
            tmp_path,
            {
                "plan": "WITH a AS (SELECT 1) INSERT INTO plan SELECT 'P', 'a', 1, 1 FROM a"
            },
        )
    assert sqlite.execute("SELECT count(*) FROM plan").fetchone() == (0,)


def test_says_when_the_database_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "OPERATOR_URL", "postgresql+psycopg://me:secret@127.0.0.1:1/x?password=secret2"
    )
    waits: list[float] = []
    source = database_module.DatabaseSource(
        DatabaseSpec("operator.yml", "OPERATOR_URL", {"plan": PLAN_QUERY}),
        wait=waits.append,
    )
    with pytest.raises(SourceNotReady, match=r"source\.database_unreachable") as caught:
        source.extract(MONTH, tmp_path)
    assert (
        "secret" not in str(caught.value)
        and "127.0.0.1" in str(caught.value)
        and len(waits) == 2
    )


@pytest.fixture
def postgres(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    monkeypatch.setenv("OPERATOR_URL", postgres_url)
    engine = sa.create_engine(
        postgres_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    yield engine
    engine.dispose()


def run(engine: sa.Engine, *statements: str) -> None:
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_postgres_values_arrive_exactly(tmp_path: Path, postgres: sa.Engine) -> None:
    query = (
        "SELECT 'B1'::varchar AS bill_id, 12345678901234567890::numeric AS service_id, 7::bigint AS customer_id, "
        "to_char(:month, 'YYYY-MM') AS bill_month, 86.50::numeric(18,2) AS billed_amount, DATE '2026-11-20' AS due_on, "
        "TIMESTAMPTZ '2026-10-31 23:59:59.5+08' AS seen_at, TIMESTAMP '2026-10-31 12:00' AS local_at, true AS is_paid, "
        "0.1::float8 AS share, 'NaN'::numeric AS nan, '00000000-0000-0000-0000-000000000001'::uuid AS uuid, "
        "ARRAY[1,2] AS list, '{\"a\": 1}'::jsonb AS json, TIME '12:30' AS time_of_day, NULL AS nothing"
    )
    bill = extract(tmp_path, {"bill": query})["bill"]
    assert bill.state == "present" and bill.rows == 1
    (row,) = read_rows(tmp_path, "bill")
    assert row["billed_amount"] == Decimal("86.50") and row["service_id"] == Decimal(
        12345678901234567890
    )
    assert row["due_on"] == dt.date(2026, 11, 20) and row["bill_month"] == "2026-10"
    assert row["seen_at"] == dt.datetime(2026, 10, 31, 15, 59, 59, 500000, dt.UTC)
    assert (
        row["local_at"] == dt.datetime(2026, 10, 31, 12)
        and row["is_paid"] is True
        and row["share"] == 0.1
    )
    assert (row["nan"], row["list"], row["time_of_day"], row["nothing"]) == (
        "NaN",
        "[1, 2]",
        "12:30:00",
        None,
    )
    schema = pq.read_schema(tmp_path / "out" / "extract_bill.parquet")
    assert schema.field("billed_amount").type == pa.decimal128(38, 2)


def test_postgres_reads_all_tables_at_one_moment(
    tmp_path: Path, postgres: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(
        postgres,
        "CREATE TABLE plan AS SELECT 'P1' AS plan_id, 'a' AS name, 1.5 AS monthly_fee",
    )
    run(
        postgres,
        "CREATE TABLE prepaid_balance AS SELECT 'C1' AS customer_id, 5 AS balance_amount",
    )

    def write_meanwhile(*arguments: Any) -> Any:
        run(
            postgres,
            "UPDATE prepaid_balance SET balance_amount = 6",
            "INSERT INTO plan VALUES ('P2', 'b', 2)",
        )
        return spool_rows(*arguments)

    monkeypatch.setattr(database_module, "spool_rows", write_meanwhile)
    extract(
        tmp_path,
        {"plan": PLAN_QUERY, "prepaid_balance": "SELECT * FROM prepaid_balance"},
    )
    assert (
        len(read_rows(tmp_path)) == 1
        and read_rows(tmp_path, "prepaid_balance")[0]["balance_amount"] == 5
    )


def test_postgres_is_read_only(tmp_path: Path, postgres: sa.Engine) -> None:
    run(postgres, "CREATE TABLE plan (plan_id text, name text, monthly_fee numeric)")
    with pytest.raises(SpecError, match=r"source\.query_failed"):
        extract(
            tmp_path,
            {
                "plan": "WITH a AS (INSERT INTO plan VALUES ('P', 'a', 1) RETURNING *) SELECT * FROM a"
            },
        )
    with pytest.raises(SpecError, match="UndefinedTable 42P01"):
        extract(tmp_path, {"plan": "SELECT * FROM nowhere"})


def test_postgres_refuses_only_the_table_whose_data_fail(
    tmp_path: Path, postgres: sa.Engine
) -> None:
    run(
        postgres,
        "CREATE TABLE plan AS SELECT 'P1' AS plan_id, 'a' AS name, 1.5 AS monthly_fee",
    )
    deliveries = extract(
        tmp_path,
        {
            "service": "SELECT 1/(g - 3) AS service_id FROM generate_series(1, 5) AS g",
            "customer": "SELECT 'C1' AS customer_id, 1 / 0 AS customer_type",
            "bill": "SELECT 'infinity'::date AS bill_id, 1 AS service_id, 1 AS customer_id, 1 AS bill_month, "
            "1 AS billed_amount, 1 AS due_on",
            "plan": PLAN_QUERY,
            "usage": "SELECT 1 AS service_id",
        },
    )
    assert deliveries["plan"].state == "present"
    assert (
        deliveries["customer"].reason
        == deliveries["bill"].reason
        == "source.query_data"
    )
    assert deliveries["customer"].facts["error"] == "DivisionByZero 22012"
    assert (
        deliveries["service"].reason
        == deliveries["usage"].reason
        == "source.missing_column"
    )


def test_postgres_starts_afresh_after_a_dropped_connection(
    tmp_path: Path, postgres: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(
        postgres,
        "CREATE TABLE plan AS SELECT 'P' || g AS plan_id, 'a' AS name, 1 AS monthly_fee FROM generate_series(1, 30000) g",
    )
    calls = []

    def drop_once(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            run(
                postgres,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
            )
        return spool_rows(*arguments)

    monkeypatch.setattr(database_module, "spool_rows", drop_once)
    source = database_module.DatabaseSource(
        load_spec(write_spec(tmp_path, {"plan": PLAN_QUERY})), wait=lambda seconds: None
    )
    plan = next(d for d in source.extract(MONTH, tmp_path / "out") if d.table == "plan")
    assert plan.rows == 30_000 and len(calls) == 2


def test_postgres_streams_with_bounded_memory(
    tmp_path: Path, postgres: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python holds one fetch, Arrow one row group, whatever the number of rows."""
    fetched, held = [], []

    def watch(name: str, columns: Any, chunks: Any, folder: Path) -> Any:
        def counted() -> Iterator[Any]:
            for chunk in chunks:
                fetched.append(len(chunk))
                held.append(pa.total_allocated_bytes() - before)
                yield chunk

        return spool_rows(name, columns, counted(), folder)

    monkeypatch.setattr(database_module, "spool_rows", watch)
    before = pa.total_allocated_bytes()
    query = "SELECT 'P' || g AS plan_id, repeat('x', 100) AS name, 1.5 AS monthly_fee FROM generate_series(1, 150000) g"
    assert extract(tmp_path, {"plan": query})["plan"].rows == 150_000
    assert fetched == [10_000] * 15 and max(held) < 10 << 20
    meta = pq.read_metadata(tmp_path / "out" / "extract_plan.parquet")
    assert [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] == [
        122_880,
        27_120,
    ]


def test_postgres_over_its_socket(
    tmp_path: Path, postgres_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATOR_URL", postgres_cluster.socket_url)
    query = "SELECT '1' AS plan_id, '张三' AS name, 1 AS monthly_fee"
    assert extract(tmp_path, {"plan": query}, {"encoding": "gb18030"})["plan"].rows == 1
    assert read_rows(tmp_path)[0]["name"] == "张三"
