"""What the places of a branch could have been worth, and what one place more would have added.

The bound is the value of the linear relaxation of a plan by value (each queue's running sum
replaced by its concave majorant): no plan can be worth more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.rooms.dispatch.assign import best_prefixes
from pipelines.rooms.dispatch.queues import (
    Branch,
    Counts,
    Desk,
    Fen,
    Plan,
    Queue,
    add_worth,
    count_waiting,
)

Slopes = NDArray[np.float64]


def bound_value(branch: Branch) -> float:
    """Return what no plan that fills the places can exceed, in fen.

    The value of the linear relaxation.
    """
    total = 0.0
    spare = branch.capacity
    own_parts = [np.zeros(0)]
    for desk in branch.desks:
        certain, slopes = _relax_desk(desk)
        total += certain + float(slopes.sum())
        own_parts.append(slopes)
        spare -= desk.most_own

    pool = _sort_slopes([queue.worth for queue in branch.pool])
    in_spare_places = pool[:spare]
    total += float(in_spare_places.sum())
    own = np.sort(np.concatenate(own_parts))
    return total + _swap_slopes(own, pool[spare:])


def _swap_slopes(own: Slopes, waiting: Slopes) -> float:
    """What is gained when waiting orders of the pool take the places of the flattest own."""
    swaps = min(len(waiting), len(own))
    gains = waiting[:swaps] - own[:swaps]
    worthwhile = gains[gains > 0]
    return float(worthwhile.sum())


def _relax_desk(desk: Desk) -> tuple[float, Slopes]:
    """Return the worth of a desk's minima, and the slopes of what fills its other places."""
    minima = desk.minima
    behind = []
    for queue, minimum in zip(desk.queues, minima, strict=True):
        behind.append(queue.worth[minimum:])
    slopes = _sort_slopes(behind)
    places = desk.most_own - sum(minima)
    return float(add_worth(desk.queues, minima)), slopes[:places]


def _sort_slopes(worths: Iterable[Fen]) -> Slopes:
    """The slopes of several queues together, the steepest first."""
    parts = [np.zeros(0)]
    for worth in worths:
        parts.append(_find_slopes(worth))
    rising = np.sort(np.concatenate(parts))
    return rising[::-1]


def _find_slopes(worth: Fen) -> Slopes:
    """The slopes of the concave majorant of the running sum, one an order, falling."""
    blocks: list[_Block] = []
    for one in worth.tolist():
        block = _Block(float(one), 1)
        while blocks and blocks[-1].is_flatter(block):
            block = block.join_block(blocks.pop())
        blocks.append(block)

    slopes = []
    for block in blocks:
        slope = block.worth / block.orders
        slopes += [slope] * block.orders
    return np.array(slopes, np.float64)


class _Block(NamedTuple):
    """Orders in a row that the majorant goes straight over: their worth, and how many they are."""

    worth: float
    orders: int

    def is_flatter(self, other: _Block) -> bool:
        """Whether an order of the block is worth less, on average, than one of another."""
        return self.worth * other.orders < other.worth * self.orders

    def join_block(self, other: _Block) -> _Block:
        """Return both as one."""
        return _Block(self.worth + other.worth, self.orders + other.orders)


def price_place(branch: Branch, plan: Plan, desk: int, by_value: bool) -> int:
    """Return what one more order of a desk would have added, in fen.

    By value at least so much, 0 if nobody waits.
    """
    served = plan.taken[desk]
    if not by_value:
        return _price_by_priority(branch, served, plan.pooled, desk)
    own = branch.desks[desk]
    nothing = [0] * len(branch.pool)
    next_own = _price_next(own.queues, own.minima, sum(served))
    next_pooled = _price_next(branch.pool, nothing, sum(plan.pooled))
    return max(next_own, next_pooled, 0)


def _price_by_priority(
    branch: Branch, served: Counts, pooled: Counts, desk: int
) -> int:
    """What the next order in the order of priority is worth; of one list the least decides."""
    queues = [*branch.desks[desk].queues, *branch.pool]
    counts = [*served, *pooled]
    following = []
    for queue, count in zip(queues, counts, strict=True):
        if count < len(queue):
            following.append((queue.place, int(queue.worth[count])))
    if not following:
        return 0
    _, worth = min(following)
    return max(worth, 0)


def _price_next(queues: Sequence[Queue], minima: Counts, count: int) -> int:
    """What the best `count` orders and one more are worth above the best `count`."""
    if count >= count_waiting(queues):
        return 0
    worth = best_prefixes(queues, minima, count + 1).worth
    return int(worth[count + 1] - worth[count])
