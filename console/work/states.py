"""How an order stands today: the one rule by which the queue is sorted and counted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from django.db.models import Case, Count, DateField, F, IntegerField, QuerySet, When
from django.db.models.functions import Coalesce

from console.models import OrderState
from pipelines.catalogue.outputs import load_lists
from pipelines.core.month import Month
from pipelines.core.outcomes import LAST_CHECK, load_outcomes
from pipelines.sources.office.instalments import LATER


class State(Enum):
    """The states in the order in which the queue shows them. An order is in one."""

    OVERDUE = "overdue"  # its day is over, or the day that was promised
    TODAY = "today"
    OPEN = "open"  # due later, nobody has tried
    PROMISED = "promised"  # for a day that is still to come
    NOT_REACHED = "not_reached"  # tried, and there is time left
    DONE = "done"


_LATER_DAYS = tuple(names.day for names in LATER)
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
    """An order in the queue: its state, and the day that counts (promised, else due).

    Of instalments it is the next, behind the last of them the last.
    """

    order: Standing
    state: State
    day: date


# What the queue is sorted by; no two orders are alike in all of it.
RANKING = ("place", "counting_day", "list_place", "rank", "order_id")


def rank_states(states: QuerySet[OrderState], today: date) -> QuerySet[OrderState]:
    """Return states in the order to work them.

    Each has its `counting_day` and its `place`: that of its `State`. Those that no answer is taken
    for any more are left out.
    """
    outcomes = load_outcomes().values()
    closing = [outcome.code for outcome in outcomes if outcome.closes]
    not_reached = [outcome.code for outcome in outcomes if not outcome.is_contact]
    place = Case(
        When(outcome__in=closing, then=_PLACES[State.DONE]),
        When(counting_day__lt=today, then=_PLACES[State.OVERDUE]),
        When(counting_day=today, then=_PLACES[State.TODAY]),
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
    dated = answerable.annotate(counting_day=_find_counting_day(today))
    return dated.annotate(place=place, list_place=list_place).order_by(*RANKING)


def _find_counting_day(today: date) -> Case:
    """The day promised next, or promised last where all are over; the day due without any."""
    return Case(
        When(day__gte=today, then=F("day")),
        *(When(**{f"{name}__gte": today}, then=F(name)) for name in _LATER_DAYS),
        default=Coalesce(*reversed(_LATER_DAYS), "day"),
        output_field=DateField(),
    )


def read_states(ranked: QuerySet[OrderState]) -> list[QueuedOrder]:
    """Read ranked states, all of them or those of a slice."""
    queue = []
    names = (*Standing._fields, "counting_day", "place")
    for *facts, day, place in ranked.values_list(*names):
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
