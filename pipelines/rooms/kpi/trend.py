"""Thirteen months of every default variant, as each month printed it when it was made."""

from __future__ import annotations

from pipelines.catalogue.steps import read_step
from pipelines.rooms.context import Context

TREND_MONTHS = 13
KEY = ("kpi", "variant", "scope_kind", "scope_id", "seen_month")


def write_trend(context: Context) -> None:
    """Write `kpi_trend`: this month's rows before those of the latest earlier month held.

    Gaps stay gaps.
    """
    if not context.is_computed("kpi_trend", "prior"):
        context.write("kpi_trend", read_step("kpi", "trend").bind_inputs({}), KEY)
        return
    first = context.month.plus(1 - TREND_MONTHS)
    sql = read_step("kpi", "trend_carried").bind_inputs({})
    context.write("kpi_trend", sql, KEY, {"first_month": str(first)})
