"""Thirteen months of every default variant, as each month printed it when it was made."""

from __future__ import annotations

from pipelines.rooms.context import Context

TREND_MONTHS = 13
_NOW = """
SELECT month AS seen_month, kpi, variant, scope_kind, scope_id, numerator, denominator, value, status
FROM kpi_monthly WHERE is_default AND scope_kind IN ('company', 'city', 'branch')
"""
_BEFORE = """
SELECT seen_month, kpi, variant, scope_kind, scope_id, numerator, denominator, value, status
FROM prior.kpi_trend WHERE seen_month >= $first
"""


def write_trend(context: Context) -> None:
    """Write `kpi_trend`: this month's rows before those of the latest earlier month held; gaps stay gaps."""
    is_carried = context.is_computed("kpi_trend", "prior")
    context.write(
        "kpi_trend",
        f"{_NOW} UNION ALL {_BEFORE}" if is_carried else _NOW,
        ["kpi", "variant", "scope_kind", "scope_id", "seen_month"],
        {"first": str(context.month.plus(1 - TREND_MONTHS))} if is_carried else None,
    )
