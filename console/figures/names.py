"""Customers' names as everybody but their own manager sees them."""

from __future__ import annotations

from collections.abc import Set

from pipelines.store.lake import Version
from pipelines.store.persons.vault import read_open_rows
from pipelines.text.masking import mask_name

_PEOPLE = "snapshot_person"


def read_masked_names(version: Version, customers: Set[str]) -> dict[str, str | None]:
    """Return the masked names of customers, by id; nothing else of them is read."""
    if not customers or not version.is_computed(_PEOPLE):
        return {}
    wanted = {"customer_id": tuple(sorted(customers))}
    people = read_open_rows(version, _PEOPLE, ["customer_id", "name"], wanted)
    return {person["customer_id"]: mask_name(person["name"]) for person in people}
