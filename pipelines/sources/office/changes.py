"""What became of orders since they left the house, read from the office as any source is: changed, or overdue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from pipelines.core.month import Month
from pipelines.sources.office.asking import ask_office

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
    for row in ask_office(url, sa.text(_CHANGES).bindparams(month=str(month))):
        facts = {name: row[name] for name in ("order_id", "kind", "manager_id", "why", "actor")}
        one = Change(**facts, on=str(row["at"])[:10])
        found[one.order_id] = (*found.get(one.order_id, ()), one)
    return found


def count_overdue(url: str, today: date) -> dict[tuple[str, str], int]:
    """Count by (month, list) the orders due before today that nobody has answered or taken back.

    An office that was never opened has none. Raise SourceNotReady when it cannot be reached, or its URL is none.
    """
    asked = sa.text(_OVERDUE).bindparams(sa.bindparam("today", today, sa.Date))
    return {(row["month"], row["list"]): int(row["order_count"]) for row in ask_office(url, asked)}
