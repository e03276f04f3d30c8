"""Workbooks edited in hostile ways and handed back: every filled row is taken or refused with a reason, none is lost."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from pipelines.returns.corrected import SentOut, write_corrected
from tests.e2e.returns.edits import (
    ALL,
    ANSWERS,
    EDITS,
    Edit,
    as_told,
    cell,
    edited,
    judged,
)
from tests.support.office import answers_of, reading, rows_of, taken
from tests.support.small import KEY


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_every_filled_row_is_taken_or_refused_and_none_is_lost(
    edit: Edit, sent: dict[str, Path], office: Path, tmp_path: Path
) -> None:
    path = edited(sent, edit, tmp_path)
    receipt = taken(office, path)
    assert judged(receipt) == as_told(edit)
    assert len(answers_of(office)) == edit.accepted
    again = taken(office, path)
    assert (again.accepted, again.unchanged, len(again.refused)) == (
        0, edit.accepted + edit.unchanged, len(edit.refused),
    )  # fmt: skip
    assert len(answers_of(office)) == edit.accepted


def test_what_is_taken_is_what_was_filled_in(
    sent: dict[str, Path], office: Path, tmp_path: Path
) -> None:
    taken(office, edited(sent, EDITS[0], tmp_path))
    nothing = {
        "contacted_on": None,
        "promised_amount": None,
        "promised_on": None,
        "note": "",
    }
    assert answers_of(office) == [
        {"customer_id": who, **nothing, **answer} for who, answer in ANSWERS.items()
    ]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("=1+1", "=1+1"),
        ("='打了", "='打了"),
        ("+86 138", "+86 138"),
        ("@SUM(A1)", "@SUM(A1)"),
        ("#N/A", "#N/A"),
    ],
)
def test_a_note_is_kept_as_the_text_it_is(
    sent: dict[str, Path], office: Path, tmp_path: Path, typed: str, kept: str
) -> None:
    path = edited(sent, EDITS[0], tmp_path)
    book = openpyxl.load_workbook(path)
    place = cell(book.worksheets[0], "cat", "note")
    place.value = typed
    book.save(path)
    assert judged(taken(office, path)) == (ALL, 0, Counter())
    assert [
        row["note"] for row in answers_of(office) if row["customer_id"] == "cat"
    ] == [kept]


def test_a_note_that_went_back_is_inert(
    sent: dict[str, Path], home: Path, tmp_path: Path
) -> None:
    """The refused row's note stands in the workbook to be corrected as text, not as a formula."""
    path = edited(sent, EDITS[0], tmp_path)
    book = openpyxl.load_workbook(path)
    cell(book.worksheets[0], "cat", "note").value = "=cmd|' /C calc'!A0"
    cell(book.worksheets[0], "cat", "contacted_on").value = "nonsense"
    book.save(path)
    (row,) = [row for row in reading(path).rows if row.refusal]
    back = tmp_path / "back.xlsx"
    write_corrected(back, [row], SentOut(home), "zh", KEY.encode(), "back")
    (found,) = rows_of(back)
    assert found["note"] == "=cmd|' /C calc'!A0"
    sheet = openpyxl.load_workbook(back).worksheets[0]
    assert {
        c.data_type
        for line in sheet.iter_rows()
        for c in line
        if c.value == found["note"]
    } == {"s"}


@pytest.mark.parametrize(
    ("order", "text", "day"),
    [
        ("202608-ABC", "9月5日", date(2026, 9, 5)),
        ("202608-ABC", "09月05日", date(2026, 9, 5)),
        ("202611-ABC", "12月31日", date(2026, 12, 31)),
        ("202611-ABC", "1月3日", date(2027, 1, 3)),
        ("202612-ABC", "1月3日", date(2027, 1, 3)),
        ("202612-ABC", "12月31日", date(2026, 12, 31)),
        ("202701-ABC", "12月31日", date(2027, 12, 31)),
        ("202708-ABC", "2月29日", date(2028, 2, 29)),
        ("202608-ABC", "2月29日", False),
        ("202608-ABC", "13月1日", False),
        ("202608-ABC", "0月1日", False),
        ("202608-ABC", "9/5", False),
        ("whatever", "9月5日", False),
    ],
)
def test_a_day_without_its_year_is_the_first_since_the_orders_month_began(
    tmp_path: Path, order: str, text: str, day: date | bool
) -> None:
    path = tmp_path / "back.csv"
    path.write_text(
        f"order_id,outcome,contacted_on\n{order},paid,{text}\n", encoding="utf-8"
    )
    (row,) = reading(path).rows
    assert (row.contacted_on or False) == day
    assert (row.refusal is None) == bool(day)
