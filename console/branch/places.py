"""The capacity slider: what places more or fewer at a manager's desk would have done in a month.

The places are given again by the dispatch room's own rule, to those who had one and those who
waited for one; what one place more is worth is what the month itself says (`dispatch_capacity`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import NamedTuple

import numpy as np

from console.figures.names import read_masked_names
from console.figures.waiting import CAPACITY, WHY_NOT, want_waiting
from pipelines.catalogue.outputs import load_lists, name_lists
from pipelines.catalogue.spec import Spec
from pipelines.rooms.dispatch.assign import plan_by_priority, plan_by_value
from pipelines.rooms.dispatch.queues import Branch, Desk, Queue
from pipelines.store.lake import Version

MOST_CHANGE = 20  # places more or fewer that are looked at
_PLACES = "dispatch_capacity"
_CANDIDATE = "dispatch_candidate"
_Where = dict[str, str | tuple[str, ...]]
_WAITS: _Where = {"reason": CAPACITY}
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


_ByList = dict[str, list[Candidate]]


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

    @property
    def worth_in_words(self) -> str:
        """What it would add, or cost, in yuan."""
        sign = "+" if self.worth >= 0 else "−"
        return f"{sign}¥{abs(self.worth):,.2f}"


@dataclass(frozen=True)
class ListQueue:
    """Those of one list who have a manager's place, then those who wait for one, in their turn.

    `is_pool`: customers whom nobody at work owns, and any manager of the branch may take. `total`
    counts them all, also those who wait too far behind to be looked at.
    """

    place: int
    is_pool: bool
    is_minimum: bool
    orders: Sequence[Candidate]
    total: int


def list_seats(version: Version, branch_id: str) -> list[Seats]:
    """Return the managers' places in a branch, where one more is worth most first.

    None in a month that was made before there were any.
    """
    if not version.is_computed(_PLACES):
        return []
    wanted = {"scope_kind": "manager", "branch_id": branch_id}
    seats = version.read_as(Seats, _PLACES, where=wanted)
    return sorted(seats, key=lambda row: (-row.shadow_price_amount, row.scope_id))


def count_places(version: Version, managers: Iterable[str]) -> dict[str, int]:
    """Return how many places some managers have in a month that says so."""
    if not version.is_computed(_PLACES):
        return {}
    wanted: _Where = {"scope_kind": "manager", "scope_id": tuple(sorted(managers))}
    rows = version.read_rows(_PLACES, ["scope_id", "capacity"], wanted)
    return {row["scope_id"]: row["capacity"] for row in rows}


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
    titles = name_lists(language)

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
    """The queues at a manager's desk: who was served, and the next `more` of each list.

    The manager's own customers wait under the manager's id, those of the pool under that of the
    branch, or of an owner who is not at work.
    """
    own_served, pool_served = _read_served(version, seats.scope_id)
    desk = _Line(is_pool=False, details=(seats.scope_id,), served=own_served)
    owners = _list_absent_owners(version, seats.branch_id)
    pool = _Line(is_pool=True, details=(seats.branch_id, *owners), served=pool_served)
    return [*_read_line(version, desk, more), *_read_line(version, pool, more)]


class _Line(NamedTuple):
    """Those who wait for the same places: under which ids, and who of them has one, by list."""

    is_pool: bool
    details: tuple[str, ...]
    served: Mapping[str, Sequence[Candidate]]


def _read_line(version: Version, line: _Line, more: int) -> Iterator[ListQueue]:
    """The queues of the lists, in the order in which lists are served.

    Who waits on several lists waits for a place on the first of them.
    """
    who_waits: _Where = {**_WAITS, "detail": line.details}
    on_lists: dict[str, set[str]] = defaultdict(set)
    for row in version.read_rows(WHY_NOT, ["list", "customer_id"], who_waits):
        on_lists[row["list"]].add(row["customer_id"])
    seen: set[str] = set()
    for place, spec in enumerate(load_lists()):
        if not _needs_place(version, spec):
            continue
        waiting = on_lists[spec.name]
        served = line.served.get(spec.name, [])
        behind: list[Candidate] = []
        if more and waiting - seen:
            count = more + len(waiting & seen)
            candidates = _read_next(version, spec, line.details, count)
            behind = [one for one in candidates if one.customer_id not in seen][:more]
        if served or behind:
            yield ListQueue(
                place=place,
                is_pool=line.is_pool,
                is_minimum=bool(spec.meta.get("minimum", False)),
                orders=[*served, *behind],
                total=len(served) + len(waiting - seen),
            )
        seen |= waiting


def _read_served(version: Version, manager_id: str) -> tuple[_ByList, _ByList]:
    """Who has a place of a manager, by list in their turn: the own customers, and the pool's."""
    wanted = {"manager_id": manager_id, "arm": "treated"}
    served = version.read_as(Candidate, "dispatch_order", where=wanted)
    customers = {candidate.customer_id for candidate in served}
    owned = version.read_rows(
        "features_owner",
        ["customer_id"],
        {"customer_id": tuple(sorted(customers)), "manager_id": manager_id},
    )
    own_ids = {row["customer_id"] for row in owned}
    own: _ByList = defaultdict(list)
    pool: _ByList = defaultdict(list)
    for candidate in sorted(served, key=lambda one: one.rank):
        line = own if candidate.customer_id in own_ids else pool
        line[candidate.list].append(candidate)
    for spec in load_lists():
        if _is_served_by_worth(version, spec):
            own[spec.name].sort(key=_find_turn_by_worth)
            pool[spec.name].sort(key=_find_turn_by_worth)
    return own, pool


def _list_absent_owners(version: Version, branch_id: str) -> list[str]:
    """Who owns customers of a branch that wait for a place, and is not at work."""
    details = {row["detail"] for row in version.count_by(WHY_NOT, ["detail"], _WAITS)}
    places = version.count_by(_PLACES, ["scope_id"])
    absent = details - {row["scope_id"] for row in places}
    wanted: _Where = {"branch_id": branch_id, "manager_id": tuple(sorted(absent))}
    owners = version.count_by("features_owner", ["manager_id"], wanted)
    return [row["manager_id"] for row in owners]


def _read_next(
    version: Version, spec: Spec, desks: str | tuple[str, ...], count: int
) -> list[Candidate]:
    """Those of a list who wait for a place, the first in turn."""
    where = want_waiting(version, spec.name, desks)
    if _is_served_by_worth(version, spec):
        candidates = version.read_as(Candidate, _CANDIDATE, where=where)
        return sorted(candidates, key=_find_turn_by_worth)[:count]
    rows = version.read_first(
        _CANDIDATE, Candidate._fields, ("rank",), count, where=where
    )
    return [Candidate(**row) for row in rows]


def _needs_place(version: Version, spec: Spec) -> bool:
    """Whether orders of a list take a manager's places; duties may go out beside them."""
    takes = version.month_inputs.settings.get("duties_take_places", True)
    return bool(spec.meta["holdout"]) or str(takes) != "0"


def _is_served_by_worth(version: Version, spec: Spec) -> bool:
    """Whether the customers of a list are served by what they are worth, not by their ranks."""
    return _find_rule(version) == "value" and not spec.meta.get("minimum", False)


def _find_turn_by_worth(candidate: Candidate) -> tuple[Decimal, int]:
    return -candidate.worth, candidate.rank


def _find_rule(version: Version) -> str | None:
    """The rule by which a month's places were given."""
    entry = version.find_entry(_PLACES)
    return entry.rule if entry is not None else None


# -- the places given ------------------------------------------------------------------------------


def _give_places(
    version: Version, queues: Sequence[ListQueue], places: int
) -> list[Candidate]:
    """Give so many places of one desk by the rule of the month; return who gets one."""
    inputs = version.month_inputs
    share = float(str(inputs.settings.get("minimum_service", 0)))
    own = [queue for queue in queues if not queue.is_pool]
    pool = [queue for queue in queues if queue.is_pool]
    desk = Desk("", places, tuple(_make_queue(queue, share) for queue in own))
    branch = Branch((desk,), tuple(_make_queue(queue, 0) for queue in pool))
    give = plan_by_priority
    if _find_rule(version) == "value":
        give = plan_by_value
    plan = give(branch)
    given: list[Candidate] = []
    for queue, count in zip(own, plan.taken[0], strict=True):
        given += queue.orders[:count]
    for queue, count in zip(pool, plan.pooled, strict=True):
        given += queue.orders[:count]
    return given


def _make_queue(queue: ListQueue, minimum_service: float) -> Queue:
    """A queue as the room takes it, its worth in fen."""
    worth = [int(candidate.worth * _FEN) for candidate in queue.orders]
    minimum = 0
    if queue.is_minimum:
        minimum = ceil(minimum_service * queue.total)
    return Queue(queue.place, np.array(worth, np.int64), minimum)
