"""Golden cases of the money about orders, worked out by hand: what bounces, what is over, what is set off, what is promised."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.kpis import THETA
from tests.oracle.orders.lists import dispatch_date, members
from tests.oracle.orders.office import Office
from tests.oracle.orders.rules import promises_kept
from tests.oracle.read import month_folders
from tests.oracle.state import Held
from tests.oracle.world import bills, lines, people, write

MONTHS = ("2026-06", "2026-07", "2026-08", "2026-09")
NAMES = ("S1 active", "S2 active", "S3 active 2020-01-01 broadband")
HEADS = {
    "payment": "payment_id customer_id bill_id paid_on amount",
    "adjustment": "adjustment_id bill_id customer_id kind adjusted_on amount",
    "receivable": "bill_id service_id customer_id bill_month open_amount due_on is_disputed",
}
USED = "service_id voice_calls voice_minutes sms_count data_mb\nS1 1 1 1 1"
OWNED = "customer_id valid_from valid_to branch_id manager_id\nC1 2020-01-01 - B1 M1"
OWED = """A S1 C1 2026-05 50 2026-06-15 -
          B S1 C1 2026-06 30 2026-07-15 -"""


def operator(source: Path, open_items: str = OWED, **events: str) -> None:
    """Four months of three customers, C1 a gold one; `payment_07="…"` are rows of July."""
    for month in MONTHS:
        owed = open_items if month == "2026-06" else ""
        tables = {
            "customer": people("C1", tier="gold") + "\nC2 individual none\nC3 individual none",
            "service": lines(*NAMES), "bill": bills(month, {"S1": "10", "S2": "10"}),
            "receivable": f"{HEADS['receivable']}\n{owed}", "usage": USED,
            "ownership": OWNED,
        }  # fmt: skip
        for table in ("payment", "adjustment"):
            rows = events.get(f"{table}_{month[5:]}", "")
            tables[table] = f"{HEADS[table]}\n{rows}"
        if "balance" in events:
            tables["prepaid_balance"] = (
                f"customer_id balance_amount\n{events['balance']}"
            )
        write(source, month, tables)


def verdict(source: Path, amount: int = 5000, look: str = "2026-07") -> bool | None:
    """Whether C1's arrears of June were paid, dispatched on 3 July and due on the 14th."""
    office = Office()
    order = {
        "order_id": "O", "list": "arrears", "customer_id": "C1", "service_id": "S1", "month": "2026-06",
        "arm": "treated", "amount": amount, "dispatched_on": date(2026, 7, 3), "due_on": date(2026, 7, 14),
    }  # fmt: skip
    office.add("2026-06", [order], [])
    held = Held(source, month_folders(source), look, THETA)
    return office.verdicts(held, "2026-06", look)["O"]


@pytest.mark.parametrize(
    ("payments", "is_paid"),
    [
        ("1 C1 A 2026-07-03 50", True),
        ("1 C1 A 2026-07-14 50", True),
        ("1 C1 A 2026-07-15 50", False),
        ("1 C1 A 2026-07-02 50", False),  # before the order went out
        ("1 C1 A 2026-07-05 49.99", False),
        ("1 C1 - 2026-07-05 50", True),  # to the oldest
        ("1 C2 A 2026-07-05 50", True),  # whoever pays
        ("1 C2 - 2026-07-05 50", False),
        ("1 C1 B 2026-07-05 80", True),  # 50 are over
        ("1 C1 B 2026-07-05 79.99", False),
        ("1 C1 2026-05-S9 2026-07-05 50", True),  # closed long ago
        ("1 C1 2026-07-S1 2026-07-31 10\n2 C1 - 2026-07-05 50", True),
        ("1 C1 2026-07-S1 2026-07-05 50", False),  # 10 are the new bill's
        ("1 C1 A 2026-07-02 50\n2 C1 - 2026-07-05 50", False),  # A was closed
        ("1 C1 A 2026-07-05 50\n2 C1 A 2026-07-09 -50", False),
        ("1 C1 A 2026-07-05 50\n2 C1 A 2026-07-31 -50", False),  # after it was due
        ("1 C1 A 2026-07-05 50\n2 C1 - 2026-07-09 -0.01", False),
        ("1 C1 A 2026-07-05 50\n2 C1 - 2026-07-06 9\n3 C1 - 2026-07-09 -9", True),
        ("1 C1 A 2026-07-05 50\n2 C1 A 2026-07-09 -50\n3 C1 A 2026-07-10 50", True),
        ("1 C1 A 2026-07-05 50\n2 C2 B 2026-07-09 -50", True),  # another's
    ],
)
def test_money_received_and_kept(tmp_path: Path, payments: str, is_paid: bool) -> None:
    operator(tmp_path, payment_07=payments)
    assert verdict(tmp_path) is is_paid


def test_what_comes_back_later_was_never_paid(tmp_path: Path) -> None:
    operator(
        tmp_path, payment_07="1 C1 A 2026-07-05 50", payment_08="2 C1 A 2026-08-20 -50"
    )
    assert verdict(tmp_path) is True
    assert verdict(tmp_path, look="2026-09") is False


@pytest.mark.parametrize(
    ("payments", "credits", "is_paid"),
    [
        ("1 C1 A 2026-07-05 30", "J A C1 credit_note 2026-07-20 -20", True),
        ("1 C1 A 2026-07-05 30", "J A C1 credit_note 2026-07-02 -20", False),
        ("1 C1 A 2026-07-05 30", "J B C1 credit_note 2026-07-20 -20", False),
        ("1 C1 A 2026-07-05 30", "J A C1 write_off 2026-07-20 -20", False),
        ("", "J A C1 credit_note 2026-07-05 -50", False),  # a credit note alone
        ("1 C1 A 2026-07-05 10", "J A C1 credit_note 2026-07-06 -50", True),
        ("1 C1 - 2026-07-05 30", "J A C1 write_off 2026-07-04 -50", False),
    ],
)
def test_credits_lessen_what_is_to_be_covered(
    tmp_path: Path, payments: str, credits: str, is_paid: bool
) -> None:
    operator(tmp_path, payment_07=payments, adjustment_07=credits)
    assert verdict(tmp_path) is is_paid


def test_a_disputed_bill_takes_only_what_names_it(tmp_path: Path) -> None:
    disputed = """A S1 C1 2026-04 50 2026-05-15 true
                  B S1 C1 2026-05 30 2026-06-15 -"""
    operator(tmp_path, disputed, payment_07="1 C1 - 2026-07-05 30")
    assert verdict(tmp_path, amount=3000) is True
    operator(tmp_path, disputed, payment_07="1 C1 A 2026-07-05 30")
    assert verdict(tmp_path, amount=3000) is False


@pytest.mark.parametrize(
    ("balance", "listed", "left"),
    [("0", True, 50), ("49.99", True, 0.01), ("50", False, 0), ("80", False, 0)],
)
def test_money_in_hand_is_set_off_once(
    tmp_path: Path, balance: str, listed: bool, left: float
) -> None:
    operator(tmp_path, balance=f"C1 {balance}")
    held, office = Held(tmp_path, list(MONTHS), "2026-06", THETA), Office()
    assert members(held, office)["arrears"] == ({"C1"} if listed else set())
    opening = office.opening(held, "2026-06")
    assert opening.amount(opening.listed("arrears")) == round(left * 100)


def promise(source: Path, month: str = "2026-07") -> tuple[int, int]:
    """Kept and due promises: 50 yuan for the 20th, said on the 6th."""
    office = Office()
    order = {
        "order_id": "O", "list": "arrears", "customer_id": "C1", "service_id": "S1", "month": "2026-06",
        "arm": "treated", "amount": 5000, "dispatched_on": date(2026, 7, 3), "due_on": date(2026, 7, 14),
    }  # fmt: skip
    answer: dict[str, Any] = {
        "order_id": "O", "outcome": "promised", "contacted_on": date(2026, 7, 6), "promised_amount": 50,
        "promised_on": date(2026, 7, 20),
    }  # fmt: skip
    office.add("2026-06", [order], [answer])
    part = promises_kept(Held(source, month_folders(source), month, THETA), office)
    assert part.den is not None
    return int(part.num.sum()), int(part.den.sum())


@pytest.mark.parametrize(
    ("payments", "credits", "expected"),
    [
        ("1 C1 A 2026-07-06 50", "", (1, 1)),
        ("1 C1 A 2026-07-05 50", "", (0, 1)),
        ("1 C1 A 2026-07-23 50", "", (1, 1)),
        ("1 C1 A 2026-07-24 50", "", (0, 1)),
        ("1 C1 A 2026-07-20 50\n2 C1 A 2026-07-22 -50", "", (0, 1)),
        ("1 C1 A 2026-07-20 50\n2 C1 A 2026-07-31 -50", "", (0, 1)),
        ("1 C1 A 2026-07-20 20", "J A C1 credit_note 2026-07-22 -30", (1, 1)),
        ("1 C1 A 2026-07-20 20", "J A C1 credit_note 2026-07-24 -30", (0, 1)),
        ("", "J A C1 credit_note 2026-07-22 -50", (0, 0)),  # void
        ("", "J A C1 write_off 2026-07-22 -50", (0, 1)),
    ],
)
def test_promises(
    tmp_path: Path, payments: str, credits: str, expected: tuple[int, int]
) -> None:
    operator(tmp_path, payment_07=payments, adjustment_07=credits)
    assert promise(tmp_path) == expected


def test_orders_go_out_on_the_third_working_day() -> None:
    assert dispatch_date("2026-09") == date(2026, 10, 10)
    assert dispatch_date("2026-06") == date(2026, 7, 3)
