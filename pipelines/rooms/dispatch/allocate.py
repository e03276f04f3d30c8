"""Which manager takes a customer whom nobody owns.

Who had them proposed before, who has their group, who has room.

A transportation problem, solved by HiGHS: its matrix is totally unimodular, so a vertex is a whole
assignment. A manager kept counts more than a group kept together, and that more than an even load.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Moving one customer changes the load of two desks, by less than one each.
KEPT = 4.0
TOGETHER = 2.0
APART = 1e-7  # of equal desks the first by id
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Newcomer:
    """A customer to be given to somebody.

    The managers they had or whose customers their group are, if of the branch.
    """

    customer_id: str
    kept_by: str | None = None
    group_id: str | None = None


@dataclass(frozen=True)
class Seat:
    """A manager: how many they may get, what they have already, what they can take in all."""

    manager_id: str
    free: int
    used: int
    capacity: int


class Wish(NamedTuple):
    """The manager somebody had, and the one who has most of their group; empty where nobody."""

    kept_by: str
    near: str


class Place(NamedTuple):
    """The place of a seat that its n-th newcomer would take, `turn` from 1 on."""

    seat: int
    turn: int


Newcomers = Sequence[Newcomer]
Seats = Sequence[Seat]
Groups = Mapping[str, str]  # the manager of each group


def allocate_newcomers(newcomers: Newcomers, seats: Seats, groups: Groups) -> list[str]:
    """Give each newcomer a manager; `groups` names the manager who has most of a group's members.

    There must be room for all. The order of newcomers is the order of their ranks, and matters only
    between equals.
    """
    if not newcomers:
        return []
    open_seats = [seat for seat in seats if seat.free > 0]
    open_seats.sort(key=lambda seat: seat.manager_id)
    new_groups = _place_new_groups(newcomers, open_seats, groups)
    by_wish = _sort_by_wish(newcomers, open_seats, {**new_groups, **groups})
    wishes = sorted(by_wish)
    sizes = [len(by_wish[wish]) for wish in wishes]
    places = _list_places(open_seats, len(newcomers))
    transport = _Transport(sizes, wishes, open_seats, places)

    chosen = [""] * len(newcomers)
    for wish, by_seat in zip(wishes, transport.solve(), strict=True):
        dealt = _deal_seats(by_seat, open_seats)
        for number, manager_id in zip(by_wish[wish], dealt, strict=True):
            chosen[number] = manager_id
    return chosen


def _sort_by_wish(
    newcomers: Newcomers, seats: Seats, groups: Groups
) -> dict[Wish, list[int]]:
    """The numbers of the newcomers who wish for the same.

    A wish for somebody without a seat is none (the empty text).
    """
    known = {seat.manager_id for seat in seats}
    by_wish: dict[Wish, list[int]] = defaultdict(list)
    for number, newcomer in enumerate(newcomers):
        kept_by = newcomer.kept_by or ""
        near = groups.get(newcomer.group_id or "", "")
        if kept_by not in known:
            kept_by = ""
        if near not in known:
            near = ""
        by_wish[Wish(kept_by, near)].append(number)
    return by_wish


def _place_new_groups(
    newcomers: Newcomers, seats: Seats, groups: Groups
) -> dict[str, str]:
    """Choose a manager for each group of newcomers nobody has members of.

    The largest first, where it fits whole.
    """
    members = _count_members(newcomers, groups)
    largest_first = sorted(members, key=lambda group_id: (-members[group_id], group_id))
    free = {seat.manager_id: seat.free for seat in seats}
    chosen = {}
    for group_id in largest_first:
        size = members[group_id]
        fitting = [seat for seat in seats if free[seat.manager_id] >= size]
        if size <= 1 or not fitting:
            continue
        best = _find_least_loaded(fitting, free)
        chosen[group_id] = best
        free[best] -= size
    return chosen


def _find_least_loaded(seats: Seats, free: Mapping[str, int]) -> str:
    """The manager with the least load for what they can take; of equals the first by id."""
    loads = []
    for seat in seats:
        taken = seat.capacity - free[seat.manager_id]
        loads.append((taken / seat.capacity, seat.manager_id))
    _, manager_id = min(loads)
    return manager_id


def _count_members(newcomers: Newcomers, groups: Groups) -> dict[str, int]:
    """How many newcomers each group has of which nobody has members yet."""
    members: dict[str, int] = defaultdict(int)
    for newcomer in newcomers:
        if newcomer.group_id and newcomer.group_id not in groups:
            members[newcomer.group_id] += 1
    return members


@dataclass(frozen=True)
class _Transport:
    """The transportation problem: `sizes` says how many customers have each wish.

    Its unknowns are the flows, wish × seat, and whether each place of each seat is taken.
    """

    sizes: Sequence[int]
    wishes: Sequence[Wish]
    seats: Seats
    places: Sequence[Place]

    @property
    def flow_count(self) -> int:
        """How many flows there are."""
        return len(self.wishes) * len(self.seats)

    def solve(self) -> list[list[int]]:
        """How many customers of each wish go to each seat: a whole optimum."""
        from scipy.optimize import (
            linprog,  # half a second, of a month with newcomers alone
        )

        costs = np.concatenate([-self._weigh_wishes(), self._weigh_loads()])
        no_surplus = [0] * len(self.seats)
        found = linprog(
            costs,
            A_eq=self._balance_flows(),
            b_eq=[*self.sizes, *no_surplus],
            bounds=self._bound_unknowns(),
            method="highs-ds",
        )
        if found.x is None:
            total = sum(self.sizes)
            raise ValueError(f"no room for {total} newcomers: {found.message}")
        flows = np.rint(found.x[: self.flow_count]).astype(int)
        by_wish: list[list[int]] = flows.reshape(len(self.wishes), -1).tolist()
        return by_wish

    def _weigh_wishes(self) -> Numbers:
        """What a customer of each wish is worth at each seat, wish by wish."""
        weights = []
        for wish in self.wishes:
            for seat in self.seats:
                is_kept = seat.manager_id == wish.kept_by
                is_together = seat.manager_id == wish.near
                weights.append(KEPT * is_kept + TOGETHER * is_together)
        return np.array(weights)

    def _weigh_loads(self) -> Numbers:
        """What taking each place costs: the load of its seat by then."""
        loads = []
        for place in self.places:
            seat = self.seats[place.seat]
            load = (seat.used + place.turn) / seat.capacity
            loads.append(load + APART * place.seat)
        return np.array(loads)

    def _bound_unknowns(self) -> list[tuple[int, int | None]]:
        """A flow is any number, a place is taken or not."""
        flows: list[tuple[int, int | None]] = [(0, None)] * self.flow_count
        return flows + [(0, 1)] * len(self.places)

    def _balance_flows(self) -> csr_array:
        """The equations: all of a wish flow somewhere; a seat's flows fill as many places."""
        from scipy.sparse import coo_array

        wish_count = len(self.wishes)
        flows = np.arange(self.flow_count)
        wish_of, seat_of = np.divmod(flows, len(self.seats))
        place_numbers = self.flow_count + np.arange(len(self.places))
        seat_of_place = np.array([place.seat for place in self.places])

        # Of each flow one entry in its wish's equation and one in its seat's; of each place one.
        row_parts = [wish_of, wish_count + seat_of, wish_count + seat_of_place]
        rows = np.concatenate(row_parts)
        columns = np.concatenate([flows, flows, place_numbers])
        flowing = np.ones(2 * self.flow_count)
        filled = -np.ones(len(self.places))
        signs = np.concatenate([flowing, filled])
        shape = (
            wish_count + len(self.seats),
            self.flow_count + len(self.places),
        )
        return coo_array((signs, (rows, columns)), shape=shape).tocsr()


def _list_places(seats: Seats, total: int) -> list[Place]:
    """Every place of the seats that one of `total` newcomers could take."""
    places = []
    for number, seat in enumerate(seats):
        most = min(seat.free, total)
        for turn in range(1, most + 1):
            places.append(Place(number, turn))
    return places


def _deal_seats(counts: Sequence[int], seats: Seats) -> list[str]:
    """Seats in the order they are dealt to equal customers, by rank: round by round."""
    rounds = []
    for seat, count in zip(seats, counts, strict=True):
        for number in range(count):
            rounds.append((number, seat.manager_id))
    return [manager_id for _, manager_id in sorted(rounds)]
