"""What makes an order: an id that is the same on every run, and a day by which it is done."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from pipelines.catalogue.spec import Spec
from pipelines.core.calendar import Calendar
from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.rooms.made_rows import make_schema

ORDER_ID = make_schema(list="VARCHAR", customer_id="VARCHAR", order_id="VARCHAR")
_DUE_DAY = make_schema(
    list="VARCHAR", customer_id="VARCHAR", due_on="DATE", is_provisional="BOOLEAN"
)


def hash_with_key(key: bytes, *parts: str) -> bytes:
    """Return a hash nobody without the key can foretell.

    The same parts give the same hash for ever.
    """
    return hmac.digest(key, "\x1f".join(parts).encode(), "sha256")


def make_order_ids(
    key: bytes, month: Month, rows: Iterable[Mapping[str, Any]], occasion: str = ""
) -> pa.Table:
    """Give each (list, customer) of a month, or of a day after it, its order id.

    Month and twelve letters of a keyed hash.
    """
    occasion = occasion or str(month)
    prefix = f"{month.year}{month.number:02d}"
    records = []
    for row in rows:
        letters = _make_letters(key, occasion, row["list"], row["customer_id"])
        record = {
            "list": row["list"],
            "customer_id": row["customer_id"],
            "order_id": f"{prefix}-{letters}",
        }
        records.append(record)
    return pa.Table.from_pylist(records, schema=ORDER_ID)


def _make_letters(key: bytes, *parts: str) -> str:
    """Twelve letters that only the key foretells."""
    digest = hash_with_key(key, "order", *parts)
    return base64.b32encode(digest).decode()[:12]


def list_due_dates(
    calendar: Calendar,
    month: Month,
    dispatch_on: date,
    specs: Mapping[str, Spec],
    rows: Iterable[Mapping[str, Any]],
) -> pa.Table:
    """Give each order its due day.

    `is_provisional` when the calendar does not know that year's holidays.
    """
    found: dict[tuple[str, date | None], date] = {}  # by list and the day listed
    records = []
    for row in rows:
        spec = specs[row["list"]]
        listed = row["listed_due_on"]
        if (spec.name, listed) not in found:
            due_on = find_due_day(calendar, month, dispatch_on, spec, listed)
            found[spec.name, listed] = due_on
        due_on = found[spec.name, listed]
        record = {
            "list": row["list"],
            "customer_id": row["customer_id"],
            "due_on": due_on,
            "is_provisional": not calendar.knows(due_on.year),
        }
        records.append(record)
    return pa.Table.from_pylist(records, schema=_DUE_DAY)


def find_due_day(
    calendar: Calendar, month: Month, dispatch_on: date, spec: Spec, listed: date | None
) -> date:
    """Return an order's due day by its list's `due:` rule.

    A holiday moves it to the working day before, but no order is due before it goes out.
    """
    rule = spec.meta.get("due", {})
    following = month.plus(1)
    if "working_days" in rule:
        return calendar.after(dispatch_on, rule["working_days"])
    if "day" in rule:
        day = following.first_day.replace(day=rule["day"])
    elif "column" in rule:
        day = listed or following.last_day
    else:
        raise SpecError("spec.no_due", where=spec.where)
    return max(calendar.on_or_before(day), dispatch_on)
