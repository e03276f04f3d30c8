"""Rows of figures made by hand, for the rules of the sentences that tell them."""

from __future__ import annotations

from decimal import Decimal

from pipelines.catalogue.figure_rows import FigureRow, build_figure_id


def make_figure(
    measure: str,
    topic: str,
    number: float,
    shown: str,
    *,
    month: str = "2026-08",
    scope_kind: str = "company",
    scope_id: str = "company",
) -> FigureRow:
    """A row of `report_figure`, without the sides that its number would stand on."""
    return {
        "figure": build_figure_id(measure, topic, scope_kind, scope_id, month),
        "measure": measure,
        "topic": topic,
        "scope_kind": scope_kind,
        "scope_id": scope_id,
        "scope_name": None,
        "month": month,
        "unit": "ratio",
        "shown": shown,
        "source": "kpi_monthly",
        "number": Decimal(str(number)),
        "numerator": None,
        "denominator": None,
        "definition_version": None,
    }
