"""What the content of a spreadsheet's cell means: numbers, days, times, text with escapes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum

from pipelines.sources.operator.delivery import NO_CACHED_VALUE

Cell = float | str | bool | date | datetime | time | timedelta

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_BOOLEANS = {"1": True, "0": False, "true": True, "false": False}

_DAY = 86_400_000  # milliseconds
_EPOCH = date(1899, 12, 30)
_END = 2_958_466  # the first serial day after 9999-12-31
_LEAP = 60  # 1900-02-29, which spreadsheets believe in
_SHIFT_1904 = 1462  # days between the two date systems

_ELAPSED = frozenset({"[h]", "[hh]", "[m]", "[mm]", "[s]", "[ss]"})
_ELAPSED_NUMBER = 46
# Formats without a code of their own that show days; 27 to 36 and 50 to 58 are the Chinese dates.
_DAY_NUMBERS = frozenset({*range(14, 23), 45, 47, *range(27, 37), *range(50, 59)})


class NumberForm(Enum):
    """What a number is shown as."""

    PLAIN = "plain"
    DAY = "day"
    ELAPSED = "elapsed"


# -- formats of numbers --------------------------------------------------------------------------


def builtin_form(number: int) -> NumberForm:
    """Return what a format without a code of its own shows."""
    if number == _ELAPSED_NUMBER:
        return NumberForm.ELAPSED
    if number in _DAY_NUMBERS:
        return NumberForm.DAY
    return NumberForm.PLAIN


def read_format(code: str) -> NumberForm:
    """Return what a format's code shows.

    That is by letters of a day or time outside quotes, escapes and brackets.
    """
    index = 0
    while index < len(code):
        character = code[index]
        if character in "ymdhsYMDHS":
            return NumberForm.DAY
        if character == '"':
            index = _index_after(code, '"', index + 1)
        elif character == "[":
            end = _index_after(code, "]", index + 1)
            if code[index:end].lower() in _ELAPSED:
                return NumberForm.ELAPSED
            index = end
        elif character in "\\_*":
            index += 2
        else:
            index += 1
    return NumberForm.PLAIN


def _index_after(code: str, end: str, start: int) -> int:
    """Return the index behind the next `end`; the length of the code when there is none."""
    found = code.find(end, start)
    if found < 0:
        return len(code)
    return found + 1


# -- numbers, days and texts ---------------------------------------------------------------------


def read_number(text: str) -> float | None:
    """Return a number as spreadsheets write it; None for anything else, as for an infinite one."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    return number


def read_serial(number: float, form: NumberForm, is_1904: bool) -> Cell:
    """Return the day, instant, time of day or span that a number is shown as.

    A number that is none of them stays a number. `is_1904` says that days are counted from 1904.
    """
    if form is NumberForm.PLAIN:
        return number
    if form is NumberForm.ELAPSED:
        return _read_span(number)
    return _read_moment(number, is_1904)


def _read_span(number: float) -> Cell:
    """Return a span of time; a number beyond all days stays one."""
    if abs(number) >= _END:
        return number
    return timedelta(milliseconds=round(number * _DAY))


def _read_moment(number: float, is_1904: bool) -> Cell:
    """Return the day, instant or time of day of a serial; one beyond all days stays a number."""
    if not 0 <= number < _END:
        return number

    days, milliseconds = divmod(round(number * _DAY), _DAY)
    midnight = datetime.min
    clock = (midnight + timedelta(milliseconds=milliseconds)).time()
    is_first_day_of_1904 = is_1904 and milliseconds == 0
    if days == 0 and not is_first_day_of_1904:
        return clock

    days_since_epoch = _count_days(days, is_1904)
    if days_since_epoch >= _END:
        return number
    day = _EPOCH + timedelta(days=days_since_epoch)
    if milliseconds:
        return datetime.combine(day, clock)
    return day


def _count_days(serial: int, is_1904: bool) -> int:
    """Return the days since 1899-12-30 of a serial day."""
    if is_1904:
        return serial + _SHIFT_1904
    if serial < _LEAP:
        return serial + 1
    return serial


def unescape_text(text: str) -> str:
    """Replace `_x000D_` by the character it stands for; a NUL, or half a pair, becomes U+FFFD."""
    if "_x" not in text:
        return text
    found = _ESCAPE.sub(_unescape_character, text).replace("\0", "\ufffd")
    return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unescape_character(match: re.Match[str]) -> str:
    """Return the character that an escape stands for."""
    return chr(int(match[1], 16))


def read_whole(text: str) -> int | None:
    """Return a whole number below 10^9, written without a sign; None for anything else."""
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    return None


def _read_iso_day(text: str) -> Cell | None:
    """Return a day, or an instant if it has a time of day or a zone; None for no ISO text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    is_midnight = moment.time() == time.min
    if is_midnight and moment.tzinfo is None:
        return moment.date()
    return moment


# -- cells ---------------------------------------------------------------------------------------


@dataclass
class OpenCell:
    """A cell as it stands in the XML: its type, the index of its style, the pieces of its text."""

    column: int
    kind: str
    style: int | None
    value: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    formula: list[str] | None = None


class NoSuchString(Exception):
    """A cell refers to a text that the workbook does not have."""


@dataclass(frozen=True)
class CellReader:
    """Says what cells hold, by the texts and the number formats that they refer to by index."""

    strings: Sequence[str]
    forms: Sequence[NumberForm]
    is_1904: bool

    def read_cell(self, cell: OpenCell) -> Cell | None:
        """Return what a cell holds; None for nothing.

        One that holds nothing to be read is marked, with what stands in it. Raise NoSuchString.
        """
        text = "".join(cell.value)
        is_error = cell.kind == "e" and bool(text)
        if cell.formula is not None:
            has_result = bool(text or cell.inline)
            if is_error or not has_result:
                return f"{NO_CACHED_VALUE}={''.join(cell.formula)}"
        if is_error:
            return NO_CACHED_VALUE + text
        if cell.kind == "inlineStr":
            return "".join(cell.inline) or unescape_text(text)
        if not text:
            return None
        return self._read_typed(cell, text)

    def _read_typed(self, cell: OpenCell, text: str) -> Cell:
        """Return the value of a cell by its type; text that is none of that type is marked."""
        kind = cell.kind
        if kind == "s":
            return self._read_shared(text)
        if kind == "str":
            return unescape_text(text)

        value: Cell | None = None
        if kind == "n":
            value = self._read_number(cell, text)
        elif kind == "b":
            value = _BOOLEANS.get(text.strip())
        elif kind == "d":
            value = _read_iso_day(text.strip())
        if value is None:
            return NO_CACHED_VALUE + text
        return value

    def _read_shared(self, text: str) -> str:
        """Return one of the shared texts."""
        index = read_whole(text.strip())
        if index is None or index >= len(self.strings):
            raise NoSuchString
        return self.strings[index]

    def _read_number(self, cell: OpenCell, text: str) -> Cell | None:
        """Return a number, or what its format shows it as."""
        number = read_number(text)
        style = cell.style
        if number is None or style is None or style >= len(self.forms):
            return number
        form = self.forms[style]
        if form is NumberForm.PLAIN:
            return number
        return read_serial(number, form, self.is_1904)
