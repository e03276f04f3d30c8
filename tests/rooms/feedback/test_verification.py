"""Claims against the next bills, through real months: false ones are found, and what nobody dispatched is not computed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.core.month import Month
from pipelines.store.lake import Version
from tests.support.office import Answers, exported, fill, released_town, taken
from tests.support.small import MONTH, Row, Town, only, read, run_town, yuan

NEXT, LAST = MONTH.plus(1), MONTH.plus(3)
PAYERS, QUIET = [f"p{i}" for i in range(12)], [f"q{i}" for i in range(12)]
HONEST = 8  # of each twelve; the others' success is made up


def town(month: Month) -> Town:
    """Twelve who owe, of manager M1, and twelve quiet ones, of M2; who is lied about has neither paid nor stayed."""
    made = Town(month).header_only("payment", "receivable")
    for i, who in enumerate(PAYERS):
        made.person(who)
        if month == MONTH:
            made.owe(who)
        if month == NEXT and i < HONEST:
            made.add(
                "payment",
                payment_id=f"Y{i}",
                customer_id=who,
                bill_id="",
                paid_on=f"{NEXT}-08",
                amount="50.00",
            )
    for i, who in enumerate(QUIET):
        gone = month > MONTH and i >= HONEST
        status = {"status": "terminated", "terminated_on": f"{NEXT}-20"} if gone else {}
        made.person(who, calls=0 if month == MONTH else 5, manager="M2", service=status)
    return made


def claims() -> Answers:
    answers = {
        who: {"outcome": "paid", "contacted_on": date(2026, 9, 7)} for who in PAYERS
    }
    answers |= {
        who: {"outcome": "retained", "contacted_on": date(2026, 9, 7)} for who in QUIET
    }
    return answers


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an order and a claim for everybody, and the three months after."""
    home = tmp_path_factory.mktemp("verification") / "home"
    released_town(home, town(MONTH))
    for desk, book in exported(home, home / "out").items():
        if desk != "company":
            taken(home, fill(book, claims()))
    for ahead in (1, 2, 3):
        run_town(home, town(MONTH.plus(ahead)), holdout_share=0)
    return home


def version(home: Path, month: Month) -> Version:
    return Version(month, home / "months" / str(month) / "v0001")


def company(home: Path, month: Month, kpi: str, variant: str) -> Row:
    return only(
        read(
            version(home, month),
            "kpi_monthly",
            kpi=kpi,
            variant=variant,
            scope_kind="company",
        )
    )


def test_every_false_claim_is_found_and_no_true_one(home: Path) -> None:
    rows = read(version(home, NEXT), "feedback_outcome")
    found = {
        row["customer_id"]
        for row in rows
        if row["is_claimed"] and row["is_verified"] is False
    }
    assert len(rows) == 24 and found == {*PAYERS[HONEST:], *QUIET[HONEST:]}


def test_each_manager_s_claims_stand_beside_what_was_verified(home: Path) -> None:
    rows = {
        row["manager_id"]: row for row in read(version(home, NEXT), "feedback_manager")
    }
    assert set(rows) == {"M1", "M2"}
    for row in rows.values():
        assert (
            row["order_count"],
            row["claimed_count"],
            row["claimed_verified_count"],
        ) == (
            12,
            12,
            HONEST,
        )
        assert row["claimed_false_count"] == 12 - HONEST


@pytest.mark.parametrize(
    ("month", "kpi", "variant", "numerator"),
    [
        (NEXT, "contact_rate", "reached", 24),
        (NEXT, "success_rate", "contacted", 16),
        (NEXT, "success_rate", "dispatched", 16),
        (NEXT, "success_rate", "claimed", 24),
        (LAST, "success_rate", "contacted_m3", 16),
        (LAST, "success_rate", "claimed_m3", 24),
    ],
)
def test_the_rates_are_of_all_orders(
    home: Path, month: Month, kpi: str, variant: str, numerator: int
) -> None:
    row = company(home, month, kpi, variant)
    assert (row["numerator"], row["denominator"]) == (numerator, 24) and row[
        "status"
    ] in (
        "released",
        "caveat",
    )


def test_the_parts_are_the_managers(home: Path) -> None:
    rows = read(
        version(home, NEXT),
        "kpi_monthly",
        kpi="success_rate",
        variant="contacted",
        scope_kind="manager",
    )
    assert {r["scope_id"]: r["numerator"] for r in rows} == {
        "M1": HONEST,
        "M2": HONEST,
        "unclaimed": 0,
    }


def test_a_month_that_dispatched_nobody_says_so(home: Path) -> None:
    row = company(home, NEXT.plus(1), "contact_rate", "reached")
    assert (row["status"], row["reason"], row["value"]) == (
        "not_computed",
        f"not dispatched: {NEXT}",
        None,
    )
    row = company(home, NEXT, "success_rate", "contacted_m3")
    assert (row["status"], row["reason"]) == (
        "not_computed",
        f"not held: {MONTH.plus(-2)}",
    )


def test_payments_that_were_not_delivered_leave_the_debt_orders_open(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    released_town(home, Town().person("ann").person("bob", calls=0).owe("ann"))
    made = run_town(home, Town(NEXT).person("ann").person("bob"))
    outcomes = {
        row["list"]: row["is_verified"] for row in read(made, "feedback_outcome")
    }
    assert outcomes == {"arrears": None, "vip_zero_usage": True}
    row = only(
        read(
            made,
            "kpi_monthly",
            kpi="success_rate",
            variant="dispatched",
            scope_kind="company",
        )
    )
    assert (row["numerator"], row["denominator"]) == (1, 1)
    kept = only(
        read(made, "kpi_monthly", kpi="promise_kept_rate", scope_kind="company")
    )
    assert (kept["status"], kept["reason"]) == ("not_computed", "absent: payment")


def test_a_promise_is_kept_or_broken_by_the_payments(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = Town().header_only("payment", "receivable")
    for who in ("ann", "bob", "cat"):
        first.person(who).owe(who)
    released_town(home, first)
    days = {"ann": "2026-09-12", "bob": "2026-09-12", "cat": "2026-09-29"}
    promises = {
        who: {
            "outcome": "promised", "contacted_on": date(2026, 9, 7), "promised_amount": 50,
            "promised_on": date.fromisoformat(day),
        }
        for who, day in days.items()
    }  # fmt: skip
    taken(home, fill(exported(home, home / "out")["M1"], promises))
    then = Town(NEXT).header_only("payment", "receivable")
    for who in days:
        then.person(who)
    then.add(
        "payment",
        payment_id="Y1",
        customer_id="ann",
        paid_on="2026-09-15",
        amount="30.00",
    )
    then.add("payment", payment_id="Y2", customer_id="ann", bill_id=f"ann-1/{MONTH.plus(-1)}", paid_on="2026-09-09",
             amount="20.00")  # fmt: skip
    made = run_town(home, then)
    ledger = {row["customer_id"]: row for row in read(made, "feedback_promise")}
    assert {who: row["state"] for who, row in ledger.items()} == {
        "ann": "kept",
        "bob": "broken",
        "cat": "pending",
    }
    assert ledger["ann"]["paid_amount"] == yuan("50.00")
    rate = only(
        read(made, "kpi_monthly", kpi="promise_kept_rate", scope_kind="company")
    )
    assert (rate["numerator"], rate["denominator"]) == (1, 2)
    later = Town(NEXT.plus(1)).header_only("payment", "receivable")
    for who in days:
        later.person(who)
    later.add(
        "payment",
        payment_id="Y3",
        customer_id="cat",
        paid_on="2026-10-02",
        amount="50.00",
    )
    decided = only(read(run_town(home, later), "feedback_promise"))
    assert (decided["customer_id"], decided["state"], decided["order_month"]) == (
        "cat",
        "kept",
        str(MONTH),
    )
