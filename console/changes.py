"""Give an order to another manager or take it back: on the record, beside the sealed order, never in it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from console.models import AuditEntry, Order, OrderChange
from pipelines.core.errors import UsageError
from pipelines.core.outcomes import outcomes
from pipelines.sources.office.changes import WITHDRAWN

REASSIGNED = "reassigned"


def change_orders(
    order_ids: Sequence[str], kind: str, why: str, actor: str, manager_id: str | None = None
) -> int:
    """Record one change for every order, all or none; return how many.

    Raise UsageError without a reason, or for an order that never left the house.
    """
    if not why.strip():
        raise UsageError("order.no_reason")
    wanted = sorted(set(order_ids))
    with transaction.atomic():
        known = set(Order.objects.filter(order_id__in=wanted).values_list("order_id", flat=True))
        if unknown := [order_id for order_id in wanted if order_id not in known]:
            raise UsageError("order.unknown", order=unknown[0])
        facts = {"kind": kind, "manager_id": manager_id, "why": why.strip(), "actor": actor}
        for order_id in wanted:
            OrderChange.objects.create(order_id=order_id, **facts)
            detail = {name: value for name, value in facts.items() if name != "actor"}
            AuditEntry.objects.create(actor=actor, action=kind, subject=order_id, detail=detail)
    return len(wanted)


def list_open_orders(manager_id: str, month: str) -> list[str]:
    """List a manager's orders of a month that no answer has closed, as they are given by now."""
    closing = [code for code, outcome in outcomes().items() if outcome.closes]
    orders = (
        Order.objects.filter(release_id=month)
        .exclude(answers__outcome__in=closing)
        .prefetch_related("changes")
    )
    return [order.order_id for order in orders.order_by("order_id") if _desk(order) == manager_id]


def _desk(order: Order) -> str | None:
    """Say who has an order by now; nobody has one that was taken back."""
    last = max(order.changes.all(), key=lambda change: change.pk, default=None)
    if last is not None and last.kind == WITHDRAWN:
        return None
    manager_id: str | None = order.manager_id if last is None else last.manager_id
    return manager_id
