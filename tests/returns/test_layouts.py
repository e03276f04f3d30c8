"""A filled book is read whatever order its columns are in: those sent out before come back too."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.documents.workbooks import workbook as wb
from pipelines.documents.workbooks.columns import Column
from pipelines.returns.filled import read_return
from tests.documents.books import KEY, labels, order, stamp

# As the columns stood while script and ids were on the first sheet.
FORMER_NAMES = [
    "rank",
    "customer_name",
    "phone",
    "list_title",
    "reasons",
    "amount",
    "due_on",
    "action",
    "also_on",
    "evidence",
    "outcome",
    "row_id",
    "contacted_on",
    "promised_amount",
    "promised_on",
    "note",
    "script",
    "order_id",
    "customer_id",
    "service_id",
    "signature",
]
ANSWER = {"outcome": "已缴费", "contacted_on": "2026-11-09", "note": "同意"}


def list_former_columns() -> tuple[Column, ...]:
    known = {column.name: column for column in wb.WORK_LIST_COLUMNS}
    known["script"] = Column("script", 60, is_remark=True)
    return tuple(known[name] for name in FORMER_NAMES)


@pytest.mark.parametrize("is_former", [True, False], ids=["former", "present"])
def test_a_signed_answer_is_taken_from_either_layout(
    tmp_path: Path, is_former: bool
) -> None:
    rows = [order(1, order_id="202610-AAAAAAAAAAAA", script="您好", **ANSWER), order(2)]
    columns = list_former_columns() if is_former else wb.WORK_LIST_COLUMNS
    book = wb.WorkList(stamp(), "M001", rows, columns=columns, is_bare=is_former)
    path = tmp_path / "book.xlsx"
    wb.write_work_list(path, book, labels(), KEY)

    read = read_return(path, KEY, must_sign=True)
    assert read.unfilled == 1
    (row,) = read.rows
    assert row.refusal is None and row.is_signed
    assert (row.order_id, row.outcome, row.note) == (
        "202610-AAAAAAAAAAAA",
        "paid",
        "同意",
    )
