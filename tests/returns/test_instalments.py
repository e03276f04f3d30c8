"""Instalments of a promise as they come back: whole, one after the other, or refused by row with the column."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.returns.filled import ReturnedRow, list_input_cells, read_return
from pipelines.sources.office.instalments import Instalment
from tests.documents.books import KEY

HEAD = (
    "order_id,outcome,contacted_on,promised_amount,promised_on,"
    "promised_amount_2,promised_on_2,promised_amount_3,promised_on_3"
)


def read_row(folder: Path, cells: str, head: str = HEAD) -> ReturnedRow:
    """Read a list of one order back."""
    path = folder / "answers.csv"
    order = "202609-AAAAAAAAAAAA,promised,2026-10-08"
    path.write_text(f"{head}\n{order},{cells}\n", encoding="utf-8")
    [row] = read_return(path, KEY).rows
    return row


def test_three_instalments_come_in_and_go_back_as_they_were(tmp_path: Path) -> None:
    row = read_row(tmp_path, "50,2026-10-10,30.5,10月20日,20,2026/11/5")
    assert row.refusal is None
    assert row.later == (
        Instalment(Decimal("30.50"), date(2026, 10, 20)),
        Instalment(Decimal("20.00"), date(2026, 11, 5)),
    )
    cells = list_input_cells(row)
    assert cells["promised_on_2"] == date(2026, 10, 20)
    assert cells["promised_amount_3"] == Decimal("20.00")


def test_a_list_without_the_columns_is_a_promise_of_one_day(tmp_path: Path) -> None:
    head = ",".join(HEAD.split(",")[:5])
    row = read_row(tmp_path, "50,2026-10-10", head)
    assert row.refusal is None and row.later == ()


@pytest.mark.parametrize(
    ("cells", "key", "column"),
    [
        ("50,2026-10-10,30,,,", "needs", "promised_on_2"),
        ("50,2026-10-10,,2026-10-20,,", "needs", "promised_amount_2"),
        ("50,2026-10-10,,,20,2026-11-05", "needs", "promised_amount_2"),
        ("50,2026-10-10,30,2026-10-10,,", "early_instalment", "promised_on_2"),
        ("50,2026-10-10,30,2026-10-20,20,2026-10-19", "early_instalment", "promised_on_3"),
        ("50,2026-10-10,30,soon,,", "bad_date", "promised_on_2"),
        ("50,2026-10-10,-3,2026-10-20,,", "bad_amount", "promised_amount_2"),
        ("50,2026-10-10,30,2026-10-20,a lot,2026-11-05", "bad_amount", "promised_amount_3"),
    ],
)  # fmt: skip
def test_what_is_no_instalment_is_refused_with_its_column(
    tmp_path: Path, cells: str, key: str, column: str
) -> None:
    refusal = read_row(tmp_path, cells).refusal
    assert refusal is not None
    assert (refusal.key, refusal.column) == (key, column)
