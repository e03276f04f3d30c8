"""The planner says when a difference can be read: as many months as it takes, at what the hold-out costs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.holdout.effects import Tally, Z
from models.holdout.planner import (
    SHARES,
    Flow,
    find_difference,
    find_known,
    find_precision,
    find_variance,
    plan_holdout,
)

FLOW = Flow(foreseen=20.0, worth=1000.0)


def test_a_larger_share_takes_fewer_months_and_costs_more() -> None:
    plans = plan_holdout(FLOW, 0.2)
    assert [plan.share for plan in plans] == list(SHARES)
    months = [plan.months for plan in plans]
    assert months == sorted(months, reverse=True)
    assert [plan.cost for plan in plans] == [50.0, 100.0, 200.0]


def test_the_months_are_those_after_which_the_difference_can_be_read() -> None:
    for plan in plan_holdout(FLOW, 0.2, known=3.0):
        assert find_difference(FLOW, plan.share, plan.months, 3.0) == pytest.approx(0.2)


def test_what_is_known_shortens_it_to_nothing() -> None:
    known = find_known(treated=5000.0, holdout=600.0, variance=1.0)
    assert {plan.months for plan in plan_holdout(FLOW, 0.2, known)} == {0.0}
    assert find_known(10.0, 0.0, 1.0) == 0.0


def test_a_list_without_risk_is_never_read_and_costs_nothing_it_does_not_earn() -> None:
    plans = plan_holdout(Flow(foreseen=0.0, worth=-10.0), 0.2)
    assert {plan.months for plan in plans} == {math.inf}
    assert {plan.cost for plan in plans} == {0.0}
    assert find_difference(Flow(0.0, 0.0), 0.1, 12) == math.inf


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_an_empty_arm_is_no_hold_out(share: float) -> None:
    with pytest.raises(ValueError, match="leaves an arm empty"):
        find_precision(FLOW, share)
    with pytest.raises(ValueError, match="above nought"):
        plan_holdout(FLOW, 0.0)


@pytest.mark.parametrize("lines", [1, 12])
def test_the_forecast_is_the_scatter_of_hold_outs(lines: int) -> None:
    """Over many histories of the forecast's length the estimate scatters as much as is foreseen.

    Also where all lines of an order leave together.
    """
    random = np.random.default_rng(4)
    risk, share, orders = 0.02, 0.2, 1000
    lost = round(orders * risk)
    seen = Tally(lost * lines, lost * lines, lost * lines**2)
    variance = find_variance([seen], lines)
    flow = Flow(foreseen=orders * lines * risk, worth=0.0, variance=variance)
    months = round(plan_holdout(flow, 0.4, shares=[share])[0].months)
    found = []
    for _ in range(2000):
        held = random.binomial(months * orders, share)
        treated = months * orders - held
        lost_held = random.binomial(held, risk)
        lost = random.binomial(treated, risk)
        found.append(lost_held / (held * risk) - lost / (treated * risk))
    assert Z * float(np.std(found)) == pytest.approx(0.4, rel=0.08)
