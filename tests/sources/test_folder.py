"""A month's folder: parts, strangers, files that move, and Parquet with its own types."""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.core.contract import load_contract
from pipelines.core.errors import SourceNotReady, StorageError, UsageError
from pipelines.core.month import Month
from pipelines.sources import open_source
from pipelines.sources.operator.formats import csv_file
from pipelines.sources.operator.formats.encoding import detect_encoding
from tests.support.source_files import (
    MONTH,
    PLAN,
    deliver,
    extract_files,
    put_files,
    read_rows,
    refused,
)


def parquet_bytes(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return bytes(sink.getvalue())


PLANS = pa.table(
    {"plan_id": ["P1", "P2"], "name": ["a", None], "monthly_fee": [86.5, 100.0]}
)


def test_reports_every_contract_table_in_order(tmp_path: Path) -> None:
    source = open_source(put_files(tmp_path, {"plan.csv": PLAN}))
    deliveries = source.extract(MONTH, tmp_path / "out")
    assert [d.table for d in deliveries] == list(load_contract())
    assert {d.state for d in deliveries if d.table != "plan"} == {"absent"}


def test_joins_parts_in_natural_order(tmp_path: Path) -> None:
    files = {f"plan.part-{i}.csv": PLAN + f"P{i},a,{i}\n" for i in range(1, 12)}
    files["plan.part-2.csv"] = "name,note,monthly_fee,plan_id\nb,extra,2,P2\n"
    delivery, rows = deliver(tmp_path, files)
    assert [row["plan_id"] for row in rows] == [f"P{i}" for i in range(1, 12)]
    assert (
        rows[1]["name"] == "b"
        and rows[1]["note"] == "extra"
        and rows[0]["note"] is None
    )
    assert delivery.unknown == ("note",) and delivery.missing == (
        "included_minutes",
        "included_data_mb",
    )
    assert [file.rows for file in delivery.files] == [1] * 11


def test_casts_parts_of_mixed_kinds_to_text(tmp_path: Path) -> None:
    native = pa.table(
        {
            "plan_id": pa.array(["P2"]).dictionary_encode(),
            "name": pa.array([None], pa.null()),
            "monthly_fee": pa.array([Decimal("86.50")]),
            "included_minutes": pa.array([100.0]),
        }
    )
    _, rows = deliver(
        tmp_path,
        {
            "plan.part-1.csv": PLAN + "P1,a,1\n",
            "plan.part-2.parquet": parquet_bytes(native),
        },
    )
    assert (
        rows[1]["monthly_fee"] == "86.50"
        and rows[1]["included_minutes"] == 100.0
        and rows[1]["_line"] == 1
    )
    assert rows[0]["included_minutes"] is None


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (("plan.csv", "plan.parquet"), "ambiguous_files"),
        (("plan.csv", "plan.part-1.csv"), "ambiguous_files"),
        (("plan.part-1.csv", "plan.part-01.csv"), "ambiguous_files"),
        (("plan.part-1.csv", "plan.part-3.csv"), "part_missing"),
        (("plan.part-2.csv",), "part_missing"),
    ],
)
def test_refuses_files_that_could_count_rows_twice_or_not_at_all(
    tmp_path: Path, names: tuple[str, ...], key: str
) -> None:
    assert refused(tmp_path, {name: PLAN + f"{name},a,1\n" for name in names})[0] == key


def test_refuses_the_same_part_twice(tmp_path: Path) -> None:
    text = PLAN + "P1,a,1\n"
    key, facts = refused(tmp_path, {"plan.part-1.csv": text, "plan.part-2.csv": text})
    assert (key, facts["file"], facts["same_as"]) == (
        "duplicate_part",
        "plan.part-2.csv",
        "plan.part-1.csv",
    )


def test_refuses_only_the_table_concerned(tmp_path: Path) -> None:
    files = {
        "plan.csv": "x",
        "prepaid_balance.csv": "customer_id,balance_amount\nC1,5\n",
    }
    assert extract_files(tmp_path, files).state == "refused"
    assert read_rows(tmp_path, "prepaid_balance")[0]["customer_id"] == "C1"


def test_names_files_of_no_table(tmp_path: Path) -> None:
    source = open_source(
        put_files(
            tmp_path,
            {
                "plan.csv": PLAN,
                "PLAN2.csv": "",
                "bill.txt": "",
                "~$plan.xlsx": "",
                ".DS_Store": "",
            },
        )
    )
    assert source.unknown_files(MONTH) == (
        ".DS_Store",
        "PLAN2.csv",
        "bill.txt",
        "~$plan.xlsx",
    )


def test_fingerprints_names_and_content(tmp_path: Path) -> None:
    source = open_source(put_files(tmp_path, {"plan.csv": PLAN}))
    first = source.fingerprint(MONTH)
    os.utime(tmp_path / "source" / "2026-10" / "plan.csv", (0, 0))
    assert source.fingerprint(MONTH) == first and first is not None and len(first) == 64
    put_files(tmp_path, {"plan.csv": PLAN + "P1,a,1\n"})
    assert source.fingerprint(MONTH) != first


def test_says_when_the_month_is_not_there(tmp_path: Path) -> None:
    source = open_source(put_files(tmp_path, {}))
    for ask in (
        source.fingerprint,
        source.unknown_files,
        lambda m: source.extract(m, tmp_path / "out"),
    ):
        with pytest.raises(SourceNotReady, match=r"source\.month_missing"):
            ask(Month.parse("2026-11"))
    with pytest.raises(SourceNotReady, match=r"source\.not_there"):
        open_source(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"source\.unknown_spec"):
        open_source(__file__)


def test_notices_a_file_that_moves_while_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put_files(tmp_path, {"plan.csv": PLAN + "P1,a,1\n"})
    month = folder / str(MONTH)

    def grow(*arguments: Any) -> Any:
        with open(month / "plan.csv", "a") as file:
            file.write("P2,b,2\n")
        return detect_encoding(*arguments)

    monkeypatch.setattr(csv_file, "detect_encoding", grow)
    with pytest.raises(SourceNotReady, match=r"source\.growing"):
        open_source(folder).extract(MONTH, tmp_path / "out")
    assert not (tmp_path / "out" / ".staging").exists()


def test_notices_a_part_that_arrives_while_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put_files(tmp_path, {"plan.part-1.csv": PLAN + "P1,a,1\n"})

    def arrive(*arguments: Any) -> Any:
        put_files(tmp_path, {"plan.part-2.csv": PLAN + "P2,b,2\n"})
        return detect_encoding(*arguments)

    monkeypatch.setattr(csv_file, "detect_encoding", arrive)
    with pytest.raises(SourceNotReady, match=r"source\.growing"):
        open_source(folder).extract(MONTH, tmp_path / "out")


def test_removes_what_an_earlier_try_wrote(tmp_path: Path) -> None:
    deliver(tmp_path, {"plan.csv": PLAN + "P1,a,1\n"})
    assert refused(tmp_path, {"plan.csv": ""})[0] == "empty_file"


def test_an_unwritable_folder_is_a_storage_error(tmp_path: Path) -> None:
    source = open_source(put_files(tmp_path, {"plan.csv": PLAN}))
    (tmp_path / "out").write_text("a file stands where the folder should be")
    with pytest.raises(StorageError, match=r"source\.cannot_write"):
        source.extract(MONTH, tmp_path / "out")


def test_keeps_native_parquet_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "Bill_ID ": pa.array(["B1"]).cast(pa.large_string()),
            "service_id": pa.array(["S1"]).dictionary_encode(),
            "customer_id": pa.array([12345], pa.int64()),
            "bill_month": ["2026-10"],
            "billed_amount": pa.array([Decimal("86.50")], pa.decimal128(18, 2)),
            "adjustment_amount": pa.array([0.1]),
            "due_on": pa.array([dt.date(2026, 11, 20)]),
            "is_paid": [True],
            "seen_at": pa.array(
                [dt.datetime(2026, 10, 31, 12)], pa.timestamp("ns", "Asia/Shanghai")
            ),
            "tags": [["a", "b"]],
            "raw": [b"\xff"],
            "_file": ["theirs"],
        }
    )
    delivery, rows = deliver(tmp_path, {"bill.parquet": parquet_bytes(table)}, "bill")
    assert (
        delivery.unknown == ("is_paid", "seen_at", "tags", "raw", "__file")
        and not delivery.missing
    )
    types = {
        field.name: str(field.type)
        for field in pq.read_schema(tmp_path / "out" / "extract_bill.parquet")
    }
    assert types == {
        "bill_id": "string",
        "service_id": "string",
        "customer_id": "int64",
        "bill_month": "string",
        "billed_amount": "decimal128(18, 2)",
        "adjustment_amount": "double",
        "due_on": "date32[day]",
        "is_paid": "bool",
        "seen_at": "timestamp[ns, tz=Asia/Shanghai]",
        "tags": "string",
        "raw": "string",
        "__file": "string",
        "_file": "string",
        "_line": "int64",
        "_fault": "string",
    }
    assert (
        rows[0]["billed_amount"] == Decimal("86.50") and rows[0]["__file"] == "theirs"
    )


def test_refuses_parquet_that_cannot_be_trusted(tmp_path: Path) -> None:
    whole = parquet_bytes(PLANS)
    assert deliver(tmp_path, {"plan.parquet": whole})[0].rows == 2
    assert refused(tmp_path, {"plan.parquet": b""})[0] == "empty_file"
    assert refused(tmp_path, {"plan.parquet": PLAN})[0] == "not_parquet"
    assert refused(tmp_path, {"plan.parquet": whole[:-9]})[0] == "parquet_truncated"
    assert (
        refused(tmp_path, {"plan.parquet": b"PAR1" + bytes(40) + b"PAR1"})[0]
        == "parquet_damaged"
    )
    assert (
        refused(tmp_path, {"plan.parquet": parquet_bytes(PLANS.drop(["name"]))})[0]
        == "missing_column"
    )
    assert refused(
        tmp_path,
        {"plan.parquet": parquet_bytes(PLANS.append_column("NAME", PLANS["name"]))},
    )[0] == ("duplicate_header")
    nested = PLANS.set_column(1, "name", pa.array([["a"], ["b"]]))
    assert (
        refused(tmp_path, {"plan.parquet": parquet_bytes(nested)})[0] == "nested_column"
    )


def test_empty_parquet_is_empty(tmp_path: Path) -> None:
    assert (
        deliver(tmp_path, {"plan.parquet": parquet_bytes(PLANS.slice(0, 0))})[0].state
        == "empty"
    )


def test_writes_row_groups_of_one_size(tmp_path: Path) -> None:
    many = pa.table(
        {
            "plan_id": [f"P{i}" for i in range(300_000)],
            "name": ["a"] * 300_000,
            "monthly_fee": [1] * 300_000,
        }
    )
    deliver(tmp_path, {"plan.parquet": parquet_bytes(many, row_group_size=70_000)})
    meta = pq.read_metadata(tmp_path / "out" / "extract_plan.parquet")
    assert [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] == [
        122_880,
        122_880,
        54_240,
    ]


def _test_data() -> Path:
    default = Path(__file__).parents[3] / "shared" / "data"
    return Path(os.environ.get("RETENTION_TEST_DATA", default)) / "contract"


@pytest.mark.parametrize(
    ("source", "month", "rows"),
    [("megaline", "2018-10", 418), ("uci", "2005-08", 30_000)],
)
def test_reads_real_months(tmp_path: Path, source: str, month: str, rows: int) -> None:
    folder = _test_data() / source
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set RETENTION_TEST_DATA")
    deliveries = {
        d.table: d for d in open_source(folder).extract(Month.parse(month), tmp_path)
    }
    assert not [d for d in deliveries.values() if d.state == "refused"]
    assert [deliveries[t].rows for t in ("customer", "service", "bill")] == [rows] * 3
    assert deliveries["target"].state == "absent"
