"""Room: the orders that are wanted, a branch at a time, into the places its managers have; and what a place is worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.rooms.context import Context
from pipelines.rooms.dispatch.allocate import Newcomer, Seat, allocate
from pipelines.rooms.dispatch.assign import (
    Branch,
    Desk,
    Plan,
    Queue,
    plan_by_priority,
    plan_by_value,
)
from pipelines.rooms.dispatch.figures import CAPACITY, branch_figures, company_figures

Row = dict[str, Any]
_PLACED = pa.schema([(name, pa.string()) for name in ("list", "customer_id", "manager_id")])


@dataclass
class Books:
    """The rows that wait, by desk and list and by branch and list, each in the order of ranks."""

    desks: dict[str, dict[int, list[Row]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    pools: dict[str, dict[int, list[Row]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )


def place(context: Context) -> None:
    """Make `placed` (list, customer_id, manager_id) out of `wants`, and write `dispatch_capacity`."""
    engine = context.engine
    books = Books()
    for row in engine.rows(_WAITING):
        book = books.desks[row["manager_id"]] if row["can_work"] else books.pools[row["branch_id"]]
        book[row["place"]].append(row)
    managers: dict[str, list[Row]] = defaultdict(list)
    for row in engine.rows(
        "SELECT manager_id, branch_id, capacity FROM features_manager ORDER BY manager_id"
    ):
        managers[row["branch_id"]].append(row)
    proposed, groups = _proposed(context), _groups(context)
    floor = float(context.settings.minimum_service)
    branches = [
        Office(branch_id, managers[branch_id], books, floor, proposed, groups.get(branch_id, {}))
        for branch_id in sorted(managers)
    ]
    by_value = context.settings.capacity_rule == "value"
    placed = [row for office in branches for row in office.place(by_value)]
    engine.register("placed", pa.Table.from_pylist(placed, schema=_PLACED))
    figures = [row for office in branches for row in office.figures(by_value)]
    _write_figures(context, [*figures, *company_figures(figures)])


def _write_figures(context: Context, rows: Sequence[Row]) -> None:
    context.engine.register("capacity_row", pa.Table.from_pylist(list(rows), schema=CAPACITY))
    context.write(
        "dispatch_capacity",
        f"SELECT $month AS month, {', '.join(CAPACITY.names)} FROM capacity_row",
        ["scope_kind", "scope_id"],
        {"month": str(context.month)},
        rule=context.settings.capacity_rule,
    )


_WAITING = """
SELECT list, place, rank, customer_id, manager_id, branch_id, can_work, is_minimum, group_customer_id,
    CAST(expected_value * 100 AS BIGINT) AS worth
FROM wants WHERE assign <> 'branch' ORDER BY place, rank
"""


def _proposed(context: Context) -> dict[str, str]:
    """The manager each customer was last proposed to, in the two months before."""
    eras = [era for era in ("m2", "m1") if context.is_computed("dispatch_order", era)]
    found: dict[str, str] = {}
    for era in eras:
        rows = context.engine.rows(
            f"SELECT o.customer_id, o.manager_id FROM {era}.dispatch_order AS o JOIN wants AS w "
            "ON w.customer_id = o.customer_id WHERE o.list = w.list AND w.assign = 'allocate' AND NOT w.can_work "
            "AND o.arm = 'treated' AND o.manager_id IS NOT NULL"
        )
        found |= {row["customer_id"]: row["manager_id"] for row in rows}
    return found


def _groups(context: Context) -> dict[str, dict[str, str]]:
    """By branch and group, the manager who has most of the group's customers there; of equals the first by id."""
    rows = context.engine.rows(
        """
        SELECT m.branch_id, k.group_customer_id, o.manager_id
        FROM snapshot_customer AS k
        JOIN features_owner AS o ON o.customer_id = k.customer_id
        JOIN features_manager AS m ON m.manager_id = o.manager_id
        WHERE k.group_customer_id IN (SELECT group_customer_id FROM wants WHERE assign = 'allocate' AND NOT can_work)
        GROUP BY m.branch_id, k.group_customer_id, o.manager_id
        QUALIFY ROW_NUMBER() OVER (
            PARTITION BY m.branch_id, k.group_customer_id ORDER BY COUNT(*) DESC, o.manager_id
        ) = 1
        """
    )
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        found[row["branch_id"]][row["group_customer_id"]] = row["manager_id"]
    return found


class Office:
    """One branch: its managers, what waits for them, and how the places are given."""

    def __init__(
        self,
        branch_id: str,
        managers: Sequence[Row],
        books: Books,
        floor: float,
        proposed: Mapping[str, str],
        groups: Mapping[str, str],
    ) -> None:
        self._branch_id, self._managers = branch_id, managers
        self._books = [books.desks.get(row["manager_id"], {}) for row in managers]
        self._pool = books.pools.get(branch_id, {})
        self._proposed, self._groups = proposed, groups
        self._pooled: list[Row] = []
        desks = [
            Desk(row["manager_id"], max(row["capacity"], 0), tuple(_queues(book, floor)))
            for row, book in zip(managers, self._books, strict=True)
        ]
        self._branch = Branch(tuple(desks), tuple(_queues(self._pool, floor)))

    def place(self, by_value: bool) -> Iterable[Row]:
        """Yield who gets an order from whom."""
        plan_of: Callable[..., Plan] = plan_by_value if by_value else plan_by_priority
        self._plan = plan_of(self._branch, self._share)
        for row, book, counts in zip(self._managers, self._books, self._plan.taken, strict=True):
            for waiting, count in zip(book.values(), counts, strict=True):
                yield from (
                    {**_key(one), "manager_id": row["manager_id"]} for one in waiting[:count]
                )
        yield from self._pooled

    def _share(self, queue: int, count: int, free: Sequence[int]) -> Sequence[int]:
        """Give the first of a pool queue their managers, and say how many each desk got."""
        waiting = list(self._pool.values())[queue][:count]
        newcomers = [
            Newcomer(
                row["customer_id"], self._proposed.get(row["customer_id"]), row["group_customer_id"]
            )
            for row in waiting
        ]
        seats = [
            Seat(desk.manager_id, room, desk.capacity - room, desk.capacity)
            for desk, room in zip(self._branch.desks, free, strict=True)
        ]
        chosen = allocate(newcomers, seats, self._groups)
        self._pooled += [
            {**_key(row), "manager_id": name} for row, name in zip(waiting, chosen, strict=True)
        ]
        return [chosen.count(desk.manager_id) for desk in self._branch.desks]

    def figures(self, by_value: bool) -> list[Row]:
        """Return a row a manager and one for the branch, for `dispatch_capacity`."""
        given: dict[str, int] = defaultdict(int)
        worth = {row["customer_id"]: row["worth"] for rows in self._pool.values() for row in rows}
        for row in self._pooled:
            given[row["manager_id"]] += worth[row["customer_id"]]
        return branch_figures(self._branch_id, self._branch, self._plan, given, by_value)


def _key(row: Row) -> Row:
    return {"list": row["list"], "customer_id": row["customer_id"]}


def _queues(book: Mapping[int, Sequence[Row]], floor: float) -> Iterable[Queue]:
    for number, rows in book.items():
        minimum = ceil(floor * len(rows) - 1e-9) if rows[0]["is_minimum"] else 0
        yield Queue(number, np.array([row["worth"] for row in rows], np.int64), minimum)
