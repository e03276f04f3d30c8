"""Write down the money: bills, adjustments, receivables, payments, balances."""

import numpy as np
import pyarrow as pa

from twin import codes
from twin.books.master import customer_ids, service_ids
from twin.world.rows import Array
from twin.world.state import World
from twin.writer import boolean, date, identifier, money, text


def bill_ids(numbers: Array) -> pa.Array:
    """Write bill ids: month and number."""
    return identifier("B", numbers, 15)


def month_labels(months: Array) -> pa.Array:
    """Write bill months as YYYY-MM."""
    known, position = np.unique(months, return_inverse=True)
    return text(tuple(str(np.datetime64(int(month), "M")) for month in known), position)


def event_ids(world: World, prefix: str, size: int) -> pa.Array:
    """Number the month's events of one kind."""
    return identifier(prefix, world.span.compact * 10**9 + np.arange(1, size + 1), 15)


def bill_table(world: World) -> pa.Table:
    """Write the month's bills."""
    bills = world.happened.bills
    return pa.table(
        {
            "bill_id": bill_ids(bills.number),
            "service_id": service_ids(bills.service),
            "customer_id": customer_ids(bills.customer),
            "bill_month": month_labels(bills.month),
            "billed_amount": money(bills.billed),
            "adjustment_amount": money(bills.credit),
            "due_on": date(bills.due_on),
        }
    )


def adjustment_table(world: World) -> pa.Table:
    """Write the month's adjustments."""
    made = world.happened.adjustments
    return pa.table(
        {
            "adjustment_id": event_ids(world, "A", len(made)),
            "bill_id": bill_ids(made.bill),
            "customer_id": customer_ids(made.customer),
            "kind": text(codes.ADJUSTMENTS, made.kind),
            "adjusted_on": date(made.day),
            "amount": money(made.amount),
        }
    )


def receivable_table(world: World) -> pa.Table:
    """Write every bill still open."""
    bills = world.bills
    return pa.table(
        {
            "bill_id": bill_ids(bills.number),
            "service_id": service_ids(bills.service),
            "customer_id": customer_ids(bills.customer),
            "bill_month": month_labels(bills.month),
            "open_amount": money(bills.open),
            "due_on": date(bills.due_on),
            "is_disputed": boolean(bills.disputed),
        }
    )


def payment_table(world: World) -> pa.Table:
    """Write the money received in the month."""
    paid = world.happened.payments
    return pa.table(
        {
            "payment_id": event_ids(world, "Y", len(paid)),
            "customer_id": customer_ids(paid.customer),
            "bill_id": bill_ids(paid.bill),
            "paid_on": date(paid.day),
            "amount": money(paid.amount),
        }
    )


def prepaid_table(world: World, shown: Array) -> pa.Table:
    """Write the balances of prepaid customers."""
    rows = np.flatnonzero(
        shown
        & ((world.customers.payer == codes.PREPAID) | (world.customers.prepaid > 0))
    )
    return pa.table(
        {
            "customer_id": customer_ids(rows),
            "balance_amount": money(world.customers.prepaid[rows]),
        }
    )
