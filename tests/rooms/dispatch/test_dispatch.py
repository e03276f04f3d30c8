"""Dispatch: who gets an order, who is held out, and why everybody else is left out."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pyarrow as pa
import pytest

from pipelines.catalogue.outputs import load_lists
from pipelines.core.month import Month
from pipelines.rooms.made_rows import find_schema
from tests.support.dispatched import (
    Office,
    a_list,
    consent,
    drawn,
    manager,
    order_before,
    owner,
    treated,
    why_not,
)
from tests.support.small import Row, only, read, twin_operator, yuan

LEARNT = find_schema("feedback_persuasion")

# -- one order a customer ----------------------------------------------------------------------------------------


def test_the_first_list_by_priority_has_the_customer(office: Office) -> None:
    folder = office(
        a_list("late", ["ann", "bob"], priority=20),
        a_list("early", ["bob"], priority=10),
    )
    assert treated(folder, "early") == ["bob"] and treated(folder, "late") == ["ann"]
    assert why_not(folder, "late") == {"bob": "other_list"}
    also = {r["customer_id"]: r["also_on"] for r in read(folder, "dispatch_order")}
    assert also == {"bob": "late", "ann": None}


def test_ties_of_priority_go_by_name(office: Office) -> None:
    folder = office(a_list("zebra", ["ann"]), a_list("apple", ["ann"]))
    assert treated(folder, "apple") == ["ann"] and why_not(folder, "zebra") == {
        "ann": "other_list"
    }


def test_a_customer_twice_on_a_list_is_asked_once(office: Office) -> None:
    folder = office(a_list("twice", ["ann", "bob", "ann"]))
    orders = read(folder, "dispatch_order")
    assert [(r["customer_id"], r["rank"], r["rank_value"]) for r in orders] == [
        ("ann", 1, yuan("1000.00")),
        ("bob", 2, yuan("999.00")),
    ]


def test_a_row_without_a_customer_is_nobody(office: Office) -> None:
    nobody = "SELECT CAST(NULL AS VARCHAR) AS customer_id, 'x' AS service_id, 0 AS rank_group, 1 AS rank_value, "
    folder = office(
        a_list("empty", [], sql=nobody + "1 AS amount, 'zero_usage' AS reason_code")
    )
    assert not read(folder, "dispatch_order") and not read(folder, "dispatch_why_not")


# -- may we ------------------------------------------------------------------------------------------------------

WHY_NOTS = [
    "do_not_contact", "wrong_number", "opted_out", "complaint", "harm", "holdout", "other_list", "cool_down",
    "no_manager", "capacity",
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(WHY_NOTS)), ids=WHY_NOTS)
def test_the_first_reason_that_applies_is_the_why_not(
    office: Office, place: int
) -> None:
    """Each time, that reason and all those after it apply to ann."""
    has = set(WHY_NOTS[place:])
    first = a_list(
        "first", ["ann" if "other_list" in has else "bob"], priority=1, assign="branch"
    )
    asked = a_list("asked", ["ann"], purpose="marketing", holdout=True, scored=True)
    folder = office(
        first,
        asked,
        features_consent=[
            consent(
                "ann",
                "do_not_contact" in has,
                "opted_out" in has,
                "wrong_number" in has,
            )
        ],
        features_complaint=[{"customer_id": "ann" if "complaint" in has else "zoe"}],
        feedback_effect=[{"list": "asked", "is_paused": "harm" in has}],
        prior__dispatch_holdout=drawn("ann", is_drawn="holdout" in has),
        m1__dispatch_order=[
            order_before("ann" if "cool_down" in has else "zoe", "marketing")
        ],
        features_owner=[
            owner("ann", None if "no_manager" in has else "M1"),
            owner("bob"),
        ],
        features_manager=[manager("M1", 0 if "capacity" in has else 9)],
    )
    assert why_not(folder, "asked") == {"ann": WHY_NOTS[place]} and not treated(
        folder, "asked"
    )


def test_a_paused_list_says_so_and_leaves_its_customers_to_a_later_one(
    office: Office,
) -> None:
    harmful = {
        "list": "early",
        "segment": "all",
        "planned_persuadability": -0.5,
        "is_harmful": True,
    }
    folder = office(
        a_list("early", ["ann"], priority=10, purpose="marketing", holdout=True),
        a_list("late", ["ann"], priority=20, purpose="service"),
        feedback_persuasion=pa.Table.from_pylist([harmful], LEARNT),
    )
    assert why_not(folder, "early") == {"ann": "harm"}
    assert treated(folder, "late") == ["ann"]
    states = {row["list"]: row for row in read(folder, "dispatch_list")}
    assert states["early"]["status"] == "caveat"
    assert "paused" in str(states["early"]["reason"])


@pytest.mark.parametrize(
    ("purpose", "stopped"), [("marketing", True), ("debt", True), ("service", False)]
)
def test_a_complaint_stops_marketing_and_debt_only(
    office: Office, purpose: str, stopped: bool
) -> None:
    folder = office(
        a_list("asked", ["ann"], purpose=purpose),
        features_complaint=[{"customer_id": "ann"}],
    )
    assert why_not(folder, "asked") == ({"ann": "complaint"} if stopped else {})


@pytest.mark.parametrize("purpose", ["marketing", "debt", "service"])
def test_do_not_contact_stops_every_purpose(office: Office, purpose: str) -> None:
    lists = [
        a_list("asked", ["ann"], purpose=purpose),
        a_list("claim", ["ann"], purpose=purpose, assign="branch"),
    ]
    folder = office(*lists, features_consent=[consent("ann", do_not_contact=True)])
    assert {r["reason"] for r in read(folder, "dispatch_why_not")} == {"do_not_contact"}


def test_opting_out_of_profiling_stops_lists_made_by_a_score_only(
    office: Office,
) -> None:
    scored, plain = (
        a_list("scored", ["ann"], priority=1, scored=True),
        a_list("plain", ["ann"]),
    )
    folder = office(scored, plain, features_consent=[consent("ann", opted_out=True)])
    assert why_not(folder, "scored") == {"ann": "opted_out"} and treated(
        folder, "plain"
    ) == ["ann"]


@pytest.mark.parametrize("table", ["features_manager", "features_owner"])
def test_without_managers_a_list_is_not_computed_by_name(
    office: Office, table: str
) -> None:
    folder = office(a_list("asked", ["ann"]), **{table: "absent: ownership"})
    state = only(read(folder, "dispatch_list"))
    assert (state["status"], state["reason"]) == ("not_computed", "absent: ownership")
    assert state["candidate_count"] == 0 and not read(folder, "dispatch_why_not")


def test_a_manager_who_left_is_no_manager(office: Office) -> None:
    folder = office(
        a_list("asked", ["ann", "bob"]),
        features_owner=[owner("ann", "M9"), owner("bob")],
    )
    assert why_not(folder, "asked") == {"ann": "no_manager"} and treated(
        folder, "asked"
    ) == ["bob"]


# -- cool-down ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "purpose", "cools"),
    [
        (order_before("ann", "service"), "service", True),
        (order_before("ann", "service"), "marketing", False),
        (order_before("ann", "debt"), "debt", False),
        (order_before("ann", "service", arm="holdout"), "service", False),
        (
            order_before("ann", "service", on=date(2026, 7, 5)),
            "service",
            True,
        ),  # 60 days before the 3rd of September
        (order_before("ann", "service", on=date(2026, 7, 4)), "service", False),
    ],
    ids=["same", "other_purpose", "debt", "held_out", "day_60", "day_61"],
)
def test_cool_down(office: Office, before: Row, purpose: str, cools: bool) -> None:
    folder = office(
        a_list("asked", ["ann"], purpose=purpose), m1__dispatch_order=[before]
    )
    assert why_not(folder, "asked") == ({"ann": "cool_down"} if cools else {})


def test_cool_down_reaches_two_months_back(office: Office) -> None:
    long_ago = [order_before("ann", "service", on=date(2026, 7, 10))]
    folder = office(a_list("asked", ["ann"]), m2__dispatch_order=long_ago)
    assert why_not(folder, "asked") == {"ann": "cool_down"}
    folder = office(
        a_list("asked", ["ann"]), m2__dispatch_order=long_ago, cool_down_days=30
    )
    assert treated(folder, "asked") == ["ann"]


# -- hold-out ----------------------------------------------------------------------------------------------------


def test_the_held_out_have_an_arm_and_a_why_not_and_no_treated_order(
    office: Office,
) -> None:
    folder = office(
        a_list("asked", ["ann", "bob"], holdout=True),
        prior__dispatch_holdout=drawn("ann"),
        holdout_share=0,
    )
    assert treated(folder, "asked") == ["bob"] and why_not(folder, "asked") == {
        "ann": "holdout"
    }
    assert only(read(folder, "dispatch_order", arm="holdout"))["customer_id"] == "ann"


def test_the_held_out_take_no_capacity_and_stand_only_where_a_treated_one_would(
    office: Office,
) -> None:
    asked = a_list("asked", ["ann", "bob", "cat", "dan"], holdout=True)
    held = drawn("ann", "dan") + drawn("bob", "cat", is_drawn=False)
    folder = office(
        asked, prior__dispatch_holdout=held, features_manager=[manager("M1", 2)]
    )
    assert treated(folder, "asked") == ["bob", "cat"]
    assert [
        r["customer_id"] for r in read(folder, "dispatch_order", arm="holdout")
    ] == ["ann"]
    assert why_not(folder, "asked") == {"ann": "holdout", "dan": "holdout"}


@pytest.mark.parametrize(("rule", "arm"), [("priority", ["ann"]), ("value", [])])
def test_the_held_out_leave_their_place_to_the_next_list(
    office: Office, rule: str, arm: list[str]
) -> None:
    """By priority the earlier list would have had it: its held-out are compared. By value not."""
    early, late = (
        a_list("early", ["ann"], priority=1, holdout=True),
        a_list("late", ["bob"], priority=2),
    )
    folder = office(
        early,
        late,
        prior__dispatch_holdout=drawn("ann"),
        features_manager=[manager("M1", 1)],
        capacity_rule=rule,
    )
    assert treated(folder, "late") == ["bob"]
    held_out = read(folder, "dispatch_order", arm="holdout")
    assert [row["customer_id"] for row in held_out] == arm


def test_the_held_out_get_their_debt_order_first(office: Office) -> None:
    debt, asked = (
        a_list("debt", ["ann"], priority=1, purpose="debt"),
        a_list("asked", ["ann"], holdout=True),
    )
    folder = office(debt, asked, prior__dispatch_holdout=drawn("ann"))
    assert treated(folder, "debt") == ["ann"] and why_not(folder, "asked") == {
        "ann": "holdout"
    }
    assert not read(
        folder, "dispatch_order", arm="holdout"
    )  # who is called anyway is no fair comparison


def test_the_held_out_still_get_card_and_claim_orders(office: Office) -> None:
    asked, card = (
        a_list("asked", ["ann"], priority=1, holdout=True),
        a_list("card", ["ann"], priority=2),
    )
    folder = office(asked, card, prior__dispatch_holdout=drawn("ann"))
    assert treated(folder, "card") == ["ann"]


def test_a_draw_is_kept_for_good(office: Office) -> None:
    people = [f"p{i:03}" for i in range(120)]
    first = office(
        a_list("asked", people[:80], holdout=True), people=people, holdout_share="0.25"
    )
    before = read(first, "dispatch_holdout")
    again = office(
        a_list("asked", people, holdout=True),
        people=people,
        holdout_share="0.25",
        prior__dispatch_holdout=before,
    )
    after = read(again, "dispatch_holdout")
    assert [r for r in after if r["customer_id"] < "p080"] == before
    assert (
        len(before) == 80
        and len(after) == 120
        and 29 <= sum(r["is_drawn"] for r in after) <= 31
    )


def test_nobody_is_drawn_for_a_list_without_hold_out(office: Office) -> None:
    folder = office(a_list("debt", ["ann", "bob"], purpose="debt"), holdout_share="0.9")
    assert not read(folder, "dispatch_holdout") and treated(folder, "debt") == [
        "ann",
        "bob",
    ]


# -- ids, days, states -------------------------------------------------------------------------------------------


def test_orders_have_the_same_id_on_every_run(office: Office) -> None:
    ids = [
        r["order_id"]
        for r in read(office(a_list("asked", ["ann", "bob"])), "dispatch_order")
    ]
    again = read(
        office(a_list("asked", ["bob", "ann", "cat"]), a_list("more", ["ann"])),
        "dispatch_order",
    )
    assert set(ids) <= {r["order_id"] for r in again} and len(
        {r["order_id"] for r in again}
    ) == len(again)
    assert all(i.startswith("202608-") for i in ids)


@pytest.mark.parametrize(
    ("month", "due_on", "provisional"),
    [
        ("2026-08", date(2026, 9, 11), False),  # the 12th is a Saturday
        ("2018-09", date(2018, 10, 12), False),
        ("2027-08", date(2027, 9, 10), True),  # nobody knows the holidays of 2027 yet
    ],
)
def test_due_days_move_to_working_days(
    office: Office, month: str, due_on: date, provisional: bool
) -> None:
    order = only(
        read(
            office(a_list("asked", ["ann"]), month=Month.parse(month)), "dispatch_order"
        )
    )
    assert (order["due_on"], order["is_provisional"]) == (due_on, provisional)


def test_the_day_of_dispatch_is_a_working_day_of_the_next_month(office: Office) -> None:
    golden_week = only(
        read(
            office(a_list("asked", ["ann"]), month=Month.parse("2018-09")),
            "dispatch_order",
        )
    )
    assert golden_week["dispatched_on"] == date(
        2018, 10, 10
    )  # the 1st to the 7th are holidays


def states(*found: tuple[str, str]) -> list[Row]:
    return [
        {
            "kind": "list",
            "output": n,
            "scope": "all",
            "status": s,
            "reason": "usage.overlap",
        }
        for n, s in found
    ]


def test_a_withheld_list_sends_nobody_and_blocks_nobody(office: Office) -> None:
    early, late = (
        a_list("early", ["ann"], priority=1),
        a_list("late", ["ann"], priority=2),
    )
    folder = office(
        early, late, validate_release=states(("early", "withheld"), ("late", "caveat"))
    )
    assert treated(folder, "late") == ["ann"] and not read(
        folder, "dispatch_order", list="early"
    )
    state = {
        r["list"]: (r["status"], r["reason"]) for r in read(folder, "dispatch_list")
    }
    assert state == {
        "early": ("withheld", "usage.overlap"),
        "late": ("caveat", "usage.overlap"),
    }


def test_unknown_complaints_are_a_caveat_on_marketing_and_debt(office: Office) -> None:
    made = [a_list(p, ["ann"], purpose=p) for p in ("debt", "marketing", "service")]
    folder = office(*made, features_complaint="absent: trouble_ticket")
    state = {
        r["list"]: (r["status"], r["reason"]) for r in read(folder, "dispatch_list")
    }
    unknown = ("caveat", "complaints unknown: absent: trouble_ticket")
    assert state == {
        "debt": unknown,
        "marketing": unknown,
        "service": ("released", None),
    }


def test_a_list_that_takes_nobody_twice_remembers(office: Office) -> None:
    before = [
        {"list": "new", "customer_id": c, "first_month": "2026-01"}
        for c in ("ann", "zoe")
    ]
    folder = office(
        a_list("new", ["ann", "bob"], remember=True), prior__dispatch_listed=before
    )
    found = {
        r["customer_id"]: r["first_month"] for r in read(folder, "dispatch_listed")
    }
    assert found == {"ann": "2026-01", "bob": "2026-08", "zoe": "2026-01"}


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
    marked = {spec.name for spec in load_lists() if spec.meta["holdout"]}
    rows = read(twin_operator().version, "dispatch_order", arm="holdout")
    assert rows and {r["list"] for r in rows} <= marked


def test_about_a_tenth_of_each_stratum_is_held_out() -> None:
    seen, held = Counter[str](), Counter[str]()
    for r in read(twin_operator().version, "dispatch_holdout"):
        seen[r["stratum"]] += 1
        held[r["stratum"]] += r["is_drawn"]
    assert all(abs(held[s] - 0.1 * n) <= 1 for s, n in seen.items())
    assert abs(sum(held.values()) / sum(seen.values()) - 0.1) < 0.03
