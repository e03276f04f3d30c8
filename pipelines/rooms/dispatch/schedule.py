"""A day for each order.

Earliest due first, the same number a working day, as few a day as the due days allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.calendar import Calendar
from pipelines.rooms.made_rows import make_schema

PLANNED = make_schema(list="VARCHAR", customer_id="VARCHAR", planned_on="DATE")
# What is due first comes first; of the same day, the list of higher priority. On a list of debts,
# whoever broke a promise comes before the others.
_TURN = [
    ("due_on", "ascending"),
    ("place", "ascending"),
    ("has_broken_promise", "descending"),
    ("rank", "ascending"),
]
Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class PlanDesk:
    """Gives the orders of a desk the working day to work each, from the day of dispatch on."""

    calendar: Calendar
    dispatch_on: date

    def __call__(self, orders: pa.Table) -> pa.Table:
        """Return the list, the customer and the day of each order.

        Of an order count list, customer_id, due_on, place, has_broken_promise and rank. None is
        planned behind its due day.
        """
        in_turn = orders.sort_by(_TURN)
        due = in_turn.column("due_on").to_numpy()
        days = self._list_days(pc.max(in_turn.column("due_on")).as_py(), len(due))
        orders_a_day = count_orders_a_day(days, due)
        turns = np.arange(len(due))
        places = np.minimum(turns // orders_a_day, len(days) - 1)
        planned = pa.array(days[places], pa.date32())
        own = in_turn.select(["list", "customer_id"])
        return own.append_column("planned_on", planned).cast(PLANNED)

    def _list_days(self, last: date, enough: int) -> Days:
        """The working days up to the last due day: at one order a day, no more than orders."""
        days = islice(_list_working_days(self.calendar, self.dispatch_on, last), enough)
        return np.array(list(days), "datetime64[D]")


def count_orders_a_day(days: Days, due: Days) -> int:
    """How many orders a day are enough for due days that rise.

    The most crowded stretch up to one of them decides.
    """
    counts = np.arange(1, len(due) + 1)
    days_until = np.searchsorted(days, due, side="right")
    enough = -(-counts // np.maximum(days_until, 1))  # rounded up
    return int(enough.max())


def _list_working_days(calendar: Calendar, first: date, last: date) -> Iterator[date]:
    """The day of dispatch and the working days behind it, up to the last."""
    yield first
    days_behind = (last - first).days
    for count in range(1, days_behind + 1):
        day = first + timedelta(days=count)
        if calendar.is_working_day(day):
            yield day
