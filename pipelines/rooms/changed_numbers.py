"""Whether a number that an answer calls wrong has been another one since; told once, at the start.

Afterwards nothing of a month asks for a phone number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa

from pipelines.rooms.context import Context
from pipelines.store.persons.cipher import digest_text
from pipelines.store.persons.vault import find_file, read_delivered, read_open_rows
from pipelines.text.masking import digest_phone

CHANGED, SAME = "changed", "same"
_WRONG = "wrong_number"


class _Phone(NamedTuple):
    """A customer's number by now, and the key that it is sealed under."""

    number: str
    key: bytes


def tell_changed_numbers(context: Context, marks: pa.Table) -> pa.Table:
    """Return the marks with `changed` or `same` where they had a hash of the number then.

    Without keys they stay as they are.
    """
    rows = marks.to_pylist()
    wrong = {row["customer_id"] for row in rows if row["kind"] == _WRONG}
    if context.keys is None or not wrong:
        return marks
    phones = _read_phones(context, wrong)
    for row in rows:
        if row["kind"] == _WRONG:
            phone = phones.get(row["customer_id"])
            row["phone_digest"] = _compare(context, phone, row["phone_digest"])
    return pa.Table.from_pylist(rows, schema=marks.schema)


def _compare(context: Context, phone: _Phone | None, digest: str | None) -> str:
    """No number at all is no other one; a hash of before has the installation's key."""
    if phone is None:
        return SAME
    known = (
        digest_text(phone.key, "phone", phone.number),
        digest_phone(context.settings.key, phone.number),
    )
    return SAME if digest in known else CHANGED


def _read_phones(context: Context, customers: set[str]) -> dict[str, _Phone]:
    """Return the numbers of customers as this delivery has them; of a day, as its month has."""
    assert context.keys is not None
    numbers: dict[str, set[str]] = {}
    for customer_id, phone in _list_phones(context, customers):
        if phone:
            numbers.setdefault(customer_id, set()).add(phone)
    keys = context.keys.find(numbers)
    # Two numbers of one customer contradict each other, and neither is known.
    return {
        customer_id: _Phone(min(found), keys[customer_id])
        for customer_id, found in numbers.items()
        if len(found) == 1 and customer_id in keys
    }


def _list_phones(
    context: Context, customers: set[str]
) -> Iterator[tuple[str, str | None]]:
    wanted = tuple(sorted(customers))
    if find_file(context.draft.path, "customer").exists():
        for subject, cells in read_delivered(context.draft.path, "customer", wanted):
            yield subject, cells.get("phone")
        return
    before = context.earlier.get("prior")
    if before is None or not before.is_computed("snapshot_person"):
        return
    rows = read_open_rows(before, "snapshot_person", (), {"customer_id": wanted})
    for row in rows:
        yield row["customer_id"], row["phone"]
