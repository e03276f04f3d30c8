"""Whose orders are whose: by role alone, whatever ids an account bears beside it, and after orders have moved."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.console.visitors import Console

# An account that was a manager, became a head and sits with the analysts now bears every id.
EVERY_ID = {"manager_id": "M1", "branch_id": "B2"}


def account_of(role: str, **ids: str) -> Any:
    from console.accounts.models import Account

    return Account(name="x", role=role, **ids)


def customers(orders: Any) -> set[str]:
    return set(orders.values_list("customer_id", flat=True))


@pytest.mark.parametrize(
    ("role", "ids", "seen"),
    [
        ("manager", EVERY_ID, {"ann", "bob", "cat"}),
        ("manager", {"branch_id": "B2"}, set()),
        ("head", EVERY_ID, {"eve"}),
        ("head", {"manager_id": "M1"}, set()),
        ("analyst", EVERY_ID, set()),
        ("quality", EVERY_ID, set()),
        ("administrator", EVERY_ID, set()),
    ],
)
def test_what_an_account_sees_goes_by_its_role_and_that_role_s_id(
    console: Console, role: str, ids: dict[str, str], seen: set[str]
) -> None:
    from console.access.scope import list_standing, scope, scope_states

    account = account_of(role, **ids)
    assert customers(scope(account)) == seen
    assert customers(scope_states(account)) == seen
    assert customers(list_standing(scope_states(account))) == seen


def test_what_was_taken_back_does_not_stand_and_what_was_moved_does(
    console: Console,
) -> None:
    from console.access.scope import list_standing, scope, scope_states
    from console.changes import change_orders

    ann, bob = console.order_of("ann"), console.order_of("bob")
    change_orders([ann], "withdrawn", "wrong list", "head1")
    change_orders([bob], "reassigned", "moved", "head1", "M2")
    head = account_of("head", branch_id="B1")
    assert customers(scope(head)) == {"ann", "bob", "cat", "dan"}
    assert customers(list_standing(scope_states(head))) == {"bob", "cat", "dan"}
    facts = {o.customer_id: (o.holder_id, o.last_kind) for o in scope(head)}
    assert facts == {
        "ann": (None, "withdrawn"),
        "bob": ("M2", "reassigned"),
        "cat": ("M1", None),
        "dan": ("M2", None),
    }


def test_an_answer_is_taken_of_who_ever_had_the_order_and_of_nobody_else(
    console: Console,
) -> None:
    from console.access.scope import list_ever_held
    from console.changes import change_orders

    orders = {who: console.order_of(who) for who in ("ann", "bob", "dan", "eve")}
    change_orders([orders["ann"]], "reassigned", "moved", "head1", "M2")
    asked = {orders["ann"], orders["dan"], orders["eve"]}

    def held_by(account: Any) -> set[str]:
        return list_ever_held(account, asked)

    assert held_by(account_of("manager", manager_id="M1")) == {orders["ann"]}
    assert held_by(account_of("manager", manager_id="M2")) == {
        orders["ann"],
        orders["dan"],
    }
    assert held_by(account_of("manager", manager_id="M3")) == {orders["eve"]}
    assert held_by(account_of("manager", branch_id="B1")) == set()
    assert held_by(account_of("head", **EVERY_ID)) == set()
