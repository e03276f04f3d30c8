"""What goes wrong between people, papers and phones, and what each of it ends in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.jobs.restate import restate_month
from pipelines.store.lake import MonthFolder
from tests.console.test_answering import open_form
from tests.support.console.visitors import Console, debtors_town
from tests.support.office import answers_of
from tests.support.small import MONTH, ungated_job


def said_of(console: Console) -> list[tuple[str, str]]:
    """Customer and outcome of what the office was told, in order."""
    from console.work.holding import settle_answers

    settle_answers(only_due=False)
    answers = answers_of(console.home)
    return [(str(kept["customer_id"]), str(kept["outcome"])) for kept in answers]


def test_a_stolen_cookie_is_good_until_somebody_ends_the_session(
    console: Console,
) -> None:
    wang, thief = console.visit("wang"), console.visit()
    thief.cookies["__Host-session"] = wang.cookies["__Host-session"].value
    assert thief.get("/queue/").status_code == 200
    console.visit("root").post("/accounts/wang/", {"act": "end"})
    assert [who.get("/queue/").status_code for who in (thief, wang)] == [302, 302]


def test_a_new_password_ends_what_was_stolen_and_not_the_own_session(
    console: Console,
) -> None:
    from tests.support.console.visitors import PASSWORD

    wang, thief = console.visit("wang"), console.visit()
    thief.cookies["__Host-session"] = wang.cookies["__Host-session"].value
    new = {"new_password1": "five other plain words", "new_password2": "five other plain words"}  # fmt: skip
    assert wang.post("/password/", {"old_password": PASSWORD, **new}).url == "/"
    assert thief.get("/queue/").status_code == 302
    assert wang.get("/queue/").status_code == 200


def test_a_form_that_was_signed_for_another_session_is_refused(
    console: Console,
) -> None:
    """A cookie and a form of two browsers do not go together."""
    from django.test import Client

    strict = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    strict.cookies["__Host-session"] = console.visit("wang").cookies["__Host-session"].value  # fmt: skip
    order = console.order_of("ann")
    sent = strict.post(f"/orders/{order}/", {"outcome": "paid"})
    assert sent.status_code == 403 and said_of(console) == []


def test_who_is_disabled_while_typing_saves_nothing_and_what_was_held_counts(
    console: Console,
) -> None:
    wang = console.visit("wang")
    ann, bob = console.order_of("ann"), console.order_of("bob")
    first, second = open_form(wang, ann), open_form(wang, bob)
    assert wang.post(f"/orders/{ann}/", first | {"outcome": "paid"}).status_code == 302
    console.visit("root").post("/accounts/wang/", {"act": "disable"})
    assert wang.post(f"/orders/{bob}/", second | {"outcome": "paid"}).status_code == 401
    assert said_of(console) == [("ann", "paid")]


def test_an_order_given_away_while_its_form_is_open_is_answered_by_who_has_it(
    console: Console,
) -> None:
    wang, li, head = (console.visit(name) for name in ("wang", "li", "head1"))
    order = console.order_of("ann")
    typed = open_form(wang, order) | {"outcome": "paid"}
    given = {"order": order, "act": "reassigned", "to": "M2", "why": "moved"}
    assert head.post("/branch/orders/", given).status_code == 302
    assert wang.post(f"/orders/{order}/", typed).status_code == 404
    mine = open_form(li, order) | {"outcome": "refused"}
    assert li.post(f"/orders/{order}/", mine).status_code == 302
    assert said_of(console) == [("ann", "refused")]


def test_two_windows_on_one_order_the_second_is_shown_the_first(
    console: Console,
) -> None:
    desk, phone = console.visit("wang"), console.visit("wang")
    order = console.order_of("ann")
    on_desk, on_phone = open_form(desk, order), open_form(phone, order)
    desk.post(f"/orders/{order}/", on_desk | {"outcome": "paid"})
    late = phone.post(f"/orders/{order}/", on_phone | {"outcome": "refused"})
    assert late.status_code == 409
    assert said_of(console) == [("ann", "paid")]


def test_a_form_sent_twice_is_one_answer(console: Console) -> None:
    wang = console.visit("wang")
    order = console.order_of("ann")
    form = open_form(wang, order) | {"outcome": "paid"}
    statuses = [wang.post(f"/orders/{order}/", form).status_code for _ in range(2)]
    assert statuses == [302, 409]
    assert said_of(console) == [("ann", "paid")]


def test_a_month_restated_while_its_list_is_worked_changes_no_order(
    console: Console, tmp_path: Path
) -> None:
    """The restatement stands beside what was published; who works the list sees what was published."""

    def look(client: Any) -> list[str]:
        page = client.get("/queue/").content.decode()
        return [name for name in ("安哨兵", "博哨兵", "采哨兵") if name in page]

    wang = console.visit("wang")
    order = console.order_of("ann")
    form = open_form(wang, order)
    seen = look(wang)
    town = debtors_town()
    town.tables["receivable"] = [
        row for row in town.tables["receivable"] if row["customer_id"] != "ann"
    ]
    known = restate_month(ungated_job(console.home, town.write(tmp_path / "corrected")))
    seal = MonthFolder(console.home, MONTH).read_seal()
    assert seal is not None and known.number != seal.version
    assert look(wang) == seen == ["安哨兵", "博哨兵", "采哨兵"]
    assert wang.post(f"/orders/{order}/", form | {"outcome": "paid"}).status_code == 302
    assert said_of(console) == [("ann", "paid")]
