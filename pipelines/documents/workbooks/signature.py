"""The signature of an order's row: what the office wrote, in a form that survives Excel, WPS and CSV."""

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
from pipelines.text.units import yuan

FORM = "v1-"  # in front of the digest: a later form can be told apart, and a digest of digits never becomes a number
_CONTEXT = b"retention work list row 1\n"
_DATE = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})\D*(?:00?:00(?::00)?)?")
_SERIAL_ZERO = date(1899, 12, 30)


def sign_row(key: bytes, protected: Mapping[str, str]) -> str:
    """Return the keyed hash of a row's locked cells, given by column name in the form of `protected_cells`."""
    if len(key) < 16:
        raise ValueError("a signing key has at least 16 bytes")
    text = json.dumps(dict(protected), sort_keys=True, separators=(",", ":"))
    return FORM + hmac.new(key, _CONTEXT + text.encode(), hashlib.sha256).hexdigest()


def is_signed_by(key: bytes, protected: Mapping[str, str], signature: str) -> bool:
    """Say whether the signature is this row's, without telling by time where it differs."""
    return hmac.compare_digest(
        sign_row(key, protected).encode(), signature.strip().encode("utf-8", "replace")
    )


def protected_cells(columns: Iterable[Column], row: Mapping[str, object]) -> dict[str, str]:
    """Return the stable text of the signed columns' cells, as given to the writer or as read back."""
    return {
        column.name: stable_text(column.kind, row.get(column.name))
        for column in columns
        if column.is_signed
    }


def stable_text(kind: str, value: object) -> str:
    """Return one text for all forms a value takes on its way: typed, read from a workbook, or re-saved as CSV."""
    if is_blank(value):
        return ""
    known = _TYPED.get(kind, _stable_word)(value)
    return known if known is not None else " ".join(clean_text(value).split())


def _stable_word(value: object) -> str | None:
    # An id that was typed over by a number: same digits or, with its leading zeros gone, another text.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else None


def _stable_money(value: object) -> str | None:
    number = _number(value)
    return None if number is None else f"{yuan(number) + 0:f}"


def _stable_integer(value: object) -> str | None:
    number = _number(value)
    return None if number is None or number != int(number) else str(int(number))


def _stable_date(value: object) -> str | None:
    if isinstance(value, date):
        return value.isoformat()[:10]
    try:
        if isinstance(value, (int, float)):
            return (_SERIAL_ZERO + timedelta(days=int(value))).isoformat()
        found = _DATE.fullmatch(str(value).strip())
        return None if found is None else date(*map(int, found.groups())).isoformat()
    except (ValueError, OverflowError):
        return None


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(re.sub(r"[\s,，¥￥]", "", str(value)))
        return number if number.is_finite() and abs(number) < Decimal("1e20") else None
    except InvalidOperation:
        return None


_TYPED = {"money": _stable_money, "integer": _stable_integer, "date": _stable_date}
