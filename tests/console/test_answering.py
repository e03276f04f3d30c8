"""Answering an order: one tap, what a promise asks for, ten seconds to undo, and nothing that is lost or overwritten."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.console.visitors import PASSWORD, TODAY, Console
from tests.support.office import answers_of, exported, fill, taken

WEEK = TODAY + timedelta(days=7)


def read_hidden(page: str, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def open_form(client: Any, order: str) -> dict[str, str]:
    """Open an order; return the hidden fields of its form, and the day it suggests."""
    page = client.get(f"/orders/{order}/").content.decode()
    fields = {name: read_hidden(page, name) for name in ("author", "seen")}
    return fields | {"contacted_on": TODAY.isoformat(), "note": ""}


@pytest.fixture
def answer(console: Console) -> Callable[..., Any]:
    """Answer a customer's order as somebody."""

    def send(client: Any, customer: str, outcome: str, **more: str) -> Any:
        order = console.order_of(customer)
        form = open_form(client, order)
        return client.post(f"/orders/{order}/", form | {"outcome": outcome} | more)

    return send


@pytest.fixture
def settle() -> Callable[[], int]:
    """Let the ten seconds pass."""
    from console.models import HeldAnswer
    from console.work.holding import settle_answers

    def wait() -> int:
        for held in HeldAnswer.objects.all():
            held.due_at -= timedelta(seconds=11)
            held.save(update_fields=["due_at"])
        return settle_answers()

    return wait


# -- one tap ------------------------------------------------------------------------------------------------------


def test_an_outcome_saves_and_goes_on_to_the_next_order(
    console: Console, answer: Any, settle: Any
) -> None:
    wang = console.visit("wang")
    went_to = answer(wang, "ann", "paid", note="  paid \n by app ").url
    assert went_to in {f"/orders/{console.order_of(who)}/" for who in ("bob", "cat")}
    assert answers_of(console.home) == []
    assert settle() == 1
    [kept] = answers_of(console.home)
    assert (kept["outcome"], kept["contacted_on"], kept["note"]) == (
        "paid",
        TODAY,
        "paid by app",
    )
    assert settle() == 0


def test_ten_orders_end_where_the_queue_is_empty(console: Console, answer: Any) -> None:
    wang = console.visit("wang")
    for customer in ("ann", "bob", "cat"):
        last = answer(wang, customer, "paid")
    assert last.url == "/queue/"
    page = wang.get("/queue/").content.decode()
    assert "这里没有派单" in page


def test_a_promise_asks_for_its_day_and_amount_and_nothing_else_does(
    console: Console, answer: Any, settle: Any
) -> None:
    wang = console.visit("wang")
    asked = answer(wang, "ann", "promised", note="after pay day")
    page = asked.content.decode()
    assert asked.status_code == 200 and "after pay day" in page
    assert 'name="promised_on"' in page and 'value="50.00"' in page
    assert 'name="promised_on"' not in answer(wang, "bob", "no such").content.decode()

    empty = answer(wang, "ann", "promised", promised_on="", promised_amount="")
    assert empty.status_code == 422
    odd = {"promised_on": str(TODAY - timedelta(days=2)), "promised_amount": "20"}
    refused = answer(wang, "ann", "promised", **odd)
    assert refused.status_code == 422 and "承诺" in refused.content.decode()
    good = {"promised_on": WEEK.isoformat(), "promised_amount": "20.50"}
    assert answer(wang, "ann", "promised", **good).status_code == 302
    settle()
    [kept] = answers_of(console.home)
    assert (kept["promised_on"], str(kept["promised_amount"])) == (WEEK, "20.50")


def test_a_promise_may_have_two_more_instalments_and_half_of_one_is_not_taken(
    console: Console, answer: Any, settle: Any
) -> None:
    from console.models import Answer

    wang = console.visit("wang")
    asked = answer(wang, "ann", "promised").content.decode()
    assert "第二期日期" in asked and "第三期金额" in asked
    first = {"promised_on": WEEK.isoformat(), "promised_amount": "20.50"}
    second = {
        "promised_on_2": str(WEEK + timedelta(days=7)),
        "promised_amount_2": "10",
    }
    for odd, field in (
        ({"promised_on_2": second["promised_on_2"]}, "第二期金额"),
        (second | {"promised_on_2": WEEK.isoformat()}, "分期日期必须晚于上一期"),
        (
            {"promised_on_3": second["promised_on_2"], "promised_amount_3": "1"},
            "第二期",
        ),
        (second | {"promised_on_2": "2027-05-01"}, "日期不可能"),
    ):
        refused = answer(wang, "ann", "promised", **first, **odd)
        assert refused.status_code == 422 and field in refused.content.decode(), odd
    assert answer(wang, "ann", "promised", **first, **second).status_code == 302
    settle()
    kept = Answer.objects.get()
    assert [(str(one.amount), one.promised_on) for one in kept.later] == [
        ("10.00", WEEK + timedelta(days=7))
    ]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"outcome": "retained"}, 422),  # of another list
        ({"outcome": "paid", "contacted_on": "2026-08-30"}, 422),  # before the order
        ({"outcome": "paid", "contacted_on": "soon"}, 422),
        ({"outcome": "paid", "note": "x" * 1001}, 422),
        ({"outcome": "paid", "contacted_on": ""}, 302),
        ({"outcome": "do_not_contact"}, 302),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    console: Console, answer: Any, said: dict[str, str], status: int
) -> None:
    assert answer(console.visit("wang"), "ann", **said).status_code == status


def test_a_mark_of_an_answer_is_made_when_it_counts(
    console: Console, answer: Any, settle: Any
) -> None:
    from console.models import ContactMark

    wang = console.visit("wang")
    answer(wang, "ann", "do_not_contact")
    assert ContactMark.objects.count() == 0
    settle()
    assert ContactMark.objects.get().customer_id == "ann"


# -- undone -------------------------------------------------------------------------------------------------------


def test_an_answer_can_be_undone_for_ten_seconds_and_comes_back_to_be_changed(
    console: Console, answer: Any, settle: Any
) -> None:
    wang = console.visit("wang")
    answer(wang, "ann", "do_not_contact", note="wrong button")
    bar = wang.get("/queue/").content.decode()
    assert 'action="/orders/undo/"' in bar
    back = wang.post("/orders/undo/")
    assert back.url == f"/orders/{console.order_of('ann')}/"
    assert "wrong button" in wang.get(back.url).content.decode()
    assert settle() == 0 and answers_of(console.home) == []
    assert wang.post("/orders/undo/").status_code == 409


def test_too_late_is_too_late_and_nobody_undoes_for_another(
    console: Console, answer: Any, settle: Any
) -> None:
    from console.models import HeldAnswer
    from console.work.holding import undo_answer

    wang = console.visit("wang")
    answer(wang, "ann", "paid")
    assert undo_answer(HeldAnswer.objects.get().pk, "li") is None
    settle()
    assert wang.post("/orders/undo/").status_code == 409
    assert len(answers_of(console.home)) == 1


def test_a_second_answer_takes_the_place_of_the_first_which_stays_in_the_history(
    console: Console, answer: Any, settle: Any
) -> None:
    wang = console.visit("wang")
    answer(wang, "ann", "no_answer")
    answer(wang, "ann", "paid")
    settle()
    assert [kept["outcome"] for kept in answers_of(console.home)] == [
        "no_answer",
        "paid",
    ]


def test_a_server_that_stops_takes_what_is_held(console: Console, answer: Any) -> None:
    from console.server import settle_all

    answer(console.visit("wang"), "ann", "paid")
    settle_all()
    assert len(answers_of(console.home)) == 1


# -- two at once --------------------------------------------------------------------------------------------------


def test_who_answers_what_was_answered_meanwhile_is_shown_it_first(
    console: Console, answer: Any, settle: Any
) -> None:
    wang = console.visit("wang")
    order = console.order_of("ann")
    old_form = open_form(wang, order)
    book = exported(console.home, console.home.parent / "out")["M1"]
    on_paper = {"ann": {"outcome": "refused", "contacted_on": TODAY, "note": "shouted"}}
    assert taken(console.home, fill(book, on_paper)).accepted == 1

    late = wang.post(
        f"/orders/{order}/", old_form | {"outcome": "paid", "note": "mine"}
    )
    page = late.content.decode()
    assert late.status_code == 409 and "shouted" in page and "mine" in page
    again = old_form | {"outcome": "paid", "seen": read_hidden(page, "seen")}
    assert wang.post(f"/orders/{order}/", again).status_code == 302
    settle()
    said = [kept["outcome"] for kept in answers_of(console.home)]
    assert said == ["refused", "paid"]


def test_the_same_answer_on_paper_and_on_the_phone_is_one(
    console: Console, answer: Any, settle: Any
) -> None:
    answer(console.visit("wang"), "ann", "paid")
    settle()
    book = exported(console.home, console.home.parent / "out")["M1"]
    same = fill(book, {"ann": {"outcome": "paid", "contacted_on": TODAY}})
    receipt = taken(console.home, same)
    assert (receipt.accepted, receipt.unchanged) == (0, 1)


# -- a session that is lost ---------------------------------------------------------------------------------------


def test_what_was_typed_survives_a_lost_session(console: Console, answer: Any) -> None:
    wang = console.visit("wang")
    order = console.order_of("ann")
    form = open_form(wang, order) | {
        "outcome": "promised",
        "note": "a long story",
        "promised_on": WEEK.isoformat(),
        "promised_amount": "12.00",
    }
    del wang.cookies["__Host-session"]
    lost = wang.post(f"/orders/{order}/", form)
    assert lost.status_code == 401
    carried = read_hidden(lost.content.decode(), "carried")
    right = {"username": "wang", "password": PASSWORD, "carried": carried}
    wrong = wang.post("/log-in/", right | {"password": "no"})
    assert read_hidden(wrong.content.decode(), "carried") == carried

    back = wang.post("/log-in/", right)
    assert back.url == f"/orders/{order}/"
    page = wang.get(back.url).content.decode()
    assert "a long story" in page and 'value="12.00"' in page and str(WEEK) in page
    assert "a long story" not in wang.get(back.url).content.decode()


def test_what_was_typed_comes_back_to_no_other_account(console: Console) -> None:
    wang = console.visit("wang")
    order = console.order_of("ann")
    form = open_form(wang, order) | {"outcome": "paid", "note": "between us"}
    del wang.cookies["__Host-session"]
    carried = read_hidden(
        wang.post(f"/orders/{order}/", form).content.decode(), "carried"
    )
    other = {"username": "li", "password": PASSWORD, "carried": carried}
    assert wang.post("/log-in/", other).url == "/"
    forged = other | {"username": "wang", "carried": carried[:-2] + "xx"}
    assert console.visit().post("/log-in/", forged).url == "/"


# -- the number ---------------------------------------------------------------------------------------------------


def test_a_number_is_masked_until_it_is_asked_for_on_the_record(
    console: Console,
) -> None:
    wang = console.visit("wang")
    order = console.order_of("ann")
    assert "13900000001" not in wang.get(f"/orders/{order}/").content.decode()
    assert "13900000001" not in wang.get("/queue/").content.decode()
    page = wang.post(f"/orders/{order}/number/").content.decode()
    assert 'href="tel:13900000001"' in page and "<h1" in page
    part = wang.post(f"/orders/{order}/number/", headers={"HX-Request": "true"})
    assert 'href="tel:13900000001"' in part.content.decode()
    assert "<h1" not in part.content.decode()
    shown = console.entries(action="number_shown")
    assert [(entry.actor, entry.subject) for entry in shown] == [("wang", order)] * 2


def test_an_hour_allows_so_many_numbers(console: Console, settings_of: Any) -> None:
    settings_of(CONSOLE_NUMBERS_AN_HOUR=2)
    wang = console.visit("wang")
    paths = [
        f"/orders/{console.order_of(who)}/number/" for who in ("ann", "bob", "cat")
    ]
    answers = [wang.post(path) for path in paths]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert "13900000003" not in answers[2].content.decode()
    assert console.entries(action="number_shown")[-1].is_refused
