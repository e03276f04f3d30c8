"""What `dispatch_capacity` says: places, orders, what they are worth, and what one place more would have added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import Any

import pyarrow as pa

from pipelines.rooms.dispatch.assign import Branch, Plan, bound, price_of_place, worth_of

Row = dict[str, Any]
_MONEY = pa.decimal128(18, 2)
CAPACITY = pa.schema(
    [
        *((name, pa.string()) for name in ("scope_kind", "scope_id", "branch_id")),
        (
            "capacity",
            pa.int64(),
        ),  # three managers at the contract's limit are more than 32 bits hold
        *((name, pa.int32()) for name in ("wanted_count", "used_count", "left_count")),
        *(("value_amount", _MONEY), ("bound_amount", _MONEY), ("gap_rate", pa.float64())),
        ("shadow_price_amount", _MONEY),
    ]
)
_ADDED = ("capacity", "wanted_count", "used_count", "left_count", "value_amount")


def branch_figures(
    branch_id: str, branch: Branch, plan: Plan, pooled_worth: Mapping[str, int], by_value: bool
) -> list[Row]:
    """Return a row a manager, then the branch's, which alone has the bound and the gap; worth is in fen."""
    rows = [
        _desk_row(branch_id, branch, plan, d, pooled_worth, by_value)
        for d in range(len(branch.desks))
    ]
    waiting = sum(map(len, branch.pool))
    value = plan.value(branch)
    best = max(ceil(bound(branch) - 1e-6), value)
    total = {name: sum(row[name] for row in rows) for name in _ADDED}
    total["wanted_count"] += waiting
    total["left_count"] += waiting - sum(plan.pooled)
    price = max((row["shadow_price_amount"] for row in rows), default=Decimal(0))
    return [*rows, _total_row("branch", branch_id, branch_id, total, _yuan(best), price)]


def company_figures(rows: Sequence[Row]) -> list[Row]:
    """Return the company's row: the branches added up, its price that of the branch where a place is worth most."""
    branches = [row for row in rows if row["scope_kind"] == "branch"]
    total = {name: sum((row[name] for row in branches), Decimal(0)) for name in _ADDED}
    best = sum((row["bound_amount"] for row in branches), Decimal(0))
    price = max((row["shadow_price_amount"] for row in branches), default=Decimal(0))
    return [_total_row("company", "company", None, total, best, price)]


def _desk_row(
    branch_id: str,
    branch: Branch,
    plan: Plan,
    place: int,
    pooled_worth: Mapping[str, int],
    by_value: bool,
) -> Row:
    desk, counts = branch.desks[place], plan.taken[place]
    own = worth_of(desk.queues, counts)
    return {
        "scope_kind": "manager",
        "scope_id": desk.manager_id,
        "branch_id": branch_id,
        "capacity": desk.capacity,
        "wanted_count": desk.wanted,
        "used_count": plan.used(place),
        "left_count": desk.wanted - sum(counts),
        "value_amount": _yuan(own + pooled_worth.get(desk.manager_id, 0)),
        "shadow_price_amount": _yuan(price_of_place(branch, plan, place, by_value)),
    }


def _total_row(
    kind: str, scope_id: str, branch_id: str | None, total: Row, best: Decimal, price: Decimal
) -> Row:
    value = total["value_amount"]
    return {
        "scope_kind": kind,
        "scope_id": scope_id,
        "branch_id": branch_id,
        **{name: int(total[name]) for name in _ADDED[:-1]},
        "value_amount": value + Decimal("0.00"),
        "bound_amount": best + Decimal("0.00"),
        "gap_rate": float((best - value) / abs(best)) if best else 0.0,
        "shadow_price_amount": price + Decimal("0.00"),
    }


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)
