"""What the hold-outs have taught of each list, and when they will tell more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any, NamedTuple

from models.holdout.effects import (
    DESIGN_EFFECT,
    WHOLE_LIST,
    Tally,
    find_design_effect,
)
from models.holdout.planner import (
    SHARES,
    Flow,
    HoldoutPlan,
    find_known,
    find_variance,
    plan_holdout,
)
from pipelines.catalogue.outputs import (
    find_prior_persuadability,
    load_lists,
    name_lists,
)
from pipelines.store.lake import Made

_LEARNT = "feedback_persuasion"
_SEGMENT = "dispatch_segment"
_USUAL_RISK = 0.02  # of an order without a score
_LEAST_DIFFERENCE = 0.05
_LONGEST = 120  # months; what takes longer is not worth a figure
_BETWEEN_SHARES = " / "


@dataclass(frozen=True)
class HoldoutView:
    """A list: what is held of its persuadability, and what each share held out would tell and cost.

    `difference` is what the plans would read: the persuadability that the list's value rests on.
    Bounds are None while nothing has been learnt.
    """

    list: str
    order_count: int
    persuadability: float
    low: float | None
    high: float | None
    difference: float
    plans: tuple[HoldoutPlan, ...]


class _Learnt(NamedTuple):
    """What is known of a list over its segments, by both arms."""

    treated: Tally
    holdout: Tally
    persuadability: float
    low: float
    high: float


class _Orders(NamedTuple):
    """The month's orders of a list: both arms, their risks, and what they are worth in yuan."""

    order_count: int = 0
    foreseen: float = 0.0
    worth: Decimal = Decimal(0)

    def add_order(self, risk: float, worth: Decimal) -> _Orders:
        """Return the sums with an order more."""
        return _Orders(
            order_count=self.order_count + 1,
            foreseen=self.foreseen + risk,
            worth=self.worth + worth,
        )


def read_holdout_views(made: Made) -> list[HoldoutView]:
    """Return a view of every list that holds somebody out and had orders, by priority."""
    learnt = _read_learnt(made)
    orders = _read_orders(made)
    tallies = [arm for one in learnt.values() for arm in (one.treated, one.holdout)]
    usual = find_design_effect(tallies, DESIGN_EFFECT)
    views = []
    for spec in load_lists():
        of_list = orders.get(spec.name)
        if of_list is None or not spec.meta["holdout"]:
            continue
        prior = find_prior_persuadability(spec)
        learnt_of_list = learnt.get(spec.name)
        view = _make_view(spec.name, prior, of_list, learnt_of_list, usual)
        views.append(view)
    return views


class SaidHoldout(NamedTuple):
    """A view in words: months and costs are of each share held out."""

    title: str
    orders: str
    risk: str
    months: str
    costs: str


def say_holdout(view: HoldoutView, language: str) -> SaidHoldout:
    """Return what a list's hold-out tells by when, and what it costs, in words."""
    months = []
    costs = []
    for plan in view.plans:
        duration = _say_months(plan.months)
        months.append(duration)
        cost = f"{plan.cost:,.0f}"
        costs.append(cost)
    titles = name_lists(language)
    title = titles[view.list]
    return SaidHoldout(
        title=title,
        orders=f"{view.order_count:,}",
        risk=_say_persuadability(view),
        months=_BETWEEN_SHARES.join(months),
        costs=_BETWEEN_SHARES.join(costs),
    )


def say_shares(views: Sequence[HoldoutView]) -> str:
    """Return the shares that the views are of, in the order of their figures."""
    if not views:
        return ""
    first = views[0]
    shares = []
    for plan in first.plans:
        share = f"{plan.share:.0%}"
        shares.append(share)
    return _BETWEEN_SHARES.join(shares)


def _say_persuadability(view: HoldoutView) -> str:
    """The part of the risk that an order takes away, with its bounds once hold-outs have told."""
    if view.low is None or view.high is None:
        return f"{view.persuadability:.0%}"
    bounds = f"[{view.low:.0%}, {view.high:.0%}]"
    return f"{view.persuadability:.0%} {bounds}"


def _say_months(months: float) -> str:
    """Whole months, a begun one counted; no figure for what takes more than ten years."""
    if months > _LONGEST:
        return f">{_LONGEST}"
    whole = ceil(months)
    return str(whole)


def _make_view(
    name: str, prior: float, orders: _Orders, learnt: _Learnt | None, usual: float
) -> HoldoutView:
    """Return the view of a list; `usual` is the design effect of all lists."""
    variance = usual
    known = 0.0
    persuadability = prior
    low, high = None, None
    if learnt is not None:
        arms = (learnt.treated, learnt.holdout)
        variance = find_variance(arms, usual)
        known = find_known(learnt.treated.foreseen, learnt.holdout.foreseen, variance)
        persuadability = learnt.persuadability
        low, high = learnt.low, learnt.high
    flow = Flow(orders.foreseen, float(orders.worth), variance)
    difference = max(prior, _LEAST_DIFFERENCE)
    plans = tuple(plan_holdout(flow, difference, known, SHARES))
    return HoldoutView(
        list=name,
        order_count=orders.order_count,
        persuadability=persuadability,
        low=low,
        high=high,
        difference=difference,
        plans=plans,
    )


def _read_learnt(made: Made) -> Mapping[str, _Learnt]:
    if not made.is_computed(_LEARNT):
        return {}
    found = {}
    for row in made.read_rows(_LEARNT):
        if row["segment"] == WHOLE_LIST:
            found[row["list"]] = _Learnt(
                treated=_read_tally(row, "treated"),
                holdout=_read_tally(row, "holdout"),
                persuadability=row["persuadability"],
                low=row["persuadability_low"],
                high=row["persuadability_high"],
            )
    return found


def _read_tally(row: Mapping[str, Any], arm: str) -> Tally:
    """An arm's sums; in months that counted no squares each line left by itself."""
    lost = row[f"{arm}_lost_count"]
    squares = row.get(f"{arm}_lost_square_sum")
    foreseen = float(row[f"{arm}_foreseen_sum"])
    return Tally(lost, foreseen, lost if squares is None else squares)


def _read_orders(made: Made) -> Mapping[str, _Orders]:
    """The month's orders by list; none of a month made before there were segments."""
    if not made.is_computed(_SEGMENT):
        return {}
    risks: dict[str, Any] = {}
    for row in made.read_rows(_SEGMENT):
        customer_id = row["customer_id"]
        risks[customer_id] = row["risk"]
    found: dict[str, _Orders] = defaultdict(_Orders)
    for row in made.read_rows("dispatch_order"):
        customer_id = row["customer_id"]
        risk = risks.get(customer_id)
        foreseen = _USUAL_RISK if risk is None else float(risk)
        expected = row["expected_value"]
        worth = expected or Decimal(0)
        name = row["list"]
        so_far = found[name]
        found[name] = so_far.add_order(foreseen, worth)
    return found
