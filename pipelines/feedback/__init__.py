"""What managers did with the orders of earlier months, checked against this month's bills.

Each claim stands beside what the deliveries say; what a customer must be spared from is carried to this month's lists.
"""

from __future__ import annotations

from pipelines.core.context import Context
from pipelines.core.spec import Spec, room_specs
from pipelines.feedback.marks import write_marks
from pipelines.feedback.rules import write_rules


def run(context: Context) -> None:
    """Compute every feedback table that this month allows."""
    write_marks(context)
    write_rules(context)
    released = {row["month"] for row in context.engine.rows("SELECT month FROM extract_release")}
    for spec in room_specs("feedback"):
        if reason := _not_dispatched(context, spec, released):
            context.record_missing(spec.table, [reason], spec)
        else:
            context.compute(spec)


def _not_dispatched(context: Context, spec: Spec, released: set[str]) -> str | None:
    """Why a table about an earlier month's orders says nothing: the month is held, and its orders never left the house."""
    era = spec.meta.get("orders_of")
    version = context.earlier.get(era) if era else None
    return f"not dispatched: {version.month}" if version and str(version.month) not in released else None
