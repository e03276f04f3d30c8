"""A head's pages: the branch's figures and orders, and orders given to somebody else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.console.visitors import Console


def change(client: Any, console: Console, who: str, act: str, **more: str) -> Any:
    """Change a customer's order by the page."""
    said = {"order": console.order_of(who), "act": act, "why": "ill", "to": "M2"}
    return client.post("/branch/orders/", said | more)


def holders(console: Console) -> dict[str, str | None]:
    from console.access.scope import name_holders
    from console.models import Order

    orders = name_holders(Order.objects.all())
    return {order.customer_id: order.holder_id for order in orders}


def test_a_head_sees_the_branch_and_names_only_masked(console: Console) -> None:
    head = console.visit("head1")
    assert head.get("/").url == "/branch/"
    page = head.get("/branch/").content.decode()
    assert "经理M1" in page and "经理M3" not in page
    orders = head.get("/branch/orders/").content.decode()
    assert "安**" in orders and "丹**" in orders and "伊" not in orders
    assert "安哨兵" not in orders and "1390000" not in orders
    of_one = head.get("/branch/orders/?holder=M2").content.decode()
    assert "丹**" in of_one and "安**" not in of_one


def test_what_misses_its_target_by_most_comes_first(console: Console) -> None:
    from console.figures.kpis import Scope, read_scope
    from console.figures.months import find_newest_release

    version = find_newest_release(console.home)
    assert version is not None
    lines = read_scope(version, Scope("branch", "B1"), "zh")
    assert {line.scope_id for line in lines} == {"B1"}
    by_kpi = {line.wanted.kpi: line for line in lines}
    assert lines[0] == by_kpi["days_sales_outstanding"]
    assert lines[0].is_met is False and round(lines[0].miss, 2) == 0.55
    assert by_kpi["zero_usage_rate"].is_met and by_kpi["zero_usage_rate"].miss == 0
    page = console.visit("head1").get("/branch/").content.decode()
    assert page.count("未达标") == 1


def test_a_figure_has_its_managers_and_no_others(console: Console) -> None:
    head = console.visit("head1")
    page = head.get("/branch/days_sales_outstanding/dso/").content.decode()
    found = set(re.findall(r"holder=(\w+)", page))
    assert found <= {"M1", "M2"} and found
    assert head.get("/branch/no/such/").status_code == 404


def test_orders_are_given_and_taken_back_on_the_record(console: Console) -> None:
    from console.models import AuditEntry, OrderChange

    head = console.visit("head1")
    assert change(head, console, "ann", "reassigned").status_code == 302
    assert holders(console)["ann"] == "M2"
    assert change(head, console, "bob", "withdrawn").status_code == 302
    assert holders(console)["bob"] is None
    page = head.get("/branch/orders/").content.decode()
    assert "→ M2" in page and "ill" in page and "博**" not in page
    assert set(OrderChange.objects.values_list("actor", flat=True)) == {"head1"}
    recorded = AuditEntry.objects.filter(actor="head1").values_list("action", flat=True)
    assert set(recorded) == {"reassigned", "withdrawn"}


@pytest.mark.parametrize(
    ("who", "more", "status"),
    [
        ("ann", {"why": " "}, 422),
        ("ann", {"to": "M3"}, 422),  # of another branch
        ("ann", {"to": ""}, 422),
        ("eve", {}, 404),
        ("ann", {"order": "202608-AAAAAAAAAAAA"}, 404),
    ],
)
def test_what_may_not_be_changed_is_not(
    console: Console, who: str, more: dict[str, str], status: int
) -> None:
    before = holders(console)
    answer = change(console.visit("head1"), console, who, "reassigned", **more)
    assert answer.status_code == status
    assert holders(console) == before


def test_nothing_ticked_changes_nothing(console: Console) -> None:
    said = {"act": "withdrawn", "why": "x"}
    assert console.visit("head1").post("/branch/orders/", said).status_code == 422


def test_a_branch_without_a_released_month_has_an_empty_page(console: Console) -> None:
    (console.home / "months" / "2026-08" / "SEAL.json").unlink()
    page = console.visit("head1").get("/branch/")
    assert page.status_code == 200 and "尚无已发布" in page.content.decode()


def test_a_spark_ends_with_a_dot_and_needs_two_months() -> None:
    from console.figures.spark import make_spark

    assert make_spark([1.0]) is None
    rising = make_spark([1.0, 2.0, 3.0])
    assert rising is not None and rising.points == "3.0,23.0 51.0,13.0 99.0,3.0"
    assert (rising.last_x, rising.last_y) == (99.0, 3.0)
    flat = make_spark([5.0, 5.0])
    assert flat is not None and flat.points == "3.0,23.0 99.0,23.0"
