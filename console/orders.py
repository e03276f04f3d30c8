"""Take in the orders of a released month: the only way an order gets into the office."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import pyarrow.compute as pc

from console.database import open_office
from pipelines.core.errors import Refused
from pipelines.core.settings import Settings
from pipelines.store.failpoints import failpoint
from pipelines.store.lake import DayFolder, MonthFolder, Version
from pipelines.store.persons.cipher import digest_text
from pipelines.store.persons.keys import PersonKeys
from pipelines.store.persons.vault import read_open_rows

if TYPE_CHECKING:
    from console.models import Order, Release

_BATCH = 2_000
_ADDED = "import_day_orders"


class OrderRow(TypedDict):
    """What the office keeps of a released order; `phone_digest` is of the number to be called."""

    order_id: str
    list: str
    purpose: str
    customer_id: str
    service_id: str | None
    branch_id: str | None
    manager_id: str | None
    amount: Decimal | None
    dispatched_on: date
    due_on: date
    rank: int
    phone_digest: str | None


_COLUMNS = [name for name in OrderRow.__annotations__ if name != "phone_digest"]


def import_orders(
    home: Path, folder: MonthFolder, settings: Settings, actor: str
) -> int:
    """Import a released month's treated orders by their ids; return how many are new.

    Once a month: what is there is left as it is. Raise Refused for a month that is not released, or
    under the key that is everybody's.
    """
    settings.require_own_key()
    seal = folder.read_seal()
    if seal is None:
        raise Refused("office.not_released", month=folder.month)
    open_office(home, settings)
    from django.db import transaction

    from console.models import AuditEntry, Order, Release

    version = folder.version(seal.version)
    month = str(version.month)
    with transaction.atomic():
        if Release.objects.filter(month=month).exists():
            return 0
        rows = list(_read_orders(version, home))
        release = Release.objects.create(
            month=month,
            version=version.number,
            manifest=seal.manifest,
            order_count=len(rows),
        )
        Order.objects.bulk_create(_make_orders(release, rows), batch_size=_BATCH)
        _honour_objections(rows, actor)
        failpoint("office.imported")
        AuditEntry.objects.create(
            actor=actor,
            action="import_orders",
            subject=month,
            detail={"version": version.number, "orders": len(rows)},
        )
    return len(rows)


def import_day_orders(
    home: Path, folder: DayFolder, settings: Settings, actor: str
) -> int:
    """Add a day's treated orders to those of its released month; return how many are new.

    Once a day, as a month. Raise Refused for a day that is not sealed, or a month that is not here.
    """
    settings.require_own_key()
    seal = folder.read_seal()
    open_office(home, settings)
    from django.db import transaction

    from console.models import AuditEntry, Order, Release

    day = str(folder.day)
    with transaction.atomic():
        release = Release.objects.filter(month=str(folder.month)).first()
        if seal is None or release is None:
            raise Refused("office.not_released", month=folder.month)
        if AuditEntry.objects.filter(action=_ADDED, subject=day).exists():
            return 0
        rows = list(_read_orders(folder.version(seal.version), home))
        Order.objects.bulk_create(_make_orders(release, rows), batch_size=_BATCH)
        _honour_objections(rows, actor)
        AuditEntry.objects.create(
            actor=actor,
            action=_ADDED,
            subject=day,
            detail={"version": seal.version, "orders": len(rows)},
        )
    return len(rows)


def _make_orders(release: Release, rows: list[OrderRow]) -> list[Order]:
    from console.models import Order

    return [Order(release=release, **row) for row in rows]


def _honour_objections(rows: list[OrderRow], actor: str) -> None:
    """Take back what a customer objected to after the lists were made."""
    from console.persons.consent import list_objecting, take_back_objected

    customers = {row["customer_id"] for row in rows}
    take_back_objected(customers & list_objecting(), actor)


def _read_orders(version: Version, home: Path) -> Iterator[OrderRow]:
    """The released orders of a version, each with a digest of the number it was to be called on."""
    treated = version.read_arrow(
        "dispatch_order", _COLUMNS, filters=pc.field("arm") == "treated"
    )
    orders: list[OrderRow] = treated.to_pylist()
    digests = _digest_phones(version, {order["customer_id"] for order in orders}, home)
    for order in orders:
        order["phone_digest"] = digests.get(order["customer_id"])
        yield order


def _digest_phones(
    version: Version, customers: set[str], home: Path
) -> Mapping[str, str]:
    """The digests of the customers' phone numbers, by customer, each under the customer's key."""
    wanted = {"customer_id": tuple(sorted(customers))}
    people = read_open_rows(
        version, "snapshot_person", ("customer_id", "phone"), wanted
    )
    phones = {
        person["customer_id"]: person["phone"] for person in people if person["phone"]
    }
    keys = PersonKeys(home).make(phones)
    return {
        customer_id: digest_text(keys[customer_id], "phone", phone)
        for customer_id, phone in phones.items()
        if customer_id in keys
    }
