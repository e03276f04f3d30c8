"""How an order stands today: the one rule by which the queue is sorted and counted."""

from __future__ import annotations

from datetime import date
from enum import Enum

from django.db.models import (
    Case,
    CharField,
    Count,
    DateField,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from console.models import Answer, Order
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


def list_queue(orders: QuerySet[Order], today: date) -> QuerySet[Order]:
    """Return orders in the order to work them, each with `said`, `day` and `state`.

    `said` is the outcome that stands, `day` the day that counts: what was promised, else when it is
    due. Orders that no answer is taken for any more are left out.
    """
    oldest = Month.parse(f"{today:%Y-%m}").plus(-LAST_CHECK)
    open_orders = orders.filter(release_id__gte=str(oldest))
    return _name_states(_name_answers(open_orders), today).order_by(
        "state_place", "day", "list_place", F("rank").asc(nulls_last=True), "pk"
    )


def count_states(queue: QuerySet[Order]) -> dict[State, int]:
    """Count a queue's orders by state; a state without orders has none."""
    rows = queue.order_by().values("state").annotate(count=Count("pk"))
    counts = {row["state"]: row["count"] for row in rows}
    return {state: counts.get(state.value, 0) for state in State}


def _name_answers(orders: QuerySet[Order]) -> QuerySet[Order]:
    """The orders with what was said last: what is still held goes before what was taken."""
    answers = Answer.objects.filter(order_id=OuterRef("pk")).order_by(
        F("contacted_on").desc(nulls_last=True), "-pk"
    )
    standing = Subquery(answers.values("outcome")[:1])
    standing_day = Subquery(answers.values("promised_on")[:1])
    promised_on = Case(
        When(held__isnull=False, then=F("held__promised_on")),
        default=standing_day,
        output_field=DateField(null=True),
    )
    return orders.annotate(
        said=Coalesce(F("held__outcome"), standing), promised_on=promised_on
    )


def _name_states(orders: QuerySet[Order], today: date) -> QuerySet[Order]:
    closing = [code for code, outcome in load_outcomes().items() if outcome.closes]
    vain = [
        code
        for code, outcome in load_outcomes().items()
        if not outcome.is_contact and not outcome.closes
    ]
    with_day = orders.annotate(day=Coalesce("promised_on", "due_on"))
    rules = (
        (Q(said__in=closing), State.DONE),
        (Q(day__lt=today), State.OVERDUE),
        (Q(day=today), State.TODAY),
        (Q(promised_on__isnull=False), State.PROMISED),
        (Q(said__in=vain), State.NOT_REACHED),
    )
    state = Case(
        *(When(rule, then=Value(state.value)) for rule, state in rules),
        default=Value(State.OPEN.value),
        output_field=CharField(),
    )
    with_state = with_day.annotate(state=state)
    return with_state.annotate(state_place=_place_states(), list_place=_place_lists())


def _place_states() -> Case:
    places = [
        When(state=state.value, then=Value(place)) for place, state in enumerate(State)
    ]
    return Case(*places, output_field=IntegerField())


def _place_lists() -> Case:
    """By the lists' priority; a list that is no more comes last."""
    places = [
        When(list=spec.name, then=Value(place))
        for place, spec in enumerate(load_lists())
    ]
    last = Value(len(places))
    return Case(*places, default=last, output_field=IntegerField())
