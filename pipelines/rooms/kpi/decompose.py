"""A KPI's change split into volume, mix and rate over the parts of a whole, exactly.

Of a part b with denominator d, numerator n, rate r = n / d and share w = d / D of the whole D,
means of both months marked ~: the numerator's change is volume r~·w~·ΔD, mix r~·D~·Δw and rate, the
rest (d~·Δr). The value's change is mix (r~ − R~)·Δw, against the company's rate R, and rate, the
rest (w~·Δr): volume moves no quotient. All in fractions, so both are exact (Bennet's indicator,
1920); published at fixed places so that parts add up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipelines.core.apportion import apportion_parts

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

    @property
    def mean_rate(self) -> Fraction:
        """The mean of both months' rates; of the one that has a denominator where only one has."""
        rates = []
        if self.d0:
            rates.append(self.n0 / self.d0)
        if self.d1:
            rates.append(self.n1 / self.d1)
        if not rates:
            return _ZERO
        return sum(rates, _ZERO) / len(rates)


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
    whole = add_pairs(parts.values())
    cells: list[Fraction] = []
    for part in parts.values():
        cells.extend(_split_value(part, whole))
    values = iter(apportion_parts(cells, VALUE_PLACES))

    effects: dict[str, Effects] = {}
    for name, part in parts.items():
        exact = _split_numerator(part, whole)
        volume, mix, rate = apportion_parts(exact, AMOUNT_PLACES)
        effects[name] = Effects(
            volume=volume,
            mix=mix,
            rate=rate,
            value_mix=next(values),
            value_rate=next(values),
        )
    company = _add_effects(effects.values())
    return {"company": company, **effects}


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


def _split_numerator(part: Pair, whole: Pair) -> list[Fraction]:
    """Split the numerator's change into volume, mix and rate."""
    share_before = part.d0 / whole.d0
    share_now = part.d1 / whole.d1
    share_change = share_now - share_before
    mean_share = (share_now + share_before) / 2
    whole_change = whole.d1 - whole.d0
    mean_whole = (whole.d1 + whole.d0) / 2
    volume = part.mean_rate * mean_share * whole_change
    mix = part.mean_rate * share_change * mean_whole
    rate = part.n1 - part.n0 - volume - mix
    return [volume, mix, rate]


def _split_value(part: Pair, whole: Pair) -> list[Fraction]:
    """Split the value's change into mix and rate."""
    share_change = part.d1 / whole.d1 - part.d0 / whole.d0
    value_change = part.n1 / whole.d1 - part.n0 / whole.d0
    change = value_change - whole.mean_rate * share_change
    mix = (part.mean_rate - whole.mean_rate) * share_change
    return [mix, change - mix]


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
