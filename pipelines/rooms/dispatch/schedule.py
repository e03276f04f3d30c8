"""A day for each order.

Earliest due first, the same number a working day, as few a day as the due days allow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from pipelines.core.calendar import Calendar

PLANNED = pa.schema(
    [("list", pa.string()), ("customer_id", pa.string()), ("planned_on", pa.date32())]
)
OrderToPlan = Mapping[str, Any]


def plan_days(
    calendar: Calendar, dispatch_on: date, orders: Iterable[OrderToPlan]
) -> pa.Table:
    """Give each order (list, customer_id, desk, due_on, place, rank) the working day to work it.

    No order is planned behind its due day, but for one that was due before the orders went out.
    """
    desks: dict[str, list[OrderToPlan]] = defaultdict(list)
    last = None
    for order in orders:
        desks[order["desk"]].append(order)
        last = max(last or order["due_on"], order["due_on"])
    days = list(_list_working_days(calendar, dispatch_on, last or dispatch_on))
    planned: list[dict[str, object]] = []
    for desk in sorted(desks):
        in_turn = sorted(
            desks[desk],
            key=lambda order: (order["due_on"], order["place"], order["rank"]),
        )
        a_day = count_orders_a_day(days, [order["due_on"] for order in in_turn])
        for turn, order in enumerate(in_turn):
            number = min(turn // a_day, len(days) - 1)
            keys = {"list": order["list"], "customer_id": order["customer_id"]}
            planned.append({**keys, "planned_on": days[number]})
    return pa.Table.from_pylist(planned, schema=PLANNED)


def count_orders_a_day(days: list[date], due: list[date]) -> int:
    """How many orders a day are enough for due days that rise.

    The most crowded stretch up to one of them decides.
    """
    most, within = 1, 0
    for count, due_on in enumerate(due, start=1):
        while within < len(days) and days[within] <= due_on:
            within += 1
        most = max(most, -(-count // max(within, 1)))
    return most


def _list_working_days(calendar: Calendar, first: date, last: date) -> Iterator[date]:
    """The day of dispatch and the working days behind it, up to the last."""
    yield first
    for offset in range(1, (last - first).days + 1):
        day = first + timedelta(days=offset)
        if calendar.is_working_day(day):
            yield day
