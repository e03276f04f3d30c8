"""Tell what came of each order: what happened, and what the manager writes about it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twin.codes import (
    CLAIM_LISTS,
    DEBT_LISTS,
    GROUP_LISTS,
    LISTS,
    NONE,
    OUTCOMES,
    SUCCESSES,
    TERMINATED,
)
from twin.world.rows import Array, Orders, Work
from twin.world.state import World

CLAIMS = {
    "termination_save": "retained", "suspended_reactivation": "reactivated", "arrears": "paid",
    "fixed_arrears": "paid", "group_arrears": "paid", "renewal": "renewed", "vip_zero_usage": "retained",
    "group_zero_usage": "retained", "cohort_at_risk": "retained", "churn_risk": "retained",
    "down_migration": "retained", "card_issue": "card_delivered", "vip_allocation": "claimed",
    "unclaimed": "claimed", "points_redemption": "redeemed", "activity_invite": "accepted",
}  # fmt: skip
# What a list is for, as a fork of the month; the others want the customer to stay.
AIMS = {
    **dict.fromkeys(DEBT_LISTS, "pays"), **dict.fromkeys(CLAIM_LISTS, "claimed"), "card_issue": "holds_card",
    "points_redemption": "redeems", "renewal": "renews",
}  # fmt: skip
STAYS = "stays"
SAYS_YES, SAYS_LATER = (
    0.65,
    0.85,
)  # of reached customers who stay: agree, ask to be called again; the rest refuse
LIP_SERVICE = 0.25  # of those who do not: agree all the same


@dataclass(frozen=True)
class Told:
    """Hold what managers write: outcome code (NONE = left blank), days, promised amount in fen, and if it is untrue."""

    code: Array
    contacted_on: Array
    promised_amount: Array
    promised_on: Array
    is_false: Array


@dataclass(frozen=True)
class Success:
    """Hold by order whether its aim is met: without a contact, with one on the planned day, and as it went."""

    without: Array
    contacted: Array
    happened: Array


def judge(world: World, orders: Orders, work: Work) -> Success:
    """Say of each order whether its list's aim was met, would have been without a contact, and would be with one."""
    return _by_list(world, orders, work, AIMS)


def judge_staying(world: World, orders: Orders, work: Work) -> Success:
    """Say of each order whether its line, or one of its customer's, is still in the network at the cut-off."""
    return _by_list(world, orders, work, {})


def _by_list(
    world: World, orders: Orders, work: Work, aims: Mapping[str, str]
) -> Success:
    branches = np.zeros((2, len(orders)), bool)
    for code in np.unique(orders.by):
        name, mine = LISTS[code], np.flatnonzero(orders.by == code)
        aim = world.happened.forks[aims.get(name, STAYS)]
        for place, branch in enumerate(aim.branches):
            at = _at_lines if aim.is_of_lines else _at_customers
            branches[place, mine] = at(
                world, orders.take(mine), branch, name in GROUP_LISTS
            )
    return Success(
        branches[0], branches[1], np.where(work.is_reached, branches[1], branches[0])
    )


def _at_customers(_: World, orders: Orders, branch: Array, is_group: bool) -> Array:
    return np.asarray(branch[orders.customer])


def _at_lines(world: World, orders: Orders, branch: Array, is_group: bool) -> Array:
    """Read a fork of lines at the orders: their service, else any line of their customer, or of a group's member."""
    services, customers = world.services, world.customers
    by_customer = np.zeros(len(customers), bool)
    owner = services.customer[: len(branch)][branch]
    by_customer[owner] = True
    if is_group:
        group = customers.group[owner]
        by_customer[group[group != NONE]] = True
    return np.where(
        orders.service != NONE, branch[orders.service], by_customer[orders.customer]
    )


def tell(world: World, orders: Orders, work: Work) -> Told:
    """Write down what managers say of their orders, at the end of the month."""
    success = judge(world, orders, work).happened
    claim = np.array([OUTCOMES.index(CLAIMS[name]) for name in LISTS])[orders.by]
    said = _say_of_reached(world, orders, work, success, claim)
    left = work.is_worked & _has_left(world, orders, work.day)
    code = np.select(
        [left, work.is_wrong_number, work.is_reached, work.is_worked],
        [_code("left_already"), _code("wrong_number"), said, _code("no_answer")],
        NONE,
    )
    is_false = (
        work.is_false & ~success & ~np.isin(code, [_code(name) for name in SUCCESSES])
    )
    code = np.where(is_false, claim, code)
    promised = code == _code("promised")
    amount = np.where(promised & (orders.amount > 0), orders.amount, NONE)
    contacted_on = np.where(code != NONE, work.day, NONE)
    return Told(
        code,
        contacted_on,
        amount,
        np.where(promised, _promised_on(world, orders, work), NONE),
        is_false,
    )


def _code(name: str) -> int:
    return OUTCOMES.index(name)


def _say_of_reached(
    world: World, orders: Orders, work: Work, success: Array, claim: Array
) -> Array:
    """Choose the outcome code of those who answer."""
    later, refused = _code("call_back"), _code("refused")
    is_debt = np.isin(orders.by, [LISTS.index(name) for name in DEBT_LISTS])
    stays = np.isin(
        orders.by, [code for code, name in enumerate(LISTS) if name not in AIMS]
    )
    yes = np.where(stays, work.mood < SAYS_YES, True)
    agreed = np.where(yes, claim, np.where(work.mood < SAYS_LATER, later, refused))
    declined = np.where(
        stays & (work.mood < LIP_SERVICE),
        claim,
        np.where(work.mood < 0.5, later, refused),
    )
    said = np.where(success, agreed, declined)
    said = np.where(is_debt, _say_of_debt(world, orders, work, success, claim), said)
    annoyed = (
        world.random("annoyance").random(len(orders)) < world.config.asks_for_peace_rate
    )
    return np.where(annoyed & ~success, _code("do_not_contact"), said)


def _say_of_debt(
    world: World, orders: Orders, work: Work, success: Array, claim: Array
) -> Array:
    """Let payers pay on the spot or promise and keep it; of the others some promise and break it."""
    at_once = success & (_paid_on(world, orders.customer) <= work.day + 1)
    breaks = ~success & (work.mood < world.config.broken_promise_share)
    rest = np.where(work.mood < 0.6, _code("call_back"), _code("refused"))
    return np.where(at_once, claim, np.where(success | breaks, _code("promised"), rest))


def _paid_on(world: World, customer: Array) -> Array:
    """Give the last day each customer paid on in the month; NONE for none."""
    last = np.full(len(world.customers), NONE)
    paid = world.happened.payments
    named = (paid.bill != NONE) & (paid.amount > 0)
    np.maximum.at(last, paid.customer[named], paid.day[named])
    return np.asarray(last[customer])


def _promised_on(world: World, orders: Orders, work: Work) -> Array:
    """Give the day a promise names: the day it will be kept, or some days from the contact."""
    return np.asarray(np.maximum(_paid_on(world, orders.customer), work.day + work.lag))


def _has_left(world: World, orders: Orders, day: Array) -> Array:
    """Mark the orders whose line, or all of whose customer's lines, had ended before the contact."""
    services, size = world.services, len(world.customers)
    ended_on = np.where(
        services.status == TERMINATED, services.terminated_on, np.iinfo(np.int32).max
    )
    last = np.full(size, NONE)
    np.maximum.at(last, services.customer, ended_on)
    return np.asarray(
        np.where(
            orders.service != NONE, ended_on[orders.service], last[orders.customer]
        )
        <= day
    )


def leave_in_peace(world: World, orders: Orders, told: Told) -> None:
    """Mark the customers who asked not to be contacted again."""
    asked = orders.customer[told.code == _code("do_not_contact")]
    world.customers.do_not_contact[asked] = True
