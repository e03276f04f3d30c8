"""Figures as people read them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

WHOLE = frozenset({"count", "rank"})


def exact(number: float | Decimal) -> Decimal:
    """Return a number as the shortest decimals that are this double; a decimal is left as it is."""
    return number if isinstance(number, Decimal) else Decimal(repr(float(number)))


def yuan(amount: float | Decimal) -> Decimal:
    """Return an amount as money, to the fen, half away from zero as Excel rounds."""
    return exact(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)


def in_words(value: float | Decimal | None, unit: str) -> str:
    """Return a value in its unit: a ratio as per cent, a difference of ratios as points, counts and ranks whole.

    Rounded as Excel rounds: half away from zero, of the shortest decimals that are this double.
    """
    if value is None:
        return "–"
    number = exact(value)
    shown = number * 100 if unit in ("ratio", "points") else number
    rounded = shown.quantize(Decimal(1) if unit in WHOLE else Decimal("0.01"), ROUND_HALF_UP)
    text = f"{rounded + 0:,f}"
    return f"{text} %" if unit == "ratio" else text


def plain(value: object) -> object:
    """Return a cell for a text file: decimals without needless zeros, all else as it is."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value
