"""How an order stands today: the one rule by which the queue is sorted and counted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from django.db.models import Case, Count, IntegerField, QuerySet, When

from console.models import OrderState
from pipelines.catalogue.outputs import load_lists
from pipelines.core.month import Month
from pipelines.core.outcomes import LAST_CHECK, load_outcomes


class State(Enum):
    """The states in the order in which the queue shows them. An order is in one."""

    OVERDUE = "overdue"  # its day is over, or the day that was promised
    TODAY = "today"
    OPEN = "open"  # due later, nobody has tried
    PROMISED = "promised"  # for a day that is still to come
    NOT_REACHED = "not_reached"  # tried, and there is time left
    DONE = "done"


_STATES = list(State)
_PLACES = {state: place for place, state in enumerate(State)}


class Standing(NamedTuple):
    """An order with the outcome that stands and the day that was promised with it."""

    order_id: str
    month: str
    list: str
    customer_id: str
    amount: Decimal | None
    due_on: date
    rank: int
    holder_id: str | None
    outcome: str | None
    promised_on: date | None


class QueuedOrder(NamedTuple):
    """An order in the queue: its state, and the day that counts (promised, else due)."""

    order: Standing
    state: State
    day: date


# What the queue is sorted by; no two orders are alike in all of it.
RANKING = ("place", "day", "list_place", "rank", "order_id")


def rank_states(states: QuerySet[OrderState], today: date) -> QuerySet[OrderState]:
    """Return states in the order to work them, each with its `place`: that of its `State`.

    Those that no answer is taken for any more are left out.
    """
    outcomes = load_outcomes().values()
    closing = [outcome.code for outcome in outcomes if outcome.closes]
    not_reached = [outcome.code for outcome in outcomes if not outcome.is_contact]
    place = Case(
        When(outcome__in=closing, then=_PLACES[State.DONE]),
        When(day__lt=today, then=_PLACES[State.OVERDUE]),
        When(day=today, then=_PLACES[State.TODAY]),
        When(promised_on__isnull=False, then=_PLACES[State.PROMISED]),
        When(outcome__in=not_reached, then=_PLACES[State.NOT_REACHED]),
        default=_PLACES[State.OPEN],
        output_field=IntegerField(),
    )
    lists = [spec.name for spec in load_lists()]
    list_place = Case(
        *(When(list=name, then=number) for number, name in enumerate(lists)),
        default=len(lists),
        output_field=IntegerField(),
    )
    answerable = states.filter(month__gte=find_oldest_month(today))
    return answerable.annotate(place=place, list_place=list_place).order_by(*RANKING)


def read_states(ranked: QuerySet[OrderState]) -> list[QueuedOrder]:
    """Read ranked states, all of them or those of a slice."""
    queue = []
    for *facts, day, place in ranked.values_list(*Standing._fields, "day", "place"):
        queue.append(QueuedOrder(Standing(*facts), _STATES[place], day))
    return queue


def find_place(state: State) -> int:
    """Return the place of a state among the others."""
    return _PLACES[state]


def find_oldest_month(today: date) -> str:
    """Return the oldest month whose orders an answer of today is taken for."""
    return str(Month.parse(f"{today:%Y-%m}").plus(-LAST_CHECK))


def count_loads(ranked: QuerySet[OrderState]) -> dict[str, dict[State, int]]:
    """Count ranked states by who has the orders (nobody: an empty id), and by what they are."""
    loads: dict[str, dict[State, int]] = {}
    grouped = (
        ranked.order_by().values("holder_id", "place").annotate(orders=Count("pk"))
    )
    for holder_id, place, count in grouped.values_list("holder_id", "place", "orders"):
        own = loads.setdefault(holder_id or "", dict.fromkeys(State, 0))
        own[_STATES[place]] += count
    return loads


def count_states(ranked: QuerySet[OrderState]) -> dict[State, int]:
    """Count ranked states by what they are; a state without orders has none."""
    grouped = ranked.order_by().values("place").annotate(orders=Count("pk"))
    counts = dict(grouped.values_list("place", "orders"))
    return {state: counts.get(place, 0) for place, state in enumerate(State)}
