"""Places by value: the optimum of instances small enough to know it, by a solver and by trying everything."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from pipelines.rooms.dispatch.assign import (
    best_prefixes,
    plan_by_priority,
    plan_by_value,
)
from pipelines.rooms.dispatch.bound import bound_value, price_place
from pipelines.rooms.dispatch.queues import Branch, Desk, Plan, Queue

INSTANCES = 150
Planner = Callable[..., Plan]


def queue(place: int, *worth: int, minimum: int = 0) -> Queue:
    return Queue(place, np.array(worth, np.int64), minimum)


def random_branch(seed: int) -> Branch:
    """Up to four desks with up to four lists each; worth neither falls with rank nor is always positive."""
    dice = random.Random(seed)

    def queues(most: int, floor: bool) -> tuple[Queue, ...]:
        made = []
        for place in sorted(dice.sample(range(6), dice.randint(0, most))):
            worth = [dice.randint(-20, 400) for _ in range(dice.randint(1, 6))]
            worth = sorted(worth, reverse=True) if dice.random() < 0.5 else worth
            minimum = (
                dice.randint(0, len(worth)) if floor and dice.random() < 0.3 else 0
            )
            made.append(queue(place, *worth, minimum=minimum))
        return tuple(made)

    desks = tuple(
        Desk(f"M{d}", dice.randint(0, 9), queues(4, True))
        for d in range(dice.randint(1, 4))
    )
    return Branch(desks, queues(2, False))


def fillable(branch: Branch) -> int:
    """How many orders can be placed at all."""
    own = [min(desk.capacity, desk.wanted) for desk in branch.desks]
    spare = sum(desk.capacity for desk in branch.desks) - sum(own)
    return sum(own) + min(spare, sum(map(len, branch.pool)))


def optimum_by_solver(branch: Branch) -> int:
    """The best plan as HiGHS finds it: a binary an order (and desk, for the pool), ranks as precedence."""
    cost: list[float] = []
    rows: list[tuple[dict[int, float], float, float]] = []
    loads: list[dict[int, float]] = []
    for desk in branch.desks:
        load: dict[int, float] = {}
        for one, minimum in zip(desk.queues, desk.minima, strict=True):
            first = len(cost)
            cost += [-float(w) for w in one.worth]
            load |= dict.fromkeys(range(first, len(cost)), 1.0)
            rows += [
                ({i: 1.0, i - 1: -1.0}, -np.inf, 0.0)
                for i in range(first + 1, len(cost))
            ]
            rows.append((dict.fromkeys(range(first, len(cost)), 1.0), minimum, np.inf))
        loads.append(load)
    for one in branch.pool:
        before: list[int] = []
        for w in one.worth:
            mine = list(range(len(cost), len(cost) + len(branch.desks)))
            cost += [-float(w)] * len(mine)
            for load, i in zip(loads, mine, strict=True):
                load[i] = 1.0
            rows.append(
                (
                    dict.fromkeys(mine, 1.0) | dict.fromkeys(before, -1.0),
                    -np.inf,
                    0.0 if before else 1.0,
                )
            )
            before = mine
    rows += [
        (load, 0.0, desk.capacity)
        for load, desk in zip(loads, branch.desks, strict=True)
    ]
    if not cost:
        return 0
    rows.append((dict.fromkeys(range(len(cost)), 1.0), fillable(branch), np.inf))
    matrix = np.array(
        [[row.get(i, 0.0) for i in range(len(cost))] for row, _, _ in rows]
    )
    limits = LinearConstraint(
        matrix, [low for _, low, _ in rows], [high for _, _, high in rows]
    )
    found = milp(
        cost, constraints=limits, integrality=np.ones(len(cost)), bounds=Bounds(0, 1)
    )
    assert found.success, found.message
    most: int = round(-found.fun)
    return most


def check(branch: Branch, plan: Plan) -> None:
    """Assert that a plan keeps the letter: no desk beyond capacity, no place empty while somebody waits for it."""
    for d, desk in enumerate(branch.desks):
        assert 0 <= plan.used(d) <= desk.capacity
        assert all(
            0 <= n <= len(q) for q, n in zip(desk.queues, plan.taken[d], strict=True)
        )
        waits = sum(plan.taken[d]) < desk.wanted or sum(plan.pooled) < sum(
            map(len, branch.pool)
        )
        assert plan.used(d) == desk.capacity or not waits
    assert [sum(counts) for counts in plan.shared] == list(plan.pooled)
    assert sum(map(sum, plan.taken)) + sum(plan.pooled) == fillable(branch)


@pytest.mark.parametrize("seed", range(INSTANCES))
def test_by_value_is_the_optimum_and_the_bound_is_one(seed: int) -> None:
    branch = random_branch(seed)
    plan = plan_by_value(branch)
    check(branch, plan)
    best = optimum_by_solver(branch)
    assert plan.value(branch) == best <= bound_value(branch) + 1e-6
    minima = (
        zip(plan.taken[d], desk.minima, strict=True)
        for d, desk in enumerate(branch.desks)
    )
    assert all(n >= least for pairs in minima for n, least in pairs)


def test_the_solver_s_optimum_is_that_of_trying_everything() -> None:
    """One desk without a pool, small enough to try every plan."""
    tried = 0
    for seed in range(400):
        branch = random_branch(seed)
        if len(branch.desks) > 1 or branch.pool or not branch.desks[0].queues:
            continue
        (desk,) = branch.desks
        counts = product(
            *(
                range(least, len(q) + 1)
                for q, least in zip(desk.queues, desk.minima, strict=True)
            )
        )
        full = [c for c in counts if sum(c) == min(desk.capacity, desk.wanted)]
        best = max(
            sum(int(q.prefix[n]) for q, n in zip(desk.queues, c, strict=True))
            for c in full
        )
        assert plan_by_value(branch).value(branch) == best == optimum_by_solver(branch)
        tried += 1
    assert tried >= 20


@pytest.mark.parametrize("seed", range(INSTANCES))
def test_by_priority_keeps_the_letter_and_is_never_worth_more(seed: int) -> None:
    branch = random_branch(seed)
    plan = plan_by_priority(branch)
    check(branch, plan)
    no_floor = Branch(
        tuple(Desk(d.manager_id, d.capacity, _free(d.queues)) for d in branch.desks),
        branch.pool,
    )
    assert plan.value(branch) <= plan_by_value(no_floor).value(no_floor)


def _free(queues: tuple[Queue, ...]) -> tuple[Queue, ...]:
    return tuple(Queue(q.place, q.worth) for q in queues)


def test_by_priority_the_first_list_takes_all_it_needs() -> None:
    branch = Branch(
        (Desk("M1", 3, (queue(0, 1, 1), queue(2, 100, 100))),), (queue(1, 50),)
    )
    assert plan_by_priority(branch).taken == ((2, 0),) and plan_by_priority(
        branch
    ).pooled == (1,)
    by_value = plan_by_value(branch)
    assert by_value.taken == ((0, 2),) and by_value.pooled == (1,)


def test_a_list_is_worked_from_the_top_even_where_the_top_is_worth_little() -> None:
    branch = Branch((Desk("M1", 2, (queue(0, 1, 500), queue(1, 200, 100))),))
    assert plan_by_value(branch).taken == ((2, 0),)
    branch = Branch((Desk("M1", 1, (queue(0, 1, 500), queue(1, 200, 100))),))
    assert plan_by_value(branch).taken == ((0, 1),)


def test_of_equal_worth_the_earlier_list_gets_the_place() -> None:
    assert plan_by_value(
        Branch((Desk("M1", 1, (queue(0, 9), queue(1, 9))),))
    ).taken == ((1, 0),)


def test_a_minimum_comes_before_value_and_is_cut_to_the_room_there_is() -> None:
    lists = (queue(0, 1, 1, 1, minimum=2), queue(1, 99, 99), queue(2, 1, minimum=1))
    assert plan_by_value(Branch((Desk("M1", 4, lists),))).taken == ((2, 1, 1),)
    assert plan_by_value(Branch((Desk("M1", 2, lists),))).taken == ((2, 0, 0),)


def test_a_desk_without_places_gets_nothing_and_harms_nobody() -> None:
    branch = Branch((Desk("M1", 0, (queue(0, 9),)), Desk("M2", 1)), (queue(1, 5, 5),))
    for plan in (plan_by_value(branch), plan_by_priority(branch)):
        assert (
            plan.taken == ((0,), ())
            and plan.pooled == (1,)
            and plan.shared == ((0, 1),)
        )
    nobody = Branch((), (queue(0, 5),))
    assert plan_by_value(nobody).pooled == (0,) == plan_by_priority(nobody).pooled


@pytest.mark.parametrize("seed", range(60))
def test_the_price_of_a_place_is_what_one_more_adds(seed: int) -> None:
    """By priority exactly; by value at least, for what is found is one way to use the place."""
    branch = random_branch(seed)
    for by_value, plan_of in ((False, plan_by_priority), (True, plan_by_value)):
        plan = plan_of(branch)
        for d, desk in enumerate(branch.desks):
            price = price_place(branch, plan, d, by_value)
            waits = sum(plan.taken[d]) < desk.wanted or sum(plan.pooled) < sum(
                map(len, branch.pool)
            )
            assert price >= 0 and (waits or price == 0)
            if (
                by_value
                and price > 0
                and not any(q.minimum for one in branch.desks for q in one.queues)
            ):
                more = Desk(desk.manager_id, desk.capacity + 1, desk.queues)
                wider = Branch(
                    (*branch.desks[:d], more, *branch.desks[d + 1 :]), branch.pool
                )
                assert plan_by_value(wider).value(wider) - plan.value(branch) >= price


def test_the_pool_takes_spare_places_and_then_those_of_the_last_lists() -> None:
    later, last = queue(1, 9), queue(2, 9)
    spare = Branch((Desk("M1", 1, (later,)), Desk("M2", 1)), (queue(0, 5),))
    assert plan_by_priority(spare).shared == ((0, 1),)
    taking = Branch((Desk("M1", 1, (later,)), Desk("M2", 1, (last,))), (queue(0, 5),))
    plan = plan_by_priority(taking)
    assert plan.shared == ((0, 1),) and plan.taken == ((1,), (0,))
    other = Branch((Desk("M1", 1, (last,)), Desk("M2", 1, (later,))), (queue(0, 5),))
    plan = plan_by_priority(other)
    assert plan.shared == ((1, 0),) and plan.taken == ((0,), (1,))


@pytest.mark.parametrize("plan_of", [plan_by_priority, plan_by_value])
def test_who_shares_is_told_which_queue_of_the_pool(plan_of: Planner) -> None:
    def share_by_queue(number: int, count: int, free: Sequence[int]) -> list[int]:
        return [count if desk == number else 0 for desk in range(len(free))]

    branch = Branch((Desk("M1", 2), Desk("M2", 2)), (queue(0, 5, 5), queue(1, 5)))
    assert plan_of(branch, share_by_queue).shared == ((2, 0), (0, 1))


def test_the_best_prefixes_are_worth_what_their_orders_are() -> None:
    best = best_prefixes([queue(0, 5, 3), queue(1, 4)], [0, 0], 3)
    assert best.worth.tolist() == [0, 5, 9, 12]
    assert best.split(2) == (1, 1)


def test_as_many_places_are_given_up_as_desks_can_spare_even_at_a_loss() -> None:
    desks = (
        Desk("M1", 1, (queue(0, 0),)),
        Desk("M2", 1),
        Desk("M3", 1, (queue(1, 9, minimum=1),)),
    )
    plan = plan_by_value(Branch(desks, (queue(2, -5, 2, -9),)))
    assert (plan.taken, plan.pooled) == (((0,), (), (1,)), (2,))
