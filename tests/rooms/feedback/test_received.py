"""Where money went, bill by bill: by hand, and yuan by yuan against a slower way of saying the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.rooms.feedback.received import (
    Bill,
    Credit,
    Payment,
    assign_payments,
    keep_payments,
)


def day(number: int) -> date:
    return date(2026, 9, number)


def paid(
    name: str,
    on: int,
    amount: int,
    bill: str | None = None,
    who: str = "ann",
) -> Payment:
    return Payment(name, who, bill, day(on), Decimal(amount))


def billed(
    name: str,
    due: int,
    amount: int,
    who: str = "ann",
    opens: int = 1,
    is_named_only: bool = False,
) -> Bill:
    return Bill(name, who, day(due), day(opens), Decimal(amount), is_named_only)


# -- what came back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payments", "kept"),
    [
        ([paid("a", 1, 50)], {"a": 50}),
        ([paid("a", 1, 50), paid("b", 2, -50)], {}),
        ([paid("a", 1, 50), paid("b", 2, -20)], {"a": 30}),
        ([paid("a", 1, 50), paid("b", 2, -80)], {}),
        # Too early to be taken from; of one day money comes in first, whatever its id.
        ([paid("b", 1, -50), paid("a", 2, 50)], {"a": 50}),
        ([paid("a", 1, -50), paid("b", 1, 50)], {}),
        # From the latest by day, of one day by the higher id, and on to the one before.
        ([paid("a", 1, 50), paid("b", 2, 50), paid("c", 3, -60)], {"a": 40}),
        ([paid("z", 1, 50), paid("a", 2, 50), paid("c", 3, -50)], {"z": 50}),
        ([paid("b", 1, 50), paid("a", 1, 50), paid("c", 3, -50)], {"a": 50}),
        # Of the bill it names first, then of its customer's; nobody else's.
        ([paid("a", 1, 50, "x"), paid("b", 2, 50), paid("c", 3, -50, "x")], {"b": 50}),
        ([paid("a", 1, 50, "x"), paid("b", 2, 50), paid("c", 3, -70, "x")], {"b": 30}),
        ([paid("a", 1, 50, "y"), paid("c", 3, -20, "x")], {"a": 30}),
        ([paid("a", 1, 50), paid("c", 3, -20, None, "bob")], {"a": 50}),
        ([paid("a", 1, 50, "x", "bob"), paid("c", 3, -20, "x")], {"a": 30}),
        # What was taken from a bill is gone for its customer too.
        (
            [paid("a", 1, 50, "x"), paid("c", 2, -50, "x"), paid("d", 3, -10)],
            {},
        ),
        # Nothing, and nothing taken back.
        ([paid("a", 1, 50), paid("b", 2, 0)], {"a": 50}),
    ],
)
def test_what_is_taken_back_is_taken_from_the_latest(
    payments: list[Payment], kept: dict[str, int]
) -> None:
    left = keep_payments(reversed(payments))
    assert {payment.id: payment.amount for payment in left} == kept


def test_payments_of_two_months_may_have_one_id() -> None:
    left = keep_payments([paid("a", 1, 50), paid("a", 2, 50)])
    assert [payment.paid_on for payment in left] == [day(1), day(2)]


# -- which bill it paid --------------------------------------------------------------------------------------------

OLD, NEW = billed("old", 5, 30), billed("new", 10, 30)


@pytest.mark.parametrize(
    ("bills", "credits", "payments", "shares"),
    [
        ([NEW, OLD], [], [paid("a", 20, 40)], [("a", "old", 30), ("a", "new", 10)]),
        ([OLD, NEW], [], [paid("a", 20, 99)], [("a", "old", 30), ("a", "new", 30)]),
        ([OLD, NEW], [], [paid("a", 20, 40, "new")], [("a", "new", 30), ("a", "old", 10)]),
        ([OLD, NEW], [], [paid("a", 20, 10, "gone")], [("a", "old", 10)]),
        (
            [OLD],
            [],
            [paid("b", 21, 20), paid("a", 20, 20)],
            [("a", "old", 20), ("b", "old", 10)],
        ),
        # Of one due day by id, and of one day the lower id of a payment first.
        ([billed("b", 5, 9), billed("a", 5, 9)], [], [paid("p", 9, 9)], [("p", "a", 9)]),
        (
            [OLD],
            [],
            [paid("b", 20, 20), paid("a", 20, 20)],
            [("a", "old", 20), ("b", "old", 10)],
        ),
        # Another's bill is paid where it is named, and what is over pays one's own.
        ([OLD], [], [paid("a", 20, 10, None, "bob")], []),
        (
            [OLD, billed("his", 9, 30, "bob")],
            [],
            [paid("a", 20, 40, "old", "bob")],
            [("a", "old", 30), ("a", "his", 10)],
        ),
        # Named only; not before it opens, but on that day.
        ([billed("x", 5, 30, is_named_only=True)], [], [paid("a", 20, 10)], []),
        (
            [billed("x", 5, 30, is_named_only=True)],
            [],
            [paid("a", 20, 10, "x")],
            [("a", "x", 10)],
        ),
        ([billed("x", 5, 30, opens=8)], [], [paid("a", 7, 10)], []),
        ([billed("x", 5, 30, opens=8)], [], [paid("a", 8, 10)], [("a", "x", 10)]),
        # Credits count before the payments of their day and not before it.
        ([OLD], [Credit("old", day(20), Decimal(-10))], [paid("a", 20, 30)], [("a", "old", 20)]),
        ([OLD], [Credit("old", day(21), Decimal(-10))], [paid("a", 20, 30)], [("a", "old", 30)]),
        (
            [OLD, NEW],
            [Credit("new", day(12), Decimal(-5)), Credit("old", day(11), Decimal(-5))],
            [paid("a", 11, 99), paid("b", 12, 99)],
            [("a", "old", 25), ("a", "new", 30)],
        ),
        ([OLD], [Credit("old", day(2), Decimal(-40))], [paid("a", 20, 30)], []),
    ],
)  # fmt: skip
def test_a_payment_pays_what_it_names_and_then_the_oldest(
    bills: list[Bill],
    credits: list[Credit],
    payments: list[Payment],
    shares: list[tuple[str, str, int]],
) -> None:
    found = list(assign_payments(bills, credits, payments))
    assert [(s.payment_id, s.bill_id, int(s.amount)) for s in found] == shares
    days = {payment.id: payment.paid_on for payment in payments}
    assert all(share.paid_on == days[share.payment_id] for share in found)


# -- yuan by yuan --------------------------------------------------------------------------------------------------

names = st.sampled_from(("ann", "bob"))
days = st.integers(1, 6)
bill_lists = st.lists(
    st.builds(
        billed, st.text("xyz", min_size=1, max_size=2), days, st.integers(1, 8),
        who=names, opens=days, is_named_only=st.booleans(),
    ),
    max_size=4, unique_by=lambda bill: bill.id,
)  # fmt: skip
payment_lists = st.lists(
    st.builds(
        paid, st.text("abc", min_size=1, max_size=2), days, st.integers(-8, 8),
        bill=st.none() | st.text("xyz", min_size=1, max_size=2), who=names,
    ),
    max_size=6, unique_by=lambda payment: payment.id,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(payments=payment_lists)
def test_yuan_by_yuan_the_same_is_kept(payments: list[Payment]) -> None:
    in_order = sorted(payments, key=lambda p: (p.paid_on, p.amount <= 0, p.id))
    purse: list[Payment] = []  # a payment as often as it has yuan left
    for payment in in_order:
        purse += [payment] * max(int(payment.amount), 0)
        for _ in range(max(-int(payment.amount), 0)):
            own = [p for p in purse if p.customer_id == payment.customer_id]
            same = [
                p for p in purse if payment.bill_id and p.bill_id == payment.bill_id
            ]
            taken = (same or own)[-1:]
            if taken:
                purse.reverse()
                purse.remove(taken[0])
                purse.reverse()
    wanted = Counter(payment.id for payment in purse)
    assert {p.id: p.amount for p in keep_payments(payments)} == wanted


@settings(max_examples=300, deadline=None)
@given(bills=bill_lists, payments=payment_lists)
def test_yuan_by_yuan_the_same_is_paid(
    bills: list[Bill], payments: list[Payment]
) -> None:
    incoming = [payment for payment in payments if payment.amount > 0]
    wanted: Counter[tuple[str, str]] = Counter()
    is_open = {bill.id: int(bill.amount) for bill in bills}
    for payment in sorted(incoming, key=lambda p: (p.paid_on, p.id)):
        for _ in range(int(payment.amount)):
            bill = find_taker(payment, bills, is_open)
            if bill is not None:
                is_open[bill.id] -= 1
                wanted[payment.id, bill.id] += 1
    found = {
        (share.payment_id, share.bill_id): share.amount
        for share in assign_payments(bills, [], incoming)
    }
    assert found == wanted


def find_taker(
    payment: Payment, bills: Sequence[Bill], is_open: dict[str, int]
) -> Bill | None:
    """The bill that takes the next yuan of a payment."""
    able = [b for b in bills if is_open[b.id] and b.opens_on <= payment.paid_on]
    named = [bill for bill in able if bill.id == payment.bill_id]
    own = [b for b in able if b.customer_id == payment.customer_id]
    free = [bill for bill in own if not bill.is_named_only]
    in_order = named + sorted(free, key=lambda bill: (bill.due_on, bill.id))
    return in_order[0] if in_order else None
