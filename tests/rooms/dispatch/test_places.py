"""Dispatch: who gets a place where places are few, and what a place is worth; whatever the facts."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from pipelines.catalogue.spec import Spec
from tests.support.dispatched import (
    Office,
    a_list,
    consent,
    manager,
    order_before,
    owner,
    person,
    treated,
    why_not,
)
from tests.support.small import Row, read, yuan

# -- capacity and allocation -------------------------------------------------------------------------------------


def test_capacity_goes_by_rank(office: Office) -> None:
    folder = office(
        a_list("asked", ["dan", "cat", "bob", "ann"]),
        features_manager=[manager("M1", 2)],
    )
    assert treated(folder, "asked") == ["dan", "cat"]
    assert why_not(folder, "asked") == {"bob": "capacity", "ann": "capacity"}


def test_capacity_is_one_for_all_lists_of_a_month(office: Office) -> None:
    early, late = (
        a_list("early", ["ann", "bob"], priority=1),
        a_list("late", ["cat", "dan"], priority=2),
    )
    folder = office(early, late, features_manager=[manager("M1", 3)])
    assert treated(folder, "late") == ["cat"] and why_not(folder, "late") == {
        "dan": "capacity"
    }


def test_who_may_not_be_asked_takes_no_place(office: Office) -> None:
    stopped = [
        consent("ann", do_not_contact=True),
        *(consent(p) for p in ("bob", "cat")),
    ]
    folder = office(
        a_list("asked", ["ann", "bob", "cat"]),
        features_consent=stopped,
        features_manager=[manager("M1", 2)],
    )
    assert treated(folder, "asked") == ["bob", "cat"]


def test_allocation_gives_a_manager_of_the_branch(office: Office) -> None:
    owners = [
        owner("ann", None),
        owner("bob", "M9"),
        owner("cat", None, "B2"),
        owner("dan", "M2"),
    ]
    managers = [manager("M1"), manager("M2"), manager("M3", branch="B2")]
    folder = office(
        a_list("new", ["ann", "bob", "cat", "dan"], assign="allocate"),
        features_owner=owners,
        features_manager=managers,
    )
    given = {r["customer_id"]: r["manager_id"] for r in read(folder, "dispatch_order")}
    assert given["cat"] == "M3" and given["dan"] == "M2"
    assert sorted(Counter(given[p] for p in ("ann", "bob", "dan")).items()) == [
        ("M1", 2),
        ("M2", 1),
    ]


def test_allocation_ends_with_the_branch_s_places(office: Office) -> None:
    owners = [owner(p, None) for p in ("ann", "bob", "cat")] + [
        owner("dan", None, "B9")
    ]
    managers = [manager("M1", 1), manager("M2", 1), manager("M3", 9, "B2")]
    folder = office(
        a_list("new", ["ann", "bob", "cat", "dan"], assign="allocate"),
        features_owner=owners,
        features_manager=managers,
    )
    assert treated(folder, "new") == ["ann", "bob"]
    assert why_not(folder, "new") == {"cat": "capacity", "dan": "no_manager"}


def test_allocation_leaves_a_manager_room_for_his_own(office: Office) -> None:
    owners = [owner("ann", None), owner("bob", "M1"), owner("cat", "M1")]
    folder = office(
        a_list("new", ["ann", "bob", "cat"], assign="allocate"),
        features_owner=owners,
        features_manager=[manager("M1", 2)],
    )
    assert treated(folder, "new") == ["bob", "cat"] and why_not(folder, "new") == {
        "ann": "capacity"
    }


def test_unclaimed_go_to_the_branch(office: Office) -> None:
    owners = [owner("ann", None), owner("bob", None, None)]
    folder = office(
        a_list("claim", ["ann", "bob", "cat"], assign="branch"),
        features_owner=owners,
        features_manager="absent: account_manager",
    )
    assert [
        (r["customer_id"], r["branch_id"], r["manager_id"])
        for r in read(folder, "dispatch_order")
    ] == [
        ("ann", "B1", None),
        ("bob", None, None),
        ("cat", None, None),
    ]


def values(**worth: int) -> pa.Table:
    fen = pa.array([yuan(f"{w}.00") for w in worth.values()], pa.decimal128(18, 2))
    return pa.table({"customer_id": list(worth), "value_at_risk": fen})


def test_by_value_what_is_worth_most_comes_first_whatever_its_list_and_rank(
    office: Office,
) -> None:
    early, late = (
        a_list("early", ["ann", "bob"], priority=1),
        a_list("late", ["cat", "dan"], priority=2),
    )
    given: dict[str, Any] = {
        "features_high_value": values(ann=10, bob=200, cat=20, dan=300),
        "features_manager": [manager("M1", 1)],
        "contact_cost": 0,
    }
    assert treated(office(early, late, **given), "early") == ["ann"]
    folder = office(early, late, capacity_rule="value", **given)
    assert treated(folder, "late") == ["dan"]
    assert why_not(folder, "early") == {"ann": "capacity", "bob": "capacity"}
    given["features_manager"] = [manager("M1", 2)]
    folder = office(early, late, capacity_rule="value", **given)
    assert (treated(folder, "early"), treated(folder, "late")) == (["bob"], ["dan"])


def test_where_duties_take_no_places_these_go_by_value_unless_told(
    office: Office,
) -> None:
    early, late = (
        a_list("early", ["ann"], priority=1, holdout=True),
        a_list("late", ["bob"], priority=2, holdout=True),
    )
    given: dict[str, Any] = {
        "features_high_value": values(ann=10, bob=200),
        "features_manager": [manager("M1", 1)],
        "contact_cost": 0,
        "holdout_share": 0,
    }
    assert treated(office(early, late, **given), "early") == ["ann"]
    given["duties_take_places"] = False
    assert treated(office(early, late, **given), "late") == ["bob"]
    folder = office(early, late, capacity_rule="priority", **given)
    assert treated(folder, "early") == ["ann"]


def test_by_value_the_minimum_of_a_duty_comes_first(office: Office) -> None:
    debt = a_list("debt", ["ann", "bob"], priority=1, purpose="debt", minimum=True)
    late = a_list("late", ["cat", "dan"], priority=2)
    folder = office(
        debt, late, capacity_rule="value", features_manager=[manager("M1", 2)]
    )
    assert (treated(folder, "debt"), treated(folder, "late")) == (["ann"], ["cat"])
    folder = office(
        debt,
        late,
        capacity_rule="value",
        minimum_service=0,
        features_manager=[manager("M1", 2)],
    )
    assert (treated(folder, "debt"), treated(folder, "late")) == ([], ["cat", "dan"])


@pytest.mark.parametrize("rule", ["priority", "value"])
def test_duties_may_go_out_beside_the_places(office: Office, rule: str) -> None:
    """Each has a manager, also whom nobody owns; the places are for those who are to be persuaded."""
    save = a_list("save", ["ann", "bob"], priority=1, holdout=True)
    debt = a_list("debt", ["cat", "dan"], priority=2, purpose="debt", minimum=True)
    new = a_list("new", ["eve"], priority=3, assign="allocate")
    given: dict[str, Any] = {
        "capacity_rule": rule,
        "holdout_share": 0,
        "features_owner": [
            *map(owner, ("ann", "bob", "cat", "dan")),
            owner("eve", None),
        ],
        "features_manager": [manager("M1", 1)],
    }
    folder = office(save, debt, new, duties_take_places=False, **given)
    assert treated(folder, "save") == ["ann"]
    assert treated(folder, "debt") == ["cat", "dan"]
    assert treated(folder, "new") == ["eve"]
    orders = read(folder, "dispatch_order")
    assert {row["manager_id"] for row in orders} == {"M1"}
    folder = office(save, debt, new, duties_take_places=True, **given)
    assert len(read(folder, "dispatch_order")) == 1


def test_capacity_says_what_the_places_were_worth_and_what_one_more_would_be(
    office: Office,
) -> None:
    early, late = (
        a_list("early", ["ann"], priority=1),
        a_list("late", ["bob", "cat"], priority=2),
    )
    managers = [manager("M1", 1), manager("M2", 0), manager("M3", 3, "B2")]
    worth = values(ann=10, bob=100, cat=50)
    folder = office(
        early,
        late,
        features_manager=managers,
        features_high_value=worth,
        contact_cost=0,
    )
    rows = {
        (r["scope_kind"], r["scope_id"]): r for r in read(folder, "dispatch_capacity")
    }
    branch = rows["branch", "B1"]
    figures = [
        branch[n] for n in ("capacity", "wanted_count", "used_count", "left_count")
    ]
    assert figures == [1, 3, 1, 2] and branch["value_amount"] == yuan("120.00")
    assert branch["bound_amount"] == yuan("1200.00") and branch[
        "gap_rate"
    ] == pytest.approx(0.9)
    assert (
        rows["manager", "M1"]["shadow_price_amount"]
        == yuan("1200.00")
        == branch["shadow_price_amount"]
    )
    assert (
        rows["branch", "B2"]["shadow_price_amount"]
        == 0
        == rows["manager", "M2"]["shadow_price_amount"]
    )
    assert rows["company", "company"]["capacity"] == 4


def test_a_score_replaces_the_prior_but_not_for_who_has_opted_out(
    office: Office,
) -> None:
    asked = a_list(
        "asked",
        ["ann", "bob", "cat"],
        prior={"probability": 0.1, "persuadability": 0.5},
        holdout=True,
    )
    card = a_list("card", ["ann"], prior={"probability": 0.1, "persuadability": 0.5})
    scores = pa.table(
        {
            "customer_id": ["ann", "bob"],
            "service_id": ["S1", "S2"],
            "p_voluntary": [0.5, 0.5],
        }
    )
    worth = values(ann=100, bob=100, cat=100)
    optout = [consent("ann"), consent("bob", opted_out=True), consent("cat")]
    folder = office(
        asked,
        card,
        features_high_value=worth,
        score_churn=scores,
        features_consent=optout,
    )
    found = {
        (r["list"], r["customer_id"]): r["expected_value"]
        for r in read(folder, "dispatch_candidate")
    }
    assert found.pop(("card", "ann")) == yuan("55.00")  # not about leaving
    asked_worth = {customer: amount for (_, customer), amount in found.items()}
    assert asked_worth == {
        "ann": yuan("295.00"),
        "bob": yuan("55.00"),
        "cat": yuan("55.00"),
    }


def test_a_manager_proposed_before_is_kept_and_a_group_stays_together(
    office: Office,
) -> None:
    people = ["ann", "bob", "cat", "dan"]
    owners = [owner(p, None) for p in ("ann", "bob", "cat")] + [owner("dan", "M2")]
    given: dict[str, Any] = {
        "features_owner": owners,
        "features_manager": [manager("M1"), manager("M2")],
        "snapshot_customer": [
            person("ann"),
            person("bob", "G1"),
            person("cat", "G1"),
            person("dan", "G1"),
        ],
        "m1__dispatch_order": [order_before("ann", "debt", name="new", manager="M2")],
    }
    folder = office(a_list("new", people, assign="allocate"), **given)
    chosen = {r["customer_id"]: r["manager_id"] for r in read(folder, "dispatch_order")}
    assert chosen == dict.fromkeys(people, "M2")
    backwards = {name: rows[::-1] for name, rows in given.items()}
    again = read(
        office(a_list("new", people, assign="allocate"), **backwards), "dispatch_order"
    )
    assert {r["customer_id"]: r["manager_id"] for r in again} == chosen


# -- whatever the facts ------------------------------------------------------------------------------------------


def random_facts(seed: int) -> tuple[list[Spec], dict[str, Any]]:
    """Four lists over sixty people of whom anything may be true."""
    dice = random.Random(seed)
    people = [f"p{i:02}" for i in range(60)]
    some = [p for p in people if dice.random() < 0.3]
    made = [
        a_list("a", dice.sample(people, 30), purpose="debt", priority=1),
        a_list(
            "b",
            dice.sample(people, 30),
            purpose="marketing",
            priority=2,
            holdout=True,
            scored=True,
        ),
        a_list(
            "c", dice.sample(people, 30), priority=3, holdout=True, assign="allocate"
        ),
        a_list("d", dice.sample(people, 30), priority=4, assign="branch"),
    ]
    owners = [
        owner(
            p,
            dice.choice(["M1", "M2", "M3", "M9", None]),
            dice.choice(["B1", "B2", None]),
        )
        for p in people
    ]
    return made, {
        "people": people,
        "features_owner": owners,
        "features_manager": [
            manager("M1", 5),
            manager("M2", 0),
            manager("M3", 40, "B2"),
        ],
        "features_consent": [
            consent(p, dice.random() < 0.1, dice.random() < 0.1) for p in people
        ],
        "features_complaint": [{"customer_id": p} for p in some[:9]],
        "m1__dispatch_order": [
            order_before(p, dice.choice(["service", "marketing"])) for p in some[9:]
        ],
        "holdout_share": "0.3",
    }


@pytest.mark.parametrize("seed", range(5))
def test_everybody_on_a_list_is_ordered_or_told_why_not(
    office: Office, seed: int
) -> None:
    made, facts = random_facts(seed)
    folder = office(*made, **facts)
    orders, left = read(folder, "dispatch_order"), read(folder, "dispatch_why_not")
    ordered = {(r["list"], r["customer_id"]) for r in orders if r["arm"] == "treated"}
    told = {(r["list"], r["customer_id"]) for r in left}
    assert not ordered & told and len(ordered | told) == 120 == len(ordered) + len(left)
    assert {
        (r["list"], r["customer_id"]) for r in orders if r["arm"] == "holdout"
    } <= told
    assert (
        max(Counter(r["customer_id"] for r in orders if r["arm"] == "treated").values())
        == 1
    )


@pytest.mark.parametrize("seed", range(3))
def test_by_value_the_letter_holds_as_well(office: Office, seed: int) -> None:
    """Full managers alone leave somebody out for capacity, and of equal worth the first ranks are served."""
    made, facts = random_facts(seed)
    folder = office(*made, **facts, capacity_rule="value")
    orders = [r for r in read(folder, "dispatch_order") if r["arm"] == "treated"]
    load = Counter(r["manager_id"] for r in orders if r["manager_id"])
    capacity = {m["manager_id"]: m["capacity"] for m in facts["features_manager"]}
    assert all(n <= capacity[m] for m, n in load.items())
    owners = {o["customer_id"]: o["manager_id"] for o in facts["features_owner"]}
    ranks = {
        (r["list"], r["customer_id"]): r["rank"]
        for r in read(folder, "dispatch_candidate")
    }
    last = {(r["list"], r["manager_id"]): 0 for r in orders}
    for r in orders:
        if r["manager_id"] == owners[r["customer_id"]]:
            last[r["list"], r["manager_id"]] = max(
                last[r["list"], r["manager_id"]], r["rank"]
            )
    waits: dict[
        str, Row
    ] = {}  # each in one queue: that of the first list that may have him
    for r in sorted(
        read(folder, "dispatch_why_not", reason="capacity"), key=lambda r: r["list"]
    ):
        waits.setdefault(r["customer_id"], r)
    assert waits
    for r in waits.values():
        desk = owners[r["customer_id"]]
        if desk in capacity:
            assert load[desk] == capacity[desk]
            assert ranks[r["list"], r["customer_id"]] > last.get((r["list"], desk), 0)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_works_beyond_capacity_or_for_another_s_customer(
    office: Office, seed: int
) -> None:
    made, facts = random_facts(seed)
    orders = [
        r
        for r in read(office(*made, **facts), "dispatch_order")
        if r["arm"] == "treated"
    ]
    load = Counter(r["manager_id"] for r in orders if r["manager_id"])
    assert (
        load["M1"] <= 5
        and load["M2"] == 0
        and load["M3"] <= 40
        and set(load) <= {"M1", "M3"}
    )
    owners = {o["customer_id"]: o for o in facts["features_owner"]}
    for r in orders:
        own = owners[r["customer_id"]]
        branch = {"M1": "B1", "M3": "B2"}.get(r["manager_id"], own["branch_id"])
        assert (
            r["manager_id"] in (own["manager_id"], None) or branch == own["branch_id"]
        )
