"""Customers without a manager: all placed, nobody overfull, the old manager and the group first, then even loads."""

from __future__ import annotations

import random
from collections import Counter
from itertools import product

import pytest

from pipelines.rooms.dispatch.allocate import Newcomer, Seat, allocate_newcomers

# Written here a second time: what proves the weights must not take them from what it proves.
KEPT, TOGETHER = 4.0, 2.0


def worth(
    newcomers: list[Newcomer],
    seats: list[Seat],
    groups: dict[str, str],
    chosen: tuple[str, ...] | list[str],
) -> float:
    """What an assignment is worth: kept managers, kept groups, less the loads it makes."""
    room = {seat.manager_id: seat for seat in seats}
    counts = Counter(chosen)
    kept = sum(
        KEPT * (one.kept_by == m) for one, m in zip(newcomers, chosen, strict=True)
    )
    near = sum(
        TOGETHER * (groups.get(one.group_id or "") == m)
        for one, m in zip(newcomers, chosen, strict=True)
    )
    load = sum(
        (room[m].used + i) / room[m].capacity
        for m, n in counts.items()
        for i in range(1, n + 1)
    )
    return kept + near - load


def random_case(seed: int) -> tuple[list[Newcomer], list[Seat], dict[str, str]]:
    dice = random.Random(seed)
    seats = []
    for name in ("M1", "M2", "M3"):
        free, used = dice.randint(0, 4), dice.randint(0, 5)
        seats.append(Seat(name, free, used, max(free + used, 1)))
    count = dice.randint(0, min(6, sum(seat.free for seat in seats)))
    names = [None, None, "M1", "M2", "M3", "M9"]
    people = [
        Newcomer(f"c{i}", dice.choice(names), dice.choice([None, "G1", "G2"]))
        for i in range(count)
    ]
    return (
        people,
        seats,
        {"G1": dice.choice(["M1", "M3", "M9"]), "G2": dice.choice(["M2", "M3"])},
    )


@pytest.mark.parametrize("seed", range(120))
def test_nobody_does_better_by_trying_everything(seed: int) -> None:
    people, seats, groups = random_case(seed)
    chosen = allocate_newcomers(people, seats, groups)
    room = {seat.manager_id: seat.free for seat in seats}
    assert len(chosen) == len(people) and all(
        n <= room[m] for m, n in Counter(chosen).items()
    )
    ways = (
        w
        for w in product(room, repeat=len(people))
        if all(n <= room[m] for m, n in Counter(w).items())
    )
    best = max(worth(people, seats, groups, way) for way in ways)
    assert worth(people, seats, groups, chosen) == pytest.approx(best, abs=1e-5)


def test_the_order_of_managers_does_not_matter() -> None:
    people, seats, groups = random_case(7)
    assert allocate_newcomers(people, seats, groups) == allocate_newcomers(
        people, seats[::-1], groups
    )


def test_the_manager_of_last_month_is_kept_even_if_he_has_more() -> None:
    seats = [Seat("M1", 5, 0, 10), Seat("M2", 5, 5, 10)]
    assert allocate_newcomers([Newcomer("ann", "M2"), Newcomer("bob")], seats, {}) == [
        "M2",
        "M1",
    ]
    assert allocate_newcomers([Newcomer("ann", "M9")], seats, {}) == ["M1"]


def test_a_manager_kept_is_worth_a_group_kept_together_and_an_even_load_besides() -> (
    None
):
    """Kept at M2, whom the group would leave for M1, and whom an even load would leave, too."""
    seats = [Seat("M1", 3, 0, 3), Seat("M2", 3, 2, 5)]
    assert allocate_newcomers([Newcomer("ann", "M2", "G1")], seats, {"G1": "M1"}) == [
        "M2"
    ]


def test_a_group_kept_together_is_worth_more_than_any_even_load() -> None:
    """The fullest desk against an empty one: the load differs by less than one, the group is worth two."""
    seats = [Seat("M1", 9, 0, 9), Seat("M2", 1, 8, 9)]
    assert allocate_newcomers([Newcomer("ann", None, "G1")], seats, {"G1": "M2"}) == [
        "M2"
    ]


def test_one_kept_manager_outweighs_one_group_but_not_one_group_and_a_second() -> None:
    """Two customers, one place at M1: the one kept there gets it, not the one whose group is there; of two kept ones
    the one whose group is there as well.
    """
    seats = [Seat("M1", 1, 0, 10), Seat("M2", 5, 0, 10)]
    groups = {"G1": "M1"}
    assert allocate_newcomers(
        [Newcomer("ann", "M1"), Newcomer("bob", None, "G1")], seats, groups
    ) == [
        "M1",
        "M2",
    ]
    assert allocate_newcomers(
        [Newcomer("ann", "M1"), Newcomer("bob", "M1", "G1")], seats, groups
    ) == [
        "M2",
        "M1",
    ]


def test_members_of_a_group_go_to_one_manager() -> None:
    seats = [Seat("M1", 5, 0, 10), Seat("M2", 5, 2, 10)]
    people = [Newcomer(c, None, "G1") for c in ("ann", "bob", "cat")]
    assert allocate_newcomers(people, seats, {"G1": "M2"}) == ["M2"] * 3
    assert allocate_newcomers(people, seats, {}) == ["M1"] * 3
    small = [Seat("M1", 2, 0, 10), Seat("M2", 3, 2, 10)]
    assert allocate_newcomers(people, small, {}) == ["M2"] * 3


def test_loads_are_levelled_by_share_of_capacity() -> None:
    people = [Newcomer(f"c{i}") for i in range(9)]
    chosen = Counter(
        allocate_newcomers(people, [Seat("M1", 20, 0, 20), Seat("M2", 10, 0, 10)], {})
    )
    assert chosen == {"M1": 6, "M2": 3}
    assert allocate_newcomers([], [], {}) == []


def group(name: str, size: int) -> list[Newcomer]:
    return [Newcomer(f"{name}{number}", group_id=name) for number in range(size)]


@pytest.mark.parametrize(
    ("people", "seats", "chosen"),
    [
        # The largest first: A, which comes first by name, would leave B no manager that has room for all of it.
        (group("A", 2) + group("B", 3), [Seat("M1", 3, 0, 3), Seat("M2", 2, 0, 2)], ["M2"] * 2 + ["M1"] * 3),
        # Two already are a group, and stay together though two desks would share them evenly.
        (group("A", 2), [Seat("M1", 4, 0, 4), Seat("M2", 4, 0, 4)], ["M1"] * 2),
        # By load, not by how many, and not by what is free.
        (group("A", 2), [Seat("M1", 90, 10, 100), Seat("M2", 2, 2, 4)], ["M1"] * 2),
        (group("A", 2), [Seat("M1", 10, 90, 100), Seat("M2", 2, 2, 4)], ["M2"] * 2),
    ],
)  # fmt: skip
def test_a_group_that_nobody_has_yet_goes_whole_to_the_least_loaded(
    people: list[Newcomer], seats: list[Seat], chosen: list[str]
) -> None:
    assert allocate_newcomers(people, seats, {}) == chosen


def test_a_group_too_large_for_anybody_does_not_keep_a_smaller_one_apart() -> None:
    seats = [Seat("M1", 4, 0, 4), Seat("M2", 3, 0, 3)]
    chosen = allocate_newcomers(group("A", 5) + group("B", 2), seats, {})
    assert chosen[5] == chosen[6]


EQUALS = [Seat("M1", 2, 0, 2), Seat("M2", 2, 0, 2)]


def test_of_equal_desks_the_first_by_id_and_dealt_by_rank() -> None:
    assert allocate_newcomers(group("A", 1), EQUALS, {}) == ["M1"]
    # One customer is no group to be kept together, and a manager who is full is nobody's wish.
    alone = [Newcomer("ann"), *group("A", 1)]
    assert allocate_newcomers(alone, EQUALS, {}) == ["M1", "M2"]
    full = [*EQUALS, Seat("M9", 0, 2, 2)]
    assert allocate_newcomers([Newcomer("ann", "M9"), Newcomer("bob")], full, {}) == [
        "M1",
        "M2",
    ]


def test_more_newcomers_than_places_are_an_error_that_says_how_many() -> None:
    with pytest.raises(ValueError, match="no room for 5 newcomers: "):
        allocate_newcomers(group("A", 5), EQUALS, {})
