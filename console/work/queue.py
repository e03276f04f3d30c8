"""The queue as a manager looks at it: a state and a list chosen, and one order's place in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from console import clock
from console.access.scope import scope
from console.work.states import QueuedOrder, State, read_queue

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

    def choose_orders(self, queue: Iterable[QueuedOrder]) -> list[QueuedOrder]:
        """Return the orders of a queue that are chosen."""
        return [queued for queued in self.choose_list(queue) if self._has(queued.state)]

    def choose_list(self, queue: Iterable[QueuedOrder]) -> list[QueuedOrder]:
        """Return the orders of the list that is chosen, in whatever state."""
        if not self.list_name:
            return list(queue)
        return [queued for queued in queue if queued.order.list == self.list_name]

    def _has(self, state: State) -> bool:
        if self.state is None:
            return state is not State.DONE
        return state is self.state


def open_queue(account: Any) -> list[QueuedOrder]:
    """Return all orders of an account in the order to work them, as of today."""
    return read_queue(scope(account), clock.find_today())


@dataclass(frozen=True)
class Neighbours:
    """Where an order stands among those that are chosen, counted from one; 0 for none of them."""

    place: int
    count: int
    before: str | None
    after: str | None


def find_neighbours(
    queue: Iterable[QueuedOrder], view: View, order_id: str
) -> Neighbours:
    """Return the orders before and behind one.

    Behind one that is not among the chosen comes the first of them.
    """
    chosen = [queued.order.order_id for queued in view.choose_orders(queue)]
    if order_id not in chosen:
        first = chosen[0] if chosen else None
        return Neighbours(0, len(chosen), None, first)
    place = chosen.index(order_id)
    before = chosen[place - 1] if place > 0 else None
    after = chosen[place + 1] if place + 1 < len(chosen) else None
    return Neighbours(place + 1, len(chosen), before, after)
