"""The workbook fetched and handed in on its page: the same file, the same rules, row by row."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from pipelines.documents.workbooks.export import export_month
from pipelines.store.lake import MonthFolder
from tests.support.console.visitors import TODAY, Console
from tests.support.office import answers_of, exported, fill
from tests.support.small import MONTH

PAID = {"outcome": "paid", "contacted_on": TODAY}


def hand_in(client: Any, path: Path, name: str = "") -> Any:
    """Hand a file in as a browser does."""
    file = SimpleUploadedFile(name or path.name, path.read_bytes())
    return client.post("/books/hand-in/", {"file": file})


def read_counts(answer: Any) -> list[int]:
    """How many rows were accepted, known before, not taken, not filled in."""
    return [
        int(count) for count in re.findall(r"<b>(\d+)</b>", answer.content.decode())
    ]


def fetch(client: Any, path: str) -> bytes:
    """The file that a page sends."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Cache-Control"] == "no-store"
    content = b"".join(answer.streaming_content)
    answer.close()
    return content


def test_the_workbook_is_the_one_that_export_writes(
    console: Console, tmp_path: Path
) -> None:
    ours = fetch(console.visit("wang"), "/books/2026-08/")
    [theirs] = [
        path
        for path in export_month(
            MonthFolder(console.home, MONTH), tmp_path / "out", "zh"
        )
        if "_M1" in path.name
    ]
    assert ours == theirs.read_bytes()
    assert [entry.subject for entry in console.entries(action="book")] == ["2026-08"]


def test_a_workbook_has_what_a_manager_has_by_now(console: Console) -> None:
    from console.changes import change_orders

    change_orders([console.order_of("ann")], "reassigned", "moved", "head1", "M2")
    li = openpyxl.load_workbook(BytesIO(fetch(console.visit("li"), "/books/2026-08/")))
    cells = {cell.value for row in li.worksheets[0].iter_rows() for cell in row}
    assert {"安哨兵", "丹哨兵"} <= cells and "博哨兵" not in cells


@pytest.mark.parametrize("month", ["2026-07", "x", "..", "2026-99"])
def test_a_month_without_own_orders_is_not_there(console: Console, month: str) -> None:
    assert console.visit("wang").get(f"/books/{month}/").status_code == 404


def test_a_filled_workbook_is_taken_row_by_row_and_again_changes_nothing(
    console: Console, tmp_path: Path
) -> None:
    wang = console.visit("wang")
    path = tmp_path / "book.xlsx"
    path.write_bytes(fetch(wang, "/books/2026-08/"))
    fill(path, {"ann": PAID, "bob": {"outcome": "promised", "contacted_on": TODAY}})
    first = hand_in(wang, path)
    assert read_counts(first) == [1, 0, 1, 1]
    assert "承诺" in first.content.decode()
    assert read_counts(hand_in(wang, path)) == [0, 1, 1, 1]
    assert [kept["customer_id"] for kept in answers_of(console.home)] == ["ann"]


def test_what_was_refused_can_be_corrected_and_handed_in_again(
    console: Console, tmp_path: Path
) -> None:
    wang = console.visit("wang")
    book = exported(console.home, tmp_path / "out")["M1"]
    answer = hand_in(wang, fill(book, {"bob": {"outcome": "promised"}}))
    [link] = re.findall(r'href="(/books/corrected/[^"]+)"', answer.content.decode())
    again = tmp_path / "again.xlsx"
    again.write_bytes(fetch(wang, link))
    fill(again, {"bob": PAID})
    assert read_counts(hand_in(wang, again))[0] == 1


def test_a_link_is_for_who_handed_in_and_for_a_quarter_of_an_hour(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wang = console.visit("wang")
    book = exported(console.home, tmp_path / "out")["M1"]
    answer = hand_in(wang, fill(book, {"bob": {"outcome": "promised"}}))
    [link] = re.findall(r'href="(/books/corrected/[^"]+)"', answer.content.decode())
    assert console.visit("li").get(link).status_code == 404
    assert wang.get(link.replace("corrected/", "corrected/x")).status_code == 404
    monkeypatch.setattr("console.work.book_pages._LINK_SECONDS", -1)
    assert wang.get(link).status_code == 404


def test_foreign_rows_are_refused_as_if_there_were_none_and_nothing_is_looked_up(
    console: Console, tmp_path: Path
) -> None:
    wang = console.visit("wang")
    foreign = fill(exported(console.home, tmp_path / "out")["M2"], {"dan": PAID})
    sheet = openpyxl.load_workbook(foreign)
    titles = {cell.value: cell.column for cell in sheet.worksheets[0][3]}
    sheet.worksheets[0].cell(4, titles["客户姓名"]).value = "?"
    sheet.worksheets[0].cell(4, titles["联系电话"]).value = "?"
    sheet.save(foreign)
    answer = hand_in(wang, foreign)
    assert read_counts(answer)[:3] == [0, 0, 1]
    [link] = re.findall(r'href="(/books/corrected/[^"]+)"', answer.content.decode())
    book = openpyxl.load_workbook(BytesIO(fetch(wang, link)))
    cells = {str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row}
    assert "丹哨兵" not in cells and "13900000004" not in cells
    assert answers_of(console.home) == []


def test_who_had_an_order_may_still_hand_in_what_was_done(
    console: Console, tmp_path: Path
) -> None:
    from console.changes import change_orders

    book = fill(exported(console.home, tmp_path / "out")["M1"], {"ann": PAID})
    change_orders([console.order_of("ann")], "reassigned", "moved", "head1", "M2")
    assert read_counts(hand_in(console.visit("wang"), book))[0] == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("book.exe", b"MZ"),
        ("book.xlsx", b"not a workbook"),
        ("book.xlsx", b"PK\x03\x04broken"),
        ("book.csv", b""),
        ("../../book.xlsx", b"x"),
    ],
)
def test_what_is_no_workbook_is_refused_with_a_reason(
    console: Console, tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    answer = hand_in(console.visit("wang"), path, name)
    assert answer.status_code == 422 and 'class="wrong"' in answer.content.decode()
    assert list((console.home).glob("**/*book*")) == []


def test_a_file_that_is_too_large_is_not_looked_into(
    console: Console, tmp_path: Path, settings_of: Any
) -> None:
    settings_of(CONSOLE_LARGEST_FILE=10)
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"x" * 11)
    assert hand_in(console.visit("wang"), path).status_code == 422
