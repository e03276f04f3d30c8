"""Views: content first, personal data masked, and files a spreadsheet cannot take for formulas."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from pipelines.catalogue.outputs import load_kpis, load_lists
from pipelines.core.errors import UsageError
from pipelines.documents.month_view import (
    read_lists_with_why_not,
    summarise_months,
    summarise_outcome,
)
from pipelines.documents.table_files import (
    _make_csv_cell,
    make_json_value,
    read_masked_rows,
    write_table_file,
)
from pipelines.store.lake import MonthFolder
from pipelines.text.units import format_figure, write_plain_cell
from tests.support.small import read, read_people, twin_operator

FORMULAS = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_like_a_formula_is_quoted(text: str) -> None:
    assert _make_csv_cell(text) == "'" + text


def test_numbers_days_and_plain_text_are_left_alone() -> None:
    assert _make_csv_cell(Decimal("-45.00")) == "-45" and _make_csv_cell(-5) == -5
    assert _make_csv_cell("a=b") == "a=b" and _make_csv_cell(date(2026, 8, 1)) == date(
        2026, 8, 1
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1000.00", "1000"),
        ("0.10", "0.1"),
        ("0.00", "0"),
        ("-12.30", "-12.3"),
        ("9999999999999999.99", "9999999999999999.99"),
    ],
)
def test_decimals_are_written_without_needless_zeros(value: str, expected: str) -> None:
    assert write_plain_cell(Decimal(value)) == expected


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.12344, "ratio", "12.34%"),
        (1234.5, "amount", "1,234.50"),
        (12.0, "count", "12"),
        (None, "ratio", "–"),
        (3.456, "per_10k", "3.46"),
    ],
)
def test_figures_in_words(value: float | None, unit: str, words: str) -> None:
    assert format_figure(value, unit) == words


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("86.50"), 86.5),
        (Decimal("9999999999999999.99"), "9999999999999999.99"),
        (date(2026, 8, 1), "2026-08-01"),
        (datetime(2026, 8, 1, 2), "2026-08-01T02:00:00"),
    ],
)
def test_json_values_are_exact(value: object, expected: object) -> None:
    assert make_json_value(value) == expected and json.dumps(make_json_value(value))


@pytest.mark.parametrize("table", ["snapshot_person", "extract_customer"])
def test_personal_data_are_masked_wherever_a_table_is_read(table: str) -> None:
    people = {r["phone"] for r in read_people(twin_operator().version) if r["phone"]}
    shown = {
        r["phone"]
        for r in read_masked_rows(twin_operator().version, table)
        if r["phone"]
    }
    assert shown and not people & shown and all("*" in phone for phone in shown)


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_a_table_is_written_whole(tmp_path: Path, kind: str) -> None:
    out, rows = tmp_path / f"kpi.{kind}", read(twin_operator().version, "kpi_monthly")
    assert write_table_file(twin_operator().version, "kpi_monthly", out) == len(rows)
    if kind == "parquet":
        assert pq.read_table(out).to_pylist() == rows
    elif kind == "csv":
        assert len(out.read_text(encoding="utf-8-sig").splitlines()) == len(rows) + 1
    else:
        assert (
            len(CalamineWorkbook.from_path(str(out)).get_sheet_by_index(0).to_python())
            == len(rows) + 1
        )


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="show.bad_out"):
        write_table_file(twin_operator().version, "kpi_monthly", tmp_path / "kpi.ods")
    assert not list(tmp_path.iterdir())


def test_an_outcome_names_what_was_held_back_and_why() -> None:
    first = MonthFolder(twin_operator().home, twin_operator().months[0]).version()
    found = summarise_outcome(first)
    assert (
        found["not_computed"]["churn_rate.start_base"] == "not held: 2026-05"
        and found["withheld"] == {}
    )
    known = {f"{k.name}.{v}" for k in load_kpis() for v in k.variants} | {
        spec.name for spec in load_lists()
    }
    assert set(found["not_computed"]) <= known


def test_lists_come_with_their_why_nots() -> None:
    for row in read_lists_with_why_not(twin_operator().version):
        assert sum(row["why_not"].values()) == row["left_out_count"]


def test_months_held_are_listed() -> None:
    months = summarise_months(twin_operator().home)
    assert [m["month"] for m in months] == ["2026-06", "2026-07", "2026-08"] and {
        m["version"] for m in months
    } == {1}
