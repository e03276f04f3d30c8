"""The places of all branches: each is planned by itself, on a worker where there are workers.

A branch's waiting orders have to fit its memory: some hundred bytes an order. What goes across
branches, the company's figures and branches for which nobody waits, is worked out here, from the
figures of managers and branches; no order comes here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipelines.rooms.context import Context
from pipelines.rooms.dispatch.capacity import (
    ASSIGNED,
    Manager,
    Planned,
    Rules,
    Ties,
    WaitingOrder,
    WaitingOrders,
    plan_branch,
    read_managers,
    write_figures,
)
from pipelines.rooms.dispatch.figures import CAPACITY, CapacityFigure
from pipelines.rooms.relations import Relation, keep_result, map_groups, run_step

ROOM = "dispatch"
PLANNED_BRANCH = "planned_branch"
# An order that has a place, or a row of figures: what is the other's is empty.
_PLANNED = pa.schema([*ASSIGNED, *CAPACITY])
_FIGURES = ", ".join(CAPACITY.names)

Managers = Mapping[str, Sequence[Manager]]


@dataclass(frozen=True)
class PlanBranch:
    """Plans the branch whose waiting orders it is given."""

    managers: Managers
    rules: Rules

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Return the orders that have a place, and the branch's figures."""
        branch_id = rows.column(PLANNED_BRANCH)[0].as_py()
        if branch_id not in self.managers:
            return _PLANNED.empty_table()
        in_turn = rows.sort_by([("place", "ascending"), ("turn", "ascending")])
        waiting, ties = _take_waiting(branch_id, in_turn.to_pylist())
        managers = self.managers[branch_id]
        return _put_rows(plan_branch(branch_id, managers, waiting, ties, self.rules))


def assign_managers(context: Context, wanted: Relation) -> Relation:
    """Return which wanted orders get a manager's place, and whose; write `dispatch_capacity`."""
    rules = Rules.of(context.settings)
    managers = read_managers(context)
    waiting = run_step(
        context,
        ROOM,
        "waiting_orders",
        wanted_order=wanted,
        proposed_manager=run_step(
            context, ROOM, "proposed_managers", wanted_order=wanted
        ),
        group_manager=run_step(context, ROOM, "group_managers", wanted_order=wanted),
    )
    planner = PlanBranch(managers, rules)
    planned = map_groups(context, "planned", waiting, PLANNED_BRANCH, planner, _PLANNED)
    assigned = keep_result(
        context,
        "assigned",
        f"SELECT {', '.join(ASSIGNED.names)} FROM {planned.name} WHERE list IS NOT NULL",
    )
    write_figures(context, _read_figures(context, planned, managers, rules))
    return assigned


def _read_figures(
    context: Context, planned: Relation, managers: Managers, rules: Rules
) -> list[CapacityFigure]:
    """The figures of all branches in their order, also of those for which nobody waits."""
    by_branch: dict[str, list[CapacityFigure]] = defaultdict(list)
    sql = f"SELECT {_FIGURES} FROM {planned.name} WHERE scope_kind IS NOT NULL"
    for row in context.engine.rows(sql):
        figure = CapacityFigure(**row)
        by_branch[figure.branch_id or ""].append(figure)

    figures: list[CapacityFigure] = []
    for branch_id in sorted(managers):
        if branch_id not in by_branch:
            idle = plan_branch(
                branch_id, managers[branch_id], WaitingOrders(), Ties({}, {}), rules
            )
            by_branch[branch_id] = idle.figures
        figures += by_branch[branch_id]
    return figures


def _take_waiting(
    branch_id: str, rows: Sequence[dict[str, Any]]
) -> tuple[WaitingOrders, Ties]:
    """The orders that wait in a branch, and what speaks for one manager or another."""
    waiting = WaitingOrders()
    proposed: dict[str, str] = {}
    groups: dict[str, str] = {}
    for row in rows:
        order = WaitingOrder(**{name: row[name] for name in WaitingOrder._fields})
        waiting.add(order)
        if row["proposed_manager_id"] is not None:
            proposed[order.customer_id] = row["proposed_manager_id"]
        if order.group_customer_id and row["group_manager_id"] is not None:
            groups[order.group_customer_id] = row["group_manager_id"]
    return waiting, Ties(proposed, {branch_id: groups})


def _put_rows(planned: Planned) -> pa.Table:
    rows: list[dict[str, object]] = [order._asdict() for order in planned.assigned]
    rows += [figure._asdict() for figure in planned.figures]
    return pa.Table.from_pylist(rows, schema=_PLANNED)
