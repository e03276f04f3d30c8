"""The signature of an order's row.

What the office wrote, in a form that survives Excel, WPS and CSV.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from pipelines.documents.workbooks.columns import Column
from pipelines.text.safe_text import clean_text, is_blank
from pipelines.text.units import round_to_fen

# In front of the digest: a later form can be told apart, and a digest of digits never becomes a
# number.
FORM = "v1-"
_LEAST_KEY = 16  # bytes
_CONTEXT = b"retention work list row 1\n"
_DATE = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})\D*(?:00?:00(?::00)?)?")
_SERIAL_ZERO = date(1899, 12, 30)
_NOT_OF_A_NUMBER = re.compile(r"[\s,，¥￥]")
_NUMBER_END = Decimal("1e20")


def sign_row(key: bytes, protected: Mapping[str, str]) -> str:
    """Return the keyed hash of a row's locked cells.

    They are given by column name in the form of `protected_cells`.
    """
    if len(key) < _LEAST_KEY:
        raise ValueError("a signing key has at least 16 bytes")
    text = json.dumps(dict(protected), sort_keys=True, separators=(",", ":"))
    digest = hmac.new(key, _CONTEXT + text.encode(), hashlib.sha256)
    return FORM + digest.hexdigest()


def is_signed_by(key: bytes, protected: Mapping[str, str], signature: str) -> bool:
    """Say whether the signature is this row's, without telling by time where it differs."""
    wanted = sign_row(key, protected).encode()
    given = signature.strip().encode("utf-8", "replace")
    return hmac.compare_digest(wanted, given)


def list_protected_cells(
    columns: Iterable[Column], row: Mapping[str, object]
) -> dict[str, str]:
    """Return the stable text of the signed columns' cells.

    As given to the writer or as read back.
    """
    cells = {}
    for column in columns:
        if column.is_signed:
            cells[column.name] = make_stable_text(column.kind, row.get(column.name))
    return cells


def make_stable_text(kind: str, value: object) -> str:
    """Return one text for all forms a value takes on its way.

    Typed, read from a workbook, or re-saved as CSV.
    """
    if is_blank(value):
        return ""
    read_as_kind = _READERS.get(kind, _read_word)
    known = read_as_kind(value)
    if known is not None:
        return known
    return " ".join(clean_text(value).split())


def _read_word(value: object) -> str | None:
    """Return the digits of an id that became a number; None of all else."""
    # An id that was typed over by a number: the same digits or, with its leading zeros gone,
    # another text.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None


def _read_money(value: object) -> str | None:
    """Return an amount with two decimals; None where it is no number."""
    number = _read_number(value)
    if number is None:
        return None
    return f"{round_to_fen(number) + 0:f}"


def _read_integer(value: object) -> str | None:
    """Return a whole number; None where it is none."""
    number = _read_number(value)
    if number is None or number != int(number):
        return None
    return str(int(number))


def _read_date(value: object) -> str | None:
    """Return a day as ISO writes it; a number is a serial day of a spreadsheet."""
    if isinstance(value, date):
        return value.isoformat()[:10]

    try:
        if isinstance(value, (int, float)):
            day = _SERIAL_ZERO + timedelta(days=int(value))
            return day.isoformat()
        found = _DATE.fullmatch(str(value).strip())
        if found is None:
            return None
        year, month, day_of_month = (int(part) for part in found.groups())
        return date(year, month, day_of_month).isoformat()
    except (ValueError, OverflowError):
        return None


def _read_number(value: object) -> Decimal | None:
    """Return the number a text stands for, without thousands' separators and currency signs."""
    try:
        number = Decimal(_NOT_OF_A_NUMBER.sub("", str(value)))
        if number.is_finite() and abs(number) < _NUMBER_END:
            return number
        return None
    except InvalidOperation:
        return None


_READERS = {"money": _read_money, "integer": _read_integer, "date": _read_date}
