"""What each list changes against its hold-out, and when an effect can be read."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from models.judging.sequences import FEWEST
from pipelines.core.month import Month
from pipelines.store.lake import Version

EFFECT = "feedback_effect"
OVERALL = "overall"
_READABLE = ("helps", "harms")
_WIDTH = 200  # of the drawn interval, in its own units


class EffectRow(NamedTuple):
    """A row of `feedback_effect`."""

    list: str
    month_count: int
    treated_order_count: int
    treated_kept_count: int
    holdout_order_count: int
    holdout_kept_count: int
    effect: float | None
    effect_low: float | None
    effect_high: float | None
    revenue_kept: float | None
    revenue_kept_low: float | None
    revenue_kept_high: float | None
    needed_order_count: int | None
    state: str
    is_paused: bool


@dataclass(frozen=True)
class Bounds:
    """An interval as it is drawn: where it begins and ends, the value, and where nought is."""

    low: float
    high: float
    value: float
    nought: float
    width: int = _WIDTH


def read_effects(version: Version) -> list[EffectRow]:
    """Return the effects of the lists, that of all of them first; none where none is known."""
    if not version.is_computed(EFFECT):
        return []
    rows = version.read_as(EffectRow, EFFECT)
    return sorted(rows, key=lambda row: (row.list != OVERALL, row.list))


def find_readable_month(row: EffectRow, month: Month) -> Month | None:
    """Return from which month on an effect can be read, if orders go on as so far.

    That is the month itself where it can be now, None where it never will be: nobody is held out.
    Of a list with too few orders it is when there are enough for a first interval.
    """
    if row.state in _READABLE:
        return month
    more = _count_months(row)
    if more is None:
        return None
    return month.plus(more)


def _count_months(row: EffectRow) -> int | None:
    """How many months more are needed."""
    if row.month_count == 0:
        return None
    if row.needed_order_count is not None:
        orders = row.treated_order_count + row.holdout_order_count
        return _divide_up(row.needed_order_count * row.month_count, orders)
    months = 0
    for count in (row.treated_order_count, row.holdout_order_count):
        if count == 0:
            return None
        lacking = max(FEWEST - count, 0)
        months = max(months, _divide_up(lacking * row.month_count, count))
    return months


def _divide_up(orders: int, a_month: int) -> int:
    return ceil(orders / a_month)


def draw_bounds(row: EffectRow, widest: float) -> Bounds | None:
    """Place an interval on a scale from minus to plus `widest`; None of too few orders."""
    if row.effect is None or row.effect_low is None or row.effect_high is None:
        return None

    def place(value: float) -> float:
        share = (value / widest + 1) / 2
        return round(share * _WIDTH, 1)

    return Bounds(
        place(row.effect_low), place(row.effect_high), place(row.effect), _WIDTH / 2
    )


def find_widest(rows: list[EffectRow]) -> float:
    """Return the bound that is furthest from nought."""
    bounds = [0.01]
    for row in rows:
        for bound in (row.effect_low, row.effect_high):
            if bound is not None:
                bounds.append(abs(bound))
    return max(bounds)
