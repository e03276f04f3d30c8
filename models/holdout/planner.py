"""What a hold-out of some size will tell, by when, and what it costs until then.

Of a list's evidence only its size is asked: the risks of its orders added up, and in which parts
they are treated and held out. The formulas are those of `models.holdout.effects`, the prior left
out: when a difference can be read is when chance alone would no longer make it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from models.holdout.effects import Tally, Z, find_design_effect, find_lost_ratio

SHARES = (0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Flow:
    """What a list brings a month, both arms: its risks added up, and what the orders are worth.

    `variance` is of what is lost for one foreseen: how many are, times the design effect. `worth`
    is in yuan, contacts paid, if nobody were held out.
    """

    foreseen: float
    worth: float
    variance: float = 1.0


@dataclass(frozen=True)
class HoldoutPlan:
    """A share held out: the months until a difference can be read, and what a month of it costs.

    `months` is infinite for a list that brings no risk, and nought for what can be read already.
    """

    share: float
    months: float
    cost: float


def plan_holdout(
    flow: Flow, difference: float, known: float = 0.0, shares: Sequence[float] = SHARES
) -> list[HoldoutPlan]:
    """Return a plan a share.

    `difference` is of persuadability, `known` the precision that hold-outs have brought so far.
    Raise ValueError for a share that leaves an arm empty, and for no difference.
    """
    if difference <= 0:
        raise ValueError("a difference to be read is above nought")
    wanted = (Z / difference) ** 2
    plans = []
    for share in shares:
        monthly = find_precision(flow, share)
        lacking = max(wanted - known, 0.0)
        months = lacking / monthly if monthly else math.inf
        if not lacking:
            months = 0.0
        plans.append(HoldoutPlan(share, months, share * max(flow.worth, 0.0)))
    return plans


def find_difference(
    flow: Flow, share: float, months: float, known: float = 0.0
) -> float:
    """Return the difference of persuadability that can be read after some months."""
    precision = known + months * find_precision(flow, share)
    return Z / math.sqrt(precision) if precision else math.inf


def find_precision(flow: Flow, share: float) -> float:
    """Return the precision (one over the variance) that a month adds to a difference."""
    if not 0 < share < 1:
        raise ValueError(f"a hold-out of {share} leaves an arm empty")
    return flow.foreseen * share * (1 - share) / flow.variance


def find_variance(arms: Sequence[Tally], usual: float) -> float:
    """Return the variance of a Flow from what was lost; `usual` is the design effect assumed."""
    return find_lost_ratio(arms) * find_design_effect(arms, usual)


def find_known(treated: float, holdout: float, variance: float) -> float:
    """Return the precision of arms with these risks added up; nought where one is empty.

    `variance` is that of a Flow.
    """
    if min(treated, holdout) <= 0:
        return 0.0
    return 1 / (variance / treated + variance / holdout)
