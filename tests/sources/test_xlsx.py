"""Workbooks: cell types, sheets, and containers that are traps."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from pipelines.sources import DAMAGED_ID, EXCEL_SERIAL, NO_CACHED_VALUE, Limits
from tests.support.source_files import deliver, refused

PLAN = ["plan_id", "name", "monthly_fee"]
BILL = ["bill_id", "service_id", "customer_id", "bill_month", "billed_amount", "due_on"]


def workbook(
    rows: list[list[Any]],
    change: Callable[[Any, Any], None] | None = None,
    **options: Any,
) -> bytes:
    """Write rows as a workbook of one sheet; `change` may do more to book and sheet."""
    sink = io.BytesIO()
    with xlsxwriter.Workbook(
        sink, {"in_memory": True, "default_date_format": "yyyy-mm-dd", **options}
    ) as book:
        sheet = book.add_worksheet("Sheet1")
        write_sheet(sheet, rows)
        if change:
            change(book, sheet)
    return sink.getvalue()


def write_sheet(sheet: Any, rows: list[list[Any]]) -> None:
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if cell is not None:
                (sheet.write_string if isinstance(cell, str) else sheet.write)(
                    i, j, cell
                )


def rezip(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """Rewrite a workbook's members."""
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return sink.getvalue()


def test_reads_every_cell_as_text(tmp_path: Path) -> None:
    moment = dt.datetime(2026, 10, 31, 12, 0, 0)

    def more(book: Any, sheet: Any) -> None:
        sheet.write_datetime(
            1, 6, moment, book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        )
        sheet.write_formula(1, 7, "=1/0", None, "#DIV/0!")
        sheet.write_formula(1, 8, "=A1", None, "")
        sheet.write_formula(1, 9, "=A1", None, 7)
        sheet.write_boolean(1, 10, True)

    header = [*BILL, "seen_at", "error", "no_value", "value", "flag", "share"]
    row = [
        "00123",
        12345,
        "",
        "2026-10",
        100.0,
        dt.date(2026, 11, 20),
        None,
        None,
        None,
        None,
        None,
        0.1 + 0.2,
    ]
    delivery, rows = deliver(
        tmp_path, {"bill.xlsx": workbook([header, row], more)}, "bill"
    )
    assert rows == [
        {
            **dict(
                zip(
                    BILL,
                    ["00123", "12345", None, "2026-10", "100", "2026-11-20"],
                    strict=True,
                )
            ),
            "seen_at": "2026-10-31 12:00:00",
            "error": f"{NO_CACHED_VALUE}=1/0",
            "no_value": f"{NO_CACHED_VALUE}=A1",
            "value": "7",
            "flag": "true",
            "share": "0.3",
            "_file": "bill.xlsx",
            "_line": 2,
            "_fault": None,
        }
    ]
    assert delivery.files[0].encoding is None and delivery.files[0].notes == ()


def test_marks_ids_a_spreadsheet_damaged(tmp_path: Path) -> None:
    ids = [
        510123199001011234,
        1e15,
        1.5,
        dt.date(2026, 1, 2),
        True,
        10**15 - 1,
        "510123199001011234",
    ]
    _, rows = deliver(
        tmp_path, {"plan.xlsx": workbook([PLAN, *([i, "a", 1] for i in ids)])}
    )
    assert [row["plan_id"] for row in rows] == [
        f"{DAMAGED_ID}5.101231990010113e+17",
        f"{DAMAGED_ID}1000000000000000.0",
        f"{DAMAGED_ID}1.5",
        f"{DAMAGED_ID}2026-01-02",
        f"{DAMAGED_ID}true",
        "999999999999999",
        "510123199001011234",
    ]


@pytest.mark.parametrize(("is_1904", "serial"), [(False, 46326), (True, 46326 - 1462)])
def test_marks_serials_in_date_columns(
    tmp_path: Path, is_1904: bool, serial: int
) -> None:
    rows: list[list[Any]] = [
        BILL,
        ["B1", "S1", "C1", 202610, 1, serial],
        ["B2", "S1", "C1", "x", 1, 20261031],
        ["B3", "S1", "C1", "x", 1, dt.date(2026, 10, 31)],
    ]
    content = workbook(rows, date_1904=is_1904)
    delivery, read = deliver(tmp_path, {"bill.xlsx": content}, "bill")
    assert [row["due_on"] for row in read] == [
        f"{EXCEL_SERIAL}46326",
        "20261031",
        "2026-10-31",
    ]
    assert read[0]["bill_month"] == "202610"
    assert ("dates counted from 1904" in delivery.files[0].notes) is is_1904


def test_keeps_row_numbers_and_reports_what_is_hidden(tmp_path: Path) -> None:
    def hide(book: Any, sheet: Any) -> None:
        sheet.set_row(6, None, None, {"hidden": True})
        sheet.merge_range(7, 2, 7, 3, "merged")
        sheet.autofilter(4, 1, 8, 3)
        sheet.filter_column(1, "x == P1")

    rows: list[list[Any]] = [
        [],
        [None, "2026年10月"],
        [],
        [],
        [None, *PLAN],
        [],
        [None, "P1", "a", 1],
        [None, "P2", None],
    ]
    delivery, read = deliver(
        tmp_path, {"plan.xlsx": workbook([*rows, [None, "合计", None, 1]], hide)}
    )
    assert [
        (row["plan_id"], row["name"], row["_line"], row["_fault"]) for row in read
    ] == [
        ("P1", "a", 7, None),
        ("P2", "merged", 8, None),
        ("合计", None, 9, "total_row"),
    ]
    assert delivery.files[0].notes == (
        "filtered rows read",
        "hidden rows read",
        "merged cells: only the first holds the value",
        "title rows skipped: 1",
        "blank rows skipped: 1",
    )


def test_takes_the_sheet_with_the_tables_name(tmp_path: Path) -> None:
    def add(book: Any, sheet: Any) -> None:
        write_sheet(book.add_worksheet("Plan"), [PLAN, ["P9", "b", 2]])

    delivery, rows = deliver(tmp_path, {"plan.xlsx": workbook([["notes"]], add)})
    assert rows[0]["plan_id"] == "P9" and delivery.files[0].notes == (
        "sheet read: Plan",
    )

    def other(book: Any, sheet: Any) -> None:
        write_sheet(book.add_worksheet("data"), [PLAN, ["P9", "b", 2]])

    assert (
        refused(tmp_path, {"plan.xlsx": workbook([["notes"]], other)})[0]
        == "wrong_sheet"
    )
    assert (
        deliver(tmp_path, {"plan.xlsx": workbook([PLAN, ["P1", "a", 1]], other)})[1][0][
            "plan_id"
        ]
        == "P1"
    )


def test_refuses_sheets_without_the_columns(tmp_path: Path) -> None:
    assert (
        refused(tmp_path, {"plan.xlsx": workbook([["P1", "a", "1"]])})[0] == "no_header"
    )
    assert refused(tmp_path, {"plan.xlsx": workbook([PLAN[:2]])})[0] == "missing_column"
    assert (
        refused(tmp_path, {"plan.xlsx": workbook([[*PLAN, "name"]])})[0]
        == "duplicate_header"
    )
    assert refused(tmp_path, {"plan.xlsx": workbook([])})[0] == "empty_file"
    assert deliver(tmp_path, {"plan.xlsx": workbook([PLAN])})[0].state == "empty"


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "empty_file"),
        (b"\r\n<html><table><tr><td>plan_id", "xlsx_is_html"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "xlsx_is_xls"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
            + bytes(600)
            + "EncryptedPackage".encode("utf-16-le"),
            "xlsx_password",
        ),
        (b"plan_id,name\n", "not_xlsx"),
        (b"PK\x03\x04" + bytes(100), "xlsx_damaged"),
    ],
)
def test_says_what_a_file_named_xlsx_really_is(
    tmp_path: Path, content: bytes, key: str
) -> None:
    assert refused(tmp_path, {"plan.xlsx": content})[0] == key


def test_refuses_archives_that_are_traps(tmp_path: Path) -> None:
    good = workbook([PLAN, ["P1", "a", 1]])
    assert deliver(tmp_path, {"plan.xlsx": good})[0].rows == 1
    assert refused(tmp_path, {"plan.xlsx": good[:-30]})[0] == "xlsx_damaged"

    padded = rezip(
        good,
        lambda name, data: (
            data + b" " * 3_000_000 if name.endswith("sheet1.xml") else data
        ),
    )
    assert refused(tmp_path, {"plan.xlsx": padded})[0] == "archive_bomb"  # by ratio
    assert (
        refused(tmp_path, {"plan.xlsx": good}, limits=Limits(xlsx_bytes=1000))[0]
        == "archive_bomb"
    )

    for evil in ("../evil.txt", "/etc/evil", "a\\..\\..\\evil", "C:/evil"):
        sink = io.BytesIO(good)
        with zipfile.ZipFile(sink, "a") as file:
            file.writestr(evil, b"")
        assert refused(tmp_path, {"plan.xlsx": sink.getvalue()})[0] == "archive_slip"

    nested = io.BytesIO(good)
    with zipfile.ZipFile(nested, "a") as file:
        file.writestr("xl/embeddings/more.zip", good)
    assert deliver(tmp_path, {"plan.xlsx": nested.getvalue()})[0].rows == 1


def test_refuses_a_member_larger_than_it_declares(tmp_path: Path) -> None:
    good = workbook([PLAN, ["P1", "a", 1]])
    padded = rezip(
        good,
        lambda name, data: (
            data + b" " * 900_000 if name.endswith("sheet1.xml") else data
        ),
    )
    with zipfile.ZipFile(io.BytesIO(good)) as file:
        small = file.getinfo("xl/worksheets/sheet1.xml").file_size
    with zipfile.ZipFile(io.BytesIO(padded)) as file:
        large = file.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = padded.replace(struct.pack("<I", large), struct.pack("<I", small))
    assert refused(tmp_path, {"plan.xlsx": lying})[0] == "archive_bomb"


def test_a_cell_in_the_far_corner_costs_its_own_row_alone(tmp_path: Path) -> None:
    """As a rectangle the sheet would have 17 billion cells."""
    content = workbook(
        [PLAN, ["P1", "a", 1]], lambda book, sheet: sheet.write(1_048_575, 16_383, 1)
    )
    delivery, rows = deliver(tmp_path, {"plan.xlsx": content})
    assert [(row["_line"], row["_fault"]) for row in rows] == [
        (2, None),
        (1_048_576, "ragged"),
    ]
    assert delivery.files[0].notes == ("blank rows skipped: 1048573",)
    assert (
        refused(tmp_path, {"plan.xlsx": content}, limits=Limits(xlsx_cells=6))[0]
        == "sheet_too_large"
    )


def cut_half(member: str, name: str, data: bytes) -> bytes:
    """Lose half of one member of a workbook."""
    return data[: len(data) // 2] if name == member else data


def test_refuses_damaged_members(tmp_path: Path) -> None:
    good = workbook([PLAN, ["P1", "a", 1]])
    for member in (
        "xl/workbook.xml",
        "xl/worksheets/sheet1.xml",
        "xl/sharedStrings.xml",
    ):
        cut = rezip(good, partial(cut_half, member))
        assert refused(tmp_path, {"plan.xlsx": cut})[0] == "xlsx_damaged", member
    entity = (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><workbook>&b;</workbook>'
    )
    doctype = rezip(
        good, lambda name, data: entity if name == "xl/workbook.xml" else data
    )
    assert refused(tmp_path, {"plan.xlsx": doctype})[0] == "xlsx_damaged"
    with zipfile.ZipFile(io.BytesIO(good)) as file:
        info = file.getinfo("xl/worksheets/sheet1.xml")
    broken = bytearray(good)
    broken[info.header_offset + 60] ^= 0xFF
    assert refused(tmp_path, {"plan.xlsx": bytes(broken)})[0] in (
        "xlsx_damaged",
        "archive_bomb",
    )


def test_reads_a_sheet_longer_than_a_block(tmp_path: Path) -> None:
    rows = [[f"P{i}", "a" * (i % 50), i / 100] for i in range(30_000)]
    _, read = deliver(
        tmp_path,
        {"plan.xlsx": workbook([PLAN, *rows])},
        limits=Limits(batch_rows=7_000),
    )
    assert (
        len(read) == 30_000
        and read[-1]["_line"] == 30_001
        and read[-1]["monthly_fee"] == "299.99"
    )
