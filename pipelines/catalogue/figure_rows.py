"""A month's KPIs and figures as rows, and how a figure is called.

The report room makes figures of KPI rows, documents print them: both read these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NotRequired, TypedDict

from pipelines.core.month import Month


class FigureRow(TypedDict):
    """A row of `report_figure`: one number as it is printed, and where it comes from."""

    figure: str
    measure: str
    topic: str
    scope_kind: str
    scope_id: str
    scope_name: str | None
    month: str
    unit: str
    shown: str
    source: str
    number: Decimal
    numerator: Decimal | None
    denominator: Decimal | None
    definition_version: int | None


Figures = Mapping[str, FigureRow]  # by the figure's id


class KpiRow(TypedDict):
    """A row of `kpi_monthly`; a step that reads it may leave out columns and name the scope."""

    kpi: str
    variant: str
    scope_kind: str
    scope_id: str
    status: str
    value: float | None
    month: NotRequired[str]
    is_default: NotRequired[bool]
    numerator: NotRequired[Decimal | None]
    denominator: NotRequired[Decimal | None]
    target: NotRequired[float | None]
    gap: NotRequired[float | None]
    rank: NotRequired[int | None]
    reason: NotRequired[str | None]
    scope_name: NotRequired[str | None]


class TrendRow(TypedDict):
    """A row of `kpi_trend`: a KPI as an earlier month has it; a step may name the scope."""

    seen_month: str
    kpi: str
    variant: str
    scope_kind: str
    scope_id: str
    numerator: Decimal | None
    denominator: Decimal | None
    value: float | None
    status: str
    scope_name: NotRequired[str | None]


def name_topic(row: KpiRow | TrendRow) -> str:
    """Return what a figure of a KPI is about, its variant: `arrears_rate.t1_amount`."""
    return f"{row['kpi']}.{row['variant']}"


def build_figure_id(
    measure: str, topic: str, scope_kind: str, scope_id: str, month: Month | str
) -> str:
    """Return how a figure is called in `report_figure`; `topic` is a KPI's variant, or a list."""
    return f"{measure}:{topic}:{scope_kind}:{scope_id}:{month}"


def build_company_figure_id(measure: str, topic: str, month: Month | str) -> str:
    """Return how a figure of the whole company is called."""
    return build_figure_id(measure, topic, "company", "company", month)
