"""Parts that are rounded and still add up to the rounded whole."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor


def apportion(
    parts: Sequence[Fraction | Decimal], places: int, owed: Sequence[Fraction] | None = None
) -> list[Decimal]:
    """Round parts to decimal places so that they add up to their rounded sum (half away from zero).

    By largest remainder; of equal remainders the earlier part gets the unit. `owed` is what each part got too little
    before: it counts with its remainder, but gives no unit to a part that needs no rounding.
    """
    scaled = [Fraction(part) * 10**places for part in parts]
    floors = [floor(part) for part in scaled]
    missing = round_half_away(sum(scaled, Fraction(0))) - sum(floors)
    short = [part - whole for part, whole in zip(scaled, floors, strict=True)]
    claims = (
        short
        if owed is None
        else [s + late * 10**places for s, late in zip(short, owed, strict=True)]
    )
    ranked = sorted(range(len(parts)), key=lambda place: (short[place] == 0, -claims[place], place))
    lucky = set(ranked[:missing])
    return [Decimal(units + (place in lucky)).scaleb(-places) for place, units in enumerate(floors)]


def round_half_away(value: Fraction) -> int:
    """Round to a whole number, halves away from zero, as people round money."""
    whole = floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole
