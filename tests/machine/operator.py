"""What a small operator delivers, month by month, and how it corrects and spoils what it delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pipelines.core.month import Month
from tests.support.small import Town, row, write_csv

FIRST = Month.parse("2026-07")
PEOPLE = ("ann", "bob", "cat", "dan", "eve", "fay")
NAME, PHONE = "张三丰", "13812345678"  # what the towns' rows hold, and no log may


@dataclass
class Delivery:
    """A month as delivered: who owes, what was billed, and whether its bills can be read."""

    month: Month
    debtors: frozenset[str]
    revenue: dict[str, int] = field(default_factory=dict)
    is_spoiled: bool = False


@dataclass
class Operator:
    """The source of a home: months are added in their order, and written anew when corrected."""

    source: Path
    deliveries: dict[Month, Delivery] = field(default_factory=dict)

    @property
    def months(self) -> list[Month]:
        """The months that were delivered, oldest first."""
        return sorted(self.deliveries)

    def deliver(self, debtors: frozenset[str]) -> Month:
        """Deliver the next month."""
        month = FIRST.plus(len(self.deliveries))
        self.deliveries[month] = Delivery(month, debtors)
        self._write(month)
        return month

    def correct(self, month: Month, revenue: Mapping[str, int]) -> None:
        """Deliver a month again with other bills, readable ones."""
        delivery = self.deliveries[month]
        delivery.revenue |= revenue
        delivery.is_spoiled = False
        self._write(month)

    def spoil(self, month: Month) -> None:
        """Deliver a month again with amounts that are none."""
        self.deliveries[month].is_spoiled = True
        self._write(month)

    def deliver_day(self, day: date, suspended: frozenset[str]) -> None:
        """Deliver a day after a month: who was suspended on it, owing 50 yuan."""
        last_month = str(Month(day.year, day.month).plus(-1))
        owed = {"bill_month": last_month, "open_amount": "50.00"}
        services, changes, receivables = [], [], []
        for name in PEOPLE:
            line = {"service_id": f"{name}-1", "customer_id": name}
            status = "suspended_arrears" if name in suspended else "active"
            services.append(row("service", **line, status=status))
        for name in sorted(suspended):
            line = {"service_id": f"{name}-1", "customer_id": name}
            changes.append(
                {
                    "service_id": line["service_id"],
                    "changed_at": f"{day} 10:00:00",
                    "from_status": "active",
                    "to_status": "suspended_arrears",
                    "reason": "arrears",
                }
            )
            due_on = day.replace(day=1).isoformat()
            receivables.append(
                {"bill_id": f"R-{name}", **line, **owed, "due_on": due_on}
            )
        tables = {
            "service": services,
            "status_change": changes,
            "receivable": receivables,
            "payment": [],
            "trouble_ticket": [],
        }
        for table, rows in tables.items():
            write_csv(self.source / "daily" / str(day) / f"{table}.csv", table, rows)

    def _write(self, month: Month) -> None:
        delivery = self.deliveries[month]
        town = Town(month)
        for number, name in enumerate(PEOPLE):
            revenue = delivery.revenue.get(name, 60 + 10 * number)
            billed = "unknown" if delivery.is_spoiled else f"{revenue}.00"
            town.person(name, manager=f"M{number % 3 + 1}", revenue=billed)
        for name in sorted(delivery.debtors):
            town.owe(name)
        town.write(self.source)
