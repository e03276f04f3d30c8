"""Who gets the places of a branch when there are fewer than orders.

By the order of the lists, or by value.

Each desk (a manager) has queues, one a list, in the order of their ranks; the pool holds customers
of the branch whom nobody owns, and any desk may take them. Every plan keeps the letter: a list is
worked from the top, no place stays empty while somebody waits for it, and no desk works more than
its capacity. Worth is in whole fen.

With P_q(j) the worth of the first j of queue q, a plan by value solves
    max  sum_q P_q(j_q)   s.t.  sum of a desk's j_q + its pooled <= capacity,  j_q >= minimum_q
exactly: within a desk by dynamic programming over its queues, between desks and pool over the
places given up. `bound` is the value of the linear relaxation (each P_q replaced by its concave
majorant): no plan can be worth more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Fen = NDArray[np.int64]
IMPOSSIBLE = -(2**60)


@dataclass(frozen=True)
class Queue:
    """Orders of one list that wait, by rank; `place` is the list's in the order of priority."""

    place: int
    worth: Fen
    minimum: int = (
        0  # so many of the first come before anybody's value, as far as there is room
    )

    def __len__(self) -> int:
        return len(self.worth)

    @cached_property
    def prefix(self) -> Fen:
        """The worth of the first 0, 1, … orders."""
        return np.concatenate(
            [np.zeros(1, np.int64), np.cumsum(self.worth, dtype=np.int64)]
        )


@dataclass(frozen=True)
class Desk:
    """A manager: how many new orders they can take, and their own customers' queues by priority."""

    manager_id: str
    capacity: int
    queues: tuple[Queue, ...] = ()

    @property
    def wanted(self) -> int:
        """How many of their own customers wait."""
        return sum(map(len, self.queues))

    @property
    def minima(self) -> list[int]:
        """Each queue's minimum, cut by priority to what there is room for."""
        free, minima = self.capacity, []
        for queue in self.queues:
            minima.append(min(queue.minimum, len(queue), free))
            free -= minima[-1]
        return minima


@dataclass(frozen=True)
class Branch:
    """Desks and the pool of customers whom any of them may take."""

    desks: tuple[Desk, ...]
    pool: tuple[Queue, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How many of each desk's queues and of each pool queue get an order, and from which desk."""

    taken: tuple[tuple[int, ...], ...]
    pooled: tuple[int, ...]
    shared: tuple[tuple[int, ...], ...]  # pool queue × desk

    def used(self, desk: int) -> int:
        """How many orders a desk gets."""
        return sum(self.taken[desk]) + sum(counts[desk] for counts in self.shared)

    def value(self, branch: Branch) -> int:
        """What the plan is worth, in fen."""
        pairs = [
            *(
                (desk.queues, counts)
                for desk, counts in zip(branch.desks, self.taken, strict=True)
            ),
            (branch.pool, self.pooled),
        ]
        return sum(add_worth(queues, counts) for queues, counts in pairs)


def add_worth(queues: Sequence[Queue], counts: Sequence[int]) -> int:
    """Return the worth, in fen, of the first so many orders of each queue."""
    return sum(int(queue.prefix[n]) for queue, n in zip(queues, counts, strict=True))


# A way to share `count` customers of a pool queue among desks with so many free places: a number
# for each desk.
Share = Callable[[int, int, Sequence[int]], Sequence[int]]


def share_evenly(queue: int, count: int, free: Sequence[int]) -> list[int]:
    """Deal customers one by one to the desk with the most free places."""
    left, given = list(free), [0] * len(free)
    for _ in range(count):
        desk = max(range(len(left)), key=lambda d: (left[d], -d))
        left[desk] -= 1
        given[desk] += 1
    return given


# -- by priority -----------------------------------------------------------------------------------


def plan_by_priority(branch: Branch, share: Share = share_evenly) -> Plan:
    """Serve list after list: of each the desks' own customers first, then the pool's."""
    free = [desk.capacity for desk in branch.desks]
    taken = [[0] * len(desk.queues) for desk in branch.desks]
    pooled = [0] * len(branch.pool)
    nobody = (0,) * len(free)
    shared: list[tuple[int, ...]] = [nobody] * len(branch.pool)
    for place in _list_places(branch):
        for number, desk in enumerate(branch.desks):
            free[number] -= _serve_desk(desk, place, taken[number], free[number])
        for number, queue in enumerate(branch.pool):
            if queue.place != place:
                continue
            pooled[number] = min(len(queue), sum(free))
            room = _room_for_pool(branch, place, free, pooled[number])
            shared[number] = tuple(share(number, pooled[number], room))
            free = [
                before - given
                for before, given in zip(free, shared[number], strict=True)
            ]
    return Plan(tuple(map(tuple, taken)), tuple(pooled), tuple(shared))


def _list_places(branch: Branch) -> list[int]:
    """The places of all lists with a queue in the branch, the first to be served first."""
    places = {queue.place for desk in branch.desks for queue in desk.queues}
    places |= {queue.place for queue in branch.pool}
    return sorted(places)


def _serve_desk(desk: Desk, place: int, taken: list[int], free: int) -> int:
    """Serve a desk's own customers of one list.

    Note in `taken` how many, and return how many places that takes.
    """
    served = 0
    for number, queue in enumerate(desk.queues):
        if queue.place == place:
            taken[number] = min(len(queue), free - served)
            served += taken[number]
    return served


def _room_for_pool(
    branch: Branch, place: int, free: Sequence[int], count: int
) -> list[int]:
    """The places that cost the desks' own customers on later lists least.

    Spare ones, then those of the last lists.
    """
    later = [
        [q.place for q in desk.queues if q.place > place for _ in range(len(q))]
        for desk in branch.desks
    ]
    kept = [places[:room] for places, room in zip(later, free, strict=True)]
    room = [f - len(places) for f, places in zip(free, kept, strict=True)]
    waiting = (
        (-p, n, d)
        for d, places in enumerate(kept)
        for n, p in enumerate(reversed(places))
    )
    for _, _, d in sorted(waiting)[: max(count - sum(room), 0)]:
        room[d] += 1
    return room


# -- by value --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prefixes:
    """The best worth of exactly k orders out of some queues, and how many each queue gives."""

    worth: Fen
    choices: tuple[
        Fen, ...
    ]  # queue × k: how many of this queue, those before it considered

    def split(self, count: int) -> tuple[int, ...]:
        """How many of each queue make up the best `count`."""
        counts = []
        for choice in reversed(self.choices):
            counts.append(int(choice[count]))
            count -= counts[-1]
        return tuple(reversed(counts))


def best_prefixes(
    queues: Sequence[Queue], minima: Sequence[int], most: int
) -> Prefixes:
    """Solve a multiple-choice knapsack of unit sizes.

    The best k = 0 … most orders, each queue from its top.

    Of equal worth, the list of higher priority gets more.
    """
    best = np.full(most + 1, IMPOSSIBLE, np.int64)
    best[0] = 0
    choices = []
    for queue, minimum in zip(queues, minima, strict=True):
        new, choice = (
            np.full(most + 1, IMPOSSIBLE, np.int64),
            np.zeros(most + 1, np.int64),
        )
        for count in range(minimum, min(len(queue), most) + 1):
            candidate = best[: most + 1 - count] + queue.prefix[count]
            better = (candidate > new[count:]) & (
                best[: most + 1 - count] > IMPOSSIBLE // 2
            )
            new[count:][better] = candidate[better]
            choice[count:][better] = count
        best = new
        choices.append(choice)
    return Prefixes(best, tuple(choices))


def plan_by_value(branch: Branch, share: Share = share_evenly) -> Plan:
    """Give the places to the most valuable orders, lists worked from the top, minima first."""
    full = [min(desk.capacity, desk.wanted) for desk in branch.desks]
    bests = [
        best_prefixes(d.queues, d.minima, k)
        for d, k in zip(branch.desks, full, strict=True)
    ]
    spare = [desk.capacity - k for desk, k in zip(branch.desks, full, strict=True)]
    waiting = sum(map(len, branch.pool))
    pool = best_prefixes(
        branch.pool,
        [0] * len(branch.pool),
        min(waiting, sum(d.capacity for d in branch.desks)),
    )
    given = _given_up(branch, full, bests, pool.worth[sum(spare) :])
    counts = [k - g for k, g in zip(full, given, strict=True)]
    taken = tuple(best.split(count) for best, count in zip(bests, counts, strict=True))
    pooled = pool.split(min(waiting, sum(spare) + sum(given)))
    free = [s + g for s, g in zip(spare, given, strict=True)]
    shared = []
    for q, count in enumerate(pooled):
        shared.append(tuple(share(q, count, free)))
        free = [f - n for f, n in zip(free, shared[-1], strict=True)]
    return Plan(taken, pooled, tuple(shared))


def _given_up(
    branch: Branch, full: Sequence[int], bests: Sequence[Prefixes], gain: Fen
) -> list[int]:
    """How many places each desk gives up for the pool.

    `gain` is the pool's worth with 0, 1, … places more.
    """
    most = len(gain) - 1
    if most <= 0:
        return [0] * len(full)
    loss, choices = np.full(most + 1, -IMPOSSIBLE, np.int64), []
    loss[0] = 0
    for desk, k, best in zip(branch.desks, full, bests, strict=True):
        new, choice = loss.copy(), np.zeros(most + 1, np.int64)
        for count in range(1, min(k - sum(desk.minima), most) + 1):
            candidate = loss[: most + 1 - count] + (
                best.worth[k] - best.worth[k - count]
            )
            better = (candidate < new[count:]) & (
                loss[: most + 1 - count] < -IMPOSSIBLE // 2
            )
            new[count:][better] = candidate[better]
            choice[count:][better] = count
        loss = new
        choices.append(choice)
    total = int(
        np.argmax(np.where(loss < -IMPOSSIBLE // 2, gain - loss, 2 * IMPOSSIBLE))
    )
    given = []
    for choice in reversed(choices):
        given.append(int(choice[total]))
        total -= given[-1]
    return given[::-1]


# -- what it could have been worth -----------------------------------------------------------------


def bound_value(branch: Branch) -> float:
    """Return what no plan that fills the places can exceed, in fen.

    The value of the linear relaxation.
    """
    full = [min(desk.capacity, desk.wanted) for desk in branch.desks]
    total, losing = 0.0, [np.zeros(0)]
    for desk, k in zip(branch.desks, full, strict=True):
        minima = desk.minima
        pairs = list(zip(desk.queues, minima, strict=True))
        slopes = np.sort(
            np.concatenate([np.zeros(0), *(_slopes(q.worth[n:]) for q, n in pairs)])
        )[::-1]
        slopes = slopes[: k - sum(minima)]
        total += float(sum(q.prefix[n] for q, n in pairs)) + float(slopes.sum())
        losing.append(slopes)
    spare = sum(desk.capacity for desk in branch.desks) - sum(full)
    pool = np.sort(
        np.concatenate([np.zeros(0), *(_slopes(q.worth) for q in branch.pool)])
    )[::-1]
    winning, lost = pool[spare:], np.sort(np.concatenate(losing))
    swaps = min(len(winning), len(lost))
    gains = winning[:swaps] - lost[:swaps]
    return total + float(pool[:spare].sum()) + float(gains[gains > 0].sum())


def _slopes(worth: Fen) -> NDArray[np.float64]:
    """The slopes of the concave majorant of the running sum, one an order, falling."""
    blocks: list[tuple[float, int]] = []
    for one in worth.tolist():
        total, count = float(one), 1
        while blocks and blocks[-1][0] * count < total * blocks[-1][1]:
            before, many = blocks.pop()
            total, count = total + before, count + many
        blocks.append((total, count))
    return (
        np.repeat([t / n for t, n in blocks], [n for _, n in blocks])
        if blocks
        else np.zeros(0)
    )


def price_place(branch: Branch, plan: Plan, desk: int, by_value: bool) -> int:
    """Return what one more order of a desk would have added, in fen.

    By value at least so much, 0 if nobody waits.
    """
    waiting = [
        (q.place, q, n)
        for q, n in zip(branch.desks[desk].queues, plan.taken[desk], strict=True)
    ]
    pool = [(q.place, q, n) for q, n in zip(branch.pool, plan.pooled, strict=True)]
    if not by_value:
        following = [
            (place, int(q.worth[n])) for place, q, n in [*waiting, *pool] if n < len(q)
        ]
        return max(min(following)[1], 0) if following else 0
    count = sum(plan.taken[desk])
    return max(
        _step(branch.desks[desk], count),
        _next_of_pool(branch.pool, sum(plan.pooled)),
        0,
    )


def _step(desk: Desk, count: int) -> int:
    if count >= desk.wanted:
        return 0
    worth = best_prefixes(desk.queues, desk.minima, count + 1).worth
    return int(worth[count + 1] - worth[count])


def _next_of_pool(pool: Sequence[Queue], count: int) -> int:
    if count >= sum(map(len, pool)):
        return 0
    worth = best_prefixes(pool, [0] * len(pool), count + 1).worth
    return int(worth[count + 1] - worth[count])
