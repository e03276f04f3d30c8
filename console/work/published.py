"""What the sealed month says of orders: read by their keys from the published tables.

The same rows and sentences as in the workbooks, because the same code makes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from console.models import Order
from console.work.states import Standing
from pipelines.core.month import Month
from pipelines.documents.workbooks.workbook_data import (
    ANSWER_TABLES,
    WorkbookData,
    WorkRow,
)
from pipelines.store.lake import DayFolder, MonthFolder, Version, list_held_days
from pipelines.text.masking import mask_name, mask_phone


@dataclass(frozen=True)
class OrdersByKey(WorkbookData):
    """A month's tables for some orders alone: nothing else of them is read."""

    order_ids: tuple[str, ...] = ()

    def read_table(self, table: str) -> list[Any]:
        """Return the rows of a table; of one that grows with customers those of the orders."""
        if table in ("dispatch_order", "dispatch_carried"):
            return self.version.read_rows(table, where={"order_id": self.order_ids})
        if table in ANSWER_TABLES:
            orders = [*self.orders, *self.carried]
            customers = {order["customer_id"] for order in orders}
            found = {"customer_id": tuple(sorted(customers))}
            return self.version.read_rows(table, where=found)
        return super().read_table(table)


@dataclass(frozen=True)
class Card:
    """What a page shows of an order besides what the office keeps; the phone is masked."""

    customer_name: str | None
    phone: str | None
    row: WorkRow


def read_cards(
    home: Path, orders: Sequence[Standing], language: str, is_owner: bool
) -> dict[str, Card]:
    """Return the cards of orders by id; names in full for who owns the customers.

    Of an order that the home does not hold any more there is none.
    """
    order_ids: dict[str, list[str]] = defaultdict(list)
    for order in orders:
        order_ids[order.month].append(order.order_id)
    cards: dict[str, Card] = {}
    for data in _read_by_version(home, order_ids, language):
        for rank, sealed in enumerate(data.orders, start=1):
            row = data.build_work_row(rank, sealed, is_masked=True)
            person = data.people.get(sealed["customer_id"])
            name = person["name"] if person else None
            phone = person["phone"] if person else None
            shown_name = name if is_owner else mask_name(name)
            cards[sealed["order_id"]] = Card(shown_name, mask_phone(phone), row)
    return cards


def find_phone(home: Path, order: Order) -> str | None:
    """Return the number that an order's customer is called on, in full."""
    for data in _read_by_version(home, {order.release_id: [order.pk]}, "zh"):
        person = data.people.get(order.customer_id)
        if person is not None:
            return person["phone"]
    return None


def _read_by_version(
    home: Path, order_ids: Mapping[str, list[str]], language: str
) -> Iterator[OrdersByKey]:
    """Yield the tables that hold orders, given by month: of the month, and of days after it."""
    for month, missing in order_ids.items():
        for version in list_released(home, Month.parse(month)):
            data = OrdersByKey(version, language, False, order_ids=tuple(missing))
            held = {order["order_id"] for order in data.orders}
            if held:
                yield data
            missing = [order_id for order_id in missing if order_id not in held]
            if not missing:
                break


def list_released(home: Path, month: Month) -> Iterator[Version]:
    """Yield the released version of a month, then those of the days after it."""
    folder = MonthFolder(home, month)
    seal = folder.read_seal()
    if seal is None:
        return
    yield folder.version(seal.version)
    for held in list_held_days(home, month):
        day = DayFolder(home, month, date.fromisoformat(held.occasion))
        day_seal = day.read_seal()
        if day_seal is not None:
            yield day.version(day_seal.version)
