"""A branch with many orders: pages ask the database as often as with few, and no page reads them all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from tests.support.console.visitors import Console
from tests.support.small import MONTH

FEW, MANY = 10, 1000
HEADS = ("/branch/", "/branch/orders/", "/branch/orders/?page=2", "/branch/orders/?holder=M1", "/branch/orders/?state=overdue",
         "/branch/orders/?list=arrears", "/branch/lists/", "/branch/places/", "/branch/places/M1/")  # fmt: skip
OTHERS = {"qi": ("/places/", "/quality/2026-08/", "/months/2026-08/lists/"), "wang": ("/queue/", "/mine/")}  # fmt: skip


def fill_branch(count: int) -> None:
    """Give the branch's managers so many orders, asked-for places and changes altogether."""
    from console.models import ListDecision, Order, OrderChange, PlacesRequest

    numbers = range(Order.objects.count(), count)
    facts = {"release_id": str(MONTH), "list": "arrears", "purpose": "service", "branch_id": "B1",
             "dispatched_on": date(2026, 9, 3), "due_on": date(2026, 9, 14)}  # fmt: skip
    orders = [
        Order(order_id=f"202608-{number:012d}", customer_id=f"c{number}", manager_id=f"M{1 + number % 2}", rank=number, **facts)
        for number in numbers
    ]  # fmt: skip
    Order.objects.bulk_create(orders)
    said = {"month": str(MONTH), "branch_id": "B1", "actor": "head1", "why": "x"}
    requests = [
        PlacesRequest(manager_id="M1", places_now=1, places_wanted=2, worth_amount=1, **said)
        for _ in numbers
    ]  # fmt: skip
    PlacesRequest.objects.bulk_create(requests)
    ListDecision.objects.bulk_create(
        [ListDecision(version=1, list="arrears", kind="approved", **said) for _ in numbers]
    )  # fmt: skip
    changes = [
        OrderChange(order=order, kind="reassigned", manager_id="M1", why="x", actor="head1")
        for order in orders
    ]  # fmt: skip
    OrderChange.objects.bulk_create(changes)


def list_statements(clients: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What each page sends to the database."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for name, client in clients.items():
        for path in HEADS if name == "head1" else OTHERS[name]:
            with CaptureQueriesContext(connection) as asked:
                assert client.get(path).status_code == 200, path
            yield path, [query["sql"] for query in asked.captured_queries]


def is_bounded(statement: str) -> bool:
    """Whether a SELECT of orders or of what was said counts, or says how many rows it wants."""
    tables = ("console_order", "console_placesrequest", "console_listdecision")
    if not any(f'FROM "{table}' in statement for table in tables):
        return True
    return "COUNT(" in statement or "LIMIT" in statement or " IN (" in statement


def test_pages_ask_as_often_for_a_thousand_orders_as_for_ten(console: Console) -> None:
    clients = {name: console.visit(name) for name in ("head1", *OTHERS)}
    counts: dict[str, list[int]] = {}
    for many in (FEW, MANY):
        fill_branch(many)
        for path, statements in list_statements(clients):
            counts.setdefault(path, []).append(len(statements))
            unbounded = [one for one in statements if not is_bounded(one)]
            assert unbounded == [] or many == FEW, (path, unbounded)
    assert all(few == at_most <= 20 for few, at_most in counts.values()), counts
    page = clients["head1"].get("/branch/orders/").content.decode()
    assert page.count('name="order"') == 50
