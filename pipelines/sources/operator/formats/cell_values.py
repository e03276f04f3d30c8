"""What the content of a spreadsheet's cell means: numbers, days, times, text with escapes."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time, timedelta
from enum import Enum

Cell = float | str | bool | date | datetime | time | timedelta

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_DAY = 86_400_000  # milliseconds
_END = 2_958_466  # the first serial day after 9999-12-31
_LEAP = 60  # 1900-02-29, which spreadsheets believe in
_ELAPSED = frozenset({"[h]", "[hh]", "[m]", "[mm]", "[s]", "[ss]"})


class NumberForm(Enum):
    """What a number is shown as."""

    PLAIN = "plain"
    DAY = "day"
    ELAPSED = "elapsed"


def builtin_form(number: int) -> NumberForm:
    """Return what a format without a code of its own shows; 27 to 36 and 50 to 58 are the Chinese dates."""
    if number == 46:
        return NumberForm.ELAPSED
    is_day = 14 <= number <= 22 or number in (45, 47) or 27 <= number <= 36 or 50 <= number <= 58
    return NumberForm.DAY if is_day else NumberForm.PLAIN


def read_format(code: str) -> NumberForm:
    """Return what a format's code shows: letters of a day or time outside quotes, escapes and brackets."""
    place = 0
    while place < len(code):
        character = code[place]
        if character == '"':
            place = _after(code, '"', place + 1)
            continue
        if character == "[":
            end = _after(code, "]", place + 1)
            if code[place:end].lower() in _ELAPSED:
                return NumberForm.ELAPSED
            place = end
            continue
        if character in "\\_*":
            place += 2
            continue
        if character in "ymdhsYMDHS":
            return NumberForm.DAY
        place += 1
    return NumberForm.PLAIN


def _after(code: str, end: str, start: int) -> int:
    found = code.find(end, start)
    return len(code) if found < 0 else found + 1


def read_number(text: str) -> float | None:
    """Return a number as spreadsheets write it; None for anything else, an infinite one included."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def read_serial(number: float, form: NumberForm, is_1904: bool) -> Cell:
    """Return the day, instant, time of day or span that a number is shown as; a number that is none stays one."""
    if form is NumberForm.ELAPSED and abs(number) < _END:
        return timedelta(milliseconds=round(number * _DAY))
    shift = 1462 if is_1904 else 0
    if form is not NumberForm.DAY or not 0 <= number or number + shift >= _END:
        return number
    days, rest = divmod(round(number * _DAY), _DAY)
    clock = (datetime.min + timedelta(milliseconds=rest)).time()
    if days == 0 and not (is_1904 and rest == 0):
        return clock
    days += shift + (days < _LEAP and not is_1904)
    if days >= _END:
        return number
    day = date(1899, 12, 30) + timedelta(days=days)
    return datetime.combine(day, clock) if rest else day


def unescape_text(text: str) -> str:
    """Replace `_x000D_` by the character it stands for; a NUL, or half of a pair, becomes U+FFFD."""
    if "_x" not in text:
        return text
    found = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text).replace("\0", "\ufffd")
    return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
