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
Row = Mapping[str, Any]


def plan_days(calendar: Calendar, dispatch_on: date, orders: Iterable[Row]) -> pa.Table:
    """Give each order (list, customer_id, desk, due_on, place, rank) the working day to work it.

    No order is planned behind its due day, but for one that was due before the orders went out.
    """
    desks: dict[str, list[Row]] = defaultdict(list)
    for order in orders:
        desks[order["desk"]].append(order)
    last = max((order["due_on"] for rows in desks.values() for order in rows), default=dispatch_on)
    days = list(_working_days(calendar, dispatch_on, last))
    planned: list[dict[str, Any]] = []
    for desk in sorted(desks):
        rows = sorted(desks[desk], key=lambda r: (r["due_on"], r["place"], r["rank"]))
        a_day = orders_a_day(days, [row["due_on"] for row in rows])
        for turn, row in enumerate(rows):
            day = days[min(turn // a_day, len(days) - 1)]
            planned.append(
                {"list": row["list"], "customer_id": row["customer_id"], "planned_on": day}
            )
    return pa.Table.from_pylist(planned, schema=PLANNED)


def orders_a_day(days: list[date], due: list[date]) -> int:
    """How many orders a day are enough for due days that rise.

    The most crowded stretch up to one of them decides.
    """
    most, within = 1, 0
    for count, due_on in enumerate(due, start=1):
        while within < len(days) and days[within] <= due_on:
            within += 1
        most = max(most, -(-count // max(within, 1)))
    return most


def _working_days(calendar: Calendar, first: date, last: date) -> Iterator[date]:
    """The day of dispatch and the working days behind it, up to the last."""
    yield first
    for offset in range(1, (last - first).days + 1):
        day = first + timedelta(days=offset)
        if calendar.is_working_day(day):
            yield day
