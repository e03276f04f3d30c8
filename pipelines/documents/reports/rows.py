"""The rows that documents are written from, by table, and how a figure of them is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypedDict

from pipelines.core.month import Month

# Reads a table of a version by its name; its rows are one of the TypedDicts below.
ReadTable = Callable[[str], Sequence[Any]]


class FigureRow(TypedDict):
    """A row of `report_figure`: one number as it is printed, and where it comes from."""

    figure: str
    measure: str
    topic: str
    scope_kind: str
    scope_id: str
    scope_name: str
    month: str
    unit: str
    shown: str
    source: str
    number: Decimal
    numerator: Decimal | None
    denominator: Decimal | None
    definition_version: int | None


Figures = Mapping[str, FigureRow]  # by the figure's id


class SentenceRow(TypedDict):
    """A row of `report_sentence`: the rules of one sentence, and as JSON what fills them in."""

    section: str
    place: int
    rules: str
    slots: str


class KpiRow(TypedDict):
    """A row of `kpi_monthly`."""

    month: str
    kpi: str
    variant: str
    is_default: bool
    scope_kind: str
    scope_id: str
    numerator: Decimal | None
    denominator: Decimal | None
    value: float | None
    target: float | None
    gap: float
    rank: int | None
    status: str
    reason: str | None


class ListRow(TypedDict):
    """A row of `dispatch_list`."""

    list: str
    priority: int
    status: str
    reason: str | None


class BridgeRow(TypedDict):
    """A row of `kpi_bridge`: one step from last month's revenue to this month's."""

    month: str
    scope_kind: str
    scope_id: str
    step: str
    amount: Decimal


class ChangeRow(TypedDict):
    """A row of `kpi_change`: what part of the company moved a KPI, and by how much."""

    kpi: str
    variant: str
    before_month: str
    part_kind: str
    scope_id: str
    numerator_change: Decimal | None
    volume: Decimal | None
    mix: Decimal | None
    rate: Decimal | None
    value_change: Decimal | None
    value_mix: Decimal | None
    value_rate: Decimal | None
    status: str


class TrendRow(TypedDict):
    """A row of `kpi_trend`: a KPI as an earlier month has it."""

    seen_month: str
    kpi: str
    variant: str
    scope_kind: str
    scope_id: str
    value: float | None


def name_topic(row: KpiRow | TrendRow) -> str:
    """Return what a figure of a KPI is about: `kpi.variant`."""
    return f"{row['kpi']}.{row['variant']}"


def build_figure_id(
    measure: str, topic: str, scope_kind: str, scope_id: str, month: Month | str
) -> str:
    """Return how a figure is called in `report_figure`; `topic` is a KPI's variant, or a list."""
    return f"{measure}:{topic}:{scope_kind}:{scope_id}:{month}"


def build_company_figure_id(measure: str, topic: str, month: Month | str) -> str:
    """Return how a figure of the whole company is called."""
    return build_figure_id(measure, topic, "company", "company", month)


def map_scope_names(figures: Figures) -> dict[str, str]:
    """Return by scope id what the scopes of the figures are called.

    Those without a name are left out.
    """
    names: dict[str, str] = {}
    for row in figures.values():
        if row["scope_name"]:
            names[row["scope_id"]] = row["scope_name"]
    return names
