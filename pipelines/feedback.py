"""What managers did with the orders of the month before, checked against this month's bills."""

from __future__ import annotations

from pipelines.core.context import Context
from pipelines.core.spec import room_specs


def run(context: Context) -> None:
    """Compute every feedback table that this month allows."""
    for spec in room_specs("feedback"):
        context.compute(spec)
