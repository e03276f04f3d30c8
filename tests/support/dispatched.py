"""The dispatch room on lists and tables made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.catalogue.spec import Spec
from pipelines.core.month import Month
from pipelines.rooms import dispatch
from tests.support.small import MONTH, Row, none_of, read, room_context

LAST_ORDERS = date(
    2026, 8, 5
)  # the third working day of August; that of September is the 3rd
Office = Callable[..., Path]
SETTINGS = (
    "holdout_share",
    "cool_down_days",
    "capacity_rule",
    "minimum_service",
    "duties_take_places",
    "contact_cost",
)


def a_list(
    name: str, people: Sequence[str], sql: str | None = None, **meta: Any
) -> Spec:
    """A list of those people, the most valuable first."""
    rows = ", ".join(
        f"('{p}', '{p}-1', 0, {1000 - i}.00, 10.00, 'zero_usage')"
        for i, p in enumerate(people)
    )
    names = "customer_id, service_id, rank_group, rank_value, amount, reason_code"
    plain = {"purpose": "service", "priority": 50, "holdout": False, "due": {"day": 12}}
    given = f"SELECT {names} FROM (VALUES {rows}) AS t({names})"
    return Spec("dispatch", name, Path(f"{name}.sql"), {**plain, **meta}, sql or given)


def owner(customer: str, manager: str | None = "M1", branch: str | None = "B1") -> Row:
    return {
        "customer_id": customer,
        "branch_id": branch,
        "unit_id": None,
        "manager_id": manager,
    }


def manager(name: str, capacity: int = 50, branch: str = "B1") -> Row:
    return {"manager_id": name, "branch_id": branch, "capacity": capacity}


def consent(
    customer: str,
    do_not_contact: bool = False,
    opted_out: bool = False,
    wrong_number: bool = False,
) -> Row:
    answers = {
        "is_do_not_contact": do_not_contact,
        "is_opted_out": opted_out,
        "is_wrong_number": wrong_number,
    }
    return {"customer_id": customer, **answers}


def order_before(
    customer: str,
    purpose: str,
    arm: str = "treated",
    on: date = LAST_ORDERS,
    name: str = "asked",
    manager: str = "M1",
) -> Row:
    order = {
        "customer_id": customer,
        "purpose": purpose,
        "arm": arm,
        "dispatched_on": on,
    }
    return order | {"list": name, "manager_id": manager}


def person(customer: str, group: str | None = None) -> Row:
    return {
        "customer_id": customer,
        "customer_type": "individual",
        "vip_tier": "gold",
        "group_customer_id": group,
    }


def drawn(*customers: str, is_drawn: bool = True) -> list[Row]:
    return [
        {
            "customer_id": c,
            "stratum": "B1/gold",
            "is_drawn": is_drawn,
            "drawn_in": "2026-07",
        }
        for c in customers
    ]


def make_office(tmp_path: Path) -> Office:
    """Run the room on lists and tables made by hand; everybody is M1's customer unless a table says otherwise."""

    def run(
        *specs: Spec,
        people: Sequence[str] = ("ann", "bob", "cat", "dan"),
        month: Month = MONTH,
        **given: Any,
    ) -> Path:
        changes = {name: given.pop(name) for name in list(given) if name in SETTINGS}
        released = {
            "kind": "list",
            "scope": "all",
            "status": "released",
            "reason": None,
        }
        tables: dict[str, Any] = {
            "features_owner": [owner(p) for p in people],
            "features_manager": [manager("M1")],
            "features_consent": [consent(p) for p in people],
            "features_complaint": none_of("customer_id"),
            "snapshot_customer": [person(p) for p in people],
            "validate_release": [{"output": spec.name, **released} for spec in specs],
        }
        tables |= {name.replace("__", "."): rows for name, rows in given.items()}
        folder = tmp_path / f"room{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        with room_context(folder, tables, month, **changes) as context:
            by_priority = sorted(specs, key=lambda s: (s.meta["priority"], s.name))
            dispatch.run(context, by_priority)
        return folder

    return run


def treated(folder: Path, name: str) -> list[str]:
    """The people with a treated order of a list, by rank."""
    rows = sorted(
        read(folder, "dispatch_order", list=name, arm="treated"),
        key=lambda r: r["rank"],
    )
    return [r["customer_id"] for r in rows]


def why_not(folder: Path, name: str) -> dict[str, str]:
    return {
        r["customer_id"]: r["reason"]
        for r in read(folder, "dispatch_why_not", list=name)
    }
