"""What the command line shows of a month: its state, its tables, files of them, and no person."""

from __future__ import annotations

import csv
import json
import warnings
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from pipelines.documents.table_files import TABLE_ALIASES
from pipelines.store.lake import MonthFolder
from tests.cli.conftest import Retention
from tests.support.small import MONTH, Town, row, run_town, write_csv

pytestmark = pytest.mark.filterwarnings("ignore:'get_text_stream':DeprecationWarning")


@pytest.mark.parametrize("command", ["status", "kpi", "lists"])
def test_looking_draws_or_prints_json(
    retention: Retention, copied: Path, command: str
) -> None:
    drawn, printed = retention(command, MONTH), retention(command, MONTH, "--json")
    assert drawn.code == printed.code == 0 and len(drawn.out.splitlines()) > 5
    assert json.loads(printed.out)


def test_drawing_uses_nothing_that_will_go(retention: Retention, copied: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert retention("lists", MONTH).code == 0


def test_status_without_a_month_lists_what_is_held(
    retention: Retention, copied: Path
) -> None:
    (row,) = json.loads(retention("status", "--json").out)
    assert (row["month"], row["version"], row["is_sealed"], row["withheld"]) == (
        "2026-08",
        1,
        False,
        0,
    )
    assert "2026-08" in retention("status").out
    assert retention("status", "--home", "elsewhere").code == 0


def test_status_names_the_deadlines_and_how_they_stand(
    retention: Retention, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pipelines.cli.commands.month.local_today", lambda: date(2026, 9, 8)
    )
    content = json.loads(retention("status", MONTH, "--json").out)
    assert [
        (row["due_on"], row["name"], row["state"]) for row in content["deadlines"]
    ] == [
        ("2026-09-03", "dispatch", "overdue"),
        ("2026-09-04", "appraisal", "overdue"),
        ("2026-09-04", "unclaimed", "overdue"),
        ("2026-09-10", "new_high_value", "due"),
        ("2026-09-11", "quality_analysis", "due"),
        ("2026-09-11", "service_bulletin", "by_hand"),
    ]
    said = retention("status", MONTH, "--lang", "en").out
    assert (
        "2026-09-04  overdue  monthly appraisal: results  report_pay: missing: appraisal_input"
        in said
    )
    assert (
        "2026-09-10  待办  新增高端分配、发卡"
        in retention("status", MONTH, "--lang", "zh").out
    )
    assert content["has_development_key"] is False


@pytest.mark.parametrize(
    "table",
    [
        "kpi_monthly",
        "dispatch_order",
        "dispatch_why_not",
        "quarantine",
        "validate_result",
        "snapshot_customer",
    ],
)
def test_tables_are_shown(retention: Retention, copied: Path, table: str) -> None:
    answer = retention("show", table, MONTH, "--json")
    rows = [json.loads(line) for line in answer.out.splitlines()]
    held = (
        MonthFolder(copied / "home", MONTH)
        .version()
        .table(TABLE_ALIASES.get(table, table))
    )
    assert answer.code == 0 and len(rows) == pq.ParquetFile(held).metadata.num_rows
    assert retention("show", table, MONTH).code == 0


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("score_churn", "no champion model"),
        ("nothing", "nothing"),
        ("dispatch_list", ""),
    ],
)
def test_a_table_that_is_not_computed_says_why(
    retention: Retention, copied: Path, table: str, why: str
) -> None:
    answer = retention("show", table, MONTH)
    assert (answer.code, why in answer.err) == (2 if why else 0, True)


def test_another_version_is_shown_on_demand(retention: Retention, copied: Path) -> None:
    assert retention("show", "kpi_monthly", MONTH, "--version", 1).code == 0
    assert retention("show", "kpi_monthly", MONTH, "--version", 2).code == 2


def test_a_table_goes_to_a_file_of_each_kind(
    retention: Retention, copied: Path
) -> None:
    for kind in ("csv", "parquet", "xlsx"):
        answer = retention(
            "show", "snapshot_customer", MONTH, "--out", f"deep/t.{kind}", "--json"
        )
        assert (answer.code, json.loads(answer.out)["rows"]) == (0, 3)
    frame = pq.read_table(copied / "deep" / "t.parquet").to_pylist()
    assert [r["customer_id"] for r in frame] == ["=bob", "ann", "cat"]
    sheet = (
        CalamineWorkbook.from_path(str(copied / "deep" / "t.xlsx"))
        .get_sheet_by_index(0)
        .to_python()
    )
    assert [line[0] for line in sheet] == ["customer_id", "=bob", "ann", "cat"]
    assert (
        retention("show", "snapshot_customer", MONTH, "--out", "t.txt").code == 2
        and not (copied / "t.txt").exists()
    )


def test_no_text_in_a_csv_is_a_formula(retention: Retention, copied: Path) -> None:
    retention("show", "snapshot_customer", MONTH, "--out", "t.csv")
    retention("show", "snapshot_bill", MONTH, "--out", "b.csv")
    with (copied / "t.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [row["customer_id"] for row in csv.DictReader(stream)] == [
            "'=bob",
            "ann",
            "cat",
        ]
    with (copied / "b.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert {row["billed_amount"] for row in csv.DictReader(stream)} == {"100"}


@pytest.mark.parametrize("table", ["snapshot_person", "extract_customer"])
@pytest.mark.parametrize("kind", ["screen", "json", "csv", "parquet"])
def test_personal_data_are_masked_however_they_are_shown(
    retention: Retention, copied: Path, table: str, kind: str
) -> None:
    extra = {"screen": (), "json": ("--json",)}.get(kind, ("--out", f"t.{kind}"))
    text = retention("show", table, MONTH, *extra).out
    if kind in ("csv", "parquet"):
        text = str(duckdb.sql(f"SELECT * FROM '{copied}/t.{kind}'").fetchall())
    assert "13812345678" not in text and "HYPERLINK" not in text
    assert kind == "screen" or "138****5678" in text


def test_raw_text_of_unknown_columns_is_masked_or_left_out(
    retention: Retention, tmp_path: Path
) -> None:
    town = Town().person("ann")
    town.tables["customer"][0]["mobile_2"] = "13900009999"
    run_town(tmp_path / "home", town, tmp_path / "source")
    assert (
        "13900009999" not in retention("show", "extract_customer", MONTH, "--json").out
    )


def test_export_and_twin_write_and_say_so(retention: Retention, copied: Path) -> None:
    answer = retention("export", MONTH, "--out", "out", "--json")
    assert answer.code == 0 and sorted(json.loads(answer.out)["files"]) == sorted(
        p.name for p in (copied / "out").iterdir()
    )
    made = retention(
        "twin", "--services", 100, "--months", 1, "--seed", 1, "--out", "twin", "--json"
    )
    assert (made.code, json.loads(made.out)["months"]) == (0, 1) and (
        copied / "twin" / "2026-08" / "customer.parquet"
    ).exists()


def test_daily_answers_in_both_forms_and_refuses_what_is_no_day(
    retention: Retention, tmp_path: Path
) -> None:
    run_town(tmp_path / "home", Town().person("ann"), tmp_path / "source")
    line = row("service", MONTH, service_id="ann-1", status="suspended_arrears")
    write_csv(
        tmp_path / "source" / "daily" / "2026-09-08" / "service.csv", "service", [line]
    )
    said = retention("daily", "2026-09-08", "--source", "source", "--json")
    content = json.loads(said.out)
    assert (said.code, content["orders"]) == (12, 1)
    assert content["not_computed"]["daily_suspended"] == "absent: status_change"
    said = retention(
        "daily", "2026-09-08", "--source", "source", "--lang", "en", "--out", "out"
    )
    assert (
        "Orders of the day, added to those of 2026-08: 1" in said.out
        and "daily_arrears" in said.err
    )
    assert any((tmp_path / "out").glob("2026-09-08_manager_*.xlsx"))
    assert retention("daily", "8.9.2026", "--source", "source").code == 2
    assert retention("daily", "2026-09-09", "--source", "source").code == 11
