"""What managers did with the orders of earlier months, checked against this month's bills.

Each claim stands beside what the deliveries say; what a customer must be spared from is carried to
this month's lists.
"""

from __future__ import annotations

from collections.abc import Set

from pipelines.catalogue.spec import Spec, load_room_specs
from pipelines.rooms.context import Context
from pipelines.rooms.feedback.effect import write_effect
from pipelines.rooms.feedback.marks import write_marks
from pipelines.rooms.feedback.money import write_money
from pipelines.rooms.feedback.persuasion import write_persuasion
from pipelines.rooms.feedback.rules import write_rules
from pipelines.rooms.relations import read_rows

LEDGER = "feedback_ledger"


def run(context: Context) -> None:
    """Compute every feedback table that this month allows."""
    write_marks(context)
    write_rules(context)
    rows = read_rows(context, "feedback", "released_months")
    released = {row["month"] for row in rows}
    for spec in load_room_specs("feedback"):
        reason = _explain_silence(context, spec, released)
        if reason is None:
            context.compute(spec)
        else:
            context.record_missing(spec.table, [reason], spec)
        if spec.table == LEDGER:  # what is made of it is read by files behind it
            write_money(context, LEDGER, "feedback_money")
    write_effect(context)
    write_persuasion(context)


def _explain_silence(context: Context, spec: Spec, released: Set[str]) -> str | None:
    """Why a table about earlier months' orders says nothing.

    No month is held, or none of its orders was released.
    """
    eras = str(spec.meta.get("orders_of", "")).split()
    if not eras:
        return None
    held = []
    for era in eras:
        version = context.earlier.get(era)
        if version is not None:
            held.append(str(version.month))
    if not held:
        months_ago = int(eras[0].removeprefix("m"))
        return f"not held: {context.month.plus(-months_ago)}"
    if released & set(held):
        return None
    return f"not dispatched: {held[0]}"
