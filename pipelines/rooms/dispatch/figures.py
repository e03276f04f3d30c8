"""What `dispatch_capacity` says.

Places, orders, what they are worth, and what one place more would have added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from pipelines.rooms.dispatch.bound import bound_value, price_place
from pipelines.rooms.dispatch.queues import Branch, Plan, add_worth, count_waiting
from pipelines.rooms.made_rows import make_schema

_NO_MONEY = Decimal("0.00")
_ROUNDING = 1e-6  # fen: the bound is found in floating point
CAPACITY = make_schema(
    scope_kind="VARCHAR",
    scope_id="VARCHAR",
    branch_id="VARCHAR",
    capacity="BIGINT",  # three managers at the contract's limit exceed 32 bits
    wanted_count="INTEGER",
    used_count="INTEGER",
    left_count="INTEGER",
    value_amount="DECIMAL(18,2)",
    bound_amount="DECIMAL(18,2)",
    gap_rate="DOUBLE",
    shadow_price_amount="DECIMAL(18,2)",
)


class CapacityFigure(NamedTuple):
    """A row of `dispatch_capacity`; amounts are in yuan.

    A manager's row has no bound and no gap of its own.
    """

    scope_kind: str
    scope_id: str
    branch_id: str | None
    capacity: int
    wanted_count: int
    used_count: int
    left_count: int
    value_amount: Decimal
    shadow_price_amount: Decimal
    bound_amount: Decimal | None = None
    gap_rate: float | None = None


def list_branch_figures(
    branch_id: str,
    branch: Branch,
    plan: Plan,
    pooled_worth: Mapping[str, int],
    by_value: bool,
) -> list[CapacityFigure]:
    """Return a row a manager, then the branch's, which alone has the bound and the gap.

    Worth is in fen.
    """
    rows = []
    for number in range(len(branch.desks)):
        row = _desk_figure(branch_id, branch, plan, number, pooled_worth, by_value)
        rows.append(row)
    bound = ceil(bound_value(branch) - _ROUNDING)
    best = max(bound, plan.value(branch))
    total = _sum_figures(rows, "branch", branch_id, branch_id, _to_yuan(best))
    waiting = count_waiting(branch.pool)
    with_pool = total._replace(
        wanted_count=total.wanted_count + waiting,
        left_count=total.left_count + waiting - sum(plan.pooled),
    )
    return [*rows, with_pool]


def list_company_figures(rows: Sequence[CapacityFigure]) -> list[CapacityFigure]:
    """Return the company's row.

    The branches added up, its price that of the branch where a place is worth most.
    """
    branches = []
    best = Decimal(0)
    for row in rows:
        if row.scope_kind == "branch":
            branches.append(row)
            best += row.bound_amount or 0
    return [_sum_figures(branches, "company", "company", None, best)]


def _desk_figure(
    branch_id: str,
    branch: Branch,
    plan: Plan,
    number: int,
    pooled_worth: Mapping[str, int],
    by_value: bool,
) -> CapacityFigure:
    """A manager's row; `pooled_worth` is what came to each out of the pool, in fen."""
    desk = branch.desks[number]
    counts = plan.taken[number]
    worth = add_worth(desk.queues, counts) + pooled_worth.get(desk.manager_id, 0)
    price = price_place(branch, plan, number, by_value)
    return CapacityFigure(
        scope_kind="manager",
        scope_id=desk.manager_id,
        branch_id=branch_id,
        capacity=desk.capacity,
        wanted_count=desk.wanted,
        used_count=plan.used(number),
        left_count=desk.wanted - sum(counts),
        value_amount=_to_yuan(worth),
        shadow_price_amount=_to_yuan(price),
    )


def _sum_figures(
    rows: Sequence[CapacityFigure],
    kind: str,
    scope_id: str,
    branch_id: str | None,
    best: Decimal,
) -> CapacityFigure:
    """Add rows up; `best` is the bound, and the price that of the place that is worth most."""
    value = sum((row.value_amount for row in rows), Decimal(0))
    price = max((row.shadow_price_amount for row in rows), default=Decimal(0))
    gap = 0.0
    if best:
        gap = float((best - value) / abs(best))
    return CapacityFigure(
        scope_kind=kind,
        scope_id=scope_id,
        branch_id=branch_id,
        capacity=sum(row.capacity for row in rows),
        wanted_count=sum(row.wanted_count for row in rows),
        used_count=sum(row.used_count for row in rows),
        left_count=sum(row.left_count for row in rows),
        value_amount=value + _NO_MONEY,
        shadow_price_amount=price + _NO_MONEY,
        bound_amount=best + _NO_MONEY,
        gap_rate=gap,
    )


def _to_yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)
