"""Figures as people read them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

WHOLE = frozenset({"count", "rank"})
_CENT = Decimal("0.01")
_SHOWN_IN_HUNDREDTHS = ("ratio", "points")


def make_exact(number: float | Decimal) -> Decimal:
    """Return a number as the shortest decimals that are this double; a decimal as it is."""
    if isinstance(number, Decimal):
        return number
    return Decimal(repr(float(number)))


def round_to_fen(amount: float | Decimal) -> Decimal:
    """Return an amount as money, to the fen, half away from zero as Excel rounds."""
    return make_exact(amount).quantize(_CENT, ROUND_HALF_UP)


def format_figure(value: float | Decimal | None, unit: str) -> str:
    """Return a value in its unit: a ratio as per cent, a difference of ratios as points.

    Counts and ranks are whole. Rounded as Excel rounds: half away from zero, of the shortest
    decimals that are this double.
    """
    if value is None:
        return "–"
    number = make_exact(value)
    if unit in _SHOWN_IN_HUNDREDTHS:
        number *= 100
    step = Decimal(1) if unit in WHOLE else _CENT
    rounded = number.quantize(step, ROUND_HALF_UP) + 0  # never minus nothing
    text = f"{rounded:,f}"
    if unit == "ratio":
        return f"{text}%"
    return text


def format_gap(gap: float | Decimal | None, unit: str) -> str:
    """Return a difference of two values in their unit.

    Of ratios it is in points of a hundred, as -4.48pp: -4.48% could be a share of the value too.
    """
    if gap is None or unit != "ratio":
        return format_figure(gap, unit)

    points = format_figure(gap, "points")
    return f"{points}pp"


def close_percent(shown: str) -> str:
    """Return a printed figure without the blank that earlier months have before a per cent sign."""
    return shown.replace(" %", "%")


def join_sides(
    numerator: float | Decimal | None,
    denominator: float | Decimal | None,
    multiplier: int = 1,
) -> str:
    """Return a quotient as it is made, as far as it has sides: `15 × 10000 ÷ 3127`.

    `multiplier` is what the numerator was multiplied by: it is stated as what it counts.
    """
    sides = []
    if numerator is not None:
        counted = make_exact(numerator) / multiplier
        stated = str(write_plain_cell(counted))
        if multiplier != 1:
            stated = f"{stated} × {multiplier}"
        sides.append(stated)
    if denominator is not None:
        divisor = write_plain_cell(make_exact(denominator))
        sides.append(str(divisor))
    return " ÷ ".join(sides)


def write_plain_cell(value: object) -> object:
    """Return a cell for a text file: decimals without needless zeros, all else as it is."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value
