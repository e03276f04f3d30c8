"""The figures of the absolute bases: services in the network, revenue, who came and who left.

By product and by branch. Of each, what there was before and what came, less what left, is what
there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pipelines.rooms.context import Context
from pipelines.rooms.relations import Relation, read_rows
from pipelines.rooms.report.figures import FigureRows, Subject, keep_scope_names
from pipelines.rooms.report.rows import Scope

TOPIC = "base"
_STOCK_NEEDS = (
    "features_service",
    "features_service_revenue",
    "features_revenue",
    "features_owner",
)
_UNITS = {
    "base_count": "count",
    "base_revenue": "amount",
    "before_count": "count",
    "new_count": "count",
    "lost_count": "count",
}


def gather_base_figures(context: Context) -> FigureRows:
    """Yield the bases of the month, and what moved them where the month before is held."""
    if not all(context.is_computed(table) for table in _STOCK_NEEDS):
        return
    names = keep_scope_names(context)
    yield from _gather_step(context, "base_stock", names)
    if context.is_computed("features_service", "m1"):
        yield from _gather_step(context, "base_moves", names)


def _gather_step(context: Context, step: str, names: Relation) -> FigureRows:
    """Yield the figures of a step's rows, and of the company, whose products they add up to."""
    totals: Counter[str] = Counter()
    for row in read_rows(context, "report", step, scope_name=names):
        numbers = {name: row[name] for name in _UNITS if name in row}
        scope = Scope(
            kind=row["scope_kind"],
            scope_id=row["scope_id"],
            month=str(context.month),
            name=row["scope_name"],
        )
        yield from _make_figures(scope, numbers)
        if row["scope_kind"] == "product":
            totals.update(numbers)

    if totals:
        company = Scope("company", "company", str(context.month))
        yield from _make_figures(company, totals)


def _make_figures(scope: Scope, numbers: Mapping[str, Any]) -> Iterator[Any]:
    """Yield a figure a number."""
    subject = Subject(TOPIC, scope, "features_service")
    for measure, number in numbers.items():
        yield subject.make_figure(measure, _UNITS[measure], Decimal(number))
