"""Money that comes, comes back or is in hand already; bills in dispute; people who left and still owe: through real months."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.core.month import Month
from pipelines.store.lake import Version
from tests.support.office import released_town
from tests.support.small import MONTH, Row, Town, only, read, run_town, yuan

NEXT, AFTER, LAST = MONTH.plus(1), MONTH.plus(2), MONTH.plus(3)
# Orders of August go out on 3 September and are due on 14 September.
PAYERS = ("keeps", "bounces", "bounces_late", "pays_again", "bounces_later", "credited")
MONEY = {
    NEXT: (
        ("keeps", f"{NEXT}-08", "50.00"),
        ("bounces", f"{NEXT}-08", "50.00"),
        ("bounces", f"{NEXT}-10", "-50.00"),
        ("bounces_late", f"{NEXT}-08", "50.00"),
        ("bounces_late", f"{NEXT}-25", "-50.00"),
        ("pays_again", f"{NEXT}-08", "50.00"),
        ("pays_again", f"{NEXT}-10", "-50.00"),
        ("pays_again", f"{NEXT}-14", "50.00"),
        ("bounces_later", f"{NEXT}-08", "50.00"),
        ("credited", f"{NEXT}-08", "20.00"),
    ),
    AFTER: (("bounces_later", f"{AFTER}-20", "-50.00"),),
}


def town(month: Month) -> Town:
    """Six who owe and pay or do not; who has money in hand, who disputes, and who is gone after the first month."""
    made = Town(month).header_only("receivable", "payment", "prepaid_balance")
    made.header_only("adjustment")
    for who in PAYERS:
        made.person(who)
    for who in ("covered", "half", "disputes"):
        made.person(who)
    if month == MONTH:
        made.person("gone", branch="B2", manager="M3")
        for who in PAYERS:
            made.owe(who)
        for who in ("covered", "half", "disputes", "gone"):
            made.owe(who)
        made.add("prepaid_balance", customer_id="covered", balance_amount="60.00")
        made.add("prepaid_balance", customer_id="half", balance_amount="20.00")
        for record in made.tables["receivable"]:
            is_disputed = record["customer_id"] == "disputes"
            record["is_disputed"] = str(is_disputed).lower()
    if month > MONTH:
        made.add(
            "receivable",
            bill_id=f"gone-1/{MONTH.plus(-1)}",
            service_id="gone-1",
            customer_id="gone",
            bill_month=MONTH.plus(-1),
            open_amount="50.00",
            due_on=MONTH.first_day,
        )
        made.add(
            "receivable",
            bill_id="nobody-1",
            service_id="nobody-1",
            customer_id="nobody",
            bill_month=MONTH,
            open_amount="50.00",
        )
    if month == NEXT:
        made.add(
            "adjustment",
            adjustment_id="A1",
            bill_id=f"credited-1/{MONTH.plus(-1)}",
            customer_id="credited",
            kind="credit_note",
            adjusted_on=f"{NEXT}-20",
            amount="-30.00",
        )
    for number, (who, day, amount) in enumerate(MONEY.get(month, ())):
        made.add(
            "payment",
            payment_id=f"{month}/{number}",
            customer_id=who,
            bill_id=f"{who}-1/{MONTH.plus(-1)}",
            paid_on=day,
            amount=amount,
        )
    return made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("money") / "home"
    released_town(home, town(MONTH))
    for month in (NEXT, AFTER, LAST):
        run_town(home, town(month), holdout_share=0)
    return home


def version(home: Path, month: Month) -> Version:
    return Version(month, home / "months" / str(month) / "v0001")


def verified(home: Path, month: Month, table: str) -> dict[str, bool]:
    rows = read(version(home, month), table, list="arrears")
    return {row["customer_id"]: row["is_verified"] for row in rows}


def test_money_in_hand_and_disputes_are_in_no_listed_amount(home: Path) -> None:
    orders = {
        row["customer_id"]: row
        for row in read(version(home, MONTH), "dispatch_order", list="arrears")
    }
    assert set(orders) == {*PAYERS, "half", "gone"}
    assert orders["half"]["amount"] == yuan("30.00")
    told = json.loads(orders["half"]["evidence"])
    assert told["in_hand_amount"] == "20.00" and told["disputed_amount"] is None


def test_a_payment_that_came_back_by_the_cut_off_was_never_paid(home: Path) -> None:
    found = verified(home, NEXT, "feedback_outcome")
    assert {who for who, is_verified in found.items() if is_verified} == {
        "keeps",
        "pays_again",
        "bounces_later",
        "credited",
    }


def test_three_months_on_what_came_back_since_was_never_paid_either(home: Path) -> None:
    found = verified(home, LAST, "feedback_outcome_m3")
    assert {who for who, is_verified in found.items() if is_verified} == {
        "keeps",
        "pays_again",
        "credited",
    }


def arrears(home: Path, month: Month, scope_kind: str, scope_id: str) -> Row:
    return only(
        read(
            version(home, month),
            "kpi_monthly",
            kpi="collection_effectiveness",
            variant="cei",
            scope_kind=scope_kind,
            scope_id=scope_id,
        )
    )


@pytest.mark.parametrize("month", [NEXT, AFTER, LAST])
def test_who_left_still_owes_and_is_their_last_owner_s(
    home: Path, month: Month
) -> None:
    [bill] = read(version(home, month), "features_open_bill")
    assert (bill["customer_id"], bill["service_type"]) == ("gone", "mobile")
    owner = only(read(version(home, month), "features_owner", customer_id="gone"))
    assert (owner["branch_id"], owner["manager_id"]) == ("B2", "M3")
    of_branch = arrears(home, month, "branch", "B2")
    # Open a month ago, nothing collected: the numerator is what came in, the denominator what could.
    assert of_branch["numerator"] == 0 and of_branch["denominator"] == yuan("50.00")
    set_aside = read(version(home, month), "snapshot_quarantine", table="receivable")
    assert {row["rule"] for row in set_aside} == {"unknown_customer"}


def test_what_is_not_delivered_of_bills_is_a_caveat_and_of_reasons_not_computed(
    tmp_path: Path,
) -> None:
    for month in (MONTH, NEXT):
        made = Town(month).person("ann").person("bob")
        made.drop_column("bill", "adjustment_amount")
        made.drop_column("service", "termination_reason")
        held = run_town(tmp_path / "home", made, tmp_path / "source")

    def company(kpi: str, variant: str) -> tuple[str, str | None]:
        row = only(
            read(held, "kpi_monthly", kpi=kpi, variant=variant, scope_kind="company")
        )
        return row["status"], row["reason"]

    absent = "absent: bill.adjustment_amount"
    for kpi, variant in (("arpu", "mean_base"), ("unclaimed_rate", "revenue")):
        status, reason = company(kpi, variant)
        assert status == "caveat" and str(reason).split("; ").count(absent) == 1
    status, reason = company("churn_rate", "start_base")
    assert status == "released" and absent not in str(reason)
    for variant in ("voluntary", "involuntary", "unknown_reason"):
        status, reason = company("churn_rate", variant)
        assert (status, reason) == (
            "not_computed",
            "absent: service.termination_reason",
        )

    lists = {row["list"]: row for row in read(held, "dispatch_list")}
    assert absent in str(lists["vip_allocation"]["reason"])
    assert lists["suspended_reactivation"]["status"] != "not_computed"
    assert absent not in str(lists["suspended_reactivation"]["reason"])
