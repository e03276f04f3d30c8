"""What became of orders since they were released: changed, or overdue.

It is read from the office as from any source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from pipelines.core.month import Month
from pipelines.sources.office.connection import select_rows
from pipelines.sources.office.tables import (
    ANSWERS,
    CHANGES,
    ORDERS,
    WITHDRAWN,
    is_last_change,
)

__all__ = [
    "WITHDRAWN",
    "Change",
    "count_overdue",
    "list_months_in_book",
    "read_changes",
]

_CARRIED_MONTHS = 2  # before a book's own: of an older order no answer is taken


@dataclass(frozen=True)
class Change:
    """What was decided about an order, by whom, on which day (UTC) and why.

    From then on the order is the manager's with `manager_id`.
    """

    order_id: str
    kind: str
    manager_id: str | None
    why: str
    actor: str
    on: str


def read_changes(url: str, *months: Month) -> Mapping[str, tuple[Change, ...]]:
    """Return the changes of the orders of months by order, oldest first.

    An office that was never opened knows of none. Raise SourceNotReady when it cannot be reached.
    """
    changes: dict[str, tuple[Change, ...]] = {}
    for row in select_rows(url, _query_changes(months)):
        change = Change(
            order_id=row["order_id"],
            kind=row["kind"],
            manager_id=row["manager_id"],
            why=row["why"],
            actor=row["actor"],
            on=str(row["at"])[:10],
        )
        earlier = changes.get(change.order_id, ())
        changes[change.order_id] = (*earlier, change)
    return changes


def list_months_in_book(month: Month) -> list[Month]:
    """Return the months whose orders a month's workbooks may hold: its own, and those before it."""
    return [month.plus(-ago) for ago in range(_CARRIED_MONTHS + 1)]


def count_overdue(url: str, today: date) -> dict[tuple[str, str], int]:
    """Count by (month, list) the orders due before today that nobody answered or took back.

    An office that was never opened has none. Raise SourceNotReady when it cannot be reached, or
    its URL is none.
    """
    counts: dict[tuple[str, str], int] = {}
    for row in select_rows(url, _query_overdue(today)):
        counts[row["month"], row["list"]] = int(row["order_count"])
    return counts


def _query_changes(months: Sequence[Month]) -> sa.Select[tuple[object, ...]]:
    """Return the query for the changes of the orders of months."""
    names = [str(month) for month in months]
    return (
        sa.select(
            CHANGES.c.order_id,
            CHANGES.c.kind,
            CHANGES.c.manager_id,
            CHANGES.c.why,
            CHANGES.c.actor,
            CHANGES.c.at,
        )
        .join(ORDERS, ORDERS.c.order_id == CHANGES.c.order_id)
        .where(ORDERS.c.month.in_(names))
        .order_by(CHANGES.c.id)
    )


def _query_overdue(today: date) -> sa.Select[tuple[object, ...]]:
    """Return the query for the count of overdue orders by month and list."""
    is_answered = sa.exists().where(ANSWERS.c.order_id == ORDERS.c.order_id)
    is_withdrawn = sa.exists().where(
        CHANGES.c.order_id == ORDERS.c.order_id,
        CHANGES.c.kind == WITHDRAWN,
        is_last_change(),
    )
    order_count = sa.func.count().label("order_count")
    return (
        sa.select(ORDERS.c.month, ORDERS.c.list, order_count)
        .where(ORDERS.c.due_on < today, ~is_answered, ~is_withdrawn)
        .group_by(ORDERS.c.month, ORDERS.c.list)
    )
