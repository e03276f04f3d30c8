"""1 to 20: encodings and containers."""

from __future__ import annotations

import gzip
import io
import os
import re
import zipfile
from itertools import cycle

from tests.bad_inputs.month import Planting
from tests.bad_inputs.registry import (
    Bad,
    Expected,
    case,
    normalised,
    refusal,
    refused,
    set_aside,
)

NAMES = "account_manager"
CLAIMS = "expense_claim"


@case(1, "N")
def gbk(month: Planting) -> Expected:
    month.send("account_manager.csv", month.csv(NAMES).encode("gbk"))
    return normalised(NAMES, encoding="gb18030")


@case(1, "N")
def gbk_with_personal_names(month: Planting) -> Expected:
    month.send("customer.csv", month.csv("customer").encode("gbk"))
    return normalised("customer", encoding="gb18030")


@case(2, "N")
def rare_characters(month: Planting) -> Expected:
    for row, name in zip(month.true(NAMES), ("𠮷田", "䶮"), strict=False):
        row["name"] = name
    month.send("account_manager.csv", month.csv(NAMES).encode("gb18030"))
    return normalised(NAMES, encoding="gb18030")


@case(3, "N")
def bom(month: Planting) -> Expected:
    month.send("account_manager.csv", month.csv(NAMES).encode("utf-8-sig"))
    return normalised(NAMES, encoding="utf-8-sig")


@case(4, "N")
def utf_16(month: Planting) -> Expected:
    text = month.csv(NAMES, delimiter="\t", end="\r\n")
    month.send("account_manager.csv", b"\xff\xfe" + text.encode("utf-16-le"))
    return normalised(NAMES, encoding="utf-16-le", delimiter="\t")


@refusal(4)
def utf_16_without_bom(month: Planting, table: str) -> Expected:
    month.send(f"{table}.csv", month.csv(table).encode("utf-16-le"))
    return refused(table, "nul_byte", file=f"{table}.csv", line=1)


@case(5, "Q")
def broken_byte(month: Planting) -> Expected:
    name = month.rows(NAMES)[3]["name"]
    month.send("account_manager.csv", month.csv(NAMES).encode("gbk"))
    lines = month.files["account_manager.csv"].split(b"\n")
    lines[4] = lines[4].replace(name.encode("gbk"), name[0].encode("gbk") + b"\xff")
    month.files["account_manager.csv"] = b"\n".join(lines)
    return set_aside(
        Bad(NAMES, "account_manager.csv", 5, "name", f"{name[0]}\ufffd", "not_a_text")
    )


@refusal(6)
def mojibake(month: Planting, table: str) -> Expected:
    for row in month.rows(table):
        row["name"] = row["name"].encode().decode("gb18030", "replace")
    month.send_csv(table)
    return refused(table, "mojibake", file=f"{table}.csv")


@refusal(7)
def mixed_encodings(month: Planting, table: str) -> Expected:
    codecs = cycle(["utf-8", "gbk"])
    month.send(
        f"{table}.csv",
        b"\n".join(line.encode(next(codecs)) for line in month.lines(table)),
    )
    return refused(table, "mixed_encodings", file=f"{table}.csv")


@refusal(8)
def nul_byte(month: Planting, table: str) -> Expected:
    month.rows(table)[5]["name"] += "\0"
    month.send_csv(table)
    return refused(table, "nul_byte", file=f"{table}.csv", line=7)


@case(9, "N")
def carriage_returns(month: Planting) -> Expected:
    month.send("account_manager.csv", month.csv(NAMES, end="\r"))
    return normalised(NAMES, notes="line ends")


@case(9, "N")
def mixed_line_ends(month: Planting) -> Expected:
    ends = cycle(["\n", "\r\n", "\r"])
    month.send(
        "account_manager.csv", "".join(line + next(ends) for line in month.lines(NAMES))
    )
    return normalised(NAMES, notes="line ends")


@refusal(10)
def empty_csv(month: Planting, table: str) -> Expected:
    month.send(f"{table}.csv", b"")
    return refused(table, "empty_file", file=f"{table}.csv")


@refusal(10)
def empty_parquet(month: Planting, table: str) -> Expected:
    month.send(f"{table}.parquet", b"")
    return refused(table, "empty_file", file=f"{table}.parquet")


@refusal(10)
def empty_workbook(month: Planting, table: str) -> Expected:
    month.send(f"{table}.xlsx", b"")
    return refused(table, "empty_file", file=f"{table}.xlsx")


@refusal(10)
def empty_gzip(month: Planting, table: str) -> Expected:
    month.send(f"{table}.csv.gz", gzip.compress(b""))
    return refused(table, "empty_file", file=f"{table}.csv.gz")


@case(11, "R", ("customer", "service", "bill"))
def required_header_only(month: Planting, table: str) -> Expected:
    month.send(f"{table}.csv", month.lines(table)[:1])
    return refused(table, "required_empty", table=table)


@case(11, "N")
def optional_header_only(month: Planting) -> Expected:
    month.true(CLAIMS).clear()
    month.send("expense_claim.csv", month.lines(CLAIMS)[:1])
    return normalised(CLAIMS, state="empty")


@refusal(13)
def cut_in_mid_row(month: Planting, table: str) -> Expected:
    lines = month.lines(table)[:12]
    month.send(f"{table}.csv", "\n".join([*lines, lines[-1].split(",")[0] + ",x"]))
    return refused(table, "csv_truncated", file=f"{table}.csv", line=13)


@refusal(13)
def cut_in_a_quoted_cell(month: Planting, table: str) -> Expected:
    month.send(f"{table}.csv", "\n".join([*month.lines(table)[:12], 'x1,"张']))
    return refused(table, "unterminated_quote", file=f"{table}.csv", line=13)


@refusal(14)
def cut_parquet(month: Planting, table: str) -> Expected:
    month.send_parquet(table)
    content = month.files[f"{table}.parquet"]
    month.send(f"{table}.parquet", content[: len(content) // 2])
    return refused(table, "parquet_truncated", file=f"{table}.parquet")


@refusal(14)
def parquet_with_a_hole(month: Planting, table: str) -> Expected:
    month.send_parquet(table)
    content = month.files[f"{table}.parquet"]
    month.send(
        f"{table}.parquet", content[: len(content) // 3] + content[len(content) // 2 :]
    )
    return refused(table, "parquet_damaged", file=f"{table}.parquet")


@refusal(15)
def cut_gzip(month: Planting, table: str) -> Expected:
    content = gzip.compress(month.csv(table).encode(), mtime=0)
    month.send(f"{table}.csv.gz", content[: len(content) // 2])
    return refused(table, "gzip_truncated", file=f"{table}.csv.gz")


# -- archives ----------------------------------------------------------------------------------------------------


def rezip(content: bytes, **members: bytes) -> bytes:
    """Pack a workbook anew with some members replaced or added (`__` in a name stands for `/`)."""
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        kept = {name: old.read(name) for name in old.namelist()}
        for name, data in (
            kept | {name.replace("__", "/"): data for name, data in members.items()}
        ).items():
            new.writestr(name, data)
    return sink.getvalue()


@refusal(16)
def zip_bomb(month: Planting, table: str) -> Expected:
    month.send_xlsx(table)
    bomb = rezip(
        month.files[f"{table}.xlsx"],
        **{"xl__worksheets__sheet1.xml": b" " * (60 << 20)},
    )
    month.send(f"{table}.xlsx", bomb)
    return refused(
        table, "archive_bomb", file=f"{table}.xlsx", limit="536,870,912 bytes, 1:200"
    )


@refusal(16)
def zip_bomb_that_lies(month: Planting, table: str) -> Expected:
    month.send_xlsx(table)
    size = 3 << 20
    bomb = rezip(
        month.files[f"{table}.xlsx"], **{"xl__worksheets__sheet1.xml": b" " * size}
    )
    month.send(
        f"{table}.xlsx",
        bomb.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little")),
    )
    return refused(
        table, "archive_bomb", file=f"{table}.xlsx", limit="1,000 bytes declared"
    )


@refusal(17)
def zip_slip(month: Planting, table: str) -> Expected:
    month.send_xlsx(table)
    month.send(
        f"{table}.xlsx",
        rezip(month.files[f"{table}.xlsx"], **{"..__..__evil.sh": b"x"}),
    )
    return refused(table, "archive_slip", file=f"{table}.xlsx")


@refusal(17)
def zip_in_a_zip(month: Planting, table: str) -> Expected:
    month.send_xlsx(table)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as outer:
        outer.writestr(f"{table}.xlsx", month.files[f"{table}.xlsx"])
    month.send(f"{table}.xlsx", sink.getvalue())
    return refused(
        table, "xlsx_damaged", file=f"{table}.xlsx", detail="xl/workbook.xml is missing"
    )


@refusal(17)
def gzip_in_a_gzip(month: Planting, table: str) -> Expected:
    month.send(
        f"{table}.csv.gz", gzip.compress(gzip.compress(month.csv(table).encode()))
    )
    return refused(table, "disguised", file=f"{table}.csv.gz", looks_like="gzip")


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000


@refusal(18)
def old_excel(month: Planting, table: str) -> Expected:
    month.send(f"{table}.xlsx", _OLE)
    return refused(table, "xlsx_is_xls", file=f"{table}.xlsx")


@refusal(18)
def html(month: Planting, table: str) -> Expected:
    month.send(f"{table}.xlsx", b"\r\n<html><table><tr><td>customer_id</table></html>")
    return refused(table, "xlsx_is_html", file=f"{table}.xlsx")


@refusal(18)
def password(month: Planting, table: str) -> Expected:
    month.send(f"{table}.xlsx", _OLE + "EncryptedPackage".encode("utf-16-le"))
    return refused(table, "xlsx_password", file=f"{table}.xlsx")


@case(19, "N")
def sep_line(month: Planting) -> Expected:
    month.send("account_manager.csv", "sep=;\r\n" + month.csv(NAMES, delimiter=";"))
    return normalised(NAMES, delimiter=";", notes="sep line skipped")


@case(20, "N")
def tab(month: Planting) -> Expected:
    month.send("account_manager.csv", month.csv(NAMES, delimiter="\t"))
    return normalised(NAMES, delimiter="\t")


def _wrong_delimiter(month: Planting, table: str, delimiter: str) -> Expected:
    month.send(f"{table}.csv", re.sub(",", delimiter, month.csv(table)))
    return refused(table, "wrong_delimiter", file=f"{table}.csv", delimiter=delimiter)


@refusal(20)
def bar(month: Planting, table: str) -> Expected:
    return _wrong_delimiter(month, table, "|")


@refusal(20)
def semicolon(month: Planting, table: str) -> Expected:
    return _wrong_delimiter(month, table, ";")


@refusal(20)
def full_width_comma(month: Planting, table: str) -> Expected:
    return _wrong_delimiter(month, table, "，")


@case(63, "N")
def name_of_bytes(month: Planting) -> Expected:
    month.send(
        os.fsdecode(b"account_manager.part-\xff\n.csv"), month.csv(NAMES).encode()
    )
    return normalised(NAMES, file=r"account_manager.part-\xff\n.csv")
