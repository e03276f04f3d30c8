"""Decimals keep every digit that a table holds: Python itself rounds at 28, without a word."""

from __future__ import annotations

import decimal

DIGITS = 76  # two numbers of a DECIMAL(38, s), multiplied


def keep_all_digits() -> None:
    """Let this thread, and those that begin after it, reckon with decimals to all digits."""
    decimal.DefaultContext.prec = DIGITS
    decimal.getcontext().prec = DIGITS
