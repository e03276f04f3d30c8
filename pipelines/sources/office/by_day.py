"""The office as it was by a day.

With it go the debts that promises were made for, as they stand by now.
"""

from __future__ import annotations

import hashlib
from datetime import date

import pyarrow as pa
import sqlalchemy as sa

from pipelines.core.month import Month
from pipelines.sources.office.answers import (
    OfficeReading,
    list_open_months,
    read_office,
)
from pipelines.sources.office.connection import select_rows
from pipelines.sources.office.tables import (
    ANSWERS,
    CHANGES,
    ORDERS,
    WITHDRAWN,
    is_last_change,
)

_ORDER = pa.schema(
    [
        ("order_id", pa.string()),
        ("customer_id", pa.string()),
        ("branch_id", pa.string()),
        ("manager_id", pa.string()),
        ("dispatched_on", pa.date32()),
    ]
)


def read_day_office(url: str, month: Month, day: date) -> OfficeReading:
    """Read the office as it was by a day of the month.

    Its table `order` has the debts with a promise, as they stand by now. Raise SourceNotReady
    when the office cannot be reached.
    """
    reading = read_office(url, month, until=day)
    rows = [dict(row) for row in select_rows(url, _query_promised(month))]
    orders = pa.Table.from_pylist(rows, schema=_ORDER)
    text = reading.sha256 + repr(orders.to_pylist())
    digest = hashlib.sha256(text.encode()).hexdigest()
    return OfficeReading({**reading.tables, "order": orders}, digest)


def _query_promised(month: Month) -> sa.Select[tuple[object, ...]]:
    """Return the query for the debts with a promise, by the manager who has each of them now."""
    manager_id = sa.case(
        (CHANGES.c.id.is_(None), ORDERS.c.manager_id), else_=CHANGES.c.manager_id
    ).label("manager_id")
    has_last_change = sa.and_(CHANGES.c.order_id == ORDERS.c.order_id, is_last_change())
    is_standing = sa.or_(CHANGES.c.kind.is_(None), CHANGES.c.kind != WITHDRAWN)
    has_promise = sa.exists().where(
        ANSWERS.c.order_id == ORDERS.c.order_id, ANSWERS.c.promised_on.is_not(None)
    )
    return (
        sa.select(
            ORDERS.c.order_id,
            ORDERS.c.customer_id,
            ORDERS.c.branch_id,
            ORDERS.c.dispatched_on,
            manager_id,
        )
        .select_from(ORDERS.outerjoin(CHANGES, has_last_change))
        .where(
            ORDERS.c.month.in_(list_open_months(month)),
            ORDERS.c.purpose == "debt",
            is_standing,
            has_promise,
        )
        .order_by(ORDERS.c.order_id)
    )
