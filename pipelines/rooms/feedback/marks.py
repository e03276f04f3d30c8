"""Who must not be contacted, by what was answered to an earlier order."""

from __future__ import annotations

import pyarrow as pa

from pipelines.rooms.context import Context
from pipelines.text.masking import digest_phone

_MARK = pa.schema(
    [
        ("customer_id", pa.string()),
        ("is_do_not_contact", pa.bool_()),
        ("is_wrong_number", pa.bool_()),
    ]
)


def write_marks(context: Context) -> None:
    """Write `feedback_mark`: a wrong number is wrong until the customer's number is another than it was then."""
    rows = context.engine.rows(
        "SELECT m.customer_id, m.kind, m.phone_digest, p.phone FROM extract_mark AS m "
        "LEFT JOIN snapshot_person AS p ON p.customer_id = m.customer_id ORDER BY ALL"
    )
    key = context.settings.key
    kept = [
        r
        for r in rows
        if r["kind"] != "wrong_number" or digest_phone(key, r["phone"]) == r["phone_digest"]
    ]
    kinds: dict[str, set[str]] = {}
    for row in kept:
        kinds.setdefault(row["customer_id"], set()).add(row["kind"])
    marks = [
        {
            "customer_id": customer_id,
            "is_do_not_contact": "do_not_contact" in said,
            "is_wrong_number": "wrong_number" in said,
        }
        for customer_id, said in kinds.items()
    ]
    context.engine.register("mark", pa.Table.from_pylist(marks, schema=_MARK))
    context.write(
        "feedback_mark",
        "SELECT customer_id, is_do_not_contact, is_wrong_number FROM mark",
        ["customer_id"],
    )
