"""What makes an order: an id that is the same on every run, and a day by which it is done."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from pipelines.catalogue.spec import Spec
from pipelines.core.calendar import Calendar
from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.engines.duckdb import MakeBatch
from pipelines.rooms.made_rows import make_schema

ORDER_ID = make_schema(list="VARCHAR", customer_id="VARCHAR", order_id="VARCHAR")


def hash_with_key(key: bytes, *parts: str) -> bytes:
    """Return a hash nobody without the key can foretell.

    The same parts give the same hash for ever.
    """
    return hmac.digest(key, "\x1f".join(parts).encode(), "sha256")


@dataclass(frozen=True)
class IdentifyOrders:
    """Gives orders their ids: the month, and twelve letters of a keyed hash.

    `occasion` is the day of orders that are made after their month; empty of the month's own.
    """

    key: bytes
    month: Month
    occasion: str = ""

    def start(self) -> MakeBatch:
        """Return what each batch of orders (list, customer_id) goes through."""
        return self.make_batch

    def make_batch(self, batch: pa.RecordBatch) -> pa.Table:
        """Return the list, the customer and the id of each order."""
        lists = batch.column("list")
        customers = batch.column("customer_id")
        occasion = self.occasion or str(self.month)
        prefix = f"{self.month.year}{self.month.number:02d}"
        ids = []
        asked = zip(lists.to_pylist(), customers.to_pylist(), strict=True)
        for list_name, customer_id in asked:
            letters = _make_letters(self.key, occasion, list_name, customer_id)
            ids.append(f"{prefix}-{letters}")
        made = [lists, customers, pa.array(ids, pa.string())]
        return pa.Table.from_arrays(made, schema=ORDER_ID)


def _make_letters(key: bytes, *parts: str) -> str:
    """Twelve letters that only the key foretells."""
    digest = hash_with_key(key, "order", *parts)
    return base64.b32encode(digest).decode()[:12]


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
