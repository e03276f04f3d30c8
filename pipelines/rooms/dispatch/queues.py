"""A branch's desks, the queues of orders that wait for their places, and a plan of who gets them.

Each desk (a manager) has queues, one a list, in the order of their turns; the pool holds customers
of the branch whom nobody owns, and any desk may take them. Worth is in whole fen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Fen = NDArray[np.int64]
Counts = Sequence[int]


@dataclass(frozen=True)
class Queue:
    """Orders of one list that wait, in their turns; `place` is the list's in the order of priority.

    So many as `minimum` of the first come before anybody's value, as far as there is room.
    """

    place: int
    worth: Fen
    minimum: int = 0

    def __len__(self) -> int:
        return len(self.worth)

    @cached_property
    def prefix(self) -> Fen:
        """The worth of the first 0, 1, … orders."""
        prefix = np.zeros(len(self.worth) + 1, np.int64)
        np.cumsum(self.worth, dtype=np.int64, out=prefix[1:])
        return prefix


@dataclass(frozen=True)
class Desk:
    """A manager: how many new orders they can take, and their own customers' queues by priority."""

    manager_id: str
    capacity: int
    queues: tuple[Queue, ...] = ()

    @property
    def wanted(self) -> int:
        """How many of their own customers wait."""
        return count_waiting(self.queues)

    @property
    def most_own(self) -> int:
        """How many of their own customers there is room for."""
        return min(self.capacity, self.wanted)

    @property
    def minima(self) -> list[int]:
        """Each queue's minimum, cut by priority to what there is room for."""
        free = self.capacity
        minima = []
        for queue in self.queues:
            minimum = min(queue.minimum, len(queue), free)
            minima.append(minimum)
            free -= minimum
        return minima


@dataclass(frozen=True)
class Branch:
    """Desks and the pool of customers whom any of them may take."""

    desks: tuple[Desk, ...]
    pool: tuple[Queue, ...] = ()

    @property
    def capacity(self) -> int:
        """How many new orders all desks can take."""
        return sum(desk.capacity for desk in self.desks)


@dataclass(frozen=True)
class Plan:
    """How many orders each queue gets: `taken` by desk and queue, `pooled` by pool queue.

    `shared` says for each pool queue how many of its orders each desk gets.
    """

    taken: tuple[tuple[int, ...], ...]
    pooled: tuple[int, ...]
    shared: tuple[tuple[int, ...], ...]

    def used(self, desk: int) -> int:
        """How many orders a desk gets."""
        used = sum(self.taken[desk])
        for by_desk in self.shared:
            used += by_desk[desk]
        return used

    def value(self, branch: Branch) -> int:
        """What the plan is worth, in fen."""
        value = add_worth(branch.pool, self.pooled)
        for desk, counts in zip(branch.desks, self.taken, strict=True):
            value += add_worth(desk.queues, counts)
        return value


def count_waiting(queues: Iterable[Queue]) -> int:
    """Return how many orders wait in some queues."""
    return sum(len(queue) for queue in queues)


def add_worth(queues: Sequence[Queue], counts: Counts) -> int:
    """Return the worth, in fen, of the first so many orders of each queue."""
    worth = 0
    for queue, count in zip(queues, counts, strict=True):
        worth += int(queue.prefix[count])
    return worth


def subtract_counts(counts: Counts, others: Counts) -> list[int]:
    """Return each count less the other one."""
    pairs = zip(counts, others, strict=True)
    return [count - other for count, other in pairs]
