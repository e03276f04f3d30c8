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
# Blanks, a word, or signs beside each of which a line may break.
_PART = re.compile(
    r"(?P<blanks>[^\S\n]+)|(?P<word>[\u0021-\u2e7f]+)|(?P<signs>[^\u0021-\u2e7f\s]+)"
)


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
            needed = count_lines(value, column.width)
            lines = max(lines, needed)
    points = lines * LINE_POINTS
    return min(points, TALLEST_ROW)


@lru_cache(
    maxsize=4096
)  # lists, tasks and places stand in many rows, and on two sheets
def count_lines(text: str, width: int) -> int:
    """Count the lines that a text takes in a column of that width."""
    room = width * _DIGIT
    lines = 0
    for line in text.split("\n"):
        lines += _count_wrapped(line, room)
    return lines


def _count_wrapped(text: str, room: int) -> int:
    """Count the lines of a text without line breaks of its own."""
    widest = len(text) * _WIDE
    if widest <= room:
        return 1
    # A byte a sign, which is how wide it is: a word's are added up by one call.
    widths = text.translate(_WIDTHS).encode("latin-1")
    if sum(widths) <= room:
        return 1
    line = _Line(room)
    for part in _PART.finditer(text):
        start, end = part.span()
        own = widths[start:end]
        are_wide = min(own) == _WIDE and room >= _WIDE
        if part.lastgroup == "blanks":
            line.taken += sum(own)  # blanks at the end of a line hang over its edge
        elif part.lastgroup == "word":
            line.put(sum(own))
        elif are_wide:
            line.put_wide(len(own))
        else:
            for width in own:
                line.put(width)
    return line.number


class _Line:
    """The line that is being filled: which it is, and how much of it is taken."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.number = 1
        self.taken = 0

    def put(self, width: int) -> None:
        """Put a word where there is room for it; what is wider than a line is cut."""
        if self.taken + width > self.room and self.taken:
            self.number += 1
            self.taken = 0
        while width > self.room:
            self.number += 1
            width -= self.room
        self.taken += width

    def put_wide(self, count: int) -> None:
        """Put so many wide signs, each of which fits into a line, one behind the other."""
        room_left = max(self.room - self.taken, 0)
        left_over = count - room_left // _WIDE
        if left_over <= 0:
            self.taken += count * _WIDE
            return

        fit = self.room // _WIDE
        whole_lines = (left_over - 1) // fit
        in_last_line = left_over - whole_lines * fit
        self.number += whole_lines + 1
        self.taken = in_last_line * _WIDE


class _Widths(dict[int, int]):
    """How wide each sign is, by its number; worked out when it is met first."""

    def __missing__(self, number: int) -> int:
        width = _measure_sign(chr(number))
        self[number] = width
        return width


_WIDTHS = _Widths()


def _measure_sign(sign: str) -> int:
    """Return how wide a sign is."""
    if sign.isspace() and sign != "\u3000":
        return _BLANK
    if unicodedata.east_asian_width(sign) in "WFA":
        return _WIDE
    if sign.isupper() or sign in "@%&":
        return _CAPITAL
    return _LETTER
