"""The months a KPI looks back on: where one is not held, it is named and the KPI not computed."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import select

from pipelines.core.month import Month
from pipelines.core.reasons import Reason
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.queries import sql_of

HELD = "features_held_month"


def find_window_gaps(
    context: Context, meta: Mapping[str, object]
) -> tuple[Reason, ...]:
    """Name the months of a KPI's `window` that are not held; none where it has no window.

    `meta` is its front matter. Its `window_of` names the table of the months known, where being
    held is not enough.
    """
    if "window" not in meta:
        return ()
    table = str(meta.get("window_of", HELD))
    known = _known_months(context, table)
    window = str(meta["window"])
    gaps = []
    for month in _window_months(context.month, window):
        if str(month) not in known:
            gaps.append(Reason.not_held(month))
    return tuple(gaps)


def _known_months(context: Context, table: str) -> set[str]:
    """Return the months that a table names; of those held, this one too."""
    months = set()
    if table == HELD:
        months.add(str(context.month))
    if context.is_computed(table):
        query = select("month").from_(table)
        rows = context.engine.rows(sql_of(query))
        months.update(row["month"] for row in rows)
    return months


def _window_months(now: Month, window: str) -> list[Month]:
    """Return the months of a window, oldest first."""
    if window == "six_months":
        return _last_months(now, 6)
    this_year = _last_months(now, now.number)
    if window == "two_years":
        a_year_ago = now.plus(-12)
        return _last_months(a_year_ago, now.number) + this_year
    if window == "base_year":
        # The twelve months to the base, which is December where they are held.
        december = Month(now.year - 1, 12)
        return _last_months(december, 12) + this_year
    return this_year


def _last_months(last: Month, count: int) -> list[Month]:
    """Return so many months up to the last one, oldest first."""
    return [last.plus(-ago) for ago in reversed(range(count))]
