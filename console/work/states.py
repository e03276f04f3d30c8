"""How an order stands today: the one rule by which the queue is sorted and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from django.db.models import Case, DateField, F, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from console.models import Answer, Order
from pipelines.catalogue.outputs import load_lists
from pipelines.core.month import Month
from pipelines.core.outcomes import LAST_CHECK, load_outcomes

_NO_RANK = 1 << 31  # orders that were taken in before ranks were come last


class State(Enum):
    """The states in the order in which the queue shows them. An order is in one."""

    OVERDUE = "overdue"  # its day is over, or the day that was promised
    TODAY = "today"
    OPEN = "open"  # due later, nobody has tried
    PROMISED = "promised"  # for a day that is still to come
    NOT_REACHED = "not_reached"  # tried, and there is time left
    DONE = "done"


_PLACES = {state: place for place, state in enumerate(State)}


class Standing(NamedTuple):
    """An order with the outcome that stands and the day that was promised with it."""

    order_id: str
    month: str
    list: str
    customer_id: str
    amount: Decimal | None
    due_on: date
    rank: int | None
    holder_id: str | None
    outcome: str | None
    promised_on: date | None


class QueuedOrder(NamedTuple):
    """An order in the queue: its state, and the day that counts (promised, else due)."""

    order: Standing
    state: State
    day: date


def read_queue(orders: QuerySet[Order], today: date) -> list[QueuedOrder]:
    """Return orders, of which the scope says who has them, in the order to work them.

    Orders that no answer is taken for any more are left out.
    """
    oldest = find_oldest_month(today)
    answerable = orders.filter(release_id__gte=oldest)
    queue = [_judge_order(order, today) for order in _read_standing(answerable)]
    places = {spec.name: place for place, spec in enumerate(load_lists())}

    def find_place(queued: QueuedOrder) -> tuple[object, ...]:
        order = queued.order
        list_place = places.get(order.list, len(places))
        rank = _NO_RANK if order.rank is None else order.rank
        place = _PLACES[queued.state]
        return place, queued.day, list_place, rank, order.order_id

    return sorted(queue, key=find_place)


def find_oldest_month(today: date) -> str:
    """Return the oldest month whose orders an answer of today is taken for."""
    return str(Month.parse(f"{today:%Y-%m}").plus(-LAST_CHECK))


def count_states(queue: Iterable[QueuedOrder]) -> dict[State, int]:
    """Count a queue's orders by state; a state without orders has none."""
    counts = Counter(queued.state for queued in queue)
    return {state: counts[state] for state in State}


def _read_standing(orders: QuerySet[Order]) -> Iterable[Standing]:
    """The orders with what was said last: what is still held goes before what was taken."""
    answers = Answer.objects.filter(order_id=OuterRef("pk")).order_by(
        F("contacted_on").desc(nulls_last=True), "-pk"
    )
    is_held = When(held__isnull=False, then=F("held__promised_on"))
    rows = orders.annotate(
        outcome=Coalesce(F("held__outcome"), Subquery(answers.values("outcome")[:1])),
        promised_on=Case(
            is_held,
            default=Subquery(answers.values("promised_on")[:1]),
            output_field=DateField(null=True),
        ),
    ).values_list(
        "pk",
        "release_id",
        "list",
        "customer_id",
        "amount",
        "due_on",
        "rank",
        "holder_id",
        "outcome",
        "promised_on",
    )
    return [Standing(*row) for row in rows]


def _judge_order(order: Standing, today: date) -> QueuedOrder:
    day = order.promised_on or order.due_on
    outcome = load_outcomes().get(order.outcome or "")
    if outcome is not None and outcome.closes:
        state = State.DONE
    elif day < today:
        state = State.OVERDUE
    elif day == today:
        state = State.TODAY
    elif order.promised_on is not None:
        state = State.PROMISED
    elif outcome is not None and not outcome.is_contact:
        state = State.NOT_REACHED
    else:
        state = State.OPEN
    return QueuedOrder(order, state, day)
