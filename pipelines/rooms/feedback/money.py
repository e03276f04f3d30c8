"""Where money received went: each order's ledger, settled day after day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from pipelines.catalogue.steps import read_step
from pipelines.rooms.context import Context
from pipelines.rooms.feedback.received import (
    Bill,
    Credit,
    Payment,
    assign_payments,
    keep_payments,
)
from pipelines.rooms.made_rows import MadeRow, write_made_rows

ROOM = "feedback"
_BATCH_ROWS = 10_000


class Entry(NamedTuple):
    """A row of a ledger: a bill, a payment, or what was taken off a bill."""

    order_id: str
    kind: str
    entry_id: str
    on_day: date
    customer_id: str
    bill_id: str | None
    amount: Decimal
    due_on: date
    is_named_only: bool


def write_money(context: Context, ledger: str, table: str) -> None:
    """Write what of each payment went to which bill of an order, as its ledger tells it.

    Not computed where the ledger is not.
    """
    if not context.is_computed(ledger):
        context.record_missing(table, context.missing_reasons(ledger))
        return
    write_made_rows(context, table, _settle_orders(_read_entries(context, ledger)))


def _read_entries(context: Context, ledger: str) -> Iterator[Entry]:
    """Yield a ledger's entries, those of an order together."""
    sql = read_step(ROOM, "ledger_entries").bind_inputs({"ledger": ledger})
    answer = context.engine.execute(sql)
    while rows := answer.fetchmany(_BATCH_ROWS):
        for row in rows:
            yield Entry(*row)


def _settle_orders(entries: Iterable[Entry]) -> Iterator[MadeRow]:
    """Yield the rows of the table, order after order."""
    for order_id, of_order in groupby(entries, key=attrgetter("order_id")):
        bills: list[Bill] = []
        credits: list[Credit] = []
        payments: list[Payment] = []
        for entry in of_order:
            if entry.kind == "bill":
                bills.append(_read_bill(entry))
            elif entry.kind == "payment":
                payments.append(_read_payment(entry))
            elif entry.bill_id is not None:
                credits.append(Credit(entry.bill_id, entry.on_day, entry.amount))

        for share in assign_payments(bills, credits, keep_payments(payments)):
            yield {"order_id": order_id, **share._asdict()}


def _read_bill(entry: Entry) -> Bill:
    """The bill of an entry."""
    return Bill(
        id=entry.entry_id,
        customer_id=entry.customer_id,
        due_on=entry.due_on,
        opens_on=entry.on_day,
        amount=entry.amount,
        is_named_only=entry.is_named_only,
    )


def _read_payment(entry: Entry) -> Payment:
    """The payment of an entry."""
    return Payment(
        id=entry.entry_id,
        customer_id=entry.customer_id,
        bill_id=entry.bill_id,
        paid_on=entry.on_day,
        amount=entry.amount,
    )
