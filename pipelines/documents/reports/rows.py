"""The rows that documents are written from, by table.

Those of KPIs and figures are in `catalogue.figure_rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypedDict

from pipelines.catalogue.figure_rows import FigureRow, Figures
from pipelines.text.units import close_percent

# Reads a table of a version by its name; its rows are one of the TypedDicts below.
ReadTable = Callable[[str], Sequence[Any]]


class SentenceRow(TypedDict):
    """A row of `report_sentence`: the rules of one sentence, and as JSON what fills them in."""

    section: str
    place: int
    rules: str
    slots: str


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


class WeekRow(TypedDict):
    """A row of `report_complaint_week`."""

    scope_kind: str
    scope_id: str
    week_begins_on: date
    complaint_count: int
    expected: float | None
    upper_limit: float | None


class PlaceRow(TypedDict):
    """A row of `dispatch_capacity`: the places for orders, and what one more is worth."""

    month: str
    scope_kind: str
    scope_id: str
    capacity: int
    used_count: int
    left_count: int
    shadow_price_amount: Decimal


def index_figures(rows: Iterable[FigureRow]) -> dict[str, FigureRow]:
    """Return rows of the register by their ids, printed as figures are by now."""
    figures = {}
    for row in rows:
        figure = row.copy()
        figure["shown"] = close_percent(row["shown"])
        figures[row["figure"]] = figure
    return figures


def map_scope_names(figures: Figures) -> dict[str, str]:
    """Return by scope id what the scopes of the figures are called.

    Those without a name are left out.
    """
    names: dict[str, str] = {}
    for row in figures.values():
        if row["scope_name"]:
            names[row["scope_id"]] = row["scope_name"]
    return names
