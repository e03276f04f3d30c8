"""How tall a row must be to show its texts: spreadsheets do not measure wrapped rows themselves.

The arithmetic is that of Excel and WPS: a column is as wide as so many digits of the default font,
a line breaks between words and beside any Chinese sign, a word longer than the line is cut.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from pipelines.documents.workbooks.columns import Column, SheetRow

LINE_POINTS = 16.5  # of eleven points in either font
TALLEST_ROW = 409.0  # Excel's own limit
# Widths in tenths of a digit of the default font, as the wider of the two fonts has them.
_DIGIT = 10
_WIDE = 22
_CAPITAL = 13
_LETTER = 11
_BLANK = 6
_WORD = re.compile(r"[^\S\n]+|[\u0021-\u2e7f]+|.", re.DOTALL)


def measure_row(
    columns: Sequence[Column], row: SheetRow, least_lines: int = 1
) -> float:
    """Return the points that a row needs to show each of its wrapped texts in full.

    As far as a row can grow.
    """
    lines = least_lines
    for column in columns:
        value = row.get(column.name)
        if isinstance(value, str):
            lines = max(lines, count_lines(value, column.width))
    return min(lines * LINE_POINTS, TALLEST_ROW)


def count_lines(text: str, width: int) -> int:
    """Count the lines that a text takes in a column of that width."""
    room = width * _DIGIT
    return sum(_count_wrapped(line, room) for line in text.split("\n"))


def _count_wrapped(text: str, room: int) -> int:
    """Count the lines of a text without line breaks of its own."""
    if sum(map(_measure_sign, text)) <= room:
        return 1
    lines = 1
    taken = 0
    for word in _WORD.findall(text):
        length = sum(map(_measure_sign, word))
        if word.isspace():
            taken += length  # blanks at the end of a line hang over its edge
            continue
        if taken + length > room and taken:
            lines += 1
            taken = 0
        while length > room:
            lines += 1
            length -= room
        taken += length
    return lines


@lru_cache(maxsize=8192)  # more than the signs of any language's texts
def _measure_sign(sign: str) -> int:
    """Return how wide a sign is."""
    if sign.isspace() and sign != "\u3000":
        return _BLANK
    if unicodedata.east_asian_width(sign) in "WFA":
        return _WIDE
    if sign.isupper() or sign in "@%&":
        return _CAPITAL
    return _LETTER
