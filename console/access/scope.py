"""The one answer to the question which orders an account may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Q, QuerySet

from console.access.roles import Role
from console.models import Order, OrderChange, OrderState
from pipelines.sources.office.changes import WITHDRAWN

if TYPE_CHECKING:
    from console.accounts.models import Account


def scope(account: Account) -> QuerySet[Order]:
    """Return the orders an account may see, each with `holder_id`: who has it by now.

    A manager sees those that are theirs by now, a head those of the own branch; analysts, quality
    and administrators see tables and accounts, and no single order.
    """
    return name_holders(Order.objects.filter(_limit_to(account, "state__")))


def scope_states(account: Account) -> QuerySet[OrderState]:
    """Return the same orders as they stand by now: what lists and counts are made of."""
    return OrderState.objects.filter(_limit_to(account))


def _limit_to(account: Account, states: str = "") -> Q:
    """The one condition on the states of orders; `states` is the way to them."""
    role = account.known_role
    if role is Role.MANAGER and account.manager_id:
        return Q((f"{states}holder_id", account.manager_id))
    if role is Role.HEAD and account.branch_id:
        return Q((f"{states}branch_id", account.branch_id))
    return Q(pk__in=())


def list_standing(states: QuerySet[OrderState]) -> QuerySet[OrderState]:
    """Return of some states those of orders that were not taken back."""
    return states.filter(Q(last_kind__isnull=True) | ~Q(last_kind=WITHDRAWN))


def list_ever_held(account: Account, order_ids: set[str]) -> set[str]:
    """Return those of some orders that were a manager's at any time: whose answer is taken.

    The work may have been done before an order was given to somebody else.
    """
    manager_id = account.manager_id
    if account.known_role is not Role.MANAGER or not manager_id:
        return set()
    given = OrderChange.objects.filter(manager_id=manager_id).values("order_id")
    own = Q(manager_id=manager_id) | Q(pk__in=given)
    found = Order.objects.filter(own, pk__in=order_ids)
    return set(found.values_list("pk", flat=True))


def name_holders(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Return orders with `holder_id` and `last_kind`, what was changed last.

    Of one that was taken back the holder is nobody.
    """
    return orders.annotate(
        last_kind=F("state__last_kind"), holder_id=F("state__holder_id")
    )
