"""The months a KPI looks back on: each must be held, or the KPI is not computed and names those that are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.core.month import Month
from pipelines.rooms.context import Context

HELD = "features_held_month"


def window_gaps(context: Context, meta: Mapping[str, Any]) -> list[str]:
    """Name the months of a KPI's `window` that are not held; none where it has no window.

    `window_of` names the table of the months known, where being held is not enough.
    """
    if "window" not in meta:
        return []
    known = _known(context, meta.get("window_of", HELD))
    return [
        f"not held: {month}"
        for month in _months(context, meta["window"])
        if str(month) not in known
    ]


def _known(context: Context, table: str) -> set[str]:
    months = {str(context.month)} if table == HELD else set()
    if context.is_computed(table):
        months |= {row["month"] for row in context.engine.rows(f"SELECT month FROM {table}")}
    return months


def _months(context: Context, window: str) -> list[Month]:
    """The months of a window, oldest first."""
    now = context.month
    year = _run(now, now.number)
    if window == "six_months":
        return _run(now, 6)
    if window == "two_years":
        return [*_run(now.plus(-12), now.number), *year]
    if (
        window == "base_year"
    ):  # the twelve months to the base, which is December where they are held
        return [*_run(Month(now.year - 1, 12), 12), *year]
    return year


def _run(last: Month, count: int) -> list[Month]:
    return [last.plus(-ago) for ago in reversed(range(count))]
