"""What the workbooks tell of a month: its orders as they stand by now, and its tables, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.catalogue.outputs import lists
from pipelines.documents.workbooks.workbook import Stamp
from pipelines.sources.office.changes import WITHDRAWN, Change
from pipelines.store.lake import Version
from pipelines.text.evidence import evidence_in_words, script_in_words
from pipelines.text.masking import mask_name, mask_phone
from pipelines.text.texts import label, reason_in_words

Row = dict[str, Any]


@dataclass(frozen=True)
class WorkbookData:
    """A month's orders and tables as the workbooks need them, in one language."""

    version: Version
    language: str
    is_draft: bool
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)

    def rows(self, table: str) -> list[Row]:
        """All rows of a table."""
        rows: list[Row] = pq.read_table(self.version.table(table)).to_pylist()
        return rows

    @cached_property
    def orders(self) -> list[Row]:
        """The orders that leave the house, in the order to work them; the hold-out never does."""
        priority = {spec.name: spec.meta["priority"] for spec in lists()}
        treated = [
            as_changed(row, self.changes)
            for row in self.rows("dispatch_order")
            if row["arm"] == "treated"
        ]
        treated = [row for row in treated if row]
        return sorted(treated, key=lambda row: (priority[row["list"]], row["rank"]))

    @cached_property
    def people(self) -> Mapping[str, Row]:
        """Name and phone of the customers who have an order."""
        return self.persons({row["customer_id"] for row in self.orders})

    def persons(self, customers: set[str]) -> Mapping[str, Row]:
        """Name and phone of customers by id."""
        wanted = pc.field("customer_id").isin(pa.array(customers, pa.string()))
        found = pq.read_table(self.version.table("snapshot_person"), filters=wanted).to_pylist()
        return {row["customer_id"]: row for row in found}

    @cached_property
    def list_titles(self) -> dict[str, str]:
        """Each list's title."""
        return {spec.name: spec.title(self.language) for spec in lists()}

    def stamp(self, title: str) -> Stamp:
        """What a workbook says of itself; it is dated by the month, so that the same month gives the same bytes."""
        caveats = [
            f"{self.list_titles[row['list']]}: {self.reason(row)}"
            for row in self.states
            if row["reason"]
        ]
        is_day = self.version.occasion != str(self.version.month)
        return Stamp(
            title=f"{title} {self.version.occasion}" if is_day else title,
            language=self.language,
            month=str(self.version.month),
            version=self.version.number,
            run_id=self.version.identity[:12],
            created=self.version.month.plus(1).first_day,
            is_draft=self.is_draft,
            caveats=tuple(caveats),
        )

    @cached_property
    def states(self) -> list[Row]:
        """The lists with their state and counts."""
        return self.rows("dispatch_list")

    def reason(self, row: Row) -> str:
        """A row's reason in words."""
        return reason_in_words(self.language, row["reason"])

    def work_row(self, place: int, order: Row, is_owner: bool) -> Row:
        """One line of a work list; only the manager who owns the customer sees name and phone in full."""
        person = self.people.get(order["customer_id"], {"name": None, "phone": None})
        codes = (order["reason_codes"] or "").split(";")
        also_on = (order["also_on"] or "").split(";")
        spec = next(s for s in lists() if s.name == order["list"])
        return {
            "rank": place,
            "customer_name": person["name"] if is_owner else mask_name(person["name"]),
            "phone": person["phone"] if is_owner else mask_phone(person["phone"]),
            "list_title": self.list_titles[order["list"]],
            "reasons": "; ".join(label(self.language, f"reason.{code}") for code in codes if code),
            "amount": order["amount"],
            "due_on": order["due_on"],
            "action": spec.meta["action"][self.language],
            "evidence": evidence_in_words(spec, self.language, order),
            "script": script_in_words(spec, self.language, order),
            "also_on": "; ".join(self.list_titles[name] for name in also_on if name),
            **{
                name: order[name]
                for name in ("order_id", "customer_id", "service_id", "branch_id", "manager_id")
            },
        }


def as_changed(order: Row, changes: Mapping[str, tuple[Change, ...]]) -> Row:
    """Return an order as it stands by now: with the manager it was given to last; nothing of one that was taken back."""
    last = changes.get(order["order_id"], (None,))[-1]
    if last is None:
        return order
    return {} if last.kind == WITHDRAWN else {**order, "manager_id": last.manager_id}
