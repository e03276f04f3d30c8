"""What is declared of the tables is what is written, by SQL files and by rooms, in months that were run."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from pipelines.catalogue.lineage import list_table_columns
from pipelines.catalogue.spec import Spec, load_room_specs
from pipelines.catalogue.tables import (
    Column,
    Table,
    check_columns,
    find_table,
    list_tables_of_code,
    load_tables,
)
from pipelines.core.contract import load_contract
from pipelines.core.quoting import scan_parquet
from tests.cases.bench import arrow_type, described
from tests.support.small import Operator, twin_operator

# The files of other rooms are lists, KPIs and keys of the plan: their rows go into tables of the room's code.
ROOMS_OF_TABLES = ("features", "feedback", "validate", "report", "daily")
SPECS = [spec for room in ROOMS_OF_TABLES for spec in load_room_specs(room)]
COUNTED = Table(
    "kpi_counted",
    "kpi",
    {},
    ("name",),
    (Column("name", "VARCHAR"), Column("member_count", "BIGINT")),
)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.table)
def test_a_sql_file_gives_what_its_table_declares(spec: Spec) -> None:
    declared = load_tables()[spec.table]
    types = {name: arrow_type(kind) for name, kind in declared.types.items()}
    assert types == _types(described(spec))
    assert list(types) == described(spec).names == list(list_table_columns(spec.table))
    assert declared.key == tuple(spec.meta["key"])


def _types(schema: pa.Schema) -> dict[str, pa.DataType]:
    return {field.name: field.type for field in schema}


@pytest.fixture(scope="module")
def operator() -> Operator:
    return twin_operator()


def test_every_table_of_a_month_is_what_it_declares(operator: Operator) -> None:
    files = sorted(operator.version.path.glob("*.parquet"))
    names = {file.stem for file in files}
    with duckdb.connect() as connection:
        for file in files:
            described_rows = connection.execute(
                f"DESCRIBE SELECT * FROM {scan_parquet(file)}"
            )
            columns = {row[0]: row[1] for row in described_rows.fetchall()}
            assert check_columns(load_tables()[file.stem], columns) == [], file.stem
    assert {"extract_bill", "snapshot_bill", "features_history", "kpi_monthly"} <= names


def test_the_key_of_a_table_tells_its_rows_apart(operator: Operator) -> None:
    with duckdb.connect() as connection:
        for file in sorted(operator.version.path.glob("*.parquet")):
            key = load_tables()[file.stem].key
            if not key:
                continue
            columns = ", ".join(f'"{name}"' for name in key)
            table = scan_parquet(file)
            repeated = connection.execute(
                f"SELECT {columns} FROM {table} GROUP BY ALL HAVING COUNT(*) > 1 LIMIT 1"
            ).fetchall()
            assert repeated == [], file.stem


def test_every_declaration_is_whole() -> None:
    for name, table in load_tables().items():
        assert name == table.name and name.startswith(f"{table.room}_")
        assert set(table.purpose) == {"zh", "en"} and all(table.purpose.values()), name
        assert set(table.key) <= set(table.types) and len(set(table.key)) == len(
            table.key
        ), name
        assert len(table.types) == len(table.columns), name
        assert find_table(name) == table


def test_a_table_that_a_sql_file_makes_says_title_and_key_there_alone() -> None:
    assert not list_tables_of_code() & {spec.table for spec in SPECS}
    assert (
        "dispatch_order" in list_tables_of_code()
        and "extract_bill" not in list_tables_of_code()
    )


def test_what_nobody_declares_is_not_found() -> None:
    assert find_table("dispatch_nothing") is None and find_table("nothing") is None


def test_personal_columns_are_those_of_the_contract_and_of_the_persons_table() -> None:
    personal = {
        (table.name, column.name)
        for table in load_tables().values()
        for column in table.columns
        if column.is_personal
    }
    raw = {
        (f"extract_{table.name}", column.name)
        for table in load_contract().values()
        for column in table.columns
        if column.personal
    }
    apart = {
        ("snapshot_person", "name"),
        ("snapshot_person", "phone"),
        ("snapshot_number", "number"),
    }
    assert personal == raw | apart


@pytest.mark.parametrize(
    ("columns", "differences"),
    [
        ({"name": "VARCHAR", "member_count": "BIGINT"}, []),
        ({"name": "VARCHAR"}, ["no column member_count"]),
        (
            {"name": "VARCHAR", "member_count": "INTEGER"},
            ["member_count is INTEGER, not BIGINT"],
        ),
        (
            {"name": "VARCHAR", "member_count": "BIGINT", "note": "VARCHAR"},
            ["further column note"],
        ),
        (
            {"member_count": "BIGINT", "name": "VARCHAR"},
            ["columns in the order member_count, name"],
        ),
    ],
)
def test_a_table_that_is_not_what_it_declares_is_told(
    columns: dict[str, str], differences: list[str]
) -> None:
    assert check_columns(COUNTED, columns) == differences


def test_a_delivered_table_may_have_any_columns_but_says_where_its_rows_are_from() -> (
    None
):
    raw = load_tables()["extract_bill"]
    came = {"bill_id": "DOUBLE", "remark": "VARCHAR"}
    read_from = {"_file": "VARCHAR", "_line": "BIGINT", "_fault": "VARCHAR"}
    assert check_columns(raw, came | read_from) == []
    assert check_columns(raw, came | read_from | {"_line": "VARCHAR"}) != []
