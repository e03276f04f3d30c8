"""Dispatch: who gets an order, who is held out, and why everybody else is left out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines import dispatch
from pipelines.core.month import Month
from pipelines.core.outputs import lists
from pipelines.core.spec import Spec
from tests.small import MONTH, Row, none_of, only, read, room_context, twin_operator, yuan

LAST_ORDERS = date(2026, 8, 5)  # the third working day of August; that of September is the 3rd
Office = Callable[..., Path]
SETTINGS = ("holdout_share", "cool_down_days", "capacity_rule", "minimum_service", "contact_cost")


def a_list(name: str, people: Sequence[str], sql: str | None = None, **meta: Any) -> Spec:
    """A list of those people, the most valuable first."""
    rows = ", ".join(f"('{p}', '{p}-1', 0, {1000 - i}.00, 10.00, 'zero_usage')" for i, p in enumerate(people))
    names = "customer_id, service_id, rank_group, rank_value, amount, reason_code"
    plain = {"purpose": "service", "priority": 50, "holdout": False, "due": {"day": 12}}
    given = f"SELECT {names} FROM (VALUES {rows}) AS t({names})"
    return Spec("dispatch", name, Path(f"{name}.sql"), {**plain, **meta}, sql or given)


def owner(customer: str, manager: str | None = "M1", branch: str | None = "B1") -> Row:
    return {"customer_id": customer, "branch_id": branch, "unit_id": None, "manager_id": manager}


def manager(name: str, capacity: int = 50, branch: str = "B1") -> Row:
    return {"manager_id": name, "branch_id": branch, "capacity": capacity}


def consent(customer: str, do_not_contact: bool = False, opted_out: bool = False, wrong_number: bool = False) -> Row:
    answers = {"is_do_not_contact": do_not_contact, "is_opted_out": opted_out, "is_wrong_number": wrong_number}
    return {"customer_id": customer, **answers}


def order_before(
    customer: str, purpose: str, arm: str = "treated", on: date = LAST_ORDERS, name: str = "asked", manager: str = "M1"
) -> Row:
    order = {"customer_id": customer, "purpose": purpose, "arm": arm, "dispatched_on": on}
    return order | {"list": name, "manager_id": manager}


def person(customer: str, group: str | None = None) -> Row:
    return {"customer_id": customer, "customer_type": "individual", "vip_tier": "gold", "group_customer_id": group}


def drawn(*customers: str, is_drawn: bool = True) -> list[Row]:
    return [{"customer_id": c, "stratum": "B1/gold", "is_drawn": is_drawn, "drawn_in": "2026-07"} for c in customers]


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Run the room on lists and tables made by hand; everybody is M1's customer unless a table says otherwise."""

    def run(
        *specs: Spec, people: Sequence[str] = ("ann", "bob", "cat", "dan"), month: Month = MONTH, **given: Any
    ) -> Path:
        monkeypatch.setattr(dispatch, "lists", lambda: sorted(specs, key=lambda s: (s.meta["priority"], s.name)))
        changes = {name: given.pop(name) for name in list(given) if name in SETTINGS}
        released = {"kind": "list", "scope": "all", "status": "released", "reason": None}
        tables: dict[str, Any] = {
            "features_owner": [owner(p) for p in people],
            "features_manager": [manager("M1")],
            "features_consent": [consent(p) for p in people],
            "features_complaint": none_of("customer_id"),
            "snapshot_customer": [person(p) for p in people],
            "validate_release": [{"output": spec.name, **released} for spec in specs],
        }
        tables |= {name.replace("__", "."): rows for name, rows in given.items()}
        folder = tmp_path / f"room{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        with room_context(folder, tables, month, **changes) as context:
            dispatch.run(context)
        return folder

    return run


def treated(folder: Path, name: str) -> list[str]:
    """The people with a treated order of a list, by rank."""
    rows = sorted(read(folder, "dispatch_order", list=name, arm="treated"), key=lambda r: r["rank"])
    return [r["customer_id"] for r in rows]


def why_not(folder: Path, name: str) -> dict[str, str]:
    return {r["customer_id"]: r["reason"] for r in read(folder, "dispatch_why_not", list=name)}


# -- one order a customer ----------------------------------------------------------------------------------------


def test_the_first_list_by_priority_has_the_customer(office: Office) -> None:
    folder = office(a_list("late", ["ann", "bob"], priority=20), a_list("early", ["bob"], priority=10))
    assert treated(folder, "early") == ["bob"] and treated(folder, "late") == ["ann"]
    assert why_not(folder, "late") == {"bob": "other_list"}
    also = {r["customer_id"]: r["also_on"] for r in read(folder, "dispatch_order")}
    assert also == {"bob": "late", "ann": None}


def test_ties_of_priority_go_by_name(office: Office) -> None:
    folder = office(a_list("zebra", ["ann"]), a_list("apple", ["ann"]))
    assert treated(folder, "apple") == ["ann"] and why_not(folder, "zebra") == {"ann": "other_list"}


def test_a_customer_twice_on_a_list_is_asked_once(office: Office) -> None:
    folder = office(a_list("twice", ["ann", "bob", "ann"]))
    orders = read(folder, "dispatch_order")
    assert [(r["customer_id"], r["rank"], r["rank_value"]) for r in orders] == [
        ("ann", 1, yuan("1000.00")),
        ("bob", 2, yuan("999.00")),
    ]


def test_a_row_without_a_customer_is_nobody(office: Office) -> None:
    nobody = "SELECT CAST(NULL AS VARCHAR) AS customer_id, 'x' AS service_id, 0 AS rank_group, 1 AS rank_value, "
    folder = office(a_list("empty", [], sql=nobody + "1 AS amount, 'zero_usage' AS reason_code"))
    assert not read(folder, "dispatch_order") and not read(folder, "dispatch_why_not")


# -- may we ------------------------------------------------------------------------------------------------------

WHY_NOTS = [
    "do_not_contact", "wrong_number", "opted_out", "complaint", "holdout", "other_list", "cool_down", "no_manager",
    "capacity",
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(WHY_NOTS)), ids=WHY_NOTS)
def test_the_first_reason_that_applies_is_the_why_not(office: Office, place: int) -> None:
    """Each time, that reason and all those after it apply to ann."""
    has = set(WHY_NOTS[place:])
    first = a_list("first", ["ann" if "other_list" in has else "bob"], priority=1, assign="branch")
    asked = a_list("asked", ["ann"], purpose="marketing", holdout=True, scored=True)
    folder = office(
        first,
        asked,
        features_consent=[consent("ann", "do_not_contact" in has, "opted_out" in has, "wrong_number" in has)],
        features_complaint=[{"customer_id": "ann" if "complaint" in has else "zoe"}],
        prior__dispatch_holdout=drawn("ann", is_drawn="holdout" in has),
        m1__dispatch_order=[order_before("ann" if "cool_down" in has else "zoe", "marketing")],
        features_owner=[owner("ann", None if "no_manager" in has else "M1"), owner("bob")],
        features_manager=[manager("M1", 0 if "capacity" in has else 9)],
    )
    assert why_not(folder, "asked") == {"ann": WHY_NOTS[place]} and not treated(folder, "asked")


@pytest.mark.parametrize(("purpose", "stopped"), [("marketing", True), ("debt", True), ("service", False)])
def test_a_complaint_stops_marketing_and_debt_only(office: Office, purpose: str, stopped: bool) -> None:
    folder = office(a_list("asked", ["ann"], purpose=purpose), features_complaint=[{"customer_id": "ann"}])
    assert why_not(folder, "asked") == ({"ann": "complaint"} if stopped else {})


@pytest.mark.parametrize("purpose", ["marketing", "debt", "service"])
def test_do_not_contact_stops_every_purpose(office: Office, purpose: str) -> None:
    lists = [a_list("asked", ["ann"], purpose=purpose), a_list("claim", ["ann"], purpose=purpose, assign="branch")]
    folder = office(*lists, features_consent=[consent("ann", do_not_contact=True)])
    assert {r["reason"] for r in read(folder, "dispatch_why_not")} == {"do_not_contact"}


def test_opting_out_of_profiling_stops_lists_made_by_a_score_only(office: Office) -> None:
    scored, plain = a_list("scored", ["ann"], priority=1, scored=True), a_list("plain", ["ann"])
    folder = office(scored, plain, features_consent=[consent("ann", opted_out=True)])
    assert why_not(folder, "scored") == {"ann": "opted_out"} and treated(folder, "plain") == ["ann"]


@pytest.mark.parametrize("table", ["features_manager", "features_owner"])
def test_without_managers_a_list_is_not_computed_by_name(office: Office, table: str) -> None:
    folder = office(a_list("asked", ["ann"]), **{table: "absent: ownership"})
    state = only(read(folder, "dispatch_list"))
    assert (state["status"], state["reason"]) == ("not_computed", "absent: ownership")
    assert state["candidate_count"] == 0 and not read(folder, "dispatch_why_not")


def test_a_manager_who_left_is_no_manager(office: Office) -> None:
    folder = office(a_list("asked", ["ann", "bob"]), features_owner=[owner("ann", "M9"), owner("bob")])
    assert why_not(folder, "asked") == {"ann": "no_manager"} and treated(folder, "asked") == ["bob"]


# -- cool-down ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "purpose", "cools"),
    [
        (order_before("ann", "service"), "service", True),
        (order_before("ann", "service"), "marketing", False),
        (order_before("ann", "debt"), "debt", False),
        (order_before("ann", "service", arm="holdout"), "service", False),
        (order_before("ann", "service", on=date(2026, 7, 5)), "service", True),  # 60 days before the 3rd of September
        (order_before("ann", "service", on=date(2026, 7, 4)), "service", False),
    ],
    ids=["same", "other_purpose", "debt", "held_out", "day_60", "day_61"],
)
def test_cool_down(office: Office, before: Row, purpose: str, cools: bool) -> None:
    folder = office(a_list("asked", ["ann"], purpose=purpose), m1__dispatch_order=[before])
    assert why_not(folder, "asked") == ({"ann": "cool_down"} if cools else {})


def test_cool_down_reaches_two_months_back(office: Office) -> None:
    long_ago = [order_before("ann", "service", on=date(2026, 7, 10))]
    folder = office(a_list("asked", ["ann"]), m2__dispatch_order=long_ago)
    assert why_not(folder, "asked") == {"ann": "cool_down"}
    folder = office(a_list("asked", ["ann"]), m2__dispatch_order=long_ago, cool_down_days=30)
    assert treated(folder, "asked") == ["ann"]


# -- capacity and allocation -------------------------------------------------------------------------------------


def test_capacity_goes_by_rank(office: Office) -> None:
    folder = office(a_list("asked", ["dan", "cat", "bob", "ann"]), features_manager=[manager("M1", 2)])
    assert treated(folder, "asked") == ["dan", "cat"]
    assert why_not(folder, "asked") == {"bob": "capacity", "ann": "capacity"}


def test_capacity_is_one_for_all_lists_of_a_month(office: Office) -> None:
    early, late = a_list("early", ["ann", "bob"], priority=1), a_list("late", ["cat", "dan"], priority=2)
    folder = office(early, late, features_manager=[manager("M1", 3)])
    assert treated(folder, "late") == ["cat"] and why_not(folder, "late") == {"dan": "capacity"}


def test_who_may_not_be_asked_takes_no_place(office: Office) -> None:
    stopped = [consent("ann", do_not_contact=True), *(consent(p) for p in ("bob", "cat"))]
    folder = office(
        a_list("asked", ["ann", "bob", "cat"]), features_consent=stopped, features_manager=[manager("M1", 2)]
    )
    assert treated(folder, "asked") == ["bob", "cat"]


def test_allocation_gives_a_manager_of_the_branch(office: Office) -> None:
    owners = [owner("ann", None), owner("bob", "M9"), owner("cat", None, "B2"), owner("dan", "M2")]
    managers = [manager("M1"), manager("M2"), manager("M3", branch="B2")]
    folder = office(
        a_list("new", ["ann", "bob", "cat", "dan"], assign="allocate"), features_owner=owners, features_manager=managers
    )
    given = {r["customer_id"]: r["manager_id"] for r in read(folder, "dispatch_order")}
    assert given["cat"] == "M3" and given["dan"] == "M2"
    assert sorted(Counter(given[p] for p in ("ann", "bob", "dan")).items()) == [("M1", 2), ("M2", 1)]


def test_allocation_ends_with_the_branch_s_places(office: Office) -> None:
    owners = [owner(p, None) for p in ("ann", "bob", "cat")] + [owner("dan", None, "B9")]
    managers = [manager("M1", 1), manager("M2", 1), manager("M3", 9, "B2")]
    folder = office(
        a_list("new", ["ann", "bob", "cat", "dan"], assign="allocate"), features_owner=owners, features_manager=managers
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
    assert treated(folder, "new") == ["bob", "cat"] and why_not(folder, "new") == {"ann": "capacity"}


def test_unclaimed_go_to_the_branch(office: Office) -> None:
    owners = [owner("ann", None), owner("bob", None, None)]
    folder = office(
        a_list("claim", ["ann", "bob", "cat"], assign="branch"),
        features_owner=owners,
        features_manager="absent: account_manager",
    )
    assert [(r["customer_id"], r["branch_id"], r["manager_id"]) for r in read(folder, "dispatch_order")] == [
        ("ann", "B1", None),
        ("bob", None, None),
        ("cat", None, None),
    ]


def values(**worth: int) -> pa.Table:
    fen = pa.array([yuan(f"{w}.00") for w in worth.values()], pa.decimal128(18, 2))
    return pa.table({"customer_id": list(worth), "value_at_risk": fen})


def test_by_value_a_later_list_may_come_first_and_its_top_stays_first(office: Office) -> None:
    early, late = a_list("early", ["ann", "bob"], priority=1), a_list("late", ["cat", "dan"], priority=2)
    given: dict[str, Any] = {
        "features_high_value": values(ann=10, bob=900, cat=300, dan=20),
        "features_manager": [manager("M1", 1)],
        "contact_cost": 0,
    }
    assert treated(office(early, late, **given), "early") == ["ann"]
    folder = office(early, late, capacity_rule="value", **given)
    assert treated(folder, "late") == ["cat"] and why_not(folder, "early") == {"ann": "capacity", "bob": "capacity"}
    given["features_manager"] = [manager("M1", 2)]
    assert treated(office(early, late, capacity_rule="value", **given), "early") == ["ann", "bob"]


def test_by_value_the_minimum_of_a_duty_comes_first(office: Office) -> None:
    debt = a_list("debt", ["ann", "bob"], priority=1, purpose="debt", minimum=True)
    late = a_list("late", ["cat", "dan"], priority=2)
    folder = office(debt, late, capacity_rule="value", features_manager=[manager("M1", 2)])
    assert (treated(folder, "debt"), treated(folder, "late")) == (["ann"], ["cat"])
    folder = office(debt, late, capacity_rule="value", minimum_service=0, features_manager=[manager("M1", 2)])
    assert (treated(folder, "debt"), treated(folder, "late")) == ([], ["cat", "dan"])


def test_capacity_says_what_the_places_were_worth_and_what_one_more_would_be(office: Office) -> None:
    early, late = a_list("early", ["ann"], priority=1), a_list("late", ["bob", "cat"], priority=2)
    managers = [manager("M1", 1), manager("M2", 0), manager("M3", 3, "B2")]
    worth = values(ann=10, bob=100, cat=50)
    folder = office(early, late, features_manager=managers, features_high_value=worth, contact_cost=0)
    rows = {(r["scope_kind"], r["scope_id"]): r for r in read(folder, "dispatch_capacity")}
    branch = rows["branch", "B1"]
    figures = [branch[n] for n in ("capacity", "wanted_count", "used_count", "left_count")]
    assert figures == [1, 3, 1, 2] and branch["value_amount"] == yuan("120.00")
    assert branch["bound_amount"] == yuan("1200.00") and branch["gap_rate"] == pytest.approx(0.9)
    assert rows["manager", "M1"]["shadow_price_amount"] == yuan("1200.00") == branch["shadow_price_amount"]
    assert rows["branch", "B2"]["shadow_price_amount"] == 0 == rows["manager", "M2"]["shadow_price_amount"]
    assert rows["company", "company"]["capacity"] == 4


def test_a_score_replaces_the_prior_but_not_for_who_has_opted_out(office: Office) -> None:
    asked = a_list("asked", ["ann", "bob", "cat"], prior={"probability": 0.1, "persuadability": 0.5})
    scores = pa.table({"customer_id": ["ann", "bob"], "p_voluntary": [0.5, 0.5]})
    worth = values(ann=100, bob=100, cat=100)
    optout = [consent("ann"), consent("bob", opted_out=True), consent("cat")]
    folder = office(asked, features_high_value=worth, score_churn=scores, features_consent=optout)
    found = {r["customer_id"]: r["expected_value"] for r in read(folder, "dispatch_candidate")}
    assert found == {"ann": yuan("295.00"), "bob": yuan("55.00"), "cat": yuan("55.00")}


def test_a_manager_proposed_before_is_kept_and_a_group_stays_together(office: Office) -> None:
    people = ["ann", "bob", "cat", "dan"]
    owners = [owner(p, None) for p in ("ann", "bob", "cat")] + [owner("dan", "M2")]
    given: dict[str, Any] = {
        "features_owner": owners,
        "features_manager": [manager("M1"), manager("M2")],
        "snapshot_customer": [person("ann"), person("bob", "G1"), person("cat", "G1"), person("dan", "G1")],
        "m1__dispatch_order": [order_before("ann", "debt", name="new", manager="M2")],
    }
    folder = office(a_list("new", people, assign="allocate"), **given)
    chosen = {r["customer_id"]: r["manager_id"] for r in read(folder, "dispatch_order")}
    assert chosen == dict.fromkeys(people, "M2")
    backwards = {name: rows[::-1] for name, rows in given.items()}
    again = read(office(a_list("new", people, assign="allocate"), **backwards), "dispatch_order")
    assert {r["customer_id"]: r["manager_id"] for r in again} == chosen


# -- hold-out ----------------------------------------------------------------------------------------------------


def test_the_held_out_have_an_arm_and_a_why_not_and_no_treated_order(office: Office) -> None:
    folder = office(
        a_list("asked", ["ann", "bob"], holdout=True), prior__dispatch_holdout=drawn("ann"), holdout_share=0
    )
    assert treated(folder, "asked") == ["bob"] and why_not(folder, "asked") == {"ann": "holdout"}
    assert only(read(folder, "dispatch_order", arm="holdout"))["customer_id"] == "ann"


def test_the_held_out_take_no_capacity_and_stand_only_where_a_treated_one_would(office: Office) -> None:
    asked = a_list("asked", ["ann", "bob", "cat", "dan"], holdout=True)
    held = drawn("ann", "dan") + drawn("bob", "cat", is_drawn=False)
    folder = office(asked, prior__dispatch_holdout=held, features_manager=[manager("M1", 2)])
    assert treated(folder, "asked") == ["bob", "cat"]
    assert [r["customer_id"] for r in read(folder, "dispatch_order", arm="holdout")] == ["ann"]
    assert why_not(folder, "asked") == {"ann": "holdout", "dan": "holdout"}


def test_the_held_out_leave_their_place_to_the_next_list(office: Office) -> None:
    early, late = a_list("early", ["ann"], priority=1, holdout=True), a_list("late", ["bob"], priority=2)
    folder = office(early, late, prior__dispatch_holdout=drawn("ann"), features_manager=[manager("M1", 1)])
    assert treated(folder, "late") == ["bob"] and read(folder, "dispatch_order", arm="holdout")


def test_the_held_out_get_their_debt_order_first(office: Office) -> None:
    debt, asked = a_list("debt", ["ann"], priority=1, purpose="debt"), a_list("asked", ["ann"], holdout=True)
    folder = office(debt, asked, prior__dispatch_holdout=drawn("ann"))
    assert treated(folder, "debt") == ["ann"] and why_not(folder, "asked") == {"ann": "holdout"}
    assert not read(folder, "dispatch_order", arm="holdout")  # who is called anyway is no fair comparison


def test_the_held_out_still_get_card_and_claim_orders(office: Office) -> None:
    asked, card = a_list("asked", ["ann"], priority=1, holdout=True), a_list("card", ["ann"], priority=2)
    folder = office(asked, card, prior__dispatch_holdout=drawn("ann"))
    assert treated(folder, "card") == ["ann"]


def test_a_draw_is_kept_for_good(office: Office) -> None:
    people = [f"p{i:03}" for i in range(120)]
    first = office(a_list("asked", people[:80], holdout=True), people=people, holdout_share="0.25")
    before = read(first, "dispatch_holdout")
    again = office(
        a_list("asked", people, holdout=True), people=people, holdout_share="0.25", prior__dispatch_holdout=before
    )
    after = read(again, "dispatch_holdout")
    assert [r for r in after if r["customer_id"] < "p080"] == before
    assert len(before) == 80 and len(after) == 120 and 29 <= sum(r["is_drawn"] for r in after) <= 31


def test_nobody_is_drawn_for_a_list_without_hold_out(office: Office) -> None:
    folder = office(a_list("debt", ["ann", "bob"], purpose="debt"), holdout_share="0.9")
    assert not read(folder, "dispatch_holdout") and treated(folder, "debt") == ["ann", "bob"]


# -- ids, days, states -------------------------------------------------------------------------------------------


def test_orders_have_the_same_id_on_every_run(office: Office) -> None:
    ids = [r["order_id"] for r in read(office(a_list("asked", ["ann", "bob"])), "dispatch_order")]
    again = read(office(a_list("asked", ["bob", "ann", "cat"]), a_list("more", ["ann"])), "dispatch_order")
    assert set(ids) <= {r["order_id"] for r in again} and len({r["order_id"] for r in again}) == len(again)
    assert all(i.startswith("202608-") for i in ids)


@pytest.mark.parametrize(
    ("month", "due_on", "provisional"),
    [
        ("2026-08", date(2026, 9, 11), False),  # the 12th is a Saturday
        ("2018-09", date(2018, 10, 12), False),
        ("2027-08", date(2027, 9, 10), True),  # nobody knows the holidays of 2027 yet
    ],
)
def test_due_days_move_to_working_days(office: Office, month: str, due_on: date, provisional: bool) -> None:
    order = only(read(office(a_list("asked", ["ann"]), month=Month.parse(month)), "dispatch_order"))
    assert (order["due_on"], order["is_provisional"]) == (due_on, provisional)


def test_the_day_of_dispatch_is_a_working_day_of_the_next_month(office: Office) -> None:
    golden_week = only(read(office(a_list("asked", ["ann"]), month=Month.parse("2018-09")), "dispatch_order"))
    assert golden_week["dispatched_on"] == date(2018, 10, 10)  # the 1st to the 7th are holidays


def states(*found: tuple[str, str]) -> list[Row]:
    return [{"kind": "list", "output": n, "scope": "all", "status": s, "reason": "usage.overlap"} for n, s in found]


def test_a_withheld_list_sends_nobody_and_blocks_nobody(office: Office) -> None:
    early, late = a_list("early", ["ann"], priority=1), a_list("late", ["ann"], priority=2)
    folder = office(early, late, validate_release=states(("early", "withheld"), ("late", "caveat")))
    assert treated(folder, "late") == ["ann"] and not read(folder, "dispatch_order", list="early")
    state = {r["list"]: (r["status"], r["reason"]) for r in read(folder, "dispatch_list")}
    assert state == {"early": ("withheld", "usage.overlap"), "late": ("caveat", "usage.overlap")}


def test_unknown_complaints_are_a_caveat_on_marketing_and_debt(office: Office) -> None:
    made = [a_list(p, ["ann"], purpose=p) for p in ("debt", "marketing", "service")]
    folder = office(*made, features_complaint="absent: trouble_ticket")
    state = {r["list"]: (r["status"], r["reason"]) for r in read(folder, "dispatch_list")}
    unknown = ("caveat", "complaints unknown: absent: trouble_ticket")
    assert state == {"debt": unknown, "marketing": unknown, "service": ("released", None)}


def test_a_list_that_takes_nobody_twice_remembers(office: Office) -> None:
    before = [{"list": "new", "customer_id": c, "first_month": "2026-01"} for c in ("ann", "zoe")]
    folder = office(a_list("new", ["ann", "bob"], remember=True), prior__dispatch_listed=before)
    found = {r["customer_id"]: r["first_month"] for r in read(folder, "dispatch_listed")}
    assert found == {"ann": "2026-01", "bob": "2026-08", "zoe": "2026-01"}


# -- whatever the facts ------------------------------------------------------------------------------------------


def random_facts(seed: int) -> tuple[list[Spec], dict[str, Any]]:
    """Four lists over sixty people of whom anything may be true."""
    dice = random.Random(seed)
    people = [f"p{i:02}" for i in range(60)]
    some = [p for p in people if dice.random() < 0.3]
    made = [
        a_list("a", dice.sample(people, 30), purpose="debt", priority=1),
        a_list("b", dice.sample(people, 30), purpose="marketing", priority=2, holdout=True, scored=True),
        a_list("c", dice.sample(people, 30), priority=3, holdout=True, assign="allocate"),
        a_list("d", dice.sample(people, 30), priority=4, assign="branch"),
    ]
    owners = [owner(p, dice.choice(["M1", "M2", "M3", "M9", None]), dice.choice(["B1", "B2", None])) for p in people]
    return made, {
        "people": people,
        "features_owner": owners,
        "features_manager": [manager("M1", 5), manager("M2", 0), manager("M3", 40, "B2")],
        "features_consent": [consent(p, dice.random() < 0.1, dice.random() < 0.1) for p in people],
        "features_complaint": [{"customer_id": p} for p in some[:9]],
        "m1__dispatch_order": [order_before(p, dice.choice(["service", "marketing"])) for p in some[9:]],
        "holdout_share": "0.3",
    }


@pytest.mark.parametrize("seed", range(5))
def test_everybody_on_a_list_is_ordered_or_told_why_not(office: Office, seed: int) -> None:
    made, facts = random_facts(seed)
    folder = office(*made, **facts)
    orders, left = read(folder, "dispatch_order"), read(folder, "dispatch_why_not")
    ordered = {(r["list"], r["customer_id"]) for r in orders if r["arm"] == "treated"}
    told = {(r["list"], r["customer_id"]) for r in left}
    assert not ordered & told and len(ordered | told) == 120 == len(ordered) + len(left)
    assert {(r["list"], r["customer_id"]) for r in orders if r["arm"] == "holdout"} <= told
    assert max(Counter(r["customer_id"] for r in orders if r["arm"] == "treated").values()) == 1


@pytest.mark.parametrize("seed", range(3))
def test_by_value_the_letter_holds_as_well(office: Office, seed: int) -> None:
    """Full managers alone leave somebody out for capacity, and lists are worked from the top."""
    made, facts = random_facts(seed)
    folder = office(*made, **facts, capacity_rule="value")
    orders = [r for r in read(folder, "dispatch_order") if r["arm"] == "treated"]
    load = Counter(r["manager_id"] for r in orders if r["manager_id"])
    capacity = {m["manager_id"]: m["capacity"] for m in facts["features_manager"]}
    assert all(n <= capacity[m] for m, n in load.items())
    owners = {o["customer_id"]: o["manager_id"] for o in facts["features_owner"]}
    ranks = {(r["list"], r["customer_id"]): r["rank"] for r in read(folder, "dispatch_candidate")}
    last = {(r["list"], r["manager_id"]): 0 for r in orders}
    for r in orders:
        if r["manager_id"] == owners[r["customer_id"]]:
            last[r["list"], r["manager_id"]] = max(last[r["list"], r["manager_id"]], r["rank"])
    waits: dict[str, Row] = {}  # each in one queue: that of the first list that may have him
    for r in sorted(read(folder, "dispatch_why_not", reason="capacity"), key=lambda r: r["list"]):
        waits.setdefault(r["customer_id"], r)
    assert waits
    for r in waits.values():
        desk = owners[r["customer_id"]]
        if desk in capacity:
            assert load[desk] == capacity[desk]
            assert ranks[r["list"], r["customer_id"]] > last.get((r["list"], desk), 0)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_works_beyond_capacity_or_for_another_s_customer(office: Office, seed: int) -> None:
    made, facts = random_facts(seed)
    orders = [r for r in read(office(*made, **facts), "dispatch_order") if r["arm"] == "treated"]
    load = Counter(r["manager_id"] for r in orders if r["manager_id"])
    assert load["M1"] <= 5 and load["M2"] == 0 and load["M3"] <= 40 and set(load) <= {"M1", "M3"}
    owners = {o["customer_id"]: o for o in facts["features_owner"]}
    for r in orders:
        own = owners[r["customer_id"]]
        branch = {"M1": "B1", "M3": "B2"}.get(r["manager_id"], own["branch_id"])
        assert r["manager_id"] in (own["manager_id"], None) or branch == own["branch_id"]


# -- the real lists on a synthetic operator ----------------------------------------------------------------------


def test_every_candidate_of_the_real_lists_is_accounted_for() -> None:
    for r in read(twin_operator().version, "dispatch_list"):
        assert (
            r["candidate_count"] == r["treated_count"] + r["left_out_count"]
            and r["holdout_count"] <= r["left_out_count"]
        )


def test_order_ids_and_customers_of_the_real_lists_are_unique() -> None:
    orders = read(twin_operator().version, "dispatch_order")
    ids = [r["order_id"] for r in orders]
    assert len(orders) > 50 and len(set(ids)) == len(ids)
    called = [r["customer_id"] for r in orders if r["arm"] == "treated"]
    assert len(set(called)) == len(called)


def test_hold_out_arms_stand_only_on_lists_marked_so() -> None:
    marked = {spec.name for spec in lists() if spec.meta["holdout"]}
    rows = read(twin_operator().version, "dispatch_order", arm="holdout")
    assert rows and {r["list"] for r in rows} <= marked


def test_about_a_tenth_of_each_stratum_is_held_out() -> None:
    seen, held = Counter[str](), Counter[str]()
    for r in read(twin_operator().version, "dispatch_holdout"):
        seen[r["stratum"]] += 1
        held[r["stratum"]] += r["is_drawn"]
    assert all(abs(held[s] - 0.1 * n) <= 1 for s, n in seen.items())
    assert abs(sum(held.values()) / sum(seen.values()) - 0.1) < 0.03
