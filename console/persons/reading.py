"""What the office and the published months know of one customer, read by the customer's key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from console.models import ConsentEntry, Order, OrderChange
from console.persons.consent import (
    DO_NOT_CONTACT,
    OPTED_OUT,
    find_objections,
)
from console.persons.notes import SAID, open_words
from pipelines.sources.office.changes import Change
from pipelines.store.lake import MonthFolder, Version, list_held_months
from pipelines.store.persons.vault import read_open_rows
from pipelines.text.masking import mask_name, mask_phone

KIND_WORDS = {
    DO_NOT_CONTACT: _("Contact of any kind"),
    OPTED_OUT: _("Lists made by a score"),
}
# The operator's own words for the same, in its table of customers.
_DELIVERED = {
    DO_NOT_CONTACT: "do_not_contact",
    OPTED_OUT: "personalisation_opt_out",
}


@dataclass(frozen=True)
class Standing:
    """How a customer stands to a use: objected to here, by the operator's word, or not."""

    kind: str
    words: object
    is_objected: bool
    is_delivered: bool


@dataclass(frozen=True)
class Entry:
    """What a customer said to a use of their data, and who put it on record."""

    at: datetime
    kind: str
    is_objection: bool
    why: str
    actor: str


@dataclass(frozen=True)
class Person:
    """A customer as the page shows one: name and number masked."""

    customer_id: str
    name: str | None
    phone: str | None
    standings: list[Standing]
    entries: list[Entry]
    orders: list[Order]


def find_person(home: Path, customer_id: str) -> Person | None:
    """Return a customer that a month held or the office knows; None of anybody else."""
    version = find_newest(home)
    delivered = _read_one(version, "snapshot_customer", customer_id)
    person = _read_one(version, "snapshot_person", customer_id)
    orders = list(Order.objects.filter(customer_id=customer_id).order_by("-release"))
    entries = list(ConsentEntry.objects.filter(customer_id=customer_id).order_by("-pk"))
    if not delivered and not orders and not entries:
        return None
    objections = find_objections({customer_id}).get(customer_id, set())
    standings = [
        Standing(
            kind,
            words,
            is_objected=kind in objections,
            is_delivered=bool(delivered.get(_DELIVERED[kind])),
        )
        for kind, words in KIND_WORDS.items()
    ]
    return Person(
        customer_id=customer_id,
        name=mask_name(person.get("name")),
        phone=mask_phone(person.get("phone")),
        standings=standings,
        entries=[_read_entry(entry) for entry in entries],
        orders=orders,
    )


def _read_entry(entry: ConsentEntry) -> Entry:
    why = open_words(entry.customer_id, SAID, entry.why)
    return Entry(entry.at, entry.kind, entry.is_objection, why, entry.actor)


def group_changes(customer_id: str) -> dict[str, tuple[Change, ...]]:
    """Return what became of a customer's orders since they were released, by order."""
    grouped: dict[str, tuple[Change, ...]] = {}
    changes = OrderChange.objects.filter(order__customer_id=customer_id)
    for change in changes.order_by("pk"):
        told = Change(
            order_id=change.order_id,
            kind=change.kind,
            manager_id=change.manager_id,
            why=change.why,
            actor=change.actor,
            on=str(change.at)[:10],
        )
        grouped[change.order_id] = (*grouped.get(change.order_id, ()), told)
    return grouped


def find_newest(home: Path) -> Version | None:
    """Return the current version of the newest month held."""
    return next(list_current_versions(home), None)


def list_current_versions(home: Path) -> Iterator[Version]:
    """Yield what readers use of each month held, the newest first."""
    for month in reversed(list_held_months(home)):
        version = MonthFolder(home, month).current()
        if version is not None:
            yield version


def _read_one(version: Version | None, table: str, customer_id: str) -> dict[str, Any]:
    if version is None or not version.is_computed(table):
        return {}
    rows = read_open_rows(version, table, where={"customer_id": customer_id})
    return rows[0] if rows else {}
