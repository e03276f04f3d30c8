"""What managers did with the orders of earlier months, checked against this month's bills.

Each claim stands beside what the deliveries say; what a customer must be spared from is carried to this month's lists.
"""

from __future__ import annotations

from pipelines.core.context import Context
from pipelines.core.spec import room_specs
from pipelines.feedback.marks import write_marks


def run(context: Context) -> None:
    """Compute every feedback table that this month allows."""
    write_marks(context)
    for spec in room_specs("feedback"):
        context.compute(spec)
