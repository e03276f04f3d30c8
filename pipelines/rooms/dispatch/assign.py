"""Who gets the places of a branch when there are fewer than orders.

By the order of the lists, or by value.

Every plan keeps the letter: a queue is worked in its turns, no place stays empty while somebody
waits for it, and no desk works more than its capacity.

With P_q(j) the worth of the first j of queue q, a plan by value solves
    max  sum_q P_q(j_q)   s.t.  sum of a desk's j_q + its pooled <= capacity,  j_q >= minimum_q
exactly: within a desk by dynamic programming over its queues, between desks and pool over the
places given up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.rooms.dispatch.queues import (
    Branch,
    Counts,
    Desk,
    Fen,
    Plan,
    Queue,
    count_waiting,
    subtract_counts,
)

IMPOSSIBLE = -(2**60)
# Below it is what began impossible, whatever was added.
_LEAST_POSSIBLE = IMPOSSIBLE // 2

# A way to share `count` customers of a pool queue among desks with so many free places: a number
# for each desk.
Share = Callable[[int, int, Counts], Counts]
Shares = tuple[int, ...]  # how many each desk gets


def share_evenly(queue: int, count: int, free: Counts) -> list[int]:
    """Deal customers one by one to the desk with the most free places, of equals the first."""
    left = list(free)
    given = [0] * len(left)
    for _ in range(count):
        most = max(left)
        desk = left.index(most)
        left[desk] -= 1
        given[desk] += 1
    return given


# -- by priority -----------------------------------------------------------------------------------


def plan_by_priority(branch: Branch, share: Share = share_evenly) -> Plan:
    """Serve list after list: of each the desks' own customers first, then the pool's."""
    planning = _PlanByPriority(branch, share)
    for place in _list_places(branch):
        planning.serve_list(place)
    return planning.finish()


def _list_places(branch: Branch) -> list[int]:
    """The places of all lists with a queue in the branch, the first to be served first."""
    places = {queue.place for queue in branch.pool}
    for desk in branch.desks:
        places.update(queue.place for queue in desk.queues)
    return sorted(places)


class _PlanByPriority:
    """A plan while it is made: the places still free at each desk, and who was served."""

    def __init__(self, branch: Branch, share: Share) -> None:
        nobody = (0,) * len(branch.desks)
        self.branch = branch
        self.share = share
        self.free = [desk.capacity for desk in branch.desks]
        self.taken = [[0] * len(desk.queues) for desk in branch.desks]
        self.pooled = [0] * len(branch.pool)
        self.shared: list[Shares] = [nobody] * len(branch.pool)

    def serve_list(self, place: int) -> None:
        """Serve the customers of the list of a place."""
        for desk in range(len(self.branch.desks)):
            self._serve_desk(desk, place)
        for number, queue in enumerate(self.branch.pool):
            if queue.place == place:
                self._serve_pool(number, queue)

    def finish(self) -> Plan:
        """Return the plan as it stands."""
        return Plan(
            taken=tuple(tuple(counts) for counts in self.taken),
            pooled=tuple(self.pooled),
            shared=tuple(self.shared),
        )

    def _serve_desk(self, number: int, place: int) -> None:
        """Serve a desk's own customers of one list."""
        taken = self.taken[number]
        desk = self.branch.desks[number]
        for turn, queue in enumerate(desk.queues):
            if queue.place == place:
                taken[turn] = min(len(queue), self.free[number])
                self.free[number] -= taken[turn]

    def _serve_pool(self, number: int, queue: Queue) -> None:
        """Serve the customers of a pool queue, each from one of the desks."""
        count = min(len(queue), sum(self.free))
        room = _find_room_for_pool(self.branch, queue.place, self.free, count)
        given = self.share(number, count, room)
        self.pooled[number] = count
        self.shared[number] = tuple(given)
        self.free = subtract_counts(self.free, given)


def _find_room_for_pool(
    branch: Branch, place: int, free: Counts, count: int
) -> list[int]:
    """The places that cost the desks' own customers on later lists least.

    Spare ones, then those of the last lists.
    """
    room = []
    waiting = []  # who keeps a place from the pool: list from the last, turn, desk
    for desk, places_left in enumerate(free):
        later = _list_later_places(branch.desks[desk], place)
        kept = later[:places_left]
        room.append(places_left - len(kept))
        for turn, kept_place in enumerate(reversed(kept)):
            waiting.append((-kept_place, turn, desk))

    lacking = max(count - sum(room), 0)
    for _, _, desk in sorted(waiting)[:lacking]:
        room[desk] += 1
    return room


def _list_later_places(desk: Desk, place: int) -> list[int]:
    """The list of each of a desk's own customers who waits behind a list, in their order."""
    later = []
    for queue in desk.queues:
        if queue.place > place:
            later += [queue.place] * len(queue)
    return later


# -- by value --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prefixes:
    """The best worth of exactly k orders out of some queues.

    `choices` says for each queue how many of it are among the best k of it and those before it.
    """

    worth: Fen
    choices: tuple[Fen, ...]

    def split(self, count: int) -> tuple[int, ...]:
        """How many of each queue make up the best `count`."""
        return tuple(_split_choices(self.choices, count))


def _split_choices(choices: Sequence[Fen], count: int) -> list[int]:
    """Walk the choices back from the last: how much of `count` each of them has."""
    parts = []
    for choice in reversed(choices):
        part = int(choice[count])
        parts.append(part)
        count -= part
    parts.reverse()
    return parts


def best_prefixes(queues: Sequence[Queue], minima: Counts, most: int) -> Prefixes:
    """Solve a multiple-choice knapsack of unit sizes.

    The best k = 0 … most orders, each queue from its top.

    Of equal worth, the list of higher priority gets more.
    """
    best = _begin_choices(most)
    choices = []
    for queue, minimum in zip(queues, minima, strict=True):
        counts = range(minimum, min(len(queue), most) + 1)
        best, choice = _add_choice(best, queue.prefix, counts)
        choices.append(choice)
    return Prefixes(best, tuple(choices))


def _begin_choices(most: int) -> Fen:
    """The worth of k = 0 … most out of nothing: none is nothing, any more is impossible."""
    best = np.full(most + 1, IMPOSSIBLE, np.int64)
    best[0] = 0
    return best


def _add_choice(best: Fen, worth: Fen, counts: range) -> tuple[Fen, Fen]:
    """Let some of the k come from a further source.

    `worth` is that of 0, 1, … out of the source, `counts` are how many it may give. Return the best
    worth of each k, and how many of them come from the source: of equal worth the fewest.
    """
    with_source = np.full(len(best), IMPOSSIBLE, np.int64)
    choice = np.zeros(len(best), np.int64)
    for count in counts:
        before = best[: len(best) - count]
        is_possible = before > _LEAST_POSSIBLE
        candidate = before + worth[count]
        is_better = candidate > with_source[count:]
        chosen = is_better & is_possible
        with_source[count:][chosen] = candidate[chosen]
        choice[count:][chosen] = count
    return with_source, choice


def plan_by_value(branch: Branch, share: Share = share_evenly) -> Plan:
    """Give the places to the most valuable orders, queues worked in their turns, minima first."""
    waiting = count_waiting(branch.pool)
    pool = _solve_pool(branch.pool, min(waiting, branch.capacity))
    bests = [_solve_desk(desk) for desk in branch.desks]

    capacities = [desk.capacity for desk in branch.desks]
    full = [desk.most_own for desk in branch.desks]
    spare = sum(capacities) - sum(full)
    given_up = _find_given_up(branch, bests, pool.worth[spare:])
    own = subtract_counts(full, given_up)
    taken = []
    for best, count in zip(bests, own, strict=True):
        taken.append(best.split(count))

    free = subtract_counts(capacities, own)
    pooled = pool.split(min(waiting, sum(free)))
    return Plan(
        taken=tuple(taken),
        pooled=pooled,
        shared=_share_pool(pooled, free, share),
    )


def _solve_pool(pool: Sequence[Queue], most: int) -> Prefixes:
    """The best orders out of the pool, which keeps no minima."""
    no_minima = [0] * len(pool)
    return best_prefixes(pool, no_minima, most)


def _solve_desk(desk: Desk) -> Prefixes:
    """The best orders of a desk's own customers."""
    return best_prefixes(desk.queues, desk.minima, desk.most_own)


def _share_pool(pooled: Counts, free: Counts, share: Share) -> tuple[Shares, ...]:
    """Share the customers of each pool queue, one queue after the other."""
    shared = []
    for number, count in enumerate(pooled):
        given = share(number, count, free)
        shared.append(tuple(given))
        free = subtract_counts(free, given)
    return tuple(shared)


def _find_given_up(branch: Branch, bests: Sequence[Prefixes], gain: Fen) -> list[int]:
    """How many places each desk gives up for the pool.

    `gain` is the pool's worth with 0, 1, … places more. Of plans of equal worth, the one that gives
    up the fewest.
    """
    if len(gain) <= 1:
        return [0] * len(branch.desks)
    most = len(gain) - 1
    kept = _begin_choices(most)
    choices = []
    for desk, best in zip(branch.desks, bests, strict=True):
        fewer = best.worth[::-1]  # with 0, 1, … places given up
        change = fewer - fewer[0]
        dispensable = desk.most_own - sum(desk.minima)
        counts = range(min(dispensable, most) + 1)
        kept, choice = _add_choice(kept, change, counts)
        choices.append(choice)

    is_possible = kept > _LEAST_POSSIBLE
    net_gain = np.where(is_possible, gain + kept, 2 * IMPOSSIBLE)
    total = int(np.argmax(net_gain))
    return _split_choices(choices, total)
