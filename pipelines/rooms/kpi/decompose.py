"""A KPI's change split into volume, mix and rate over the parts of a whole, exactly.

Of a part b with denominator d, numerator n, rate r = n / d and share w = d / D of the whole D,
means of both months marked ~: the numerator's change is volume r~·w~·ΔD, mix r~·D~·Δw and rate, the
rest (d~·Δr). The value's change is mix (r~ − R~)·Δw, against the company's rate R, and rate, the
rest (w~·Δr): volume moves no quotient. All in whole numbers over a common denominator, so both are
exact (Bennet's indicator, 1920); published at fixed places so that parts add up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from pipelines.core.apportion import Ratio, apportion_ratios

AMOUNT_PLACES = 8  # a numerator's own places
VALUE_PLACES = 12  # more than anybody prints of a quotient
_MOST_DIGITS = 38  # of a stored decimal
_ZERO = Fraction(0)


@dataclass(frozen=True)
class Pair:
    """A scope's numerator and denominator in the month before and now; nobody there is 0."""

    n0: Fraction
    d0: Fraction
    n1: Fraction
    d1: Fraction


class _Counts(NamedTuple):
    """The same in whole numbers: as many times as large, all parts alike."""

    n0: int
    d0: int
    n1: int
    d1: int

    @property
    def mean_rate(self) -> Ratio:
        """The mean of both months' rates; of the one that has a denominator where only one has."""
        if self.d0 and self.d1:
            return self.n0 * self.d1 + self.n1 * self.d0, 2 * self.d0 * self.d1
        if self.d0:
            return self.n0, self.d0
        if self.d1:
            return self.n1, self.d1
        return 0, 1


@dataclass(frozen=True)
class Effects:
    """What moved a part's numerator (volume, mix, rate) and its value (value_mix, value_rate)."""

    volume: Decimal
    mix: Decimal
    rate: Decimal
    value_mix: Decimal
    value_rate: Decimal

    @property
    def numerator_change(self) -> Decimal:
        """The whole change of the numerator."""
        return self.volume + self.mix + self.rate

    @property
    def value_change(self) -> Decimal:
        """The whole change of the value."""
        return self.value_mix + self.value_rate


def decompose_change(parts: Mapping[str, Pair]) -> dict[str, Effects]:
    """Return the company's effects, under `company`, and then each part's.

    The company's are the sums of the parts'. It has a denominator in both months.
    """
    scale = _find_scale(parts.values())
    counts = {name: _count_pair(part, scale) for name, part in parts.items()}
    whole = _Counts(*map(sum, zip(*counts.values(), strict=True)))
    cells: list[Ratio] = []
    for part in counts.values():
        cells.extend(_split_value(part, whole))
    values = iter(apportion_ratios(cells, VALUE_PLACES))

    effects: dict[str, Effects] = {}
    for name, part in counts.items():
        exact = _split_numerator(part, whole, scale)
        volume, mix, rate = apportion_ratios(exact, AMOUNT_PLACES)
        effects[name] = Effects(
            volume=volume,
            mix=mix,
            rate=rate,
            value_mix=next(values),
            value_rate=next(values),
        )
    company = _add_effects(effects.values())
    return {"company": company, **effects}


def _find_scale(parts: Iterable[Pair]) -> int:
    """Return how many times as large all sums are whole numbers."""
    denominators = set()
    for part in parts:
        for figure in (part.n0, part.d0, part.n1, part.d1):
            denominators.add(figure.denominator)
    return lcm(*denominators)


def _count_pair(part: Pair, scale: int) -> _Counts:
    """Return a part's sums, so many times as large."""
    figures = (part.n0, part.d0, part.n1, part.d1)
    return _Counts(*(f.numerator * (scale // f.denominator) for f in figures))


def is_storable(effects: Effects) -> bool:
    """Say whether every effect, and their sums, fit the columns of `kpi_change`."""
    amounts = (effects.numerator_change, effects.volume, effects.mix, effects.rate)
    values = (effects.value_change, effects.value_mix, effects.value_rate)
    amount_limit = Decimal(10) ** (_MOST_DIGITS - AMOUNT_PLACES)
    value_limit = Decimal(10) ** (_MOST_DIGITS - VALUE_PLACES)
    return all(abs(amount) < amount_limit for amount in amounts) and all(
        abs(value) < value_limit for value in values
    )


def add_pairs(pairs: Iterable[Pair]) -> Pair:
    """Return the sums of numerators and denominators."""
    total = Pair(_ZERO, _ZERO, _ZERO, _ZERO)
    for pair in pairs:
        total = Pair(
            n0=total.n0 + pair.n0,
            d0=total.d0 + pair.d0,
            n1=total.n1 + pair.n1,
            d1=total.d1 + pair.d1,
        )
    return total


def _split_numerator(part: _Counts, whole: _Counts, scale: int) -> list[Ratio]:
    """Split the numerator's change into volume, mix and rate."""
    mean_rate, rate_over = part.mean_rate
    share_before, share_now, share_over = _find_shares(part, whole)
    over = 2 * rate_over * share_over
    volume = mean_rate * (share_now + share_before) * (whole.d1 - whole.d0)
    mix = mean_rate * (share_now - share_before) * (whole.d1 + whole.d0)
    rate = (part.n1 - part.n0) * over - volume - mix
    return _put_over(over * scale, volume, mix, rate)


def _split_value(part: _Counts, whole: _Counts) -> list[Ratio]:
    """Split the value's change into mix and rate."""
    mean_rate, rate_over = part.mean_rate
    whole_rate, whole_over = whole.mean_rate
    share_before, share_now, share_over = _find_shares(part, whole)
    share_change = share_now - share_before
    rates_over = rate_over * whole_over
    value_change = (part.n1 * whole.d0 - part.n0 * whole.d1) * rates_over
    change = value_change - whole_rate * rate_over * share_change
    rate_beyond = mean_rate * whole_over - whole_rate * rate_over
    mix = rate_beyond * share_change
    return _put_over(rates_over * share_over, mix, change - mix)


def _find_shares(part: _Counts, whole: _Counts) -> tuple[int, int, int]:
    """Return a part's shares of the whole before and now, and what both are over."""
    return part.d0 * whole.d1, part.d1 * whole.d0, whole.d0 * whole.d1


def _put_over(denominator: int, *numerators: int) -> list[Ratio]:
    """Return numerators over one denominator, which is above 0 then."""
    if denominator < 0:
        return [(-numerator, -denominator) for numerator in numerators]
    return [(numerator, denominator) for numerator in numerators]


def _add_effects(effects: Iterable[Effects]) -> Effects:
    """Return the sums of the effects, each kind by itself."""
    volume = Decimal(0)
    mix = Decimal(0)
    rate = Decimal(0)
    value_mix = Decimal(0)
    value_rate = Decimal(0)
    for effect in effects:
        volume += effect.volume
        mix += effect.mix
        rate += effect.rate
        value_mix += effect.value_mix
        value_rate += effect.value_rate
    return Effects(
        volume=volume,
        mix=mix,
        rate=rate,
        value_mix=value_mix,
        value_rate=value_rate,
    )
