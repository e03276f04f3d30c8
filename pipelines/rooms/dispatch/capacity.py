"""Room: the orders that are wanted, a branch at a time, into the places its managers have.

It also says what a place is worth. What goes across branches is `by_branch`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

import numpy as np

from pipelines.core.settings import Settings
from pipelines.rooms.context import Context
from pipelines.rooms.dispatch.allocate import Newcomer, Seat, allocate_newcomers
from pipelines.rooms.dispatch.assign import plan_by_priority, plan_by_value
from pipelines.rooms.dispatch.figures import (
    CAPACITY,
    CapacityFigure,
    list_branch_figures,
    list_company_figures,
)
from pipelines.rooms.dispatch.queues import Branch, Desk, Plan, Queue
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import read_rows, write_step

ROOM = "dispatch"
ASSIGNED = make_schema(list="VARCHAR", customer_id="VARCHAR", manager_id="VARCHAR")
_ROUNDING = 1e-9  # a product that is a whole number but for the last bit is that number


class Manager(NamedTuple):
    """A manager and the places there are for new orders."""

    manager_id: str
    branch_id: str
    capacity: int


class WaitingOrder(NamedTuple):
    """A wanted order that waits for a manager's place.

    `worth` is in fen, `place` the turn of its list, `turn` its own on the list.
    """

    list: str
    place: int
    turn: int
    customer_id: str
    manager_id: str | None
    branch_id: str | None
    can_work: bool
    is_minimum: bool
    is_duty: bool
    group_customer_id: str | None
    worth: int


class AssignedOrder(NamedTuple):
    """A wanted order that has a manager's place."""

    list: str
    customer_id: str
    manager_id: str


# The orders of each list that wait at one desk or in one pool, in the order of turns.
Waiting = dict[int, list[WaitingOrder]]


@dataclass
class WaitingOrders:
    """All orders that wait: those of a manager's own customers by manager, all others by branch."""

    desks: dict[str | None, Waiting] = field(default_factory=dict)
    pools: dict[str | None, Waiting] = field(default_factory=dict)

    def add(self, order: WaitingOrder) -> None:
        """Let an order wait behind those before it."""
        waiting = self._find_waiting(order)
        waiting.setdefault(order.place, []).append(order)

    def take_duties(self) -> WaitingOrders:
        """Take the orders of lists that hold nobody out from the others."""
        duties = WaitingOrders()
        for waiting in (*self.desks.values(), *self.pools.values()):
            for place in list(waiting):
                if waiting[place][0].is_duty:
                    for order in waiting.pop(place):
                        duties.add(order)
        return duties

    def _find_waiting(self, order: WaitingOrder) -> Waiting:
        """Where an order waits: at its manager, or in the pool of its branch."""
        if order.can_work:
            return self.desks.setdefault(order.manager_id, {})
        return self.pools.setdefault(order.branch_id, {})


@dataclass(frozen=True)
class Ties:
    """What speaks for one manager or another.

    `proposed` names the manager each customer was last proposed to. `groups` names by branch and
    group the manager who has most of the group's customers.
    """

    proposed: Mapping[str, str]
    groups: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Rules:
    """By what the places are given."""

    by_value: bool
    minimum_service: float
    duties_take_places: bool

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """Take them from the settings."""
        return cls(
            by_value=settings.places_go_by == "value",
            minimum_service=float(settings.minimum_service),
            duties_take_places=settings.duties_take_places,
        )


class Planned(NamedTuple):
    """What came of the orders that waited: whose place they have, and the branches' figures."""

    assigned: list[AssignedOrder]
    figures: list[CapacityFigure]


def plan_branch(
    branch_id: str,
    managers: Sequence[Manager],
    waiting: WaitingOrders,
    ties: Ties,
    rules: Rules,
) -> Planned:
    """Give the places of a branch to its waiting orders."""
    planned = Planned([], [])
    if not rules.duties_take_places:
        duties = waiting.take_duties()
        planned.assigned.extend(_assign_duties(branch_id, managers, duties, ties))
    planner = BranchPlanner(branch_id, managers, waiting, rules.minimum_service, ties)
    planned.assigned.extend(planner.assign_orders(rules.by_value))
    planned.figures.extend(planner.list_figures(rules.by_value))
    return planned


def _assign_duties(
    branch_id: str, managers: Sequence[Manager], duties: WaitingOrders, ties: Ties
) -> list[AssignedOrder]:
    """Give every order a manager, whatever places there are."""
    pooled = _count_orders(duties.pools.get(branch_id, {}))
    roomy = []
    for manager in managers:
        own = _count_orders(duties.desks.get(manager.manager_id, {}))
        roomy.append(manager._replace(capacity=own + pooled))
    planner = BranchPlanner(branch_id, roomy, duties, 0.0, ties)
    return planner.assign_orders(by_value=False)


def _count_orders(waiting: Waiting) -> int:
    return sum(len(orders) for orders in waiting.values())


def write_figures(context: Context, figures: Sequence[CapacityFigure]) -> None:
    """Write `dispatch_capacity`: the branches' figures, and the company's."""
    every = [*figures, *list_company_figures(figures)]
    rows = [figure._asdict() for figure in every]
    capacity_figures = take_made_rows(context, "capacity_figure", rows, CAPACITY)
    write_step(
        context,
        ROOM,
        "capacity",
        "dispatch_capacity",
        ["scope_kind", "scope_id"],
        rule=context.settings.places_go_by,
        capacity_figure=capacity_figures,
    )


# -- what is read ----------------------------------------------------------------------------------


def read_managers(context: Context) -> dict[str, list[Manager]]:
    """The managers of each branch, by their ids."""
    managers: dict[str, list[Manager]] = defaultdict(list)
    for row in read_rows(context, ROOM, "managers"):
        manager = Manager(**row)
        managers[manager.branch_id].append(manager)
    return managers


# -- one branch ------------------------------------------------------------------------------------


class BranchPlanner:
    """One branch: its managers, what waits for them, and how the places are given."""

    def __init__(
        self,
        branch_id: str,
        managers: Sequence[Manager],
        waiting: WaitingOrders,
        minimum_service: float,
        ties: Ties,
    ) -> None:
        self._branch_id = branch_id
        self._managers = managers
        self._own = [waiting.desks.get(manager.manager_id, {}) for manager in managers]
        self._pool = waiting.pools.get(branch_id, {})
        self._proposed = ties.proposed
        self._groups = ties.groups.get(branch_id, {})
        self._pooled: list[AssignedOrder] = []
        self._branch = self._make_branch(minimum_service)

    def _make_branch(self, minimum_service: float) -> Branch:
        """The desks of the managers with their queues, and the pool."""
        desks = []
        for manager, own in zip(self._managers, self._own, strict=True):
            queues = _make_queues(own, minimum_service)
            desk = Desk(
                manager_id=manager.manager_id,
                capacity=max(manager.capacity, 0),
                queues=queues,
            )
            desks.append(desk)
        pool = _make_queues(self._pool, minimum_service)
        return Branch(tuple(desks), pool)

    def assign_orders(self, by_value: bool) -> list[AssignedOrder]:
        """Return which orders get whose place.

        Those of each manager's own customers, then the pool's.
        """
        self._plan = self._make_plan(by_value)
        assigned: list[AssignedOrder] = []
        for number, manager in enumerate(self._managers):
            queues = self._own[number].values()
            counts = self._plan.taken[number]
            for queue, count in zip(queues, counts, strict=True):
                for order in queue[:count]:
                    assigned.append(_assign(order, manager.manager_id))
        return assigned + self._pooled

    def _make_plan(self, by_value: bool) -> Plan:
        """Give the places by value, or by the order of the lists."""
        if by_value:
            return plan_by_value(self._branch, self._share_pool)
        return plan_by_priority(self._branch, self._share_pool)

    def _share_pool(self, queue: int, count: int, free: Sequence[int]) -> Sequence[int]:
        """Give the first of a pool queue their managers, and say how many each desk got."""
        queues = list(self._pool.values())
        orders = queues[queue][:count]
        newcomers = [self._make_newcomer(order) for order in orders]
        seats = self._make_seats(free)
        chosen = allocate_newcomers(newcomers, seats, self._groups)
        for order, manager_id in zip(orders, chosen, strict=True):
            self._pooled.append(_assign(order, manager_id))
        return [chosen.count(seat.manager_id) for seat in seats]

    def _make_newcomer(self, order: WaitingOrder) -> Newcomer:
        """A customer of the pool, with the manager whom they were last proposed to."""
        kept_by = self._proposed.get(order.customer_id)
        return Newcomer(
            customer_id=order.customer_id,
            kept_by=kept_by,
            group_id=order.group_customer_id,
        )

    def _make_seats(self, free: Sequence[int]) -> list[Seat]:
        """The managers as seats for customers of the pool, `free` places each."""
        seats = []
        for desk, room in zip(self._branch.desks, free, strict=True):
            seat = Seat(
                manager_id=desk.manager_id,
                free=room,
                used=desk.capacity - room,
                capacity=desk.capacity,
            )
            seats.append(seat)
        return seats

    def list_figures(self, by_value: bool) -> list[CapacityFigure]:
        """Return a row a manager and one for the branch, for `dispatch_capacity`.

        Orders must be assigned before.
        """
        pooled_worth = self._add_pooled_worth()
        return list_branch_figures(
            self._branch_id, self._branch, self._plan, pooled_worth, by_value
        )

    def _add_pooled_worth(self) -> dict[str, int]:
        """What each manager's orders out of the pool are worth, in fen."""
        worth: dict[str, int] = {}
        for orders in self._pool.values():
            for order in orders:
                worth[order.customer_id] = order.worth
        pooled_worth: dict[str, int] = defaultdict(int)
        for assigned in self._pooled:
            pooled_worth[assigned.manager_id] += worth[assigned.customer_id]
        return pooled_worth


def _assign(order: WaitingOrder, manager_id: str) -> AssignedOrder:
    return AssignedOrder(
        list=order.list,
        customer_id=order.customer_id,
        manager_id=manager_id,
    )


def _make_queues(waiting: Waiting, minimum_service: float) -> tuple[Queue, ...]:
    """A queue a list; lists that are a duty keep that share of their orders as a minimum."""
    queues = []
    for place, orders in waiting.items():
        minimum = 0
        if orders[0].is_minimum:
            share = minimum_service * len(orders)
            minimum = ceil(share - _ROUNDING)
        worth = [order.worth for order in orders]
        queue = Queue(
            place=place,
            worth=np.array(worth, np.int64),
            minimum=minimum,
        )
        queues.append(queue)
    return tuple(queues)
