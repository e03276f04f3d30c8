"""The effect's interval holds at every look together, and the alarm seldom cries for nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.judging.sequences import (
    FEWEST,
    Arm,
    half_width,
    orders_needed,
    overall_effect,
    retention_effect,
    revenue_effect,
)

HISTORIES, MONTHS = 400, 24


def looks(
    treated: int, holdout: int, share: float, effect: float, seed: int
) -> np.ndarray:
    """Low and high at each look of each history, as (history, month, 2); NaN while an arm has too few."""
    draw = np.random.default_rng(seed)
    kept = [
        draw.binomial(n, p, (HISTORIES, MONTHS)).cumsum(1)
        for n, p in ((treated, share + effect), (holdout, share))
    ]
    seen = np.full((HISTORIES, MONTHS, 2), np.nan)
    for history, month in np.ndindex(HISTORIES, MONTHS):
        arms = [
            Arm(n * (month + 1), int(k[history, month]))
            for n, k in zip((treated, holdout), kept, strict=True)
        ]
        if found := retention_effect(*arms):
            seen[history, month] = found.low, found.high
    return seen


@pytest.mark.parametrize(
    ("treated", "holdout", "share", "effect"),
    [
        (90, 10, 0.95, 0.0),
        (270, 30, 0.97, 0.0),
        (270, 30, 0.90, 0.03),
        (900, 100, 0.97, 0.01),
        (50, 50, 0.70, -0.05),
    ],
)
def test_all_looks_of_a_history_hold_together(
    treated: int, holdout: int, share: float, effect: float
) -> None:
    seen = looks(treated, holdout, share, effect, seed=7)
    is_missed = ((seen[..., 0] > effect) | (seen[..., 1] < effect)).any(axis=1)
    assert 1 - is_missed.mean() >= 0.95


@pytest.mark.parametrize(
    ("treated", "holdout", "share"), [(90, 10, 0.95), (270, 30, 0.97), (900, 100, 0.90)]
)
def test_a_list_that_does_nothing_is_seldom_paused(
    treated: int, holdout: int, share: float
) -> None:
    assert (looks(treated, holdout, share, 0.0, seed=8)[..., 1] < 0).any(
        axis=1
    ).mean() <= 0.05


def test_a_list_that_does_harm_is_paused_and_one_that_helps_is_seen() -> None:
    assert (looks(900, 100, 0.95, -0.08, seed=9)[..., 1] < 0).any(axis=1).mean() > 0.95
    assert (looks(900, 100, 0.85, 0.08, seed=9)[..., 0] > 0).any(axis=1).mean() > 0.95


def test_an_ordinary_interval_would_not_hold() -> None:
    """The reason for all this: the textbook's 95 % interval, looked at every month, misses far more often."""
    seen = looks(900, 100, 0.95, 0.0, seed=10)
    middle = seen.mean(axis=2)
    orders = np.arange(1, MONTHS + 1)
    plain = 1.96 * np.sqrt(0.95 * 0.05 * (1 / (900 * orders) + 1 / (100 * orders)))
    assert (np.abs(middle) > plain).any(axis=1).mean() > 0.15


def test_nothing_is_said_while_an_arm_has_too_few() -> None:
    enough, few = Arm(500, 400, 1.0, 1.0), Arm(FEWEST - 1, FEWEST - 1, 1.0, 1.0)
    assert [f(enough, few) for f in (retention_effect, revenue_effect)] == [None, None]
    assert (
        orders_needed(enough, few, 0.02) is None
        and overall_effect([(enough, few)]) is None
    )


def test_the_half_width_is_the_paper_s() -> None:
    alpha, best, n = 0.05, 500.0, 200.0
    rho_square = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha)) + 1) / best
    spread = n * rho_square + 1
    of_one = math.sqrt(
        2 * spread / (n * n * rho_square) * math.log(math.sqrt(spread) / alpha)
    )
    assert half_width(0.09 / n, n) == pytest.approx(0.3 * of_one)


def test_as_many_orders_as_are_needed_are_enough_and_one_less_is_not() -> None:
    treated, holdout = Arm(900, 855), Arm(100, 95)
    more = orders_needed(treated, holdout, 0.02)
    assert more is not None and more > 0
    pairs, variance = 90.0, treated.kept_variance / 900 + holdout.kept_variance / 100
    widths = [
        half_width(variance / t, pairs * t)
        for t in ((1000 + more) / 1000, (999 + more) / 1000)
    ]
    assert widths[0] <= 0.02 < widths[1]
    assert orders_needed(treated, holdout, 0.5) == 0


def test_revenue_kept_is_that_of_all_treated_orders() -> None:
    treated, holdout = Arm(100, 90, 9000.0, 1e6), Arm(50, 40, 4000.0, 4e5)
    found = revenue_effect(treated, holdout)
    assert (
        found is not None
        and found.value == pytest.approx(1000.0)
        and found.low < 1000.0 < found.high
    )


def test_all_lists_weigh_by_their_treated_orders() -> None:
    helps, harms = (Arm(300, 270), Arm(100, 80)), (Arm(100, 70), Arm(100, 80))
    found = overall_effect([helps, harms])
    assert found is not None and found.value == pytest.approx(0.75 * 0.1 - 0.25 * 0.1)
