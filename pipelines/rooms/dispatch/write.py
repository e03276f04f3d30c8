"""What the room writes.

Orders, why-nots, everybody on a list, the lists' states, and who was ever on some.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pipelines.catalogue.spec import Spec
from pipelines.rooms.context import Context
from pipelines.rooms.dispatch.candidates import ListState
from pipelines.rooms.dispatch.decide import OFFERS
from pipelines.rooms.dispatch.orders import ORDER_ID, IdentifyOrders, find_due_day
from pipelines.rooms.dispatch.schedule import PLANNED, PlanDesk
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import (
    Relation,
    map_groups,
    map_rows,
    read_rows,
    run_step,
    write_step,
)

ROOM = "dispatch"
ORDER_KEY = ["list", "arm DESC", "rank"]
BATCH_ROWS = 100_000
_DUE_RULE = make_schema(
    list="VARCHAR", listed_due_on="DATE", due_on="DATE", is_provisional="BOOLEAN"
)
_LIST_STATE = make_schema(
    list="VARCHAR", priority="INTEGER", status="VARCHAR", reason="VARCHAR"
)


@dataclass(frozen=True)
class Outcome:
    """What dispatch came to.

    The lists orders were made of, the states of all, and the room's results so far.
    """

    specs: Sequence[Spec]
    states: Sequence[ListState]
    candidates: Relation
    list_facts: Relation
    decisions: Relation


def write_outcome(context: Context, outcome: Outcome) -> None:
    """Write `dispatch_order`, `dispatch_why_not`, `dispatch_candidate` and `dispatch_list`."""
    write_orders(context, outcome)
    write_why_not(context, outcome.decisions)
    write_candidates(context, outcome.decisions)
    write_lists(context, outcome.states, outcome.decisions)


def write_segments(
    context: Context, candidates: Relation, list_facts: Relation
) -> None:
    """Write `dispatch_segment`: by what the effect of a contact is learnt."""
    write_step(
        context,
        ROOM,
        "segments",
        "dispatch_segment",
        ["customer_id"],
        candidate=candidates,
        list_fact=list_facts,
    )


def write_orders(context: Context, outcome: Outcome) -> None:
    """Write `dispatch_order`: both arms; only treated orders are released."""
    write_step(
        context,
        ROOM,
        "orders",
        "dispatch_order",
        ORDER_KEY,
        {"dispatch_on": context.dispatch_on},
        decision=outcome.decisions,
        candidate=outcome.candidates,
        order_day=_make_order_days(context, outcome),
    )


def _make_order_days(context: Context, outcome: Outcome) -> Relation:
    """Return each order's id, its due day, and for treated ones the day planned for it."""
    ordered = run_step(context, ROOM, "ordered", decision=outcome.decisions)
    identify = IdentifyOrders(context.settings.key, context.month, context.occasion)
    ids = map_rows(
        context,
        "order_id",
        [f"SELECT * FROM {ordered.name}"],
        identify.start,
        ORDER_ID,
        BATCH_ROWS,
    )
    rules = _list_due_rules(context, outcome.specs, ordered)
    due_days = run_step(context, ROOM, "due_days", ordered=ordered, rule=rules)
    treated = run_step(
        context,
        ROOM,
        "orders_to_plan",
        decision=outcome.decisions,
        due_day=due_days,
        list_fact=outcome.list_facts,
    )
    plan = PlanDesk(context.calendar, context.dispatch_on)
    return run_step(
        context,
        ROOM,
        "order_days",
        order_id=ids,
        due_day=due_days,
        planned_day=map_groups(context, "planned_day", treated, "desk", plan, PLANNED),
    )


def _list_due_rules(
    context: Context, specs: Sequence[Spec], ordered: Relation
) -> Relation:
    """The due day of each list, and of each day that it was listed for.

    `is_provisional` says that the calendar does not know that year's holidays.
    """
    by_name = {spec.name: spec for spec in specs}
    rules = []
    for row in read_rows(context, ROOM, "due_rules", ordered=ordered):
        due_on = find_due_day(
            context.calendar,
            context.month,
            context.dispatch_on,
            by_name[row["list"]],
            row["listed_due_on"],
        )
        is_provisional = not context.calendar.knows(due_on.year)
        rules.append({**row, "due_on": due_on, "is_provisional": is_provisional})
    return take_made_rows(context, "due_rule", rules, _DUE_RULE)


def write_why_not(context: Context, decisions: Relation) -> None:
    """Write `dispatch_why_not`.

    `detail` is the list that has the customer, the day of the last order, or whose customer it is.
    """
    key = ["list", "customer_id"]
    write_step(context, ROOM, "why_not", "dispatch_why_not", key, decision=decisions)


def write_candidates(context: Context, decisions: Relation) -> None:
    """Write `dispatch_candidate`: everybody on a list, ordered or not, with what put them there."""
    key = ["list", "rank"]
    write_step(
        context, ROOM, "candidates", "dispatch_candidate", key, decision=decisions
    )


def write_lists(
    context: Context, states: Sequence[ListState], decisions: Relation
) -> None:
    """Write `dispatch_list`: each list's state and counts."""
    rows = [asdict(state) for state in states]
    list_states = take_made_rows(context, "list_state", rows, _LIST_STATE)
    write_step(
        context,
        ROOM,
        "list_counts",
        "dispatch_list",
        ["priority", "list"],
        list_state=list_states,
        decision=decisions,
    )


def write_offers(context: Context, eligibility: Relation, decisions: Relation) -> None:
    """Write `dispatch_offer`: what goes out with orders; nothing where no offers are delivered."""
    if not context.is_computed(OFFERS):
        reasons = context.missing_reasons(OFFERS)
        context.record_missing("dispatch_offer", reasons)
        return
    write_step(
        context,
        ROOM,
        "offers",
        "dispatch_offer",
        ["list", "customer_id"],
        eligibility=eligibility,
        decision=decisions,
    )


def write_endings(context: Context, decisions: Relation) -> None:
    """Write `dispatch_ending`: which ends of contracts and promotions had an order of renewals."""
    key = ["service_id", "kind", "end_on"]
    write_step(context, ROOM, "endings", "dispatch_ending", key, decision=decisions)


def write_carried(context: Context, decisions: Relation, list_facts: Relation) -> None:
    """Write `dispatch_carried`: earlier orders that are past their day and not closed.

    `list_facts` are of all lists, made this month or not.
    """
    write_step(
        context,
        ROOM,
        "carried",
        "dispatch_carried",
        ["order_id"],
        decision=decisions,
        list_fact=list_facts,
    )


def write_ever_listed(
    context: Context, candidates: Relation, list_facts: Relation
) -> None:
    """Write `dispatch_listed`.

    Who ever stood on a list that takes nobody twice, and since which month.
    """
    write_step(
        context,
        ROOM,
        "listed",
        "dispatch_listed",
        ["list", "customer_id"],
        candidate=candidates,
        list_fact=list_facts,
    )
