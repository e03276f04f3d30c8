"""Write a typed value as text, exactly and in its shortest form."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal


def format_value(value: object) -> str | None:
    """Return the text of a value; None stays None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format_number(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def format_number(value: float) -> str:
    """Return the shortest decimal that reads back as the same number, never with an exponent."""
    exact = Decimal(repr(value))
    return format(exact, "f").removesuffix(".0")
