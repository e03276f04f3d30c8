"""The capacity slider: what places more or fewer at a manager's desk would have done in a month.

The places are given again by the dispatch room's own rule, to those who had one and those who
waited for one; what one place more is worth is what the month itself says (`dispatch_capacity`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from console.figures.names import read_masked_names
from pipelines.catalogue.outputs import load_lists
from pipelines.rooms.dispatch.assign import plan_by_priority, plan_by_value
from pipelines.rooms.dispatch.queues import Branch, Desk, Queue
from pipelines.store.lake import Version

MOST_CHANGE = 20  # places more or fewer that are looked at
_CAPACITY = "dispatch_capacity"
_WHY_NOT = "dispatch_why_not"
_CANDIDATE = "dispatch_candidate"
_WAITS = {"reason": "capacity"}
_FEN = 100


class Seats(NamedTuple):
    """A manager's row of `dispatch_capacity`."""

    scope_id: str
    branch_id: str
    capacity: int
    wanted_count: int
    used_count: int
    left_count: int
    value_amount: Decimal
    shadow_price_amount: Decimal


class Candidate(NamedTuple):
    """Who stands on a list, at which rank, and what an order to them is worth in yuan."""

    list: str
    customer_id: str
    rank: int
    amount: Decimal | None
    expected_value: Decimal | None

    @property
    def worth(self) -> Decimal:
        """What an order is worth; nothing where the month does not say."""
        return self.expected_value or Decimal(0)


class Moved(NamedTuple):
    """A customer who would be reached or lost, as a page shows them: the name masked."""

    list_title: str
    customer_name: str | None
    customer_id: str
    rank: int
    worth: Decimal


@dataclass(frozen=True)
class Outlook:
    """What a number of places would have done: whom it reaches, whom it loses, and the worth."""

    places: int
    reached: list[Moved]
    lost: list[Moved]
    worth: Decimal


@dataclass(frozen=True)
class ListQueue:
    """Those of one list who have a manager's place, then those who wait for one, by rank.

    `total` counts them all, also those who wait too far behind to be looked at.
    """

    place: int
    is_minimum: bool
    orders: Sequence[Candidate]
    total: int


def list_seats(version: Version, branch_id: str) -> list[Seats]:
    """Return the managers' places in a branch, where one more is worth most first.

    None in a month that was made before there were any.
    """
    if not version.is_computed(_CAPACITY):
        return []
    wanted = {"scope_kind": "manager", "branch_id": branch_id}
    seats = version.read_as(Seats, _CAPACITY, where=wanted)
    return sorted(seats, key=lambda row: (-row.shadow_price_amount, row.scope_id))


def find_outlook(version: Version, seats: Seats, places: int, language: str) -> Outlook:
    """Return what so many places would have done for a manager's customers in a month."""
    queues = _read_queues(version, seats, max(places - seats.capacity, 0))
    now = set(_give_places(version, queues, seats.capacity))
    then = set(_give_places(version, queues, places))
    reached, lost = then - now, now - then
    names = read_masked_names(version, {one.customer_id for one in then ^ now})
    gained = sum((one.worth for one in reached), Decimal(0))
    given_up = sum((one.worth for one in lost), Decimal(0))
    return Outlook(
        places,
        _show_candidates(reached, names, language),
        _show_candidates(lost, names, language),
        gained - given_up,
    )


def _show_candidates(
    candidates: Iterable[Candidate], names: Mapping[str, str | None], language: str
) -> list[Moved]:
    """The customers in the order in which the lists are served."""
    turns = {spec.name: place for place, spec in enumerate(load_lists())}
    titles = {spec.name: spec.title(language) for spec in load_lists()}

    def find_turn(candidate: Candidate) -> tuple[int, int]:
        return turns[candidate.list], candidate.rank

    shown = []
    for candidate in sorted(candidates, key=find_turn):
        moved = Moved(
            list_title=titles[candidate.list],
            customer_name=names.get(candidate.customer_id),
            customer_id=candidate.customer_id,
            rank=candidate.rank,
            worth=candidate.worth,
        )
        shown.append(moved)
    return shown


# -- who has a place, and who waits for one --------------------------------------------------------


def _read_queues(version: Version, seats: Seats, more: int) -> list[ListQueue]:
    """The queues at a manager's desk: who was served, and the next `more` of each list."""
    served = _read_served(version, seats.scope_id)
    waiting = _count_waiting(version, seats)
    queues = []
    for place, spec in enumerate(load_lists()):
        has_place = served.get(spec.name, [])
        behind: list[Candidate] = []
        if more and waiting.get(spec.name):
            behind = _read_next(version, seats, spec.name, more)
        if has_place or behind:
            total = len(has_place) + waiting.get(spec.name, 0)
            is_minimum = bool(spec.meta.get("minimum", False))
            queues.append(ListQueue(place, is_minimum, [*has_place, *behind], total))
    return queues


def _read_served(version: Version, manager_id: str) -> dict[str, list[Candidate]]:
    """Those who have a place of a manager, by list and in the order of their ranks."""
    wanted = {"manager_id": manager_id, "arm": "treated"}
    served: dict[str, list[Candidate]] = {}
    for candidate in version.read_as(Candidate, "dispatch_order", where=wanted):
        served.setdefault(candidate.list, []).append(candidate)
    for candidates in served.values():
        candidates.sort(key=lambda candidate: candidate.rank)
    return served


def _count_waiting(version: Version, seats: Seats) -> dict[str, int]:
    """How many of each list wait for a place of a manager, or of anybody in the branch."""
    counts = version.count_by(_WHY_NOT, ["list"], _who_waits(seats))
    return {row["list"]: row["count"] for row in counts}


def _who_waits(seats: Seats) -> dict[str, Any]:
    """What says of customers that they wait for a manager's place.

    The manager's own wait under the manager's id, those whom nobody owns under the branch's.
    """
    return {**_WAITS, "detail": (seats.scope_id, seats.branch_id)}


def _read_next(
    version: Version, seats: Seats, list_name: str, count: int
) -> list[Candidate]:
    """Those of a list who wait for a place, the first by rank."""
    waits = version.among(
        _WHY_NOT, "customer_id", {**_who_waits(seats), "list": list_name}
    )
    rows = version.read_first(
        _CANDIDATE,
        Candidate._fields,
        ("rank",),
        count,
        where={"list": list_name, "customer_id": waits},
    )
    return [Candidate(**row) for row in rows]


# -- the places given ------------------------------------------------------------------------------


def _give_places(
    version: Version, queues: Sequence[ListQueue], places: int
) -> list[Candidate]:
    """Give so many places of one desk by the rule of the month; return who gets one."""
    inputs = version.month_inputs
    share = float(str(inputs.settings.get("minimum_service", 0)))
    desk = Desk("", places, tuple(_make_queue(queue, share) for queue in queues))
    entry = version.find_entry(_CAPACITY)
    plan = plan_by_priority
    if entry is not None and entry.rule == "value":
        plan = plan_by_value
    [taken] = plan(Branch((desk,))).taken
    given: list[Candidate] = []
    for queue, count in zip(queues, taken, strict=True):
        given += queue.orders[:count]
    return given


def _make_queue(queue: ListQueue, minimum_service: float) -> Queue:
    """A queue as the room takes it, its worth in fen."""
    worth = [int(candidate.worth * _FEN) for candidate in queue.orders]
    minimum = 0
    if queue.is_minimum:
        minimum = ceil(minimum_service * queue.total)
    return Queue(queue.place, np.array(worth, np.int64), minimum)
