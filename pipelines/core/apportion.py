"""Parts that are rounded and still add up to the rounded whole."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor


def apportion_parts(
    parts: Sequence[Fraction | Decimal],
    places: int,
    owed: Sequence[Fraction] | None = None,
) -> list[Decimal]:
    """Round parts to decimal places so that they add up to their rounded sum (half away from zero).

    By largest remainder; of equal remainders the earlier part gets the unit. `owed` is what each
    part got too little before: it counts with its remainder, but gives no unit to a part that needs
    no rounding.
    """
    scale = 10**places
    scaled = [Fraction(part) * scale for part in parts]
    units = [floor(part) for part in scaled]
    whole = round_half_away(sum(scaled, Fraction(0)))
    missing = whole - sum(units)

    remainders = [part - whole for part, whole in zip(scaled, units, strict=True)]
    claims = list(remainders)
    if owed is not None:
        claims = [
            claim + late * scale for claim, late in zip(claims, owed, strict=True)
        ]

    def rank_part(index: int) -> tuple[bool, Fraction, int]:
        needs_no_rounding = remainders[index] == 0
        return needs_no_rounding, -claims[index], index

    ranked = sorted(range(len(parts)), key=rank_part)
    for index in ranked[:missing]:
        units[index] += 1
    return [Decimal(count).scaleb(-places) for count in units]


def round_half_away(value: Fraction) -> int:
    """Round to a whole number, halves away from zero, as people round money."""
    whole = floor(abs(value) + Fraction(1, 2))
    if value >= 0:
        return whole
    return -whole
