"""KPIs about orders: what managers answered to them, what the months after say of it, and whom an order kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from fractions import Fraction

import pandas as pd

from tests.oracle.parts import Given, Part, entries
from tests.oracle.state import Held, shift

from .book import Row
from .debts import DEBT
from .office import REACHED_NOT, SUCCESS, Office

OrderRule = Callable[..., Part | Given]
HELD_OUT = (
    *(
        "renewal",
        "vip_zero_usage",
        "group_zero_usage",
        "cohort_at_risk",
        "churn_risk",
        "down_migration",
    ),
    *("points_redemption", "activity_invite"),
)
FEWEST = 30  # orders of each arm before anything is said
GRACE = timedelta(days=3)


# -- what was reached, and what it was good for --------------------------------------------------------------------


def _said(held: Held, office: Office, order: Row) -> str | None:
    answer = office.standing(order, held.now.last.date())
    return answer["outcome"] if answer else None


def _is_reached(held: Held, office: Office, order: Row) -> bool:
    return _said(held, office, order) not in (None, *REACHED_NOT)


def _rate(orders: Iterable[Row], hits: Callable[[Row], bool | None]) -> Part:
    """How many of these orders, by customer, without those of which nothing can be said."""
    known = [
        (order["customer_id"], hit)
        for order in orders
        if (hit := hits(order)) is not None
    ]
    customers = pd.Index([customer for customer, _ in known], dtype=object)
    return Part(entries(customers, [int(hit) for _, hit in known]), entries(customers))


def reached(held: Held, office: Office) -> Part:
    return _rate(
        office.treated(shift(held.month, -1)),
        lambda order: _is_reached(held, office, order),
    )


def success(variant: str, ago: int) -> OrderRule:
    def rule(held: Held, office: Office) -> Part:
        month = shift(held.month, -ago)
        look = office.look(held, month, held.month)
        orders = [order for order in office.treated(month) if look.can_judge(order)]
        if variant != "dispatched":
            orders = [order for order in orders if _is_reached(held, office, order)]
        if variant == "claimed":
            return _rate(orders, lambda order: _said(held, office, order) in SUCCESS)
        verdicts = office.verdicts(held, month, held.month)
        return _rate(orders, lambda order: verdicts[order["order_id"]])

    return rule


def redemption(held: Held, office: Office) -> Part:
    orders = [
        o
        for o in office.treated(shift(held.month, -1))
        if o["list"] == "points_redemption"
    ]
    once = {order["customer_id"]: order for order in orders}
    look = office.look(held, shift(held.month, -1), held.month)
    return _rate(once.values(), look.has_redeemed)


# -- promises ------------------------------------------------------------------------------------------------------


def promises_kept(held: Held, office: Office) -> Part:
    """Promises whose days of grace end in the month."""
    hits: dict[str, bool | None] = {}
    due: list[Row] = []
    office.of(shift(held.month, -1))
    months = [shift(held.month, -ago) for ago in (1, 2, 3)]
    for month in [name for name in months if name in office.orders]:
        for order in office.treated(month):
            promise = office.standing(order, held.now.last.date(), "promised")
            if (
                promise
                and held.now.first.date()
                <= promise["promised_on"] + GRACE
                <= held.now.last.date()
            ):
                hits[order["order_id"]] = _is_promise_kept(held, office, order, promise)
                due.append(order)
    return _rate(due, lambda order: hits[order["order_id"]])


def _is_promise_kept(
    held: Held, office: Office, order: Row, promise: Row
) -> bool | None:
    """Money from the contact to the end of the days of grace; None where credits have left nothing of the promise."""
    look = office.look(held, order["month"], held.month)
    first = promise["contacted_on"] or order["dispatched_on"]
    last = promise["promised_on"] + GRACE
    is_about_debts = order["list"] in DEBT
    items = look.opening.listed_of(order) if is_about_debts else []
    bills = {item["bill_id"] for item in items}
    promised = int(promise["promised_amount"] * 100)
    due = promised - look.flow.credited(bills, first, last)
    if due <= 0:
        return None
    return look.flow.paid(bills, first, last) >= due


# -- treated against held out --------------------------------------------------------------------------------------


def _effect(held: Held, office: Office, name: str) -> tuple[Fraction, int] | None:
    """Rate kept of the treated less that of the held out, of all months so far, and how many were treated."""
    rates = []
    for arm in ("treated", "holdout"):
        kept: list[bool] = []
        for month in sorted(m for m in office.orders if m < held.month):
            verdicts = office.kept(held, month, shift(month, 1))
            kept += [
                verdicts[o["order_id"]]
                for o in office.of(month)
                if o["list"] == name and o["arm"] == arm
            ]
        if len(kept) < FEWEST:
            return None
        rates.append((Fraction(sum(kept), len(kept)), len(kept)))
    return rates[0][0] - rates[1][0], rates[0][1]


def effect(name: str) -> OrderRule:
    def rule(held: Held, office: Office) -> Given:
        found = _effect(held, office, name)
        return Given(found[0] if found else None)

    return rule


def effect_overall(held: Held, office: Office) -> Given:
    """The lists that say anything, each by how many of its customers were treated."""
    found = [pair for name in HELD_OUT if (pair := _effect(held, office, name))]
    treated = sum(count for _, count in found)
    return Given(
        sum((value * count for value, count in found), Fraction(0)) / treated
        if treated
        else None
    )


ORDER_RULES: dict[tuple[str, str], OrderRule] = {
    ("contact_rate", "reached"): reached,
    **{
        ("success_rate", name): success(name, 1)
        for name in ("contacted", "dispatched", "claimed")
    },
    **{
        ("success_rate", f"{name}_m3"): success(name, 3)
        for name in ("contacted", "dispatched", "claimed")
    },
    ("points_redemption_rate", "listed"): redemption,
    ("promise_kept_rate", "kept"): promises_kept,
    ("incremental_retention", "overall"): effect_overall,
    **{("incremental_retention", name): effect(name) for name in HELD_OUT},
}
