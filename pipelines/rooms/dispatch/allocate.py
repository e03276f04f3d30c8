"""Which manager takes a customer whom nobody owns.

Who had them proposed before, who has their group, who has room.

A transportation problem, solved by HiGHS: its matrix is totally unimodular, so a vertex is a whole
assignment. A manager kept counts more than a group kept together, and that more than an even load.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

KEPT, TOGETHER = (
    4.0,
    2.0,
)  # moving one customer changes the load of two desks, by less than one each
APART = 1e-7  # of equal desks the first by id


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


def allocate_newcomers(
    newcomers: Sequence[Newcomer], seats: Sequence[Seat], groups: Mapping[str, str]
) -> list[str]:
    """Give each newcomer a manager; `groups` names the manager who has most of a group's members.

    There must be room for all. The order of newcomers is the order of their ranks, and matters only
    between equals.
    """
    seats = sorted(
        (seat for seat in seats if seat.free > 0), key=lambda seat: seat.manager_id
    )
    groups = {**_place_new_groups(newcomers, seats, groups), **groups}
    wishes = _sort_by_wish(newcomers, seats, groups)
    kinds = sorted(wishes)
    sizes = [len(wishes[kind]) for kind in kinds]
    counts = _solve_transport(sizes, kinds, seats)
    chosen = [""] * len(newcomers)
    for kind, row in zip(kinds, counts, strict=True):
        dealt = _deal_seats(row, seats)
        for number, manager_id in zip(wishes[kind], dealt, strict=True):
            chosen[number] = manager_id
    return chosen


def _sort_by_wish(
    newcomers: Sequence[Newcomer], seats: Sequence[Seat], groups: Mapping[str, str]
) -> dict[tuple[str, str], list[int]]:
    """The numbers of the newcomers who wish for the same: the manager they had, and the group's.

    A wish for somebody without a seat is none (the empty text).
    """
    known = {seat.manager_id for seat in seats}
    wishes: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, newcomer in enumerate(newcomers):
        kept_by = newcomer.kept_by or ""
        near = groups.get(newcomer.group_id or "", "")
        if kept_by not in known:
            kept_by = ""
        if near not in known:
            near = ""
        wishes[kept_by, near].append(number)
    return wishes


def _place_new_groups(
    newcomers: Sequence[Newcomer], seats: Sequence[Seat], groups: Mapping[str, str]
) -> dict[str, str]:
    """Choose a manager for each group of newcomers nobody has members of.

    The largest first, where it fits whole.
    """
    members = _count_members(newcomers, groups)
    free = {seat.manager_id: seat.free for seat in seats}
    load = {seat.manager_id: seat for seat in seats}
    chosen = {}
    for group_id, size in sorted(members.items(), key=lambda item: (-item[1], item[0])):
        fits = [m for m, room in free.items() if room >= size]
        if size > 1 and fits:
            best = min(
                fits, key=lambda m: ((load[m].capacity - free[m]) / load[m].capacity, m)
            )
            chosen[group_id] = best
            free[best] -= size
    return chosen


def _count_members(
    newcomers: Sequence[Newcomer], groups: Mapping[str, str]
) -> dict[str, int]:
    """How many newcomers each group has of which nobody has members yet."""
    members: dict[str, int] = defaultdict(int)
    for newcomer in newcomers:
        if newcomer.group_id and newcomer.group_id not in groups:
            members[newcomer.group_id] += 1
    return members


def _solve_transport(
    sizes: Sequence[int], kinds: Sequence[tuple[str, str]], seats: Sequence[Seat]
) -> list[list[int]]:
    """How many customers of each kind go to each seat.

    A whole optimum of the transportation problem.
    """
    total = sum(sizes)
    if not total:
        return [[0] * len(seats) for _ in kinds]
    wish = [
        [
            KEPT * (s.manager_id == kept) + TOGETHER * (s.manager_id == near)
            for s in seats
        ]
        for kept, near in kinds
    ]
    places = [
        (s, n)
        for s, seat in enumerate(seats)
        for n in range(1, min(seat.free, total) + 1)
    ]
    load = [(seats[s].used + n) / seats[s].capacity + APART * s for s, n in places]
    flows = len(kinds) * len(seats)
    kind_of, seat_of = np.divmod(np.arange(flows), len(seats))
    of_place = np.array([s for s, _ in places])
    rows = np.concatenate([kind_of, len(kinds) + seat_of, len(kinds) + of_place])
    columns = np.concatenate(
        [np.arange(flows), np.arange(flows), flows + np.arange(len(places))]
    )
    signs = np.concatenate([np.ones(2 * flows), -np.ones(len(places))])
    found = linprog(
        np.concatenate([-np.array(wish).ravel(), load]),
        A_eq=coo_array(
            (signs, (rows, columns)),
            shape=(len(kinds) + len(seats), flows + len(places)),
        ).tocsr(),
        b_eq=[*sizes, *[0] * len(seats)],
        bounds=[(0, None)] * flows + [(0, 1)] * len(places),
        method="highs-ds",
    )
    if found.x is None:
        raise ValueError(f"no room for {total} newcomers: {found.message}")
    whole: list[list[int]] = (
        np.rint(found.x[:flows]).astype(int).reshape(len(kinds), len(seats)).tolist()
    )
    return whole


def _deal_seats(counts: Sequence[int], seats: Sequence[Seat]) -> list[str]:
    """Seats in the order they are dealt to equal customers, by rank: round by round."""
    rounds = sorted(
        (n, seat.manager_id)
        for seat, count in zip(seats, counts, strict=True)
        for n in range(count)
    )
    return [manager_id for _, manager_id in rounds]
