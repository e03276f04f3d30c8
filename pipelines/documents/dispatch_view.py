"""What dispatch did: the capacity of the branches, and the lists one customer is on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypedDict

from pipelines.catalogue.outputs import load_lists
from pipelines.store.lake import Version
from pipelines.store.persons.vault import read_open_rows
from pipelines.text.evidence import write_evidence
from pipelines.text.masking import mask_phone

if TYPE_CHECKING:
    from pipelines.sources.office.changes import Change

_CAPACITY = "dispatch_capacity"


@dataclass(frozen=True)
class Capacity:
    """How many orders a scope could take, what came of it, and what one more was worth (yuan)."""

    scope_kind: str
    scope_id: str
    capacity: int
    wanted_count: int
    used_count: int
    left_count: int
    value_amount: Decimal
    bound_amount: Decimal
    gap_rate: float
    shadow_price_amount: Decimal


def read_capacities(version: Version) -> list[Capacity]:
    """Return the company's capacity and then the branches'.

    None in a month made before there were any.
    """
    if not version.is_computed(_CAPACITY):
        return []

    of_scopes = []
    for capacity in version.read_as(Capacity, _CAPACITY):
        if capacity.scope_kind != "manager":
            of_scopes.append(capacity)
    return sorted(of_scopes, key=_order_capacities)


def _order_capacities(capacity: Capacity) -> tuple[bool, str]:
    """The company first, then its branches."""
    is_branch = capacity.scope_kind != "company"
    return is_branch, capacity.scope_id


def read_capacity_rule(version: Version) -> str | None:
    """Return by which rule the orders of a month were given to the managers."""
    entry = version.find_entry(_CAPACITY)
    if entry:
        return entry.rule
    return None


class CustomerOrder(TypedDict):
    """The order of a customer: who has it, and by when it is due."""

    order_id: str
    manager_id: str | None
    branch_id: str | None
    due_on: date


class OrderChange(TypedDict):
    """What was decided about an order since it was released."""

    order_id: str
    kind: str
    manager_id: str | None
    why: str
    actor: str
    on: str


OrderChanges = list[OrderChange]


class CustomerList(TypedDict):
    """A list that a customer is on: the evidence, and the order or why there is none."""

    list: str
    title: str
    rank: int
    evidence: str
    order: CustomerOrder | None
    changes: OrderChanges
    why_not: str | None
    detail: str | None


def find_customer_lists(
    version: Version,
    customer_id: str,
    language: str,
    changes: Mapping[str, tuple[Change, ...]] | None = None,
    has_numbers: bool = True,
) -> list[CustomerList]:
    """Return every list a customer is on, by priority: why, and what came of it.

    The hold-out is a reason like any other here. `changes` are what was decided about orders since
    they were released, by order id. What lines are called by is masked; without `has_numbers` they
    go by their ids.
    """
    specs = {spec.name: spec for spec in load_lists()}
    of_customer = {"customer_id": customer_id}
    orders = _read_orders(version, customer_id)
    left_out = {}
    for row in version.read_rows("dispatch_why_not", where=of_customer):
        left_out[row["list"]] = row

    def find_priority(row: Mapping[str, Any]) -> int:
        spec = specs[row["list"]]
        return int(spec.meta["priority"])

    numbers = _read_masked_numbers(version, customer_id) if has_numbers else {}
    candidates = version.read_rows("dispatch_candidate", where=of_customer)
    found: list[CustomerList] = []
    for row in sorted(candidates, key=find_priority):
        spec = specs[row["list"]]
        order = orders.get(spec.name)
        reasons = left_out.get(spec.name, {})
        shown: CustomerList = {
            "list": spec.name,
            "title": spec.title(language),
            "rank": row["rank"],
            "evidence": write_evidence(spec, language, row, numbers),
            "order": order,
            "changes": _list_changes(order, changes or {}),
            "why_not": reasons.get("reason"),
            "detail": reasons.get("detail"),
        }
        found.append(shown)

    return found


def _read_masked_numbers(version: Version, customer_id: str) -> dict[str, str | None]:
    """What the customer calls their lines, masked; none in a month made without numbers."""
    if not version.is_computed("snapshot_number"):
        return {}
    masked = {}
    of_customer = {"customer_id": customer_id}
    for line in version.read_rows("snapshot_service", where=of_customer):
        service_id = line["service_id"]
        of_line = {"service_id": service_id}
        rows = read_open_rows(version, "snapshot_number", where=of_line)
        for row in rows:
            number = row["number"]
            masked[service_id] = mask_phone(number)
    return masked


def _read_orders(version: Version, customer_id: str) -> dict[str, CustomerOrder]:
    """The customer's orders by list; of the hold-out nobody has one."""
    orders: dict[str, CustomerOrder] = {}
    for row in version.read_rows("dispatch_order", where={"customer_id": customer_id}):
        if row["arm"] == "treated":
            orders[row["list"]] = {
                "order_id": row["order_id"],
                "manager_id": row["manager_id"],
                "branch_id": row["branch_id"],
                "due_on": row["due_on"],
            }

    return orders


def _list_changes(
    order: CustomerOrder | None, changes: Mapping[str, tuple[Change, ...]]
) -> list[OrderChange]:
    """Return what became of an order since it was released, oldest first."""
    if order is None:
        return []

    made: list[OrderChange] = []
    for change in changes.get(order["order_id"], ()):
        shown: OrderChange = {
            "order_id": change.order_id,
            "kind": change.kind,
            "manager_id": change.manager_id,
            "why": change.why,
            "actor": change.actor,
            "on": change.on,
        }
        made.append(shown)

    return made
