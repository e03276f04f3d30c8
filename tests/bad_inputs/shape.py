"""21 to 32: the shape of a table."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from tests.bad_inputs.container import CLAIMS, NAMES
from tests.bad_inputs.month import Planting, workbook, write_sheet
from tests.bad_inputs.registry import (
    Bad,
    Expected,
    case,
    normalised,
    refusal,
    refused,
    set_aside,
)

CLAIM_FILE = "expense_claim.csv"


@refusal(21)
def duplicate_header(month: Planting, table: str) -> Expected:
    lines = month.lines(table)
    month.send(
        f"{table}.csv", [f"{lines[0]},name", *(f"{line},x" for line in lines[1:])]
    )
    return refused(
        table, "duplicate_header", file=f"{table}.csv", line=1, columns="name"
    )


@refusal(21)
def duplicate_header_after_folding(month: Planting, table: str) -> Expected:
    lines = month.lines(table)
    month.send(
        f"{table}.csv", [f"{lines[0]},ＮＡＭＥ ", *(f"{line},x" for line in lines[1:])]
    )
    return refused(
        table, "duplicate_header", file=f"{table}.csv", line=1, columns="name"
    )


@case(22, "N")
def odd_header(month: Planting) -> Expected:
    header = ' claim_id ,ｍａｎａｇｅｒ＿ｉｄ,\ufefforder_id,"claimed\n_on",Amount,purpose\u3000'
    month.send(CLAIM_FILE, [header, *month.lines(CLAIMS)[1:]])
    return normalised(CLAIMS, notes="header")


@case(23, "N")
def title_rows(month: Planting) -> Expected:
    month.send(
        CLAIM_FILE,
        ["2026年8月费用报销明细,,,,,", ",,,,单位：元,", *month.lines(CLAIMS)],
    )
    return normalised(CLAIMS, notes="title rows skipped: 2")


@case(23, "N")
def two_header_rows(month: Planting) -> Expected:
    month.send(CLAIM_FILE, ["单号,经理,工单,日期,金额,用途", *month.lines(CLAIMS)])
    return normalised(CLAIMS, notes="title rows skipped: 1")


@case(23, "N")
def header_repeated_below(month: Planting) -> Expected:
    lines = month.lines(CLAIMS)
    month.send(CLAIM_FILE, [*lines[:5], lines[0], *lines[5:]])
    return normalised(CLAIMS, notes="repeated header rows dropped: 1")


@case(24, "Q")
def total_row(month: Planting) -> Expected:
    lines = month.lines(CLAIMS)
    month.send(CLAIM_FILE, [*lines, "合计,,,,99999.00,", ",总 计：,,,99999.00,"])
    return set_aside(
        *(
            Bad(CLAIMS, CLAIM_FILE, len(lines) + n, None, None, "total_row")
            for n in (1, 2)
        )
    )


@case(25, "N")
def dressed_up_sheet(month: Planting) -> Expected:
    def dress(book: Any, sheet: Any) -> None:
        sheet.set_row(6, None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})
        sheet.autofilter(0, 0, 12, 5)
        sheet.filter_column(0, "x == nothing")

    month.send_xlsx(CLAIMS, dress)
    return normalised(
        CLAIMS, notes="filtered rows read; hidden columns read; hidden rows read"
    )


@case(25, "N")
def merged_cells(month: Planting) -> Expected:
    month.true(CLAIMS)[4]["purpose"] = ""

    def merge(book: Any, sheet: Any) -> None:
        sheet.merge_range(4, 5, 5, 5, month.rows(CLAIMS)[3]["purpose"])

    month.send_xlsx(CLAIMS, merge)
    return normalised(CLAIMS, notes="merged cells: only the first holds the value")


@case(26, "N")
def blank_lines(month: Planting) -> Expected:
    lines = month.lines(CLAIMS)
    month.send(CLAIM_FILE, [*lines[:3], "", "  ", ",,,,,", *lines[3:]])
    return normalised(CLAIMS, notes="blank rows skipped: 3")


@case(27, "Q")
def ragged(month: Planting) -> Expected:
    lines = month.lines(CLAIMS)
    short, long = lines[4].rsplit(",", 2)[0], f"{lines[7]},more"
    month.send(CLAIM_FILE, [*lines[:4], short, *lines[5:7], long, *lines[8:]])
    return set_aside(
        *(Bad(CLAIMS, CLAIM_FILE, line, None, None, "ragged") for line in (5, 8))
    )


@refusal(28)
def unterminated_quote(month: Planting, table: str) -> Expected:
    lines = month.lines(table)
    lines[6] = lines[6].replace(",", ',"', 1)
    month.send(f"{table}.csv", lines)
    return refused(table, "unterminated_quote", file=f"{table}.csv", line=7)


@refusal(28)
def quote_in_the_middle(month: Planting, table: str) -> Expected:
    lines = month.lines(table)
    lines[6] = lines[6].replace(",", ',"x"y', 1)
    month.send(f"{table}.csv", lines)
    return refused(table, "bad_quote", file=f"{table}.csv", line=7)


@case(29, "N")
def newline_in_a_note(month: Planting) -> Expected:
    notes = ('慰问品,\n鲜花 "一束"', "a\r\nb", ",,,")
    for row, note in zip(month.true(CLAIMS), notes, strict=False):
        row["purpose"] = note
    month.send_csv(CLAIMS)
    return normalised(CLAIMS)


def _two_sheets(month: Planting, table: str, name: str) -> bytes:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        write_sheet(book.add_worksheet("说明"), [["填表说明"], ["请勿修改"]])
        write_sheet(
            book.add_worksheet(name),
            [month.names(table), *(list(r.values()) for r in month.rows(table))],
        )
    return sink.getvalue()


@refusal(30)
def wrong_sheet_first(month: Planting, table: str) -> Expected:
    month.send(f"{table}.xlsx", _two_sheets(month, table, "数据"))
    return refused(table, "wrong_sheet", file=f"{table}.xlsx", sheet=table, sheets=2)


@case(30, "N")
def named_sheet_second(month: Planting) -> Expected:
    month.send("account_manager.xlsx", _two_sheets(month, NAMES, NAMES))
    return normalised(NAMES, notes="sheet read: account_manager")


@refusal(32)
def same_part_twice(month: Planting, table: str) -> Expected:
    for part in (1, 2):
        month.send(f"{table}.part-{part}.csv", month.csv(table))
    return refused(
        table,
        "duplicate_part",
        file=f"{table}.part-2.csv",
        same_as=f"{table}.part-1.csv",
    )


@refusal(32)
def same_table_as_two_files(month: Planting, table: str) -> Expected:
    month.send_csv(table)
    month.send(
        f"{table}.xlsx",
        workbook([month.names(table), *(list(r.values()) for r in month.rows(table))]),
    )
    return refused(table, "ambiguous_files", files=f"{table}.csv, {table}.xlsx")
