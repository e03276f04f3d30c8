"""The queue as a manager looks at it: a state and a list chosen, and one order's place in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from console import clock
from console.access.scope import scope_states
from console.models import OrderState
from console.work.states import RANKING, State, find_place, rank_states

Queue: TypeAlias = QuerySet[OrderState]  # ranked

STATE_WORDS = {
    State.OVERDUE: _("Overdue"),
    State.TODAY: _("Today"),
    State.OPEN: _("To do"),
    State.PROMISED: _("Promised"),
    State.NOT_REACHED: _("Not reached"),
    State.DONE: _("Done"),
}


@dataclass(frozen=True)
class View:
    """What is chosen of the queue; all that is not done where no state is."""

    state: State | None = None
    list_name: str = ""

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> View:
        """Read what is chosen from a request; what nobody knows is not chosen."""
        known = {state.value: state for state in State}
        return cls(known.get(fields.get("state", "")), fields.get("list", ""))

    @property
    def query(self) -> str:
        """The choice as the end of an address."""
        given = {}
        if self.state is not None:
            given["state"] = self.state.value
        if self.list_name:
            given["list"] = self.list_name
        return f"?{urlencode(given)}" if given else ""

    def choose_orders(self, queue: Queue) -> Queue:
        """Return the orders of a queue that are chosen."""
        of_list = self.choose_list(queue)
        done = find_place(State.DONE)
        if self.state is None:
            return of_list.exclude(place=done)
        return of_list.filter(place=find_place(self.state))

    def choose_list(self, queue: Queue) -> Queue:
        """Return the orders of the list that is chosen, in whatever state."""
        return queue.filter(list=self.list_name) if self.list_name else queue


def open_queue(account: Any) -> Queue:
    """Return all orders of an account in the order to work them, as of today."""
    return rank_states(scope_states(account), clock.find_today())


@dataclass(frozen=True)
class Neighbours:
    """Where an order stands among those that are chosen, counted from one; 0 for none of them."""

    place: int
    count: int
    before: str | None
    after: str | None


def find_neighbours(queue: Queue, view: View, order_id: str) -> Neighbours:
    """Return the orders before and behind one.

    Behind one that is not among the chosen comes the first of them.
    """
    chosen = view.choose_orders(queue)
    count = chosen.count()
    own = chosen.filter(pk=order_id).values(*RANKING).first()
    if own is None:
        return Neighbours(0, count, None, _find_first(chosen))
    before = chosen.filter(_compare(own, "lt"))
    after = chosen.filter(_compare(own, "gt"))
    return Neighbours(
        place=before.count() + 1,
        count=count,
        before=_find_first(before.reverse()),
        after=_find_first(after),
    )


def _find_first(chosen: Queue) -> str | None:
    first: str | None = chosen.values_list("pk", flat=True).first()
    return first


def _compare(own: Mapping[str, Any], how: str) -> Q:
    """The condition that an order stands before another one (`lt`), or behind it (`gt`)."""
    condition = Q()
    for depth, name in enumerate(RANKING):
        same = {above: own[above] for above in RANKING[:depth]}
        condition |= Q((f"{name}__{how}", own[name]), **same)
    return condition
