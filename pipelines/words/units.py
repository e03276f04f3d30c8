"""Figures as people read them."""

from __future__ import annotations

from decimal import Decimal


def in_words(value: float | Decimal | None, unit: str) -> str:
    """Return a KPI's value in its unit: a ratio as per cent with two decimals, money with two, a count whole."""
    if value is None:
        return "–"
    if unit == "ratio":
        return f"{float(value) * 100:.2f} %"
    if unit == "count":
        return f"{float(value):,.0f}"
    return f"{float(value):,.2f}"


def plain(value: object) -> object:
    """Return a cell for a text file: decimals without needless zeros, all else as it is."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value
