"""Take in the orders of a released month: the only way an order gets into the office."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from console.database import open_office
from pipelines.core.errors import Refused
from pipelines.core.settings import Settings
from pipelines.store.failpoints import failpoint
from pipelines.store.lake import DayFolder, MonthFolder, Version
from pipelines.text.masking import digest_phone

_BATCH = 2_000
_ADDED = "import_day_orders"
_COLUMNS = (
    *(
        "order_id",
        "list",
        "purpose",
        "customer_id",
        "service_id",
        "branch_id",
        "manager_id",
        "amount",
    ),
    *("dispatched_on", "due_on"),
)


def import_orders(home: Path, folder: MonthFolder, settings: Settings, actor: str) -> int:
    """Import a released month's treated orders by their ids; return how many are new.

    Once a month: what is there is left as it is. Raise Refused for a month that is not released, or under the key that is
    everybody's.
    """
    settings.require_own_key()
    seal = folder.seal()
    if seal is None:
        raise Refused("office.not_released", month=folder.month)
    open_office(home, settings)
    from django.db import transaction

    from console.models import AuditEntry, Order, Release

    version = folder.version(seal["version"])
    with transaction.atomic():
        if Release.objects.filter(month=str(version.month)).exists():
            return 0
        rows = list(_rows(version, settings.key))
        release = Release.objects.create(
            month=str(version.month),
            version=version.number,
            manifest=seal["manifest"],
            order_count=len(rows),
        )
        orders = [Order(release=release, **row) for row in rows]
        Order.objects.bulk_create(orders, batch_size=_BATCH)
        detail = {"version": version.number, "orders": len(rows)}
        failpoint("office.imported")
        AuditEntry.objects.create(
            actor=actor, action="import_orders", subject=release.month, detail=detail
        )
    return len(rows)


def import_day_orders(home: Path, folder: DayFolder, settings: Settings, actor: str) -> int:
    """Add a day's treated orders to those of its released month; return how many are new.

    Once a day, as a month. Raise Refused for a day that is not sealed, or a month that is not here.
    """
    settings.require_own_key()
    seal = folder.seal()
    open_office(home, settings)
    from django.db import transaction

    from console.models import AuditEntry, Order, Release

    with transaction.atomic():
        release = Release.objects.filter(month=str(folder.month)).first()
        if seal is None or release is None:
            raise Refused("office.not_released", month=folder.month)
        if AuditEntry.objects.filter(action=_ADDED, subject=str(folder.day)).exists():
            return 0
        orders = [
            Order(release=release, **row)
            for row in _rows(folder.version(seal["version"]), settings.key)
        ]
        Order.objects.bulk_create(orders, batch_size=_BATCH)
        detail = {"version": seal["version"], "orders": len(orders)}
        AuditEntry.objects.create(
            actor=actor, action=_ADDED, subject=str(folder.day), detail=detail
        )
    return len(orders)


def _rows(version: Version, key: bytes) -> Iterator[dict[str, Any]]:
    """The orders that left the house, each with a digest of the number it was to be called on."""
    treated = pc.field("arm") == "treated"
    orders = pq.read_table(
        version.table("dispatch_order"), columns=list(_COLUMNS), filters=treated
    ).to_pylist()
    called = pc.field("customer_id").isin(
        pa.array([order["customer_id"] for order in orders], pa.string())
    )
    people = pq.read_table(
        version.table("snapshot_person"), columns=["customer_id", "phone"], filters=called
    )
    digests = {
        person["customer_id"]: digest_phone(key, person["phone"]) for person in people.to_pylist()
    }
    for order in orders:
        yield order | {"phone_digest": digests.get(order["customer_id"])}
