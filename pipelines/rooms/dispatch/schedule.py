"""A day for each order.

Earliest due first, the same number a working day, as few a day as the due days allow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

import pyarrow as pa

from pipelines.core.calendar import Calendar
from pipelines.rooms.made_rows import make_schema

PLANNED = make_schema(list="VARCHAR", customer_id="VARCHAR", planned_on="DATE")
OrderToPlan = Mapping[str, Any]


def plan_days(
    calendar: Calendar, dispatch_on: date, orders: Iterable[OrderToPlan]
) -> pa.Table:
    """Give each order the working day to work it.

    Of an order count list, customer_id, desk, due_on, place, has_broken_promise and rank. None is
    planned behind its due day.
    """
    desks: dict[str, list[OrderToPlan]] = defaultdict(list)
    due_days: list[date] = []
    for order in orders:
        desks[order["desk"]].append(order)
        due_days.append(order["due_on"])
    last = max(due_days, default=dispatch_on)
    # At one order a day, no desk needs more days than there are orders.
    enough = max(len(due_days), 1)
    days = list(islice(_list_working_days(calendar, dispatch_on, last), enough))

    planned: list[dict[str, object]] = []
    for desk in sorted(desks):
        in_turn = sorted(desks[desk], key=_find_turn)
        planned.extend(_plan_desk(days, in_turn))
    return pa.Table.from_pylist(planned, schema=PLANNED)


def _find_turn(order: OrderToPlan) -> tuple[date, int, bool, int]:
    """What is due first comes first; of the same day, the list of higher priority.

    On a list of debts, whoever broke a promise comes before the others.
    """
    is_trusted = not order["has_broken_promise"]
    return order["due_on"], order["place"], is_trusted, order["rank"]


def _plan_desk(
    days: Sequence[date], in_turn: Sequence[OrderToPlan]
) -> Iterator[dict[str, object]]:
    """Give a desk's orders their days, the same number a day."""
    due = [order["due_on"] for order in in_turn]
    orders_a_day = count_orders_a_day(days, due)
    last_day = len(days) - 1
    for turn, order in enumerate(in_turn):
        day = min(turn // orders_a_day, last_day)
        yield {
            "list": order["list"],
            "customer_id": order["customer_id"],
            "planned_on": days[day],
        }


def count_orders_a_day(days: Sequence[date], due: Sequence[date]) -> int:
    """How many orders a day are enough for due days that rise.

    The most crowded stretch up to one of them decides.
    """
    most = 1
    days_until = 0
    for count, due_on in enumerate(due, start=1):
        while days_until < len(days) and days[days_until] <= due_on:
            days_until += 1
        enough = -(-count // max(days_until, 1))  # rounded up
        most = max(most, enough)
    return most


def _list_working_days(calendar: Calendar, first: date, last: date) -> Iterator[date]:
    """The day of dispatch and the working days behind it, up to the last."""
    yield first
    days_behind = (last - first).days
    for count in range(1, days_behind + 1):
        day = first + timedelta(days=count)
        if calendar.is_working_day(day):
            yield day
