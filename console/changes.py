"""Give an order to another manager or take it back: on the record, beside the sealed order."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from console.models import AuditEntry, Order, OrderChange
from pipelines.core.errors import UsageError
from pipelines.core.outcomes import load_outcomes
from pipelines.sources.office.changes import WITHDRAWN

REASSIGNED = "reassigned"


def change_orders(
    order_ids: Sequence[str],
    kind: str,
    why: str,
    actor: str,
    manager_id: str | None = None,
) -> int:
    """Record one change for every order, all or none; return how many.

    Raise UsageError without a reason, or for an order that was never released.
    """
    reason = why.strip()
    if not reason:
        raise UsageError("order.no_reason")
    wanted = sorted(set(order_ids))
    with transaction.atomic():
        _refuse_unknown(wanted)
        for order_id in wanted:
            OrderChange.objects.create(
                order_id=order_id,
                kind=kind,
                manager_id=manager_id,
                why=reason,
                actor=actor,
            )
            detail = {"kind": kind, "manager_id": manager_id, "why": reason}
            AuditEntry.objects.create(
                actor=actor, action=kind, subject=order_id, detail=detail
            )
    return len(wanted)


def _refuse_unknown(order_ids: Sequence[str]) -> None:
    found = Order.objects.filter(order_id__in=order_ids)
    known = set(found.values_list("order_id", flat=True))
    for order_id in order_ids:
        if order_id not in known:
            raise UsageError("order.unknown", order=order_id)


def list_open_orders(manager_id: str, month: str) -> list[str]:
    """List a manager's orders of a month that no answer has closed, as they are given by now."""
    closing = [code for code, outcome in load_outcomes().items() if outcome.closes]
    orders = (
        Order.objects.filter(release_id=month)
        .exclude(answers__outcome__in=closing)
        .prefetch_related("changes")
        .order_by("order_id")
    )
    return [order.order_id for order in orders if _find_manager(order) == manager_id]


def _find_manager(order: Order) -> str | None:
    """Say who has an order by now; nobody has one that was taken back."""
    manager_id: str | None
    last_change = max(order.changes.all(), key=lambda change: change.pk, default=None)
    if last_change is None:
        manager_id = order.manager_id
    elif last_change.kind == WITHDRAWN:
        manager_id = None
    else:
        manager_id = last_change.manager_id
    return manager_id
