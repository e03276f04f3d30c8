"""Thirteen months of every default variant, as each month printed it when it was made."""

from __future__ import annotations

from pipelines.rooms.context import Context
from pipelines.rooms.relations import run_step, write_step

TREND_MONTHS = 13
KEY = ("kpi", "variant", "scope_kind", "scope_id", "seen_month")


def write_trend(context: Context) -> None:
    """Write `kpi_trend`: this month's rows before those of the latest earlier month held.

    Gaps stay gaps.
    """
    if not context.is_computed("kpi_trend", "prior"):
        write_step(context, "kpi", "trend", "kpi_trend", KEY)
        return
    seen = run_step(context, "kpi", "trend")
    first = context.month.plus(1 - TREND_MONTHS)
    parameters = {"first_month": str(first)}
    write_step(context, "kpi", "trend_carried", "kpi_trend", KEY, parameters, seen=seen)
