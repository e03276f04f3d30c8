"""What became of orders since they left the house, read from the office as any source is: changed, or overdue."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from pipelines.core.errors import SourceNotReady
from pipelines.core.month import Month
from pipelines.sources.office import OfficeReading, looked_at, office_engine, read_office

WITHDRAWN = "withdrawn"
_CHANGES = """
    SELECT c.order_id, c.kind, c.manager_id, c.why, c.actor, c.at
    FROM console_orderchange AS c JOIN console_order AS o ON o.order_id = c.order_id
    WHERE o.month = :month ORDER BY c.id
"""

_OVERDUE = """
    SELECT o.month, o.list, COUNT(*) AS order_count
    FROM console_order AS o
    WHERE o.due_on < :today
      AND NOT EXISTS (SELECT 1 FROM console_answer AS a WHERE a.order_id = o.order_id)
      AND NOT EXISTS (
        SELECT 1 FROM console_orderchange AS c
        WHERE c.order_id = o.order_id AND c.kind = 'withdrawn'
          AND c.id = (SELECT MAX(d.id) FROM console_orderchange AS d WHERE d.order_id = o.order_id)
      )
    GROUP BY o.month, o.list
"""

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


@dataclass(frozen=True)
class Change:
    """What was decided about an order, by whom, on which day (UTC) and why; `manager_id` has it from then on."""

    order_id: str
    kind: str
    manager_id: str | None
    why: str
    actor: str
    on: str


def read_changes(url: str, month: Month) -> Mapping[str, tuple[Change, ...]]:
    """Return the changes of a month's orders, oldest first; an office that was never opened knows of none.

    Raise SourceNotReady when it cannot be reached.
    """
    found: dict[str, tuple[Change, ...]] = {}
    for row in _ask(url, sa.text(_CHANGES).bindparams(month=str(month))):
        facts = {name: row[name] for name in ("order_id", "kind", "manager_id", "why", "actor")}
        one = Change(**facts, on=str(row["at"])[:10])
        found[one.order_id] = (*found.get(one.order_id, ()), one)
    return found


def read_day_office(url: str, month: Month, day: date) -> OfficeReading:
    """Read the office as it was by a day of the month, and with it `order`: debts with a promise, as they stand by now.

    Raise SourceNotReady when it cannot be reached.
    """
    reading = read_office(url, month, until=day)
    orders = pa.Table.from_pylist(_promised(url, month), schema=_ORDER)
    text = reading.sha256 + repr(orders.to_pylist())
    return OfficeReading({**reading.tables, "order": orders}, hashlib.sha256(text.encode()).hexdigest())


def _promised(url: str, month: Month) -> list[Mapping[str, Any]]:
    asked = sa.text(_PROMISED).bindparams(sa.bindparam("months", looked_at(month), expanding=True))
    return _ask(url, asked.columns(dispatched_on=sa.Date))  # SQLite keeps days as texts


def count_overdue(url: str, today: date) -> dict[tuple[str, str], int]:
    """Count by (month, list) the orders due before today that nobody has answered or taken back.

    An office that was never opened has none. Raise SourceNotReady when it cannot be reached, or its URL is none.
    """
    asked = sa.text(_OVERDUE).bindparams(sa.bindparam("today", today, sa.Date))
    return {(row["month"], row["list"]): int(row["order_count"]) for row in _ask(url, asked)}


def _ask(url: str, asked: sa.Executable) -> list[Mapping[str, Any]]:
    """Ask the office for rows; one that was never opened has none. Raise SourceNotReady when it cannot be reached."""
    engine = office_engine(url)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return []
    try:
        if not sa.inspect(engine).has_table("console_orderchange"):
            return []
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(asked).mappings()]
    except sa.exc.DBAPIError as error:
        raise SourceNotReady("office.away", why=type(error.orig).__name__) from None
    finally:
        engine.dispose()
