"""Rows are tall enough for every sentence: by the arithmetic of spreadsheets, and as one draws them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from random import Random

import openpyxl
import pytest

from pipelines.documents.workbooks import row_heights
from pipelines.documents.workbooks import workbook as wb
from pipelines.documents.workbooks.columns import DETAIL_COLUMNS
from pipelines.documents.workbooks.row_heights import TALLEST_ROW, count_lines
from tests.documents.books import order, work_list, written

CHINESE = (
    "您好，您的手机账户有 126.50 元已过缴费期（最早 2026-07-20），想跟您核对一下账单。"
)
ENGLISH = (
    "Good day, 126.50 yuan on your mobile account are past due (since 2026-07-20). "
)
LINE = 15  # points of a line of eleven in Excel, WPS and LibreOffice
LENGTHS = (10, 40, 80, 160, 300)
EVIDENCE = next(c for c in wb.WORK_LIST_COLUMNS if c.name == "evidence")
SCRIPT = next(c for c in DETAIL_COLUMNS if c.name == "script")


def make_text(pattern: str, length: int) -> str:
    return (pattern * (length // len(pattern) + 1))[:length].strip()


def count_drawn_lines(text: str, width: int) -> int:
    """The lines of a text as Excel and WPS wrap it: a Chinese sign takes two digits, words stay whole."""
    lines, taken = 1, 0
    words: list[str] = []
    for sign in text:
        is_of_word = sign.isascii() and sign != " "
        if words and is_of_word and words[-1][-1].isascii() and words[-1][-1] != " ":
            words[-1] += sign
        else:
            words.append(sign)
    for word in words:
        length = sum(1 if sign.isascii() else 2 for sign in word)
        if taken + length > width and word != " ":
            lines, taken = lines + 1, 0
        taken += length
    return lines


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("pattern", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_every_line_of_a_long_text_has_room(
    tmp_path: Path, pattern: str, length: int
) -> None:
    text = make_text(pattern, length)
    path = written(tmp_path, work_list([order(1, evidence=text, script=text)]))
    book = openpyxl.load_workbook(path)
    for tab, column in ((0, EVIDENCE), (1, SCRIPT)):
        height = book.worksheets[tab].row_dimensions[wb.HEADER_ROW + 2].height
        needed = count_drawn_lines(text, column.width)
        others = 2  # lines that the short texts of the row may take
        assert needed * LINE <= height <= max(needed + 2, others) * 1.25 * 16.5


def test_words_stay_whole_and_long_ones_are_cut() -> None:
    assert count_lines("aaaa bbbb", 6) == 2
    assert count_lines("a" * 30, 10) == 4
    assert count_lines("a\nb\n\nc", 10) == 4
    assert count_lines("", 10) == 1


def count_sign_by_sign(text: str, width: int) -> int:
    """The lines of a text, a sign at a time, by what the module says of each sign's width."""
    lines, taken, room = 1, 0, width * 10
    for word in re.findall(r"[^\S\n]+|[\u0021-\u2e7f]+|.", text, re.DOTALL):
        length = sum(row_heights._measure_sign(sign) for sign in word)
        if word.isspace():
            taken += length
            continue
        if taken + length > room and taken:
            lines, taken = lines + 1, 0
        while length > room:
            lines, length = lines + 1, length - room
        taken += length
    return lines


def test_runs_of_signs_take_the_lines_of_each_sign() -> None:
    random = Random(1)
    signs = "ab XYZ@%\t\u3000\u2009é，。汉字用量123-/_\U0001f600\u0301\x0b\x85\u2028ﾊ"
    for _ in range(3_000):
        text = "".join(random.choices(signs, k=random.randrange(60)))
        width = random.randrange(1, 40)
        fits = sum(map(row_heights._measure_sign, text)) <= width * 10
        expected = 1 if fits else count_sign_by_sign(text, width)
        assert count_lines(text, width) == expected, (text, width)


def test_a_row_grows_no_taller_than_excel_lets_it(tmp_path: Path) -> None:
    path = written(tmp_path, work_list([order(1, evidence="长" * 3000)]))
    sheet = openpyxl.load_workbook(path).worksheets[0]
    height = sheet.row_dimensions[wb.HEADER_ROW + 2].height
    assert TALLEST_ROW - 1 < height <= TALLEST_ROW  # written in whole pixels


@pytest.mark.long
@pytest.mark.parametrize("pattern", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_libreoffice_needs_no_taller_rows(tmp_path: Path, pattern: str) -> None:
    """LibreOffice sets rows without a height by itself: ours are never lower than its own."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("soffice is not on PATH")
    texts = [make_text(pattern, length) for length in LENGTHS]
    rows = [order(n, evidence=text) for n, text in enumerate(texts)]
    ours = openpyxl.load_workbook(written(tmp_path, work_list(rows)))
    given = list_heights(ours.worksheets[0], len(rows))
    sheet = ours.worksheets[0]
    for line in range(len(rows)):
        sheet.row_dimensions[wb.HEADER_ROW + 2 + line].height = None
    bare = tmp_path / "bare.xlsx"
    ours.save(bare)
    out = tmp_path / "out"
    command = [soffice, "--headless", "--convert-to", "xlsx", "--outdir", str(out)]
    subprocess.run([*command, str(bare)], check=True, timeout=180, capture_output=True)
    measured = openpyxl.load_workbook(out / bare.name).worksheets[0]
    for own, wanted in zip(list_heights(measured, len(rows)), given, strict=True):
        assert own <= wanted + 1


def list_heights(sheet: object, count: int) -> list[float]:
    dimensions = sheet.row_dimensions  # type: ignore[attr-defined]
    first = wb.HEADER_ROW + 2
    return [dimensions[line].height for line in range(first, first + count)]
