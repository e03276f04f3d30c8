"""What the workbooks tell of a month: its orders as they stand by now, and its tables.

In one language.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, TypedDict

from pipelines.catalogue.outputs import load_lists, name_lists
from pipelines.documents.workbooks.workbook import Stamp
from pipelines.sources.office.changes import WITHDRAWN, Change
from pipelines.store.lake import Version, list_versions_back
from pipelines.store.persons.vault import read_open_rows
from pipelines.text.evidence import write_evidence, write_script
from pipelines.text.masking import mask_name, mask_phone
from pipelines.text.texts import fill_label, say_reasons

ANSWER_TABLES = ("feedback_outcome", "feedback_outcome_m3")


class OrderRow(TypedDict):
    """A row of `dispatch_order`, with the columns that the workbooks show."""

    order_id: str
    month: str
    list: str
    customer_id: str
    service_id: str
    branch_id: str | None
    manager_id: str | None
    rank: int
    amount: Decimal | None
    reason_codes: str | None
    also_on: str | None
    due_on: date
    arm: str


class PersonRow(TypedDict):
    """A row of `snapshot_person`: who a customer is, unmasked."""

    customer_id: str
    name: str | None
    phone: str | None


class AnswerRow(TypedDict):
    """A row of `feedback_outcome`: what was answered to an order, and what was found of it."""

    order_id: str
    order_month: str
    list: str
    outcome: str | None
    contacted_on: date | None
    is_claimed: bool
    is_verified: bool | None


class ListRow(TypedDict):
    """A row of `dispatch_list`: a list's state and counts."""

    list: str
    priority: int
    status: str
    reason: str | None


class WorkRow(TypedDict):
    """A line of a work list, by the names of `WORK_LIST_COLUMNS`."""

    rank: int
    customer_name: str | None
    phone: str | None
    list_title: str
    reasons: str
    amount: Decimal | None
    due_on: date
    action: str
    evidence: str
    script: str
    history: str
    also_on: str
    order_id: str
    customer_id: str
    service_id: str
    branch_id: str | None
    manager_id: str | None


@dataclass(frozen=True)
class WorkbookData:
    """A month's orders and tables as the workbooks need them, in one language.

    `changes` are what became of orders since they were released, by order.
    """

    version: Version
    language: str
    is_draft: bool
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)

    def read_table(self, table: str) -> list[Any]:
        """Return all rows of a table, each a dict."""
        rows: list[Any] = self.version.read_arrow(table).to_pylist()
        return rows

    def read_if_computed(self, table: str) -> list[Any]:
        """Return all rows of a table; none of one that is not computed."""
        if self.version.is_computed(table):
            return self.read_table(table)
        return []

    @cached_property
    def orders(self) -> list[OrderRow]:
        """The orders that are released, what is due first before the others.

        Of one day in the order of the lists. The hold-out never is released.
        """
        return self._list_standing(self.read_table("dispatch_order"))

    @cached_property
    def carried(self) -> list[OrderRow]:
        """The orders of earlier months that are past their day and not closed, in that order.

        An order of a list that is no more has nothing to say.
        """
        titles = self.list_titles
        known = []
        for row in self.read_if_computed("dispatch_carried"):
            if row["list"] in titles:
                known.append(row)
        return self._list_standing(known)

    def _list_standing(self, rows: Sequence[OrderRow]) -> list[OrderRow]:
        """Return treated orders as they stand by now, in the order to work them."""
        priority = {spec.name: spec.meta["priority"] for spec in load_lists()}

        def find_rank(order: OrderRow) -> tuple[date, int, int]:
            return order["due_on"], priority[order["list"]], order["rank"]

        standing: list[OrderRow] = []
        for row in rows:
            if row["arm"] != "treated":
                continue
            order = apply_changes(row, self.changes)
            if order is not None:
                standing.append(order)

        return sorted(standing, key=find_rank)

    @cached_property
    def people(self) -> Mapping[str, PersonRow]:
        """Name and phone of the customers who have an order, by id."""
        orders = [*self.orders, *self.carried]
        return self.find_people({order["customer_id"] for order in orders})

    def find_people(self, customers: set[str]) -> Mapping[str, PersonRow]:
        """Return name and phone of customers, by id.

        Of those who have left, as the latest month held before told of them.
        """
        found: dict[str, PersonRow] = {}
        wanted = set(customers)
        for version in list_versions_back(self.version):
            if not wanted:
                break
            for row in self.read_people(version, wanted):
                customer = row["customer_id"]
                found[customer] = row
            wanted -= found.keys()
        return found

    def read_people(self, version: Version, customers: set[str]) -> list[PersonRow]:
        """Return those of some customers of whom a version tells."""
        ordered = sorted(customers)
        wanted = {"customer_id": tuple(ordered)}
        found: list[Any] = read_open_rows(version, "snapshot_person", where=wanted)
        return found

    @cached_property
    def line_numbers(self) -> Mapping[str, str | None]:
        """What customers call the lines of orders, by service id; none without numbers."""
        table = "snapshot_number"
        if not self.version.is_computed(table):
            return {}
        orders = [*self.orders, *self.carried]
        services = set()
        for order in orders:
            if order["service_id"]:
                services.add(order["service_id"])
        ordered = sorted(services)
        wanted = {"service_id": tuple(ordered)}
        rows = read_open_rows(self.version, table, where=wanted)
        return {row["service_id"]: row["number"] for row in rows}

    @cached_property
    def masked_line_numbers(self) -> Mapping[str, str | None]:
        """The same for who does not own the customer."""
        return {line: mask_phone(number) for line, number in self.line_numbers.items()}

    @cached_property
    def list_titles(self) -> dict[str, str]:
        """Each list's title."""
        return name_lists(self.language)

    @cached_property
    def list_rows(self) -> list[ListRow]:
        """The lists with their state and counts."""
        return self.read_table("dispatch_list")

    def make_stamp(self, title: str) -> Stamp:
        """Return what a workbook says of itself.

        It is dated by the month, so that the same month gives the same bytes.
        """
        caveats = []
        for row in self.list_rows:
            if row["reason"]:
                list_title = self.list_titles[row["list"]]
                reason = self.describe_reason(row["reason"])
                caveats.append(f"{list_title}: {reason}")

        version = self.version
        month = str(version.month)
        is_day = version.occasion != month
        return Stamp(
            title=f"{title} {version.occasion}" if is_day else title,
            language=self.language,
            month=month,
            version=version.number,
            run_id=version.identity[:12],
            created=version.month.plus(1).first_day,
            is_draft=self.is_draft,
            caveats=tuple(caveats),
        )

    def find_label(self, key: str) -> str:
        """Return a text in the workbooks' language."""
        return fill_label(self.language, key)

    def describe_reason(self, reason: str | None) -> str:
        """Return a row's reason codes in words."""
        return say_reasons(self.language, reason)

    def find_names(self, table: str, key: str) -> dict[str, str]:
        """Return what managers or branches are called, by id.

        Empty where the operator did not say.
        """
        return {row[key]: row["name"] for row in self.read_if_computed(table)}

    def build_work_row(self, rank: int, order: OrderRow, is_masked: bool) -> WorkRow:
        """Return one line of a work list.

        Who must act sees name and phone in full; for anybody else they are masked.
        """
        name, phone = self._find_name_and_phone(order["customer_id"], is_masked)
        reason_codes = _split_list(order["reason_codes"])
        reasons = [self.find_label(f"reason.{code}") for code in reason_codes]
        also_on = _split_list(order["also_on"])
        other_lists = [self.list_titles[other] for other in also_on]

        spec = next(spec for spec in load_lists() if spec.name == order["list"])
        numbers = self.masked_line_numbers if is_masked else self.line_numbers
        return {
            "rank": rank,
            "customer_name": name,
            "phone": phone,
            "list_title": self.list_titles[order["list"]],
            "reasons": "; ".join(reasons),
            "amount": order["amount"],
            "due_on": order["due_on"],
            "action": spec.meta["action"][self.language],
            "evidence": write_evidence(spec, self.language, order, numbers),
            "script": write_script(spec, self.language, order, numbers),
            "history": self._tell_history(order["customer_id"]),
            "also_on": "; ".join(other_lists),
            "order_id": order["order_id"],
            "customer_id": order["customer_id"],
            "service_id": order["service_id"],
            "branch_id": order["branch_id"],
            "manager_id": order["manager_id"],
        }

    def build_carried_row(self, rank: int, order: OrderRow) -> WorkRow:
        """Return the line of an earlier month's order, whole, for who must act.

        What was true then may not be true any more: the line says of which month it tells, and has
        nothing to be said to the customer.
        """
        row = self.build_work_row(rank, order, is_masked=False)
        month = order["month"]
        told = fill_label(
            self.language, "carried.evidence", month=month, evidence=row["evidence"]
        )
        script = fill_label(self.language, "carried.script", month=month)
        return {**row, "evidence": told, "script": script}

    def _find_name_and_phone(
        self, customer_id: str, is_masked: bool
    ) -> tuple[str | None, str | None]:
        """Return name and phone of a customer with an order."""
        person = self.people.get(customer_id)
        if person is None:
            return None, None
        if not is_masked:
            return person["name"], person["phone"]
        name = mask_name(person["name"])
        phone = mask_phone(person["phone"])
        return name, phone

    @cached_property
    def _answers(self) -> Mapping[str, list[AnswerRow]]:
        """What came of earlier orders that were sent out, by customer, the latest first."""
        found: dict[str, dict[str, AnswerRow]] = defaultdict(dict)
        for table in ANSWER_TABLES:
            for row in self.read_if_computed(table):
                if row["arm"] == "treated":
                    found[row["customer_id"]].setdefault(row["order_id"], row)

        by_customer = {}
        for customer, answers in found.items():
            by_customer[customer] = sorted(
                answers.values(), key=_find_order_id, reverse=True
            )
        return by_customer

    def _tell_history(self, customer_id: str) -> str:
        """Say of each earlier order of a customer what was answered; a line an order."""
        answers = self._answers.get(customer_id, ())
        return "\n".join(self._tell_answer(answer) for answer in answers)

    def _tell_answer(self, answer: AnswerRow) -> str:
        """Say what was answered to an order, and whether it was found to be so."""
        about = {
            "month": answer["order_month"],
            "list": self.list_titles[answer["list"]],
        }
        outcome = answer["outcome"]
        if outcome is None:
            return fill_label(self.language, "history.unanswered", **about)
        told = fill_label(
            self.language,
            "history.answered",
            outcome=self.find_label(f"outcome.{outcome}"),
            day=answer["contacted_on"] or "–",
            **about,
        )
        if not answer["is_claimed"] or answer["is_verified"] is None:
            return told
        state = "verified" if answer["is_verified"] else "not_verified"
        return told + self.find_label(f"history.{state}")


def _find_order_id(answer: AnswerRow) -> str:
    """Return the order of an answer; ids begin with their month."""
    return answer["order_id"]


def _split_list(joined: str | None) -> list[str]:
    """Return the parts of a text that is joined by `;`."""
    parts = (joined or "").split(";")
    return [part for part in parts if part]


def apply_changes(
    order: OrderRow, changes: Mapping[str, tuple[Change, ...]]
) -> OrderRow | None:
    """Return an order as it stands by now: with the manager it was given to last.

    None of one that was taken back.
    """
    own_changes = changes.get(order["order_id"], ())
    if not own_changes:
        return order
    last = own_changes[-1]
    if last.kind == WITHDRAWN:
        return None
    return {**order, "manager_id": last.manager_id}
