"""Who must not be contacted or profiled, by what was answered, or told to the office."""

from __future__ import annotations

from collections import defaultdict

from pipelines.rooms.changed_numbers import CHANGED, SAME
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.relations import read_rows
from pipelines.store.rows import TableRow
from pipelines.text.masking import digest_phone

ROOM = "feedback"


def write_marks(context: Context) -> None:
    """Write `feedback_mark`.

    A wrong number is wrong until another number of the customer's is delivered than it was then;
    none at all is no other one.
    """
    kinds = _read_standing_kinds(context)
    marks = []
    for customer_id, answered in kinds.items():
        mark = {
            "customer_id": customer_id,
            "is_do_not_contact": "do_not_contact" in answered,
            "is_opted_out": "opted_out" in answered,
            "is_wrong_number": "wrong_number" in answered,
        }
        marks.append(mark)
    write_made_rows(context, "feedback_mark", marks)


def _read_standing_kinds(context: Context) -> dict[str, set[str]]:
    """What is known of each customer and holds: `do_not_contact`, `opted_out`, `wrong_number`."""
    key = context.settings.key
    kinds: dict[str, set[str]] = defaultdict(set)
    for row in read_rows(context, ROOM, "answered_marks"):
        if row["kind"] == "wrong_number" and _is_changed(row, key):
            continue
        kinds[row["customer_id"]].add(row["kind"])
    return kinds


def _is_changed(row: TableRow, key: bytes) -> bool:
    """Whether the number is another one since; months made before told it by its hash."""
    if row["phone_digest"] in (CHANGED, SAME):
        return bool(row["phone_digest"] == CHANGED)
    digest = digest_phone(key, row["phone"])
    return digest is not None and digest != row["phone_digest"]
