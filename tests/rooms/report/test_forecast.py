"""The chain ladder by hand, its interval on histories whose truth is known, and what it says of too little."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from pipelines.core.month import Month
from pipelines.rooms.report.forecast import (
    FEWEST,
    OLDEST,
    Ladder,
    VintageRow,
    build_ladder,
    forecast_open_amounts,
    project_open_amounts,
)


def ladder(
    months: int, shares: tuple[float, ...] = (0.10, 0.04, 0.02), billed: float = 1000.0
) -> Ladder:
    """Every month bills the same, and each age leaves the same share of it open."""
    row = np.zeros(OLDEST + 1)
    row[: len(shares)] = shares
    return Ladder(np.tile(row * billed, (months, 1)), np.full(months, billed))


def test_what_stays_the_same_stays_the_same() -> None:
    assert project_open_amounts(ladder(6), 4) == pytest.approx([160.0] * 4)


def test_ages_roll_by_their_own_ratio() -> None:
    """Ratios 0.4 and 0.5; the last month has twice the usual at age 0: 100 + 80 + 20, then 100 + 40 + 40."""
    made = ladder(6)
    made.open[-1, 0] = 200.0
    steady = Ladder(np.vstack([ladder(6).open] * 3), np.full(18, 1000.0))
    ages = np.vstack([steady.open, made.open[-1:]])
    found = project_open_amounts(Ladder(ages, np.full(19, 1000.0)), 2)
    stays = (5 * 100 + 200) / 6000  # of the six months' bills
    left = 40 / 100  # of age 0 before the last month, which is nobody's "before"
    assert found[0] == pytest.approx(stays * 1000 + 200 * left + 40 * 0.5)


def test_the_oldest_stay_among_the_oldest() -> None:
    rows = np.zeros((5, OLDEST + 1))
    rows[:, OLDEST] = [100, 90, 81, 72.9, 65.61]
    assert project_open_amounts(Ladder(rows, np.zeros(5)), 2) == pytest.approx(
        [59.049, 53.1441]
    )


def test_nothing_is_said_of_too_few_months_and_no_interval_of_too_few_errors() -> None:
    assert forecast_open_amounts(ladder(FEWEST - 1), 3) is None
    said = forecast_open_amounts(ladder(FEWEST + 2), 3)
    assert said is not None and said.low is None and said.errors == 2
    later = forecast_open_amounts(ladder(12), 3)
    assert later is not None and later.low is not None and later.errors == 8


def test_the_interval_holds_the_next_month_as_often_as_it_says() -> None:
    """Bills that scatter by a tenth: of 300 histories the next month lies outside in about one of twenty."""
    dice, held = np.random.default_rng(7), 0
    for _ in range(300):
        billed = 1000 * np.exp(dice.normal(0, 0.1, 19))
        rows = np.zeros((19, OLDEST + 1))
        for age, share in enumerate((0.10, 0.04, 0.02)):
            rows[age:, age] = (
                billed[: 19 - age] * share * np.exp(dice.normal(0, 0.1, 19 - age))
            )
        rows = rows[3:]
        said = forecast_open_amounts(Ladder(rows[:-1], billed[3:-1]), 1)
        assert said is not None and said.low is not None and said.high is not None
        held += bool(said.low[0] <= rows[-1].sum() <= said.high[0])
    assert 0.90 <= held / 300 <= 0.99


def test_a_gap_ends_the_months_that_are_taken() -> None:
    rows: list[VintageRow] = [
        {"scope_kind": "company", "scope_id": "company", "month": month, "age_months": age, "open_amount": Decimal(amount), "billed_amount": Decimal(9)}
        for month, age, amount in (("2026-05", 0, 1), ("2026-07", 0, 2), ("2026-08", 0, 3), ("2026-08", 13, 4))
    ]  # fmt: skip
    found = build_ladder(rows, ("company", "company"), Month.parse("2026-08"))
    assert found.open.sum(axis=1).tolist() == [2, 7] and found.billed.tolist() == [
        9,
        18,
    ]
