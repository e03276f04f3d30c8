"""Parts that are rounded and still add up to the rounded whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cmp_to_key
from math import floor

# A numerator over a denominator above 0, in whatever terms: what is made by the ten thousand is
# not reduced each time.
Ratio = tuple[int, int]


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
    ratios = [part.as_integer_ratio() for part in parts]
    return apportion_ratios(ratios, places, owed)


def apportion_ratios(
    parts: Sequence[Ratio], places: int, owed: Sequence[Fraction] | None = None
) -> list[Decimal]:
    """Round parts that are given as ratios in the same way."""
    scale = 10**places
    units: list[int] = []
    remainders: list[Ratio] = []
    for numerator, denominator in parts:
        count, remainder = divmod(numerator * scale, denominator)
        units.append(count)
        remainders.append((remainder, denominator))

    whole = round_half_away(sum(units) + _add_ratios(remainders))
    missing = whole - sum(units)
    if missing:
        claims = remainders
        if owed is not None:
            claims = _add_owed(remainders, owed, scale)
        for index in _rank_parts(remainders, claims)[:missing]:
            units[index] += 1
    return [Decimal(count).scaleb(-places) for count in units]


def _add_ratios(ratios: Iterable[Ratio]) -> Fraction:
    """Return the sum of ratios, those of one denominator added up first."""
    numerators: Counter[int] = Counter()
    for numerator, denominator in ratios:
        numerators[denominator] += numerator
    return sum(
        (Fraction(numerator, over) for over, numerator in numerators.items()),
        Fraction(0),
    )


def _add_owed(
    remainders: Iterable[Ratio], owed: Iterable[Fraction], scale: int
) -> list[Ratio]:
    """Return what each part claims: its remainder, and what it got too little before."""
    claims = []
    for (remainder, denominator), late in zip(remainders, owed, strict=True):
        claim = Fraction(remainder, denominator) + late * scale
        claims.append(claim.as_integer_ratio())
    return claims


def _rank_parts(remainders: Sequence[Ratio], claims: Sequence[Ratio]) -> list[int]:
    """Return the parts' places, the largest claim first; what needs no rounding comes last."""

    def compare(one: int, other: int) -> int:
        needs_none, other_needs_none = not remainders[one][0], not remainders[other][0]
        if needs_none != other_needs_none:
            return needs_none - other_needs_none
        (claim, over), (other_claim, other_over) = claims[one], claims[other]
        return other_claim * over - claim * other_over

    # Equals stay in their order.
    return sorted(range(len(claims)), key=cmp_to_key(compare))


def round_half_away(value: Fraction) -> int:
    """Round to a whole number, halves away from zero, as people round money."""
    whole = floor(abs(value) + Fraction(1, 2))
    if value >= 0:
        return whole
    return -whole
