"""The office as it was by a day, with the debts that promises were made for as they stand by now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from pipelines.core.month import Month
from pipelines.sources.office.answers import OfficeReading, looked_at, read_office
from pipelines.sources.office.asking import ask_office

_PROMISED = """
    SELECT o.order_id, o.customer_id, o.branch_id, o.dispatched_on,
        CASE WHEN c.id IS NULL THEN o.manager_id ELSE c.manager_id END AS manager_id
    FROM console_order AS o
    LEFT JOIN console_orderchange AS c
        ON c.order_id = o.order_id
        AND c.id = (SELECT MAX(d.id) FROM console_orderchange AS d WHERE d.order_id = o.order_id)
    WHERE o.month IN :months AND o.purpose = 'debt' AND (c.kind IS NULL OR c.kind <> 'withdrawn')
      AND EXISTS (SELECT 1 FROM console_answer AS a WHERE a.order_id = o.order_id AND a.promised_on IS NOT NULL)
    ORDER BY o.order_id
"""
_ORDER = pa.schema(
    [
        *((name, pa.string()) for name in ("order_id", "customer_id", "branch_id", "manager_id")),
        ("dispatched_on", pa.date32()),
    ]
)


def read_day_office(url: str, month: Month, day: date) -> OfficeReading:
    """Read the office as it was by a day of the month, and with it `order`: debts with a promise, as they stand by now.

    Raise SourceNotReady when it cannot be reached.
    """
    reading = read_office(url, month, until=day)
    orders = pa.Table.from_pylist(_promised(url, month), schema=_ORDER)
    text = reading.sha256 + repr(orders.to_pylist())
    return OfficeReading(
        {**reading.tables, "order": orders}, hashlib.sha256(text.encode()).hexdigest()
    )


def _promised(url: str, month: Month) -> list[Mapping[str, Any]]:
    asked = sa.text(_PROMISED).bindparams(sa.bindparam("months", looked_at(month), expanding=True))
    return ask_office(url, asked.columns(dispatched_on=sa.Date))  # SQLite keeps days as texts
