"""Treated against hold-out, by an interval that may be looked at every month and still holds.

An ordinary 95 % interval holds for one look. Looked at every month, sooner or later it excludes the
truth. A confidence sequence holds at all looks together: Waudby-Smith, Arbour, Sinha, Kennedy and
Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of
Statistics 52 (2024), eq. 1 (Robbins' normal mixture with an estimated variance).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

ALPHA = 0.05
# Pairs at which the sequence is tightest; late, for the early variance is the least known.
BEST_AT = 500.0
FEWEST = 30  # in each arm, before anything is said: the variance is estimated


@dataclass(frozen=True)
class Arm:
    """Sums over one arm of a list, all months so far.

    Revenue is the change against an order's own month.

    Revenue itself would not do: who stands on a list for months pays much or little in all of them,
    so that their orders are no new evidence, and the interval would be too narrow. `revenue_square`
    is the sum of squares.
    """

    orders: int = 0
    kept: int = 0
    revenue: float = 0.0
    revenue_square: float = 0.0

    @property
    def kept_share(self) -> float:
        """The share that stayed."""
        return self.kept / self.orders

    @property
    def kept_variance(self) -> float:
        """The variance of staying, with two more that stayed and two that did not.

        Never nought in a small arm.
        """
        share = (self.kept + 2) / (self.orders + 4)
        return share * (1 - share)

    @property
    def mean_revenue(self) -> float:
        """Change of revenue an order, yuan."""
        return self.revenue / self.orders

    @property
    def revenue_variance(self) -> float:
        """The variance of the change of revenue an order."""
        return max(self.revenue_square / self.orders - self.mean_revenue**2, 0.0)


@dataclass(frozen=True)
class Interval:
    """An estimate and the bounds that hold at every look."""

    value: float
    low: float
    high: float


def verdict(effect: Interval | None) -> str:
    """Say what an effect shows so far.

    `too_few`, `helps`, `harms`, or `open` while its bounds hold nought.
    """
    if effect is None:
        return "too_few"
    return "helps" if effect.low > 0 else "harms" if effect.high < 0 else "open"


def half_width(variance: float, pairs: float, alpha: float = ALPHA) -> float:
    """The half width after that many pairs, of an estimate with that variance.

    The variance is of the estimate, not of a pair.

    A thousand treated against a hundred held out are as good as ninety pairs: the smaller arm is
    what time goes by.
    """
    rho_square = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha)) + 1) / BEST_AT
    spread = pairs * rho_square + 1
    return math.sqrt(
        variance
        * 2
        * spread
        / (pairs * rho_square)
        * math.log(math.sqrt(spread) / alpha)
    )


def _around(value: float, variance: float, pairs: float) -> Interval:
    half = half_width(variance, pairs)
    return Interval(value, value - half, value + half)


def retention_effect(treated: Arm, holdout: Arm) -> Interval | None:
    """The difference of the shares that stayed; None while an arm has too few."""
    if min(treated.orders, holdout.orders) < FEWEST:
        return None
    return _around(
        treated.kept_share - holdout.kept_share,
        _kept_variance(treated, holdout),
        _pairs(treated, holdout),
    )


def revenue_effect(treated: Arm, holdout: Arm) -> Interval | None:
    """The revenue kept with all treated orders, yuan; None while an arm has too few."""
    if min(treated.orders, holdout.orders) < FEWEST:
        return None
    variance = (
        treated.revenue_variance / treated.orders
        + holdout.revenue_variance / holdout.orders
    )
    one = _around(
        treated.mean_revenue - holdout.mean_revenue, variance, _pairs(treated, holdout)
    )
    return Interval(
        *(bound * treated.orders for bound in (one.value, one.low, one.high))
    )


def overall_effect(pairs: list[tuple[Arm, Arm]]) -> Interval | None:
    """The effect on the treated of all lists that say anything.

    Each weighs by its treated orders.
    """
    speaking = [(t, h) for t, h in pairs if min(t.orders, h.orders) >= FEWEST]
    if not speaking:
        return None
    total = sum(treated.orders for treated, _ in speaking)
    shares = [treated.orders / total for treated, _ in speaking]
    value = sum(
        w * (t.kept_share - h.kept_share)
        for w, (t, h) in zip(shares, speaking, strict=True)
    )
    variance = sum(
        w * w * _kept_variance(t, h) for w, (t, h) in zip(shares, speaking, strict=True)
    )
    return _around(value, variance, sum(_pairs(t, h) for t, h in speaking))


def orders_needed(treated: Arm, holdout: Arm, effect: float) -> int | None:
    """How many more orders, parted as so far, until an effect of that size would show.

    None while an arm has too few.
    """
    if min(treated.orders, holdout.orders) < FEWEST:
        return None
    orders, pairs, variance = (
        treated.orders + holdout.orders,
        _pairs(treated, holdout),
        _kept_variance(treated, holdout),
    )

    def is_enough(more: int) -> bool:
        times = (orders + more) / orders
        return half_width(variance / times, pairs * times) <= effect

    high = 1
    while not is_enough(high):
        high *= 2
    return bisect_left(range(high + 1), True, key=is_enough)


def _kept_variance(treated: Arm, holdout: Arm) -> float:
    return (
        treated.kept_variance / treated.orders + holdout.kept_variance / holdout.orders
    )


def _pairs(treated: Arm, holdout: Arm) -> float:
    return treated.orders * holdout.orders / (treated.orders + holdout.orders)
