"""Money received: what was taken back of it, and which bills the rest has paid.

keep_payments(payments)                   what is left of each payment
assign_payments(bills, credits, kept)     what each of them has paid of which bill
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple


@dataclass(frozen=True)
class Payment:
    """Money that came in; below 0, money that was taken back. It may name a bill."""

    id: str
    customer_id: str
    bill_id: str | None
    paid_on: date
    amount: Decimal


@dataclass(frozen=True)
class Bill:
    """A bill that may be paid from a day on, and how much of it is open then.

    One that is named only takes no payment but those that name it.
    """

    id: str
    customer_id: str
    due_on: date
    opens_on: date
    amount: Decimal
    is_named_only: bool = False


class Credit(NamedTuple):
    """What was taken off a bill on a day: an amount below 0."""

    bill_id: str
    on_day: date
    amount: Decimal


class Share(NamedTuple):
    """What a payment has paid of a bill."""

    payment_id: str
    bill_id: str
    paid_on: date
    amount: Decimal


def keep_payments(payments: Iterable[Payment]) -> list[Payment]:
    """Return what is left of each payment, those of which nothing is left out.

    Money that is taken back is taken from the latest payments by that day that name the same bill,
    then (or at once, where it names none) from its customer's latest of any kind. Of one day,
    money comes in before it is taken back, and the higher id is the later one.
    """
    left: dict[Payment, Decimal] = {}  # ids of two months may be the same
    of_bill: dict[str, list[Payment]] = defaultdict(list)
    of_customer: dict[str, list[Payment]] = defaultdict(list)
    for payment in sorted(payments, key=_order_payments):
        if payment.amount > 0:
            left[payment] = payment.amount
            of_customer[payment.customer_id].append(payment)
            if payment.bill_id is not None:
                of_bill[payment.bill_id].append(payment)
            continue

        missing = -payment.amount
        if payment.bill_id is not None:
            same_bill = of_bill[payment.bill_id]
            missing = _take_back(same_bill, left, missing)
        same_customer = of_customer[payment.customer_id]
        _take_back(same_customer, left, missing)

    remaining = []
    for payment, amount in left.items():
        if amount:
            remaining.append(replace(payment, amount=amount))
    return remaining


def _order_payments(payment: Payment) -> tuple[date, bool, str, Decimal]:
    """By day; what came in before what was taken back."""
    is_taken_back = payment.amount <= 0
    return payment.paid_on, is_taken_back, payment.id, payment.amount


def _take_back(
    payments: list[Payment], left: dict[Payment, Decimal], missing: Decimal
) -> Decimal:
    """Take an amount from the latest of the payments; return what they did not have."""
    while missing and payments:
        latest = payments[-1]
        taken = min(left[latest], missing)
        left[latest] -= taken
        missing -= taken
        if not left[latest]:
            payments.pop()
    return missing


def assign_payments(
    bills: Iterable[Bill], credits: Iterable[Credit], kept: Iterable[Payment]
) -> Iterator[Share]:
    """Yield what each payment has paid of which bill, day after day.

    A payment that names a bill pays that, as far as it is open. What is over, and one that names
    none or a closed one, pays its customer's oldest open bill first. Credits come before the
    payments of their day; what no bill takes is left in hand.
    """
    in_order = sorted(bills, key=_order_bills)
    is_open: dict[str, Decimal] = {}
    by_id: dict[str, Bill] = {}
    for bill in in_order:
        is_open[bill.id] = bill.amount
        by_id[bill.id] = bill

    waiting = sorted(credits, key=_order_credits)
    for payment in sorted(kept, key=_order_payments):
        while waiting and waiting[0].on_day <= payment.paid_on:
            credit = waiting.pop(0)
            is_open[credit.bill_id] += credit.amount
        yield from _pay_bills(payment, by_id, in_order, is_open)


def _pay_bills(
    payment: Payment,
    by_id: dict[str, Bill],
    in_order: Sequence[Bill],
    is_open: dict[str, Decimal],
) -> Iterator[Share]:
    """Yield what one payment pays: of the bill it names, then of the oldest ones."""
    left = payment.amount
    takers = []
    if payment.bill_id in by_id:
        takers.append(by_id[payment.bill_id])
    for bill in in_order:
        is_of_payer = bill.customer_id == payment.customer_id
        if is_of_payer and not bill.is_named_only:
            takers.append(bill)

    for bill in takers:
        amount = min(left, is_open[bill.id])
        is_payable = bill.opens_on <= payment.paid_on
        if amount > 0 and is_payable:
            is_open[bill.id] -= amount
            left -= amount
            yield Share(payment.id, bill.id, payment.paid_on, amount)


def _order_bills(bill: Bill) -> tuple[date, str]:
    """The oldest first."""
    return bill.due_on, bill.id


def _order_credits(credit: Credit) -> tuple[date, str, Decimal]:
    """By day."""
    return credit.on_day, credit.bill_id, credit.amount
