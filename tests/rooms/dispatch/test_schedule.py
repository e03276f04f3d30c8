"""Days for orders: none behind its due day, no day fuller than it must be."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.calendar import Calendar
from pipelines.rooms.dispatch.schedule import (
    PLANNED,
    Days,
    PlanDesk,
    count_orders_a_day,
)
from pipelines.rooms.made_rows import make_schema
from tests.support.small import Row

FIRST = date(2026, 9, 3)
CALENDAR = Calendar()
_ORDERS = make_schema(
    list="VARCHAR",
    customer_id="VARCHAR",
    desk="VARCHAR",
    due_on="DATE",
    place="INTEGER",
    has_broken_promise="BOOLEAN",
    rank="INTEGER",
)


def orders(*due: int, desk: str = "M1") -> list[Row]:
    """An order each, due so many days behind the day of dispatch."""
    return [
        {
            "list": "x",
            "customer_id": f"{desk}{i}",
            "desk": desk,
            "due_on": FIRST + timedelta(days),
            "place": 0,
            "has_broken_promise": False,
            "rank": i,
        }
        for i, days in enumerate(due)
    ]


def planned(rows: list[Row]) -> dict[str, date]:
    """The day of each order of one desk, by its customer."""
    plan = PlanDesk(CALENDAR, FIRST)
    found = plan(pa.Table.from_pylist(rows, schema=_ORDERS))
    assert found.schema == PLANNED
    return {r["customer_id"]: r["planned_on"] for r in found.to_pylist()}


def working_days(until: date) -> Days:
    span = (FIRST + timedelta(n) for n in range((until - FIRST).days + 1))
    working = [day for day in span if CALENDAR.is_working_day(day)]
    return np.array(working, "datetime64[D]")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 25), min_size=1, max_size=60))
def test_no_order_is_late_and_one_fewer_a_day_would_make_one_late(
    offsets: list[int],
) -> None:
    rows = orders(*offsets)
    days = planned(rows)
    assert all(
        days[row["customer_id"]] <= row["due_on"]
        and CALENDAR.is_working_day(days[row["customer_id"]])
        for row in rows
    )
    fullest = max(Counter(days.values()).values())
    due = sorted(row["due_on"] for row in rows)
    enough = count_orders_a_day(working_days(due[-1]), np.array(due, "datetime64[D]"))
    assert fullest <= enough
    if fullest > 1:
        room = [(fullest - 1) * len(working_days(day)) for day in due]
        assert any(count > places for count, places in enumerate(room, start=1))


def test_equal_orders_are_spread() -> None:
    days = planned(orders(*[7] * 6))
    assert len(set(days.values())) == 6 and days["M10"] == FIRST


def test_what_was_due_before_the_dispatch_is_for_the_first_day() -> None:
    assert planned(orders(-3, -3, 20)) == {
        "M10": FIRST,
        "M11": FIRST,
        "M12": date(2026, 9, 4),
    }


def test_a_due_day_at_the_end_of_the_calendar_is_no_walk_there() -> None:
    last_day_there_is = (date.max - FIRST).days
    days = planned(orders(2, last_day_there_is, last_day_there_is))
    assert days == {
        "M10": FIRST,
        "M11": date(2026, 9, 4),
        "M12": date(2026, 9, 7),
    }


def test_whoever_broke_a_promise_is_asked_first_of_the_same_list_and_day() -> None:
    rows = orders(9, 9, 9, 9)
    rows[3]["has_broken_promise"] = True
    days = planned(rows)
    first = min(days.values())
    assert days["M13"] == first and days["M12"] > first
