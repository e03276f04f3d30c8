"""The one answer to the question which orders an account may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When

from console.access.roles import Role
from console.models import Order, OrderChange
from pipelines.sources.office.changes import WITHDRAWN

if TYPE_CHECKING:
    from console.accounts.models import Account


def scope(account: Account) -> QuerySet[Order]:
    """Return the orders an account may see, each with `holder_id`: who has it by now.

    A manager sees those that are theirs by now, a head those of the own branch; analysts, quality
    and administrators see tables and accounts, and no single order.
    """
    role = account.known_role
    if role is Role.MANAGER and account.manager_id:
        return _list_held_orders(account.manager_id)
    if role is Role.HEAD and account.branch_id:
        return name_holders(Order.objects.filter(branch_id=account.branch_id))
    return name_holders(Order.objects.none())


def list_standing(account: Account) -> QuerySet[Order]:
    """Return of the orders an account may see those that were not taken back."""
    is_unchanged = Q(last_kind__isnull=True)
    return scope(account).filter(is_unchanged | ~Q(last_kind=WITHDRAWN))


def list_ever_held(account: Account, order_ids: set[str]) -> set[str]:
    """Return those of some orders that were a manager's at any time: whose answer is taken.

    The work may have been done before an order was given to somebody else.
    """
    manager_id = account.manager_id
    if account.known_role is not Role.MANAGER or not manager_id:
        return set()
    own = Q(manager_id=manager_id) | Q(pk__in=_list_given_to(manager_id))
    found = Order.objects.filter(own, pk__in=order_ids)
    return set(found.values_list("pk", flat=True))


def _list_held_orders(manager_id: str) -> QuerySet[Order]:
    """The orders that a manager has by now.

    Those dispatched to the manager and those given to the manager since are found by an index;
    only of these is asked who had them last.
    """
    own = Q(manager_id=manager_id) | Q(pk__in=_list_given_to(manager_id))
    return name_holders(Order.objects.filter(own)).filter(holder_id=manager_id)


def _list_given_to(manager_id: str) -> QuerySet[OrderChange]:
    return OrderChange.objects.filter(manager_id=manager_id).values("order_id")


def name_holders(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Return orders with `holder_id` and `last_kind`, what was changed last.

    Of one that was taken back the holder is nobody.
    """
    changes = OrderChange.objects.filter(order_id=OuterRef("pk")).order_by("-pk")
    last_kind = Subquery(changes.values("kind")[:1])
    last_holder = Subquery(changes.values("manager_id")[:1])
    holder_id = Case(
        When(last_kind__isnull=True, then=F("manager_id")),
        When(last_kind=WITHDRAWN, then=Value(None)),
        default=last_holder,
    )
    return orders.annotate(last_kind=last_kind, holder_id=holder_id)
