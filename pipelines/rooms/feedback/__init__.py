"""What managers did with the orders of earlier months, checked against this month's bills.

Each claim stands beside what the deliveries say; what a customer must be spared from is carried to this month's lists.
"""

from __future__ import annotations

from pipelines.catalogue.spec import Spec, room_specs
from pipelines.rooms.context import Context
from pipelines.rooms.feedback.effect import write_effect
from pipelines.rooms.feedback.marks import write_marks
from pipelines.rooms.feedback.rules import write_rules


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
    write_effect(context)


def _not_dispatched(context: Context, spec: Spec, released: set[str]) -> str | None:
    """Why a table about earlier months' orders says nothing: none is held, or none of their orders left the house."""
    eras = str(spec.meta.get("orders_of", "")).split()
    held = [str(version.month) for version in map(context.earlier.get, eras) if version]
    if eras and not held:
        return f"not held: {context.month.plus(-int(eras[0].removeprefix('m')))}"
    return f"not dispatched: {held[0]}" if eras and not released & set(held) else None
