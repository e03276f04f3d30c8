"""How orders stand, kept by the database: the same on both, after anything that happens, as reckoned anew."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.console.visitors import TODAY, Console, make_accounts
from tests.support.postgres import Cluster
from tests.support.small import MONTH, own_settings


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, console: Console, tmp_path: Path) -> Console:
    """An office with five orders, on either database."""
    from console.database import open_console
    from console.orders import import_orders
    from pipelines.store.lake import MonthFolder

    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.create(f"states_{tmp_path.name}")
        settings = own_settings(office_url=url)
        import_orders(console.home, MonthFolder(console.home, MONTH), settings, "test")
        open_console(console.home, settings)
        make_accounts()
    return console


def reckon(order: Any) -> tuple[Any, ...]:
    """Holder, last change, outcome and promise of an order, from what was written about it."""
    change = order.changes.order_by("-pk").first()
    answers = [
        (answer.contacted_on is not None, answer.contacted_on, answer.pk, answer)
        for answer in order.answers.all()
    ]
    held = getattr(order, "held", None)
    last = held or (max(answers)[3] if answers else None)
    holder = order.manager_id
    if change is not None:
        holder = None if change.kind == "withdrawn" else change.manager_id
    outcome = last.outcome if last else None
    promised_on = last.promised_on if last else None
    kind = change.kind if change else None
    later = last.promised_on_2 if last else None
    return holder, kind, outcome, promised_on, later, promised_on or order.due_on


def test_whatever_happens_the_states_are_what_was_written(office: Console) -> None:
    from console.changes import change_orders
    from console.models import HeldAnswer, Order, OrderState
    from console.work.holding import hold_answer, settle_answers, undo_answer
    from pipelines.returns.filled import ReturnedRow
    from pipelines.sources.office.instalments import Instalment

    drawn = random.Random(7)
    order_ids = list(Order.objects.order_by("pk").values_list("pk", flat=True))

    def give(order_id: str) -> None:
        change_orders([order_id], "reassigned", "moved", "head1", drawn.choice(["M1", "M2"]))  # fmt: skip

    def take_back(order_id: str) -> None:
        change_orders([order_id], "withdrawn", "wrong", "head1")

    def answer(order_id: str) -> None:
        order = Order.objects.get(pk=order_id)
        outcome = drawn.choice(["paid", "no_answer", "promised"])
        promised_on = TODAY + timedelta(days=drawn.randrange(9))
        later = (Instalment(Decimal(5), promised_on + timedelta(days=2)),)
        row = ReturnedRow(
            line=0, cells={}, order_id=order_id, outcome=outcome,
            contacted_on=TODAY - timedelta(days=drawn.randrange(3)),
            promised_amount=order.amount if outcome == "promised" else None,
            promised_on=promised_on if outcome == "promised" else None,
            later=drawn.choice([later, ()]) if outcome == "promised" else (),
            note=str(drawn.random()),
        )  # fmt: skip
        hold_answer(order, row, "wang")

    def undo(order_id: str) -> None:
        held = HeldAnswer.objects.filter(order=order_id).first()
        if held is not None:
            undo_answer(held.pk, "wang")

    def settle(order_id: str) -> None:
        settle_answers(only_due=False)

    deeds: list[Callable[[str], None]] = [give, take_back, answer, answer, undo, settle]
    names = ("holder_id", "last_kind", "outcome", "promised_on", "promised_on_2", "day")
    for _ in range(60):
        drawn.choice(deeds)(drawn.choice(order_ids))
        kept = {s.pk: tuple(getattr(s, n) for n in names) for s in OrderState.objects.all()}  # fmt: skip
        assert kept == {order.pk: reckon(order) for order in Order.objects.all()}


def test_the_neighbours_of_an_order_are_those_of_the_list(office: Console) -> None:
    from console.models import Order, OrderState
    from console.work.queue import View, find_neighbours, find_next
    from console.work.states import rank_states, read_states

    Order.objects.filter(customer_id="bob").update(rank=None)
    ranked = rank_states(OrderState.objects.all(), TODAY)
    inside = [queued.order.order_id for queued in read_states(ranked)]
    assert len(inside) == 5
    for place, order_id in enumerate(inside):
        found = find_neighbours(ranked, View(), order_id)
        before = inside[place - 1] if place else None
        after = inside[place + 1] if place < 4 else None
        assert (found.place, found.count) == (place + 1, 5)
        assert (found.before, found.after) == (before, after)
        assert find_next(ranked, View(), order_id) == after
    assert find_neighbours(ranked, View(), "nothing").after == inside[0]
    assert find_next(ranked, View(), "nothing") == inside[0]
    assert find_neighbours(ranked, View(None, "renewal"), inside[0]).count == 0


def test_no_page_asks_more_often_for_many_orders_than_for_one(console: Console) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts: dict[str, list[int]] = {}
    for name, customer in (("li", "dan"), ("wang", "ann")):  # one order, three orders
        client = console.visit(name)
        order = console.order_of(customer)
        for kind, path in (
            ("list", "/queue/"),
            ("done", "/queue/?state=done"),
            ("order", f"/orders/{order}/"),
            ("figures", "/mine/"),
            ("books", "/books/"),
        ):
            with CaptureQueriesContext(connection) as asked:
                assert client.get(path).status_code == 200
            counts.setdefault(kind, []).append(len(asked))
    assert all(few == many <= 25 for few, many in counts.values()), counts
