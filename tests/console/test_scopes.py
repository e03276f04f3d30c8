"""Who sees what: every address of the console as every role, with own and foreign orders, and logged out.

The cells are made from the list of addresses. An address without a row here fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import get_resolver

from console.database import start_django
from tests.support.console.visitors import DEBTORS, PEOPLE, Console

start_django()

MANAGERS = frozenset({"manager"})
HEADS = frozenset({"head"})
ANALYSTS = frozenset({"analyst"})
NO_MODEL = "2026-06-000000000000"
QUALITY = frozenset({"quality"})
RIGHTS = frozenset({"quality", "administrator"})
ALL = frozenset({"manager", "head", "analyst", "quality", "administrator"})


@dataclass(frozen=True)
class Address:
    """What an address answers: by which method, to which roles; `path` with the places filled in by the test."""

    path: str
    method: str
    roles: frozenset[str]
    is_open: bool = False  # to whoever comes


ADDRESSES = {
    "first_page": Address("/", "get", ALL),
    "log_in": Address("/log-in/", "get", ALL, is_open=True),
    "log_out": Address("/log-out/", "post", ALL),
    "choose_language": Address("/language/", "post", ALL, is_open=True),
    "second_factor": Address("/second-factor/", "get", ALL),
    "password": Address("/password/", "get", ALL),
    "accounts": Address("/accounts/", "get", frozenset({"administrator"})),
    "change_account": Address("/accounts/zhao/", "post", frozenset({"administrator"})),
    "branch": Address("/branch/", "get", HEADS),
    "branch_orders": Address("/branch/orders/", "get", HEADS),
    "branch_lists": Address("/branch/lists/", "get", HEADS),
    "places": Address("/branch/places/", "get", HEADS),
    "slide_places": Address("/branch/places/{manager}/", "get", HEADS),
    "kpi": Address("/branch/churn_rate/start_base/", "get", HEADS),
    "branch_rows": Address("/branch/churn_rate/start_base/rows/", "get", HEADS),
    "manager_rows": Address(
        "/branch/churn_rate/start_base/rows/{manager}/", "get", HEADS
    ),
    "decisions": Address("/months/2026-08/lists/", "get", QUALITY),
    "place_requests": Address("/places/", "get", RIGHTS),
    "answer_places": Address("/places/7/", "post", RIGHTS),
    "analysis": Address("/analysis/", "get", ANALYSTS),
    "company_kpi": Address("/analysis/figures/churn_rate/start_base/", "get", ANALYSTS),
    "branch_kpi": Address(
        "/analysis/figures/churn_rate/start_base/B1/", "get", ANALYSTS
    ),
    "figure_rows": Address(
        "/analysis/figures/churn_rate/start_base/rows/branch/B1/", "get", ANALYSTS
    ),
    "definitions": Address("/analysis/definitions/", "get", ANALYSTS),
    "definition": Address("/analysis/definitions/arrears_rate/", "get", ANALYSTS),
    "models": Address("/analysis/models/", "get", ANALYSTS),
    "model": Address(f"/analysis/models/{NO_MODEL}/", "get", ANALYSTS),
    "promote": Address(f"/analysis/models/{NO_MODEL}/promote/", "post", ANALYSTS),
    "model_errands": Address(f"/analysis/models/{NO_MODEL}/errands/", "get", ANALYSTS),
    "effects": Address("/analysis/effects/", "get", ANALYSTS),
    "why": Address("/analysis/why/", "get", ANALYSTS),
    "queue": Address("/queue/", "get", MANAGERS),
    "undo": Address("/orders/undo/", "post", MANAGERS),
    "order": Address("/orders/{order}/", "get", MANAGERS),
    "number": Address("/orders/{order}/number/", "post", MANAGERS),
    "mine": Address("/mine/", "get", MANAGERS),
    "books": Address("/books/", "get", MANAGERS),
    "hand_in": Address("/books/hand-in/", "post", MANAGERS),
    "corrected": Address("/books/corrected/{link}/", "get", MANAGERS),
    "book": Address("/books/2026-08/", "get", MANAGERS),
    "quality": Address("/quality/", "get", QUALITY),
    "quality_month": Address("/quality/2026-08/", "get", QUALITY),
    "quality_run": Address("/quality/2026-08/run/", "post", QUALITY),
    "quality_release": Address("/quality/2026-08/release/", "post", QUALITY),
    "quality_errands": Address("/quality/2026-08/errands/", "get", QUALITY),
    "quality_set_aside": Address("/quality/2026-08/set-aside/", "get", QUALITY),
    "quality_restated": Address("/quality/2026-08/restated/", "get", QUALITY),
    "quality_finding": Address("/quality/2026-08/findings/none/", "get", QUALITY),
    "persons": Address("/persons/", "get", RIGHTS),
    "person": Address("/persons/ann/", "get", RIGHTS),
    "person_wish": Address("/persons/ann/wish/", "post", RIGHTS),
    "erasure": Address("/persons/ann/erase/", "get", RIGHTS),
    "person_gather": Address("/persons/ann/data/", "post", RIGHTS),
    "person_data": Address("/persons/ann/data/1/json/", "get", RIGHTS),
}
# Whose orders a manager asks for: the own, of another manager of the branch, of another branch, of nobody.
OWNERS = {"own": "ann", "other manager": "dan", "other branch": "eve", "nobody": None}
# For whose figures a head asks: a manager of the first branch, of the second, nobody.
OF_MANAGERS = {"M1": "B1", "M3": "B2", "M9": None}


def test_every_address_has_a_row() -> None:
    names = {pattern.name for pattern in get_resolver().url_patterns}
    assert names == set(ADDRESSES)


def test_every_page_says_to_whom_it_is_open() -> None:
    for pattern in get_resolver().url_patterns:
        roles: Any = getattr(pattern.callback, "roles", frozenset())
        row = ADDRESSES[pattern.name]
        said = ALL if roles is None else {role.value for role in roles}
        assert (roles is None) == row.is_open and said == row.roles, pattern.name


def list_cells() -> Iterator[tuple[str, str | None, str]]:
    """Every address as everybody; those of one order or manager with everybody's."""
    for name, address in ADDRESSES.items():
        for visitor in [*PEOPLE, None]:
            for owner in _list_owners(address):
                yield name, visitor, owner


def _list_owners(address: Address) -> list[str]:
    if "{order}" in address.path:
        return list(OWNERS)
    return list(OF_MANAGERS) if "{manager}" in address.path else ["none"]


def _ask(console: Console, client: Any, address: Address, owner: str) -> Any:
    customer = OWNERS.get(owner)
    order = console.order_of(customer) if customer else "202608-AAAAAAAAAAAA"
    path = address.path.format(order=order, link="bm90aGluZw:1x:abc", manager=owner)
    return getattr(client, address.method)(path)


def test_nobody_sees_what_is_not_theirs(console: Console) -> None:
    """One test, for its cells share the log-ins: what fails is named."""
    clients = {name: console.visit(name) for name in [*PEOPLE, None]}
    wrong, tried, leaked = [], 0, []
    for name, visitor, owner in list_cells():
        if name in ("log_out", "change_account"):
            continue  # they end sessions: tried below, one by one
        answer = _ask(console, clients[visitor], ADDRESSES[name], owner)
        tried += 1
        if answer.status_code not in _list_allowed(name, visitor, owner):
            wrong.append((name, visitor, owner, answer.status_code))
        leaked += _find_leaks(answer, visitor)
    assert (wrong, leaked) == ([], [])
    cells = sum(len(_list_owners(address)) for address in ADDRESSES.values())
    assert tried == 9 * (cells - 2) and cells > len(ADDRESSES)


def _list_allowed(name: str, visitor: str | None, owner: str) -> set[int]:
    """The statuses that are right for a cell."""
    address = ADDRESSES[name]
    if visitor is None:
        if address.is_open:
            return {200, 302}
        return {302} if address.method == "get" else {401}
    if PEOPLE[visitor]["role"] not in address.roles:
        return {403}
    if "{order}" in address.path:
        own = {"wang": "own", "li": "other manager", "zhao": "other branch"}
        return {200} if own[visitor] == owner else {404}
    if "{manager}" in address.path:
        is_own = PEOPLE[visitor].get("branch_id") == OF_MANAGERS[owner]
        return {200} if is_own else {404}
    expected = {
        "first_page": {302},
        "undo": {409},
        "hand_in": {422},
        "corrected": {404},
        "model": {404},
        "promote": {404},
        "model_errands": {404},
        "answer_places": {404},
        "choose_language": {302},
        "quality_run": {302},
        "quality_release": {422},  # it is released
        "quality_set_aside": {404},
        "quality_restated": {404},
        "quality_finding": {404},
        "person_wish": {422},  # nothing is said
        "person_gather": {302},
        "person_data": {404},
    }
    return expected.get(name, {200})


def _find_leaks(answer: Any, visitor: str | None) -> list[str]:
    """The names and numbers of customers in an answer that are not the visitor's."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    answer.close()
    text = content.decode("utf-8", "replace")
    manager_id = PEOPLE[visitor].get("manager_id") if visitor else None
    found = []
    for customer, (manager, _branch, name, phone) in DEBTORS.items():
        if manager != manager_id and (name in text or phone in text):
            found.append(f"{customer} to {visitor}")
    return found


@pytest.mark.parametrize("visitor", [*PEOPLE, None])
def test_who_may_log_out_and_change_accounts(
    console: Console, visitor: str | None
) -> None:
    client = console.visit(visitor)
    changed = client.post("/accounts/zhao/", {"act": "end"}).status_code
    assert changed == (302 if visitor == "root" else 403 if visitor else 401)
    left = client.post("/log-out/")
    assert left.status_code == (302 if visitor else 401)


# -- orders that were given to somebody else ----------------------------------------------------------------------


def test_an_order_moves_with_its_manager_and_is_gone_when_taken_back(
    console: Console,
) -> None:
    from console.changes import change_orders

    order = console.order_of("ann")
    wang, li = console.visit("wang"), console.visit("li")
    change_orders([order], "reassigned", "moved", "head1", "M2")
    statuses = [who.get(f"/orders/{order}/").status_code for who in (wang, li)]
    assert statuses == [404, 200]
    assert "安哨兵" not in wang.get("/queue/").content.decode()
    assert "安哨兵" in li.get("/queue/").content.decode()
    change_orders([order], "withdrawn", "wrong list", "head1")
    assert li.get(f"/orders/{order}/").status_code == 404
    change_orders([order], "reassigned", "back", "head1", "M1")
    assert wang.get(f"/orders/{order}/").status_code == 200


def test_a_head_has_the_orders_of_the_branch_and_others_none(console: Console) -> None:
    from console.access.scope import scope
    from console.accounts.models import Account

    counts = {account.name: scope(account).count() for account in Account.objects.all()}
    assert counts == {
        "wang": 3, "li": 1, "zhao": 1, "head1": 4, "head2": 1, "ana": 0, "qi": 0, "root": 0,
    }  # fmt: skip


def test_a_manager_without_an_id_has_nothing(console: Console) -> None:
    from console.access.scope import scope
    from console.accounts.models import Account
    from console.models import Order

    Order.objects.filter(customer_id="ann").update(manager_id="")
    nobody = Account(name="x", role="manager", manager_id="")
    assert scope(nobody).count() == 0


def test_a_foreign_order_is_recorded_as_refused(console: Console) -> None:
    order = console.order_of("eve")
    console.visit("wang").get(f"/orders/{order}/")
    entry = console.entries(action="order")[-1]
    assert (entry.actor, entry.subject, entry.is_refused) == ("wang", order, True)


def test_errors_say_nothing_of_whom_they_were_about(console: Console) -> None:
    page = console.visit("wang").get("/orders/%E5%AE%89%E5%93%A8%E5%85%B5/")
    assert page.status_code == 404 and "安哨兵" not in page.content.decode()
